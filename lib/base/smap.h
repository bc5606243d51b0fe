/* SPDX-License-Identifier: BSD-2-Clause
 *
 * smap.h - a hash map from strings to pointers.
 *
 * Keys are borrowed and must outlive the map (they live in the same arena as what they name). Open
 * addressing, grows by itself, aborts when out of memory. One thread at a time.
 */
#ifndef SMAP_H
#define SMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct smap_slot {
	const char *key; /* NULL: free */
	void *value;
	uint32_t hash;
};

struct smap {
	struct smap_slot *slots;
	size_t n;
	size_t cap; /* a power of two, or 0 */
};

void smap_done(struct smap *m);

/* Returns the value of KEY, or NULL. */
void *smap_find(const struct smap *m, const char *key);

/* Adds KEY; returns false and changes nothing if it is there already. VALUE must not be NULL. */
bool smap_add(struct smap *m, const char *key, void *value);

/* Adds or overwrites KEY; returns the value it had before, or NULL. */
void *smap_set(struct smap *m, const char *key, void *value);

uint32_t smap_hash(const char *key, size_t len);

#endif
