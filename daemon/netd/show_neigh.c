/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_neigh.c - rows of `show arp` and `show ipv6 neighbors`, `clear arp`, and what ping and traceroute need of the configuration.
 *
 * Neighbours come from the kernel a piece at a time and go out as they come. Element names are Juniper's. Called by jobs.c.
 */
#include "daemon/netd/jobs.h"
#include "daemon/netd/netd.h"
#include "lib/base/arena.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

struct neighbours {
	bool is_asked;
	size_t n;
	const char *interface; /* asked for, or NULL */
};

struct neighbour {
	struct addr addr;
	uint8_t mac[6];
	bool has_mac;
	uint32_t confirmed; /* hundredths of a second ago */
};

static int
on_attr(const struct nlattr *a, void *arg)
{
	struct neighbour *x = arg;
	uint16_t n = mnl_attr_get_payload_len(a);
	const void *p = mnl_attr_get_payload(a);
	struct nda_cacheinfo info;
	switch (mnl_attr_get_type(a)) {
	case NDA_DST:
		if (n == 4)
			x->addr = addr_v4(p);
		else if (n == 16)
			x->addr = addr_v6(p);
		break;
	case NDA_LLADDR:
		x->has_mac = n == sizeof(x->mac);
		if (x->has_mac)
			memcpy(x->mac, p, sizeof(x->mac));
		break;
	case NDA_CACHEINFO:
		if (n < sizeof(info))
			break;
		memcpy(&info, p, sizeof(info));
		x->confirmed = info.ndm_confirmed;
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static const char *
mac_text(struct arena *a, const struct neighbour *x)
{
	return arena_printf(a, "%02x:%02x:%02x:%02x:%02x:%02x", x->mac[0], x->mac[1], x->mac[2],
	    x->mac[3], x->mac[4], x->mac[5]);
}

/* Reads H; false if it is no neighbour that is shown. */
static bool
neighbour_read(const struct job *j, const struct nlmsghdr *h, struct neighbour *x,
    const struct view_link **link)
{
	const struct ndmsg *m = mnl_nlmsg_get_payload(h);
	if (h->nlmsg_type != RTM_NEWNEIGH || (m->ndm_state & NUD_NOARP) != 0)
		return false;
	mnl_attr_parse(h, sizeof(*m), on_attr, x);
	*link = view_link(&j->view, (unsigned)m->ndm_ifindex);
	return *link != NULL && x->addr.family != ADDR_NONE;
}

static void
on_arp(const struct nlmsghdr *h, void *arg)
{
	struct job *j = arg;
	struct neighbours *s = j->state;
	const struct ndmsg *m = mnl_nlmsg_get_payload(h);
	const struct view_link *l;
	struct neighbour x = { 0 };
	char text[ADDR_STRLEN];
	/* one that is being asked for has no link address yet */
	if (!neighbour_read(j, h, &x, &l) || !x.has_mac ||
	    (m->ndm_state & (NUD_INCOMPLETE | NUD_FAILED)) != 0)
		return;
	struct arena *a = arena_new();
	const char *unit = view_unit_name(&j->view, l, a);
	if (s->interface == NULL || strcmp(s->interface, unit) == 0 ||
	    strcmp(s->interface, view_ifd_name(&j->view, l, a)) == 0) {
		struct elem *e = elem_new(a, "arp-table-entry");
		elem_leaf(a, e, "mac-address", mac_text(a, &x));
		elem_leaf(a, e, "ip-address", addr_print(x.addr, text));
		if (!elem_has(j->args, "no-resolve"))
			elem_leaf(a, e, "hostname", text);
		elem_leaf(a, e, "interface-name", unit);
		struct elem *flags = elem_add(a, e, "arp-table-entry-flags");
		elem_flag(a, flags, (m->ndm_state & NUD_PERMANENT) != 0 ? "permanent" : "none");
		job_row(j, e);
		s->n++;
	}
	arena_free(a);
}

static const char *
nd_state(uint16_t state)
{
	static const struct {
		uint16_t state;
		const char *name;
	} names[] = {
		{ NUD_REACHABLE, "reachable" },
		{ NUD_PERMANENT, "reachable" },
		{ NUD_STALE, "stale" },
		{ NUD_DELAY, "delay" },
		{ NUD_PROBE, "probe" },
		{ NUD_INCOMPLETE, "incomplete" },
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((state & names[i].state) != 0)
			return names[i].name;
	return "unreachable";
}

static void
on_nd(const struct nlmsghdr *h, void *arg)
{
	struct job *j = arg;
	struct neighbours *s = j->state;
	const struct ndmsg *m = mnl_nlmsg_get_payload(h);
	const struct view_link *l;
	struct neighbour x = { 0 };
	char text[ADDR_STRLEN];
	if (!neighbour_read(j, h, &x, &l) || addr_is_multicast(x.addr))
		return;
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "ipv6-nd-entry");
	elem_leaf(a, e, "ipv6-nd-neighbor-address", addr_print(x.addr, text));
	elem_leaf(a, e, "ipv6-nd-neighbor-l2-address", x.has_mac ? mac_text(a, &x) : "none");
	elem_leaf(a, e, "ipv6-nd-state", nd_state(m->ndm_state));
	/* the kernel keeps when it was confirmed last, and no time at which it ends */
	elem_leaff(a, e, "ipv6-nd-expire", "%u", x.confirmed / 100);
	elem_leaf(a, e, "ipv6-nd-isrouter", (m->ndm_flags & NTF_ROUTER) != 0 ? "yes" : "no");
	elem_leaf(a, e, "ipv6-nd-interface-name", view_unit_name(&j->view, l, a));
	job_row(j, e);
	s->n++;
	arena_free(a);
}

static int
neighbours_step(struct job *j, uint8_t family, void (*fn)(const struct nlmsghdr *h, void *arg))
{
	struct neighbours *s = j->state;
	if (s == NULL) {
		s = j->state = arena_alloc(j->a, sizeof(*s));
		s->interface = elem_value(j->args, "interface");
	}
	if (s->is_asked)
		return nl_dump_step(&j->nl, fn, j);
	struct nl_req r;
	struct ndmsg *m = nl_start(&r, RTM_GETNEIGH, 0, sizeof(*m));
	m->ndm_family = family;
	s->is_asked = true;
	int rc = nl_dump_start(&j->nl, &r);
	return rc < 0 ? rc : 1;
}

static int
arp_step(struct job *j)
{
	int rc = neighbours_step(j, AF_INET, on_arp);
	const struct neighbours *s = j->state;
	if (rc != 0)
		return rc;
	struct arena *a = arena_new();
	struct elem *holder = elem_new(a, "x");
	job_row(j, elem_leaff(a, holder, "arp-entry-count", "%zu", s->n));
	arena_free(a);
	return 0;
}

static int
nd_step(struct job *j)
{
	return neighbours_step(j, AF_INET6, on_nd);
}

const struct job_kind job_arp = {
	.rpc = "get-arp-table-information",
	.view = JOB_VIEW,
	.step = arp_step,
};
const struct job_kind job_nd = {
	.rpc = "get-ipv6-nd-information",
	.view = JOB_VIEW,
	.step = nd_step,
};

/* --- clear arp --- */

struct cleared_neighbour {
	struct cleared_neighbour *next;
	struct addr addr;
	int index;
};

struct clearing {
	struct neighbours all; /* must be the first: neighbours_step() */
	const char *hostname;
	struct cleared_neighbour *first;
};

static void
on_clear(const struct nlmsghdr *h, void *arg)
{
	struct job *j = arg;
	struct clearing *s = j->state;
	const struct ndmsg *m = mnl_nlmsg_get_payload(h);
	const struct view_link *l;
	struct neighbour x = { 0 };
	char text[ADDR_STRLEN];
	if (!neighbour_read(j, h, &x, &l) || (m->ndm_state & NUD_PERMANENT) != 0)
		return;
	if (s->hostname != NULL && strcmp(s->hostname, addr_print(x.addr, text)) != 0)
		return;
	if (s->all.interface != NULL &&
	    strcmp(s->all.interface, view_unit_name(&j->view, l, j->a)) != 0)
		return;
	struct cleared_neighbour *c = arena_alloc(j->a, sizeof(*c));
	*c =
	    (struct cleared_neighbour){ .next = s->first, .addr = x.addr, .index = m->ndm_ifindex };
	s->first = c;
}

/* One that is gone by itself meanwhile is no error. */
static int
neighbour_delete(struct job *j, const struct cleared_neighbour *c)
{
	struct nl_req r;
	struct ndmsg *m = nl_start(&r, RTM_DELNEIGH, 0, sizeof(*m));
	m->ndm_family = AF_INET;
	m->ndm_ifindex = c->index;
	mnl_attr_put(&r.head, NDA_DST, 4, c->addr.b);
	int rc = nl_do(&j->nl, &r);
	return rc == -ENOENT ? 0 : rc;
}

static int
clear_arp_step(struct job *j)
{
	struct clearing *s = j->state;
	if (s == NULL) {
		s = j->state = arena_alloc(j->a, sizeof(*s));
		s->all.interface = elem_value(j->args, "interface");
		s->hostname = elem_value(j->args, "hostname");
	}
	int rc = neighbours_step(j, AF_INET, on_clear);
	if (rc != 0)
		return rc;
	struct arena *a = arena_new();
	for (const struct cleared_neighbour *c = s->first; c != NULL && rc == 0; c = c->next) {
		struct elem *e = elem_new(a, "arp-table-entry");
		char text[ADDR_STRLEN];
		elem_leaf(a, e, "ip-address", addr_print(c->addr, text));
		rc = neighbour_delete(j, c);
		if (rc == 0)
			job_row(j, e);
	}
	arena_free(a);
	return rc;
}

const struct job_kind job_clear_arp = {
	.rpc = "clear-arp-table",
	.view = JOB_VIEW,
	.step = clear_arp_step,
};

/* --- ping, traceroute --- */

/* The device of what `interface` names: a unit, or an interface that has one device. */
static const struct view_link *
interface_device(const struct job *j, const char *name)
{
	for (size_t i = 0; i < j->view.n_links; i++) {
		const struct view_link *l = &j->view.links[i];
		if (strcmp(view_unit_name(&j->view, l, j->a), name) == 0 ||
		    (l->parent == 0 && strcmp(view_ifd_name(&j->view, l, j->a), name) == 0))
			return l;
	}
	return NULL;
}

/* Answers with the Linux names of what the request speaks of; the command line runs the program. */
static int
tool_step(struct job *j)
{
	const char *interface = elem_value(j->args, "interface");
	const char *instance = elem_value(j->args, "routing-instance");
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "facts");
	const struct view_link *l = interface != NULL ? interface_device(j, interface) : NULL;
	const struct view_link *vrf = instance != NULL ? view_device(&j->view, instance) : NULL;
	if (interface != NULL && l == NULL)
		j->error = arena_printf(j->a, "error: device %s not found", interface);
	else if (instance != NULL && (vrf == NULL || vrf->vrf_table == 0))
		j->error = arena_printf(j->a, "error: instance %s is not running", instance);
	if (l != NULL)
		elem_leaf(a, e, "device", l->device);
	if (vrf != NULL)
		elem_leaf(a, e, "vrf", vrf->device);
	if (j->error == NULL)
		job_row(j, e);
	arena_free(a);
	return 0;
}

const struct job_kind job_ping = { .rpc = "ping", .view = JOB_VIEW, .step = tool_step };
const struct job_kind job_traceroute = { .rpc = "traceroute", .view = JOB_VIEW, .step = tool_step };
