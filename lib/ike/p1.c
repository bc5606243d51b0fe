/* SPDX-License-Identifier: BSD-2-Clause
 *
 * p1.c - proposals of phase 1.
 */
#include "lib/ike/p1.h"

#include "lib/base/text.h"

#include <stdlib.h>

enum { SHOWN_MAX = 8 }; /* transforms of the peer that are listed in a text */

/* In the order in which they are compared and reported. */
enum field { F_METHOD, F_ENC, F_HASH, F_GROUP, F_MAX };

static const char *const field_names[F_MAX] = {
	[F_METHOD] = "authentication-method",
	[F_ENC] = "encryption-algorithm",
	[F_HASH] = "authentication-algorithm",
	[F_GROUP] = "dh-group",
};

/* --- offering --- */

static void
transform_put(struct v1_out *o, bool is_last, uint8_t number, const struct p1_proposal *p)
{
	const struct enc_info *enc = enc_info(p->enc);
	struct v1_sa_mark mark = v1_sa_transform_open(o, is_last, number, V1_TRANSFORM_KEY_IKE);
	v1_sa_attr(o, V1_PHASE1, V1_A_ENC, enc->v1_ike);
	if (enc->v1_has_len)
		v1_sa_attr(o, V1_PHASE1, V1_A_KEYLEN, enc->key_len * 8U);
	v1_sa_attr(o, V1_PHASE1, V1_A_HASH, hash_info(p->hash)->v1_ike);
	v1_sa_attr(o, V1_PHASE1, V1_A_GROUP, dh_info(p->group)->ike_id);
	v1_sa_attr(o, V1_PHASE1, V1_A_METHOD, method_info(p->method)->v1_ike);
	v1_sa_life(o, V1_PHASE1, &(struct v1_lifetime){ .seconds = p->lifetime_s });
	v1_sa_close(o, mark);
}

void
p1_offer(struct v1_out *o, const struct p1_proposal *ours, size_t n)
{
	if (n == 0 || n > P1_PROPOSALS_MAX)
		abort();
	v1_sa_open(o);
	struct v1_sa_mark mark =
	    v1_sa_proposal_open(o, true, 1, V1_PROTO_ISAKMP, NULL, 0, (uint8_t)n);
	for (size_t i = 0; i < n; i++)
		transform_put(o, i + 1 == n, (uint8_t)(i + 1), &ours[i]);
	v1_sa_close(o, mark);
	v1_out_close(o);
}

/* --- what differs --- */

/* Returns the first field in which T is not P, F_MAX if there is none. */
static enum field
mismatch(const struct v1_transform *t, const struct p1_proposal *p)
{
	if (method_by_v1_ike(t->value[V1_A_METHOD]) != p->method)
		return F_METHOD;
	if (enc_by_v1_ike(t->value[V1_A_ENC], t->value[V1_A_KEYLEN]) != p->enc)
		return F_ENC;
	if (hash_by_v1_ike(t->value[V1_A_HASH]) != p->hash)
		return F_HASH;
	if (dh_by_id(t->value[V1_A_GROUP]) != p->group)
		return F_GROUP;
	return F_MAX;
}

static bool
can_be_chosen(const struct v1_transform *t)
{
	return !t->is_strange && t->id == V1_TRANSFORM_KEY_IKE;
}

/* --- texts --- */

static void
peer_field_put(struct text *why, const struct v1_transform *t, enum field field)
{
	uint32_t enc = t->value[V1_A_ENC];
	uint32_t bits = t->value[V1_A_KEYLEN];
	const char *name = NULL;
	uint32_t number = 0;
	switch (field) {
	case F_METHOD: {
		number = t->value[V1_A_METHOD];
		enum auth_method m = method_by_v1_ike(number);
		name = m < METHOD_MAX ? method_info(m)->name : NULL;
		break;
	}
	case F_ENC: {
		number = enc;
		enum enc_alg e = enc_by_v1_ike(enc, bits);
		name = e < ENC_MAX ? enc_info(e)->name : NULL;
		break;
	}
	case F_HASH: {
		number = t->value[V1_A_HASH];
		enum hash_alg h = hash_by_v1_ike(number);
		name = h < HASH_MAX ? hash_info(h)->name : NULL;
		break;
	}
	default: {
		number = t->value[V1_A_GROUP];
		enum dh_group g = dh_by_id(number);
		name = g < DH_MAX ? dh_info(g)->name : NULL;
		break;
	}
	}
	if (name != NULL)
		text_put(why, name);
	else if (field == F_ENC && bits != 0)
		text_printf(why, "algorithm %u of %u bits", number, bits);
	else
		text_printf(why, "number %u", number);
}

static const char *
our_field(const struct p1_proposal *p, enum field field)
{
	switch (field) {
	case F_METHOD:
		return method_info(p->method)->name;
	case F_ENC:
		return enc_info(p->enc)->name;
	case F_HASH:
		return hash_info(p->hash)->name;
	default:
		return dh_info(p->group)->name;
	}
}

void
p1_print(const struct p1_proposal *ours, size_t n, struct text *out)
{
	for (size_t i = 0; i < n; i++)
		for (enum field f = 0; f < F_MAX; f++) {
			text_put(out, f > 0 ? " " : i > 0 ? ", " : "");
			text_put(out, our_field(&ours[i], f));
		}
}

static void
lists_put(struct text *why, const struct v1_sa *peer, const struct p1_proposal *ours, size_t n)
{
	text_put(why, "; peer offered");
	for (unsigned i = 0; i < peer->n_transforms && i < SHOWN_MAX; i++)
		for (enum field f = 0; f < F_MAX; f++) {
			text_put(why, f > 0 ? " " : i > 0 ? ", " : " ");
			peer_field_put(why, &peer->transforms[i], f);
		}
	if (peer->n_transforms > SHOWN_MAX)
		text_printf(why, " and %u more", peer->n_transforms - SHOWN_MAX);
	text_put(why, "; allowed ");
	p1_print(ours, n, why);
}

/* The nearest pair is the one that agrees furthest; its first difference is what the user has to change. */
static void
why_put(struct text *why, const struct v1_sa *peer, const struct p1_proposal *ours, size_t n)
{
	const struct v1_transform *nearest = NULL;
	const struct p1_proposal *nearest_ours = NULL;
	enum field furthest = F_METHOD;
	for (size_t i = 0; i < n; i++)
		for (unsigned k = 0; k < peer->n_transforms; k++) {
			const struct v1_transform *t = &peer->transforms[k];
			enum field f = mismatch(t, &ours[i]);
			if (f == F_MAX || !can_be_chosen(t) || (nearest != NULL && f <= furthest))
				continue;
			nearest = t;
			nearest_ours = &ours[i];
			furthest = f;
		}
	if (nearest != NULL) {
		text_printf(why, "%s differs: peer ", field_names[furthest]);
		peer_field_put(why, nearest, furthest);
		text_printf(why, ", allowed %s", our_field(nearest_ours, furthest));
	} else {
		text_put(why, "the peer's proposals have attributes that are not supported");
	}
	lists_put(why, peer, ours, n);
}

/* --- choosing --- */

/* Tries every transform of the peer against one of ours. */
static bool
match(const struct v1_sa *peer, const struct p1_proposal *p, struct p1_choice *out)
{
	for (unsigned i = 0; i < peer->n_proposals; i++) {
		const struct v1_proposal *theirs = &peer->proposals[i];
		if (theirs->protocol != V1_PROTO_ISAKMP)
			continue;
		for (unsigned k = theirs->first; k < theirs->first + theirs->n; k++) {
			const struct v1_transform *t = &peer->transforms[k];
			if (!can_be_chosen(t) || mismatch(t, p) != F_MAX)
				continue;
			out->peer = i;
			out->transform = k;
			out->peer_lifetime_s = t->life.seconds;
			out->lifetime_s = v1_lifetime_agree(p->lifetime_s, t->life.seconds);
			return true;
		}
	}
	return false;
}

bool
p1_choose(const struct v1_sa *peer, const struct p1_proposal *ours, size_t n, struct p1_choice *out,
    struct text *why)
{
	for (size_t i = 0; i < n; i++) {
		struct p1_choice choice = { .proposal = (unsigned)i };
		if (match(peer, &ours[i], &choice)) {
			*out = choice;
			return true;
		}
	}
	if (why != NULL)
		why_put(why, peer, ours, n);
	return false;
}

void
p1_answer(struct v1_out *o, const struct v1_sa *peer, const struct p1_choice *choice)
{
	const struct v1_proposal *p = &peer->proposals[choice->peer];
	const struct v1_transform *t = &peer->transforms[choice->transform];
	v1_sa_open(o);
	struct v1_sa_mark proposal =
	    v1_sa_proposal_open(o, true, p->number, V1_PROTO_ISAKMP, NULL, 0, 1);
	struct v1_sa_mark transform = v1_sa_transform_open(o, true, t->number, t->id);
	wr_bytes(&o->w, t->attrs, t->attrs_len);
	v1_sa_close(o, transform);
	v1_sa_close(o, proposal);
	v1_out_close(o);
}

bool
p1_accept(const struct v1_sa *answer, const struct p1_proposal *ours, size_t n,
    struct p1_choice *out, struct text *why)
{
	if (answer->n_proposals != 1 || answer->n_transforms != 1) {
		if (why != NULL)
			text_put(why, "the peer's answer holds more than one choice");
		return false;
	}
	return p1_choose(answer, ours, n, out, why);
}
