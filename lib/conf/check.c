/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check.c - rules between statements: security associations, interfaces, routes.
 *
 * Runs over the loaded structs, after all references are resolved; the elements are looked up again
 * only to say where something is wrong. What is constant per tunnel and service set is in
 * check_tunnel.c. Called by conf_load() on its thread.
 */
#include "lib/conf/builder.h"

#include <string.h>

/* --- security associations --- */

static void
tally_warn(struct builder *b, const struct tally *t, const char *what)
{
	if (t->n > 0)
		builder_warn(b, t->first, "%s (%zu in this configuration)", what, t->n);
}

/* The unit that carries each tunnel mode SA; at most one. */
static void
es_unit_check(struct builder *b, struct smap *carriers, size_t at)
{
	struct conf_unit *u = &b->units[at];
	const struct elem *e = elem_find(b->unit_elems[at], "family");
	const struct elem *family = elem_has(elem_find(e, "inet"), "ipsec-sa")
					? elem_find(e, "inet")
					: elem_find(e, "inet6");
	const struct elem *leaf = elem_find(family, "ipsec-sa");
	if (u->ipsec_sa == NULL || leaf == NULL || u->ifd->kind != IFD_ES)
		return;
	if (u->tunnel_source.family == ADDR_NONE || u->tunnel_destination.family == ADDR_NONE)
		builder_error(
		    b, leaf, "Tunnel source and destination must be configured with ipsec-sa");
	const struct conf_manual_pair *m = &u->ipsec_sa->manual;
	if (m->is_set && u->tunnel_backup.family != ADDR_NONE)
		builder_warn(b, elem_path(b->unit_elems[at], "tunnel/backup-destination"),
		    "the backup destination has no effect with a manual security association");
	if (m->is_set && (m->in.proto != PROTO_ESP || m->out.proto != PROTO_ESP))
		builder_warn(b, leaf,
		    "ES PICs support protocol esp only; a JUNOS router would not "
		    "run this security association");
	if (!smap_add(carriers, u->ipsec_sa->name, u)) {
		const struct conf_unit *other = smap_find(carriers, u->ipsec_sa->name);
		builder_error(
		    b, leaf, "Security association is already used by interface %s", other->name);
	}
}

static void
filter_check(struct builder *b, const struct smap *carriers, const struct conf_filter *f,
    const struct elem *e)
{
	const struct elem *te = elem_find(e, "term");
	for (size_t i = 0; i < f->n_terms && te != NULL; i++, te = elem_next(te)) {
		const struct conf_sa *sa = f->terms[i].sa;
		if (sa != NULL && sa->mode == MODE_TUNNEL && smap_find(carriers, sa->name) == NULL)
			builder_error(b, elem_path(te, "then/ipsec-sa"),
			    "Referenced IPSec security association must be configured as "
			    "ipsec-sa of an es- interface");
	}
}

void
check_sas(struct builder *b)
{
	struct smap carriers = { 0 };
	for (size_t i = 0; i < b->n_units; i++)
		es_unit_check(b, &carriers, i);
	for (size_t i = 0; i < b->c->n_filters; i++)
		filter_check(b, &carriers, b->c->filters[i], b->filter_elems[i]);
	smap_done(&carriers);
	tally_warn(b, &b->uses_des, "des-cbc is a weak algorithm");
	tally_warn(b, &b->uses_md5, "hmac-md5-96 is a weak algorithm");
	tally_warn(b, &b->lacks_auth,
	    "ESP without authentication does not notice packets changed on the way");
}

/* --- addresses --- */

static void
family_addrs_check(struct builder *b, struct smap *seen, struct conf_unit *u,
    const struct elem *unit, const char *name)
{
	char text[ADDR_STRLEN];
	elem_each (e, elem_find(elem_find(unit, "family"), name), "address") {
		const char *value = e->is_container ? elem_value(e, "name") : e->value;
		struct prefix p;
		if (value == NULL || !prefix_parse(value, &p))
			continue; /* was reported */
		addr_print(p.addr, text);
		if (smap_add(seen, arena_strdup(b->scratch, text), u))
			continue;
		const struct conf_unit *other = smap_find(seen, text);
		builder_error(b, e,
		    "identical local address found on rt_inst default, intfs %s and %s, "
		    "family %s",
		    other->name, u->name, name);
	}
}

/* --- next hops --- */

/* The subnets of all units, and the prefix lengths that occur among them. */
struct subnets {
	struct smap map;
	bool has_v4[33];
	bool has_v6[129];
};

static void
subnet_add(struct builder *b, struct subnets *s, struct prefix p)
{
	char text[PREFIX_STRLEN];
	prefix_print(prefix_network(p), text);
	(void)smap_add(&s->map, arena_strdup(b->scratch, text), s);
	if (p.addr.family == ADDR_V4)
		s->has_v4[p.len] = true;
	else
		s->has_v6[p.len] = true;
}

static void
family_subnets(struct builder *b, struct subnets *s, const struct conf_family *f)
{
	for (size_t i = 0; i < f->n_addrs; i++) {
		subnet_add(b, s, f->addrs[i].prefix);
		struct addr peer = f->addrs[i].destination;
		if (peer.family != ADDR_NONE)
			subnet_add(b, s, (struct prefix){ peer, (uint8_t)(addr_len(peer) * 8) });
	}
}

static bool
subnets_have(const struct subnets *s, struct addr a)
{
	char text[PREFIX_STRLEN];
	unsigned max = a.family == ADDR_V4 ? 32 : 128;
	const bool *has = a.family == ADDR_V4 ? s->has_v4 : s->has_v6;
	for (unsigned len = 0; len <= max; len++) {
		if (!has[len])
			continue;
		struct prefix p = prefix_network((struct prefix){ a, (uint8_t)len });
		if (smap_find(&s->map, prefix_print(p, text)) != NULL)
			return true;
	}
	return false;
}

static void
routes_check(struct builder *b, const struct elem *static_e, const struct subnets *s)
{
	char text[ADDR_STRLEN];
	elem_each (e, static_e, "route") {
		const struct elem *leaf = elem_find(e, "next-hop");
		struct addr via;
		if (leaf == NULL || leaf->value == NULL || !addr_parse(leaf->value, &via))
			continue;
		if (via.family == ADDR_V6 && via.b[0] == 0xfe && (via.b[1] & 0xc0) == 0x80)
			builder_error(b, leaf, "A link-local next hop is not supported");
		else if (!subnets_have(s, via))
			builder_warn(b, leaf,
			    "next hop %s is not in a subnet of a configured interface",
			    addr_print(via, text));
	}
}

void
check_interfaces(struct builder *b)
{
	struct smap seen = { 0 };
	struct subnets s = { 0 };
	for (size_t i = 0; i < b->n_units; i++) {
		struct conf_unit *u = &b->units[i];
		family_addrs_check(b, &seen, u, b->unit_elems[i], "inet");
		family_addrs_check(b, &seen, u, b->unit_elems[i], "inet6");
		if (u->is_disabled)
			continue;
		family_subnets(b, &s, &u->inet);
		family_subnets(b, &s, &u->inet6);
	}
	const struct elem *options = elem_find(b->root, "routing-options");
	routes_check(b, elem_find(options, "static"), &s);
	elem_each (rib, options, "rib")
		routes_check(b, elem_find(rib, "static"), &s);
	smap_done(&seen);
	smap_done(&s.map);
}
