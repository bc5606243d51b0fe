/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hops.c - where plain ESP goes as a frame: next hops by gateways, as netd has told.
 *
 * A hash table of fixed size; an entry is added by one store, taken out by another, and never moves. See hops.h for the threads.
 */
#include "daemon/picd/hops.h"

#include "daemon/picd/picd.h"
#include "lib/base/arena.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1 << 12, HOPS_MAX = 1 << 14, DEVICE_SHIFT = 48, YES_SHIFT = 56 };

struct hops {
	_Atomic(struct hop *) buckets[BUCKETS];
	/* main thread */
	struct hop *list[HOPS_MAX]; /* NULL: free */
	size_t n;                   /* all behind are free, */
	size_t n_full;              /* none before this */
	struct hop *gone;
};

static size_t
bucket_of(const struct addr *local, const struct addr *remote)
{
	uint64_t x[2];
	uint64_t y[2];
	memcpy(x, remote->b, sizeof(x));
	memcpy(y, local->b, sizeof(y));
	uint64_t h = (x[0] ^ y[0] >> 7) * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ x[1] ^ y[1] >> 7) * UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(h >> 32) & (BUCKETS - 1);
}

struct hops *
hops_new(void)
{
	struct hops *h = calloc(1, sizeof(*h));
	if (h == NULL)
		abort();
	return h;
}

void
hops_free(struct hops *h)
{
	if (h == NULL)
		return;
	for (size_t i = 0; i < h->n; i++)
		free(h->list[i]);
	hops_reclaim(h, UINT64_MAX);
	free(h);
}

struct hop *
hops_find(const struct hops *h, const struct addr *local, const struct addr *remote)
{
	struct hop *hop =
	    atomic_load_explicit(&h->buckets[bucket_of(local, remote)], memory_order_acquire);
	while (hop != NULL && !(addr_eq(hop->remote, *remote) && addr_eq(hop->local, *local)))
		hop = atomic_load_explicit(&hop->next, memory_order_acquire);
	return hop;
}

const struct hop *
hops_next(const struct hops *h, size_t *at)
{
	while (*at < h->n && h->list[*at] == NULL)
		++*at;
	return *at < h->n ? h->list[(*at)++] : NULL;
}

/* Sends netd a message that names HOP. */
static void
hop_say(struct picd *p, uint16_t type, const char *name, const struct hop *hop)
{
	char text[ADDR_STRLEN];
	if (p->netd == NULL)
		return;
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, name);
	elem_leaf(a, e, "local", addr_print(hop->local, text));
	elem_leaf(a, e, "remote", addr_print(hop->remote, text));
	(void)!ipc_send(p->netd, type, 0, e, -1);
	arena_free(a);
}

static void
hop_ask(struct picd *p, const struct hop *hop)
{
	hop_say(p, MSG_HOP_ASK, "hop-ask", hop);
}

static uint32_t
now_s(const struct picd *p)
{
	return (uint32_t)(p->now_ms() / 1000);
}

/* Puts HOP into a free place of the list; false: there is none. */
static bool
list_add(struct hops *h, struct hop *hop)
{
	while (h->n_full < h->n && h->list[h->n_full] != NULL)
		h->n_full++;
	if (h->n_full == HOPS_MAX)
		return false;
	h->list[h->n_full++] = hop;
	h->n = h->n_full > h->n ? h->n_full : h->n;
	return true;
}

void
hops_want(struct picd *p, const struct addr *local, const struct addr *remote)
{
	if (hops_find(p->hops, local, remote) != NULL)
		return;
	struct hop *hop = calloc(1, sizeof(*hop));
	if (hop == NULL)
		abort();
	if (!list_add(p->hops, hop)) {
		free(hop);
		return;
	}
	hop->local = *local;
	hop->remote = *remote;
	snprintf(hop->why, sizeof(hop->why), "netd has not answered yet");
	_Atomic(struct hop *) *bucket = &p->hops->buckets[bucket_of(local, remote)];
	atomic_store_explicit(&hop->used_s, now_s(p), memory_order_relaxed);
	atomic_store_explicit(
	    &hop->next, atomic_load_explicit(bucket, memory_order_relaxed), memory_order_relaxed);
	atomic_store_explicit(bucket, hop, memory_order_release);
	hop_ask(p, hop);
}

/* Takes the entry at place I out of reach. */
static void
hop_retire(struct picd *p, size_t i)
{
	struct hops *h = p->hops;
	struct hop *hop = h->list[i];
	_Atomic(struct hop *) *at = &h->buckets[bucket_of(&hop->local, &hop->remote)];
	for (struct hop *k; (k = atomic_load_explicit(at, memory_order_relaxed)) != hop;)
		at = &k->next;
	atomic_store_explicit(
	    at, atomic_load_explicit(&hop->next, memory_order_relaxed), memory_order_release);
	h->list[i] = NULL;
	h->n_full = i < h->n_full ? i : h->n_full;
	hop->epoch = UINT64_MAX; /* until hops_age() says */
	hop->next_gone = h->gone;
	h->gone = hop;
	hop_say(p, MSG_HOP_GONE, "hop-gone", hop);
}

/* A worker may have looked at its clock later than we have. */
static bool
is_idle(const struct hop *hop, uint32_t now)
{
	uint32_t used = atomic_load_explicit(&hop->used_s, memory_order_relaxed);
	return (int32_t)(now - used) >= HOP_IDLE_S;
}

void
hops_age(struct picd *p)
{
	struct hops *h = p->hops;
	struct hop *before = h->gone;
	uint32_t now = now_s(p);
	for (size_t i = 0; i < h->n; i++) {
		if (h->list[i] == NULL)
			continue;
		if (is_idle(h->list[i], now))
			hop_retire(p, i);
		else if (!h->list[i]->is_told)
			hop_ask(p, h->list[i]);
	}
	if (h->gone == before)
		return;
	uint64_t epoch = publish_epoch(p);
	for (struct hop *hop = h->gone; hop != before; hop = hop->next_gone)
		hop->epoch = epoch;
}

void
hops_reclaim(struct hops *h, uint64_t seen)
{
	struct hop **at = &h->gone;
	while (*at != NULL) {
		struct hop *hop = *at;
		if (hop->epoch > seen) {
			at = &hop->next_gone;
			continue;
		}
		*at = hop->next_gone;
		free(hop);
	}
}

static bool
mac_parse(const char *text, uint8_t out[MAC_LEN])
{
	for (size_t i = 0; i < MAC_LEN; i++)
		if (text == NULL || sscanf(text + 2 * i, "%2hhx", &out[i]) != 1)
			return false;
	return strlen(text) == 2 * MAC_LEN;
}

/* The number of a device, a new one if need be; HOP_DEVICES: there are too many. */
static unsigned
device_of(struct port_table *t, const char *name)
{
	unsigned i = 0;
	while (i < HOP_DEVICES && strcmp(t->devices[i].name, name) != 0)
		i++;
	for (unsigned k = 0; i == HOP_DEVICES && k < HOP_DEVICES; k++)
		if (t->devices[k].name[0] == '\0')
			i = k;
	if (i < HOP_DEVICES && t->devices[i].name[0] == '\0')
		snprintf(t->devices[i].name, sizeof(t->devices[i].name), "%s", name);
	return i;
}

/* Reads how frames go; 0: that makes no sense. */
static uint64_t
way_parse(struct picd *p, const struct elem *body)
{
	struct hop_device d = { 0 };
	uint8_t to[MAC_LEN];
	uint64_t way = 0;
	const char *device = elem_value(body, "device");
	const char *mtu = elem_value(body, "mtu");
	if (device == NULL || *device == '\0' || strlen(device) >= sizeof(d.name) || mtu == NULL ||
	    !mac_parse(elem_value(body, "from"), d.from) || !mac_parse(elem_value(body, "to"), to))
		return 0;
	unsigned number = device_of(&p->ports, device);
	if (number == HOP_DEVICES)
		return 0;
	snprintf(d.name, sizeof(d.name), "%s", device);
	d.mtu = (uint32_t)strtoul(mtu, NULL, 10);
	struct hop_device *known = &p->ports.devices[number];
	if (memcmp(known->from, d.from, MAC_LEN) != 0 || known->mtu != d.mtu) {
		*known = d;
		publish_soon(p);
	}
	memcpy(&way, to, MAC_LEN);
	return way | (uint64_t)number << DEVICE_SHIFT | UINT64_C(1) << YES_SHIFT;
}

void
hops_told(struct picd *p, const struct elem *body)
{
	struct addr local;
	struct addr remote;
	const char *words[] = { elem_value(body, "local"), elem_value(body, "remote") };
	if (words[0] == NULL || words[1] == NULL || !addr_parse(words[0], &local) ||
	    !addr_parse(words[1], &remote))
		return;
	struct hop *hop = hops_find(p->hops, &local, &remote);
	if (hop == NULL)
		return;
	const char *device = elem_value(body, "device");
	const char *why = elem_value(body, "reason");
	uint64_t way = why == NULL ? way_parse(p, body) : 0;
	hop->is_told = true;
	snprintf(hop->device, sizeof(hop->device), "%s", device != NULL ? device : "");
	snprintf(hop->why, sizeof(hop->why), "%s",
	    why != NULL ? why
	    : way == 0  ? "netd's answer makes no sense"
			: "");
	atomic_store_explicit(&hop->way, way, memory_order_relaxed);
}

void
hops_lost(struct picd *p)
{
	for (size_t i = 0; i < p->hops->n; i++) {
		struct hop *hop = p->hops->list[i];
		if (hop == NULL)
			continue;
		hop->is_told = false;
		atomic_store_explicit(&hop->way, 0, memory_order_relaxed);
		snprintf(hop->why, sizeof(hop->why), "netd is not there");
	}
}

void
hops_ask_all(struct picd *p)
{
	for (size_t i = 0; i < p->hops->n; i++)
		if (p->hops->list[i] != NULL)
			hop_ask(p, p->hops->list[i]);
}
