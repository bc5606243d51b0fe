/* SPDX-License-Identifier: BSD-2-Clause
 *
 * life_index.c - a hash with chains through its members, and a binary heap of timers.
 *
 * Called by everything in life_*.c. A timer that is set again moves in the heap, so each costs O(log n) and none is ever
 * searched for.
 */
#include "lib/vpn/life_index.h"

#include <stdlib.h>

uint64_t
life_mix(uint64_t hash, const void *p, size_t n)
{
	const uint8_t *b = p;
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ b[i]) * UINT64_C(0x100000001b3);
	/* the low bits choose the slot, so the high ones have to come down */
	return hash ^ hash >> 29;
}

static void
hash_grow(struct life_hash *h)
{
	size_t cap = h->cap > 0 ? 2 * h->cap : 64;
	struct life_node **slots = calloc(cap, sizeof(struct life_node *));
	if (slots == NULL)
		abort();
	for (size_t i = 0; i < h->cap; i++) {
		struct life_node *next;
		for (struct life_node *n = h->slots[i]; n != NULL; n = next) {
			struct life_node **slot = &slots[n->hash & (cap - 1)];
			next = n->next;
			n->next = *slot;
			*slot = n;
		}
	}
	free(h->slots);
	h->slots = slots;
	h->cap = cap;
}

void
life_hash_add(struct life_hash *h, struct life_node *node, uint64_t hash)
{
	if (h->n >= h->cap)
		hash_grow(h);
	struct life_node **slot = &h->slots[hash & (h->cap - 1)];
	node->hash = hash;
	node->next = *slot;
	*slot = node;
	h->n++;
}

void
life_hash_del(struct life_hash *h, struct life_node *node)
{
	struct life_node **at = &h->slots[node->hash & (h->cap - 1)];
	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	h->n--;
}

void
life_hash_done(struct life_hash *h)
{
	free(h->slots);
	*h = (struct life_hash){ 0 };
}

static struct life_node *
of_hash(struct life_node *n, uint64_t hash)
{
	while (n != NULL && n->hash != hash)
		n = n->next;
	return n;
}

struct life_node *
life_hash_first(const struct life_hash *h, uint64_t hash)
{
	return h->cap > 0 ? of_hash(h->slots[hash & (h->cap - 1)], hash) : NULL;
}

struct life_node *
life_hash_next(const struct life_node *node)
{
	return of_hash(node->next, node->hash);
}

/* --- times --- */

static void
heap_put(struct life_heap *h, size_t at, struct life_timer *t)
{
	h->v[at] = t;
	t->at = at;
}

/* T belongs at AT or higher up. */
static void
heap_up(struct life_heap *h, size_t at, struct life_timer *t)
{
	for (; at > 0 && h->v[(at - 1) / 2]->due_ms > t->due_ms; at = (at - 1) / 2)
		heap_put(h, at, h->v[(at - 1) / 2]);
	heap_put(h, at, t);
}

/* T belongs at AT or further down. */
static void
heap_down(struct life_heap *h, size_t at, struct life_timer *t)
{
	for (;;) {
		size_t child = 2 * at + 1;
		if (child + 1 < h->n && h->v[child + 1]->due_ms < h->v[child]->due_ms)
			child++;
		if (child >= h->n || h->v[child]->due_ms >= t->due_ms)
			break;
		heap_put(h, at, h->v[child]);
		at = child;
	}
	heap_put(h, at, t);
}

void
life_timer_init(struct life_timer *t, void (*fire)(void *arg), void *arg)
{
	*t = (struct life_timer){ .due_ms = UINT64_MAX, .fire = fire, .arg = arg };
}

void
life_timer_set(struct life_heap *h, struct life_timer *t, uint64_t due_ms)
{
	uint64_t was = t->due_ms;
	t->due_ms = due_ms;
	if (due_ms == was)
		return;
	if (was == UINT64_MAX) {
		if (h->n == h->cap) {
			h->cap = h->cap > 0 ? 2 * h->cap : 64;
			h->v = reallocarray(h->v, h->cap, sizeof(struct life_timer *));
			if (h->v == NULL)
				abort();
		}
		heap_up(h, h->n++, t);
	} else if (due_ms == UINT64_MAX) {
		struct life_timer *last = h->v[--h->n];
		if (last != t && last->due_ms < was)
			heap_up(h, t->at, last);
		else if (last != t)
			heap_down(h, t->at, last);
	} else if (due_ms < was) {
		heap_up(h, t->at, t);
	} else {
		heap_down(h, t->at, t);
	}
}

struct life_timer *
life_heap_first(const struct life_heap *h)
{
	return h->n > 0 ? h->v[0] : NULL;
}

void
life_heap_done(struct life_heap *h)
{
	free(h->v);
	*h = (struct life_heap){ 0 };
}
