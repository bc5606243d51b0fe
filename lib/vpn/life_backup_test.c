/* SPDX-License-Identifier: BSD-2-Clause
 *
 * life_backup_test.c - a tunnel with a second gateway: when it goes there, how soon, and when it comes back.
 *
 * A is 10.1.0.1, its primary gateway B 10.2.0.1, the backup C 10.3.0.1; behind B and C is the same network.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/vpn/life_sim.h"

#define T0 "ss/r/0"

struct three {
	struct sim *s;
	struct sim_end *a;
	struct sim_end *b;
	struct sim_end *c;
	struct sim_conf *conf[3];
};

/* B and C begin nothing. */
static struct three
three_new(void)
{
	static const struct sim_shape a = {
		.n = 1, .remote_net = 2, .backup_net = 3, .has_dpd = true
	};
	static const struct sim_shape peer = { .n = 1, .remote_net = 1 };
	struct three t = { .s = sim_new(3) };
	t.a = &t.s->ends[0];
	t.b = &t.s->ends[1];
	t.c = &t.s->ends[2];
	for (unsigned i = 3; i-- > 0;) {
		t.conf[i] = sim_conf_new(&t.s->ends[i], i == 0 ? &a : &peer);
		sim_start(t.s, i, t.conf[i]);
	}
	return t;
}

static void
three_free(struct three *t)
{
	sim_free(t->s);
	for (unsigned i = 0; i < 3; i++)
		sim_conf_free(t->conf[i]);
}

static void
wait_s(struct three *t, unsigned s)
{
	sim_run(t->s, t->s->now_ms + s * UINT64_C(1000));
}

static void
assert_pairs(const struct sim_end *e, const char *tunnel, unsigned n)
{
	assert_int_equal(sim_count(e, tunnel, false), n);
	assert_int_equal(sim_count(e, tunnel, true), n);
}

/* It is told of the gateway that failed, not of the one that is tried now. */
static void
test_a_failure_is_that_of_its_gateway(void **state)
{
	(void)state;
	struct three t = three_new();
	struct life_peer_view peer;
	struct ike_path to_b = { .local.addr = sim_gateway(1, 1),
		.remote.addr = sim_gateway(2, 1) };
	struct ike_path to_c = { .local.addr = sim_gateway(1, 1),
		.remote.addr = sim_gateway(3, 1) };
	t.b->is_off = t.c->is_off = true;
	sim_acquire(t.a, T0);
	wait_s(&t, 20);
	assert_true(sim_view(t.a, T0).is_backup_active);
	assert_string_equal(sim_view(t.a, T0).failure, "the peer does not answer");
	assert_true(addr_eq(sim_view(t.a, T0).failed, sim_gateway(2, 1)));
	assert_true(life_peer(t.a->life, &to_c, &peer));
	assert_null(peer.failure);
	assert_true(life_peer(t.a->life, &to_b, &peer));
	assert_string_equal(peer.failure, "the peer does not answer");
	wait_s(&t, 13);
	assert_true(addr_eq(sim_view(t.a, T0).failed, sim_gateway(3, 1)));
	three_free(&t);
}

static void
test_backup_takes_over_and_keeps(void **state)
{
	(void)state;
	struct three t = three_new();
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	assert_pairs(t.b, T0, 1);
	t.b->is_off = true;
	wait_s(&t, 30);
	assert_pairs(t.a, T0, 1);
	assert_pairs(t.c, T0, 1);
	assert_true(sim_view(t.a, T0).is_backup_active);
	assert_int_equal(sim_view(t.a, T0).failovers, 1);
	assert_true(t.a->tunnels[0]->is_backup_active);
	/* no preemption */
	t.b->is_off = false;
	sim_pic_forget(t.b);
	wait_s(&t, 600);
	assert_true(sim_view(t.a, T0).is_backup_active);
	/* by command */
	assert_int_equal(
	    life_switch(t.a->life, t.s->now_ms, sim_gateway(1, 1), sim_gateway(2, 1)), 1);
	wait_s(&t, 2);
	assert_false(sim_view(t.a, T0).is_backup_active);
	assert_pairs(t.a, T0, 1);
	assert_pairs(t.c, T0, 0);
	assert_int_equal(sim_view(t.a, T0).failovers, 2);
	assert_int_equal(t.a->n_kinds[LIFE_FAILOVER_MANUAL], 1);
	assert_int_equal(
	    life_switch(t.a->life, t.s->now_ms, sim_gateway(1, 1), sim_gateway(9, 1)), 0);
	three_free(&t);
}

static void
test_phase1_timeout_fails_over(void **state)
{
	(void)state;
	struct three t = three_new();
	t.b->is_off = true;
	sim_acquire(t.a, T0);
	wait_s(&t, 13);
	assert_int_equal(sim_view(t.a, T0).failovers, 0);
	wait_s(&t, 2);
	assert_int_equal(sim_view(t.a, T0).failovers, 1);
	assert_pairs(t.a, T0, 1);
	assert_pairs(t.c, T0, 1);
	three_free(&t);
}

/* The IKE SA is there, the peer is not: quick mode and then phase 1 find that out in the time of two. */
static void
test_phase2_timeout_fails_over(void **state)
{
	static const struct life_select all;
	(void)state;
	struct three t = three_new();
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	t.b->is_off = true;
	(void)life_clear_ipsec(t.a->life, t.s->now_ms, &all);
	assert_int_not_equal(ike_n_sas(life_ike(t.a->life)), 0);
	sim_acquire(t.a, T0);
	wait_s(&t, 30);
	assert_int_equal(sim_view(t.a, T0).failovers, 1);
	assert_pairs(t.a, T0, 1);
	assert_pairs(t.c, T0, 1);
	three_free(&t);
}

/* Both gateways are away for a while: traffic need not wait long after that. */
static void
test_both_gateways_come_back(void **state)
{
	(void)state;
	struct three t = three_new();
	t.b->is_off = t.c->is_off = true;
	t.s->has_acquire = true;
	for (unsigned i = 0; i < 40; i++) {
		wait_s(&t, 100);
		assert_int_equal(life_stats(t.a->life).n_up, 0);
	}
	t.b->is_off = t.c->is_off = false;
	wait_s(&t, LIFE_REST_MS / 1000 + 20);
	assert_pairs(t.a, T0, 1);
	three_free(&t);
}

static void
test_six_switches_and_back(void **state)
{
	(void)state;
	struct three t = three_new();
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	t.b->is_off = t.c->is_off = true;
	wait_s(&t, 3600);
	assert_int_equal(sim_view(t.a, T0).failovers, 6);
	assert_int_equal(t.a->n_kinds[LIFE_FAILOVER], 6);
	assert_int_equal(t.a->n_kinds[LIFE_FAILOVER_MAX], 1);
	assert_false(sim_view(t.a, T0).is_backup_active);
	assert_false(t.a->tunnels[0]->is_backup_active);
	assert_int_equal(sim_view(t.a, T0).state, LIFE_DOWN);
	unsigned n = t.a->n_sent;
	wait_s(&t, 3600);
	assert_int_equal(t.a->n_sent, n);
	/* traffic begins it anew */
	t.b->is_off = false;
	sim_pic_forget(t.b);
	sim_acquire(t.a, T0);
	wait_s(&t, 2);
	assert_pairs(t.a, T0, 1);
	three_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_failure_is_that_of_its_gateway),
		cmocka_unit_test(test_backup_takes_over_and_keeps),
		cmocka_unit_test(test_phase1_timeout_fails_over),
		cmocka_unit_test(test_phase2_timeout_fails_over),
		cmocka_unit_test(test_both_gateways_come_back),
		cmocka_unit_test(test_six_switches_and_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
