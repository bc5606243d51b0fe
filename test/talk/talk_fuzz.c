/* SPDX-License-Identifier: BSD-2-Clause
 *
 * talk_fuzz.c - valid payloads in wrong states: the input is a script for two engines and the wire between them.
 *
 * The last octet says which mode and method of phase 1 it is. Each other one is one step: deliver, drop, repeat, put last, change an
 * octet, give a recorded message, let time pass, begin something, answer a question of an engine rightly, wrongly or twice, or forge a
 * message with the real keys and a right hash whose payloads the script chooses. Whatever is done, children come up only after they
 * came in, a message that was refused brings nobody up, nobody whose proof was not accepted is up, and nothing is left over at the end.
 */
#include "test/talk/talk.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct p1_proposal kinds[] = {
	{ METHOD_PSK, ENC_AES_128_CBC, HASH_SHA1, DH_GROUP19, 3600 },
	{ METHOD_RSA, ENC_AES_128_CBC, HASH_SHA1, DH_GROUP19, 3600 },
	{ METHOD_DSA, ENC_AES_128_CBC, HASH_SHA1, DH_GROUP19, 3600 },
};

static void
body_put(struct talk *t, struct v1_out *o, uint8_t choice)
{
	uint8_t buf[ID_ADDR_MAX];
	struct id id = id_of_prefix(t->a.tunnels[0].local, buf);
	static const uint8_t octets[64] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	switch (choice % 14) {
	case 0:
		p1_offer(o, t->a.policy.proposals, 1);
		break;
	case 1:
		p2_offer(o, &t->a.tunnels[0].policy, (struct p2_spis){ 0x1234, 0x5678 });
		break;
	case 2:
		v1_out_put(o, V1_KE, octets, 64);
		break;
	case 3:
		v1_out_put(o, V1_NONCE, octets, 16);
		break;
	case 4:
		id = id_of_prefix(t->a.tunnels[0].remote, buf);
		/* fall through */
	case 5:
		id_build(o, &id);
		break;
	case 6:
		v1_dpd_build(o, V1_N_R_U_THERE, t->a.sa->cky_i, t->a.sa->cky_r, choice);
		break;
	case 7:
		v1_delete_build(
		    o, &(struct v1_delete){
			   .protocol = V1_PROTO_ESP, .spi_len = 4, .n_spis = 2, .spis = octets });
		break;
	case 8:
		v1_out_put(o, V1_HASH, octets, 20);
		break;
	case 9:
		v1_cert_build(o, choice & 16 ? V1_CR : V1_CERT,
		    &(struct v1_cert){
			choice & 32 ? V1_CERT_PKCS7 : V1_CERT_X509_SIGN, octets, 64 });
		break;
	case 10:
		v1_out_put(o, V1_SIG, octets, 64);
		break;
	case 11:
		v1_out_put(o, V1_NAT_D, octets, 20);
		break;
	case 12:
		v1_notify_build(
		    o, &(struct v1_notify){ .doi = V1_DOI_IPSEC, .protocol = 1, .type = choice });
		break;
	default:
		v1_out_put(o, V1_VID, octets, 16);
		break;
	}
}

/* A message to B with the keys of A's SA, HASH(1) first. */
static void
forge(struct talk *t, struct rd *r)
{
	static const uint8_t exchanges[] = { HDR_MAIN, HDR_QUICK, HDR_INFO, HDR_AGGRESSIVE };
	if (t->a.sa == NULL)
		return;
	const struct ike_sa *sa = t->a.sa;
	struct talk_msg m = { .to = &t->b, .path = { t->b.end, t->a.end } };
	struct hdr h = {
		.cky_i = sa->cky_i,
		.cky_r = sa->cky_r,
		.version = HDR_V1,
		.exchange = exchanges[rd_u8(r) % sizeof(exchanges)],
		.flags = HDR_ENCRYPTED,
		.mid = rd_u8(r),
	};
	struct v1_out o;
	uint8_t hash[HASH_LEN_MAX] = { 0 };
	v1_out_start(&o, m.b, sizeof(m.b), &h);
	v1_out_put(&o, V1_HASH, hash, 20);
	size_t at = o.w.len;
	for (unsigned n = rd_u8(r) % 8; n > 0; n--)
		body_put(t, &o, rd_u8(r));
	size_t len = v1_out_end(&o);
	v1_hash1(&sa->keys, h.mid, (struct part){ m.b + at, len - at }, hash);
	memcpy(m.b + at - 20, hash, 20);
	struct v1_iv iv = v1_iv_phase2(&sa->keys, &sa->iv, h.mid);
	m.n = v1_seal(&sa->keys, &iv, m.b, len, sizeof(m.b));
	(void)talk_give(t, &m);
}

/* Gives a message and holds the engine to its word: one that was refused brings nothing up. */
static void
give(struct talk *t, const struct talk_msg *m)
{
	unsigned ups = t->a.n_up + t->b.n_up;
	unsigned children = t->a.n_children + t->b.n_children;
	enum ike_reason reason = talk_give(t, m);
	if (reason != IKE_OK &&
	    (t->a.n_up + t->b.n_up != ups || t->a.n_children + t->b.n_children != children))
		abort();
}

static void
step_wire(struct talk *t, uint8_t op, struct rd *r)
{
	if (t->n == 0)
		return;
	struct talk_msg m = talk_take(t);
	switch (op % 5) {
	case 0:
		give(t, &m);
		break;
	case 1:
		break;
	case 2:
		give(t, &m);
		give(t, &m);
		break;
	case 3:
		t->queue[t->n++] = m;
		break;
	default:
		m.b[rd_u16(r) % m.n] ^= rd_u8(r);
		give(t, &m);
		break;
	}
}

/* The host of a side answers its oldest question, or does something else with it. */
static void
step_answer(struct talk *t, struct talk_side *s, uint8_t op)
{
	if (s->n_asks == 0)
		return;
	const struct talk_ask a = s->asks[0];
	unsigned ups = s->n_up;
	switch (op % 8) {
	case 0:
		ike_proved(s->ike, t->now_ms, a.ticket, IKE_CERT, "no");
		break;
	case 1:
		ike_signed(s->ike, t->now_ms, a.ticket, (struct part){ 0 }, NULL, 0, "no");
		break;
	case 2: /* never */
		memmove(&s->asks[0], &s->asks[1], --s->n_asks * sizeof(s->asks[0]));
		break;
	case 3: /* an answer to the other kind of question */
		if (a.is_proof)
			ike_signed(
			    s->ike, t->now_ms, a.ticket, (struct part){ "x", 1 }, NULL, 0, NULL);
		else
			ike_proved(s->ike, t->now_ms, a.ticket, IKE_OK, NULL);
		break;
	case 4:
		talk_answer(t, s);
		ups = s->n_up;
		ike_proved(s->ike, t->now_ms, a.ticket, IKE_OK, NULL);
		break;
	default:
		talk_answer(t, s);
		ups = s->n_up;
		break;
	}
	if (s->n_up != ups)
		abort();
}

static void
step_other(struct talk *t, uint8_t op, struct rd *r)
{
	struct talk_side *s = (op & 8) != 0 ? &t->b : &t->a;
	switch (op % 8) {
	case 0:
		if (ike_n_sas(t->a.ike) < 4)
			(void)talk_begin(t, &t->a);
		break;
	case 1:
		if (s->sa != NULL)
			(void)talk_quick(t, s, 0);
		break;
	case 2:
		(void)talk_wait(t);
		break;
	case 3:
		if (t->n_sent > 0 && t->n_sent < TALK_LOG_MAX)
			give(t, &t->log[rd_u8(r) % t->n_sent]);
		break;
	case 4:
	case 5:
		forge(t, r);
		break;
	case 6:
		if (s->sa != NULL)
			ike_probe(s->ike, s->sa);
		break;
	default:
		if (s->sa != NULL)
			ike_end(s->ike, s->sa);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);
	struct talk *t = talk_new();
	uint8_t kind = size > 0 ? data[size - 1] % 6 : 0;
	t->a.policy.proposals = t->b.policy.proposals = &kinds[kind / 2];
	t->a.policy.is_aggressive = t->b.policy.is_aggressive = kind % 2;
	t->b.has_rsa_b = true;
	t->holds_answers = true;
	for (unsigned n = 0; rd_left(&r) > 1 && n < 256; n++) {
		uint8_t op = rd_u8(&r);
		if (op >= 0xc0)
			step_answer(t, (op & 8) != 0 ? &t->b : &t->a, op);
		else if ((op & 0x80) != 0)
			step_other(t, op & 0x7f, &r);
		else
			step_wire(t, op, &r);
		if (t->n > TALK_QUEUE_MAX / 2)
			t->n = 0;
		if (t->b.n_children < TALK_CHILDREN_MAX &&
		    t->b.n_children > t->b.n_in + t->a.n_in + 1)
			abort();
		if (ike_n_half_open(t->b.ike) > ike_n_sas(t->b.ike))
			abort();
	}
	talk_free(t);
	return 0;
}
