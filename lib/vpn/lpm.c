/* SPDX-License-Identifier: BSD-2-Clause
 *
 * lpm.c - binary search on prefix lengths.
 *
 * A search looks at the middle level first; a hit says that there may be something longer, a miss that there is not. So that
 * it does not miss on the way to a long prefix, markers of that prefix stand at the shorter levels of its way. Every
 * entry, marker or not, knows the levels that are settled once it was hit: those at which a real prefix covers it.
 */
#include "lib/vpn/lpm.h"

#include "lib/base/arena.h"

#include <assert.h>
#include <string.h>

struct entry {
	uint64_t key[2];
	struct lpm_levels covers;
	uint16_t level;
	bool is_real; /* else a marker only; while the table is built */
};

struct lpm {
	unsigned n_levels;
	uint8_t lens[LPM_LEVELS_MAX];
	uint8_t level_of[LPM_LEVELS_MAX];
	uint32_t slot_mask;
	size_t n_entries;
	struct entry *slots;
	uint32_t *hashes; /* of the entries in the slots; 0: free. Most probes end here */
};

static uint32_t
hash_key(const uint64_t key[2], unsigned level)
{
	return (uint32_t)lpm_mix(lpm_mix(lpm_mix(0, level), key[0]), key[1]) | 1;
}

/* The slot of KEY, or the free one where it would be. */
static uint32_t
slot_find(const struct lpm *t, const uint64_t key[2], unsigned level)
{
	uint32_t hash = hash_key(key, level);
	uint32_t i = hash >> 1 & t->slot_mask;
	for (;; i = (i + 1) & t->slot_mask) {
		const struct entry *e = &t->slots[i];
		if (t->hashes[i] == 0 || (t->hashes[i] == hash && e->level == level &&
					     e->key[0] == key[0] && e->key[1] == key[1]))
			return i;
	}
}

static void
slots_make(struct lpm *t, struct arena *a, size_t n)
{
	uint32_t n_slots = 2;
	while (n_slots < 4 * n)
		n_slots *= 2;
	t->slots = arena_array(a, n_slots, sizeof(*t->slots));
	t->hashes = arena_array(a, n_slots, sizeof(*t->hashes));
	t->slot_mask = n_slots - 1;
}

static struct entry *
entry_add(struct lpm *t, const uint64_t key[2], unsigned level)
{
	uint32_t i = slot_find(t, key, level);
	if (t->hashes[i] == 0) {
		t->hashes[i] = hash_key(key, level);
		t->slots[i] = (struct entry){
			.key = { key[0], key[1] },
			.level = (uint16_t)level,
		};
		t->n_entries++;
	}
	return &t->slots[i];
}

static void
prefix_add(struct lpm *t, const struct prefix *p)
{
	unsigned level = t->level_of[p->len];
	unsigned lo = 0;
	unsigned hi = t->n_levels;
	uint64_t key[2];
	while (lo < hi) {
		unsigned mid = lo + (hi - lo) / 2;
		if (mid <= level) {
			lpm_mask(&p->addr, t->lens[mid], key);
			struct entry *e = entry_add(t, key, mid);
			e->is_real = e->is_real || mid == level;
			lo = mid + 1;
		} else {
			hi = mid;
		}
	}
	/* the search may pass the level before it ends */
	lpm_mask(&p->addr, p->len, key);
	entry_add(t, key, level)->is_real = true;
}

/* The levels up to LEVEL at which a real prefix covers KEY. */
static struct lpm_levels
covers(const struct lpm *t, const uint64_t key[2], unsigned level)
{
	struct lpm_levels out = { 0 };
	for (unsigned l = 0; l <= level; l++) {
		unsigned len = t->lens[l];
		uint64_t part[2] = { key[0] & lpm_high_bits(len),
			len > 64 ? key[1] & lpm_high_bits(len - 64) : 0 };
		uint32_t i = slot_find(t, part, l);
		if (t->hashes[i] != 0 && t->slots[i].is_real)
			out.bits[l / 64] |= 1ULL << l % 64;
	}
	return out;
}

static void
levels_find(struct lpm *t, const struct prefix *prefixes, size_t n)
{
	bool has_len[LPM_LEVELS_MAX] = { false };
	for (size_t i = 0; i < n; i++)
		has_len[prefixes[i].len] = true;
	for (unsigned len = 0; len < LPM_LEVELS_MAX; len++)
		if (has_len[len]) {
			t->level_of[len] = (uint8_t)t->n_levels;
			t->lens[t->n_levels++] = (uint8_t)len;
		}
}

struct lpm *
lpm_new(struct arena *a, const struct prefix *prefixes, size_t n)
{
	enum { WAY_MAX = 8 }; /* binary digits of LPM_LEVELS_MAX */
	struct lpm *t = arena_alloc(a, sizeof(*t));
	memset(t, 0, sizeof(*t));
	levels_find(t, prefixes, n);
	/* first with room for every marker that might be needed, then with as much as there is */
	struct arena *scratch = arena_new();
	struct lpm wide = *t;
	slots_make(&wide, scratch, n * (t->n_levels > 1 ? WAY_MAX : 1));
	for (size_t i = 0; i < n; i++)
		prefix_add(&wide, &prefixes[i]);
	slots_make(t, a, wide.n_entries);
	for (uint32_t i = 0; i <= wide.slot_mask; i++) {
		const struct entry *e = &wide.slots[i];
		if (wide.hashes[i] == 0)
			continue;
		struct entry *to = entry_add(t, e->key, e->level);
		to->covers = covers(&wide, e->key, e->level);
	}
	arena_free(scratch);
	return t;
}

unsigned
lpm_n_levels(const struct lpm *t)
{
	return t->n_levels;
}

unsigned
lpm_level(const struct lpm *t, unsigned len)
{
	assert(t->lens[t->level_of[len]] == len);
	return t->level_of[len];
}

unsigned
lpm_level_len(const struct lpm *t, unsigned level)
{
	return t->lens[level];
}

struct lpm_levels
lpm_find(const struct lpm *t, const struct addr *address)
{
	struct lpm_levels best = { 0 };
	unsigned lo = 0;
	unsigned hi = t->n_levels;
	while (lo < hi) {
		unsigned mid = lo + (hi - lo) / 2;
		uint64_t key[2];
		lpm_mask(address, t->lens[mid], key);
		uint32_t i = slot_find(t, key, mid);
		if (t->hashes[i] != 0) {
			best = t->slots[i].covers;
			lo = mid + 1;
		} else {
			hi = mid;
		}
	}
	return best;
}
