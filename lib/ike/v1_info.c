/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_info.c - informational exchanges: notify, delete, dead peer detection.
 *
 * HDR*, HASH(1), N/D is taken on an SA that is up, and only if the hash proves it. What comes in clear changes nothing: it is
 * refused with a text that says what the sender claims. Nothing is answered but R-U-THERE. The deletes of IPsec SAs, errors
 * and INITIAL-CONTACT are the host's to act on. RFC 2409 s5.7; RFC 2408 s3.14, s3.15; RFC 2407 s4.6.3; RFC 3706.
 */
#include "lib/ike/v1_priv.h"

#include <string.h>

/* --- sending --- */

struct info {
	struct v1_out out;
	uint8_t buf[IKE_OUT_MAX];
	uint32_t mid;
	struct v1_iv last; /* of phase 1 */
	size_t at;
};

static void
info_begin(struct ike *ike, const struct ike_sa *sa, struct info *i)
{
	i->mid = 0;
	i->last = sa->iv;
	while (i->mid == 0)
		ike->host.random(ike->host.ctx, &i->mid, sizeof(i->mid));
	const struct hdr h = {
		.cky_i = sa->cky_i,
		.cky_r = sa->cky_r,
		.version = HDR_V1,
		.exchange = HDR_INFO,
		.flags = HDR_ENCRYPTED,
		.mid = i->mid,
	};
	v1_out_start(&i->out, i->buf, sizeof(i->buf), &h);
	i->at = v1_hash_open(sa, &i->out);
}

static void
info_send(struct ike *ike, struct ike_sa *sa, struct info *i)
{
	struct v1_iv iv = v1_iv_phase2(&sa->keys, &i->last, i->mid);
	v1_hash_close(sa, i->mid, (struct part){ 0 }, &i->out, i->at);
	size_t len = v1_out_end(&i->out);
	if (len > 0)
		len = v1_seal(&sa->keys, &iv, i->buf, len, sizeof(i->buf));
	if (len > 0)
		v1_send(ike, sa, i->buf, len);
}

/* Returns the message ID. */
static uint32_t
notify_send(struct ike *ike, struct ike_sa *sa, const struct v1_notify *n)
{
	struct info i;
	info_begin(ike, sa, &i);
	v1_notify_build(&i.out, n);
	sa->stats.out_bad_spis += n->type == V1_N_INVALID_SPI;
	info_send(ike, sa, &i);
	return i.mid;
}

void
ike_notify(struct ike *ike, struct ike_sa *sa, const struct v1_notify *n)
{
	if (sa->state == IKE_UP)
		(void)notify_send(ike, sa, n);
}

static void
probe_send(struct ike *ike, struct ike_sa *sa, uint16_t type, uint32_t sequence)
{
	struct info i;
	info_begin(ike, sa, &i);
	v1_dpd_build(&i.out, type, sa->cky_i, sa->cky_r, sequence);
	info_send(ike, sa, &i);
}

/* The first number is random, and so far from the end that it is not reached (RFC 3706 s6.2). */
void
ike_probe(struct ike *ike, struct ike_sa *sa)
{
	if (sa->state != IKE_UP)
		return;
	if (sa->probe_out == 0) {
		ike->host.random(ike->host.ctx, &sa->probe_out, sizeof(sa->probe_out));
		sa->probe_out = (sa->probe_out & 0x3fffffff) | 1;
		sa->probe_base = sa->probe_acked = sa->probe_out;
	}
	sa->probe_out++;
	sa->stats.out_probes++;
	probe_send(ike, sa, V1_N_R_U_THERE, sa->probe_out);
}

void
ike_bad_spi(struct ike *ike, struct ike_sa *sa, enum v1_protocol protocol, uint32_t spi)
{
	uint8_t b[V1_SPI_LEN];
	struct wr w = wr_init(b, sizeof(b));
	wr_u32(&w, spi);
	const struct v1_notify n = {
		.doi = V1_DOI_IPSEC,
		.protocol = (uint8_t)protocol,
		.type = V1_N_INVALID_SPI,
		.spi = b,
		.spi_len = sizeof(b),
	};
	ike_notify(ike, sa, &n);
}

static void
delete_send(struct ike *ike, struct ike_sa *sa, const struct v1_delete *d)
{
	struct info i;
	if (sa->state != IKE_UP)
		return;
	info_begin(ike, sa, &i);
	v1_delete_build(&i.out, d);
	sa->stats.out_deletes++;
	info_send(ike, sa, &i);
}

void
ike_delete(struct ike *ike, struct ike_sa *sa, enum v1_protocol protocol, uint32_t spi)
{
	uint8_t b[V1_SPI_LEN];
	struct wr w = wr_init(b, sizeof(b));
	wr_u32(&w, spi);
	sa->stats.n_deleted++;
	delete_send(ike, sa,
	    &(struct v1_delete){
		.protocol = (uint8_t)protocol, .spi_len = V1_SPI_LEN, .n_spis = 1, .spis = b });
}

void
v1_info_delete(struct ike *ike, struct ike_sa *sa)
{
	uint8_t b[V1_COOKIES_LEN];
	struct wr w = wr_init(b, sizeof(b));
	wr_u64(&w, sa->cky_i);
	wr_u64(&w, sa->cky_r);
	delete_send(ike, sa,
	    &(struct v1_delete){
		.protocol = V1_PROTO_ISAKMP, .spi_len = V1_COOKIES_LEN, .n_spis = 1, .spis = b });
}

void
ike_end(struct ike *ike, struct ike_sa *sa)
{
	v1_info_delete(ike, sa);
	v1_sa_end(ike, sa, IKE_OK);
}

static struct v1_notify
refusal(enum ike_reason reason)
{
	return (struct v1_notify){
		.doi = V1_DOI_IPSEC,
		.protocol = V1_PROTO_ISAKMP,
		.type = reason_info(reason)->v1_notify,
	};
}

/* Sent back to us it must not refuse a quick mode of ours. */
void
v1_info_refuse(struct ike *ike, struct ike_sa *sa, enum ike_reason reason)
{
	const struct v1_notify n = refusal(reason);
	v1_mid_note(&sa->told, notify_send(ike, sa, &n));
}

/* The peer is told why phase 1 ends, once: it has the keys, though neither side is proved yet. LAST is the end of the message that is
 * refused, where the peer's chain is too. */
void
v1_info_complain(
    struct ike *ike, struct ike_sa *sa, enum ike_reason reason, const struct v1_iv *last)
{
	const struct v1_notify n = refusal(reason);
	struct info i;
	if (sa->hand == NULL || sa->hand->has_complained || n.type == 0)
		return;
	sa->hand->has_complained = true;
	info_begin(ike, sa, &i);
	i.last = *last;
	v1_notify_build(&i.out, &n);
	info_send(ike, sa, &i);
}

/* Never longer than the message that caused it: who sent that may not be who gets this. */
void
v1_info_refuse_clear(
    struct ike *ike, const struct ike_path *path, const struct hdr *h, enum ike_reason reason)
{
	uint8_t buf[HDR_LEN + V1_GENERIC_LEN + 8];
	struct v1_out o;
	const struct v1_notify n = refusal(reason);
	if (h->len < sizeof(buf))
		return;
	v1_out_start(&o, buf, sizeof(buf),
	    &(struct hdr){ .cky_i = h->cky_i, .version = HDR_V1, .exchange = HDR_INFO });
	v1_notify_build(&o, &n);
	size_t len = v1_out_end(&o);
	ike->host.send(ike->host.ctx, path, buf, len);
}

/* --- receiving --- */

static void
answer_put(uint16_t type, struct text *why)
{
	const char *name = v1_notify_name(type);
	text_printf(why, "the peer answers %s", name != NULL ? name : "with an error");
}

/* Says what an unproved message claims: worth a line in a log, nothing more. */
static enum ike_reason
clear_input(struct v1_turn *t, const uint8_t *msg, size_t len)
{
	struct v1_msg m;
	struct v1_notify n;
	struct rd r = rd_init(msg + HDR_LEN, len - HDR_LEN);
	enum ike_reason reason = v1_msg_parse(&r, t->hdr->next, V1_IN_CLEAR, &m);
	if (reason != IKE_OK)
		return reason;
	const struct v1_payload *p = v1_msg_find(&m, V1_NOTIFY, 0);
	if (p == NULL || v1_notify_parse(p, &n) != IKE_OK)
		return IKE_CLEAR;
	const struct ike_sa *sa = table_find_own(&t->ike->table, t->hdr->cky_i);
	bool is_answer = sa != NULL && sa->side == V1_INITIATOR && sa->state != IKE_UP &&
			 n.type <= V1_N_ERROR_MAX;
	if (!is_answer) {
		const char *name = v1_notify_name(n.type);
		text_printf(t->why, "somebody says without proof: notify %u %s", n.type,
		    name != NULL ? name : "");
		return IKE_CLEAR;
	}
	answer_put(n.type, t->why);
	text_put(t->why, ", without proof");
	if (n.type == V1_N_NO_PROPOSAL) {
		text_put(t->why, "; offered ");
		p1_print(sa->policy->proposals, sa->policy->n, t->why);
	}
	return IKE_PEER;
}

/* The hash says nothing about who made it: a question of ours that is sent back to us is known by its number. */
static bool
is_our_probe(const struct ike_sa *sa, uint32_t sequence)
{
	return sa->probe_out != 0 && sequence - sa->probe_base - 1 < sa->probe_out - sa->probe_base;
}

static enum ike_reason
probe_take(struct v1_turn *t, const struct v1_notify *n)
{
	uint32_t sequence;
	enum ike_reason reason = v1_dpd_parse(n, t->sa->cky_i, t->sa->cky_r, &sequence);
	if (reason != IKE_OK)
		return reason;
	const struct ike_word word = { .notify = n->type, .sequence = sequence };
	if (n->type == V1_N_R_U_THERE_ACK) {
		/* one of ours that is not answered yet */
		if (sequence - t->sa->probe_acked - 1 >= t->sa->probe_out - t->sa->probe_acked)
			return IKE_REPEATED;
		t->sa->probe_acked = sequence;
		t->sa->stats.in_acks++;
	} else {
		if (is_our_probe(t->sa, sequence))
			return IKE_REPEATED;
		/* the same again is a question that was sent again; half of all numbers are older */
		bool is_first = !t->sa->is_probed;
		if (!is_first && sequence - t->sa->probe_in > UINT32_MAX / 2)
			return IKE_REPEATED;
		bool is_new = is_first || sequence != t->sa->probe_in;
		t->sa->is_probed = true;
		t->sa->probe_in = sequence;
		t->sa->stats.in_probes++;
		t->sa->stats.out_acks++;
		if (!is_new) {
			probe_send(t->ike, t->sa, V1_N_R_U_THERE_ACK, sequence);
			return IKE_OK;
		}
	}
	v1_path_follow(t);
	if (n->type == V1_N_R_U_THERE)
		probe_send(t->ike, t->sa, V1_N_R_U_THERE_ACK, sequence);
	t->ike->host.word(t->ike->host.ctx, t->sa, &word);
	return IKE_OK;
}

/* The peer refuses one of our quick modes: that whose SPI it names, or, since many peers name none, the only one there is. */
static void
quick_refused(struct v1_turn *t, const struct v1_notify *n)
{
	struct v1_quick *refused = NULL;
	unsigned n_waiting = 0;
	struct rd r = rd_init(n->spi, n->spi_len);
	uint32_t spi = n->spi_len == V1_SPI_LEN ? rd_u32(&r) : 0;
	for (struct v1_quick *q = t->sa->quicks; q != NULL; q = q->next) {
		if (q->state != V1_QM_I1)
			continue;
		const struct p2_spis *in = &q->work->child.in;
		n_waiting++;
		if (spi != 0 && (spi == in->esp || spi == in->ah)) {
			refused = q;
			n_waiting = 1;
			break;
		}
		refused = q;
	}
	if (n_waiting != 1)
		return;
	struct text why = { 0 };
	answer_put(n->type, &why);
	v1_qm_offer_put(t->sa, refused->tunnel, n->type, &why);
	v1_qm_failed(t->ike, t->sa, refused,
	    n->type == V1_N_NO_PROPOSAL  ? IKE_NO_PROPOSAL
	    : n->type == V1_N_INVALID_ID ? IKE_SELECTORS
					 : IKE_PEER,
	    text_str(&why));
	text_done(&why);
	v1_quick_del(t->sa, refused);
	v1_due_update(t->ike, t->sa);
}

/* The peer keeps the SA for a shorter time than it was agreed on. */
static void
lifetime_take(struct v1_turn *t, const struct v1_notify *n)
{
	struct v1_lifetime life;
	if (n->protocol != V1_PROTO_ISAKMP || v1_lifetime_parse(n, &life) != IKE_OK ||
	    life.seconds == 0 || life.seconds >= t->sa->chosen.lifetime_s)
		return;
	uint32_t agreed = v1_lifetime_agree(t->sa->chosen.lifetime_s, life.seconds);
	t->sa->expires_ms -= (t->sa->chosen.lifetime_s - agreed) * 1000ULL;
	t->sa->chosen.lifetime_s = agreed;
	v1_due_update(t->ike, t->sa);
}

/* The initiator did not believe our last message of main mode, after which we are up. It may have got it changed on the way, and
 * take the right one yet: the SA stays, and the complaint is kept. */
static bool
is_not_believed(const struct ike_sa *sa, const struct v1_notify *n)
{
	return sa->side == V1_RESPONDER && sa->stats.n_phase2 == 0 &&
	       n->protocol == V1_PROTO_ISAKMP && n->type >= V1_N_INVALID_ID &&
	       n->type <= V1_N_INVALID_SIGNATURE;
}

static enum ike_reason
notify_take(struct v1_turn *t, const struct v1_payload *p)
{
	struct v1_notify n;
	enum ike_reason reason = v1_notify_parse(p, &n);
	if (reason != IKE_OK)
		return reason;
	if (n.type == V1_N_R_U_THERE || n.type == V1_N_R_U_THERE_ACK)
		return probe_take(t, &n);
	if (n.type == V1_N_RESPONDER_LIFETIME)
		lifetime_take(t, &n);
	if (n.type == V1_N_INVALID_SPI) {
		t->sa->stats.in_bad_spis++;
	} else if (is_not_believed(t->sa, &n)) {
		answer_put(n.type, t->why);
		return IKE_PEER;
	} else if (n.type <= V1_N_ERROR_MAX) {
		quick_refused(t, &n);
	}
	const struct ike_word word = {
		.notify = n.type,
		.protocol = n.protocol,
		.spi_len = (uint8_t)n.spi_len,
		.n_spis = n.spi_len > 0,
		.spis = n.spi,
	};
	t->ike->host.word(t->ike->host.ctx, t->sa, &word);
	return IKE_OK;
}

/* Tells the host of deleted IPsec SAs; OUT_IS_OURS: the peer deleted the very SA that the message came on. */
static enum ike_reason
delete_take(struct v1_turn *t, const struct v1_payload *p, bool *out_is_ours)
{
	struct v1_delete d;
	enum ike_reason reason = v1_delete_parse(p, &d);
	if (reason != IKE_OK)
		return reason;
	t->sa->stats.in_deletes++;
	if (d.protocol == V1_PROTO_ISAKMP) {
		struct rd r = rd_init(d.spis, (size_t)d.n_spis * d.spi_len);
		while (rd_left(&r) > 0) {
			uint64_t cky_i = rd_u64(&r);
			uint64_t cky_r = rd_u64(&r);
			if (cky_i == t->sa->cky_i && cky_r == t->sa->cky_r)
				*out_is_ours = true;
		}
		return IKE_OK;
	}
	t->sa->stats.n_deleted += d.n_spis;
	const struct ike_word word = {
		.is_delete = true,
		.protocol = d.protocol,
		.spi_len = d.spi_len,
		.n_spis = d.n_spis,
		.spis = d.spis,
	};
	t->ike->host.word(t->ike->host.ctx, t->sa, &word);
	return IKE_OK;
}

/* The peer has the keys but is not proved, and may have got a message that was changed on the way: what it complains of is kept for
 * whoever asks why the SA does not come up, and changes nothing. */
static enum ike_reason
complaint_take(struct v1_turn *t)
{
	for (unsigned i = 1; i < t->m->n; i++) {
		struct v1_notify n;
		if (t->m->list[i].type != V1_NOTIFY ||
		    v1_notify_parse(&t->m->list[i], &n) != IKE_OK || n.type > V1_N_ERROR_MAX)
			continue;
		answer_put(n.type, t->why);
		return IKE_PEER;
	}
	return IKE_STATE;
}

/* Is it a recording? A question of DPD that is sent again is answered again; its number says how old it is. */
static bool
was_told(struct v1_turn *t)
{
	struct v1_notify n;
	if (t->m->n == 2 && t->m->list[1].type == V1_NOTIFY &&
	    v1_notify_parse(&t->m->list[1], &n) == IKE_OK &&
	    (n.type == V1_N_R_U_THERE || n.type == V1_N_R_U_THERE_ACK))
		return false;
	if (v1_mid_is_used(&t->sa->told, t->hdr->mid))
		return true;
	v1_mid_note(&t->sa->told, t->hdr->mid);
	return false;
}

/* HDR*, HASH(1), N/D */
static enum ike_reason
payloads_take(struct v1_turn *t)
{
	uint8_t want[HASH_LEN_MAX];
	uint32_t allowed = V1_BIT(V1_HASH) | V1_BIT(V1_NOTIFY) | V1_BIT(V1_DELETE);
	if (t->m->n == 0 || t->m->list[0].type != V1_HASH)
		return IKE_MISSING;
	if ((t->m->has & ~allowed) != 0 || (t->m->repeated & V1_BIT(V1_HASH)) != 0)
		return IKE_UNEXPECTED;
	v1_hash1(&t->sa->keys, t->hdr->mid, v1_rest_of(t), want);
	if (!v1_hash_is(t, want))
		return IKE_HASH;
	if (t->sa->state != IKE_UP)
		return complaint_take(t);
	if (was_told(t))
		return IKE_REPEATED;
	bool is_ours = false;
	enum ike_reason reason = IKE_OK;
	for (unsigned i = 1; i < t->m->n && reason == IKE_OK; i++)
		reason = t->m->list[i].type == V1_NOTIFY ? notify_take(t, &t->m->list[i])
							 : delete_take(t, &t->m->list[i], &is_ours);
	if (is_ours) {
		v1_sa_end(t->ike, t->sa, IKE_DELETED);
		t->sa = NULL;
	}
	return reason;
}

enum ike_reason
v1_info_input(struct v1_turn *t, uint8_t *msg, size_t len)
{
	struct v1_msg m;
	if ((t->hdr->flags & HDR_ENCRYPTED) == 0)
		return clear_input(t, msg, len);
	if (t->hdr->mid == 0)
		return IKE_MESSAGE_ID;
	t->sa = table_find(&t->ike->table, t->hdr->cky_i, t->hdr->cky_r);
	if (t->sa == NULL)
		return IKE_COOKIE;
	/* the keys are there while our proof, or that of the peer, is under way */
	bool has_keys = t->sa->state == IKE_MM_I3 || t->sa->state == IKE_MM_R2 ||
			t->sa->state == IKE_AM_R1 || t->sa->state == IKE_UP;
	if (!has_keys)
		return IKE_STATE;
	struct v1_iv iv = v1_iv_phase2(&t->sa->keys, &t->sa->iv, t->hdr->mid);
	enum ike_reason reason = v1_message_read(t->sa, t->hdr, &iv, msg, len, &m);
	if (reason != IKE_OK)
		return reason;
	t->m = &m;
	t->chain = msg + HDR_LEN;
	return payloads_take(t);
}
