/* SPDX-License-Identifier: BSD-2-Clause
 *
 * p2.c - proposals of phase 2.
 */
#include "lib/ike/p2.h"

#include "lib/base/text.h"

#include <stdlib.h>

enum { SHOWN_MAX = 8 }; /* proposals of the peer that are listed in a text */

/* In the order in which they are compared and reported. */
enum field { F_PROTOCOL, F_ENC, F_AUTH, F_PFS, F_ENCAP, F_MAX };

static const char *const field_names[F_MAX] = {
	[F_PROTOCOL] = "protocol",
	[F_ENC] = "encryption-algorithm",
	[F_AUTH] = "authentication-algorithm",
	[F_PFS] = "perfect-forward-secrecy",
	[F_ENCAP] = "encapsulation mode",
};

static const char *const protocol_names[] = {
	[P2_ESP] = "esp",
	[P2_AH] = "ah",
	[P2_BUNDLE] = "bundle",
};

/* --- offering --- */

static uint8_t
transform_id(enum v1_protocol wire, const struct p2_proposal *p)
{
	return wire == V1_PROTO_ESP ? enc_info(p->enc)->v1_esp : auth_info(p->auth)->v1_ah_id;
}

static void
transform_put(struct v1_out *o, bool is_last, uint8_t number, enum v1_protocol wire,
    const struct p2_proposal *p, const struct p2_policy *policy)
{
	const struct enc_info *enc = enc_info(p->enc);
	bool has_auth = wire == V1_PROTO_AH || (p->protocol == P2_ESP && p->auth != AUTH_NONE);
	struct v1_sa_mark mark = v1_sa_transform_open(o, is_last, number, transform_id(wire, p));
	v1_sa_life(o, V1_PHASE2, &(struct v1_lifetime){ .seconds = p->lifetime_s });
	if (policy->pfs != DH_NONE)
		v1_sa_attr(o, V1_PHASE2, V1_A_GROUP, dh_info(policy->pfs)->ike_id);
	v1_sa_attr(o, V1_PHASE2, V1_A_ENCAP, policy->encap);
	if (has_auth)
		v1_sa_attr(o, V1_PHASE2, V1_A_AUTH, auth_info(p->auth)->v1_attr);
	if (wire == V1_PROTO_ESP && enc->v1_has_len)
		v1_sa_attr(o, V1_PHASE2, V1_A_KEYLEN, enc->key_len * 8U);
	v1_sa_close(o, mark);
}

/* One proposal of one protocol with N of ours as its transforms. */
static void
proposal_put(struct v1_out *o, bool is_last, uint8_t number, enum v1_protocol wire, uint32_t spi,
    const struct p2_policy *policy, size_t first, size_t n)
{
	uint8_t b[V1_SPI_LEN];
	struct wr w = wr_init(b, sizeof(b));
	wr_u32(&w, spi);
	struct v1_sa_mark mark =
	    v1_sa_proposal_open(o, is_last, number, wire, b, sizeof(b), (uint8_t)n);
	for (size_t i = 0; i < n; i++)
		transform_put(
		    o, i + 1 == n, (uint8_t)(i + 1), wire, &policy->proposals[first + i], policy);
	v1_sa_close(o, mark);
}

/* How many from FIRST on stand together in one proposal on the wire. */
static size_t
run_len(const struct p2_policy *policy, size_t first)
{
	size_t n = 1;
	if (policy->proposals[first].protocol != P2_BUNDLE)
		while (first + n < policy->n &&
		       policy->proposals[first + n].protocol == policy->proposals[first].protocol)
			n++;
	return n;
}

void
p2_offer(struct v1_out *o, const struct p2_policy *policy, struct p2_spis spis)
{
	if (policy->n == 0 || policy->n > P2_PROPOSALS_MAX)
		abort();
	uint8_t number = 0;
	v1_sa_open(o);
	for (size_t i = 0; i < policy->n;) {
		enum p2_protocol protocol = policy->proposals[i].protocol;
		size_t n = run_len(policy, i);
		bool is_last = i + n == policy->n;
		number++;
		if (protocol != P2_ESP)
			proposal_put(o, is_last && protocol == P2_AH, number, V1_PROTO_AH, spis.ah,
			    policy, i, n);
		if (protocol != P2_AH)
			proposal_put(o, is_last, number, V1_PROTO_ESP, spis.esp, policy, i, n);
		i += n;
	}
	v1_out_close(o);
}

/* --- what differs --- */

/* Is the encapsulation of T what we want? One that is not written is up to us (RFC 2407 s4.5). */
static bool
encap_fits(const struct v1_transform *t, const struct p2_policy *policy)
{
	if ((t->has & 1U << V1_A_ENCAP) == 0)
		return policy->encap == V1_ENCAP_TUNNEL;
	return t->value[V1_A_ENCAP] == policy->encap;
}

static bool
pfs_fits(const struct v1_transform *t, const struct p2_policy *policy)
{
	bool has = (t->has & 1U << V1_A_GROUP) != 0;
	enum dh_group group = has ? dh_by_id(t->value[V1_A_GROUP]) : DH_NONE;
	return policy->takes_any_pfs ? group < DH_MAX : group == policy->pfs;
}

static bool
auth_fits(const struct v1_transform *t, enum v1_protocol wire, const struct p2_proposal *p)
{
	bool has = (t->has & 1U << V1_A_AUTH) != 0;
	if (wire == V1_PROTO_AH)
		return has && auth_by_v1_attr(t->value[V1_A_AUTH]) == p->auth &&
		       auth_by_v1_ah(t->id) == p->auth;
	if (p->protocol == P2_BUNDLE || p->auth == AUTH_NONE)
		return !has;
	return has && auth_by_v1_attr(t->value[V1_A_AUTH]) == p->auth;
}

/* Returns the first field in which T of protocol WIRE is not P, F_MAX if there is none. */
static enum field
mismatch(const struct v1_transform *t, enum v1_protocol wire, const struct p2_proposal *p,
    const struct p2_policy *policy)
{
	if (wire == V1_PROTO_ESP && enc_by_v1_esp(t->id, t->value[V1_A_KEYLEN]) != p->enc)
		return F_ENC;
	if (!auth_fits(t, wire, p))
		return F_AUTH;
	if (!pfs_fits(t, policy))
		return F_PFS;
	if (!encap_fits(t, policy))
		return F_ENCAP;
	return F_MAX;
}

/* The proposals of the peer that have one number: from FIRST, how many? */
static unsigned
group_len(const struct v1_sa *peer, unsigned first)
{
	unsigned n = 1;
	while (first + n < peer->n_proposals &&
	       peer->proposals[first + n].number == peer->proposals[first].number)
		n++;
	return n;
}

/* Are the protocols of a group those of P? */
static bool
protocols_fit(const struct v1_sa *peer, unsigned first, unsigned n, const struct p2_proposal *p)
{
	const struct v1_proposal *a = &peer->proposals[first];
	if (n == 1)
		return (p->protocol == P2_ESP && a->protocol == V1_PROTO_ESP) ||
		       (p->protocol == P2_AH && a->protocol == V1_PROTO_AH);
	if (n != 2 || p->protocol != P2_BUNDLE)
		return false;
	unsigned b = peer->proposals[first + 1].protocol;
	return (a->protocol == V1_PROTO_AH && b == V1_PROTO_ESP) ||
	       (a->protocol == V1_PROTO_ESP && b == V1_PROTO_AH);
}

/* --- texts --- */

static const char *
encap_name(uint32_t encap)
{
	switch (encap) {
	case V1_ENCAP_TUNNEL:
		return "tunnel";
	case V1_ENCAP_TRANSPORT:
		return "transport";
	case V1_ENCAP_UDP_TUNNEL:
	case V1_ENCAP_UDP_TUNNEL_DRAFT:
		return "udp-encapsulated tunnel";
	case V1_ENCAP_UDP_TRANSPORT:
	case V1_ENCAP_UDP_TRANSPORT_DRAFT:
		return "udp-encapsulated transport";
	default:
		return NULL;
	}
}

static void
name_put(struct text *why, const char *name, uint32_t number)
{
	if (name != NULL)
		text_put(why, name);
	else
		text_printf(why, "number %u", number);
}

static const char *
wire_name(unsigned protocol)
{
	return protocol == V1_PROTO_ESP      ? "esp"
	       : protocol == V1_PROTO_AH     ? "ah"
	       : protocol == V1_PROTO_IPCOMP ? "ipcomp"
					     : NULL;
}

static void
peer_field_put(
    struct text *why, const struct v1_proposal *p, const struct v1_transform *t, enum field field)
{
	bool has_group = (t->has & 1U << V1_A_GROUP) != 0;
	bool has_auth = (t->has & 1U << V1_A_AUTH) != 0;
	enum enc_alg enc = enc_by_v1_esp(t->id, t->value[V1_A_KEYLEN]);
	enum auth_alg auth = auth_by_v1_attr(t->value[V1_A_AUTH]);
	enum dh_group group = has_group ? dh_by_id(t->value[V1_A_GROUP]) : DH_NONE;
	switch (field) {
	case F_ENC:
		name_put(why, enc < ENC_MAX ? enc_info(enc)->name : NULL, t->id);
		break;
	case F_AUTH:
		name_put(why,
		    !has_auth         ? "none"
		    : auth < AUTH_MAX ? auth_info(auth)->name
				      : NULL,
		    t->value[V1_A_AUTH]);
		break;
	case F_PFS:
		name_put(why, group < DH_MAX ? dh_info(group)->name : NULL, t->value[V1_A_GROUP]);
		break;
	case F_ENCAP:
		name_put(why,
		    (t->has & 1U << V1_A_ENCAP) != 0 ? encap_name(t->value[V1_A_ENCAP]) : "tunnel",
		    t->value[V1_A_ENCAP]);
		break;
	default:
		name_put(why, wire_name(p->protocol), p->protocol);
		break;
	}
}

static const char *
our_field(const struct p2_proposal *p, const struct p2_policy *policy, enum field field)
{
	switch (field) {
	case F_ENC:
		return enc_info(p->enc)->name;
	case F_AUTH:
		return p->protocol == P2_BUNDLE ? "hmac in ah only" : auth_info(p->auth)->name;
	case F_PFS:
		return policy->takes_any_pfs ? "any group" : dh_info(policy->pfs)->name;
	case F_ENCAP:
		return encap_name(policy->encap);
	default:
		return protocol_names[p->protocol];
	}
}

void
p2_print(const struct p2_policy *policy, struct text *out)
{
	for (size_t i = 0; i < policy->n; i++) {
		const struct p2_proposal *p = &policy->proposals[i];
		text_put(out, i > 0 ? ", " : "");
		text_put(out, protocol_names[p->protocol]);
		if (p->protocol != P2_AH)
			text_printf(out, " %s", enc_info(p->enc)->name);
		text_printf(out, " %s %s %s", auth_info(p->auth)->name, our_field(p, policy, F_PFS),
		    our_field(p, policy, F_ENCAP));
	}
}

static void
lists_put(struct text *why, const struct v1_sa *peer, const struct p2_policy *policy)
{
	unsigned n_shown = 0;
	text_put(why, "; peer offered");
	for (unsigned i = 0; i < peer->n_proposals; i++) {
		const struct v1_proposal *p = &peer->proposals[i];
		for (unsigned k = p->first; k < p->first + p->n && n_shown < SHOWN_MAX; k++) {
			text_put(why, n_shown++ > 0 ? ", " : " ");
			for (enum field f = 0; f < F_MAX; f++) {
				if (f == F_ENC && p->protocol != V1_PROTO_ESP)
					continue;
				text_put(why, f > 0 ? " " : "");
				peer_field_put(why, p, &peer->transforms[k], f);
			}
		}
	}
	if (peer->n_transforms > n_shown)
		text_printf(why, " and %u more", peer->n_transforms - n_shown);
	text_put(why, "; allowed ");
	p2_print(policy, why);
}

/* The pair that agreed furthest. */
struct nearest {
	const struct v1_proposal *peer;
	const struct v1_transform *transform;
	const struct p2_proposal *ours;
	enum field field;
};

static void
nearest_note(struct nearest *best, const struct nearest *pair)
{
	if (best->peer == NULL || pair->field > best->field)
		*best = *pair;
}

static void
why_put(struct text *why, const struct v1_sa *peer, const struct p2_policy *policy,
    const struct nearest *best)
{
	if (best->peer == NULL) {
		text_put(why, "the peer's proposals have attributes that are not supported");
	} else {
		text_printf(why, "%s differs: peer ", field_names[best->field]);
		peer_field_put(why, best->peer, best->transform, best->field);
		text_printf(why, ", allowed %s", our_field(best->ours, policy, best->field));
	}
	lists_put(why, peer, policy);
}

/* --- choosing --- */

/* Finds in one proposal of the peer a transform that is P, and of the group AS, unless that is NULL. */
static bool
transform_find(const struct v1_sa *peer, unsigned proposal, const struct p2_proposal *p,
    const struct p2_policy *policy, const struct v1_transform *as, struct nearest *best,
    unsigned *out)
{
	const struct v1_proposal *theirs = &peer->proposals[proposal];
	for (unsigned k = theirs->first; k < theirs->first + theirs->n; k++) {
		const struct v1_transform *t = &peer->transforms[k];
		if (t->is_strange)
			continue;
		enum field f = mismatch(t, theirs->protocol, p, policy);
		if (f == F_MAX && (as == NULL || as->value[V1_A_GROUP] == t->value[V1_A_GROUP])) {
			*out = k;
			return true;
		}
		nearest_note(best, &(struct nearest){ theirs, t, p, f == F_MAX ? F_PFS : f });
	}
	return false;
}

static void
choice_fill(const struct v1_sa *peer, const struct p2_proposal *p, struct p2_choice *c)
{
	const struct v1_transform *t = &peer->transforms[c->transform[0]];
	c->group = (t->has & 1U << V1_A_GROUP) != 0 ? dh_by_id(t->value[V1_A_GROUP]) : DH_NONE;
	for (unsigned i = 0; i < c->n; i++) {
		const struct v1_proposal *theirs = &peer->proposals[c->peer_proposal[i]];
		uint32_t life = peer->transforms[c->transform[i]].life.seconds;
		*(theirs->protocol == V1_PROTO_ESP ? &c->peer.esp : &c->peer.ah) =
		    v1_sa_spi(theirs);
		if (life != 0 && (c->peer_lifetime_s == 0 || life < c->peer_lifetime_s))
			c->peer_lifetime_s = life;
		uint32_t kb = peer->transforms[c->transform[i]].life.kilobytes;
		if (kb != 0 && (c->lifetime_kb == 0 || kb < c->lifetime_kb))
			c->lifetime_kb = kb;
	}
	c->lifetime_s = v1_lifetime_agree(p->lifetime_s, c->peer_lifetime_s);
}

/* Tries one group of the peer's proposals against one of ours. */
static bool
group_match(const struct v1_sa *peer, unsigned first, unsigned n, const struct p2_proposal *p,
    const struct p2_policy *policy, struct nearest *best, struct p2_choice *out)
{
	const struct v1_transform *as = NULL;
	if (!protocols_fit(peer, first, n, p)) {
		const struct v1_proposal *theirs = &peer->proposals[first];
		nearest_note(best,
		    &(struct nearest){ theirs, &peer->transforms[theirs->first], p, F_PROTOCOL });
		return false;
	}
	for (unsigned i = 0; i < n; i++) {
		if (!transform_find(peer, first + i, p, policy, as, best, &out->transform[i]))
			return false;
		out->peer_proposal[i] = first + i;
		as = &peer->transforms[out->transform[i]];
	}
	out->n = n;
	choice_fill(peer, p, out);
	return true;
}

bool
p2_choose(const struct v1_sa *peer, const struct p2_policy *policy, struct p2_choice *out,
    struct text *why)
{
	struct nearest best = { 0 };
	for (size_t i = 0; i < policy->n; i++)
		for (unsigned k = 0; k < peer->n_proposals;) {
			struct p2_choice choice = { .proposal = (unsigned)i };
			unsigned n = group_len(peer, k);
			if (group_match(
				peer, k, n, &policy->proposals[i], policy, &best, &choice)) {
				*out = choice;
				return true;
			}
			k += n;
		}
	if (why != NULL)
		why_put(why, peer, policy, &best);
	return false;
}

void
p2_answer(
    struct v1_out *o, const struct v1_sa *peer, const struct p2_choice *choice, struct p2_spis spis)
{
	v1_sa_open(o);
	for (unsigned i = 0; i < choice->n; i++) {
		const struct v1_proposal *p = &peer->proposals[choice->peer_proposal[i]];
		const struct v1_transform *t = &peer->transforms[choice->transform[i]];
		uint8_t b[V1_SPI_LEN];
		struct wr w = wr_init(b, sizeof(b));
		wr_u32(&w, p->protocol == V1_PROTO_ESP ? spis.esp : spis.ah);
		struct v1_sa_mark proposal = v1_sa_proposal_open(
		    o, i + 1 == choice->n, p->number, p->protocol, b, sizeof(b), 1);
		struct v1_sa_mark transform = v1_sa_transform_open(o, true, t->number, t->id);
		wr_bytes(&o->w, t->attrs, t->attrs_len);
		v1_sa_close(o, transform);
		v1_sa_close(o, proposal);
	}
	v1_out_close(o);
}

bool
p2_accept(const struct v1_sa *answer, const struct p2_policy *policy, struct p2_choice *out,
    struct text *why)
{
	bool is_one = group_len(answer, 0) == answer->n_proposals &&
		      answer->n_transforms == answer->n_proposals;
	if (!is_one) {
		if (why != NULL)
			text_put(why, "the peer's answer holds more than one choice");
		return false;
	}
	return p2_choose(answer, policy, out, why);
}
