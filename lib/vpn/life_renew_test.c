/* SPDX-License-Identifier: BSD-2-Clause
 *
 * life_renew_test.c - lifetimes: pairs and IKE SAs are renewed and expire, and no packet meets an SA that is not there.
 *
 * A is 10.1.0.1 and B 10.2.0.1. Every tunnel sends in both directions just before and just after everything that happens, and
 * packets take as long as messages do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/vpn/life_sim.h"

#define T0 "ss/r/0"

struct two {
	struct sim *s;
	struct sim_end *a;
	struct sim_end *b;
	struct sim_conf *conf[2];
};

static struct two
two_new(struct sim_shape shape)
{
	struct two t = { .s = sim_new(2) };
	t.a = &t.s->ends[0];
	t.b = &t.s->ends[1];
	shape.n = shape.n != 0 ? shape.n : 1;
	shape.remote_net = 2;
	t.conf[0] = sim_conf_new(t.a, &shape);
	shape.remote_net = 1;
	t.conf[1] = sim_conf_new(t.b, &shape);
	sim_start(t.s, 1, t.conf[1]);
	sim_start(t.s, 0, t.conf[0]);
	return t;
}

static void
two_free(struct two *t)
{
	sim_free(t->s);
	sim_conf_free(t->conf[0]);
	sim_conf_free(t->conf[1]);
}

static void
wait_s(struct two *t, unsigned s)
{
	sim_run(t->s, t->s->now_ms + s * UINT64_C(1000));
}

static uint32_t
spi_of(const struct sim_end *e)
{
	const struct sim_sa *sa = sim_out(e, T0);
	return sa != NULL ? sa->sa.spi : 0;
}

/* A begins and packets flow. */
static void
begin(struct two *t)
{
	sim_acquire(t->a, T0);
	wait_s(t, 1);
	t->s->has_traffic = true;
}

static void
assert_no_loss(const struct two *t)
{
	assert_true(t->s->n_packets > 0);
	assert_int_equal(t->s->n_lost, 0);
	assert_int_equal(t->s->n_dark, 0);
}

static void
test_the_initiator_renews_135_s_before_the_end(void **state)
{
	struct two t = two_new((struct sim_shape){ .lifetime2_s = 600 });
	(void)state;
	begin(&t);
	uint32_t spi = spi_of(t.a);
	wait_s(&t, 600 - 135 - 2);
	assert_int_equal(spi_of(t.a), spi);
	wait_s(&t, 2);
	assert_int_not_equal(spi_of(t.a), spi);
	assert_true(sim_view(t.a, T0).pairs[0].is_initiator);
	/* the old pair stays for inbound packets until its end */
	assert_int_equal(sim_count(t.b, T0, false), 2);
	wait_s(&t, 130);
	assert_int_equal(sim_count(t.b, T0, false), 2);
	wait_s(&t, 6);
	assert_int_equal(sim_count(t.b, T0, false), 1);
	assert_int_equal(sim_count(t.a, T0, true), 1);
	assert_no_loss(&t);
	two_free(&t);
}

static void
test_the_responder_renews_if_the_initiator_does_not(void **state)
{
	struct two t = two_new((struct sim_shape){ .lifetime2_s = 600 });
	(void)state;
	begin(&t);
	sim_kill(t.a);
	struct sim_conf *only = sim_conf_new(t.a, &(struct sim_shape){ .n = 1,
						      .remote_net = 2,
						      .lifetime2_s = 600,
						      .establish = ESTABLISH_RESPONDER_ONLY });
	sim_start(t.s, 0, only);
	uint32_t spi = spi_of(t.b);
	wait_s(&t, 600 - 90 - 3);
	assert_int_equal(spi_of(t.b), spi);
	/* its IKE SA is one that A does not know any more, which it learns after some messages */
	life_clear_ike(t.b->life, t.s->now_ms, &(struct life_select){ 0 });
	wait_s(&t, 5);
	assert_int_not_equal(spi_of(t.b), spi);
	assert_true(sim_view(t.b, T0).pairs[0].is_initiator);
	assert_no_loss(&t);
	sim_conf_free(only);
	two_free(&t);
}

static void
test_short_lifetimes_are_renewed_in_proportion(void **state)
{
	(void)state;
	static const struct {
		unsigned hard;
		unsigned soft;
	} cases[] = { { 180, 45 }, { 120, 30 }, { 60, 15 }, { 181, 46 } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct two t = two_new((struct sim_shape){ .lifetime2_s = cases[i].hard });
		begin(&t);
		uint32_t spi = spi_of(t.a);
		wait_s(&t, cases[i].soft - 2);
		assert_int_equal(spi_of(t.a), spi);
		wait_s(&t, 2);
		assert_int_not_equal(spi_of(t.a), spi);
		wait_s(&t, 1000);
		assert_no_loss(&t);
		two_free(&t);
	}
}

/* B keeps pairs for 20 s. A renews as if that were 180. */
static void
test_a_peer_cannot_make_us_renew_for_ever(void **state)
{
	(void)state;
	struct two t = two_new((struct sim_shape){ .lifetime2_s = 28800 });
	t.conf[1]->p2.lifetime_s = 20;
	life_conf(t.b->life, t.s->now_ms, &t.conf[1]->c);
	begin(&t);
	wait_s(&t, 5);
	assert_int_equal(t.a->n_kinds[LIFE_SHORT], 1);
	assert_string_equal(t.a->text[LIFE_SHORT],
	    "the peer keeps SAs for 20 s only: this end keeps them for 180 s");
	assert_in_range(sim_view(t.a, T0).pairs[0].hard_left_s, 170, 180);
	unsigned n = t.a->n_kinds[LIFE_SA_UP];
	t.b->is_off = true; /* which does not renew by itself, either */
	wait_s(&t, 30);
	assert_int_equal(t.a->n_kinds[LIFE_SA_UP], n);
	two_free(&t);
}

static void
test_both_ends_at_once(void **state)
{
	(void)state;
	/* B's question comes so much after A's, from the same moment until after A's is answered */
	for (unsigned ms = 0; ms < 100; ms += 5) {
		struct two t = two_new((struct sim_shape){ .lifetime2_s = 3600 });
		begin(&t);
		life_spent(t.a->life, t.s->now_ms, T0, spi_of(t.a), false);
		sim_run(t.s, t.s->now_ms + ms);
		life_spent(t.b->life, t.s->now_ms, T0, spi_of(t.b), false);
		wait_s(&t, 2);
		/* both use the same pair */
		struct life_tunnel_view a = sim_view(t.a, T0);
		struct life_tunnel_view b = sim_view(t.b, T0);
		uint32_t in = 0;
		uint32_t out = 0;
		for (unsigned i = 0; i < a.n_pairs; i++)
			in = a.pairs[i].is_current ? a.pairs[i].in_spi : in;
		for (unsigned i = 0; i < b.n_pairs; i++)
			out = b.pairs[i].is_current ? b.pairs[i].out_spi : out;
		assert_int_equal(in, out);
		assert_int_equal(spi_of(t.b), out);
		/* the surplus one is not renewed, and ends */
		wait_s(&t, 3 * 3600);
		assert_true(sim_count(t.a, T0, false) <= 2);
		assert_no_loss(&t);
		assert_true(t.s->most_sas <= 8);
		two_free(&t);
	}
}

/* One who begins after the other's pair was there has a reason: it may have lost that pair. */
static void
test_the_ends_take_turns(void **state)
{
	struct two t = two_new((struct sim_shape){ .lifetime2_s = 3600 });
	(void)state;
	begin(&t);
	for (unsigned i = 0; i < 8; i++) {
		const struct sim_end *e = i % 2 == 0 ? t.b : t.a;
		uint32_t before = spi_of(t.a);
		wait_s(&t, 3);
		life_spent(e->life, t.s->now_ms, T0, spi_of(e), false);
		wait_s(&t, 2);
		struct life_tunnel_view a = sim_view(t.a, T0);
		struct life_tunnel_view b = sim_view(t.b, T0);
		assert_int_not_equal(spi_of(t.a), before);
		assert_true(a.pairs[0].is_current);
		assert_true(b.pairs[0].is_current);
		assert_int_equal(a.pairs[0].in_spi, b.pairs[0].out_spi);
	}
	assert_no_loss(&t);
	two_free(&t);
}

/* The peer's pair has just come up when this end is told to make another one, for it has moved, say: once is enough. */
static void
test_a_renewal_just_after_that_of_the_peer(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 10; seed++) {
		for (unsigned ms = 60; ms < 600; ms += 130) {
			struct two t = two_new((struct sim_shape){ .lifetime2_s = 3600 });
			t.s->seed = seed;
			begin(&t);
			life_spent(t.a->life, t.s->now_ms, T0, spi_of(t.a), false);
			sim_run(t.s, t.s->now_ms + ms);
			life_spent(t.b->life, t.s->now_ms, T0, spi_of(t.b), false);
			wait_s(&t, 2);
			assert_int_equal(sim_count(t.a, T0, false), 3);
			struct life_tunnel_view a = sim_view(t.a, T0);
			assert_true(a.pairs[0].is_current && !a.pairs[0].is_initiator);
			assert_int_equal(a.pairs[0].in_spi, spi_of(t.b));
			assert_no_loss(&t);
			two_free(&t);
		}
	}
}

static void
test_both_begin_at_once(void **state)
{
	(void)state;
	for (unsigned ms = 0; ms < 200; ms += 10) {
		struct two t = two_new((struct sim_shape){ .lifetime2_s = 3600 });
		sim_acquire(t.a, T0);
		sim_run(t.s, t.s->now_ms + ms);
		sim_acquire(t.b, T0);
		wait_s(&t, 10);
		t.s->has_traffic = true;
		wait_s(&t, 10000);
		assert_no_loss(&t);
		assert_int_equal(life_stats(t.a->life).n_up, 1);
		assert_int_equal(life_stats(t.b->life).n_up, 1);
		assert_true(t.s->most_sas <= 8);
		two_free(&t);
	}
}

static void
test_the_winner_is_deleted_and_the_other_one_takes_over(void **state)
{
	struct two t = two_new((struct sim_shape){ .lifetime2_s = 3600 });
	(void)state;
	begin(&t);
	life_spent(t.a->life, t.s->now_ms, T0, spi_of(t.a), false);
	life_spent(t.b->life, t.s->now_ms, T0, spi_of(t.b), false);
	wait_s(&t, 20);
	uint32_t spi = spi_of(t.a);
	life_spent(t.a->life, t.s->now_ms, T0, spi, true);
	assert_int_not_equal(spi_of(t.a), spi);
	assert_int_not_equal(spi_of(t.a), 0);
	assert_int_equal(life_stats(t.a->life).n_up, 1);
	wait_s(&t, 20);
	/* what was on the way when A deleted is lost, nothing after */
	uint64_t lost = t.s->n_lost;
	wait_s(&t, 8000);
	assert_int_equal(t.s->n_lost, lost);
	assert_int_equal(t.s->n_dark, 0);
	two_free(&t);
}

static void
test_a_pair_that_nobody_renews_ends(void **state)
{
	struct two t = two_new((struct sim_shape){ .lifetime2_s = 600 });
	(void)state;
	begin(&t);
	t.b->is_deaf = true;
	wait_s(&t, 597);
	assert_int_equal(sim_count(t.a, T0, true), 1);
	assert_no_loss(&t);
	wait_s(&t, 4);
	assert_int_equal(sim_count(t.a, T0, false) + sim_count(t.a, T0, true), 0);
	assert_int_equal(sim_count(t.b, T0, false) + sim_count(t.b, T0, true), 0);
	assert_non_null(sim_view(t.a, T0).failure);
	/* wanted and possible again */
	t.b->is_deaf = false;
	t.s->has_acquire = true;
	wait_s(&t, 400);
	assert_int_equal(sim_count(t.a, T0, true), 1);
	two_free(&t);
}

static void
test_renewal_goes_on_until_the_end(void **state)
{
	struct two t = two_new((struct sim_shape){ .lifetime1_s = 86400, .lifetime2_s = 600 });
	(void)state;
	begin(&t);
	/* the peer is deaf when the renewal begins; it hears again half a minute before the end */
	wait_s(&t, 460);
	t.b->is_deaf = true;
	wait_s(&t, 110);
	t.b->is_deaf = false;
	wait_s(&t, 200);
	assert_no_loss(&t);
	assert_int_equal(sim_count(t.a, T0, true), 1);
	two_free(&t);
}

static void
test_pairs_survive_their_ike_sa(void **state)
{
	struct two t = two_new((struct sim_shape){ .lifetime1_s = 300, .lifetime2_s = 3600 });
	(void)state;
	begin(&t);
	wait_s(&t, 305);
	assert_int_equal(ike_n_sas(life_ike(t.a->life)), 0);
	assert_int_equal(sim_count(t.a, T0, true), 1);
	assert_int_equal(t.a->n_kinds[LIFE_P1_UP], 1);
	/* and another one is made when it is needed */
	wait_s(&t, 3600 - 135 - 300);
	assert_int_equal(t.a->n_kinds[LIFE_P1_UP], 2);
	assert_int_equal(sim_count(t.a, T0, true), 2);
	wait_s(&t, 10000);
	assert_no_loss(&t);
	two_free(&t);
}

static void
test_losses_repetitions_and_disorder(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 10; seed++) {
		struct two t =
		    two_new((struct sim_shape){ .n = 5, .lifetime1_s = 1000, .lifetime2_s = 600 });
		t.s->seed = seed;
		t.s->loss = 100;
		t.s->jitter_ms = 200;
		t.s->repeats = 1;
		t.s->has_acquire = true;
		for (unsigned i = 0; i < 5; i++)
			sim_acquire(t.a,
			    ((const char *[]){ T0, "ss/r/1", "ss/r/2", "ss/r/3", "ss/r/4" })[i]);
		wait_s(&t, 300);
		t.s->has_traffic = true;
		wait_s(&t, 20000);
		assert_no_loss(&t);
		assert_int_equal(life_stats(t.a->life).n_up, 5);
		assert_true(t.s->most_sas <= 2 * LIFE_CHILDREN_MAX);
		two_free(&t);
	}
}

static void
test_a_day_of_fifty_tunnels(void **state)
{
	struct two t = two_new((struct sim_shape){ .n = 50,
	    .lifetime1_s = 3600,
	    .lifetime2_s = 3600,
	    .has_dpd = true,
	    .establish = ESTABLISH_IMMEDIATELY });
	(void)state;
	t.s->loss = 10;
	wait_s(&t, 60);
	assert_int_equal(life_stats(t.a->life).n_up, 50);
	t.s->has_traffic = true;
	wait_s(&t, 86400);
	assert_no_loss(&t);
	assert_int_equal(life_stats(t.a->life).n_up, 50);
	assert_int_equal(life_stats(t.b->life).n_up, 50);
	assert_int_equal(t.a->n_kinds[LIFE_TUNNEL_UP], 50);
	assert_int_equal(t.a->n_kinds[LIFE_TUNNEL_DOWN], 0);
	assert_true(t.a->n_kinds[LIFE_SA_UP] > 2 * 50 * 23);
	assert_true(t.s->most_sas <= 8);
	assert_true(life_stats(t.a->life).n_pairs <= 150);
	assert_true(ike_n_sas(life_ike(t.a->life)) <= LIFE_IKE_MAX);
	print_message("%llu packets, %u SAs, at most %zu of a tunnel at once\n",
	    (unsigned long long)t.s->n_packets, t.a->n_kinds[LIFE_SA_UP], t.s->most_sas);
	two_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_initiator_renews_135_s_before_the_end),
		cmocka_unit_test(test_the_responder_renews_if_the_initiator_does_not),
		cmocka_unit_test(test_a_peer_cannot_make_us_renew_for_ever),
		cmocka_unit_test(test_short_lifetimes_are_renewed_in_proportion),
		cmocka_unit_test(test_both_ends_at_once),
		cmocka_unit_test(test_the_ends_take_turns),
		cmocka_unit_test(test_a_renewal_just_after_that_of_the_peer),
		cmocka_unit_test(test_both_begin_at_once),
		cmocka_unit_test(test_the_winner_is_deleted_and_the_other_one_takes_over),
		cmocka_unit_test(test_a_pair_that_nobody_renews_ends),
		cmocka_unit_test(test_renewal_goes_on_until_the_end),
		cmocka_unit_test(test_pairs_survive_their_ike_sa),
		cmocka_unit_test(test_losses_repetitions_and_disorder),
		cmocka_unit_test(test_a_day_of_fifty_tunnels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
