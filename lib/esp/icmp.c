/* SPDX-License-Identifier: BSD-2-Clause
 *
 * icmp.c - builds ICMP and ICMPv6 errors.
 *
 * icmp_too_big, icmp_time_exceeded -> is_allowed (may this packet cause an error?) -> build4,
 * build6. The error quotes as much of its cause as fits 576 octets (IPv4, RFC 1812 s4.3.2.3) or
 * 1,280 octets (IPv6, RFC 4443 s2.4c). Called by the data plane on the worker that owns both
 * packets.
 */
#include "lib/esp/icmp.h"

#include "lib/esp/flow.h"
#include "lib/esp/ip.h"
#include "lib/esp/pkt.h"

enum {
	ICMP_LEN = 8,
	ERROR4_MAX = 576,
	ERROR6_MAX = 1280,
	ERROR_TTL = 64,
	ERROR_TOS = 0xc0, /* internetwork control, RFC 1812 s4.3.2.5 */

	ICMP4_UNREACHABLE = 3,
	ICMP4_FRAG_NEEDED = 4,
	ICMP4_QUENCH = 4,
	ICMP4_REDIRECT = 5,
	ICMP4_TIME_EXCEEDED = 11,
	ICMP4_PARAMETER = 12,
	ICMP6_TOO_BIG = 2,
	ICMP6_TIME_EXCEEDED = 3,
	ICMP6_INFO = 128, /* types below are errors */
	ICMP6_REDIRECT = 137,
};

struct error {
	uint8_t type;
	uint8_t code;
	uint32_t rest; /* the second word of the ICMP header */
};

static bool
is_icmp_error(const struct pkt *cause, const struct flow *f)
{
	uint8_t icmp = f->family == ADDR_V4 ? PROTO_ICMP : PROTO_ICMP6;
	if (f->proto != icmp)
		return false;
	if (f->total_len <= f->hdr_len)
		return true; /* its type cannot be read */
	uint8_t type = pkt_data(cause)[f->hdr_len];
	if (f->family == ADDR_V6)
		return type < ICMP6_INFO || type == ICMP6_REDIRECT;
	return type == ICMP4_UNREACHABLE || type == ICMP4_QUENCH || type == ICMP4_REDIRECT ||
	       type == ICMP4_TIME_EXCEEDED || type == ICMP4_PARAMETER;
}

/* An address of one host: not unspecified, multicast, broadcast, loopback or class E. */
static bool
is_host(struct addr a)
{
	if (addr_is_any(a) || addr_is_multicast(a))
		return false;
	if (a.family == ADDR_V6) {
		static const uint8_t loopback[16] = { [15] = 1 };
		return memcmp(a.b, loopback, sizeof(loopback)) != 0;
	}
	return a.b[0] != 0 && a.b[0] != 127 && a.b[0] < 240;
}

/* MULTICAST_IS_FINE: packet too big may be sent about a multicast packet (RFC 4443 s2.4 e.3). */
static bool
is_allowed(const struct pkt *cause, struct addr src, bool multicast_is_fine, struct flow *f)
{
	if (flow_parse(pkt_data(cause), cause->len, f) != DROP_NONE)
		return false;
	if (!f->is_first || is_icmp_error(cause, f))
		return false;
	if (!is_host(f->src) || src.family != f->family || addr_is_any(src))
		return false;
	if (f->family == ADDR_V6 && multicast_is_fine && addr_is_multicast(f->dst))
		return true;
	return is_host(f->dst);
}

static void
build4(
    const struct pkt *cause, const struct flow *f, struct addr src, struct error e, struct pkt *out)
{
	uint32_t quote = f->total_len;
	if (quote > ERROR4_MAX - IP4_LEN - ICMP_LEN)
		quote = ERROR4_MAX - IP4_LEN - ICMP_LEN;
	uint32_t total = IP4_LEN + ICMP_LEN + quote;
	uint8_t *ip = pkt_data(out);
	uint8_t *icmp = ip + IP4_LEN;
	memset(ip, 0, IP4_LEN + ICMP_LEN);
	ip[0] = 0x45;
	ip[IP4_TOS] = ERROR_TOS;
	put16(ip + IP4_TOTAL, total);
	put16(ip + IP4_FRAG, IP4_DF); /* atomic: needs no identification (RFC 6864) */
	ip[IP4_TTL] = ERROR_TTL;
	ip[IP4_PROTO] = PROTO_ICMP;
	memcpy(ip + IP4_SRC, src.b, 4);
	memcpy(ip + IP4_DST, f->src.b, 4);
	ip4_sum_set(ip, IP4_LEN);
	icmp[0] = e.type;
	icmp[1] = e.code;
	put32(icmp + 4, e.rest);
	memcpy(icmp + ICMP_LEN, pkt_data(cause), quote);
	put16(icmp + 2, ip_sum(icmp, ICMP_LEN + quote));
	out->len = total;
	out->family = ADDR_V4;
}

static void
build6(
    const struct pkt *cause, const struct flow *f, struct addr src, struct error e, struct pkt *out)
{
	uint32_t quote = f->total_len;
	if (quote > ERROR6_MAX - IP6_LEN - ICMP_LEN)
		quote = ERROR6_MAX - IP6_LEN - ICMP_LEN;
	uint32_t payload = ICMP_LEN + quote;
	uint8_t *ip = pkt_data(out);
	uint8_t *icmp = ip + IP6_LEN;
	memset(ip, 0, IP6_LEN + ICMP_LEN);
	ip[0] = 0x60;
	put16(ip + IP6_PAYLOAD, payload);
	ip[IP6_NEXT] = PROTO_ICMP6;
	ip[IP6_HOPS] = ERROR_TTL;
	memcpy(ip + IP6_SRC, src.b, 16);
	memcpy(ip + IP6_DST, f->src.b, 16);
	icmp[0] = e.type;
	icmp[1] = e.code;
	put32(icmp + 4, e.rest);
	memcpy(icmp + ICMP_LEN, pkt_data(cause), quote);
	/* RFC 8200 s8.1: addresses, length and protocol count, too */
	uint8_t pseudo[8] = { 0, 0, (uint8_t)(payload >> 8), (uint8_t)payload, 0, 0, 0,
		PROTO_ICMP6 };
	uint64_t acc = ip_sum_add(0, ip + IP6_SRC, 32);
	acc = ip_sum_add(acc, pseudo, sizeof(pseudo));
	acc = ip_sum_add(acc, icmp, payload);
	put16(icmp + 2, ip_sum_fold(acc));
	out->len = IP6_LEN + payload;
	out->family = ADDR_V6;
}

bool
icmp_too_big(const struct pkt *cause, struct addr src, uint32_t mtu, struct pkt *out)
{
	struct flow f;
	if (!is_allowed(cause, src, true, &f))
		return false;
	if (f.family == ADDR_V6) {
		build6(cause, &f, src, (struct error){ .type = ICMP6_TOO_BIG, .rest = mtu }, out);
		return true;
	}
	build4(cause, &f, src,
	    (struct error){
		.type = ICMP4_UNREACHABLE,
		.code = ICMP4_FRAG_NEEDED,
		.rest = mtu > 0xffff ? 0xffff : mtu,
	    },
	    out);
	return true;
}

bool
icmp_time_exceeded(const struct pkt *cause, struct addr src, struct pkt *out)
{
	struct flow f;
	if (!is_allowed(cause, src, false, &f))
		return false;
	if (f.family == ADDR_V6)
		build6(cause, &f, src, (struct error){ .type = ICMP6_TIME_EXCEEDED }, out);
	else
		build4(cause, &f, src, (struct error){ .type = ICMP4_TIME_EXCEEDED }, out);
	return true;
}
