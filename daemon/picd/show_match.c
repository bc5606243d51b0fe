/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_match.c - rows of `show services ipsec-vpn match-rules`: which tunnel would take this packet, and why does none?
 *
 * The packet is described, not sent. Of a service set every term is looked at in order, as the packet path does it with
 * its tables (lib/vpn/svcset.h): a term with an inside interface is only for what is routed there, so without an
 * interface in the question the answer names it. Sets that say nothing are only shown when no set of this services interface
 * has an answer, with the term that comes nearest. Which interface a packet is routed to is the routing table's
 * business: `show route`. Main thread.
 */
#include "daemon/picd/picd.h"
#include "daemon/picd/rows.h"
#include "daemon/picd/snap.h"
#include "lib/base/text.h"
#include "lib/conf/conf.h"
#include "lib/esp/drop.h"
#include "lib/esp/flow.h"
#include "lib/msg/elem.h"
#include "lib/vpn/tunnel.h"

#include <string.h>

/* How a packet meets a service set. */
enum way {
	WAY_INPUT, /* routed to an inside interface, or entering the interface: rules of match-direction input */
	WAY_OUTPUT, /* routed to the outside interface, or leaving the interface: rules of match-direction output */
	WAY_RETURN, /* out of a tunnel */
	WAYS,
};

static const char *const way_words[] = {
	[WAY_INPUT] = "input",
	[WAY_OUTPUT] = "output",
	[WAY_RETURN] = "inbound",
};

/* --- matching --- */

static bool
is_captured(const struct conf_unit *u, const struct conf_service_set *set)
{
	const struct conf_family *families[] = { &u->inet, &u->inet6 };
	for (size_t f = 0; f < 2; f++) {
		for (size_t i = 0; i < families[f]->n_service_in; i++)
			if (families[f]->service_in[i].set == set)
				return true;
		for (size_t i = 0; i < families[f]->n_service_out; i++)
			if (families[f]->service_out[i].set == set)
				return true;
	}
	return false;
}

static bool
is_inside(const struct conf_service_set *set, const char *unit)
{
	if (set->inside != NULL && strcmp(set->inside->name, unit) == 0)
		return true;
	for (size_t i = 0; i < set->n_tunnels; i++) {
		const char *inside = set->tunnels[i].term->inside_unit;
		if (inside != NULL && strcmp(inside, unit) == 0)
			return true;
	}
	return false;
}

/* Can a packet that meets the interface of the question, if it names one, meet SET this way? */
static bool
way_is_open(const struct picd *p, const struct row_match *q, const struct conf_service_set *set,
    enum way way)
{
	if (*q->interface == '\0')
		return true;
	if (!set->is_next_hop) {
		const struct conf_unit *u = conf_unit(p->conf, q->interface);
		return u != NULL && is_captured(u, set);
	}
	if (way == WAY_OUTPUT)
		return set->outside != NULL && strcmp(set->outside->name, q->interface) == 0;
	return way == WAY_INPUT && is_inside(set, q->interface);
}

/* What of a term a packet does not fit. */
struct miss {
	bool source;
	bool destination;
	bool interface;
	bool direction;
};

static unsigned
miss_count(const struct miss *m)
{
	return (unsigned)m->source + m->destination + m->interface + m->direction;
}

static struct miss
term_try(const struct row_match *q, const struct conf_term *t, enum way way)
{
	struct tunnel_selectors s = tunnel_selectors(t);
	bool is_return = way == WAY_RETURN;
	bool wants_input = t->rule->direction == MATCH_INPUT;
	return (struct miss){
		.source = !prefix_has(is_return ? s.remote : s.local, q->source),
		.destination = !prefix_has(is_return ? s.local : s.remote, q->destination),
		.interface = !is_return && *q->interface != '\0' && t->inside_unit != NULL &&
			     strcmp(t->inside_unit, q->interface) != 0,
		.direction = !is_return && wants_input != (way == WAY_INPUT),
	};
}

/* The number of the first tunnel of SET that takes the packet this way, or n_tunnels; then OUT_NEAREST is the one that misses
 * least, or n_tunnels if there are none. */
static size_t
set_match(const struct row_match *q, const struct conf_service_set *set, enum way way,
    size_t *out_nearest)
{
	unsigned least = UINT32_MAX;
	*out_nearest = set->n_tunnels;
	for (size_t i = 0; i < set->n_tunnels; i++) {
		struct miss m = term_try(q, set->tunnels[i].term, way);
		unsigned n = miss_count(&m);
		if (n == 0)
			return i;
		if (n < least) {
			least = n;
			*out_nearest = i;
		}
	}
	return set->n_tunnels;
}

static bool
set_has_answer(const struct picd *p, const struct row_match *q, const struct conf_service_set *set)
{
	size_t nearest;
	for (enum way way = WAY_INPUT; way < WAYS; way++)
		if ((way == WAY_RETURN || way_is_open(p, q, set, way)) &&
		    set_match(q, set, way, &nearest) < set->n_tunnels)
			return true;
	return false;
}

/* --- rows --- */

static void
addr_leaf(struct arena *a, struct elem *e, const char *name, struct addr addr)
{
	char text[ADDR_STRLEN];
	if (addr.family != ADDR_NONE)
		elem_leaf(a, e, name, addr_print(addr, text));
}

static void
verdict_put(struct arena *a, struct elem *e, const char *verdict, enum drop reason)
{
	elem_leaf(a, e, "match-verdict", verdict);
	if (reason == DROP_NONE)
		return;
	elem_leaf(a, e, "match-reason", drop_info(reason)->word);
	elem_leaf(a, e, "match-text", drop_info(reason)->sentence);
}

/* The SA that protects what leaves now; NULL if there is none. */
static const struct sa *
sa_of(const struct assoc *as)
{
	const struct dynamic_sa *d = as != NULL ? dynamic_out(as) : NULL;
	return d != NULL ? d->sa : as != NULL ? as->out.sa : NULL;
}

static void
sa_leaves(struct arena *a, struct elem *e, const struct sa *sa)
{
	static const char *const protocols[] = { "ESP", "AH", "AH+ESP" };
	const struct sa_params *s = sa_params(sa);
	elem_leaff(a, e, "sa-spi", "%u", s->spi);
	elem_leaff(a, e, "sa-aux-spi", "%u", s->aux_spi);
	elem_leaf(a, e, "sa-protocol", protocols[s->protocol]);
	elem_leaf(a, e, "sa-authentication-algorithm", auth_info(s->auth)->name);
	elem_leaf(a, e, "sa-encryption-algorithm", enc_info(s->enc)->name);
}

/* What happens to a packet for which AS was chosen, and that is to leave by it. */
static void
sa_verdict(struct arena *a, struct elem *e, const struct assoc *as, const struct port *sender)
{
	struct sa_counts c = { 0 };
	const struct sa *sa = sa_of(as);
	if (sa == NULL) {
		verdict_put(a, e, "dropped", DROP_NO_TUNNEL);
		if (as != NULL && as->shape.is_dynamic)
			elem_leaf(a, e, "match-hint",
			    "a packet would start negotiation, unless the tunnel only responds");
		return;
	}
	sa_count(sa, &c);
	sa_leaves(a, e, sa);
	if (c.seq == UINT32_MAX && !sa_params(sa)->seq_cycles)
		verdict_put(a, e, "dropped", DROP_SEQ_EXHAUSTED);
	else if (sender == NULL)
		verdict_put(a, e, "dropped", DROP_SEND);
	else
		verdict_put(a, e, "protected", DROP_NONE);
}

static const struct port *
sender_of(const struct picd *p, const struct assoc *as)
{
	const struct sa *sa = sa_of(as);
	if (sa == NULL)
		return NULL;
	uint8_t family = sa_params(sa)->dst.family;
	return port_find_send(&p->ports, family != ADDR_NONE ? family : ADDR_V4);
}

static const char *
inside_of(const struct conf_service_set *set, const struct conf_term *t)
{
	if (t->inside_unit != NULL)
		return t->inside_unit;
	return set->is_next_hop && set->inside != NULL ? set->inside->name : NULL;
}

/* The unit that a packet of this way must be routed to, or from which one that was decrypted comes; NULL: none has to be. */
static const char *
unit_of(const struct conf_service_set *set, const struct conf_term *t, enum way way)
{
	if (way == WAY_OUTPUT)
		return set->is_next_hop && set->outside != NULL ? set->outside->name : NULL;
	if (way == WAY_RETURN && !set->is_next_hop && t->inside_unit == NULL)
		return set->service_unit != NULL ? set->service_unit->name : NULL;
	return inside_of(set, t);
}

static struct elem *
set_row(struct picd *p, struct arena *a, const struct conf_service_set *set, enum way way)
{
	struct elem *e = elem_new(a, "services-ipsec-match");
	elem_leaf(a, e, "pic-name", p->instance);
	elem_leaf(a, e, "svc-set-name", set->name);
	elem_leaf(a, e, "match-direction", way_words[way]);
	return e;
}

static struct elem *
tunnel_row(
    struct picd *p, struct arena *a, const struct conf_service_set *set, enum way way, size_t index)
{
	const struct conf_tunnel *t = &set->tunnels[index];
	const struct assoc *as = assoc_of_tunnel(&p->assocs, set, index);
	const char *unit = unit_of(set, t->term, way);
	struct elem *e = set_row(p, a, set, way);
	elem_leaf(a, e, "sa-rule-name", t->term->rule->name);
	elem_leaf(a, e, "sa-term-name", t->term->name);
	elem_leaff(a, e, "sa-tunnel-index", "%u", t->index);
	addr_leaf(a, e, "sa-local-gateway", set->local_gateway);
	addr_leaf(a, e, "sa-remote-gateway", show_remote(as, t->term->remote_gateway));
	if (unit != NULL)
		elem_leaf(a, e, "match-interface", unit);
	if (way != WAY_RETURN && unit != NULL && port_find_unit(&p->ports, unit, 0) == NULL) {
		verdict_put(a, e, "dropped", DROP_NO_UNIT);
	} else if (way != WAY_RETURN) {
		sa_verdict(a, e, as, sender_of(p, as));
	} else if (set->is_next_hop) {
		verdict_put(a, e, "decrypted", DROP_NONE);
	} else {
		elem_leaf(a, e, "match-hint", "in clear it is dropped at the interface");
		verdict_put(a, e, "decrypted", DROP_NONE);
	}
	return e;
}

static void
prefix_miss(struct text *t, const char *what, const struct prefix *written, struct prefix means)
{
	char buf[PREFIX_STRLEN];
	if (written->addr.family == ADDR_NONE)
		text_printf(t, ", has no %s and so takes any IPv4 address", what);
	else
		text_printf(t, ", has %s %s", what, prefix_print(means, buf));
}

/* Why the term that comes nearest does not take it. */
static void
nearest_put(struct arena *a, struct elem *e, const struct row_match *q, const struct conf_tunnel *t,
    enum way way)
{
	struct text text = { 0 };
	struct miss m = term_try(q, t->term, way);
	struct tunnel_selectors s = tunnel_selectors(t->term);
	text_printf(&text, "rule %s term %s comes nearest", t->term->rule->name, t->term->name);
	if (m.direction)
		text_printf(&text, ", is for match-direction %s",
		    t->term->rule->direction == MATCH_INPUT ? "input" : "output");
	if (m.source)
		prefix_miss(&text, "source-address", &t->term->source, s.local);
	if (m.destination)
		prefix_miss(&text, "destination-address", &t->term->destination, s.remote);
	if (m.interface)
		text_printf(&text, ", has ipsec-inside-interface %s", t->term->inside_unit);
	elem_leaf(a, e, "match-hint", text_str(&text));
	text_done(&text);
}

static struct elem *
nothing_row(struct picd *p, const struct row_match *q, struct arena *a,
    const struct conf_service_set *set, enum way way)
{
	size_t nearest;
	struct elem *e = set_row(p, a, set, way);
	(void)set_match(q, set, way, &nearest);
	verdict_put(a, e, "dropped", DROP_NO_RULE);
	if (nearest < set->n_tunnels)
		nearest_put(a, e, q, &set->tunnels[nearest], way);
	return e;
}

/* The row of one set for one way; NULL if it has nothing to say. */
static struct elem *
set_answer(struct picd *p, struct row_job *j, struct arena *a, const struct conf_service_set *set,
    enum way way)
{
	const struct row_match *q = j->match;
	size_t nearest;
	bool is_open = way == WAY_RETURN || way_is_open(p, q, set, way);
	size_t index = is_open ? set_match(q, set, way, &nearest) : set->n_tunnels;
	if (index < set->n_tunnels)
		return tunnel_row(p, a, set, way, index);
	/* a set whose rules are all of one direction has no word for the other one */
	bool has_rules = false;
	for (size_t i = 0; i < set->n_rules; i++)
		has_rules =
		    has_rules || (set->rules[i]->direction == MATCH_INPUT) == (way == WAY_INPUT);
	if (j->has_answer || way == WAY_RETURN || !is_open || !has_rules)
		return NULL;
	return nothing_row(p, q, a, set, way);
}

static struct elem *
unit_row(struct picd *p, struct arena *a, const struct assoc *as)
{
	struct elem *e = elem_new(a, "services-ipsec-match");
	elem_leaf(a, e, "pic-name", p->instance);
	elem_leaf(a, e, "sa-name", as->conf_sa->name);
	elem_leaf(a, e, "match-direction", way_words[WAY_OUTPUT]);
	if (as->unit != NULL) {
		addr_leaf(a, e, "sa-local-gateway", as->unit->tunnel_source);
		addr_leaf(a, e, "sa-remote-gateway", show_remote(as, as->unit->tunnel_destination));
		elem_leaf(a, e, "match-interface", as->unit->name);
	}
	sa_verdict(a, e, as, sender_of(p, as));
	return e;
}

/* es- units take all that is routed to them; a transport mode SA takes what the filters of the host say. */
static bool
assoc_takes(const struct picd *p, const struct row_match *q, const struct assoc *as)
{
	if (smap_find(&p->assocs.by_name, as->name) != as)
		return false;
	if (as->kind == ASSOC_ES)
		return *q->interface == '\0' || strcmp(q->interface, as->unit->name) == 0;
	if (as->kind != ASSOC_TRANSPORT || p->snap == NULL)
		return false;
	struct flow f = {
		.src = q->source,
		.dst = q->destination,
		.family = q->source.family,
		.proto = q->protocol,
		.has_ports = q->source_port != 0 || q->destination_port != 0,
		.sport = q->source_port,
		.dport = q->destination_port,
	};
	const struct path *path = snap_transport(p->snap, &f, false);
	return path != NULL && path->slot == as->slot;
}

struct elem *
show_match(struct picd *p, struct row_job *j, struct arena *a)
{
	const struct conf *c = p->conf;
	if (j->at == 0 && j->at_inner == 0)
		for (size_t i = 0; i < c->n_service_sets && !j->has_answer; i++)
			j->has_answer = set_has_answer(p, j->match, c->service_sets[i]);
	while (j->at < c->n_service_sets) {
		const struct conf_service_set *set = c->service_sets[j->at];
		while (j->at_inner < WAYS) {
			struct elem *row = set_answer(p, j, a, set, (enum way)j->at_inner++);
			if (row != NULL)
				return row;
		}
		j->at++;
		j->at_inner = 0;
	}
	while (j->at_inner < p->assocs.n_slots) {
		const struct assoc *as = p->assocs.by_slot[j->at_inner++];
		if (as != NULL && assoc_takes(p, j->match, as))
			return unit_row(p, a, as);
	}
	return NULL;
}
