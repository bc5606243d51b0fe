/* SPDX-License-Identifier: BSD-2-Clause
 *
 * flow.c - the 5-tuple of a packet, for rules and filters.
 *
 * Called by the data plane for every packet that has to be classified, on its worker, after
 * reassembly. Pure functions.
 */
#include "lib/esp/flow.h"

#include "lib/esp/ip.h"
#include "lib/esp/pkt.h"

static bool
has_ports(uint8_t proto)
{
	switch (proto) {
	case PROTO_TCP:
	case PROTO_UDP:
	case PROTO_DCCP:
	case PROTO_SCTP:
	case PROTO_UDPLITE:
		return true;
	default:
		return false;
	}
}

static enum drop
flow_parse6(const uint8_t *data, struct flow *f)
{
	struct ip6_chain c;
	enum drop verdict = ip6_walk(data, f->total_len, &c);
	if (verdict != DROP_NONE)
		return verdict;
	f->proto = c.proto;
	f->hdr_len = c.off;
	f->has_options = c.has_ext;
	if (c.frag_at != 0) {
		uint16_t field = get16(data + c.frag_at + 2);
		f->ip6_frag_at = c.frag_at;
		f->frag_off = field & 0xfff8;
		f->is_fragment = (field & 0xfff9) != 0;
		f->is_first = f->frag_off == 0;
	}
	return DROP_NONE;
}

enum drop
flow_parse(const uint8_t *data, size_t len, struct flow *out)
{
	struct ip_hdr h;
	enum drop verdict = ip_read(data, len, &h);
	if (verdict != DROP_NONE)
		return verdict;
	struct flow f = {
		.family = h.family,
		.proto = h.proto,
		.tos = h.tos,
		.ttl = h.ttl,
		.df = h.family == ADDR_V6 || h.df,
		.is_fragment = h.is_fragment,
		.is_first = (h.frag & IP4_OFF_MASK) == 0,
		.has_options = h.family == ADDR_V4 && h.hdr_len > IP4_LEN,
		.hdr_len = h.hdr_len,
		.total_len = h.total_len,
		.frag_off = (h.frag & IP4_OFF_MASK) * 8U,
		.src = ip_src(data, h.family),
		.dst = ip_dst(data, h.family),
	};
	if (h.family == ADDR_V6) {
		verdict = flow_parse6(data, &f);
		if (verdict != DROP_NONE)
			return verdict;
	}
	if (f.is_first && has_ports(f.proto)) {
		if (f.total_len - f.hdr_len < 4)
			return DROP_INNER_HEADER; /* a rule about ports could not judge it */
		f.has_ports = true;
		f.sport = get16(data + f.hdr_len);
		f.dport = get16(data + f.hdr_len + 2);
	}
	*out = f;
	return DROP_NONE;
}

enum drop
flow_ttl_lower(struct pkt *p)
{
	uint8_t *data = pkt_data(p);
	unsigned at = data[0] >> 4 == 4 ? IP4_TTL : IP6_HOPS;
	if (data[at] <= 1)
		return DROP_TTL;
	data[at]--;
	if (at == IP4_TTL) {
		/* RFC 1141: the high octet of a word went down by one */
		uint32_t sum = get16(data + IP4_SUM) + 0x100U;
		put16(data + IP4_SUM, sum + (sum >> 16));
	}
	return DROP_NONE;
}
