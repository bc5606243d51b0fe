/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pics.c - what each picd, and kmd, is given: copies of the descriptors of its devices and sockets.
 *
 * netd keeps its own copy of each, so a device outlives the picd that worked on it, and the next one continues with what
 * has queued up meanwhile; so does the IKE that came while kmd was away. A few are on their way at a time. msg.h describes
 * the messages.
 */
#include "daemon/netd/netd.h"

#include "daemon/netd/hops.h"

#include "lib/base/arena.h"
#include "lib/base/smap.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/os/tun.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	QUEUE_MAX = 4096, /* more than a device queues */
	/* copies of descriptors on their way to one picd: each counts until it has been sent, so ten thousand at once would
	 * be as many as a process may hold in some places */
	FLYING_MAX = 64,
};

static struct pic_link *
link_find(struct netd *n, const char *name)
{
	for (size_t i = 0; i < n->n_pics; i++)
		if (strcmp(n->pics[i].name, name) == 0)
			return &n->pics[i];
	return NULL;
}

struct ipc *
pics_ipc(struct netd *n, const char *name)
{
	struct pic_link *l = link_find(n, name);
	return l != NULL ? l->ipc : NULL;
}

static struct elem *
item_body(const struct item *it, struct arena *a)
{
	char text[ADDR_STRLEN];
	if (it->kind != ITEM_SOCKET) {
		struct elem *e = elem_new(a, "device");
		elem_leaf(a, e, "unit", it->unit);
		elem_leaf(a, e, "role", it->role);
		if (it->service_set != NULL)
			elem_leaf(a, e, "service-set", it->service_set);
		elem_leaf(a, e, "device", it->device);
		elem_leaff(a, e, "link-header", "%u", it->link_header);
		elem_leaff(a, e, "queue", "%u", it->queue);
		elem_leaff(a, e, "vnet-header", "%d", it->has_vnet_header ? TUN_VNET_HEADER : 0);
		return e;
	}
	struct elem *e = elem_new(a, "socket");
	elem_leaf(a, e, "kind", it->role);
	if (it->peer.family != ADDR_NONE)
		elem_leaf(a, e, "address", addr_print(it->peer, text));
	elem_leaff(a, e, "family", "%u", it->family);
	if (strcmp(it->role, "natt") == 0)
		elem_leaff(a, e, "queue", "%u", it->queue);
	return e;
}

static bool
is_handed(const struct item *it)
{
	bool is_device = it->kind == ITEM_TUN || it->kind == ITEM_QUEUE;
	return (is_device || it->kind == ITEM_SOCKET) && it->fd >= 0;
}

static void
item_send(struct pic_link *l, const struct item *it, bool give)
{
	static const uint16_t types[2][2] = {
		{ MSG_SOCKET_GONE, MSG_SOCKET },
		{ MSG_DEVICE_GONE, MSG_DEVICE },
	};
	struct arena *a = arena_new();
	int rc = ipc_send(
	    l->ipc, types[it->kind != ITEM_SOCKET][give], 0, item_body(it, a), give ? it->fd : -1);
	if (rc < 0 && rc != -EPIPE)
		log_line(LOG_LEVEL_ERROR, "NETD_PICD", "%s: %s", l->name, strerror(-rc));
	arena_free(a);
}

static void
link_give(struct pic_link *l, struct item *it)
{
	item_send(l, it, true);
	it->is_given = true;
	l->n_flying++;
}

static void link_go_on(struct ipc *c, void *arg);

void
pics_give(struct netd *n, struct item *it)
{
	struct pic_link *l = is_handed(it) ? link_find(n, it->pic) : NULL;
	if (l == NULL)
		return;
	if (l->n_flying == 0)
		ipc_on_drained(l->ipc, link_go_on);
	if (!l->is_behind && l->n_flying < FLYING_MAX) {
		link_give(l, it);
		return;
	}
	l->is_behind = true;
	l->at = 0; /* of the plan that is the running one when its turn comes */
}

void
pics_take(struct netd *n, const struct item *it)
{
	struct pic_link *l = is_handed(it) && it->is_given ? link_find(n, it->pic) : NULL;
	if (l != NULL)
		item_send(l, it, false);
}

void
pics_take_natt(struct netd *n, const struct item *it)
{
	struct pic_link *l = link_find(n, it->pic);
	char text[ADDR_STRLEN];
	if (l == NULL)
		return;
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "socket");
	elem_leaf(a, e, "kind", "natt");
	elem_leaf(a, e, "address", addr_print(it->peer, text));
	elem_leaff(a, e, "family", "%u", it->family);
	ipc_send(l->ipc, MSG_SOCKET_GONE, 0, e, -1);
	arena_free(a);
}

static void
queue_drain(int fd)
{
	uint8_t start[64]; /* the rest of a packet goes with it */
	for (unsigned n = 0; n < QUEUE_MAX && read(fd, start, sizeof(start)) > 0; n++)
		;
}

void
pics_drain(struct netd *n)
{
	if (n->plan == NULL || n->conf == NULL)
		return;
	struct arena *a = arena_new();
	struct smap served = { 0 };
	size_t n_served;
	const char *const *pics = conf_pics(n->conf, a, &n_served);
	for (size_t i = 0; i < n_served; i++)
		(void)smap_add(&served, pics[i], n);
	for (size_t i = 0; i < n->plan->n; i++) {
		const struct item *it = n->plan->items[i];
		bool is_device = it->kind == ITEM_TUN || it->kind == ITEM_QUEUE;
		if (is_device && it->fd >= 0 && smap_find(&served, it->pic) == NULL)
			queue_drain(it->fd);
	}
	smap_done(&served);
	arena_free(a);
}

static void
source_put(struct netd *n, struct arena *a, struct elem *e, const char *name, uint8_t family)
{
	char text[ADDR_STRLEN];
	struct addr source = host_source(&n->host, family);
	if (source.family != ADDR_NONE)
		elem_leaf(a, e, name, addr_print(source, text));
}

static void
sync_send(struct netd *n, struct pic_link *l)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "net-sync");
	elem_leaff(a, e, "commit", "%u", n->plan->commit);
	source_put(n, a, e, "source-inet", ADDR_V4);
	source_put(n, a, e, "source-inet6", ADDR_V6);
	ipc_send(l->ipc, MSG_NET_SYNC, 0, e, -1);
	arena_free(a);
}

void
pics_sync(struct netd *n)
{
	for (size_t i = 0; i < n->n_pics && n->plan != NULL; i++) {
		if (!n->pics[i].is_behind)
			sync_send(n, &n->pics[i]);
		n->pics[i].at = 0;
	}
}

/* Gives L what of the running plan has not been given yet, as much as may be on its way. */
static void
link_fill(struct netd *n, struct pic_link *l)
{
	while (l->is_behind && l->at < n->plan->n) {
		struct item *it = n->plan->items[l->at];
		bool is_due = is_handed(it) && !it->is_given && strcmp(it->pic, l->name) == 0;
		if (is_due && l->n_flying == FLYING_MAX)
			return;
		if (is_due)
			link_give(l, it);
		l->at++;
	}
	if (l->is_behind)
		sync_send(n, l);
	l->is_behind = false;
}

/* All that was on its way to a picd has been sent. */
static void
link_go_on(struct ipc *c, void *arg)
{
	struct netd *n = arg;
	for (size_t i = 0; i < n->n_pics; i++) {
		struct pic_link *l = &n->pics[i];
		if (l->ipc != c)
			continue;
		l->n_flying = 0;
		if (l->is_behind && n->plan != NULL)
			link_fill(n, l);
		if (l->n_flying > 0)
			ipc_on_drained(c, link_go_on);
	}
}

static void
link_del(struct netd *n, struct pic_link *l)
{
	if (n->hops != NULL)
		hops_forget(n->hops, l->name);
	ipc_free(l->ipc);
	*l = n->pics[--n->n_pics];
}

static void
on_message(struct ipc *c, struct ipc_msg *m, void *arg)
{
	struct netd *n = arg;
	const char *name = "";
	for (size_t i = 0; i < n->n_pics; i++)
		if (n->pics[i].ipc == c)
			name = n->pics[i].name;
	if (m->type == MSG_HOP_ASK && m->body != NULL) {
		if (n->hops != NULL && !hops_ask(n->hops, name, m->body))
			log_line(LOG_LEVEL_WARNING, "NETD_PICD", "%s asks for no way", name);
		return;
	}
	if (m->type == MSG_HOP_GONE && m->body != NULL) {
		if (n->hops != NULL && !hops_gone(n->hops, name, m->body))
			log_line(LOG_LEVEL_WARNING, "NETD_PICD", "%s gives up no way", name);
		return;
	}
	if (m->type == MSG_XDP_READY && m->body != NULL) {
		if (n->hops != NULL && !hops_ready(n->hops, name, m->body))
			log_line(LOG_LEVEL_WARNING, "NETD_PICD", "%s has no such sockets", name);
		return;
	}
	log_line(LOG_LEVEL_WARNING, "NETD_PICD", "unexpected message %u of a picd or kmd", m->type);
}

static void
on_closed(struct ipc *c, const char *why, void *arg)
{
	struct netd *n = arg;
	(void)why;
	for (size_t i = 0; i < n->n_pics; i++)
		if (n->pics[i].ipc == c) {
			link_del(n, &n->pics[i]);
			return;
		}
}

static const struct ipc_ops ops = { .on_message = on_message, .on_closed = on_closed };

void
pics_link(struct netd *n, const char *name, int fd)
{
	struct pic_link *l = link_find(n, name);
	if (l != NULL)
		link_del(n, l);
	if (n->n_pics == NETD_PICS_MAX || strlen(name) >= sizeof(l->name)) {
		log_line(LOG_LEVEL_ERROR, "NETD_PICD", "no room for %s", name);
		close(fd);
		return;
	}
	struct ipc *c = ipc_new(&n->d.loop, fd, &ops, n);
	if (c == NULL)
		return;
	l = &n->pics[n->n_pics++];
	*l = (struct pic_link){ .ipc = c, .is_behind = n->plan != NULL };
	snprintf(l->name, sizeof(l->name), "%s", name);
	for (size_t i = 0; n->plan != NULL && i < n->plan->n; i++)
		if (is_handed(n->plan->items[i]) && strcmp(n->plan->items[i]->pic, name) == 0)
			n->plan->items[i]->is_given = false;
	link_go_on(c, n);
	if (n->hops != NULL)
		hops_linked(n->hops, name);
}

void
pics_done(struct netd *n)
{
	while (n->n_pics > 0)
		link_del(n, &n->pics[n->n_pics - 1]);
}
