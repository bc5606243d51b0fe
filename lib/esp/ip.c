/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ip.c - reading and patching IP headers.
 *
 * See ip.h. Every packet that enters lib/esp passes ip_read() first; what it accepted may be
 * addressed by offset. Pure functions, any thread.
 */
#include "lib/esp/ip.h"

enum {
	CHAIN_MAX = 8, /* extension headers in one packet */
};

uint64_t
ip_sum_add(uint64_t acc, const uint8_t *p, size_t n)
{
	while (n >= 4) {
		uint32_t v;
		memcpy(&v, p, sizeof(v));
		acc += v;
		p += 4;
		n -= 4;
	}
	if (n >= 2) {
		uint16_t v;
		memcpy(&v, p, sizeof(v));
		acc += v;
		p += 2;
		n -= 2;
	}
	if (n > 0) {
		uint8_t last[2] = { *p, 0 };
		uint16_t v;
		memcpy(&v, last, sizeof(v));
		acc += v;
	}
	return acc;
}

uint16_t
ip_sum_fold(uint64_t acc)
{
	while (acc >> 16)
		acc = (acc & 0xffff) + (acc >> 16);
	return __builtin_bswap16((uint16_t)~acc);
}

uint16_t
ip_sum(const uint8_t *p, size_t n)
{
	return ip_sum_fold(ip_sum_add(0, p, n));
}

/* The checksum of an IPv4 header; without options, as nearly always, in three loads. */
static inline uint16_t
ip4_sum(const uint8_t *hdr, size_t hdr_len)
{
	if (hdr_len != IP4_LEN)
		return ip_sum(hdr, hdr_len);
	uint64_t a;
	uint64_t b;
	uint32_t c;
	memcpy(&a, hdr, sizeof(a));
	memcpy(&b, hdr + 8, sizeof(b));
	memcpy(&c, hdr + 16, sizeof(c));
	uint64_t acc = (a & UINT32_MAX) + (a >> 32) + (b & UINT32_MAX) + (b >> 32) + c;
	acc = (acc & UINT32_MAX) + (acc >> 32);
	acc = (acc & 0xffff) + (acc >> 16);
	acc = (acc & 0xffff) + (acc >> 16);
	acc = (acc & 0xffff) + (acc >> 16);
	return __builtin_bswap16((uint16_t)~acc);
}

void
ip4_sum_set(uint8_t *hdr, size_t hdr_len)
{
	put16(hdr + IP4_SUM, 0);
	put16(hdr + IP4_SUM, ip4_sum(hdr, hdr_len));
}

/* RFC 1624: HC' = ~(~HC + ~m + m') */
static void
ip4_patch(uint8_t *hdr, unsigned at, uint16_t value)
{
	uint32_t acc = (uint16_t)~get16(hdr + IP4_SUM);
	acc += (uint16_t)~get16(hdr + at);
	acc += value;
	acc = (acc & 0xffff) + (acc >> 16);
	acc = (acc & 0xffff) + (acc >> 16);
	put16(hdr + at, value);
	put16(hdr + IP4_SUM, (uint16_t)~acc);
}

void
ip_tos_set(uint8_t *hdr, uint8_t family, uint8_t tos)
{
	if (family == ADDR_V4) {
		ip4_patch(hdr, 0, (uint16_t)(hdr[0] << 8 | tos));
	} else {
		hdr[0] = (uint8_t)(0x60 | tos >> 4);
		hdr[1] = (uint8_t)(tos << 4 | (hdr[1] & 0x0f));
	}
}

void
ip4_frag_set(uint8_t *hdr, uint16_t frag)
{
	ip4_patch(hdr, IP4_FRAG, frag);
}

static enum drop
ip4_read(const uint8_t *data, size_t len, struct ip_hdr *out)
{
	uint32_t hdr_len = (data[0] & 0x0fU) * 4;
	if (hdr_len < IP4_LEN || hdr_len > len)
		return DROP_INNER_HEADER;
	uint32_t total_len = get16(data + IP4_TOTAL);
	if (total_len < hdr_len || total_len > len)
		return DROP_INNER_HEADER;
	if (ip4_sum(data, hdr_len) != 0)
		return DROP_INNER_CHECKSUM;
	uint16_t frag = get16(data + IP4_FRAG);
	*out = (struct ip_hdr){
		.family = ADDR_V4,
		.tos = data[IP4_TOS],
		.ttl = data[IP4_TTL],
		.proto = data[IP4_PROTO],
		.df = (frag & IP4_DF) != 0,
		.is_fragment = (frag & (IP4_MF | IP4_OFF_MASK)) != 0,
		.frag = frag,
		.hdr_len = hdr_len,
		.total_len = total_len,
	};
	return DROP_NONE;
}

enum drop
ip_read_any(const uint8_t *data, size_t len, struct ip_hdr *out)
{
	if (len < IP4_LEN)
		return DROP_INNER_HEADER;
	if (data[0] >> 4 == 4)
		return ip4_read(data, len, out);
	if (data[0] >> 4 != 6 || len < IP6_LEN)
		return DROP_INNER_HEADER;
	uint32_t total_len = get16(data + IP6_PAYLOAD) + (uint32_t)IP6_LEN;
	if (total_len > len)
		return DROP_INNER_HEADER;
	*out = (struct ip_hdr){
		.family = ADDR_V6,
		.tos = (uint8_t)((data[0] & 0x0f) << 4 | data[1] >> 4),
		.ttl = data[IP6_HOPS],
		.proto = data[IP6_NEXT],
		.hdr_len = IP6_LEN,
		.total_len = total_len,
	};
	return DROP_NONE;
}

enum drop
ip6_walk(const uint8_t *data, uint32_t total_len, struct ip6_chain *out)
{
	struct ip6_chain c = { .proto = data[IP6_NEXT], .off = IP6_LEN, .nh_at = IP6_NEXT };
	bool has_routing = false;
	for (unsigned i = 0;; i++) {
		bool is_frag = c.proto == PROTO_FRAGMENT;
		bool is_ext = c.proto == PROTO_HOPOPTS || c.proto == PROTO_ROUTING ||
			      c.proto == PROTO_DSTOPTS;
		bool goes_ahead = is_ext && !(c.proto == PROTO_DSTOPTS && has_routing);
		if (!goes_ahead && c.ipsec_off == 0) {
			c.ipsec_off = c.off;
			c.ipsec_nh_at = c.nh_at;
		}
		if (!is_frag && !is_ext)
			break;
		if (i >= CHAIN_MAX)
			return DROP_OPTION;
		if ((c.proto == PROTO_HOPOPTS && i > 0) || (is_frag && c.frag_at != 0))
			return DROP_INNER_HEADER;
		if (total_len - c.off < 8)
			return DROP_INNER_HEADER;
		const uint8_t *h = data + c.off;
		uint32_t size = is_frag ? IP6_FRAG_LEN : (h[1] + 1U) * 8;
		if (size > total_len - c.off)
			return DROP_INNER_HEADER;
		if (c.off + size > IP_HDRS_MAX)
			return DROP_OPTION;
		if (c.proto == PROTO_ROUTING) {
			has_routing = true;
			c.is_source_routed |= h[3] != 0;
		}
		if (is_frag) {
			c.frag_at = c.off;
			c.frag_nh_at = c.nh_at;
		} else {
			c.has_ext = true;
		}
		c.nh_at = c.off;
		c.off += size;
		c.proto = h[0];
		if (is_frag && (get16(h + 2) & 0xfff8) != 0)
			break; /* what follows a later fragment's header is data */
	}
	*out = c;
	return DROP_NONE;
}

struct addr
ip_src(const uint8_t *hdr, uint8_t family)
{
	return family == ADDR_V4 ? addr_v4(hdr + IP4_SRC) : addr_v6(hdr + IP6_SRC);
}

struct addr
ip_dst(const uint8_t *hdr, uint8_t family)
{
	return family == ADDR_V4 ? addr_v4(hdr + IP4_DST) : addr_v6(hdr + IP6_DST);
}
