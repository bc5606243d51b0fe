/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf_if_service.c - `family inet service { input; output; }`: service sets on media interfaces.
 *
 * Runs after the service sets were read, over the units that conf_if.c made. Only interface-style sets
 * can stand here. Called by conf_load() on its thread.
 */
#include "lib/conf/builder.h"

static void
service_entry_load(struct builder *b, const struct elem *e, const struct conf_unit *u,
    uint8_t family, struct conf_if_service *out)
{
	const char *name = e->is_container ? elem_value(e, "name") : e->value;
	out->set = smap_find(&b->index->sets, name ? name : "");
	if (out->set == NULL)
		builder_error(b, e,
		    "Referenced service set must be defined under [edit services service-set]");
	else if (out->set->is_next_hop || out->set->service_unit == NULL)
		builder_error(b, e, "this service set must be an interface service");
	if (u->ifd->kind == IFD_SERVICES || u->ifd->kind == IFD_ES)
		builder_error(b, e, "Service sets can not be applied to this kind of interface");
	const struct elem *leaf = e->is_container ? elem_find(e, "service-filter") : NULL;
	if (leaf == NULL || leaf->value == NULL)
		return;
	out->service_filter =
	    smap_find(family == ADDR_V4 ? &b->index->service_filters : &b->index->service_filters6,
		leaf->value);
	if (out->service_filter == NULL)
		builder_error(
		    b, leaf, "Referenced service-filter '%s' is not defined", leaf->value);
}

static void
service_way_load(struct builder *b, const struct elem *way, const struct conf_unit *u,
    uint8_t family, const struct conf_if_service **list, size_t *n)
{
	struct conf_if_service *all =
	    arena_array(b->a, elem_count(way, "service-set"), sizeof(*all));
	elem_each (e, way, "service-set") {
		service_entry_load(b, e, u, family, &all[*n]);
		if (all[*n].set != NULL)
			(*n)++;
	}
	*list = all;
}

static bool
service_has(const struct conf_if_service *list, size_t n, const struct conf_service_set *set)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].set == set)
			return true;
	return false;
}

static void
one_way_warn(struct builder *b, const struct elem *way, const struct conf_if_service *list,
    size_t n, const struct conf_if_service *other, size_t n_other)
{
	for (size_t i = 0; i < n; i++)
		if (!service_has(other, n_other, list[i].set))
			builder_warn(b, way,
			    "service set %s should be applied to both input and output",
			    list[i].set->name);
}

static void
service_load(struct builder *b, const struct elem *unit, const char *name, uint8_t family,
    const struct conf_unit *u, struct conf_family *f)
{
	const struct elem *top = elem_find(elem_find(unit, "family"), name);
	const struct elem *e = elem_find(top, "service");
	const struct elem *in = elem_find(e, "input");
	const struct elem *out = elem_find(e, "output");
	if (in != NULL)
		service_way_load(b, in, u, family, &f->service_in, &f->n_service_in);
	if (out != NULL)
		service_way_load(b, out, u, family, &f->service_out, &f->n_service_out);
	if (elem_has(top, "rpf-check") && f->n_service_in + f->n_service_out > 0)
		builder_error(b, elem_find(top, "rpf-check"),
		    "rpf-check can not be enabled with interface services");
	one_way_warn(b, in, f->service_in, f->n_service_in, f->service_out, f->n_service_out);
	one_way_warn(b, out, f->service_out, f->n_service_out, f->service_in, f->n_service_in);
}

void
if_service_load(struct builder *b)
{
	for (size_t i = 0; i < b->n_units; i++) {
		struct conf_unit *u = &b->units[i];
		service_load(b, b->unit_elems[i], "inet", ADDR_V4, u, &u->inet);
		service_load(b, b->unit_elems[i], "inet6", ADDR_V6, u, &u->inet6);
	}
}
