/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cut.c - reads vnet headers and makes packets out of superpackets.
 *
 * cut_read() trusts the kernel for what a packet is meant to be and the packet for what it is: types,
 * offsets and sizes must agree with the headers that are there. cut_start() sums once what all
 * segments share, so that a segment costs its payload, read once, and a dozen fields. Called by the
 * readers of TUN queues and by super.c.
 */
#include "lib/esp/cut.h"

#include "lib/esp/csum.h"
#include "lib/esp/ip.h"
#include "lib/esp/pkt.h"
#include "lib/esp/tcp.h"
#include "lib/esp/vnet.h"

struct vnet_hdr
vnet_read(const uint8_t *p)
{
	struct vnet_hdr h = { .flags = p[0], .gso_type = p[1] };
	memcpy(&h.hdr_len, p + 2, 2);
	memcpy(&h.gso_size, p + 4, 2);
	memcpy(&h.csum_start, p + 6, 2);
	memcpy(&h.csum_offset, p + 8, 2);
	return h;
}

void
vnet_write(uint8_t *p, const struct vnet_hdr *h)
{
	p[0] = h->flags;
	p[1] = h->gso_type;
	memcpy(p + 2, &h->hdr_len, 2);
	memcpy(p + 4, &h->gso_size, 2);
	memcpy(p + 6, &h->csum_start, 2);
	memcpy(p + 8, &h->csum_offset, 2);
}

/* Finds the transport header of a packet that is no fragment. */
static enum drop
transport_find(const uint8_t *data, const struct ip_hdr *h, uint32_t *out_at, uint8_t *out_proto)
{
	if (h->is_fragment)
		return DROP_VNET_HEADER;
	*out_at = h->hdr_len;
	*out_proto = h->proto;
	if (h->family == ADDR_V4)
		return DROP_NONE;
	struct ip6_chain c;
	enum drop verdict = ip6_walk(data, h->total_len, &c);
	if (verdict != DROP_NONE)
		return verdict;
	if (c.frag_at != 0)
		return DROP_VNET_HEADER;
	if (c.is_source_routed) /* its checksum covers another destination than the one in the header */
		return DROP_OPTION;
	*out_at = c.off;
	*out_proto = c.proto;
	return DROP_NONE;
}

/* An ordinary packet: its checksum field holds the sum of the pseudo header, the rest is ours. */
static enum drop
checksum_complete(struct pkt *p, const struct vnet_hdr *v)
{
	struct ip_hdr h;
	uint8_t *data = pkt_data(p);
	enum drop verdict = ip_read(data, p->len, &h);
	if (verdict != DROP_NONE)
		return verdict;
	uint32_t start = v->csum_start;
	uint32_t at = start + v->csum_offset;
	if (h.is_fragment || start < h.hdr_len || at + 2 > h.total_len)
		return DROP_VNET_HEADER;
	uint16_t sum = ip_sum_fold(csum_add(0, data + start, h.total_len - start));
	if (sum == 0 && v->csum_offset == UDP_SUM)
		sum = 0xffff; /* 0 would mean: none */
	put16(data + at, sum);
	return DROP_NONE;
}

static enum drop
superpacket_read(struct pkt *p, const struct vnet_hdr *v)
{
	unsigned type = v->gso_type & ~(unsigned)VNET_GSO_ECN;
	bool is_tcp = type == VNET_GSO_TCP4 || type == VNET_GSO_TCP6;
	struct ip_hdr h;
	uint32_t l4_at;
	uint8_t proto;
	if ((!is_tcp && type != VNET_GSO_UDP) || v->gso_size == 0)
		return DROP_VNET_HEADER;
	const uint8_t *data = pkt_data(p);
	enum drop verdict = ip_read(data, p->len, &h);
	if (verdict == DROP_NONE)
		verdict = transport_find(data, &h, &l4_at, &proto);
	if (verdict != DROP_NONE)
		return verdict;
	if (is_tcp && (type == VNET_GSO_TCP4) != (h.family == ADDR_V4))
		return DROP_VNET_HEADER;
	if (proto != (is_tcp ? PROTO_TCP : PROTO_UDP))
		return DROP_VNET_HEADER;
	uint32_t avail = h.total_len - l4_at;
	uint32_t l4_len = UDP_LEN;
	if (is_tcp) {
		if (avail < TCP_LEN)
			return DROP_VNET_HEADER;
		l4_len = tcp_hdr_len(data + l4_at);
		if (l4_len < TCP_LEN)
			return DROP_VNET_HEADER;
	}
	if (avail <= l4_len) /* a superpacket without payload makes no sense */
		return DROP_VNET_HEADER;
	/* without that flag the sum of every segment is made all the same */
	if ((v->flags & VNET_NEEDS_CSUM) &&
	    (v->csum_start != l4_at || v->csum_offset != (is_tcp ? TCP_SUM : UDP_SUM)))
		return DROP_VNET_HEADER;
	p->len = h.total_len;
	p->gso = is_tcp ? PKT_GSO_TCP : PKT_GSO_UDP;
	p->gso_size = v->gso_size;
	p->l4_at = (uint16_t)l4_at;
	p->hdr_len = (uint16_t)(l4_at + l4_len);
	return DROP_NONE;
}

enum drop
cut_read(struct pkt *p, const uint8_t *vnet, size_t vnet_len)
{
	if (vnet_len < VNET_LEN)
		return DROP_VNET_HEADER;
	struct vnet_hdr v = vnet_read(vnet);
	if (v.gso_type != VNET_GSO_NONE)
		return superpacket_read(p, &v);
	return v.flags & VNET_NEEDS_CSUM ? checksum_complete(p, &v) : DROP_NONE;
}

/* Sums what is the same in all segments: everything the checksum covers but the length, the payload and (TCP) the
 * sequence number and flags. */
static uint64_t
shared_sum(const struct cut *c)
{
	bool is_v4 = c->family == ADDR_V4;
	const uint8_t *l4 = c->hdr + c->l4_at;
	uint32_t l4_len = c->hdr_len - c->l4_at;
	uint64_t acc = __builtin_bswap16(c->gso == PKT_GSO_TCP ? PROTO_TCP : PROTO_UDP);
	acc = ip_sum_add(acc, c->hdr + (is_v4 ? IP4_SRC : IP6_SRC), is_v4 ? 8 : 32);
	if (c->gso == PKT_GSO_UDP)
		return ip_sum_add(acc, l4, UDP_LENGTH);
	acc = ip_sum_add(acc, l4, TCP_SEQ);
	acc = ip_sum_add(acc, l4 + TCP_ACK, TCP_FLAGS - TCP_ACK);
	acc = ip_sum_add(acc, l4 + TCP_WINDOW, TCP_SUM - TCP_WINDOW);
	return ip_sum_add(acc, l4 + TCP_URGENT, l4_len - TCP_URGENT);
}

void
cut_start(struct cut *c, const struct pkt *super)
{
	const uint8_t *data = pkt_data(super);
	*c = (struct cut){
		.super = super,
		.hdr = data,
		.payload = data + super->hdr_len,
		.payload_len = super->len - super->hdr_len,
		.hdr_len = super->hdr_len,
		.l4_at = super->l4_at,
		.size = super->gso_size,
		.family = data[0] >> 4 == 4 ? ADDR_V4 : ADDR_V6,
		.gso = super->gso,
	};
	c->n = (c->payload_len + c->size - 1) / c->size;
	if (c->size > c->payload_len)
		c->size = c->payload_len;
	if (c->family == ADDR_V4) {
		c->id = get16(data + IP4_ID);
		c->keeps_id = ip4_keeps_id(data);
	}
	if (c->gso == PKT_GSO_TCP) {
		c->seq = get32(data + c->l4_at + TCP_SEQ);
		c->flags = get16(data + c->l4_at + TCP_FLAGS);
	}
	c->l4_sum = shared_sum(c);
}

/* IPv4: the superpacket's own checksum, which cut_read() has verified, less what the segment has otherwise (RFC 1624). */
static inline void
ip4_fill(const struct cut *c, unsigned i, uint32_t total_len, uint8_t *out)
{
	uint16_t id = c->keeps_id ? c->id : (uint16_t)(c->id + i);
	uint32_t acc = (uint16_t)~get16(c->hdr + IP4_SUM);
	acc += (uint16_t)~get16(c->hdr + IP4_TOTAL);
	acc += (uint16_t)~c->id;
	acc += total_len + id;
	acc = (acc & 0xffff) + (acc >> 16);
	acc = (acc & 0xffff) + (acc >> 16);
	put16(out + IP4_TOTAL, total_len);
	put16(out + IP4_ID, id);
	put16(out + IP4_SUM, (uint16_t)~acc);
}

static void
ip_fill(const struct cut *c, unsigned i, uint32_t total_len, uint8_t *out)
{
	if (c->family == ADDR_V4)
		ip4_fill(c, i, total_len, out);
	else
		put16(out + IP6_PAYLOAD, total_len - IP6_LEN);
}

/* Writes the headers of segment I, whose payload of LEN octets has the sum PAYLOAD_SUM. */
static void
headers_build(const struct cut *c, unsigned i, uint32_t len, uint64_t payload_sum, uint8_t *out)
{
	uint8_t *l4 = out + c->l4_at;
	uint32_t l4_len = c->hdr_len - c->l4_at + len;
	uint64_t acc = c->l4_sum + payload_sum + __builtin_bswap16((uint16_t)l4_len);
	ip_hdr_copy(out, c->hdr, c->hdr_len);
	ip_fill(c, i, c->hdr_len + len, out);
	if (c->gso == PKT_GSO_UDP) {
		put16(l4 + UDP_LENGTH, l4_len);
		acc += __builtin_bswap16((uint16_t)l4_len);
		uint16_t sum = ip_sum_fold(acc);
		put16(l4 + UDP_SUM, sum != 0 ? sum : 0xffff);
		return;
	}
	uint32_t seq = c->seq + i * c->size;
	uint16_t flags = c->flags;
	if (i > 0)
		flags &= (uint16_t)~TCP_CWR;
	if (i + 1 < c->n)
		flags &= (uint16_t) ~(TCP_FIN | TCP_PSH);
	put32(l4 + TCP_SEQ, seq);
	put16(l4 + TCP_FLAGS, flags);
	acc += __builtin_bswap32(seq);
	acc += __builtin_bswap16(flags);
	put16(l4 + TCP_SUM, ip_sum_fold(acc));
}

uint32_t
cut_next(struct cut *c, uint8_t *out)
{
	uint32_t len;
	if (c->next == c->n)
		return 0;
	unsigned i = c->next++;
	const uint8_t *payload = cut_payload(c, i, &len);
	headers_build(c, i, len, csum_copy(0, out + c->hdr_len, payload, len), out);
	return c->hdr_len + len;
}

void
cut_headers(const struct cut *c, unsigned i, uint8_t *out)
{
	uint32_t len;
	const uint8_t *payload = cut_payload(c, i, &len);
	headers_build(c, i, len, csum_add(0, payload, len), out);
}

size_t
cut_pkts(struct cut *c, struct pkt_pool *pool, struct pkt **out, size_t max)
{
	size_t n = 0;
	for (; n < max && c->next < c->n; n++) {
		struct pkt *p = pkt_get(pool);
		if (p == NULL)
			break;
		p->sa = c->super->sa;
		p->tag = c->super->tag;
		p->trace = c->super->trace;
		p->user = c->super->user;
		p->len = cut_next(c, pkt_data(p));
		out[n] = p;
	}
	return n;
}
