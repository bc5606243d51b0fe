/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rx_udp.c - receives ESP in UDP from the worker's own UDP socket, as the kernel has merged it.
 *
 * A message is one packet or, with UDP_GRO, many of one length (the last may be shorter) in one buffer, which become
 * views of it: nothing is copied. The kernel keeps the outer headers to itself; what decapsulation must know of
 * them, addresses, ports and the TOS octet, comes beside and is the same for all. What is no ESP belongs to kmd (rx_ike.c), or
 * keeps a NAT awake; it comes here only when it was merged. Worker's thread. RFC 3948 s2.
 */
#include "daemon/picd/worker_priv.h"

#include <netinet/udp.h>
#include <string.h>

enum {
	NATT_PORT = 4500,
	KEEPALIVE_LEN = 1,
	MARKER_LEN = 4,
	ROUNDS_MAX = 16, /* receptions in a turn, so that other ports have theirs */
};

static void
address_take(const struct sockaddr_storage *ss, struct addr *out, uint16_t *port)
{
	if (ss->ss_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, ss, sizeof(in));
		*out = addr_v4((const uint8_t *)&in.sin_addr);
		*port = ntohs(in.sin_port);
	} else if (ss->ss_family == AF_INET6) {
		struct sockaddr_in6 in;
		memcpy(&in, ss, sizeof(in));
		*out = addr_v6(in.sin6_addr.s6_addr);
		*port = ntohs(in.sin6_port);
	}
}

/* A number beside a message; the kernel gives some of them as one octet. */
static unsigned
cmsg_number(const struct cmsghdr *c)
{
	int n = 0;
	if (c->cmsg_len >= CMSG_LEN(sizeof(n)))
		memcpy(&n, CMSG_DATA(c), sizeof(n));
	else if (c->cmsg_len >= CMSG_LEN(1))
		n = *CMSG_DATA(c);
	return n > 0 ? (unsigned)n : 0;
}

/* Reads what came beside a message. Returns the length of a segment, or 0: it is one packet. */
static uint32_t
control_read(struct msghdr *m, struct pkt_outer *o)
{
	uint32_t size = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
			size = cmsg_number(c);
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
			o->tos = (uint8_t)cmsg_number(c);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
			o->tos = (uint8_t)cmsg_number(c);
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO &&
			   c->cmsg_len >= CMSG_LEN(sizeof(struct in_pktinfo))) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			o->dst = addr_v4((const uint8_t *)&info.ipi_addr);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO &&
			   c->cmsg_len >= CMSG_LEN(sizeof(struct in6_pktinfo))) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			o->dst = addr_v6(info.ipi6_addr.s6_addr);
		}
	}
	return size;
}

static bool
is_ike(const struct pkt *p)
{
	static const uint8_t marker[MARKER_LEN];
	return p->len > MARKER_LEN && memcmp(pkt_data(p), marker, MARKER_LEN) == 0;
}

static void
segment_take(struct worker *w, const struct port *port, const struct lane *lane, struct pkt *p,
    const struct pkt_outer *o)
{
	p->tag = port->tag;
	p->outer = o;
	if (p->len > KEEPALIVE_LEN && !is_ike(p)) {
		inbound_take(w, p);
		return;
	}
	if (p->len > KEEPALIVE_LEN)
		rx_ike(w, lane, p);
	pkt_put(w->pool, p);
}

/* Makes views of a message of several packets of SIZE octets. */
static void
segments_take(struct worker *w, const struct port *port, const struct lane *lane, struct pkt *whole,
    const struct pkt_outer *o, uint32_t size)
{
	unsigned n = 0;
	for (uint32_t at = 0; at < whole->len; at += size) {
		uint32_t len = whole->len - at < size ? whole->len - at : size;
		struct pkt *p = pkt_view(w->pool, whole, whole->off + at, len);
		if (p != NULL)
			segment_take(w, port, lane, p, o);
		else
			worker_drop(w, NULL, lane, DROP_NO_BUFFER);
		n++;
	}
	wstat_add(&w->stat, WSTAT_GRO_BATCHES, 1);
	wstat_add(&w->stat, WSTAT_GRO_SEGMENTS, n);
	pkt_put(w->pool, whole); /* the buffer stays as long as the views */
}

static void
message_take(struct worker *w, const struct port *port, const struct lane *lane, struct mmsghdr *m,
    struct pkt *p)
{
	struct pkt_outer *o = pkt_outer_room(p);
	*o = (struct pkt_outer){ .dst = port->address, .dst_port = NATT_PORT };
	p->len = m->msg_len;
	uint32_t size = control_read(&m->msg_hdr, o);
	address_take(m->msg_hdr.msg_name, &o->src, &o->src_port);
	if ((m->msg_hdr.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || p->len == 0) {
		worker_drop(w, NULL, lane, DROP_BAD_LENGTH);
		pkt_put(w->pool, p);
	} else if (size == 0 || size >= p->len) {
		segment_take(w, port, lane, p, o);
	} else {
		segments_take(w, port, lane, p, o, size);
	}
}

/* One reception of at most MAX messages; returns how many octets it brought, 0 if there is no more. */
static size_t
receive(struct worker *w, const struct port *port, const struct lane *lane, unsigned max)
{
	bool may_open = !w->shares;
	unsigned n_fresh = rx_prepare(w, max);
	int n = n_fresh > 0 ? recvmmsg(port->fd, w->rx_msgs, n_fresh, MSG_DONTWAIT, NULL) : 0;
	if (n_fresh == 0)
		worker_drop(w, NULL, lane, DROP_NO_BUFFER);
	size_t octets = 0;
	for (unsigned i = 0; i < n_fresh; i++) {
		octets += (int)i < n ? w->rx_msgs[i].msg_len : 0;
		if ((int)i < n)
			message_take(w, port, lane, &w->rx_msgs[i], w->rx_pkts[i]);
		else
			pkt_put(w->pool, w->rx_pkts[i]);
		if (may_open && n == (int)max)
			guest_open(w, port);
	}
	if (n <= 0)
		return 0;
	wstat_add(&w->stat, WSTAT_RECEIVES, 1);
	wstat_add(&w->stat, WSTAT_RECEIVED, (unsigned)n);
	return n == (int)max ? octets : 0;
}

bool
rx_udp_batch(struct worker *w, const struct port *port, const struct lane *lane)
{
	size_t octets = 0;
	while (octets < GUEST_OCTETS / 2 && w->n_in < BURST_MAX) {
		size_t n = receive(w, port, lane, GUEST_MESSAGES);
		if (n == 0)
			return false;
		octets += n;
	}
	return true;
}

void
rx_udp(struct worker *w, const struct port *port, const struct lane *lane)
{
	size_t octets = 0;
	for (unsigned i = 0; i < ROUNDS_MAX && octets < TURN_OCTETS && !w->shares; i++) {
		size_t n = help_is_full(w) ? 0 : receive(w, port, lane, UDP_BATCH);
		if (n == 0)
			break;
		octets += n;
	}
	guest_share(w, port, lane);
}
