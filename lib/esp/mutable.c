/* SPDX-License-Identifier: BSD-2-Clause
 *
 * mutable.c - zeroes what routers may change on the way, before AH's ICV is computed.
 *
 * IPv4: TOS, flags and offset, TTL, checksum, and every option but the few that are immutable.
 * IPv6: class, flow label, hop limit, and the data of hop-by-hop and destination options whose
 * type says so. A source route that still has hops would need its end predicted (RFC 4302 A1, A2);
 * such packets are refused, as everybody refuses source routes today. Called by out.c and in.c on
 * the worker.
 */
#include "lib/esp/mutable.h"

#include <string.h>

#include "lib/esp/ip.h"

enum {
	OPT4_END = 0,
	OPT4_NOP = 1,
	OPT4_SECURITY = 130,
	OPT4_LSRR = 131,
	OPT4_EXT_SECURITY = 133,
	OPT4_CIPSO = 134,
	OPT4_SSRR = 137,
	OPT4_ROUTER_ALERT = 148,
	OPT4_MULTI_DST = 149,
	OPT6_PAD1 = 0,
	OPT6_MAY_CHANGE = 0x20,
	ROUTING_SEGMENTS_LEFT = 3,
};

static bool
opt4_is_immutable(uint8_t type)
{
	switch (type) {
	case OPT4_SECURITY:
	case OPT4_EXT_SECURITY:
	case OPT4_CIPSO:
	case OPT4_ROUTER_ALERT:
	case OPT4_MULTI_DST:
		return true;
	default:
		return false;
	}
}

static enum drop
ip4_zero(uint8_t *hdr, uint32_t hdr_len)
{
	hdr[IP4_TOS] = 0;
	put16(hdr + IP4_FRAG, 0);
	hdr[IP4_TTL] = 0;
	put16(hdr + IP4_SUM, 0);
	uint32_t at = IP4_LEN;
	while (at < hdr_len && hdr[at] != OPT4_END) {
		if (hdr[at] == OPT4_NOP) {
			at++;
			continue;
		}
		if (hdr_len - at < 2 || hdr[at + 1] < 2 || hdr[at + 1] > hdr_len - at)
			return DROP_OPTION;
		uint8_t type = hdr[at];
		uint8_t len = hdr[at + 1];
		bool is_route = type == OPT4_LSRR || type == OPT4_SSRR;
		if (is_route && (len < 3 || hdr[at + 2] <= len))
			return DROP_OPTION;
		if (!opt4_is_immutable(type))
			memset(hdr + at, 0, len);
		at += len;
	}
	return DROP_NONE;
}

/* The options of one hop-by-hop or destination options header. */
static enum drop
opts6_zero(uint8_t *h, uint32_t size)
{
	uint32_t at = 2;
	while (at < size) {
		if (h[at] == OPT6_PAD1) {
			at++;
			continue;
		}
		if (size - at < 2 || h[at + 1] > size - at - 2)
			return DROP_OPTION;
		if (h[at] & OPT6_MAY_CHANGE)
			memset(h + at + 2, 0, h[at + 1]);
		at += 2U + h[at + 1];
	}
	return DROP_NONE;
}

static enum drop
ip6_zero(uint8_t *hdr, uint32_t hdr_len)
{
	put32(hdr, 0x60000000);
	hdr[IP6_HOPS] = 0;
	uint8_t proto = hdr[IP6_NEXT];
	uint32_t at = IP6_LEN;
	while (at < hdr_len) {
		uint8_t *h = hdr + at;
		uint32_t size = (h[1] + 1U) * 8;
		if (proto == PROTO_ROUTING) {
			if (h[ROUTING_SEGMENTS_LEFT] != 0)
				return DROP_OPTION;
		} else {
			enum drop verdict = opts6_zero(h, size);
			if (verdict != DROP_NONE)
				return verdict;
		}
		proto = h[0];
		at += size;
	}
	return DROP_NONE;
}

enum drop
mutable_zero(uint8_t *hdr, uint32_t hdr_len, uint8_t family)
{
	return family == ADDR_V4 ? ip4_zero(hdr, hdr_len) : ip6_zero(hdr, hdr_len);
}
