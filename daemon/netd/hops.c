/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hops.c - the ways of plain ESP: what picds ask about them, and what they are told.
 *
 * What has been asked is asked of the kernel again when routes, devices or neighbours change, a few at a time, and told when
 * the answer is another one. A neighbour that nobody sends to by the kernel's own way grows old there without being asked
 * for; that is why a picd sends one packet a second to each next hop by its raw socket.
 */
#include "daemon/netd/hops.h"

#include "daemon/netd/netd.h"
#include "daemon/netd/outside.h"
#include "daemon/netd/way.h"
#include "lib/base/arena.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/os/cores.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	HOPS_MAX = 1 << 14,
	SLICE = 64,     /* asked of the kernel in one turn of the loop */
	SLICE_MS = 5,   /* and changes come in swarms */
	AGAIN_MS = 200, /* the picd before still holds its sockets */
	READS_MAX = 16,
	WHY_LEN = 96,
	KEY_LEN = 128,
};

/* What has been told. */
struct answer {
	char why[WHY_LEN]; /* "": by AF_XDP, as follows: */
	char device[IFNAMSIZ];
	uint8_t from[6];
	uint8_t to[6];
	unsigned mtu;
};

struct hop {
	char pic[32];
	struct addr local;
	struct addr remote;
	struct addr next;
	unsigned ifindex;
	struct answer last;
	bool is_told;
	bool is_dirty;
	bool is_busy; /* the way is not free yet */
	bool is_gone; /* nobody wants to know; see list_tidy() */
};

struct hops {
	struct netd *n;
	struct outside *outsides;
	struct hop *list;
	size_t n_list;
	size_t cap;
	struct smap by_key;
	size_t n_dirty;
	size_t at;     /* where the search for dirty ones goes on */
	bool is_moved; /* devices or routes have changed: look at everything again */
	bool has_gone;
	int fd;
	uv_poll_t poll;
	uv_timer_t timer;
	uv_timer_t again;
};

static void on_timer(uv_timer_t *t);

static void
work_soon(struct hops *h)
{
	if (!uv_is_active((uv_handle_t *)&h->timer))
		uv_timer_start(&h->timer, on_timer, SLICE_MS, SLICE_MS);
}

static void
hop_mark(struct hops *h, struct hop *hop)
{
	h->n_dirty += !hop->is_dirty;
	hop->is_dirty = true;
	work_soon(h);
}

static void
mark_all(struct hops *h)
{
	for (size_t i = 0; i < h->n_list; i++)
		hop_mark(h, &h->list[i]);
}

static void
on_again(uv_timer_t *t)
{
	struct hops *h = t->data;
	for (size_t i = 0; i < h->n_list; i++)
		if (h->list[i].is_busy)
			hop_mark(h, &h->list[i]);
}

/* --- may it be? --- */

/* The only services interface with a socket for plain ESP to LOCAL; "" if there are several or none. */
static const char *
pic_of(const struct plan *p, struct addr local)
{
	const char *pic = "";
	for (size_t i = 0; i < p->n; i++) {
		const struct item *it = p->items[i];
		if (it->kind != ITEM_SOCKET || strcmp(it->role, "esp") != 0)
			continue;
		/* one of the host itself is for all of its addresses */
		if (it->peer.family != ADDR_NONE && !addr_eq(it->peer, local))
			continue;
		if (*pic != '\0')
			return "";
		pic = it->pic;
	}
	return pic;
}

static bool
has_filter(const struct conf_family *f)
{
	return f->filter_in != NULL || f->filter_out != NULL || f->n_service_in > 0 ||
	       f->n_service_out > 0;
}

/* Filters and services of the device, and the filters that guard the host, see packets of the stack only. */
static bool
is_filtered(const struct conf *c, const char *device)
{
	for (size_t i = 0; i < c->n_ifds; i++)
		for (size_t k = 0; k < c->ifds[i]->n_units; k++) {
			const struct conf_unit *u = c->ifds[i]->units[k];
			bool is_guard = c->ifds[i]->kind == IFD_LOOPBACK;
			if ((is_guard || strcmp(u->device, device) == 0) &&
			    (has_filter(&u->inet) || has_filter(&u->inet6)))
				return true;
		}
	return false;
}

/* It is asked for by name, and not only where it costs nothing. */
static bool
is_forced(const struct netd *n, const char *pic)
{
	const struct conf_ifd *ifd = n->conf != NULL ? conf_ifd(n->conf, pic) : NULL;
	return ifd != NULL && ifd->io.plain_io == PLAIN_IO_XDP;
}

/* What the configuration says against it, or NULL. */
static const char *
conf_against(const struct netd *n, const char *pic, struct addr local, const char *device)
{
	const struct conf_ifd *ifd = n->conf != NULL ? conf_ifd(n->conf, pic) : NULL;
	if (ifd == NULL || n->plan == NULL)
		return "not one of the configured services interfaces";
	if (ifd->io.plain_io == PLAIN_IO_RAW)
		return "raw sockets are configured";
	if (strcmp(pic_of(n->plan, local), pic) != 0)
		return "another services interface or the host has ESP to this address, too";
	if (device != NULL && is_filtered(n->conf, device))
		return "filters or services of the interface see only what passes the kernel";
	return NULL;
}

/* --- devices --- */

static struct outside **
outside_find(struct hops *h, const char *device)
{
	struct outside **at = &h->outsides;
	while (*at != NULL && strcmp((*at)->device, device) != 0)
		at = &(*at)->next;
	return at;
}

static void
outside_tell(struct hops *h, struct outside *o, bool is_there)
{
	struct ipc *c = pics_ipc(h->n, o->pic);
	if (c == NULL || (!is_there && !o->is_given))
		return;
	struct arena *a = arena_new();
	for (unsigned i = 0; i < o->n_queues * o->n_ways; i++) {
		unsigned queue = i / o->n_ways;
		unsigned way = i % o->n_ways;
		struct elem *e = elem_new(a, "socket");
		elem_leaf(a, e, "kind", "xdp");
		elem_leaf(a, e, "device", o->device);
		elem_leaff(a, e, "queue", "%u", queue);
		elem_leaff(a, e, "way", "%u", way);
		elem_leaff(a, e, "ways", "%u", o->n_ways);
		elem_leaf(a, e, "mode", o->xdp.is_native ? "native" : "generic");
		if (is_there && way == 0)
			(void)!ipc_send(c, MSG_XDP_MEMORY, 0, NULL, o->queues[queue].memory);
		(void)!ipc_send(c, is_there ? MSG_SOCKET : MSG_SOCKET_GONE, 0, e,
		    is_there ? o->queues[queue].fds[way] : -1);
	}
	o->is_given = is_there;
	arena_free(a);
}

static void
outside_end(struct hops *h, struct outside **at, const char *why)
{
	struct outside *o = *at;
	*at = o->next;
	log_line(LOG_LEVEL_NOTICE, "NETD_XDP", "%s: plain ESP passes the kernel again: %s",
	    o->device, why);
	outside_tell(h, o, false);
	outside_close(o);
}

/* The sockets of the way W for PIC, made if there are none. Returns NULL and says why in HOP's words. */
static struct outside *
outside_get(struct hops *h, struct hop *hop, const struct way *w, struct answer *out)
{
	struct outside *o = *outside_find(h, w->device);
	int rc = 0;
	if (o != NULL && strcmp(o->pic, hop->pic) != 0) {
		snprintf(out->why, WHY_LEN, "%s has AF_XDP on the interface", o->pic);
		return NULL;
	}
	if (o == NULL) {
		unsigned n = cores_count();
		rc = outside_open(w, hop->pic, n < XSK_WAYS_MAX ? n : XSK_WAYS_MAX,
		    is_forced(h->n, hop->pic), &o);
		if (rc == 0) {
			outside_spread(o, conf_workers(h->n->conf, o->pic, n));
			o->next = h->outsides;
			h->outsides = o;
			log_line(LOG_LEVEL_NOTICE, "NETD_XDP",
			    "%s: plain ESP of %s goes by AF_XDP (%s)", o->device, o->pic,
			    o->xdp.is_native ? "native" : "generic");
		}
	}
	if (rc == 0 && !o->is_given)
		outside_tell(h, o, true);
	if (rc == 0 && o->n_ready < o->n_queues) {
		snprintf(out->why, WHY_LEN, "picd is taking up the sockets");
		return NULL;
	}
	if (rc == 0)
		rc = outside_add(o, hop->local);
	if (rc < 0) {
		snprintf(out->why, WHY_LEN, "%s",
		    rc == -EBUSY ? "another program is on the interface" : strerror(-rc));
		hop->is_busy = rc == -EBUSY;
		return NULL;
	}
	return o;
}

/* Ends what the configuration or the devices do not allow any more. */
static void
outsides_check(struct hops *h)
{
	struct outside **at = &h->outsides;
	while (*at != NULL) {
		struct outside *o = *at;
		struct way w = { 0 };
		for (size_t i = o->n_gateways; i-- > 0;)
			if (conf_against(h->n, o->pic, o->gateways[i], o->device) != NULL)
				outside_del(o, i);
		const char *why = NULL;
		if (way_device(&h->n->host, o->ifindex, &w) < 0)
			why = "the interface is gone";
		else if (memcmp(w.from, o->from, sizeof(o->from)) != 0 || !w.is_ethernet ||
			 strcmp(w.device, o->device) != 0)
			why = "the interface is another one now";
		else if (w.is_veth && !is_forced(h->n, o->pic))
			why = "af-xdp is not configured";
		else if (o->n_gateways == 0)
			why = "no gateway is left";
		if (why != NULL) {
			outside_end(h, at, why);
			continue;
		}
		outside_spread(o, conf_workers(h->n->conf, o->pic, cores_count()));
		outside_pace(o);
		at = &o->next;
	}
}

/* --- answers --- */

static void
way_judge(struct hops *h, struct hop *hop, struct answer *out)
{
	struct way w;
	struct netd *n = h->n;
	const char *why = conf_against(n, hop->pic, hop->local, NULL);
	int rc = why == NULL ? way_find(&n->host, hop->local, hop->remote, &w) : 0;
	hop->is_busy = false;
	hop->ifindex = 0;
	if (rc < 0)
		why = strerror(-rc);
	if (why == NULL) {
		hop->ifindex = w.ifindex;
		hop->next = w.next;
		snprintf(out->device, sizeof(out->device), "%s", w.device);
		out->mtu = w.mtu;
		memcpy(out->from, w.from, sizeof(out->from));
		memcpy(out->to, w.to, sizeof(out->to));
		why = !w.is_ethernet ? "not an Ethernet interface by itself"
		      : !w.is_up     ? "the interface is down"
				     : conf_against(n, hop->pic, hop->local, w.device);
	}
	/* native XDP takes segmentation offload from the other end of the pair, which ESP in UDP lives on */
	if (why == NULL && w.is_veth && !is_forced(n, hop->pic))
		why = "a veth interface: only if af-xdp is configured";
	if (why == NULL && outside_get(h, hop, &w, out) == NULL)
		return;
	if (why == NULL && !w.has_to)
		why = "the next hop is not known yet";
	if (why != NULL)
		snprintf(out->why, WHY_LEN, "%s", why);
}

static const char *
mac_text(struct arena *a, const uint8_t m[6])
{
	return arena_printf(a, "%02x%02x%02x%02x%02x%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

static void
hop_tell(struct hops *h, const struct hop *hop)
{
	char text[ADDR_STRLEN];
	struct ipc *c = pics_ipc(h->n, hop->pic);
	if (c == NULL)
		return;
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "hop");
	elem_leaf(a, e, "local", addr_print(hop->local, text));
	elem_leaf(a, e, "remote", addr_print(hop->remote, text));
	elem_leaf(a, e, "device", hop->last.device);
	if (*hop->last.why == '\0') {
		elem_leaf(a, e, "from", mac_text(a, hop->last.from));
		elem_leaf(a, e, "to", mac_text(a, hop->last.to));
		elem_leaff(a, e, "mtu", "%u", hop->last.mtu);
	} else {
		elem_leaf(a, e, "reason", hop->last.why);
	}
	(void)!ipc_send(c, MSG_HOP, 0, e, -1);
	arena_free(a);
}

/* Asks the kernel, and tells picd if there is news. */
static void
hop_look(struct hops *h, struct hop *hop)
{
	struct answer now = { 0 };
	way_judge(h, hop, &now);
	if (hop->is_busy && !uv_is_active((uv_handle_t *)&h->again))
		uv_timer_start(&h->again, on_again, AGAIN_MS, 0);
	if (hop->is_told && memcmp(&now, &hop->last, sizeof(now)) == 0)
		return;
	hop->last = now;
	hop->is_told = true;
	hop_tell(h, hop);
}

static struct hop *
hop_add(struct hops *h, const char *key)
{
	if (h->n_list == HOPS_MAX)
		return NULL;
	if (h->n_list == h->cap) {
		h->cap = h->cap == 0 ? 16 : 2 * h->cap;
		h->list = realloc(h->list, h->cap * sizeof(*h->list));
		if (h->list == NULL)
			abort();
	}
	char *kept = strdup(key);
	if (kept == NULL)
		abort();
	/* numbers, since the list moves; 0 would be nobody */
	(void)smap_add(&h->by_key, kept, (void *)(uintptr_t)(h->n_list + 1));
	h->list[h->n_list] = (struct hop){ 0 };
	return &h->list[h->n_list++];
}

static void
keys_clear(struct hops *h)
{
	for (size_t i = 0; i < h->by_key.cap; i++)
		free((void *)(uintptr_t)h->by_key.slots[i].key);
	smap_done(&h->by_key);
}

static void
key_print(const char *pic, struct addr local, struct addr remote, char out[KEY_LEN])
{
	char text[2][ADDR_STRLEN];
	snprintf(
	    out, KEY_LEN, "%s %s %s", pic, addr_print(local, text[0]), addr_print(remote, text[1]));
}

/* Makes the list anew without those that are gone. */
static void
list_tidy(struct hops *h)
{
	size_t n = h->n_list;
	keys_clear(h);
	h->n_list = 0;
	h->n_dirty = 0;
	h->has_gone = false;
	for (size_t i = 0; i < n; i++) {
		struct hop hop = h->list[i];
		char key[KEY_LEN];
		if (hop.is_gone)
			continue;
		key_print(hop.pic, hop.local, hop.remote, key);
		*hop_add(h, key) = hop;
		h->n_dirty += hop.is_dirty;
	}
}

static void
on_timer(uv_timer_t *t)
{
	struct hops *h = t->data;
	if (h->has_gone)
		list_tidy(h);
	if (h->is_moved) {
		outsides_check(h);
		mark_all(h);
		h->is_moved = false;
	}
	for (unsigned done = 0; done < SLICE && h->n_dirty > 0; h->at++) {
		if (h->at >= h->n_list)
			h->at = 0;
		struct hop *hop = &h->list[h->at];
		if (!hop->is_dirty)
			continue;
		hop->is_dirty = false;
		h->n_dirty--;
		hop_look(h, hop);
		done++;
	}
	if (h->n_dirty == 0)
		uv_timer_stop(t);
}

/* Which hop is meant. */
struct wanted {
	struct addr local;
	struct addr remote;
	char key[KEY_LEN];
	struct hop *hop; /* NULL: there is none */
};

/* Reads what the picd of PIC means by BODY; false: that makes no sense. */
static bool
wanted_read(const struct hops *h, const char *pic, const struct elem *body, struct wanted *out)
{
	const char *words[] = { elem_value(body, "local"), elem_value(body, "remote") };
	if (words[0] == NULL || words[1] == NULL || !addr_parse(words[0], &out->local) ||
	    !addr_parse(words[1], &out->remote) || out->local.family != out->remote.family ||
	    out->local.family == ADDR_NONE)
		return false;
	key_print(pic, out->local, out->remote, out->key);
	uintptr_t number = (uintptr_t)smap_find(&h->by_key, out->key);
	out->hop = number != 0 ? &h->list[number - 1] : NULL;
	return true;
}

bool
hops_ask(struct hops *h, const char *pic, const struct elem *body)
{
	struct wanted wanted;
	if (!wanted_read(h, pic, body, &wanted))
		return false;
	struct hop *hop = wanted.hop;
	if (hop != NULL && !hop->is_gone)
		return true;
	if (hop == NULL)
		hop = hop_add(h, wanted.key);
	if (hop == NULL)
		return true; /* no answer: it stays with its raw socket, and is asked for again */
	hop->is_gone = false;
	hop->is_told = false;
	snprintf(hop->pic, sizeof(hop->pic), "%s", pic);
	hop->local = wanted.local;
	hop->remote = wanted.remote;
	hop_look(h, hop);
	return true;
}

bool
hops_gone(struct hops *h, const char *pic, const struct elem *body)
{
	struct wanted wanted;
	if (!wanted_read(h, pic, body, &wanted))
		return false;
	if (wanted.hop == NULL)
		return true; /* there was no room for it */
	wanted.hop->is_gone = true;
	h->has_gone = true;
	work_soon(h);
	return true;
}

bool
hops_ready(struct hops *h, const char *pic, const struct elem *body)
{
	const char *device = elem_value(body, "device");
	struct outside *o = device != NULL ? *outside_find(h, device) : NULL;
	if (o == NULL || strcmp(o->pic, pic) != 0)
		return device != NULL; /* it has gone meanwhile */
	if (o->n_ready < o->n_queues && ++o->n_ready == o->n_queues)
		mark_all(h);
	return true;
}

void
hops_forget(struct hops *h, const char *pic)
{
	for (struct outside *o = h->outsides; o != NULL; o = o->next)
		if (strcmp(o->pic, pic) == 0)
			o->is_given = false;
	for (size_t i = 0; i < h->n_list; i++)
		h->list[i].is_gone = h->list[i].is_gone || strcmp(h->list[i].pic, pic) == 0;
	list_tidy(h);
}

void
hops_linked(struct hops *h, const char *pic)
{
	for (struct outside *o = h->outsides; o != NULL; o = o->next)
		if (strcmp(o->pic, pic) == 0 && !o->is_given)
			outside_tell(h, o, true);
}

void
hops_planned(struct hops *h)
{
	h->is_moved = true;
	work_soon(h);
}

/* --- the kernel's news --- */

static int
on_dst_attr(const struct nlattr *a, void *arg)
{
	struct addr *dst = arg;
	if (mnl_attr_get_type(a) != NDA_DST)
		return MNL_CB_OK;
	if (mnl_attr_get_payload_len(a) == 4)
		*dst = addr_v4(mnl_attr_get_payload(a));
	else if (mnl_attr_get_payload_len(a) == 16)
		*dst = addr_v6(mnl_attr_get_payload(a));
	return MNL_CB_OK;
}

static int
on_news(const struct nlmsghdr *m, void *arg)
{
	struct hops *h = arg;
	const struct ndmsg *neighbour = mnl_nlmsg_get_payload(m);
	struct addr dst = { 0 };
	switch (m->nlmsg_type) {
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		mnl_attr_parse(m, sizeof(*neighbour), on_dst_attr, &dst);
		for (size_t i = 0; i < h->n_list; i++)
			if (h->list[i].ifindex == (unsigned)neighbour->ndm_ifindex &&
			    addr_eq(h->list[i].next, dst))
				hop_mark(h, &h->list[i]);
		break;
	default:
		h->is_moved = true;
		work_soon(h);
	}
	return MNL_CB_OK;
}

static void
on_readable(uv_poll_t *p, int status, int events)
{
	struct hops *h = p->data;
	static char buf[65536];
	(void)status;
	(void)events;
	for (unsigned i = 0; i < READS_MAX; i++) {
		ssize_t n = recv(h->fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n > 0)
			(void)mnl_cb_run(buf, (size_t)n, 0, 0, on_news, h);
		else if (n < 0 && errno == ENOBUFS)
			hops_planned(h); /* some news are lost */
		else
			return;
	}
}

struct hops *
hops_new(struct netd *n)
{
	struct hops *h = calloc(1, sizeof(*h));
	struct sockaddr_nl at = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_NEIGH | RTMGRP_LINK | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE |
			     RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_RULE,
	};
	if (h == NULL)
		abort();
	h->n = n;
	h->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (h->fd < 0 || bind(h->fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		if (h->fd >= 0)
			close(h->fd);
		free(h);
		return NULL;
	}
	uv_poll_init(&n->d.loop, &h->poll, h->fd);
	uv_timer_init(&n->d.loop, &h->timer);
	uv_timer_init(&n->d.loop, &h->again);
	h->poll.data = h;
	h->timer.data = h;
	h->again.data = h;
	(void)uv_poll_start(&h->poll, UV_READABLE, on_readable);
	return h;
}

void
hops_stop(struct hops *h)
{
	if (h == NULL)
		return;
	while (h->outsides != NULL) {
		struct outside *o = h->outsides;
		h->outsides = o->next;
		outside_close(o);
	}
	h->n_list = 0;
	h->n_dirty = 0;
	uv_close((uv_handle_t *)&h->poll, NULL);
	uv_close((uv_handle_t *)&h->timer, NULL);
	uv_close((uv_handle_t *)&h->again, NULL);
}

void
hops_free(struct hops *h)
{
	if (h == NULL)
		return;
	keys_clear(h);
	close(h->fd);
	free(h->list);
	free(h);
}
