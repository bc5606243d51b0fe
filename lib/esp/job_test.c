/* SPDX-License-Identifier: BSD-2-Clause
 *
 * job_test.c - bursts in three steps, views, and packets without their outer headers.
 *
 * Every way must have the same verdicts, octets and counters as out_burst() and in_burst() on whole
 * packets: two sets of SAs with equal keys, one for each way.
 */
#include "lib/esp/job.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/esp/in.h"
#include "lib/esp/ip.h"
#include "lib/esp/out.h"
#include "lib/esp/sad.h"
#include "lib/esp/test_util.h"

enum {
	KINDS = 5,
	N = ESP_BURST_MAX,
};

static struct esp_worker *w;
static struct esp_worker *helper;
static struct pkt_pool *pool;
static struct esp_job *job;

struct set {
	struct sa *outs[KINDS];
	struct sa *ins[KINDS];
	struct sad *sad;
};

/* All are ESP in UDP if HAS_UDP. */
static void
set_make(struct set *s, bool has_udp)
{
	s->sad = sad_new(16);
	for (unsigned i = 0; i < KINDS; i++) {
		struct sa_params p = test_params(SA_OUT);
		p.spi = 0x1000 + i;
		p.enc = i == 1   ? ENC_NULL
			: i == 2 ? ENC_AES_256_GCM
			: i == 3 ? ENC_CHACHA20_POLY1305
				 : ENC_AES_128_CBC;
		if (i == 2 || i == 3)
			p.auth = AUTH_NONE;
		if (i == 4) {
			p.src = test_addr("2001:db8::1");
			p.dst = test_addr("2001:db8::2");
		}
		if (has_udp)
			p.src_port = p.dst_port = 4500;
		if (!has_udp && i == 1)
			p.protocol = SA_AH;
		p.tos = i == 0 ? 0x28 : SA_TOS_COPY;
		s->outs[i] = test_sa(w, &p);
		p.direction = SA_IN;
		s->ins[i] = test_sa(w, &p);
		assert_int_equal(sad_add(s->sad, s->ins[i]), SAD_OK);
	}
}

static void
set_free(struct set *s)
{
	sad_free(s->sad);
	for (unsigned i = 0; i < KINDS; i++) {
		sa_free(s->outs[i]);
		sa_free(s->ins[i]);
	}
}

static void
counters_check(struct sa *a, struct sa *b)
{
	struct sa_counts x;
	struct sa_counts y;
	sa_count(a, &x);
	sa_count(b, &y);
	assert_memory_equal(&x, &y, offsetof(struct sa_counts, seq));
	assert_int_equal(x.seq, y.seq);
}

static void
sets_check(const struct set *a, const struct set *b)
{
	for (unsigned i = 0; i < KINDS; i++) {
		counters_check(a->outs[i], b->outs[i]);
		counters_check(a->ins[i], b->ins[i]);
	}
}

static void *
help(void *arg)
{
	job_crypt(helper, arg);
	return NULL;
}

static void
crypt_elsewhere(void)
{
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, help, job), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static struct pkt *
clear_packet(unsigned seed)
{
	struct pkt *p = test_packet(w, seed % 3 ? 4 : 6, 60 + seed * 131 % 1250);
	test_tos(p, (uint8_t)(seed * 5));
	return p;
}

static void
three_steps_are_one(void **state)
{
	struct set s;
	struct set plain;
	(void)state;
	set_make(&s, false);
	set_make(&plain, false);
	for (unsigned round = 0; round < 40; round++) {
		struct pkt *a[N];
		struct pkt *b[N];
		for (unsigned i = 0; i < N; i++) {
			unsigned seed = round * N + i;
			a[i] = clear_packet(seed);
			b[i] = clear_packet(seed);
			a[i]->sa = s.outs[seed % KINDS];
			b[i]->sa = plain.outs[seed % KINDS];
		}
		out_prepare(w, job, a, N);
		crypt_elsewhere();
		out_finish(w, job);
		out_burst(w, b, N);
		for (unsigned i = 0; i < N; i++) {
			assert_int_equal(a[i]->verdict, DROP_NONE);
			assert_int_equal(a[i]->len, b[i]->len);
			if (rand() % 10 == 0) {
				uint32_t at = (uint32_t)rand() % a[i]->len;
				pkt_data(a[i])[at] ^= 8;
				pkt_data(b[i])[at] ^= 8;
			}
		}
		if (round % 4 == 0) { /* replayed within the burst */
			struct pkt *copy = test_bytes(w, pkt_data(a[0]), a[0]->len);
			pkt_put(pool, a[1]);
			a[1] = copy;
			copy = test_bytes(w, pkt_data(b[0]), b[0]->len);
			pkt_put(pool, b[1]);
			b[1] = copy;
		}
		in_prepare(w, s.sad, job, a, N);
		crypt_elsewhere();
		in_finish(w, job);
		in_burst(w, plain.sad, b, N);
		for (unsigned i = 0; i < N; i++) {
			assert_int_equal(a[i]->verdict, b[i]->verdict);
			if (a[i]->verdict == DROP_NONE) {
				assert_int_equal(a[i]->len, b[i]->len);
				assert_memory_equal(pkt_data(a[i]), pkt_data(b[i]), a[i]->len);
			}
			pkt_put(pool, a[i]);
			pkt_put(pool, b[i]);
		}
	}
	sets_check(&s, &plain);
	set_free(&s);
	set_free(&plain);
}

/* More fragments than a job holds: some are sealed while it is prepared. */
static void
fragments_fit_no_job(void **state)
{
	struct set s;
	(void)state;
	set_make(&s, false);
	struct pkt *pkts[8];
	for (unsigned i = 0; i < 8; i++) {
		pkts[i] = test_packet(w, 4, 20000);
		pkts[i]->sa = s.outs[0];
	}
	out_prepare(w, job, pkts, 8);
	crypt_elsewhere();
	out_finish(w, job);
	uint32_t seq = 1;
	for (unsigned i = 0; i < 8; i++) {
		for (struct pkt *p = pkts[i]; p != NULL; p = p->next, seq++) {
			assert_int_equal(p->verdict, DROP_NONE);
			assert_int_equal(get32(pkt_data(p) + 24), seq);
		}
		pkt_put(pool, pkts[i]);
	}
	assert_true(seq > ESP_BURST_MAX);
	set_free(&s);
}

static void
abandoned_job_is_counted(void **state)
{
	struct set s;
	struct sa_counts c;
	(void)state;
	set_make(&s, false);
	struct pkt *p = clear_packet(1);
	p->sa = s.outs[0];
	out_prepare(w, job, &p, 1);
	job_abandon(job);
	assert_int_equal(p->verdict, DROP_LATE);
	sa_count(s.outs[0], &c);
	assert_int_equal(c.errors, 1);
	assert_int_equal(c.packets, 0);
	assert_int_equal(c.seq, 1);
	crypt_elsewhere(); /* the helper comes late */
	pkt_put(pool, p);
	set_free(&s);
}

/* Seals packet SEED on both sets; A gets no outer headers but facts, as a view AT octets into PARENT. */
static struct pkt *
bare_pair(const struct set *s, const struct set *plain, unsigned seed, struct pkt *parent,
    uint32_t *at, struct pkt_outer *outer, struct pkt **out_whole)
{
	struct pkt *p = clear_packet(seed);
	struct pkt *q = clear_packet(seed);
	p->sa = s->outs[seed % KINDS];
	q->sa = plain->outs[seed % KINDS];
	out_burst(w, &p, 1);
	out_burst(w, &q, 1);
	assert_int_equal(p->verdict, DROP_NONE);
	assert_int_equal(p->lead, p->family == 4 ? 28 : 48);
	assert_true(out_outer(p, outer));
	assert_int_equal(outer->src_port, 4500);
	assert_int_equal(outer->dst_port, 4500);
	assert_int_equal(outer->ttl, 64);
	assert_true(addr_eq(outer->src, sa_params(p->sa)->src));
	assert_true(addr_eq(outer->dst, sa_params(p->sa)->dst));
	uint8_t inner = (uint8_t)(seed * 5);
	assert_int_equal(outer->tos, seed % KINDS == 0 ? 0x28 | (inner & 3) : inner);
	uint32_t len = p->len - p->lead;
	memcpy(parent->buf + *at, pkt_data(p) + p->lead, len);
	struct pkt *view = pkt_view(pool, parent, *at, len);
	assert_non_null(view);
	view->outer = outer;
	*at += len;
	pkt_put(pool, p);
	*out_whole = q;
	return view;
}

/* The same harm to both forms of a packet. */
static void
spoil_both(struct pkt *view, struct pkt_outer *outer, struct pkt *whole, unsigned kind)
{
	uint8_t *ip = pkt_data(whole);
	uint32_t lead = whole->lead;
	uint32_t at = (uint32_t)rand() % view->len;
	bool is_v4 = whole->family == 4;
	switch (kind) {
	case 0:
		pkt_data(view)[at] ^= 2;
		ip[lead + at] ^= 2;
		break;
	case 1: /* to another port */
		outer->dst_port = 4501;
		put16(ip + lead - 6, 4501);
		break;
	case 2: /* from somewhere else */
		outer->src.b[3] ^= 1;
		ip[is_v4 ? IP4_SRC + 3 : IP6_SRC + 3] ^= 1;
		if (is_v4)
			ip4_sum_set(ip, IP4_LEN);
		break;
	case 3: /* to somebody else */
		outer->dst.b[3] ^= 1;
		ip[is_v4 ? IP4_DST + 3 : IP6_DST + 3] ^= 1;
		if (is_v4)
			ip4_sum_set(ip, IP4_LEN);
		break;
	case 4: /* no ESP: a message of IKE */
		memset(pkt_data(view), 0, 4);
		memset(ip + lead, 0, 4);
		break;
	case 5: /* short */
		view->len = at;
		whole->len = lead + at;
		put16(ip + lead - UDP_LEN + UDP_LENGTH, UDP_LEN + at);
		if (is_v4) {
			put16(ip + IP4_TOTAL, whole->len);
			ip4_sum_set(ip, IP4_LEN);
		} else {
			put16(ip + IP6_PAYLOAD, whole->len - IP6_LEN);
		}
		break;
	case 6: /* congestion on the way */
		outer->tos |= 3;
		test_tos(whole, outer->tos);
		break;
	default:
		break;
	}
}

static void
bare_packets_are_whole_packets(void **state)
{
	struct set s;
	struct set plain;
	bool seen[DROP_MAX] = { false };
	(void)state;
	set_make(&s, true);
	set_make(&plain, true);
	size_t left = pkt_pool_left(pool);
	for (unsigned round = 0; round < 100; round++) {
		struct pkt *parent = pkt_get(pool);
		struct pkt_outer outers[32];
		struct pkt *views[32];
		struct pkt *wholes[32];
		uint32_t at = parent->off;
		for (unsigned i = 0; i < 32; i++) {
			views[i] = bare_pair(
			    &s, &plain, round * 32 + i, parent, &at, &outers[i], &wholes[i]);
			if (rand() % 3 == 0)
				spoil_both(views[i], &outers[i], wholes[i], (unsigned)rand() % 7);
		}
		pkt_put(pool, parent);
		in_burst(w, s.sad, views, 32);
		in_burst(w, plain.sad, wholes, 32);
		for (unsigned i = 0; i < 32; i++) {
			if (views[i]->verdict != wholes[i]->verdict)
				fail_msg("%s, not %s", drop_info(views[i]->verdict)->id,
				    drop_info(wholes[i]->verdict)->id);
			seen[views[i]->verdict] = true;
			if (views[i]->verdict == DROP_NONE) {
				assert_int_equal(views[i]->len, wholes[i]->len);
				assert_memory_equal(
				    pkt_data(views[i]), pkt_data(wholes[i]), views[i]->len);
			}
			pkt_put(pool, views[i]);
			pkt_put(pool, wholes[i]);
		}
	}
	assert_true(seen[DROP_NONE] && seen[DROP_ESP_AUTH] && seen[DROP_ENCAPSULATION] &&
		    seen[DROP_OUTER_SOURCE] && seen[DROP_NO_SA] && seen[DROP_OUTER_PROTOCOL] &&
		    seen[DROP_TRUNCATED] && seen[DROP_ECN]);
	assert_int_equal(pkt_pool_left(pool), left);
	sets_check(&s, &plain);
	set_free(&s);
	set_free(&plain);
}

static void
only_udp_has_a_lead(void **state)
{
	struct set s;
	struct pkt_outer outer;
	(void)state;
	set_make(&s, false);
	struct pkt *p = clear_packet(1);
	p->sa = s.outs[0];
	p->lead = 9;
	out_burst(w, &p, 1);
	assert_int_equal(p->verdict, DROP_NONE);
	assert_int_equal(p->lead, 0);
	assert_false(out_outer(p, &outer));
	pkt_put(pool, p);
	set_free(&s);
	set_make(&s, true);
	p = test_packet(w, 4, 1000);
	p->sa = s.outs[0];
	out_burst(w, &p, 1);
	assert_int_equal(out_fragment(w, p, 576), DROP_NONE);
	assert_non_null(p->next);
	assert_int_equal(p->lead, 0);
	assert_false(out_outer(p, &outer));
	pkt_put(pool, p);
	set_free(&s);
}

static void
views_keep_their_buffer(void **state)
{
	(void)state;
	struct pkt_pool *small = pkt_pool_new(1);
	struct pkt *parent = pkt_get(small);
	memset(pkt_data(parent), 7, 300);
	struct pkt *a = pkt_view(small, parent, parent->off, 100);
	struct pkt *b = pkt_view(small, parent, parent->off + 100, 200);
	assert_int_equal(pkt_room(a), 100);
	assert_ptr_equal(pkt_data(b), pkt_data(parent) + 100);
	a->next = b;
	pkt_put(small, parent);
	assert_null(pkt_get(small));
	pkt_put(small, a);
	struct pkt *again = pkt_get(small);
	assert_ptr_equal(again, parent);
	assert_null(again->parent);
	static struct pkt *views[PKT_VIEWS];
	for (unsigned i = 0; i < PKT_VIEWS; i++)
		views[i] = pkt_view(small, again, again->off, 1);
	assert_null(pkt_view(small, again, again->off, 1));
	for (unsigned i = 0; i < PKT_VIEWS; i++)
		pkt_put(small, views[i]);
	assert_null(pkt_get(small));
	pkt_put(small, again);
	assert_int_equal(pkt_pool_left(small), 1);
	pkt_pool_free(small);
}

enum { STRANGERS = 3, GIFTS = 1500, SOME = 7 };

struct stranger {
	struct pkt *_Atomic gift;
	struct pkt_pool *own;
};

static void *
stranger_run(void *arg)
{
	struct stranger *s = arg;
	struct pkt *some[SOME];
	unsigned n_some = 0;
	for (unsigned n = 0; n < GIFTS;) {
		struct pkt *p = atomic_exchange(&s->gift, NULL);
		if (p == NULL) {
			usleep(20); /* not sched_yield(), which starves on a busy machine */
			continue;
		}
		some[n_some++] = p;
		if (++n % SOME == 0 || n == GIFTS) {
			if (n % 4 == 0 && n_some > 1 && some[1]->next == NULL) {
				some[0]->next = some[1]; /* fragments */
				some[1] = some[--n_some];
			}
			pkt_put_all(s->own, some, n_some);
			n_some = 0;
		}
	}
	return NULL;
}

/* Packets and views that other threads give back all come home. */
static void
packets_come_home(void **state)
{
	static struct stranger strangers[STRANGERS];
	pthread_t threads[STRANGERS];
	(void)state;
	struct pkt_pool *home = pkt_pool_new(40);
	for (unsigned i = 0; i < STRANGERS; i++) {
		strangers[i].own = pkt_pool_new(1);
		assert_int_equal(pthread_create(&threads[i], NULL, stranger_run, &strangers[i]), 0);
	}
	unsigned given[STRANGERS] = { 0 };
	for (unsigned n = 0; n < STRANGERS * GIFTS;) {
		for (unsigned i = 0; i < STRANGERS; i++) {
			if (given[i] == GIFTS || atomic_load(&strangers[i].gift) != NULL)
				continue;
			struct pkt *p = pkt_get(home);
			if (p == NULL)
				continue;
			if (n % 2) {
				struct pkt *view = pkt_view(home, p, p->off, 1);
				pkt_put(home, p);
				p = view;
			}
			atomic_store(&strangers[i].gift, p);
			given[i]++;
			n++;
		}
		usleep(20);
	}
	for (unsigned i = 0; i < STRANGERS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		pkt_pool_free(strangers[i].own);
	}
	assert_int_equal(pkt_pool_left(home), 40);
	pkt_pool_free(home);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_steps_are_one),
		cmocka_unit_test(fragments_fit_no_job),
		cmocka_unit_test(abandoned_job_is_counted),
		cmocka_unit_test(bare_packets_are_whole_packets),
		cmocka_unit_test(only_udp_has_a_lead),
		cmocka_unit_test(views_keep_their_buffer),
		cmocka_unit_test(packets_come_home),
	};
	w = test_worker(300);
	helper = test_worker(1);
	pool = esp_worker_pool(w);
	job = job_new();
	size_t left = pkt_pool_left(pool);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (pkt_pool_left(pool) != left)
		failed++;
	job_free(job);
	esp_worker_free(helper);
	esp_worker_free(w);
	return failed;
}
