/* SPDX-License-Identifier: BSD-2-Clause
 *
 * p2_test.c - proposals of phase 2: ESP, AH and bundles, PFS, encapsulation modes, lifetimes and the texts.
 */
#include "lib/ike/p2.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/text.h"

static const struct p2_proposal esp = { P2_ESP, AUTH_HMAC_SHA1_96, ENC_3DES_CBC, 28800 };
static const struct p2_proposal esp_aes = { P2_ESP, AUTH_HMAC_SHA_256_128, ENC_AES_256_CBC, 28800 };
static const struct p2_proposal esp_bare = { P2_ESP, AUTH_NONE, ENC_AES_128_CBC, 28800 };
static const struct p2_proposal esp_null = { P2_ESP, AUTH_HMAC_MD5_96, ENC_NULL, 28800 };
static const struct p2_proposal ah = { P2_AH, AUTH_HMAC_MD5_96, ENC_NULL, 28800 };
static const struct p2_proposal bundle = { P2_BUNDLE, AUTH_HMAC_SHA1_96, ENC_DES_CBC, 28800 };

static uint8_t message[4096];
static struct v1_sa peer_sa;

static struct v1_sa *
sa_read(size_t n, enum ike_reason want)
{
	struct rd r = rd_init(message, n);
	struct hdr h;
	struct v1_msg m;
	assert_int_equal(hdr_parse(&r, &h), IKE_OK);
	assert_int_equal(v1_msg_parse(&r, h.next, V1_IN_CLEAR, &m), IKE_OK);
	assert_int_equal(v1_sa_parse(&m.list[0], V1_PHASE2, &peer_sa), want);
	return &peer_sa;
}

static struct p2_policy
policy(const struct p2_proposal *list, size_t n)
{
	return (struct p2_policy){ .proposals = list, .n = n, .encap = V1_ENCAP_TUNNEL };
}

static struct v1_sa *
offer(const struct p2_policy *p)
{
	struct v1_out o;
	v1_out_start(&o, message, sizeof(message), &(struct hdr){ .cky_i = 1, .version = HDR_V1 });
	p2_offer(&o, p, (struct p2_spis){ .esp = 0x1000, .ah = 0x2000 });
	return sa_read(v1_out_end(&o), IKE_OK);
}

static bool
answer_is_accepted(const struct p2_policy *p, const struct p2_choice *chosen, struct p2_choice *out)
{
	uint8_t buf[1024];
	struct v1_out o;
	v1_out_start(&o, buf, sizeof(buf), &(struct hdr){ .cky_i = 1, .version = HDR_V1 });
	p2_answer(&o, &peer_sa, chosen, (struct p2_spis){ .esp = 0x3000, .ah = 0x4000 });
	size_t n = v1_out_end(&o);
	memcpy(message, buf, n);
	sa_read(n, IKE_OK);
	return p2_accept(&peer_sa, p, out, NULL);
}

static void
each_protocol_is_offered_chosen_and_accepted(void **state)
{
	const struct p2_proposal *list[] = { &esp, &esp_aes, &esp_bare, &esp_null, &ah, &bundle };
	(void)state;
	for (size_t i = 0; i < 6; i++)
		for (size_t k = 0; k < 6; k++) {
			const struct p2_policy theirs = policy(list[i], 1);
			const struct p2_policy ours = policy(list[k], 1);
			struct p2_choice c;
			struct p2_choice back;
			assert_int_equal(p2_choose(offer(&theirs), &ours, &c, NULL), i == k);
			if (i != k)
				continue;
			assert_int_equal(c.n, list[i]->protocol == P2_BUNDLE ? 2 : 1);
			assert_int_equal(c.peer.esp, list[i]->protocol == P2_AH ? 0 : 0x1000);
			assert_int_equal(c.peer.ah, list[i]->protocol == P2_ESP ? 0 : 0x2000);
			assert_true(answer_is_accepted(&theirs, &c, &back));
			assert_int_equal(back.peer.esp, list[i]->protocol == P2_AH ? 0 : 0x3000);
			assert_int_equal(back.peer.ah, list[i]->protocol == P2_ESP ? 0 : 0x4000);
		}
}

static void
our_order_decides_among_all_kinds(void **state)
{
	(void)state;
	const struct p2_proposal theirs[] = { esp, esp_aes, bundle, ah, esp_null };
	const struct p2_proposal ours[] = { esp_bare, bundle, esp };
	const struct p2_policy a = policy(theirs, 5);
	const struct p2_policy b = policy(ours, 3);
	struct p2_choice c;
	offer(&a);
	/* esp and esp_aes share a proposal; the bundle is two of one number */
	assert_int_equal(peer_sa.n_proposals, 5);
	assert_int_equal(peer_sa.proposals[0].n, 2);
	assert_int_equal(peer_sa.proposals[1].number, 2);
	assert_int_equal(peer_sa.proposals[2].number, 2);
	assert_int_equal(peer_sa.proposals[3].number, 3);
	assert_true(p2_choose(&peer_sa, &b, &c, NULL));
	assert_int_equal(c.proposal, 1);
	assert_int_equal(c.n, 2);
	struct p2_choice back;
	assert_true(answer_is_accepted(&a, &c, &back));
	assert_int_equal(back.proposal, 2);
}

static void
pfs_must_be_the_same_unless_any_is_taken(void **state)
{
	(void)state;
	struct p2_policy theirs = policy(&esp, 1);
	struct p2_policy ours = policy(&esp, 1);
	struct p2_choice c;
	theirs.pfs = DH_GROUP14;
	assert_false(p2_choose(offer(&theirs), &ours, &c, NULL));
	ours.pfs = DH_GROUP14;
	assert_true(p2_choose(offer(&theirs), &ours, &c, NULL));
	assert_int_equal(c.group, DH_GROUP14);
	ours.pfs = DH_GROUP2;
	assert_false(p2_choose(offer(&theirs), &ours, &c, NULL));
	ours.takes_any_pfs = true;
	assert_true(p2_choose(offer(&theirs), &ours, &c, NULL));
	assert_int_equal(c.group, DH_GROUP14);
	theirs.pfs = DH_NONE;
	assert_true(p2_choose(offer(&theirs), &ours, &c, NULL));
	assert_int_equal(c.group, DH_NONE);
	ours.takes_any_pfs = false;
	assert_false(p2_choose(offer(&theirs), &ours, &c, NULL));
}

static void
encapsulation_must_be_the_same(void **state)
{
	static const enum v1_encap modes[] = { V1_ENCAP_TUNNEL, V1_ENCAP_TRANSPORT,
		V1_ENCAP_UDP_TUNNEL, V1_ENCAP_UDP_TUNNEL_DRAFT };
	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (size_t k = 0; k < 4; k++) {
			struct p2_policy theirs = policy(&esp, 1);
			struct p2_policy ours = policy(&esp, 1);
			struct p2_choice c;
			theirs.encap = modes[i];
			ours.encap = modes[k];
			assert_int_equal(p2_choose(offer(&theirs), &ours, &c, NULL), i == k);
		}
}

/* A peer that keeps SAs for a second would have us negotiate for ever. */
static void
a_lifetime_that_is_too_short_is_not_taken(void **state)
{
	(void)state;
	static const struct {
		uint32_t ours;
		uint32_t peers;
		uint32_t agreed;
	} cases[] = { { 28800, 1, 180 }, { 28800, 179, 180 }, { 28800, 181, 181 }, { 180, 1, 180 },
		{ 180, 86400, 180 }, { 60, 1, 60 }, { 28800, UINT32_MAX, 28800 } };
	struct p2_proposal mine = esp;
	struct p2_proposal its = esp;
	struct p2_policy ours = policy(&mine, 1);
	struct p2_policy theirs = policy(&its, 1);
	struct p2_choice c;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		mine.lifetime_s = cases[i].ours;
		its.lifetime_s = cases[i].peers;
		assert_true(p2_choose(offer(&theirs), &ours, &c, NULL));
		assert_int_equal(c.lifetime_s, cases[i].agreed);
		assert_int_equal(c.peer_lifetime_s, cases[i].peers);
	}
}

static void
the_shorter_lifetime_is_used_and_the_peers_is_known(void **state)
{
	(void)state;
	struct p2_proposal short_life = esp;
	struct p2_policy theirs = policy(&esp, 1);
	struct p2_policy ours = policy(&short_life, 1);
	struct p2_choice c;
	short_life.lifetime_s = 1800;
	assert_true(p2_choose(offer(&theirs), &ours, &c, NULL));
	assert_int_equal(c.lifetime_s, 1800);
	assert_int_equal(c.peer_lifetime_s, 28800);
	short_life.lifetime_s = 86400;
	assert_true(p2_choose(offer(&theirs), &ours, &c, NULL));
	assert_int_equal(c.lifetime_s, 28800);
}

static void
an_answer_with_a_choice_left_is_refused(void **state)
{
	(void)state;
	const struct p2_proposal list[] = { esp, esp_aes };
	const struct p2_policy p = policy(list, 2);
	struct p2_choice c;
	assert_false(p2_accept(offer(&p), &p, &c, NULL));
	const struct p2_proposal two[] = { esp, ah };
	const struct p2_policy q = policy(two, 2);
	assert_false(p2_accept(offer(&q), &q, &c, NULL));
}

static void
the_text_names_the_first_mismatch(void **state)
{
	static const struct {
		const struct p2_proposal *theirs;
		enum dh_group pfs;
		enum v1_encap encap;
		const char *want;
	} cases[] = {
		{ &ah, DH_NONE, V1_ENCAP_TUNNEL,
		    "protocol differs: peer ah, allowed esp; peer offered ah hmac-md5-96 none "
		    "tunnel; "
		    "allowed esp 3des-cbc hmac-sha1-96 none tunnel" },
		{ &esp_bare, DH_NONE, V1_ENCAP_TUNNEL,
		    "encryption-algorithm differs: peer aes-128-cbc, allowed 3des-cbc; peer "
		    "offered esp "
		    "aes-128-cbc none none tunnel; allowed esp 3des-cbc hmac-sha1-96 none tunnel" },
		{ &esp, DH_GROUP5, V1_ENCAP_TUNNEL,
		    "perfect-forward-secrecy differs: peer group5, allowed none; peer offered esp "
		    "3des-cbc hmac-sha1-96 group5 tunnel; allowed esp 3des-cbc hmac-sha1-96 none "
		    "tunnel" },
		{ &esp, DH_NONE, V1_ENCAP_TRANSPORT,
		    "encapsulation mode differs: peer transport, allowed tunnel; peer offered esp "
		    "3des-cbc hmac-sha1-96 none transport; allowed esp 3des-cbc hmac-sha1-96 none "
		    "tunnel" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct p2_policy theirs = policy(cases[i].theirs, 1);
		const struct p2_policy ours = policy(&esp, 1);
		struct text t = { 0 };
		struct p2_choice c;
		theirs.pfs = cases[i].pfs;
		theirs.encap = cases[i].encap;
		assert_false(p2_choose(offer(&theirs), &ours, &c, &t));
		assert_string_equal(text_str(&t), cases[i].want);
		text_done(&t);
	}
}

static void
reserved_spis_are_refused(void **state)
{
	(void)state;
	const struct p2_policy p = policy(&esp, 1);
	struct v1_out o;
	v1_out_start(&o, message, sizeof(message), &(struct hdr){ .cky_i = 1, .version = HDR_V1 });
	p2_offer(&o, &p, (struct p2_spis){ .esp = 255 });
	sa_read(v1_out_end(&o), IKE_SPI);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_protocol_is_offered_chosen_and_accepted),
		cmocka_unit_test(our_order_decides_among_all_kinds),
		cmocka_unit_test(pfs_must_be_the_same_unless_any_is_taken),
		cmocka_unit_test(encapsulation_must_be_the_same),
		cmocka_unit_test(a_lifetime_that_is_too_short_is_not_taken),
		cmocka_unit_test(the_shorter_lifetime_is_used_and_the_peers_is_known),
		cmocka_unit_test(an_answer_with_a_choice_left_is_refused),
		cmocka_unit_test(the_text_names_the_first_mismatch),
		cmocka_unit_test(reserved_spis_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
