/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sad_test.c - the SA table finds what was entered, and nothing else, whatever the order.
 */
#include "lib/esp/sad.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/esp/test_util.h"

static struct sa *
sa_make(struct esp_worker *w, uint32_t spi, enum sa_protocol protocol, const char *dst)
{
	struct sa_params p = test_params(SA_IN);
	p.spi = spi;
	p.protocol = protocol;
	p.src = (struct addr){ 0 };
	p.dst = dst ? test_addr(dst) : (struct addr){ 0 };
	return test_sa(w, &p);
}

static struct sa *
find(const struct sad *t, uint32_t spi, uint8_t proto, const char *dst)
{
	struct addr a = test_addr(dst);
	struct sad_key key;
	sad_key_init(&key, spi, proto, a.family, a.b);
	struct sad_key keys[2] = { key };
	struct sa *found[2];
	sad_find_burst(t, keys, found, 2);
	assert_ptr_equal(found[0], sad_find(t, &key));
	assert_null(found[1]); /* a key of zeroes */
	return found[0];
}

static void
an_sa_is_found_by_spi_protocol_and_destination(void **state)
{
	(void)state;
	struct esp_worker *w = test_worker(4);
	struct sad *t = sad_new(8);
	struct sa *esp = sa_make(w, 0x500, SA_ESP, "192.0.2.2");
	struct sa *ah = sa_make(w, 0x500, SA_AH, "192.0.2.2");
	struct sa *far = sa_make(w, 0x500, SA_ESP, "192.0.2.3");
	struct sa *v6 = sa_make(w, 0x500, SA_ESP, "2001:db8::2");
	struct sa *any = sa_make(w, 0x500, SA_ESP, NULL);
	struct sa *bundle = sa_make(w, 0x700, SA_BUNDLE, "192.0.2.2");
	struct sa *all[] = { esp, ah, far, v6, any, bundle };
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(sad_add(t, all[i]), SAD_OK);
	assert_int_equal(sad_size(t), 6);
	assert_ptr_equal(find(t, 0x500, 50, "192.0.2.2"), esp);
	assert_ptr_equal(find(t, 0x500, 51, "192.0.2.2"), ah);
	assert_ptr_equal(find(t, 0x500, 50, "192.0.2.3"), far);
	assert_ptr_equal(find(t, 0x500, 50, "2001:db8::2"), v6);
	assert_ptr_equal(find(t, 0x500, 50, "192.0.2.9"), any);
	assert_null(find(t, 0x500, 51, "192.0.2.9"));
	assert_null(find(t, 0x501, 50, "192.0.2.2"));
	assert_ptr_equal(find(t, 0x700, 51, "192.0.2.2"), bundle);
	assert_null(find(t, 0x2002, 50, "192.0.2.2")); /* its ESP, bare */
	assert_null(find(t, 0x700, 50, "192.0.2.2"));
	for (size_t i = 0; i < 6; i++)
		sa_free(all[i]);
	sad_free(t);
	esp_worker_free(w);
}

static void
what_does_not_belong_is_refused(void **state)
{
	(void)state;
	struct esp_worker *w = test_worker(4);
	struct sad *t = sad_new(1);
	struct sa *a = sa_make(w, 0x500, SA_ESP, "192.0.2.2");
	struct sa *twin = sa_make(w, 0x500, SA_ESP, "192.0.2.2");
	struct sa *other = sa_make(w, 0x501, SA_ESP, "192.0.2.2");
	struct sa_params p = test_params(SA_OUT);
	struct sa *out = test_sa(w, &p);
	assert_int_equal(sad_add(t, out), SAD_OUTBOUND);
	assert_int_equal(sad_add(t, a), SAD_OK);
	assert_int_equal(sad_add(t, twin), SAD_DUPLICATE);
	assert_int_equal(sad_add(t, other), SAD_FULL);
	sad_del(t, twin); /* not in the table: nothing happens */
	assert_ptr_equal(find(t, 0x500, 50, "192.0.2.2"), a);
	sad_del(t, a);
	assert_int_equal(sad_add(t, other), SAD_OK);
	sa_free(a);
	sa_free(twin);
	sa_free(other);
	sa_free(out);
	sad_free(t);
	esp_worker_free(w);
}

static void
what_is_elsewhere_is_known_but_not_found(void **state)
{
	(void)state;
	struct esp_worker *w = test_worker(4);
	struct sad *t = sad_new(3);
	struct addr dst = test_addr("192.0.2.2");
	struct sa *own = sa_make(w, 0x500, SA_ESP, "192.0.2.2");
	struct sad_key here, there, anywhere, stray;
	sad_key_init(&here, 0x500, 50, dst.family, dst.b);
	sad_key_init(&there, 0x501, 50, dst.family, dst.b);
	sad_key_init(&anywhere, 0x502, 51, 0, NULL);
	assert_int_equal(sad_add(t, own), SAD_OK);
	assert_int_equal(sad_add_elsewhere(t, &there), SAD_OK);
	assert_int_equal(sad_add_elsewhere(t, &anywhere), SAD_OK);
	assert_int_equal(sad_add_elsewhere(t, &here), SAD_DUPLICATE);
	assert_ptr_equal(sad_find(t, &here), own);
	assert_false(sad_is_elsewhere(t, &here));
	assert_null(sad_find(t, &there));
	assert_true(sad_is_elsewhere(t, &there));
	sad_key_init(&anywhere, 0x502, 51, dst.family, dst.b);
	assert_null(sad_find(t, &anywhere));
	assert_true(sad_is_elsewhere(t, &anywhere));
	sad_key_init(&stray, 0x501, 51, dst.family, dst.b);
	assert_false(sad_is_elsewhere(t, &stray));
	sa_free(own);
	sad_free(t);
	esp_worker_free(w);
}

static void
adding_and_deleting_in_any_order_loses_nothing(void **state)
{
	(void)state;
	enum { N = 3000 };
	static struct sa *sas[N];
	static bool is_in[N];
	struct esp_worker *w = test_worker(4);
	struct sad *t = sad_new(N);
	for (uint32_t i = 0; i < N; i++)
		sas[i] = sa_make(w, 256 + i, SA_ESP, "192.0.2.2");
	srand(2);
	for (int round = 0; round < 20000; round++) {
		uint32_t i = (uint32_t)rand() % N;
		if (is_in[i])
			sad_del(t, sas[i]);
		else
			assert_int_equal(sad_add(t, sas[i]), SAD_OK);
		is_in[i] = !is_in[i];
		uint32_t k = (uint32_t)rand() % N;
		assert_ptr_equal(find(t, 256 + k, 50, "192.0.2.2"), is_in[k] ? sas[k] : NULL);
	}
	for (uint32_t i = 0; i < N; i++) {
		assert_ptr_equal(find(t, 256 + i, 50, "192.0.2.2"), is_in[i] ? sas[i] : NULL);
		sa_free(sas[i]);
	}
	sad_free(t);
	esp_worker_free(w);
}

/* Two SPIs whose hashes agree in all that a slot of a small table can tell. */
static void
twins_find(uint32_t *out_a, uint32_t *out_b)
{
	enum { N = 1 << 17, HASH_SIZE = 1 << 18 };
	static struct {
		uint32_t what;
		uint32_t spi;
	} seen[HASH_SIZE];
	struct addr dst = test_addr("192.0.2.2");
	for (uint32_t spi = 256; spi < 256 + N; spi++) {
		struct sad_key key;
		sad_key_init(&key, spi, 50, dst.family, dst.b);
		uint32_t what = (uint32_t)(key.hash >> 41) << 3 | ((uint32_t)key.hash & 7);
		uint32_t at = what * 0x9e3779b1U >> 14;
		while (seen[at].spi != 0 && seen[at].what != what)
			at = (at + 1) % HASH_SIZE;
		if (seen[at].spi != 0) {
			*out_a = seen[at].spi;
			*out_b = spi;
			return;
		}
		seen[at].what = what;
		seen[at].spi = spi;
	}
	fail();
}

static void
sas_with_the_same_fingerprint_are_told_apart(void **state)
{
	(void)state;
	uint32_t spi_a = 0;
	uint32_t spi_b = 0;
	twins_find(&spi_a, &spi_b);
	struct esp_worker *w = test_worker(4);
	struct sad *t = sad_new(4);
	struct sa *a = sa_make(w, spi_a, SA_ESP, "192.0.2.2");
	struct sa *b = sa_make(w, spi_b, SA_ESP, "192.0.2.2");
	assert_int_equal(sad_add(t, a), SAD_OK);
	assert_null(find(t, spi_b, 50, "192.0.2.2"));
	assert_int_equal(sad_add(t, b), SAD_OK);
	assert_ptr_equal(find(t, spi_a, 50, "192.0.2.2"), a);
	assert_ptr_equal(find(t, spi_b, 50, "192.0.2.2"), b);
	sad_del(t, a);
	assert_null(find(t, spi_a, 50, "192.0.2.2"));
	assert_ptr_equal(find(t, spi_b, 50, "192.0.2.2"), b);
	sa_free(a);
	sa_free(b);
	sad_free(t);
	esp_worker_free(w);
}

/* What stays is found all the time, while its neighbours come and go; and what went is not. */
struct reading {
	const struct sad *t;
	struct sad_key key;
	const struct sa *sa;
	_Atomic bool is_over;
	_Atomic unsigned n_misses;
	_Atomic unsigned n_turns;
};

static void *
reader_main(void *arg)
{
	struct reading *r = arg;
	while (!atomic_load(&r->is_over)) {
		struct sa *found;
		sad_find_burst(r->t, &r->key, &found, 1);
		if (found != r->sa)
			atomic_fetch_add(&r->n_misses, 1);
		atomic_fetch_add(&r->n_turns, 1);
	}
	return NULL;
}

static void
readers_do_not_notice_what_retires(void **state)
{
	(void)state;
	enum { N = 100 };
	struct esp_worker *w = test_worker(4);
	struct sad *t = sad_new(302);
	struct sa *stays = sa_make(w, 5000, SA_ESP, "192.0.2.2");
	struct sa *sas[N];
	pthread_t thread;
	assert_int_equal(sad_add(t, stays), SAD_OK);
	struct reading r = { .t = t, .sa = stays };
	struct addr dst = test_addr("192.0.2.2");
	sad_key_init(&r.key, 5000, 50, dst.family, dst.b);
	assert_int_equal(pthread_create(&thread, NULL, reader_main, &r), 0);
	for (unsigned i = 0; i < N; i++) {
		sas[i] = sa_make(w, 1000 + i, i % 2 == 0 ? SA_ESP : SA_AH, "192.0.2.2");
		assert_int_equal(sad_add(t, sas[i]), SAD_OK);
		assert_int_equal(sad_add(t, sas[i]), SAD_DUPLICATE);
	}
	for (unsigned i = 0; i < 3 * N - 1; i++) { /* graves fill the rest */
		struct sa *sa = sas[i % N];
		sad_retire(t, sa);
		assert_null(find(t, 1000 + i % N, i % 2 == 0 ? 50 : 51, "192.0.2.2"));
		if (i < 2 * N)
			assert_int_equal(sad_add(t, sa), SAD_OK);
	}
	assert_int_equal(sad_size(t), 2);
	sad_retire(t, sas[0]); /* twice does no harm */
	assert_int_equal(sad_add(t, sas[0]), SAD_OK);
	assert_int_equal(sad_add(t, sas[1]), SAD_FULL);
	assert_ptr_equal(find(t, 1099, 51, "192.0.2.2"), sas[99]);
	sad_del(t, sas[99]); /* among graves */
	assert_null(find(t, 1099, 51, "192.0.2.2"));
	while (atomic_load(&r.n_turns) < 1000)
		sched_yield();
	atomic_store(&r.is_over, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(atomic_load(&r.n_misses), 0);
	assert_ptr_equal(find(t, 5000, 50, "192.0.2.2"), stays);
	for (unsigned i = 0; i < N; i++)
		sa_free(sas[i]);
	sa_free(stays);
	sad_free(t);
	esp_worker_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_sa_is_found_by_spi_protocol_and_destination),
		cmocka_unit_test(what_does_not_belong_is_refused),
		cmocka_unit_test(what_is_elsewhere_is_known_but_not_found),
		cmocka_unit_test(sas_with_the_same_fingerprint_are_told_apart),
		cmocka_unit_test(adding_and_deleting_in_any_order_loses_nothing),
		cmocka_unit_test(readers_do_not_notice_what_retires),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
