/* SPDX-License-Identifier: BSD-2-Clause
 *
 * outer.c - reads the headers outside of protected packets and finds their SAs.
 *
 * A packet has its headers with it, or, from a UDP socket, beside it. The SA table is prefetched for the whole burst before it
 * is read. Worker's thread. RFC 4303 s3.4.2, RFC 4302 s3.4.2, RFC 3948 s2.
 */
#include "lib/esp/outer.h"

#include "lib/esp/pkt.h"
#include "lib/esp/sa_priv.h"
#include "lib/esp/worker.h"

/* Steps over the UDP header *OFF octets into the packet. What is not ESP there (RFC 3948 s2.2: a non-ESP marker, a
 * NAT keepalive) should not have come here. The checksum means nothing: ESP has a better one. */
static enum drop
udp_skip(struct pkt *p, uint32_t *off, uint16_t *out_port)
{
	const uint8_t *udp = pkt_data(p) + *off;
	uint32_t avail = p->len - *off;
	if (avail < UDP_LEN)
		return DROP_TRUNCATED;
	uint32_t len = get16(udp + UDP_LENGTH);
	if (len > avail || len < UDP_LEN + ESP_HDR_LEN)
		return DROP_TRUNCATED;
	uint16_t port = get16(udp + UDP_DPORT);
	if (port == 0 || get32(udp + UDP_LEN) == 0)
		return DROP_OUTER_PROTOCOL;
	p->len = *off + len;
	*off += UDP_LEN;
	*out_port = port;
	return DROP_NONE;
}

/* The packet came through a UDP socket: its headers are beside it. */
static enum drop
bare_parse(const struct pkt *p, struct outer *out)
{
	const struct pkt_outer *o = p->outer;
	uint8_t family = o->dst.family;
	if (family == ADDR_NONE || o->src.family != family)
		return DROP_OUTER_HEADER;
	if (p->len < ESP_HDR_LEN)
		return DROP_TRUNCATED;
	uint32_t spi = get32(pkt_data(p));
	if (o->dst_port == 0 || spi == 0)
		return DROP_OUTER_PROTOCOL;
	*out = (struct outer){
		.src = o->src.b,
		.dst = o->dst.b,
		.around = (family == ADDR_V4 ? (uint32_t)IP4_LEN : (uint32_t)IP6_LEN) + UDP_LEN,
		.udp_port = o->dst_port,
		.spi = spi,
		.proto = PROTO_ESP,
		.family = family,
		.tos = o->tos,
	};
	return DROP_NONE;
}

enum drop
outer_parse(struct pkt *p, struct outer *out)
{
	const uint8_t *data = pkt_data(p);
	if (p->outer != NULL)
		return bare_parse(p, out);
	struct ip_hdr h;
	if (ip_read(data, p->len, &h) != DROP_NONE)
		return DROP_OUTER_HEADER;
	p->len = h.total_len;
	uint8_t proto = h.proto;
	uint32_t off = h.hdr_len;
	uint32_t nh_at = IP4_PROTO;
	if (h.is_fragment)
		return DROP_OUTER_FRAGMENT;
	if (h.family == ADDR_V6) {
		struct ip6_chain c;
		enum drop verdict = ip6_walk(data, p->len, &c);
		if (verdict != DROP_NONE)
			return verdict == DROP_OPTION ? DROP_OPTION : DROP_OUTER_HEADER;
		if (c.frag_at != 0)
			return DROP_OUTER_FRAGMENT;
		off = c.off;
		nh_at = c.nh_at;
		proto = c.proto;
	}
	out->udp_port = 0;
	if (proto == PROTO_UDP) {
		enum drop verdict = udp_skip(p, &off, &out->udp_port);
		if (verdict != DROP_NONE)
			return verdict;
		proto = PROTO_ESP;
	}
	if (proto != PROTO_ESP && proto != PROTO_AH)
		return DROP_OUTER_PROTOCOL;
	if (p->len - off < (proto == PROTO_ESP ? ESP_HDR_LEN : AH_FIXED_LEN))
		return DROP_TRUNCATED;
	out->spi = get32(data + off + (proto == PROTO_ESP ? 0 : 4));
	out->proto = proto;
	out->src = data + (h.family == ADDR_V4 ? IP4_SRC : IP6_SRC);
	out->dst = data + (h.family == ADDR_V4 ? IP4_DST : IP6_DST);
	out->around = 0;
	out->off = off;
	out->nh_at = nh_at;
	out->family = h.family;
	out->tos = h.tos;
	return DROP_NONE;
}

/* Says why no SA was found. What came through a UDP socket nobody else has: the kernel gave it to us alone. */
static enum drop
sa_missing(const struct sad *sad, const uint8_t *dst, const struct sad_key *key, bool is_alone)
{
	struct sad_key other;
	struct sad_key strays;
	struct sad_key unclear;
	if (!is_alone && sad_is_elsewhere(sad, key))
		return DROP_ELSEWHERE;
	uint8_t proto = key->proto == PROTO_ESP ? PROTO_AH : PROTO_ESP;
	sad_key_init(&other, key->spi, proto, key->family, dst);
	if (sad_find(sad, &other) != NULL)
		return DROP_SA_PROTOCOL;
	if (is_alone)
		return DROP_NO_SA;
	sad_key_init(&strays, SAD_STRAYS, 0, key->family, dst);
	if (sad_is_elsewhere(sad, &other) || sad_is_elsewhere(sad, &strays))
		return DROP_ELSEWHERE;
	sad_key_init(&unclear, SAD_UNCLEAR, 0, key->family, dst);
	return sad_is_elsewhere(sad, &unclear) ? DROP_UNCLEAR : DROP_NO_SA;
}

/* Is P a packet like BEFORE, of the same message of a socket and of the same SA, so that all of O is true of it, too? */
static inline bool
is_alike(const struct pkt *p, const struct pkt *before, const struct outer *o)
{
	return p->outer != NULL && p->outer == before->outer && before->verdict == DROP_NONE &&
	       p->len >= ESP_HDR_LEN && get32(pkt_data(p)) == o->spi;
}

void
outer_lookup(const struct sad *sad, struct pkt **pkts, struct outer *outers, size_t n)
{
	struct sad_key keys[ESP_BURST_MAX];
	struct sa *sas[ESP_BURST_MAX];
	uint8_t of[ESP_BURST_MAX]; /* a packet's key: neighbours mostly have the same */
	size_t n_keys = 0;
	for (size_t i = 0; i < n; i++) {
		struct pkt *p = pkts[i];
		const struct outer *o = &outers[i];
		p->family = 0;
		p->sa = NULL;
		if (i > 0 && is_alike(p, pkts[i - 1], &outers[i - 1])) {
			p->verdict = DROP_NONE;
			outers[i] = outers[i - 1];
			of[i] = of[i - 1];
			continue;
		}
		p->verdict = (uint8_t)outer_parse(p, &outers[i]);
		if (p->verdict != DROP_NONE)
			continue;
		if (n_keys == 0 || !outer_has_key(o, &keys[n_keys - 1]))
			sad_key_init(&keys[n_keys++], o->spi, o->proto, o->family, o->dst);
		of[i] = (uint8_t)(n_keys - 1);
	}
	if (n_keys == 0)
		return;
	sad_find_burst(sad, keys, sas, n_keys);
	for (size_t i = 0; i < n_keys; i++)
		if (sas[i] != NULL)
			sa_prefetch(sas[i]);
	for (size_t i = 0; i < n; i++) {
		struct pkt *p = pkts[i];
		if (p->verdict != DROP_NONE)
			continue;
		p->sa = sas[of[i]];
		if (p->sa == NULL)
			p->verdict =
			    (uint8_t)sa_missing(sad, outers[i].dst, &keys[of[i]], p->outer != NULL);
	}
}
