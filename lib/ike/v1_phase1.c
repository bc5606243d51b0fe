/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_phase1.c - what main and aggressive mode have in common: the proposals, the key exchange, the NAT detection.
 *
 * The two modes differ only in which message carries what; each piece is taken and written here, once. Called by v1_main.c and
 * v1_aggr.c for messages whose payloads have been checked. RFC 2409 s5; RFC 3947.
 */
#include "lib/ike/v1_priv.h"
#include "lib/ike/vid.h"

#include <stdlib.h>
#include <string.h>

/* What we say that we can do; in the answer only what the peer said too. */
unsigned
v1_our_vids(const struct ike_policy *policy)
{
	return VID_DPD | VID_FRAGMENTATION |
	       (policy->no_natt ? 0 : VID_NATT_RFC | VID_NATT_DRAFT_02);
}

/* Which numbers NAT-T has with this peer: V1_NAT_D, the draft's, or V1_NONE without it. */
static enum v1_type
natt_type(const struct ike_sa *sa)
{
	if (sa->policy->no_natt)
		return V1_NONE;
	if ((sa->vids & VID_NATT_RFC) != 0)
		return V1_NAT_D;
	return (sa->vids & (VID_NATT_DRAFT_02 | VID_NATT_DRAFT_03)) != 0 ? V1_NAT_D_DRAFT : V1_NONE;
}

/* --- SA --- */

static void
sai_set(struct v1_hand *h, const uint8_t *p, size_t n)
{
	free(h->sai);
	h->sai = v1_new(n);
	memcpy(h->sai, p, n);
	h->sai_len = n;
}

/* The first payload of O is the SA payload, whole. */
void
v1_sai_keep(struct v1_hand *h, const struct v1_out *o)
{
	size_t body = HDR_LEN + V1_GENERIC_LEN;
	sai_set(h, o->w.buf + body, o->w.len - body);
}

static void
chosen_set(struct ike_sa *sa, const struct p1_choice *choice)
{
	sa->chosen = sa->policy->proposals[choice->proposal];
	sa->chosen.lifetime_s = choice->lifetime_s;
	sa->keys.hash = sa->chosen.hash;
	sa->keys.enc = sa->chosen.enc;
}

enum ike_reason
v1_offer_take(struct v1_turn *t)
{
	struct ike_sa *sa = t->sa;
	const struct v1_payload *p = v1_msg_find(t->m, V1_SA, 0);
	struct v1_sa peer;
	enum ike_reason reason = v1_sa_parse(p, V1_PHASE1, &peer);
	if (reason != IKE_OK)
		return reason;
	if (!p1_choose(&peer, sa->policy->proposals, sa->policy->n, &sa->hand->choice, t->why))
		return IKE_NO_PROPOSAL;
	chosen_set(sa, &sa->hand->choice);
	sa->vids = vid_all(t->m);
	sai_set(sa->hand, p->p, p->n);
	return IKE_OK;
}

enum ike_reason
v1_answer_take(struct v1_turn *t)
{
	struct ike_sa *sa = t->sa;
	struct v1_sa answer;
	struct p1_choice choice;
	enum ike_reason reason = v1_sa_parse(v1_msg_find(t->m, V1_SA, 0), V1_PHASE1, &answer);
	if (reason != IKE_OK)
		return reason;
	if (t->hdr->cky_r == 0)
		return IKE_COOKIE;
	if (!p1_accept(&answer, sa->policy->proposals, sa->policy->n, &choice, t->why))
		return IKE_NO_PROPOSAL;
	chosen_set(sa, &choice);
	sa->vids = vid_all(t->m);
	return IKE_OK;
}

/* What the peer offered is read again: the step may have stood still since. */
void
v1_answer_put(struct v1_turn *t)
{
	const struct v1_hand *h = t->sa->hand;
	const struct v1_payload p = { .type = V1_SA, .p = h->sai, .n = h->sai_len };
	struct v1_sa peer;
	if (v1_sa_parse(&p, V1_PHASE1, &peer) != IKE_OK)
		abort(); /* it was right when it was taken */
	p1_answer(&t->out, &peer, &h->choice);
}

/* --- KE and the nonces --- */

static struct v1_kex *
kex_get(struct v1_hand *h)
{
	if (h->kex == NULL)
		h->kex = v1_new(sizeof(*h->kex));
	return h->kex;
}

static struct v1_nonce *
our_nonce(struct ike_sa *sa)
{
	struct v1_kex *k = kex_get(sa->hand);
	return sa->side == V1_INITIATOR ? &k->ni : &k->nr;
}

void
v1_kex_make(struct v1_turn *t, enum dh_group group)
{
	v1_dh_make(t->ike, group, &kex_get(t->sa->hand)->dh);
	v1_nonce_make(t->ike, our_nonce(t->sa));
}

void
v1_kex_put(struct v1_turn *t)
{
	const struct dh_key *dh = &t->sa->hand->kex->dh;
	const struct v1_nonce *nonce = our_nonce(t->sa);
	v1_out_put(&t->out, V1_KE, dh->public, dh_info(dh->group)->public_len);
	v1_out_put(&t->out, V1_NONCE, nonce->b, nonce->n);
}

enum ike_reason
v1_kex_take(struct v1_turn *t)
{
	struct ike_sa *sa = t->sa;
	struct v1_kex *k = kex_get(sa->hand);
	const struct v1_payload *ke = v1_msg_find(t->m, V1_KE, 0);
	uint8_t secret[DH_SECRET_MAX];
	/* the configuration does not allow it; here it would be a proof that anybody can give */
	if (sa->chosen.method == METHOD_PSK && sa->policy->psk.n == 0)
		return IKE_AUTH;
	if (dh_shared(&k->dh, ke->p, ke->n, secret) != DH_OK)
		return IKE_KEY;
	bool is_i = sa->side == V1_INITIATOR;
	size_t len = dh_info(k->dh.group)->public_len;
	memcpy(k->peer_public, ke->p, ke->n);
	v1_nonce_take(t->m, is_i ? &k->nr : &k->ni);
	const struct part gxy = { secret, dh_info(k->dh.group)->secret_len };
	const struct part ours = { k->dh.public, len };
	const struct part theirs = { k->peer_public, len };
	struct part ni = v1_nonce_part(&k->ni);
	struct part nr = v1_nonce_part(&k->nr);
	if (sa->chosen.method == METHOD_PSK)
		v1_skeyid_psk(&sa->keys, sa->policy->psk, ni, nr);
	else
		v1_skeyid_sig(&sa->keys, ni, nr, gxy);
	v1_keys_derive(&sa->keys, gxy, sa->cky_i, sa->cky_r);
	sa->iv = v1_iv_phase1(&sa->keys, is_i ? ours : theirs, is_i ? theirs : ours);
	secret_wipe(secret, sizeof(secret));
	return IKE_OK;
}

/* --- NAT --- */

void
v1_nat_put(struct v1_turn *t)
{
	const struct ike_sa *sa = t->sa;
	enum v1_type natt = natt_type(sa);
	if (natt != V1_NONE)
		natt_build(&t->out, natt, sa->chosen.hash, sa->cky_i, sa->cky_r, &sa->path.local,
		    &sa->path.remote);
}

/* Judges the NAT-D payloads where NAT-T was agreed on; a peer that sends none has no NAT-T. */
void
v1_nat_judge(struct v1_turn *t)
{
	struct ike_sa *sa = t->sa;
	if (natt_type(sa) == V1_NONE || natt_judge(t->m, sa->chosen.hash, sa->cky_i, sa->cky_r,
					    &t->path->local, &t->path->remote, &sa->nat) != IKE_OK)
		sa->nat = (struct natt_result){ 0 };
}

void
v1_nat_float(struct ike_sa *sa)
{
	if (!sa->nat.is_local_behind && !sa->nat.is_remote_behind)
		return;
	if (sa->path.local.port == NATT_PORT)
		return; /* it began there: RFC 3947 s4 */
	sa->path.local.port = NATT_PORT;
	sa->path.remote.port = NATT_PORT;
}
