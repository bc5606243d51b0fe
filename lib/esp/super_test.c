/* SPDX-License-Identifier: BSD-2-Clause
 *
 * super_test.c - trains hold exactly the packets that cutting and out_burst() would have made.
 *
 * Two SAs with the same keys on two workers with the same state of their generators: what they make of
 * a random superpacket is compared octet for octet. A second test lets two threads compute the jobs of a
 * superpacket at the same time and opens the result.
 */
#include "lib/esp/super.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/esp/in.h"
#include "lib/esp/out.h"
#include "lib/esp/sa_priv.h"
#include "lib/esp/sad.h"
#include "lib/esp/seg_model.h"
#include "lib/esp/test_util.h"
#include "lib/esp/worker_priv.h"

enum {
	JOBS_MAX = 64,
	SEGS_MAX = 2000,
};

static struct esp_worker *simple; /* cuts */
static struct esp_worker *fast;
static struct esp_worker *helper;

static struct seg_spec
random_spec(void)
{
	struct seg_spec s = {
		.family = rand() % 2 ? 4 : 6,
		.proto = rand() % 3 ? 6 : 17,
		.host = 1,
		.sport = (uint16_t)rand(),
		.dport = (uint16_t)rand(),
		.seq = (uint32_t)rand(),
		.ack = (uint32_t)rand(),
		.flags = (uint8_t)(0x10 | (rand() & 0xc9)),
		.tos = (uint8_t)rand(),
		.ttl = 63,
		.id = rand() % 3 ? (uint16_t)rand() : 0,
		.frag = rand() % 2 ? 0x4000 : 0,
		.stamp = rand() % 2 ? 5 : 0,
		.has_ext = rand() % 8 == 0,
		.payload_len = 1 + (uint32_t)rand() % 20000,
		.seed = (uint32_t)rand(),
	};
	if (rand() % 4 == 0)
		s.payload_len = 65535 - 60 - (uint32_t)rand() % 3000;
	return s;
}

static struct pkt *
super_make(struct esp_worker *w, const struct seg_spec *s, uint16_t gso_size)
{
	uint8_t vnet[VNET_LEN];
	struct pkt *p = pkt_get(esp_worker_pool(w));
	p->len = (uint32_t)seg_super(s, gso_size, pkt_data(p), vnet);
	assert_int_equal(cut_read(p, vnet, VNET_LEN), DROP_NONE);
	p->tag = 3;
	p->user = w;
	return p;
}

static const struct {
	enum enc_alg enc;
	enum auth_alg auth;
} suites[] = {
	{ ENC_AES_128_GCM, AUTH_NONE },
	{ ENC_AES_192_GCM, AUTH_NONE },
	{ ENC_AES_256_GCM, AUTH_NONE },
	{ ENC_CHACHA20_POLY1305, AUTH_NONE },
	{ ENC_AES_128_CBC, AUTH_HMAC_SHA1_96 },
	{ ENC_AES_192_CBC, AUTH_HMAC_SHA_256_128 },
	{ ENC_AES_256_CBC, AUTH_HMAC_SHA_256_128 },
	{ ENC_AES_128_CBC, AUTH_NONE },
	{ ENC_DES_CBC, AUTH_HMAC_MD5_96 },
	{ ENC_3DES_CBC, AUTH_HMAC_SHA1_96 },
	{ ENC_NULL, AUTH_HMAC_SHA1_96 },
};

enum { SUITES = sizeof(suites) / sizeof(suites[0]) };

static struct sa_params
random_params(unsigned round)
{
	struct sa_params p = test_params(SA_OUT);
	p.enc = suites[round % SUITES].enc;
	p.auth = suites[round % SUITES].auth;
	p.df = (enum sa_df)(rand() % 4);
	p.tos = rand() % 2 ? SA_TOS_COPY : 0xb8;
	p.ttl = 77;
	if (rand() % 2)
		p.src_port = p.dst_port = 4500;
	if (rand() % 2) {
		p.src = test_addr("2001:db8::1");
		p.dst = test_addr("2001:db8::2");
	}
	return p;
}

/* Makes the two workers and SAs alike in everything that is drawn at random. */
static void
states_equal(struct sa *a, struct sa *b)
{
	fast->ip4_id = simple->ip4_id;
	fast->ip6_id = simple->ip6_id;
	fast->iv = simple->iv;
	b->iv_next = a->iv_next;
}

/* The simple way; returns how many packets there are, 0 when one was refused or fragmented. */
static unsigned
simple_run(struct pkt *super, struct pkt **out)
{
	struct cut c;
	unsigned n = 0;
	bool is_plain = true;
	cut_start(&c, super);
	for (;;) {
		size_t got = cut_pkts(&c, simple->pool, out + n, ESP_BURST_MAX);
		out_burst(simple, out + n, got);
		for (size_t i = 0; i < got; i++)
			is_plain &= out[n + i]->verdict == DROP_NONE && out[n + i]->next == NULL;
		n += (unsigned)got;
		if (got < ESP_BURST_MAX)
			break;
	}
	if (is_plain)
		return n;
	while (n > 0)
		pkt_put(simple->pool, out[--n]);
	return 0;
}

static void
segment_check(const struct super_job *job, unsigned k, const struct pkt *want)
{
	uint32_t len = k + 1 < job->n ? job->seg_len : job->last_len;
	const uint8_t *got = job->super.places != NULL
				 ? job->super.places[k]
				 : pkt_data(job->train) + (size_t)k * job->stride;
	uint32_t skip = want->len - len;
	const struct sa *sa = want->sa;
	assert_int_equal(skip, job->super.layout == SUPER_BARE ? sa->lead_len : 0);
	assert_memory_equal(got, pkt_data(want) + skip, len);
}

static void
views_check(struct super_job *job, struct pkt **want)
{
	struct pkt *views[SUPER_SEGS_MAX];
	struct pkt_outer a;
	struct pkt_outer b;
	assert_true(super_views(fast, job, views));
	for (unsigned k = 0; k < job->n; k++) {
		assert_int_equal(views[k]->len, want[k]->len);
		assert_int_equal(views[k]->family, want[k]->family);
		assert_int_equal(views[k]->lead, want[k]->lead);
		assert_memory_equal(pkt_data(views[k]), pkt_data(want[k]), want[k]->len);
		bool is_udp = out_outer(want[k], &a);
		assert_int_equal(out_outer(views[k], &b), is_udp);
		if (is_udp) {
			assert_int_equal(super_outer(job, &b), is_udp);
			assert_true(addr_eq(a.src, b.src) && addr_eq(a.dst, b.dst));
			assert_int_equal(a.src_port, b.src_port);
			assert_int_equal(a.dst_port, b.dst_port);
			assert_int_equal(a.tos, b.tos);
			assert_int_equal(a.ttl, b.ttl);
			assert_int_equal(a.df, b.df);
		}
	}
	for (unsigned k = 0; k < job->n; k++)
		pkt_put(fast->pool, views[k]);
}

static void
counters_check(const struct sa *a, const struct sa *b)
{
	struct sa_counts x;
	struct sa_counts y;
	sa_count(a, &x);
	sa_count(b, &y);
	assert_memory_equal(&x, &y, offsetof(struct sa_counts, seq));
	assert_int_equal(x.seq, y.seq);
	assert_true(a->iv_next == b->iv_next);
}

/* True when both ways could be compared. */
static bool
compare(const struct sa_params *p, const struct seg_spec *spec, uint16_t gso_size,
    enum super_layout layout)
{
	static struct pkt *want[SEGS_MAX];
	static uint8_t rooms[SUPER_SEGS_MAX][2048];
	uint8_t *places[SUPER_SEGS_MAX];
	struct sa *a = test_sa(simple, p);
	struct sa *b = test_sa(fast, p);
	states_equal(a, b);
	struct pkt *p1 = super_make(simple, spec, gso_size);
	struct pkt *p2 = super_make(fast, spec, gso_size);
	size_t left = pkt_pool_left(fast->pool);
	p1->sa = a;
	p2->sa = b;
	unsigned n = simple_run(p1, want);
	struct super s;
	struct super_job job;
	bool is_eligible = super_start(fast, &s, p2, layout);
	assert_int_equal(is_eligible, n > 0);
	unsigned at = 0;
	unsigned n_jobs = 0;
	bool is_elsewhere =
	    is_eligible && layout == SUPER_WHOLE && super_longest(&s) < 1990 && rand() % 2;
	for (unsigned k = 0; is_elsewhere && k < SUPER_SEGS_MAX; k++)
		places[k] = rooms[SUPER_SEGS_MAX - 1 - k] + rand() % 50;
	if (is_elsewhere)
		super_place(&s, places);
	while (is_eligible && super_next(fast, &s, &job)) {
		assert_in_range(job.n, 1, SUPER_SEGS_MAX);
		assert_true(is_elsewhere || job.train->len <= SUPER_TRAIN_MAX);
		if (is_elsewhere && rand() % 8 == 0)
			super_place(&s, NULL); /* the rest lies in trains again */
		super_crypt(fast, &job);
		super_finish(fast, &job);
		assert_int_equal(job.verdict, DROP_NONE);
		assert_int_equal(job.train->tag, 3);
		assert_ptr_equal(job.train->user, fast);
		for (unsigned k = 0; k < job.n; k++)
			segment_check(&job, k, want[at + k]);
		if (layout == SUPER_WHOLE && job.super.places == NULL)
			views_check(&job, want + at);
		at += job.n;
		n_jobs++;
		pkt_put(fast->pool, job.train);
	}
	if (is_eligible) {
		assert_int_equal(at, n);
		assert_true(is_elsewhere || n_jobs == s.n_jobs);
		counters_check(a, b);
		if (layout == SUPER_WHOLE)
			assert_int_equal(fast->ip4_id, simple->ip4_id);
	}
	for (unsigned i = 0; i < n; i++)
		pkt_put(simple->pool, want[i]);
	pkt_put(simple->pool, p1);
	assert_int_equal(pkt_pool_left(fast->pool), left);
	pkt_put(fast->pool, p2);
	sa_free(a);
	sa_free(b);
	return is_eligible;
}

static void
trains_are_what_cutting_makes(void **state)
{
	unsigned n_same = 0;
	(void)state;
	for (unsigned round = 0; round < 1100; round++) {
		struct sa_params p = random_params(round);
		struct seg_spec spec = random_spec();
		uint16_t gso_size = (uint16_t)(100 + rand() % 1300);
		if (rand() % 8 == 0)
			gso_size = 1450; /* does not fit everywhere */
		if (rand() % 16 == 0) {
			gso_size = (uint16_t)(1 + rand() % 40);
			spec.payload_len %= 1000;
			spec.payload_len++;
		}
		n_same += compare(&p, &spec, gso_size, rand() % 2 ? SUPER_BARE : SUPER_WHOLE);
	}
	assert_in_range(n_same, 900, 1100);
}

/* Jumbo segments: a train of few. */
static void
large_segments_too(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 3 * SUITES; round++) {
		struct sa_params p = random_params(round);
		struct seg_spec spec = random_spec();
		spec.payload_len = 64000;
		spec.has_ext = false;
		p.tunnel_mtu = 65535;
		assert_true(compare(&p, &spec, (uint16_t)(8000 + round * 1500), SUPER_BARE));
	}
}

struct thread_work {
	struct super_job *jobs;
	unsigned n;
};

static void *
help(void *arg)
{
	struct thread_work *work = arg;
	for (unsigned i = 1; i < work->n; i += 2)
		super_crypt(helper, &work->jobs[i]);
	return NULL;
}

/* Opens the segments of a job and compares them with those of the original. */
static void
job_open(const struct super_job *job, const struct sad *sad, const uint8_t *super, size_t len,
    size_t size)
{
	static uint8_t want[SEG_PACKET_MAX];
	struct pkt *views[SUPER_SEGS_MAX];
	assert_true(super_views(fast, job, views));
	in_burst(fast, sad, views, job->n);
	for (unsigned k = 0; k < job->n; k++) {
		assert_int_equal(views[k]->verdict, DROP_NONE);
		size_t n = seg_cut(super, len, size, job->first + k, want);
		assert_int_equal(views[k]->len, n);
		assert_memory_equal(pkt_data(views[k]), want, n);
		pkt_put(fast->pool, views[k]);
	}
}

/* Seals a superpacket of segments of SIZE octets, its jobs by two threads or the last one first, and opens the result. */
static void
share_round(unsigned round, uint16_t size, bool has_thread)
{
	static struct super_job jobs[JOBS_MAX];
	static uint8_t original[SEG_PACKET_MAX];
	struct sa_params p = random_params(round);
	struct seg_spec spec = random_spec();
	p.df = SA_DF_COPY;
	p.tos = SA_TOS_COPY;
	spec.payload_len = size < 16 ? 32U * size * (JOBS_MAX - 2) : 64000;
	spec.has_ext = false;
	p.window = 128;
	struct sa *out = test_sa(fast, &p);
	p.direction = SA_IN;
	struct sa *in = test_sa(fast, &p);
	struct sad *sad = sad_new(1);
	assert_int_equal(sad_add(sad, in), SAD_OK);
	struct pkt *packet = super_make(fast, &spec, size);
	size_t len = packet->len;
	memcpy(original, pkt_data(packet), len);
	packet->sa = out;
	struct super s;
	struct thread_work work = { .jobs = jobs };
	assert_true(super_start(fast, &s, packet, SUPER_WHOLE));
	while (super_next(fast, &s, &jobs[work.n]))
		work.n++;
	assert_true(work.n > 1);
	if (has_thread) {
		pthread_t thread;
		assert_int_equal(pthread_create(&thread, NULL, help, &work), 0);
		for (unsigned i = 0; i < work.n; i += 2)
			super_crypt(fast, &jobs[i]);
		assert_int_equal(pthread_join(thread, NULL), 0);
	} else {
		for (unsigned i = work.n; i-- > 0;)
			super_crypt(fast, &jobs[i]);
	}
	for (unsigned i = 0; i < work.n; i++) {
		super_finish(fast, &jobs[i]);
		assert_int_equal(jobs[i].verdict, DROP_NONE);
		job_open(&jobs[i], sad, original, len, size);
		pkt_put(fast->pool, jobs[i].train);
	}
	pkt_put(fast->pool, packet);
	sad_free(sad);
	sa_free(in);
	sa_free(out);
}

static void
threads_share_a_superpacket(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 20 * SUITES; round++)
		share_round(round, round % 2 ? 200 : 1200, true);
}

/* Who helps begins with the last job. A segment may be shorter than the headers, or the trailer, that are written beside
 * another one. */
static void
jobs_are_done_in_any_order(void **state)
{
	static const uint16_t sizes[] = { 1200, 200, 45, 30, 16, 9, 5 };
	(void)state;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (unsigned round = 0; round < 2 * SUITES; round++)
			share_round(round, sizes[i], false);
}

static bool
starts(const struct sa_params *params, uint16_t gso_size, uint32_t seq)
{
	struct seg_spec spec = random_spec();
	struct super s;
	spec.payload_len = 3000;
	spec.proto = 6;
	struct sa *sa = test_sa(fast, params);
	sa_set_seq(sa, seq);
	struct pkt *p = super_make(fast, &spec, gso_size);
	p->sa = sa;
	bool is_started = super_start(fast, &s, p, SUPER_BARE);
	assert_int_equal(p->verdict, DROP_NONE);
	struct sa_counts c;
	sa_count(sa, &c);
	assert_int_equal(c.seq, seq);
	assert_int_equal(c.errors, 0);
	pkt_put(fast->pool, p);
	sa_free(sa);
	return is_started;
}

static void
what_is_special_goes_the_simple_way(void **state)
{
	(void)state;
	struct sa_params p = test_params(SA_OUT);
	assert_true(starts(&p, 1000, 5));
	assert_true(starts(&p, 1000, UINT32_MAX - 3));
	assert_false(starts(&p, 1000, UINT32_MAX - 2));
	assert_false(starts(&p, 1460, 5));
	p.protocol = SA_BUNDLE;
	assert_false(starts(&p, 1000, 5));
	p.protocol = SA_AH;
	assert_false(starts(&p, 1000, 5));
	p.protocol = SA_ESP;
	p.mode = SA_TRANSPORT;
	assert_false(starts(&p, 1000, 5));
	p = test_params(SA_IN);
	assert_false(starts(&p, 1000, 5));
	/* and nobody seals it as it is */
	struct seg_spec spec = random_spec();
	p.direction = SA_OUT;
	struct sa *out = test_sa(fast, &p);
	struct pkt *super = super_make(fast, &spec, 1000);
	super->sa = out;
	out_burst(fast, &super, 1);
	assert_int_equal(super->verdict, DROP_TOO_LONG);
	pkt_put(fast->pool, super);
	sa_free(out);
	/* an ordinary packet, and no SA */
	struct super s;
	struct pkt *plain = test_packet(fast, 4, 100);
	assert_false(super_start(fast, &s, plain, SUPER_BARE));
	pkt_put(fast->pool, plain);
}

static void
abandoned_trains_are_counted(void **state)
{
	(void)state;
	struct sa_params p = test_params(SA_OUT);
	struct seg_spec spec = random_spec();
	struct sa *sa = test_sa(fast, &p);
	spec.payload_len = 5000;
	struct pkt *packet = super_make(fast, &spec, 1000);
	packet->sa = sa;
	struct super s;
	struct super_job job;
	assert_true(super_start(fast, &s, packet, SUPER_BARE));
	assert_true(super_next(fast, &s, &job));
	super_abandon(&job);
	assert_int_equal(job.verdict, DROP_LATE);
	struct sa_counts c;
	sa_count(sa, &c);
	assert_int_equal(c.errors, 5);
	assert_int_equal(c.seq, 5);
	super_crypt(helper, &job);
	pkt_put(fast->pool, job.train);
	pkt_put(fast->pool, packet);
	sa_free(sa);
}

static void
emptied_pool_is_counted(void **state)
{
	(void)state;
	struct esp_worker *small = test_worker(3);
	struct sa_params p = test_params(SA_OUT);
	struct seg_spec spec = random_spec();
	struct sa *sa = test_sa(small, &p);
	spec.payload_len = 64000;
	struct pkt *packet = super_make(small, &spec, 1000);
	packet->sa = sa;
	struct super s;
	struct super_job job;
	assert_true(super_start(small, &s, packet, SUPER_BARE));
	assert_int_equal(s.n_jobs, 2);
	assert_true(super_next(small, &s, &job));
	struct pkt *taken = pkt_get(small->pool);
	struct super_job none;
	assert_false(super_next(small, &s, &none));
	assert_int_equal(s.n_lost, 64 - job.n);
	super_crypt(small, &job);
	super_finish(small, &job);
	struct sa_counts c;
	sa_count(sa, &c);
	assert_int_equal(c.packets, job.n);
	assert_int_equal(c.errors, s.n_lost);
	/* and with none at all it does not begin */
	assert_false(super_start(small, &s, packet, SUPER_BARE));
	pkt_put(small->pool, taken);
	pkt_put(small->pool, job.train);
	pkt_put(small->pool, packet);
	sa_free(sa);
	esp_worker_free(small);
}

/* Trains of several superpackets, and what the simple way makes of those. */
struct series {
	struct sa *a;
	struct sa *b;
	struct pkt *want[SEGS_MAX];
	unsigned n_want;
	unsigned n_left; /* of them have left */
	struct super_job open;
	bool has_open;
	unsigned n_trains;
};

/* The train leaves: all of it must be what the simple way made, and so must be the copies of who cannot send it. */
static void
series_flush(struct series *r)
{
	struct pkt *copies[SUPER_SEGS_MAX];
	if (!r->has_open)
		return;
	struct super_job *job = &r->open;
	struct pkt *const *want = r->want + r->n_left;
	assert_int_equal(job->verdict, DROP_NONE);
	assert_in_range(job->n, 1, SUPER_SEGS_MAX);
	assert_in_range(job->train->len, 1, SUPER_TRAIN_MAX);
	assert_int_equal(job->train->len, (job->n - 1) * job->stride + job->last_len);
	assert_true(super_copies(fast, job, copies));
	for (unsigned k = 0; k < job->n; k++) {
		assert_true(k + 1 == job->n || job->seg_len == job->stride);
		segment_check(job, k, want[k]);
		assert_int_equal(copies[k]->len, want[k]->len);
		uint32_t outer =
		    copies[k]->lead; /* identifications are not those of the simple way */
		assert_memory_equal(
		    pkt_data(copies[k]) + outer, pkt_data(want[k]) + outer, want[k]->len - outer);
		struct pkt_outer x;
		struct pkt_outer y;
		assert_true(out_outer(copies[k], &x) && out_outer(want[k], &y));
		assert_true(x.tos == y.tos && x.df == y.df && x.ttl == y.ttl);
		pkt_put(fast->pool, copies[k]);
	}
	r->n_left += job->n;
	r->n_trains++;
	r->has_open = false;
	pkt_put(fast->pool, job->train);
}

static void
series_add(struct series *r, const struct seg_spec *spec, uint16_t gso_size)
{
	struct pkt *p1 = super_make(simple, spec, gso_size);
	struct pkt *p2 = super_make(fast, spec, gso_size);
	struct super s;
	struct super_job job;
	p1->sa = r->a;
	p2->sa = r->b;
	fast->iv = simple->iv; /* CBC's are drawn */
	unsigned n = simple_run(p1, r->want + r->n_want);
	assert_true(n > 0 && super_start(fast, &s, p2, SUPER_BARE));
	r->n_want += n;
	super_alone(&s, r->has_open ? &r->open : NULL);
	unsigned n_jobs = s.n_jobs;
	for (; super_next(fast, &s, &job); n_jobs--) {
		super_crypt(fast, &job);
		super_finish(fast, &job);
		if (job.at > 0) {
			super_append(&r->open, &job);
		} else {
			series_flush(r);
			r->open = job;
			r->has_open = true;
		}
		if (super_is_full(&r->open))
			series_flush(r);
	}
	assert_int_equal(n_jobs, 0);
	pkt_put(simple->pool, p1);
	pkt_put(fast->pool, p2);
}

static void
series_end(struct series *r)
{
	series_flush(r);
	assert_int_equal(r->n_left, r->n_want);
	counters_check(r->a, r->b);
	for (unsigned i = 0; i < r->n_want; i++)
		pkt_put(simple->pool, r->want[i]);
	sa_free(r->a);
	sa_free(r->b);
}

static void
superpackets_share_trains(void **state)
{
	static struct series r;
	(void)state;
	for (unsigned round = 0; round < 400; round++) {
		struct sa_params p = random_params(round);
		p.src_port = p.dst_port = 4500;
		size_t left = pkt_pool_left(fast->pool);
		uint16_t gso_size = (uint16_t)(200 + rand() % 1100);
		struct seg_spec spec = random_spec();
		r = (struct series){ .a = test_sa(simple, &p), .b = test_sa(fast, &p) };
		states_equal(r.a, r.b);
		for (unsigned i = 0; i < 5; i++) {
			spec.payload_len = gso_size * (2U + (uint32_t)rand() % 40);
			if (rand() % 4 == 0)
				spec.payload_len +=
				    1 + (uint32_t)rand() % 100; /* a shorter last one */
			if (rand() % 4 == 0)
				spec.tos = (uint8_t)rand();
			if (rand() % 4 == 0)
				gso_size = (uint16_t)(200 + rand() % 1100);
			if (spec.payload_len > 60000)
				spec.payload_len = gso_size * 2U;
			series_add(&r, &spec, gso_size);
		}
		series_end(&r);
		assert_int_equal(pkt_pool_left(fast->pool), left);
	}
}

/* What a bulk flow brings: 47 segments at a time, of which 44 fit into a train. */
static void
trains_of_a_flow_are_full(void **state)
{
	static struct series r;
	(void)state;
	struct sa_params p = test_params(SA_OUT);
	struct seg_spec spec = random_spec();
	p.enc = ENC_AES_128_GCM;
	p.auth = AUTH_NONE;
	p.src_port = p.dst_port = 4500;
	spec.family = 4;
	spec.proto = 6;
	spec.has_ext = false;
	spec.payload_len = 47 * 1348;
	r = (struct series){ .a = test_sa(simple, &p), .b = test_sa(fast, &p) };
	states_equal(r.a, r.b);
	for (unsigned i = 0; i < 8; i++)
		series_add(&r, &spec, 1348);
	unsigned fit = r.open.super.fit;
	series_end(&r);
	assert_int_equal(r.n_trains, (8 * 47 + fit - 1) / fit);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(superpackets_share_trains),
		cmocka_unit_test(trains_of_a_flow_are_full),
		cmocka_unit_test(trains_are_what_cutting_makes),
		cmocka_unit_test(large_segments_too),
		cmocka_unit_test(threads_share_a_superpacket),
		cmocka_unit_test(jobs_are_done_in_any_order),
		cmocka_unit_test(what_is_special_goes_the_simple_way),
		cmocka_unit_test(abandoned_trains_are_counted),
		cmocka_unit_test(emptied_pool_is_counted),
	};
	simple = test_worker(2600);
	fast = test_worker(80);
	helper = test_worker(1);
	size_t left = pkt_pool_left(fast->pool);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (pkt_pool_left(fast->pool) != left)
		failed++;
	esp_worker_free(helper);
	esp_worker_free(fast);
	esp_worker_free(simple);
	return failed;
}
