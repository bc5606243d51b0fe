/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf_ipsec.c - proposals and policies for phase 2: [edit services ipsec-vpn ipsec] and [edit security ipsec].
 *
 * Three cases are distinct: no policy at all is the built-in one, with perfect forward secrecy in group2; a policy
 * without `perfect-forward-secrecy` has none; a policy without proposals gets the built-in proposal. Called by conf_load() on
 * its thread.
 */
#include "lib/conf/builder.h"

#include <string.h>

enum { LIFETIME_MIN = 180, LIFETIME_MAX = 86400 };

static const struct conf_ipsec_proposal builtin = {
	.name = "default",
	.proto = PROTO_ESP,
	.auth = AUTH_HMAC_SHA1_96,
	.enc = ENC_3DES_CBC,
	.lifetime_s = 28800,
};
static const struct conf_ipsec_proposal *const builtin_list[] = { &builtin };

const struct conf_ipsec_policy ipsec_policy_builtin = {
	.name = "default",
	.proposals = builtin_list,
	.n_proposals = 1,
	.pfs = DH_GROUP2,
};

/* --- proposals --- */

static void
auth_load(struct builder *b, struct listed *l, struct conf_ipsec_proposal *p)
{
	/* cut to 96 bits it would have to be asked for under a private number */
	static const char *const unbuilt[] = { "hmac-sha-256-96", NULL };
	const char *s = listed_value(l, "authentication-algorithm", unbuilt);
	if (s == NULL)
		return;
	/* what is negotiated is the number of RFC 4868, which says 128 bits */
	if (strcmp(s, "hmac-sha2-256") == 0)
		p->auth = AUTH_HMAC_SHA_256_128;
	else if ((p->auth = auth_by_name(s)) == AUTH_MAX)
		builder_error(
		    b, elem_find(l->e, "authentication-algorithm"), "invalid value '%s'", s);
}

static void
enc_load(struct builder *b, struct listed *l, struct conf_ipsec_proposal *p)
{
	const struct elem *leaf = elem_find(l->e, "encryption-algorithm");
	if (leaf == NULL || leaf->value == NULL)
		return;
	p->enc = enc_by_name(leaf->value);
	if (p->enc == ENC_MAX || (enc_is_aead(p->enc) && enc_info(p->enc)->v1_esp == 0))
		builder_error(b, leaf, "invalid value '%s'", leaf->value);
	else if (enc_is_aead(p->enc))
		p->auth = AUTH_NONE; /* one that is written is an error, see check_ike.c */
}

static void
proposal_load(struct builder *b, struct listed *l, struct conf_ipsec_proposal *p)
{
	*p = builtin;
	p->name = arena_strdup(b->a, elem_value(l->e, "name"));
	const struct elem *protocol = elem_find(l->e, "protocol");
	if (protocol != NULL)
		(void)proto_load(b, protocol, &p->proto);
	auth_load(b, l, p);
	enc_load(b, l, p);
	if (p->proto == PROTO_AH)
		p->enc = ENC_NULL;
	child_u32(b, l->e, "lifetime-seconds", LIFETIME_MIN, LIFETIME_MAX, &p->lifetime_s);
}

static void
proposals_load(struct builder *b, struct hierarchy *h, const struct elem *ipsec)
{
	size_t n = elem_count(ipsec, "proposal");
	struct conf_ipsec_proposal *proposals = arena_array(b->a, n, sizeof(*proposals));
	struct listed *listed = arena_array(b->scratch, n, sizeof(*listed));
	size_t i = 0;
	elem_each (e, ipsec, "proposal") {
		struct listed *l = &listed[i];
		*l = (struct listed){ .e = e, .ipsec_proposal = &proposals[i] };
		if (listed_add(b, &h->ipsec_proposals, l, "Proposal"))
			proposal_load(b, l, &proposals[i++]);
	}
}

/* --- policies --- */

static void
pfs_load(struct builder *b, const struct elem *e, struct conf_ipsec_policy *p)
{
	const struct elem *pfs = elem_find(e, "perfect-forward-secrecy");
	const struct elem *keys = elem_find(pfs, "keys");
	if (pfs == NULL)
		return;
	if (keys == NULL || keys->value == NULL)
		builder_missing(b, pfs, "keys");
	else if ((p->pfs = dh_by_name(keys->value)) == DH_MAX)
		builder_error(b, keys, "invalid value '%s'", keys->value);
}

static void
policy_load(struct builder *b, const struct hierarchy *h, struct listed *l)
{
	struct conf_ipsec_policy *p = l->ipsec_policy;
	const struct conf_ipsec_proposal **list =
	    arena_array(b->a, proposals_count(b, l->e), sizeof(*list));
	p->name = arena_strdup(b->a, elem_value(l->e, "name"));
	elem_each (leaf, l->e, "proposals") {
		const struct listed *proposal = listed_proposal(b, leaf, &h->ipsec_proposals);
		if (proposal != NULL)
			list[p->n_proposals++] = proposal->ipsec_proposal;
	}
	p->proposals = list;
	if (p->n_proposals == 0) {
		p->proposals = builtin_list;
		p->n_proposals = 1;
	}
	pfs_load(b, l->e, p);
	l->unbuilt = elem_find(l->e, "proposal-set");
}

static size_t
policies_load(struct builder *b, struct hierarchy *h, const struct elem *ipsec,
    const struct conf_ipsec_policy **list)
{
	size_t n = elem_count(ipsec, "policy");
	struct conf_ipsec_policy *policies = arena_array(b->a, n, sizeof(*policies));
	struct listed *listed = arena_array(b->scratch, n, sizeof(*listed));
	size_t i = 0;
	elem_each (e, ipsec, "policy") {
		struct listed *l = &listed[i];
		*l = (struct listed){ .e = e, .ipsec_policy = &policies[i] };
		if (!listed_add(b, &h->ipsec_policies, l, "Policy"))
			continue;
		policy_load(b, h, l);
		list[i] = &policies[i];
		i++;
	}
	return i;
}

void
ipsec_load(struct builder *b)
{
	const struct elem *services = elem_find(b->services.top, "ipsec");
	const struct elem *security = elem_find(b->security.top, "ipsec");
	size_t n = elem_count(services, "policy") + elem_count(security, "policy");
	const struct conf_ipsec_policy **list = arena_array(b->a, n, sizeof(*list));
	proposals_load(b, &b->services, services);
	proposals_load(b, &b->security, security);
	n = policies_load(b, &b->services, services, list);
	n += policies_load(b, &b->security, security, list + n);
	b->c->ipsec_policies = list;
	b->c->n_ipsec_policies = n;
}
