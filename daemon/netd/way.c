/* SPDX-License-Identifier: BSD-2-Clause
 *
 * way.c - which frame the kernel would make of a packet to somewhere.
 *
 * Three questions to netlink: the route, with our mark, so that it is that of what picd sends; the device; the neighbour.
 * A neighbour that has not been found yet is none: the kernel looks for it when a packet goes by its own way.
 */
#include "daemon/netd/way.h"

#include "daemon/netd/host.h"
#include "daemon/netd/mark.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

enum {
	NEIGHBOUR_GOOD = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT,
	MAC_LEN = 6,
};

static uint8_t
af(struct addr a)
{
	return a.family == ADDR_V4 ? AF_INET : AF_INET6;
}

/* --- the route --- */

struct route {
	struct way *way;
	bool is_usable;
	bool has_encap;
};

static struct addr
attr_addr(const uint8_t *p, size_t n)
{
	return n == 4 ? addr_v4(p) : n == 16 ? addr_v6(p) : (struct addr){ 0 };
}

static int
on_route_attr(const struct nlattr *a, void *arg)
{
	struct route *r = arg;
	const uint8_t *p = mnl_attr_get_payload(a);
	size_t n = mnl_attr_get_payload_len(a);
	switch (mnl_attr_get_type(a)) {
	case RTA_OIF:
		if (n == sizeof(uint32_t))
			r->way->ifindex = mnl_attr_get_u32(a);
		break;
	case RTA_GATEWAY:
		r->way->next = attr_addr(p, n);
		break;
	case RTA_VIA: /* a next hop of the other family: two octets say which */
		if (n > sizeof(uint16_t))
			r->way->next = attr_addr(p + sizeof(uint16_t), n - sizeof(uint16_t));
		break;
	case RTA_ENCAP_TYPE:
		r->has_encap = true;
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static void
on_route(const struct nlmsghdr *h, void *arg)
{
	struct route *r = arg;
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	if (h->nlmsg_type != RTM_NEWROUTE || m->rtm_type != RTN_UNICAST)
		return;
	mnl_attr_parse(h, sizeof(*m), on_route_attr, r);
	r->is_usable = r->way->ifindex != 0 && !r->has_encap;
}

static int
route_find(struct host *h, struct addr local, struct addr remote, struct way *out)
{
	struct nl_req q;
	struct route r = { .way = out };
	struct rtmsg *m = nl_start(&q, RTM_GETROUTE, 0, sizeof(*m));
	m->rtm_family = af(remote);
	m->rtm_dst_len = (uint8_t)(addr_len(remote) * 8);
	m->rtm_src_len = (uint8_t)(addr_len(local) * 8);
	mnl_attr_put(&q.head, RTA_DST, addr_len(remote), remote.b);
	mnl_attr_put(&q.head, RTA_SRC, addr_len(local), local.b);
	mnl_attr_put_u32(&q.head, RTA_MARK, MARK_BYPASS);
	out->next = remote;
	int rc = nl_get(&h->nl, &q, on_route, &r);
	return rc < 0 ? rc : r.is_usable ? 0 : -EHOSTUNREACH;
}

/* --- the device --- */

struct device {
	struct way *way;
	bool has_mac;
	bool has_master;
	bool has_kind; /* that is not the Ethernet of a virtual machine's or container's own */
};

static int
on_kind_attr(const struct nlattr *a, void *arg)
{
	struct device *d = arg;
	if (mnl_attr_get_type(a) == IFLA_INFO_KIND) {
		d->way->is_veth =
		    strncmp(mnl_attr_get_str(a), "veth", mnl_attr_get_payload_len(a)) == 0;
		d->has_kind = !d->way->is_veth;
	}
	return MNL_CB_OK;
}

static int
on_device_attr(const struct nlattr *a, void *arg)
{
	struct device *d = arg;
	size_t n = mnl_attr_get_payload_len(a);
	switch (mnl_attr_get_type(a)) {
	case IFLA_IFNAME:
		if (n > 0 && n <= sizeof(d->way->device))
			memcpy(d->way->device, mnl_attr_get_payload(a), n);
		d->way->device[sizeof(d->way->device) - 1] = '\0';
		break;
	case IFLA_ADDRESS:
		d->has_mac = n == MAC_LEN;
		if (d->has_mac)
			memcpy(d->way->from, mnl_attr_get_payload(a), n);
		break;
	case IFLA_MTU:
		if (n == sizeof(uint32_t))
			d->way->mtu = mnl_attr_get_u32(a);
		break;
	case IFLA_MASTER:
		d->has_master = true;
		break;
	case IFLA_LINKINFO:
		mnl_attr_parse_nested(a, on_kind_attr, d);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static void
on_device(const struct nlmsghdr *h, void *arg)
{
	struct device *d = arg;
	const struct ifinfomsg *m = mnl_nlmsg_get_payload(h);
	if (h->nlmsg_type != RTM_NEWLINK)
		return;
	mnl_attr_parse(h, sizeof(*m), on_device_attr, d);
	d->way->ifindex = (unsigned)m->ifi_index;
	d->way->is_up = (m->ifi_flags & IFF_UP) != 0;
	d->way->is_ethernet =
	    m->ifi_type == ARPHRD_ETHER && d->has_mac && !d->has_master && !d->has_kind;
}

int
way_device(struct host *h, unsigned ifindex, struct way *out)
{
	struct nl_req q;
	struct device d = { .way = out };
	struct ifinfomsg *m = nl_start(&q, RTM_GETLINK, 0, sizeof(*m));
	m->ifi_index = (int)ifindex;
	return nl_get(&h->nl, &q, on_device, &d);
}

/* --- the neighbour --- */

static int
on_neighbour_attr(const struct nlattr *a, void *arg)
{
	struct way *w = arg;
	if (mnl_attr_get_type(a) == NDA_LLADDR && mnl_attr_get_payload_len(a) == MAC_LEN) {
		memcpy(w->to, mnl_attr_get_payload(a), MAC_LEN);
		w->has_to = true;
	}
	return MNL_CB_OK;
}

static void
on_neighbour(const struct nlmsghdr *h, void *arg)
{
	const struct ndmsg *m = mnl_nlmsg_get_payload(h);
	if (h->nlmsg_type == RTM_NEWNEIGH && (m->ndm_state & NEIGHBOUR_GOOD) != 0)
		mnl_attr_parse(h, sizeof(*m), on_neighbour_attr, arg);
}

static int
neighbour_find(struct host *h, struct way *w)
{
	struct nl_req q;
	struct ndmsg *m = nl_start(&q, RTM_GETNEIGH, 0, sizeof(*m));
	m->ndm_family = af(w->next);
	m->ndm_ifindex = (int)w->ifindex;
	mnl_attr_put(&q.head, NDA_DST, addr_len(w->next), w->next.b);
	int rc = nl_get(&h->nl, &q, on_neighbour, w);
	return rc == -ENOENT ? 0 : rc;
}

int
way_find(struct host *h, struct addr local, struct addr remote, struct way *out)
{
	*out = (struct way){ 0 };
	int rc = route_find(h, local, remote, out);
	if (rc == 0)
		rc = way_device(h, out->ifindex, out);
	if (rc == 0 && out->is_ethernet)
		rc = neighbour_find(h, out);
	return rc;
}
