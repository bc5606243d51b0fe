/* SPDX-License-Identifier: BSD-2-Clause
 *
 * apply.c - from the running plan to the next one, touching only what differs.
 *
 * Order: what is new is made; then the filters change in one transaction; then what is old goes, last made first. So
 * a route to a tunnel that moves is replaced in place and no packet finds the gap. Every step of the first two can be
 * taken back, and is, when one fails. What cannot be done because an interface is missing is no failure: it waits.
 */
#include "daemon/netd/netd.h"

#include "daemon/netd/group.h"
#include "daemon/netd/hops.h"
#include "daemon/netd/jobs.h"
#include "daemon/netd/routes.h"
#include "daemon/netd/sock.h"
#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/conf/conf.h"
#include "lib/os/tun.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	/* A packet that is routed to a unit must reach picd whole, whatever its size: it is picd that knows the
	 * tunnel's MTU, fragments and answers with ICMP. 65535 is the largest IPv4 packet there is. */
	TUN_MTU = 65535,
};

/* --- one item --- */

/* Decrypted packets come from sources that the routing table would not expect on this device. */
static int
tun_sysctls(const char *device)
{
	static const struct {
		const char *family;
		const char *name;
		const char *value;
	} table[] = {
		{ "ipv4", "accept_local", "1" }, { "ipv6", "accept_ra", "0" },
		{ "ipv6", "accept_dad", "0" }, { "ipv6", "router_solicitations", "0" },
		{ "ipv6", "addr_gen_mode",
		    "1" }, /* no link-local address: nobody is on this link */
	};
	char all[16];
	int rc = sysctl_read("/proc/sys/net/ipv4/conf/all/rp_filter", all, sizeof(all));
	/* the kernel uses the larger of both values: where the host is strict, loose is the least we can get */
	if (rc == 0)
		rc = sysctl_device("ipv4", device, "rp_filter", strcmp(all, "1") == 0 ? "2" : "0");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]) && rc == 0; i++)
		rc = sysctl_device(table[i].family, device, table[i].name, table[i].value);
	return rc;
}

static int
tun_make(struct netd *n, struct item *it)
{
	enum tun_offload got;
	if (n->n_tun_fds == 0)
		return -EMFILE;
	int fd = n->tun_fds[--n->n_tun_fds];
	int rc = tun_create(fd, it->device,
	    (struct tun_kind){
		.has_queues = it->has_queues,
		.has_vnet_header = it->has_vnet_header,
	    });
	if (rc == 0)
		rc = host_tun_adopt(&n->host, it->device, TUN_MTU);
	if (rc == 0)
		rc = tun_sysctls(it->device);
	if (rc == 0 && it->has_vnet_header)
		rc = tun_offload(fd, TUN_OFFLOAD_ALL, &got);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	(void)!host_link_direct(&n->host, it->device); /* it works with queues before it, too */
	it->link_header = it->media != NULL ? host_link_header(&n->host, it->media) : 0;
	it->fd = fd;
	it->is_ours = true;
	return 0;
}

/* The device that IT, of plan P, belongs to: the running one if it is to stay. */
static const struct item *
device_of(const struct netd *n, const struct plan *p, const struct item *it)
{
	const struct item *running = plan_find(n->plan, it->of);
	return running != NULL && running->fd >= 0 ? running : plan_find(p, it->of);
}

/* A device that was made when there was no room for queues has one as long as it exists. */
static int
queue_make(struct netd *n, struct item *it, const struct plan *p)
{
	const struct item *tun = device_of(n, p, it);
	if (tun == NULL || tun->fd < 0 || host_ifindex(&n->host, it->device) == 0)
		return -ENODEV;
	if (!tun->has_queues)
		return 0;
	if (n->n_tun_fds == 0)
		return -EMFILE;
	int fd = n->tun_fds[--n->n_tun_fds];
	int rc = tun_join(fd, it->device,
	    (struct tun_kind){
		.has_queues = true,
		.has_vnet_header = tun->has_vnet_header,
	    });
	if (rc < 0) {
		close(fd);
		return rc;
	}
	it->has_vnet_header = tun->has_vnet_header;
	it->link_header = tun->link_header;
	it->fd = fd;
	it->is_ours = true;
	return 0;
}

/* IS_SINGLE: the device hands over single packets; else trains of segments as well. */
static int
single_set(const struct item *tun, bool is_single)
{
	enum tun_offload got;
	if (tun == NULL || tun->fd < 0 || !tun->has_vnet_header)
		return 0;
	return tun_offload(tun->fd, is_single ? TUN_OFFLOAD_NONE : TUN_OFFLOAD_ALL, &got);
}

static int
socket_make(struct netd *n, struct item *it, const struct plan *p)
{
	int fd = strcmp(it->role, "natt") == 0 ? group_join(n, p, it) : sock_open(it);
	it->fd = fd < 0 ? -1 : fd;
	it->is_ours = fd >= 0;
	return fd < 0 ? fd : 0;
}

const char *const netd_sysctls[NETD_SYSCTLS] = {
	"/proc/sys/net/ipv4/ip_forward",
	"/proc/sys/net/ipv6/conf/all/forwarding",
};

static const char *
sysctl_before(const struct netd *n, const char *path)
{
	for (size_t i = 0; i < NETD_SYSCTLS; i++)
		if (strcmp(path, netd_sysctls[i]) == 0)
			return n->sysctl_before[i];
	return "";
}

/* Ours to take back if it was something else before the first netd. */
static int
sysctl_make(struct netd *n, struct item *it)
{
	const char *before = sysctl_before(n, it->path);
	if (*before == '\0')
		return 0; /* a kernel without it */
	int rc = sysctl_write(it->path, it->value);
	it->is_ours = rc == 0 && strcmp(before, it->value) != 0;
	return rc;
}

static int
up_make(struct netd *n, struct item *it)
{
	if ((host_ifflags(&n->host, it->device) & IFF_UP) != 0)
		return 0;
	int rc = host_link_set(&n->host, it->device, true);
	it->is_ours = rc == 0;
	return rc;
}

/* Is there a route of ours that goes away and has the place of IT? */
static bool
route_is_replaced(const struct plan *old, const struct plan *new, const struct item *it)
{
	if (old == new)
		return false; /* a retry: nothing goes away, and there may be very many routes */
	for (size_t i = 0; old != NULL && i < old->n; i++) {
		const struct item *o = old->items[i];
		if (o->kind == ITEM_ROUTE && o->is_ours && o->table == it->table &&
		    o->metric == it->metric && prefix_eq(o->prefix, it->prefix) &&
		    plan_find(new, o->key) == NULL)
			return true;
	}
	return false;
}

static int
route_make(struct netd *n, struct item *it, const struct plan *new)
{
	int rc = host_route(&n->host, it, true, false);
	if (rc == -EEXIST &&
	    (leftover_holds(&n->leftover, it) || route_is_replaced(n->plan, new, it)))
		rc = host_route(&n->host, it, true, true);
	it->is_ours = rc == 0;
	if (rc == 0)
		it->since_s = routes_now();
	return rc == -EEXIST ? 0 : rc;
}

static bool
is_link_missing(int rc)
{
	return rc == -ENODEV || rc == -ENETUNREACH || rc == -EHOSTUNREACH || rc == -ENETDOWN ||
	       rc == -EADDRNOTAVAIL || rc == -EBUSY;
}

/* Does what IT says. Returns 0, also when it has to wait, or -errno. NEW: the plan it belongs to. */
static int
item_make(struct netd *n, struct item *it, const struct plan *new)
{
	int rc = 0;
	bool may_wait = false;
	switch (it->kind) {
	case ITEM_SYSCTL:
		rc = sysctl_make(n, it);
		break;
	case ITEM_TUN:
		rc = tun_make(n, it);
		break;
	case ITEM_IP6:
		rc = sysctl_device("ipv6", it->device, "disable_ipv6", it->value);
		break;
	case ITEM_UP:
		rc = up_make(n, it);
		may_wait = true;
		break;
	case ITEM_ADDR:
		rc = host_addr(&n->host, it, true);
		it->is_ours = rc == 0;
		may_wait = true;
		break;
	case ITEM_ROUTE:
		rc = route_make(n, it, new);
		may_wait = true;
		break;
	case ITEM_RULE:
		rc = host_rule(&n->host, it, true);
		it->is_ours = rc == 0;
		break;
	case ITEM_QUEUE:
		rc = queue_make(n, it, new);
		break;
	case ITEM_SINGLE:
		rc = single_set(device_of(n, new, it), true);
		break;
	case ITEM_SOCKET:
		rc = socket_make(n, it, new);
		may_wait = rc == -EBUSY;
		break;
	case ITEM_STEER:
		rc = group_steer(n, new, it);
		may_wait = true;
		break;
	case ITEM_KINDS:
		break;
	}
	/* somebody has made it already: then it is not ours to take away */
	if (rc == -EEXIST)
		rc = 0;
	if (rc < 0 && may_wait && is_link_missing(rc)) {
		if (!it->is_waiting)
			log_line(LOG_LEVEL_WARNING, "NETD_WAIT", "%s waits: %s", it->what,
			    strerror(-rc));
		it->is_waiting = true;
		return 0;
	}
	it->is_waiting = false;
	return rc;
}

/* Takes back IT of plan P; KEEP, which may be NULL, goes on. */
static void
item_unmake(struct netd *n, struct item *it, const struct plan *p, const struct plan *keep)
{
	int rc = 0;
	if (it->kind == ITEM_TUN || it->kind == ITEM_QUEUE || it->kind == ITEM_SOCKET)
		pics_take(n, it);
	if (it->kind == ITEM_STEER)
		group_unsteer(n, p, it, keep);
	if (it->kind == ITEM_SINGLE)
		rc = single_set(plan_find(keep, it->of), false);
	if (it->is_ours) {
		switch (it->kind) {
		case ITEM_SYSCTL:
			rc = sysctl_write(it->path, sysctl_before(n, it->path));
			break;
		case ITEM_UP:
			rc = host_link_set(&n->host, it->device, false);
			break;
		case ITEM_ADDR:
			rc = host_addr(&n->host, it, false);
			break;
		case ITEM_ROUTE:
			rc = host_route(&n->host, it, false, false);
			break;
		case ITEM_RULE:
			rc = host_rule(&n->host, it, false);
			break;
		case ITEM_TUN:
			/* the last descriptor would end it too, but a picd may still hold one */
			rc = host_link_del(&n->host, it->device);
			break;
		case ITEM_QUEUE:
			/* a picd may still hold it, and would not read what comes */
			rc = plan_find(keep, it->of) != NULL ? tun_leave(it->fd) : 0;
			break;
		case ITEM_SINGLE:
		case ITEM_IP6:
		case ITEM_SOCKET:
		case ITEM_STEER:
		case ITEM_KINDS:
			break;
		}
	}
	if (it->fd >= 0)
		close(it->fd);
	it->fd = -1;
	it->is_ours = false;
	it->is_waiting = false;
	/* what went with its device, or was replaced, is gone as well */
	if (rc < 0 && rc != -ENODEV && rc != -ESRCH && rc != -EADDRNOTAVAIL && rc != -ENOENT)
		log_line(LOG_LEVEL_WARNING, "NETD_REMOVE", "%s: %s", it->key, strerror(-rc));
}

/* --- whole plans --- */

/* The same thing in two plans: what was done for the old one is the new one's. */
static void
item_inherit(struct item *to, struct item *from)
{
	to->is_ours = from->is_ours;
	to->is_waiting = from->is_waiting;
	to->link_header = from->link_header;
	to->has_queues = from->has_queues;
	to->has_vnet_header = from->has_vnet_header;
	to->since_s = from->since_s;
	to->fd = from->fd;
	to->is_given = from->is_given;
	from->fd = -1;
}

size_t
apply_tun_missing(const struct netd *n, const struct plan *p)
{
	size_t missing = 0;
	size_t near = 0;
	for (size_t i = 0; i < p->n; i++) {
		bool is_queue = p->items[i]->kind == ITEM_TUN || p->items[i]->kind == ITEM_QUEUE;
		if (is_queue && plan_find_near(n->plan, p->items[i]->key, &near) == NULL)
			missing++;
	}
	return missing;
}

static unsigned
ifindex_of(const char *device, void *arg)
{
	const struct netd *n = arg;
	return host_ifindex(&n->host, device);
}

/* Takes away N_TUNS devices at once. The last descriptor of one would end it, too, but alone and slowly, and a picd may
 * still hold one. */
static void
tuns_unmake(struct netd *n, struct item **tuns, size_t n_tuns, const struct plan *p)
{
	if (n_tuns == 0)
		return;
	for (size_t i = 0; i < n_tuns; i++)
		(void)!host_link_doom(&n->host, host_ifindex(&n->host, tuns[i]->device));
	int rc = host_links_del_doomed(&n->host);
	if (rc < 0)
		log_line(LOG_LEVEL_WARNING, "NETD_REMOVE", "devices: %s", strerror(-rc));
	for (size_t i = 0; i < n_tuns; i++)
		item_unmake(n, tuns[i], p, NULL);
}

/* Takes back the first COUNT items of P that the running plan does not have. */
static void
plan_unmake(struct netd *n, struct plan *p, size_t count, const struct plan *keep)
{
	struct item **gone = calloc(count + 1, sizeof(struct item *));
	struct smap tuns = { 0 }; /* devices that go: to set them down first would take as long */
	size_t n_gone = 0;
	size_t near = 0;
	if (gone == NULL)
		abort();
	for (size_t i = 0; i < count; i++) {
		if (plan_find_near(keep, p->items[i]->key, &near) != NULL)
			continue;
		gone[n_gone++] = p->items[i];
		if (p->items[i]->kind == ITEM_TUN && p->items[i]->is_ours)
			(void)smap_add(&tuns, p->items[i]->device, p);
	}
	/* kinds stand together, in the order of making */
	size_t first = 0;
	while (first < n_gone && gone[first]->kind < ITEM_TUN)
		first++;
	size_t end = first;
	while (end < n_gone && gone[end]->kind == ITEM_TUN)
		end++;
	for (size_t i = n_gone; i-- > end;) {
		if (gone[i]->kind == ITEM_UP && smap_find(&tuns, gone[i]->device) != NULL)
			gone[i]->is_ours = false;
		item_unmake(n, gone[i], p, keep);
	}
	tuns_unmake(n, gone + first, end - first, p);
	for (size_t i = first; i-- > 0;)
		item_unmake(n, gone[i], p, keep);
	smap_done(&tuns);
	free(gone);
}

static int
plan_make(struct netd *n, struct plan *p, size_t *out_done, struct text *out)
{
	size_t near = 0;
	for (size_t i = 0; i < p->n; i++) {
		struct item *it = p->items[i];
		if (plan_find_near(n->plan, it->key, &near) != NULL)
			continue;
		int rc = item_make(n, it, p);
		if (rc < 0) {
			text_printf(out, "%s\n  %s: %s\n", it->what,
			    it->device != NULL ? it->device : it->key, strerror(-rc));
			*out_done = i;
			return rc;
		}
	}
	*out_done = p->n;
	return 0;
}

/* What took the place of something that runs took it away: put it back. */
static void
running_restore(struct netd *n)
{
	for (size_t i = 0; n->plan != NULL && i < n->plan->n; i++) {
		struct item *it = n->plan->items[i];
		if (it->kind == ITEM_ROUTE && it->is_ours)
			(void)!host_route(&n->host, it, true, false);
		if (it->kind == ITEM_SINGLE)
			(void)!single_set(plan_find(n->plan, it->of), true);
		if (it->kind == ITEM_STEER && !it->is_waiting)
			(void)!group_steer(n, n->plan, it);
	}
}

static struct nft_source
filters_of(struct netd *n, const struct conf *c)
{
	return (struct nft_source){
		.c = c,
		.sas = &n->sas,
		.sets = &n->sets,
		.memo = n->memo,
		.ifindex = ifindex_of,
		.arg = n,
	};
}

static int
filters_apply(struct netd *n, const struct conf *c, const char **out_why)
{
	struct nft_source s = filters_of(n, c);
	return nft_apply(&n->nft, &s, out_why);
}

int
apply_plan(struct netd *n, struct conf *c, struct plan *p, struct text *out)
{
	size_t done;
	const char *why = "";
	struct nft_source s = filters_of(n, c);
	/* devices and routes come one by one, and what protects comes last */
	group_begin(n);
	if (n->plan == NULL)
		nft_shut(&n->nft, n->memo);
	nft_quiet(&n->nft, &s);
	int rc = plan_make(n, p, &done, out);
	if (rc == 0) {
		rc = filters_apply(n, c, &why);
		if (rc < 0)
			text_printf(
			    out, "[edit firewall]\n  the kernel refuses the filters: %s\n", why);
	}
	if (rc < 0) {
		plan_unmake(n, p, done, n->plan);
		running_restore(n);
		plan_free(p);
		conf_free(c);
		return rc;
	}
	size_t near = 0;
	for (size_t i = 0; i < p->n; i++) {
		struct item *same = plan_find_near(n->plan, p->items[i]->key, &near);
		if (same != NULL)
			item_inherit(p->items[i], same);
		else
			pics_give(n, p->items[i]);
	}
	struct plan *old = n->plan;
	if (old != NULL)
		plan_unmake(n, old, old->n, p);
	plan_free(old);
	if (!jobs_read(n, n->conf))
		conf_free(n->conf);
	n->plan = p;
	n->conf = c;
	leftover_release(&n->leftover, &n->host);
	pics_sync(n);
	if (n->hops != NULL)
		hops_planned(n->hops);
	return 0;
}

/* IT had to wait, and is in force now. */
static void
waited_end(struct netd *n, struct item *it)
{
	log_line(LOG_LEVEL_INFO, "NETD_WAIT", "%s is in force now", it->what);
	pics_give(n, it);
}

bool
apply_regroup(struct netd *n)
{
	bool is_waiting = false;
	group_begin(n);
	for (size_t i = 0; n->plan != NULL && i < n->plan->n; i++) {
		struct item *it = n->plan->items[i];
		if ((it->kind != ITEM_SOCKET && it->kind != ITEM_STEER) || !it->is_waiting)
			continue;
		int rc = item_make(n, it, n->plan);
		if (rc < 0)
			log_line(LOG_LEVEL_WARNING, "NETD_WAIT", "%s: %s", it->what, strerror(-rc));
		else if (!it->is_waiting)
			waited_end(n, it);
		is_waiting = is_waiting || it->is_waiting;
	}
	return is_waiting;
}

void
apply_retry(struct netd *n)
{
	const char *why;
	if (n->plan == NULL)
		return;
	group_begin(n);
	for (size_t i = 0; i < n->plan->n; i++) {
		struct item *it = n->plan->items[i];
		/* the kernel drops routes, and IPv6 its addresses, with the link: making them again finds out */
		bool may_be_lost = it->kind == ITEM_ADDR || it->kind == ITEM_ROUTE;
		bool was_waiting = it->is_waiting;
		bool was_ours = it->is_ours;
		if (!was_waiting && !(may_be_lost && was_ours))
			continue;
		int rc = item_make(n, it, n->plan);
		it->is_ours = it->is_ours || (was_ours && !it->is_waiting);
		if (rc < 0)
			log_line(LOG_LEVEL_WARNING, "NETD_WAIT", "%s: %s", it->what, strerror(-rc));
		else if (was_waiting && !it->is_waiting)
			waited_end(n, it);
	}
	if (filters_apply(n, n->conf, &why) < 0)
		log_line(LOG_LEVEL_ERROR, "NETD_FILTER", "filters: %s", why);
}

static void
sysctl_restore(const char *path, const char *before)
{
	char now[16];
	if (*before == '\0' || sysctl_read(path, now, sizeof(now)) < 0 || strcmp(now, before) == 0)
		return;
	int rc = sysctl_write(path, before);
	if (rc < 0)
		log_line(LOG_LEVEL_WARNING, "NETD_REMOVE", "%s: %s", path, strerror(-rc));
}

void
apply_start(struct netd *n)
{
	char memo[sizeof(n->memo)];
	nft_memo(&n->nft, memo, sizeof(memo));
	/* what a killed netd left holds until the configuration is in force again, but for what is taken away here */
	if (*memo != '\0')
		nft_shut(&n->nft, memo);
	leftover_clear(&n->leftover, &n->host);
	for (size_t i = 0; i < NETD_SYSCTLS; i++)
		(void)sysctl_read(
		    netd_sysctls[i], n->sysctl_before[i], sizeof(n->sysctl_before[i]));
	if (sscanf(memo, "forwarding was %15[0-9-] %15[0-9-]", n->sysctl_before[0],
		n->sysctl_before[1]) > 0)
		log_line(LOG_LEVEL_NOTICE, "NETD_CLEAN", "took away what an earlier netd left");
	snprintf(n->memo, sizeof(n->memo), "forwarding was %s %s", n->sysctl_before[0],
	    n->sysctl_before[1]);
}

void
apply_undo(struct netd *n)
{
	nft_shut(&n->nft, n->memo);
	leftover_release(&n->leftover, &n->host);
	if (n->plan != NULL)
		plan_unmake(n, n->plan, n->plan->n, NULL);
	/* also what a killed netd changed and no configuration of ours wanted */
	for (size_t i = 0; i < NETD_SYSCTLS; i++)
		sysctl_restore(netd_sysctls[i], n->sysctl_before[i]);
	nft_remove(&n->nft);
	plan_free(n->plan);
	conf_free(n->conf);
	n->plan = NULL;
	n->conf = NULL;
}
