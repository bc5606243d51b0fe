/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_if.c - rows of `show interfaces`, and `clear interfaces statistics`.
 *
 * Interfaces of the configuration come first and in its order, then what else the host has. Names, descriptions and families are
 * the configuration's; addresses, states and counters are the kernel's. A physical interface is opened, its units follow
 * one by one. Counters that were cleared are subtracted here, because the kernel cannot set them back. Element names are
 * Juniper's. Called by jobs.c.
 */
#include "daemon/netd/jobs.h"
#include "daemon/netd/netd.h"
#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/base/wildcard.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"
#include "lib/msg/row.h"

#include <linux/if.h>
#include <linux/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Counters of a device when they were cleared. */
struct cleared {
	unsigned index; /* another device of the same name has counters of its own */
	time_t when;
	struct rtnl_link_stats64 stats;
};

/* What is to be shown of one physical interface. */
struct entry {
	const char *name;
	const struct conf_ifd *ifd;    /* NULL: only the host knows it */
	const struct view_link *link;  /* its device, or NULL */
	const struct view_link **more; /* its units that the configuration does not know */
	size_t n_more;
	size_t cap_more;
};

struct interfaces {
	struct entry *list;
	size_t n;
	size_t cap;
	struct smap by_name; /* number of the entry + 1 */
	size_t at;           /* the entry at work */
	size_t unit;         /* the next of its units: those of the configuration, then more */
	bool is_open;
	bool is_found;
	bool is_terse;
	bool is_descriptions;
	const char *name;     /* asked for, or NULL */
	const char *pattern;  /* the same as wildcard.h wants it, or NULL: no wildcard */
	const char *instance; /* asked for, or NULL */
};

/* --- what there is --- */

static struct entry *
entry_add(struct interfaces *s, struct arena *a, const char *name, const struct conf_ifd *ifd,
    const struct view_link *link)
{
	if (s->n == s->cap) {
		size_t cap = s->cap * 2 + 16;
		struct entry *list = arena_array(a, cap, sizeof(*list));
		if (s->n > 0)
			memcpy(list, s->list, s->n * sizeof(*list));
		s->list = list;
		s->cap = cap;
	}
	(void)smap_add(&s->by_name, name, (void *)(uintptr_t)(s->n + 1));
	s->list[s->n] = (struct entry){ .name = name, .ifd = ifd, .link = link };
	return &s->list[s->n++];
}

static void
more_add(struct arena *a, struct entry *e, const struct view_link *l)
{
	if (e->n_more == e->cap_more) {
		size_t cap = e->cap_more * 2 + 4;
		const struct view_link **more =
		    arena_array(a, cap, sizeof(const struct view_link *));
		if (e->n_more > 0)
			memcpy(more, e->more, e->n_more * sizeof(*more));
		e->more = more;
		e->cap_more = cap;
	}
	e->more[e->n_more++] = l;
}

static struct entry *
entry_find(struct interfaces *s, const char *name)
{
	size_t number = (size_t)(uintptr_t)smap_find(&s->by_name, name);
	return number > 0 ? &s->list[number - 1] : NULL;
}

static void
entries_make(struct interfaces *s, const struct job *j)
{
	const struct view *v = &j->view;
	for (size_t i = 0; j->conf != NULL && i < j->conf->n_ifds; i++) {
		const struct conf_ifd *ifd = j->conf->ifds[i];
		const char *device = ifd->kind == IFD_LOOPBACK ? "lo" : ifd->device;
		entry_add(s, j->a, ifd->name, ifd, view_device(v, device));
	}
	for (size_t i = 0; i < v->n_links; i++) {
		const struct view_link *l = &v->links[i];
		if (l->unit != NULL || l->is_ours || l->vrf_table != 0)
			continue;
		const char *name = view_ifd_name(v, l, j->a);
		struct entry *e = entry_find(s, name);
		bool is_unit = l->parent != 0 || l->n_addrs > 0 || l->master != 0;
		if (e == NULL)
			e = entry_add(s, j->a, name, NULL, l->parent == 0 ? l : NULL);
		if (is_unit)
			more_add(j->a, e, l);
	}
}

/* --- who is asked for --- */

static bool
name_fits(const struct interfaces *s, const char *name)
{
	if (s->name == NULL)
		return true;
	return s->pattern != NULL ? wildcard_matches(s->pattern, name) : strcmp(s->name, name) == 0;
}

static const struct view_link *
unit_link(const struct job *j, const struct conf_unit *u)
{
	return view_device(&j->view, u->ifd->kind == IFD_LOOPBACK ? "lo" : u->device);
}

static bool
instance_fits(const struct interfaces *s, const struct job *j, const struct view_link *l)
{
	if (s->instance == NULL)
		return true;
	return l != NULL && strcmp(view_instance(&j->view, l), s->instance) == 0;
}

static bool
entry_in_instance(const struct interfaces *s, const struct job *j, const struct entry *e)
{
	if (s->instance == NULL)
		return true;
	for (size_t i = 0; e->ifd != NULL && i < e->ifd->n_units; i++)
		if (instance_fits(s, j, unit_link(j, e->ifd->units[i])))
			return true;
	for (size_t i = 0; i < e->n_more; i++)
		if (instance_fits(s, j, e->more[i]))
			return true;
	return false;
}

/* --- what stands in both kinds of interface --- */

static const char *
updown(bool up)
{
	return up ? "up" : "down";
}

static bool
is_running(const struct view_link *l)
{
	return l != NULL && (l->flags & IFF_UP) != 0 && (l->flags & IFF_RUNNING) != 0;
}

static const char *
ago(struct arena *a, time_t when)
{
	char date[40];
	struct tm tm;
	long long s = (long long)time(NULL) - when;
	strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&when, &tm));
	return arena_printf(
	    a, "%s (%02lld:%02lld:%02lld ago)", date, s / 3600, s / 60 % 60, s % 60);
}

static const struct cleared *
cleared_of(const struct job *j, const struct view_link *l)
{
	const struct cleared *c = l != NULL ? smap_find(&j->n->cleared, l->device) : NULL;
	return c != NULL && c->index == l->index ? c : NULL;
}

static uint64_t
since(uint64_t now, uint64_t before)
{
	return now >= before ? now - before : now;
}

static void
number_put(struct arena *a, struct elem *e, const char *name, uint64_t n)
{
	elem_leaff(a, e, name, "%llu", (unsigned long long)n);
}

static void
traffic_put(const struct job *j, struct arena *a, struct elem *e, const struct view_link *l)
{
	static const struct rtnl_link_stats64 zero = { 0 };
	const struct cleared *c = cleared_of(j, l);
	const struct rtnl_link_stats64 *b = c != NULL ? &c->stats : &zero;
	const struct rtnl_link_stats64 *s = l != NULL ? &l->stats : &zero;
	struct elem *t = elem_add(a, e, "traffic-statistics");
	number_put(a, t, "input-bytes", since(s->rx_bytes, b->rx_bytes));
	number_put(a, t, "output-bytes", since(s->tx_bytes, b->tx_bytes));
	number_put(a, t, "input-packets", since(s->rx_packets, b->rx_packets));
	number_put(a, t, "output-packets", since(s->tx_packets, b->tx_packets));
}

static void
errors_put(const struct job *j, struct arena *a, struct elem *e, const struct view_link *l)
{
	static const struct rtnl_link_stats64 zero = { 0 };
	const struct cleared *c = cleared_of(j, l);
	const struct rtnl_link_stats64 *b = c != NULL ? &c->stats : &zero;
	const struct rtnl_link_stats64 *s = &l->stats;
	struct elem *in = elem_add(a, e, "input-error-list");
	number_put(a, in, "input-errors", since(s->rx_errors, b->rx_errors));
	number_put(a, in, "input-drops", since(s->rx_dropped, b->rx_dropped));
	number_put(a, in, "framing-errors",
	    since(s->rx_frame_errors + s->rx_crc_errors, b->rx_frame_errors + b->rx_crc_errors));
	number_put(a, in, "input-runts", 0);
	number_put(a, in, "input-discards", since(s->rx_nohandler, b->rx_nohandler));
	number_put(a, in, "input-l3-incompletes", 0);
	number_put(a, in, "input-l2-channel-errors", 0);
	number_put(
	    a, in, "input-l2-mismatch-timeouts", since(s->rx_length_errors, b->rx_length_errors));
	number_put(a, in, "input-fifo-errors", since(s->rx_fifo_errors, b->rx_fifo_errors));
	number_put(a, in, "input-resource-errors", since(s->rx_missed_errors, b->rx_missed_errors));
	struct elem *out = elem_add(a, e, "output-error-list");
	number_put(a, out, "carrier-transitions", l->carrier_changes);
	number_put(a, out, "output-errors", since(s->tx_errors, b->tx_errors));
	number_put(a, out, "output-drops", since(s->tx_dropped, b->tx_dropped));
	number_put(a, out, "output-collisions", since(s->collisions, b->collisions));
	number_put(a, out, "aged-packets", 0);
	number_put(a, out, "output-fifo-errors", since(s->tx_fifo_errors, b->tx_fifo_errors));
	number_put(a, out, "hs-link-crc-errors", 0);
	number_put(a, out, "mtu-errors", 0);
	number_put(
	    a, out, "output-resource-errors", since(s->tx_aborted_errors, b->tx_aborted_errors));
}

/* --- a physical interface --- */

static const char *
link_type(const struct entry *e)
{
	if (e->ifd != NULL && e->ifd->kind == IFD_SERVICES)
		return "Adaptive-Services";
	if (e->ifd != NULL && e->ifd->kind == IFD_ES)
		return "IPSec";
	if (e->link == NULL || e->link->type == ARPHRD_LOOPBACK)
		return e->link == NULL ? "Unspecified" : "Loopback";
	return e->link->type == ARPHRD_ETHER ? "Ethernet" : "Unspecified";
}

static void
mac_put(struct arena *a, struct elem *row, const struct view_link *l)
{
	static const char *const names[] = { "current-physical-address",
		"hardware-physical-address" };
	if (l == NULL || !l->has_mac || l->type != ARPHRD_ETHER)
		return;
	for (size_t i = 0; i < 2; i++)
		elem_leaff(a, row, names[i], "%02x:%02x:%02x:%02x:%02x:%02x", l->mac[0], l->mac[1],
		    l->mac[2], l->mac[3], l->mac[4], l->mac[5]);
}

/* A services interface is up when its picd can be: it has no device of its own. */
static void
entry_status_put(struct arena *a, struct elem *row, const struct entry *e, bool is_terse)
{
	bool has_device =
	    e->ifd == NULL || e->ifd->kind == IFD_MEDIA || e->ifd->kind == IFD_LOOPBACK;
	bool is_enabled = e->ifd != NULL ? !e->ifd->is_disabled
					 : e->link == NULL || (e->link->flags & IFF_UP) != 0;
	elem_leaf(a, row, "admin-status", updown(is_enabled));
	if (!is_terse)
		elem_leaf(a, row, "junos:format", is_enabled ? "Enabled" : "Administratively down");
	elem_leaf(
	    a, row, "oper-status", updown(is_enabled && (!has_device || is_running(e->link))));
}

static void
entry_detail_put(const struct job *j, struct arena *a, struct elem *row, const struct entry *e)
{
	const struct view_link *l = e->link;
	unsigned mtu = e->ifd != NULL ? e->ifd->mtu : 0;
	if (l != NULL) {
		elem_leaff(a, row, "local-index", "%u", l->index);
		elem_leaff(a, row, "snmp-index", "%u", l->index);
	}
	if (e->ifd != NULL && e->ifd->description != NULL)
		elem_leaf(a, row, "description", e->ifd->description);
	if (e->ifd != NULL && e->ifd->kind == IFD_SERVICES)
		elem_leaf(a, row, "if-type", "Adaptive-Services");
	elem_leaf(a, row, "link-level-type", link_type(e));
	/* JUNOS counts the link header of Ethernet */
	if (mtu == 0 && l != NULL)
		mtu = l->mtu + (l->type == ARPHRD_ETHER ? 14 : 0);
	if (mtu != 0)
		elem_leaff(a, row, "mtu", "%u", mtu);
	unsigned mbps = l != NULL ? host_link_speed(&j->n->host, l->device) : 0;
	if (mbps != 0 && mbps % 1000 == 0 && mbps >= 10000)
		elem_leaff(a, row, "speed", "%uGbps", mbps / 1000);
	else if (mbps != 0)
		elem_leaff(a, row, "speed", "%umbps", mbps);
	struct elem *flags = elem_add(a, row, "if-device-flags");
	elem_flag(a, flags, "ifdf-present");
	elem_flag(a, flags, "ifdf-running");
	mac_put(a, row, l);
	if (job_has_level(j, "brief"))
		return;
	const struct cleared *c = cleared_of(j, l);
	elem_leaf(a, row, "statistics-cleared", c != NULL ? ago(a, c->when) : "Never");
	if (l == NULL)
		return;
	traffic_put(j, a, row, l);
	errors_put(j, a, row, l);
}

static void
entry_open(struct job *j, struct interfaces *s, const struct entry *e)
{
	struct arena *a = arena_new();
	struct elem *row;
	struct elem *open = row_open_new(a, "physical-interface", &row);
	elem_leaf(a, row, "name", e->name);
	entry_status_put(a, row, e, s->is_terse);
	if (!s->is_terse)
		entry_detail_put(j, a, row, e);
	job_row(j, open);
	arena_free(a);
	s->is_open = true;
}

/* --- a unit --- */

/* JUNOS leaves out the octets of an IPv4 network that are all zero: 10/8, 192.0.2/24. */
static const char *
network_text(struct arena *a, struct prefix p)
{
	char text[PREFIX_STRLEN];
	struct prefix net = prefix_network(p);
	if (net.addr.family == ADDR_V6)
		return arena_strdup(a, prefix_print(net, text));
	size_t n = ((size_t)p.len + 7) / 8;
	struct text t = { 0 };
	for (size_t i = 0; i < (n > 0 ? n : 1); i++)
		text_printf(&t, "%s%u", i > 0 ? "." : "", net.addr.b[i]);
	text_printf(&t, "/%u", p.len);
	const char *out = arena_strdup(a, text_str(&t));
	text_done(&t);
	return out;
}

/* The last address of an IPv4 network, ADDR_NONE if that is an ordinary one. */
static struct addr
broadcast_of(struct prefix p)
{
	if (p.addr.family != ADDR_V4 || p.len > 30)
		return (struct addr){ 0 };
	for (unsigned bit = p.len; bit < 32; bit++)
		p.addr.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return p.addr;
}

static void
address_put(struct arena *a, struct elem *family, const struct view_addr *v, size_t nth,
    bool is_terse, bool can_broadcast)
{
	char text[PREFIX_STRLEN];
	bool has_peer = v->peer.family != ADDR_NONE;
	struct elem *e = elem_add(a, family, "interface-address");
	bool is_host = v->local.len == addr_len(v->local.addr) * 8;
	if (is_terse) {
		struct prefix p = v->local;
		elem_leaf(a, e, "ifa-local",
		    has_peer || is_host ? addr_print(p.addr, text) : prefix_print(p, text));
		if (has_peer)
			elem_leaf(a, e, "ifa-destination", addr_print(v->peer, text));
		else if (is_host)
			elem_leaf(
			    a, e, "ifa-destination", p.addr.family == ADDR_V4 ? "0/0" : "::/0");
		return;
	}
	struct elem *flags = elem_add(a, e, "ifa-flags");
	elem_flag(a, flags, "ifaf-current-preferred");
	if (nth == 0)
		elem_flag(a, flags, "ifaf-current-primary");
	if (has_peer)
		elem_leaf(a, e, "ifa-destination", addr_print(v->peer, text));
	else if (!is_host)
		elem_leaf(a, e, "ifa-destination", network_text(a, v->local));
	elem_leaf(a, e, "ifa-local", addr_print(v->local.addr, text));
	struct addr broadcast = v->broadcast;
	if (broadcast.family == ADDR_NONE && can_broadcast && !has_peer)
		broadcast = broadcast_of(v->local);
	if (broadcast.family == ADDR_V4)
		elem_leaf(a, e, "ifa-broadcast", addr_print(broadcast, text));
}

/* The loopback addresses of every host are nobody's business. */
static bool
is_shown(const struct view_addr *v, uint8_t family)
{
	static const uint8_t one[16] = { [15] = 1 };
	if (v->local.addr.family != family)
		return false;
	return family == ADDR_V4 ? v->local.addr.b[0] != 127
				 : memcmp(v->local.addr.b, one, sizeof(one)) != 0;
}

static void
family_put(const struct job *j, struct arena *a, struct elem *row, const char *name, uint8_t family,
    const struct conf_family *f, const struct view_link *l, bool is_terse)
{
	struct elem *e = NULL;
	size_t n = 0;
	if (f != NULL && f->is_set)
		e = elem_add(a, row, "address-family");
	for (size_t i = 0; l != NULL && i < l->n_addrs; i++) {
		const struct view_addr *v = &j->view.addrs[l->first_addr + i];
		if (!is_shown(v, family))
			continue;
		if (e == NULL)
			e = elem_add(a, row, "address-family");
		if (n == 0)
			elem_leaf(a, e, "address-family-name", name);
		if (n == 0 && !is_terse)
			elem_leaff(a, e, "mtu", "%u", f != NULL && f->mtu != 0 ? f->mtu : l->mtu);
		address_put(a, e, v, n++, is_terse, (l->flags & IFF_BROADCAST) != 0);
	}
	if (e == NULL || n > 0)
		return;
	elem_leaf(a, e, "address-family-name", name);
	if (!is_terse && (f->mtu != 0 || l != NULL))
		elem_leaff(a, e, "mtu", "%u", f->mtu != 0 ? f->mtu : l->mtu);
}

static void
unit_detail_put(const struct job *j, struct arena *a, struct elem *row, const struct entry *e,
    const struct conf_unit *u, const struct view_link *l)
{
	bool is_virtual =
	    e->ifd != NULL && (e->ifd->kind == IFD_SERVICES || e->ifd->kind == IFD_ES);
	if (l != NULL) {
		elem_leaff(a, row, "local-index", "%u", l->index);
		elem_leaff(a, row, "snmp-index", "%u", l->index);
	}
	if (u != NULL && u->description != NULL)
		elem_leaf(a, row, "description", u->description);
	struct elem *flags = elem_add(a, row, "if-config-flags");
	if (!is_running(l))
		elem_flag(a, flags, "iff-device-down");
	if (is_virtual)
		elem_flag(a, flags, "iff-point-to-point");
	elem_flag(a, flags, "iff-snmp-traps");
	elem_leaf(a, row, "encapsulation",
	    is_virtual                             ? link_type(e)
	    : l != NULL && l->type == ARPHRD_ETHER ? "ENET2"
						   : "Unspecified");
	if (l != NULL)
		elem_leaf(a, row, "link-address", l->device);
	if (!job_has_level(j, "brief"))
		traffic_put(j, a, row, l);
}

/* U or L may be NULL, not both. Returns false if it is not asked for. */
static bool
unit_put(struct job *j, struct interfaces *s, const struct entry *e, const struct conf_unit *u,
    const struct view_link *l, const char *name)
{
	bool is_off = u != NULL ? u->is_disabled || u->ifd->is_disabled : (l->flags & IFF_UP) == 0;
	const char *description = u != NULL ? u->description : NULL;
	if (!instance_fits(s, j, l) || (s->is_descriptions && description == NULL))
		return false;
	struct arena *a = arena_new();
	struct elem *row = elem_new(a, "logical-interface");
	elem_leaf(a, row, "name", name);
	if (s->is_terse || s->is_descriptions) {
		elem_leaf(a, row, "admin-status", updown(!is_off));
		elem_leaf(a, row, "oper-status", updown(!is_off && is_running(l)));
	}
	if (s->is_descriptions)
		elem_leaf(a, row, "description", description);
	else if (!s->is_terse)
		unit_detail_put(j, a, row, e, u, l);
	if (!s->is_descriptions) {
		family_put(j, a, row, "inet", ADDR_V4, u != NULL ? &u->inet : NULL, l, s->is_terse);
		family_put(
		    j, a, row, "inet6", ADDR_V6, u != NULL ? &u->inet6 : NULL, l, s->is_terse);
	}
	job_row(j, row);
	arena_free(a);
	return true;
}

/* --- the walk --- */

static struct interfaces *
interfaces_begin(struct job *j)
{
	struct interfaces *s = arena_alloc(j->a, sizeof(*s));
	s->name = elem_value(j->args, "interface-name");
	s->instance = elem_value(j->args, "routing-instance");
	if (s->name != NULL && strcmp(s->name, "all") == 0)
		s->name = NULL;
	if (s->name != NULL && strpbrk(s->name, "*?[") != NULL)
		s->pattern = arena_printf(j->a, "<%s>", s->name);
	s->is_terse = job_has_level(j, "terse");
	s->is_descriptions = job_has_level(j, "descriptions");
	entries_make(s, j);
	j->state = s;
	const struct view_link *vrf =
	    s->instance != NULL ? view_device(&j->view, s->instance) : NULL;
	if (s->instance != NULL && strcmp(s->instance, "master") == 0)
		s->instance = "";
	else if (s->instance != NULL && (vrf == NULL || vrf->vrf_table == 0))
		j->error = arena_printf(j->a, "error: instance %s is not running", s->instance);
	return s;
}

/* What a physical interface says about itself, if it is asked for as a whole. */
static void
entry_begin(struct job *j, struct interfaces *s, const struct entry *e)
{
	if (!name_fits(s, e->name) || !entry_in_instance(s, j, e))
		return;
	s->is_found = true;
	if (!s->is_descriptions) {
		entry_open(j, s, e);
		return;
	}
	if (e->ifd == NULL || e->ifd->description == NULL)
		return;
	struct arena *a = arena_new();
	struct elem *row = elem_new(a, "physical-interface");
	elem_leaf(a, row, "name", e->name);
	entry_status_put(a, row, e, true);
	elem_leaf(a, row, "description", e->ifd->description);
	job_row(j, row);
	arena_free(a);
}

static void
entry_end(struct job *j, struct interfaces *s)
{
	if (s->is_open) {
		struct arena *a = arena_new();
		job_row(j, row_close_new(a));
		arena_free(a);
	}
	s->is_open = false;
	s->unit = 0;
	s->at++;
}

static int
interfaces_step(struct job *j)
{
	struct interfaces *s = j->state != NULL ? j->state : interfaces_begin(j);
	if (s->at == s->n) {
		if (s->name != NULL && s->pattern == NULL && !s->is_found)
			j->error = arena_printf(j->a, "error: device %s not found", s->name);
		return 0;
	}
	const struct entry *e = &s->list[s->at];
	size_t n_units = e->ifd != NULL ? e->ifd->n_units : 0;
	if (s->unit == 0)
		entry_begin(j, s, e);
	if (s->unit == n_units + e->n_more) {
		entry_end(j, s);
		return 1;
	}
	size_t i = s->unit++;
	const struct conf_unit *u = i < n_units ? e->ifd->units[i] : NULL;
	const struct view_link *l = u != NULL ? unit_link(j, u) : e->more[i - n_units];
	const char *name = u != NULL ? u->name : view_unit_name(&j->view, l, j->a);
	bool is_whole = s->is_open || name_fits(s, e->name);
	if ((is_whole || name_fits(s, name)) && unit_put(j, s, e, u, l, name))
		s->is_found = true;
	return 1;
}

static void
interfaces_done(struct job *j)
{
	struct interfaces *s = j->state;
	if (s != NULL)
		smap_done(&s->by_name);
}

const struct job_kind job_interfaces = {
	.rpc = "get-interface-information",
	.view = JOB_VIEW_STATS,
	.step = interfaces_step,
	.done = interfaces_done,
};

/* --- clear interfaces statistics --- */

static void
counters_clear(struct netd *n, const struct view_link *l)
{
	if (n->cleared_arena == NULL)
		n->cleared_arena = arena_new();
	struct cleared *c = smap_find(&n->cleared, l->device);
	if (c == NULL) {
		c = arena_alloc(n->cleared_arena, sizeof(*c));
		(void)smap_add(&n->cleared, arena_strdup(n->cleared_arena, l->device), c);
	}
	*c = (struct cleared){ .index = l->index, .when = time(NULL), .stats = l->stats };
}

static int
clear_step(struct job *j)
{
	struct interfaces *s = interfaces_begin(j);
	const struct view *v = &j->view;
	for (size_t i = 0; i < v->n_links; i++) {
		const struct view_link *l = &v->links[i];
		if (!name_fits(s, view_ifd_name(v, l, j->a)) &&
		    !name_fits(s, view_unit_name(v, l, j->a)))
			continue;
		s->is_found = true;
		counters_clear(j->n, l);
	}
	/* one without a device has nothing to clear */
	if (!s->is_found && s->pattern == NULL && s->name != NULL && entry_find(s, s->name) == NULL)
		j->error = arena_printf(j->a, "error: device %s not found", s->name);
	return 0;
}

const struct job_kind job_clear_interfaces = {
	.rpc = "clear-interfaces-statistics",
	.view = JOB_VIEW_STATS,
	.step = clear_step,
	.done = interfaces_done,
};
