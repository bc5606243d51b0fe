/* SPDX-License-Identifier: BSD-2-Clause
 *
 * csum_test.c - the fast sum is the slow sum: every length, every alignment, every even split.
 */
#include "lib/esp/csum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/esp/ip.h"
#include "lib/esp/seg_model.h"

enum {
	LEN = 1600,
	GUARD = 64,
};

static uint8_t from[LEN + 2 * GUARD];
static uint8_t to[LEN + 2 * GUARD];

static void
fill(uint32_t seed)
{
	for (size_t i = 0; i < sizeof(from); i++) {
		seed = seed * 1664525U + 1013904223U;
		from[i] = (uint8_t)(seed >> 24);
	}
}

/* One way of summing, and of copying too. */
static void
check_way(enum csum_way way, size_t at, size_t n)
{
	uint16_t want = seg_sum(0, from + at, n);
	assert_int_equal(ip_sum_fold(csum_by(way, 0, NULL, from + at, n)), want);
	memset(to, 0xaa, sizeof(to));
	assert_int_equal(ip_sum_fold(csum_by(way, 0, to + GUARD, from + at, n)), want);
	assert_memory_equal(to + GUARD, from + at, n);
	assert_int_equal(to[GUARD - 1], 0xaa);
	assert_int_equal(to[GUARD + n], 0xaa);
}

static void
check(size_t at, size_t n)
{
	for (enum csum_way way = CSUM_WORDS; way < CSUM_WAYS; way++)
		if (csum_can(way))
			check_way(way, at, n);
	uint16_t want = seg_sum(0, from + at, n);
	assert_int_equal(ip_sum_fold(csum_add(0, from + at, n)), want);
	memset(to, 0xaa, sizeof(to));
	assert_int_equal(ip_sum_fold(csum_copy(0, to + GUARD, from + at, n)), want);
	assert_memory_equal(to + GUARD, from + at, n);
	assert_int_equal(to[GUARD - 1], 0xaa);
	assert_int_equal(to[GUARD + n], 0xaa);
}

static void
every_length_and_alignment(void **state)
{
	(void)state;
	fill(1);
	for (size_t n = 0; n <= 400; n++)
		for (size_t at = 0; at < GUARD; at += n < 140 ? 1 : 7)
			check(at, n);
	for (size_t n = 400; n <= LEN; n++)
		check(n % GUARD, n);
}

static void
all_ones_and_zeros(void **state)
{
	(void)state;
	memset(from, 0xff, sizeof(from));
	for (size_t n = 0; n <= LEN; n += 13)
		check(0, n);
	memset(from, 0, sizeof(from));
	check(0, LEN);
}

static void
pieces_add_up(void **state)
{
	(void)state;
	fill(2);
	for (size_t n = 1; n <= 300; n += 3) {
		uint16_t want = seg_sum(0, from, n);
		for (size_t cut = 0; cut <= n; cut += 2) {
			uint64_t acc = csum_add(0, from, cut);
			assert_int_equal(ip_sum_fold(csum_add(acc, from + cut, n - cut)), want);
			acc = csum_copy(0, to, from, cut);
			assert_int_equal(
			    ip_sum_fold(csum_copy(acc, to + cut, from + cut, n - cut)), want);
		}
	}
}

static void
large_sums_do_not_overflow(void **state)
{
	static uint8_t big[65536];
	(void)state;
	memset(big, 0xff, sizeof(big));
	uint64_t acc = 0;
	for (unsigned i = 0; i < 100; i++)
		acc = csum_add(acc, big, sizeof(big));
	assert_int_equal(ip_sum_fold(acc), 0);
	acc = csum_add(acc, (const uint8_t[]){ 0x12, 0x34 }, 2);
	assert_int_equal(ip_sum_fold(acc), (uint16_t)~0x1234);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length_and_alignment),
		cmocka_unit_test(all_ones_and_zeros),
		cmocka_unit_test(pieces_add_up),
		cmocka_unit_test(large_sums_do_not_overflow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
