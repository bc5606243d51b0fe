/* SPDX-License-Identifier: BSD-2-Clause
 *
 * p1_test.c - proposals of phase 1: our order decides, the shorter lifetime wins, the text names the first mismatch.
 */
#include "lib/ike/p1.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/text.h"

static const struct p1_proposal aes = { METHOD_PSK, ENC_AES_256_CBC, HASH_SHA_256, DH_GROUP14,
	28800 };
static const struct p1_proposal aes128 = { METHOD_PSK, ENC_AES_128_CBC, HASH_SHA1, DH_GROUP2,
	86400 };
static const struct p1_proposal des3 = { METHOD_PSK, ENC_3DES_CBC, HASH_SHA1, DH_GROUP2, 3600 };
static const struct p1_proposal rsa = { METHOD_RSA, ENC_3DES_CBC, HASH_MD5, DH_GROUP5, 3600 };

static uint8_t message[4096];
static struct v1_sa peer_sa;

/* Reads the SA payload of the message in `message`. */
static struct v1_sa *
sa_read(size_t n, enum ike_reason want)
{
	struct rd r = rd_init(message, n);
	struct hdr h;
	struct v1_msg m;
	assert_int_equal(hdr_parse(&r, &h), IKE_OK);
	assert_int_equal(v1_msg_parse(&r, h.next, V1_IN_CLEAR, &m), IKE_OK);
	assert_int_equal(v1_sa_parse(&m.list[0], V1_PHASE1, &peer_sa), want);
	return &peer_sa;
}

static struct v1_sa *
offer(const struct p1_proposal *list, size_t n)
{
	struct v1_out o;
	v1_out_start(&o, message, sizeof(message), &(struct hdr){ .cky_i = 1, .version = HDR_V1 });
	p1_offer(&o, list, n);
	return sa_read(v1_out_end(&o), IKE_OK);
}

static void
our_order_decides(void **state)
{
	(void)state;
	const struct p1_proposal theirs[] = { des3, aes128, aes };
	const struct p1_proposal ours[] = { rsa, aes, des3 };
	struct p1_choice c;
	assert_true(p1_choose(offer(theirs, 3), ours, 3, &c, NULL));
	assert_int_equal(c.proposal, 1);
	assert_int_equal(c.transform, 2);
	assert_int_equal(peer_sa.transforms[c.transform].number, 3);
}

static void
the_shorter_lifetime_is_used(void **state)
{
	(void)state;
	struct p1_proposal ours = des3;
	struct p1_choice c;
	ours.lifetime_s = 1000;
	assert_true(p1_choose(offer(&des3, 1), &ours, 1, &c, NULL));
	assert_int_equal(c.lifetime_s, 1000);
	ours.lifetime_s = 86400;
	assert_true(p1_choose(offer(&des3, 1), &ours, 1, &c, NULL));
	assert_int_equal(c.lifetime_s, 3600);
	struct p1_proposal its = des3;
	its.lifetime_s = 1; /* or else there is one phase 1 after the other */
	assert_true(p1_choose(offer(&its, 1), &ours, 1, &c, NULL));
	assert_int_equal(c.lifetime_s, 180);
}

static void
every_combination_is_offered_and_found(void **state)
{
	(void)state;
	for (enum auth_method m = 0; m < METHOD_MAX; m++)
		for (enum enc_alg e = ENC_NULL + 1; e < ENC_AES_128_GCM; e++)
			for (enum hash_alg h = 0; h < HASH_MAX; h++)
				for (enum dh_group g = DH_NONE + 1; g < DH_MAX; g++) {
					const struct p1_proposal p = { m, e, h, g, 3600 };
					struct p1_choice c;
					assert_true(p1_choose(offer(&p, 1), &p, 1, &c, NULL));
				}
}

static void
the_answer_is_accepted_by_who_offered(void **state)
{
	(void)state;
	const struct p1_proposal theirs[] = { rsa, aes128, des3 };
	struct p1_choice c;
	struct v1_out o;
	uint8_t answer[512];
	assert_true(p1_choose(offer(theirs, 3), &aes128, 1, &c, NULL));
	v1_out_start(&o, answer, sizeof(answer), &(struct hdr){ .cky_i = 1, .version = HDR_V1 });
	p1_answer(&o, &peer_sa, &c);
	size_t n = v1_out_end(&o);
	memcpy(message, answer, n);
	sa_read(n, IKE_OK);
	assert_int_equal(peer_sa.transforms[0].number, 2);
	assert_true(p1_accept(&peer_sa, theirs, 3, &c, NULL));
	assert_int_equal(c.proposal, 1);
	assert_false(p1_accept(&peer_sa, &des3, 1, &c, NULL));
	assert_false(p1_accept(offer(theirs, 3), theirs, 3, &c, NULL));
}

static void
the_text_names_the_first_mismatch(void **state)
{
	struct {
		struct p1_proposal theirs;
		const char *want;
	} cases[] = {
		{ rsa, "authentication-method differs: peer rsa-signatures, allowed "
		       "pre-shared-keys; peer "
		       "offered rsa-signatures 3des-cbc md5 group5; allowed pre-shared-keys "
		       "aes-256-cbc "
		       "sha-256 group14" },
		{ aes128,
		    "encryption-algorithm differs: peer aes-128-cbc, allowed aes-256-cbc; peer "
		    "offered "
		    "pre-shared-keys aes-128-cbc sha1 group2; allowed pre-shared-keys aes-256-cbc "
		    "sha-256 group14" },
		{ { METHOD_PSK, ENC_AES_256_CBC, HASH_SHA1, DH_GROUP14, 1 },
		    "authentication-algorithm differs: peer sha1, allowed sha-256; peer offered "
		    "pre-shared-keys aes-256-cbc sha1 group14; allowed pre-shared-keys aes-256-cbc "
		    "sha-256 group14" },
		{ { METHOD_PSK, ENC_AES_256_CBC, HASH_SHA_256, DH_GROUP24, 1 },
		    "dh-group differs: peer group24, allowed group14; peer offered pre-shared-keys "
		    "aes-256-cbc sha-256 group24; allowed pre-shared-keys aes-256-cbc sha-256 "
		    "group14" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text t = { 0 };
		struct p1_choice c;
		assert_false(p1_choose(offer(&cases[i].theirs, 1), &aes, 1, &c, &t));
		assert_string_equal(text_str(&t), cases[i].want);
		text_done(&t);
	}
}

/* A transform with an attribute that we do not understand must not be chosen (RFC 2408 s4.2). */
static void
a_strange_attribute_is_not_chosen(void **state)
{
	(void)state;
	struct v1_out o;
	struct p1_choice c;
	struct text t = { 0 };
	v1_out_start(&o, message, sizeof(message), &(struct hdr){ .cky_i = 1, .version = HDR_V1 });
	v1_sa_open(&o);
	struct v1_sa_mark p = v1_sa_proposal_open(&o, true, 1, V1_PROTO_ISAKMP, NULL, 0, 1);
	struct v1_sa_mark k = v1_sa_transform_open(&o, true, 1, V1_TRANSFORM_KEY_IKE);
	v1_sa_attr(&o, V1_PHASE1, V1_A_ENC, 5);
	v1_sa_attr(&o, V1_PHASE1, V1_A_HASH, 2);
	v1_sa_attr(&o, V1_PHASE1, V1_A_METHOD, 1);
	v1_sa_attr(&o, V1_PHASE1, V1_A_GROUP, 2);
	wr_u16(&o.w, 0x8000 | 13); /* PRF */
	wr_u16(&o.w, 1);
	v1_sa_close(&o, k);
	v1_sa_close(&o, p);
	v1_out_close(&o);
	sa_read(v1_out_end(&o), IKE_OK);
	assert_true(peer_sa.transforms[0].is_strange);
	assert_false(p1_choose(&peer_sa, &des3, 1, &c, &t));
	assert_non_null(strstr(text_str(&t), "attributes that are not supported"));
	text_done(&t);
}

static void
a_foreign_doi_or_situation_is_refused(void **state)
{
	(void)state;
	struct v1_out o;
	v1_out_start(&o, message, sizeof(message), &(struct hdr){ .cky_i = 1, .version = HDR_V1 });
	p1_offer(&o, &des3, 1);
	size_t n = v1_out_end(&o);
	message[HDR_LEN + 4 + 3] = 2;
	sa_read(n, IKE_DOI);
	message[HDR_LEN + 4 + 3] = 1;
	message[HDR_LEN + 8 + 3] = 2;
	sa_read(n, IKE_SITUATION);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_order_decides),
		cmocka_unit_test(the_shorter_lifetime_is_used),
		cmocka_unit_test(every_combination_is_offered_and_found),
		cmocka_unit_test(the_answer_is_accepted_by_who_offered),
		cmocka_unit_test(the_text_names_the_first_mismatch),
		cmocka_unit_test(a_strange_attribute_is_not_chosen),
		cmocka_unit_test(a_foreign_doi_or_situation_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
