/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf_rule.c - [edit services ipsec-vpn]: rules with their terms, and rule sets.
 *
 * A term is a tunnel wherever a service set uses its rule; what depends on the service set is
 * judged in check_tunnel.c. A `from` condition that is not known here is an error: leaving it out would
 * select more packets than the user wrote. Called by conf_load() on its thread.
 */
#include "lib/conf/builder.h"

#include <string.h>

enum { TUNNEL_MTU_MIN = 256, TUNNEL_MTU_MAX = 9192, REPLAY_MIN = 64, REPLAY_MAX = 4096 };
enum { DPD_INTERVAL_MAX = 180, DPD_THRESHOLD_MAX = 10 };

static void
selector_load(struct builder *b, const struct elem *from, const char *list, struct prefix *out)
{
	const struct elem *e = elem_find(from, list);
	if (e == NULL)
		return;
	if (elem_next(e) != NULL)
		builder_error(b, elem_next(e), "Number of elements exceeds limit of 1");
	const struct elem *leaf = e->is_container ? elem_find(e, "name") : e;
	if (leaf == NULL)
		builder_missing(b, e, "name");
	else
		(void)leaf_prefix(b, leaf, out);
}

static void
from_load(struct builder *b, const struct elem *from, struct conf_term *t)
{
	static const char *const known[] = { "source-address", "destination-address",
		"ipsec-inside-interface" };
	for (const struct elem *e = from->child; e != NULL; e = e->next) {
		size_t i = 0;
		while (i < 3 && strcmp(known[i], e->name) != 0)
			i++;
		if (i == 3)
			builder_unsupported(b, e, "Match condition is not supported");
	}
	selector_load(b, from, "source-address", &t->source);
	selector_load(b, from, "destination-address", &t->destination);
	/* not written means any IPv4 */
	uint8_t s = t->source.addr.family ? t->source.addr.family : ADDR_V4;
	uint8_t d = t->destination.addr.family ? t->destination.addr.family : ADDR_V4;
	if (s != d)
		builder_error(b, from,
		    "Source and destination addresses must be of the same address family "
		    "(an address that is not configured means 0.0.0.0/0)");
	const struct elem *inside = elem_find(from, "ipsec-inside-interface");
	if (inside != NULL) {
		const struct conf_unit *u = unit_ref(b, inside);
		t->inside_unit = u ? u->name : NULL;
		if (u != NULL && u->domain != DOMAIN_INSIDE)
			builder_error(b, inside,
			    "Referenced interface must be configured with service-domain inside");
	}
}

enum conf_df
df_load(struct builder *b, const struct elem *e)
{
	const struct elem *clear = elem_find(e, "clear-dont-fragment-bit");
	const struct elem *copy = elem_find(e, "copy-dont-fragment-bit");
	const struct elem *set = elem_find(e, "set-dont-fragment-bit");
	if (clear != NULL && (copy != NULL || set != NULL))
		builder_error(b, clear,
		    "'clear' option can not be configured if either of 'copy' or 'set' is "
		    "already configured");
	if (copy != NULL && (clear != NULL || set != NULL))
		builder_error(b, copy,
		    "'copy' option can not be configured if either of 'clear' or 'set' is "
		    "already configured");
	if (set != NULL && (clear != NULL || copy != NULL))
		builder_error(b, set,
		    "'set' option can not be configured if either of 'clear' or 'copy' is "
		    "already configured");
	return clear ? DF_CLEAR : copy ? DF_COPY : set ? DF_SET : DF_DEFAULT;
}

static void
exclusive(struct builder *b, const struct elem *e, const char *value, const char *copy,
    const char *message)
{
	if (elem_has(e, value) && elem_has(e, copy))
		builder_error(b, elem_find(e, value), "%s", message);
}

static void
options_load(struct builder *b, const struct elem *then, struct conf_term *t)
{
	uint32_t unused;
	t->df = df_load(b, then);
	child_u32(b, then, "tunnel-mtu", TUNNEL_MTU_MIN, TUNNEL_MTU_MAX, &t->tunnel_mtu);
	t->no_anti_replay = elem_has(then, "no-anti-replay");
	t->has_syslog = elem_has(then, "syslog");
	const struct elem *window = elem_find(then, "anti-replay-window-size");
	child_u32(b, then, "anti-replay-window-size", REPLAY_MIN, REPLAY_MAX, &t->replay_window);
	if (window != NULL && t->no_anti_replay) {
		builder_error(b, elem_find(then, "no-anti-replay"),
		    "anti-replay-window-size must not be defined");
		builder_error(b, window, "no-anti-replay must not be defined");
	}
	exclusive(b, then, "ttl", "copy-ttl-from-inner-ip-header",
	    "TTL value cannot be configured with copy-ttl-from-inner-ip-header option");
	exclusive(b, then, "tos", "copy-tos-from-inner-ip-header",
	    "ToS value cannot be configured with copy-tos-from-inner-ip-header option");
	child_u32(b, then, "ttl", 1, 254, &unused);
	child_u32(b, then, "tos", 0, 255, &unused);
}

/* How the peer is watched: on demand, and always where there is another one to go to. */
static void
dpd_load(struct builder *b, const struct elem *then, struct conf_term *t)
{
	const struct elem *dpd = elem_find(then, "dead-peer-detection");
	bool is_said = elem_has(then, "initiate-dead-peer-detection");
	t->initiates_dpd = is_said || t->backup_gateway.family != ADDR_NONE;
	t->dpd_interval_s = DPD_INTERVAL_DEFAULT;
	t->dpd_threshold = DPD_THRESHOLD_DEFAULT;
	if (dpd == NULL)
		return;
	child_u32(b, dpd, "interval", 1, DPD_INTERVAL_MAX, &t->dpd_interval_s);
	child_u32(b, dpd, "threshold", 1, DPD_THRESHOLD_MAX, &t->dpd_threshold);
	if (!is_said)
		builder_error(b, dpd,
		    "[ edit services ipsec-vpn rule <*> term <*> then "
		    "initiate-dead-peer-detection ] must be set");
}

static void
backup_load(struct builder *b, const struct elem *leaf, struct conf_term *t)
{
	if (!leaf_addr(b, leaf, &t->backup_gateway) || t->remote_gateway.family == ADDR_NONE)
		return;
	if (t->backup_gateway.family != t->remote_gateway.family)
		builder_error(b, leaf,
		    "Backup and primary remote gateways must be of the same address family");
	else if (addr_eq(t->backup_gateway, t->remote_gateway))
		builder_error(b, leaf, "Backup and primary remote gateways must be different");
}

static void
then_load(struct builder *b, const struct elem *then, struct conf_term *t)
{
	const struct elem *manual = elem_find(then, "manual");
	const struct elem *dynamic = elem_find(then, "dynamic");
	const struct elem *backup = elem_find(then, "backup-remote-gateway");
	if (!elem_has(then, "remote-gateway"))
		builder_missing(b, then, "remote-gateway");
	child_addr(b, then, "remote-gateway", &t->remote_gateway);
	if (manual != NULL)
		manual_load(b, manual, &t->manual);
	if (manual != NULL && dynamic != NULL)
		builder_error(b, dynamic, "dynamic can not be configured together with manual");
	if (manual == NULL && dynamic == NULL && b->part == CONF_ALL)
		builder_error(b, then, "Either manual or dynamic must be configured");
	if (dynamic != NULL)
		dynamic_load(b, dynamic, &b->services, &t->dynamic);
	if (backup != NULL && dynamic == NULL)
		builder_error(b, backup,
		    "Backup remote gateway can be configured with dynamic security "
		    "associations only");
	else if (backup != NULL)
		backup_load(b, backup, t);
	dpd_load(b, then, t);
	options_load(b, then, t);
}

static bool
term_load(struct builder *b, const struct elem *e, struct conf_term *t)
{
	t->name = entry_name(b, e);
	if (t->name == NULL)
		return false;
	const struct elem *from = elem_find(e, "from");
	if (from != NULL)
		from_load(b, from, t);
	const struct elem *then = elem_find(e, "then");
	if (then != NULL)
		then_load(b, then, t);
	else
		builder_missing(b, e, "then");
	return true;
}

static void
direction_load(struct builder *b, const struct elem *e, struct conf_rule *rule)
{
	const struct elem *leaf = elem_find(e, "match-direction");
	if (leaf == NULL)
		return; /* an error only where a service set uses the rule */
	const char *s = leaf->value ? leaf->value : "";
	if (strcmp(s, "input") == 0)
		rule->direction = MATCH_INPUT;
	else if (strcmp(s, "output") == 0)
		rule->direction = MATCH_OUTPUT;
	else
		builder_error(b, leaf, "invalid value '%s'", s);
}

static void
terms_load(struct builder *b, const struct elem *e, struct conf_rule *rule, size_t at)
{
	size_t n = elem_count(e, "term");
	struct conf_term *terms = arena_array(b->a, n, sizeof(*terms));
	const struct elem **elems = arena_array(b->scratch, n, sizeof(*elems));
	struct smap names = { 0 };
	size_t i = 0;
	elem_each (t, e, "term") {
		terms[i] =
		    (struct conf_term){ .rule =
					    rule }; /* one that was refused may have been here */
		if (!term_load(b, t, &terms[i]))
			continue;
		if (!smap_add(&names, terms[i].name, t)) {
			builder_error(b, t, "Term is configured twice");
			continue;
		}
		elems[i++] = t;
	}
	smap_done(&names);
	rule->terms = terms;
	rule->n_terms = i;
	b->term_elems[at] = elems;
}

static void
rule_sets_load(struct builder *b, const struct elem *vpn)
{
	elem_each (e, vpn, "rule-set") {
		const char *name = entry_name(b, e);
		if (name != NULL && !smap_add(&b->rule_sets, name, e))
			builder_error(b, e, "Rule set is configured twice");
		elem_each (ref, e, "rule") {
			const char *rule = ref->is_container ? elem_value(ref, "name") : ref->value;
			if (rule == NULL || smap_find(&b->rules, rule) == NULL)
				builder_error(b, ref, "rule must be configured");
		}
	}
}

void
rule_load(struct builder *b)
{
	const struct elem *vpn = elem_path(b->root, "services/ipsec-vpn");
	size_t n = elem_count(vpn, "rule");
	const struct conf_rule **list = arena_array(b->a, n, sizeof(*list));
	b->rule_array = arena_array(b->a, n, sizeof(*b->rule_array));
	b->rule_elems = arena_array(b->scratch, n, sizeof(*b->rule_elems));
	b->term_elems = arena_array(b->scratch, n, sizeof(*b->term_elems));
	size_t i = 0;
	elem_each (e, vpn, "rule") {
		struct conf_rule *rule = &b->rule_array[i];
		*rule = (struct conf_rule){ .name = entry_name(b, e) };
		if (rule->name == NULL)
			continue;
		direction_load(b, e, rule);
		terms_load(b, e, rule, i);
		if (rule->n_terms == 0 && b->part != CONF_NETD)
			builder_missing(b, e, "term");
		if (!smap_add(&b->rules, rule->name, rule)) {
			builder_error(b, e, "Rule is configured twice");
			continue;
		}
		b->rule_elems[i] = e;
		list[i++] = rule;
	}
	b->c->rules = list;
	b->c->n_rules = i;
	rule_sets_load(b, vpn);
}
