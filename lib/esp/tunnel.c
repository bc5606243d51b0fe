/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tunnel.c - outer headers: DSCP, ECN, DF, TTL, identification.
 *
 * The inner TTL is not touched here: the kernel that routes a packet into a unit has lowered it
 * already. Called by out.c and in.c on the worker's thread.
 */
#include "lib/esp/tunnel.h"

#include "lib/esp/csum.h"
#include "lib/esp/pkt.h"
#include "lib/esp/sa_priv.h"

enum {
	ECN_NOT = 0,
	ECN_ECT1 = 1,
	ECN_ECT0 = 2,
	ECN_CE = 3,
	ECN_REFUSED = 0xff,
};

enum drop
tunnel_tos_in(uint8_t outer_tos, uint8_t inner_tos, uint8_t *out)
{
	/* RFC 6040 figure 4: rows inner, columns outer */
	static const uint8_t ecn[4][4] = {
		[ECN_NOT] = { ECN_NOT, ECN_NOT, ECN_NOT, ECN_REFUSED },
		[ECN_ECT1] = { ECN_ECT1, ECN_ECT1, ECN_ECT1, ECN_CE },
		[ECN_ECT0] = { ECN_ECT0, ECN_ECT1, ECN_ECT0, ECN_CE },
		[ECN_CE] = { ECN_CE, ECN_CE, ECN_CE, ECN_CE },
	};
	uint8_t value = ecn[inner_tos & TUNNEL_ECN_MASK][outer_tos & TUNNEL_ECN_MASK];
	if (value == ECN_REFUSED)
		return DROP_ECN;
	*out = (uint8_t)((inner_tos & ~TUNNEL_ECN_MASK) | value);
	return DROP_NONE;
}

void
tunnel_outer_build(
    uint16_t *id, const struct sa *sa, const struct ip_hdr *inner, uint32_t total_len, uint8_t *out)
{
	if (sa->outer_len == IP4_LEN) {
		*id = tunnel_id_next(*id);
		tunnel_outer4_build(*id, sa, inner, total_len, out);
		return;
	}
	memcpy(out, sa->outer, IP6_LEN);
	ip_tos_set(out, ADDR_V6, tunnel_tos_out(sa->tos, inner->tos));
	put16(out + IP6_PAYLOAD, total_len - IP6_LEN);
	if (sa->lead_len == sa->outer_len)
		return;
	uint8_t *udp = out + sa->outer_len;
	memcpy(udp, sa->outer + sa->outer_len, UDP_LEN);
	put16(udp + UDP_LENGTH, total_len - sa->outer_len);
}

void
tunnel_outer_facts(const struct sa *sa, const struct ip_hdr *inner, struct pkt_outer *out)
{
	bool is_v4 = sa->outer_len == IP4_LEN;
	uint8_t family = is_v4 ? ADDR_V4 : ADDR_V6;
	const uint8_t *udp = sa->outer + sa->outer_len;
	*out = (struct pkt_outer){
		.src = ip_src(sa->outer, family),
		.dst = ip_dst(sa->outer, family),
		.src_port = get16(udp),
		.dst_port = get16(udp + UDP_DPORT),
		.tos = tunnel_tos_out(sa->tos, inner->tos),
		.ttl = sa->outer[is_v4 ? IP4_TTL : IP6_HOPS],
		.df = is_v4 && tunnel_outer_df(sa, inner),
	};
}

void
tunnel_udp_sum(uint8_t *outer, uint32_t total_len)
{
	uint8_t *udp = outer + IP6_LEN;
	uint8_t pseudo[8] = { 0 }; /* what RFC 8200 s8.1 puts behind the addresses */
	put32(pseudo, total_len - IP6_LEN);
	pseudo[7] = PROTO_UDP;
	put16(udp + UDP_SUM, 0);
	uint64_t acc = ip_sum_add(0, outer + IP6_SRC, 32);
	acc = ip_sum_add(acc, pseudo, sizeof(pseudo));
	acc = csum_add(acc, udp, total_len - IP6_LEN);
	uint16_t sum = ip_sum_fold(acc);
	put16(udp + UDP_SUM, sum != 0 ? sum : 0xffff); /* 0 would mean: none */
}
