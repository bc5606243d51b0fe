/* SPDX-License-Identifier: BSD-2-Clause
 *
 * routes.c - the routing tables of the host at one moment, in JUNOS's words and order.
 */
#include "daemon/netd/routes.h"

#include "daemon/netd/mark.h"
#include "daemon/netd/netd.h"
#include "daemon/netd/view.h"
#include "lib/base/arena.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Who makes routes. The first three are found by more than the number. */
static const struct routes_protocol protocols[] = {
	{ RTPROT_KERNEL, "Direct", 0 }, { RTPROT_KERNEL, "Local", 0 },
	{ PROTO_SALLYPORT, "Static", 5 }, { RTPROT_BOOT, "Static", 5 },
	{ RTPROT_STATIC, "Static", 5 }, { RTPROT_REDIRECT, "Redirect", 30 },
	{ RTPROT_RA, "Access-internal", 12 }, { RTPROT_DHCP, "Access-internal", 12 },
	{ RTPROT_OSPF, "OSPF", 10 }, { RTPROT_ISIS, "IS-IS", 15 }, { RTPROT_RIP, "RIP", 100 },
	{ RTPROT_EIGRP, "EIGRP", 90 }, { RTPROT_BABEL, "Babel", 100 }, { RTPROT_BGP, "BGP", 170 },
	{ RTPROT_UNSPEC, "Kernel", 254 }, /* anyone else */
};

enum { IS_DIRECT, IS_LOCAL, IS_OURS, PROTOCOLS_N = sizeof(protocols) / sizeof(protocols[0]) };

const struct routes_protocol *
routes_protocol(const struct routes_route *r)
{
	return &protocols[r->protocol];
}

uint32_t
routes_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint32_t)now.tv_sec;
}

/* --- tables --- */

static int
links_by_name(const void *a, const void *b)
{
	const struct view_link *const *x = a;
	const struct view_link *const *y = b;
	return strcmp((*x)->device, (*y)->device);
}

static void
table_add(struct routes *r, struct arena *a, uint8_t family, const char *instance, uint32_t kernel)
{
	r->tables[r->n_tables++] = (struct routes_table){
		.name = arena_printf(a, "%s%s%s", instance, *instance != '\0' ? "." : "",
		    family == ADDR_V4 ? "inet.0" : "inet6.0"),
		.instance = instance,
		.family = family,
		.kernel = kernel,
	};
}

void
routes_init(struct routes *r, const struct view *v, struct arena *a)
{
	*r = (struct routes){ .view = v };
	size_t n_vrfs = 0;
	const struct view_link **vrfs =
	    arena_array(a, v->n_links + 1, sizeof(const struct view_link *));
	for (size_t i = 0; i < v->n_links; i++)
		if (v->links[i].vrf_table != 0)
			vrfs[n_vrfs++] = &v->links[i];
	if (n_vrfs > 1)
		qsort(vrfs, n_vrfs, sizeof(*vrfs), links_by_name);
	r->tables = arena_array(a, 2 * (n_vrfs + 1), sizeof(*r->tables));
	static const uint8_t families[] = { ADDR_V4, ADDR_V6 };
	for (size_t f = 0; f < 2; f++) {
		table_add(r, a, families[f], "", RT_TABLE_MAIN);
		for (size_t i = 0; i < n_vrfs; i++)
			table_add(r, a, families[f], arena_strdup(a, vrfs[i]->device),
			    vrfs[i]->vrf_table);
	}
}

void
routes_done(struct routes *r)
{
	free(r->list);
	free(r->hops);
	free(r->ages);
	*r = (struct routes){ 0 };
}

/* Returns the place of a kernel table in the list, or n_tables. */
static size_t
table_find(struct routes *r, uint8_t family, uint32_t kernel)
{
	const struct routes_table *last = &r->tables[r->last_table];
	if (kernel == RT_TABLE_LOCAL)
		kernel = RT_TABLE_MAIN;
	if (last->family == family && last->kernel == kernel)
		return r->last_table;
	for (size_t i = 0; i < r->n_tables; i++)
		if (r->tables[i].family == family && r->tables[i].kernel == kernel) {
			r->last_table = (uint32_t)i;
			return i;
		}
	return r->n_tables;
}

/* --- one route --- */

static struct addr
addr_of(const struct nlattr *a)
{
	uint16_t n = mnl_attr_get_payload_len(a);
	if (n == 4)
		return addr_v4(mnl_attr_get_payload(a));
	return n == 16 ? addr_v6(mnl_attr_get_payload(a)) : (struct addr){ 0 };
}

/* RTA_VIA: a next hop of the other address family. */
static struct addr
via_of(const struct nlattr *a)
{
	const struct rtvia *v = mnl_attr_get_payload(a);
	if (mnl_attr_get_payload_len(a) < sizeof(*v) + 16 || v->rtvia_family != AF_INET6)
		return (struct addr){ 0 };
	return addr_v6(v->rtvia_addr);
}

struct route_read {
	struct addr dst;
	struct routes_hop hop;
	const struct nlattr *multipath;
	uint32_t table;
	uint32_t metric;
};

static int
on_hop_attr(const struct nlattr *a, void *arg)
{
	struct routes_hop *hop = arg;
	uint16_t type = mnl_attr_get_type(a);
	if (type == RTA_GATEWAY)
		hop->to = addr_of(a);
	else if (type == RTA_VIA)
		hop->to = via_of(a);
	return MNL_CB_OK;
}

static int
on_route_attr(const struct nlattr *a, void *arg)
{
	struct route_read *q = arg;
	uint16_t type = mnl_attr_get_type(a);
	bool is_u32 = mnl_attr_get_payload_len(a) == 4;
	if (type == RTA_DST)
		q->dst = addr_of(a);
	else if (type == RTA_MULTIPATH)
		q->multipath = a;
	else if (type == RTA_OIF && is_u32)
		q->hop.device = mnl_attr_get_u32(a);
	else if (type == RTA_TABLE && is_u32)
		q->table = mnl_attr_get_u32(a);
	else if (type == RTA_PRIORITY && is_u32)
		q->metric = mnl_attr_get_u32(a);
	else
		return on_hop_attr(a, &q->hop);
	return MNL_CB_OK;
}

static void
hop_add(struct routes *r, struct routes_hop hop)
{
	if (r->n_hops == r->cap_hops) {
		r->cap_hops = r->cap_hops * 2 + 256;
		r->hops = reallocarray(r->hops, r->cap_hops, sizeof(*r->hops));
		if (r->hops == NULL)
			abort();
	}
	r->hops[r->n_hops++] = hop;
}

static void
hops_add(struct routes *r, const struct route_read *q)
{
	if (q->multipath == NULL) {
		hop_add(r, q->hop);
		return;
	}
	const uint8_t *p = mnl_attr_get_payload(q->multipath);
	size_t left = mnl_attr_get_payload_len(q->multipath);
	struct rtnexthop head;
	while (left >= sizeof(head)) {
		memcpy(&head, p, sizeof(head));
		size_t len = head.rtnh_len;
		if (len < sizeof(head) || len > left)
			break;
		struct routes_hop hop = { .device = (unsigned)head.rtnh_ifindex };
		mnl_attr_parse_payload(p + sizeof(head), len - sizeof(head), on_hop_attr, &hop);
		hop_add(r, hop);
		size_t step = (len + 3) / 4 * 4;
		if (step > left)
			step = left;
		p += step;
		left -= step;
	}
}

static struct routes_route *
route_new(struct routes *r)
{
	if (r->n == r->cap) {
		r->cap = r->cap * 2 + 256;
		r->list = reallocarray(r->list, r->cap, sizeof(*r->list));
		if (r->list == NULL)
			abort();
	}
	return &r->list[r->n++];
}

/* What JUNOS keeps in a table of its own, or does not know. */
static bool
is_internal(struct addr dst, uint8_t len)
{
	static const uint8_t one[16] = { [15] = 1 };
	if (dst.family == ADDR_V4)
		return dst.b[0] == 127;
	return len == 128 && memcmp(dst.b, one, sizeof(one)) == 0;
}

/* Returns the type of a kernel route, or -1 for those that are not shown. */
static int
type_of(const struct rtmsg *m)
{
	switch (m->rtm_type) {
	case RTN_UNICAST:
		return ROUTES_UNICAST;
	case RTN_LOCAL:
		return ROUTES_LOCAL;
	case RTN_BLACKHOLE:
		return ROUTES_DISCARD;
	case RTN_UNREACHABLE:
	case RTN_PROHIBIT:
		return ROUTES_REJECT;
	default:
		return -1;
	}
}

static uint8_t
protocol_of(const struct rtmsg *m, int type)
{
	if (type == ROUTES_LOCAL)
		return IS_LOCAL;
	uint8_t i = 0;
	while (i < PROTOCOLS_N - 1 && protocols[i].number != m->rtm_protocol)
		i++;
	return i;
}

static void
on_route(const struct nlmsghdr *h, void *arg)
{
	struct routes *r = arg;
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	uint8_t family = m->rtm_family == AF_INET ? ADDR_V4 : ADDR_V6;
	int type = type_of(m);
	if (h->nlmsg_type != RTM_NEWROUTE || type < 0 || (m->rtm_flags & RTM_F_CLONED) != 0)
		return;
	struct route_read q = { .dst.family = family, .table = m->rtm_table };
	mnl_attr_parse(h, sizeof(*m), on_route_attr, &q);
	size_t table = table_find(r, family, q.table);
	/* the kernel's own end of the IPv6 table is no route */
	bool is_end = type == ROUTES_REJECT && q.metric == UINT32_MAX;
	if (table == r->n_tables || is_end || is_internal(q.dst, m->rtm_dst_len))
		return;
	if (r->n >= ROUTES_MAX) {
		r->is_full = true;
		return;
	}
	struct routes_route *route = route_new(r);
	*route = (struct routes_route){
		.dst = { .addr = q.dst, .len = m->rtm_dst_len },
		.type = (uint8_t)type,
		.protocol = protocol_of(m, type),
		.kernel_protocol = m->rtm_protocol,
		.is_dead = (m->rtm_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) != 0,
		.table = (uint32_t)table,
		.metric = q.metric,
		.first_hop = (uint32_t)r->n_hops,
		.order = (uint32_t)r->n,
	};
	route->preference = route->protocol == IS_OURS && q.metric <= UINT16_MAX
				? q.metric
				: protocols[route->protocol].preference;
	hops_add(r, &q);
	route->n_hops = (uint32_t)r->n_hops - route->first_hop;
}

/* --- how old they are --- */

static int
ages_order(const void *a, const void *b)
{
	const struct routes_age *x = a;
	const struct routes_age *y = b;
	int order = memcmp(x->dst.addr.b, y->dst.addr.b, sizeof(x->dst.addr.b));
	if (order != 0)
		return order;
	if (x->dst.len != y->dst.len)
		return x->dst.len > y->dst.len ? 1 : -1;
	if (x->dst.addr.family != y->dst.addr.family)
		return x->dst.addr.family > y->dst.addr.family ? 1 : -1;
	if (x->table != y->table)
		return x->table > y->table ? 1 : -1;
	return (x->metric > y->metric) - (x->metric < y->metric);
}

static void
ages_collect(struct routes *r, const struct netd *n)
{
	const struct plan *p = n->plan;
	if (p == NULL || p->n == 0)
		return;
	r->ages = calloc(p->n, sizeof(*r->ages));
	if (r->ages == NULL)
		abort();
	for (size_t i = 0; i < p->n; i++) {
		const struct item *it = p->items[i];
		if (it->kind == ITEM_ROUTE && it->is_ours)
			r->ages[r->n_ages++] = (struct routes_age){
				.dst = it->prefix,
				.table = it->table != 0 ? it->table : RT_TABLE_MAIN,
				.metric = it->metric,
				.since_s = it->since_s,
			};
	}
	if (r->n_ages > 1)
		qsort(r->ages, r->n_ages, sizeof(*r->ages), ages_order);
}

/* The address that a direct or local route comes from. */
static const struct view_addr *
address_of(const struct routes *r, const struct routes_route *route)
{
	const struct view_link *l = view_link(r->view, r->hops[route->first_hop].device);
	for (size_t i = 0; l != NULL && i < l->n_addrs; i++) {
		const struct view_addr *v = &r->view->addrs[l->first_addr + i];
		if (route->type == ROUTES_LOCAL && addr_eq(v->local.addr, route->dst.addr))
			return v;
		if (route->type != ROUTES_LOCAL &&
		    (prefix_eq(prefix_network(v->local), route->dst) ||
			addr_eq(v->peer, route->dst.addr)))
			return v;
	}
	return NULL;
}

/* The kernel does not keep the age of a route. Ours are known from when they were made, those of addresses from the address, others
 * from having seen them come; what was there before us is taken to be as old as we are. */
static void
age_set(const struct routes *r, struct routes_route *route, const struct netd *n, uint32_t now_s)
{
	uint32_t since_s = n->started_s;
	if (route->protocol == IS_DIRECT || route->protocol == IS_LOCAL) {
		const struct view_addr *v = address_of(r, route);
		if (v != NULL)
			since_s = now_s - v->since_s;
		/* the address of a loopback interface is its network as well */
		if (v != NULL && v->local.len == addr_len(v->local.addr) * 8) {
			route->protocol = IS_DIRECT;
			route->type = ROUTES_UNICAST;
		}
	} else if (route->protocol == IS_OURS && r->n_ages > 0) {
		struct routes_age key = {
			.dst = route->dst,
			.table = r->tables[route->table].kernel,
			.metric = route->metric,
		};
		const struct routes_age *age =
		    bsearch(&key, r->ages, r->n_ages, sizeof(*r->ages), ages_order);
		if (age != NULL)
			since_s = age->since_s;
	} else {
		struct seen_route key = {
			.dst = route->dst,
			.table = r->tables[route->table].kernel,
			.metric = route->metric,
			.protocol = route->kernel_protocol,
		};
		uint32_t seen_s = seen_since(&n->seen, &key);
		if (seen_s != 0)
			since_s = seen_s;
	}
	route->since_s = now_s > since_s ? now_s - since_s : 0;
}

/* --- all of them --- */

static int
routes_order(const void *a, const void *b)
{
	const struct routes_route *x = a;
	const struct routes_route *y = b;
	if (x->table != y->table)
		return x->table > y->table ? 1 : -1;
	int order = memcmp(x->dst.addr.b, y->dst.addr.b, sizeof(x->dst.addr.b));
	if (order != 0)
		return order;
	if (x->dst.len != y->dst.len)
		return x->dst.len > y->dst.len ? 1 : -1;
	if (x->is_dead != y->is_dead)
		return x->is_dead ? 1 : -1;
	if (x->metric != y->metric)
		return x->metric > y->metric ? 1 : -1;
	return (x->order > y->order) - (x->order < y->order);
}

static void
complete(struct routes *r, const struct netd *n)
{
	uint32_t now_s = routes_now();
	if (r->n > 1)
		qsort(r->list, r->n, sizeof(*r->list), routes_order);
	for (size_t i = 0; i < r->n; i++) {
		struct routes_route *route = &r->list[i];
		struct routes_table *t = &r->tables[route->table];
		const struct routes_route *before = i > 0 ? route - 1 : NULL;
		bool is_first = before == NULL || before->table != route->table ||
				!prefix_eq(before->dst, route->dst);
		if (t->n++ == 0)
			t->first = i;
		t->n_destinations += is_first;
		route->is_active = is_first && !route->is_dead;
		t->n_active += route->is_active;
		age_set(r, route, n, now_s);
	}
}

static int
dump_ask(const struct routes *r, struct nl *nl)
{
	struct nl_req q;
	struct rtmsg *m = nl_start(&q, RTM_GETROUTE, 0, sizeof(*m));
	m->rtm_family = r->stage == ROUTES_INET ? AF_INET : AF_INET6;
	return nl_dump_start(nl, &q);
}

int
routes_step(struct routes *r, struct nl *nl, const struct netd *n)
{
	if (r->stage == ROUTES_COMPLETE)
		return 0;
	if (r->stage == ROUTES_AGES) {
		ages_collect(r, n);
		complete(r, n);
		r->stage = ROUTES_COMPLETE;
		return r->is_full ? -E2BIG : 0;
	}
	if (!r->is_asked) {
		int rc = dump_ask(r, nl);
		r->is_asked = rc == 0;
		return rc == 0 ? 1 : rc;
	}
	int rc = nl_dump_step(nl, on_route, r);
	/* a kernel without IPv6 has no such routes */
	if (rc == -EOPNOTSUPP && r->stage == ROUTES_INET6)
		rc = 0;
	if (rc != 0)
		return rc;
	r->is_asked = false;
	r->stage++;
	return 1;
}
