/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show.c - rows for the commands that netd owns: interfaces, firewall counters, static routes.
 *
 * Element names are Juniper's. One row is one child of the reply's root; nothing here is text for people.
 */
#include "daemon/netd/netd.h"

#include "lib/base/arena.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"

#include <net/if.h>
#include <string.h>

struct reply {
	struct netd *n;
	struct ipc *c;
	uint32_t seq;
	const struct elem *args;
	const char *error; /* NULL: fine */
};

static void
row_send(struct reply *r, const struct elem *row)
{
	if (r->error == NULL && ipc_send(r->c, MSG_ROW, r->seq, row, -1) < 0)
		r->error = "error: the reply is too large";
}

/* --- show interfaces --- */

static const char *
updown(bool up)
{
	return up ? "up" : "down";
}

static void
status_put(struct netd *n, struct arena *a, struct elem *e, const char *device, bool is_disabled)
{
	unsigned flags = host_ifflags(&n->host, device);
	elem_leaf(a, e, "admin-status", updown(!is_disabled));
	elem_leaf(a, e, "oper-status",
	    updown(!is_disabled && (flags & IFF_UP) != 0 && (flags & IFF_RUNNING) != 0));
}

static void
traffic_put(struct netd *n, struct arena *a, struct elem *e, const char *device)
{
	struct host_stats s = host_link_stats(&n->host, device);
	struct elem *t = elem_add(a, e, "traffic-statistics");
	elem_leaff(a, t, "input-bytes", "%llu", (unsigned long long)s.rx_bytes);
	elem_leaff(a, t, "output-bytes", "%llu", (unsigned long long)s.tx_bytes);
	elem_leaff(a, t, "input-packets", "%llu", (unsigned long long)s.rx_packets);
	elem_leaff(a, t, "output-packets", "%llu", (unsigned long long)s.tx_packets);
}

static void
family_put(struct arena *a, struct elem *unit, const char *name, const struct conf_family *f,
    bool is_terse)
{
	char text[PREFIX_STRLEN];
	if (!f->is_set)
		return;
	struct elem *e = elem_add(a, unit, "address-family");
	elem_leaf(a, e, "address-family-name", name);
	if (!is_terse && f->mtu != 0)
		elem_leaff(a, e, "mtu", "%u", f->mtu);
	for (size_t i = 0; i < f->n_addrs; i++) {
		const struct conf_ifaddr *addr = &f->addrs[i];
		struct elem *ia = elem_add(a, e, "interface-address");
		if (addr->destination.family != ADDR_NONE) {
			elem_leaf(a, ia, "ifa-local", addr_print(addr->prefix.addr, text));
			elem_leaf(a, ia, "ifa-destination", addr_print(addr->destination, text));
		} else if (is_terse) {
			elem_leaf(a, ia, "ifa-local", prefix_print(addr->prefix, text));
		} else {
			elem_leaf(a, ia, "ifa-destination",
			    prefix_print(prefix_network(addr->prefix), text));
			elem_leaf(a, ia, "ifa-local", addr_print(addr->prefix.addr, text));
		}
	}
}

static void
unit_put(
    struct reply *r, struct arena *a, struct elem *row, const struct conf_unit *u, bool is_terse)
{
	const char *device = u->ifd->kind == IFD_LOOPBACK ? "lo" : u->device;
	struct elem *e = elem_add(a, row, "logical-interface");
	elem_leaf(a, e, "name", u->name);
	status_put(r->n, a, e, device, u->is_disabled || u->ifd->is_disabled);
	if (!is_terse) {
		elem_leaf(a, e, "link-address", device);
		traffic_put(r->n, a, e, device);
	}
	family_put(a, e, "inet", &u->inet, is_terse);
	family_put(a, e, "inet6", &u->inet6, is_terse);
}

/* A services interface is up when its picd can be: it has no device of its own. */
static void
ifd_put(struct reply *r, const struct conf_ifd *ifd, const char *unit_name, bool is_terse)
{
	struct arena *a = arena_new();
	struct elem *row = elem_new(a, "physical-interface");
	bool has_device = ifd->kind == IFD_MEDIA || ifd->kind == IFD_LOOPBACK;
	elem_leaf(a, row, "name", ifd->name);
	if (has_device) {
		status_put(
		    r->n, a, row, ifd->kind == IFD_LOOPBACK ? "lo" : ifd->device, ifd->is_disabled);
	} else {
		elem_leaf(a, row, "admin-status", updown(!ifd->is_disabled));
		elem_leaf(a, row, "oper-status", updown(!ifd->is_disabled));
	}
	if (!is_terse && ifd->mtu != 0)
		elem_leaff(a, row, "mtu", "%u", ifd->mtu);
	for (size_t i = 0; i < ifd->n_units; i++)
		if (unit_name == NULL || strcmp(unit_name, ifd->units[i]->name) == 0)
			unit_put(r, a, row, ifd->units[i], is_terse);
	row_send(r, row);
	arena_free(a);
}

static void
interfaces_show(struct reply *r)
{
	const struct conf *c = r->n->conf;
	const char *name = elem_value(r->args, "interface-name");
	const char *level = elem_value(r->args, "level");
	bool is_terse =
	    elem_has(r->args, "terse") || (level != NULL && strcmp(level, "terse") == 0);
	bool is_found = false;
	for (size_t i = 0; c != NULL && i < c->n_ifds; i++) {
		const struct conf_ifd *ifd = c->ifds[i];
		const struct conf_unit *u = name != NULL ? conf_unit(c, name) : NULL;
		bool is_whole = name == NULL || strcmp(name, ifd->name) == 0;
		if (!is_whole && (u == NULL || u->ifd != ifd))
			continue;
		is_found = true;
		ifd_put(r, ifd, is_whole ? NULL : name, is_terse);
	}
	if (name != NULL && !is_found)
		r->error = "error: device not found";
}

/* --- show firewall --- */

static void
filter_put(struct reply *r, const struct conf_filter *f, const struct smap *counts)
{
	static const struct nft_count zero = { 0 };
	struct arena *a = arena_new();
	struct smap seen = { 0 };
	struct elem *row = elem_new(a, "filter-information");
	elem_leaf(a, row, "filter-name", f->name);
	for (size_t i = 0; i < f->n_terms; i++) {
		const char *name = f->terms[i].count;
		if (name == NULL || !smap_add(&seen, name, row))
			continue;
		const struct nft_count *n = smap_find(counts, nfttext_counter(a, f, name));
		if (n == NULL)
			n = &zero;
		struct elem *e = elem_add(a, row, "counter");
		elem_leaf(a, e, "counter-name", name);
		elem_leaff(a, e, "packet-count", "%llu", (unsigned long long)n->packets);
		elem_leaff(a, e, "byte-count", "%llu", (unsigned long long)n->bytes);
	}
	row_send(r, row);
	smap_done(&seen);
	arena_free(a);
}

static void
firewall_show(struct reply *r)
{
	const struct conf *c = r->n->conf;
	const char *name = elem_value(r->args, "filter");
	struct arena *a = arena_new();
	struct smap counts = { 0 };
	bool is_found = false;
	nft_counters(&r->n->nft, a, &counts);
	for (size_t i = 0; c != NULL && i < c->n_filters; i++) {
		if (name != NULL && strcmp(name, c->filters[i]->name) != 0)
			continue;
		is_found = true;
		filter_put(r, c->filters[i], &counts);
	}
	if (name != NULL && !is_found)
		r->error = "error: filter not found";
	smap_done(&counts);
	arena_free(a);
}

/* --- the table --- */

static const struct {
	const char *rpc;
	void (*show)(struct reply *r);
} commands[] = {
	{ "get-interface-information", interfaces_show },
	{ "get-firewall-information", firewall_show },
};

void
show_rpc(struct netd *n, struct ipc *c, const struct ipc_msg *m)
{
	struct reply r = { .n = n, .c = c, .seq = m->seq, .args = m->body };
	size_t i = 0;
	while (i < sizeof(commands) / sizeof(commands[0]) &&
	       (m->body == NULL || strcmp(commands[i].rpc, m->body->name) != 0))
		i++;
	if (i < sizeof(commands) / sizeof(commands[0]))
		commands[i].show(&r);
	else
		r.error = "error: unknown command";
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "rpc-done");
	elem_leaf(a, e, "status", r.error == NULL ? "ok" : "error");
	if (r.error != NULL)
		elem_leaf(a, e, "text", r.error);
	ipc_send(c, MSG_RPC_DONE, m->seq, e, -1);
	arena_free(a);
}
