/* SPDX-License-Identifier: BSD-2-Clause
 *
 * reduce_ike.c - the parts of a configuration for those who negotiate: kmd and pkid.
 *
 * kmd gets what dynamic tunnels refer to, with their pre-shared keys, and nothing else that is secret. A manual term
 * of a rule stays behind as a name, because it counts when tunnels are numbered. pkid gets [edit security pki] and the names
 * of the trusted CAs. Called by conf_reduce().
 */
#include "lib/conf/reduce.h"

#include "lib/conf/builder.h"

#include <string.h>

struct kmd {
	const struct conf *c;
	const struct elem *root;
	struct arena *a;
	struct elem *to;
	struct smap sets; /* names of what is kept */
	struct smap rules;
	struct smap rule_sets;
	struct smap units;
	struct smap ifds;
	struct smap sas;
	struct smap peers; /* policies of [edit security ike] */
	struct smap ike_policies;
	struct smap ipsec_policies;
	struct smap security_policies; /* of [edit security ipsec] */
};

/* --- choosing --- */

static void
unit_keep(struct kmd *x, const struct conf_unit *u)
{
	if (u == NULL)
		return;
	reduce_keep(&x->units, u->name);
	reduce_keep(&x->ifds, u->ifd->name);
}

static void
set_keep(struct kmd *x, const struct conf_service_set *s)
{
	reduce_keep(&x->sets, s->name);
	unit_keep(x, s->inside);
	unit_keep(x, s->outside);
	unit_keep(x, s->service_unit);
	for (size_t i = 0; i < s->n_rules; i++)
		(void)smap_set(&x->rules, s->rules[i]->name, (void *)(uintptr_t)s->rules[i]);
	for (size_t i = 0; i < s->n_tunnels; i++) {
		const struct conf_term *t = s->tunnels[i].term;
		if (t->dynamic.is_set && t->inside_unit != NULL)
			unit_keep(x, conf_unit(x->c, t->inside_unit));
	}
}

static void
es_keep(struct kmd *x, const struct conf_unit *u)
{
	const struct conf_sa *sa = u->ipsec_sa;
	if (sa == NULL || !sa->dynamic.is_set)
		return;
	const struct addr peers[] = { u->tunnel_destination, u->tunnel_backup };
	unit_keep(x, u);
	reduce_keep(&x->sas, sa->name);
	for (size_t i = 0; i < 2; i++) {
		const struct conf_ike_policy *policy = conf_ike_policy_of_peer(x->c, peers[i]);
		if (policy != NULL)
			reduce_keep(&x->peers, policy->name);
	}
}

static void
all_keep(struct kmd *x)
{
	for (size_t i = 0; i < x->c->n_service_sets; i++)
		if (x->c->service_sets[i]->is_dynamic)
			set_keep(x, x->c->service_sets[i]);
	for (size_t i = 0; i < x->c->n_ifds; i++)
		for (size_t n = 0; n < x->c->ifds[i]->n_units; n++)
			es_keep(x, x->c->ifds[i]->units[n]);
}

/* --- copying --- */

/* The containers of PATH in the reduced tree, made when the first comes that belongs there. Looked for once: there may be
 * many others beside them. */
static struct elem *
place(struct kmd *x, const char *const *path, struct elem **at)
{
	if (*at == NULL)
		*at = reduce_path(x->a, x->to, x->root, path);
	return *at;
}

static void
interfaces_copy(struct kmd *x)
{
	static const char *const path[] = { "interfaces", NULL };
	static const char *const no_unit[] = { "unit", "description", "mtu", NULL };
	struct elem *at = NULL;
	static const char *const no_traffic[] = { "filter", "service", "address", "description",
		"mtu", NULL };
	elem_each (e, elem_find(x->root, "interfaces"), "interface") {
		if (smap_find(&x->ifds, reduce_name(e)) == NULL)
			continue;
		struct elem *to = reduce_copy(x->a, place(x, path, &at), e, no_unit);
		elem_each (ue, e, "unit")
			if (smap_find(&x->units, arena_printf(x->a, "%s.%s", reduce_name(e),
						     reduce_name(ue))) != NULL)
				reduce_copy(x->a, to, ue, no_traffic);
	}
}

static void
value_keep(struct smap *m, const struct elem *e, const char *name)
{
	const char *value = elem_value(e, name);
	if (value != NULL)
		reduce_keep(m, value);
}

static void
term_copy(struct kmd *x, struct elem *to, const struct elem *e, const struct conf_term *t)
{
	const struct elem *then = elem_find(e, "then");
	if (t->dynamic.is_set) {
		reduce_copy(x->a, to, e, NULL);
		value_keep(&x->ike_policies, elem_find(then, "dynamic"), "ike-policy");
		value_keep(&x->ipsec_policies, elem_find(then, "dynamic"), "ipsec-policy");
		return;
	}
	struct elem *copied = elem_borrow(x->a, to, e);
	reduce_each(x->a, copied, e, "name", NULL);
	reduce_each(x->a, elem_add(x->a, copied, "then"), then, "remote-gateway", NULL);
}

static void
rule_copy(struct kmd *x, struct elem *to, const struct elem *e, const struct conf_rule *rule)
{
	static const char *const no_term[] = { "term", NULL };
	struct elem *copied = reduce_copy(x->a, to, e, no_term);
	size_t i = 0;
	elem_each (te, e, "term")
		if (i < rule->n_terms)
			term_copy(x, copied, te, &rule->terms[i++]);
}

static void
sets_copy(struct kmd *x)
{
	static const char *const path[] = { "services", NULL };
	static const char *const no_log[] = { "syslog", NULL };
	struct elem *at = NULL;
	elem_each (e, elem_find(x->root, "services"), "service-set") {
		if (smap_find(&x->sets, reduce_name(e)) == NULL)
			continue;
		reduce_copy(x->a, place(x, path, &at), e, no_log);
		elem_each (ref, e, "ipsec-vpn-rule-sets")
			reduce_keep(&x->rule_sets, reduce_name(ref));
	}
}

static void
rules_copy(struct kmd *x)
{
	static const char *const path[] = { "services", "ipsec-vpn", NULL };
	static const char *const flags[] = { "establish-tunnels", "clear-ike-sas-on-pic-restart",
		"clear-ipsec-sas-on-pic-restart", "disable-natt" };
	const struct elem *vpn = elem_path(x->root, "services/ipsec-vpn");
	if (vpn == NULL)
		return;
	struct elem *to = reduce_path(x->a, x->to, x->root, path);
	elem_each (e, vpn, "rule") {
		const struct conf_rule *rule = smap_find(&x->rules, reduce_name(e));
		if (rule != NULL)
			rule_copy(x, to, e, rule);
	}
	elem_each (e, vpn, "rule-set")
		if (smap_find(&x->rule_sets, reduce_name(e)) != NULL)
			reduce_copy(x->a, to, e, NULL);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		reduce_each(x->a, to, vpn, flags[i], NULL);
}

static void
sas_copy(struct kmd *x)
{
	static const char *const path[] = { "security", "ipsec", NULL };
	/* something to drop, so that `dynamic` is a copy that can be added to */
	static const char *const no_text[] = { "description", NULL };
	struct elem *at = NULL;
	elem_each (e, elem_path(x->root, "security/ipsec"), "security-association") {
		if (smap_find(&x->sas, reduce_name(e)) == NULL)
			continue;
		reduce_sa(x->a, place(x, path, &at), e, conf_sa(x->c, reduce_name(e)), no_text);
		value_keep(&x->security_policies, elem_find(e, "dynamic"), "ipsec-policy");
	}
}

/* The policies below PATH whose names are KEPT, and the proposals that they name. */
static void
policies_copy(struct kmd *x, const char *const *path, const struct smap *kept)
{
	static const char *const no_text[] = { "description", NULL };
	struct smap proposals = { 0 };
	struct elem *at = NULL;
	const struct elem *from = x->root;
	for (size_t i = 0; path[i] != NULL; i++)
		from = elem_find(from, path[i]);
	elem_each (e, from, "policy") {
		if (smap_find(kept, reduce_name(e)) == NULL)
			continue;
		reduce_copy(x->a, place(x, path, &at), e, no_text);
		elem_each (leaf, e, "proposals")
			reduce_keep(&proposals, reduce_name(leaf));
	}
	elem_each (e, from, "proposal")
		if (smap_find(&proposals, reduce_name(e)) != NULL)
			reduce_copy(x->a, place(x, path, &at), e, no_text);
	smap_done(&proposals);
}

static void
lists_copy(struct kmd *x)
{
	static const char *const services_ike[] = { "services", "ipsec-vpn", "ike", NULL };
	static const char *const services_ipsec[] = { "services", "ipsec-vpn", "ipsec", NULL };
	static const char *const security_ike[] = { "security", "ike", NULL };
	static const char *const security_ipsec[] = { "security", "ipsec", NULL };
	policies_copy(x, services_ike, &x->ike_policies);
	policies_copy(x, services_ipsec, &x->ipsec_policies);
	policies_copy(x, security_ike, &x->peers);
	policies_copy(x, security_ipsec, &x->security_policies);
	const struct elem *ike = elem_path(x->root, "security/ike");
	if (elem_has(ike, "respond-bad-spi"))
		reduce_each(x->a, reduce_path(x->a, x->to, x->root, security_ike), ike,
		    "respond-bad-spi", NULL);
}

struct elem *
kmd_reduce(const struct conf *c, const struct elem *root, struct arena *a)
{
	struct kmd x = { .c = c, .root = root, .a = a, .to = reduce_root(a, c, root, "kmd") };
	all_keep(&x);
	interfaces_copy(&x);
	sets_copy(&x);
	rules_copy(&x);
	sas_copy(&x);
	lists_copy(&x);
	smap_done(&x.sets);
	smap_done(&x.rules);
	smap_done(&x.rule_sets);
	smap_done(&x.units);
	smap_done(&x.ifds);
	smap_done(&x.sas);
	smap_done(&x.peers);
	smap_done(&x.ike_policies);
	smap_done(&x.ipsec_policies);
	smap_done(&x.security_policies);
	return x.to;
}

/* --- pkid --- */

struct elem *
pkid_reduce(const struct conf *c, const struct elem *root, struct arena *a)
{
	static const char *const path[] = { "security", NULL };
	static const char *const lists[] = { "pki", "certificates" };
	struct elem *to = reduce_root(a, c, root, "pkid");
	const struct elem *security = elem_find(root, "security");
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (elem_has(security, lists[i]))
			reduce_each(a, reduce_path(a, to, root, path), security, lists[i], NULL);
	struct elem *services = NULL;
	for (size_t i = 0; i < c->n_service_sets; i++) {
		const struct conf_service_set *s = c->service_sets[i];
		if (s->n_trusted_cas == 0)
			continue;
		if (services == NULL)
			services = elem_add(a, to, "services");
		struct elem *set = elem_add(a, services, "service-set");
		elem_leaf(a, set, "name", s->name);
		struct elem *options = elem_add(a, set, "ipsec-vpn-options");
		for (size_t n = 0; n < s->n_trusted_cas; n++)
			elem_leaf(a, options, "trusted-ca", s->trusted_cas[n]);
	}
	return to;
}
