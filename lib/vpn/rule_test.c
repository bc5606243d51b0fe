/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rule_test.c - the compiled table against a slow oracle that reads the terms one after the other.
 */
#include "lib/vpn/rule.h"

#include "lib/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct rule_term *
oracle(const struct rule_term *terms, size_t n, uint32_t unit, struct addr src, struct addr dst)
{
	static const struct prefix any_v4 = { .addr.family = ADDR_V4 };
	for (size_t i = 0; i < n; i++) {
		const struct rule_term *t = &terms[i];
		if (t->unit != RULE_UNIT_ANY && t->unit != unit)
			continue;
		if (prefix_has(t->source.addr.family ? t->source : any_v4, src) &&
		    prefix_has(t->destination.addr.family ? t->destination : any_v4, dst))
			return t;
	}
	return NULL;
}

/* Few distinct bits, so that random terms overlap and hide each other. */
static struct addr
random_addr(uint8_t family)
{
	struct addr a = { .family = family };
	a.b[0] = 10;
	a.b[1] = (uint8_t)(rand() % 4);
	a.b[2] = (uint8_t)((rand() % 4) << 6);
	a.b[3] = (uint8_t)(rand() % 3);
	if (family == ADDR_V6) {
		a.b[7] = (uint8_t)(rand() % 3);
		a.b[8] = (uint8_t)((rand() % 3) << 6);
		a.b[15] = (uint8_t)(rand() % 3);
	}
	return a;
}

static struct prefix
random_prefix(void)
{
	static const uint8_t lens4[] = { 0, 7, 8, 15, 16, 17, 18, 24, 31, 32 };
	static const uint8_t lens6[] = { 0, 8, 16, 18, 63, 64, 65, 66, 120, 127, 128 };
	unsigned kind = (unsigned)rand() % 8;
	if (kind == 0)
		return (struct prefix){ 0 };
	uint8_t family = kind < 6 ? ADDR_V4 : ADDR_V6;
	uint8_t len = family == ADDR_V4 ? lens4[(size_t)rand() % sizeof(lens4)]
					: lens6[(size_t)rand() % sizeof(lens6)];
	return (struct prefix){ .addr = random_addr(family), .len = len };
}

static void
random_rule_sets_agree_with_the_oracle(void **state)
{
	(void)state;
	srand(20080101);
	unsigned n_hits = 0;
	for (unsigned round = 0; round < 300; round++) {
		struct rule_term terms[40];
		size_t n = (size_t)rand() % 41;
		for (size_t i = 0; i < n; i++)
			terms[i] = (struct rule_term){
				.unit = rand() % 2 ? RULE_UNIT_ANY : (uint32_t)rand() % 4,
				.verdict = (uint32_t)i,
				.source = random_prefix(),
				.destination = random_prefix(),
			};
		struct arena *a = arena_new();
		struct rule_table *t = rule_table_new(a, terms, n);
		for (unsigned i = 0; i < 200; i++) {
			uint8_t family = rand() % 3 ? ADDR_V4 : ADDR_V6;
			struct addr src = random_addr(family);
			struct addr dst = random_addr(family);
			uint32_t unit = rand() % 4 ? (uint32_t)rand() % 5 : RULE_UNIT_ANY;
			const struct rule_term *want = oracle(terms, n, unit, src, dst);
			const struct rule_term *got = rule_match(t, unit, &src, &dst);
			assert_int_equal(want == NULL, got == NULL);
			if (want != NULL) {
				assert_int_equal(want->verdict, got->verdict);
				n_hits++;
			}
		}
		arena_free(a);
	}
	assert_true(n_hits > 1000); /* else the test looked at nothing */
}

/* As large as a gateway gets: configured terms, and behind them a second table as dynamic rules are one, of all shapes. */
static void
ten_thousand_of_all_shapes_agree_with_the_oracle(void **state)
{
	enum { N = 10000, PACKETS = 3000 };
	(void)state;
	srand(1999);
	struct rule_term *terms[2];
	struct rule_table *tables[2];
	struct arena *a = arena_new();
	unsigned n_hits[2] = { 0 };
	for (unsigned t = 0; t < 2; t++) {
		terms[t] = arena_array(a, N, sizeof(*terms[t]));
		for (uint32_t i = 0; i < N; i++) {
			uint8_t family = rand() % 3 ? ADDR_V4 : ADDR_V6;
			unsigned bits = family == ADDR_V4 ? 32 : 128;
			/* short prefixes late, or they would hide all others */
			unsigned least = i < N - 60 ? bits / 2 : 0;
			struct rule_term *r = &terms[t][i];
			*r = (struct rule_term){ .unit = RULE_UNIT_ANY, .verdict = i };
			if (rand() % 4 == 0)
				r->unit = (uint32_t)rand() % 4;
			r->source = (struct prefix){ .addr = random_addr(family),
				.len = (uint8_t)(least + (unsigned)rand() % (bits - least + 1)) };
			r->destination = (struct prefix){ .addr = random_addr(family),
				.len = (uint8_t)(least + (unsigned)rand() % (bits - least + 1)) };
		}
		tables[t] = rule_table_new(a, terms[t], N);
	}
	for (unsigned i = 0; i < PACKETS; i++) {
		uint8_t family = rand() % 3 ? ADDR_V4 : ADDR_V6;
		struct addr src = random_addr(family);
		struct addr dst = random_addr(family);
		uint32_t unit = (uint32_t)rand() % 5;
		for (unsigned t = 0; t < 2; t++) {
			const struct rule_term *want = oracle(terms[t], N, unit, src, dst);
			const struct rule_term *got = rule_match(tables[t], unit, &src, &dst);
			assert_int_equal(want == NULL, got == NULL);
			if (want == NULL)
				continue;
			assert_int_equal(want->verdict, got->verdict);
			n_hits[t]++;
			break;
		}
	}
	assert_true(n_hits[0] > PACKETS / 10 && n_hits[1] > 10);
	arena_free(a);
}

static void
ten_thousand_units_each_find_their_term(void **state)
{
	(void)state;
	enum { N = 10000 };
	struct rule_term *terms = calloc(N, sizeof(*terms));
	assert_non_null(terms);
	for (uint32_t i = 0; i < N; i++)
		terms[i] = (struct rule_term){ .unit = i, .verdict = i };
	struct arena *a = arena_new();
	struct rule_table *t = rule_table_new(a, terms, N);
	struct addr src = random_addr(ADDR_V4);
	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(rule_match(t, i, &src, &src)->verdict, i);
	assert_null(rule_match(t, N, &src, &src));
	arena_free(a);
	free(terms);
}

static void
missing_prefixes_do_not_match_ipv6(void **state)
{
	(void)state;
	struct rule_term term = { .unit = RULE_UNIT_ANY };
	struct arena *a = arena_new();
	struct rule_table *t = rule_table_new(a, &term, 1);
	struct addr v4 = random_addr(ADDR_V4);
	struct addr v6 = random_addr(ADDR_V6);
	assert_non_null(rule_match(t, 1, &v4, &v4));
	assert_null(rule_match(t, 1, &v6, &v6));
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_rule_sets_agree_with_the_oracle),
		cmocka_unit_test(ten_thousand_of_all_shapes_agree_with_the_oracle),
		cmocka_unit_test(ten_thousand_units_each_find_their_term),
		cmocka_unit_test(missing_prefixes_do_not_match_ipv6),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
