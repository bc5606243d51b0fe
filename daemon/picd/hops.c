/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hops.c - where plain ESP goes as a frame: next hops by gateways, as netd has told.
 *
 * A hash table of fixed size; an entry is added by one store and never moves. See hops.h for the threads.
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
	struct hop *list[HOPS_MAX];
	size_t n;
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
	for (size_t i = 0; h != NULL && i < h->n; i++)
		free(h->list[i]);
	free(h);
}

struct hop *
hops_find(const struct hops *h, const struct addr *local, const struct addr *remote)
{
	struct hop *hop =
	    atomic_load_explicit(&h->buckets[bucket_of(local, remote)], memory_order_acquire);
	while (hop != NULL && !(addr_eq(hop->remote, *remote) && addr_eq(hop->local, *local)))
		hop = hop->next;
	return hop;
}

const struct hop *
hops_get(const struct hops *h, size_t i)
{
	return i < h->n ? h->list[i] : NULL;
}

static void
hop_ask(struct picd *p, const struct hop *hop)
{
	char text[ADDR_STRLEN];
	if (p->netd == NULL)
		return;
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "hop-ask");
	elem_leaf(a, e, "local", addr_print(hop->local, text));
	elem_leaf(a, e, "remote", addr_print(hop->remote, text));
	(void)!ipc_send(p->netd, MSG_HOP_ASK, 0, e, -1);
	arena_free(a);
}

void
hops_want(struct picd *p, const struct addr *local, const struct addr *remote)
{
	if (hops_find(p->hops, local, remote) != NULL || p->hops->n == HOPS_MAX)
		return;
	struct hop *hop = calloc(1, sizeof(*hop));
	if (hop == NULL)
		abort();
	hop->local = *local;
	hop->remote = *remote;
	snprintf(hop->why, sizeof(hop->why), "netd has not answered yet");
	_Atomic(struct hop *) *bucket = &p->hops->buckets[bucket_of(local, remote)];
	hop->next = atomic_load_explicit(bucket, memory_order_relaxed);
	atomic_store_explicit(bucket, hop, memory_order_release);
	p->hops->list[p->hops->n++] = hop;
	hop_ask(p, hop);
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
		atomic_store_explicit(&hop->way, 0, memory_order_relaxed);
		snprintf(hop->why, sizeof(hop->why), "netd is not there");
	}
}

void
hops_ask_all(struct picd *p)
{
	for (size_t i = 0; i < p->hops->n; i++)
		hop_ask(p, p->hops->list[i]);
}
