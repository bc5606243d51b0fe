/* SPDX-License-Identifier: BSD-2-Clause
 *
 * talk.c - two IKE engines and the wire between them.
 */
#include "test/talk/talk.h"

#include "test/talk/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct p1_proposal p1_default = { METHOD_PSK, ENC_3DES_CBC, HASH_SHA1, DH_GROUP2,
	3600 };
static const struct p2_proposal p2_default = { P2_ESP, AUTH_HMAC_SHA1_96, ENC_3DES_CBC, 28800 };

/* --- the host that the engines see --- */

static void
on_random(void *ctx, void *out, size_t n)
{
	struct talk_side *s = ctx;
	uint8_t *p = out;
	for (size_t i = 0; i < n; i++) {
		s->seed = s->seed * 6364136223846793005ULL + 1442695040888963407ULL;
		p[i] = (uint8_t)(s->seed >> 56);
	}
}

static void
on_send(void *ctx, const struct ike_path *path, const uint8_t *msg, size_t len)
{
	struct talk_side *s = ctx;
	struct talk *t = s->talk;
	if (len > TALK_MSG_MAX) /* longer ones go in fragments */
		abort();
	if (t->n == TALK_QUEUE_MAX) /* a full wire loses what comes */
		return;
	struct talk_msg *m = &t->queue[t->n++];
	m->to = s == &t->a ? &t->b : &t->a;
	m->path = (struct ike_path){ .local = path->remote, .remote = path->local };
	if (t->nat.family != ADDR_NONE && s == &t->a) {
		m->path.remote.addr = t->nat;
		m->path.remote.port = (uint16_t)(path->local.port + 10000);
	}
	if (t->nat.family != ADDR_NONE && s == &t->b) {
		m->path.local = t->a.end;
		m->path.local.port = (uint16_t)(path->remote.port - 10000);
	}
	memcpy(m->b, msg, len);
	m->n = len;
	if (t->n_sent < TALK_LOG_MAX)
		t->log[t->n_sent] = *m;
	t->n_sent++;
}

static struct ike_policy *
policy_make(struct talk_side *s)
{
	if (s->keeps_policy && s->made != NULL)
		return s->made;
	ike_policy_unref(s->made);
	s->made = ike_policy_new(&s->policy);
	return s->made;
}

static struct ike_tunnel *
tunnel_make(struct talk_side *s, unsigned i)
{
	ike_tunnel_unref(s->made_tunnel);
	s->made_tunnel = ike_tunnel_new(&s->tunnels[i]);
	return s->made_tunnel;
}

static struct ike_policy *
on_policy(void *ctx, const struct ike_path *path, const struct id *peer, struct addr *known_as)
{
	struct talk_side *s = ctx;
	(void)path;
	(void)known_as;
	s->claimed = peer != NULL ? *peer : (struct id){ 0 };
	s->claimed.p = NULL;
	return policy_make(s);
}

static struct ike_tunnel *
on_tunnel(
    void *ctx, const struct ike_sa *sa, struct prefix local, struct prefix remote, struct text *why)
{
	struct talk_side *s = ctx;
	(void)sa;
	(void)why;
	for (unsigned i = 0; i < s->n_tunnels; i++)
		if (prefix_eq(s->tunnels[i].local, local) &&
		    prefix_eq(s->tunnels[i].remote, remote))
			return tunnel_make(s, i);
	return NULL;
}

static uint32_t
on_spi(void *ctx, enum v1_protocol protocol, const struct ike_tunnel *tunnel)
{
	uint32_t spi;
	(void)protocol;
	(void)tunnel;
	on_random(ctx, &spi, sizeof(spi));
	return spi | 0x10000;
}

static bool
on_is_first(void *ctx, const struct ike_sa *sa)
{
	struct talk_side *s = ctx;
	(void)sa;
	return s->is_first;
}

static struct talk_ask *
ask_add(struct talk_side *s, struct ike_ticket ticket, struct part hash)
{
	if (s->n_asks == TALK_ASKS_MAX) /* the last question is never answered */
		s->n_asks--;
	struct talk_ask *a = &s->asks[s->n_asks++];
	*a = (struct talk_ask){ .ticket = ticket, .hash_len = hash.n };
	memcpy(a->hash, hash.p, hash.n);
	return a;
}

static void
on_sign(void *ctx, const struct ike_sa *sa, struct ike_ticket ticket, struct part hash)
{
	ask_add(ctx, ticket, hash)->is_dsa = sa->chosen.method == METHOD_DSA;
}

static void
on_prove(
    void *ctx, const struct ike_sa *sa, struct ike_ticket ticket, const struct ike_claim *claim)
{
	struct talk_ask *a = ask_add(ctx, ticket, claim->hash);
	(void)sa;
	a->is_proof = true;
	a->is_dsa = claim->method == METHOD_DSA;
	a->n_certs = (unsigned)claim->n_certs;
	if (claim->n_certs > 0 && claim->certs[0].n <= sizeof(a->cert)) {
		memcpy(a->cert, claim->certs[0].p, claim->certs[0].n);
		a->cert_len = claim->certs[0].n;
	}
	if (claim->signature.n <= sizeof(a->signature)) {
		memcpy(a->signature, claim->signature.p, claim->signature.n);
		a->signature_len = claim->signature.n;
	}
}

static void
on_moved(void *ctx, struct ike_sa *sa, const struct ike_path *old)
{
	struct talk_side *s = ctx;
	(void)sa;
	(void)old;
	s->n_moved++;
}

static void
on_sa_up(void *ctx, struct ike_sa *sa)
{
	struct talk_side *s = ctx;
	s->sa = sa;
	s->n_up++;
}

static void
on_sa_down(void *ctx, struct ike_sa *sa, enum ike_reason reason, const char *why)
{
	struct talk_side *s = ctx;
	(void)snprintf(s->down_why, sizeof(s->down_why), "%s", why);
	s->down = reason;
	s->n_down++;
	if (s->sa == sa)
		s->sa = NULL;
}

static void
on_child(void *ctx, struct ike_sa *sa, enum ike_child_event event, const struct ike_child *child)
{
	struct talk_side *s = ctx;
	(void)sa;
	if (event == IKE_CHILD_IN)
		s->n_in++;
	else if (event == IKE_CHILD_FAILED) {
		s->n_failed++;
		s->failed = child->reason;
		(void)snprintf(s->failed_why, sizeof(s->failed_why), "%s", child->why);
	} else if (s->n_children < TALK_CHILDREN_MAX)
		s->children[s->n_children++] = *child;
}

static void
on_word(void *ctx, struct ike_sa *sa, const struct ike_word *word)
{
	struct talk_side *s = ctx;
	(void)sa;
	struct rd r = rd_init(word->spis, (size_t)word->n_spis * word->spi_len);
	s->word = *word;
	s->word.spis = NULL;
	s->word_spi = rd_u32(&r);
	s->n_words++;
}

static void
on_refused(void *ctx, const struct ike_path *path, const struct ike_sa *sa, enum ike_reason reason,
    const char *why)
{
	struct talk_side *s = ctx;
	(void)path;
	(void)sa;
	s->refused = reason;
	s->n_refused++;
	text_reset(&s->why);
	text_put(&s->why, why);
}

static void
side_init(struct talk *t, struct talk_side *s, const char *addr, uint64_t seed)
{
	const struct ike_host host = {
		.ctx = s,
		.random = on_random,
		.send = on_send,
		.policy = on_policy,
		.tunnel = on_tunnel,
		.spi = on_spi,
		.is_first = on_is_first,
		.sign = on_sign,
		.prove = on_prove,
		.moved = on_moved,
		.sa_up = on_sa_up,
		.sa_down = on_sa_down,
		.child = on_child,
		.word = on_word,
		.refused = on_refused,
	};
	s->talk = t;
	s->seed = seed;
	s->end.port = 500;
	s->policy = (struct ike_policy){ .proposals = &p1_default, .n = 1, .psk = { "sesame", 6 } };
	s->n_tunnels = 1;
	s->tunnels[0].policy =
	    (struct p2_policy){ .proposals = &p2_default, .n = 1, .encap = V1_ENCAP_TUNNEL };
	if (!addr_parse(addr, &s->end.addr))
		abort();
	s->ike = ike_new(&host);
}

struct talk *
talk_new(void)
{
	struct talk *t = calloc(1, sizeof(*t));
	if (t == NULL)
		abort();
	side_init(t, &t->a, "192.0.2.1", 1);
	side_init(t, &t->b, "198.51.100.7", 2);
	if (!prefix_parse("10.1.0.0/16", &t->a.tunnels[0].local) ||
	    !prefix_parse("10.2.0.0/16", &t->a.tunnels[0].remote))
		abort();
	t->b.tunnels[0].local = t->a.tunnels[0].remote;
	t->b.tunnels[0].remote = t->a.tunnels[0].local;
	return t;
}

void
talk_free(struct talk *t)
{
	ike_free(t->a.ike);
	ike_free(t->b.ike);
	text_done(&t->a.why);
	text_done(&t->b.why);
	ike_policy_unref(t->a.made);
	ike_policy_unref(t->b.made);
	ike_tunnel_unref(t->a.made_tunnel);
	ike_tunnel_unref(t->b.made_tunnel);
	free(t);
}

struct ike_sa *
talk_begin(struct talk *t, struct talk_side *s)
{
	const struct talk_side *peer = s == &t->a ? &t->b : &t->a;
	const struct ike_path path = { s->end, peer->end };
	return ike_start(s->ike, t->now_ms, &path, policy_make(s));
}

bool
talk_quick(struct talk *t, struct talk_side *s, unsigned tunnel)
{
	return ike_quick_start(s->ike, t->now_ms, s->sa, tunnel_make(s, tunnel));
}

/* --- what the hosts answer --- */

static struct part
part_of(const uint8_t *p, size_t n)
{
	return (struct part){ p, n };
}

static void
answer_signature(struct talk *t, struct talk_side *s, const struct talk_ask *a)
{
	uint8_t signature[SIGN_MAX];
	struct part key = a->is_dsa      ? part_of(key_dsa_private, sizeof(key_dsa_private))
			  : s->has_rsa_b ? part_of(key_rsa_b_private, sizeof(key_rsa_b_private))
					 : part_of(key_rsa_a_private, sizeof(key_rsa_a_private));
	struct part certs[1 + 4] = {
		a->is_dsa      ? part_of(key_dsa_public, sizeof(key_dsa_public))
		: s->has_rsa_b ? part_of(key_rsa_b_public, sizeof(key_rsa_b_public))
			       : part_of(key_rsa_a_public, sizeof(key_rsa_a_public)),
	};
	struct sign_key *k = sign_key_private(key.p, key.n);
	if (k == NULL || sign_hash(k, a->hash, a->hash_len, signature) != SIGN_OK)
		abort();
	for (size_t i = 0; i < s->n_more_certs; i++)
		certs[1 + i] = s->more_certs[i];
	ike_signed(s->ike, t->now_ms, a->ticket, part_of(signature, sign_len(k)), certs,
	    1 + s->n_more_certs, NULL);
	sign_key_free(k);
}

static void
answer_proof(struct talk *t, struct talk_side *s, const struct talk_ask *a)
{
	struct sign_key *k = sign_key_public(a->cert, a->cert_len);
	enum ike_reason reason = IKE_CERT;
	if (k != NULL)
		reason =
		    sign_verify(k, a->hash, a->hash_len, a->signature, a->signature_len) == SIGN_OK
			? IKE_OK
			: IKE_SIGNATURE;
	ike_proved(s->ike, t->now_ms, a->ticket, reason, reason == IKE_OK ? NULL : "not the peer");
	sign_key_free(k);
}

void
talk_answer(struct talk *t, struct talk_side *s)
{
	const struct talk_ask a = s->asks[0];
	if (s->n_asks == 0)
		abort();
	memmove(&s->asks[0], &s->asks[1], --s->n_asks * sizeof(s->asks[0]));
	if (a.is_proof)
		answer_proof(t, s, &a);
	else
		answer_signature(t, s, &a);
}

/* --- the wire --- */

struct talk_msg
talk_take(struct talk *t)
{
	if (t->n == 0)
		abort();
	struct talk_msg m = t->queue[0];
	memmove(&t->queue[0], &t->queue[1], --t->n * sizeof(t->queue[0]));
	return m;
}

enum ike_reason
talk_give(struct talk *t, const struct talk_msg *m)
{
	/* of the exact size, so that a sanitizer sees a read past the end */
	uint8_t *copy = malloc(m->n > 0 ? m->n : 1);
	if (copy == NULL)
		abort();
	memcpy(copy, m->b, m->n);
	enum ike_reason reason = ike_input(m->to->ike, t->now_ms, &m->path, copy, m->n);
	free(copy);
	while (!t->holds_answers && m->to->n_asks > 0)
		talk_answer(t, m->to);
	return reason;
}

enum ike_reason
talk_deliver(struct talk *t)
{
	struct talk_msg m = talk_take(t);
	return talk_give(t, &m);
}

void
talk_run(struct talk *t)
{
	while (t->n > 0)
		(void)talk_deliver(t);
}

bool
talk_wait(struct talk *t)
{
	uint64_t a = ike_due(t->a.ike);
	uint64_t b = ike_due(t->b.ike);
	uint64_t due = a < b ? a : b;
	if (due == UINT64_MAX)
		return false;
	t->now_ms = due > t->now_ms ? due : t->now_ms;
	ike_tick(t->a.ike, t->now_ms);
	ike_tick(t->b.ike, t->now_ms);
	return true;
}

bool
talk_children_agree(const struct talk *t)
{
	if (t->a.n_children == 0 || t->b.n_children == 0)
		return false;
	const struct ike_child *a = &t->a.children[t->a.n_children - 1];
	const struct ike_child *b = &t->b.children[t->b.n_children - 1];
	size_t enc = enc_secret_len(a->chosen.enc);
	size_t auth = auth_info(a->chosen.auth)->key_len;
	return a->chosen.protocol == b->chosen.protocol && a->chosen.enc == b->chosen.enc &&
	       a->chosen.auth == b->chosen.auth && a->chosen.lifetime_s == b->chosen.lifetime_s &&
	       a->pfs == b->pfs && a->is_udp == b->is_udp && a->in.esp == b->out.esp &&
	       a->in.ah == b->out.ah && a->out.esp == b->in.esp && a->out.ah == b->in.ah &&
	       memcmp(a->in_enc_key, b->out_enc_key, enc) == 0 &&
	       memcmp(a->out_enc_key, b->in_enc_key, enc) == 0 &&
	       memcmp(a->in_auth_key, b->out_auth_key, auth) == 0 &&
	       memcmp(a->out_auth_key, b->in_auth_key, auth) == 0 &&
	       (enc + auth == 0 || memcmp(a->in_enc_key, a->out_enc_key, enc) != 0 ||
		   memcmp(a->in_auth_key, a->out_auth_key, auth) != 0);
}
