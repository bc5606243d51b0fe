/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf_dynamic.c - `dynamic` of a term and of a security association: what its policies are and what it selects.
 *
 * Only mgd and kmd know policies; for the others it is enough that the tunnel is dynamic. What a security association
 * selects stands in the filter terms that refer to it, and since these are with other interfaces, conf_reduce()
 * hands the result on. Called by conf_rule.c, conf_es.c and conf_load() on its thread.
 */
#include "lib/conf/builder.h"

#include <string.h>

enum { NATT_INSTALL_MAX = 10 };

static const char *const ike_message =
    "Referenced IKE policy must be defined under [edit services ipsec-vpn ike policy]";
static const char *const ipsec_messages[] = {
	"Referenced IPSec policy must be defined under [edit services ipsec-vpn ipsec policy]",
	"Referenced IPSec policy must be defined under [edit security ipsec policy]",
};

/* Finds what LEAF names; reports MESSAGE if it is not there. NULL also if LEAF is NULL. */
static const struct listed *
ref(struct builder *b, const struct elem *leaf, const struct smap *m, const char *message)
{
	const struct listed *l = leaf != NULL ? smap_find(m, leaf->value ? leaf->value : "") : NULL;
	if (leaf != NULL && l == NULL)
		builder_error(b, leaf, "%s", message);
	return l;
}

void
dynamic_load(struct builder *b, const struct elem *dynamic, const struct hierarchy *h,
    struct conf_dynamic *out)
{
	out->is_set = true;
	if (b->part != CONF_ALL && b->part != CONF_KMD)
		return;
	child_u32(b, dynamic, "natt-install-interval", 0, NATT_INSTALL_MAX, &out->natt_install_s);
	const struct elem *leaf = elem_find(dynamic, "ike-policy");
	if (!h->is_security && leaf == NULL)
		builder_missing(b, dynamic, "ike-policy");
	const struct listed *ike =
	    h->is_security ? NULL : ref(b, leaf, &h->ike_policies, ike_message);
	out->ike = ike != NULL ? ike->ike_policy : NULL;
	const struct listed *ipsec = ref(b, elem_find(dynamic, "ipsec-policy"), &h->ipsec_policies,
	    ipsec_messages[h->is_security]);
	out->ipsec = ipsec != NULL ? ipsec->ipsec_policy : &ipsec_policy_builtin;
}

/* --- what filters select --- */

/* One side of a security association, while the terms that refer to it are gathered. */
struct side {
	bool is_known;
	bool is_any; /* once any, always any */
	struct prefix prefix;
};

struct sides {
	struct side local;
	struct side remote;
};

static void
side_add(struct side *s, const struct prefix *list, size_t n)
{
	if (n != 1 || (s->is_known && !prefix_eq(s->prefix, list[0])))
		s->is_any = true;
	else
		s->prefix = prefix_network(list[0]);
	s->is_known = true;
}

static void
from_filters(struct builder *b)
{
	struct sides *sides = arena_array(b->scratch, b->c->n_sas, sizeof(*sides));
	for (size_t i = 0; i < b->c->n_filters; i++) {
		const struct conf_filter *f = b->c->filters[i];
		for (size_t n = 0; n < f->n_terms; n++) {
			const struct conf_filter_term *t = &f->terms[n];
			if (t->sa == NULL || !t->sa->dynamic.is_set)
				continue;
			struct sides *s = &sides[t->sa - b->sas];
			side_add(&s->local, t->source, t->n_source);
			side_add(&s->remote, t->destination, t->n_destination);
		}
	}
	for (size_t i = 0; i < b->c->n_sas; i++) {
		const struct sides *s = &sides[i];
		if (!s->local.is_any)
			b->sas[i].selector_local = s->local.prefix;
		if (!s->remote.is_any)
			b->sas[i].selector_remote = s->remote.prefix;
	}
}

static void
from_leaf(struct builder *b, const struct elem *dynamic, const char *name, struct prefix *out)
{
	const struct elem *leaf = elem_find(dynamic, name);
	if (leaf != NULL)
		(void)leaf_prefix(b, leaf, out);
}

void
selectors_load(struct builder *b)
{
	if (b->part == CONF_ALL) {
		from_filters(b);
		return;
	}
	for (size_t i = 0; i < b->c->n_sas; i++) {
		const struct elem *dynamic = elem_find(b->sa_elems[i], "dynamic");
		from_leaf(b, dynamic, SELECTOR_LOCAL_LEAF, &b->sas[i].selector_local);
		from_leaf(b, dynamic, SELECTOR_REMOTE_LEAF, &b->sas[i].selector_remote);
	}
}
