/* SPDX-License-Identifier: BSD-2-Clause
 *
 * attack_test.c - what somebody on the wire, or a peer that is proved and means harm, can try.
 *
 * On the wire: send our own messages back to us, recordings again, or a peer's messages from another address. A peer: messages
 * with everything that their form allows.
 */
#include "test/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/ike/attr.h"
#include "lib/ike/v1_frag.h"

static struct talk *
talk_up(void)
{
	struct talk *t = talk_new();
	(void)talk_begin(t, &t->a);
	talk_run(t);
	assert_int_equal(t->a.n_up + t->b.n_up, 2);
	return t;
}

/* --- phase 1 from elsewhere --- */

/* The policy was chosen for the addresses of the first message: the others have to come from and to the same. */
static void
elsewhere(bool is_aggressive, unsigned at, bool is_local)
{
	struct talk *t = talk_new();
	t->a.policy.is_aggressive = t->b.policy.is_aggressive = is_aggressive;
	(void)talk_begin(t, &t->a);
	for (unsigned i = 0; i < at; i++)
		assert_int_equal(talk_deliver(t), IKE_OK);
	struct talk_msg m = talk_take(t);
	struct talk_msg moved = m;
	struct natt_end *end = is_local ? &moved.path.local : &moved.path.remote;
	end->addr = (struct addr){ ADDR_V4, { 203, 0, 113, 66 } };
	assert_ptr_equal(m.to, &t->b);
	assert_int_equal(talk_give(t, &moved), IKE_COOKIE);
	assert_int_equal(t->b.n_up, 0);
	assert_int_equal(talk_give(t, &m), IKE_OK);
	talk_run(t);
	assert_int_equal(t->a.n_up + t->b.n_up, 2);
	assert_true(addr_eq(t->b.sa->path.remote.addr, t->a.end.addr));
	talk_free(t);
}

static void
phase1_does_not_change_its_addresses(void **state)
{
	(void)state;
	for (unsigned is_local = 0; is_local < 2; is_local++) {
		elsewhere(false, 2, is_local != 0);
		elsewhere(false, 4, is_local != 0);
		elsewhere(true, 2, is_local != 0);
	}
}

/* --- ourselves --- */

/* Who has our own first message sent back to us does not make us our own peer. */
static void
our_own_first_message_is_refused(void **state)
{
	(void)state;
	struct talk *t = talk_new();
	(void)talk_begin(t, &t->a);
	struct talk_msg m = talk_take(t);
	m.to = &t->a;
	m.path = (struct ike_path){ t->a.end, t->b.end };
	assert_int_equal(talk_give(t, &m), IKE_COOKIE);
	assert_int_equal(ike_n_sas(t->a.ike), 1);
	assert_int_equal(t->n, 0);
	talk_free(t);
}

static struct talk_msg
reflected(struct talk_side *s, struct talk_msg m)
{
	m.to = s;
	m.path = (struct ike_path){ m.path.remote, m.path.local };
	return m;
}

/* The hash of an informational message says nothing about its direction: a probe of ours is known by its number. */
static void
our_own_probe_is_no_sign_of_life(void **state)
{
	(void)state;
	struct talk *t = talk_up();
	ike_probe(t->a.ike, t->a.sa);
	ike_probe(t->a.ike, t->a.sa);
	struct talk_msg first = talk_take(t);
	struct talk_msg second = talk_take(t);
	first = reflected(&t->a, first);
	second = reflected(&t->a, second);
	second.path.remote.port = 666;
	assert_int_equal(talk_give(t, &second), IKE_REPEATED);
	assert_int_equal(talk_give(t, &first), IKE_REPEATED);
	assert_int_equal(t->a.n_words, 0);
	assert_int_equal(t->n, 0);
	/* the peer's probes are still taken */
	ike_probe(t->b.ike, t->b.sa);
	assert_int_equal(talk_deliver(t), IKE_OK);
	assert_int_equal(t->a.n_words, 1);
	assert_int_equal(talk_deliver(t), IKE_OK);
	assert_int_equal(t->b.n_words, 1);
	talk_free(t);
}

/* --- refusals, again --- */

/* "No proposal chosen" names no quick mode. It was for one that is over, or was ours for the peer's: it ends no other. */
static void
a_recorded_refusal_ends_nothing(void **state)
{
	(void)state;
	struct p2_proposal p2 = { P2_ESP, AUTH_HMAC_SHA1_96, ENC_AES_256_CBC, 28800 };
	struct talk *t = talk_up();
	const struct p2_policy ours = t->a.tunnels[0].policy;
	t->a.tunnels[0].policy.proposals = &p2;
	assert_true(talk_quick(t, &t->a, 0));
	assert_int_equal(talk_deliver(t), IKE_NO_PROPOSAL);
	struct talk_msg refusal = talk_take(t);
	assert_int_equal(talk_give(t, &refusal), IKE_OK);
	assert_int_equal(t->a.n_failed, 1);

	t->a.tunnels[0].policy = ours;
	assert_true(talk_quick(t, &t->a, 0));
	assert_int_equal(talk_give(t, &refusal), IKE_REPEATED);
	assert_int_equal(t->a.n_failed, 1);
	talk_run(t);
	assert_int_equal(t->a.n_children, 1);

	assert_true(talk_quick(t, &t->b, 0));
	refusal = reflected(&t->b, refusal);
	assert_int_equal(talk_give(t, &refusal), IKE_REPEATED);
	assert_int_equal(t->b.n_failed, 0);
	talk_run(t);
	assert_int_equal(t->b.n_children, 2);
	talk_free(t);
}

/* Nobody gets more octets back than were sent. */
static void
a_bare_header_is_not_answered(void **state)
{
	(void)state;
	struct talk *t = talk_new();
	t->b.policy.is_aggressive = true;
	(void)talk_begin(t, &t->a);
	struct talk_msg m = talk_take(t);
	assert_int_equal(talk_give(t, &m), IKE_MODE);
	assert_int_equal(t->n, 1);
	assert_true(t->queue[0].n <= m.n);
	t->n = 0;
	m.n = HDR_LEN;
	m.b[7] ^= 1;
	memcpy(m.b + 24, (uint8_t[]){ 0, 0, 0, HDR_LEN }, 4);
	assert_int_equal(talk_give(t, &m), IKE_MODE);
	assert_int_equal(t->n, 0);
	talk_free(t);
}

/* --- a policy without a key --- */

static void
no_key_is_no_proof(void **state)
{
	(void)state;
	for (unsigned is_aggressive = 0; is_aggressive < 2; is_aggressive++) {
		struct talk *t = talk_new();
		t->a.policy.is_aggressive = t->b.policy.is_aggressive = is_aggressive != 0;
		t->a.policy.psk = t->b.policy.psk = (struct part){ 0 };
		(void)talk_begin(t, &t->a);
		talk_run(t);
		assert_int_equal(t->a.n_up + t->b.n_up, 0);
		talk_free(t);
	}
}

/* --- the longest message --- */

enum { BIG = V1_FRAG_TOTAL_MAX };

/* Authorities with names as long as they like, and certificates as many as fit. */
static void
long_names_do_not_overflow_a_message(void **state)
{
	static const struct p1_proposal p1 = { METHOD_RSA, ENC_AES_128_CBC, HASH_SHA1, DH_GROUP16,
		3600 };
	static uint8_t name[4000];
	struct part cas[IKE_CAS_MAX];
	(void)state;
	for (unsigned i = 0; i < IKE_CAS_MAX; i++)
		cas[i] = (struct part){ name, sizeof(name) };
	struct talk *t = talk_new();
	t->a.policy.proposals = t->b.policy.proposals = &p1;
	t->a.policy.cas = t->b.policy.cas = cas;
	t->a.policy.n_cas = t->b.policy.n_cas = IKE_CAS_MAX;
	t->b.has_rsa_b = true;
	for (unsigned i = 0; i < 3; i++)
		t->a.more_certs[i] = t->b.more_certs[i] = (struct part){ name, 3600 };
	t->a.n_more_certs = t->b.n_more_certs = 3;
	(void)talk_begin(t, &t->a);
	talk_run(t);
	assert_int_equal(t->a.n_up + t->b.n_up, 2);
	talk_free(t);
}

/* A quick mode as long as fragments allow, whose SA payload is nothing but types of lifetimes. What is chosen is answered as it
 * came, and that must fit. */
static void
attributes_without_end_are_refused(void **state)
{
	(void)state;
	static uint8_t b[BIG];
	static const uint8_t zeroes[20];
	uint8_t hash[HASH_LEN_MAX];
	struct talk *t = talk_up();
	const struct ike_sa *sa = t->a.sa;
	struct v1_out o;
	v1_out_start(&o, b, sizeof(b),
	    &(struct hdr){ .cky_i = sa->cky_i,
		.cky_r = sa->cky_r,
		.version = HDR_V1,
		.exchange = HDR_QUICK,
		.flags = HDR_ENCRYPTED,
		.mid = 77 });
	v1_out_put(&o, V1_HASH, zeroes, sizeof(zeroes));
	size_t at = o.w.len;
	uint8_t ci[ID_ADDR_MAX];
	uint8_t cr[ID_ADDR_MAX];
	const struct id ids[] = {
		id_of_prefix(t->a.tunnels[0].local, ci),
		id_of_prefix(t->a.tunnels[0].remote, cr),
	};
	v1_out_put(&o, V1_NONCE, "01234567", 8);
	id_build(&o, &ids[0]);
	id_build(&o, &ids[1]);
	v1_sa_open(&o);
	struct v1_sa_mark p = v1_sa_proposal_open(&o, true, 1, V1_PROTO_ESP, "\0\0\x12\x34", 4, 1);
	struct v1_sa_mark f = v1_sa_transform_open(&o, true, 1, 3);
	v1_sa_attr(&o, V1_PHASE2, V1_A_ENCAP, V1_ENCAP_TUNNEL);
	v1_sa_attr(&o, V1_PHASE2, V1_A_AUTH, 2);
	while (o.w.len + 4 <= BIG - 8)
		attr_put(&o.w, 1, 1);
	v1_sa_close(&o, f);
	v1_sa_close(&o, p);
	v1_out_close(&o);
	size_t len = v1_out_end(&o);
	assert_true(len > BIG - 16);
	v1_hash1(&sa->keys, 77, (struct part){ b + at, len - at }, hash);
	memcpy(b + at - 20, hash, 20);
	struct v1_iv iv = v1_iv_phase2(&sa->keys, &sa->iv, 77);
	len = v1_seal(&sa->keys, &iv, b, len, sizeof(b));
	assert_true(len > 0);
	struct talk_msg m = { .to = &t->b, .path = { t->b.end, t->a.end } };
	enum ike_reason last = IKE_OK;
	for (uint8_t i = 1; (m.n = v1_frag_build(m.b, b, len, 9, i)) > 0; i++)
		last = talk_give(t, &m);
	assert_int_equal(last, IKE_NO_PROPOSAL);
	assert_int_equal(t->b.n_in, 0);
	talk_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(phase1_does_not_change_its_addresses),
		cmocka_unit_test(our_own_first_message_is_refused),
		cmocka_unit_test(our_own_probe_is_no_sign_of_life),
		cmocka_unit_test(a_recorded_refusal_ends_nothing),
		cmocka_unit_test(a_bare_header_is_not_answered),
		cmocka_unit_test(no_key_is_no_proof),
		cmocka_unit_test(long_names_do_not_overflow_a_message),
		cmocka_unit_test(attributes_without_end_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
