/* SPDX-License-Identifier: BSD-2-Clause
 *
 * in.c - the inbound path: an ESP or AH packet becomes the packet that was protected.
 *
 * in_burst -> in_prepare: packet_parse (outer header, SPI) -> sad_find_burst -> packet_prepare (lengths,
 * replay, what to compute); -> job_crypt -> in_finish: packet_finish (ICV, replay window, trailer, then tunnel_open or
 * transport_open). The SA table is prefetched for the whole burst before it is read. What was
 * decrypted is not looked at before the ICV was found right. Worker's thread. RFC 4303 s3.4, RFC
 * 4302 s3.4, RFC 4301 s5.2.
 */
#include "lib/esp/in.h"

#include <assert.h>

#include "lib/esp/mutable.h"
#include "lib/esp/pkt.h"
#include "lib/esp/sa_priv.h"
#include "lib/esp/sad.h"
#include "lib/esp/tunnel.h"
#include "lib/esp/worker_priv.h"

/* What the outer header says. */
struct outer {
	const uint8_t *src; /* its addresses, where they are */
	const uint8_t *dst;
	uint32_t around;   /* octets of it that are not in the buffer */
	uint32_t off;      /* of ESP or AH */
	uint16_t udp_port; /* where a UDP header ahead of ESP says that it goes; 0: there is none */
	uint32_t nh_at;    /* the octet that names it */
	uint8_t family;
	uint8_t tos;
};

static void
packet_drop(struct pkt *p, enum drop reason)
{
	p->verdict = (uint8_t)reason;
	if (p->sa != NULL)
		sa_count_drop(p->sa, reason);
}

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
bare_parse(const struct pkt *p, struct outer *out, struct sad_key *key)
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
		.family = family,
		.tos = o->tos,
	};
	sad_key_init(key, spi, PROTO_ESP, family, out->dst);
	return DROP_NONE;
}

static enum drop
packet_parse(struct pkt *p, struct outer *out, struct sad_key *key)
{
	const uint8_t *data = pkt_data(p);
	if (p->outer != NULL)
		return bare_parse(p, out, key);
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
	uint32_t spi = get32(data + off + (proto == PROTO_ESP ? 0 : 4));
	out->src = data + (h.family == ADDR_V4 ? IP4_SRC : IP6_SRC);
	out->dst = data + (h.family == ADDR_V4 ? IP4_DST : IP6_DST);
	out->around = 0;
	sad_key_init(key, spi, proto, h.family, out->dst);
	out->off = off;
	out->nh_at = nh_at;
	out->family = h.family;
	out->tos = h.tos;
	return DROP_NONE;
}

/* Says why no SA was found. */
static enum drop
sa_missing(const struct sad *sad, const uint8_t *dst, const struct sad_key *key)
{
	struct sad_key other;
	struct sad_key strays;
	if (sad_is_elsewhere(sad, key))
		return DROP_ELSEWHERE;
	uint8_t proto = key->proto == PROTO_ESP ? PROTO_AH : PROTO_ESP;
	sad_key_init(&other, key->spi, proto, key->family, dst);
	if (sad_find(sad, &other) != NULL)
		return DROP_SA_PROTOCOL;
	sad_key_init(&strays, SAD_STRAYS, 0, key->family, dst);
	if (sad_is_elsewhere(sad, &other) || sad_is_elsewhere(sad, &strays))
		return DROP_ELSEWHERE;
	return DROP_NO_SA;
}

/* Parses the outer headers of a burst and finds the SAs, which are being loaded afterwards. */
static void
burst_lookup(const struct sad *sad, struct pkt **pkts, struct outer *outers, size_t n)
{
	struct sad_key keys[ESP_BURST_MAX];
	struct sa *sas[ESP_BURST_MAX];
	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		struct pkt *p = pkts[i];
		p->family = 0;
		keys[i] = (struct sad_key){ 0 };
		p->verdict = (uint8_t)packet_parse(p, &outers[i], &keys[i]);
	}
	sad_find_burst(sad, keys, sas, n);
	for (size_t i = 0; i < n; i++) {
		struct pkt *p = pkts[i];
		p->sa = sas[i];
		if (p->sa != NULL)
			sa_prefetch(p->sa);
		else if (p->verdict == DROP_NONE)
			p->verdict = (uint8_t)sa_missing(sad, outers[i].dst, &keys[i]);
	}
}

/* Notes the AH: its ICV, the header ahead as it came, and the form of both that the ICV covers. */
static enum drop
ah_prepare(struct pkt *p, const struct outer *o, struct burst_item *it)
{
	const struct sa *sa = p->sa;
	uint8_t *start = pkt_data(p);
	uint8_t *ah = start + o->off;
	uint32_t ah_len = (ah[1] + 2U) * 4;
	/* IPv4: some senders pad to 8 octets as in IPv6 */
	if (ah_len != sa_ah_len(sa, o->family == ADDR_V6) && ah_len != sa_ah_len(sa, true))
		return DROP_AH_LENGTH;
	if (p->len - o->off < ah_len)
		return DROP_TRUNCATED;
	if (o->off > sizeof(it->hdr))
		return DROP_OPTION;
	if (p->len > BURST_LEN_MAX)
		return DROP_TOO_LONG;
	if (sa->has_esp && ah[0] != PROTO_ESP)
		return DROP_BUNDLE;
	it->seq = get32(ah + 8);
	it->ah_next = ah[0];
	it->ipsec_len = ah_len;
	ip_hdr_copy(it->hdr, start, o->off);
	it->hdr_saved = (uint16_t)o->off;
	it->hash_at = start;
	it->hash_len = p->len;
	memcpy(it->icv_got, ah + AH_ICV_AT, BURST_ICV_MAX); /* those beyond do not matter */
	memset(ah + AH_ICV_AT, 0, sa->ah_icv_len);
	return mutable_zero(start, o->off, o->family);
}

/* Notes the ESP that starts OFF octets into the packet. */
static enum drop
esp_prepare(struct pkt *p, uint32_t off, struct burst_item *it)
{
	const struct sa *sa = p->sa;
	uint8_t *esp = pkt_data(p) + off;
	uint32_t avail = p->len - off;
	uint32_t around = ESP_HDR_LEN + (uint32_t)sa->iv_len + sa->esp_icv_len;
	if (avail < around + sa->block_len)
		return DROP_TRUNCATED;
	uint32_t sealed = avail - around;
	if (sealed % sa->block_len != 0)
		return DROP_BLOCK_LENGTH;
	if (avail > BURST_LEN_MAX)
		return DROP_TOO_LONG;
	if (sa->has_ah) {
		if (get32(esp) != sa->esp_spi)
			return DROP_BUNDLE;
	} else {
		it->seq = get32(esp + 4);
		it->hash_at = esp;
		it->hash_len = sa->esp_icv_len > 0 ? avail - sa->esp_icv_len : 0;
		if (sa->is_aead)
			it->icv_out = esp + avail - sa->esp_icv_len;
		else
			memcpy(it->icv_got, esp + avail - sa->esp_icv_len, BURST_ICV_MAX);
	}
	it->iv = esp + ESP_HDR_LEN;
	it->cipher_at = esp + ESP_HDR_LEN + sa->iv_len;
	it->cipher_len = sa->iv_len > 0 ? sealed : 0;
	it->ipsec_len += ESP_HDR_LEN + (uint32_t)sa->iv_len;
	it->sealed_len = sealed;
	return DROP_NONE;
}

static enum drop
packet_prepare(struct pkt *p, const struct outer *o, struct burst_item *it)
{
	struct sa *sa = p->sa;
	if (o->udp_port != sa->udp_port)
		return DROP_ENCAPSULATION;
	if (sa->checks_source && (o->family != sa->source_family ||
				     !ip_words_eq(ip_words(o->src, o->family), sa->source)))
		return DROP_OUTER_SOURCE;
	it->pkt = p;
	it->sa = sa;
	it->is_encrypt = false;
	it->icv_out = it->icv;
	it->hash_len = 0;
	it->cipher_len = 0;
	it->ipsec_len = 0;
	it->hdr_saved = 0;
	it->hdr_len = o->off;
	it->around = o->around;
	it->nh_at = o->nh_at;
	it->family = o->family;
	it->tos = o->tos;
	enum drop verdict = DROP_NONE;
	if (sa->has_ah)
		verdict = ah_prepare(p, o, it);
	if (verdict == DROP_NONE && sa->has_esp)
		verdict = esp_prepare(p, o->off + it->ipsec_len, it);
	if (verdict == DROP_NONE)
		verdict = replay_check(&sa->replay, it->seq);
	return verdict;
}

/* Compares without an early exit, so that time tells nothing about the right value. */
static bool
icv_is_right(const struct burst_item *it)
{
	if (it->sa->is_aead)
		return it->is_genuine;
	uint64_t got[2];
	uint64_t want[2];
	memcpy(got, it->icv_got, sizeof(got));
	memcpy(want, it->icv, sizeof(want));
	const uint64_t *mask = it->sa->icv_mask;
	return (((got[0] ^ want[0]) & mask[0]) | ((got[1] ^ want[1]) & mask[1])) == 0;
}

/* Reads the ESP trailer: NEXT is the next header, *LEN the octets of the body without padding. */
static enum drop
trailer_read(const uint8_t *body, uint32_t sealed_len, uint32_t *len, uint8_t *next)
{
	uint32_t pad_len = body[sealed_len - 2];
	if (pad_len > sealed_len - 2)
		return DROP_PAD;
	const uint8_t *pad = body + sealed_len - 2 - pad_len;
	for (uint32_t i = 0; i < pad_len; i++)
		if (pad[i] != (uint8_t)(i + 1))
			return DROP_PAD;
	*len = sealed_len - 2 - pad_len;
	*next = body[sealed_len - 1];
	return DROP_NONE;
}

static enum drop
selectors_check(const struct sa *sa, const uint8_t *data, uint8_t family)
{
	if (!sa->checks_selectors)
		return DROP_NONE;
	const struct prefix *src = &sa->params.selector_src;
	const struct prefix *dst = &sa->params.selector_dst;
	if (src->addr.family != ADDR_NONE && !prefix_has(*src, ip_src(data, family)))
		return DROP_SELECTOR;
	if (dst->addr.family != ADDR_NONE && !prefix_has(*dst, ip_dst(data, family)))
		return DROP_SELECTOR;
	return DROP_NONE;
}

/* P is the inner packet, perhaps followed by padding against traffic analysis (RFC 4303 s2.7). */
static enum drop
tunnel_open(struct pkt *p, uint8_t next, uint8_t outer_tos)
{
	uint8_t *data = pkt_data(p);
	struct ip_hdr h;
	if (next != PROTO_IPIP && next != PROTO_IPV6)
		return DROP_NEXT_HEADER;
	enum drop verdict = ip_read(data, p->len, &h);
	if (verdict != DROP_NONE)
		return verdict;
	if (h.family != (next == PROTO_IPIP ? ADDR_V4 : ADDR_V6))
		return DROP_INNER_HEADER;
	p->len = h.total_len;
	p->family = h.family;
	uint8_t tos;
	verdict = tunnel_tos_in(outer_tos, h.tos, &tos);
	if (verdict != DROP_NONE)
		return verdict;
	if (tos != h.tos)
		ip_tos_set(data, h.family, tos);
	return DROP_NONE;
}

/* P is the payload; puts the header that was in front of ESP or AH back in front of it. */
static enum drop
transport_open(struct pkt *p, uint8_t next, const struct burst_item *it)
{
	const uint8_t *hdr = it->hdr_saved > 0 ? it->hdr : p->buf + it->start;
	uint8_t *data = pkt_data(p) - it->hdr_len;
	memmove(data, hdr, it->hdr_len);
	p->off -= it->hdr_len;
	p->len += it->hdr_len;
	p->family = it->family;
	data[it->nh_at] = next;
	if (it->family == ADDR_V4) {
		put16(data + IP4_TOTAL, p->len);
		ip4_sum_set(data, it->hdr_len);
	} else {
		put16(data + IP6_PAYLOAD, p->len - IP6_LEN);
	}
	return DROP_NONE;
}

static enum drop
packet_open(struct burst_item *it)
{
	struct pkt *p = it->pkt;
	struct sa *sa = it->sa;
	if (!it->is_done)
		return DROP_ENGINE;
	if (sa->has_icv && !icv_is_right(it))
		return sa->has_ah ? DROP_AH_AUTH : DROP_ESP_AUTH;
	enum drop verdict = replay_accept(&sa->replay, it->seq);
	if (verdict != DROP_NONE)
		return verdict;
	atomic_store_explicit(&sa->seq, sa->replay.top, memory_order_relaxed);

	uint32_t ahead = it->hdr_len + it->ipsec_len;
	uint8_t next = it->ah_next;
	uint32_t len = p->len - ahead;
	if (sa->has_esp) {
		verdict = trailer_read(pkt_data(p) + ahead, it->sealed_len, &len, &next);
		if (verdict != DROP_NONE)
			return verdict;
	}
	if (next == PROTO_NONE && sa->has_esp)
		return DROP_DUMMY; /* RFC 4303 s2.6; AH knows no dummies */
	it->start = p->off;
	p->off += ahead;
	p->len = len;
	if (sa->is_tunnel)
		verdict = tunnel_open(p, next, it->tos);
	else
		verdict = transport_open(p, next, it);
	if (verdict != DROP_NONE)
		return verdict;
	return selectors_check(sa, pkt_data(p), p->family);
}

static void
packet_finish(struct burst_item *it)
{
	struct pkt *p = it->pkt;
	uint32_t outer_len = it->around + p->len;
	enum drop verdict = packet_open(it);
	p->verdict = (uint8_t)verdict;
	if (verdict == DROP_NONE || verdict == DROP_DUMMY)
		sa_count_packet(it->sa, outer_len);
	else
		sa_count_drop(it->sa, verdict);
}

void
in_prepare(
    struct esp_worker *w, const struct sad *sad, struct esp_job *job, struct pkt **pkts, size_t n)
{
	struct outer outers[ESP_BURST_MAX];
	(void)w;
	assert(n <= ESP_BURST_MAX);
	job->burst.n = 0;
	burst_lookup(sad, pkts, outers, n);
	for (size_t i = 0; i < n; i++) {
		if (pkts[i]->verdict != DROP_NONE)
			continue;
		enum drop verdict = packet_prepare(pkts[i], &outers[i], burst_next(&job->burst));
		if (verdict != DROP_NONE) {
			job->burst.n--;
			packet_drop(pkts[i], verdict);
		}
	}
}

void
in_finish(struct esp_worker *w, struct esp_job *job)
{
	(void)w;
	for (unsigned i = 0; i < job->burst.n; i++)
		packet_finish(&job->burst.items[i]);
	job->burst.n = 0;
}

void
in_burst(struct esp_worker *w, const struct sad *sad, struct pkt **pkts, size_t n)
{
	in_prepare(w, sad, &w->job, pkts, n);
	job_crypt(w, &w->job);
	in_finish(w, &w->job);
}
