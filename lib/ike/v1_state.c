/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_state.c - what the engine keeps: SAs, exchanges, their last messages; how they are made, sent again and freed.
 *
 * Nothing here decides what a message means, that is v1_step.c. What is secret is wiped where it is freed, and freed as soon as
 * it is not needed: an SA that is up keeps its keys and, for IKE_LINGER_MS, its last answer. One thread.
 */
#include "lib/ike/v1_priv.h"

#include <stdlib.h>
#include <string.h>

#include "lib/ike/v1_frag.h"
#include "lib/ike/vid.h"

void *
v1_new(size_t n)
{
	void *p = calloc(1, n);
	if (p == NULL)
		abort();
	return p;
}

struct part
v1_body(const struct v1_payload *p)
{
	return (struct part){ p->p, p->n };
}

struct part
v1_nonce_part(const struct v1_nonce *n)
{
	return (struct part){ n->b, n->n };
}

void
v1_nonce_make(struct ike *ike, struct v1_nonce *n)
{
	n->n = V1_OUR_NONCE_LEN;
	ike->host.random(ike->host.ctx, n->b, n->n);
}

void
v1_nonce_take(const struct v1_msg *m, struct v1_nonce *n)
{
	const struct v1_payload *p = v1_msg_find(m, V1_NONCE, 0);
	memcpy(n->b, p->p, p->n); /* v1_msg_parse() has seen to 8..256 octets */
	n->n = (uint16_t)p->n;
}

void
v1_dh_make(struct ike *ike, enum dh_group group, struct dh_key *out)
{
	uint8_t random[DH_RANDOM_MAX];
	do
		ike->host.random(ike->host.ctx, random, sizeof(random));
	while (!dh_generate(group, random, out));
	secret_wipe(random, sizeof(random));
}

bool
v1_bucket_take(struct ike_bucket *b, uint64_t now_ms, unsigned rate, unsigned burst)
{
	enum { ONE = 1000 };
	uint64_t full = (uint64_t)burst * ONE;
	/* never used, or rested so long that it is full; else RATE thousandths come with each millisecond */
	bool is_full = b->at_ms == 0 || (now_ms - b->at_ms) > full / rate;
	uint64_t left = is_full ? full : b->left + (now_ms - b->at_ms) * rate;
	b->at_ms = now_ms > 0 ? now_ms : 1;
	b->left = left < full ? left : full;
	if (b->left < ONE)
		return false;
	b->left -= ONE;
	return true;
}

/* --- memory of an exchange --- */

static void
memory_drop(struct v1_memory *m)
{
	free(m->out);
	*m = (struct v1_memory){ .due_ms = UINT64_MAX };
}

/* The last message of an exchange came to us: nothing is sent for it, however often it comes. */
void
v1_memory_end(struct v1_memory *m, uint64_t now_ms)
{
	free(m->out);
	m->out = NULL;
	m->due_ms = now_ms + IKE_LINGER_MS;
}

void
v1_print(const uint8_t *msg, size_t len, uint8_t out[20])
{
	hash_parts(HASH_SHA1, &(struct part){ msg, len }, 1, out);
}

static void
memory_out(struct v1_memory *m, const uint8_t *msg, size_t len)
{
	free(m->out);
	m->out = malloc(len);
	if (m->out == NULL)
		abort();
	memcpy(m->out, msg, len);
	m->out_len = len;
	m->n_sent = 0;
}

/* Sends a message, in fragments if it is long and the peer takes them. */
void
v1_send(struct ike *ike, struct ike_sa *sa, const uint8_t *msg, size_t len)
{
	uint8_t buf[V1_FRAG_ROOM];
	sa->stats.out_packets++;
	sa->stats.out_octets += len;
	if (len <= V1_FRAG_SIZE || (sa->vids & VID_FRAGMENTATION) == 0) {
		ike->host.send(ike->host.ctx, &sa->path, msg, len);
		return;
	}
	ike->frag_id++;
	size_t n;
	for (uint8_t i = 1; (n = v1_frag_build(buf, msg, len, ike->frag_id, i)) > 0; i++)
		ike->host.send(ike->host.ctx, &sa->path, buf, n);
}

void
v1_memory_send(struct ike *ike, struct ike_sa *sa, struct v1_memory *m, uint64_t now_ms)
{
	unsigned doublings = m->n_sent < IKE_TRIES ? m->n_sent : IKE_TRIES;
	v1_send(ike, sa, m->out, m->out_len);
	m->n_sent++;
	if (m->is_awaiting)
		m->due_ms = now_ms + ((uint64_t)IKE_RETRANSMIT_MS << doublings);
}

/* Is this the message that was taken last? Then its answer goes out again, but not without end. */
bool
v1_was_repeated(struct ike *ike, struct ike_sa *sa, struct v1_memory *m, const uint8_t print[20])
{
	if (memcmp(m->in, print, sizeof(m->in)) != 0)
		return false;
	if (m->out != NULL && m->n_sent < 2 * IKE_TRIES) {
		v1_send(ike, sa, m->out, m->out_len);
		m->n_sent++;
	}
	return true;
}

void
v1_out_begin(const struct ike_sa *sa, uint8_t exchange, uint32_t mid, bool is_encrypted,
    uint8_t *buf, struct v1_out *o)
{
	const struct hdr h = {
		.cky_i = sa->cky_i,
		.cky_r = sa->cky_r,
		.version = HDR_V1,
		.exchange = exchange,
		.flags = is_encrypted ? HDR_ENCRYPTED : 0,
		.mid = mid,
	};
	v1_out_start(o, buf, IKE_OUT_MAX, &h);
}

/* Seals if it is due, remembers and sends. */
void
v1_out_send(struct v1_turn *t, uint8_t *buf, bool is_encrypted, struct v1_iv *iv,
    struct v1_memory *memory, bool is_awaiting)
{
	size_t len = v1_out_end(&t->out);
	if (len > 0 && is_encrypted)
		len = v1_seal(&t->sa->keys, iv, buf, len, IKE_OUT_MAX);
	if (len == 0)
		abort(); /* all that we write is bounded far below IKE_OUT_MAX */
	memory_out(memory, buf, len);
	memory->is_awaiting = is_awaiting;
	memory->due_ms = is_awaiting ? memory->due_ms : t->now_ms + IKE_LINGER_MS;
	v1_memory_send(t->ike, t->sa, memory, t->now_ms);
}

/* The earliest of all that is due for an SA. */
void
v1_due_update(struct ike *ike, struct ike_sa *sa)
{
	uint64_t due = sa->expires_ms;
	if (sa->hand != NULL && sa->hand->memory.due_ms < due)
		due = sa->hand->memory.due_ms;
	if (sa->frags != NULL && sa->frags->due_ms < due)
		due = sa->frags->due_ms;
	for (const struct v1_quick *q = sa->quicks; q != NULL; q = q->next)
		if (q->memory.due_ms < due)
			due = q->memory.due_ms;
	table_set_due(&ike->table, sa, due);
}

/* --- phase 1 --- */

void
v1_hand_clean(struct v1_hand *h)
{
	if (h->kex != NULL)
		secret_wipe(h->kex, sizeof(*h->kex));
	free(h->kex);
	free(h->sai);
	free(h->peer_id);
	h->kex = NULL;
	h->sai = h->peer_id = NULL;
	h->sai_len = h->peer_id_len = 0;
}

void
v1_hand_free(struct v1_hand *h)
{
	if (h == NULL)
		return;
	memory_drop(&h->memory);
	v1_hand_clean(h);
	free(h);
}

/* --- quick mode --- */

void
v1_quick_finish(struct v1_quick *q)
{
	ike_tunnel_unref(q->tunnel);
	q->tunnel = NULL;
	if (q->work == NULL)
		return;
	if (q->work->dh != NULL)
		dh_wipe(q->work->dh);
	free(q->work->dh);
	secret_wipe(q->work, sizeof(*q->work));
	free(q->work);
	q->work = NULL;
}

void
v1_quick_del(struct ike_sa *sa, struct v1_quick *q)
{
	struct v1_quick **at = &sa->quicks;
	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	sa->n_quicks--;
	memory_drop(&q->memory);
	v1_quick_finish(q);
	free(q);
}

struct v1_quick *
v1_quick_add(struct ike_sa *sa, uint32_t mid, enum v1_side side)
{
	struct v1_quick *q = v1_new(sizeof(*q));
	q->work = v1_new(sizeof(*q->work));
	q->mid = mid;
	q->side = side;
	q->state = side == V1_INITIATOR ? V1_QM_I1 : V1_QM_R0;
	q->iv = v1_iv_phase2(&sa->keys, &sa->iv, mid);
	q->memory.due_ms = UINT64_MAX;
	q->next = sa->quicks;
	sa->quicks = q;
	sa->n_quicks++;
	return q;
}

struct v1_quick *
v1_quick_find(const struct ike_sa *sa, uint32_t mid)
{
	struct v1_quick *q = sa->quicks;
	while (q != NULL && q->mid != mid)
		q = q->next;
	return q;
}

void
ike_quick_drop(struct ike *ike, struct ike_sa *sa, const struct ike_tunnel *tunnel)
{
	struct v1_quick *next;
	for (struct v1_quick *q = sa->quicks; q != NULL; q = next) {
		next = q->next;
		if (q->tunnel == tunnel)
			v1_quick_del(sa, q);
	}
	v1_due_update(ike, sa);
}

bool
ike_quick_at(const struct ike_sa *sa, unsigned i, struct ike_quick_view *out)
{
	const struct v1_quick *q = sa->quicks;
	for (; q != NULL && i > 0; i--)
		q = q->next;
	if (q == NULL)
		return false;
	*out = (struct ike_quick_view){
		.mid = q->mid, .side = q->side, .is_done = q->work == NULL, .tunnel = q->tunnel
	};
	return true;
}

/* What the peer began is remembered, the last of it at least: a recording must not begin again. */
bool
v1_mid_is_used(const struct ike_mids *m, uint32_t mid)
{
	for (unsigned i = 0; i < m->n && i < IKE_MIDS_MAX; i++)
		if (m->ids[i] == mid)
			return true;
	return false;
}

void
v1_mid_note(struct ike_mids *m, uint32_t mid)
{
	if (m->n < IKE_MIDS_MAX)
		m->ids = reallocarray(m->ids, m->n + 1U, sizeof(*m->ids));
	if (m->ids == NULL)
		abort();
	m->ids[m->n++ % IKE_MIDS_MAX] = mid;
}

/* --- SAs --- */

void
v1_frags_free(struct ike *ike, struct ike_sa *sa)
{
	if (sa->frags == NULL)
		return;
	v1_frags_drop(sa->frags);
	free(sa->frags);
	sa->frags = NULL;
	ike->n_frags--;
	if (sa->source != NULL) /* it is still in the table */
		sa->source->n_frags--;
}

void
v1_why_drop(struct ike_sa *sa)
{
	free(sa->why);
	sa->why = NULL;
}

void
v1_why_keep(struct ike_sa *sa, enum ike_reason reason, const char *why)
{
	if (reason == IKE_OK || reason == IKE_REPEATED || reason == IKE_STATE)
		return;
	struct text t = { 0 };
	text_put(&t, reason_info(reason)->sentence);
	if (why != NULL && why[0] != '\0')
		text_printf(&t, ": %s", why);
	free(sa->why);
	sa->why = strdup(text_str(&t));
	text_done(&t);
}

static uint64_t
cookie_make(struct ike *ike)
{
	uint64_t cookie = 0;
	while (cookie == 0)
		ike->host.random(ike->host.ctx, &cookie, sizeof(cookie));
	return cookie;
}

static enum ike_sa_state
first_state(const struct ike_policy *policy, enum v1_side side)
{
	if (policy->is_aggressive)
		return side == V1_INITIATOR ? IKE_AM_I1 : IKE_AM_R0;
	return side == V1_INITIATOR ? IKE_MM_I1 : IKE_MM_R0;
}

struct ike_sa *
v1_sa_new(struct ike *ike, uint64_t now_ms, const struct ike_path *path, struct ike_policy *policy,
    enum v1_side side, uint64_t cky_i)
{
	struct ike_sa *sa = v1_new(sizeof(*sa));
	sa->hand = v1_new(sizeof(*sa->hand));
	sa->hand->memory.due_ms = UINT64_MAX;
	sa->path = *path;
	sa->known_as = path->remote.addr;
	sa->policy = ike_policy_ref(policy);
	sa->side = side;
	sa->state = first_state(policy, side);
	sa->is_aggressive = policy->is_aggressive;
	sa->cky_i = side == V1_INITIATOR ? cookie_make(ike) : cky_i;
	sa->cky_r = side == V1_RESPONDER ? cookie_make(ike) : 0;
	sa->begun_ms = now_ms;
	sa->expires_ms = UINT64_MAX;
	sa->due_ms = UINT64_MAX;
	return sa;
}

void
v1_sa_free(struct ike *ike, struct ike_sa *sa)
{
	v1_frags_free(ike, sa);
	free(sa->begun.ids);
	free(sa->told.ids);
	free(sa->why);
	free((void *)(uintptr_t)sa->peer_id.p);
	while (sa->quicks != NULL)
		v1_quick_del(sa, sa->quicks);
	v1_hand_free(sa->hand);
	v1_keys_wipe(&sa->keys);
	ike_policy_unref(sa->policy);
	free(sa);
}

void
v1_sa_end(struct ike *ike, struct ike_sa *sa, enum ike_reason reason)
{
	table_del(&ike->table, sa);
	ike->host.sa_down(ike->host.ctx, sa, reason, sa->why != NULL ? sa->why : "");
	v1_sa_free(ike, sa);
}

/* A NAT may give its peer another port at any time (RFC 3947 s6). */
static void
path_move(struct ike *ike, struct ike_sa *sa, const struct ike_path *path)
{
	const struct ike_path old = sa->path;
	const struct natt_end *a = &old.remote;
	const struct natt_end *b = &path->remote;
	if (!sa->nat.is_remote_behind || (addr_eq(a->addr, b->addr) && a->port == b->port))
		return;
	table_move(&ike->table, sa, path);
	if (sa->state == IKE_UP)
		ike->host.moved(ike->host.ctx, sa, &old);
}

void
v1_path_follow(struct v1_turn *t)
{
	path_move(t->ike, t->sa, t->path);
}

void
ike_move(struct ike *ike, struct ike_sa *sa, const struct natt_end *remote)
{
	path_move(ike, sa, &(struct ike_path){ .local = sa->path.local, .remote = *remote });
}

/* --- the passing of time --- */

static unsigned
tries_of(const struct ike_sa *sa)
{
	if (sa->is_hasty)
		return IKE_TRIES_HASTY;
	return sa->state == IKE_MM_I2 || sa->state == IKE_MM_I3 ? IKE_TRIES_THERE : IKE_TRIES;
}

/* Does what is due for a quick mode, which may end it. */
static void
quick_tick(struct ike *ike, struct ike_sa *sa, struct v1_quick *q, uint64_t now_ms)
{
	if (q->memory.due_ms > now_ms)
		return;
	if (q->memory.is_awaiting && q->memory.n_sent < tries_of(sa)) {
		v1_memory_send(ike, sa, &q->memory, now_ms);
		return;
	}
	if (q->memory.is_awaiting)
		v1_qm_failed(ike, sa, q, IKE_TIMEOUT, "");
	v1_quick_del(sa, q);
}

/* Does what is due for phase 1; false if the SA is gone. */
static bool
phase1_tick(struct ike *ike, struct ike_sa *sa, uint64_t now_ms)
{
	struct v1_hand *h = sa->hand;
	if (h == NULL || h->memory.due_ms > now_ms)
		return true;
	if (h->memory.is_awaiting && h->memory.n_sent < tries_of(sa)) {
		v1_memory_send(ike, sa, &h->memory, now_ms);
		return true;
	}
	if (sa->state != IKE_UP) {
		v1_sa_end(ike, sa, IKE_TIMEOUT);
		return false;
	}
	v1_hand_free(h);
	sa->hand = NULL;
	return true;
}

static bool
sa_tick(struct ike *ike, struct ike_sa *sa, uint64_t now_ms)
{
	if (sa->expires_ms <= now_ms) {
		v1_info_delete(ike, sa);
		v1_sa_end(ike, sa, IKE_EXPIRED);
		return false;
	}
	if (sa->frags != NULL && sa->frags->due_ms <= now_ms)
		v1_frags_free(ike, sa);
	return phase1_tick(ike, sa, now_ms);
}

void
ike_tick(struct ike *ike, uint64_t now_ms)
{
	for (struct ike_sa *sa = table_first_due(&ike->table); sa != NULL && sa->due_ms <= now_ms;
	     sa = table_first_due(&ike->table)) {
		if (!sa_tick(ike, sa, now_ms))
			continue;
		struct v1_quick *next;
		for (struct v1_quick *q = sa->quicks; q != NULL; q = next) {
			next = q->next;
			quick_tick(ike, sa, q, now_ms);
		}
		v1_due_update(ike, sa);
	}
}
