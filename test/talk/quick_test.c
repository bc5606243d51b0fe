/* SPDX-License-Identifier: BSD-2-Clause
 *
 * quick_test.c - quick mode as other peers do it: the forms that identities can have, refusals, the commit bit, several at once;
 * and the informational exchanges around it, with what is counted.
 *
 * Messages that our engine would not write are written here, with the keys of its SA.
 */
#include "test/talk/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

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

/* --- messages that we write --- */

struct forged {
	struct talk_msg m;
	struct v1_out o;
	size_t at; /* behind the hash */
	uint32_t mid;
};

static void
forge_begin(struct talk *t, struct forged *f, enum hdr_exchange exchange, uint32_t mid)
{
	static const uint8_t hash[20];
	const struct hdr h = {
		.cky_i = t->a.sa->cky_i,
		.cky_r = t->a.sa->cky_r,
		.version = HDR_V1,
		.exchange = (uint8_t)exchange,
		.flags = HDR_ENCRYPTED,
		.mid = mid,
	};
	*f = (struct forged){ .mid = mid };
	f->m.to = &t->b;
	f->m.path = (struct ike_path){ t->b.end, t->a.end };
	v1_out_start(&f->o, f->m.b, sizeof(f->m.b), &h);
	v1_out_put(&f->o, V1_HASH, hash, sizeof(hash));
	f->at = f->o.w.len;
}

static void
forge_end(struct talk *t, struct forged *f, const struct v1_iv *iv)
{
	uint8_t hash[HASH_LEN_MAX];
	size_t len = v1_out_end(&f->o);
	struct v1_iv first = v1_iv_phase2(&t->a.sa->keys, &t->a.sa->iv, f->mid);
	if (iv != NULL)
		first = *iv;
	v1_hash1(&t->a.sa->keys, f->mid, (struct part){ f->m.b + f->at, len - f->at }, hash);
	memcpy(f->m.b + f->at - 20, hash, 20);
	f->m.n = v1_seal(&t->a.sa->keys, &first, f->m.b, len, sizeof(f->m.b));
}

/* HDR*, HASH(1), SA, Ni [, IDci, IDcr ] --> */
static enum ike_reason
begin_with(struct talk *t, uint32_t mid, const struct id *ci, const struct id *cr)
{
	struct forged f;
	forge_begin(t, &f, HDR_QUICK, mid);
	struct p2_policy policy = t->a.tunnels[0].policy;
	policy.encap = V1_ENCAP_TUNNEL;
	p2_offer(&f.o, &policy, (struct p2_spis){ .esp = 0x1234, .ah = 0x5678 });
	v1_out_put(&f.o, V1_NONCE, "0123456789abcdef", 16);
	if (ci != NULL)
		id_build(&f.o, ci);
	if (cr != NULL)
		id_build(&f.o, cr);
	forge_end(t, &f, NULL);
	return talk_give(t, &f.m);
}

/* Decrypts the answer on the wire and finds its N-th ID. */
static bool
answer_has_id(struct talk *t, const struct talk_msg *question, unsigned n, const struct id *want)
{
	static struct talk_msg m;
	struct v1_msg parsed;
	struct id id;
	m = talk_take(t);
	struct v1_iv iv;
	memcpy(iv.b, question->b + question->n - 8, 8); /* 3des: the last block of the question */
	assert_true(v1_open(&t->a.sa->keys, &iv, m.b, m.n));
	struct rd r = rd_init(m.b + HDR_LEN, m.n - HDR_LEN);
	assert_int_equal(v1_msg_parse(&r, m.b[16], V1_DECRYPTED, &parsed), IKE_OK);
	const struct v1_payload *p = v1_msg_find(&parsed, V1_ID, n);
	if (want == NULL)
		return p == NULL;
	return p != NULL && id_parse(p, &id) == IKE_OK && id_eq(&id, want);
}

/* --- selectors --- */

/* A network of one address, and one that is written as a range, have more than one form; ours is answered in the peer's. */
static void
networks_have_many_forms(void **state)
{
	static const uint8_t host[4] = { 10, 9, 9, 9 };
	static const uint8_t subnet32[8] = { 10, 9, 9, 9, 255, 255, 255, 255 };
	static const uint8_t range32[8] = { 10, 9, 9, 9, 10, 9, 9, 9 };
	static const uint8_t range16[8] = { 10, 2, 0, 0, 10, 2, 255, 255 };
	static const uint8_t ragged[8] = { 10, 2, 0, 0, 10, 2, 255, 254 };
	const struct id ci[] = {
		id_of_bytes(ID_IPV4, host, 4),
		id_of_bytes(ID_IPV4_SUBNET, subnet32, 8),
		id_of_bytes(ID_IPV4_RANGE, range32, 8),
	};
	const struct id cr = id_of_bytes(ID_IPV4_RANGE, range16, 8);
	const struct id bad = id_of_bytes(ID_IPV4_RANGE, ragged, 8);
	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		struct talk *t = talk_up();
		assert_true(prefix_parse("10.9.9.9/32", &t->b.tunnels[0].remote));
		struct forged f;
		forge_begin(t, &f, HDR_QUICK, 77 + i);
		p2_offer(&f.o,
		    &(struct p2_policy){ .proposals = t->a.tunnels[0].policy.proposals,
			.n = 1,
			.encap = V1_ENCAP_TUNNEL },
		    (struct p2_spis){ .esp = 0x1234 });
		v1_out_put(&f.o, V1_NONCE, "0123456789abcdef", 16);
		id_build(&f.o, &ci[i]);
		id_build(&f.o, &cr);
		forge_end(t, &f, NULL);
		assert_int_equal(talk_give(t, &f.m), IKE_OK);
		assert_true(answer_has_id(t, &f.m, i % 2, i % 2 ? &cr : &ci[i]));
		assert_int_equal(begin_with(t, 99, &ci[i], &bad), IKE_SELECTORS);
		talk_free(t);
	}
}

static void
a_protocol_or_a_port_is_refused(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		uint8_t a[ID_ADDR_MAX];
		uint8_t b[ID_ADDR_MAX];
		struct talk *t = talk_up();
		struct id ci = id_of_prefix(t->a.tunnels[0].local, a);
		struct id cr = id_of_prefix(t->a.tunnels[0].remote, b);
		ci.proto = i == 0 ? 17 : 0;
		cr.port = i == 1 ? 1701 : 0;
		assert_int_equal(begin_with(t, 5, &ci, &cr), i == 2 ? IKE_OK : IKE_SELECTORS);
		if (i == 0)
			assert_non_null(strstr(text_str(&t->b.why),
			    "peer proposed ipv4_subnet(udp:0,[0..7]=10.1.0.0/16)"));
		talk_free(t);
	}
}

/* Without identities the networks are the two peers themselves. */
static void
no_identities_mean_the_peers(void **state)
{
	(void)state;
	struct talk *t = talk_up();
	assert_int_equal(begin_with(t, 5, NULL, NULL), IKE_SELECTORS);
	assert_true(prefix_parse("198.51.100.7/32", &t->b.tunnels[0].local));
	assert_true(prefix_parse("192.0.2.1/32", &t->b.tunnels[0].remote));
	t->n = 0;
	assert_int_equal(begin_with(t, 6, NULL, NULL), IKE_OK);
	assert_int_equal(t->b.n_in, 1);
	struct id ci = id_of_bytes(ID_IPV4, t->a.end.addr.b, 4);
	assert_int_equal(begin_with(t, 7, &ci, NULL), IKE_UNEXPECTED);
	talk_free(t);
}

/* --- refusals --- */

/* A peer that refuses is not asked again and again. */
static void
a_refused_quick_mode_fails_at_once(void **state)
{
	static const struct p2_proposal other = { P2_AH, AUTH_HMAC_MD5_96, ENC_NULL, 3600 };
	(void)state;
	struct talk *t = talk_up();
	t->b.tunnels[0].policy.proposals = &other;
	assert_true(talk_quick(t, &t->a, 0));
	talk_run(t);
	assert_int_equal(t->a.n_failed, 1);
	assert_int_equal(t->a.failed, IKE_NO_PROPOSAL);
	assert_string_equal(t->a.failed_why,
	    "the peer answers NO-PROPOSAL-CHOSEN; offered esp 3des-cbc hmac-sha1-96 none tunnel");
	assert_null(t->a.sa->quicks);
	talk_free(t);

	/* of two it is not known which one; both are given up when their time is over */
	t = talk_up();
	t->b.tunnels[0].policy.proposals = &other;
	assert_true(talk_quick(t, &t->a, 0));
	assert_true(talk_quick(t, &t->a, 0));
	talk_run(t);
	assert_int_equal(t->a.n_failed, 0);
	while (t->a.n_failed < 2) {
		t->n = 0;
		assert_true(talk_wait(t));
	}
	assert_int_equal(t->a.failed, IKE_TIMEOUT);
	talk_free(t);
}

static void
a_tunnel_can_go_while_its_quick_mode_runs(void **state)
{
	struct ike_quick_view view;
	(void)state;
	struct talk *t = talk_up();
	assert_true(talk_quick(t, &t->a, 0));
	assert_true(ike_quick_at(t->a.sa, 0, &view));
	assert_false(view.is_done);
	assert_ptr_equal(view.tunnel, t->a.made_tunnel);
	assert_false(ike_quick_at(t->a.sa, 1, &view));
	/* the host lets go of it: the engine has its own reference */
	ike_tunnel_unref(t->a.made_tunnel);
	t->a.made_tunnel = NULL;
	talk_run(t);
	assert_true(talk_children_agree(t));
	assert_true(ike_quick_at(t->a.sa, 0, &view));
	assert_true(view.is_done);

	assert_true(talk_quick(t, &t->a, 0));
	ike_quick_drop(t->a.ike, t->a.sa, t->a.made_tunnel);
	assert_int_equal(t->a.n_failed, 0);
	assert_int_equal(t->a.sa->n_quicks, 1);
	talk_run(t);
	assert_int_equal(t->a.n_children, 1);
	talk_free(t);
}

/* A commit replaces the policy; the SA goes on with what it was made of, and the next one is made of the new one. */
static void
a_policy_can_be_replaced_while_its_sa_lives(void **state)
{
	static const struct p1_proposal p1 = { METHOD_PSK, ENC_AES_128_CBC, HASH_MD5, DH_GROUP2,
		3600 };
	(void)state;
	char key[] = "sesame";
	struct talk *t = talk_new();
	t->a.policy.psk = t->b.policy.psk = (struct part){ key, 6 };
	(void)talk_begin(t, &t->a);
	ike_policy_unref(t->a.made);
	t->a.made = NULL;
	memset(key, 'x', 6);
	talk_run(t);
	assert_int_equal(t->b.n_up, 0); /* B made its copy when the key was another one already */
	talk_free(t);

	t = talk_up();
	t->a.policy.proposals = t->b.policy.proposals = &p1;
	ike_policy_unref(t->a.made);
	t->a.made = NULL;
	struct ike_sa *old = t->a.sa;
	(void)talk_begin(t, &t->a);
	talk_run(t);
	assert_int_equal(t->a.n_up, 2);
	assert_int_equal(old->policy->proposals[0].enc, ENC_3DES_CBC);
	assert_int_equal(t->a.sa->policy->proposals[0].enc, ENC_AES_128_CBC);
	assert_true(talk_quick(t, &t->a, 0));
	talk_run(t);
	assert_true(talk_children_agree(t));
	talk_free(t);
}

/* --- the commit bit --- */

/* <-- HDR*, HASH(4), N(CONNECTED) of a peer that wants the last word (RFC 2408 s3.1) */
static void
connected_is_taken(void **state)
{
	(void)state;
	struct talk *t = talk_up();
	assert_true(talk_quick(t, &t->b, 0));
	struct talk_msg first = talk_take(t);
	first.b[19] |= HDR_COMMIT;
	assert_int_equal(talk_give(t, &first), IKE_OK);
	assert_int_equal(talk_deliver(t), IKE_OK);
	struct talk_msg third = talk_take(t);
	assert_int_equal(talk_give(t, &third), IKE_OK);
	assert_true(talk_children_agree(t));
	struct rd r = rd_init(third.b + 20, 4);
	struct forged f;
	struct v1_iv iv;
	memcpy(iv.b, third.b + third.n - 8, 8);
	forge_begin(t, &f, HDR_QUICK, rd_u32(&r));
	v1_notify_build(
	    &f.o, &(struct v1_notify){
		      .doi = V1_DOI_IPSEC, .protocol = V1_PROTO_ESP, .type = V1_N_CONNECTED });
	forge_end(t, &f, &iv);
	assert_int_equal(talk_give(t, &f.m), IKE_OK);
	assert_int_equal(talk_give(t, &f.m), IKE_REPEATED);
	assert_int_equal(t->b.n_children, 1);
	talk_free(t);
}

/* --- words and what is counted --- */

static void
everything_is_counted(void **state)
{
	(void)state;
	struct talk *t = talk_up();
	assert_true(talk_quick(t, &t->a, 0));
	talk_run(t);
	ike_probe(t->a.ike, t->a.sa);
	ike_probe(t->a.ike, t->a.sa);
	talk_run(t);
	ike_bad_spi(t->b.ike, t->b.sa, V1_PROTO_ESP, 0xdead);
	talk_run(t);
	assert_int_equal(t->a.word.notify, V1_N_INVALID_SPI);
	assert_int_equal(t->a.word_spi, 0xdead);
	ike_delete(t->a.ike, t->a.sa, V1_PROTO_ESP, t->a.children[0].in.esp);
	talk_run(t);
	const struct ike_stats *a = &t->a.sa->stats;
	const struct ike_stats *b = &t->b.sa->stats;
	assert_int_equal(a->out_packets, b->in_packets);
	assert_int_equal(a->in_packets, b->out_packets);
	assert_int_equal(a->out_octets, b->in_octets);
	assert_int_equal(a->in_octets, b->out_octets);
	assert_int_equal(a->out_packets, 3 + 2 + 2 + 1);
	assert_int_equal(a->n_phase2, 1);
	assert_int_equal(b->n_phase2, 1);
	assert_int_equal(a->n_created, 1);
	assert_int_equal(b->n_created, 1);
	assert_int_equal(a->out_probes, 2);
	assert_int_equal(b->in_probes, 2);
	assert_int_equal(b->out_acks, 2);
	assert_int_equal(a->in_acks, 2);
	assert_int_equal(a->in_bad_spis, 1);
	assert_int_equal(b->out_bad_spis, 1);
	assert_int_equal(a->out_deletes, 1);
	assert_int_equal(b->in_deletes, 1);
	assert_int_equal(a->n_deleted, 1);
	assert_int_equal(b->n_deleted, 1);
	talk_free(t);
}

/* An ACK counts once, and only for what was asked. */
static void
acks_of_nothing_are_refused(void **state)
{
	(void)state;
	struct talk *t = talk_up();
	for (unsigned i = 0; i < 3; i++)
		ike_probe(t->a.ike, t->a.sa);
	struct talk_msg ack[3];
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(talk_deliver(t), IKE_OK);
	for (unsigned i = 0; i < 3; i++)
		ack[i] = talk_take(t);
	unsigned before = t->a.n_words;
	assert_int_equal(talk_give(t, &ack[1]), IKE_OK);
	assert_int_equal(talk_give(t, &ack[1]), IKE_REPEATED);
	assert_int_equal(talk_give(t, &ack[0]), IKE_REPEATED);
	assert_int_equal(talk_give(t, &ack[2]), IKE_OK);
	assert_int_equal(t->a.n_words - before, 2);
	talk_free(t);
}

/* What was proved once can be recorded: a refusal must not end the next quick mode, nor a delete prove that somebody is there. */
static void
what_is_told_counts_once(void **state)
{
	static const struct p2_proposal other = { P2_AH, AUTH_HMAC_MD5_96, ENC_NULL, 3600 };
	(void)state;
	struct talk *t = talk_up();
	const struct p2_proposal *own = t->b.tunnels[0].policy.proposals;
	t->b.tunnels[0].policy.proposals = &other;
	assert_true(talk_quick(t, &t->a, 0));
	assert_int_equal(talk_deliver(t), IKE_NO_PROPOSAL);
	struct talk_msg refusal = talk_take(t);
	assert_int_equal(talk_give(t, &refusal), IKE_OK);
	assert_int_equal(t->a.n_failed, 1);
	t->b.tunnels[0].policy.proposals = own;
	assert_true(talk_quick(t, &t->a, 0));
	assert_int_equal(talk_give(t, &refusal), IKE_REPEATED);
	talk_run(t);
	assert_int_equal(t->a.n_failed, 1);
	assert_true(talk_children_agree(t));

	ike_delete(t->b.ike, t->b.sa, V1_PROTO_ESP, t->b.children[0].in.esp);
	struct talk_msg delete = talk_take(t);
	assert_int_equal(talk_give(t, &delete), IKE_OK);
	unsigned before = t->a.n_words;
	assert_int_equal(talk_give(t, &delete), IKE_REPEATED);
	assert_int_equal(t->a.n_words, before);
	talk_free(t);
}

/* A NAT gives its peer another port: only what is new and proved moves the path. */
static void
the_path_follows_what_is_proved(void **state)
{
	(void)state;
	struct ike_remote_id id = { .id = { .type = ID_IPV4, .n = 4 } };
	struct talk *t = talk_new();
	id.id.p = t->a.end.addr.b;
	t->nat = (struct addr){ ADDR_V4, { 203, 0, 113, 5 } };
	t->b.policy.remote_ids = &id;
	t->b.policy.n_remote_ids = 1;
	(void)talk_begin(t, &t->a);
	talk_run(t);
	assert_int_equal(t->b.sa->path.remote.port, 14500);

	ike_probe(t->a.ike, t->a.sa);
	struct talk_msg m = talk_take(t);
	assert_int_equal(talk_give(t, &m), IKE_OK);
	assert_int_equal(t->b.n_moved, 0);
	m.path.remote.port = 20000;
	assert_int_equal(talk_give(t, &m), IKE_OK); /* a recording */
	assert_int_equal(t->b.sa->path.remote.port, 14500);
	ike_probe(t->a.ike, t->a.sa);
	talk_run(t);
	ike_probe(t->a.ike, t->a.sa);
	m = talk_take(t);
	m.path.remote.port = 20001;
	m.path.remote.addr = (struct addr){ ADDR_V4, { 203, 0, 113, 6 } };
	struct talk_msg bad = m;
	bad.b[bad.n - 1] ^= 1;
	assert_int_not_equal(talk_give(t, &bad), IKE_OK);
	assert_int_equal(t->b.n_moved, 0);
	assert_int_equal(talk_give(t, &m), IKE_OK);
	assert_int_equal(t->b.n_moved, 1);
	assert_int_equal(t->b.sa->path.remote.port, 20001);
	talk_free(t);
}

/* --- bounds --- */

/* An IKE SA of a day with many tunnels; the last ones are remembered. */
static void
quick_modes_do_not_run_out(void **state)
{
	(void)state;
	struct talk *t = talk_up();
	for (unsigned i = 0; i < IKE_MIDS_MAX + 20; i++) {
		assert_true(talk_quick(t, &t->a, 0));
		struct talk_msg first = talk_take(t);
		assert_int_equal(talk_give(t, &first), IKE_OK);
		talk_run(t);
		if (i % 128 != 127)
			continue;
		t->now_ms += IKE_LINGER_MS;
		ike_tick(t->a.ike, t->now_ms);
		ike_tick(t->b.ike, t->now_ms);
		assert_int_equal(talk_give(t, &first), IKE_REPEATED);
	}
	assert_int_equal(t->b.sa->stats.n_created, IKE_MIDS_MAX + 20);
	talk_free(t);
}

/* One address pushes out itself only; who is known is not pushed out by who is not. */
static void
a_flood_of_one_address_hurts_nobody_else(void **state)
{
	(void)state;
	struct talk *t = talk_up();
	struct talk_msg first = t->log[0];
	t->b.policy.is_any = true;
	(void)talk_begin(t, &t->a);
	assert_int_equal(talk_deliver(t), IKE_OK); /* a peer whose SA is up begins again */
	struct talk_msg second = talk_take(t);
	for (unsigned i = 0; i < 20000; i++) {
		first.b[1] = (uint8_t)(i >> 8);
		first.b[2] = (uint8_t)i;
		first.path.remote.addr = (struct addr){ ADDR_V4, { 203, 0, 113, 9 } };
		if (i >= 5000)
			first.path.remote.addr =
			    (struct addr){ ADDR_V4, { 10, 1, (uint8_t)(i >> 8), (uint8_t)i } };
		assert_int_equal(
		    talk_give(t, &first), i >= IKE_SOURCE_MAX && i < 5000 ? IKE_HALF_OPEN : IKE_OK);
		t->n = 0;
		if (i == 4999)
			assert_int_equal(ike_n_half_open(t->b.ike), IKE_SOURCE_MAX + 1);
	}
	assert_int_equal(ike_n_half_open(t->b.ike), IKE_HALF_OPEN_MAX + 1);
	assert_int_equal(talk_give(t, &second), IKE_OK);
	talk_run(t);
	assert_int_equal(t->b.n_up, 2);
	assert_int_equal(ike_n_half_open(t->b.ike), IKE_HALF_OPEN_MAX);
	talk_free(t);
}

/* Somebody begins in the name of a peer that is just beginning: neither its first step, as long as nobody else wants the room,
 * nor any later one is lost. */
static void
a_flood_in_the_name_of_a_peer_does_not_push_it_out(void **state)
{
	(void)state;
	struct talk *t = talk_up();
	struct talk_msg first = t->log[0];
	first.path.remote = t->a.end;
	first.b[3] ^= 0x77;
	(void)talk_begin(t, &t->a);
	assert_int_equal(talk_deliver(t), IKE_OK);
	assert_int_equal(talk_deliver(t), IKE_OK);
	struct talk_msg third = talk_take(t);
	for (unsigned i = 0; i < 20000; i++) {
		first.b[1] = (uint8_t)(i >> 8);
		first.b[2] = (uint8_t)i;
		(void)talk_give(t, &first);
		t->now_ms += i % 4 == 0;
		t->n = 0;
		if (i == IKE_SOURCE_MAX - 2)
			assert_int_equal(talk_give(t, &third), IKE_OK);
		if (i == IKE_SOURCE_MAX - 2)
			third = talk_take(t);
	}
	assert_int_equal(ike_n_half_open(t->b.ike), IKE_SOURCE_MAX + 1);
	assert_int_equal(talk_give(t, &third), IKE_OK);
	talk_run(t);
	assert_int_equal(t->a.n_up, 2);
	assert_int_equal(t->b.n_up, 2);
	/* as many in a moment that not even a first step is kept: then it is not answered, and comes again */
	for (unsigned i = 0; i < 20000; i++) {
		first.b[1] = (uint8_t)(i >> 8);
		first.b[2] = (uint8_t)i;
		first.b[4] = 0x55;
		(void)talk_give(t, &first);
		t->n = 0;
		if (i == 10000)
			(void)talk_begin(t, &t->a);
		if (i == 10000)
			assert_int_equal(talk_deliver(t), IKE_HALF_OPEN);
	}
	t->now_ms += IKE_HOLD_MS;
	assert_true(talk_wait(t));
	talk_run(t);
	assert_int_equal(t->b.n_up, 3);
	talk_free(t);
}

/* The rest of a message does not come: what there is of it goes. */
static void
fragments_do_not_wait_for_ever(void **state)
{
	struct p2_proposal many[P2_PROPOSALS_MAX];
	(void)state;
	struct talk *t = talk_new();
	for (unsigned i = 0; i < P2_PROPOSALS_MAX; i++)
		many[i] = (struct p2_proposal){ P2_BUNDLE, AUTH_HMAC_SHA1_96, ENC_DES_CBC, 3600 };
	t->a.tunnels[0].policy = (struct p2_policy){ .proposals = many, .n = P2_PROPOSALS_MAX };
	(void)talk_begin(t, &t->a);
	talk_run(t);
	assert_true(talk_quick(t, &t->a, 0));
	assert_true(t->n > 1);
	assert_int_equal(talk_deliver(t), IKE_OK);
	assert_non_null(t->b.sa->frags);
	assert_true(ike_due(t->b.ike) <= IKE_FRAGS_MS);
	ike_tick(t->b.ike, IKE_FRAGS_MS);
	assert_null(t->b.sa->frags);
	talk_free(t);
}

/* One address with many beginnings holds up its own long messages only. */
static void
fragments_of_one_address_leave_room_for_others(void **state)
{
	static const uint8_t rest[2000];
	(void)state;
	struct talk *t = talk_up();
	struct talk_msg first = t->log[0];
	unsigned n_kept = 0;
	first.path.remote.addr = (struct addr){ ADDR_V4, { 203, 0, 113, 9 } };
	for (unsigned i = 0; i < IKE_FRAGS_MAX + 10; i++) {
		first.b[1] = (uint8_t)(i >> 8);
		first.b[2] = (uint8_t)i;
		first.b[3] = 0x77;
		assert_int_equal(talk_give(t, &first), IKE_OK);
		struct talk_msg long_one = talk_take(t);
		uint8_t msg[HDR_LEN + sizeof(rest)];
		memcpy(msg, long_one.b, HDR_LEN);
		memcpy(msg + HDR_LEN, rest, sizeof(rest));
		msg[HDR_LEN - 2] = sizeof(msg) >> 8;
		msg[HDR_LEN - 1] = sizeof(msg) & 0xff;
		long_one = first;
		long_one.n = v1_frag_build(long_one.b, msg, sizeof(msg), 1, 1);
		n_kept += talk_give(t, &long_one) == IKE_OK;
		t->n = 0;
	}
	assert_int_equal(n_kept, IKE_FRAGS_SOURCE_MAX);
	talk_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_have_many_forms),
		cmocka_unit_test(a_protocol_or_a_port_is_refused),
		cmocka_unit_test(no_identities_mean_the_peers),
		cmocka_unit_test(a_refused_quick_mode_fails_at_once),
		cmocka_unit_test(a_tunnel_can_go_while_its_quick_mode_runs),
		cmocka_unit_test(a_policy_can_be_replaced_while_its_sa_lives),
		cmocka_unit_test(connected_is_taken),
		cmocka_unit_test(everything_is_counted),
		cmocka_unit_test(acks_of_nothing_are_refused),
		cmocka_unit_test(what_is_told_counts_once),
		cmocka_unit_test(the_path_follows_what_is_proved),
		cmocka_unit_test(quick_modes_do_not_run_out),
		cmocka_unit_test(a_flood_of_one_address_hurts_nobody_else),
		cmocka_unit_test(a_flood_in_the_name_of_a_peer_does_not_push_it_out),
		cmocka_unit_test(fragments_do_not_wait_for_ever),
		cmocka_unit_test(fragments_of_one_address_leave_room_for_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
