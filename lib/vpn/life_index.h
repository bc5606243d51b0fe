/* SPDX-License-Identifier: BSD-2-Clause
 *
 * life_index.h - what finds tunnels, peers and SAs: a hash of nodes that live in what they find, and a heap of times.
 *
 * Neither owns anything but its own array. One thread.
 */
#ifndef LIFE_INDEX_H
#define LIFE_INDEX_H

#include <stddef.h>
#include <stdint.h>

/* --- hash --- */

struct life_node {
	struct life_node *next;
	uint64_t hash;
};

struct life_hash {
	struct life_node **slots;
	size_t n;
	size_t cap; /* a power of two, or 0 */
};

/* Mixes N octets into a hash; begin with LIFE_MIX. */
#define LIFE_MIX UINT64_C(0xcbf29ce484222325)
uint64_t life_mix(uint64_t hash, const void *p, size_t n);

void life_hash_add(struct life_hash *h, struct life_node *node, uint64_t hash);
void life_hash_del(struct life_hash *h, struct life_node *node);
void life_hash_done(struct life_hash *h);

/* All nodes with this hash, in any order; the caller compares what they stand for. NULL: no more. */
struct life_node *life_hash_first(const struct life_hash *h, uint64_t hash);
struct life_node *life_hash_next(const struct life_node *node);

/* --- times --- */

struct life_timer {
	uint64_t due_ms; /* UINT64_MAX: not in the heap */
	size_t at;
	void (*fire)(void *arg);
	void *arg;
};

struct life_heap {
	struct life_timer **v;
	size_t n;
	size_t cap;
};

void life_timer_init(struct life_timer *t, void (*fire)(void *arg), void *arg);
void life_timer_set(struct life_heap *h, struct life_timer *t, uint64_t due_ms);
struct life_timer *life_heap_first(const struct life_heap *h); /* or NULL */
void life_heap_done(struct life_heap *h);

#endif
