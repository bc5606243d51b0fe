/* SPDX-License-Identifier: BSD-2-Clause
 *
 * super.c - superpackets into trains.
 *
 * super_start decides whether all segments can be sealed alike; super_next spends the numbers of one
 * train; super_crypt does the work: aead_seal, segment by segment from the superpacket's buffer into
 * the train's, or bulk_seal, which cuts all into the train and seals them there as one burst. The
 * first and the last segments of a job whose neighbours belong to another job are copied, as many as
 * headers or a trailer reach, because another thread may be reading those. A superpacket has nearly always more segments
 * than a train; who seals all of them himself has the rest wait for the next superpacket of the flow. RFC 4303 s3.3.
 */
#include "lib/esp/super.h"

#include "lib/esp/csum.h"
#include "lib/esp/pkt.h"
#include "lib/esp/sa_priv.h"
#include "lib/esp/seal.h"
#include "lib/esp/tunnel.h"
#include "lib/esp/worker_priv.h"

enum {
	LANES = 16, /* packets that the engines for CBC and HMAC seal in the time of one */
	GAP = 16,   /* between whole packets: room for an IPv6 fragment header in front */
};

static unsigned
div_up(unsigned a, unsigned b)
{
	return (a + b - 1) / b;
}

/* Whether the SA has N numbers left. What cycles goes the simple way. */
static bool
has_numbers(const struct sa *sa, unsigned n)
{
	return n <= UINT32_MAX - atomic_load_explicit(&sa->seq, memory_order_relaxed);
}

/* The headers from which those of the segments are made: a copy, because segments are written over the original. */
static void
headers_keep(struct super *s)
{
	struct cut *c = &s->cut;
	memcpy(s->hdr, c->hdr, c->hdr_len);
	if (s->inner.df && atomic_load_explicit(&s->sa->df, memory_order_relaxed) == SA_DF_CLEAR) {
		s->inner.frag &= (uint16_t)~IP4_DF;
		s->inner.df = false;
		ip4_frag_set(s->hdr, s->inner.frag);
	}
	c->hdr = s->hdr;
}

/* Octets of a sealed segment with LEN octets of payload, outer headers included. */
static uint32_t
whole_len(const struct super *s, uint32_t len)
{
	return sa_sealed_len(s->sa, 0, s->cut.hdr_len + len, s->sa->outer_len == IP6_LEN);
}

/* Octets that are in the train of a segment with LEN octets of payload. */
static uint32_t
train_len(const struct super *s, uint32_t len)
{
	return whole_len(s, len) - s->sa->lead_len + s->lead;
}

/* How many of N segments go into a train that has room for FIT: about as many into each, so that two workers may share
 * them; where the engine works on many at once, whole rounds of its lanes. */
static unsigned
job_size(const struct sa *sa, unsigned n, unsigned fit)
{
	unsigned size = div_up(n, div_up(n, fit));
	if (sa->is_aead)
		return size;
	unsigned rounds = div_up(size, LANES) * LANES;
	return rounds <= fit ? rounds : size;
}

bool
super_start(struct esp_worker *w, struct super *s, struct pkt *p, enum super_layout layout)
{
	struct sa *sa = p->sa;
	if (sa == NULL || p->gso == PKT_GSO_NONE || p->parent != NULL || p->hdr_len > SUPER_HDR_MAX)
		return false;
	if (sa->is_in || !sa->is_tunnel || !sa->has_esp || sa->has_ah)
		return false;
	*s = (struct super){ .pkt = p, .sa = sa, .layout = layout };
	if (ip_read(pkt_data(p), p->len, &s->inner) != DROP_NONE)
		return false;
	cut_start(&s->cut, p);
	uint32_t full = whole_len(s, s->cut.size);
	if (full > sa_limit(sa) || full - sa->lead_len > BURST_LEN_MAX ||
	    !has_numbers(sa, s->cut.n))
		return false;
	s->lead = layout == SUPER_WHOLE ? sa->lead_len : 0;
	s->stride = train_len(s, s->cut.size) + (layout == SUPER_WHOLE ? GAP : 0);
	unsigned fit = SUPER_TRAIN_MAX / s->stride;
	if (fit > SUPER_SEGS_MAX)
		fit = SUPER_SEGS_MAX;
	if (fit == 0)
		return false;
	s->fit = fit;
	s->per_job = job_size(sa, s->cut.n, fit);
	s->n_jobs = div_up(s->cut.n, s->per_job);
	if (pkt_pool_left(w->pool) < s->n_jobs)
		return false;
	headers_keep(s);
	return true;
}

/* Would segments of S leave with the same outer headers as those of OPEN? */
static bool
is_same_way(const struct super_job *open, const struct super *s)
{
	struct pkt_outer a;
	struct pkt_outer b;
	if (open->super.sa != s->sa || open->train->user != s->pkt->user)
		return false;
	tunnel_outer_facts(s->sa, &open->super.inner, &a);
	tunnel_outer_facts(s->sa, &s->inner, &b);
	return a.tos == b.tos && a.ttl == b.ttl && a.df == b.df;
}

bool
super_is_full(const struct super_job *open)
{
	return !open->super.sa->is_aead || open->n >= open->super.fit ||
	       open->last_len != open->stride;
}

void
super_alone(struct super *s, const struct super_job *open)
{
	if (s->layout != SUPER_BARE || !s->sa->is_aead)
		return;
	unsigned room = 0;
	s->per_job = s->fit;
	if (open != NULL && open->stride == s->stride && !super_is_full(open) &&
	    is_same_way(open, s)) {
		s->open = open;
		room = s->fit - open->n;
	}
	s->n_jobs = (room > 0) + (s->cut.n > room ? div_up(s->cut.n - room, s->fit) : 0);
}

void
super_place(struct super *s, uint8_t *const *places)
{
	s->places = places;
}

uint32_t
super_longest(const struct super *s)
{
	return whole_len(s, s->cut.size);
}

void
super_append(struct super_job *open, const struct super_job *job)
{
	open->n += job->n;
	open->last_len = job->last_len;
	open->is_done &= job->is_done;
	if (open->verdict == DROP_NONE)
		open->verdict = job->verdict;
}

/* Takes the identifications of N outer packets. */
static uint16_t
ids_take(struct esp_worker *w, unsigned n)
{
	uint16_t last = w->ip4_id;
	for (unsigned i = 0; i < n; i++)
		w->ip4_id = tunnel_id_next(w->ip4_id);
	return last;
}

/* Part of the superpacket is overwritten already, so the rest of it cannot go another way. */
static void
rest_lose(struct super *s)
{
	s->n_lost = s->cut.n - s->next;
	s->next = s->cut.n;
	for (unsigned i = 0; i < s->n_lost; i++)
		sa_count_drop(s->sa, DROP_NO_BUFFER);
}

bool
super_next(struct esp_worker *w, struct super *s, struct super_job *out)
{
	struct sa *sa = s->sa;
	if (s->next == s->cut.n)
		return false;
	const struct super_job *open = s->open;
	unsigned at = open != NULL ? open->n : 0;
	unsigned most = s->places != NULL ? SUPER_SEGS_MAX : s->per_job - at;
	unsigned n = s->cut.n - s->next;
	if (n > most)
		n = most;
	s->open = NULL;
	struct pkt *train = open != NULL ? open->train : pkt_get(w->pool);
	if (train == NULL) {
		rest_lose(s);
		return false;
	}
	uint32_t last_payload;
	cut_payload(&s->cut, s->next + n - 1, &last_payload);
	uint32_t seq = atomic_load_explicit(&sa->seq, memory_order_relaxed);
	atomic_store_explicit(&sa->seq, seq + n, memory_order_relaxed);
	*out = (struct super_job){
		.super = *s,
		.train = train,
		.at = at,
		.first = s->next,
		.n = n,
		.seg_len = train_len(s, n > 1 ? s->cut.size : last_payload),
		.last_len = train_len(s, last_payload),
		.stride = s->stride,
		.seq = seq + 1,
		.iv = sa->iv_next,
		.verdict = DROP_NONE,
	};
	out->super.cut.hdr = NULL; /* its own copy: see super_crypt() */
	if (sa->is_aead)
		sa->iv_next += n;
	if (s->layout == SUPER_WHOLE && sa->outer_len == IP4_LEN)
		out->ip4_id = ids_take(w, n);
	train->sa = sa;
	train->tag = s->pkt->tag;
	train->trace = s->pkt->trace;
	train->user = s->pkt->user;
	train->family = sa->outer_len == IP4_LEN ? ADDR_V4 : ADDR_V6;
	train->len = (at + n - 1) * s->stride + out->last_len;
	s->next += n;
	return true;
}

/* The ESP header of segment K of a job. */
static uint8_t *
esp_at(const struct super_job *job, unsigned k)
{
	if (job->super.places != NULL)
		return job->super.places[k] + job->super.lead;
	return pkt_data(job->train) + (size_t)(job->at + k) * job->stride + job->super.lead;
}

/* Writes what is ahead of the body of segment K, but the IV. */
static void
esp_header(const struct super_job *job, unsigned k, uint8_t *esp)
{
	put32(esp, job->super.sa->esp_spi);
	put32(esp + 4, job->seq + k);
}

static uint8_t
next_header(const struct super_job *job)
{
	return job->super.inner.family == ADDR_V4 ? PROTO_IPIP : PROTO_IPV6;
}

/* Makes segment I with its trailer at BODY. Returns the length of what is to be encrypted. */
static uint32_t
segment_copy(const struct super_job *job, struct cut *c, unsigned i, uint8_t *body)
{
	c->next = i;
	uint32_t len = cut_next(c, body);
	return trailer_build(job->super.sa, body, len, next_header(job));
}

/* Seals segment I from where its payload is. Its headers overwrite what was sealed before, its trailer the start of what
 * comes next, which is put back. */
static void
segment_direct(struct esp_worker *w, const struct super_job *job, const struct cut *c, unsigned i,
    const uint8_t *nonce, uint8_t *esp)
{
	struct sa *sa = job->super.sa;
	uint32_t len;
	uint8_t saved[SEAL_BEYOND];
	uint8_t *body = job->super.pkt->buf + (cut_payload(c, i, &len) - job->super.pkt->buf);
	uint8_t *end = body + len;
	body -= c->hdr_len;
	cut_headers(c, i, body);
	memcpy(saved, end, sizeof(saved));
	uint32_t sealed = trailer_build(sa, body, c->hdr_len + len, next_header(job));
	uint8_t *to = esp + ESP_HDR_LEN + sa->iv_len;
	engine_seal_nonce(&w->engines, sa, nonce, esp, body, to, sealed, to + sealed);
	memcpy(end, saved, sizeof(saved));
}

/* Would sealing segment I where it is write over, or for a moment into, what another job reads? */
static bool
is_edge(const struct super_job *job, const struct cut *c, unsigned i)
{
	unsigned last = job->first + job->n - 1;
	return (job->first > 0 && (i - job->first) * c->size < c->hdr_len) ||
	       (last + 1 < c->n && (last - i) * c->size < SEAL_BEYOND);
}

static void
aead_seal(struct esp_worker *w, struct super_job *job, struct cut *c)
{
	struct sa *sa = job->super.sa;
	_Alignas(16) uint8_t nonces[SUPER_SEGS_MAX][16];
	/* all of them ahead: what is used as soon as it is written costs a stall, see engine_gcm() */
	for (unsigned k = 0; k < job->n; k++) {
		uint8_t *esp = esp_at(job, k);
		esp_header(job, k, esp);
		engine_iv_put(job->iv + k, sa, esp + ESP_HDR_LEN, nonces[k]);
	}
	for (unsigned k = 0; k < job->n; k++) {
		unsigned i = job->first + k;
		uint8_t *esp = esp_at(job, k);
		if (!is_edge(job, c, i)) {
			segment_direct(w, job, c, i, nonces[k], esp);
			continue;
		}
		uint8_t *body = esp + ESP_HDR_LEN + sa->iv_len;
		uint32_t sealed = segment_copy(job, c, i, body);
		engine_seal_nonce(
		    &w->engines, sa, nonces[k], esp, body, body, sealed, body + sealed);
	}
	job->is_done = true;
}

static void
bulk_seal(struct esp_worker *w, struct super_job *job, struct cut *c)
{
	struct sa *sa = job->super.sa;
	struct burst *b = &w->job.burst;
	b->n = 0;
	for (unsigned k = 0; k < job->n; k++) {
		struct burst_item *it = burst_next(b);
		uint8_t *esp = esp_at(job, k);
		uint8_t *body = esp + ESP_HDR_LEN + sa->iv_len;
		esp_header(job, k, esp);
		if (sa->iv_len > 0)
			iv_take(&w->iv, &w->engines, esp + ESP_HDR_LEN, sa->iv_len);
		uint32_t sealed = segment_copy(job, c, job->first + k, body);
		it->sa = sa;
		it->is_encrypt = true;
		it->hash_at = esp;
		it->hash_len = sa->esp_icv_len > 0 ? (uint32_t)(body - esp) + sealed : 0;
		it->iv = esp + ESP_HDR_LEN;
		it->cipher_at = body;
		it->cipher_len = sa->iv_len > 0 ? sealed : 0;
		it->icv_out = body + sealed;
	}
	burst_run(&w->engines, b);
	job->is_done = true;
	for (unsigned k = 0; k < b->n; k++)
		job->is_done &= b->items[k].is_done;
	b->n = 0;
}

/* Puts the outer headers in front of every segment. */
static void
leads_build(struct super_job *job)
{
	const struct super *s = &job->super;
	uint16_t id = job->ip4_id;
	for (unsigned k = 0; k < job->n; k++) {
		uint8_t *start = esp_at(job, k) - s->lead;
		uint32_t len = k + 1 < job->n ? job->seg_len : job->last_len;
		tunnel_outer_build(&id, s->sa, &s->inner, len, start);
		if (s->sa->lead_len == IP6_LEN + UDP_LEN)
			tunnel_udp_sum(start, len);
	}
}

void
super_crypt(struct esp_worker *w, struct super_job *job)
{
	struct cut c = job->super.cut;
	c.hdr = job->super.hdr;
	if (job->super.sa->is_aead)
		aead_seal(w, job, &c);
	else
		bulk_seal(w, job, &c);
	if (job->super.layout == SUPER_WHOLE)
		leads_build(job);
}

void
super_finish(struct esp_worker *w, struct super_job *job)
{
	(void)w;
	struct sa *sa = job->super.sa;
	if (!job->is_done) {
		job->verdict = DROP_ENGINE;
		for (unsigned k = 0; k < job->n; k++)
			sa_count_drop(sa, DROP_ENGINE);
		return;
	}
	uint32_t outside = sa->lead_len - job->super.lead; /* headers that are not in the train */
	uint64_t octets = (uint64_t)(job->n - 1) * job->seg_len + job->last_len;
	sa_count_packets(sa, job->n, octets + (uint64_t)job->n * outside);
}

void
super_abandon(struct super_job *job)
{
	job->verdict = DROP_LATE;
	for (unsigned k = 0; k < job->n; k++)
		sa_count_drop(job->super.sa, DROP_LATE);
}

bool
super_outer(const struct super_job *job, struct pkt_outer *out)
{
	const struct sa *sa = job->super.sa;
	if (sa->lead_len == sa->outer_len)
		return false;
	tunnel_outer_facts(sa, &job->super.inner, out);
	return true;
}

bool
super_views(struct esp_worker *w, const struct super_job *job, struct pkt **out)
{
	struct pkt *train = job->train;
	const struct sa *sa = job->super.sa;
	for (unsigned k = 0; k < job->n; k++) {
		uint32_t len = k + 1 < job->n ? job->seg_len : job->last_len;
		struct pkt *p = pkt_view(w->pool, train, train->off + k * job->stride, len);
		if (p == NULL) {
			while (k > 0)
				pkt_put(w->pool, out[--k]);
			return false;
		}
		p->sa = train->sa;
		p->tag = train->tag;
		p->trace = train->trace;
		p->user = train->user;
		p->family = train->family;
		p->lead = sa->lead_len != sa->outer_len ? sa->lead_len : 0;
		out[k] = p;
	}
	return true;
}

bool
super_copies(struct esp_worker *w, const struct super_job *job, struct pkt **out)
{
	const struct super *s = &job->super;
	uint16_t id = ids_take(w, job->n);
	for (unsigned k = 0; k < job->n; k++) {
		uint32_t len = k + 1 < job->n ? job->seg_len : job->last_len;
		struct pkt *p = pkt_get(w->pool);
		if (p == NULL) {
			while (k > 0)
				pkt_put(w->pool, out[--k]);
			return false;
		}
		p->len = s->sa->lead_len + len;
		memcpy(pkt_data(p) + s->sa->lead_len, esp_at(job, k), len);
		tunnel_outer_build(&id, s->sa, &s->inner, p->len, pkt_data(p));
		if (s->sa->lead_len == IP6_LEN + UDP_LEN)
			tunnel_udp_sum(pkt_data(p), p->len);
		p->sa = job->train->sa;
		p->tag = job->train->tag;
		p->user = job->train->user;
		p->family = job->train->family;
		p->lead = s->sa->lead_len != s->sa->outer_len ? s->sa->lead_len : 0;
		out[k] = p;
	}
	return true;
}
