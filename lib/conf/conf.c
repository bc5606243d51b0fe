/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf.c - conf_load(): the order in which the hierarchies are read, and the finders.
 *
 * Objects are read before what refers to them; the rules between statements come last, over the whole.
 * A reduced tree (conf_reduce) says so in a leaf of its root: it was checked before it was cut, and
 * parts that a check needs may be missing, so only the reading is repeated. Any thread may read the result.
 */
#include "lib/conf/builder.h"

#include <string.h>

static enum conf_part
part_of(const struct elem *root)
{
	const char *part = elem_value(root, PART_LEAF);
	if (part == NULL)
		return CONF_ALL;
	static const char *const names[] = {
		[CONF_NETD] = "netd",
		[CONF_KMD] = "kmd",
		[CONF_PKID] = "pkid",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i] != NULL && strcmp(names[i], part) == 0)
			return (enum conf_part)i;
	return CONF_PICD;
}

static void
load_all(struct builder *b)
{
	sys_load(b);
	pki_load(b);
	ike_load(b);
	ipsec_load(b);
	es_load(b);
	fw_load(b);
	selectors_load(b);
	if_load(b);
	rule_load(b);
	svcset_load(b);
	if_service_load(b);
	rt_load(b);
	spi_slots_set(b);
	if (b->part == CONF_PICD)
		neighbours_load(b);
	if (b->part != CONF_ALL)
		return;
	check_sas(b);
	check_interfaces(b);
	check_tunnels(b);
	check_ike(b);
	check_dynamic(b);
	check_protocols(b);
	check_login(b);
	check_syslog(b);
}

static void
hierarchy_done(struct hierarchy *h)
{
	smap_done(&h->ike_proposals);
	smap_done(&h->ike_policies);
	smap_done(&h->ipsec_proposals);
	smap_done(&h->ipsec_policies);
}

struct conf *
conf_load(const struct elem *root, struct report *r)
{
	struct arena *a = arena_new_secret();
	struct conf *c = arena_alloc(a, sizeof(*c));
	struct conf_index *index = arena_alloc(a, sizeof(*index));
	struct builder b = { .a = a,
		.scratch = arena_new(),
		.c = c,
		.index = index,
		.r = r,
		.root = root,
		.services = { .top = elem_path(root, "services/ipsec-vpn") },
		.security = { .top = elem_find(root, "security"), .is_security = true },
		.part = part_of(root) };
	size_t errors_before = r->n_errors;
	c->arena = a;
	c->index = index;
	c->part = b.part;
	load_all(&b);
	smap_done(&b.devices);
	smap_done(&b.rules);
	smap_done(&b.rule_sets);
	hierarchy_done(&b.services);
	hierarchy_done(&b.security);
	arena_free(b.scratch);
	if (r->n_errors > errors_before) {
		conf_free(c);
		return NULL;
	}
	return c;
}

void
conf_free(struct conf *c)
{
	if (c == NULL)
		return;
	struct conf_index *x = c->index;
	smap_done(&x->ifds);
	smap_done(&x->units);
	smap_done(&x->sets);
	smap_done(&x->sas);
	smap_done(&x->filters);
	smap_done(&x->filters6);
	smap_done(&x->service_filters);
	smap_done(&x->service_filters6);
	smap_done(&x->peers);
	arena_free(c->arena);
}

const struct conf_ifd *
conf_ifd(const struct conf *c, const char *name)
{
	return smap_find(&c->index->ifds, name);
}

unsigned
conf_workers(const struct conf *c, const char *name, unsigned n_cores)
{
	const struct conf_ifd *ifd = conf_ifd(c, name);
	unsigned n = ifd != NULL && ifd->io.workers > 0 ? ifd->io.workers : n_cores;
	return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : n;
}

const struct conf_unit *
conf_unit(const struct conf *c, const char *name)
{
	return smap_find(&c->index->units, name);
}

const struct conf_service_set *
conf_service_set(const struct conf *c, const char *name)
{
	return smap_find(&c->index->sets, name);
}

const struct conf_sa *
conf_sa(const struct conf *c, const char *name)
{
	return smap_find(&c->index->sas, name);
}

const struct conf_filter *
conf_filter(const struct conf *c, uint8_t family, const char *name)
{
	return smap_find(family == ADDR_V6 ? &c->index->filters6 : &c->index->filters, name);
}

const struct conf_filter *
conf_service_filter(const struct conf *c, uint8_t family, const char *name)
{
	return smap_find(
	    family == ADDR_V6 ? &c->index->service_filters6 : &c->index->service_filters, name);
}

const struct conf_ike_policy *
conf_ike_policy_of_peer(const struct conf *c, struct addr peer)
{
	char text[ADDR_STRLEN];
	return smap_find(&c->index->peers, addr_print(peer, text));
}

/* True if FILTER has a term that names a transport mode SA. */
static bool
filter_uses_transport(const struct conf_filter *f)
{
	for (size_t i = 0; f != NULL && i < f->n_terms; i++)
		if (f->terms[i].sa != NULL && f->terms[i].sa->mode == MODE_TRANSPORT)
			return true;
	return false;
}

static bool
unit_uses_transport(const struct conf_unit *u)
{
	return filter_uses_transport(u->inet.filter_in) ||
	       filter_uses_transport(u->inet.filter_out) ||
	       filter_uses_transport(u->inet6.filter_in) ||
	       filter_uses_transport(u->inet6.filter_out);
}

static bool
pic_is_used(const struct conf *c, const struct conf_ifd *ifd)
{
	if (ifd->kind == IFD_SERVICES) {
		for (size_t i = 0; i < c->n_service_sets; i++)
			if (c->service_sets[i]->pic == ifd)
				return true;
	} else if (ifd->kind == IFD_ES) {
		for (size_t i = 0; i < ifd->n_units; i++)
			if (ifd->units[i]->ipsec_sa != NULL)
				return true;
	}
	return false;
}

static bool
host_is_protected(const struct conf *c)
{
	for (size_t i = 0; i < c->n_ifds; i++) {
		const struct conf_ifd *ifd = c->ifds[i];
		if (ifd->kind != IFD_MEDIA && ifd->kind != IFD_LOOPBACK)
			continue;
		for (size_t k = 0; k < ifd->n_units; k++)
			if (unit_uses_transport(ifd->units[k]))
				return true;
	}
	return false;
}

const char *const *
conf_pics(const struct conf *c, struct arena *a, size_t *n)
{
	const char **pics = arena_array(a, c->n_ifds + 1, sizeof(*pics));
	*n = 0;
	for (size_t i = 0; i < c->n_ifds; i++)
		if (pic_is_used(c, c->ifds[i]))
			pics[(*n)++] = arena_strdup(a, c->ifds[i]->name);
	if (host_is_protected(c))
		pics[(*n)++] = arena_strdup(a, HOST_PIC);
	return pics;
}
