/* SPDX-License-Identifier: BSD-2-Clause
 *
 * net.h - the datagrams of the peers: UDP sockets that netd has opened, bound to local gateways.
 *
 * A socket is found by its address and port, which is what a path says of our own end. On port 4500 IKE has a marker of
 * four zero octets (RFC 3948 s2.2): it is taken off and put on here; what has none is ESP, of which picd has a copy, or a keepalive.
 * What is to be sent is collected and leaves in batches, at the latest before the loop waits. One thread.
 */
#ifndef NET_H
#define NET_H

#include "lib/ike/ike.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct elem;
struct net_socket;

enum {
	NET_SOCKETS_MAX = 65536,
	NET_BATCH = 32, /* datagrams that one call of the kernel takes, or pieces that it gives */
	NET_TURN = 256, /* datagrams of one socket, about, before others have their turn */
	NET_PIECE_MAX = 65536, /* octets of datagrams of equal length that the kernel has merged */
	NET_DATAGRAM_MAX = 9000, /* a longer one is cut short, and refused for its length */
	NET_OUT_BYTES = 1 << 16, /* that wait to be sent together */
};

/* Counters that only grow. */
struct net_count {
	uint64_t received;
	uint64_t sent;
	uint64_t foreign;   /* on port 4500, without the marker */
	uint64_t keepalive; /* RFC 3948 s2.3 */
	uint64_t unsent;    /* the kernel did not take them, or there was no socket */
};

struct net_ops {
	/* One IKE message came in, without marker. MSG may be written to, until the function returns. */
	void (*on_datagram)(void *arg, const struct ike_path *path, uint8_t *msg, size_t len);
};

struct net_out {
	struct net_socket *socket;
	struct natt_end to;
	uint32_t at; /* in net.bytes */
	uint32_t len;
};

struct net {
	uv_loop_t *loop;
	const struct net_ops *ops;
	void *arg;
	struct net_socket **sockets; /* in the order of address and port */
	size_t n_sockets;
	struct net_count count;
	struct net_out out[NET_BATCH]; /* waits to be sent */
	size_t n_out;
	uint8_t *bytes;
	size_t n_bytes;
	uint8_t *in; /* NET_BATCH pieces */
};

void net_init(struct net *n, uv_loop_t *loop, const struct net_ops *ops, void *arg);
void net_done(struct net *n); /* what waits is sent; the loop has to run once more */

/* Takes a MSG_SOCKET: FD is net's from now on, in the place of an older one of the same address and port. Returns 0, -EINVAL
 * if BODY does not say what it is, -ENOSPC; FD is closed then. */
__attribute__((warn_unused_result)) int net_add(struct net *n, const struct elem *body, int fd);
void net_del(struct net *n, const struct elem *body); /* MSG_SOCKET_GONE */

/* Sends a message, soon, from the socket of path->local; where there is none it is counted and lost, as on a wire. */
void net_send(struct net *n, const struct ike_path *path, const uint8_t *msg, size_t len);
/* Sends the octet that keeps the mapping of a NAT. */
void net_keepalive(struct net *n, const struct ike_path *path);
/* Sends what waits. */
void net_flush(struct net *n);

#endif
