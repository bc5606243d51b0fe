/* SPDX-License-Identifier: BSD-2-Clause
 *
 * plan.c - what a configuration wants of the host, as a list of single things.
 *
 * Order: forwarding, devices and their queues, links, addresses, routes, policy rules, sockets. Two statements that want the same thing
 * (an address on two families of filters, a gateway of two service sets) meet in one key.
 */
#include "daemon/netd/plan_priv.h"

#include "daemon/netd/mark.h"
#include "daemon/netd/number.h"
#include "lib/base/arena.h"
#include "lib/conf/conf.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The unit that transport mode SAs of the host's own traffic run on; no configuration names it. */
#define HOST_DEVICE "re0.0"
#define HOST_UNIT "re0.0"
#define HOST_PICD "re0"

enum {
	/* The kernel makes room for 256 queues of each device that may have more than one. */
	QUEUED_DEVICES_MAX = 256,
};

/* What there is room for beyond one queue for each device. */
struct spread {
	const struct conf *c;
	unsigned n_cores;
	bool has_queues; /* devices have one for each worker */
	bool has_natt;   /* gateways, a UDP socket */
	bool has_vnet_header;
};

struct item *
plan_item_add(struct plan *p, enum item_kind kind, const char *key)
{
	if (smap_find(&p->by_key, key) != NULL)
		return NULL;
	struct item *it = arena_alloc(p->arena, sizeof(*it));
	it->kind = kind;
	it->key = key;
	it->what = "";
	it->fd = -1;
	(void)smap_add(&p->by_key, key, it);
	if (p->n == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 64;
		struct item **items = arena_array(p->arena, cap, sizeof(*items));
		if (p->n > 0)
			memcpy(items, p->items, p->n * sizeof(*items));
		p->items = items;
		p->cap = cap;
	}
	p->items[p->n++] = it;
	return it;
}

#define KEY(...) arena_printf(p->arena, __VA_ARGS__)

static void
sysctl_want(struct plan *p, const char *path, const char *value)
{
	struct item *it = plan_item_add(p, ITEM_SYSCTL, KEY("sysctl %s %s", path, value));
	if (it == NULL)
		return;
	it->path = path;
	it->value = value;
}

static void
up_want(struct plan *p, const char *device, const char *what)
{
	struct item *it = plan_item_add(p, ITEM_UP, KEY("up %s", device));
	if (it == NULL)
		return;
	it->device = arena_strdup(p->arena, device);
	it->what = what;
}

/* The other queues of a device: what they are handed over as is the same. */
static void
queues_want(struct plan *p, const struct item *tun, unsigned n_queues)
{
	for (unsigned q = 1; q < n_queues; q++) {
		struct item *it = plan_item_add(
		    p, ITEM_QUEUE, KEY("queue %u of %s", q, tun->key + strlen("tun ")));
		if (it == NULL)
			return;
		const char *key = it->key;
		*it = *tun;
		it->kind = ITEM_QUEUE;
		it->key = key;
		it->of = tun->key;
		it->queue = q;
	}
}

static void
single_want(struct plan *p, const struct item *tun)
{
	struct item *it = plan_item_add(p, ITEM_SINGLE, KEY("single %s", tun->device));
	if (it == NULL)
		return;
	it->device = tun->device;
	it->of = tun->key;
	it->what = tun->what;
}

static void
tun_want(struct plan *p, const struct spread *s, const struct item *like)
{
	struct item *it = plan_item_add(p, ITEM_TUN,
	    KEY("tun %s %s %s %s %s", like->device, like->pic, like->role, like->unit,
		like->service_set != NULL ? like->service_set : ""));
	const struct conf_ifd *ifd = conf_ifd(s->c, like->pic);
	if (it == NULL)
		return;
	it->device = arena_strdup(p->arena, like->device);
	it->pic = arena_strdup(p->arena, like->pic);
	it->role = like->role;
	it->unit = arena_strdup(p->arena, like->unit);
	it->service_set =
	    like->service_set != NULL ? arena_strdup(p->arena, like->service_set) : NULL;
	it->media = like->media != NULL ? arena_strdup(p->arena, like->media) : NULL;
	it->what = KEY("[edit interfaces] unit %s", like->unit);
	it->has_queues = s->has_queues;
	it->has_vnet_header = s->has_vnet_header;
	if (s->has_queues)
		queues_want(p, it, conf_workers(s->c, like->pic, s->n_cores));
	if (s->has_vnet_header && ifd != NULL && ifd->io.no_inside_offload)
		single_want(p, it);
}

/* A device without family inet6 shall carry no IPv6, not even what the kernel says of itself on every link. */
static void
ip6_want(struct plan *p, const char *device, bool is_on)
{
	struct item *it =
	    plan_item_add(p, ITEM_IP6, KEY("ip6 %s %s", device, is_on ? "on" : "off"));
	if (it == NULL)
		return;
	it->device = arena_strdup(p->arena, device);
	it->value = is_on ? "0" : "1";
}

static void
addr_want(struct plan *p, const char *device, const struct conf_ifaddr *a, const char *unit)
{
	char text[PREFIX_STRLEN];
	char peer[ADDR_STRLEN];
	struct item *it = plan_item_add(p, ITEM_ADDR,
	    KEY("addr %s %s %s", device, prefix_print(a->prefix, text),
		addr_print(a->destination, peer)));
	if (it == NULL)
		return;
	it->device = arena_strdup(p->arena, device);
	it->prefix = a->prefix;
	it->peer = a->destination;
	it->what = KEY("[edit interfaces] unit %s address %s", unit, text);
}

/* --- interfaces --- */

static bool
is_virtual(const struct conf_ifd *ifd)
{
	return ifd->kind == IFD_SERVICES || ifd->kind == IFD_ES;
}

static const char *
unit_device(const struct conf_unit *u)
{
	return u->ifd->kind == IFD_LOOPBACK ? "lo" : u->device;
}

static void
unit_addresses(struct plan *p, const struct conf_unit *u)
{
	const struct conf_family *families[] = { &u->inet, &u->inet6 };
	for (size_t f = 0; f < 2; f++)
		for (size_t i = 0; i < families[f]->n_addrs; i++)
			addr_want(p, unit_device(u), &families[f]->addrs[i], u->name);
}

static void
units_want(struct plan *p, const struct conf *c, const struct spread *s, bool is_address_pass)
{
	for (size_t i = 0; i < c->n_ifds; i++) {
		const struct conf_ifd *ifd = c->ifds[i];
		for (size_t k = 0; k < ifd->n_units; k++) {
			const struct conf_unit *u = ifd->units[k];
			bool is_off = ifd->is_disabled || u->is_disabled;
			if (is_address_pass) {
				if (!is_off)
					unit_addresses(p, u);
				continue;
			}
			if (is_virtual(ifd)) {
				tun_want(p, s,
				    &(struct item){ .device = u->device,
					.pic = ifd->name,
					.role = "unit",
					.unit = u->name });
				ip6_want(p, u->device, u->inet6.is_set);
			}
			if (!is_off)
				up_want(
				    p, unit_device(u), KEY("[edit interfaces] unit %s", u->name));
		}
	}
}

/* --- routes --- */

static void
route_want(struct plan *p, struct prefix prefix, enum route_kind kind, struct addr via,
    const char *device, uint32_t metric, uint32_t table)
{
	char text[PREFIX_STRLEN];
	char gateway[ADDR_STRLEN];
	struct item *it = plan_item_add(p, ITEM_ROUTE,
	    KEY("route %s %d %s %s %u %u", prefix_print(prefix, text), (int)kind,
		addr_print(via, gateway), device != NULL ? device : "", metric, table));
	if (it == NULL)
		return;
	it->prefix = prefix;
	it->route = kind;
	it->peer = via;
	it->device = device != NULL ? arena_strdup(p->arena, device) : NULL;
	it->metric = metric;
	it->table = table;
	it->what = KEY("[edit routing-options static] route %s", text);
}

static void
routes_want(struct plan *p, const struct conf *c)
{
	static const enum route_kind kinds[] = {
		[NH_ADDRESS] = ROUTE_VIA,
		[NH_UNIT] = ROUTE_DEVICE,
		[NH_DISCARD] = ROUTE_BLACKHOLE,
		[NH_REJECT] = ROUTE_UNREACHABLE,
	};
	for (size_t i = 0; i < c->n_routes; i++) {
		const struct conf_route *r = &c->routes[i];
		route_want(p, prefix_network(r->prefix), kinds[r->kind], r->via, r->device,
		    r->preference, 0);
	}
}

/* --- steering by firewall filters --- */

const char *
steer_device(const struct conf *c, const struct conf_sa *sa)
{
	if (sa->mode == MODE_TRANSPORT)
		return HOST_DEVICE;
	for (size_t i = 0; i < c->n_ifds; i++)
		for (size_t k = 0; k < c->ifds[i]->n_units; k++)
			if (c->ifds[i]->units[k]->ipsec_sa == sa)
				return c->ifds[i]->units[k]->device;
	return NULL;
}

/* The mark leads to a table whose only route is the unit. */
static void
steer_want(struct plan *p, uint8_t family, uint32_t mark, const char *device)
{
	struct prefix any = { .addr = { .family = family } };
	route_want(p, any, ROUTE_DEVICE, (struct addr){ 0 }, device, 0, mark);
	struct item *it = plan_item_add(p, ITEM_RULE, KEY("rule %u %u", family, mark));
	if (it == NULL)
		return;
	it->family = family;
	it->mark = mark;
	it->table = mark;
	it->what = "[edit firewall] then ipsec-sa";
}

static void
steering_want(struct plan *p, const struct conf *c, struct numbers *sas)
{
	for (size_t i = 0; i < c->n_filters; i++) {
		const struct conf_filter *f = c->filters[i];
		for (size_t k = 0; k < f->n_terms; k++) {
			const struct conf_sa *sa = f->terms[k].sa;
			const char *device = sa != NULL ? steer_device(c, sa) : NULL;
			if (device != NULL)
				steer_want(
				    p, f->family, MARK_STEER + number_get(sas, sa->name), device);
		}
	}
}

/* --- capture devices of interface-style service sets --- */

const char *
capture_device(struct arena *a, const char *pic_device, char direction, unsigned set_number)
{
	return arena_printf(a, "%s.%c%u", pic_device, direction, set_number);
}

static bool
has_set(const struct conf_if_service *list, size_t n, const struct conf_service_set *s)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].set == s)
			return true;
	return false;
}

/* The first device whose packets go through S, or NULL. */
static const char *
captured_device(const struct conf *c, const struct conf_service_set *s)
{
	for (size_t i = 0; i < c->n_ifds; i++)
		for (size_t k = 0; k < c->ifds[i]->n_units; k++) {
			const struct conf_unit *u = c->ifds[i]->units[k];
			if (has_set(u->inet.service_in, u->inet.n_service_in, s) ||
			    has_set(u->inet.service_out, u->inet.n_service_out, s) ||
			    has_set(u->inet6.service_in, u->inet6.n_service_in, s) ||
			    has_set(u->inet6.service_out, u->inet6.n_service_out, s))
				return u->device;
		}
	return NULL;
}

static void
captures_want(
    struct plan *p, const struct conf *c, const struct spread *spread, struct numbers *sets)
{
	for (size_t i = 0; i < c->n_service_sets; i++) {
		const struct conf_service_set *s = c->service_sets[i];
		const char *media = captured_device(c, s);
		if (s->is_next_hop || s->pic == NULL || media == NULL)
			continue;
		unsigned number = number_get(sets, s->name);
		for (unsigned way = 0; way < 2; way++) {
			const char *device =
			    capture_device(p->arena, s->pic->device, way == 0 ? 'i' : 'o', number);
			tun_want(p, spread,
			    &(struct item){ .device = device,
				.pic = s->pic->name,
				.role = way == 0 ? "capture-in" : "capture-out",
				.unit =
				    s->service_unit != NULL ? s->service_unit->name : s->pic->name,
				.service_set = s->name,
				.media = media });
			ip6_want(p, device, false);
			up_want(p, device, KEY("[edit services] service-set %s", s->name));
		}
	}
}

/* --- raw sockets --- */

static const char *
socket_key(struct arena *a, const char *pic, const char *role, uint8_t family, struct addr address)
{
	char text[ADDR_STRLEN];
	return arena_printf(a, "socket %s %s %u %s", pic, role, family, addr_print(address, text));
}

struct item *
plan_socket_want(struct plan *p, const char *pic, const char *role, const char *key)
{
	struct item *it = plan_item_add(p, ITEM_SOCKET, key);
	if (it == NULL)
		return NULL;
	it->pic = arena_strdup(p->arena, pic);
	it->role = role;
	it->what = KEY("[edit] %s socket for %s", role, pic);
	return it;
}

static void
socket_want(struct plan *p, const char *pic, const char *role, uint8_t family, struct addr address)
{
	struct item *it =
	    plan_socket_want(p, pic, role, socket_key(p->arena, pic, role, family, address));
	if (it == NULL)
		return;
	it->family = family;
	it->peer = address;
}

void
plan_gateways_each(const struct conf *c, plan_gateway_fn *fn, void *arg)
{
	for (size_t i = 0; i < c->n_service_sets; i++)
		if (c->service_sets[i]->pic != NULL)
			fn(c, c->service_sets[i]->pic->name, c->service_sets[i]->local_gateway,
			    c->service_sets[i]->is_dynamic, arg);
	for (size_t i = 0; i < c->n_ifds; i++)
		for (size_t k = 0; k < c->ifds[i]->n_units; k++) {
			const struct conf_unit *u = c->ifds[i]->units[k];
			if (u->ipsec_sa != NULL)
				fn(c, c->ifds[i]->name, u->tunnel_source,
				    u->ipsec_sa->dynamic.is_set, arg);
		}
}

/* --- sockets --- */

/* Where SAs are negotiated, kmd speaks IKE and ESP may come in UDP. */
static void
gateway_want(const struct conf *c, const char *pic, struct addr a, bool is_dynamic, void *arg)
{
	struct plan *p = arg;
	(void)c;
	if (a.family == ADDR_NONE)
		return;
	socket_want(p, pic, "esp", a.family, a);
	socket_want(p, pic, "ah", a.family, a);
	if (!is_dynamic)
		return;
	socket_want(p, pic, "udp", a.family, a);
	socket_want(p, KMD_LINK, "ike", a.family, a);
	socket_want(p, KMD_LINK, "ike-natt", a.family, a);
}

static void
sockets_want(struct plan *p, const struct conf *c, const struct spread *s, struct numbers *members)
{
	size_t n;
	const char *const *pics = conf_pics(c, p->arena, &n);
	for (size_t i = 0; i < n; i++) {
		socket_want(p, pics[i], "send4", ADDR_V4, (struct addr){ 0 });
		socket_want(p, pics[i], "send6", ADDR_V6, (struct addr){ 0 });
		if (strcmp(pics[i], HOST_PICD) != 0)
			continue;
		/* a transport mode SA has no address of its own: any packet for this host may be one */
		for (uint8_t family = ADDR_V4; family <= ADDR_V6; family += ADDR_V6 - ADDR_V4) {
			socket_want(p, HOST_PICD, "esp", family, (struct addr){ 0 });
			socket_want(p, HOST_PICD, "ah", family, (struct addr){ 0 });
		}
		tun_want(p, s,
		    &(struct item){ .device = HOST_DEVICE,
			.pic = HOST_PICD,
			.role = "unit",
			.unit = HOST_UNIT });
		up_want(p, HOST_DEVICE, "[edit firewall] then ipsec-sa");
	}
	plan_gateways_each(c, gateway_want, p);
	if (s->has_natt)
		plan_natt_want(p, c, s->n_cores, members);
}

/* How many queues and UDP sockets there would be: of a gateway as many as of what says it. */
struct demand {
	const struct spread *s;
	size_t n_devices;
	size_t n_queues;
	size_t n_natt;
};

static void
gateway_count(const struct conf *c, const char *pic, struct addr a, bool is_dynamic, void *arg)
{
	struct demand *d = arg;
	if (is_dynamic && a.family != ADDR_NONE)
		d->n_natt += conf_workers(c, pic, d->s->n_cores);
}

static struct spread
spread_choose(const struct conf *c, const struct plan_room *room)
{
	struct spread s = {
		.c = c,
		.n_cores = room->n_cores,
		.has_vnet_header = room->is_fast,
	};
	struct demand d = { .s = &s };
	if (!room->is_fast)
		return s;
	for (size_t i = 0; i < c->n_ifds; i++) {
		const struct conf_ifd *ifd = c->ifds[i];
		if (!is_virtual(ifd))
			continue;
		d.n_devices += ifd->n_units;
		d.n_queues += ifd->n_units * conf_workers(c, ifd->name, s.n_cores);
	}
	for (size_t i = 0; i < c->n_service_sets; i++)
		if (!c->service_sets[i]->is_next_hop) {
			d.n_devices += 2;
			d.n_queues += 2 * (size_t)WORKERS_MAX;
		}
	plan_gateways_each(c, gateway_count, &d);
	/* half of it: what goes is there until all has come */
	size_t room_left = room->n_files > d.n_devices ? (room->n_files - d.n_devices) / 2 : 0;
	s.has_queues = d.n_devices <= QUEUED_DEVICES_MAX && d.n_queues <= room_left;
	if (s.has_queues)
		room_left -= d.n_queues;
	s.has_natt = d.n_natt <= room_left;
	return s;
}

/* Kinds in their order. Of sockets those of a group come in the order of their places in it: that of kmd is the first. */
static unsigned
rank_of(const struct item *it)
{
	bool is_natt = it->kind == ITEM_SOCKET && strcmp(it->role, "natt") == 0;
	return (unsigned)it->kind << 16 | (is_natt ? 1 + it->in_group : 0);
}

static int
by_rank(const void *a, const void *b)
{
	const struct item *const *x = a;
	const struct item *const *y = b;
	unsigned rx = rank_of(*x);
	unsigned ry = rank_of(*y);
	return rx < ry ? -1 : rx > ry;
}

struct plan *
plan_build(const struct conf *c, const struct plan_names *names, const struct plan_room *room)
{
	struct spread spread = spread_choose(c, room);
	struct plan *p = calloc(1, sizeof(*p));
	if (p == NULL)
		abort();
	p->arena = arena_new();
	p->commit = c->commit;
	if (c->n_ifds > 0) {
		sysctl_want(p, "/proc/sys/net/ipv4/ip_forward", "1");
		sysctl_want(p, "/proc/sys/net/ipv6/conf/all/forwarding", "1");
	}
	units_want(p, c, &spread, false);
	captures_want(p, c, &spread, names->sets);
	units_want(p, c, &spread, true);
	routes_want(p, c);
	steering_want(p, c, names->sas);
	sockets_want(p, c, &spread, names->members);
	/* the order among equal kinds does not matter */
	if (p->n > 0)
		qsort(p->items, p->n, sizeof(struct item *), by_rank);
	for (size_t i = 0; i < p->n; i++)
		p->items[i]->place = i;
	return p;
}

void
plan_free(struct plan *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n; i++)
		if (p->items[i]->fd >= 0)
			close(p->items[i]->fd);
	smap_done(&p->by_key);
	arena_free(p->arena);
	free(p);
}

size_t
plan_count(const struct plan *p, enum item_kind kind)
{
	size_t count = 0;
	for (size_t i = 0; p != NULL && i < p->n; i++)
		count += p->items[i]->kind == kind;
	return count;
}

struct item *
plan_find(const struct plan *p, const char *key)
{
	return p != NULL ? smap_find(&p->by_key, key) : NULL;
}

struct item *
plan_socket_of(const struct plan *p, const struct item *it, const char *role)
{
	struct arena *a = arena_new();
	bool is_kmd = strncmp(role, "ike", strlen("ike")) == 0;
	struct item *found =
	    plan_find(p, socket_key(a, is_kmd ? KMD_LINK : it->pic, role, it->family, it->peer));
	arena_free(a);
	return found;
}

struct item *
plan_find_near(const struct plan *p, const char *key, size_t *at)
{
	if (p == NULL)
		return NULL;
	struct item *it = *at < p->n ? p->items[*at] : NULL;
	if (it == NULL || strcmp(it->key, key) != 0)
		it = plan_find(p, key);
	if (it != NULL)
		*at = it->place + 1;
	return it;
}
