/* SPDX-License-Identifier: BSD-2-Clause
 *
 * msg.h - every message between the processes: who says what to whom, and what it carries.
 *
 * Frame, on a Unix stream socket (numbers big-endian):
 *   u32 length of the payload, at most MSG_PAYLOAD_MAX
 *   u16 type (enum msg_type)
 *   u16 flags (MSG_HAS_FD: one descriptor travels with the first byte of the frame)
 *   u32 seq   a reply repeats the seq of its request; 0 when nothing is asked or answered
 *   payload   nothing, or exactly one element tree (elem.h)
 * A receiver trusts nothing: a bad frame, an unknown type or a wrong tree closes the channel.
 *
 * Channels: sallyportd has one to every daemon (their descriptor 3). All others are socketpairs that sallyportd
 * makes and hands to both ends with MSG_LINK; when an end restarts, both get a fresh one. The names in
 * braces are the leaves of the payload; (...)* repeats; [...] may be missing.
 */
#ifndef MSG_H
#define MSG_H

#include <stdint.h>

enum {
	MSG_HDR_LEN = 12,
	MSG_PAYLOAD_MAX = 4 << 20,
	MSG_HAS_FD = 1,
};

enum msg_type {
	/* --- sallyportd and any daemon --- */
	MSG_LINK =
	    1, /* S->D link { peer, [instance] } + fd: talk to PEER ("mgd", "netd", "kmd", "picd", "cli") on this socket; it
	               * takes the place of any earlier one to that peer. instance: services interface of a picd ("sp-1/2/0").
	               * peer "cli" (to mgd only): the fd is the listening socket of the command line */
	MSG_READY, /* D->S: started, sandboxed, reading */
	MSG_STOP, /* S->D stop { [again] }: undo what you did to the host and exit 0; again: you will be started anew */
	/* --- sallyportd and mgd --- */
	MSG_PICS, /* M->S pics { (pic)* }: the picds that shall run; others are stopped */
	MSG_LOAD, /* S->M load { name } + fd: commit this file (started with -c); answered by MSG_LOADED */
	MSG_LOADED, /* M->S loaded { status ("ok" or "error"), text }: text = the errors as the user shall see them */
	MSG_IN_FORCE, /* M->S in-force { commit }: every daemon runs this commit */
	/* --- sallyportd and netd --- */
	MSG_TUN_ASK, /* N->S: open /dev/net/tun for me */
	MSG_TUN,     /* S->N + fd, seq of the question; without fd: it could not be opened */
	/* --- mgd and netd, picd --- */
	MSG_CONF_CHECK, /* M->D conf { commit, [network] } + memfd (sealed; one encoded element tree: the reduced
			 * configuration): could you run it? network: the commit that netd runs for it, which is an older one if
			 * netd's part stays as it is */
	MSG_CONF_APPLY, /* M->D the same: run it */
	MSG_CONF_DONE, /* D->M conf-done { commit, status ("ok" or "error"), [text] }: answers both */
	MSG_RPC, /* M->D RPC-NAME { arguments }: an operational command (yang/sallyport-rpc) */
	MSG_ROW, /* D->M one row of the reply: a child of the reply's root element, or as in row.h */
	MSG_RPC_DONE, /* D->M rpc-done { status ("ok" or "error"), [text] }: after the last row */
	MSG_RPC_STOP, /* M->P: nobody wants the rest of the answer to the MSG_RPC of this seq, which may have no end; it is
	               * answered all the same */
	/* --- netd and picd --- */
	MSG_DEVICE, /* N->P device { unit, role ("unit", "capture-in", "capture-out"), [service-set], device,
	               * link-header, queue, vnet-header } + fd: one TUN queue. role "unit": packets routed to the unit, and where
	               * packets appear from it. capture-*: packets of the interface of an interface-style service set, each preceded
	               * by link-header octets; -in: entering it, not yet routed; -out: leaving it. queue: which one of the device's
	               * queues (0 ...): each is a message of its own. vnet-header: octets of a struct virtio_net_hdr
	               * (little-endian) before each packet, read or written, ahead of link-header, which its offsets count; 0: none. With
	               * it a packet may be up to 64 KB of several segments, and its checksum may be still to be completed */
	MSG_DEVICE_GONE, /* N->P device-gone { unit, role, [service-set], queue }: that queue */
	MSG_SOCKET, /* N->P socket { kind ("esp", "ah", "send4", "send6"), [address] } + fd: raw sockets. esp, ah: receive, bound to
	               * ADDRESS (a local gateway or tunnel source; missing = any address of FAMILY leaf "family" 4 or 6).
	               * IPv4 sockets give the IP header, IPv6 ones do not (PKTINFO, HOPLIMIT, TCLASS are switched on). send*:
	               * header included, marked so that our own filters let it pass; IP_RECVERR is on */
	MSG_SOCKET_GONE, /* N->P socket-gone { kind, [address], family, [queue] }; kind "natt" without queue: all of ADDRESS */
	MSG_NET_SYNC, /* N->P net-sync { commit, [source-inet], [source-inet6] }: everything for this commit has been handed over;
	               * source-*: an address of the host, for ICMP errors about packets of units without one */
	MSG_XDP_MEMORY, /* N->P + fd: the frames of the AF_XDP sockets of a queue that come next, one for each way from 0 */
	MSG_XDP_READY, /* P->N xdp-ready { device, queue }: all sockets of the queue have come; packets may */
	MSG_HOP_ASK, /* P->N hop-ask { local, remote }: I have plain ESP to send from there to there */
	MSG_HOP, /* N->P hop { local, remote, device, [from, to (Ethernet addresses), mtu], [reason] }: it may leave as a frame by an
		  * AF_XDP socket of DEVICE, if it has no more than MTU octets from the IP header on; with a reason it may not. Answers
		  * MSG_HOP_ASK, and comes again whenever it is another one. Before the first that says yes, and whenever they change:
		  * MSG_XDP_MEMORY and MSG_SOCKET { kind "xdp", device, queue, way, ways, mode ("native", "generic") }, MSG_SOCKET_GONE */
	MSG_HOP_GONE, /* P->N hop-gone { local, remote }: nothing has been sent there for minutes; tell no more of it */
	/* --- sallyportd and mgd, again: what root alone may do, asked for by a user whom mgd has judged --- */
	MSG_LOG_ASK =
	    32, /* M->S log-ask { [name], [clear], [all] }: open log/NAME for reading; without a name: which are there? clear:
			   * empty it; all: and remove its older files. Answered by MSG_LOG */
	MSG_LOG, /* S->M log { [error], (file { name, size, seconds })* } [+ fd]: seq of the question */
	MSG_RESTART, /* M->S restart { kind, [instance], how ("gracefully", "immediately", "soft") }: end these daemons and start
		      * them again; soft: they run on and get their configuration anew. Answered by MSG_RESTARTED */
	MSG_RESTARTED, /* S->M restarted { [error], (daemon { name, [pid] })* }: seq of the question; they have started */
	MSG_LOG_TURN, /* S->D log-turn { which ("own", "file"), [name] } + fd: write that log here from now on; the old file has been
		       * put aside. file: one of system syslog, NAME ("messages") */
	MSG_LOG_CONF, /* M->S log-conf { [size], [files], [world-readable], (sink { as below, [size], [files],
		       * [world-readable] })* }: where lines go; the first three are for files that say nothing else */
	MSG_LOG_SINK, /* S->D sink { kind ("file", "host", "user", "trace"), name, (contents { name, level })*, [match],
		       * [explicit-priority], [structured-data { [brief] }], [year], [millisecond], [log-prefix],
		       * [facility-override], [port], [source-address], (flag)* } + fd: lines that it selects go there, too; in the
		       * place of what was of that kind and name. kind user, host: fd is a socket on which mgd, netd passes
		       * each datagram (NAME, newline, line) on: they get the other end as MSG_LINK of peer "syslog".
		       * Without fd: it is there no longer */
	MSG_LOG_NAMES, /* S->M log-names { (name)* }: the files of the log folder, when they have changed */
	/* --- netd and kmd: MSG_SOCKET of kind "ike" (port 500) and "ike-natt" (port 4500), UDP sockets bound to ADDRESS, marked so
	 * that our own filters let them pass; MSG_SOCKET_GONE; MSG_NET_SYNC. netd and picd: kind "udp" is a raw socket that gets
	 * a copy, IPv4 header included, of what is ESP in UDP (RFC 3948) for port 4500 of ADDRESS, and what routers report about
	 * it. Where one services interface alone has that address there are sockets of kind "natt", too:
	 * socket { kind "natt", address, family, queue } + fd: UDP, bound to port 4500 of ADDRESS, marked; UDP_GRO,
	 * PKTINFO, TOS or TCLASS are on, IP_RECVERR is off (reports arrive at "udp"). While they are there, "udp" gets no
	 * packets; inbound ESP with an SPI arrives at the one with queue = SPI modulo workers, unless the kernel has
	 * merged it with the packet before: the first one's SPI says where all go. What is merged and is not ESP is IKE or a
	 * keepalive --- */

	/* --- kmd and picd. A tunnel has the name of its association in picd: SET/RULE/TERM, or the es- unit. Keys are hexadecimal
	 * and go one way only --- */
	MSG_SA_ADD =
	    48, /* K->P sa { tunnel, direction ("in", "out"), spi, [aux-spi], protocol ("esp", "ah", "bundle"), authentication,
		      * encryption (JUNOS names; "none"), [authentication-key], [encryption-key], local, remote (outer addresses),
		      * [local-port, remote-port] (ESP in UDP), window, local-selector, remote-selector, role ("initiator",
		      * "responder"), soft, hard (seconds from now; soft 0: none), tag (what kmd wants to hear again in
		      * MSG_SA_HELD) }. in: taken from now on, beside older ones. out: used from now on; an older one is kept for show
		      * until it is deleted. Answered by MSG_SA_DONE */
	MSG_SA_DONE, /* P->K sa-done { status ("ok" or "error"), [text] }: answers MSG_SA_ADD */
	MSG_SA_DEL, /* K->P sa-del { tunnel, [direction, spi] }: this SA (spi of the AH in a bundle), or all of the tunnel */
	MSG_SA_HELD, /* P->K sa { what MSG_SA_ADD had, without keys; soft, hard: seconds left }: one for each dynamic SA, when
			  * the channel is new, ended by: */
	MSG_SA_HELD_END, /* P->K sa-held-end { }: comes when the picd has a configuration, so SAs can be added from now on */
	MSG_ACQUIRE, /* P->K acquire { tunnel }: a packet waits for it (it was dropped); at most one a second */
	MSG_WATCH, /* K->P watch { tunnel, interval }: tell when nothing authentic came in for so many seconds, again after each
		    * further interval; 0: no more */
	MSG_IDLE,  /* P->K idle { (tunnel)* }: answers MSG_WATCH, as long as it lasts */
	MSG_BAD_SPI, /* P->K bad-spi { protocol ("esp", "ah"), spi, local, remote }: nobody has it; at most ten a second */
	MSG_SA_SPENT, /* P->K spent { tunnel, spi, degree ("soft", "hard") }: the sequence numbers of an outbound SA come to their end;
		       * or an inbound one is gone, since a commit gave its SPI to a manual SA (hard) */
	MSG_REDUNDANCY, /* K->P redundancy { tunnel, primary, primary-state ("active", "standby"), [backup, backup-state], failovers }:
			 * for show; the active one is the tunnel's remote gateway */
	MSG_PEER_MOVED, /* P->K moved { tunnel, spi, remote, remote-port }: the newest authentic packet of ESP in UDP for this inbound SPI
			 * came from there, and what is sent goes elsewhere; at most one a second */

	/* --- kmd and pkid. Octets are hexadecimal --- */
	MSG_PKI_CHAIN, /* K->C chain { certificate }: certificate-id. C->K chain { status, [text], [method ("rsa-signatures",
			  * "dsa-signatures")], [signature-length], [subject (DER)], (alternate { type ("ipv4", "ipv6", "fqdn", "email"),
			  * value })*, (certificate (DER, own first))*, (ca (DER name of one that is trusted))* }; with seq 0 and certificate-id when
			  * nobody asked: it has changed */
	MSG_PKI_SIGN, /* K->C sign { certificate, hash }. C->K signed { status, [text], [signature] } */
	MSG_PKI_VERIFY, /* K->C verify { (certificate)* (as the peer sent them), id-type, id, hash, signature, (trusted-ca)* }. C->K
			 * verified { status, [text], [subject] (text) }: the chain is good, the identity is in it, the signature is its */

	/* --- the command line and mgd: see cli.h --- */
	MSG_CLI_FIRST = 64,
};

#endif
