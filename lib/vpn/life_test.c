/* SPDX-License-Identifier: BSD-2-Clause
 *
 * life_test.c - bring-up, dead peers, commands, adoption, changes of the configuration.
 *
 * A is 10.1.0.1, its peer B 10.2.0.1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/vpn/life_sim.h"

#define T0 "ss/r/0"
#define T1 "ss/r/1"

struct two {
	struct sim *s;
	struct sim_end *a;
	struct sim_end *b;
	struct sim_conf *conf[2];
};

/* B is a responder with on-traffic unless said otherwise. */
static struct two
two_new(struct sim_shape a, struct sim_shape b)
{
	struct two t = { .s = sim_new(2) };
	t.a = &t.s->ends[0];
	t.b = &t.s->ends[1];
	a.n = a.n != 0 ? a.n : 1;
	b.n = a.n;
	a.remote_net = 2;
	b.remote_net = 1;
	t.conf[0] = sim_conf_new(t.a, &a);
	t.conf[1] = sim_conf_new(t.b, &b);
	sim_start(t.s, 1, t.conf[1]);
	sim_start(t.s, 0, t.conf[0]);
	return t;
}

static void
two_free(struct two *t)
{
	sim_free(t->s);
	for (unsigned i = 0; i < 2; i++)
		sim_conf_free(t->conf[i]);
}

static void
wait_s(struct two *t, unsigned s)
{
	sim_run(t->s, t->s->now_ms + s * UINT64_C(1000));
}

static void
assert_pairs(const struct sim_end *e, const char *tunnel, unsigned n)
{
	assert_int_equal(sim_count(e, tunnel, false), n);
	assert_int_equal(sim_count(e, tunnel, true), n);
}

/* --- bring-up --- */

static void
test_on_traffic_waits_for_a_packet(void **state)
{
	struct two t = two_new((struct sim_shape){ 0 }, (struct sim_shape){ 0 });
	(void)state;
	wait_s(&t, 100);
	assert_int_equal(t.a->n_sent + t.b->n_sent, 0);
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	assert_pairs(t.a, T0, 1);
	assert_pairs(t.b, T0, 1);
	assert_int_equal(sim_view(t.a, T0).state, LIFE_UP);
	assert_true(sim_view(t.a, T0).pairs[0].is_initiator);
	assert_int_equal(sim_view(t.a, T0).pairs[0].soft_left_s, 28800 - 135 - 1);
	assert_int_equal(sim_view(t.b, T0).pairs[0].soft_left_s, 28800 - 90 - 1);
	assert_int_equal(sim_view(t.a, T0).pairs[0].out_spi, sim_view(t.b, T0).pairs[0].in_spi);
	assert_string_equal(life_kind_info(LIFE_SA_UP)->tag, "KMD_PM_SA_ESTABLISHED");
	assert_int_equal(t.a->n_kinds[LIFE_TUNNEL_UP], 1);
	two_free(&t);
}

static void
test_immediately_needs_no_packet_but_its_pic(void **state)
{
	struct sim_shape now = { .establish = ESTABLISH_IMMEDIATELY };
	struct two t = two_new(now, (struct sim_shape){ 0 });
	(void)state;
	wait_s(&t, 1);
	assert_pairs(t.a, T0, 1);
	/* another life without a word of its PIC keeps quiet */
	sim_kill(t.a);
	sim_pic_forget(t.a);
	unsigned n = t.a->n_sent;
	sim_start(t.s, 0, t.conf[0]);
	life_pic_down(t.a->life, t.s->now_ms, "sp-0/0/0");
	(void)n;
	sim_run(t.s, t.s->now_ms);
	assert_int_equal(life_stats(t.a->life).n_up, 0);
	two_free(&t);
}

static void
test_responder_only_never_begins(void **state)
{
	struct sim_shape only = { .establish = ESTABLISH_RESPONDER_ONLY, .lifetime2_s = 600 };
	struct two t = two_new(only, (struct sim_shape){ .lifetime2_s = 600 });
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 30);
	assert_int_equal(t.a->n_sent, 0);
	sim_acquire(t.b, T0);
	wait_s(&t, 1);
	assert_pairs(t.a, T0, 1);
	/* the peer falls silent: nothing is renewed from this side, the pair ends with its lifetime */
	sim_kill(t.b);
	unsigned n = t.a->n_sent;
	wait_s(&t, 598);
	assert_pairs(t.a, T0, 1);
	wait_s(&t, 2);
	assert_pairs(t.a, T0, 0);
	assert_int_equal(t.a->n_sent, n);
	assert_int_equal(sim_view(t.a, T0).state, LIFE_DOWN);
	two_free(&t);
}

static void
test_terms_with_one_peer_share_an_ike_sa(void **state)
{
	struct sim_shape now = { .n = 20, .establish = ESTABLISH_IMMEDIATELY };
	struct two t = two_new(now, (struct sim_shape){ 0 });
	(void)state;
	wait_s(&t, 5);
	assert_int_equal(life_stats(t.a->life).n_up, 20);
	assert_int_equal(life_stats(t.b->life).n_up, 20);
	assert_int_equal(ike_n_sas(life_ike(t.a->life)), 1);
	assert_int_equal(t.a->n_kinds[LIFE_P1_UP], 1);
	two_free(&t);
}

static void
test_an_unknown_peer_gets_a_line(void **state)
{
	struct two t = two_new((struct sim_shape){ 0 }, (struct sim_shape){ 0 });
	struct sim_conf *other = sim_conf_new(t.b, &(struct sim_shape){ .n = 1, .remote_net = 9 });
	(void)state;
	life_conf(t.b->life, t.s->now_ms, &other->c);
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	assert_int_equal(t.b->n_kinds[LIFE_P1_NO_POLICY], 1);
	assert_string_equal(t.b->text[LIFE_P1_NO_POLICY], "no tunnel goes to this peer");
	assert_true(addr_eq(t.b->who[LIFE_P1_NO_POLICY], sim_gateway(t.a->net, 1)));
	assert_pairs(t.a, T0, 0);
	sim_conf_free(other);
	two_free(&t);
}

static void
test_a_deaf_peer_costs_little(void **state)
{
	struct sim_shape now = { .establish = ESTABLISH_IMMEDIATELY };
	struct two t = two_new(now, (struct sim_shape){ 0 });
	(void)state;
	t.b->is_off = true;
	t.s->has_acquire = true;
	wait_s(&t, 3600);
	/* six messages in 126 s, then pauses of 5, 10, ... 320 s */
	assert_in_range(t.a->n_sent, 60, 120);
	assert_non_null(sim_view(t.a, T0).failure);
	assert_string_equal(sim_view(t.a, T0).failure, "the peer does not answer");
	t.b->is_off = false;
	wait_s(&t, 450);
	assert_pairs(t.a, T0, 1);
	assert_null(sim_view(t.a, T0).failure);
	two_free(&t);
}

/* --- dead peers --- */

static void
test_a_dead_peer_is_found_in_time(void **state)
{
	struct sim_shape dpd = { .has_dpd = true };
	struct two t = two_new(dpd, (struct sim_shape){ 0 });
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	/* idle and alive: asked every ten seconds, for ever */
	wait_s(&t, 600);
	assert_int_equal(t.a->n_kinds[LIFE_PEER_DEAD], 0);
	assert_pairs(t.a, T0, 1);
	t.b->is_off = true;
	uint64_t then = t.s->now_ms;
	wait_s(&t, 30);
	assert_int_equal(t.a->n_kinds[LIFE_PEER_DEAD], 1);
	assert_in_range(t.a->when[LIFE_PEER_DEAD] - then, 6000, 26000);
	assert_pairs(t.a, T0, 0);
	assert_int_equal(ike_n_sas(life_ike(t.a->life)), 0);
	/* on traffic it is negotiated again */
	t.b->is_off = false;
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	assert_pairs(t.a, T0, 1);
	two_free(&t);
}

static void
test_interval_and_threshold_are_obeyed(void **state)
{
	struct sim_shape dpd = { .has_dpd = true, .dpd_interval_s = 7, .dpd_threshold = 4 };
	struct two t = two_new(dpd, (struct sim_shape){ 0 });
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	uint64_t then = t.s->now_ms;
	t.b->is_off = true;
	wait_s(&t, 60);
	/* up at about -1 s; idle after 7, probes at 0, 7, 14, 21, dead at 28 */
	assert_in_range(t.a->when[LIFE_PEER_DEAD] - then, 33000, 36000);
	two_free(&t);
}

static void
test_packets_keep_a_deaf_peer_alive(void **state)
{
	struct sim_shape dpd = { .has_dpd = true };
	struct two t = two_new(dpd, (struct sim_shape){ 0 });
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	t.s->has_traffic = true;
	t.b->is_deaf = true;
	wait_s(&t, 600);
	assert_int_equal(t.a->n_kinds[LIFE_PEER_DEAD], 0);
	assert_int_equal(t.s->n_lost, 0);
	two_free(&t);
}

/* --- commands --- */

static void
test_clear_tells_the_peer(void **state)
{
	struct two t = two_new((struct sim_shape){ .n = 2 }, (struct sim_shape){ 0 });
	(void)state;
	sim_acquire(t.a, T0);
	sim_acquire(t.a, T1);
	wait_s(&t, 1);
	/* IPsec SAs stay without their IKE SA */
	assert_int_equal(life_clear_ike(t.a->life, t.s->now_ms,
			     &(struct life_select){ .remote = sim_gateway(3, 1) }),
	    0);
	assert_int_equal(life_clear_ike(t.a->life, t.s->now_ms,
			     &(struct life_select){ .remote = sim_gateway(2, 1) }),
	    1);
	wait_s(&t, 1);
	assert_int_equal(ike_n_sas(life_ike(t.b->life)), 0);
	assert_pairs(t.b, T0, 1);
	/* an IKE SA is made to say the deletes */
	const struct life_select second = { .service_set = "ss", .tunnel_index = 2 };
	assert_int_equal(life_clear_ipsec(t.a->life, t.s->now_ms, &second), 1);
	wait_s(&t, 1);
	assert_pairs(t.a, T1, 0);
	assert_pairs(t.b, T1, 0);
	assert_pairs(t.b, T0, 1);
	assert_int_equal(
	    life_clear_ipsec(t.a->life, t.s->now_ms, &(struct life_select){ .es = true }), 0);
	assert_int_equal(life_clear_ipsec(t.a->life, t.s->now_ms, &(struct life_select){ 0 }), 1);
	wait_s(&t, 1);
	assert_pairs(t.b, T0, 0);
	sim_acquire(t.b, T0);
	wait_s(&t, 1);
	assert_pairs(t.a, T0, 1);
	two_free(&t);
}

/* Counters begin again; what is known of the peer's probes stays, so that a recording of one is still known as such. */
static void
test_statistics_are_cleared(void **state)
{
	static const struct life_select other = { .services = true, .service_set = "other" };
	static const struct life_select all = { .services = true };
	uint8_t probe[2048];
	uint8_t msg[2048];
	struct two t = two_new((struct sim_shape){ 0 }, (struct sim_shape){ .has_dpd = true });
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 60); /* B probes */
	const struct ike_sa *sa = ike_sa_at(life_ike(t.a->life), 0);
	memcpy(probe, t.a->last, t.a->last_n);
	size_t n = t.a->last_n;
	const struct ike_path path = t.a->last_path;
	assert_true(sa->stats.in_probes > 0);
	assert_int_equal(life_clear_statistics(t.a->life, &other), 0);
	assert_int_not_equal(sa->stats.in_octets, 0);
	assert_int_equal(life_clear_statistics(t.a->life, &all), 1);
	assert_int_equal(sa->stats.in_octets, 0);
	assert_int_equal(sa->stats.n_created, 0);
	assert_int_equal(sa->stats.in_probes, 0);
	wait_s(&t, 60);
	unsigned n_probes = sa->stats.in_probes;
	assert_true(n_probes > 0);
	assert_int_equal(life_clear_statistics(t.a->life, &all), 1);
	memcpy(msg, probe, n);
	life_input(t.a->life, t.s->now_ms, &path, msg, n);
	assert_int_equal(sa->stats.in_probes, 0);
	two_free(&t);
}

/* --- SPIs that one side does not know --- */

/* B ends its SAs, and A does not hear of it. */
static void
b_forgets(struct two *t)
{
	t->s->loss = 1000;
	assert_int_equal(life_clear_ipsec(t->b->life, t->s->now_ms, &(struct life_select){ 0 }), 1);
	wait_s(t, 1);
	t->s->loss = 0;
}

static void
test_an_unknown_spi_is_told_and_believed(void **state)
{
	struct two t = two_new((struct sim_shape){ 0 }, (struct sim_shape){ 0 });
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	uint32_t spi = sim_out(t.a, T0)->sa.spi;
	b_forgets(&t);
	/* B's PIC asks about it; whoever says it, A renews */
	for (unsigned i = 0; i < 20; i++)
		life_bad_spi(t.b->life, t.s->now_ms, V1_PROTO_ESP, spi, sim_gateway(2, 1),
		    sim_gateway(1, 1));
	wait_s(&t, 1);
	assert_int_equal(t.a->n_kinds[LIFE_BAD_SPI], 1);
	assert_pairs(t.a, T0, 1);
	assert_int_not_equal(sim_out(t.a, T0)->sa.spi, spi);
	/* not again so soon */
	uint32_t next = sim_out(t.a, T0)->sa.spi;
	b_forgets(&t);
	life_bad_spi(
	    t.b->life, t.s->now_ms, V1_PROTO_ESP, next, sim_gateway(2, 1), sim_gateway(1, 1));
	wait_s(&t, 1);
	assert_int_equal(sim_out(t.a, T0)->sa.spi, next);
	two_free(&t);
}

static void
test_an_spi_that_is_ours_is_not_called_unknown(void **state)
{
	struct two t = two_new((struct sim_shape){ 0 }, (struct sim_shape){ 0 });
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	uint32_t spi = sim_out(t.a, T0)->sa.spi;
	/* another services interface of the gateway has heard it, or the one that has it a moment too soon */
	life_bad_spi(
	    t.b->life, t.s->now_ms, V1_PROTO_ESP, spi, sim_gateway(2, 1), sim_gateway(1, 1));
	wait_s(&t, 1);
	assert_int_equal(t.a->n_kinds[LIFE_BAD_SPI], 0);
	assert_int_equal(sim_out(t.a, T0)->sa.spi, spi);
	two_free(&t);
}

static void
test_spent_sequence_numbers_renew(void **state)
{
	struct two t = two_new((struct sim_shape){ 0 }, (struct sim_shape){ 0 });
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	uint32_t spi = sim_out(t.a, T0)->sa.spi;
	life_spent(t.a->life, t.s->now_ms, T0, spi, false);
	wait_s(&t, 1);
	assert_pairs(t.a, T0, 2);
	assert_int_not_equal(sim_out(t.a, T0)->sa.spi, spi);
	spi = sim_out(t.a, T0)->sa.spi;
	life_spent(t.a->life, t.s->now_ms, T0, spi, true);
	wait_s(&t, 1);
	assert_int_not_equal(sim_out(t.a, T0)->sa.spi, spi);
	two_free(&t);
}

static void
test_an_sa_that_the_pic_refuses_is_ended(void **state)
{
	struct two t = two_new((struct sim_shape){ 0 }, (struct sim_shape){ 0 });
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	life_sa_failed(t.a->life, t.s->now_ms, T0, sim_out(t.a, T0)->sa.spi, "no room");
	wait_s(&t, 1);
	assert_pairs(t.a, T0, 0);
	assert_pairs(t.b, T0, 0);
	assert_string_equal(sim_view(t.a, T0).failure, "no room");
	two_free(&t);
}

/* The last message of aggressive mode and the first of quick mode would be on the way at the same time. */
static void
test_quick_mode_does_not_overtake_aggressive_mode(void **state)
{
	(void)state;
	struct sim_shape shape = { .is_aggressive = true };
	struct two t = two_new(shape, shape);
	t.s->jitter_ms = 30;
	for (unsigned i = 0; i < 20; i++) {
		sim_acquire(t.a, T0);
		wait_s(&t, 1);
		assert_pairs(t.a, T0, 1);
		(void)life_clear_ipsec(t.a->life, t.s->now_ms, &(struct life_select){ 0 });
		(void)life_clear_ike(t.a->life, t.s->now_ms, &(struct life_select){ 0 });
		wait_s(&t, 1);
	}
	two_free(&t);
}

/* --- restarts --- */

static void
test_pairs_are_adopted(void **state)
{
	struct sim_shape a = { .n = 3, .establish = ESTABLISH_IMMEDIATELY, .has_dpd = true };
	struct two t = two_new(a, (struct sim_shape){ 0 });
	(void)state;
	wait_s(&t, 2);
	uint32_t spi = sim_out(t.a, T0)->sa.spi;
	t.s->has_traffic = true;
	wait_s(&t, 1000);
	sim_kill(t.a);
	wait_s(&t, 20);
	sim_start(t.s, 0, t.conf[0]);
	wait_s(&t, 20);
	assert_int_equal(t.a->n_kinds[LIFE_ADOPTED], 3);
	assert_int_equal(t.a->n_kinds[LIFE_ORPHAN], 0);
	assert_pairs(t.a, T0, 1);
	assert_int_equal(sim_out(t.a, T0)->sa.spi, spi);
	assert_int_equal(life_stats(t.a->life).n_up, 3);
	assert_in_range(sim_view(t.a, T0).pairs[0].hard_left_s, 28800 - 1060, 28800 - 1030);
	assert_true(sim_view(t.a, T0).pairs[0].is_adopted);
	assert_int_equal(t.a->tunnels[0]->watch_s, 10);
	/* and renewed when it is due, over a new IKE SA that drops nothing */
	wait_s(&t, 28800 - 1050 - 135 + 20);
	assert_int_not_equal(sim_out(t.a, T0)->sa.spi, spi);
	assert_int_equal(t.s->n_lost, 0);
	assert_int_equal(t.s->n_dark, 0);
	wait_s(&t, 200);
	assert_pairs(t.a, T0, 1);
	assert_pairs(t.b, T0, 1);
	two_free(&t);
}

static void
test_pairs_are_adopted_when_the_configuration_comes(void **state)
{
	struct two t = two_new((struct sim_shape){ .n = 2 }, (struct sim_shape){ 0 });
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	sim_kill(t.a);
	t.a->tells_first = true;
	sim_start(t.s, 0, t.conf[0]);
	wait_s(&t, 10);
	assert_int_equal(t.a->n_kinds[LIFE_ADOPTED], 1);
	assert_int_equal(t.a->n_kinds[LIFE_ORPHAN], 0);
	assert_pairs(t.a, T0, 1);
	/* there is no second pair for a packet that comes now, and the first one for another tunnel */
	sim_acquire(t.a, T0);
	sim_acquire(t.a, T1);
	wait_s(&t, 2);
	assert_pairs(t.a, T0, 1);
	assert_pairs(t.b, T0, 1);
	assert_pairs(t.a, T1, 1);
	two_free(&t);
}

/* What was said over the IKE SA that is lost could not be heard. */
static void
test_the_peer_can_end_what_was_adopted(void **state)
{
	struct two t = two_new((struct sim_shape){ .n = 2 }, (struct sim_shape){ 0 });
	(void)state;
	sim_acquire(t.a, T0);
	sim_acquire(t.a, T1);
	wait_s(&t, 1);
	sim_kill(t.a);
	sim_start(t.s, 0, t.conf[0]);
	wait_s(&t, 5);
	assert_pairs(t.a, T0, 1);
	(void)life_clear_ipsec(t.b->life, t.s->now_ms, &(struct life_select){ .tunnel = T0 });
	wait_s(&t, 1);
	assert_pairs(t.a, T0, 0);
	assert_pairs(t.a, T1, 1);
	two_free(&t);
}

static void
test_pairs_of_another_configuration_are_not_adopted(void **state)
{
	struct two t = two_new((struct sim_shape){ .n = 2 }, (struct sim_shape){ 0 });
	struct sim_conf *changed =
	    sim_conf_new(t.a, &(struct sim_shape){ .n = 1, .remote_net = 2, .lifetime2_s = 1000 });
	(void)state;
	sim_acquire(t.a, T0);
	sim_acquire(t.a, T1);
	wait_s(&t, 1);
	uint32_t spi = sim_out(t.a, T0)->sa.spi;
	sim_kill(t.a);
	sim_start(t.s, 0, changed);
	wait_s(&t, 2);
	/* the one that is no more is gone, the one that is another was up and is again */
	assert_int_equal(t.a->n_kinds[LIFE_ORPHAN], 4);
	assert_pairs(t.a, T1, 0);
	assert_pairs(t.a, T0, 1);
	assert_pairs(t.b, T0, 1);
	assert_int_not_equal(sim_out(t.a, T0)->sa.spi, spi);
	sim_conf_free(changed);
	two_free(&t);
}

static void
test_a_pic_that_forgot_is_negotiated_for_anew(void **state)
{
	struct two t = two_new((struct sim_shape){ .n = 2 }, (struct sim_shape){ 0 });
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	uint32_t spi = sim_out(t.a, T0)->sa.spi;
	/* only the channel is new */
	life_pic_down(t.a->life, t.s->now_ms, "sp-0/0/0");
	sim_pic_tell(t.a);
	wait_s(&t, 1);
	assert_int_equal(sim_out(t.a, T0)->sa.spi, spi);
	/* everything is lost */
	sim_pic_forget(t.a);
	life_pic_down(t.a->life, t.s->now_ms, "sp-0/0/0");
	sim_pic_tell(t.a);
	wait_s(&t, 1);
	assert_pairs(t.a, T0, 1);
	assert_pairs(t.b, T0, 1);
	assert_pairs(t.a, T1, 0);
	assert_int_not_equal(sim_out(t.a, T0)->sa.spi, spi);
	assert_int_equal(t.a->n_kinds[LIFE_P1_UP], 1);
	/* with clear-ike-sas-on-pic-restart the IKE SA goes, too */
	t.conf[0]->c.clears_ike_on_pic_restart = true;
	life_conf(t.a->life, t.s->now_ms, &t.conf[0]->c);
	sim_pic_forget(t.a);
	sim_pic_tell(t.a);
	wait_s(&t, 1);
	assert_pairs(t.b, T0, 1);
	assert_int_equal(t.a->n_kinds[LIFE_P1_UP], 2);
	assert_int_equal(t.a->n_kinds[LIFE_P1_DOWN], 1);
	assert_int_equal(t.b->n_kinds[LIFE_P1_DOWN], 1);
	two_free(&t);
}

static void
test_initial_contact_ends_what_was_before(void **state)
{
	struct two t = two_new((struct sim_shape){ 0 }, (struct sim_shape){ 0 });
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	/* the whole of A starts anew */
	sim_kill(t.a);
	sim_pic_forget(t.a);
	sim_start(t.s, 0, t.conf[0]);
	sim_acquire(t.a, T0);
	wait_s(&t, 2);
	assert_int_equal(t.b->n_kinds[LIFE_CONTACT], 1);
	assert_pairs(t.a, T0, 1);
	assert_pairs(t.b, T0, 1);
	assert_int_equal(ike_n_sas(life_ike(t.b->life)), 1);
	assert_int_equal(sim_out(t.a, T0)->sa.spi, sim_view(t.b, T0).pairs[0].in_spi);
	two_free(&t);
}

/* --- configuration --- */

static void
test_a_commit_touches_only_what_it_changes(void **state)
{
	struct two t = two_new((struct sim_shape){ .n = 3 }, (struct sim_shape){ 0 });
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		sim_acquire(t.a, ((const char *[]){ T0, T1, "ss/r/2" })[i]);
	wait_s(&t, 1);
	uint32_t spi = sim_out(t.a, T0)->sa.spi;
	/* the same again, and with a term less */
	life_conf(t.a->life, t.s->now_ms, &t.conf[0]->c);
	wait_s(&t, 1);
	assert_int_equal(sim_out(t.a, T0)->sa.spi, spi);
	struct sim_conf *less = sim_conf_new(t.a, &(struct sim_shape){ .n = 2, .remote_net = 2 });
	life_conf(t.a->life, t.s->now_ms, &less->c);
	wait_s(&t, 1);
	assert_int_equal(sim_out(t.a, T0)->sa.spi, spi);
	assert_pairs(t.a, "ss/r/2", 0);
	assert_pairs(t.b, "ss/r/2", 0);
	assert_int_equal(t.a->n_kinds[LIFE_P1_UP], 1);
	/* another lifetime: torn down, and negotiated again as it was up */
	struct sim_conf *other =
	    sim_conf_new(t.a, &(struct sim_shape){ .n = 2, .remote_net = 2, .lifetime2_s = 1000 });
	life_conf(t.a->life, t.s->now_ms, &other->c);
	wait_s(&t, 1);
	assert_int_not_equal(sim_out(t.a, T0)->sa.spi, spi);
	assert_pairs(t.a, T0, 1);
	assert_pairs(t.b, T0, 1);
	assert_int_equal(sim_view(t.b, T0).pairs[0].hard_left_s, 999);
	assert_int_equal(t.a->n_kinds[LIFE_CONF_CHANGED], 3);
	/* another key: the IKE SA goes as well */
	other->ike.psk.len--;
	life_conf(t.a->life, t.s->now_ms, &other->c);
	assert_int_equal(ike_n_sas(life_ike(t.b->life)), 1);
	wait_s(&t, 1);
	assert_pairs(t.a, T0, 0);
	assert_true(strstr(sim_view(t.b, T0).failure != NULL ? sim_view(t.b, T0).failure : "",
			"pre-shared") != NULL);
	/* nothing left */
	struct sim_conf *none = sim_conf_new(t.a, &(struct sim_shape){ .n = 0 });
	life_conf(t.a->life, t.s->now_ms, &none->c);
	assert_int_equal(life_n_tunnels(t.a->life), 0);
	assert_int_equal(life_stats(t.a->life).n_peers, 0);
	assert_int_equal(ike_n_sas(life_ike(t.a->life)), 0);
	wait_s(&t, 300);
	sim_conf_free(less);
	sim_conf_free(other);
	sim_conf_free(none);
	two_free(&t);
}

static void
test_a_commit_in_the_middle_of_everything(void **state)
{
	(void)state;
	/* at every moment of a negotiation another configuration, then the first one again */
	for (unsigned ms = 0; ms < 200; ms += 10) {
		struct two t = two_new((struct sim_shape){ .n = 3 }, (struct sim_shape){ 0 });
		struct sim_conf *other = sim_conf_new(
		    t.a, &(struct sim_shape){ .n = 2, .remote_net = 2, .lifetime2_s = 1000 });
		sim_acquire(t.a, T0);
		sim_acquire(t.a, "ss/r/2");
		sim_run(t.s, t.s->now_ms + ms);
		life_conf(t.a->life, t.s->now_ms, &other->c);
		sim_run(t.s, t.s->now_ms + 30);
		life_conf(t.a->life, t.s->now_ms, &t.conf[0]->c);
		wait_s(&t, 200);
		sim_acquire(t.a, T0);
		wait_s(&t, 5);
		assert_pairs(t.a, T0, 1);
		assert_int_equal(sim_out(t.a, T0)->sa.spi, sim_view(t.b, T0).pairs[0].in_spi);
		sim_conf_free(other);
		two_free(&t);
	}
}

static void
test_a_certificate_is_waited_for(void **state)
{
	struct two t = two_new((struct sim_shape){ 0 }, (struct sim_shape){ 0 });
	(void)state;
	t.conf[0]->ike.local_certificate = "gw";
	t.conf[0]->ike.psk.len = 0;
	life_conf(t.a->life, t.s->now_ms, &t.conf[0]->c);
	assert_int_equal(t.a->n_chains, 1);
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	assert_int_equal(t.a->n_sent, 0);
	assert_string_equal(sim_view(t.a, T0).failure, "the local certificate is not loaded");
	life_chain(t.a->life, t.s->now_ms, "gw", NULL, "expired");
	sim_acquire(t.a, T0);
	wait_s(&t, 6);
	assert_string_equal(sim_view(t.a, T0).failure, "local certificate gw: expired");
	static const uint8_t subject[] = { 0x30, 0x00 };
	life_chain(
	    t.a->life, t.s->now_ms, "gw", &(struct life_chain){ .subject = { subject, 2 } }, NULL);
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	assert_int_not_equal(t.a->n_sent, 0);
	two_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_on_traffic_waits_for_a_packet),
		cmocka_unit_test(test_immediately_needs_no_packet_but_its_pic),
		cmocka_unit_test(test_responder_only_never_begins),
		cmocka_unit_test(test_terms_with_one_peer_share_an_ike_sa),
		cmocka_unit_test(test_an_unknown_peer_gets_a_line),
		cmocka_unit_test(test_a_deaf_peer_costs_little),
		cmocka_unit_test(test_a_dead_peer_is_found_in_time),
		cmocka_unit_test(test_interval_and_threshold_are_obeyed),
		cmocka_unit_test(test_packets_keep_a_deaf_peer_alive),
		cmocka_unit_test(test_clear_tells_the_peer),
		cmocka_unit_test(test_statistics_are_cleared),
		cmocka_unit_test(test_an_unknown_spi_is_told_and_believed),
		cmocka_unit_test(test_an_spi_that_is_ours_is_not_called_unknown),
		cmocka_unit_test(test_spent_sequence_numbers_renew),
		cmocka_unit_test(test_an_sa_that_the_pic_refuses_is_ended),
		cmocka_unit_test(test_quick_mode_does_not_overtake_aggressive_mode),
		cmocka_unit_test(test_pairs_are_adopted),
		cmocka_unit_test(test_pairs_are_adopted_when_the_configuration_comes),
		cmocka_unit_test(test_the_peer_can_end_what_was_adopted),
		cmocka_unit_test(test_pairs_of_another_configuration_are_not_adopted),
		cmocka_unit_test(test_a_pic_that_forgot_is_negotiated_for_anew),
		cmocka_unit_test(test_initial_contact_ends_what_was_before),
		cmocka_unit_test(test_a_commit_touches_only_what_it_changes),
		cmocka_unit_test(test_a_commit_in_the_middle_of_everything),
		cmocka_unit_test(test_a_certificate_is_waited_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
