/* SPDX-License-Identifier: BSD-2-Clause
 *
 * send.c - protected packets to the raw sockets in batches, unless a UDP or AF_XDP socket takes them.
 *
 * A packet that the outgoing device cannot take whole (EMSGSIZE) is fragmented if its DF bit allows, as a router
 * would do; else the path MTU is learned, so that the next packet of the inner source is answered.
 */
#include "daemon/picd/tap.h"
#include "daemon/picd/worker_priv.h"

#include "lib/esp/out.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
	IP4_OFF_DF = 6,
	IP4_OFF_DST = 16,
	IP6_OFF_DST = 24,
	IP4_DF = 0x40,
	MTU_UNKNOWN = 1280, /* every IPv6 link and almost every IPv4 link takes this */
};

static struct addr
outer_destination(const struct pkt *p)
{
	const uint8_t *b = pkt_data(p);
	return p->family == ADDR_V4 ? addr_v4(b + IP4_OFF_DST) : addr_v6(b + IP6_OFF_DST);
}

static const struct port *
send_port(const struct worker *w, const struct pkt *p)
{
	return p->family == ADDR_V4 ? w->snap->send4 : w->snap->send6;
}

/* Fills in the socket address of P's destination; its length, or 0 for sockets that have no addresses. */
static socklen_t
destination_put(const struct port *port, const struct pkt *p, struct sockaddr_storage *out)
{
	const uint8_t *b = pkt_data(p);
	if (!port->is_addressed)
		return 0;
	if (p->family == ADDR_V4) {
		struct sockaddr_in to = { .sin_family = AF_INET };
		memcpy(&to.sin_addr, b + IP4_OFF_DST, sizeof(to.sin_addr));
		memcpy(out, &to, sizeof(to));
		return sizeof(to);
	}
	struct sockaddr_in6 to = { .sin6_family = AF_INET6 };
	memcpy(&to.sin6_addr, b + IP6_OFF_DST, sizeof(to.sin6_addr));
	memcpy(out, &to, sizeof(to));
	return sizeof(to);
}

/* Sends one packet by itself. Returns 0 or the errno. */
static int
send_one(const struct port *port, const struct pkt *p)
{
	struct sockaddr_storage to;
	socklen_t len = destination_put(port, p, &to);
	ssize_t n = sendto(port->fd, pkt_data(p), p->len, MSG_DONTWAIT,
	    len > 0 ? (const struct sockaddr *)&to : NULL, len);
	return n < 0 ? errno : 0;
}

static void
packet_lost(struct worker *w, struct pkt *p, enum drop reason)
{
	tap_step(w, p, TAP_DROPPED, p->user, reason);
	worker_drop(w, p->user, NULL, reason);
}

/* The device takes at most MTU octets of P, which is longer. */
static void
send_too_big(struct worker *w, const struct port *port, struct pkt *p)
{
	struct addr dst = outer_destination(p);
	uint32_t mtu = port->is_addressed ? pmtu_read_errors(w, port, &dst) : 0;
	if (mtu == 0)
		mtu = MTU_UNKNOWN;
	bool is_df = p->family == ADDR_V4 && (pkt_data(p)[IP4_OFF_DF] & IP4_DF) != 0;
	if (is_df) {
		pmtu_learn(w, &dst, mtu);
		packet_lost(w, p, DROP_TOO_BIG);
		return;
	}
	enum drop reason = (enum drop)out_fragment(w->esp, p, mtu);
	if (reason != DROP_NONE) {
		packet_lost(w, p, reason);
		return;
	}
	for (const struct pkt *f = p; f != NULL; f = f->next) {
		int e = send_one(port, f);
		if (e != 0)
			packet_lost(w, p, errno_drop(e));
	}
}

/* The kernel refused P with E. A pending ICMP error is reported instead of sending: then once again. */
static void
send_failed(struct worker *w, const struct port *port, struct pkt *p, int e)
{
	if (e != EMSGSIZE && e != EAGAIN && e != ENOBUFS && port->is_addressed) {
		(void)pmtu_read_errors(w, port, NULL);
		e = send_one(port, p);
	}
	if (e == EMSGSIZE)
		send_too_big(w, port, p);
	else if (e != 0)
		packet_lost(w, p, errno_drop(e));
}

static void
sender_flush(struct worker *w, struct sender *s, const struct port *port)
{
	unsigned done = 0;
	while (done < s->n) {
		int n = sendmmsg(port->fd, s->msgs + done, s->n - done, MSG_DONTWAIT);
		wstat_add(&w->stat, WSTAT_SENDS, 1);
		if (n > 0) {
			done += (unsigned)n;
		} else if (errno != EINTR) {
			send_failed(w, port, s->pkts[done], errno);
			done++;
		}
	}
	for (unsigned i = 0; i < s->n; i++)
		pkt_put(w->pool, s->pkts[i]);
	s->n = 0;
}

void
send_raw_flush(struct worker *w)
{
	w->is_raw_ahead = false;
	if (w->send4.n > 0)
		sender_flush(w, &w->send4, w->snap->send4);
	if (w->send6.n > 0)
		sender_flush(w, &w->send6, w->snap->send6);
}

void
send_flush(struct worker *w)
{
	send_udp_flush(w); /* may give some to those that follow */
	send_xsk_flush(w);
	send_raw_flush(w);
}

void
send_raw(struct worker *w, struct pkt *p)
{
	const struct port *port = send_port(w, p);
	struct sender *s = p->family == ADDR_V4 ? &w->send4 : &w->send6;
	if (port == NULL) {
		packet_lost(w, p, DROP_SEND);
		pkt_put(w->pool, p);
		return;
	}
	unsigned i = s->n++;
	s->pkts[i] = p;
	s->iov[i] = (struct iovec){ .iov_base = pkt_data(p), .iov_len = p->len };
	socklen_t len = destination_put(port, p, &s->to[i]);
	s->msgs[i] = (struct mmsghdr){ .msg_hdr = {
					   .msg_name = len > 0 ? &s->to[i] : NULL,
					   .msg_namelen = len,
					   .msg_iov = &s->iov[i],
					   .msg_iovlen = 1,
				       } };
	if (s->n == BURST_MAX)
		sender_flush(w, s, port);
}

/* Sends by the raw socket what the UDP socket of its tunnel, if there is one, cannot say: behind what that was given
 * before, and ahead of what it is given later. */
static void
send_beside(struct worker *w, struct pkt *p)
{
	const struct path *path = p->user;
	if (path->udp != NULL && path->udp[w->p.index] != NULL) {
		send_udp_flush(w);
		w->is_raw_ahead = true;
	}
	send_raw(w, p);
}

void
send_chain(struct worker *w, struct pkt *p)
{
	while (p != NULL) {
		struct pkt *next = p->next;
		p->next = NULL;
		if (p->verdict != DROP_NONE) {
			packet_lost(w, p, (enum drop)p->verdict);
			pkt_put(w->pool, p);
		} else {
			tap(w, p, TAP_SENT, p->user);
			if (!send_udp(w, p) && !send_xsk(w, p))
				send_beside(w, p);
		}
		p = next;
	}
}
