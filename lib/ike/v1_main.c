/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_main.c - main mode: what is done with each of its six messages.
 *
 * Handlers are called by v1_step.c for messages whose payloads have been checked, and write the answer to t->out. One that
 * refuses has changed nothing that matters. RFC 2409 s5.4 (pre-shared keys), RFC 3947 (NAT-D in messages 3 and 4).
 */
#include "lib/ike/v1_priv.h"
#include "lib/ike/vid.h"

#include <stdlib.h>
#include <string.h>

/* What we say that we can do; in the answer only what the peer said too. */
static unsigned
our_vids(const struct ike_policy *policy)
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

static void
sai_keep(struct v1_hand *h, const uint8_t *p, size_t n)
{
	free(h->sai);
	h->sai = malloc(n);
	if (h->sai == NULL)
		abort();
	memcpy(h->sai, p, n);
	h->sai_len = n;
}

static enum ike_reason
sa_read(const struct v1_turn *t, struct v1_sa *out)
{
	return v1_sa_parse(v1_msg_find(t->m, V1_SA, 0), V1_PHASE1, out);
}

static void
chosen_set(struct ike_sa *sa, const struct p1_choice *choice)
{
	sa->chosen = sa->policy->proposals[choice->proposal];
	sa->chosen.lifetime_s = choice->lifetime_s;
	sa->keys.hash = sa->chosen.hash;
	sa->keys.enc = sa->chosen.enc;
}

/* --- messages 1 and 2 --- */

/* HDR, SA [, VID...] --> */
void
v1_mm_first(struct ike_sa *sa, struct v1_out *o)
{
	p1_offer(o, sa->policy->proposals, sa->policy->n);
	size_t body = HDR_LEN + V1_GENERIC_LEN;
	sai_keep(sa->hand, o->w.buf + body, o->w.len - body);
	vid_build(o, our_vids(sa->policy));
}

/* <-- HDR, SA [, VID...] */
enum ike_reason
v1_mm_r1(struct v1_turn *t)
{
	const struct v1_payload *p = v1_msg_find(t->m, V1_SA, 0);
	struct v1_sa peer;
	struct p1_choice choice;
	enum ike_reason reason = sa_read(t, &peer);
	if (reason != IKE_OK)
		return reason;
	if (!p1_choose(&peer, t->sa->policy->proposals, t->sa->policy->n, &choice, t->why))
		return IKE_NO_PROPOSAL;
	chosen_set(t->sa, &choice);
	t->sa->vids = vid_all(t->m);
	sai_keep(t->sa->hand, p->p, p->n);
	p1_answer(&t->out, &peer, &choice);
	vid_build(&t->out, our_vids(t->sa->policy) & t->sa->vids);
	t->has_answer = true;
	return IKE_OK;
}

/* --- messages 3 and 4 --- */

static void
key_put(struct v1_turn *t, const struct v1_nonce *nonce)
{
	struct v1_hand *h = t->sa->hand;
	v1_out_put(&t->out, V1_KE, h->dh.public, dh_info(t->sa->chosen.group)->public_len);
	v1_out_put(&t->out, V1_NONCE, nonce->b, nonce->n);
	enum v1_type natt = natt_type(t->sa);
	if (natt != V1_NONE)
		natt_build(&t->out, natt, t->sa->chosen.hash, t->sa->cky_i, t->sa->cky_r,
		    &t->sa->path.local, &t->sa->path.remote);
}

/* HDR, KE, Ni [, NAT-D, NAT-D] --> */
enum ike_reason
v1_mm_i2(struct v1_turn *t)
{
	struct v1_sa answer;
	struct p1_choice choice;
	enum ike_reason reason = sa_read(t, &answer);
	if (reason != IKE_OK)
		return reason;
	if (t->hdr->cky_r == 0)
		return IKE_COOKIE;
	if (!p1_accept(&answer, t->sa->policy->proposals, t->sa->policy->n, &choice, t->why))
		return IKE_NO_PROPOSAL;
	chosen_set(t->sa, &choice);
	t->sa->vids = vid_all(t->m);
	v1_dh_make(t->ike, t->sa->chosen.group, &t->sa->hand->dh);
	v1_nonce_make(t->ike, &t->sa->hand->ni);
	key_put(t, &t->sa->hand->ni);
	t->has_answer = true;
	return IKE_OK;
}

static struct part
public_part(const struct ike_sa *sa, const uint8_t *p)
{
	return (struct part){ p, dh_info(sa->chosen.group)->public_len };
}

/* Takes KE, makes all keys and the first IV. The nonces are both there. */
static enum ike_reason
keys_make(struct v1_turn *t)
{
	struct ike_sa *sa = t->sa;
	struct v1_hand *h = sa->hand;
	const struct v1_payload *ke = v1_msg_find(t->m, V1_KE, 0);
	uint8_t secret[DH_SECRET_MAX];
	if (dh_shared(&h->dh, ke->p, ke->n, secret) != DH_OK)
		return IKE_KEY;
	memcpy(h->peer_public, ke->p, ke->n);
	const struct part gxy = { secret, dh_info(sa->chosen.group)->secret_len };
	struct part ours = public_part(sa, h->dh.public);
	struct part theirs = public_part(sa, h->peer_public);
	bool is_i = sa->side == V1_INITIATOR;
	v1_skeyid_psk(&sa->keys, sa->policy->psk, v1_nonce_part(&h->ni), v1_nonce_part(&h->nr));
	v1_keys_derive(&sa->keys, gxy, sa->cky_i, sa->cky_r);
	sa->iv = v1_iv_phase1(&sa->keys, is_i ? ours : theirs, is_i ? theirs : ours);
	secret_wipe(secret, sizeof(secret));
	return IKE_OK;
}

/* Judges the NAT-D payloads where NAT-T was agreed on; a peer that sends none has no NAT-T. */
static void
nat_judge(struct v1_turn *t)
{
	struct ike_sa *sa = t->sa;
	if (natt_type(sa) == V1_NONE || natt_judge(t->m, sa->chosen.hash, sa->cky_i, sa->cky_r,
					    &t->path->local, &t->path->remote, &sa->nat) != IKE_OK)
		sa->nat = (struct natt_result){ 0 };
}

/* <-- HDR, KE, Nr [, NAT-D, NAT-D] */
enum ike_reason
v1_mm_r3(struct v1_turn *t)
{
	struct v1_hand *h = t->sa->hand;
	v1_nonce_take(t->m, &h->ni);
	v1_nonce_make(t->ike, &h->nr);
	v1_dh_make(t->ike, t->sa->chosen.group, &h->dh);
	enum ike_reason reason = keys_make(t);
	if (reason != IKE_OK)
		return reason;
	nat_judge(t);
	key_put(t, &h->nr);
	t->has_answer = true;
	return IKE_OK;
}

/* --- messages 5 and 6 --- */

/* Writes our identity as a whole body into BUF, for the payload and for the hash. */
static size_t
our_id(const struct ike_sa *sa, uint8_t *buf, size_t cap)
{
	uint8_t octets[ID_ADDR_MAX];
	struct id id = sa->policy->local_id;
	if (id.p == NULL)
		id = id_of_addr(sa->path.local.addr, octets);
	struct wr w = wr_init(buf, cap);
	wr_u8(&w, (uint8_t)id.type);
	wr_u8(&w, id.proto);
	wr_u16(&w, id.port);
	wr_bytes(&w, id.p, id.n);
	return wr_ok(&w) ? w.len : 0;
}

static void
proof_make(const struct ike_sa *sa, enum v1_side side, struct part id, uint8_t out[HASH_LEN_MAX])
{
	const struct v1_hand *h = sa->hand;
	bool is_i = sa->side == V1_INITIATOR;
	struct part ours = public_part(sa, h->dh.public);
	struct part theirs = public_part(sa, h->peer_public);
	const struct v1_proof p = {
		.gxi = is_i ? ours : theirs,
		.gxr = is_i ? theirs : ours,
		.cky_i = sa->cky_i,
		.cky_r = sa->cky_r,
		.sai = { h->sai, h->sai_len },
		.id = id,
	};
	v1_hash_proof(&sa->keys, sa->chosen.hash, side, &p, out);
}

static void
id_and_hash_put(struct v1_turn *t)
{
	uint8_t id[V1_ID_BODY_MAX];
	uint8_t hash[HASH_LEN_MAX];
	size_t n = our_id(t->sa, id, sizeof(id));
	proof_make(t->sa, t->sa->side, (struct part){ id, n }, hash);
	v1_out_put(&t->out, V1_ID, id, n);
	v1_out_put(&t->out, V1_HASH, hash, hash_info(t->sa->chosen.hash)->len);
	t->has_answer = true;
}

/* Is it an identity that the policy allows for a peer at this address? */
static bool
peer_is_allowed(const struct ike_sa *sa, const struct id *peer)
{
	uint8_t octets[ID_ADDR_MAX];
	struct id by_addr = id_of_addr(sa->path.remote.addr, octets);
	if (sa->policy->n_remote_ids == 0)
		return id_is_same_peer(peer, &by_addr);
	for (size_t i = 0; i < sa->policy->n_remote_ids; i++)
		if (id_is_same_peer(peer, &sa->policy->remote_ids[i]))
			return true;
	return false;
}

/* The hash is judged first: what an unproved peer calls itself is nobody's business. */
static enum ike_reason
peer_judge(struct v1_turn *t)
{
	const struct v1_payload *id_payload = v1_msg_find(t->m, V1_ID, 0);
	const struct v1_payload *hash = v1_msg_find(t->m, V1_HASH, 0);
	enum v1_side side = t->sa->side == V1_INITIATOR ? V1_RESPONDER : V1_INITIATOR;
	size_t len = hash_info(t->sa->chosen.hash)->len;
	uint8_t want[HASH_LEN_MAX];
	struct id id;
	proof_make(t->sa, side, v1_body(id_payload), want);
	if (hash->n != len || !secret_eq(hash->p, want, len))
		return IKE_AUTH;
	enum ike_reason reason = id_parse(id_payload, &id);
	if (reason != IKE_OK)
		return reason;
	if (id_has_ike_port(&id) && peer_is_allowed(t->sa, &id))
		return IKE_OK;
	text_put(t->why, "the peer says it is ");
	id_print(&id, t->why);
	return IKE_ID;
}

/* HDR*, IDii, HASH_I --> */
enum ike_reason
v1_mm_i4(struct v1_turn *t)
{
	v1_nonce_take(t->m, &t->sa->hand->nr);
	enum ike_reason reason = keys_make(t);
	if (reason != IKE_OK)
		return reason;
	nat_judge(t);
	if (t->sa->nat.is_local_behind || t->sa->nat.is_remote_behind) {
		t->sa->path.local.port = NATT_PORT;
		t->sa->path.remote.port = NATT_PORT;
	}
	id_and_hash_put(t);
	return IKE_OK;
}

/* <-- HDR*, IDir, HASH_R */
enum ike_reason
v1_mm_r5(struct v1_turn *t)
{
	enum ike_reason reason = peer_judge(t);
	if (reason != IKE_OK)
		return reason;
	t->sa->path =
	    *t->path; /* the initiator may have moved to port 4500, or its NAT to another */
	id_and_hash_put(t);
	return IKE_OK;
}

/* The answer to HDR*, IDii, HASH_I */
enum ike_reason
v1_mm_i6(struct v1_turn *t)
{
	return peer_judge(t);
}
