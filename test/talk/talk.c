/* SPDX-License-Identifier: BSD-2-Clause
 *
 * talk.c - two IKE engines and the wire between them.
 */
#include "test/talk/talk.h"

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
	if (len > IKE_OUT_MAX)
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

static const struct ike_policy *
on_policy(void *ctx, const struct ike_path *path)
{
	struct talk_side *s = ctx;
	(void)path;
	return &s->policy;
}

static const struct ike_tunnel *
on_tunnel(void *ctx, const struct ike_sa *sa, struct prefix local, struct prefix remote)
{
	struct talk_side *s = ctx;
	(void)sa;
	for (unsigned i = 0; i < s->n_tunnels; i++)
		if (prefix_eq(s->tunnels[i].local, local) &&
		    prefix_eq(s->tunnels[i].remote, remote))
			return &s->tunnels[i];
	return NULL;
}

static uint32_t
on_spi(void *ctx, enum v1_protocol protocol)
{
	uint32_t spi;
	(void)protocol;
	on_random(ctx, &spi, sizeof(spi));
	return spi | 0x10000;
}

static void
on_sa_up(void *ctx, struct ike_sa *sa)
{
	struct talk_side *s = ctx;
	s->sa = sa;
	s->n_up++;
}

static void
on_sa_down(void *ctx, struct ike_sa *sa, enum ike_reason reason)
{
	struct talk_side *s = ctx;
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
	else if (event == IKE_CHILD_FAILED)
		s->n_failed++;
	else if (s->n_children < TALK_CHILDREN_MAX)
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
	free(t);
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
	size_t enc = enc_info(a->chosen.enc)->key_len;
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
