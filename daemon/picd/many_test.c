/* SPDX-License-Identifier: BSD-2-Clause
 *
 * many_test.c - ten thousand dynamic tunnels: what an SA costs must not depend on how many there are; what each takes.
 */
#include "daemon/picd/test_gw.h"
#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void
conf_many(struct text *t, unsigned n)
{
	text_put(t, "interfaces\n  interface sp-1/2/0\n"
		    "    unit 1\n      family\n        inet:\n      service-domain inside\n"
		    "    unit 2\n      family\n        inet:\n      service-domain outside\n"
		    "services\n"
		    "  service-set ss\n"
		    "    next-hop-service\n"
		    "      inside-service-interface sp-1/2/0.1\n"
		    "      outside-service-interface sp-1/2/0.2\n"
		    "    ipsec-vpn-options\n"
		    "      local-gateway 192.0.2.1\n"
		    "    ipsec-vpn-rules r\n"
		    "  ipsec-vpn\n"
		    "    ike\n"
		    "      policy p\n"
		    "        pre-shared-key\n"
		    "          ascii-text secretsecret\n"
		    "    rule r\n");
	for (unsigned i = 1; i <= n; i++)
		text_printf(t,
		    "      term t%u\n"
		    "        from\n"
		    "          destination-address 10.%u.%u.0/24:\n"
		    "        then\n"
		    "          remote-gateway 198.18.%u.%u\n"
		    "          dynamic\n"
		    "            ike-policy p\n",
		    i, i >> 8, i & 255, i >> 8, i & 255);
	text_put(t, "      match-direction input\n");
}

static void
one_of_many(struct gw *g, unsigned i, bool is_out, unsigned spi)
{
	char name[32];
	char number[16];
	char remote[ADDR_STRLEN];
	char net[PREFIX_STRLEN];
	const char *leaves[GW_LEAVES_MAX];
	snprintf(name, sizeof(name), "ss/r/t%u", i);
	snprintf(number, sizeof(number), "%u", spi);
	snprintf(remote, sizeof(remote), "198.18.%u.%u", i >> 8, i & 255);
	snprintf(net, sizeof(net), "10.%u.%u.0/24", i >> 8, i & 255);
	gw_sa_leaves(leaves, is_out, number, false,
	    (const char *[]){ "tunnel", name, "remote", remote, "local-selector", "0.0.0.0/0",
		"remote-selector", net, NULL });
	gw_kmd_say(g, MSG_SA_ADD, i, leaves);
}

/* Octets of memory of our own that are in use. */
static double
memory(void)
{
	char line[128];
	double kb = 0;
	FILE *f = fopen("/proc/self/status", "r");
	assert_non_null(f);
	(void)malloc_trim(0);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "RssAnon:", 8) == 0)
			kb = strtod(line + 8, NULL);
	fclose(f);
	return kb * 1024;
}

static double
seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Takes all that waits; all answers must be good. Returns how many there were. */
static unsigned
answers(struct gw *g)
{
	struct arena *a = arena_new();
	unsigned n = 0;
	gw_turns(g);
	for (struct ipc_msg m = gw_kmd_hear(g, a); m.type != 0; m = gw_kmd_hear(g, a), n++) {
		assert_int_equal(m.type, MSG_SA_DONE);
		assert_string_equal(elem_value(m.body, "status"), "ok");
	}
	arena_free(a);
	return n;
}

/* Installs a pair for each of N tunnels, then renews and deletes them ROUNDS times; returns seconds per SA. */
static double
many(unsigned n, unsigned rounds)
{
	struct gw g;
	struct text t = { 0 };
	gw_init(&g, "sp-1/2/0");
	conf_many(&t, n);
	double empty = memory();
	assert_null(gw_commit(&g, text_str(&t)));
	text_done(&t);
	gw_kmd(&g);
	gw_sync(&g);
	gw_kmd_hush(&g);
	double full = 0;
	double begin = seconds();
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned i = 1; i <= n; i++) {
			unsigned spi = 1000 + round * n + i;
			one_of_many(&g, i, false, spi);
			one_of_many(&g, i, true, spi);
			if (i % 500 == 0)
				(void)answers(&g);
			struct assoc *a = assoc_of_kmd(&g.p.assocs, g.p.conf, "ss/r/t1");
			char name[32];
			snprintf(name, sizeof(name), "ss/r/t%u", i);
			a = assoc_of_kmd(&g.p.assocs, g.p.conf, name);
			assert_int_equal(a->n_sas, round == 0 ? 2 : 4);
			if (round > 0) {
				assert_true(dynamic_del(&g.p, a, SA_IN, spi - n));
				assert_true(dynamic_del(&g.p, a, SA_OUT, spi - n));
			}
		}
		if (round == 0)
			full = memory();
	}
	(void)answers(&g);
	double took = seconds() - begin;
	uint64_t snapshots = g.p.generation;
	assert_true(snapshots < 20); /* not one for each SA */
	assert_int_equal(g.p.n_gone, 0);
	double show = seconds();
	dynamic_tick(&g.p);
	printf("%u tunnels, %u rounds: %.2f s, %.1f us for an SA, %llu snapshots; a tick %.2f ms; "
	       "%.0f octets a tunnel with its configuration and two SAs\n",
	    n, rounds, took, took * 1e6 / (2.0 * n * rounds), (unsigned long long)snapshots,
	    (seconds() - show) * 1e3, (full - empty) / n);
	/* and a kmd that comes back hears of all of them, in pieces */
	gw_kmd(&g);
	assert_true(ipc_queued(g.p.kmd) < 1 << 20);
	unsigned n_held = 0;
	for (;;) {
		struct arena *a = arena_new();
		struct ipc_msg m = gw_kmd_hear(&g, a);
		bool is_end = m.type == MSG_SA_HELD_END;
		arena_free(a);
		if (is_end)
			break;
		assert_int_equal(m.type, MSG_SA_HELD);
		n_held++;
	}
	assert_int_equal(n_held, 2 * n);
	gw_done(&g);
	return took / (2.0 * n * rounds);
}

static void
ten_thousand_pairs_cost_ten_times_a_thousand(void **state)
{
	(void)state;
	double few = many(1000, 8); /* often enough to fill the table */
	double all = many(10000, 3);
	assert_true(all < 5 * few + 20e-6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_thousand_pairs_cost_ten_times_a_thousand),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
