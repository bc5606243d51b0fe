/* SPDX-License-Identifier: BSD-2-Clause
 *
 * lpm_test.c - the search on lengths against a comparison with every prefix.
 */
#include "lib/vpn/lpm.h"

#include "lib/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Few distinct bits, so that prefixes nest. */
static struct addr
random_addr(uint8_t family)
{
	struct addr a = { .family = family };
	size_t n = addr_len(a);
	for (size_t i = 0; i < n; i++)
		a.b[i] = rand() % 4 ? (uint8_t)((i * 37) & 0xff) : (uint8_t)rand();
	return a;
}

static void
check(const struct lpm *t, const struct prefix *p, size_t n, struct addr a)
{
	struct lpm_levels want = { 0 };
	for (size_t i = 0; i < n; i++)
		if (prefix_has(p[i], a)) {
			unsigned level = lpm_level(t, p[i].len);
			assert_int_equal(lpm_level_len(t, level), p[i].len);
			want.bits[level / 64] |= 1ULL << level % 64;
		}
	struct lpm_levels got = lpm_find(t, &a);
	for (unsigned w = 0; w < LPM_WORDS; w++)
		assert_true(got.bits[w] == want.bits[w]);
}

static void
every_length_of_either_family(void **state)
{
	enum { N = 600 };
	(void)state;
	struct prefix p[N];
	srand(1997);
	for (unsigned round = 0; round < 60; round++) {
		uint8_t family = round % 2 ? ADDR_V6 : ADDR_V4;
		unsigned bits = family == ADDR_V6 ? 128 : 32;
		size_t n = round < 4 ? round / 2 : 1 + (size_t)rand() % N;
		for (size_t i = 0; i < n; i++)
			p[i] = (struct prefix){ .addr = random_addr(family),
				.len = (uint8_t)((unsigned)rand() % (bits + 1)) };
		struct arena *a = arena_new();
		struct lpm *t = lpm_new(a, p, n);
		assert_true(lpm_n_levels(t) <= n);
		for (unsigned i = 0; i < 300; i++)
			check(t, p, n, random_addr(family));
		for (size_t i = 0; i < n; i++)
			check(t, p, n, p[i].addr);
		arena_free(a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length_of_either_family),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
