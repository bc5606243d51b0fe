/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_dynamic.c - rules between statements: what a dynamic tunnel needs in order to come up.
 *
 * A policy is judged once, when the first tunnel refers to it: what no process here can do is an error at its own
 * place, and never replaced by something else; what is weak is a warning, if it was written (the built-in defaults do not
 * warn). Two tunnels between the same gateways must be told apart by what they select. Linear in the number of tunnels.
 * Called by conf_load() on its thread.
 */
#include "lib/base/text.h"
#include "lib/conf/builder.h"

#include <string.h>

/* --- weak algorithms --- */

/* Adds to W what the leaf says, if it is one of them. */
static void
weak_add(struct text *w, const struct elem *e, const char *leaf, const char *const *weak_values)
{
	const char *s = elem_value(e, leaf);
	for (; s != NULL && *weak_values != NULL; weak_values++)
		if (strcmp(*weak_values, s) == 0)
			text_printf(w, "%s%s", w->len > 0 ? ", " : "", s);
}

static void
weak_warn(struct builder *b, const struct elem *e, struct text *w)
{
	if (w->len > 0)
		builder_warn(b, e, "weak algorithms: %s", text_str(w));
	text_done(w);
}

static const char *const weak_enc[] = { "des-cbc", NULL };
static const char *const weak_hash[] = { "md5", "hmac-md5-96", NULL };
static const char *const weak_group[] = { "group1", "group2", "group5", NULL };

/* --- policies that are in use --- */

static void
unbuilt_refuse(struct builder *b, const struct listed *l)
{
	if (l->unbuilt != NULL)
		builder_unsupported(b, l->unbuilt,
		    "%s %s is not supported, and a tunnel refers to it", l->unbuilt->name,
		    l->unbuilt->value ? l->unbuilt->value : "");
}

static void
proposal_judge(struct builder *b, struct listed *l)
{
	struct text w = { 0 };
	if (l == NULL || l->is_judged)
		return;
	l->is_judged = true;
	unbuilt_refuse(b, l);
	weak_add(&w, l->e, "encryption-algorithm", weak_enc);
	weak_add(&w, l->e, "authentication-algorithm", weak_hash);
	weak_add(&w, l->e, "dh-group", weak_group);
	weak_warn(b, l->e, &w);
}

static void
proposals_judge(struct builder *b, const struct elem *policy, const struct smap *m)
{
	elem_each (leaf, policy, "proposals")
		proposal_judge(b, smap_find(m, leaf->value ? leaf->value : ""));
}

/* What each way of authentication needs, for every proposal that asks for it. */
static void
methods_check(struct builder *b, const struct listed *l)
{
	const struct conf_ike_policy *p = l->ike_policy;
	const struct elem *leaf = elem_find(l->e, "proposals");
	if (p->psk.len == 0 && p->local_certificate == NULL)
		return; /* said elsewhere */
	for (size_t i = 0; i < p->n_proposals; i++) {
		bool is_psk = p->proposals[i]->method == METHOD_PSK;
		const char *lacking = is_psk && p->psk.len == 0 ? "pre-shared-key"
				      : !is_psk && p->local_certificate == NULL
					  ? "local-certificate"
					  : NULL;
		if (lacking != NULL)
			builder_error(b, leaf != NULL ? leaf : l->e,
			    "%s must be configured with proposal %s, whose authentication-method "
			    "is %s",
			    lacking, p->proposals[i]->name,
			    method_info(p->proposals[i]->method)->name);
		leaf = leaf != NULL ? elem_next(leaf) : NULL;
	}
}

static bool
uses_psk(const struct conf_ike_policy *p)
{
	for (size_t i = 0; i < p->n_proposals; i++)
		if (p->proposals[i]->method == METHOD_PSK)
			return true;
	return false;
}

/* Aggressive mode begins with the public value of one group, so it can offer proposals of one group only. */
static void
groups_check(struct builder *b, const struct listed *l)
{
	const struct conf_ike_policy *p = l->ike_policy;
	const struct elem *leaf = elem_find(l->e, "proposals");
	for (size_t i = 0; i < p->n_proposals && leaf != NULL; i++, leaf = elem_next(leaf))
		if (p->proposals[i]->group != p->proposals[0]->group)
			builder_warn(b, leaf,
			    "aggressive mode does not offer this proposal: its dh-group is not %s, "
			    "that of proposal %s",
			    dh_info(p->proposals[0]->group)->name, p->proposals[0]->name);
}

static void
ike_judge(struct builder *b, const struct hierarchy *h, struct listed *l)
{
	if (l == NULL || l->is_judged)
		return;
	const struct conf_ike_policy *p = l->ike_policy;
	l->is_judged = true;
	unbuilt_refuse(b, l);
	proposals_judge(b, l->e, &h->ike_proposals);
	methods_check(b, l);
	if (p->local_id.kind == CONF_ID_DN && p->local_certificate == NULL)
		builder_error(b, elem_find(l->e, "local-id"),
		    "local-certificate must be configured with local-id distinguished-name");
	if (p->is_aggressive)
		groups_check(b, l);
	if (p->is_aggressive && uses_psk(p))
		builder_warn(b, elem_find(l->e, "mode"),
		    "aggressive mode with a pre-shared key lets a listener guess the key offline");
}

static void
ipsec_judge(struct builder *b, const struct hierarchy *h, const struct elem *leaf)
{
	struct text w = { 0 };
	struct listed *l =
	    leaf != NULL && leaf->value != NULL ? smap_find(&h->ipsec_policies, leaf->value) : NULL;
	if (l == NULL || l->is_judged)
		return;
	l->is_judged = true;
	unbuilt_refuse(b, l);
	proposals_judge(b, l->e, &h->ipsec_proposals);
	weak_add(&w, elem_find(l->e, "perfect-forward-secrecy"), "keys", weak_group);
	weak_warn(b, l->e, &w);
}

/* --- tunnels between the same gateways --- */

/* The first tunnel of a pair of gateways, and of a pair with its selectors. */
struct pair {
	const struct conf_service_set *set; /* or NULL: a unit's security association */
	const struct conf_term *term;
	const struct conf_unit *unit;
};

struct pairs {
	struct builder *b;
	struct smap gateways;
	struct smap tunnels;
};

static const char *
pair_print(struct builder *b, const struct pair *p)
{
	if (p->set == NULL)
		return arena_printf(b->scratch, "interface %s", p->unit->name);
	return arena_printf(b->scratch, "rule %s term %s in service set %s", p->term->rule->name,
	    p->term->name, p->set->name);
}

/* Claims REMOTE seen from LOCAL for P, which selects SOURCE and DESTINATION; LEAF is where the gateway was written. */
static void
pair_claim(struct pairs *x, struct addr local, struct addr remote, struct prefix source,
    struct prefix destination, const struct pair *p, const struct elem *leaf)
{
	struct builder *b = x->b;
	char l[ADDR_STRLEN];
	char r[ADDR_STRLEN];
	char s[PREFIX_STRLEN];
	char d[PREFIX_STRLEN];
	if (local.family == ADDR_NONE || remote.family == ADDR_NONE)
		return;
	struct pair *own = arena_memdup(b->scratch, p, sizeof(*p));
	const char *gateways =
	    arena_printf(b->scratch, "%s %s", addr_print(local, l), addr_print(remote, r));
	const struct pair *first = smap_find(&x->gateways, gateways);
	if (first == NULL) {
		(void)smap_add(&x->gateways, gateways, own);
	} else if (first->set != p->set) {
		builder_error(b, leaf,
		    "Remote gateway %s is already used on local gateway %s by %s", r, l,
		    pair_print(b, first));
		return;
	}
	if (first != NULL && p->set != NULL && first->term->dynamic.ike != p->term->dynamic.ike)
		builder_warn(b, leaf,
		    "the IKE policy has no effect: tunnels between the same gateways have one IKE "
		    "SA, with the policy of %s",
		    pair_print(b, first));
	const char *tunnel = arena_printf(b->scratch, "%s %s %s", gateways,
	    prefix_print(prefix_network(source), s), prefix_print(prefix_network(destination), d));
	if (!smap_add(&x->tunnels, tunnel, own))
		builder_error(b, leaf,
		    "Remote gateway, source address and destination address are those of %s",
		    pair_print(b, smap_find(&x->tunnels, tunnel)));
}

/* What is not written means any IPv4. */
static struct prefix
or_any(struct prefix p)
{
	if (p.addr.family == ADDR_NONE)
		p.addr.family = ADDR_V4;
	return p;
}

static void
set_check(struct pairs *x, const struct conf_service_set *s)
{
	struct builder *b = x->b;
	for (size_t i = 0; i < s->n_tunnels; i++) {
		const struct conf_term *t = s->tunnels[i].term;
		if (!t->dynamic.is_set)
			continue;
		const struct elem *te = b->term_elems[t->rule - b->rule_array][t - t->rule->terms];
		const struct elem *then = elem_find(te, "then");
		const struct elem *backup = elem_find(then, "backup-remote-gateway");
		if (backup != NULL && addr_eq(t->backup_gateway, s->local_gateway))
			builder_error(b, backup,
			    "Remote gateway must differ from the local gateway of service set %s",
			    s->name);
		pair_claim(x, s->local_gateway, t->remote_gateway, or_any(t->source),
		    or_any(t->destination), &(struct pair){ .set = s, .term = t },
		    elem_find(then, "remote-gateway"));
	}
}

/* --- who refers to policies --- */

static void
terms_check(struct builder *b)
{
	for (size_t i = 0; i < b->c->n_rules; i++)
		for (size_t n = 0; n < b->c->rules[i]->n_terms; n++) {
			if (b->c->rules[i]->terms[n].manual.is_set)
				continue; /* most are, where there are many */
			const struct elem *dynamic = elem_path(b->term_elems[i][n], "then/dynamic");
			const char *ike = elem_value(dynamic, "ike-policy");
			if (ike != NULL)
				ike_judge(
				    b, &b->services, smap_find(&b->services.ike_policies, ike));
			ipsec_judge(b, &b->services, elem_find(dynamic, "ipsec-policy"));
		}
}

static const struct elem *
sa_leaf(const struct elem *unit)
{
	const struct elem *family = elem_find(unit, "family");
	const struct elem *leaf = elem_path(family, "inet/ipsec-sa");
	return leaf != NULL ? leaf : elem_path(family, "inet6/ipsec-sa");
}

/* A policy is found by the address of its peer. */
static void
es_policy_check(
    struct builder *b, struct addr destination, const struct elem *leaf, const char *what)
{
	char peer[ADDR_STRLEN];
	const struct conf_ike_policy *policy =
	    smap_find(&b->index->peers, addr_print(destination, peer));
	if (policy == NULL)
		builder_error(b, leaf,
		    "IKE policy %s must be defined under [edit security ike policy] for the "
		    "%s",
		    peer, what);
	else
		ike_judge(b, &b->security, smap_find(&b->security.ike_policies, policy->name));
}

static void
unit_check(struct pairs *x, size_t at)
{
	struct builder *b = x->b;
	const struct conf_unit *u = &b->units[at];
	const struct conf_sa *sa = u->ipsec_sa;
	const struct elem *e = b->unit_elems[at];
	if (sa == NULL || !sa->dynamic.is_set || u->ifd->kind != IFD_ES ||
	    u->tunnel_destination.family == ADDR_NONE)
		return;
	const struct elem *backup = elem_path(e, "tunnel/backup-destination");
	es_policy_check(b, u->tunnel_destination, sa_leaf(e), "tunnel destination");
	if (u->tunnel_backup.family != ADDR_NONE)
		es_policy_check(b, u->tunnel_backup, backup, "backup destination of the tunnel");
	if (backup != NULL && addr_eq(u->tunnel_backup, u->tunnel_source))
		builder_error(b, backup, "Tunnel source and backup destination must be different");
	ipsec_judge(b, &b->security, elem_path(b->sa_elems[sa - b->sas], "dynamic/ipsec-policy"));
	pair_claim(x, u->tunnel_source, u->tunnel_destination, or_any(sa->selector_local),
	    or_any(sa->selector_remote), &(struct pair){ .unit = u },
	    elem_path(e, "tunnel/destination"));
}

/* What nobody refers to and could not be done. */
static void
unused_note(struct builder *b, const struct elem *parent, const char *list, const struct smap *m)
{
	elem_each (e, parent, list) {
		const char *name = elem_value(e, "name");
		const struct listed *l = name != NULL ? smap_find(m, name) : NULL;
		if (l != NULL && l->e == e && !l->is_judged && l->unbuilt != NULL)
			builder_unused(b, l->unbuilt);
	}
}

static void
all_unused_note(struct builder *b, const struct hierarchy *h)
{
	const struct elem *ike = elem_find(h->top, "ike");
	const struct elem *ipsec = elem_find(h->top, "ipsec");
	unused_note(b, ike, "proposal", &h->ike_proposals);
	unused_note(b, ike, "policy", &h->ike_policies);
	unused_note(b, ipsec, "proposal", &h->ipsec_proposals);
	unused_note(b, ipsec, "policy", &h->ipsec_policies);
}

/* A CA that is not there vouches for nobody. */
static void
trusted_check(struct builder *b)
{
	struct smap profiles = { 0 };
	elem_each (e, elem_find(b->security.top, "pki"), "ca-profile") {
		const char *name = elem_value(e, "name");
		if (name != NULL)
			(void)smap_add(&profiles, name, b);
	}
	for (size_t i = 0; i < b->c->n_service_sets; i++)
		elem_each (leaf, elem_find(b->set_elems[i], "ipsec-vpn-options"), "trusted-ca")
			if (leaf->value != NULL && smap_find(&profiles, leaf->value) == NULL)
				builder_warn(b, leaf,
				    "ca-profile %s is not defined under [edit security pki]",
				    leaf->value);
	smap_done(&profiles);
}

void
check_dynamic(struct builder *b)
{
	struct pairs x = { .b = b };
	terms_check(b);
	for (size_t i = 0; i < b->c->n_service_sets; i++)
		set_check(&x, b->c->service_sets[i]);
	for (size_t i = 0; i < b->n_units; i++)
		unit_check(&x, i);
	trusted_check(b);
	all_unused_note(b, &b->services);
	all_unused_note(b, &b->security);
	smap_done(&x.gateways);
	smap_done(&x.tunnels);
}
