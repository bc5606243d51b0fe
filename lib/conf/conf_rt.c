/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf_rt.c - [edit routing-options static], and rib inet6.0.
 *
 * A route has one next hop: an address, a unit, discard or reject. Called by conf_load() on its thread.
 */
#include "lib/conf/builder.h"

#include <string.h>

enum { PREFERENCE_DEFAULT = 5 };

static void
next_hop_load(struct builder *b, const struct elem *leaf, struct conf_route *r)
{
	if (elem_next(leaf) != NULL)
		builder_unsupported(
		    b, elem_next(leaf), "More than one next hop of a route is not supported");
	if (leaf->value != NULL && addr_parse(leaf->value, &r->via)) {
		r->kind = NH_ADDRESS;
		if (r->via.family != r->prefix.addr.family)
			builder_error(
			    b, leaf, "Next hop must be of the address family of the route");
		return;
	}
	const struct conf_unit *u = unit_ref(b, leaf);
	if (u == NULL)
		return;
	r->kind = NH_UNIT;
	r->unit = u->name;
	r->device = u->device;
}

static bool
route_load(struct builder *b, const struct elem *e, struct conf_route *r)
{
	const struct elem *name = elem_find(e, "name");
	*r = (struct conf_route){ .preference = PREFERENCE_DEFAULT };
	if (name == NULL) {
		builder_missing(b, e, "name");
		return false;
	}
	if (!leaf_prefix(b, name, &r->prefix))
		return false;
	r->prefix = prefix_network(r->prefix);
	const struct elem *nh = elem_find(e, "next-hop");
	const struct elem *discard = elem_find(e, "discard");
	const struct elem *reject = elem_find(e, "reject");
	const struct elem *preference = child_or(e, "preference", "metric-value");
	if (preference != NULL)
		(void)leaf_u32(b, preference, 0, UINT32_MAX, &r->preference);
	if ((nh != NULL) + (discard != NULL) + (reject != NULL) > 1)
		builder_error(b, e, "Only one of next-hop, discard and reject can be configured");
	if (nh != NULL)
		next_hop_load(b, nh, r);
	else if (discard != NULL)
		r->kind = NH_DISCARD;
	else if (reject != NULL)
		r->kind = NH_REJECT;
	else
		builder_missing(b, e, "next-hop");
	return true;
}

/* Adds the routes below STATIC_E to LIST. */
static void
routes_load(struct builder *b, const struct elem *static_e, struct smap *seen,
    struct conf_route *list, size_t *n)
{
	char text[PREFIX_STRLEN];
	elem_each (e, static_e, "route") {
		struct conf_route *r = &list[*n];
		if (!route_load(b, e, r))
			continue;
		prefix_print(r->prefix, text);
		if (!smap_add(seen, arena_strdup(b->scratch, text), r)) {
			builder_error(b, e, "Route %s is configured twice", text);
			continue;
		}
		(*n)++;
	}
}

void
rt_load(struct builder *b)
{
	const struct elem *options = elem_find(b->root, "routing-options");
	const struct elem *top = elem_find(options, "static");
	size_t n = elem_count(top, "route");
	elem_each (rib, options, "rib")
		n += elem_count(elem_find(rib, "static"), "route");
	struct conf_route *routes = arena_array(b->a, n, sizeof(*routes));
	struct smap seen = { 0 };
	size_t used = 0;
	routes_load(b, top, &seen, routes, &used);
	elem_each (rib, options, "rib") {
		const char *name = elem_value(rib, "name");
		if (name == NULL || (strcmp(name, "inet.0") != 0 && strcmp(name, "inet6.0") != 0))
			builder_unsupported(b, rib, "Only inet.0 and inet6.0 are supported");
		else
			routes_load(b, elem_find(rib, "static"), &seen, routes, &used);
	}
	smap_done(&seen);
	b->c->routes = routes;
	b->c->n_routes = used;
}
