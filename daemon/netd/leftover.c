/* SPDX-License-Identifier: BSD-2-Clause
 *
 * leftover.c - what a netd that was killed has left in the kernel.
 *
 * A TUN device would end with its last descriptor, but a picd that goes on while netd is restarted holds one: devices,
 * their routes and addresses are still there, and everything works until the new netd starts. It cannot take over
 * a device, because it has no descriptor of it; so it makes all anew. What is ours is known by the alias of devices
 * and the protocol of routes, rules and addresses (mark.h).
 */
#include "daemon/netd/leftover.h"

#include "daemon/netd/host.h"
#include "daemon/netd/mark.h"
#include "daemon/netd/plan.h"
#include "lib/base/arena.h"

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { METRIC_DEFAULT6 = 1024 }; /* what the kernel makes of 0 */

/* Requests that follow from a dump: to be sent when it is over. */
struct requests {
	struct nlmsghdr **list;
	size_t n;
};

/* Reading a dump. */
struct dump {
	struct leftover *l;
	struct requests out;
	uint32_t *links; /* ours, by index */
	size_t n_links;
};

/* Keeps a copy of H and returns it; NULL if it is too long to be a request. */
static struct nlmsghdr *
request_add(struct requests *q, const struct nlmsghdr *h)
{
	if (h->nlmsg_len > NL_MSG_MAX)
		return NULL;
	if ((q->n & (q->n - 1)) == 0) {
		struct nlmsghdr **grown =
		    realloc(q->list, (q->n == 0 ? 1 : 2 * q->n) * sizeof(*grown));
		if (grown == NULL)
			abort();
		q->list = grown;
	}
	struct nlmsghdr *copy = malloc(h->nlmsg_len);
	if (copy == NULL)
		abort();
	memcpy(copy, h, h->nlmsg_len);
	q->list[q->n++] = copy;
	return copy;
}

/* Makes a request of each. What is gone meanwhile is as good: nobody is told of errors. */
static void
requests_send(struct requests *q, struct host *h)
{
	struct nl_req r;
	for (size_t i = 0; i < q->n; i++) {
		memcpy(r.buf, q->list[i], q->list[i]->nlmsg_len);
		(void)!nl_do(&h->nl, &r);
		free(q->list[i]);
	}
	free(q->list);
	*q = (struct requests){ 0 };
}

/* Adds a copy of H as a request to delete the same. */
static void
delete_add(struct requests *q, const struct nlmsghdr *h, uint16_t type)
{
	struct nlmsghdr *copy = request_add(q, h);
	if (copy == NULL)
		return;
	copy->nlmsg_type = type;
	copy->nlmsg_flags = NLM_F_REQUEST;
	copy->nlmsg_pid = 0;
}

struct attr_question {
	uint16_t type;
	const struct nlattr *answer;
};

static int
on_attr(const struct nlattr *a, void *arg)
{
	struct attr_question *q = arg;
	if (mnl_attr_get_type(a) == q->type)
		q->answer = a;
	return MNL_CB_OK;
}

static const struct nlattr *
attr_find(const struct nlmsghdr *h, unsigned header_len, uint16_t type)
{
	struct attr_question q = { .type = type };
	mnl_attr_parse(h, header_len, on_attr, &q);
	return q.answer;
}

static uint32_t
attr_u32(const struct nlmsghdr *h, unsigned header_len, uint16_t type)
{
	const struct nlattr *a = attr_find(h, header_len, type);
	return a != NULL && mnl_attr_get_payload_len(a) >= 4 ? mnl_attr_get_u32(a) : 0;
}

static bool
attr_is_ours(const struct nlmsghdr *h, unsigned header_len, uint16_t type)
{
	const struct nlattr *a = attr_find(h, header_len, type);
	return a != NULL && mnl_attr_get_payload_len(a) >= 1 &&
	       mnl_attr_get_u8(a) == PROTO_SALLYPORT;
}

/* --- links --- */

static void
on_link(const struct nlmsghdr *h, void *arg)
{
	struct dump *d = arg;
	const struct ifinfomsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *alias = attr_find(h, sizeof(*m), IFLA_IFALIAS);
	if (alias == NULL || mnl_attr_get_payload_len(alias) != sizeof(DEVICE_ALIAS) ||
	    memcmp(mnl_attr_get_payload(alias), DEVICE_ALIAS, sizeof(DEVICE_ALIAS)) != 0)
		return;
	if ((d->n_links & (d->n_links - 1)) == 0) {
		uint32_t *grown =
		    realloc(d->links, (d->n_links == 0 ? 1 : 2 * d->n_links) * sizeof(*grown));
		if (grown == NULL)
			abort();
		d->links = grown;
	}
	d->links[d->n_links++] = (uint32_t)m->ifi_index;
}

static int
by_number(const void *a, const void *b)
{
	const uint32_t *x = a;
	const uint32_t *y = b;
	return *x < *y ? -1 : *x > *y;
}

static bool
is_our_link(const struct dump *d, uint32_t index)
{
	return d->n_links > 0 &&
	       bsearch(&index, d->links, d->n_links, sizeof(index), by_number) != NULL;
}

/* --- routes --- */

static const char *
hold_key(struct arena *a, struct prefix prefix, uint32_t table, uint32_t metric)
{
	char text[PREFIX_STRLEN];
	if (metric == 0 && prefix.addr.family == ADDR_V6)
		metric = METRIC_DEFAULT6;
	return arena_printf(a, "%s %u %u", prefix_print(prefix, text),
	    table != 0 ? table : (uint32_t)RT_TABLE_MAIN, metric);
}

/* Turns a route into the request that puts a blackhole in its place. */
static void
hold_add(struct dump *d, const struct nlmsghdr *h)
{
	const struct rtmsg *from = mnl_nlmsg_get_payload(h);
	const struct nlattr *dst = attr_find(h, sizeof(*from), RTA_DST);
	uint32_t table = attr_u32(h, sizeof(*from), RTA_TABLE);
	uint32_t metric = attr_u32(h, sizeof(*from), RTA_PRIORITY);
	struct prefix prefix = {
		.addr.family = from->rtm_family == AF_INET ? ADDR_V4 : ADDR_V6,
		.len = from->rtm_dst_len,
	};
	struct nl_req r;
	struct rtmsg *m = nl_start(&r, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*m));
	m->rtm_family = from->rtm_family;
	m->rtm_dst_len = from->rtm_dst_len;
	m->rtm_protocol = PROTO_HOLD;
	m->rtm_type = RTN_BLACKHOLE;
	mnl_attr_put_u32(&r.head, RTA_TABLE, table);
	if (metric != 0)
		mnl_attr_put_u32(&r.head, RTA_PRIORITY, metric);
	if (dst != NULL) {
		size_t n = mnl_attr_get_payload_len(dst);
		mnl_attr_put(&r.head, RTA_DST, n, mnl_attr_get_payload(dst));
		prefix.addr = n == 4 ? addr_v4(mnl_attr_get_payload(dst))
				     : addr_v6(mnl_attr_get_payload(dst));
	}
	(void)request_add(&d->out, &r.head);
	(void)smap_add(&d->l->held, hold_key(d->l->arena, prefix, table, metric), d->l);
}

/* Routes that we made, and those that came with addresses of our devices. */
static void
on_route(const struct nlmsghdr *h, void *arg)
{
	struct dump *d = arg;
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	bool is_ip = m->rtm_family == AF_INET || m->rtm_family == AF_INET6;
	bool is_ours = m->rtm_protocol == PROTO_SALLYPORT || m->rtm_protocol == PROTO_HOLD ||
		       is_our_link(d, attr_u32(h, sizeof(*m), RTA_OIF));
	bool is_way = m->rtm_type == RTN_UNICAST || m->rtm_type == RTN_BLACKHOLE ||
		      m->rtm_type == RTN_UNREACHABLE;
	if (is_ip && is_ours && is_way && (m->rtm_flags & RTM_F_CLONED) == 0 &&
	    attr_u32(h, sizeof(*m), RTA_TABLE) != RT_TABLE_LOCAL)
		hold_add(d, h);
}

static void
on_hold(const struct nlmsghdr *h, void *arg)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	if (m->rtm_protocol == PROTO_HOLD)
		delete_add(arg, h, RTM_DELROUTE);
}

/* --- rules and addresses --- */

static void
on_rule(const struct nlmsghdr *h, void *arg)
{
	struct dump *d = arg;
	if (attr_is_ours(h, sizeof(struct fib_rule_hdr), FRA_PROTOCOL))
		delete_add(&d->out, h, RTM_DELRULE);
}

#ifndef IFA_PROTO
#define IFA_PROTO 11 /* Linux 5.18; an older kernel does not tell */
#endif

static void
on_addr(const struct nlmsghdr *h, void *arg)
{
	struct dump *d = arg;
	if (attr_is_ours(h, sizeof(struct ifaddrmsg), IFA_PROTO))
		delete_add(&d->out, h, RTM_DELADDR);
}

/* --- all of it --- */

static void
dump_run(struct dump *d, struct host *h, uint16_t get, size_t header_len,
    void (*fn)(const struct nlmsghdr *h, void *arg))
{
	struct nl_req r;
	nl_start(&r, get, 0, header_len);
	(void)!nl_dump(&h->nl, &r, fn, d);
	requests_send(&d->out, h);
}

void
leftover_clear(struct leftover *l, struct host *h)
{
	struct dump d = { .l = l };
	l->arena = arena_new();
	dump_run(&d, h, RTM_GETLINK, sizeof(struct ifinfomsg), on_link);
	if (d.n_links > 0)
		qsort(d.links, d.n_links, sizeof(*d.links), by_number);
	dump_run(&d, h, RTM_GETROUTE, sizeof(struct rtmsg), on_route);
	dump_run(&d, h, RTM_GETRULE, sizeof(struct fib_rule_hdr), on_rule);
	dump_run(&d, h, RTM_GETADDR, sizeof(struct ifaddrmsg), on_addr);
	for (size_t i = 0; i < d.n_links; i++)
		(void)!host_link_doom(h, d.links[i]);
	if (d.n_links > 0)
		(void)!host_links_del_doomed(h);
	free(d.links);
}

bool
leftover_holds(const struct leftover *l, const struct item *it)
{
	if (l->arena == NULL)
		return false;
	return smap_find(&l->held, hold_key(l->arena, it->prefix, it->table, it->metric)) != NULL;
}

void
leftover_release(struct leftover *l, struct host *h)
{
	struct requests out = { 0 };
	struct nl_req r;
	if (l->arena == NULL)
		return;
	if (l->held.n > 0) {
		nl_start(&r, RTM_GETROUTE, 0, sizeof(struct rtmsg));
		(void)!nl_dump(&h->nl, &r, on_hold, &out);
		requests_send(&out, h);
	}
	smap_done(&l->held);
	arena_free(l->arena);
	*l = (struct leftover){ 0 };
}
