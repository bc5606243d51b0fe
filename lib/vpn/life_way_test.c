/* SPDX-License-Identifier: BSD-2-Clause
 *
 * life_way_test.c - NATs, certificates, and tunnels that come out of a configuration as it is written.
 *
 * A is 10.1.0.x and B 10.2.0.x; A is the one behind a NAT.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/conf/test_tree.h"
#include "lib/vpn/life_sim.h"

#define T0 "ss/r/0"

struct two {
	struct sim *s;
	struct sim_end *a;
	struct sim_end *b;
	struct sim_conf *conf[2];
};

static struct two
two_new(struct sim_shape shape, unsigned nat_shift)
{
	struct two t = { .s = sim_new(2) };
	t.a = &t.s->ends[0];
	t.b = &t.s->ends[1];
	t.a->nat_shift = nat_shift;
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

/* --- NAT --- */

/* ESP of the newest pair of T0 has come from TO. */
static void
moved(struct two *t, struct sim_end *e, const struct natt_end *to)
{
	life_moved(e->life, t->s->now_ms, T0, sim_view(e, T0).pairs[0].in_spi, to);
}

/* How many IKE SAs E has with the peer at TO. */
static unsigned
ikes_at(const struct sim_end *e, const struct natt_end *to)
{
	const struct ike *ike = life_ike(e->life);
	unsigned n = 0;
	for (size_t i = 0; i < ike_n_sas(ike); i++) {
		const struct natt_end *at = &ike_sa_at(ike, i)->path.remote;
		n += addr_eq(at->addr, to->addr) && at->port == to->port;
	}
	return n;
}

static void
test_behind_a_nat_esp_goes_in_udp_and_the_way_is_kept_open(void **state)
{
	struct two t = two_new((struct sim_shape){ .lifetime1_s = 3600 }, 10000);
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	const struct sim_sa *a = sim_out(t.a, T0);
	const struct sim_sa *b = sim_out(t.b, T0);
	assert_non_null(a);
	assert_non_null(b);
	assert_true(a->sa.is_udp && b->sa.is_udp);
	assert_int_equal(a->sa.local.port, 4500);
	assert_int_equal(b->sa.remote.port, 14500);
	wait_s(&t, 100);
	assert_int_equal(t.a->n_keepalives, 5);
	assert_int_equal(t.b->n_keepalives, 0);
	/* the pair outlives its IKE SA, and needs the way */
	wait_s(&t, 3600);
	assert_int_equal(ike_n_sas(life_ike(t.a->life)), 0);
	assert_in_range(t.a->n_keepalives, 183, 187);
	/* so does one that is adopted */
	sim_kill(t.a);
	sim_start(t.s, 0, t.conf[0]);
	unsigned n = t.a->n_keepalives;
	wait_s(&t, 60);
	assert_in_range(t.a->n_keepalives - n, 3, 4);
	/* nobody needs it any more */
	life_clear_ipsec(t.a->life, t.s->now_ms, &(struct life_select){ 0 });
	wait_s(&t, 2);
	life_clear_ike(t.a->life, t.s->now_ms, &(struct life_select){ 0 });
	n = t.a->n_keepalives;
	wait_s(&t, 100);
	assert_int_equal(t.a->n_keepalives, n);
	two_free(&t);
}

static void
test_a_peer_that_moves_gets_new_pairs(void **state)
{
	struct two t = two_new((struct sim_shape){ .has_dpd = true }, 10000);
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	assert_int_equal(sim_out(t.b, T0)->sa.remote.port, 14500);
	t.a->nat_shift = 20000;
	wait_s(&t, 30); /* its next probe comes from elsewhere */
	assert_int_equal(sim_out(t.b, T0)->sa.remote.port, 24500);
	assert_int_equal(t.a->n_kinds[LIFE_PEER_DEAD] + t.b->n_kinds[LIFE_PEER_DEAD], 0);
	two_free(&t);
}

/* It moves, and the first that is heard of it from there is that it makes another pair. This end may make none. */
static void
test_a_pair_that_the_peer_makes_leads_to_where_that_is(void **state)
{
	struct two t = two_new((struct sim_shape){ .lifetime2_s = 600 }, 10000);
	struct sim_conf *only = sim_conf_new(t.b, &(struct sim_shape){ .n = 1,
						      .remote_net = 1,
						      .lifetime2_s = 600,
						      .establish = ESTABLISH_RESPONDER_ONLY });
	(void)state;
	life_conf(t.b->life, t.s->now_ms, &only->c);
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	assert_int_equal(sim_out(t.b, T0)->sa.remote.port, 14500);
	t.a->nat_shift = 20000;
	life_spent(t.a->life, t.s->now_ms, T0, sim_out(t.a, T0)->sa.spi, false);
	wait_s(&t, 2);
	assert_int_equal(sim_count(t.b, T0, true), 2);
	assert_int_equal(t.b->n_kinds[LIFE_MOVED], 1);
	assert_int_equal(sim_out(t.b, T0)->sa.remote.port, 24500);
	two_free(&t);
	sim_conf_free(only);
}

/* ESP says where the peer is, if that is the one behind the NAT, and as often as is good. */
static void
test_esp_from_elsewhere_moves_ike_and_the_pair(void **state)
{
	struct two t = two_new((struct sim_shape){ 0 }, 10000);
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	struct natt_end to = { sim_gateway(1, 1), 24500 };
	t.a->nat_shift = 20000;
	moved(&t, t.b, &to);
	wait_s(&t, 2);
	assert_int_equal(sim_out(t.b, T0)->sa.remote.port, 24500);
	assert_int_equal(t.b->n_kinds[LIFE_MOVED], 1);
	assert_non_null(strstr(t.b->text[LIFE_MOVED], "port 24500"));
	assert_int_equal(sim_count(t.b, T0, true), 2);
	/* what is known already, or of nobody, changes nothing */
	moved(&t, t.b, &to);
	life_moved(t.b->life, t.s->now_ms, "ss/r/none", 1, &to);
	wait_s(&t, 2);
	assert_int_equal(t.b->n_kinds[LIFE_MOVED], 1);
	assert_int_equal(sim_count(t.b, T0, true), 2);
	/* twice at once is followed once */
	to.port = 34500;
	moved(&t, t.b, &to);
	to.port = 44500;
	moved(&t, t.b, &to);
	assert_int_equal(t.b->n_kinds[LIFE_MOVED], 2);
	two_free(&t);
}

/* Somebody kept a packet back until there was another pair, and sends it from elsewhere. */
static void
test_a_packet_of_the_pair_before_moves_nothing(void **state)
{
	struct two t = two_new((struct sim_shape){ .lifetime2_s = 600 }, 10000);
	struct natt_end to = { sim_gateway(1, 1), 5555 };
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	uint32_t before = sim_view(t.b, T0).pairs[0].in_spi;
	life_spent(t.a->life, t.s->now_ms, T0, sim_out(t.a, T0)->sa.spi, false);
	wait_s(&t, 2);
	assert_int_equal(sim_view(t.b, T0).n_pairs, 2);
	uint32_t now = sim_view(t.b, T0).pairs[0].in_spi;
	assert_int_not_equal(now, before);
	life_moved(t.b->life, t.s->now_ms, T0, before, &to);
	life_moved(t.b->life, t.s->now_ms, T0, 0, &to);
	life_moved(t.b->life, t.s->now_ms, T0, sim_view(t.b, T0).pairs[0].out_spi, &to);
	wait_s(&t, 2);
	assert_int_equal(t.b->n_kinds[LIFE_MOVED], 0);
	assert_int_equal(sim_out(t.b, T0)->sa.remote.port, 14500);
	life_moved(t.b->life, t.s->now_ms, T0, now, &to);
	assert_int_equal(t.b->n_kinds[LIFE_MOVED], 1);
	two_free(&t);
}

/* While one takes the place of another there are two, and quick mode or DPD may come on either. */
static void
test_all_ike_sas_of_the_peer_move(void **state)
{
	struct two t =
	    two_new((struct sim_shape){ .lifetime1_s = 600, .lifetime2_s = 3600 }, 10000);
	struct natt_end from = { sim_gateway(1, 1), 14500 };
	struct natt_end to = { sim_gateway(1, 1), 24500 };
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 580);
	life_spent(t.a->life, t.s->now_ms, T0, sim_out(t.a, T0)->sa.spi, false);
	wait_s(&t, 2);
	assert_int_equal(ikes_at(t.b, &from), 2);
	t.a->nat_shift = 20000;
	moved(&t, t.b, &to);
	assert_int_equal(ikes_at(t.b, &from), 0);
	assert_int_equal(ikes_at(t.b, &to), 2);
	assert_int_equal(t.b->n_kinds[LIFE_MOVED], 1);
	two_free(&t);
}

/* The NAT has A at another address from now on, and B is told by ESP. */
static struct natt_end
address_change(struct two *t)
{
	struct natt_end to = { sim_gateway(1, 999), 24500 };
	t->a->natted = sim_gateway(1, 1);
	t->a->nat_addr = to.addr;
	t->a->nat_shift = 20000;
	moved(t, t->b, &to);
	wait_s(t, 2);
	assert_true(addr_eq(sim_out(t->b, T0)->sa.remote.addr, to.addr));
	return to;
}

/* It has another address for good: this end makes its IKE SAs with that, and pairs go on. */
static void
test_phase_1_follows_to_another_address(void **state)
{
	struct two t = two_new((struct sim_shape){ .lifetime1_s = 600, .lifetime2_s = 300 }, 10000);
	struct sim_conf *only = sim_conf_new(t.a, &(struct sim_shape){ .n = 1,
						      .remote_net = 2,
						      .lifetime1_s = 600,
						      .lifetime2_s = 300,
						      .establish = ESTABLISH_RESPONDER_ONLY });
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	life_conf(t.a->life, t.s->now_ms, &only->c); /* all is B's to do */
	struct natt_end to = address_change(&t);
	t.s->has_traffic = true;
	unsigned n_up = t.b->n_kinds[LIFE_P1_UP];
	wait_s(&t, 5000);
	assert_true(t.b->n_kinds[LIFE_P1_UP] > n_up + 3);
	assert_non_null(strstr(t.b->text[LIFE_P1_UP], "initiator"));
	assert_int_equal(t.s->n_lost + t.s->n_dark, 0);
	assert_int_equal(t.b->n_kinds[LIFE_P1_FAILED], 0);
	assert_true(ikes_at(t.b, &to) > 0);
	/* nothing is left of it: it is where the configuration says, or nowhere */
	life_clear_ipsec(t.b->life, t.s->now_ms, &(struct life_select){ 0 });
	wait_s(&t, 1);
	life_clear_ike(t.b->life, t.s->now_ms, &(struct life_select){ 0 });
	wait_s(&t, 1);
	t.s->has_traffic = false;
	sim_acquire(t.b, T0);
	wait_s(&t, 200);
	assert_true(t.b->n_kinds[LIFE_P1_FAILED] > 0);
	assert_int_equal(ike_n_sas(life_ike(t.b->life)), 0);
	two_free(&t);
	sim_conf_free(only);
}

/* The same if it is the peer that begins, from where no configuration has it. */
static void
test_a_peer_that_has_moved_may_begin(void **state)
{
	struct two t = two_new((struct sim_shape){ .lifetime1_s = 600, .lifetime2_s = 300 }, 10000);
	struct sim_conf *only = sim_conf_new(t.b, &(struct sim_shape){ .n = 1,
						      .remote_net = 1,
						      .lifetime1_s = 600,
						      .lifetime2_s = 300,
						      .establish = ESTABLISH_RESPONDER_ONLY });
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	(void)address_change(&t);
	life_conf(t.b->life, t.s->now_ms, &only->c);
	t.s->has_traffic = true;
	wait_s(&t, 5000);
	assert_non_null(strstr(t.b->text[LIFE_P1_UP], "responder"));
	assert_int_equal(t.s->n_lost + t.s->n_dark, 0);
	assert_int_equal(t.b->n_kinds[LIFE_P1_NO_POLICY], 0);
	two_free(&t);
	sim_conf_free(only);
}

/* What it still sends with SAs that this end has no more comes from where it is, and is answered there. */
static void
test_a_peer_that_has_moved_hears_of_unknown_spis(void **state)
{
	struct two t = two_new((struct sim_shape){ 0 }, 10000);
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	struct natt_end to = address_change(&t);
	uint32_t spi = sim_out(t.a, T0)->sa.spi;
	t.s->loss = 1000;
	life_clear_ipsec(t.b->life, t.s->now_ms, &(struct life_select){ 0 });
	wait_s(&t, 1);
	t.s->loss = 0;
	life_bad_spi(t.b->life, t.s->now_ms, V1_PROTO_ESP, spi, sim_gateway(2, 1), to.addr);
	wait_s(&t, 1);
	assert_int_equal(t.a->n_kinds[LIFE_BAD_SPI], 1);
	assert_int_not_equal(sim_out(t.a, T0)->sa.spi, spi);
	two_free(&t);
}

/* Nothing says any more who is behind a NAT, but where the peer is does. */
static void
test_an_adopted_pair_says_where_the_peer_is(void **state)
{
	struct two t = two_new((struct sim_shape){ 0 }, 10000);
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	struct natt_end to = address_change(&t);
	sim_kill(t.b);
	sim_start(t.s, 1, t.conf[1]);
	wait_s(&t, 5);
	assert_int_equal(ikes_at(t.b, &to), 1);
	assert_non_null(strstr(t.b->text[LIFE_P1_UP], "initiator"));
	two_free(&t);
}

/* It is us that the NAT hides: the peer is where it is, whatever comes from elsewhere. */
static void
test_a_peer_that_is_not_behind_a_nat_does_not_move(void **state)
{
	const struct natt_end to = { sim_gateway(2, 9), 4501 };
	(void)state;
	for (unsigned shift = 0; shift <= 10000; shift += 10000) {
		struct two t = two_new((struct sim_shape){ 0 }, shift);
		sim_acquire(t.a, T0);
		wait_s(&t, 1);
		moved(&t, t.a, &to);
		wait_s(&t, 2);
		assert_int_equal(t.a->n_kinds[LIFE_MOVED], 0);
		assert_int_equal(sim_count(t.a, T0, true), 1);
		assert_int_not_equal(sim_out(t.a, T0)->sa.remote.port, 4501);
		two_free(&t);
	}
}

/* Packets are given to the services interface that has a slot by their SPI alone. */
static void
test_spis_lie_in_the_slot_of_the_services_interface(void **state)
{
	struct two t = two_new((struct sim_shape){ .lifetime2_s = 600 }, 10000);
	struct conf_ifd *pic = (struct conf_ifd *)(uintptr_t)t.conf[1]->c.service_sets[0]->pic;
	(void)state;
	pic->spi_slot = 200;
	life_conf(t.b->life, t.s->now_ms, &t.conf[1]->c);
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	assert_int_equal(sim_view(t.b, T0).pairs[0].in_spi >> 24, 200);
	assert_int_equal(sim_view(t.a, T0).pairs[0].in_spi >> 24, 0);
	assert_true(sim_view(t.a, T0).pairs[0].in_spi >= 256);
	/* the same slot again changes nothing, another one makes another pair */
	life_conf(t.b->life, t.s->now_ms, &t.conf[1]->c);
	wait_s(&t, 5);
	assert_int_equal(sim_view(t.b, T0).n_pairs, 1);
	pic->spi_slot = 255;
	life_conf(t.b->life, t.s->now_ms, &t.conf[1]->c);
	wait_s(&t, 5);
	assert_int_equal(sim_view(t.b, T0).n_pairs, 2);
	assert_int_equal(sim_view(t.b, T0).pairs[0].in_spi >> 24, 255);
	two_free(&t);
}

/* The slot has become another one's while kmd was away. */
static void
test_a_pair_that_is_adopted_in_another_slot_is_made_anew(void **state)
{
	struct two t = two_new((struct sim_shape){ 0 }, 10000);
	struct conf_ifd *pic = (struct conf_ifd *)(uintptr_t)t.conf[0]->c.service_sets[0]->pic;
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	sim_kill(t.a);
	pic->spi_slot = 200;
	sim_start(t.s, 0, t.conf[0]);
	wait_s(&t, 5);
	assert_int_equal(t.a->n_kinds[LIFE_ADOPTED], 1);
	assert_int_equal(sim_view(t.a, T0).n_pairs, 2);
	assert_int_equal(sim_view(t.a, T0).pairs[0].in_spi >> 24, 200);
	two_free(&t);
}

/* Behind the slot there are no more than 24 bits, and hundreds of negotiations at once. */
static void
test_two_negotiations_at_once_have_two_spis(void **state)
{
	struct two t = two_new((struct sim_shape){ .n = 3 }, 10000);
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	for (unsigned i = 0; i < 2; i++) {
		t.a->spi = 0x11223300 + i; /* the number of the message is the first to be drawn */
		t.a->spi_again = 1;
		sim_acquire(t.a, i == 0 ? "ss/r/1" : "ss/r/2");
		sim_run(t.s, t.s->now_ms + 1);
		assert_int_equal(t.a->spi, 0);
	}
	wait_s(&t, 1);
	uint32_t one = sim_view(t.a, "ss/r/1").pairs[0].in_spi;
	uint32_t two = sim_view(t.a, "ss/r/2").pairs[0].in_spi;
	assert_true(one == 0x112233 || two == 0x112233);
	assert_int_not_equal(one, two);
	two_free(&t);
}

static void
test_the_outbound_sa_waits_for_the_install_interval(void **state)
{
	struct two t =
	    two_new((struct sim_shape){ .natt_install_s = 5, .lifetime2_s = 600 }, 10000);
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 4);
	assert_int_equal(sim_count(t.a, T0, false), 1);
	assert_int_equal(sim_count(t.a, T0, true), 0);
	wait_s(&t, 3);
	assert_int_equal(sim_count(t.a, T0, true), 1);
	assert_int_equal(sim_count(t.b, T0, true), 1);
	t.s->has_traffic = true;
	wait_s(&t, 5000);
	assert_int_equal(t.s->n_lost + t.s->n_dark, 0);
	two_free(&t);
	/* without a NAT there is nothing to wait for */
	t = two_new((struct sim_shape){ .natt_install_s = 5 }, 0);
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	assert_int_equal(sim_count(t.a, T0, true), 1);
	two_free(&t);
}

/* --- certificates --- */

static void
chain_give(struct two *t, struct sim_end *e, const char *name)
{
	const struct life_chain chain = { .subject = { "\x30\x00", 2 },
		.alternate = id_of_bytes(ID_FQDN, name, strlen(name)) };
	life_chain(e->life, t->s->now_ms, "gw", &chain, NULL);
}

static struct two
signed_new(void)
{
	static const struct conf_id a = { CONF_ID_FQDN, (const uint8_t *)"a.example", 9 };
	static const struct conf_id b = { CONF_ID_FQDN, (const uint8_t *)"b.example", 9 };
	struct two t = two_new((struct sim_shape){ .certificate = "gw", .lifetime1_s = 600 }, 0);
	t.conf[0]->ike.remote_ids = &b;
	t.conf[1]->ike.remote_ids = &a;
	t.conf[0]->ike.n_remote_ids = t.conf[1]->ike.n_remote_ids = 1;
	life_conf(t.a->life, t.s->now_ms, &t.conf[0]->c);
	life_conf(t.b->life, t.s->now_ms, &t.conf[1]->c);
	return t;
}

static void
test_certificates_prove_both_ends(void **state)
{
	struct two t = signed_new();
	(void)state;
	chain_give(&t, t.a, "a.example");
	/* B's is not there yet */
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	assert_int_equal(life_stats(t.a->life).n_up, 0);
	assert_string_equal(
	    t.b->text[LIFE_P1_REFUSED], "IKE Phase-1 Failure: the local certificate is not loaded");
	chain_give(&t, t.b, "b.example");
	wait_s(&t, 200);
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	assert_int_equal(life_stats(t.a->life).n_up, 1);
	assert_int_equal(life_stats(t.b->life).n_up, 1);
	two_free(&t);
}

static void
test_a_certificate_that_is_not_trusted(void **state)
{
	struct two t = signed_new();
	(void)state;
	chain_give(&t, t.a, "a.example");
	chain_give(&t, t.b, "b.example");
	t.b->distrusts = true;
	sim_acquire(t.a, T0);
	wait_s(&t, 200);
	assert_int_equal(life_stats(t.a->life).n_up + life_stats(t.b->life).n_up, 0);
	assert_non_null(strstr(sim_view(t.b, T0).failure, "who is that?"));
	two_free(&t);
}

static void
test_an_identity_that_is_not_the_expected_one(void **state)
{
	struct two t = signed_new();
	(void)state;
	chain_give(&t, t.a, "c.example");
	chain_give(&t, t.b, "b.example");
	sim_acquire(t.a, T0);
	wait_s(&t, 5);
	assert_int_equal(life_stats(t.b->life).n_up, 0);
	assert_non_null(strstr(sim_view(t.b, T0).failure, "c.example"));
	two_free(&t);
}

/* --- configurations as they are written --- */

static const char written[] = "interfaces\n"
			      "  interface sp-0/0/0\n"
			      "    unit 1\n"
			      "      family\n"
			      "        inet:\n"
			      "      service-domain inside\n"
			      "    unit 2\n"
			      "      family\n"
			      "        inet:\n"
			      "      service-domain outside\n"
			      "  interface es-0/0/0\n"
			      "    unit 3\n"
			      "      tunnel\n"
			      "        source 10.@.0.2\n"
			      "        destination 10.#.0.2\n"
			      "      family\n"
			      "        inet\n"
			      "          ipsec-sa sa-hq\n"
			      "services\n"
			      "  service-set ss\n"
			      "    next-hop-service\n"
			      "      inside-service-interface sp-0/0/0.1\n"
			      "      outside-service-interface sp-0/0/0.2\n"
			      "    ipsec-vpn-options\n"
			      "      local-gateway:\n"
			      "        address 10.@.0.1\n"
			      "    ipsec-vpn-rules r\n"
			      "  ipsec-vpn\n"
			      "    rule r\n"
			      "      term t\n"
			      "        from\n"
			      "          source-address 10.10@.0.0/16:\n"
			      "          destination-address 10.10#.0.0/16:\n"
			      "        then\n"
			      "          remote-gateway 10.#.0.1\n"
			      "          dynamic\n"
			      "            ike-policy p\n"
			      "      match-direction input\n"
			      "    ike\n"
			      "      policy p\n"
			      "        pre-shared-key:\n"
			      "          ascii-text a-key-of-the-terms\n"
			      "security\n"
			      "  ike\n"
			      "    proposal es\n"
			      "      authentication-method pre-shared-keys\n"
			      "      dh-group group2\n"
			      "    policy 10.#.0.2\n"
			      "      proposals es\n"
			      "      pre-shared-key:\n"
			      "        ascii-text a-key-of-the-es-pic\n"
			      "  ipsec\n"
			      "    proposal ah\n"
			      "      protocol bundle\n"
			      "      authentication-algorithm hmac-sha1-96\n"
			      "      encryption-algorithm 3des-cbc\n"
			      "    policy es\n"
			      "      proposals ah\n"
			      "    security-association sa-hq\n"
			      "      mode tunnel\n"
			      "      dynamic\n"
			      "        replay-window-size 32\n"
			      "        ipsec-policy es\n";

/* The same with a backup destination, whose policy has another key. */
static const char unit_backup[] = "        backup-destination 10.3.0.2\n";
static const char policy_backup[] = "    policy 10.3.0.2\n"
				    "      proposals es\n"
				    "      pre-shared-key:\n"
				    "        ascii-text a-key-of-the-backup\n";

/* Writes INTO with WHAT behind the first line that is BEHIND. */
static void
insert(char *into, const char *behind, const char *what)
{
	char *at = strstr(into, behind);
	assert_non_null(at);
	at += strlen(behind);
	memmove(at + strlen(what), at, strlen(at) + 1);
	memcpy(at, what, strlen(what));
}

static struct conf *
conf_read(struct arena *a, const char *text)
{
	struct report r = { 0 };
	struct text lines = { 0 };
	struct conf *c = conf_load(test_tree(a, text), &r);
	report_print(&r, NULL, &lines);
	if (c == NULL)
		fail_msg("%s", text_str(&lines));
	text_done(&lines);
	report_done(&r);
	return c;
}

/* @ is this end, # the other one. */
static void
text_of(unsigned net, unsigned peer, char *out)
{
	size_t n = 0;
	for (; written[n] != '\0'; n++)
		out[n] = written[n] == '@'   ? (char)('0' + net)
			 : written[n] == '#' ? (char)('0' + peer)
					     : written[n];
	out[n] = '\0';
}

static struct conf *
conf_of(struct arena *a, unsigned net, unsigned peer)
{
	char text[sizeof(written)];
	text_of(net, peer, text);
	return conf_read(a, text);
}

static void
test_terms_and_es_units_become_tunnels(void **state)
{
	struct arena *arena = arena_new();
	struct sim *s = sim_new(2);
	struct sim_end *a = &s->ends[0];
	struct sim_end *b = &s->ends[1];
	struct conf *ca = conf_of(arena, 1, 2);
	struct conf *cb = conf_of(arena, 2, 1);
	(void)state;
	sim_start_conf(s, 1, cb);
	sim_start_conf(s, 0, ca);
	conf_free(ca); /* nothing of it is needed */
	conf_free(cb);
	arena_free(arena);
	assert_int_equal(life_n_tunnels(a->life), 2);
	sim_acquire(a, "ss/r/t");
	sim_acquire(a, "es-0/0/0.3");
	sim_run(s, s->now_ms + 1000);
	assert_int_equal(life_stats(b->life).n_up, 2);
	struct life_tunnel_view v = sim_view(b, "ss/r/t");
	assert_string_equal(v.service_set, "ss");
	assert_string_equal(v.rule, "r");
	assert_string_equal(v.term, "t");
	assert_string_equal(v.pic, "sp-0/0/0");
	assert_int_equal(v.index, 1);
	assert_int_equal(v.pairs[0].enc, ENC_3DES_CBC); /* what is built in */
	v = sim_view(b, "es-0/0/0.3");
	assert_null(v.service_set);
	assert_string_equal(v.sa_name, "sa-hq");
	assert_string_equal(v.pic, "es-0/0/0");
	assert_int_equal(v.pairs[0].protocol, P2_BUNDLE);
	assert_true(v.pairs[0].in_aux_spi != 0 && v.pairs[0].in_aux_spi != v.pairs[0].in_spi);
	assert_int_equal(sim_out(a, "es-0/0/0.3")->sa.window, 32);
	assert_int_equal(sim_out(a, "es-0/0/0.3")->sa.aux_spi, v.pairs[0].in_aux_spi);
	/* the bundle goes as a whole, and can be adopted */
	sim_kill(a);
	arena = arena_new();
	ca = conf_of(arena, 1, 2);
	sim_start_conf(s, 0, ca);
	assert_int_equal(a->n_kinds[LIFE_ADOPTED], 2);
	const struct life_select es = { .es = true, .sa_name = "sa-hq" };
	assert_int_equal(life_clear_ipsec(a->life, s->now_ms, &es), 1);
	sim_run(s, s->now_ms + 2000);
	assert_int_equal(sim_count(b, "es-0/0/0.3", false) + sim_count(b, "es-0/0/0.3", true), 0);
	assert_int_equal(sim_count(b, "ss/r/t", true), 1);
	conf_free(ca);
	arena_free(arena);
	sim_free(s);
}

/* Each destination of a unit has its own policy. The unit is watched, goes to the other one, and back by command. */
static void
test_a_unit_has_a_backup_destination(void **state)
{
	static const char unit[] = "es-0/0/0.3";
	char text[sizeof(written) + sizeof(unit_backup) + sizeof(policy_backup)];
	struct arena *arena = arena_new();
	struct sim *s = sim_new(3);
	struct sim_end *a = &s->ends[0];
	struct sim_end *b = &s->ends[1];
	struct sim_end *c = &s->ends[2];
	struct conf *confs[3];
	(void)state;
	text_of(1, 2, text);
	insert(text, "        destination 10.2.0.2\n", unit_backup);
	insert(text, "        ascii-text a-key-of-the-es-pic\n", policy_backup);
	confs[0] = conf_read(arena, text);
	confs[1] = conf_of(arena, 2, 1);
	text_of(3, 1, text);
	memcpy(strstr(text, "a-key-of-the-es-pic"), "a-key-of-the-backup", 19);
	confs[2] = conf_read(arena, text);
	for (unsigned i = 3; i-- > 0;) {
		sim_start_conf(s, i, confs[i]);
		conf_free(confs[i]);
	}
	sim_acquire(a, unit);
	sim_run(s, s->now_ms + 1000);
	assert_int_equal(sim_count(b, unit, true), 1);
	assert_false(sim_view(a, unit).is_backup_active);
	b->is_off = true;
	sim_run(s, s->now_ms + 30000);
	assert_true(sim_view(a, unit).is_backup_active);
	assert_int_equal(sim_count(a, unit, true), 1);
	assert_int_equal(sim_count(c, unit, true), 1);
	assert_int_equal(a->tunnels[0]->failovers, 1); /* the PIC knows */
	b->is_off = false;
	sim_pic_forget(b);
	assert_int_equal(
	    life_switch(a->life, s->now_ms, sim_view(a, unit).local, sim_view(a, unit).primary), 1);
	sim_run(s, s->now_ms + 2000);
	assert_false(sim_view(a, unit).is_backup_active);
	assert_int_equal(sim_count(a, unit, true), 1);
	assert_int_equal(sim_count(c, unit, true), 0);
	assert_int_equal(life_stats(b->life).n_up, 1);
	arena_free(arena);
	sim_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_behind_a_nat_esp_goes_in_udp_and_the_way_is_kept_open),
		cmocka_unit_test(test_a_peer_that_moves_gets_new_pairs),
		cmocka_unit_test(test_a_pair_that_the_peer_makes_leads_to_where_that_is),
		cmocka_unit_test(test_esp_from_elsewhere_moves_ike_and_the_pair),
		cmocka_unit_test(test_a_packet_of_the_pair_before_moves_nothing),
		cmocka_unit_test(test_all_ike_sas_of_the_peer_move),
		cmocka_unit_test(test_phase_1_follows_to_another_address),
		cmocka_unit_test(test_a_peer_that_has_moved_may_begin),
		cmocka_unit_test(test_a_peer_that_has_moved_hears_of_unknown_spis),
		cmocka_unit_test(test_an_adopted_pair_says_where_the_peer_is),
		cmocka_unit_test(test_a_peer_that_is_not_behind_a_nat_does_not_move),
		cmocka_unit_test(test_spis_lie_in_the_slot_of_the_services_interface),
		cmocka_unit_test(test_a_pair_that_is_adopted_in_another_slot_is_made_anew),
		cmocka_unit_test(test_two_negotiations_at_once_have_two_spis),
		cmocka_unit_test(test_the_outbound_sa_waits_for_the_install_interval),
		cmocka_unit_test(test_certificates_prove_both_ends),
		cmocka_unit_test(test_a_certificate_that_is_not_trusted),
		cmocka_unit_test(test_an_identity_that_is_not_the_expected_one),
		cmocka_unit_test(test_terms_and_es_units_become_tunnels),
		cmocka_unit_test(test_a_unit_has_a_backup_destination),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
