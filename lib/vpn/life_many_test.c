/* SPDX-License-Identifier: BSD-2-Clause
 *
 * life_many_test.c - thousands of tunnels: bring-up, the cost of time, memory.
 *
 * A has N tunnels to N gateways, all of which are B. LIFE_MANY=10000 makes it that many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <malloc.h>
#include <stdlib.h>
#include <time.h>

#include "lib/vpn/life_sim.h"

struct many {
	struct sim *s;
	struct sim_end *a;
	struct sim_end *b;
	struct sim_conf *conf[2];
	double start_s; /* of the processor, until everything is said */
};

static size_t
many(void)
{
	const char *n = getenv("LIFE_MANY");
	return n != NULL ? strtoul(n, NULL, 10) : 1500;
}

static double
cpu_s(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

static struct many
many_new(size_t n, enum conf_establish establish)
{
	struct many m = { .s = sim_new(2) };
	m.a = &m.s->ends[0];
	m.b = &m.s->ends[1];
	m.conf[0] = sim_conf_new(
	    m.a, &(struct sim_shape){
		     .n = n, .remote_net = 2, .spreads_remote = true, .establish = establish });
	struct sim_shape b = { .n = n, .remote_net = 1, .spreads_local = true };
	m.conf[1] = sim_conf_new(m.b, &b);
	sim_start(m.s, 1, m.conf[1]);
	double then = cpu_s();
	sim_start(m.s, 0, m.conf[0]);
	m.start_s = cpu_s() - then;
	return m;
}

static void
many_free(struct many *m)
{
	sim_free(m->s);
	sim_conf_free(m->conf[0]);
	sim_conf_free(m->conf[1]);
}

/* How long it takes, in the simulation and of the processor, until all of them are up. */
static uint64_t
bring_up(struct many *m, size_t n, double *out_cpu_s)
{
	uint64_t then = m->s->now_ms;
	double cpu = cpu_s();
	while (life_stats(m->a->life).n_up < n && m->s->now_ms - then < 600000)
		sim_run(m->s, m->s->now_ms + 250);
	*out_cpu_s = cpu_s() - cpu;
	return m->s->now_ms - then;
}

static void
test_all_come_up_in_linear_time(void **state)
{
	size_t n = many();
	double few_s;
	double all_s;
	(void)state;
	struct many few = many_new(n / 5, ESTABLISH_IMMEDIATELY);
	bring_up(&few, n / 5, &few_s);
	many_free(&few);
	struct many m = many_new(n, ESTABLISH_IMMEDIATELY);
	assert_true(life_stats(m.a->life).n_turns <= LIFE_TURNS_MAX);
	uint64_t ms = bring_up(&m, n, &all_s);
	assert_int_equal(life_stats(m.a->life).n_up, n);
	/* main mode and quick mode, nothing twice; B's last third message of quick mode may be on its way */
	assert_int_equal(m.a->n_sent, 5 * n);
	/* turns of 256 that last 8 times 20 ms */
	assert_true(ms <= n / LIFE_TURNS_MAX * 200 + 500);
	assert_true(all_s / (double)n < 2.5 * few_s / ((double)n / 5));
	print_message("%zu tunnels: configured in %.3f s, up after %.2f s of network time and %.2f "
		      "s of both ends' processor "
		      "(%.0f us each; %.0f us of %zu)\n",
	    n, m.start_s, (double)ms / 1000, all_s, all_s / (double)n * 1e6,
	    few_s / ((double)n / 5) * 1e6, n / 5);
	many_free(&m);
}

static void
test_deaf_peers_hold_up_nobody(void **state)
{
	size_t n = many();
	double cpu;
	(void)state;
	struct many m = many_new(n, ESTABLISH_IMMEDIATELY);
	/* all but the last twenty gateways are deaf, whichever of them begin first */
	m.b->deaf_from = 1;
	m.b->deaf_to = (unsigned)n - 19;
	uint64_t then = m.s->now_ms;
	uint64_t ms = bring_up(&m, 20, &cpu);
	assert_int_equal(life_stats(m.a->life).n_up, 20);
	print_message(
	    "%zu deaf gateways: the others are up after %.2f s\n", n - 20, (double)ms / 1000);
	assert_true(ms <= n / LIFE_TURNS_MAX * (LIFE_TURN_MS + 250) + LIFE_TURN_MS);
	/* an hour of it: six messages and a pause, over and over */
	sim_run(m.s, then + 3600000);
	assert_true(m.a->n_sent < n * 120);
	assert_int_equal(life_stats(m.a->life).n_up, 20);
	many_free(&m);
}

static void
test_time_costs_little_and_memory_is_bounded(void **state)
{
	size_t n = many();
	double cpu;
	(void)state;
	size_t before = mallinfo2().uordblks;
	struct many m = many_new(n, ESTABLISH_IMMEDIATELY);
	size_t configured = mallinfo2().uordblks - before;
	bring_up(&m, n, &cpu);
	sim_run(m.s, m.s->now_ms + 120000); /* what lingers is gone */
	struct life_stats stats = life_stats(m.a->life);
	assert_int_equal(stats.n_up, n);
	size_t up = mallinfo2().uordblks - before;
	/* ticks with nothing to do, and one acquire of a tunnel that is up */
	cpu = cpu_s();
	for (unsigned i = 0; i < 100000; i++) {
		life_tick(m.a->life, m.s->now_ms);
		assert_true(life_due(m.a->life) > m.s->now_ms);
		life_acquire(m.a->life, m.s->now_ms, "ss/r/7");
	}
	double tick_s = cpu_s() - cpu;
	assert_true(tick_s < 1);
	assert_true(stats.bytes / n < 1500);
	/* a commit that changes nothing */
	cpu = cpu_s();
	life_conf(m.a->life, m.s->now_ms, &m.conf[0]->c);
	double conf_s = cpu_s() - cpu;
	assert_int_equal(life_stats(m.a->life).n_up, n);
	/* the life of A ends, and what is then free was its own */
	size_t with = mallinfo2().uordblks;
	sim_kill(m.a);
	size_t own = with - mallinfo2().uordblks;
	assert_true(own / n < 4096);
	print_message("%zu tunnels: tick and acquire %.2f us, the same commit again %.3f s; memory "
		      "of a tunnel %zu octets, with "
		      "the engine's %zu; everything of both ends %zu, of which configuration and "
		      "simulation %zu\n",
	    n, tick_s * 10, conf_s, stats.bytes / n, own / n, up / n, configured / n);
	many_free(&m);
}

static void
test_many_terms_with_one_peer(void **state)
{
	size_t n = many() / 5;
	double cpu;
	struct many m = { .s = sim_new(2) };
	(void)state;
	m.a = &m.s->ends[0];
	m.b = &m.s->ends[1];
	m.conf[0] = sim_conf_new(m.a,
	    &(struct sim_shape){ .n = n, .remote_net = 2, .establish = ESTABLISH_IMMEDIATELY });
	m.conf[1] = sim_conf_new(m.b, &(struct sim_shape){ .n = n, .remote_net = 1 });
	sim_start(m.s, 1, m.conf[1]);
	sim_start(m.s, 0, m.conf[0]);
	uint64_t ms = bring_up(&m, n, &cpu);
	print_message("%zu terms with one peer: up after %.2f s, %.2f s of both ends' processor, "
		      "%zu IKE SAs\n",
	    n, (double)ms / 1000, cpu, ike_n_sas(life_ike(m.a->life)));
	assert_int_equal(life_stats(m.a->life).n_up, n);
	/* as many at once as an IKE SA has room for */
	assert_true(ms <= n / IKE_QUICK_MAX * 100 + 500);
	many_free(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_come_up_in_linear_time),
		cmocka_unit_test(test_many_terms_with_one_peer),
		cmocka_unit_test(test_deaf_peers_hold_up_nobody),
		cmocka_unit_test(test_time_costs_little_and_memory_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
