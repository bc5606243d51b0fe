/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_step.c - the engine of IKEv1: which message is due, and what is done when it comes.
 *
 * Every message that can be taken is a row of a table, with the RFC's arrow beside it: in which state, encrypted or not, which
 * payloads it must and may have, who handles it, and the state after it. What no row describes is refused. Handlers never set
 * the state; a refused message changes nothing. A repeated message gets the answer that it got, before anything else is looked
 * at; the side that waits for an answer sends its message again. RFC 2409 s5.4, s5.5; RFC 2408 s5.1.
 */
#include "lib/ike/v1_priv.h"

#include <stdlib.h>
#include <string.h>

#include "lib/ike/v1_frag.h"
#include "lib/ike/vid.h"

#define P(x) V1_BIT(V1_##x)

/* How a message comes and what happens after our answer. */
enum {
	ENC = 1 << 0,   /* it is encrypted */
	SEAL = 1 << 1,  /* the answer is */
	AWAIT = 1 << 2, /* the peer has to answer the answer, and we ask again until it does */
};

struct row {
	unsigned from;
	unsigned how;
	uint32_t need;
	uint32_t may;
	uint32_t many; /* of need and may: those that may be there more than once */
	v1_handler *handler;
	unsigned to;
};

/* clang-format off */
static const struct row mm_rows[] = {
	/* from      how                need                           may                             many                            handler   to */
	/* HDR, SA --> */
	{ IKE_MM_R0, 0,                 P(SA),                         P(VID),                         P(VID),                         v1_mm_r1, IKE_MM_R1 },
	/* <-- HDR, SA */
	{ IKE_MM_I1, AWAIT,             P(SA),                         P(VID) | P(NOTIFY),             P(VID) | P(NOTIFY),             v1_mm_i2, IKE_MM_I2 },
	/* HDR, KE, Ni [, NAT-D, NAT-D] --> */
	{ IKE_MM_R1, 0,                 P(KE) | P(NONCE),              P(VID) | P(NAT_D) | P(CR),      P(VID) | P(NAT_D) | P(CR),      v1_mm_r3, IKE_MM_R2 },
	/* <-- HDR, KE, Nr [, NAT-D, NAT-D] */
	{ IKE_MM_I2, SEAL | AWAIT,      P(KE) | P(NONCE),              P(VID) | P(NAT_D) | P(CR),      P(VID) | P(NAT_D) | P(CR),      v1_mm_i4, IKE_MM_I3 },
	/* HDR*, IDii, HASH_I --> */
	{ IKE_MM_R2, ENC | SEAL,        P(ID) | P(HASH),               P(NOTIFY) | P(VID),             P(NOTIFY) | P(VID),             v1_mm_r5, IKE_UP },
	/* <-- HDR*, IDir, HASH_R */
	{ IKE_MM_I3, ENC,               P(ID) | P(HASH),               P(NOTIFY) | P(VID),             P(NOTIFY) | P(VID),             v1_mm_i6, IKE_UP },
};

static const struct row qm_rows[] = {
	/* HDR*, HASH(1), SA, Ni [, KE ] [, IDci, IDcr ] --> */
	{ V1_QM_R0, ENC | SEAL | AWAIT, P(HASH) | P(SA) | P(NONCE),    P(KE) | P(ID) | P(NOTIFY) | P(NAT_OA), P(ID) | P(NOTIFY) | P(NAT_OA), v1_qm_r1, V1_QM_R1 },
	/* <-- HDR*, HASH(2), SA, Nr [, KE ] [, IDci, IDcr ] */
	{ V1_QM_I1, ENC | SEAL,         P(HASH) | P(SA) | P(NONCE),    P(KE) | P(ID) | P(NOTIFY) | P(NAT_OA), P(ID) | P(NOTIFY) | P(NAT_OA), v1_qm_i2, V1_QM_DONE },
	/* HDR*, HASH(3) --> */
	{ V1_QM_R1, ENC,                P(HASH),                       P(NOTIFY),                      P(NOTIFY),                      v1_qm_r3, V1_QM_DONE },
};
/* clang-format on */

static const struct row *
row_find(const struct row *rows, size_t n, unsigned state)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].from == state)
			return &rows[i];
	return NULL;
}

/* Are the payloads those of the row? In encrypted messages of quick mode the hash comes first (RFC 2409 s5.5). */
static enum ike_reason
row_check(const struct row *row, const struct v1_msg *m, bool is_quick)
{
	if ((m->has & row->need) != row->need)
		return IKE_MISSING;
	if ((m->has & ~(row->need | row->may)) != 0 || (m->repeated & ~row->many) != 0)
		return IKE_UNEXPECTED;
	if (is_quick && m->list[0].type != V1_HASH)
		return IKE_UNEXPECTED;
	return IKE_OK;
}

/* --- what both kinds of exchange use --- */

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

/* --- memory of an exchange --- */

static void
memory_drop(struct v1_memory *m)
{
	free(m->out);
	*m = (struct v1_memory){ .due_ms = UINT64_MAX };
}

/* The last message of an exchange came to us: nothing is sent for it, however often it comes. */
static void
memory_end(struct v1_memory *m, uint64_t now_ms)
{
	free(m->out);
	m->out = NULL;
	m->due_ms = now_ms + IKE_LINGER_MS;
}

static void
fingerprint(const uint8_t *msg, size_t len, uint8_t out[20])
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
v1_send(struct ike *ike, const struct ike_sa *sa, const uint8_t *msg, size_t len)
{
	uint8_t buf[V1_FRAG_ROOM];
	if (len <= V1_FRAG_SIZE || (sa->vids & VID_FRAGMENTATION) == 0) {
		ike->host.send(ike->host.ctx, &sa->path, msg, len);
		return;
	}
	ike->frag_id++;
	size_t n;
	for (uint8_t i = 1; (n = v1_frag_build(buf, msg, len, ike->frag_id, i)) > 0; i++)
		ike->host.send(ike->host.ctx, &sa->path, buf, n);
}

static void
memory_send(struct ike *ike, struct ike_sa *sa, struct v1_memory *m, uint64_t now_ms)
{
	unsigned doublings = m->n_sent < IKE_TRIES ? m->n_sent : IKE_TRIES;
	v1_send(ike, sa, m->out, m->out_len);
	m->n_sent++;
	if (m->is_awaiting)
		m->due_ms = now_ms + ((uint64_t)IKE_RETRANSMIT_MS << doublings);
}

/* The earliest of all that is due for an SA. */
static void
due_update(struct ike *ike, struct ike_sa *sa)
{
	uint64_t due = sa->hand != NULL ? sa->hand->memory.due_ms : UINT64_MAX;
	for (const struct v1_quick *q = sa->quicks; q != NULL; q = q->next)
		if (q->memory.due_ms < due)
			due = q->memory.due_ms;
	table_set_due(&ike->table, sa, due);
}

/* --- making and freeing --- */

static void
hand_free(struct v1_hand *h)
{
	if (h == NULL)
		return;
	memory_drop(&h->memory);
	dh_wipe(&h->dh);
	free(h->sai);
	free(h);
}

static void
quick_free(struct v1_quick *q)
{
	memory_drop(&q->memory);
	if (q->dh != NULL)
		dh_wipe(q->dh);
	free(q->dh);
	secret_wipe(q, sizeof(*q));
	free(q);
}

static void
quick_del(struct ike_sa *sa, struct v1_quick *q)
{
	struct v1_quick **at = &sa->quicks;
	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	sa->n_quicks--;
	quick_free(q);
}

static struct v1_quick *
quick_add(struct ike_sa *sa, uint32_t mid, enum v1_side side)
{
	struct v1_quick *q = calloc(1, sizeof(*q));
	if (q == NULL)
		abort();
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

static struct v1_quick *
quick_find(const struct ike_sa *sa, uint32_t mid)
{
	struct v1_quick *q = sa->quicks;
	while (q != NULL && q->mid != mid)
		q = q->next;
	return q;
}

/* Quick modes that the peer began are remembered as long as the SA: a recorded one must not begin again. */
static bool
mid_is_used(const struct ike_sa *sa, uint32_t mid)
{
	for (unsigned i = 0; i < sa->n_mids; i++)
		if (sa->mids[i] == mid)
			return true;
	return false;
}

static void
mid_note(struct ike_sa *sa, uint32_t mid)
{
	sa->mids = reallocarray(sa->mids, sa->n_mids + 1U, sizeof(*sa->mids));
	if (sa->mids == NULL)
		abort();
	sa->mids[sa->n_mids++] = mid;
}

void
v1_frags_free(struct ike *ike, struct ike_sa *sa)
{
	if (sa->frags == NULL)
		return;
	v1_frags_drop(sa->frags);
	free(sa->frags);
	sa->frags = NULL;
	ike->n_frags--;
}

void
v1_sa_free(struct ike *ike, struct ike_sa *sa)
{
	v1_frags_free(ike, sa);
	free(sa->mids);
	while (sa->quicks != NULL)
		quick_del(sa, sa->quicks);
	hand_free(sa->hand);
	v1_keys_wipe(&sa->keys);
	free(sa);
}

static uint64_t
cookie_make(struct ike *ike)
{
	uint64_t cookie = 0;
	while (cookie == 0)
		ike->host.random(ike->host.ctx, &cookie, sizeof(cookie));
	return cookie;
}

static struct ike_sa *
sa_new(struct ike *ike, const struct ike_path *path, const struct ike_policy *policy,
    enum v1_side side, uint64_t cky_i)
{
	struct ike_sa *sa = calloc(1, sizeof(*sa));
	struct v1_hand *hand = calloc(1, sizeof(*hand));
	if (sa == NULL || hand == NULL)
		abort();
	sa->path = *path;
	sa->policy = policy;
	sa->side = side;
	sa->state = side == V1_INITIATOR ? IKE_MM_I1 : IKE_MM_R0;
	sa->cky_i = side == V1_INITIATOR ? cookie_make(ike) : cky_i;
	sa->cky_r = side == V1_RESPONDER ? cookie_make(ike) : 0;
	sa->due_ms = UINT64_MAX;
	sa->hand = hand;
	hand->memory.due_ms = UINT64_MAX;
	return sa;
}

void
v1_sa_end(struct ike *ike, struct ike_sa *sa, enum ike_reason reason)
{
	table_del(&ike->table, sa);
	ike->host.sa_down(ike->host.ctx, sa, reason);
	v1_sa_free(ike, sa);
}

/* --- sending --- */

static void
out_begin(const struct ike_sa *sa, uint8_t exchange, uint32_t mid, bool is_encrypted, uint8_t *buf,
    struct v1_out *o)
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
static void
out_send(struct v1_turn *t, uint8_t *buf, bool is_encrypted, struct v1_iv *iv,
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
	memory_send(t->ike, t->sa, memory, t->now_ms);
}

struct ike_sa *
ike_start(
    struct ike *ike, uint64_t now_ms, const struct ike_path *path, const struct ike_policy *policy)
{
	struct ike_sa *sa = sa_new(ike, path, policy, V1_INITIATOR, 0);
	uint8_t buf[IKE_OUT_MAX];
	struct v1_turn t = { .ike = ike, .now_ms = now_ms, .sa = sa };
	out_begin(sa, HDR_MAIN, 0, false, buf, &t.out);
	v1_mm_first(sa, &t.out);
	table_add(&ike->table, sa);
	out_send(&t, buf, false, NULL, &sa->hand->memory, true);
	due_update(ike, sa);
	return sa;
}

bool
ike_quick_start(
    struct ike *ike, uint64_t now_ms, struct ike_sa *sa, const struct ike_tunnel *tunnel)
{
	uint32_t mid = 0;
	if (sa->state != IKE_UP || sa->n_quicks >= IKE_QUICK_MAX)
		return false;
	while (mid == 0 || quick_find(sa, mid) != NULL)
		ike->host.random(ike->host.ctx, &mid, sizeof(mid));
	struct v1_quick *q = quick_add(sa, mid, V1_INITIATOR);
	uint8_t buf[IKE_OUT_MAX];
	struct v1_turn t = { .ike = ike, .now_ms = now_ms, .sa = sa, .quick = q };
	q->tunnel = tunnel;
	q->child.tunnel = tunnel;
	out_begin(sa, HDR_QUICK, mid, true, buf, &t.out);
	v1_qm_first(ike, sa, q, &t.out);
	out_send(&t, buf, true, &q->iv, &q->memory, true);
	due_update(ike, sa);
	return true;
}

/* --- receiving --- */

/* Is this the message that was taken last? Then its answer goes out again, at most IKE_TRIES times. */
static bool
was_repeated(struct ike *ike, struct ike_sa *sa, struct v1_memory *m, const uint8_t print[20])
{
	if (memcmp(m->in, print, sizeof(m->in)) != 0)
		return false;
	if (m->out != NULL && m->n_sent < 2 * IKE_TRIES) {
		v1_send(ike, sa, m->out, m->out_len);
		m->n_sent++;
	}
	return true;
}

/* Decrypts if it is due and reads the payloads. IV moves on in the copy that the caller gives. */
enum ike_reason
v1_message_read(const struct ike_sa *sa, const struct hdr *h, struct v1_iv *iv, uint8_t *msg,
    size_t len, struct v1_msg *out)
{
	bool is_encrypted = (h->flags & HDR_ENCRYPTED) != 0;
	if (is_encrypted && !v1_open(&sa->keys, iv, msg, len))
		return IKE_PADDING;
	struct rd r = rd_init(msg + HDR_LEN, len - HDR_LEN);
	return v1_msg_parse(&r, h->next, is_encrypted ? V1_DECRYPTED : V1_IN_CLEAR, out);
}

/* The exchange that a message belongs to. */
struct exchange {
	const struct row *row;
	struct v1_iv *iv;
	struct v1_memory *memory;
};

static void
state_set(struct v1_turn *t, const struct row *row)
{
	if (t->quick != NULL)
		t->quick->state = row->to;
	else
		t->sa->state = row->to;
}

/* Main mode is over: what only it needs goes when nobody can ask for its last answer any more. */
static void
main_done(struct v1_turn *t)
{
	struct v1_hand *h = t->sa->hand;
	dh_wipe(&h->dh);
	table_settle(&t->ike->table, t->sa);
	t->ike->host.sa_up(t->ike->host.ctx, t->sa);
	v1_info_contact(t);
}

/* Takes a message through its row. MSG is the datagram; on refusal nothing has changed. */
static enum ike_reason
row_run(
    struct v1_turn *t, const struct exchange *x, uint8_t *msg, size_t len, const uint8_t print[20])
{
	struct v1_msg m;
	struct v1_iv iv = *x->iv;
	uint8_t buf[IKE_OUT_MAX];
	bool is_encrypted = (t->hdr->flags & HDR_ENCRYPTED) != 0;
	if (is_encrypted != ((x->row->how & ENC) != 0))
		return is_encrypted ? IKE_ENCRYPTED : IKE_CLEAR;
	enum ike_reason reason = v1_message_read(t->sa, t->hdr, &iv, msg, len, &m);
	if (reason == IKE_OK)
		reason = row_check(x->row, &m, t->quick != NULL);
	if (reason != IKE_OK)
		return reason;
	t->m = &m;
	t->chain = msg + HDR_LEN;
	bool seals = (x->row->how & SEAL) != 0;
	if (t->sa->side == V1_INITIATOR && t->sa->cky_r == 0)
		t->sa->cky_r = t->hdr->cky_r;
	out_begin(t->sa, t->hdr->exchange, t->hdr->mid, seals, buf, &t->out);
	reason = x->row->handler(t);
	if (reason != IKE_OK) {
		if (t->sa->state == IKE_MM_I1)
			t->sa->cky_r = 0;
		return reason;
	}
	if (is_encrypted)
		*x->iv = iv;
	/* a NAT may give its peer another port at any time; what is proved and new says where it is (RFC 3947 s6) */
	if (is_encrypted && t->sa->nat.is_remote_behind)
		t->sa->path = *t->path;
	memcpy(x->memory->in, print, sizeof(x->memory->in));
	x->memory->is_awaiting = false;
	state_set(t, x->row);
	if (t->has_answer)
		out_send(t, buf, seals, x->iv, x->memory, (x->row->how & AWAIT) != 0);
	else
		memory_end(x->memory, t->now_ms);
	if (t->quick == NULL && t->sa->state == IKE_UP)
		main_done(t);
	due_update(t->ike, t->sa);
	return IKE_OK;
}

/* A first message: is there a policy, and room? */
static enum ike_reason
main_admit(struct ike *ike, const struct ike_path *path, const struct hdr *h, struct ike_sa **out)
{
	if (h->cky_r != 0)
		return IKE_COOKIE;
	if ((h->flags & HDR_ENCRYPTED) != 0)
		return IKE_ENCRYPTED;
	const struct ike_policy *policy = ike->host.policy(ike->host.ctx, path);
	if (policy == NULL)
		return IKE_NO_POLICY;
	if (ike->table.n_half_open >= IKE_HALF_OPEN_MAX)
		v1_sa_end(ike, ike->table.oldest, IKE_HALF_OPEN);
	*out = sa_new(ike, path, policy, V1_RESPONDER, h->cky_i);
	table_add(&ike->table, *out);
	return IKE_OK;
}

enum ike_reason
v1_main_input(struct v1_turn *t, uint8_t *msg, size_t len)
{
	uint8_t print[20];
	bool is_new = false;
	if (t->hdr->mid != 0)
		return IKE_MESSAGE_ID;
	fingerprint(msg, len, print);
	t->sa = t->hdr->cky_r == 0 ? table_find_peer(&t->ike->table, t->hdr->cky_i, t->path)
				   : table_find(&t->ike->table, t->hdr->cky_i, t->hdr->cky_r);
	if (t->sa == NULL) {
		enum ike_reason reason = main_admit(t->ike, t->path, t->hdr, &t->sa);
		if (reason != IKE_OK)
			return reason;
		is_new = true;
	}
	struct v1_hand *h = t->sa->hand;
	if (h == NULL)
		return IKE_STATE;
	if (was_repeated(t->ike, t->sa, &h->memory, print))
		return IKE_REPEATED;
	const struct row *row =
	    row_find(mm_rows, sizeof(mm_rows) / sizeof(mm_rows[0]), t->sa->state);
	if (row == NULL)
		return IKE_STATE;
	const struct exchange x = { .row = row, .iv = &t->sa->iv, .memory = &h->memory };
	enum ike_reason reason = row_run(t, &x, msg, len, print);
	if (reason == IKE_NO_PROPOSAL && is_new)
		v1_info_refuse_clear(t->ike, t->path, t->hdr, reason);
	if (reason != IKE_OK && is_new) {
		table_del(&t->ike->table, t->sa);
		v1_sa_free(t->ike, t->sa);
		t->sa = NULL;
	}
	return reason;
}

/* A quick mode that the peer proved to be its own and that does not fit is answered once; a repeated one is no news. */
static void
quick_refuse(struct v1_turn *t, enum ike_reason reason)
{
	if (reason == IKE_NO_PROPOSAL || reason == IKE_SELECTORS) {
		mid_note(t->sa, t->hdr->mid);
		v1_info_refuse(t->ike, t->sa, reason);
	}
	quick_del(t->sa, t->quick);
}

enum ike_reason
v1_quick_input(struct v1_turn *t, uint8_t *msg, size_t len)
{
	uint8_t print[20];
	if (t->hdr->mid == 0)
		return IKE_MESSAGE_ID;
	t->sa = table_find(&t->ike->table, t->hdr->cky_i, t->hdr->cky_r);
	if (t->sa == NULL)
		return IKE_COOKIE;
	if (t->sa->state != IKE_UP)
		return IKE_STATE;
	fingerprint(msg, len, print);
	t->quick = quick_find(t->sa, t->hdr->mid);
	bool is_new = t->quick == NULL;
	if (is_new && mid_is_used(t->sa, t->hdr->mid))
		return IKE_REPEATED;
	if (is_new && (t->sa->n_quicks >= IKE_QUICK_MAX || t->sa->n_mids >= IKE_MIDS_MAX))
		return IKE_LIMIT;
	if (is_new)
		t->quick = quick_add(t->sa, t->hdr->mid, V1_RESPONDER);
	else if (was_repeated(t->ike, t->sa, &t->quick->memory, print))
		return IKE_REPEATED;
	const struct row *row =
	    row_find(qm_rows, sizeof(qm_rows) / sizeof(qm_rows[0]), t->quick->state);
	if (row == NULL)
		return IKE_STATE;
	const struct exchange x = { .row = row, .iv = &t->quick->iv, .memory = &t->quick->memory };
	enum ike_reason reason = row_run(t, &x, msg, len, print);
	if (reason == IKE_OK && is_new)
		mid_note(t->sa, t->hdr->mid);
	else if (is_new)
		quick_refuse(t, reason);
	return reason;
}

/* --- the passing of time --- */

/* Does what is due for a quick mode, which may end it. */
static void
quick_tick(struct ike *ike, struct ike_sa *sa, struct v1_quick *q, uint64_t now_ms)
{
	if (q->memory.due_ms > now_ms)
		return;
	if (q->memory.is_awaiting && q->memory.n_sent < IKE_TRIES) {
		memory_send(ike, sa, &q->memory, now_ms);
		return;
	}
	if (q->memory.is_awaiting)
		ike->host.child(ike->host.ctx, sa, IKE_CHILD_FAILED, &q->child);
	quick_del(sa, q);
}

/* Does what is due for main mode; false if the SA is gone. */
static bool
main_tick(struct ike *ike, struct ike_sa *sa, uint64_t now_ms)
{
	struct v1_hand *h = sa->hand;
	if (h == NULL || h->memory.due_ms > now_ms)
		return true;
	if (h->memory.is_awaiting && h->memory.n_sent < IKE_TRIES) {
		memory_send(ike, sa, &h->memory, now_ms);
		return true;
	}
	if (sa->state != IKE_UP) {
		v1_sa_end(ike, sa, IKE_TIMEOUT);
		return false;
	}
	hand_free(h);
	sa->hand = NULL;
	return true;
}

void
ike_tick(struct ike *ike, uint64_t now_ms)
{
	for (struct ike_sa *sa = table_first_due(&ike->table); sa != NULL && sa->due_ms <= now_ms;
	     sa = table_first_due(&ike->table)) {
		if (!main_tick(ike, sa, now_ms))
			continue;
		struct v1_quick *next;
		for (struct v1_quick *q = sa->quicks; q != NULL; q = next) {
			next = q->next;
			quick_tick(ike, sa, q, now_ms);
		}
		due_update(ike, sa);
	}
}
