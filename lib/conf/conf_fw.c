/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf_fw.c - [edit firewall]: filters and service filters.
 *
 * `firewall filter F` without a family is the old form of family inet. A match condition or action that is
 * not known here is an error: leaving it out would let packets through, or protect others than
 * the user wrote. Called by conf_load() on its thread.
 */
#include "lib/conf/builder.h"

#include <string.h>

struct word {
	const char *name;
	uint32_t value;
};

static const struct word protocols[] = { { "ah", 51 }, { "egp", 8 }, { "esp", 50 }, { "gre", 47 },
	{ "icmp", 1 }, { "icmp6", 58 }, { "icmpv6", 58 }, { "igmp", 2 }, { "ipip", 4 },
	{ "ipv6", 41 }, { "ospf", 89 }, { "pim", 103 }, { "rsvp", 46 }, { "sctp", 132 },
	{ "tcp", 6 }, { "udp", 17 }, { "vrrp", 112 }, { NULL, 0 } };

static const struct word ports[] = { { "bgp", 179 }, { "dhcp", 67 }, { "domain", 53 },
	{ "ftp", 21 }, { "ftp-data", 20 }, { "http", 80 }, { "https", 443 }, { "ldp", 646 },
	{ "ntp", 123 }, { "radius", 1812 }, { "smtp", 25 }, { "snmp", 161 }, { "snmptrap", 162 },
	{ "ssh", 22 }, { "syslog", 514 }, { "tacacs", 49 }, { "telnet", 23 }, { "tftp", 69 },
	{ NULL, 0 } };

/* A list of values of one kind, written as words, numbers or LO-HI. */
struct range_kind {
	const struct word *words;
	uint32_t max;
};

static bool
number_parse(const char *s, size_t n, const struct range_kind *kind, uint32_t *out)
{
	for (const struct word *w = kind->words; w != NULL && w->name != NULL; w++)
		if (strlen(w->name) == n && memcmp(w->name, s, n) == 0) {
			*out = w->value;
			return true;
		}
	uint64_t v = 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9' || v > kind->max)
			return false;
		v = v * 10 + (uint64_t)(s[i] - '0');
	}
	*out = (uint32_t)v;
	return n > 0 && v <= kind->max;
}

static bool
range_parse(const char *s, const struct range_kind *kind, struct conf_range *out)
{
	struct conf_range range;
	size_t n = strlen(s);
	if (number_parse(s, n, kind, &range.lo)) { /* first: "ftp-data" holds a dash */
		*out = (struct conf_range){ range.lo, range.lo };
		return true;
	}
	const char *dash = strchr(s, '-');
	if (dash == NULL || !number_parse(s, (size_t)(dash - s), kind, &range.lo) ||
	    !number_parse(dash + 1, n - (size_t)(dash + 1 - s), kind, &range.hi) ||
	    range.lo > range.hi)
		return false;
	*out = range;
	return true;
}

/* Appends the values of all children of FROM called NAME to LIST. */
static void
ranges_load(struct builder *b, const struct elem *from, const char *name,
    const struct range_kind *kind, const struct conf_range **list, size_t *n)
{
	size_t more = elem_count(from, name);
	if (more == 0)
		return;
	struct conf_range *all = arena_array(b->a, *n + more, sizeof(*all));
	if (*n > 0)
		memcpy(all, *list, *n * sizeof(*all));
	elem_each (e, from, name) {
		const struct elem *leaf = e->is_container ? elem_find(e, "name") : e;
		const char *s = leaf != NULL && leaf->value != NULL ? leaf->value : "";
		if (range_parse(s, kind, &all[*n]))
			(*n)++;
		else
			builder_error(b, e, "invalid value '%s'", s);
	}
	*list = all;
}

static void
prefixes_load(struct builder *b, const struct elem *from, const char *name, uint8_t family,
    const struct prefix **list, size_t *n)
{
	struct prefix *all = arena_array(b->a, elem_count(from, name), sizeof(*all));
	elem_each (e, from, name) {
		const struct elem *leaf = e->is_container ? elem_find(e, "name") : e;
		if (leaf == NULL) {
			builder_missing(b, e, "name");
			continue;
		}
		if (e->is_container && elem_has(e, "except"))
			builder_unsupported(b, e, "Match condition 'except' is not supported");
		if (!leaf_prefix(b, leaf, &all[*n]))
			continue;
		if (all[*n].addr.family != family)
			builder_error(b, e, "Address must be of the family of the filter");
		(*n)++;
	}
	*list = all;
}

static bool
is_one_of(const char *name, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

static void
from_load(struct builder *b, const struct elem *from, const struct conf_filter *f,
    struct conf_filter_term *t)
{
	static const char *const known[] = { "source-address", "destination-address", "protocol",
		"next-header", "source-port", "destination-port", "ah-spi", "esp-spi", NULL };
	static const struct range_kind protocol = { protocols, 255 };
	static const struct range_kind port = { ports, 65535 };
	static const struct range_kind spi = { NULL, UINT32_MAX };
	for (const struct elem *e = from->child; e != NULL; e = e->next)
		if (!is_one_of(e->name, known))
			builder_unsupported(b, e, "Match condition is not supported");
	prefixes_load(b, from, "source-address", f->family, &t->source, &t->n_source);
	prefixes_load(
	    b, from, "destination-address", f->family, &t->destination, &t->n_destination);
	ranges_load(b, from, "protocol", &protocol, &t->protocols, &t->n_protocols);
	ranges_load(b, from, "next-header", &protocol, &t->protocols, &t->n_protocols);
	ranges_load(b, from, "source-port", &port, &t->source_ports, &t->n_source_ports);
	ranges_load(
	    b, from, "destination-port", &port, &t->destination_ports, &t->n_destination_ports);
	ranges_load(b, from, "ah-spi", &spi, &t->ah_spis, &t->n_ah_spis);
	ranges_load(b, from, "esp-spi", &spi, &t->esp_spis, &t->n_esp_spis);
	if (t->n_ah_spis > 0 && t->n_esp_spis > 0)
		builder_error(b, from, "'ah-spi' and 'esp-spi' can not both be true of one packet");
}

/* Actions that end a term. */
static const struct {
	const char *name;
	enum conf_filter_action action;
	bool in_filter;
	bool in_service_filter;
} actions[] = {
	{ "accept", FA_ACCEPT, true, false },
	{ "discard", FA_DISCARD, true, false },
	{ "reject", FA_REJECT, true, false },
	{ "ipsec-sa", FA_IPSEC_SA, true, false },
	{ "next", FA_NEXT_TERM, true, false },
	{ "service", FA_SERVICE, false, true },
	{ "skip", FA_SKIP, false, true },
};

enum { N_ACTIONS = sizeof(actions) / sizeof(actions[0]) };

static void
sa_ref(struct builder *b, const struct elem *leaf, struct conf_filter_term *t)
{
	struct conf_sa *sa = smap_find(&b->index->sas, leaf->value ? leaf->value : "");
	t->sa = sa;
	if (sa != NULL)
		sa->is_referenced = true;
	else
		builder_error(b, leaf,
		    "Referenced IPSec Security Association must be defined under "
		    "[edit security ipsec security-association]");
}

static void
action_load(struct builder *b, const struct elem *e, const struct conf_filter *f,
    struct conf_filter_term *t, unsigned *n_actions)
{
	size_t i = 0;
	while (i < N_ACTIONS && strcmp(actions[i].name, e->name) != 0)
		i++;
	if (i == N_ACTIONS ||
	    !(f->is_service ? actions[i].in_service_filter : actions[i].in_filter)) {
		builder_unsupported(b, e, "Action is not supported in a %s",
		    f->is_service ? "service-filter" : "filter");
		return;
	}
	if ((*n_actions)++ > 0)
		builder_error(b, e, "Only one terminating action can be configured in a term");
	t->action = actions[i].action;
	if (t->action == FA_IPSEC_SA)
		sa_ref(b, e, t);
}

static void
then_load(struct builder *b, const struct elem *then, const struct conf_filter *f,
    struct conf_filter_term *t)
{
	/* the last two change nothing that Sallyport does: reported as unsupported, not refused */
	static const char *const modifiers[] = { "count", "log", "syslog", "loss-priority",
		"forwarding-class", NULL };
	unsigned n_actions = 0;
	for (const struct elem *e = then->child; e != NULL; e = e->next)
		if (!is_one_of(e->name, modifiers))
			action_load(b, e, f, t, &n_actions);
	const char *count = elem_value(then, "count");
	if (count != NULL)
		t->count = arena_strdup(b->a, count);
	t->has_log = elem_has(then, "log");
	t->has_syslog = elem_has(then, "syslog");
}

static void
terms_load(struct builder *b, const struct elem *e, struct conf_filter *f)
{
	struct conf_filter_term *terms = arena_array(b->a, elem_count(e, "term"), sizeof(*terms));
	struct smap names = { 0 };
	elem_each (te, e, "term") {
		struct conf_filter_term *t = &terms[f->n_terms];
		*t = (struct conf_filter_term){ .name = entry_name(b, te),
			.action = f->is_service ? FA_SERVICE : FA_ACCEPT };
		if (t->name == NULL)
			continue;
		if (!smap_add(&names, t->name, te))
			builder_error(b, te, "Term is configured twice");
		const struct elem *from = elem_find(te, "from");
		if (from != NULL)
			from_load(b, from, f, t);
		const struct elem *then = elem_find(te, "then");
		if (then != NULL)
			then_load(b, then, f, t);
		f->n_terms++;
	}
	smap_done(&names);
	f->terms = terms;
}

/* One place where filters may stand. */
struct filter_list {
	const char *path;
	const char *list;
	uint8_t family;
	bool is_service;
};

static const struct filter_list lists[] = {
	{ "firewall", "filter", ADDR_V4, false },
	{ "firewall/family/inet", "filter", ADDR_V4, false },
	{ "firewall/family/inet", "service-filter", ADDR_V4, true },
	{ "firewall/family/inet6", "filter", ADDR_V6, false },
	{ "firewall/family/inet6", "service-filter", ADDR_V6, true },
};

enum { N_LISTS = sizeof(lists) / sizeof(lists[0]) };

static void
list_load(struct builder *b, const struct filter_list *where, const struct conf_filter **out)
{
	struct conf_index *x = b->index;
	struct smap *names =
	    where->is_service
		? (where->family == ADDR_V4 ? &x->service_filters : &x->service_filters6)
		: (where->family == ADDR_V4 ? &x->filters : &x->filters6);
	elem_each (e, elem_path(b->root, where->path), where->list) {
		struct conf_filter *f = arena_alloc(b->a, sizeof(*f));
		f->name = entry_name(b, e);
		f->family = where->family;
		f->is_service = where->is_service;
		if (f->name == NULL)
			continue;
		terms_load(b, e, f);
		if (!smap_add(names, f->name, f)) {
			builder_error(b, e, "Filter is configured twice");
			continue;
		}
		b->filter_elems[b->c->n_filters] = e;
		out[b->c->n_filters++] = f;
	}
}

void
fw_load(struct builder *b)
{
	size_t n = 0;
	for (size_t i = 0; i < N_LISTS; i++)
		n += elem_count(elem_path(b->root, lists[i].path), lists[i].list);
	const struct conf_filter **out = arena_array(b->a, n, sizeof(*out));
	b->filter_elems = arena_array(b->scratch, n, sizeof(*b->filter_elems));
	for (size_t i = 0; i < N_LISTS; i++)
		list_load(b, &lists[i], out);
	b->c->filters = out;
}
