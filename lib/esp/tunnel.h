/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tunnel.h - what an outer header takes from the inner one, and gives back to it.
 *
 * Private to lib/esp. Any thread. RFC 4301 s5.1.2, RFC 6040.
 */
#ifndef TUNNEL_H
#define TUNNEL_H

#include <stdint.h>

#include "lib/esp/drop.h"
#include "lib/esp/ip.h"
#include "lib/esp/sa_priv.h"

struct pkt_outer;

enum { TUNNEL_ECN_MASK = 3 };

/* The TOS octet of the outer header: DSCP from CONFIGURED, or from inside if that is SA_TOS_COPY;
 * ECN always from inside (RFC 6040 s4.1, normal mode). */
static inline uint8_t
tunnel_tos_out(int configured, uint8_t inner_tos)
{
	if (configured < 0)
		return inner_tos;
	return (uint8_t)((configured & ~TUNNEL_ECN_MASK) | (inner_tos & TUNNEL_ECN_MASK));
}

/* Does the outer IPv4 header say "do not fragment"? */
static inline bool
tunnel_outer_df(const struct sa *sa, const struct ip_hdr *inner)
{
	uint8_t df = atomic_load_explicit(&sa->df, memory_order_relaxed);
	return df == SA_DF_SET || (df != SA_DF_CLEAR && inner->df);
}

/* The TOS octet of the inner packet after decapsulation (RFC 6040 s4.2): DROP_NONE, or DROP_ECN
 * when a router signalled congestion and the transport inside would not understand it. */
enum drop tunnel_tos_in(uint8_t outer_tos, uint8_t inner_tos, uint8_t *out);

/* Writes SA's outer headers, for a packet of TOTAL_LEN octets with them, around INNER; *ID is the identification of the
 * last one and becomes that of this one (IPv4). A UDP header gets no checksum. */
void tunnel_outer_build(uint16_t *id, const struct sa *sa, const struct ip_hdr *inner,
    uint32_t total_len, uint8_t *out);

/* The identification that follows ID. The kernel replaces 0 by its own, which would break the ICV of an AH and tear the
 * fragments of one packet apart. */
static inline uint16_t
tunnel_id_next(uint16_t id)
{
	return id == UINT16_MAX ? 1 : (uint16_t)(id + 1);
}

/* tunnel_outer_build() for IPv4 outside, with this identification: three stores, and the sum of what changes. */
static inline void
tunnel_outer4_build(
    uint16_t id, const struct sa *sa, const struct ip_hdr *inner, uint32_t total_len, uint8_t *out)
{
	uint32_t first = 0x45U | (uint32_t)tunnel_tos_out(sa->tos, inner->tos) << 8;
	uint32_t len_be = __builtin_bswap16((uint16_t)total_len);
	uint32_t id_be = __builtin_bswap16(id);
	uint32_t df_be = tunnel_outer_df(sa, inner) ? __builtin_bswap16(IP4_DF) : 0;
	uint32_t sum = sa->outer_sum + first + len_be + id_be + df_be;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	uint64_t a = first | len_be << 16 | (uint64_t)(id_be | df_be << 16) << 32;
	uint32_t b;
	memcpy(&b, sa->outer + IP4_TTL, sizeof(b));
	b |= (uint32_t)(uint16_t)~sum << 16;
	memcpy(out, &a, sizeof(a));
	memcpy(out + IP4_TTL, &b, sizeof(b));
	memcpy(out + IP4_SRC, sa->outer + IP4_SRC, 8);
	if (sa->lead_len == IP4_LEN)
		return;
	memcpy(out + IP4_LEN, sa->outer + IP4_LEN, UDP_LEN);
	put16(out + IP4_LEN + UDP_LENGTH, total_len - IP4_LEN);
}

/* What of these headers a UDP socket must be told. */
void tunnel_outer_facts(const struct sa *sa, const struct ip_hdr *inner, struct pkt_outer *out);

/* Puts the checksum into the UDP header behind an IPv6 header; all of TOTAL_LEN octets is written. Receivers that follow
 * RFC 8200 discard a packet without one, while RFC 3948 wants none in IPv4. */
void tunnel_udp_sum(uint8_t *outer, uint32_t total_len);

#endif
