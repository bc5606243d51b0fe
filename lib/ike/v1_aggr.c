/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_aggr.c - aggressive mode: what is done with each of its three messages.
 *
 * Called by v1_step.c as in v1_main.c. The group cannot be negotiated, so only proposals of the group of our first one are
 * offered. Message 1 costs the responder a key exchange before anything is proved: how often is limited, and asked only when all
 * that is cheap has been checked. RFC 2409 s5.1, s5.4; RFC 3947 s3.2 (NAT-D in messages 2 and 3).
 */
#include "lib/ike/v1_priv.h"
#include "lib/ike/vid.h"

/* HDR, SA, KE, Ni, IDii [, VID...] --> */
void
v1_am_put1(struct v1_turn *t)
{
	const struct ike_policy *policy = t->sa->policy;
	struct p1_proposal same[P1_PROPOSALS_MAX];
	size_t n = 0;
	for (size_t i = 0; i < policy->n; i++)
		if (policy->proposals[i].group == policy->proposals[0].group)
			same[n++] = policy->proposals[i];
	p1_offer(&t->out, same, n);
	v1_sai_keep(t->sa->hand, &t->out);
	v1_kex_make(t, policy->proposals[0].group);
	v1_kex_put(t);
	v1_id_put(t);
	v1_cert_ask_put(t);
	vid_build(&t->out, v1_our_vids(policy));
}

/* Who has an SA does not stand in a row with strangers who use the addresses of others. */
static bool
may_begin(struct v1_turn *t)
{
	struct ike_sa *sa = t->sa;
	if (sa->source->n_up > 0)
		return v1_bucket_take(
			   &sa->source->beginnings, t->now_ms, IKE_AM_RATE_UP, IKE_AM_BURST_UP) &&
		       v1_bucket_take(
			   &t->ike->renewals, t->now_ms, IKE_AM_RATE_ALL, IKE_AM_BURST_ALL);
	return v1_bucket_take(&sa->policy->beginnings, t->now_ms, IKE_AM_RATE, IKE_AM_BURST) &&
	       v1_bucket_take(
		   &t->ike->beginnings[sa->is_known], t->now_ms, IKE_AM_RATE_ALL, IKE_AM_BURST_ALL);
}

enum ike_reason
v1_am_take1(struct v1_turn *t)
{
	const struct v1_payload *ke = v1_msg_find(t->m, V1_KE, 0);
	enum ike_reason reason = v1_offer_take(t);
	if (reason == IKE_OK)
		reason = v1_id_take(t);
	/* whoever has a wrong name gets no hash to guess the key with */
	if (reason == IKE_OK)
		reason = v1_id_judge(t);
	if (reason != IKE_OK)
		return reason;
	if (ke->n != dh_info(t->sa->chosen.group)->public_len)
		return IKE_KEY;
	if (!may_begin(t)) {
		text_put(t->why, "too many beginnings in aggressive mode");
		return IKE_LIMIT;
	}
	v1_kex_make(t, t->sa->chosen.group);
	return v1_kex_take(t);
}

/* <-- HDR, SA, KE, Nr, IDir, HASH_R | [CERT, ] SIG_R [, NAT-D, NAT-D] [, VID...] */
void
v1_am_put2(struct v1_turn *t)
{
	v1_answer_put(t);
	v1_kex_put(t);
	v1_id_put(t);
	v1_proof_put(t);
	v1_cert_ask_put(t);
	v1_nat_put(t);
	vid_build(&t->out, v1_our_vids(t->sa->policy) & t->sa->vids);
}

enum ike_reason
v1_am_take2(struct v1_turn *t)
{
	enum ike_reason reason = v1_answer_take(t);
	if (reason == IKE_OK && t->sa->chosen.group != t->sa->hand->kex->dh.group)
		reason = IKE_NO_PROPOSAL;
	if (reason == IKE_OK)
		reason = v1_id_take(t);
	if (reason == IKE_OK)
		reason = v1_kex_take(t);
	if (reason == IKE_OK)
		reason = v1_proof_take(t);
	if (reason == IKE_OK)
		v1_nat_judge(t);
	return reason;
}

/* HDR*, HASH_I | [CERT, ] SIG_I [, NAT-D, NAT-D] --> */
void
v1_am_put3(struct v1_turn *t)
{
	v1_nat_float(t->sa);
	v1_proof_put(t);
	v1_nat_put(t); /* of the ports that it goes from and to */
	v1_contact_put(t);
}

enum ike_reason
v1_am_take3(struct v1_turn *t)
{
	enum ike_reason reason = v1_proof_take(t);
	if (reason != IKE_OK)
		return reason;
	v1_nat_judge(t);
	v1_words_take(t);
	table_move(&t->ike->table, t->sa, t->path);
	return IKE_OK;
}
