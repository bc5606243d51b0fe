/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_route.c - rows of `show route`, `show route summary` and `show route forwarding-table`.
 *
 * A table is opened and its destinations follow one by one; a table of which nothing is asked for does not appear. Element names
 * are Juniper's. Called by jobs.c.
 */
#include "daemon/netd/jobs.h"
#include "daemon/netd/netd.h"
#include "daemon/netd/routes.h"
#include "lib/base/arena.h"
#include "lib/msg/elem.h"
#include "lib/msg/row.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LOOKS_MAX = 2048 }; /* destinations that are passed over in one step */

/* What of the tables is asked for. */
struct question {
	struct routes r;
	size_t table; /* the one at work */
	size_t at;    /* the route that is next */
	bool is_open;
	bool has_dst;
	bool is_host;  /* the destination is one address: what it would be routed by */
	bool is_exact; /* nothing longer than the destination */
	bool is_best;
	bool is_detail;
	bool is_terse;
	bool is_active;   /* active ones only */
	bool is_inactive; /* the others only */
	bool is_hidden;   /* none: the kernel hides none */
	struct prefix dst;
	struct addr next_hop; /* or ADDR_NONE */
	const char *table_name;
	const char *instance; /* forwarding table */
	const char *protocol;
	uint8_t family;   /* 0: both */
	uint8_t best_len; /* of the table at work: longest prefix that covers the destination */
	bool has_best;    /* best_len is known */
	bool is_covered;  /* something covers it */
	bool has_more;    /* something lies within it */
};

/* Reads a prefix; as JUNOS does, IPv4 octets that are zero may be left out: 10/8. */
static bool
short_prefix_parse(struct arena *a, const char *s, struct prefix *out)
{
	const char *slash = strchr(s, '/');
	size_t n = slash != NULL ? (size_t)(slash - s) : 0;
	size_t n_dots = 0;
	for (size_t i = 0; i < n; i++)
		n_dots += s[i] == '.';
	if (n == 0 || n_dots >= 3 || memchr(s, ':', n) != NULL)
		return prefix_parse(s, out);
	static const char *const zeroes[] = { ".0.0.0", ".0.0", ".0" };
	return prefix_parse(arena_printf(a, "%.*s%s%s", (int)n, s, zeroes[n_dots], slash), out);
}

static struct question *
question_new(struct job *j)
{
	struct question *q = arena_alloc(j->a, sizeof(*q));
	const char *dst = elem_value(j->args, "destination");
	const char *hop = elem_value(j->args, "next-hop");
	const char *family = elem_value(j->args, "family");
	j->state = q;
	routes_init(&q->r, &j->view, j->a);
	if (dst != NULL && !short_prefix_parse(j->a, dst, &q->dst))
		j->error = arena_printf(j->a, "error: invalid prefix %.64s", dst);
	if (hop != NULL && !addr_parse(hop, &q->next_hop))
		j->error = arena_printf(j->a, "error: invalid address %s", hop);
	q->has_dst = dst != NULL;
	q->dst = prefix_network(q->dst);
	q->is_host = q->has_dst && q->dst.len == addr_len(q->dst.addr) * 8;
	q->is_exact = elem_has(j->args, "exact");
	q->is_best = elem_has(j->args, "best") || (q->is_host && !q->is_exact);
	q->is_detail = job_has_level(j, "detail") || job_has_level(j, "extensive");
	q->is_terse = job_has_level(j, "terse");
	q->is_active = elem_has(j->args, "active-path");
	q->is_inactive = elem_has(j->args, "inactive-path");
	q->is_hidden = elem_has(j->args, "hidden");
	q->table_name = elem_value(j->args, "table");
	q->protocol = elem_value(j->args, "protocol");
	if (family != NULL)
		q->family = strcmp(family, "inet6") == 0 ? ADDR_V6 : ADDR_V4;
	return q;
}

static void
question_done(struct job *j)
{
	struct question *q = j->state;
	if (q != NULL)
		routes_done(&q->r);
}

/* Collects the routes. Returns 1 while there are more, 0 when all are there, or -errno. */
static int
routes_collect(struct job *j)
{
	if (j->state == NULL)
		question_new(j);
	if (j->error != NULL)
		return 0;
	struct question *q = j->state;
	int rc = routes_step(&q->r, &j->nl, j->n);
	if (rc == -E2BIG)
		j->error = "error: the kernel has more routes than can be shown";
	return rc;
}

/* --- which of them --- */

static bool
table_fits(const struct question *q, const struct routes_table *t)
{
	if (t->n == 0 || (q->family != 0 && t->family != q->family))
		return false;
	if (q->table_name != NULL && strcmp(q->table_name, t->name) != 0)
		return false;
	return !q->has_dst || q->dst.addr.family == t->family;
}

/* What a destination means in a table is known when all of its routes have been looked at: the longest prefix that covers it. */
static void
best_find(struct question *q, const struct routes_table *t)
{
	q->is_covered = false;
	q->has_more = false;
	q->best_len = 0;
	for (size_t i = t->first; q->has_dst && i < t->first + t->n; i++) {
		const struct routes_route *r = &q->r.list[i];
		/* they are in order: what comes behind the destination neither covers it nor lies in it */
		if (memcmp(r->dst.addr.b, q->dst.addr.b, addr_len(q->dst.addr)) > 0 &&
		    !prefix_has(q->dst, r->dst.addr))
			break;
		if (r->dst.len <= q->dst.len && prefix_has(r->dst, q->dst.addr)) {
			q->is_covered = true;
			if (r->dst.len > q->best_len)
				q->best_len = r->dst.len;
		}
		if (r->dst.len >= q->dst.len && prefix_has(q->dst, r->dst.addr))
			q->has_more = true;
	}
	q->has_best = true;
}

static bool
destination_fits(const struct question *q, const struct routes_route *r)
{
	if (!q->has_dst)
		return true;
	bool is_within = r->dst.len >= q->dst.len && prefix_has(q->dst, r->dst.addr);
	if (q->is_exact)
		return is_within && r->dst.len == q->dst.len;
	/* nothing lies in it: what it would be routed by */
	if (q->is_best || !q->has_more)
		return q->is_covered && r->dst.len == q->best_len &&
		       prefix_has(r->dst, q->dst.addr);
	return is_within;
}

static bool
hop_fits(const struct question *q, const struct routes_route *r)
{
	if (q->next_hop.family == ADDR_NONE)
		return true;
	for (size_t i = 0; i < r->n_hops; i++)
		if (addr_eq(q->r.hops[r->first_hop + i].to, q->next_hop))
			return true;
	return false;
}

static bool
route_fits(const struct question *q, const struct routes_route *r)
{
	const char *protocol = routes_protocol(r)->name;
	if (q->is_hidden || (q->is_active && !r->is_active) || (q->is_inactive && r->is_active))
		return false;
	if (q->protocol != NULL && strcasecmp(q->protocol, protocol) != 0 &&
	    !(strcmp(q->protocol, "isis") == 0 && strcmp(protocol, "IS-IS") == 0))
		return false;
	return hop_fits(q, r);
}

/* Returns the end of the routes that share the destination of the one at I. */
static size_t
destination_end(const struct question *q, size_t i)
{
	const struct routes_route *r = &q->r.list[i];
	const struct routes_table *t = &q->r.tables[r->table];
	size_t end = i + 1;
	while (end < t->first + t->n && prefix_eq(q->r.list[end].dst, r->dst))
		end++;
	return end;
}

/* --- show route --- */

static const char *
age_text(struct arena *a, uint32_t s)
{
	const char *clock = arena_printf(a, "%02u:%02u:%02u", s / 3600 % 24, s / 60 % 60, s % 60);
	uint32_t days = s / 86400;
	if (days == 0)
		return clock;
	if (days < 7)
		return arena_printf(a, "%ud %s", days, clock);
	return arena_printf(a, "%uw%ud %s", days / 7, days % 7, clock);
}

static const char *
device_text(const struct job *j, struct arena *a, unsigned device)
{
	const struct view_link *l = view_link(&j->view, device);
	return l != NULL ? view_unit_name(&j->view, l, a) : arena_printf(a, "if%u", device);
}

static void
hops_put(const struct job *j, struct arena *a, struct elem *e, const struct routes_route *r)
{
	const struct question *q = j->state;
	char text[ADDR_STRLEN];
	if (r->type == ROUTES_DISCARD || r->type == ROUTES_REJECT) {
		elem_leaf(a, e, "nh-type", r->type == ROUTES_DISCARD ? "Discard" : "Reject");
		return;
	}
	if (r->type == ROUTES_LOCAL)
		elem_leaf(a, e, "nh-type", "Local");
	for (size_t i = 0; i < r->n_hops; i++) {
		const struct routes_hop *hop = &q->r.hops[r->first_hop + i];
		const char *device = device_text(j, a, hop->device);
		struct elem *nh = elem_add(a, e, "nh");
		if (r->type == ROUTES_LOCAL) {
			elem_leaf(a, nh, "nh-local-interface", device);
			continue;
		}
		if (i == 0)
			elem_flag(a, nh, "selected-next-hop");
		if (hop->to.family != ADDR_NONE)
			elem_leaf(a, nh, "to", addr_print(hop->to, text));
		elem_leaf(a, nh, "via", device);
	}
}

/* Other protocols than ours and the host's own have a metric of their own. */
static bool
has_metric(const struct routes_route *r)
{
	const char *protocol = routes_protocol(r)->name;
	uint32_t usual = r->dst.addr.family == ADDR_V6 ? 1024 : 0;
	return r->metric != usual && r->metric != r->preference &&
	       strcmp(protocol, "Direct") != 0 && strcmp(protocol, "Local") != 0;
}

static void
detail_put(struct arena *a, struct elem *e, const struct routes_route *r)
{
	const char *protocol = routes_protocol(r)->name;
	bool is_interior = strcmp(protocol, "Direct") == 0 || strcmp(protocol, "Local") == 0 ||
			   strcmp(protocol, "Static") == 0;
	elem_leaff(a, e, "rt-entry-state", "<%s%s>", r->is_active ? "Active " : "",
	    is_interior ? (strcmp(protocol, "Static") == 0 ? "NoReadvrt Int Ext" : "NoReadvrt Int")
			: "Int");
	elem_leaf(a, e, "task-name",
	    strcmp(protocol, "Direct") == 0 || strcmp(protocol, "Local") == 0 ? "IF"
	    : strcmp(protocol, "Static") == 0                                 ? "RT"
									      : protocol);
	elem_leaf(a, e, "as-path", "AS path: I");
}

static void
entry_put(const struct job *j, struct arena *a, struct elem *rt, const struct routes_route *r)
{
	const struct question *q = j->state;
	struct elem *e = elem_add(a, rt, "rt-entry");
	if (r->is_active) {
		elem_leaf(a, e, "active-tag", "*");
		elem_flag(a, e, "current-active");
		elem_flag(a, e, "last-active");
	}
	elem_leaf(a, e, "protocol-name", routes_protocol(r)->name);
	elem_leaff(a, e, "preference", "%u", r->preference);
	if (has_metric(r))
		elem_leaff(a, e, "metric", "%u", r->metric);
	elem_leaf(a, e, "age", age_text(a, r->since_s));
	elem_leaff(a, e, "junos:seconds", "%u", r->since_s);
	hops_put(j, a, e, r);
	if (q->is_detail)
		detail_put(a, e, r);
}

/* The row of the destination whose routes are FIRST to END; none if no route of it is asked for. */
static bool
destination_put(struct job *j, size_t first, size_t end)
{
	const struct question *q = j->state;
	const struct routes_route *r = &q->r.list[first];
	char text[PREFIX_STRLEN];
	struct arena *a = arena_new();
	struct elem *rt = elem_new(a, "rt");
	if (q->is_detail) {
		elem_leaf(a, rt, "rt-destination", addr_print(r->dst.addr, text));
		elem_leaff(a, rt, "rt-prefix-length", "%u", r->dst.len);
		elem_leaff(a, rt, "rt-entry-count", "%zu", end - first);
		elem_leaff(a, rt, "junos:format", "%zu %s", end - first,
		    end - first == 1 ? "entry" : "entries");
		elem_leaf(a, rt, "rt-announced-count", r->is_active ? "1" : "0");
	} else {
		elem_leaf(a, rt, "rt-destination", prefix_print(r->dst, text));
	}
	const struct elem *before = rt->last;
	for (size_t i = first; i < end; i++)
		if (route_fits(q, &q->r.list[i]))
			entry_put(j, a, rt, &q->r.list[i]);
	bool has_some = rt->last != before;
	if (has_some)
		job_row(j, rt);
	arena_free(a);
	return has_some;
}

static void
counts_put(struct arena *a, struct elem *e, const struct routes_table *t)
{
	elem_leaf(a, e, "table-name", t->name);
	elem_leaff(a, e, "destination-count", "%zu", t->n_destinations);
	elem_leaff(a, e, "total-route-count", "%zu", t->n);
	elem_leaff(a, e, "active-route-count", "%zu", t->n_active);
	elem_leaf(a, e, "holddown-route-count", "0");
	elem_leaf(a, e, "hidden-route-count", "0");
}

static void
row_close_put(struct job *j)
{
	struct arena *a = arena_new();
	job_row(j, row_close_new(a));
	arena_free(a);
}

static bool
has_fitting(const struct question *q, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		if (route_fits(q, &q->r.list[i]))
			return true;
	return false;
}

static void
table_open(struct job *j, const struct routes_table *t,
    void (*fill)(struct arena *a, struct elem *e, const struct routes_table *t))
{
	struct question *q = j->state;
	struct arena *a = arena_new();
	struct elem *e;
	struct elem *row = row_open_new(a, "route-table", &e);
	fill(a, e, t);
	job_row(j, row);
	arena_free(a);
	q->is_open = true;
}

/* Goes to the next table. */
static void
table_next(struct job *j)
{
	struct question *q = j->state;
	if (q->is_open)
		row_close_put(j);
	q->is_open = false;
	q->has_best = false;
	q->at = 0;
	q->table++;
}

/* Goes on to the next destination that is asked for. Returns false at the end of the table, or if it has to go on later (IS_LATER). */
static bool
destination_next(
    struct question *q, const struct routes_table *t, size_t *first, size_t *end, bool *is_later)
{
	*is_later = false;
	if (!q->has_best) {
		best_find(q, t);
		q->at = t->first;
	}
	for (int looks = 0; q->at < t->first + t->n; looks++) {
		if (looks == LOOKS_MAX) {
			*is_later = true;
			return false;
		}
		*first = q->at;
		*end = destination_end(q, q->at);
		q->at = *end;
		if (destination_fits(q, &q->r.list[*first]) && has_fitting(q, *first, *end))
			return true;
	}
	return false;
}

static int
routes_show(struct job *j)
{
	int rc = routes_collect(j);
	if (rc != 0 || j->error != NULL)
		return rc;
	struct question *q = j->state;
	size_t first;
	size_t end;
	bool is_later;
	if (q->table == q->r.n_tables)
		return 0;
	const struct routes_table *t = &q->r.tables[q->table];
	if (!table_fits(q, t)) {
		table_next(j);
	} else if (destination_next(q, t, &first, &end, &is_later)) {
		if (!q->is_open)
			table_open(j, t, counts_put);
		destination_put(j, first, end);
	} else if (!is_later) {
		table_next(j);
	}
	return 1;
}

const struct job_kind job_routes = {
	.rpc = "get-route-information",
	.view = JOB_VIEW,
	.step = routes_show,
	.done = question_done,
};

/* --- show route summary --- */

/* The address that the gateway is known by: the first one of lo0, else the first one it has. */
static const char *
router_id(const struct view *v, struct arena *a)
{
	char text[ADDR_STRLEN];
	const struct view_addr *found = NULL;
	const struct view_link *lo = view_device(v, "lo");
	for (size_t i = 0; i < v->n_addrs; i++) {
		const struct view_addr *x = &v->addrs[i];
		bool is_lo = lo != NULL && x->index == lo->index;
		if (x->local.addr.family != ADDR_V4 || x->local.addr.b[0] == 127)
			continue;
		if (found == NULL || is_lo)
			found = x;
		if (is_lo)
			break;
	}
	return found != NULL ? arena_strdup(a, addr_print(found->local.addr, text)) : NULL;
}

struct tally {
	const char *name;
	size_t n;
	size_t n_active;
};

static void
protocols_put(
    const struct question *q, struct arena *a, struct elem *e, const struct routes_table *t)
{
	struct tally tallies[16] = { 0 };
	size_t n = 0;
	for (size_t i = t->first; i < t->first + t->n; i++) {
		const struct routes_route *r = &q->r.list[i];
		const char *name = routes_protocol(r)->name;
		size_t k = 0;
		while (k < n && tallies[k].name != name && strcmp(tallies[k].name, name) != 0)
			k++;
		if (k == sizeof(tallies) / sizeof(tallies[0]))
			continue;
		if (k == n)
			tallies[n++].name = name;
		tallies[k].n++;
		tallies[k].n_active += r->is_active;
	}
	for (size_t k = 0; k < n; k++) {
		struct elem *p = elem_add(a, e, "protocols");
		elem_leaf(a, p, "protocol-name", tallies[k].name);
		elem_leaff(a, p, "protocol-route-count", "%zu", tallies[k].n);
		elem_leaff(a, p, "active-route-count", "%zu", tallies[k].n_active);
	}
}

static int
summary_show(struct job *j)
{
	int rc = routes_collect(j);
	if (rc != 0 || j->error != NULL)
		return rc;
	struct question *q = j->state;
	struct arena *a = arena_new();
	const char *id = q->at == 0 ? router_id(&j->view, a) : NULL;
	if (id != NULL) {
		struct elem *holder = elem_new(a, "x");
		job_row(j, elem_leaf(a, holder, "router-id", id));
	}
	q->at = 1;
	if (q->table < q->r.n_tables) {
		const struct routes_table *t = &q->r.tables[q->table++];
		struct elem *e = elem_new(a, "route-table");
		counts_put(a, e, t);
		if (table_fits(q, t)) {
			protocols_put(q, a, e, t);
			job_row(j, e);
		}
		rc = 1;
	}
	arena_free(a);
	return rc;
}

const struct job_kind job_route_summary = {
	.rpc = "get-route-summary-information",
	.view = JOB_VIEW,
	.step = summary_show,
	.done = question_done,
};

/* --- show route forwarding-table --- */

static void
forwarding_head(struct arena *a, struct elem *e, const struct routes_table *t)
{
	elem_leaff(a, e, "table-name", "%s%s", t->instance[0] != '\0' ? t->instance : "default",
	    t->family == ADDR_V4 ? ".inet" : ".inet6");
	elem_leaf(a, e, "address-family", t->family == ADDR_V4 ? "Internet" : "Internet6");
}

static void
forwarding_hop_put(const struct job *j, struct arena *a, struct elem *e,
    const struct routes_route *r, const struct routes_hop *hop)
{
	char text[ADDR_STRLEN];
	struct elem *nh = elem_add(a, e, "nh");
	bool is_gone = r->type == ROUTES_DISCARD || r->type == ROUTES_REJECT;
	if (r->type == ROUTES_LOCAL)
		elem_leaf(a, nh, "to", addr_print(r->dst.addr, text));
	else if (!is_gone && hop->to.family != ADDR_NONE)
		elem_leaf(a, nh, "to", addr_print(hop->to, text));
	elem_leaf(a, nh, "nh-type",
	    r->type == ROUTES_LOCAL       ? "locl"
	    : r->type == ROUTES_DISCARD   ? "dscd"
	    : r->type == ROUTES_REJECT    ? "rjct"
	    : hop->to.family != ADDR_NONE ? "ucst"
					  : "rslv");
	elem_leaff(a, nh, "nh-index", "%u", hop->device);
	elem_leaf(a, nh, "nh-reference-count", "1");
	if (!is_gone)
		elem_leaf(a, nh, "via", device_text(j, a, hop->device));
}

static void
forwarding_put(struct job *j, const struct routes_route *r)
{
	const struct question *q = j->state;
	const char *protocol = routes_protocol(r)->name;
	char text[PREFIX_STRLEN];
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "rt-entry");
	bool is_interface = strcmp(protocol, "Direct") == 0 || strcmp(protocol, "Local") == 0;
	elem_leaf(a, e, "rt-destination", r->dst.len == 0 ? "default" : prefix_print(r->dst, text));
	elem_leaf(a, e, "destination-type", is_interface ? "intf" : "user");
	elem_leaf(a, e, "route-reference-count", "0");
	for (size_t i = 0; i < r->n_hops; i++)
		forwarding_hop_put(j, a, e, r, &q->r.hops[r->first_hop + i]);
	job_row(j, e);
	arena_free(a);
}

static int
forwarding_show(struct job *j)
{
	bool is_first = j->state == NULL;
	int rc = routes_collect(j);
	struct question *q = j->state;
	if (is_first && q->table_name != NULL) {
		q->instance = strcmp(q->table_name, "default") == 0 ? "" : q->table_name;
		q->table_name = NULL;
	}
	q->is_active = true;
	if (rc != 0 || j->error != NULL)
		return rc;
	size_t first;
	size_t end;
	bool is_later;
	if (q->table == q->r.n_tables)
		return 0;
	const struct routes_table *t = &q->r.tables[q->table];
	if (!table_fits(q, t) || (q->instance != NULL && strcmp(q->instance, t->instance) != 0)) {
		table_next(j);
	} else if (destination_next(q, t, &first, &end, &is_later)) {
		if (!q->is_open)
			table_open(j, t, forwarding_head);
		forwarding_put(j, &q->r.list[first]);
	} else if (!is_later) {
		table_next(j);
	}
	return 1;
}

const struct job_kind job_forwarding = {
	.rpc = "get-forwarding-table-information",
	.view = JOB_VIEW,
	.step = forwarding_show,
	.done = question_done,
};
