/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_tunnel.c - rules between statements: service sets, their rules, and inbound SPIs.
 *
 * A term becomes a tunnel in every service set that uses its rule; only there are its local gateway, its style
 * and its services interface known. An inbound SPI must be unique for a local gateway and protocol,
 * or a packet would find the wrong SA. Linear in the number of tunnels. Called by conf_load() on its thread.
 */
#include "lib/conf/builder.h"

#include <string.h>

struct spi_owner {
	const struct conf_service_set *set; /* or NULL: a unit's security association */
	const struct conf_term *term;
	const struct conf_unit *unit;
	const struct conf_sa *transport; /* or NULL */
};

struct check {
	struct builder *b;
	struct smap spis;      /* "GATEWAY PROTOCOL SPI" to struct spi_owner */
	struct smap any_spis;  /* "PROTOCOL SPI" to the first of its struct spi_owner */
	struct smap unit_sets; /* unit name to the service set that gets its packets */
	bool *rule_is_judged;  /* per rule: its own lacks were reported */
};

static const struct elem *
term_elem(const struct builder *b, const struct conf_term *t)
{
	return b->term_elems[t->rule - b->rule_array][t - t->rule->terms];
}

/* --- inbound SPIs --- */

/* The leaf that gives the inbound SPI: `spi` or `auxiliary-spi` of direction inbound or bidirectional. */
static const struct elem *
spi_leaf(const struct elem *manual, const char *name)
{
	elem_each (d, manual, "direction") {
		const char *direction = elem_value(d, "name");
		if (direction != NULL && strcmp(direction, "outbound") != 0 && elem_has(d, name))
			return elem_find(d, name);
	}
	return manual;
}

static const char *
owner_print(struct builder *b, const struct spi_owner *o)
{
	if (o->transport != NULL)
		return arena_printf(b->scratch, "security association %s", o->transport->name);
	if (o->set == NULL)
		return arena_printf(b->scratch, "interface %s", o->unit->name);
	return arena_printf(b->scratch, "rule %s term %s in service set %s", o->term->rule->name,
	    o->term->name, o->set->name);
}

static void
spi_claim(struct check *k, struct addr gateway, const char *protocol, uint32_t spi,
    const struct elem *leaf, struct spi_owner owner)
{
	struct builder *b = k->b;
	char gw[ADDR_STRLEN];
	addr_print(gateway, gw);
	const char *key = arena_printf(b->scratch, "%s %s %u", gw, protocol, spi);
	struct spi_owner *o = arena_memdup(b->scratch, &owner, sizeof(owner));
	(void)smap_add(&k->any_spis, arena_printf(b->scratch, "%s %u", protocol, spi), o);
	if (smap_add(&k->spis, key, o))
		return;
	builder_error(b, leaf, "Inbound SPI %u (%s) is already used on local gateway %s by %s", spi,
	    protocol, gw, owner_print(b, smap_find(&k->spis, key)));
}

static void
manual_claim(struct check *k, struct addr gateway, const struct conf_manual *in,
    const struct elem *manual, struct spi_owner owner)
{
	if (!in->is_set || gateway.family == ADDR_NONE)
		return;
	const struct elem *spi = spi_leaf(manual, "spi");
	if (in->spi != 0)
		spi_claim(k, gateway, in->proto == PROTO_ESP ? "esp" : "ah", in->spi, spi, owner);
	if (in->proto == PROTO_BUNDLE && in->aux_spi != 0)
		spi_claim(k, gateway, "esp", in->aux_spi, spi_leaf(manual, "auxiliary-spi"), owner);
}

/* A transport mode SA has no local gateway: what comes to any address of the host with its SPI is its own. */
static void
transport_claim(struct check *k, const struct conf_sa *sa, const struct elem *manual)
{
	struct builder *b = k->b;
	const struct conf_manual *in = &sa->manual.in;
	struct spi_owner owner = { .transport = sa };
	const char *protocol = in->proto == PROTO_ESP ? "esp" : "ah";
	const char *key = arena_printf(b->scratch, "%s %u", protocol, in->spi);
	if (in->spi == 0 ||
	    smap_add(&k->any_spis, key, arena_memdup(b->scratch, &owner, sizeof(owner))))
		return;
	builder_error(b, spi_leaf(manual, "spi"), "Inbound SPI %u (%s) is already used by %s",
	    in->spi, protocol, owner_print(b, smap_find(&k->any_spis, key)));
}

/* --- one service set --- */

/* A services unit belongs to one service set: its packets must find their rules. */
static void
unit_claim(
    struct check *k, const struct conf_unit *u, struct conf_service_set *s, const struct elem *leaf)
{
	if (u == NULL || leaf == NULL || smap_add(&k->unit_sets, u->name, s))
		return;
	const struct conf_service_set *other = smap_find(&k->unit_sets, u->name);
	if (other != s)
		builder_error(k->b, leaf, "Interface %s is already used by service set %s", u->name,
		    other->name);
}

static void
inside_check(struct check *k, struct conf_service_set *s, const struct conf_term *t)
{
	struct builder *b = k->b;
	const struct elem *leaf = elem_path(term_elem(b, t), "from/ipsec-inside-interface");
	if (leaf == NULL)
		return;
	if (!s->is_next_hop) {
		builder_error(b, leaf,
		    "ipsec-inside-interface can be configured in next-hop style service sets "
		    "only, and service set %s is interface style",
		    s->name);
		return;
	}
	const struct conf_unit *u =
	    t->inside_unit != NULL ? smap_find(&b->index->units, t->inside_unit) : NULL;
	if (u == NULL)
		return;
	if (s->pic != NULL && u->ifd != s->pic)
		builder_error(b, leaf,
		    "Referenced interface must be on %s, the PIC of service set %s", s->pic->name,
		    s->name);
	unit_claim(k, u, s, leaf);
}

static void
tunnel_check(struct check *k, struct conf_service_set *s, const struct conf_tunnel *tunnel)
{
	struct builder *b = k->b;
	const struct conf_term *t = tunnel->term;
	const struct elem *then = elem_find(term_elem(b, t), "then");
	char gw[ADDR_STRLEN];
	inside_check(k, s, t);
	if (then == NULL)
		return;
	if (t->remote_gateway.family != ADDR_NONE && s->local_gateway.family != ADDR_NONE) {
		const struct elem *leaf = elem_find(then, "remote-gateway");
		addr_print(s->local_gateway, gw);
		if (t->remote_gateway.family != s->local_gateway.family)
			builder_error(b, leaf,
			    "Remote gateway must be of the address family of local gateway %s "
			    "of service set %s",
			    gw, s->name);
		else if (addr_eq(t->remote_gateway, s->local_gateway))
			builder_error(b, leaf,
			    "Remote gateway must differ from the local gateway of service set %s",
			    s->name);
	}
	if (t->manual.is_set)
		manual_claim(k, s->local_gateway, &t->manual.in, elem_find(then, "manual"),
		    (struct spi_owner){ .set = s, .term = t });
}

/* What a rule must have once it is used; said once per rule. */
static void
rules_check(struct check *k, const struct conf_service_set *s)
{
	struct builder *b = k->b;
	for (size_t i = 0; i < s->n_rules; i++) {
		size_t at = (size_t)(s->rules[i] - b->rule_array);
		if (k->rule_is_judged[at])
			continue;
		k->rule_is_judged[at] = true;
		if (s->rules[i]->direction == MATCH_NONE &&
		    !elem_has(b->rule_elems[at], "match-direction"))
			builder_missing(b, b->rule_elems[at], "match-direction");
	}
}

static void
set_check(struct check *k, size_t at)
{
	struct builder *b = k->b;
	struct conf_service_set *s = &b->sets[at];
	const struct elem *nh = elem_find(b->set_elems[at], "next-hop-service");
	unit_claim(k, s->inside, s, elem_find(nh, "inside-service-interface"));
	unit_claim(k, s->outside, s, elem_find(nh, "outside-service-interface"));
	rules_check(k, s);
}

/* A local gateway that is no address of ours receives nothing. */
static void
gateway_warn(struct builder *b, const struct smap *addrs, size_t at)
{
	const struct conf_service_set *s = &b->sets[at];
	char gw[ADDR_STRLEN];
	if (s->local_gateway.family == ADDR_NONE || s->n_tunnels == 0 || addrs->n == 0)
		return;
	if (smap_find(addrs, addr_print(s->local_gateway, gw)) == NULL)
		builder_warn(b, elem_path(b->set_elems[at], "ipsec-vpn-options/local-gateway"),
		    "local gateway %s is not an address of a configured interface", gw);
}

static void
gateways_check(struct builder *b)
{
	struct smap addrs = { 0 };
	for (size_t i = 0; i < b->n_units; i++) {
		struct conf_unit *u = &b->units[i];
		const struct conf_family *families[] = { &u->inet, &u->inet6 };
		for (size_t k = 0; k < 2; k++)
			for (size_t n = 0; n < families[k]->n_addrs; n++) {
				char *text = arena_alloc(b->scratch, ADDR_STRLEN);
				addr_print(families[k]->addrs[n].prefix.addr, text);
				(void)smap_add(&addrs, text, u);
			}
	}
	for (size_t i = 0; i < b->c->n_service_sets; i++)
		gateway_warn(b, &addrs, i);
	smap_done(&addrs);
}

void
check_tunnels(struct builder *b)
{
	struct check k = { .b = b,
		.rule_is_judged = arena_array(b->scratch, b->c->n_rules, sizeof(bool)) };
	for (size_t i = 0; i < b->c->n_service_sets; i++)
		set_check(&k, i);
	for (size_t i = 0; i < b->c->n_service_sets; i++)
		for (size_t n = 0; n < b->sets[i].n_tunnels; n++)
			tunnel_check(&k, &b->sets[i], &b->sets[i].tunnels[n]);
	for (size_t i = 0; i < b->n_units; i++) {
		const struct conf_unit *u = &b->units[i];
		const struct conf_sa *sa = u->ipsec_sa;
		if (sa == NULL || !sa->manual.is_set || sa->mode != MODE_TUNNEL)
			continue;
		manual_claim(&k, u->tunnel_source, &sa->manual.in,
		    elem_find(b->sa_elems[sa - b->sas], "manual"), (struct spi_owner){ .unit = u });
	}
	for (size_t i = 0; i < b->c->n_sas; i++) {
		const struct conf_sa *sa = b->c->sas[i];
		if (sa->mode == MODE_TRANSPORT && sa->manual.is_set && sa->is_referenced)
			transport_claim(&k, sa, elem_find(b->sa_elems[i], "manual"));
	}
	gateways_check(b);
	smap_done(&k.spis);
	smap_done(&k.any_spis);
	smap_done(&k.unit_sets);
}
