/* SPDX-License-Identifier: BSD-2-Clause
 *
 * life_harm_test.c - tunnels whose peer, or somebody between, means harm; and what comes together badly.
 *
 * A is 10.1.0.1, its peer B 10.2.0.1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/vpn/life_sim.h"

#define T0 "ss/r/0"

struct two {
	struct sim *s;
	struct sim_end *a;
	struct sim_end *b;
	struct sim_conf *conf[2];
};

static struct two
two_new(struct sim_shape a)
{
	struct two t = { .s = sim_new(2) };
	struct sim_shape b = {
		.n = 1, .remote_net = 1, .lifetime2_s = a.lifetime2_s, .certificate = a.certificate
	};
	t.a = &t.s->ends[0];
	t.b = &t.s->ends[1];
	a.n = 1;
	a.remote_net = 2;
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

/* --- probes --- */

/* A renewal without an answer ends the IKE SA on which the peer is being probed. */
static void
test_probes_end_with_their_ike_sa(void **state)
{
	struct sim_shape shape = {
		.has_dpd = true, .dpd_interval_s = 7, .dpd_threshold = 40, .lifetime2_s = 700
	};
	struct two t = two_new(shape);
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 560);
	t.b->is_off = true;
	wait_s(&t, 300);
	assert_int_equal(sim_count(t.a, T0, true), 0);
	assert_int_equal(life_stats(t.a->life).n_pairs, 0);
	two_free(&t);
}

/* Somebody who has recorded a delete of the peer cannot make it look alive. */
static void
test_a_recording_is_no_sign_of_life(void **state)
{
	static const struct life_select all;
	struct two t = two_new((struct sim_shape){ .has_dpd = true });
	uint8_t copy[2048];
	uint8_t msg[2048];
	(void)state;
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	(void)life_clear_ipsec(t.b->life, t.s->now_ms, &all);
	wait_s(&t, 1);
	size_t n = t.a->last_n;
	const struct ike_path path = t.a->last_path;
	memcpy(copy, t.a->last, n);
	assert_int_equal(copy[18], HDR_INFO);
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	assert_int_equal(sim_count(t.a, T0, true), 1);
	t.b->is_off = true;
	for (unsigned i = 0; i < 60; i++) {
		memcpy(msg, copy, n);
		life_input(t.a->life, t.s->now_ms, &path, msg, n);
		wait_s(&t, 1);
	}
	assert_int_equal(t.a->n_kinds[LIFE_PEER_DEAD], 1);
	assert_int_equal(sim_count(t.a, T0, true), 0);
	two_free(&t);
}

/* --- commits --- */

/* A negotiation that began before a commit changed the key does not come up after it. */
static void
test_a_key_that_was_changed_is_worth_nothing(void **state)
{
	static const char other[] = "another secret";
	struct two t = two_new((struct sim_shape){ 0 });
	(void)state;
	t.s->latency_ms = 1000;
	sim_acquire(t.a, T0);
	sim_run(t.s, t.s->now_ms + 4500); /* A has message 4 */
	t.conf[1]->ike.psk.b = (const uint8_t *)other;
	t.conf[1]->ike.psk.len = sizeof(other) - 1;
	life_conf(t.b->life, t.s->now_ms, &t.conf[1]->c);
	wait_s(&t, 20);
	assert_int_equal(t.b->n_kinds[LIFE_P1_UP], 0);
	assert_int_equal(sim_count(t.b, T0, false), 0);
	assert_int_equal(sim_count(t.a, T0, false), 0);
	two_free(&t);
}

static void
chain_tell(struct sim_end *e)
{
	static const uint8_t alternate[] = "gw.example";
	const struct life_chain chain = {
		.subject = { alternate, 10 },
		.alternate = id_of_bytes(ID_FQDN, alternate, 10),
	};
	life_chain(e->life, e->sim->now_ms, "gw", &chain, NULL);
}

/* Every commit tells of all certificates again. What is the same disturbs no negotiation. */
static void
test_the_same_certificate_disturbs_nothing(void **state)
{
	struct two t = two_new((struct sim_shape){ .certificate = "gw" });
	(void)state;
	t.conf[0]->ike.takes_any_remote_id = t.conf[1]->ike.takes_any_remote_id = true;
	life_conf(t.a->life, 0, &t.conf[0]->c);
	life_conf(t.b->life, 0, &t.conf[1]->c);
	chain_tell(t.a);
	chain_tell(t.b);
	t.s->latency_ms = 1000;
	sim_acquire(t.a, T0);
	for (unsigned i = 0; i < 20; i++) {
		sim_run(t.s, t.s->now_ms + 500);
		chain_tell(t.a);
		chain_tell(t.b);
	}
	assert_int_equal(sim_count(t.a, T0, true), 1);
	assert_int_equal(sim_count(t.b, T0, true), 1);
	assert_int_equal(t.a->n_kinds[LIFE_P1_UP], 1);
	two_free(&t);
}

static void
tag_with_key(const char *key, char tag[LIFE_TAG_MAX])
{
	struct two t = two_new((struct sim_shape){ 0 });
	for (unsigned i = 0; i < 2; i++) {
		t.conf[i]->ike.psk.b = (const uint8_t *)key;
		t.conf[i]->ike.psk.len = (uint16_t)strlen(key);
		life_conf(t.s->ends[i].life, 0, &t.conf[i]->c);
	}
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	assert_non_null(sim_out(t.a, T0));
	strcpy(tag, sim_out(t.a, T0)->sa.tag);
	two_free(&t);
}

/* A PIC keeps the tag of an SA: who has it cannot try keys on it. */
static void
test_a_tag_says_nothing_of_the_key(void **state)
{
	char one[LIFE_TAG_MAX];
	char other[LIFE_TAG_MAX];
	(void)state;
	tag_with_key("one key", one);
	tag_with_key("the other key", other);
	assert_memory_equal(one, other, 16);
}

/* A name of the peer that is none allows nobody, and not whoever is at the address. */
static void
test_a_name_that_is_none_allows_nobody(void **state)
{
	static const struct conf_id id = { CONF_ID_DN_WILDCARD, (const uint8_t *)"gw1", 3 };
	struct two t = two_new((struct sim_shape){ 0 });
	struct text why = { 0 };
	const struct conf_ike_policy *list[] = { &t.conf[0]->ike };
	(void)state;
	t.conf[0]->c.ike_policies = list;
	t.conf[0]->c.n_ike_policies = 1;
	assert_true(life_conf_check(&t.conf[0]->c, &why));
	t.conf[0]->ike.remote_ids = &id;
	t.conf[0]->ike.n_remote_ids = 1;
	assert_false(life_conf_check(&t.conf[0]->c, &why));
	assert_string_equal(
	    text_str(&why), "IKE policy ike: remote-id 'gw1' is no distinguished name");
	text_done(&why);
	life_conf(t.a->life, 0, &t.conf[0]->c);
	sim_acquire(t.a, T0);
	wait_s(&t, 10);
	assert_int_equal(t.a->n_kinds[LIFE_P1_UP], 0);
	sim_acquire(t.b, T0);
	wait_s(&t, 10);
	assert_int_equal(t.a->n_kinds[LIFE_P1_UP], 0);
	two_free(&t);
}

/* --- pairs without end --- */

/* A peer begins quick modes and finishes none. */
static void
test_pairs_that_are_not_finished_are_few(void **state)
{
	struct two t = two_new((struct sim_shape){ 0 });
	(void)state;
	sim_acquire(t.b, T0);
	wait_s(&t, 1);
	struct ike *ike = (struct ike *)(uintptr_t)life_ike(t.b->life);
	const struct p2_proposal p2 = { P2_ESP, AUTH_HMAC_SHA1_96, ENC_AES_128_CBC, 28800 };
	const struct life_tunnel_view v = sim_view(t.b, T0);
	struct ike_tunnel *tunnel = ike_tunnel_new(&(struct ike_tunnel){
	    .local = v.local_net, .remote = v.remote_net, .policy = { .proposals = &p2, .n = 1 } });
	t.b->deaf_to = 256; /* it hears nothing, and is heard */
	for (unsigned i = 0; i < 40; i++)
		assert_true(ike_quick_start(ike, t.s->now_ms, ike_sa_at(ike, 0), tunnel));
	wait_s(&t, 1);
	assert_in_range(sim_count(t.a, T0, false), 2, LIFE_CHILDREN_MAX);
	assert_int_equal(sim_count(t.a, T0, true), 1);
	assert_int_equal(sim_view(t.a, T0).state, LIFE_UP);
	ike_tunnel_unref(tunnel);
	two_free(&t);
}

/* --- an SPI that is given twice --- */

enum { TWICE = 0x112233 }; /* behind the slot, 0 */

/* A has two pairs with the same outbound SPI: B has lost the first one and gives its number again. */
static struct two
two_with_one_spi(void)
{
	static const struct life_select all;
	struct two t = two_new((struct sim_shape){ .lifetime2_s = 600 });
	t.b->spi = TWICE << 8;
	sim_acquire(t.a, T0);
	wait_s(&t, 1);
	assert_non_null(sim_out(t.a, T0));
	assert_int_equal(sim_out(t.a, T0)->sa.spi, TWICE);
	t.b->is_off = true; /* the delete is lost */
	(void)life_clear_ipsec(t.b->life, t.s->now_ms, &all);
	wait_s(&t, 1);
	t.b->is_off = false;
	t.b->spi = TWICE << 8;
	wait_s(&t, 600 - LIFE_SOFT_INITIATOR_S); /* A renews */
	assert_int_equal(sim_count(t.a, T0, false), 2);
	assert_int_equal(t.a->n_kinds[LIFE_SPI_TWICE], 1);
	return t;
}

/* The end of the first pair does not take the outbound SA of the second one away. */
static void
test_an_spi_given_twice_is_that_of_the_newer_pair(void **state)
{
	(void)state;
	struct two t = two_with_one_spi();
	assert_int_equal(t.a->n_refused, 0);
	assert_int_equal(sim_count(t.a, T0, true), 1);
	t.s->has_traffic = true;
	wait_s(&t, 200); /* the first pair expires */
	assert_int_equal(sim_count(t.a, T0, false), 1);
	assert_int_equal(sim_count(t.a, T0, true), 1);
	assert_int_equal(sim_view(t.a, T0).state, LIFE_UP);
	assert_true(t.s->n_packets > 0);
	assert_int_equal(t.s->n_lost, 0);
	assert_int_equal(t.s->n_dark, 0);
	two_free(&t);
}

/* Whatever a peer deletes is gone: nothing is sent to an SA that it may have meant. */
static void
test_a_delete_of_an_spi_given_twice_ends_both(void **state)
{
	static const struct life_select all;
	(void)state;
	struct two t = two_with_one_spi();
	(void)life_clear_ipsec(t.b->life, t.s->now_ms, &all);
	wait_s(&t, 1);
	assert_int_equal(sim_count(t.a, T0, true), 0);
	assert_int_equal(sim_count(t.a, T0, false), 0);
	assert_int_equal(sim_view(t.a, T0).state, LIFE_DOWN);
	two_free(&t);
}

/* A negotiation that began before the key was changed must not end with the old one. */
static void
test_another_key_counts_for_what_has_begun(void **state)
{
	static const char key[] = "another secret";
	(void)state;
	struct two t = two_new((struct sim_shape){ .establish = ESTABLISH_IMMEDIATELY });
	t.s->latency_ms = 20;
	for (unsigned i = 0; i < 1000 && ike_n_half_open(life_ike(t.b->life)) == 0; i++)
		sim_run(t.s, t.s->now_ms + 1);
	sim_run(t.s, t.s->now_ms + 50); /* the third message has come, the fifth has not */
	assert_int_equal(t.b->n_kinds[LIFE_P1_UP], 0);
	struct sim_conf *other = sim_conf_new(t.b, &(struct sim_shape){ .n = 1, .remote_net = 1 });
	other->ike.psk.b = (const uint8_t *)key;
	other->ike.psk.len = sizeof(key) - 1;
	life_conf(t.b->life, t.s->now_ms, &other->c);
	sim_run(t.s, t.s->now_ms + 10000);
	assert_int_equal(t.b->n_kinds[LIFE_P1_UP], 0);
	assert_int_equal(life_stats(t.b->life).n_up, 0);
	/* and what begins after that is soon done, with the new one */
	struct sim_conf *same = sim_conf_new(t.a,
	    &(struct sim_shape){ .n = 1, .remote_net = 2, .establish = ESTABLISH_IMMEDIATELY });
	same->ike.psk = other->ike.psk;
	life_conf(t.a->life, t.s->now_ms, &same->c);
	sim_run(t.s, t.s->now_ms + 1000);
	assert_int_equal(t.b->n_kinds[LIFE_P1_UP], 1);
	two_free(&t);
	sim_conf_free(other);
	sim_conf_free(same);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_recording_is_no_sign_of_life),
		cmocka_unit_test(test_a_key_that_was_changed_is_worth_nothing),
		cmocka_unit_test(test_the_same_certificate_disturbs_nothing),
		cmocka_unit_test(test_a_tag_says_nothing_of_the_key),
		cmocka_unit_test(test_a_name_that_is_none_allows_nobody),
		cmocka_unit_test(test_pairs_that_are_not_finished_are_few),
		cmocka_unit_test(test_an_spi_given_twice_is_that_of_the_newer_pair),
		cmocka_unit_test(test_a_delete_of_an_spi_given_twice_ends_both),
		cmocka_unit_test(test_probes_end_with_their_ike_sa),
		cmocka_unit_test(test_another_key_counts_for_what_has_begun),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
