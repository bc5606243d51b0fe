/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tally_test.c - drop counters that are made when they are needed.
 */
#include "daemon/picd/tally.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { WORKERS = 3, TIMES = 100000 };

static uint64_t
sum_of(const struct tally *t, enum drop reason)
{
	uint64_t drops[DROP_MAX] = { 0 };
	tally_sum(t, drops);
	return drops[reason];
}

static void
all_workers_count(void **state)
{
	(void)state;
	struct tally *t = tally_new(WORKERS);
	assert_int_equal(sum_of(t, DROP_PAD), 0);
	tally_count(t, 0, DROP_PAD);
	tally_count(t, 2, DROP_PAD);
	tally_count(t, 2, DROP_TTL);
	tally_count(NULL, 2, DROP_PAD);
	assert_int_equal(sum_of(t, DROP_PAD), 2);
	assert_int_equal(sum_of(t, DROP_TTL), 1);
	uint64_t drops[DROP_MAX] = { [DROP_PAD] = 40 };
	tally_sum(t, drops); /* adds */
	assert_int_equal(drops[DROP_PAD], 42);
	tally_free(t);
	tally_free(NULL);
}

static void
a_clear_hides_what_was(void **state)
{
	(void)state;
	struct tally *t = tally_new(WORKERS);
	tally_clear(t); /* nobody has counted yet */
	tally_count(t, 1, DROP_PAD);
	assert_int_equal(sum_of(t, DROP_PAD), 1);
	tally_clear(t);
	assert_int_equal(sum_of(t, DROP_PAD), 0);
	tally_count(t, 0, DROP_PAD); /* another row than was there at the clear */
	tally_count(t, 1, DROP_PAD);
	assert_int_equal(sum_of(t, DROP_PAD), 2);
	tally_clear(t);
	assert_int_equal(sum_of(t, DROP_PAD), 0);
	tally_free(t);
}

struct counter {
	struct tally *t;
	unsigned worker;
};

static void *
count_all(void *arg)
{
	const struct counter *c = arg;
	for (unsigned i = 0; i < TIMES; i++)
		tally_count(c->t, c->worker, DROP_NO_RULE);
	return NULL;
}

/* The first count of each, too, may come while somebody looks. */
static void
sums_are_taken_while_workers_count(void **state)
{
	(void)state;
	struct counter counters[WORKERS];
	pthread_t threads[WORKERS];
	struct tally *t = tally_new(WORKERS);
	for (unsigned i = 0; i < WORKERS; i++) {
		counters[i] = (struct counter){ .t = t, .worker = i };
		assert_int_equal(pthread_create(&threads[i], NULL, count_all, &counters[i]), 0);
	}
	uint64_t before = 0;
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t now = sum_of(t, DROP_NO_RULE);
		assert_true(now >= before);
		before = now;
	}
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(sum_of(t, DROP_NO_RULE), WORKERS * TIMES);
	tally_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_workers_count),
		cmocka_unit_test(a_clear_hides_what_was),
		cmocka_unit_test(sums_are_taken_while_workers_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
