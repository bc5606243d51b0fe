/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_main.c - main mode: what is done with each of its six messages.
 *
 * takeN() is called by v1_step.c for a message whose payloads have been checked, putN() writes one, when nothing can refuse any
 * more. A handler that refuses has changed nothing that matters. RFC 2409 s5.1 (signatures), s5.4 (pre-shared keys), RFC 3947
 * (NAT-D in messages 3 and 4).
 */
#include "lib/ike/v1_priv.h"
#include "lib/ike/vid.h"

/* HDR, SA [, VID...] --> */
void
v1_mm_put1(struct v1_turn *t)
{
	const struct ike_policy *policy = t->sa->policy;
	p1_offer(&t->out, policy->proposals, policy->n);
	v1_sai_keep(t->sa->hand, &t->out);
	vid_build(&t->out, v1_our_vids(policy));
}

enum ike_reason
v1_mm_take1(struct v1_turn *t)
{
	return v1_offer_take(t);
}

/* <-- HDR, SA [, VID...] */
void
v1_mm_put2(struct v1_turn *t)
{
	v1_answer_put(t);
	vid_build(&t->out, v1_our_vids(t->sa->policy) & t->sa->vids);
}

enum ike_reason
v1_mm_take2(struct v1_turn *t)
{
	enum ike_reason reason = v1_answer_take(t);
	if (reason == IKE_OK)
		v1_kex_make(t, t->sa->chosen.group);
	return reason;
}

/* HDR, KE, Ni [, CERTREQ] [, NAT-D, NAT-D] --> */
void
v1_mm_put3(struct v1_turn *t)
{
	v1_kex_put(t);
	v1_cert_ask_put(t);
	v1_nat_put(t);
}

enum ike_reason
v1_mm_take3(struct v1_turn *t)
{
	v1_kex_make(t, t->sa->chosen.group);
	enum ike_reason reason = v1_kex_take(t);
	if (reason == IKE_OK)
		v1_nat_judge(t);
	return reason;
}

/* <-- HDR, KE, Nr [, CERTREQ] [, NAT-D, NAT-D] */
void
v1_mm_put4(struct v1_turn *t)
{
	v1_mm_put3(t);
}

enum ike_reason
v1_mm_take4(struct v1_turn *t)
{
	enum ike_reason reason = v1_kex_take(t);
	if (reason != IKE_OK)
		return reason;
	v1_nat_judge(t);
	v1_nat_float(t->sa);
	return IKE_OK;
}

/* HDR*, IDii, HASH_I | [CERT, ] SIG_I [, N] --> */
void
v1_mm_put5(struct v1_turn *t)
{
	v1_id_put(t);
	v1_proof_put(t);
	v1_contact_put(t);
}

enum ike_reason
v1_mm_take5(struct v1_turn *t)
{
	enum ike_reason reason = v1_id_take(t);
	if (reason == IKE_OK)
		reason = v1_proof_take(t);
	if (reason == IKE_OK)
		v1_words_take(t);
	return reason;
}

/* <-- HDR*, IDir, HASH_R | [CERT, ] SIG_R [, N] */
void
v1_mm_put6(struct v1_turn *t)
{
	/* the initiator may have moved to port 4500, or its NAT to another */
	table_move(&t->ike->table, t->sa, t->path);
	v1_mm_put5(t);
}

enum ike_reason
v1_mm_take6(struct v1_turn *t)
{
	return v1_mm_take5(t);
}
