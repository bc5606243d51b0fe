/* SPDX-License-Identifier: BSD-2-Clause
 *
 * in.c - the inbound path: an ESP or AH packet becomes the packet that was protected.
 *
 * in_burst -> in_prepare: outer_lookup (outer headers, SAs) -> packet_prepare (lengths,
 * replay, what to compute); -> job_crypt -> in_finish: packet_finish (ICV, replay window, trailer, then tunnel_open or
 * transport_open). The SA table is prefetched for the whole burst before it is read. What was
 * decrypted is not looked at before the ICV was found right. Worker's thread. RFC 4303 s3.4, RFC
 * 4302 s3.4, RFC 4301 s5.2.
 */
#include "lib/esp/in.h"

#include <assert.h>

#include "lib/esp/mutable.h"
#include "lib/esp/outer.h"
#include "lib/esp/pkt.h"
#include "lib/esp/sa_priv.h"
#include "lib/esp/sad.h"
#include "lib/esp/tunnel.h"
#include "lib/esp/worker_priv.h"

enum {
	QUICK_HDR_LEN = ESP_HDR_LEN + AEAD_IV_LEN,
	QUICK_LAG = 2,
	QUICK_MAX = 8, /* more than two lags and a power of two */
};

static void
packet_drop(struct pkt *p, enum drop reason)
{
	p->verdict = (uint8_t)reason;
	if (p->sa != NULL)
		sa_count_drop(p->sa, reason);
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
	if ((sealed & (sa->block_len - 1U)) != 0)
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

static inline bool
source_is_right(const struct sa *sa, const struct outer *o)
{
	return !sa->checks_source || (o->family == sa->source_family &&
					 ip_words_eq(ip_words(o->src, o->family), sa->source));
}

static enum drop
packet_prepare(struct pkt *p, const struct outer *o, struct burst_item *it)
{
	struct sa *sa = p->sa;
	if (o->udp_port != sa->udp_port)
		return DROP_ENCAPSULATION;
	if (!source_is_right(sa, o))
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

/* Puts P into the job. */
static void
packet_add(struct esp_job *job, struct pkt *p, const struct outer *o)
{
	enum drop verdict = packet_prepare(p, o, burst_next(&job->burst));
	if (verdict != DROP_NONE) {
		job->burst.n--;
		packet_drop(p, verdict);
	}
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

/* Is the padding of LEN octets that ends at END, with AHEAD octets of the packet ahead of there, 1, 2, 3 ...? Nearly always
 * it is short, and judged at once. */
static inline bool
pad_is_right(const uint8_t *end, uint32_t ahead, uint32_t len)
{
	static const uint8_t want[32] = {
		[16] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	};
	static const uint8_t part[32] = {
		[16] = 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255
	};
	if (len < 16 && ahead >= 16) {
		uint64_t x[2], w[2], m[2];
		memcpy(x, end - 16, sizeof(x));
		memcpy(w, want + len, sizeof(w));
		memcpy(m, part + len, sizeof(m));
		return (((x[0] ^ w[0]) & m[0]) | ((x[1] ^ w[1]) & m[1])) == 0;
	}
	for (uint32_t i = 0; i < len; i++)
		if (*(end - len + i) != (uint8_t)(i + 1))
			return false;
	return true;
}

/* Reads the ESP trailer: NEXT is the next header, *LEN the octets of the body without padding. */
static inline enum drop
trailer_read(const uint8_t *body, uint32_t sealed_len, uint32_t *len, uint8_t *next)
{
	uint32_t pad_len = body[sealed_len - 2];
	if (pad_len > sealed_len - 2 ||
	    !pad_is_right(body + sealed_len - 2, sealed_len - 2, pad_len))
		return DROP_PAD;
	*len = sealed_len - 2 - pad_len;
	*next = body[sealed_len - 1];
	return DROP_NONE;
}

static inline enum drop
selectors_check(const struct sa *sa, const uint8_t *data, uint8_t family)
{
	if (!sa->checks_selectors)
		return DROP_NONE;
	if (sa->has_selectors4 && family == ADDR_V4)
		return sa_selectors4_fit(sa, data) ? DROP_NONE : DROP_SELECTOR;
	const struct prefix *src = &sa->params.selector_src;
	const struct prefix *dst = &sa->params.selector_dst;
	if (src->addr.family != ADDR_NONE && !prefix_has(*src, ip_src(data, family)))
		return DROP_SELECTOR;
	if (dst->addr.family != ADDR_NONE && !prefix_has(*dst, ip_dst(data, family)))
		return DROP_SELECTOR;
	return DROP_NONE;
}

/* P is the inner packet, perhaps followed by padding against traffic analysis (RFC 4303 s2.7). */
static inline __attribute__((always_inline)) enum drop
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
	if ((outer_tos & TUNNEL_ECN_MASK) == 0)
		return DROP_NONE; /* the row of those who do not take part: nothing changes */
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

/* SEQ has been accepted. Without a window anything may be a replay. */
static inline bool
is_newest(const struct sa *sa, uint32_t seq)
{
	return sa->replay.window > 0 && sa->replay.top == seq;
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
	atomic_store_explicit(&sa->seq, atomic_load_explicit(&sa->replay.top, memory_order_relaxed),
	    memory_order_relaxed);
	p->is_newest = is_newest(sa, it->seq);

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
packet_finish(struct burst_item *it, struct sa_run *run)
{
	struct pkt *p = it->pkt;
	uint32_t outer_len = it->around + p->len;
	enum drop verdict = packet_open(it);
	p->verdict = (uint8_t)verdict;
	if (verdict == DROP_NONE || verdict == DROP_DUMMY)
		sa_run_add(run, it->sa, outer_len);
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
	for (size_t i = 0; i < n; i++)
		assert(pkts[i]->away == NULL);
	outer_lookup(sad, pkts, outers, n);
	for (size_t i = 0; i < n; i++) {
		if (pkts[i]->verdict == DROP_NONE)
			packet_add(job, pkts[i], &outers[i]);
	}
}

void
in_finish(struct esp_worker *w, struct esp_job *job)
{
	struct sa_run run = { 0 };
	(void)w;
	for (unsigned i = 0; i < job->burst.n; i++)
		packet_finish(&job->burst.items[i], &run);
	sa_run_end(&run);
	job->burst.n = 0;
}

/* What the outer headers of the usual packet say: IPv4 without options, around ESP, or already taken off. */
struct front {
	uint32_t spi;
	uint32_t src; /* addresses as they lie in memory */
	uint32_t dst;
	uint32_t off;    /* of ESP */
	uint32_t around; /* octets of headers that are not in the buffer */
	uint16_t udp_port;
	uint8_t tos;
};

/* Reads them. False: not the usual packet. */
static inline bool
front_read(const struct pkt *p, struct front *out)
{
	const uint8_t *data = pkt_octets(p);
	struct ip_hdr h;
	if (p->outer != NULL) {
		const struct pkt_outer *o = p->outer;
		if (o->src.family != ADDR_V4 || o->dst.family != ADDR_V4 || o->dst_port == 0 ||
		    p->len < ESP_HDR_LEN)
			return false;
		memcpy(&out->src, o->src.b, sizeof(out->src));
		memcpy(&out->dst, o->dst.b, sizeof(out->dst));
		out->off = 0;
		out->around = IP4_LEN + UDP_LEN;
		out->udp_port = o->dst_port;
		out->tos = o->tos;
	} else {
		if (p->len < IP4_LEN + ESP_HDR_LEN || ip_read(data, p->len, &h) != DROP_NONE ||
		    h.hdr_len != IP4_LEN || h.is_fragment || h.proto != PROTO_ESP ||
		    h.total_len != p->len)
			return false;
		memcpy(&out->src, data + IP4_SRC, sizeof(out->src));
		memcpy(&out->dst, data + IP4_DST, sizeof(out->dst));
		out->off = IP4_LEN;
		out->around = 0;
		out->udp_port = 0;
		out->tos = h.tos;
	}
	out->spi = get32(data + out->off);
	return true;
}

/* The SA that the packet of F belongs to, if it has a short way. */
static struct sa *
quick_sa(const struct sad *sad, const struct front *f)
{
	struct sad_key key;
	uint8_t dst[4];
	memcpy(dst, &f->dst, sizeof(dst));
	sad_key_init(&key, f->spi, PROTO_ESP, ADDR_V4, dst);
	struct sa *sa = sad_find(sad, &key);
	if (sa == NULL || !sa->is_quick || sa->key.family != ADDR_V4)
		return NULL;
	return !sa->checks_source || sa->source_family == ADDR_V4 ? sa : NULL;
}

/* A packet on the short way. */
struct quick {
	_Alignas(16) uint8_t nonce[16];
	uint8_t icv[AEAD_ICV_LEN]; /* the right one */
	struct pkt *p;
	const uint8_t *esp;
	uint8_t *body; /* of the clear packet; the encrypted one is behind ESP */
	uint32_t seq;
	uint32_t sealed_len;
	uint32_t outer_len;
	uint8_t outer_tos;
};

/* Is nothing wrong with the packet so far? *OUT_SEALED: octets of its encrypted part. */
static inline bool
front_check(const struct pkt *p, const struct sa *sa, const struct front *f, uint32_t *out_sealed)
{
	uint32_t avail = p->len - f->off;
	uint32_t around = ESP_HDR_LEN + (uint32_t)sa->iv_len + sa->esp_icv_len;
	*out_sealed = avail - around;
	return f->udp_port == sa->udp_port && avail <= BURST_LEN_MAX &&
	       avail >= around + sa->block_len && ((avail - around) & (sa->block_len - 1U)) == 0 &&
	       (!sa->checks_source || sa->source.w[0] == f->src) &&
	       replay_check(&sa->replay, get32(pkt_octets(p) + f->off + 4)) == DROP_NONE;
}

/* Prepares a packet of GCM. What comes out is what packet_prepare() and packet_finish() would have made. */
static inline void
quick_prepare(
    struct pkt *p, const struct sa *sa, const struct front *f, uint32_t sealed_len, struct quick *q)
{
	const uint8_t *esp = pkt_octets(p) + f->off;
	engine_nonce(sa, esp, q->nonce);
	q->p = p;
	q->esp = esp;
	q->body = pkt_data(p) + f->off + QUICK_HDR_LEN;
	p->away = NULL;
	q->seq = get32(esp + 4);
	q->sealed_len = sealed_len;
	q->outer_len = f->around + p->len;
	q->outer_tos = f->tos;
}

/* Makes an item of a packet, as packet_prepare() does, for algorithms that go in bursts. */
static inline void
quick_item(
    struct pkt *p, struct sa *sa, const struct front *f, uint32_t sealed_len, struct burst_item *it)
{
	uint8_t *esp = pkt_data(p) + f->off;
	uint8_t *body = esp + ESP_HDR_LEN + sa->iv_len;
	it->pkt = p;
	it->sa = sa;
	it->is_encrypt = false;
	it->hash_at = esp;
	it->hash_len = sa->esp_icv_len > 0 ? (uint32_t)(body - esp) + sealed_len : 0;
	it->cipher_at = body;
	it->cipher_len = sa->iv_len > 0 ? sealed_len : 0;
	it->iv = esp + ESP_HDR_LEN;
	it->icv_out = sa->is_aead ? body + sealed_len : it->icv;
	it->seq = get32(esp + 4);
	it->around = f->around;
	it->hdr_len = f->off;
	it->ipsec_len = (uint32_t)(body - esp);
	it->sealed_len = sealed_len;
	it->tos = f->tos;
	it->hdr_saved = 0;
	memcpy(it->icv_got, body + sealed_len, BURST_ICV_MAX); /* those beyond do not matter */
}

static inline void
quick_crypt(struct esp_worker *w, const struct sa *sa, struct quick *q)
{
	engine_gcm(&w->engines, sa, q->nonce, q->esp, q->esp + QUICK_HDR_LEN, q->body,
	    q->sealed_len, q->icv);
}

/* What packet_open() does, for these packets. */
static inline __attribute__((always_inline)) enum drop
quick_open(struct sa *sa, const struct quick *q)
{
	struct pkt *p = q->p;
	uint8_t *body = q->body;
	uint32_t len;
	uint8_t next;
	p->family = 0;
	if (!engine_icv_eq(q->icv, q->esp + QUICK_HDR_LEN + q->sealed_len))
		return DROP_ESP_AUTH;
	enum drop verdict = replay_accept(&sa->replay, q->seq);
	if (verdict != DROP_NONE)
		return verdict;
	atomic_store_explicit(&sa->seq, atomic_load_explicit(&sa->replay.top, memory_order_relaxed),
	    memory_order_relaxed);
	p->is_newest = is_newest(sa, q->seq);
	verdict = trailer_read(body, q->sealed_len, &len, &next);
	if (verdict != DROP_NONE)
		return verdict;
	if (next == PROTO_NONE)
		return DROP_DUMMY;
	p->off = (uint32_t)(body - p->buf);
	p->len = len;
	verdict = tunnel_open(p, next, q->outer_tos);
	return verdict == DROP_NONE ? selectors_check(sa, pkt_data(p), p->family) : verdict;
}

static inline void
quick_finish(struct sa *sa, const struct quick *q, struct sa_run *run)
{
	enum drop verdict = quick_open(sa, q);
	q->p->sa = sa;
	q->p->verdict = (uint8_t)verdict;
	if (verdict == DROP_NONE || verdict == DROP_DUMMY)
		sa_run_add(run, sa, q->outer_len);
	else
		sa_count_drop(sa, verdict);
}

/* The long way, for every packet. */
static void
in_steps(struct esp_worker *w, const struct sad *sad, struct pkt **pkts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		pkt_come_home(pkts[i]);
	in_prepare(w, sad, &w->job, pkts, n);
	job_crypt(w, &w->job);
	in_finish(w, &w->job);
}

/* Where the packets of a burst are on the short way. */
struct progress {
	size_t n_prepared;
	size_t n_crypted;
	size_t n_finished;
};

/* Does what is left to do. */
static __attribute__((noinline)) struct progress
quick_drain(struct esp_worker *w, struct sa *sa, struct quick *ring, struct progress at)
{
	struct sa_run run = { 0 };
	job_crypt(w, &w->job);
	in_finish(w, &w->job);
	while (at.n_crypted < at.n_prepared)
		quick_crypt(w, sa, &ring[at.n_crypted++ % QUICK_MAX]);
	while (at.n_finished < at.n_crypted)
		quick_finish(sa, &ring[at.n_finished++ % QUICK_MAX], &run);
	sa_run_end(&run);
	return at;
}

/* Is P, whose headers are unusual, a packet of SA all the same? */
static __attribute__((noinline)) bool
belongs_to(struct pkt *p, const struct sa *sa)
{
	struct outer o;
	pkt_come_home(p);
	return outer_parse(p, &o) == DROP_NONE && outer_has_key(&o, &sa->key);
}

/* Opens those of the packets that belong to the SA of the first, if that has a short way; the others go to REST. With GCM
 * each is prepared, opened when QUICK_LAG more are prepared, and looked at when QUICK_LAG more are opened: what one step writes
 * has then reached the cache where the next one reads it, and the processor has something else to do meanwhile. */
static size_t
burst_quick(
    struct esp_worker *w, const struct sad *sad, struct pkt **pkts, size_t n, struct pkt **rest)
{
	struct quick ring[QUICK_MAX];
	struct progress at = { 0 };
	struct sa_run run = { 0 };
	struct sa *sa = NULL;
	size_t n_rest = 0;
	for (size_t i = 0; i < n; i++) {
		struct pkt *p = pkts[i];
		struct front f;
		bool is_usual = (i == 0 || sa != NULL) && front_read(p, &f);
		if (i == 0 && is_usual)
			sa = quick_sa(sad, &f);
		bool is_ours =
		    is_usual && sa != NULL && sa->key.spi == f.spi && sa->key.dst[0] == f.dst;
		uint32_t sealed_len;
		if (!is_ours && (sa == NULL || is_usual || !belongs_to(p, sa))) {
			rest[n_rest++] = p;
			continue;
		}
		if (!is_ours || !front_check(p, sa, &f, &sealed_len)) {
			/* in its turn, because the window moves */
			at = quick_drain(w, sa, ring, at);
			in_steps(w, sad, &pkts[i], 1);
			continue;
		}
		p->sa = sa;
		p->family = 0;
		if (sa->gcm == NULL) {
			pkt_come_home(p);
			quick_item(p, sa, &f, sealed_len, burst_next(&w->job.burst));
			continue;
		}
		quick_prepare(p, sa, &f, sealed_len, &ring[at.n_prepared % QUICK_MAX]);
		at.n_prepared++;
		if (at.n_prepared - at.n_crypted <= QUICK_LAG)
			continue;
		quick_crypt(w, sa, &ring[at.n_crypted++ % QUICK_MAX]);
		if (at.n_crypted - at.n_finished > QUICK_LAG)
			quick_finish(sa, &ring[at.n_finished++ % QUICK_MAX], &run);
	}
	sa_run_end(&run);
	if (sa != NULL)
		(void)quick_drain(w, sa, ring, at);
	return n_rest;
}

void
in_burst(struct esp_worker *w, const struct sad *sad, struct pkt **pkts, size_t n)
{
	struct pkt *rest[ESP_BURST_MAX];
	assert(n <= ESP_BURST_MAX);
	w->job.burst.n = 0;
	n = burst_quick(w, sad, pkts, n, rest);
	if (n > 0)
		in_steps(w, sad, rest, n);
}
