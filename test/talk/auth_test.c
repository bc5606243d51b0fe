/* SPDX-License-Identifier: BSD-2-Clause
 *
 * auth_test.c - aggressive mode and signatures between two engines, message by message: which proof is due when, what happens
 * while the host thinks, which identities fit, and what is refused.
 */
#include "test/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/crypto/dn.h"

static const struct p1_proposal psk = { METHOD_PSK, ENC_3DES_CBC, HASH_SHA1, DH_GROUP2, 3600 };
static const struct p1_proposal rsa = { METHOD_RSA, ENC_3DES_CBC, HASH_SHA1, DH_GROUP2, 3600 };
static const struct p1_proposal dsa = { METHOD_DSA, ENC_AES_128_CBC, HASH_SHA_256, DH_GROUP2,
	3600 };

static struct talk *
talk_of(bool is_aggressive, const struct p1_proposal *p1)
{
	struct talk *t = talk_new();
	t->a.policy.proposals = t->b.policy.proposals = p1;
	t->a.policy.is_aggressive = t->b.policy.is_aggressive = is_aggressive;
	t->b.has_rsa_b = true;
	return t;
}

static void
up(struct talk *t)
{
	(void)talk_begin(t, &t->a);
	talk_run(t);
	assert_int_equal(t->a.n_up, 1);
	assert_int_equal(t->b.n_up, 1);
	assert_memory_equal(&t->a.sa->keys, &t->b.sa->keys, sizeof(t->a.sa->keys));
	assert_true(talk_quick(t, &t->a, 0));
	talk_run(t);
	assert_true(talk_children_agree(t));
}

static void
refused_by_b(struct talk *t, enum ike_reason reason, const char *why)
{
	(void)talk_begin(t, &t->a);
	talk_run(t);
	assert_int_equal(t->a.n_up + t->b.n_up, 0);
	assert_int_equal(t->b.refused, reason);
	if (why != NULL)
		assert_non_null(strstr(text_str(&t->b.why), why));
}

/* --- aggressive mode --- */

static void
aggressive_mode_message_by_message(void **state)
{
	(void)state;
	struct talk *t = talk_of(true, &psk);
	(void)talk_begin(t, &t->a);
	assert_int_equal(t->queue[0].b[18], HDR_AGGRESSIVE);
	assert_int_equal(talk_deliver(t), IKE_OK); /* HDR, SA, KE, Ni, IDii --> */
	assert_int_equal(t->b.claimed.type, ID_IPV4);
	assert_int_equal(ike_n_half_open(t->b.ike), 1);
	assert_int_equal(t->a.n_up, 0);
	assert_int_equal(talk_deliver(t), IKE_OK); /* <-- HDR, SA, KE, Nr, IDir, HASH_R */
	assert_int_equal(t->a.n_up, 1);
	assert_int_equal(t->b.n_up, 0);
	assert_true((t->queue[0].b[19] & HDR_ENCRYPTED) != 0);
	assert_int_equal(talk_deliver(t), IKE_OK); /* HDR*, HASH_I --> */
	assert_int_equal(t->b.n_up, 1);
	assert_int_equal(t->n, 0);
	assert_true(t->a.sa->is_aggressive && t->b.sa->is_aggressive);
	assert_int_equal(ike_n_half_open(t->b.ike), 0);
	assert_true(talk_quick(t, &t->a, 0));
	talk_run(t);
	assert_true(talk_children_agree(t));
	assert_int_equal(t->a.n_refused + t->b.n_refused, 0);
	talk_free(t);
}

static void
aggressive_mode_moves_to_4500(void **state)
{
	(void)state;
	struct ike_remote_id id = { .id = { .type = ID_IPV4 } };
	struct talk *t = talk_of(true, &psk);
	t->nat = (struct addr){ ADDR_V4, { 203, 0, 113, 5 } };
	id.id.p = t->a.end.addr.b;
	id.id.n = 4;
	t->b.policy.remote_ids = &id;
	t->b.policy.n_remote_ids = 1;
	up(t);
	assert_true(t->a.sa->nat.is_local_behind && t->b.sa->nat.is_remote_behind);
	assert_false(t->a.sa->nat.is_remote_behind || t->b.sa->nat.is_local_behind);
	assert_int_equal(t->b.sa->path.remote.port, 14500);
	assert_true(t->b.children[0].is_udp);
	talk_free(t);

	t = talk_of(true, &psk);
	t->a.policy.no_natt = true;
	up(t);
	assert_false(t->a.children[0].is_udp);
	talk_free(t);
}

static void
the_other_mode_is_refused_and_named(void **state)
{
	(void)state;
	for (int a = 0; a < 2; a++) {
		struct talk *t = talk_of(a, &psk);
		t->b.policy.is_aggressive = !a;
		(void)talk_begin(t, &t->a);
		assert_int_equal(talk_deliver(t), IKE_MODE);
		assert_string_equal(
		    text_str(&t->b.why), a ? "mode differs: peer aggressive, allowed main"
					   : "mode differs: peer main, allowed aggressive");
		assert_int_equal(ike_n_sas(t->b.ike), 0);
		assert_int_equal(talk_deliver(t), IKE_PEER); /* <-- HDR, N(NO-PROPOSAL-CHOSEN) */
		talk_free(t);
	}
}

static void
a_wrong_key_is_refused_by_the_initiator(void **state)
{
	(void)state;
	struct talk *t = talk_of(true, &psk);
	t->b.policy.psk = (struct part){ "sesama", 6 };
	(void)talk_begin(t, &t->a);
	assert_int_equal(talk_deliver(t), IKE_OK);
	assert_int_equal(talk_deliver(t), IKE_AUTH);
	while (ike_n_sas(t->a.ike) > 0) {
		t->n = 0;
		assert_true(talk_wait(t));
	}
	assert_int_equal(t->a.down, IKE_TIMEOUT);
	assert_string_equal(t->a.down_why,
	    "authentication failed: the peer's hash is wrong: do the pre-shared keys differ?");
	talk_free(t);
}

/* Only the group of the first proposal can be offered: there is no second round. */
static void
one_group_is_offered(void **state)
{
	const struct p1_proposal list[] = {
		psk,
		{ METHOD_PSK, ENC_AES_256_CBC, HASH_SHA1, DH_GROUP14, 3600 },
		{ METHOD_PSK, ENC_AES_128_CBC, HASH_SHA1, DH_GROUP2, 3600 },
	};
	(void)state;
	struct talk *t = talk_of(true, list);
	t->a.policy.n = 3;
	t->b.policy.proposals = &list[2];
	up(t);
	assert_int_equal(t->a.sa->chosen.enc, ENC_AES_128_CBC);
	talk_free(t);
	t = talk_of(true, list);
	t->a.policy.n = 3;
	t->b.policy.proposals = &list[1];
	refused_by_b(t, IKE_NO_PROPOSAL, "allowed");
	talk_free(t);
}

/* With a hash of B's a key could be guessed at leisure. */
static void
a_wrong_name_gets_no_hash_in_aggressive_mode(void **state)
{
	(void)state;
	struct talk *t = talk_of(true, &psk);
	t->a.policy.local_id = id_of_bytes(ID_FQDN, "a.example", 9);
	(void)talk_begin(t, &t->a);
	assert_int_equal(talk_deliver(t), IKE_ID);
	assert_int_equal(ike_n_sas(t->b.ike), 0);
	assert_int_equal(t->n, 0);
	talk_free(t);
}

/* A flood costs so many key exchanges in a second and no more; who has an SA is not held up by those that have none. */
static void
beginnings_in_aggressive_mode_are_limited(void **state)
{
	(void)state;
	struct talk *t = talk_of(true, &psk);
	t->b.policy.takes_any_id = true; /* the name of A comes from everywhere */
	t->now_ms = 1000;
	up(t);
	t->b.policy.is_any = true;
	struct talk_msg first = t->log[0];
	struct ike_policy *policy = ike_policy_ref(t->b.made);
	unsigned n_taken = 0;
	for (unsigned i = 0; i < 3000; i++) {
		first.b[1] = (uint8_t)(i >> 8);
		first.b[2] = (uint8_t)i;
		first.b[3] = 0x77;
		first.path.remote.addr =
		    (struct addr){ ADDR_V4, { 10, 0, (uint8_t)(i >> 8), (uint8_t)i } };
		n_taken += talk_give(t, &first) == IKE_OK;
		t->n = 0;
	}
	assert_in_range(n_taken, 1, IKE_AM_BURST_ALL);
	assert_true(ike_n_half_open(t->b.ike) <= IKE_AM_BURST_ALL);
	t->a.n_up = t->b.n_up = 0;
	up(t);
	ike_policy_unref(policy);
	talk_free(t);
}

/* The same where all have one policy. */
static void
beginnings_of_one_policy_do_not_hold_up_who_has_an_sa(void **state)
{
	(void)state;
	struct talk *t = talk_of(true, &psk);
	t->b.policy.takes_any_id = true; /* the name of A comes from everywhere */
	t->now_ms = 1000;
	t->b.keeps_policy = true;
	up(t);
	struct talk_msg first = t->log[0];
	unsigned n_taken = 0;
	for (unsigned i = 0; i < 3000; i++) {
		first.b[1] = (uint8_t)(i >> 8);
		first.b[2] = (uint8_t)i;
		first.b[3] = 0x77;
		first.path.remote.addr =
		    (struct addr){ ADDR_V4, { 10, 0, (uint8_t)(i >> 8), (uint8_t)i } };
		n_taken += talk_give(t, &first) == IKE_OK;
		t->n = 0;
	}
	assert_in_range(n_taken, 1, IKE_AM_BURST);
	t->a.n_up = t->b.n_up = 0;
	up(t);
	/* and not even who has one may begin all the time */
	n_taken = 0;
	for (unsigned i = 0; i < 100; i++) {
		first.b[4] = (uint8_t)i;
		first.path.remote = t->a.end;
		n_taken += talk_give(t, &first) == IKE_OK;
		t->n = 0;
	}
	assert_in_range(n_taken, 1, IKE_AM_BURST_UP);
	talk_free(t);
}

/* --- signatures --- */

static void
signatures_message_by_message(void **state)
{
	(void)state;
	struct talk *t = talk_of(false, &rsa);
	t->holds_answers = true;
	(void)talk_begin(t, &t->a);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(talk_deliver(t), IKE_OK);
	assert_int_equal(t->n, 0);
	assert_int_equal(t->a.n_asks, 1);
	assert_false(t->a.asks[0].is_proof);
	talk_answer(t, &t->a);
	assert_int_equal(talk_deliver(t), IKE_OK); /* HDR*, IDii, CERT, SIG_I --> */
	assert_int_equal(t->b.n_asks, 1);
	assert_true(t->b.asks[0].is_proof);
	assert_int_equal(t->b.asks[0].n_certs, 1);
	assert_int_equal(t->b.n_up, 0);
	talk_answer(t, &t->b);
	assert_int_equal(t->b.n_asks, 1);
	assert_false(t->b.asks[0].is_proof);
	assert_int_equal(t->b.n_up, 0);
	talk_answer(t, &t->b);
	assert_int_equal(t->b.n_up, 1);
	assert_int_equal(talk_deliver(t), IKE_OK); /* <-- HDR*, IDir, CERT, SIG_R */
	assert_int_equal(t->a.n_up, 0);
	talk_answer(t, &t->a);
	assert_int_equal(t->a.n_up, 1);
	assert_int_equal(t->a.n_refused + t->b.n_refused, 0);
	talk_free(t);
}

static void
every_method_and_mode_comes_up(void **state)
{
	static const struct p1_proposal *const list[] = { &psk, &rsa, &dsa };
	(void)state;
	for (unsigned i = 0; i < 6; i++)
		for (enum hash_alg h = 0; h < HASH_MAX; h++) {
			struct p1_proposal p1 = *list[i / 2];
			p1.hash = h;
			struct talk *t = talk_of(i % 2, &p1);
			up(t);
			assert_int_equal(t->a.n_asks + t->b.n_asks, 0);
			talk_free(t);
		}
}

/* While the host thinks nothing is sent, repeated messages are ignored, and what is late does nothing. */
static void
the_step_waits_for_the_host(void **state)
{
	(void)state;
	struct talk *t = talk_of(false, &rsa);
	t->holds_answers = true;
	struct ike_sa *sa = talk_begin(t, &t->a);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(talk_deliver(t), IKE_OK);
	struct talk_msg fourth = talk_take(t);
	assert_int_equal(talk_give(t, &fourth), IKE_OK);
	assert_int_equal(talk_give(t, &fourth), IKE_REPEATED);
	fourth.b[HDR_LEN + 8] ^= 1;
	assert_int_equal(talk_give(t, &fourth), IKE_STATE);
	assert_int_equal(t->n, 0);
	assert_int_equal(t->a.n_asks, 1);
	assert_int_equal(sa->due_ms, t->now_ms + IKE_ASK_MS);
	struct talk_ask late = t->a.asks[0];

	/* another question's answer, and one with another number, are nothing */
	ike_proved(t->a.ike, 0, late.ticket, IKE_OK, NULL);
	late.ticket.serial++;
	ike_signed(t->a.ike, 0, late.ticket, (struct part){ "x", 1 }, NULL, 0, NULL);
	late.ticket.serial--;
	assert_int_equal(t->n, 0);
	talk_answer(t, &t->a);
	assert_int_equal(t->n, 1);
	ike_signed(t->a.ike, 0, late.ticket, (struct part){ "x", 1 }, NULL, 0, NULL);
	assert_int_equal(t->n, 1);

	/* the deadline */
	assert_int_equal(talk_deliver(t), IKE_OK);
	late = t->b.asks[0];
	while (ike_n_sas(t->b.ike) > 0) {
		t->n = 0;
		assert_true(talk_wait(t));
	}
	assert_int_equal(t->b.down, IKE_TIMEOUT);
	ike_proved(t->b.ike, t->now_ms, late.ticket, IKE_OK, NULL);
	assert_int_equal(t->b.n_up, 0);
	talk_free(t);
}

static void
an_sa_can_go_while_the_host_thinks(void **state)
{
	(void)state;
	struct talk *t = talk_of(true, &rsa);
	t->holds_answers = true;
	struct ike_sa *sa = talk_begin(t, &t->a);
	assert_int_equal(talk_deliver(t), IKE_OK);
	talk_answer(t, &t->b);
	assert_int_equal(talk_deliver(t), IKE_OK);
	assert_int_equal(t->a.n_asks, 1);
	ike_drop(t->a.ike, sa);
	talk_answer(t, &t->a);
	assert_int_equal(t->a.n_up, 0);
	assert_int_equal(t->n, 0);
	talk_free(t);
}

static void
a_signature_that_cannot_be_made_ends_it(void **state)
{
	(void)state;
	struct talk *t = talk_of(false, &dsa);
	t->holds_answers = true;
	(void)talk_begin(t, &t->a);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(talk_deliver(t), IKE_OK);
	ike_signed(
	    t->a.ike, 0, t->a.asks[0].ticket, (struct part){ 0 }, NULL, 0, "no key is there");
	assert_int_equal(t->a.down, IKE_NO_SIGNATURE);
	assert_string_equal(t->a.down_why, "our own signature cannot be made: no key is there");
	assert_int_equal(ike_n_sas(t->a.ike), 0);
	talk_free(t);
}

/* A changed message does not end what the real one can bring up; a peer that never has the right key is given up. */
static void
wrong_signatures_are_refused(void **state)
{
	(void)state;
	struct talk *t = talk_of(false, &rsa);
	t->holds_answers = true;
	(void)talk_begin(t, &t->a);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(talk_deliver(t), IKE_OK);
	talk_answer(t, &t->a);
	struct talk_msg fifth = talk_take(t);
	assert_int_equal(talk_give(t, &fifth), IKE_OK);
	ike_proved(t->b.ike, 0, t->b.asks[0].ticket, IKE_SIGNATURE, "it does not verify");
	t->b.n_asks = 0;
	assert_int_equal(t->b.refused, IKE_SIGNATURE);
	t->holds_answers = false;
	assert_int_equal(talk_give(t, &fifth), IKE_OK);
	talk_run(t);
	assert_int_equal(t->a.n_up + t->b.n_up, 2);
	talk_free(t);

	t = talk_of(false, &rsa);
	t->a.more_certs[0] = (struct part){ "x", 1 };
	t->a.n_more_certs = 1;
	t->holds_answers = true;
	(void)talk_begin(t, &t->a);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(talk_deliver(t), IKE_OK);
	talk_answer(t, &t->a);
	fifth = talk_take(t);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(talk_give(t, &fifth), IKE_OK);
		assert_int_equal(t->b.asks[0].n_certs, 2);
		ike_proved(t->b.ike, 0, t->b.asks[0].ticket, IKE_CERT, "the issuer is unknown");
		t->b.n_asks = 0;
	}
	assert_int_equal(t->b.down, IKE_CERT);
	assert_string_equal(
	    t->b.down_why, "the certificate is not accepted: the issuer is unknown");
	talk_free(t);
}

/* The peer is told once why it is refused; what it is told changes nothing, for it may have been a changed message. */
static void
a_refused_peer_is_told_why(void **state)
{
	(void)state;
	struct talk *t = talk_of(false, &psk);
	t->a.policy.local_id = id_of_bytes(ID_FQDN, "a.example", 9);
	struct ike_sa *sa = talk_begin(t, &t->a);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(talk_deliver(t), IKE_OK);
	struct talk_msg fifth = talk_take(t);
	assert_int_equal(talk_give(t, &fifth), IKE_ID);
	assert_int_equal(talk_give(t, &fifth), IKE_ID);
	assert_int_equal(t->n, 1);
	assert_true(t->queue[0].n <= fifth.n);
	assert_int_equal(
	    talk_deliver(t), IKE_PEER); /* <-- HDR*, HASH(1), N(INVALID-ID-INFORMATION) */
	assert_string_equal(sa->why, "the peer refuses: the peer answers INVALID-ID-INFORMATION");
	assert_int_equal(ike_n_sas(t->a.ike), 1);
	while (ike_n_sas(t->a.ike) > 0) {
		t->n = 0;
		assert_true(talk_wait(t));
	}
	assert_string_equal(
	    t->a.down_why, "the peer refuses: the peer answers INVALID-ID-INFORMATION");
	talk_free(t);
}

static void
a_long_chain_goes_in_fragments(void **state)
{
	static uint8_t big[3000];
	(void)state;
	for (int aggressive = 0; aggressive < 2; aggressive++) {
		struct talk *t = talk_of(aggressive, &rsa);
		for (unsigned i = 0; i < 3; i++)
			t->a.more_certs[i] = t->b.more_certs[i] = (struct part){ big, sizeof(big) };
		t->a.n_more_certs = t->b.n_more_certs = 3;
		up(t);
		assert_true(t->n_sent > 18);
		talk_free(t);
	}
	struct talk *t = talk_of(false, &rsa);
	for (unsigned i = 0; i < 4; i++)
		t->a.more_certs[i] = (struct part){ big, sizeof(big) };
	t->a.n_more_certs = 4;
	(void)talk_begin(t, &t->a);
	talk_run(t);
	assert_int_equal(t->a.down, IKE_NO_SIGNATURE);
	assert_string_equal(t->a.down_why,
	    "our own signature cannot be made: our certificates are more than fits a message");
	talk_free(t);
}

/* --- identities --- */

static struct ike_remote_id
name(const char *text, enum ike_match match, uint8_t der[256])
{
	size_t n = dn_parse(text, der, 256);
	assert_true(n > 0);
	return (struct ike_remote_id){ .id = id_of_bytes(ID_DN, der, n), .match = match };
}

static void
identities_fit_or_are_refused(void **state)
{
	static const struct {
		const char *peer;
		const char *allowed;
		enum ike_match match;
		bool fits;
	} rows[] = {
		{ "CN=a, O=Example, C=CH", "CN=a, O=Example, C=CH", IKE_MATCH_SAME, true },
		{ "CN=a, O=Example, C=CH", "cn=A,o=example,c=CH", IKE_MATCH_SAME, true },
		{ "CN=a, O=Example, C=CH", "CN=a, O=Example", IKE_MATCH_SAME, false },
		{ "CN=a, O=Example, C=CH", "CN=a, C=CH", IKE_MATCH_CONTAINER, true },
		{ "CN=a, O=Example, C=CH", "C=CH, CN=a", IKE_MATCH_CONTAINER, true },
		{ "CN=a, O=Example, C=CH", "O=Example, CN=a, C=CH", IKE_MATCH_CONTAINER, false },
		{ "CN=a, O=Example, C=CH", "O=Example, CN=a, C=CH", IKE_MATCH_WILDCARD, true },
		{ "CN=a, O=Example, C=CH", "C=DE, CN=a", IKE_MATCH_WILDCARD, false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t peer[256];
		uint8_t allowed[256];
		struct talk *t = talk_of(rows[i].fits && i % 2, &psk);
		struct ike_remote_id id = name(rows[i].allowed, rows[i].match, allowed);
		t->a.policy.local_id = name(rows[i].peer, IKE_MATCH_SAME, peer).id;
		t->b.policy.remote_ids = &id;
		t->b.policy.n_remote_ids = 1;
		if (rows[i].fits)
			up(t);
		else
			refused_by_b(t, IKE_ID, "the peer says it is der_asn1_dn(any:0,");
		talk_free(t);
	}
}

static void
any_identity_and_subnets(void **state)
{
	static const uint8_t net[8] = { 192, 0, 2, 0, 255, 255, 255, 0 };
	static const uint8_t other[8] = { 192, 0, 3, 0, 255, 255, 255, 0 };
	(void)state;
	struct ike_remote_id ids[2] = {
		{ .id = id_of_bytes(ID_FQDN, "x.example", 9) },
		{ .id = id_of_bytes(ID_IPV4_SUBNET, net, 8) },
	};
	struct talk *t = talk_of(false, &psk);
	t->b.policy.remote_ids = ids;
	t->b.policy.n_remote_ids = 2;
	up(t);
	assert_int_equal(t->b.sa->peer_id.type, ID_IPV4);
	assert_memory_equal(t->b.sa->peer_id.p, t->a.end.addr.b, 4);
	talk_free(t);

	t = talk_of(false, &psk);
	ids[1].id.p = other;
	t->b.policy.remote_ids = ids;
	t->b.policy.n_remote_ids = 2;
	refused_by_b(t, IKE_ID, NULL);
	talk_free(t);

	t = talk_of(true, &psk);
	t->a.policy.local_id = id_of_bytes(ID_KEY, "\x01\x02\x03", 3);
	t->b.policy.takes_any_id = true;
	up(t);
	assert_int_equal(t->b.claimed.type, ID_KEY);
	talk_free(t);
}

/* --- words that come with the proof --- */

static void
initial_contact_and_lifetimes(void **state)
{
	struct p1_proposal shorter = rsa;
	(void)state;
	shorter.lifetime_s = 600;
	for (int aggressive = 0; aggressive < 2; aggressive++) {
		struct talk *t = talk_of(aggressive, &rsa);
		t->a.is_first = true;
		up(t);
		assert_int_equal(t->b.n_words, 1);
		assert_int_equal(t->b.word.notify, V1_N_INITIAL_CONTACT);
		assert_int_equal(t->a.n_words, 0);
		talk_free(t);
	}
	struct talk *t = talk_of(false, &rsa);
	t->b.policy.proposals = &shorter;
	t->b.is_first = true;
	up(t);
	assert_int_equal(t->a.word.notify, V1_N_INITIAL_CONTACT);
	assert_int_equal(t->a.sa->chosen.lifetime_s, 600);
	assert_int_equal(t->a.sa->expires_ms, 600000);
	while (ike_n_sas(t->a.ike) > 0)
		assert_true(talk_wait(t));
	assert_int_equal(t->a.down, IKE_EXPIRED);
	assert_int_equal(t->b.down, IKE_EXPIRED);
	talk_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aggressive_mode_message_by_message),
		cmocka_unit_test(aggressive_mode_moves_to_4500),
		cmocka_unit_test(the_other_mode_is_refused_and_named),
		cmocka_unit_test(a_wrong_key_is_refused_by_the_initiator),
		cmocka_unit_test(one_group_is_offered),
		cmocka_unit_test(a_wrong_name_gets_no_hash_in_aggressive_mode),
		cmocka_unit_test(beginnings_in_aggressive_mode_are_limited),
		cmocka_unit_test(beginnings_of_one_policy_do_not_hold_up_who_has_an_sa),
		cmocka_unit_test(signatures_message_by_message),
		cmocka_unit_test(every_method_and_mode_comes_up),
		cmocka_unit_test(the_step_waits_for_the_host),
		cmocka_unit_test(an_sa_can_go_while_the_host_thinks),
		cmocka_unit_test(a_signature_that_cannot_be_made_ends_it),
		cmocka_unit_test(wrong_signatures_are_refused),
		cmocka_unit_test(a_refused_peer_is_told_why),
		cmocka_unit_test(a_long_chain_goes_in_fragments),
		cmocka_unit_test(identities_fit_or_are_refused),
		cmocka_unit_test(any_identity_and_subnets),
		cmocka_unit_test(initial_contact_and_lifetimes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
