/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_step.c - the engine of IKEv1: which message is due, and what is done when it comes.
 *
 * Every message that can be taken is a row of a table, with the RFC's arrow beside it: in which state, encrypted or not, which
 * payloads it must and may have, who takes it, who writes the answer, and the state after it. What no row describes is refused.
 * Handlers never set the state; a refused message changes nothing that matters. A repeated message gets the answer that it got,
 * before anything else is looked at; the side that waits for an answer sends its message again.
 *
 * A step of phase 1 may need the host: to judge the signature in the message, then to make ours for the answer. Then the step
 * is kept in the hand and stands still; ike_proved() and ike_signed() go on where it stood. Meanwhile nothing else is taken.
 * RFC 2409 s5.1, s5.4, s5.5; RFC 2408 s5.1.
 */
#include "lib/ike/v1_priv.h"

#include <string.h>

#define P(x) V1_BIT(V1_##x)
#define PROOF \
	(P(HASH) | P(SIG) | P(CERT)) /* which of them depends on the method: v1_proof_take() */

/* How a message comes and what happens after our answer. */
enum {
	ENC = 1 << 0,   /* it is encrypted */
	CLEAR = 1 << 1, /* it is not; with ENC too: as the peer likes */
	SEAL = 1 << 2,  /* the answer is encrypted */
	AWAIT = 1 << 3, /* the peer has to answer the answer, and we ask again until it does */
	SIGN = 1 << 4,  /* the answer has our proof */
};

struct v1_row {
	unsigned from;
	unsigned how;
	uint32_t need;
	uint32_t may;
	uint32_t many; /* of need and may: those that may be there more than once */
	v1_handler *take;
	v1_writer *put; /* NULL: no answer, or `take` writes it */
	unsigned to;
};

/* clang-format off */
static const struct v1_row p1_rows[] = {
	/* from      how                   need                                  may                                   many                                         take         put         to */

	/* HDR, SA --> */
	{ IKE_MM_R0, CLEAR,                P(SA),                                P(VID),                               P(VID),                                      v1_mm_take1, v1_mm_put2, IKE_MM_R1 },
	/* <-- HDR, SA */
	{ IKE_MM_I1, CLEAR | AWAIT,        P(SA),                                P(VID) | P(NOTIFY) | P(CR),           P(VID) | P(NOTIFY) | P(CR),                  v1_mm_take2, v1_mm_put3, IKE_MM_I2 },
	/* HDR, KE, Ni [, CERTREQ] [, NAT-D, NAT-D] --> */
	{ IKE_MM_R1, CLEAR,                P(KE) | P(NONCE),                     P(VID) | P(NAT_D) | P(CR),            P(VID) | P(NAT_D) | P(CR),                   v1_mm_take3, v1_mm_put4, IKE_MM_R2 },
	/* <-- HDR, KE, Nr [, CERTREQ] [, NAT-D, NAT-D] */
	{ IKE_MM_I2, CLEAR | SEAL | AWAIT | SIGN, P(KE) | P(NONCE),              P(VID) | P(NAT_D) | P(CR),            P(VID) | P(NAT_D) | P(CR),                   v1_mm_take4, v1_mm_put5, IKE_MM_I3 },
	/* HDR*, IDii, HASH_I | [CERT, ] SIG_I --> */
	{ IKE_MM_R2, ENC | SEAL | SIGN,    P(ID),                                PROOF | P(NOTIFY) | P(VID) | P(CR),   P(CERT) | P(NOTIFY) | P(VID) | P(CR),        v1_mm_take5, v1_mm_put6, IKE_UP },
	/* <-- HDR*, IDir, HASH_R | [CERT, ] SIG_R */
	{ IKE_MM_I3, ENC,                  P(ID),                                PROOF | P(NOTIFY) | P(VID) | P(CR),   P(CERT) | P(NOTIFY) | P(VID) | P(CR),        v1_mm_take6, NULL,       IKE_UP },

	/* HDR, SA, KE, Ni, IDii --> */
	{ IKE_AM_R0, CLEAR | SIGN,         P(SA) | P(KE) | P(NONCE) | P(ID),     P(VID) | P(CR) | P(NOTIFY),           P(VID) | P(CR) | P(NOTIFY),                  v1_am_take1, v1_am_put2, IKE_AM_R1 },
	/* <-- HDR, SA, KE, Nr, IDir, HASH_R | [CERT, ] SIG_R [, NAT-D, NAT-D] */
	{ IKE_AM_I1, CLEAR | SEAL | SIGN,  P(SA) | P(KE) | P(NONCE) | P(ID),     PROOF | P(VID) | P(CR) | P(NOTIFY) | P(NAT_D), P(CERT) | P(VID) | P(CR) | P(NOTIFY) | P(NAT_D), v1_am_take2, v1_am_put3, IKE_UP },
	/* HDR*, HASH_I | [CERT, ] SIG_I [, NAT-D, NAT-D] --> */
	{ IKE_AM_R1, ENC | CLEAR,          0,                                    PROOF | P(VID) | P(NOTIFY) | P(NAT_D), P(CERT) | P(VID) | P(NOTIFY) | P(NAT_D),    v1_am_take3, NULL,       IKE_UP },
};

static const struct v1_row qm_rows[] = {
	/* HDR*, HASH(1), SA, Ni [, KE ] [, IDci, IDcr ] --> */
	{ V1_QM_R0,  ENC | SEAL | AWAIT,   P(HASH) | P(SA) | P(NONCE),           P(KE) | P(ID) | P(NOTIFY) | P(NAT_OA), P(ID) | P(NOTIFY) | P(NAT_OA),              v1_qm_r1,    NULL,       V1_QM_R1 },
	/* <-- HDR*, HASH(2), SA, Nr [, KE ] [, IDci, IDcr ] */
	{ V1_QM_I1,  ENC | SEAL,           P(HASH) | P(SA) | P(NONCE),           P(KE) | P(ID) | P(NOTIFY) | P(NAT_OA), P(ID) | P(NOTIFY) | P(NAT_OA),              v1_qm_i2,    NULL,       V1_QM_I3 },
	/* HDR*, HASH(3) --> */
	{ V1_QM_R1,  ENC,                  P(HASH),                              P(NOTIFY),                            P(NOTIFY),                                   v1_qm_r3,    NULL,       V1_QM_DONE },
	/* <-- HDR*, HASH(4), N(CONNECTED), from a responder that set the commit bit (RFC 2408 s3.1) */
	{ V1_QM_I3,  ENC,                  P(HASH) | P(NOTIFY),                  0,                                    P(NOTIFY),                                   v1_qm_i4,    NULL,       V1_QM_DONE },
};
/* clang-format on */

static const struct v1_row *
row_find(const struct v1_row *rows, size_t n, unsigned state)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].from == state)
			return &rows[i];
	return NULL;
}

/* Are the payloads those of the row? In encrypted messages of quick mode the hash comes first (RFC 2409 s5.5). */
static enum ike_reason
row_check(const struct v1_row *row, const struct v1_msg *m, bool is_quick)
{
	if ((m->has & row->need) != row->need)
		return IKE_MISSING;
	if ((m->has & ~(row->need | row->may)) != 0 || (m->repeated & ~row->many) != 0)
		return IKE_UNEXPECTED;
	if (is_quick && m->list[0].type != V1_HASH)
		return IKE_UNEXPECTED;
	return IKE_OK;
}

/* --- beginning --- */

struct ike_sa *
ike_start(struct ike *ike, uint64_t now_ms, const struct ike_path *path, struct ike_policy *policy)
{
	struct ike_sa *sa = v1_sa_new(ike, now_ms, path, policy, V1_INITIATOR, 0);
	uint8_t buf[IKE_OUT_MAX];
	struct v1_turn t = { .ike = ike, .now_ms = now_ms, .sa = sa };
	v1_out_begin(sa, sa->is_aggressive ? HDR_AGGRESSIVE : HDR_MAIN, 0, false, buf, &t.out);
	if (sa->is_aggressive)
		v1_am_put1(&t);
	else
		v1_mm_put1(&t);
	table_add(&ike->table, sa);
	v1_out_send(&t, buf, false, NULL, &sa->hand->memory, true);
	v1_due_update(ike, sa);
	return sa;
}

/* Those that are over are only kept for repeated messages; they are small, and do not count. */
static unsigned
quicks_running(const struct ike_sa *sa)
{
	unsigned n = 0;
	for (const struct v1_quick *q = sa->quicks; q != NULL; q = q->next)
		n += q->work != NULL;
	return n;
}

bool
ike_quick_start(struct ike *ike, uint64_t now_ms, struct ike_sa *sa, struct ike_tunnel *tunnel)
{
	uint32_t mid = 0;
	if (sa->state != IKE_UP || quicks_running(sa) >= IKE_QUICK_MAX)
		return false;
	while (mid == 0 || v1_quick_find(sa, mid) != NULL)
		ike->host.random(ike->host.ctx, &mid, sizeof(mid));
	struct v1_quick *q = v1_quick_add(sa, mid, V1_INITIATOR);
	uint8_t buf[IKE_OUT_MAX];
	struct v1_turn t = { .ike = ike, .now_ms = now_ms, .sa = sa, .quick = q };
	q->tunnel = ike_tunnel_ref(tunnel);
	q->work->child.tunnel = tunnel;
	sa->stats.n_phase2++;
	v1_out_begin(sa, HDR_QUICK, mid, true, buf, &t.out);
	v1_qm_first(ike, sa, q, &t.out);
	v1_out_send(&t, buf, true, &q->iv, &q->memory, true);
	v1_due_update(ike, sa);
	return true;
}

/* --- a message --- */

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

/* Messages of phase 1 that decrypt to nonsense are what a wrong pre-shared key looks like. */
static enum ike_reason
nonsense(struct v1_turn *t, enum ike_reason reason)
{
	if (t->sa->chosen.method != METHOD_PSK)
		return reason;
	text_printf(t->why,
	    "what was decrypted makes no sense (%s): do the pre-shared keys differ?",
	    reason_info(reason)->sentence);
	return IKE_AUTH;
}

/* Decrypts and reads a message and looks whether it is that of the row. */
static enum ike_reason
row_read(struct v1_turn *t, const struct v1_row *row, struct v1_iv *iv, uint8_t *msg, size_t len,
    struct v1_msg *m)
{
	bool is_encrypted = (t->hdr->flags & HDR_ENCRYPTED) != 0;
	if ((row->how & (is_encrypted ? ENC : CLEAR)) == 0)
		return is_encrypted ? IKE_ENCRYPTED : IKE_CLEAR;
	enum ike_reason reason = v1_message_read(t->sa, t->hdr, iv, msg, len, m);
	if (reason == IKE_OK)
		reason = row_check(row, m, t->quick != NULL);
	if (reason != IKE_OK)
		return is_encrypted && t->quick == NULL ? nonsense(t, reason) : reason;
	t->m = m;
	t->chain = msg + HDR_LEN;
	return IKE_OK;
}

/* --- phase 1 --- */

/* The peer is proved: what only phase 1 needs goes, but its last answer, which may be asked for again. */
static void
phase1_done(struct v1_turn *t)
{
	struct ike_sa *sa = t->sa;
	struct v1_hand *h = sa->hand;
	const struct ike_word contact = { .notify = V1_N_INITIAL_CONTACT };
	const struct v1_payload body = { .type = V1_ID, .p = h->peer_id, .n = h->peer_id_len };
	uint32_t life = v1_lifetime_agree(sa->chosen.lifetime_s, h->peer_life_s);
	sa->chosen.lifetime_s = life;
	sa->expires_ms = t->now_ms + life * 1000ULL;
	uint8_t *octets = NULL;
	if (id_parse(&body, &sa->peer_id) == IKE_OK) {
		octets = v1_new(sa->peer_id.n);
		memcpy(octets, sa->peer_id.p, sa->peer_id.n);
	}
	sa->peer_id.p = octets;
	bool has_contact = h->has_contact;
	v1_hand_clean(h);
	secret_wipe(sa->keys.skeyid, sizeof(sa->keys.skeyid));
	secret_wipe(sa->keys.skeyid_e, sizeof(sa->keys.skeyid_e));
	v1_why_drop(sa);
	table_settle(&t->ike->table, sa);
	t->ike->host.sa_up(t->ike->host.ctx, sa);
	if (has_contact)
		t->ike->host.word(t->ike->host.ctx, sa, &contact);
}

/* Ends a step: nothing can refuse it any more. */
static void
step_finish(struct v1_turn *t)
{
	struct v1_hand *h = t->sa->hand;
	const struct v1_step step = h->step;
	const struct v1_row *row = step.row;
	uint8_t buf[IKE_OUT_MAX];
	h->step = (struct v1_step){ 0 };
	if (step.is_encrypted)
		t->sa->iv = step.iv;
	memcpy(h->memory.in, step.print, sizeof(h->memory.in));
	h->memory.is_awaiting = false;
	if (row->put != NULL) {
		bool seals = (row->how & SEAL) != 0;
		v1_out_begin(t->sa, t->sa->is_aggressive ? HDR_AGGRESSIVE : HDR_MAIN, 0, seals, buf,
		    &t->out);
		row->put(t);
		t->sa->state = row->to;
		v1_out_send(t, buf, seals, &t->sa->iv, &h->memory, (row->how & AWAIT) != 0);
	} else {
		t->sa->state = row->to;
		v1_memory_end(&h->memory, t->now_ms);
	}
	if (t->sa->state == IKE_UP)
		phase1_done(t);
	v1_due_update(t->ike, t->sa);
}

/* The step waits for the host. The peer has sent all that it had to, so nothing is sent again meanwhile. */
static void
step_wait(struct v1_turn *t)
{
	struct v1_memory *memory = &t->sa->hand->memory;
	memory->is_awaiting = false;
	memory->due_ms = t->now_ms + IKE_ASK_MS;
	v1_due_update(t->ike, t->sa);
}

/* Goes on with a step whose message is taken. */
static void
step_go_on(struct v1_turn *t)
{
	struct v1_step *step = &t->sa->hand->step;
	if (step->asked == V1_ASK_NOTHING && (step->row->how & SIGN) != 0)
		v1_signature_ask(t);
	if (step->asked != V1_ASK_NOTHING)
		step_wait(t);
	else
		step_finish(t);
}

/* Takes a message of phase 1 through its row. */
static enum ike_reason
step_run(
    struct v1_turn *t, const struct v1_row *row, uint8_t *msg, size_t len, const uint8_t *print)
{
	struct v1_msg m;
	struct v1_step *step = &t->sa->hand->step;
	struct v1_iv iv = t->sa->iv;
	enum ike_reason reason = row_read(t, row, &iv, msg, len, &m);
	if (reason != IKE_OK)
		return reason;
	bool is_answer_to_first = t->sa->cky_r == 0;
	if (is_answer_to_first)
		t->sa->cky_r = t->hdr->cky_r;
	step->asked = V1_ASK_NOTHING;
	reason = row->take(t);
	if (reason != IKE_OK) {
		if ((t->hdr->flags & HDR_ENCRYPTED) != 0)
			v1_info_complain(t->ike, t->sa, reason, &iv);
		if (is_answer_to_first)
			t->sa->cky_r = 0;
		return reason;
	}
	step->row = row;
	step->is_encrypted = (t->hdr->flags & HDR_ENCRYPTED) != 0;
	step->iv = iv;
	step->path = *t->path;
	memcpy(step->print, print, sizeof(step->print));
	step_go_on(t);
	return IKE_OK;
}

/* The SA that asked the host this; NULL if it is gone or has its answer. */
static struct ike_sa *
asker_find(struct ike *ike, struct ike_ticket ticket, enum v1_ask asked)
{
	struct ike_sa *sa = table_find_own(&ike->table, ticket.cookie);
	if (sa == NULL || sa->hand == NULL || sa->hand->step.row == NULL ||
	    sa->hand->step.asked != asked || sa->hand->n_asked != ticket.serial)
		return NULL;
	return sa;
}

/* The host refused. */
static void
step_refuse(struct ike *ike, struct ike_sa *sa, enum ike_reason reason, const char *why)
{
	ike->host.refused(ike->host.ctx, &sa->path, sa, reason, why != NULL ? why : "");
	v1_why_keep(sa, reason, why);
}

/* The message with the wrong proof was never there: a changed one must not end what the real one can bring up. */
static void
step_undo(struct ike *ike, struct ike_sa *sa, uint64_t now_ms)
{
	struct v1_hand *h = sa->hand;
	h->step = (struct v1_step){ 0 };
	h->memory.is_awaiting = sa->side == V1_INITIATOR;
	h->memory.due_ms =
	    now_ms + (unsigned)(h->memory.is_awaiting ? IKE_RETRANSMIT_MS : IKE_LINGER_MS);
	if (sa->state == IKE_AM_I1)
		sa->cky_r = 0;
	v1_due_update(ike, sa);
}

void
ike_proved(struct ike *ike, uint64_t now_ms, struct ike_ticket ticket, enum ike_reason reason,
    const char *why)
{
	struct ike_sa *sa = asker_find(ike, ticket, V1_ASK_PROOF);
	if (sa == NULL)
		return;
	if (reason != IKE_OK) {
		step_refuse(ike, sa, reason, why);
		if (sa->hand->step.is_encrypted)
			v1_info_complain(ike, sa, reason, &sa->hand->step.iv);
		if (++sa->hand->n_wrong < V1_WRONG_MAX)
			step_undo(ike, sa, now_ms);
		else
			v1_sa_end(ike, sa, reason);
		return;
	}
	const struct ike_path path = sa->hand->step.path;
	struct v1_turn t = { .ike = ike, .now_ms = now_ms, .path = &path, .sa = sa };
	sa->hand->step.asked = V1_ASK_NOTHING;
	step_go_on(&t);
}

void
ike_signed(struct ike *ike, uint64_t now_ms, struct ike_ticket ticket, struct part signature,
    const struct part *certs, size_t n_certs, const char *why)
{
	struct ike_sa *sa = asker_find(ike, ticket, V1_ASK_SIGNATURE);
	size_t total = signature.n;
	for (size_t i = 0; i < n_certs; i++)
		total += certs[i].n + V1_GENERIC_LEN + 1;
	if (sa == NULL)
		return;
	if (signature.n == 0 || n_certs > IKE_CERTS_MAX || total > IKE_CHAIN_MAX) {
		step_refuse(ike, sa, IKE_NO_SIGNATURE,
		    signature.n == 0 ? why : "our certificates are more than fits a message");
		v1_sa_end(ike, sa, IKE_NO_SIGNATURE);
		return;
	}
	const struct ike_path path = sa->hand->step.path;
	struct v1_turn t = { .ike = ike,
		.now_ms = now_ms,
		.path = &path,
		.sa = sa,
		.signature = signature,
		.certs = certs,
		.n_certs = n_certs };
	sa->hand->step.asked = V1_ASK_NOTHING;
	step_finish(&t);
}

/* Who does the peer say it is, in message 1 of aggressive mode? */
static enum ike_reason
claimed_id(const struct hdr *h, uint8_t *msg, size_t len, struct id *out)
{
	struct v1_msg m;
	struct rd r = rd_init(msg + HDR_LEN, len - HDR_LEN);
	enum ike_reason reason = v1_msg_parse(&r, h->next, V1_IN_CLEAR, &m);
	const struct v1_payload *p = reason == IKE_OK ? v1_msg_find(&m, V1_ID, 0) : NULL;
	if (reason != IKE_OK)
		return reason;
	return p != NULL ? id_parse(p, out) : IKE_MISSING;
}

/* There is no room for it; NULL: there is. */
static void
victim_end(struct ike *ike, struct ike_sa *victim)
{
	if (victim != NULL)
		v1_sa_end(ike, victim, IKE_HALF_OPEN);
}

/* A first message: is there a policy, and room? */
static enum ike_reason
phase1_admit(struct v1_turn *t, uint8_t *msg, size_t len)
{
	struct ike *ike = t->ike;
	const struct hdr *h = t->hdr;
	bool is_aggressive = h->exchange == HDR_AGGRESSIVE;
	struct id id;
	/* with our own first message, sent back to us, we would become our own peer */
	if (h->cky_r != 0 || table_find_own(&ike->table, h->cky_i) != NULL)
		return IKE_COOKIE;
	if ((h->flags & HDR_ENCRYPTED) != 0)
		return IKE_ENCRYPTED;
	enum ike_reason reason = is_aggressive ? claimed_id(h, msg, len, &id) : IKE_OK;
	if (reason != IKE_OK)
		return reason;
	struct addr known_as = t->path->remote.addr;
	struct ike_policy *policy =
	    ike->host.policy(ike->host.ctx, t->path, is_aggressive ? &id : NULL, &known_as);
	if (policy == NULL)
		return IKE_NO_POLICY;
	if (policy->is_aggressive != is_aggressive) {
		text_printf(t->why, "mode differs: peer %s, allowed %s",
		    is_aggressive ? "aggressive" : "main",
		    policy->is_aggressive ? "aggressive" : "main");
		return IKE_MODE;
	}
	struct ike_sa *victim = table_crowd(&ike->table, t->path, policy);
	if (victim != NULL && addr_eq(victim->path.remote.addr, t->path->remote.addr) &&
	    t->now_ms - victim->begun_ms < IKE_HOLD_MS)
		return IKE_HALF_OPEN;
	victim_end(ike, victim);
	t->sa = v1_sa_new(ike, t->now_ms, t->path, policy, V1_RESPONDER, h->cky_i);
	t->sa->known_as = known_as;
	table_add(&ike->table, t->sa);
	return IKE_OK;
}

/* Takes a message of phase 1 for an SA that is there. */
static enum ike_reason
phase1_take(struct v1_turn *t, uint8_t *msg, size_t len, const uint8_t print[20])
{
	struct v1_hand *h = t->sa->hand;
	if ((t->hdr->exchange == HDR_AGGRESSIVE) != t->sa->is_aggressive)
		return IKE_EXCHANGE;
	if (h == NULL)
		return IKE_STATE;
	if (v1_was_repeated(t->ike, t->sa, &h->memory, print))
		return IKE_REPEATED;
	if (h->step.row != NULL)
		return memcmp(h->step.print, print, sizeof(h->step.print)) == 0 ? IKE_REPEATED
										: IKE_STATE;
	const struct v1_row *row =
	    row_find(p1_rows, sizeof(p1_rows) / sizeof(p1_rows[0]), t->sa->state);
	return row != NULL ? step_run(t, row, msg, len, print) : IKE_STATE;
}

/* The policy was chosen for these two addresses, and what is proved counts for them: only ports may change until it is. */
static bool
is_between(const struct ike_sa *sa, const struct ike_path *path)
{
	return addr_eq(sa->path.remote.addr, path->remote.addr) &&
	       addr_eq(sa->path.local.addr, path->local.addr);
}

enum ike_reason
v1_phase1_input(struct v1_turn *t, uint8_t *msg, size_t len)
{
	uint8_t print[20];
	bool is_new = false;
	enum ike_reason reason = IKE_OK;
	if (t->hdr->mid != 0)
		return IKE_MESSAGE_ID;
	v1_print(msg, len, print);
	t->sa = t->hdr->cky_r == 0 ? table_find_peer(&t->ike->table, t->hdr->cky_i, t->path)
				   : table_find(&t->ike->table, t->hdr->cky_i, t->hdr->cky_r);
	if (t->sa != NULL && !is_between(t->sa, t->path))
		t->sa = NULL;
	if (t->sa == NULL) {
		reason = phase1_admit(t, msg, len);
		is_new = true;
	}
	if (reason == IKE_OK)
		reason = phase1_take(t, msg, len, print);
	if (reason == IKE_OK && t->sa->state == IKE_MM_R2 && !t->sa->is_returned)
		victim_end(t->ike, table_return(&t->ike->table, t->sa));
	if (!is_new || reason == IKE_OK)
		return reason;
	if (reason == IKE_NO_PROPOSAL || reason == IKE_MODE)
		v1_info_refuse_clear(t->ike, t->path, t->hdr, reason);
	if (t->sa != NULL) {
		table_del(&t->ike->table, t->sa);
		v1_sa_free(t->ike, t->sa);
		t->sa = NULL;
	}
	return reason;
}

/* --- quick mode --- */

/* Takes a message of quick mode through its row; on refusal nothing has changed. */
static enum ike_reason
quick_run(
    struct v1_turn *t, const struct v1_row *row, uint8_t *msg, size_t len, const uint8_t *print)
{
	struct v1_msg m;
	struct v1_quick *q = t->quick;
	struct v1_iv iv = q->iv;
	uint8_t buf[IKE_OUT_MAX];
	enum ike_reason reason = row_read(t, row, &iv, msg, len, &m);
	if (reason != IKE_OK)
		return reason;
	v1_out_begin(t->sa, HDR_QUICK, q->mid, true, buf, &t->out);
	reason = row->take(t);
	if (reason != IKE_OK)
		return reason;
	q->iv = iv;
	q->state = row->to;
	memcpy(q->memory.in, print, sizeof(q->memory.in));
	q->memory.is_awaiting = false;
	v1_path_follow(t);
	if (t->has_answer)
		v1_out_send(t, buf, true, &q->iv, &q->memory, (row->how & AWAIT) != 0);
	else
		v1_memory_end(&q->memory, t->now_ms);
	if (q->state == V1_QM_I3 || q->state == V1_QM_DONE)
		v1_quick_finish(q);
	v1_due_update(t->ike, t->sa);
	return IKE_OK;
}

/* A quick mode that the peer proved to be its own and that does not fit is answered once; a repeated one is no news. */
static void
quick_refuse(struct v1_turn *t, enum ike_reason reason)
{
	if (reason == IKE_NO_PROPOSAL || reason == IKE_SELECTORS) {
		v1_mid_note(&t->sa->begun, t->hdr->mid);
		v1_info_refuse(t->ike, t->sa, reason);
	}
	v1_quick_del(t->sa, t->quick);
}

/* The peer thinks that the SA is up and we wait for its last message of aggressive mode: ours, sent again, brings it back. */
static enum ike_reason
early_input(struct v1_turn *t)
{
	struct v1_hand *h = t->sa->hand;
	if (t->sa->state == IKE_AM_R1 && h->step.row == NULL && h->memory.n_sent < IKE_TRIES)
		v1_memory_send(t->ike, t->sa, &h->memory, t->now_ms);
	return IKE_STATE;
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
		return early_input(t);
	v1_print(msg, len, print);
	t->quick = v1_quick_find(t->sa, t->hdr->mid);
	bool is_new = t->quick == NULL;
	if (is_new && v1_mid_is_used(&t->sa->begun, t->hdr->mid))
		return IKE_REPEATED;
	if (is_new && quicks_running(t->sa) >= IKE_QUICK_MAX)
		return IKE_LIMIT;
	if (is_new)
		t->quick = v1_quick_add(t->sa, t->hdr->mid, V1_RESPONDER);
	else if (v1_was_repeated(t->ike, t->sa, &t->quick->memory, print))
		return IKE_REPEATED;
	const struct v1_row *row =
	    row_find(qm_rows, sizeof(qm_rows) / sizeof(qm_rows[0]), t->quick->state);
	if (row == NULL)
		return IKE_STATE;
	enum ike_reason reason = quick_run(t, row, msg, len, print);
	if (reason == IKE_OK && is_new) {
		t->sa->stats.n_phase2++;
		v1_mid_note(&t->sa->begun, t->hdr->mid);
	} else if (is_new) {
		quick_refuse(t, reason);
	}
	return reason;
}
