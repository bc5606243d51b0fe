/* SPDX-License-Identifier: BSD-2-Clause
 *
 * index.c - finding one of very many children at once.
 *
 * FNV-1a over the keys and the address of the statement, linear probing at a load of at most 2/3, deletion by
 * shifting back, so that a long-lived candidate does not fill up with tombstones.
 */
#include "lib/junos/index.h"

#include "lib/base/smap.h"
#include "lib/junos/tree.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct index_key
index_key_of(const struct node *n)
{
	bool has_key = n->schema->kind == SNODE_LIST || n->schema->kind == SNODE_LEAFLIST;
	return (struct index_key){
		.schema = n->schema,
		.value = has_key ? n->value : NULL,
		.more_keys = has_key ? (const char *const *)n->more_keys : NULL,
	};
}

bool
index_key_is(const struct index_key *k, const struct node *n)
{
	if (k->schema != n->schema)
		return false;
	if (k->value == NULL)
		return true;
	if (strcmp(k->value, n->value) != 0)
		return false;
	if (k->schema->kind != SNODE_LIST)
		return true;
	for (size_t i = 1; i < k->schema->n_keys; i++)
		if (strcmp(k->more_keys[i - 1], n->more_keys[i - 1]) != 0)
			return false;
	return true;
}

static size_t
key_hash(const struct index_key *k)
{
	uint32_t h = (uint32_t)(((uintptr_t)k->schema >> 4) * 2654435761u);
	if (k->value != NULL)
		h ^= smap_hash(k->value, strlen(k->value));
	if (k->value != NULL && k->schema->kind == SNODE_LIST)
		for (size_t i = 1; i < k->schema->n_keys; i++)
			h = h * 31 + smap_hash(k->more_keys[i - 1], strlen(k->more_keys[i - 1]));
	return h ^ (h >> 15);
}

struct index *
index_new(size_t n_statements)
{
	struct index *x = calloc(1, sizeof(*x) + n_statements * sizeof(struct node *));
	if (x == NULL)
		abort();
	return x;
}

void
index_free(struct index *x)
{
	if (x != NULL)
		free(x->slots);
	free(x);
}

struct node *
index_find(const struct index *x, const struct index_key *k)
{
	if (x->n == 0)
		return NULL;
	size_t i = key_hash(k) & (x->cap - 1);
	while (x->slots[i] != NULL && !index_key_is(k, x->slots[i]))
		i = (i + 1) & (x->cap - 1);
	return x->slots[i];
}

static void
slot_take(struct index *x, struct node *n)
{
	struct index_key k = index_key_of(n);
	size_t i = key_hash(&k) & (x->cap - 1);
	while (x->slots[i] != NULL)
		i = (i + 1) & (x->cap - 1);
	x->slots[i] = n;
}

void
index_add(struct index *x, struct node *n)
{
	if ((x->n + 1) * 3 > x->cap * 2) {
		struct node **old = x->slots;
		size_t old_cap = x->cap;
		x->cap = old_cap ? old_cap * 2 : 32;
		x->slots = calloc(x->cap, sizeof(struct node *));
		if (x->slots == NULL)
			abort();
		for (size_t i = 0; i < old_cap; i++)
			if (old[i] != NULL)
				slot_take(x, old[i]);
		free(old);
	}
	slot_take(x, n);
	x->n++;
}

void
index_del(struct index *x, const struct node *n)
{
	struct index_key k = index_key_of(n);
	size_t mask = x->cap - 1;
	size_t hole = key_hash(&k) & mask;
	while (x->slots[hole] != n) {
		if (x->slots[hole] == NULL)
			abort(); /* the caller knows that it is there */
		hole = (hole + 1) & mask;
	}
	/* pull back those that would no longer be reached over the hole */
	for (size_t i = (hole + 1) & mask; x->slots[i] != NULL; i = (i + 1) & mask) {
		struct index_key other = index_key_of(x->slots[i]);
		size_t home = key_hash(&other) & mask;
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			x->slots[hole] = x->slots[i];
			hole = i;
		}
	}
	x->slots[hole] = NULL;
	x->n--;
}
