/* SPDX-License-Identifier: BSD-2-Clause
 *
 * split.c - IPv4 and IPv6 fragmentation in place.
 *
 * The first fragment stays in the packet's own buffer; for the others buffers are taken first, all
 * or none, then filled with a copy of the headers and their part of the data. Called by out.c on
 * the worker.
 */
#include "lib/esp/split.h"

#include "lib/esp/ip.h"
#include "lib/esp/pkt.h"

enum {
	OPT4_END = 0,
	OPT4_NOP = 1,
	OPT4_COPIED = 0x80,
};

/* Chains N fresh packets behind P, in front of what follows it. False, with nothing changed, if
 * there are too few. */
static bool
chain_grow(struct pkt_pool *pool, struct pkt *p, uint32_t n)
{
	if (pkt_pool_left(pool) < n)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		struct pkt *f = pkt_get(pool);
		f->sa = p->sa;
		f->tag = p->tag;
		f->trace = p->trace;
		f->user = p->user;
		f->family = p->family;
		f->next = p->next;
		p->next = f;
	}
	return true;
}

/* In fragments after the first only options marked "copied" remain; the others become padding. */
static void
options_thin(uint8_t *hdr, uint32_t hdr_len)
{
	uint32_t at = IP4_LEN;
	while (at < hdr_len && hdr[at] != OPT4_END) {
		uint32_t len = hdr[at] == OPT4_NOP ? 1 : 2;
		if (len == 2 && hdr_len - at >= 2)
			len = hdr[at + 1];
		if (len == 0 || len > hdr_len - at)
			len = hdr_len - at;
		if (!(hdr[at] & OPT4_COPIED))
			memset(hdr + at, OPT4_NOP, len);
		at += len;
	}
}

static enum drop
split4(struct pkt_pool *pool, struct pkt *p, const struct ip_hdr *h, uint32_t mtu)
{
	uint32_t hdr_len = h->hdr_len;
	if (mtu < hdr_len + 8)
		return DROP_TOO_BIG;
	uint32_t unit = (mtu - hdr_len) & ~7U;
	uint32_t data_len = h->total_len - hdr_len;
	uint32_t n = (data_len + unit - 1) / unit;
	uint32_t off = h->frag & IP4_OFF_MASK;
	if (n < 2 || off * 8 + h->total_len > IP_TOTAL_MAX)
		return DROP_OUTER_HEADER;
	if (!chain_grow(pool, p, n - 1))
		return DROP_NO_BUFFER;

	const uint8_t *data = pkt_data(p) + hdr_len;
	uint8_t hdr[IP4_LEN_MAX]; /* of the fragments after the first */
	memcpy(hdr, pkt_data(p), hdr_len);
	options_thin(hdr, hdr_len);
	struct pkt *f = p;
	for (uint32_t i = 0; i < n; i++, f = f->next) {
		uint32_t len = i + 1 < n ? unit : data_len - i * unit;
		uint8_t *to = pkt_data(f);
		if (i > 0) {
			memcpy(to, hdr, hdr_len);
			memcpy(to + hdr_len, data + (size_t)i * unit, len);
		}
		f->len = hdr_len + len;
		put16(to + IP4_TOTAL, f->len);
		uint32_t more = i + 1 < n ? IP4_MF : h->frag & IP4_MF;
		put16(to + IP4_FRAG, more | ((off + i * unit / 8) & IP4_OFF_MASK));
		ip4_sum_set(to, hdr_len);
	}
	return DROP_NONE;
}

static enum drop
split6(struct pkt_pool *pool, struct pkt *p, const struct ip_hdr *h, uint32_t mtu, uint32_t id6)
{
	struct ip6_chain c;
	if (ip6_walk(pkt_data(p), h->total_len, &c) != DROP_NONE || c.frag_at != 0)
		return DROP_OUTER_HEADER;
	uint32_t hdr_len = c.ipsec_off; /* what every fragment must carry */
	if (mtu < hdr_len + IP6_FRAG_LEN + 8 || p->off < IP6_FRAG_LEN)
		return DROP_TOO_BIG;
	uint32_t unit = (mtu - hdr_len - IP6_FRAG_LEN) & ~7U;
	uint32_t data_len = h->total_len - hdr_len;
	uint32_t n = (data_len + unit - 1) / unit;
	if (n < 2)
		return DROP_OUTER_HEADER;
	if (!chain_grow(pool, p, n - 1))
		return DROP_NO_BUFFER;

	/* make room for the fragment header between headers and data of the first */
	uint8_t *first = pkt_data(p) - IP6_FRAG_LEN;
	memmove(first, pkt_data(p), hdr_len);
	p->off -= IP6_FRAG_LEN;
	uint8_t next = first[c.ipsec_nh_at];
	first[c.ipsec_nh_at] = PROTO_FRAGMENT;
	hdr_len += IP6_FRAG_LEN;
	struct pkt *f = p;
	for (uint32_t i = 0; i < n; i++, f = f->next) {
		uint32_t len = i + 1 < n ? unit : data_len - i * unit;
		uint8_t *to = pkt_data(f);
		if (i > 0) {
			memcpy(to, first, hdr_len);
			memcpy(to + hdr_len, first + hdr_len + (size_t)i * unit, len);
		}
		f->len = hdr_len + len;
		put16(to + IP6_PAYLOAD, f->len - IP6_LEN);
		uint8_t *fh = to + hdr_len - IP6_FRAG_LEN;
		fh[0] = next;
		fh[1] = 0;
		put16(fh + 2, i * unit | (i + 1 < n ? 1U : 0U));
		put32(fh + 4, id6);
	}
	return DROP_NONE;
}

enum drop
split(struct pkt_pool *pool, struct pkt *p, uint32_t mtu, uint32_t id6)
{
	struct ip_hdr h;
	if (ip_read(pkt_data(p), p->len, &h) != DROP_NONE)
		return DROP_OUTER_HEADER;
	if (h.total_len <= mtu)
		return DROP_NONE;
	enum drop verdict =
	    h.family == ADDR_V4 ? split4(pool, p, &h, mtu) : split6(pool, p, &h, mtu, id6);
	if (verdict == DROP_NONE)
		p->lead = 0; /* a fragment of ESP in UDP is no datagram */
	return verdict;
}
