/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rx_ike.c - IKE that the kernel has merged behind ESP goes back to where it belongs.
 *
 * The kernel merges UDP packets of a flow whatever is in them, and the first one chooses the socket. Under load nearly every
 * message of a peer comes behind a packet of ESP, and shorter than that, which ends a batch; to drop it would starve
 * IKE, dead peer detection first. So it is sent anew to this host, from where it came, by the raw socket: alone it is
 * kmd's. A packet that this host sends to itself is not asked where its source is. Worker's thread.
 */
#include "daemon/picd/worker_priv.h"

#include "lib/base/bytes.h"
#include "lib/esp/ip.h"

#include <errno.h>
#include <string.h>

enum {
	RETURNS_PER_S = 2000,
	TTL = 64,
	PROTO_NUMBER_UDP = 17,
};

/* The UDP checksum of PAYLOAD, of which the kernel that wrote it made a right one. */
static uint16_t
udp_sum(const struct pkt_outer *o, const uint8_t *payload, size_t n)
{
	uint8_t pseudo[8];
	struct wr w = wr_init(pseudo, sizeof(pseudo));
	wr_u16(&w, o->src_port);
	wr_u16(&w, o->dst_port);
	wr_u16(&w, (uint16_t)(UDP_LEN + n));
	wr_u16(&w, (uint16_t)(UDP_LEN + n + PROTO_NUMBER_UDP)); /* the pseudo header's */
	uint64_t acc = ip_sum_add(0, pseudo, sizeof(pseudo));
	acc = ip_sum_add(acc, o->src.b, addr_len(o->src));
	acc = ip_sum_add(acc, o->dst.b, addr_len(o->dst));
	uint16_t sum = ip_sum_fold(ip_sum_add(acc, payload, n));
	return sum != 0 ? sum : UINT16_MAX;
}

/* Writes the headers before PAYLOAD. Returns their length; the kernel completes those of IPv4. */
static size_t
headers_put(
    uint8_t b[IP6_LEN + UDP_LEN], const struct pkt_outer *o, const uint8_t *payload, size_t n)
{
	struct wr w = wr_init(b, IP6_LEN + UDP_LEN);
	size_t address = addr_len(o->src);
	if (o->src.family == ADDR_V4) {
		wr_u32(
		    &w, 0x45000000U | (uint32_t)o->tos << 16 | (uint32_t)(IP4_LEN + UDP_LEN + n));
		wr_u32(&w, 0);
		wr_u32(&w, (uint32_t)TTL << 24 | PROTO_NUMBER_UDP << 16);
	} else {
		wr_u32(&w, 6U << 28 | (uint32_t)o->tos << 20);
		wr_u32(&w, (uint32_t)(UDP_LEN + n) << 16 | PROTO_NUMBER_UDP << 8 | TTL);
	}
	wr_bytes(&w, o->src.b, address);
	wr_bytes(&w, o->dst.b, address);
	wr_u16(&w, o->src_port);
	wr_u16(&w, o->dst_port);
	wr_u16(&w, (uint16_t)(UDP_LEN + n));
	wr_u16(&w, udp_sum(o, payload, n));
	return wr_ok(&w) ? w.len : 0;
}

static socklen_t
destination_put(const struct addr *a, struct sockaddr_storage *out)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	if (a->family == ADDR_V4) {
		memcpy(&v4.sin_addr, a->b, sizeof(v4.sin_addr));
		memcpy(out, &v4, sizeof(v4));
		return sizeof(v4);
	}
	memcpy(&v6.sin6_addr, a->b, sizeof(v6.sin6_addr));
	memcpy(out, &v6, sizeof(v6));
	return sizeof(v6);
}

void
rx_ike(struct worker *w, const struct lane *lane, const struct pkt *p)
{
	const struct pkt_outer *o = p->outer;
	const struct port *port = o->dst.family == ADDR_V4 ? w->snap->send4 : w->snap->send6;
	uint8_t headers[IP6_LEN + UDP_LEN];
	struct sockaddr_storage to;
	bool is_family = o->src.family == o->dst.family && o->dst.family != ADDR_NONE;
	if (port == NULL || !is_family || p->len > UINT16_MAX - sizeof(headers) ||
	    !limiter_take(&w->ike_limit, w->now_ms, worker_share(w, RETURNS_PER_S))) {
		worker_drop(w, NULL, lane, DROP_SEND);
		return;
	}
	struct iovec iov[] = {
		{ headers, headers_put(headers, o, pkt_data(p), p->len) },
		{ pkt_data(p), p->len },
	};
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };
	if (port->is_addressed) {
		m.msg_name = &to;
		m.msg_namelen = destination_put(&o->dst, &to);
	}
	if (sendmsg(port->fd, &m, MSG_DONTWAIT) < 0)
		worker_drop(w, NULL, lane, DROP_SEND);
	else
		wstat_add(&w->stat, WSTAT_IKE_RETURNED, 1);
}
