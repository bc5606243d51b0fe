/* SPDX-License-Identifier: BSD-2-Clause
 *
 * arena_test.c - what is given out is zero and apart, also after it was taken back.
 */
#include "lib/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
assert_zero(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(p[i], 0);
}

/* Takes COUNT pieces of SIZE, which must be zero, and writes on all of them. */
static void
fill(struct arena *a, size_t count, size_t size)
{
	unsigned char *before = NULL;
	for (size_t i = 0; i < count; i++) {
		unsigned char *p = arena_alloc(a, size);
		assert_int_equal((uintptr_t)p % 16, 0);
		assert_zero(p, size);
		memset(p, 0xa5, size);
		assert_true(before == NULL || p >= before + size || p + size <= before);
		before = p;
	}
}

static void
clear_and_fill(struct arena *a)
{
	static const struct {
		size_t count;
		size_t size;
	} rounds[] = { { 1, 1 }, { 20, 100 }, { 300, 100 }, { 1, 100000 }, { 5, 1 }, { 3, 5000000 },
		{ 40, 60 } };
	for (size_t i = 0; i < sizeof(rounds) / sizeof(rounds[0]); i++) {
		fill(a, rounds[i].count, rounds[i].size);
		assert_true(arena_used(a) >= rounds[i].count * rounds[i].size);
		arena_clear(a);
		assert_int_equal(arena_used(a), 0);
	}
	arena_clear(a);
	arena_free(a);
}

static void
test_clear(void **state)
{
	(void)state;
	clear_and_fill(arena_new());
	clear_and_fill(arena_new_secret());
}

/* The place is the same: small things that come one after the other cost no memory of the system. */
static void
test_clear_keeps(void **state)
{
	(void)state;
	struct arena *a = arena_new_secret();
	char *first = arena_strdup(a, "swordfish");
	arena_clear(a);
	assert_zero((unsigned char *)first, strlen("swordfish"));
	assert_ptr_equal(arena_alloc(a, 10), first);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clear),
		cmocka_unit_test(test_clear_keeps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
