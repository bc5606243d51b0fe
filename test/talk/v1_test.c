/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_test.c - main mode and quick mode between two engines, message by message, and with what does not fit.
 */
#include "test/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void
begin(struct talk *t)
{
	(void)talk_begin(t, &t->a);
}

/* Main mode without trouble. */
static void
main_run(struct talk *t)
{
	begin(t);
	talk_run(t);
	assert_int_equal(t->a.n_up, 1);
	assert_int_equal(t->b.n_up, 1);
}

static void
quick_run(struct talk *t)
{
	assert_true(talk_quick(t, &t->a, 0));
	talk_run(t);
}

static void
main_and_quick_mode_message_by_message(void **state)
{
	(void)state;
	struct talk *t = talk_new();
	begin(t);
	assert_int_equal(ike_n_half_open(t->b.ike), 0);
	assert_int_equal(talk_deliver(t), IKE_OK); /* HDR, SA --> */
	assert_int_equal(ike_n_half_open(t->b.ike), 1);
	assert_int_equal(talk_deliver(t), IKE_OK); /* <-- HDR, SA */
	assert_int_equal(talk_deliver(t), IKE_OK); /* HDR, KE, Ni, NAT-D, NAT-D --> */
	assert_int_equal(talk_deliver(t), IKE_OK); /* <-- HDR, KE, Nr, NAT-D, NAT-D */
	assert_int_equal(t->b.n_up, 0);
	assert_int_equal(talk_deliver(t), IKE_OK); /* HDR*, IDii, HASH_I --> */
	assert_int_equal(t->b.n_up, 1);
	assert_int_equal(ike_n_half_open(t->b.ike), 0);
	assert_int_equal(t->a.n_up, 0);
	assert_int_equal(talk_deliver(t), IKE_OK); /* <-- HDR*, IDir, HASH_R */
	assert_int_equal(t->a.n_up, 1);
	assert_int_equal(t->n, 0);
	assert_memory_equal(&t->a.sa->keys, &t->b.sa->keys, sizeof(t->a.sa->keys));
	assert_int_equal(t->a.sa->chosen.lifetime_s, 3600);
	assert_false(t->a.sa->nat.is_local_behind || t->b.sa->nat.is_remote_behind);

	assert_true(talk_quick(t, &t->a, 0));
	assert_int_equal(talk_deliver(t), IKE_OK); /* HDR*, HASH(1), SA, Ni, IDci, IDcr --> */
	assert_int_equal(t->b.n_in, 1);
	assert_int_equal(talk_deliver(t), IKE_OK); /* <-- HDR*, HASH(2), SA, Nr, IDci, IDcr */
	assert_int_equal(t->a.n_children, 1);
	assert_int_equal(t->b.n_children, 0);
	assert_int_equal(talk_deliver(t), IKE_OK); /* HDR*, HASH(3) --> */
	assert_int_equal(t->b.n_children, 1);
	assert_true(talk_children_agree(t));
	assert_int_equal(t->a.n_refused + t->b.n_refused, 0);
	assert_int_equal(t->n, 0);
	talk_free(t);
}

static void
every_algorithm_and_group_comes_up(void **state)
{
	(void)state;
	for (enum enc_alg e = ENC_DES_CBC; e < ENC_AES_128_GCM; e++)
		for (enum hash_alg h = 0; h < HASH_MAX; h++) {
			const struct p1_proposal p1 = { METHOD_PSK, e, h, DH_GROUP19, 3600 };
			const struct p2_proposal p2 = { P2_ESP, AUTH_HMAC_SHA_256_128, e, 3600 };
			struct talk *t = talk_new();
			t->a.policy.proposals = t->b.policy.proposals = &p1;
			t->a.tunnels[0].policy.proposals = t->b.tunnels[0].policy.proposals = &p2;
			main_run(t);
			quick_run(t);
			assert_true(talk_children_agree(t));
			talk_free(t);
		}
	for (enum dh_group g = DH_NONE + 1; g < DH_MAX; g++) {
		const struct p1_proposal p1 = { METHOD_PSK, ENC_AES_256_CBC, HASH_SHA1, g, 3600 };
		struct talk *t = talk_new();
		t->a.policy.proposals = t->b.policy.proposals = &p1;
		t->a.tunnels[0].policy.pfs = t->b.tunnels[0].policy.pfs = g;
		main_run(t);
		quick_run(t);
		assert_true(talk_children_agree(t));
		assert_int_equal(t->a.children[0].pfs, g);
		talk_free(t);
	}
}

static void
every_protocol_comes_up(void **state)
{
	static const struct p2_proposal list[] = {
		{ P2_ESP, AUTH_NONE, ENC_AES_128_CBC, 3600 },
		{ P2_ESP, AUTH_NONE, ENC_AES_128_GCM, 3600 },
		{ P2_ESP, AUTH_NONE, ENC_AES_192_GCM, 3600 },
		{ P2_ESP, AUTH_NONE, ENC_AES_256_GCM, 3600 },
		{ P2_ESP, AUTH_HMAC_MD5_96, ENC_NULL, 3600 },
		{ P2_AH, AUTH_HMAC_SHA1_96, ENC_NULL, 3600 },
		{ P2_AH, AUTH_HMAC_SHA_256_128, ENC_NULL, 3600 },
		{ P2_BUNDLE, AUTH_HMAC_MD5_96, ENC_3DES_CBC, 3600 },
	};
	(void)state;
	for (size_t i = 0; i < 5; i++) {
		struct talk *t = talk_new();
		t->a.tunnels[0].policy = (struct p2_policy){ .proposals = list, .n = 5 };
		t->b.tunnels[0].policy = (struct p2_policy){ .proposals = &list[i], .n = 1 };
		main_run(t);
		quick_run(t);
		assert_true(talk_children_agree(t));
		assert_int_equal(t->a.children[0].chosen.protocol, list[i].protocol);
		assert_int_equal(t->a.children[0].in.esp == 0, list[i].protocol == P2_AH);
		assert_int_equal(t->a.children[0].in.ah == 0, list[i].protocol == P2_ESP);
		talk_free(t);
	}
}

static void
a_nat_moves_the_exchange_to_4500(void **state)
{
	(void)state;
	struct talk *t = talk_new();
	t->nat = (struct addr){ ADDR_V4, { 203, 0, 113, 5 } };
	/* behind a NAT the peer's identity is not the address that it comes from */
	struct ike_remote_id id = { .id = { .type = ID_IPV4, .p = t->a.end.addr.b, .n = 4 } };
	t->b.policy.remote_ids = &id;
	t->b.policy.n_remote_ids = 1;
	main_run(t);
	assert_true(t->a.sa->nat.is_local_behind);
	assert_false(t->a.sa->nat.is_remote_behind);
	assert_true(t->b.sa->nat.is_remote_behind);
	assert_int_equal(t->a.sa->path.local.port, 4500);
	assert_int_equal(t->b.sa->path.local.port, 4500);
	assert_int_equal(t->b.sa->path.remote.port, 14500);
	quick_run(t);
	assert_true(talk_children_agree(t));
	assert_true(t->a.children[0].is_udp);
	talk_free(t);
}

static void
a_dead_peer_is_given_up(void **state)
{
	(void)state;
	struct talk *t = talk_new();
	begin(t);
	do
		t->n = 0;
	while (talk_wait(t));
	assert_int_equal(t->n_sent, IKE_TRIES);
	assert_int_equal(t->a.n_down, 1);
	assert_int_equal(ike_n_sas(t->a.ike), 0);
	talk_free(t);

	t = talk_new();
	main_run(t);
	unsigned before = t->n_sent;
	assert_true(talk_quick(t, &t->a, 0));
	do
		t->n = 0;
	while (t->a.n_failed == 0 && talk_wait(t));
	assert_int_equal(t->n_sent - before, IKE_TRIES);
	assert_int_equal(t->a.n_failed, 1);
	assert_int_equal(t->a.n_down, 0);
	talk_free(t);
}

/* --- what does not fit --- */

static void
a_wrong_key_is_refused(void **state)
{
	(void)state;
	struct talk *t = talk_new();
	t->b.policy.psk = (struct part){ "sesama", 6 };
	begin(t);
	talk_run(t);
	assert_int_equal(t->a.n_up + t->b.n_up, 0);
	assert_int_equal(t->b.refused, IKE_AUTH);
	assert_non_null(strstr(text_str(&t->b.why), "do the pre-shared keys differ?"));
	talk_free(t);
}

static void
a_wrong_identity_is_refused_and_named(void **state)
{
	(void)state;
	struct talk *t = talk_new();
	t->a.policy.local_id = id_of_bytes(ID_FQDN, "a.example", 9);
	begin(t);
	talk_run(t);
	assert_int_equal(t->a.n_up + t->b.n_up, 0);
	assert_int_equal(t->b.refused, IKE_ID);
	assert_string_equal(text_str(&t->b.why),
	    "the peer says it is fqdn(any:0,[0..8]=a.example), allowed "
	    "ipv4(any:0,[0..3]=192.0.2.1)");
	talk_free(t);

	t = talk_new();
	struct ike_remote_id want = { .id = id_of_bytes(ID_FQDN, "A.EXAMPLE", 9) };
	t->a.policy.local_id = id_of_bytes(ID_FQDN, "a.example", 9);
	t->b.policy.remote_ids = &want;
	t->b.policy.n_remote_ids = 1;
	main_run(t);
	talk_free(t);
}

static void
other_proposals_and_networks_are_refused_and_named(void **state)
{
	static const struct p1_proposal p1 = { METHOD_PSK, ENC_AES_128_CBC, HASH_SHA1, DH_GROUP2,
		3600 };
	(void)state;
	struct talk *t = talk_new();
	t->b.policy.proposals = &p1;
	begin(t);
	talk_run(t);
	assert_int_equal(t->b.refused, IKE_NO_PROPOSAL);
	assert_non_null(strstr(text_str(&t->b.why),
	    "encryption-algorithm differs: peer 3des-cbc, allowed aes-128-cbc"));
	assert_int_equal(ike_n_sas(t->b.ike), 0);
	talk_free(t);

	t = talk_new();
	main_run(t);
	assert_true(prefix_parse("10.3.0.0/16", &t->a.tunnels[0].local));
	quick_run(t);
	assert_int_equal(t->b.refused, IKE_SELECTORS);
	assert_string_equal(
	    text_str(&t->b.why), "peer proposed its 10.3.0.0/16 with our 10.2.0.0/16");
	talk_free(t);

	t = talk_new();
	main_run(t);
	t->a.tunnels[0].policy.pfs = DH_GROUP2;
	quick_run(t);
	assert_int_equal(t->b.refused, IKE_NO_PROPOSAL);
	assert_int_equal(t->b.n_in, 0);
	talk_free(t);
}

/* The responder keeps a shorter time than was proposed and says so (RFC 2407 s4.6.3.1). */
static void
the_shorter_lifetime_is_used_by_both(void **state)
{
	static const struct p2_proposal short_life = { P2_ESP, AUTH_HMAC_SHA1_96, ENC_3DES_CBC,
		1800 };
	(void)state;
	struct talk *t = talk_new();
	t->b.tunnels[0].policy.proposals = &short_life;
	main_run(t);
	quick_run(t);
	assert_true(talk_children_agree(t));
	assert_int_equal(t->a.children[0].chosen.lifetime_s, 1800);
	talk_free(t);
}

static void
a_flood_of_beginnings_is_bounded(void **state)
{
	(void)state;
	struct talk *t = talk_new();
	main_run(t);
	struct talk_msg first = t->log[0];
	t->b.policy.is_any = true;
	for (unsigned i = 0; i < 3 * IKE_HALF_OPEN_MAX; i++) {
		first.path.remote.addr =
		    (struct addr){ ADDR_V4, { 10, 0, (uint8_t)(i >> 8), (uint8_t)i } };
		first.b[0] = (uint8_t)(i >> 8);
		first.b[1] = (uint8_t)i;
		first.b[2] = 0x77;
		assert_int_equal(talk_give(t, &first), IKE_OK);
		t->n = 0;
	}
	assert_int_equal(ike_n_half_open(t->b.ike), IKE_HALF_OPEN_MAX);
	assert_int_equal(ike_n_sas(t->b.ike), IKE_HALF_OPEN_MAX + 1);
	/* who is there already notices nothing, and a new one gets in */
	quick_run(t);
	assert_true(talk_children_agree(t));
	begin(t);
	talk_run(t);
	assert_int_equal(t->b.n_up, 2);
	while (ike_n_half_open(t->b.ike) > 0 && talk_wait(t))
		t->n = 0;
	assert_int_equal(ike_n_half_open(t->b.ike), 0);
	assert_int_equal(ike_n_sas(t->b.ike), 2);
	talk_free(t);
}

static void
both_sides_may_begin_many_quick_modes(void **state)
{
	(void)state;
	struct talk *t = talk_new();
	main_run(t);
	for (unsigned i = 0; i < 5; i++) {
		assert_true(talk_quick(t, &t->a, 0));
		assert_true(talk_quick(t, &t->b, 0));
	}
	talk_run(t);
	assert_int_equal(t->a.n_children, 10);
	assert_int_equal(t->b.n_children, 10);
	assert_int_equal(t->a.n_refused + t->b.n_refused, 0);
	talk_free(t);
}

static void
a_long_message_goes_in_fragments(void **state)
{
	(void)state;
	struct p2_proposal many[P2_PROPOSALS_MAX];
	struct talk *t = talk_new();
	for (unsigned i = 0; i < P2_PROPOSALS_MAX; i++)
		many[i] = (struct p2_proposal){ P2_BUNDLE, AUTH_HMAC_SHA1_96, ENC_DES_CBC, 3600 };
	t->a.tunnels[0].policy = (struct p2_policy){ .proposals = many, .n = P2_PROPOSALS_MAX };
	t->b.tunnels[0].policy = (struct p2_policy){ .proposals = many, .n = 1 };
	main_run(t);
	assert_true(talk_quick(t, &t->a, 0));
	unsigned n = t->n;
	assert_true(n > 1);
	/* the last one first, each of them twice */
	for (unsigned i = n; i > 1; i--) {
		struct talk_msg m = t->queue[i - 1];
		assert_int_equal(talk_give(t, &m), IKE_OK);
		assert_int_equal(talk_give(t, &m), IKE_OK);
		assert_int_equal(t->b.n_in, 0);
	}
	talk_run(t);
	assert_true(talk_children_agree(t));
	talk_free(t);
}

/* --- informational exchanges --- */

static void
probes_are_answered_and_old_ones_are_not(void **state)
{
	(void)state;
	struct talk *t = talk_new();
	main_run(t);
	ike_probe(t->a.ike, t->a.sa);
	struct talk_msg old = t->queue[0];
	assert_int_equal(talk_deliver(t), IKE_OK); /* HDR*, HASH(1), N(R-U-THERE) --> */
	assert_int_equal(talk_deliver(t), IKE_OK); /* <-- HDR*, HASH(1), N(R-U-THERE-ACK) */
	assert_int_equal(t->a.word.notify, V1_N_R_U_THERE_ACK);
	uint32_t first = t->a.word.sequence;
	ike_probe(t->a.ike, t->a.sa);
	talk_run(t);
	assert_int_equal(t->a.word.sequence, first + 1);
	assert_int_equal(talk_give(t, &old), IKE_REPEATED);
	assert_int_equal(t->n, 0);
	talk_free(t);
}

static void
deletes_are_told_and_end_the_sa(void **state)
{
	(void)state;
	struct talk *t = talk_new();
	main_run(t);
	quick_run(t);
	ike_delete(t->a.ike, t->a.sa, V1_PROTO_ESP, t->a.children[0].in.esp);
	assert_int_equal(talk_deliver(t), IKE_OK); /* HDR*, HASH(1), D --> */
	assert_true(t->b.word.is_delete);
	assert_int_equal(t->b.word.protocol, V1_PROTO_ESP);
	assert_int_equal(t->b.word_spi, t->b.children[0].out.esp);
	ike_end(t->a.ike, t->a.sa);
	assert_int_equal(ike_n_sas(t->a.ike), 0);
	assert_int_equal(talk_deliver(t), IKE_OK); /* HDR*, HASH(1), D(both cookies) --> */
	assert_int_equal(t->b.down, IKE_DELETED);
	assert_int_equal(ike_n_sas(t->b.ike), 0);
	assert_int_equal(t->n, 0);
	talk_free(t);
}

static void
errors_reach_the_peer_proved_or_without_effect(void **state)
{
	static const struct p1_proposal p1 = { METHOD_PSK, ENC_AES_128_CBC, HASH_SHA1, DH_GROUP2,
		3600 };
	(void)state;
	struct talk *t = talk_new();
	main_run(t);
	assert_true(prefix_parse("10.3.0.0/16", &t->a.tunnels[0].local));
	assert_true(talk_quick(t, &t->a, 0));
	struct talk_msg first = t->queue[0];
	assert_int_equal(talk_deliver(t), IKE_SELECTORS);
	assert_int_equal(
	    talk_deliver(t), IKE_OK); /* <-- HDR*, HASH(1), N(INVALID-ID-INFORMATION) */
	assert_int_equal(t->a.word.notify, 18);
	assert_int_equal(talk_give(t, &first), IKE_REPEATED);
	assert_int_equal(t->n, 0);
	talk_free(t);

	t = talk_new();
	t->b.policy.proposals = &p1;
	begin(t);
	assert_int_equal(talk_deliver(t), IKE_NO_PROPOSAL);
	assert_true(t->queue[0].n < t->log[0].n);
	assert_int_equal(
	    talk_deliver(t), IKE_PEER); /* <-- HDR, N(NO-PROPOSAL-CHOSEN), by anybody */
	assert_string_equal(text_str(&t->a.why),
	    "the peer answers NO-PROPOSAL-CHOSEN, without proof; offered "
	    "pre-shared-keys 3des-cbc sha1 group2");
	assert_int_equal(ike_n_sas(t->a.ike), 1);
	talk_free(t);
}

static void
no_changed_octet_of_a_delete_is_taken(void **state)
{
	(void)state;
	struct talk *t = talk_new();
	main_run(t);
	uint64_t cookie = t->a.sa->cky_i;
	ike_end(t->a.ike, t->a.sa);
	assert_true(cookie != 0);
	struct talk_msg m = talk_take(t);
	for (size_t i = 0; i < m.n; i++) {
		struct talk_msg bad = m;
		bad.b[i] ^= 0x55;
		if (i == 17 || i == 19) /* the minor version, the commit bit */
			continue;
		assert_int_not_equal(talk_give(t, &bad), IKE_OK);
	}
	assert_int_equal(ike_n_sas(t->b.ike), 1);
	assert_int_equal(talk_give(t, &m), IKE_OK);
	assert_int_equal(ike_n_sas(t->b.ike), 0);
	talk_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(main_and_quick_mode_message_by_message),
		cmocka_unit_test(every_algorithm_and_group_comes_up),
		cmocka_unit_test(every_protocol_comes_up),
		cmocka_unit_test(a_nat_moves_the_exchange_to_4500),
		cmocka_unit_test(a_dead_peer_is_given_up),
		cmocka_unit_test(a_wrong_key_is_refused),
		cmocka_unit_test(a_wrong_identity_is_refused_and_named),
		cmocka_unit_test(other_proposals_and_networks_are_refused_and_named),
		cmocka_unit_test(the_shorter_lifetime_is_used_by_both),
		cmocka_unit_test(a_flood_of_beginnings_is_bounded),
		cmocka_unit_test(both_sides_may_begin_many_quick_modes),
		cmocka_unit_test(a_long_message_goes_in_fragments),
		cmocka_unit_test(probes_are_answered_and_old_ones_are_not),
		cmocka_unit_test(deletes_are_told_and_end_the_sa),
		cmocka_unit_test(errors_reach_the_peer_proved_or_without_effect),
		cmocka_unit_test(no_changed_octet_of_a_delete_is_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
