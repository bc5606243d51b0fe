/* SPDX-License-Identifier: BSD-2-Clause
 *
 * smap.c - a hash map from strings to pointers.
 *
 * FNV-1a with linear probing at a load of at most 2/3. Keys come from the administrator's own
 * configuration, so no keyed hash is needed; a map keyed by a peer's bytes must not use this.
 */
#include "lib/base/smap.h"

#include <stdlib.h>
#include <string.h>

uint32_t
smap_hash(const char *key, size_t len)
{
	uint32_t h = 2166136261u;
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)key[i]) * 16777619u;
	return h;
}

void
smap_done(struct smap *m)
{
	free(m->slots);
	*m = (struct smap){ 0 };
}

/* Returns the slot of KEY, or the free slot where it would go. The map has a free slot. */
static struct smap_slot *
slot_find(const struct smap *m, const char *key, uint32_t hash)
{
	size_t i = hash & (m->cap - 1);
	while (m->slots[i].key != NULL &&
	       (m->slots[i].hash != hash || strcmp(m->slots[i].key, key) != 0))
		i = (i + 1) & (m->cap - 1);
	return &m->slots[i];
}

static void
smap_grow(struct smap *m)
{
	struct smap old = *m;
	m->cap = old.cap ? old.cap * 2 : 16;
	m->slots = calloc(m->cap, sizeof(*m->slots));
	if (m->slots == NULL)
		abort();
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].key != NULL)
			*slot_find(m, old.slots[i].key, old.slots[i].hash) = old.slots[i];
	free(old.slots);
}

void *
smap_find(const struct smap *m, const char *key)
{
	if (m->n == 0)
		return NULL;
	return slot_find(m, key, smap_hash(key, strlen(key)))->value;
}

/* Returns the slot of KEY, which is made if need be. */
static struct smap_slot *
slot_make(struct smap *m, const char *key)
{
	if (m->n * 3 >= m->cap * 2)
		smap_grow(m);
	uint32_t hash = smap_hash(key, strlen(key));
	struct smap_slot *s = slot_find(m, key, hash);
	if (s->key == NULL) {
		*s = (struct smap_slot){ .key = key, .hash = hash };
		m->n++;
	}
	return s;
}

void *
smap_set(struct smap *m, const char *key, void *value)
{
	struct smap_slot *s = slot_make(m, key);
	void *before = s->value;
	s->value = value;
	return before;
}

bool
smap_add(struct smap *m, const char *key, void *value)
{
	struct smap_slot *s = slot_make(m, key);
	if (s->value != NULL)
		return false;
	s->value = value;
	return true;
}
