/* SPDX-License-Identifier: BSD-2-Clause
 *
 * view.c - the devices and addresses of the host at one moment, for the commands that show them.
 */
#include "daemon/netd/view.h"

#include "daemon/netd/mark.h"
#include "lib/base/arena.h"
#include "lib/conf/conf.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Room for one more element of SIZE bytes; returns the array. */
static void *
grow(void *list, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return list;
	*cap = *cap * 2 + 64;
	list = reallocarray(list, *cap, size);
	if (list == NULL)
		abort();
	return list;
}

/* --- devices --- */

static int
on_vrf_attr(const struct nlattr *a, void *arg)
{
	struct view_link *l = arg;
	if (mnl_attr_get_type(a) == IFLA_VRF_TABLE && mnl_attr_get_payload_len(a) == 4)
		l->vrf_table = mnl_attr_get_u32(a);
	return MNL_CB_OK;
}

struct link_info {
	const char *kind;
	const struct nlattr *data;
};

static int
on_info_attr(const struct nlattr *a, void *arg)
{
	struct link_info *i = arg;
	if (mnl_attr_get_type(a) == IFLA_INFO_KIND &&
	    mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
		i->kind = mnl_attr_get_str(a);
	else if (mnl_attr_get_type(a) == IFLA_INFO_DATA)
		i->data = a;
	return MNL_CB_OK;
}

static void
info_read(const struct nlattr *a, struct view_link *l)
{
	struct link_info i = { 0 };
	mnl_attr_parse_nested(a, on_info_attr, &i);
	l->is_vlan = i.kind != NULL && strcmp(i.kind, "vlan") == 0;
	if (i.kind != NULL && i.data != NULL && strcmp(i.kind, "vrf") == 0)
		mnl_attr_parse_nested(i.data, on_vrf_attr, l);
}

static void
number_read(const struct nlattr *a, uint16_t type, struct view_link *l)
{
	uint32_t n = mnl_attr_get_payload_len(a) == 4 ? mnl_attr_get_u32(a) : 0;
	if (type == IFLA_MTU)
		l->mtu = n;
	else if (type == IFLA_MASTER)
		l->master = n;
	else if (type == IFLA_LINK)
		l->parent = n;
	else if (type == IFLA_CARRIER_CHANGES)
		l->carrier_changes = n;
}

static int
on_link_attr(const struct nlattr *a, void *arg)
{
	struct view_link *l = arg;
	size_t n = mnl_attr_get_payload_len(a);
	const void *p = mnl_attr_get_payload(a);
	uint16_t type = mnl_attr_get_type(a);
	if (type == IFLA_IFNAME && n > 0 && n <= sizeof(l->device))
		memcpy(l->device, p, n - 1);
	else if (type == IFLA_ADDRESS && n == sizeof(l->mac)) {
		memcpy(l->mac, p, n);
		l->has_mac = true;
	} else if (type == IFLA_IFALIAS && n == sizeof(DEVICE_ALIAS)) {
		l->is_ours = memcmp(p, DEVICE_ALIAS, n) == 0;
	} else if (type == IFLA_STATS64) {
		memcpy(&l->stats, p, n < sizeof(l->stats) ? n : sizeof(l->stats));
	} else if (type == IFLA_LINKINFO) {
		info_read(a, l);
	} else {
		number_read(a, type, l);
	}
	return MNL_CB_OK;
}

static void
on_link(const struct nlmsghdr *h, void *arg)
{
	struct view *v = arg;
	const struct ifinfomsg *m = mnl_nlmsg_get_payload(h);
	if (h->nlmsg_type != RTM_NEWLINK)
		return;
	v->links = grow(v->links, v->n_links, &v->cap_links, sizeof(*v->links));
	struct view_link *l = &v->links[v->n_links++];
	*l = (struct view_link){
		.index = (unsigned)m->ifi_index,
		.flags = m->ifi_flags,
		.type = m->ifi_type,
	};
	mnl_attr_parse(h, sizeof(*m), on_link_attr, l);
	if (!l->is_vlan)
		l->parent = 0;
}

/* --- addresses --- */

struct addr_read {
	struct view_addr addr;
	struct addr far;  /* IFA_ADDRESS */
	uint32_t created; /* hundredths of a second since the host started */
	uint32_t flags;
};

static struct addr
addr_of(const struct nlattr *a)
{
	uint16_t n = mnl_attr_get_payload_len(a);
	if (n == 4)
		return addr_v4(mnl_attr_get_payload(a));
	return n == 16 ? addr_v6(mnl_attr_get_payload(a)) : (struct addr){ 0 };
}

static int
on_addr_attr(const struct nlattr *a, void *arg)
{
	struct addr_read *r = arg;
	struct ifa_cacheinfo info;
	switch (mnl_attr_get_type(a)) {
	case IFA_LOCAL:
		r->addr.local.addr = addr_of(a);
		break;
	case IFA_ADDRESS:
		r->far = addr_of(a);
		break;
	case IFA_BROADCAST:
		r->addr.broadcast = addr_of(a);
		break;
	case IFA_FLAGS:
		if (mnl_attr_get_payload_len(a) == 4)
			r->flags = mnl_attr_get_u32(a);
		break;
	case IFA_CACHEINFO:
		if (mnl_attr_get_payload_len(a) < sizeof(info))
			break;
		memcpy(&info, mnl_attr_get_payload(a), sizeof(info));
		r->created = info.cstamp;
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static void
on_addr(const struct nlmsghdr *h, void *arg)
{
	struct view *v = arg;
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	if (h->nlmsg_type != RTM_NEWADDR || (m->ifa_family != AF_INET && m->ifa_family != AF_INET6))
		return;
	struct addr_read r = {
		.addr = { .index = m->ifa_index, .local.len = m->ifa_prefixlen },
		.flags = m->ifa_flags,
	};
	mnl_attr_parse(h, sizeof(*m), on_addr_attr, &r);
	if (r.addr.local.addr.family == ADDR_NONE)
		r.addr.local.addr = r.far;
	else if (!addr_eq(r.addr.local.addr, r.far))
		r.addr.peer = r.far;
	r.addr.is_secondary = m->ifa_family == AF_INET && (r.flags & IFA_F_SECONDARY) != 0;
	uint32_t created_s = r.created / 100;
	r.addr.since_s = v->now_s > created_s ? v->now_s - created_s : 0;
	v->addrs = grow(v->addrs, v->n_addrs, &v->cap_addrs, sizeof(*v->addrs));
	v->addrs[v->n_addrs++] = r.addr;
}

/* --- both together --- */

static int
links_order(const void *a, const void *b)
{
	const struct view_link *x = a;
	const struct view_link *y = b;
	return (x->index > y->index) - (x->index < y->index);
}

/* IPv4 before IPv6, primary ones first, then as JUNOS does: small ones first. */
static int
addrs_order(const void *a, const void *b)
{
	const struct view_addr *x = a;
	const struct view_addr *y = b;
	if (x->index != y->index)
		return x->index > y->index ? 1 : -1;
	if (x->local.addr.family != y->local.addr.family)
		return x->local.addr.family > y->local.addr.family ? 1 : -1;
	if (x->is_secondary != y->is_secondary)
		return x->is_secondary ? 1 : -1;
	return memcmp(x->local.addr.b, y->local.addr.b, sizeof(x->local.addr.b));
}

static void
addrs_assign(struct view *v)
{
	size_t k = 0;
	for (size_t i = 0; i < v->n_links; i++) {
		struct view_link *l = &v->links[i];
		while (k < v->n_addrs && v->addrs[k].index < l->index)
			k++;
		l->first_addr = k;
		while (k < v->n_addrs && v->addrs[k].index == l->index)
			k++;
		l->n_addrs = k - l->first_addr;
	}
}

static void
units_assign(struct view *v, const struct conf *c)
{
	for (size_t i = 0; c != NULL && i < c->n_ifds; i++)
		for (size_t k = 0; k < c->ifds[i]->n_units; k++) {
			const struct conf_unit *u = c->ifds[i]->units[k];
			bool is_loopback = c->ifds[i]->kind == IFD_LOOPBACK;
			struct view_link *l =
			    smap_find(&v->by_device, is_loopback ? "lo" : u->device);
			if (l != NULL && l->unit == NULL)
				l->unit = u;
		}
}

static int
dump_ask(struct view *v, struct nl *nl)
{
	struct nl_req r;
	if (v->stage == VIEW_LINKS) {
		struct ifinfomsg *m = nl_start(&r, RTM_GETLINK, 0, sizeof(*m));
		m->ifi_family = AF_UNSPEC;
		if (!v->has_stats)
			mnl_attr_put_u32(&r.head, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	} else {
		struct timespec now;
		clock_gettime(CLOCK_BOOTTIME, &now);
		v->now_s = (uint32_t)now.tv_sec;
		nl_start(&r, RTM_GETADDR, 0, sizeof(struct ifaddrmsg));
	}
	return nl_dump_start(nl, &r);
}

static void
complete(struct view *v, const struct conf *c)
{
	if (v->n_links > 1)
		qsort(v->links, v->n_links, sizeof(*v->links), links_order);
	if (v->n_addrs > 1)
		qsort(v->addrs, v->n_addrs, sizeof(*v->addrs), addrs_order);
	for (size_t i = 0; i < v->n_links; i++)
		(void)smap_add(&v->by_device, v->links[i].device, &v->links[i]);
	addrs_assign(v);
	units_assign(v, c);
}

int
view_step(struct view *v, struct nl *nl, const struct conf *c)
{
	if (v->stage == VIEW_COMPLETE)
		return 0;
	if (!v->is_asked) {
		int rc = dump_ask(v, nl);
		v->is_asked = rc == 0;
		return rc == 0 ? 1 : rc;
	}
	int rc = nl_dump_step(nl, v->stage == VIEW_LINKS ? on_link : on_addr, v);
	if (rc != 0)
		return rc;
	v->is_asked = false;
	v->stage++;
	if (v->stage != VIEW_COMPLETE)
		return 1;
	complete(v, c);
	return 0;
}

void
view_done(struct view *v)
{
	smap_done(&v->by_device);
	free(v->links);
	free(v->addrs);
	*v = (struct view){ 0 };
}

const struct view_link *
view_link(const struct view *v, unsigned index)
{
	struct view_link key = { .index = index };
	if (v->n_links == 0)
		return NULL;
	return bsearch(&key, v->links, v->n_links, sizeof(*v->links), links_order);
}

const struct view_link *
view_device(const struct view *v, const char *device)
{
	return smap_find(&v->by_device, device);
}

/* --- names --- */

const char *
view_ifd_name(const struct view *v, const struct view_link *l, struct arena *a)
{
	const struct view_link *below = l->parent != 0 ? view_link(v, l->parent) : NULL;
	if (l->unit != NULL)
		return l->unit->ifd->name;
	if (below != NULL)
		return below->unit != NULL ? below->unit->ifd->name
					   : arena_strdup(a, below->device);
	return strcmp(l->device, "lo") == 0 ? "lo0" : arena_strdup(a, l->device);
}

const char *
view_unit_name(const struct view *v, const struct view_link *l, struct arena *a)
{
	if (l->unit != NULL)
		return l->unit->name;
	const char *ifd = view_ifd_name(v, l, a);
	const char *dot = l->parent != 0 ? strrchr(l->device, '.') : NULL;
	/* a VLAN that is not called after its device has no number that we could know */
	if (l->parent != 0 && dot == NULL)
		return arena_strdup(a, l->device);
	return arena_printf(a, "%s.%s", ifd, dot != NULL ? dot + 1 : "0");
}

const char *
view_instance(const struct view *v, const struct view_link *l)
{
	const struct view_link *master = l->master != 0 ? view_link(v, l->master) : NULL;
	if (l->vrf_table != 0)
		return l->device;
	return master != NULL && master->vrf_table != 0 ? master->device : "";
}
