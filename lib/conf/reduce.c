/* SPDX-License-Identifier: BSD-2-Clause
 *
 * reduce.c - the part of a configuration that one daemon needs to know.
 *
 * Keys are the reason: netd gets none, and a picd gets those of its own services interface. What is kept
 * brings along everything it refers to, so that conf_load() resolves all references of a reduced tree: an SA
 * that is only referred to comes as a name and a mode. The root says which part it is (PART_LEAF), and
 * conf_load() then leaves out the checks that need the whole. The parts of kmd and pkid are in reduce_ike.c. Called by
 * mgd at commit.
 */
#include "lib/conf/reduce.h"

#include "lib/conf/builder.h"

#include <string.h>

/* Everything that may hold key material, wherever it stands. */
static const char *const key_words[] = { "key", "pre-shared-key", "ascii-text", "hexadecimal",
	"authentication-key", "encrypted-password", "password", "secret", NULL };

/* What only those act on who negotiate: a change of it is no change for the services interface. */
static const char *const ike_words[] = { "ike-policy", "ipsec-policy", "natt-install-interval",
	"initiate-dead-peer-detection", "dead-peer-detection", "trusted-ca", "nat-keepalive",
	"no-nat-traversal", "no-certificate-chain-in-ike", "ike-access-profile", NULL };

struct reducer {
	const struct conf *c;
	struct arena *a;
	const char *pic;
	struct smap sets;      /* names of what is kept */
	struct smap rules;     /* name to struct conf_rule */
	struct smap filters;   /* by "FAMILY NAME"; `s` before the family of a service filter */
	struct smap sas;       /* with their keys */
	struct smap named_sas; /* all that are referred to */
};

static bool
is_one_of(const char *name, const char *const *list)
{
	for (; list != NULL && *list != NULL; list++)
		if (**list == *name && strcmp(*list, name) == 0)
			return true;
	return false;
}

const char *
reduce_name(const struct elem *e)
{
	const char *name = e->is_container ? elem_value(e, "name") : e->value;
	return name ? name : "";
}

void
reduce_keep(struct smap *m, const char *name)
{
	(void)smap_set(m, name, m);
}

/* Copies E and what is below it, except elements called one of DROP; without DROP what is below E is shared, not copied.
 * Recursion ends at ELEM_DEPTH_MAX. */
struct elem *
reduce_copy(struct arena *a, struct elem *parent, const struct elem *e, const char *const *drop)
{
	if (drop == NULL || *drop == NULL)
		return elem_share(a, parent, e);
	struct elem *to = elem_borrow(a, parent, e);
	for (const struct elem *c = e->child; c != NULL; c = c->next)
		if (!is_one_of(c->name, drop))
			reduce_copy(a, to, c, drop);
	return to;
}

/* Copies the containers of PATH (and list keys of none) below TO; NULL if ROOT has no such path. */
struct elem *
reduce_path(struct arena *a, struct elem *to, const struct elem *from, const char *const *path)
{
	for (; *path != NULL && from != NULL; path++) {
		from = elem_find(from, *path);
		if (from == NULL)
			return NULL;
		struct elem *have = elem_find(to, *path);
		to = have ? have : elem_add(a, to, *path);
	}
	return to;
}

struct elem *
reduce_root(struct arena *a, const struct conf *c, const struct elem *root, const char *part)
{
	struct elem *to = elem_new(a, root->name);
	elem_leaf(a, to, PART_LEAF, part);
	elem_leaff(a, to, "commit", "%u", c->commit);
	if (c->host_name != NULL)
		elem_leaf(a, elem_add(a, to, "system"), "host-name", c->host_name);
	return to;
}

void
reduce_each(struct arena *a, struct elem *to, const struct elem *from, const char *list,
    const char *const *drop)
{
	elem_each (e, from, list)
		reduce_copy(a, to, e, drop);
}

static void
selector_put(struct arena *a, struct elem *to, const char *name, struct prefix p)
{
	char text[PREFIX_STRLEN];
	if (p.addr.family != ADDR_NONE)
		elem_leaf(a, to, name, prefix_print(p, text));
}

struct elem *
reduce_sa(struct arena *a, struct elem *to, const struct elem *e, const struct conf_sa *sa,
    const char *const *drop)
{
	struct elem *copied = reduce_copy(a, to, e, drop);
	struct elem *dynamic = elem_find(copied, "dynamic");
	if (sa == NULL || !sa->dynamic.is_set || dynamic == NULL)
		return copied;
	selector_put(a, dynamic, SELECTOR_LOCAL_LEAF, sa->selector_local);
	selector_put(a, dynamic, SELECTOR_REMOTE_LEAF, sa->selector_remote);
	return copied;
}

/* --- netd: no keys at all, and of rules no more than that they are there and which way they look --- */

/* Service sets without what only picd and kmd act on; instead of its terms, whether one of them is dynamic. */
static void
sets_copy(const struct conf *c, const struct elem *root, struct arena *a, struct elem *to)
{
	static const char *const no_tunnel[] = { "trusted-ca", "nat-keepalive", "no-anti-replay",
		"anti-replay-window-size", "tunnel-mtu", NULL };
	const struct elem *services = elem_find(root, "services");
	if (services == NULL)
		return;
	struct elem *out = elem_add(a, to, "services");
	elem_each (e, services, "service-set") {
		const struct conf_service_set *s = conf_service_set(c, reduce_name(e));
		struct elem *set = reduce_copy(a, out, e, no_tunnel);
		if (s != NULL && s->is_dynamic)
			elem_flag(a, set, DYNAMIC_LEAF);
	}
}

static struct elem *
netd_reduce(const struct conf *c, const struct elem *root, struct arena *a)
{
	static const char *const whole[] = { "interfaces", "routing-options", "firewall" };
	static const char *const vpn_path[] = { "services", "ipsec-vpn", NULL };
	static const char *const sa_path[] = { "security", "ipsec", NULL };
	static const char *const no_term[] = { "term", NULL };
	static const char *const no_sa[] = { "manual", "replay-window-size", "ipsec-policy", NULL };
	struct elem *to = reduce_root(a, c, root, "netd");
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		reduce_each(a, to, root, whole[i], key_words);
	sets_copy(c, root, a, to);
	struct elem *vpn = reduce_path(a, to, root, vpn_path);
	if (vpn != NULL) {
		const struct elem *from = elem_path(root, "services/ipsec-vpn");
		reduce_each(a, vpn, from, "rule", no_term);
		reduce_each(a, vpn, from, "rule-set", key_words);
		reduce_each(a, vpn, from, "disable-natt", NULL);
	}
	struct elem *ipsec = reduce_path(a, to, root, sa_path);
	if (ipsec != NULL)
		reduce_each(
		    a, ipsec, elem_path(root, "security/ipsec"), "security-association", no_sa);
	return to;
}

/* --- picd: choosing what its services interface needs --- */

static const char *
filter_key(struct arena *a, const struct conf_filter *f)
{
	return arena_printf(a, "%s%u %s", f->is_service ? "s" : "", f->family, f->name);
}

static void
filter_keep(struct reducer *x, const struct conf_filter *f)
{
	if (f == NULL)
		return;
	reduce_keep(&x->filters, filter_key(x->a, f));
	bool is_host = strcmp(x->pic, HOST_PIC) == 0;
	for (size_t i = 0; i < f->n_terms; i++) {
		const struct conf_sa *sa = f->terms[i].sa;
		if (sa == NULL)
			continue;
		reduce_keep(&x->named_sas, sa->name);
		if (is_host && sa->mode == MODE_TRANSPORT)
			reduce_keep(&x->sas, sa->name);
	}
}

static void
set_keep(struct reducer *x, const struct conf_service_set *s)
{
	reduce_keep(&x->sets, s->name);
	for (size_t i = 0; i < s->n_rules; i++)
		(void)smap_set(&x->rules, s->rules[i]->name, (void *)(uintptr_t)s->rules[i]);
}

static void
own_unit_keep(struct reducer *x, const struct conf_unit *u)
{
	filter_keep(x, u->inet.filter_in);
	filter_keep(x, u->inet.filter_out);
	filter_keep(x, u->inet6.filter_in);
	filter_keep(x, u->inet6.filter_out);
	if (u->ipsec_sa != NULL) {
		reduce_keep(&x->named_sas, u->ipsec_sa->name);
		reduce_keep(&x->sas, u->ipsec_sa->name);
	}
}

/* True if a unit with its service sets sends packets to this PIC; its service filters come along. */
static bool
services_keep(struct reducer *x, const struct conf_if_service *list, size_t n)
{
	bool any = false;
	for (size_t i = 0; i < n; i++) {
		if (smap_find(&x->sets, list[i].set->name) == NULL)
			continue;
		any = true;
		filter_keep(x, list[i].service_filter);
	}
	return any;
}

static bool
has_transport(const struct conf_filter *f)
{
	for (size_t i = 0; f != NULL && i < f->n_terms; i++)
		if (f->terms[i].sa != NULL && f->terms[i].sa->mode == MODE_TRANSPORT)
			return true;
	return false;
}

/* What of a unit that is not of this PIC is needed: the elements to leave out, or NULL for nothing of it. */
static const char *const *
foreign_unit_keep(struct reducer *x, const struct conf_unit *u)
{
	static const char *const no_filter[] = { "filter", "ipsec-sa", NULL };
	static const char *const no_service[] = { "service", "ipsec-sa", NULL };
	const struct conf_family *families[] = { &u->inet, &u->inet6 };
	bool any = false;
	if (strcmp(x->pic, HOST_PIC) == 0) {
		if (u->ifd->kind != IFD_MEDIA && u->ifd->kind != IFD_LOOPBACK)
			return NULL;
		for (size_t i = 0; i < 2; i++)
			any = any || has_transport(families[i]->filter_in) ||
			      has_transport(families[i]->filter_out);
		if (any)
			own_unit_keep(x, u);
		return any ? no_service : NULL;
	}
	for (size_t i = 0; i < 2; i++) {
		const struct conf_family *f = families[i];
		any = services_keep(x, f->service_in, f->n_service_in) || any;
		any = services_keep(x, f->service_out, f->n_service_out) || any;
	}
	return any ? no_filter : NULL;
}

/* --- picd: copying it --- */

/* Removes the service sets of other PICs from `service { input; output; }` of a copied unit. */
static void
services_cut(struct reducer *x, struct elem *unit)
{
	static const char *const ways[] = { "family/inet/service/input",
		"family/inet/service/output", "family/inet6/service/input",
		"family/inet6/service/output" };
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct elem *way = elem_path(unit, ways[i]);
		struct elem **link = way ? &way->child : NULL;
		if (way != NULL)
			way->last = NULL;
		while (link != NULL && *link != NULL) {
			if (smap_find(&x->sets, reduce_name(*link)) != NULL) {
				way->last = *link;
				link = &(*link)->next;
			} else {
				*link = (*link)->next;
			}
		}
	}
}

/* True if there may be something of IFD, which is of another PIC, that is needed: told without a look at its elements. */
static bool
may_concern(const struct reducer *x, const struct conf_ifd *ifd)
{
	bool is_host = strcmp(x->pic, HOST_PIC) == 0;
	for (size_t i = 0; i < ifd->n_units; i++) {
		const struct conf_family *families[] = { &ifd->units[i]->inet,
			&ifd->units[i]->inet6 };
		for (size_t k = 0; k < 2; k++) {
			const struct conf_family *f = families[k];
			if (is_host ? f->filter_in != NULL || f->filter_out != NULL
				    : f->n_service_in + f->n_service_out > 0)
				return true;
		}
	}
	return false;
}

static void
interface_copy(struct reducer *x, struct elem **to, struct elem *root, const struct elem *e)
{
	static const char *const unit_word[] = { "unit", NULL };
	bool is_own = strcmp(reduce_name(e), x->pic) == 0;
	const struct conf_ifd *ifd = conf_ifd(x->c, reduce_name(e));
	struct elem *copied = NULL;
	if (!is_own && ifd != NULL && !may_concern(x, ifd))
		return;
	elem_each (ue, e, "unit") {
		const struct conf_unit *u =
		    conf_unit(x->c, arena_printf(x->a, "%s.%s", reduce_name(e), reduce_name(ue)));
		const char *const *drop = NULL;
		if (u == NULL)
			continue;
		if (is_own)
			own_unit_keep(x, u);
		else if ((drop = foreign_unit_keep(x, u)) == NULL)
			continue;
		if (*to == NULL)
			*to = elem_add(x->a, root, "interfaces");
		if (copied == NULL)
			copied = reduce_copy(x->a, *to, e, unit_word);
		struct elem *unit = reduce_copy(x->a, copied, ue, drop);
		if (!is_own && strcmp(x->pic, HOST_PIC) != 0)
			services_cut(x, unit);
	}
}

static void
filters_copy(struct reducer *x, struct elem *to, const struct elem *root)
{
	static const struct {
		const char *const path[4];
		const char *list;
		const char *key;
	} lists[] = {
		{ { "firewall", NULL }, "filter", "4" },
		{ { "firewall", "family", "inet", NULL }, "filter", "4" },
		{ { "firewall", "family", "inet", NULL }, "service-filter", "s4" },
		{ { "firewall", "family", "inet6", NULL }, "filter", "6" },
		{ { "firewall", "family", "inet6", NULL }, "service-filter", "s6" },
	};
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const struct elem *from = root;
		for (size_t k = 0; lists[i].path[k] != NULL; k++)
			from = elem_find(from, lists[i].path[k]);
		elem_each (e, from, lists[i].list) {
			const char *key = arena_printf(x->a, "%s %s", lists[i].key, reduce_name(e));
			if (smap_find(&x->filters, key) != NULL)
				reduce_copy(
				    x->a, reduce_path(x->a, to, root, lists[i].path), e, NULL);
		}
	}
}

static void
sas_copy(struct reducer *x, struct elem *to, const struct elem *root)
{
	static const char *const path[] = { "security", "ipsec", NULL };
	static const char *const keyed[] = { "manual", "dynamic", NULL };
	elem_each (e, elem_path(root, "security/ipsec"), "security-association") {
		const char *name = reduce_name(e);
		if (smap_find(&x->named_sas, name) == NULL)
			continue;
		reduce_sa(x->a, reduce_path(x->a, to, root, path), e, conf_sa(x->c, name),
		    smap_find(&x->sas, name) != NULL ? ike_words : keyed);
	}
}

/* What to leave out of rule E: nothing if all of it is shared. */
static const char *const *
rule_drop(struct reducer *x, const struct elem *e)
{
	const struct conf_rule *rule = smap_find(&x->rules, reduce_name(e));
	for (size_t i = 0; i < rule->n_terms; i++)
		if (rule->terms[i].dynamic.is_set)
			return ike_words;
	return NULL;
}

/* Copies the rule set without the rules that were not kept (none, while the set itself is kept). */
static void
services_copy(struct reducer *x, struct elem *to, const struct elem *root)
{
	static const char *const path[] = { "services", "ipsec-vpn", NULL };
	const struct elem *services = elem_find(root, "services");
	const struct elem *vpn = elem_find(services, "ipsec-vpn");
	struct smap rule_sets = { 0 };
	if (x->sets.n == 0)
		return;
	struct elem *out = elem_add(x->a, to, "services");
	elem_each (e, services, "service-set") {
		if (smap_find(&x->sets, reduce_name(e)) == NULL)
			continue;
		reduce_copy(x->a, out, e, ike_words);
		elem_each (ref, e, "ipsec-vpn-rule-sets")
			reduce_keep(&rule_sets, reduce_name(ref));
	}
	elem_each (e, vpn, "rule")
		if (smap_find(&x->rules, reduce_name(e)) != NULL)
			reduce_copy(x->a, reduce_path(x->a, to, root, path), e, rule_drop(x, e));
	elem_each (e, vpn, "rule-set")
		if (smap_find(&rule_sets, reduce_name(e)) != NULL)
			reduce_copy(x->a, reduce_path(x->a, to, root, path), e, NULL);
	smap_done(&rule_sets);
}

static struct elem *
picd_reduce(const struct conf *c, const struct elem *root, const char *pic, struct arena *a)
{
	struct reducer x = { .c = c, .a = a, .pic = pic };
	for (size_t i = 0; i < c->n_service_sets; i++) {
		const struct conf_service_set *s = c->service_sets[i];
		if (s->pic != NULL && strcmp(s->pic->name, pic) == 0)
			set_keep(&x, s);
	}
	struct elem *to = reduce_root(a, c, root, "picd");
	struct elem *interfaces = NULL;
	elem_each (e, elem_find(root, "interfaces"), "interface")
		interface_copy(&x, &interfaces, to, e);
	filters_copy(&x, to, root);
	sas_copy(&x, to, root);
	services_copy(&x, to, root);
	neighbours_put(c, pic, a, to);
	smap_done(&x.sets);
	smap_done(&x.rules);
	smap_done(&x.filters);
	smap_done(&x.sas);
	smap_done(&x.named_sas);
	return to;
}

struct elem *
conf_reduce(const struct conf *c, const struct elem *root, enum conf_part part, const char *pic,
    struct arena *a)
{
	switch (part) {
	case CONF_NETD:
		return netd_reduce(c, root, a);
	case CONF_PICD:
		return picd_reduce(c, root, pic, a);
	case CONF_KMD:
		return kmd_reduce(c, root, a);
	case CONF_PKID:
		return pkid_reduce(c, root, a);
	case CONF_ALL:
		break;
	}
	return reduce_copy(a, NULL, root, NULL);
}
