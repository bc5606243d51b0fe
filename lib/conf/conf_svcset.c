/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf_svcset.c - [edit services service-set]: where rules meet interfaces.
 *
 * Resolves units and rules, expands rule sets, and numbers the tunnels of the set in rule and term order.
 * Called by conf_load() on its thread.
 */
#include "lib/conf/builder.h"

#include <string.h>

/* A rule in many service sets makes its tunnels in each: the sum is bounded. */
enum { TUNNELS_MAX = 1000000 };

enum {
	REPLAY_MIN = 64,
	REPLAY_MAX = 4096,
	NAT_KEEPALIVE_DEFAULT = 20, /* RFC 3948 s4 */
	NAT_KEEPALIVE_MAX = 300,
};

static struct conf_unit *
leg_load(struct builder *b, const struct elem *nh, const char *leaf_name, enum conf_domain domain)
{
	const struct elem *leaf = child_or(nh, leaf_name, "name");
	if (leaf == NULL) {
		builder_missing(b, nh, leaf_name);
		return NULL;
	}
	struct conf_unit *u = unit_ref(b, leaf);
	if (u == NULL)
		return NULL;
	if (u->ifd->kind != IFD_SERVICES)
		builder_error(b, leaf, "Referenced interface must be a services interface");
	else if (u->domain != domain)
		builder_error(b, leaf,
		    "Referenced interface must be configured with service-domain %s",
		    domain == DOMAIN_INSIDE ? "inside" : "outside");
	return u;
}

static void
next_hop_load(struct builder *b, const struct elem *nh, struct conf_service_set *s)
{
	if (elem_has(nh, "service-interface-pool"))
		builder_unsupported(b, elem_find(nh, "service-interface-pool"),
		    "service-interface-pool is not supported");
	s->is_next_hop = true;
	s->inside = leg_load(b, nh, "inside-service-interface", DOMAIN_INSIDE);
	s->outside = leg_load(b, nh, "outside-service-interface", DOMAIN_OUTSIDE);
	const struct conf_unit *any = s->inside ? s->inside : s->outside;
	s->pic = any ? any->ifd : NULL;
	if (s->inside != NULL && s->outside != NULL && s->inside->ifd != s->outside->ifd)
		builder_error(b, elem_find(nh, "outside-service-interface"),
		    "Inside and outside service interfaces must be on the same PIC");
}

static void
interface_load(struct builder *b, const struct elem *is, struct conf_service_set *s)
{
	const struct elem *leaf = child_or(is, "service-interface", "name");
	if (leaf == NULL || leaf->value == NULL) {
		builder_missing(b, is, "service-interface");
		return;
	}
	/* the device is named; "sp-1/2/0.0" says the same */
	char *name = arena_strdup(b->scratch, leaf->value);
	char *slash = strrchr(name, '/');
	char *dot = strchr(slash ? slash : name, '.');
	if (dot != NULL)
		*dot = '\0';
	struct conf_ifd *ifd = smap_find(&b->index->ifds, name);
	if (ifd == NULL) {
		builder_error(
		    b, leaf, "Referenced interface must be defined under [edit interfaces]");
		return;
	}
	if (ifd->kind != IFD_SERVICES || (dot != NULL && strcmp(dot + 1, "0") != 0)) {
		builder_error(b, leaf, "Referenced interface must be a services interface");
		return;
	}
	s->pic = ifd;
	s->service_unit = conf_unit(b->c, arena_printf(b->scratch, "%s.0", name));
	if (s->service_unit == NULL ||
	    (!s->service_unit->inet.is_set && !s->service_unit->inet6.is_set))
		builder_error(b, leaf,
		    "Unit 0 with family inet must be configured under [edit interfaces %s]", name);
}

static void
style_load(struct builder *b, const struct elem *e, struct conf_service_set *s, bool has_rules)
{
	const struct elem *nh = elem_find(e, "next-hop-service");
	const struct elem *is = elem_find(e, "interface-service");
	if (nh != NULL && is != NULL)
		builder_error(b, is,
		    "interface-service can not be configured together with next-hop-service");
	if (nh != NULL)
		next_hop_load(b, nh, s);
	else if (is != NULL)
		interface_load(b, is, s);
	else if (has_rules)
		builder_error(
		    b, e, "Either interface-service or next-hop-service must be configured");
}

static bool
instance_is_defined(const struct builder *b, const char *name)
{
	if (name == NULL || strcmp(name, "default") == 0)
		return name != NULL;
	elem_each (e, elem_find(b->root, "routing-instances"), "instance") {
		const char *s = elem_value(e, "name");
		if (s != NULL && strcmp(s, name) == 0)
			return true;
	}
	return false;
}

static void
gateway_load(struct builder *b, const struct elem *options, struct conf_service_set *s)
{
	const struct elem *gw = elem_find(options, "local-gateway");
	if (gw == NULL)
		return;
	const struct elem *address = gw->is_container ? elem_find(gw, "address") : gw;
	if (address != NULL)
		(void)leaf_addr(b, address, &s->local_gateway);
	const struct elem *ri = elem_find(gw, "routing-instance");
	if (ri != NULL && !instance_is_defined(b, ri->value))
		builder_error(b, ri, "Referenced routing-instance must be defined");
	else if (ri != NULL && strcmp(ri->value, "default") != 0)
		builder_unsupported(
		    b, ri, "A local gateway in a routing instance is not supported");
	if (address != NULL && elem_has(gw, "interface"))
		builder_error(
		    b, address, "Either interface or address can be defined for local-gateway");
	static const char *const others[] = { "interface", "gw-interface" };
	for (size_t i = 0; i < 2; i++)
		if (elem_has(gw, others[i]))
			builder_unsupported(b, elem_find(gw, others[i]),
			    "A local gateway must be given by its address");
}

static void
options_load(struct builder *b, const struct elem *e, struct conf_service_set *s)
{
	gateway_load(b, e, s);
	s->df = df_load(b, e);
	child_u32(b, e, "tunnel-mtu", 256, 9192, &s->tunnel_mtu);
	s->no_anti_replay = elem_has(e, "no-anti-replay");
	s->passive_mode = elem_has(e, "passive-mode-tunneling");
	const struct elem *window = elem_find(e, "anti-replay-window-size");
	child_u32(b, e, "anti-replay-window-size", REPLAY_MIN, REPLAY_MAX, &s->replay_window);
	if (window != NULL && s->no_anti_replay) {
		builder_error(b, elem_find(e, "no-anti-replay"),
		    "anti-replay-window-size must not be defined");
		builder_error(b, window, "no-anti-replay must not be defined");
	}
	const struct elem *keepalive = elem_find(e, "nat-keepalive");
	s->no_natt = elem_has(e, "no-nat-traversal") || b->no_natt;
	child_u32(b, e, "nat-keepalive", 1, NAT_KEEPALIVE_MAX, &s->nat_keepalive_s);
	if (keepalive != NULL && s->no_natt)
		builder_error(b, keepalive, "no-nat-traversal or disable-natt must not be defined");
}

static void
trusted_load(struct builder *b, const struct elem *options, struct conf_service_set *s)
{
	const char **list = arena_array(b->a, elem_count(options, "trusted-ca"), sizeof(*list));
	elem_each (leaf, options, "trusted-ca")
		list[s->n_trusted_cas++] = arena_strdup(b->a, leaf->value ? leaf->value : "");
	s->trusted_cas = list;
}

/* True if `syslog host H { services LEVEL; }` lets info messages through. */
static bool
syslog_is_on(const struct elem *e)
{
	static const char *const levels[] = { "info", "any", "debug" };
	elem_each (host, elem_find(e, "syslog"), "host") {
		const struct elem *leaf = child_or(host, "services", "level");
		for (size_t i = 0; leaf != NULL && leaf->value != NULL && i < 3; i++)
			if (strcmp(leaf->value, levels[i]) == 0)
				return true;
	}
	return false;
}

static const char *
ref_name(const struct elem *ref)
{
	const char *name = ref->is_container ? elem_value(ref, "name") : ref->value;
	return name ? name : "";
}

/* How many rules the references of E come to, rule sets expanded. */
static size_t
rules_count(const struct builder *b, const struct elem *e)
{
	size_t n = elem_count(e, "ipsec-vpn-rules");
	elem_each (ref, e, "ipsec-vpn-rule-sets")
		n += elem_count(smap_find(&b->rule_sets, ref_name(ref)), "rule");
	return n;
}

/* Adds rule NAME, once: REF is the statement that names it. */
static void
rule_add(struct builder *b, struct smap *seen, const char *name, const struct elem *ref,
    const struct conf_rule **rules, size_t *n)
{
	struct conf_rule *rule = smap_find(&b->rules, name);
	if (rule == NULL)
		return;
	if (smap_add(seen, rule->name, rule))
		rules[(*n)++] = rule;
	else
		builder_error(b, ref, "Rule %s is used twice in this service set", name);
}

static void
rules_load(struct builder *b, const struct elem *e, struct conf_service_set *s)
{
	const struct conf_rule **rules = arena_array(b->a, rules_count(b, e), sizeof(*rules));
	struct smap seen = { 0 };
	size_t n = 0;
	elem_each (ref, e, "ipsec-vpn-rules") {
		if (smap_find(&b->rules, ref_name(ref)) == NULL)
			builder_error(b, ref,
			    "Referenced IPSec VPN rule must be defined under "
			    "[edit services ipsec-vpn rule]");
		rule_add(b, &seen, ref_name(ref), ref, rules, &n);
	}
	elem_each (ref, e, "ipsec-vpn-rule-sets") {
		const struct elem *set = smap_find(&b->rule_sets, ref_name(ref));
		if (set == NULL)
			builder_error(b, ref,
			    "Referenced IPSec VPN rule set must be defined under "
			    "[edit services ipsec-vpn rule-set]");
		elem_each (r, set, "rule")
			rule_add(b, &seen, ref_name(r), ref, rules, &n);
	}
	smap_done(&seen);
	s->rules = rules;
	s->n_rules = n;
}

/* The term's word counts before that of its service set. Manual associations have none. */
static unsigned
window_of(const struct conf_term *t, const struct conf_service_set *s)
{
	if (!t->dynamic.is_set || t->no_anti_replay)
		return 0;
	if (t->replay_window != 0)
		return t->replay_window;
	if (s->no_anti_replay)
		return 0;
	return s->replay_window != 0 ? s->replay_window : REPLAY_WINDOW_DEFAULT;
}

static void
tunnels_make(struct builder *b, const struct elem *e, struct conf_service_set *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n_rules; i++)
		n += s->rules[i]->n_terms;
	b->n_tunnels += n;
	if (b->n_tunnels > TUNNELS_MAX) {
		builder_error(b, e, "Number of tunnels exceeds limit of %d", TUNNELS_MAX);
		return;
	}
	struct conf_tunnel *tunnels = arena_array(b->a, n, sizeof(*tunnels));
	s->is_dynamic = b->part == CONF_NETD && elem_has(e, DYNAMIC_LEAF);
	size_t at = 0;
	for (size_t i = 0; i < s->n_rules; i++) {
		for (size_t k = 0; k < s->rules[i]->n_terms; k++) {
			const struct conf_term *t = &s->rules[i]->terms[k];
			unsigned mtu = t->tunnel_mtu ? t->tunnel_mtu : s->tunnel_mtu;
			tunnels[at] = (struct conf_tunnel){
				.term = t,
				.index = (unsigned)at + 1,
				.df = t->df != DF_DEFAULT ? t->df : s->df,
				.tunnel_mtu = mtu ? mtu : TUNNEL_MTU_DEFAULT,
				.window = window_of(t, s),
			};
			s->is_dynamic = s->is_dynamic || t->dynamic.is_set;
			at++;
		}
	}
	s->tunnels = tunnels;
	s->n_tunnels = n;
}

static void
set_load(struct builder *b, const struct elem *e, struct conf_service_set *s)
{
	const struct elem *rules = elem_find(e, "ipsec-vpn-rules");
	const struct elem *sets = elem_find(e, "ipsec-vpn-rule-sets");
	style_load(b, e, s, rules != NULL || sets != NULL);
	const struct elem *options = elem_find(e, "ipsec-vpn-options");
	s->nat_keepalive_s = NAT_KEEPALIVE_DEFAULT;
	if (options != NULL)
		options_load(b, options, s);
	else
		s->no_natt = b->no_natt;
	trusted_load(b, options, s);
	const struct elem *multicast = elem_find(e, "allow-multicast");
	if (multicast != NULL && !elem_has(e, "next-hop-service"))
		builder_error(
		    b, multicast, "Service-set must be nexthop style to use allow-multicast");
	if (rules != NULL && sets != NULL)
		builder_error(b, sets,
		    "ipsec-vpn-rule-sets can not be configured together with ipsec-vpn-rules");
	if ((rules != NULL || sets != NULL) && elem_path(options, "local-gateway") == NULL)
		builder_error(b, rules ? rules : sets, "Local gateway must be configured with %s",
		    rules ? "IPSec rules" : "IPSec rule sets");
	s->has_syslog = syslog_is_on(e);
	rules_load(b, e, s);
	tunnels_make(b, e, s);
}

void
svcset_load(struct builder *b)
{
	const struct elem *services = elem_find(b->root, "services");
	size_t n = elem_count(services, "service-set");
	const struct conf_service_set **list = arena_array(b->a, n, sizeof(*list));
	b->sets = arena_array(b->a, n, sizeof(*b->sets));
	b->set_elems = arena_array(b->scratch, n, sizeof(*b->set_elems));
	size_t i = 0;
	elem_each (e, services, "service-set") {
		struct conf_service_set *s = &b->sets[i];
		*s = (struct conf_service_set){ .name = entry_name(b, e) };
		if (s->name == NULL)
			continue;
		if (!smap_add(&b->index->sets, s->name, s)) {
			builder_error(b, e, "Service set is configured twice");
			continue;
		}
		set_load(b, e, s);
		b->set_elems[i] = e;
		list[i++] = s;
	}
	b->c->service_sets = list;
	b->c->n_service_sets = i;
}
