/* SPDX-License-Identifier: BSD-2-Clause
 *
 * notice.c - what a worker sees that kmd should know: a packet waits for an SA, an SPI is nobody's, a peer has moved.
 *
 * Notices go to the main thread through a ring with one writer and one reader, which passes them on if kmd is there. A tunnel
 * says once a second that a packet waits; SPIs that nobody has are anybody's invention, so there are few of them a
 * second. What does not fit the ring is lost: the next packet says it again.
 */
#include "daemon/picd/worker_priv.h"

#include "lib/base/bytes.h"
#include "lib/esp/sa.h"

enum {
	IP4_OFF_PROTOCOL = 9,
	IP4_OFF_SRC = 12,
	IP6_OFF_NEXT = 6,
	IP6_OFF_SRC = 8,
	IP6_HEADER_LEN = 40,
	UDP_HEADER_LEN = 8,
	AH_OFF_SPI = 4,
	PROTO_NUMBER_UDP = 17,
	PROTO_NUMBER_ESP = 50,
	PROTO_NUMBER_AH = 51,
};

static bool
notice_put(struct worker *w, const struct notice *n)
{
	uint32_t in = atomic_load_explicit(&w->notices_in, memory_order_relaxed);
	if (in - atomic_load_explicit(&w->notices_out, memory_order_acquire) == NOTICES)
		return false;
	w->notices[in % NOTICES] = *n;
	atomic_store_explicit(&w->notices_in, in + 1, memory_order_release);
	w->p.notify(w->p.notify_arg);
	return true;
}

void
notice_acquire(struct worker *w, const struct path *path)
{
	uint32_t now_s = (uint32_t)(w->now_ms / 1000) + 1; /* 0: never */
	struct assoc_live *live = path->live;
	if (atomic_load_explicit(&live->asked_at_s, memory_order_relaxed) == now_s)
		return;
	if (notice_put(w, &(struct notice){ .kind = NOTICE_ACQUIRE, .slot = path->slot }))
		atomic_store_explicit(&live->asked_at_s, now_s, memory_order_relaxed);
}

void
notice_moved(struct worker *w, const struct path *path, const struct pkt *p)
{
	uint32_t now_s = (uint32_t)(w->now_ms / 1000) + 1;
	struct assoc_live *live = path->live;
	const struct sa *out = live != NULL ? path_out(path) : NULL;
	const struct pkt_outer *o = p->outer;
	if (out == NULL || sa_params(out)->dst_port == 0)
		return;
	const struct sa_params *to = sa_params(out);
	if (o->src_port == to->dst_port && addr_eq(o->src, to->dst))
		return;
	if (atomic_load_explicit(&live->moved_at_s, memory_order_relaxed) == now_s)
		return;
	const struct notice n = {
		.kind = NOTICE_MOVED,
		.slot = path->slot,
		.spi = sa_params(p->sa)->spi,
		.remote = o->src,
		.remote_port = o->src_port,
	};
	if (notice_put(w, &n))
		atomic_store_explicit(&live->moved_at_s, now_s, memory_order_relaxed);
}

/* Reads the addresses and the SPI of a protected packet. An IPv6 packet with extension headers is not worth a notice. */
static bool
packet_read(const struct pkt *p, struct notice *out)
{
	struct rd r = rd_init(pkt_data(p), p->len);
	if (p->outer != NULL) { /* ESP in UDP whose headers the kernel has kept */
		out->spi = rd_u32(&r);
		out->remote = p->outer->src;
		out->local = p->outer->dst;
		return rd_ok(&r);
	}
	uint8_t first = rd_u8(&r);
	bool is_v4 = first >> 4 == 4;
	size_t header_len = is_v4 ? (first & 0xfU) * 4 : IP6_HEADER_LEN;
	size_t protocol_at = is_v4 ? IP4_OFF_PROTOCOL : IP6_OFF_NEXT;
	size_t src_at = is_v4 ? IP4_OFF_SRC : IP6_OFF_SRC;
	size_t addr_len = is_v4 ? 4 : 16;
	(void)rd_bytes(&r, protocol_at - 1);
	uint8_t protocol = rd_u8(&r);
	(void)rd_bytes(&r, src_at - protocol_at - 1);
	const uint8_t *src = rd_bytes(&r, addr_len);
	const uint8_t *dst = rd_bytes(&r, addr_len);
	if (!rd_ok(&r) || header_len < src_at + 2 * addr_len)
		return false;
	(void)rd_bytes(&r, header_len - src_at - 2 * addr_len);
	if (protocol == PROTO_NUMBER_UDP)
		(void)rd_bytes(&r, UDP_HEADER_LEN);
	else if (protocol == PROTO_NUMBER_AH)
		(void)rd_bytes(&r, AH_OFF_SPI);
	else if (protocol != PROTO_NUMBER_ESP)
		return false;
	out->spi = rd_u32(&r);
	out->is_ah = protocol == PROTO_NUMBER_AH;
	out->remote = is_v4 ? addr_v4(src) : addr_v6(src);
	out->local = is_v4 ? addr_v4(dst) : addr_v6(dst);
	return rd_ok(&r);
}

void
notice_bad_spi(struct worker *w, const struct pkt *p)
{
	struct notice n = { .kind = NOTICE_BAD_SPI };
	if (limiter_take(&w->bad_spi_limit, w->now_ms, worker_share(w, BAD_SPIS_PER_S)) &&
	    packet_read(p, &n))
		(void)notice_put(w, &n);
}

void
notice_hop(struct worker *w, const struct addr *local, const struct addr *remote)
{
	struct notice n = { .kind = NOTICE_HOP, .local = *local, .remote = *remote };
	if (limiter_take(&w->hop_limit, w->now_ms, worker_share(w, HOPS_PER_S)))
		(void)notice_put(w, &n);
}

bool
worker_next_notice(struct worker *w, struct notice *out)
{
	uint32_t at = atomic_load_explicit(&w->notices_out, memory_order_relaxed);
	if (at == atomic_load_explicit(&w->notices_in, memory_order_acquire))
		return false;
	*out = w->notices[at % NOTICES];
	atomic_store_explicit(&w->notices_out, at + 1, memory_order_release);
	return true;
}
