/* SPDX-License-Identifier: BSD-2-Clause
 *
 * host.c - the kernel's network as netd changes it: links, addresses, routes, policy rules, sysctls.
 *
 * Addresses, routes and rules are made with our own protocol number and devices with our alias (mark.h), by which
 * leftover.c finds what a killed netd left.
 */
#include "daemon/netd/host.h"

#include "daemon/netd/mark.h"
#include "daemon/netd/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/ethtool.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IFA_PROTO
#define IFA_PROTO 11 /* Linux 5.18; an older kernel ignores it */
#endif

int
host_open(struct host *h)
{
	*h = (struct host){ .ioctl_fd = -1 };
	int rc = nl_open(&h->nl, NETLINK_ROUTE);
	if (rc < 0)
		return rc;
	h->ioctl_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return h->ioctl_fd < 0 ? -errno : 0;
}

void
host_close(struct host *h)
{
	nl_close(&h->nl);
	if (h->ioctl_fd >= 0)
		close(h->ioctl_fd);
	h->ioctl_fd = -1;
}

static bool
ifreq_ask(const struct host *h, const char *device, unsigned question, struct ifreq *out)
{
	size_t n = strlen(device);
	*out = (struct ifreq){ 0 };
	if (n >= sizeof(out->ifr_name))
		return false;
	memcpy(out->ifr_name, device, n);
	return ioctl(h->ioctl_fd, question, out) == 0;
}

unsigned
host_ifindex(const struct host *h, const char *device)
{
	struct ifreq ifr;
	return ifreq_ask(h, device, SIOCGIFINDEX, &ifr) ? (unsigned)ifr.ifr_ifindex : 0;
}

unsigned
host_ifflags(const struct host *h, const char *device)
{
	struct ifreq ifr;
	return ifreq_ask(h, device, SIOCGIFFLAGS, &ifr) ? (uint16_t)ifr.ifr_flags : 0;
}

unsigned
host_link_header(const struct host *h, const char *device)
{
	struct ifreq ifr;
	if (!ifreq_ask(h, device, SIOCGIFHWADDR, &ifr))
		return 14;
	return ifr.ifr_hwaddr.sa_family == ARPHRD_ETHER ||
		       ifr.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK
		   ? 14
		   : 0;
}

unsigned
host_link_speed(const struct host *h, const char *device)
{
	struct ethtool_cmd ask = { .cmd = ETHTOOL_GSET };
	struct ifreq ifr = { 0 };
	size_t n = strlen(device);
	if (n >= sizeof(ifr.ifr_name))
		return 0;
	memcpy(ifr.ifr_name, device, n);
	ifr.ifr_data = (void *)&ask;
	if (ioctl(h->ioctl_fd, SIOCETHTOOL, &ifr) < 0)
		return 0;
	uint32_t speed = ethtool_cmd_speed(&ask);
	return speed <= INT32_MAX ? speed : 0;
}

int
host_link_del(struct host *h, const char *device)
{
	struct nl_req r;
	struct ifinfomsg *m = nl_start(&r, RTM_DELLINK, 0, sizeof(*m));
	m->ifi_index = (int)host_ifindex(h, device);
	return m->ifi_index == 0 ? -ENODEV : nl_do(&h->nl, &r);
}

int
host_link_doom(struct host *h, unsigned ifindex)
{
	struct nl_req r;
	struct ifinfomsg *m = nl_start(&r, RTM_NEWLINK, 0, sizeof(*m));
	m->ifi_index = (int)ifindex;
	mnl_attr_put_u32(&r.head, IFLA_GROUP, GROUP_DOOMED);
	return ifindex == 0 ? -ENODEV : nl_do(&h->nl, &r);
}

int
host_links_del_doomed(struct host *h)
{
	struct nl_req r;
	nl_start(&r, RTM_DELLINK, 0, sizeof(struct ifinfomsg));
	mnl_attr_put_u32(&r.head, IFLA_GROUP, GROUP_DOOMED);
	return nl_do(&h->nl, &r);
}

int
host_link_set(struct host *h, const char *device, bool up)
{
	struct nl_req r;
	struct ifinfomsg *m = nl_start(&r, RTM_NEWLINK, 0, sizeof(*m));
	m->ifi_index = (int)host_ifindex(h, device);
	if (m->ifi_index == 0)
		return -ENODEV;
	m->ifi_flags = up ? IFF_UP : 0;
	m->ifi_change = IFF_UP;
	return nl_do(&h->nl, &r);
}

int
host_tun_adopt(struct host *h, const char *device, unsigned mtu)
{
	struct nl_req r;
	struct ifinfomsg *m = nl_start(&r, RTM_NEWLINK, 0, sizeof(*m));
	m->ifi_index = (int)host_ifindex(h, device);
	if (m->ifi_index == 0)
		return -ENODEV;
	mnl_attr_put_u32(&r.head, IFLA_MTU, mtu);
	mnl_attr_put_strz(&r.head, IFLA_IFALIAS, DEVICE_ALIAS);
	return nl_do(&h->nl, &r);
}

int
host_link_direct(struct host *h, const char *device)
{
	struct nl_req r;
	struct tcmsg *m = nl_start(&r, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*m));
	m->tcm_ifindex = (int)host_ifindex(h, device);
	m->tcm_parent = TC_H_ROOT;
	mnl_attr_put_strz(&r.head, TCA_KIND, "noqueue");
	return nl_do(&h->nl, &r);
}

static uint8_t
af(uint8_t family)
{
	return family == ADDR_V4 ? AF_INET : AF_INET6;
}

int
host_addr(struct host *h, const struct item *it, bool add)
{
	struct nl_req r;
	bool has_peer = it->peer.family != ADDR_NONE;
	struct addr far = has_peer ? it->peer : it->prefix.addr;
	size_t len = addr_len(far);
	struct ifaddrmsg *m = nl_start(
	    &r, add ? RTM_NEWADDR : RTM_DELADDR, add ? NLM_F_CREATE | NLM_F_EXCL : 0, sizeof(*m));
	m->ifa_family = af(it->prefix.addr.family);
	/* with a peer, the route that comes with the address leads to the peer alone */
	m->ifa_prefixlen = has_peer ? (uint8_t)(len * 8) : it->prefix.len;
	m->ifa_index = host_ifindex(h, it->device);
	if (m->ifa_index == 0)
		return -ENODEV;
	/* nobody else can be on the far side of a TUN device */
	if (it->prefix.addr.family == ADDR_V6 && host_link_header(h, it->device) == 0)
		m->ifa_flags = IFA_F_NODAD;
	mnl_attr_put(&r.head, IFA_LOCAL, len, it->prefix.addr.b);
	mnl_attr_put(&r.head, IFA_ADDRESS, len, far.b);
	if (add)
		mnl_attr_put_u8(&r.head, IFA_PROTO, PROTO_SALLYPORT);
	return nl_do(&h->nl, &r);
}

int
host_route(struct host *h, const struct item *it, bool add, bool replace)
{
	static const uint8_t types[] = {
		[ROUTE_VIA] = RTN_UNICAST,
		[ROUTE_DEVICE] = RTN_UNICAST,
		[ROUTE_BLACKHOLE] = RTN_BLACKHOLE,
		[ROUTE_UNREACHABLE] = RTN_UNREACHABLE,
	};
	struct nl_req r;
	uint16_t flags = NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL);
	struct rtmsg *m =
	    nl_start(&r, add ? RTM_NEWROUTE : RTM_DELROUTE, add ? flags : 0, sizeof(*m));
	m->rtm_family = af(it->prefix.addr.family);
	m->rtm_dst_len = it->prefix.len;
	m->rtm_table = RT_TABLE_UNSPEC;
	m->rtm_protocol = PROTO_SALLYPORT;
	m->rtm_scope = it->route == ROUTE_DEVICE ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	m->rtm_type = types[it->route];
	mnl_attr_put_u32(&r.head, RTA_TABLE, it->table != 0 ? it->table : RT_TABLE_MAIN);
	if (it->prefix.len > 0)
		mnl_attr_put(&r.head, RTA_DST, addr_len(it->prefix.addr), it->prefix.addr.b);
	if (it->route == ROUTE_VIA)
		mnl_attr_put(&r.head, RTA_GATEWAY, addr_len(it->peer), it->peer.b);
	if (it->route == ROUTE_DEVICE) {
		unsigned index = host_ifindex(h, it->device);
		if (index == 0)
			return -ENODEV;
		mnl_attr_put_u32(&r.head, RTA_OIF, index);
	}
	/* 0 would mean "the default" to IPv6 and a lower value wins: steering tables have one route only */
	if (it->metric != 0)
		mnl_attr_put_u32(&r.head, RTA_PRIORITY, it->metric);
	return nl_do(&h->nl, &r);
}

int
host_rule(struct host *h, const struct item *it, bool add)
{
	struct nl_req r;
	struct fib_rule_hdr *m = nl_start(
	    &r, add ? RTM_NEWRULE : RTM_DELRULE, add ? NLM_F_CREATE | NLM_F_EXCL : 0, sizeof(*m));
	m->family = af(it->family);
	m->table = RT_TABLE_UNSPEC;
	m->action = FR_ACT_TO_TBL;
	mnl_attr_put_u32(&r.head, FRA_TABLE, it->table);
	mnl_attr_put_u32(&r.head, FRA_FWMARK, it->mark);
	mnl_attr_put_u32(&r.head, FRA_FWMASK, UINT32_MAX);
	mnl_attr_put_u32(&r.head, FRA_PRIORITY, RULE_PRIORITY);
	mnl_attr_put_u8(&r.head, FRA_PROTOCOL, PROTO_SALLYPORT);
	return nl_do(&h->nl, &r);
}

/* --- sysctls --- */

int
sysctl_read(const char *path, char *out, unsigned n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t got = read(fd, out, n - 1);
	int rc = got < 0 ? -errno : 0;
	close(fd);
	if (rc < 0)
		return rc;
	out[got] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return 0;
}

int
sysctl_write(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t done = write(fd, value, strlen(value));
	int rc = done < 0 ? -errno : 0;
	close(fd);
	return rc;
}

int
sysctl_device(const char *family, const char *device, const char *name, const char *value)
{
	char path[128];
	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, device, name);
	int rc = sysctl_write(path, value);
	return rc == -ENOENT ? 0 : rc;
}

/* --- an address to speak from --- */

struct source_question {
	uint8_t family; /* ADDR_V4 or ADDR_V6 */
	struct addr answer;
};

static int
on_local_attr(const struct nlattr *a, void *arg)
{
	struct source_question *q = arg;
	uint16_t type = mnl_attr_get_type(a);
	if (type != IFA_LOCAL && (type != IFA_ADDRESS || q->answer.family != ADDR_NONE))
		return MNL_CB_OK;
	if (q->family == ADDR_V4 && mnl_attr_get_payload_len(a) == 4)
		q->answer = addr_v4(mnl_attr_get_payload(a));
	if (q->family == ADDR_V6 && mnl_attr_get_payload_len(a) == 16)
		q->answer = addr_v6(mnl_attr_get_payload(a));
	return MNL_CB_OK;
}

static void
on_source(const struct nlmsghdr *h, void *arg)
{
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	struct source_question *q = arg;
	bool is_usable = m->ifa_scope == RT_SCOPE_UNIVERSE &&
			 (m->ifa_flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == 0;
	if (q->answer.family == ADDR_NONE && is_usable)
		mnl_attr_parse(h, sizeof(*m), on_local_attr, q);
}

struct addr
host_source(struct host *h, uint8_t family)
{
	struct source_question q = { .family = family };
	struct nl_req r;
	struct ifaddrmsg *m = nl_start(&r, RTM_GETADDR, 0, sizeof(*m));
	m->ifa_family = af(family);
	if (nl_dump(&h->nl, &r, on_source, &q) < 0)
		return (struct addr){ 0 };
	return q.answer;
}
