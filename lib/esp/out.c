/* SPDX-License-Identifier: BSD-2-Clause
 *
 * out.c - the outbound path: a clear packet becomes an ESP or AH packet.
 *
 * out_burst -> out_prepare: packet_admit (header, size, DF, fragments) -> packet_seal (number, padding,
 * headers, IV); -> job_crypt -> out_finish: packet_finish (header fields that AH left out; outer fragments).
 * Packets are sealed where they lie: the headers go into the headroom, the padding and the ICV
 * behind. Worker's thread. RFC 4303 s3.3, RFC 4302 s3.3, RFC 4301 s8.
 */
#include "lib/esp/out.h"

#include <assert.h>

#include "lib/esp/mutable.h"
#include "lib/esp/sa_priv.h"
#include "lib/esp/seal.h"
#include "lib/esp/split.h"
#include "lib/esp/tunnel.h"
#include "lib/esp/worker_priv.h"

enum {
	IP6_MTU_MIN = 1280, /* RFC 8200 s5: what every path carries */
	AHEAD = 4,          /* packets between loading an SA and using it */
	QUICK_MAX = 4,      /* few enough for all their octets to stay in the first level cache */
	QUICK_HDR_LEN = ESP_HDR_LEN + AEAD_IV_LEN,
};

/* Where an IPsec header goes and what it names. */
struct place {
	uint32_t hdr_len; /* headers that stay in front (transport mode), else 0 */
	uint32_t nh_at;   /* the octet in them that names what follows */
	uint8_t next;     /* next header of ESP or AH */
};

static void
packet_drop(struct pkt *p, enum drop reason)
{
	p->verdict = (uint8_t)reason;
	if (p->sa != NULL)
		sa_count_drop(p->sa, reason);
}

/* Tunnel mode: decides between sealing, fragmenting first, and telling the sender. */
static enum drop
tunnel_fit(struct esp_worker *w, struct pkt *p, struct ip_hdr *h)
{
	const struct sa *sa = p->sa;
	if (atomic_load_explicit(&sa->df, memory_order_relaxed) == SA_DF_CLEAR && h->df) {
		h->frag &= (uint16_t)~IP4_DF;
		h->df = false;
		ip4_frag_set(pkt_data(p), h->frag);
	}
	bool is_v6 = sa->outer_len == IP6_LEN;
	uint32_t limit = sa_limit(sa);
	if (sa_sealed_len(sa, 0, p->len, is_v6) <= limit)
		return DROP_NONE;
	uint32_t mtu = sa_body_max(sa, 0, limit, is_v6);
	if (h->family == ADDR_V4 && !h->df)
		return split(w->pool, p, mtu, 0);
	if (h->family == ADDR_V6 && mtu < IP6_MTU_MIN) {
		if (p->len <= IP6_MTU_MIN)
			return DROP_NONE; /* packet_finish() fragments the outer packet */
		mtu = IP6_MTU_MIN;
	}
	/* its sender has made fragments already; a report would make him send smaller ones, which join to the same packet */
	if (p->is_joined6)
		return split(w->pool, p, mtu, p->frag_id);
	p->mtu = mtu;
	return DROP_TOO_BIG;
}

/* Transport mode: a packet that is too big and may be fragmented is fragmented after sealing. */
static enum drop
transport_fit(struct pkt *p, const struct ip_hdr *h, const struct place *at)
{
	const struct sa *sa = p->sa;
	bool is_v6 = h->family == ADDR_V6;
	uint32_t limit = sa_limit(sa);
	if (sa_sealed_len(sa, at->hdr_len, p->len - at->hdr_len, is_v6) <= limit)
		return DROP_NONE;
	uint32_t mtu = at->hdr_len + sa_body_max(sa, at->hdr_len, limit, is_v6);
	if (is_v6 && mtu < IP6_MTU_MIN) {
		if (p->len <= IP6_MTU_MIN)
			return DROP_NONE;
		mtu = IP6_MTU_MIN;
	}
	if (is_v6 ? p->is_joined6 : !h->df)
		return DROP_NONE;
	p->mtu = mtu;
	return DROP_TOO_BIG;
}

static enum drop
transport_place(const struct pkt *p, const struct ip_hdr *h, struct place *out)
{
	const struct sa_params *params = &p->sa->params;
	const uint8_t *data = pkt_data(p);
	if (params->src.family != ADDR_NONE && !addr_eq(params->src, ip_src(data, h->family)))
		return DROP_FAMILY;
	if (params->dst.family != ADDR_NONE && !addr_eq(params->dst, ip_dst(data, h->family)))
		return DROP_FAMILY;
	if (h->family == ADDR_V4) {
		if (h->is_fragment)
			return DROP_TRANSPORT_FRAGMENT;
		*out =
		    (struct place){ .hdr_len = h->hdr_len, .nh_at = IP4_PROTO, .next = h->proto };
		return DROP_NONE;
	}
	struct ip6_chain c;
	enum drop verdict = ip6_walk(data, p->len, &c);
	if (verdict != DROP_NONE)
		return verdict;
	if (c.frag_at != 0)
		return DROP_TRANSPORT_FRAGMENT;
	if (c.is_source_routed)
		return DROP_OPTION;
	*out = (struct place){
		.hdr_len = c.ipsec_off,
		.nh_at = c.ipsec_nh_at,
		.next = data[c.ipsec_nh_at],
	};
	return DROP_NONE;
}

/* Everything that is decided before a sequence number is spent. May turn P into a chain. */
static enum drop
packet_admit(struct esp_worker *w, struct pkt *p, struct ip_hdr *h, struct place *at)
{
	if (p->sa == NULL)
		return DROP_NO_SA;
	if (p->sa->is_in)
		return DROP_WRONG_DIRECTION;
	if (p->gso != PKT_GSO_NONE)
		return DROP_TOO_LONG; /* it is many packets, and must be cut */
	enum drop verdict = ip_read(pkt_data(p), p->len, h);
	if (verdict != DROP_NONE)
		return verdict;
	p->len = h->total_len; /* octets behind it are padding of a link layer */
	if (p->sa->is_tunnel) {
		*at = (struct place){ .next = h->family == ADDR_V4 ? PROTO_IPIP : PROTO_IPV6 };
		return tunnel_fit(w, p, h);
	}
	verdict = transport_place(p, h, at);
	if (verdict != DROP_NONE)
		return verdict;
	return transport_fit(p, h, at);
}

/* Takes the next sequence number; false when they are used up. */
static bool
seq_next(struct sa *sa, uint32_t *out)
{
	uint32_t seq = atomic_load_explicit(&sa->seq, memory_order_relaxed);
	if (seq == UINT32_MAX) {
		if (!sa->seq_cycles)
			return false;
		seq = 0;
	}
	atomic_store_explicit(&sa->seq, seq + 1, memory_order_relaxed);
	*out = seq + 1;
	return true;
}

/* Writes the header in front of AH or ESP, of LEAD octets, at START. */
static void
lead_build(struct esp_worker *w, const struct pkt *p, const struct ip_hdr *h,
    const struct place *at, uint8_t *start, uint32_t total_len)
{
	const struct sa *sa = p->sa;
	if (sa->is_tunnel) {
		tunnel_outer_build(&w->ip4_id, sa, h, total_len, start);
		return;
	}
	memmove(start, pkt_data(p), at->hdr_len);
	start[at->nh_at] = sa->has_ah ? PROTO_AH : PROTO_ESP;
	if (h->family == ADDR_V4) {
		put16(start + IP4_TOTAL, total_len);
		ip4_sum_set(start, at->hdr_len);
	} else {
		put16(start + IP6_PAYLOAD, total_len - IP6_LEN);
	}
}

static void
ah_build(const struct sa *sa, uint8_t *ah, uint32_t ah_len, uint8_t next, uint32_t seq)
{
	ah[0] = next;
	ah[1] = (uint8_t)(ah_len / 4 - 2);
	put16(ah + 2, 0);
	put32(ah + 4, sa->key.spi);
	put32(ah + 8, seq);
	memset(ah + AH_ICV_AT, 0, ah_len - AH_ICV_AT);
}

/* Describes the AH computation: the whole packet, with the mutable fields of its header zero. */
static enum drop
ah_item(struct burst_item *it, uint8_t *start, uint32_t lead, uint32_t total_len, uint8_t family)
{
	if (lead > sizeof(it->hdr))
		return DROP_OPTION;
	ip_hdr_copy(it->hdr, start, lead);
	it->hdr_saved = (uint16_t)lead;
	it->hash_at = start;
	it->hash_len = total_len;
	it->icv_out = start + lead + AH_ICV_AT;
	return mutable_zero(start, lead, family);
}

/* CBC wants what nobody can foresee, a counter mode only what never came before (RFC 4106 s3.1). */
static inline void
iv_build(struct esp_worker *w, struct sa *sa, uint8_t *iv)
{
	if (sa->is_aead) {
		uint64_t n = sa->iv_next++;
		memcpy(iv, &n, sizeof(n));
	} else {
		/* two constants are cheaper than a variable */
		if (sa->iv_len == 16)
			iv_take(&w->iv, &w->engines, iv, 16);
		else
			iv_take(&w->iv, &w->engines, iv, 8);
	}
}

static enum drop
packet_seal(struct esp_worker *w, struct pkt *p, const struct ip_hdr *h, const struct place *at,
    struct burst_item *it)
{
	struct sa *sa = p->sa;
	uint8_t family = h->family;
	if (sa->is_tunnel)
		family = sa->outer_len == IP4_LEN ? ADDR_V4 : ADDR_V6;
	bool is_v6 = family == ADDR_V6;
	uint8_t *body = pkt_data(p) + at->hdr_len;
	uint32_t body_len = p->len - at->hdr_len;
	uint32_t lead = sa->is_tunnel ? sa->lead_len : at->hdr_len;
	uint32_t ah_len = sa_ah_len(sa, is_v6);
	uint32_t esp_len = sa->has_esp ? ESP_HDR_LEN + (uint32_t)sa->iv_len : 0;
	uint32_t total_len = sa_sealed_len(sa, at->hdr_len, body_len, is_v6);
	if (total_len > IP_TOTAL_MAX + (is_v6 ? IP6_LEN : 0U))
		return DROP_TOO_LONG;
	if (total_len - (sa->has_ah ? 0 : lead) > BURST_LEN_MAX)
		return DROP_TOO_LONG;
	uint8_t *esp = body - esp_len;
	uint8_t *start = esp - ah_len - lead;
	if (start < p->buf)
		return DROP_NO_BUFFER;
	uint32_t seq;
	if (!seq_next(sa, &seq))
		return DROP_SEQ_EXHAUSTED;

	it->pkt = p;
	it->sa = sa;
	it->is_encrypt = true;
	it->cipher_len = 0;
	it->hdr_saved = 0;
	if (sa->has_esp) {
		uint32_t sealed = trailer_build(sa, body, body_len, at->next);
		lead_build(w, p, h, at, start, total_len);
		put32(esp, sa->esp_spi);
		put32(esp + 4, seq);
		it->iv = esp + ESP_HDR_LEN;
		if (sa->iv_len > 0) {
			iv_build(w, sa, it->iv);
			it->cipher_at = body;
			it->cipher_len = sealed;
		}
		it->hash_at = esp;
		it->hash_len = sa->esp_icv_len > 0 ? esp_len + sealed : 0;
		it->icv_out = body + sealed;
	} else {
		lead_build(w, p, h, at, start, total_len);
	}
	p->off = (uint32_t)(start - p->buf);
	p->len = total_len;
	p->family = family;
	if (sa->is_tunnel && sa->lead_len != sa->outer_len)
		p->lead = sa->lead_len;
	if (!sa->has_ah)
		return DROP_NONE;
	ah_build(sa, start + lead, ah_len, sa->has_esp ? PROTO_ESP : at->next, seq);
	return ah_item(it, start, lead, total_len, family);
}

static void
packet_finish(struct esp_worker *w, struct burst_item *it, struct sa_run *run)
{
	struct pkt *p = it->pkt;
	if (!it->is_done) {
		packet_drop(p, DROP_ENGINE);
		return;
	}
	if (it->hdr_saved > 0)
		ip_hdr_copy(pkt_data(p), it->hdr, it->hdr_saved);
	if (it->sa->lead_len == IP6_LEN + UDP_LEN)
		tunnel_udp_sum(pkt_data(p), p->len);
	sa_run_add(run, it->sa, p->len);
	uint32_t limit = sa_limit(it->sa);
	if (p->len <= limit)
		return;
	enum drop verdict = split(w->pool, p, limit, w->ip6_id++);
	if (verdict != DROP_NONE)
		packet_drop(p, verdict);
}

void
out_finish(struct esp_worker *w, struct esp_job *job)
{
	struct sa_run run = { 0 };
	for (unsigned i = 0; i < job->burst.n; i++)
		packet_finish(w, &job->burst.items[i], &run);
	sa_run_end(&run);
	job->burst.n = 0;
}

static void
job_run(struct esp_worker *w, struct esp_job *job)
{
	job_crypt(w, job);
	out_finish(w, job);
}

static void
packet_out(struct esp_worker *w, struct esp_job *job, struct pkt *p)
{
	struct ip_hdr h;
	struct place at;
	p->verdict = DROP_NONE;
	p->family = 0;
	p->lead = 0;
	enum drop verdict = packet_admit(w, p, &h, &at);
	if (verdict != DROP_NONE) {
		packet_drop(p, verdict);
		return;
	}
	for (struct pkt *f = p; f != NULL;) {
		struct pkt *next = f->next;     /* finishing may put outer fragments behind f */
		if (burst_is_full(&job->burst)) /* only fragments can be so many */
			job_run(w, job);
		verdict = packet_seal(w, f, &h, &at, burst_next(&job->burst));
		if (verdict != DROP_NONE) {
			job->burst.n--;
			packet_drop(f, verdict);
		}
		f = next;
	}
}

void
out_prepare(struct esp_worker *w, struct esp_job *job, struct pkt **pkts, size_t n)
{
	assert(n <= ESP_BURST_MAX);
	job->burst.n = 0;
	for (size_t i = 0; i < n; i++) {
		if (i + AHEAD < n && pkts[i + AHEAD]->sa != NULL)
			sa_prefetch(pkts[i + AHEAD]->sa);
		packet_out(w, job, pkts[i]);
	}
}

/* A packet on the short way: everything is written but what the encryption changes. */
struct quick {
	_Alignas(16) uint8_t nonce[16];
	struct sa *sa;
	uint8_t *esp;
	uint32_t sealed;
};

/* Prepares the usual packet: ESP in tunnel mode around IPv4, fits, needs nothing changed. What comes out is what
 * packet_out() would have made, but that the IV is not written. False, with nothing done: packet_out() must. */
static inline bool
quick_prepare(struct esp_worker *w, struct pkt *p, struct quick *q, bool is_gcm)
{
	struct sa *sa = p->sa;
	struct ip_hdr h;
	uint8_t *body = pkt_data(p);
	if (ip_read(body, p->len, &h) != DROP_NONE)
		return false;
	/* of GCM the compiler knows them */
	uint32_t block = is_gcm ? 4 : sa->block_len;
	uint32_t esp_len = ESP_HDR_LEN + (is_gcm ? (uint32_t)AEAD_IV_LEN : sa->iv_len);
	uint32_t ahead = sa->lead_len + esp_len;
	uint32_t total_len = sa->around[0] + ((h.total_len + 2 + block - 1) & ~(block - 1));
	uint32_t seq = atomic_load_explicit(&sa->seq, memory_order_relaxed);
	if (total_len > sa_limit_now(sa) || seq == UINT32_MAX || p->off < ahead)
		return false;
	if (h.df && atomic_load_explicit(&sa->df, memory_order_relaxed) == SA_DF_CLEAR)
		return false;
	atomic_store_explicit(&sa->seq, seq + 1, memory_order_relaxed);
	uint8_t *esp = body - esp_len;
	put32(esp, sa->esp_spi);
	put32(esp + 4, seq + 1);
	q->sa = sa;
	q->esp = esp;
	q->sealed = trailer_build_of(
	    block, body, h.total_len, h.family == ADDR_V4 ? PROTO_IPIP : PROTO_IPV6);
	w->ip4_id = tunnel_id_next(w->ip4_id);
	tunnel_outer4_build(w->ip4_id, sa, &h, total_len, body - ahead);
	p->off -= ahead;
	p->len = total_len;
	p->verdict = DROP_NONE;
	p->family = ADDR_V4;
	p->lead = sa->lead_len != sa->outer_len ? sa->lead_len : 0;
	return true;
}

/* Makes an item of a prepared packet, for algorithms that go in bursts. */
static inline void
quick_item(struct esp_worker *w, struct pkt *p, const struct quick *q)
{
	struct sa *sa = q->sa;
	if (burst_is_full(&w->job.burst)) /* only fragments can be so many */
		job_run(w, &w->job);
	struct burst_item *it = burst_next(&w->job.burst);
	uint32_t esp_len = ESP_HDR_LEN + (uint32_t)sa->iv_len;
	it->pkt = p;
	it->sa = sa;
	it->is_encrypt = true;
	it->hdr_saved = 0;
	it->iv = q->esp + ESP_HDR_LEN;
	if (sa->iv_len > 0)
		iv_build(w, sa, it->iv);
	it->cipher_at = q->esp + esp_len;
	it->cipher_len = sa->iv_len > 0 ? q->sealed : 0;
	it->hash_at = q->esp;
	it->hash_len = sa->esp_icv_len > 0 ? esp_len + q->sealed : 0;
	it->icv_out = it->cipher_at + q->sealed;
}

static inline void
quick_crypt(struct esp_worker *w, const struct quick *q)
{
	uint8_t *body = q->esp + QUICK_HDR_LEN;
	engine_gcm(&w->engines, q->sa, q->nonce, q->esp, body, body, q->sealed, body + q->sealed);
}

void
out_burst(struct esp_worker *w, struct pkt **pkts, size_t n)
{
	struct sa_run run = { 0 };
	struct quick quick[QUICK_MAX]; /* a ring */
	size_t n_quick = 0;
	size_t n_done = 0;
	assert(n <= ESP_BURST_MAX);
	w->job.burst.n = 0;
	for (size_t i = 0; i < n; i++) {
		if (i + AHEAD < n && pkts[i + AHEAD]->sa != pkts[i]->sa &&
		    pkts[i + AHEAD]->sa != NULL)
			sa_prefetch(pkts[i + AHEAD]->sa);
		struct pkt *p = pkts[i];
		struct quick *q = &quick[n_quick % QUICK_MAX];
		struct sa *sa = p->sa;
		bool is_quick = sa != NULL && sa->is_quick && !sa->is_in;
		if (i > 0 && sa != pkts[i - 1]->sa && is_quick)
			engine_prefetch(&w->engines, sa); /* it is used QUICK_MAX packets later */
		if (is_quick && sa->gcm != NULL && quick_prepare(w, p, q, true)) {
			engine_iv_put(sa->iv_next++, sa, q->esp + ESP_HDR_LEN, q->nonce);
			sa_run_add(&run, sa, p->len);
			if (++n_quick - n_done == QUICK_MAX)
				quick_crypt(w, &quick[n_done++ % QUICK_MAX]);
		} else if (is_quick && sa->gcm == NULL && quick_prepare(w, p, q, false)) {
			quick_item(w, p, q);
		} else {
			packet_out(w, &w->job, p);
		}
	}
	while (n_done < n_quick)
		quick_crypt(w, &quick[n_done++ % QUICK_MAX]);
	sa_run_end(&run);
	job_run(w, &w->job);
}

/* Reads the headers in front of ESP in UDP. */
static void
outer_read(const uint8_t *ip, uint8_t family, const uint8_t *udp, struct pkt_outer *out)
{
	bool is_v4 = family == ADDR_V4;
	*out = (struct pkt_outer){
		.src = ip_src(ip, family),
		.dst = ip_dst(ip, family),
		.src_port = get16(udp),
		.dst_port = get16(udp + UDP_DPORT),
		.tos = is_v4 ? ip[IP4_TOS] : (uint8_t)(ip[0] << 4 | ip[1] >> 4),
		.ttl = ip[is_v4 ? IP4_TTL : IP6_HOPS],
		.df = is_v4 && (get16(ip + IP4_FRAG) & IP4_DF) != 0,
	};
}

bool
out_outer(const struct pkt *p, struct pkt_outer *out)
{
	const uint8_t *ip = pkt_data(p);
	if (p->lead == 0 || p->next != NULL)
		return false;
	outer_read(ip, p->family, ip + p->lead - UDP_LEN, out);
	return true;
}

enum drop
out_fragment(struct esp_worker *w, struct pkt *p, uint32_t mtu)
{
	struct ip_hdr h;
	if (ip_read(pkt_data(p), p->len, &h) != DROP_NONE)
		return DROP_OUTER_HEADER;
	if (h.total_len <= mtu)
		return DROP_NONE;
	if (h.df) {
		p->mtu = mtu;
		return DROP_TOO_BIG;
	}
	return split(w->pool, p, mtu, w->ip6_id++);
}
