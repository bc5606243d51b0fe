/* SPDX-License-Identifier: BSD-2-Clause
 *
 * gcm_test.c - expanded keys: the right one always, forgotten when the SA goes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "lib/esp/gcm.h"
#include "lib/esp/in.h"
#include "lib/esp/out.h"
#include "lib/esp/sad.h"
#include "lib/esp/test_util.h"
#include "lib/esp/worker_priv.h"

enum {
	MANY = 2 * GCM_KEYS + 100, /* SAs of each direction: more than there are places */
	FREED = 300,
	KEEP = 3 * GCM_WAYS,
};

static void
any_octets(void *arg, void *buf, size_t n)
{
	(void)arg;
	memset(buf, 0x5a, n);
}

/* One whose keys are libipsec-mb's; NULL where the CPU cannot run that. */
static struct esp_worker *
mb_worker(void)
{
	struct esp_worker_params params = {
		.n_pkts = 16,
		.rand = any_octets,
		.engine = ESP_ENGINE_MB,
	};
	return esp_worker_new(&params);
}

static struct sa_params
gcm_params(unsigned i, enum sa_direction direction)
{
	static const enum enc_alg ciphers[] = { ENC_AES_128_GCM, ENC_AES_192_GCM, ENC_AES_256_GCM };
	struct sa_params p = test_params(direction);
	p.auth = AUTH_NONE;
	p.enc = ciphers[i % 3];
	p.spi = 0x1000 + i;
	memcpy(p.enc_key, &i, sizeof(i));
	return p;
}

static struct sa *
gcm_sa(const struct esp_worker *w, unsigned i, enum sa_direction direction)
{
	struct sa_params p = gcm_params(i, direction);
	return test_sa(w, &p);
}

static struct gcm_cache *
cache_of(const struct esp_worker *w)
{
	return w->engines.of[ENGINE_MB].gcm_cache;
}

static bool
is_zero(const void *p, size_t n)
{
	const uint8_t *octets = p;
	while (n > 0 && octets[n - 1] == 0)
		n--;
	return n == 0;
}

static struct gcm_key_data
expanded(const struct esp_worker *w, const struct sa *sa)
{
	struct gcm_key_data key;
	memset(&key, 0, sizeof(key));
	IMB_MGR *mgr = w->engines.of[ENGINE_MB].mgr;
	if (sa->key_len == IMB_KEY_128_BYTES)
		IMB_AES128_GCM_PRE(mgr, sa->gcm_key, &key);
	else if (sa->key_len == IMB_KEY_192_BYTES)
		IMB_AES192_GCM_PRE(mgr, sa->gcm_key, &key);
	else
		IMB_AES256_GCM_PRE(mgr, sa->gcm_key, &key);
	return key;
}

static void
tunnel_runs(struct esp_worker *a, struct esp_worker *b, const struct sad *sad, struct sa *out)
{
	struct pkt *pkts[2];
	uint8_t was[200];
	for (unsigned i = 0; i < 2; i++) {
		pkts[i] = test_packet(a, ADDR_V4, sizeof(was));
		pkts[i]->sa = out;
	}
	memcpy(was, pkt_data(pkts[1]), sizeof(was));
	out_burst(a, pkts, 2);
	assert_int_equal(pkts[1]->verdict, DROP_NONE);
	in_burst(b, sad, pkts, 2);
	assert_int_equal(pkts[0]->verdict, DROP_NONE);
	assert_int_equal(pkts[1]->verdict, DROP_NONE);
	assert_memory_equal(pkt_data(pkts[1]), was, sizeof(was));
	for (unsigned i = 0; i < 2; i++)
		pkt_put(esp_worker_pool(a), pkts[i]);
}

static void
more_sas_than_places_all_keep_their_keys(void **state)
{
	(void)state;
	static struct sa *outs[MANY];
	static struct sa *ins[MANY];
	struct esp_worker *a = mb_worker();
	struct esp_worker *b = mb_worker();
	if (a == NULL || b == NULL)
		skip();
	struct sad *sad = sad_new(MANY);
	for (unsigned i = 0; i < MANY; i++) {
		outs[i] = gcm_sa(a, i, SA_OUT);
		ins[i] = gcm_sa(a, i, SA_IN);
		assert_int_equal(sad_add(sad, ins[i]), SAD_OK);
	}
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < MANY; i++)
			tunnel_runs(a, b, sad, outs[i]);
	for (unsigned i = 0; i < 2 * MANY; i++)
		tunnel_runs(a, b, sad, outs[(unsigned)rand() % MANY]);
	sad_free(sad);
	for (unsigned i = 0; i < MANY; i++) {
		sa_free(outs[i]);
		sa_free(ins[i]);
	}
	esp_worker_free(a);
	esp_worker_free(b);
}

static void
a_key_is_what_the_library_makes_of_it(void **state)
{
	(void)state;
	struct esp_worker *w = mb_worker();
	if (w == NULL)
		skip();
	for (unsigned i = 0; i < 3; i++) {
		struct sa *sa = gcm_sa(w, i, SA_OUT);
		struct gcm_key_data want = expanded(w, sa);
		const struct gcm_key_data *got = gcm_keys(cache_of(w), sa);
		assert_memory_equal(got, &want, sizeof(want));
		assert_ptr_equal(gcm_keys(cache_of(w), sa), got);
		sa_free(sa);
	}
	esp_worker_free(w);
}

static void
the_key_of_an_sa_that_is_freed_is_wiped_everywhere(void **state)
{
	(void)state;
	struct esp_worker *a = mb_worker();
	struct esp_worker *b = mb_worker();
	if (a == NULL || b == NULL)
		skip();
	struct sa *sa = gcm_sa(a, 1, SA_OUT);
	struct sa *other = gcm_sa(a, 2, SA_OUT);
	const struct gcm_key_data *in_other = gcm_keys(cache_of(a), other);
	const struct gcm_key_data *in_a = gcm_keys(cache_of(a), sa);
	const struct gcm_key_data *in_b = gcm_keys(cache_of(b), sa);
	assert_false(is_zero(in_a, sizeof(*in_a)));
	sa_free(sa);
	assert_true(is_zero(in_a, sizeof(*in_a)));
	assert_true(is_zero(in_b, sizeof(*in_b)));
	assert_false(is_zero(in_other, sizeof(*in_other)));
	/* most likely at the same address */
	struct sa *fresh = gcm_sa(a, 3, SA_OUT);
	struct gcm_key_data want = expanded(a, fresh);
	assert_memory_equal(gcm_keys(cache_of(a), fresh), &want, sizeof(want));
	sa_free(fresh);
	sa_free(other);
	esp_worker_free(a);
	esp_worker_free(b);
}

/* The worker uses the SAs that are kept, one after the other and all in one set, and each one that is offered once. */
struct race {
	struct esp_worker *w;
	struct sa *kept[KEEP];
	_Atomic(const struct sa *) offered;
	atomic_bool is_over;
	unsigned n_wrong;
};

static void *
race_thread(void *arg)
{
	struct race *r = arg;
	struct gcm_key_data want[KEEP];
	for (unsigned i = 0; i < KEEP; i++)
		want[i] = expanded(r->w, r->kept[i]);
	for (unsigned n = 0; !atomic_load(&r->is_over); n++) {
		unsigned i = n % KEEP;
		const struct sa *offered = atomic_load(&r->offered);
		if (offered != NULL) {
			(void)gcm_keys(cache_of(r->w), offered);
			atomic_store(&r->offered, NULL);
		}
		if (memcmp(gcm_keys(cache_of(r->w), r->kept[i]), &want[i], sizeof(want[i])) != 0)
			r->n_wrong++;
	}
	return NULL;
}

static void
freeing_does_not_disturb_a_worker(void **state)
{
	(void)state;
	static struct race r;
	pthread_t thread;
	r.w = mb_worker();
	if (r.w == NULL)
		skip();
	uint64_t id = (uint64_t)1 << 40; /* far from all others */
	for (unsigned i = 0; i < KEEP; i++) {
		r.kept[i] = gcm_sa(r.w, i, SA_OUT);
		r.kept[i]->gcm_id = id += GCM_SETS;
	}
	assert_int_equal(pthread_create(&thread, NULL, race_thread, &r), 0);
	for (unsigned i = 0; i < FREED; i++) {
		struct sa *sa = gcm_sa(r.w, i, SA_OUT);
		sa->gcm_id = id += GCM_SETS;
		atomic_store(&r.offered, sa);
		while (atomic_load(&r.offered) != NULL)
			sched_yield();
		sa_free(sa);
	}
	atomic_store(&r.is_over, true);
	pthread_join(thread, NULL);
	assert_int_equal(r.n_wrong, 0);
	for (unsigned i = 0; i < KEEP; i++)
		sa_free(r.kept[i]);
	esp_worker_free(r.w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_sas_than_places_all_keep_their_keys),
		cmocka_unit_test(a_key_is_what_the_library_makes_of_it),
		cmocka_unit_test(the_key_of_an_sa_that_is_freed_is_wiped_everywhere),
		cmocka_unit_test(freeing_does_not_disturb_a_worker),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
