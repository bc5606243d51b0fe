/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rule_bench.c - what it costs to find the rule of a packet, beside one term of the same kind.
 *
 * usage: rule_bench [quick]
 * Two tables one after the other, as configured terms and dynamic rules are: every packet asks the first and, when it has
 * no answer, the second. Half of the packets belong to each. Prints ns a packet and the ratio to one term.
 */
#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/vpn/rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PACKETS = 1 << 14, TABLES = 2 };

struct packet {
	struct addr source;
	struct addr destination;
};

static double
now_ns(void)
{
	return (double)clock_thread_ns();
}

static struct addr
random_addr(void)
{
	struct addr a = { .family = ADDR_V4 };
	for (unsigned i = 0; i < 4; i++)
		a.b[i] = (uint8_t)rand();
	return a;
}

/* LENGTHS distinct prefix lengths on either side, the longest first: /32 downwards. */
static void
terms_make(struct rule_term *terms, size_t n, unsigned lengths)
{
	for (size_t i = 0; i < n; i++)
		terms[i] = (struct rule_term){
			.unit = RULE_UNIT_ANY,
			.verdict = (uint32_t)i,
			.source = { .addr = random_addr(),
			    .len = (uint8_t)(24 - (unsigned)rand() % lengths) },
			.destination = { .addr = random_addr(),
			    .len = (uint8_t)(24 - (unsigned)rand() % lengths) },
		};
}

static double
measure(size_t n, unsigned lengths, unsigned rounds)
{
	static struct packet packets[PACKETS];
	struct arena *a = arena_new();
	struct rule_term *terms = arena_array(a, n, sizeof(*terms));
	struct rule_table *tables[TABLES];
	for (unsigned t = 0; t < TABLES; t++) {
		terms_make(terms, n, lengths);
		tables[t] = rule_table_new(a, terms, n);
		for (unsigned i = t; i < PACKETS; i += TABLES) {
			const struct rule_term *r = &terms[(size_t)rand() % n];
			packets[i] = (struct packet){ r->source.addr, r->destination.addr };
		}
	}
	unsigned n_hits = 0;
	double best = 1e18;
	for (unsigned r = 0; r < rounds; r++) {
		double start = now_ns();
		for (unsigned i = 0; i < PACKETS; i++) {
			const struct packet *p = &packets[i];
			const struct rule_term *m =
			    rule_match(tables[0], 0, &p->source, &p->destination);
			if (m == NULL)
				m = rule_match(tables[1], 0, &p->source, &p->destination);
			n_hits += m != NULL;
		}
		double ns = (now_ns() - start) / PACKETS;
		best = ns < best ? ns : best;
	}
	if (n_hits != rounds * PACKETS)
		abort();
	arena_free(a);
	return best;
}

int
main(int argc, char **argv)
{
	static const size_t sizes[] = { 1, 100, 1000, 10000 };
	static const unsigned lengths[] = { 1, 3, 17 };
	unsigned rounds = argc > 1 && strcmp(argv[1], "quick") == 0 ? 2 : 30;
	printf(
	    "rule look-up, N configured terms and N dynamic rules, ns a packet (ratio to N = 1)\n");
	printf("%-28s", "prefix lengths a side");
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		printf("%16zu", sizes[i]);
	putchar('\n');
	for (unsigned l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
		double one = 0;
		printf("%-28u", lengths[l]);
		for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			double ns = measure(sizes[i], lengths[l], rounds);
			one = i == 0 ? ns : one;
			printf("%8.1f (%5.2f)", ns, ns / one);
		}
		putchar('\n');
	}
	return 0;
}
