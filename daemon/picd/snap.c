/* SPDX-License-Identifier: BSD-2-Clause
 *
 * snap.c - builds the snapshot: paths, service sets, lanes, filters, SA table.
 *
 * In this order, because each step points to what the step before has made. Everything but the SA table lives in
 * the snapshot's arena. Main thread; the finders at the end are the workers'.
 */
#include "daemon/picd/snap.h"

#include "lib/base/arena.h"
#include "lib/conf/conf.h"
#include "lib/esp/flow.h"
#include "lib/esp/sad.h"
#include "lib/vpn/rule.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum {
	SAD_ROOM = 1024,     /* dynamic SAs that may come before the table is built anew ... */
	SAD_ROOM_TUNNEL = 3, /* ... and more for each tunnel that has them */
};

/* The snapshot while it is made. */
struct build {
	const struct conf *conf;
	const struct assoc_table *assocs;
	const struct port_table *ports;
	struct arena *a;
	struct snap *snap;
	struct path *paths;
	struct snap_set *sets; /* in the order of the configuration */
	struct lane *lanes;
	struct smap units;     /* name -> number of the unit plus 1 */
	struct smap unit_ways; /* name, or local gateway -> its ports by worker */
};

static uint32_t
unit_number(const char *unit, void *arg)
{
	struct build *b = arg;
	void *known = smap_find(&b->units, unit);
	if (known == NULL) {
		known = (void *)(uintptr_t)(b->units.n + 1);
		smap_set(&b->units, unit, known);
	}
	return (uint32_t)((uintptr_t)known - 1);
}

/* --- paths --- */

/* The ports of UNIT by worker, each its own where there are enough; NULL if there is none. */
static const struct port *const *
unit_ports(struct build *b, const char *unit)
{
	unsigned n = b->snap->n_workers;
	if (unit == NULL)
		return NULL;
	const struct port **ways = smap_find(&b->unit_ways, unit);
	if (ways != NULL)
		return ways;
	const struct port *first = port_find_unit(b->ports, unit, 0);
	if (first == NULL)
		return NULL;
	ways = arena_array(b->a, n, sizeof(*ways));
	for (unsigned i = 0; i < n; i++)
		ways[i] = first;
	const struct port *p = first;
	for (unsigned queue = 0; p != NULL; p = port_find_unit(b->ports, unit, ++queue))
		ways[port_worker(b->ports, p, n)] = p;
	smap_set(&b->unit_ways, first->unit, ways);
	return ways;
}

/* The UDP sockets of the local gateway A leaves from, each only to the worker that listens to it. */
static const struct port *const *
udp_ports(struct build *b, const struct addr *local)
{
	unsigned n = b->snap->n_workers;
	char key[ADDR_STRLEN];
	const struct port *p = port_find_udp(b->ports, local, 0);
	if (p == NULL)
		return NULL;
	addr_print(*local, key);
	const struct port **ways = smap_find(&b->unit_ways, key);
	if (ways != NULL)
		return ways;
	ways = arena_array(b->a, n, sizeof(*ways));
	for (unsigned queue = 0; p != NULL; p = port_find_udp(b->ports, local, ++queue))
		ways[port_worker(b->ports, p, n)] = p;
	smap_set(&b->unit_ways, arena_memdup(b->a, key, sizeof(key)), ways);
	return ways;
}

static const char *
deliver_unit(const struct assoc *a)
{
	switch (a->kind) {
	case ASSOC_TUNNEL:
		if (a->tunnel->term->inside_unit != NULL)
			return a->tunnel->term->inside_unit;
		if (a->set->is_next_hop)
			return a->set->inside != NULL ? a->set->inside->name : NULL;
		return a->set->service_unit != NULL ? a->set->service_unit->name : NULL;
	case ASSOC_ES:
		return a->unit->name;
	case ASSOC_TRANSPORT:
		return "re0.0";
	}
	return NULL;
}

static struct path *
path_make(struct build *b, const struct assoc *a, const struct snap_set *set)
{
	struct path *p = &b->paths[a->slot];
	*p = (struct path){
		.in = a->in.sa,
		.out = a->out.sa,
		.deliver = unit_ports(b, deliver_unit(a)),
		.set = set,
		.tally = a->tally,
		.slot = a->slot,
		.is_transport = a->kind == ASSOC_TRANSPORT,
		.has_syslog =
		    a->kind == ASSOC_TUNNEL && a->set->has_syslog && a->tunnel->term->has_syslog,
	};
	if (a->kind != ASSOC_TRANSPORT)
		p->udp = udp_ports(
		    b, a->kind == ASSOC_TUNNEL ? &a->set->local_gateway : &a->unit->tunnel_source);
	if (a->kind == ASSOC_TUNNEL)
		p->gateway = a->tunnel->term->remote_gateway;
	else if (a->kind == ASSOC_ES)
		p->gateway = a->unit->tunnel_destination;
	if (a->shape.is_dynamic) {
		p->live = (struct assoc_live *)(uintptr_t)&a->live;
		p->backup = a->shape.backup;
	}
	return p;
}

static void
sets_make(struct build *b)
{
	b->sets = arena_array(b->a, b->conf->n_service_sets, sizeof(*b->sets));
	for (size_t i = 0; i < b->conf->n_service_sets; i++) {
		const struct conf_service_set *c = b->conf->service_sets[i];
		const struct path **paths = arena_array(b->a, c->n_tunnels, sizeof(*paths));
		struct snap_set *s = &b->sets[i];
		*s = (struct snap_set){
			.rules = svcset_build(b->a, c, unit_number, b),
			.paths = paths,
			.tally = assoc_set_state(b->assocs, c)->tally,
			.gateway = c->local_gateway,
			.is_passive = c->passive_mode,
		};
		for (size_t j = 0; j < c->n_tunnels; j++)
			paths[j] = path_make(b, assoc_of_tunnel(b->assocs, c, j), s);
	}
}

static void
other_paths_make(struct build *b)
{
	for (size_t i = 0; i < b->assocs->by_name.cap; i++) {
		const struct assoc *a = b->assocs->by_name.slots[i].value;
		if (a != NULL && a->kind != ASSOC_TUNNEL)
			path_make(b, a, NULL);
	}
}

static int
gateway_order(const void *x, const void *y)
{
	const struct gateway_path *a = x;
	const struct gateway_path *b = y;
	return memcmp(&a->gateway, &b->gateway, sizeof(struct addr));
}

/* How many entries there can be. */
static size_t
gateways_count(const struct build *b)
{
	size_t n = b->snap->n_paths;
	for (size_t i = 0; i < b->snap->n_paths; i++)
		n += b->paths[i].backup.family != ADDR_NONE;
	return n;
}

static void
gateways_sort(struct build *b)
{
	struct gateway_path *list = arena_array(b->a, gateways_count(b), sizeof(*list));
	size_t n = 0;
	for (size_t i = 0; i < b->snap->n_paths; i++) {
		const struct path *p = &b->paths[i];
		if (p->out == NULL && p->live == NULL)
			continue;
		if (p->gateway.family != ADDR_NONE)
			list[n++] = (struct gateway_path){ .gateway = p->gateway, .path = p };
		if (p->backup.family != ADDR_NONE)
			list[n++] = (struct gateway_path){ .gateway = p->backup, .path = p };
	}
	qsort(list, n, sizeof(*list), gateway_order);
	b->snap->by_gateway = list;
	b->snap->n_by_gateway = n;
}

/* Dynamic SAs will come and go in this table, and leave their places behind. */
static size_t
sad_room(const struct build *b)
{
	size_t n = b->snap->n_paths + b->conf->n_neighbours + b->conf->n_stray_gateways +
		   b->conf->n_unclear_gateways;
	bool is_dynamic = false;
	for (size_t i = 0; i < b->snap->n_paths; i++) {
		const struct assoc *a = b->assocs->by_slot[i];
		if (a == NULL || !a->shape.is_dynamic)
			continue;
		is_dynamic = true;
		n += a->n_sas + SAD_ROOM_TUNNEL;
	}
	return is_dynamic ? n + SAD_ROOM : n;
}

/* Returns how many had no place: those that clash with a manual one, which dynamic_committed() ends. */
static size_t
sad_put_dynamic(struct build *b, const struct assoc *a)
{
	size_t clashes = 0;
	for (const struct dynamic_sa *d = a->sas; d != NULL; d = d->next)
		if (sa_params(d->sa)->direction == SA_IN && sad_add(b->snap->sad, d->sa) != SAD_OK)
			clashes++;
	return clashes;
}

/* Notes what is said of the strays of gateways. */
static size_t
gateways_put(struct build *b, const struct addr *list, size_t n, uint32_t spi)
{
	size_t clashes = 0;
	for (size_t i = 0; i < n; i++) {
		struct sad_key key;
		sad_key_init(&key, spi, 0, list[i].family, list[i].b);
		clashes += sad_add_elsewhere(b->snap->sad, &key) != SAD_OK;
	}
	return clashes;
}

static size_t
sad_make(struct build *b)
{
	size_t clashes = 0;
	b->snap->sad = sad_new(sad_room(b));
	if (b->snap->sad == NULL)
		abort();
	for (size_t i = 0; i < b->snap->n_paths; i++)
		if (b->paths[i].in != NULL && sad_add(b->snap->sad, b->paths[i].in) != SAD_OK)
			clashes++;
	for (size_t i = 0; i < b->conf->n_neighbours; i++) {
		const struct conf_neighbour *n = &b->conf->neighbours[i];
		struct sad_key key;
		sad_key_init(&key, n->spi, n->proto == PROTO_ESP ? IPPROTO_ESP : IPPROTO_AH,
		    n->gateway.family, n->gateway.b);
		if (sad_add_elsewhere(b->snap->sad, &key) != SAD_OK)
			clashes++;
	}
	clashes += gateways_put(b, b->conf->stray_gateways, b->conf->n_stray_gateways, SAD_STRAYS);
	clashes +=
	    gateways_put(b, b->conf->unclear_gateways, b->conf->n_unclear_gateways, SAD_UNCLEAR);
	for (size_t i = 0; i < b->snap->n_paths; i++)
		if (b->paths[i].live != NULL)
			clashes += sad_put_dynamic(b, b->assocs->by_slot[i]);
	return clashes;
}

/* --- lanes --- */

static struct addr
first_address(const struct conf_family *f)
{
	return f->n_addrs > 0 ? f->addrs[0].prefix.addr : (struct addr){ 0 };
}

static void
source_default(struct addr *to, uint8_t family, struct addr gateway, struct addr host)
{
	if (to->family == ADDR_NONE)
		*to = gateway.family == family ? gateway : host;
}

/* Where ICMP errors about packets of this lane come from: the unit's own address, else the local gateway, else any
 * address of the host (RFC 1812 s4.3.2.4). */
static void
lane_icmp(struct build *b, struct lane *l, const struct port *const *ports,
    const struct conf_unit *u, struct addr gateway)
{
	l->icmp_ports = ports;
	if (u != NULL) {
		l->icmp_source4 = first_address(&u->inet);
		l->icmp_source6 = first_address(&u->inet6);
	}
	source_default(&l->icmp_source4, ADDR_V4, gateway, b->ports->source4);
	source_default(&l->icmp_source6, ADDR_V6, gateway, b->ports->source6);
}

static void
lane_queue(
    struct build *b, const struct port *port, enum lane_kind kind, const struct snap_set *set)
{
	struct lane *l = &b->lanes[port->index];
	if (l->kind != LANE_NONE)
		return;
	*l = (struct lane){
		.kind = kind,
		.tag = port->tag,
		.unit = unit_number(port->unit, b),
		.set = set,
		.tally = set->tally,
	};
	if (!set->is_passive)
		lane_icmp(
		    b, l, unit_ports(b, port->unit), conf_unit(b->conf, port->unit), set->gateway);
}

/* Gives a unit's ports to a service set; the first set that claims them has them. */
static void
lane_unit(struct build *b, const char *unit, enum lane_kind kind, const struct snap_set *set)
{
	const struct port *port = port_find_unit(b->ports, unit, 0);
	for (unsigned queue = 0; port != NULL; port = port_find_unit(b->ports, unit, ++queue))
		lane_queue(b, port, kind, set);
}

static void
lanes_of_set(struct build *b, const struct conf_service_set *c, const struct snap_set *s)
{
	if (!c->is_next_hop)
		return;
	if (c->inside != NULL)
		lane_unit(b, c->inside->name, LANE_INSIDE, s);
	if (c->outside != NULL)
		lane_unit(b, c->outside->name, LANE_OUTSIDE, s);
	for (size_t i = 0; i < c->n_tunnels; i++)
		if (c->tunnels[i].term->inside_unit != NULL)
			lane_unit(b, c->tunnels[i].term->inside_unit, LANE_INSIDE, s);
}

static const struct snap_set *
set_by_name(const struct build *b, const char *name, const struct conf_service_set **out)
{
	for (size_t i = 0; i < b->conf->n_service_sets; i++)
		if (strcmp(b->conf->service_sets[i]->name, name) == 0) {
			*out = b->conf->service_sets[i];
			return &b->sets[i];
		}
	return NULL;
}

static void
lane_capture(struct build *b, const struct port *port, struct lane *l)
{
	const struct conf_service_set *c;
	const struct snap_set *s = set_by_name(b, port->service_set, &c);
	if (s == NULL)
		return;
	l->kind = port->kind == PORT_CAPTURE_IN ? LANE_CAPTURE_IN : LANE_CAPTURE_OUT;
	l->unit = RULE_UNIT_ANY;
	l->set = s;
	l->tally = s->tally;
	if (!s->is_passive && c->service_unit != NULL)
		lane_icmp(b, l, unit_ports(b, c->service_unit->name), c->service_unit, s->gateway);
}

static void
lane_raw(struct build *b, const struct port *port, struct lane *l)
{
	l->kind = LANE_RAW;
	for (size_t i = 0; i < b->conf->n_service_sets && l->set == NULL; i++)
		if (addr_eq(b->sets[i].gateway, port->address)) {
			l->set = &b->sets[i];
			l->tally = b->sets[i].tally;
		}
}

static void
lane_other_unit(struct build *b, const struct port *port, struct lane *l)
{
	const struct conf_unit *u = conf_unit(b->conf, port->unit);
	const struct assoc *a = u != NULL ? assoc_of_unit(b->assocs, u) : NULL;
	if (a != NULL && a->kind == ASSOC_ES) {
		l->kind = LANE_ES;
		l->path = &b->paths[a->slot];
		l->tally = a->tally;
		lane_icmp(b, l, unit_ports(b, port->unit), u, u->tunnel_source);
	} else if (strcmp(port->unit, "re0.0") == 0) {
		l->kind = LANE_TRANSPORT;
		lane_icmp(b, l, unit_ports(b, port->unit), NULL, (struct addr){ 0 });
	}
}

static void
lanes_make(struct build *b)
{
	b->snap->n_lanes = b->ports->n;
	b->lanes = arena_array(b->a, b->ports->n, sizeof(*b->lanes));
	b->snap->lanes = b->lanes;
	for (size_t i = 0; i < b->conf->n_service_sets; i++)
		lanes_of_set(b, b->conf->service_sets[i], &b->sets[i]);
	for (size_t i = 0; i < b->ports->n; i++) {
		const struct port *port = b->ports->by_index[i];
		struct lane *l = &b->lanes[i];
		if (port == NULL || l->kind != LANE_NONE)
			continue;
		l->tag = port->tag;
		if (port->kind == PORT_CAPTURE_IN || port->kind == PORT_CAPTURE_OUT)
			lane_capture(b, port, l);
		else if (port->kind == PORT_RAW || port->kind == PORT_UDP)
			lane_raw(b, port, l);
		else if (port->kind == PORT_UNIT)
			lane_other_unit(b, port, l);
	}
}

/* --- AF_XDP --- */

/* A way for each worker, on one queue after the other; NULL if there are not enough. */
static const struct port *const *
device_ways(struct build *b, const char *device)
{
	unsigned n = b->snap->n_workers;
	unsigned n_queues = 0;
	const struct port **ways = arena_array(b->a, n, sizeof(*ways));
	while (n_queues < QUEUE_MAX && port_find_xsk(b->ports, device, n_queues, 0) != NULL)
		n_queues++;
	for (unsigned i = 0; i < n; i++) {
		unsigned queue = n_queues > 0 ? i % n_queues : 0;
		ways[i] = n_queues > 0 ? port_find_xsk(b->ports, device, queue, i) : NULL;
		if (ways[i] == NULL)
			return NULL;
	}
	return ways;
}

static void
devices_make(struct build *b)
{
	for (size_t i = 0; i < HOP_DEVICES; i++) {
		const struct hop_device *d = &b->ports->devices[i];
		struct snap_device *to = &b->snap->devices[i];
		to->ports = device_ways(b, d->name);
		to->mtu = d->mtu;
		memcpy(to->from, d->from, sizeof(to->from));
	}
}

static void
receivers_make(struct build *b)
{
	struct receiver *list = arena_array(b->a, b->ports->n, sizeof(*list));
	for (size_t i = 0; i < b->ports->n; i++) {
		const struct port *p = b->ports->by_index[i];
		if (p != NULL && p->kind == PORT_RAW && p->protocol == IPPROTO_ESP)
			list[b->snap->n_receivers++] =
			    (struct receiver){ .address = p->address, .tag = p->tag };
	}
	b->snap->receivers = list;
}

/* --- filters that select transport mode SAs --- */

static const struct port_range *
ranges_copy(struct arena *a, const struct conf_range *r, size_t n)
{
	struct port_range *out = arena_array(a, n, sizeof(*out));
	for (size_t i = 0; i < n; i++)
		out[i] = (struct port_range){ .lo = r[i].lo, .hi = r[i].hi };
	return out;
}

static struct transport_term
transport_term(struct build *b, const struct conf_filter *f, const struct conf_filter_term *t)
{
	struct transport_term out = {
		.source = arena_memdup(b->a, t->source, t->n_source * sizeof(*t->source)),
		.destination =
		    arena_memdup(b->a, t->destination, t->n_destination * sizeof(*t->destination)),
		.protocols = ranges_copy(b->a, t->protocols, t->n_protocols),
		.source_ports = ranges_copy(b->a, t->source_ports, t->n_source_ports),
		.destination_ports =
		    ranges_copy(b->a, t->destination_ports, t->n_destination_ports),
		.n_source = (uint32_t)t->n_source,
		.n_destination = (uint32_t)t->n_destination,
		.n_protocols = (uint32_t)t->n_protocols,
		.n_source_ports = (uint32_t)t->n_source_ports,
		.n_destination_ports = (uint32_t)t->n_destination_ports,
		.family = f->family,
	};
	if (t->action == FA_IPSEC_SA && t->sa != NULL) {
		const struct assoc *a = assoc_of_transport(b->assocs, t->sa);
		if (a != NULL)
			out.path = &b->paths[a->slot];
	}
	return out;
}

static bool
filter_selects_transport(const struct conf_filter *f)
{
	for (size_t i = 0; i < f->n_terms; i++)
		if (f->terms[i].action == FA_IPSEC_SA && f->terms[i].sa != NULL &&
		    f->terms[i].sa->mode == MODE_TRANSPORT)
			return true;
	return false;
}

/* netd steers to re0 what an output filter of the host says; which of the SAs it said is found again here, by the
 * same terms in the same order. */
static void
transport_make(struct build *b)
{
	size_t n = 0;
	for (size_t i = 0; i < b->conf->n_filters; i++)
		n += b->conf->filters[i]->n_terms;
	struct transport_term *terms = arena_array(b->a, n, sizeof(*terms));
	size_t used = 0;
	for (size_t i = 0; i < b->conf->n_filters; i++) {
		const struct conf_filter *f = b->conf->filters[i];
		if (f->is_service || !filter_selects_transport(f))
			continue;
		for (size_t j = 0; j < f->n_terms; j++) {
			if (f->terms[j].action == FA_NEXT_TERM)
				continue;
			terms[used] = transport_term(b, f, &f->terms[j]);
			terms[used++].filter = (uint32_t)i;
		}
	}
	b->snap->transport = terms;
	b->snap->n_transport = used;
}

/* --- all of it --- */

struct snap *
snap_build(const struct conf *c, const struct assoc_table *assocs, const struct port_table *ports,
    unsigned n_workers, uint64_t generation, size_t *out_clashes)
{
	struct arena *a = arena_new();
	struct snap *s = arena_alloc(a, sizeof(*s));
	struct build b = { .conf = c, .assocs = assocs, .ports = ports, .a = a, .snap = s };
	s->generation = generation;
	s->n_workers = n_workers;
	s->arena = a;
	s->n_paths = assocs->n_slots;
	b.paths = arena_array(a, s->n_paths, sizeof(*b.paths));
	s->paths = b.paths;
	sets_make(&b);
	other_paths_make(&b);
	gateways_sort(&b);
	*out_clashes = sad_make(&b);
	lanes_make(&b);
	transport_make(&b);
	devices_make(&b);
	receivers_make(&b);
	s->send4 = port_find_send(ports, ADDR_V4);
	s->send6 = port_find_send(ports, ADDR_V6);
	smap_done(&b.units);
	smap_done(&b.unit_ways);
	return s;
}

void
snap_free(struct snap *s)
{
	if (s == NULL)
		return;
	sad_free(s->sad);
	arena_free(s->arena);
}

/* --- finders --- */

static bool
any_prefix(const struct prefix *p, uint32_t n, struct addr a)
{
	for (uint32_t i = 0; i < n; i++)
		if (prefix_has(p[i], a))
			return true;
	return n == 0;
}

static bool
any_range(const struct port_range *r, uint32_t n, uint32_t v)
{
	for (uint32_t i = 0; i < n; i++)
		if (v >= r[i].lo && v <= r[i].hi)
			return true;
	return n == 0;
}

static bool
term_matches(const struct transport_term *t, const struct flow *f, bool is_mirror)
{
	uint16_t sport = is_mirror ? f->dport : f->sport;
	uint16_t dport = is_mirror ? f->sport : f->dport;
	bool wants_ports = t->n_source_ports > 0 || t->n_destination_ports > 0;
	return t->family == f->family && (!wants_ports || f->has_ports) &&
	       any_prefix(t->source, t->n_source, is_mirror ? f->dst : f->src) &&
	       any_prefix(t->destination, t->n_destination, is_mirror ? f->src : f->dst) &&
	       any_range(t->protocols, t->n_protocols, f->proto) &&
	       any_range(t->source_ports, t->n_source_ports, sport) &&
	       any_range(t->destination_ports, t->n_destination_ports, dport);
}

const struct path *
snap_transport(const struct snap *s, const struct flow *f, bool is_mirror)
{
	size_t i = 0;
	while (i < s->n_transport) {
		const struct transport_term *t = &s->transport[i++];
		if (!term_matches(t, f, is_mirror))
			continue;
		if (t->path != NULL)
			return t->path;
		while (i < s->n_transport && s->transport[i].filter == t->filter)
			i++; /* this filter has decided */
	}
	return NULL;
}

size_t
snap_gateway(
    const struct snap *s, const struct addr *gateway, const struct gateway_path **out_first)
{
	size_t lo = 0;
	size_t hi = s->n_by_gateway;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (memcmp(&s->by_gateway[mid].gateway, gateway, sizeof(*gateway)) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	size_t n = 0;
	while (lo + n < s->n_by_gateway && addr_eq(s->by_gateway[lo + n].gateway, *gateway))
		n++;
	*out_first = &s->by_gateway[lo];
	return n;
}
