/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sad.c - the hash table of inbound SAs.
 *
 * Open addressing with linear probing, between a quarter and half full, in slots of eight octets: where the entry is,
 * which is in the first cache line of its SA, and a fingerprint of its key. So the slots of 100,000 SAs fit the
 * second level cache, and what a look-up reads beside its slot is the line that the packet needs anyway; slots of 32
 * octets with the whole key cost twice as much at that number. In a burst all slots are loaded first, then all
 * entries. Deleting moves later entries back instead of leaving marks. The destination is part of the hash: a gateway
 * with one SPI for each of many addresses stays flat. SAs for any destination are hashed without it and looked for
 * second, only if there are any. While others read, nothing may move, so an entry that retires leaves a grave, which looks
 * like an entry of no key at all. Called by in.c on the worker; changed by the writer that sad.h allows.
 */
#include "lib/esp/sad.h"

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lib/esp/sa_priv.h"
#include "lib/esp/worker.h"

/* A slot: 0 is free; else the high bits of the key's hash, then the address of an entry without its low zeroes. */
enum {
	ENTRY_ALIGN_BITS = 6,
	POINTER_BITS = 48 - ENTRY_ALIGN_BITS, /* of a process: 47 on x86-64, 48 on arm64 */
};

/* The entry of an SA that is somebody else's. */
struct stranger {
	_Alignas(1U << ENTRY_ALIGN_BITS) struct sad_key key;
	struct stranger *next;
};

struct sad {
	_Atomic uint64_t *slots;
	uint32_t mask;
	size_t n;
	size_t n_graves;
	size_t cap;
	_Atomic size_t n_any; /* entries for any destination */
	struct stranger *strangers;
};

/* Nothing that is looked up has this family. */
static const _Alignas(
    1U << ENTRY_ALIGN_BITS) struct sad_key grave = { .family = 0xff, .is_elsewhere = true };

static uint64_t
slot_get(const _Atomic uint64_t *slot)
{
	return atomic_load_explicit(slot, memory_order_acquire);
}

/* The entry behind VALUE is complete before anybody can find it. */
static void
slot_set(_Atomic uint64_t *slot, uint64_t value)
{
	atomic_store_explicit(slot, value, memory_order_release);
}

static uint64_t
slot_make(const struct sad_key *e)
{
	uintptr_t at = (uintptr_t)e;
	assert(at % (1U << ENTRY_ALIGN_BITS) == 0 && at >> (POINTER_BITS + ENTRY_ALIGN_BITS) == 0);
	return e->hash >> POINTER_BITS << POINTER_BITS | at >> ENTRY_ALIGN_BITS;
}

static const struct sad_key *
slot_entry(uint64_t slot)
{
	uint64_t at = (slot & ((1ULL << POINTER_BITS) - 1)) << ENTRY_ALIGN_BITS;
	return (const struct sad_key *)(uintptr_t)at;
}

/* One entry in four million that is not the key's gets past this. */
static bool
slot_may_be(uint64_t slot, uint64_t hash)
{
	return (slot ^ hash) >> POINTER_BITS == 0;
}

static uint64_t
key_hash(const uint64_t dst[2], uint32_t spi, uint8_t proto, uint8_t family)
{
	uint64_t v = (uint64_t)spi << 16 | (uint64_t)proto << 8 | family;
	v = (v ^ dst[0]) * 0x9e3779b97f4a7c15ULL;
	v = (v ^ v >> 32 ^ dst[1]) * 0xbf58476d1ce4e5b9ULL;
	return v ^ v >> 32;
}

/* The SA whose entry this is; NULL if it is somebody else's. */
static struct sa *
entry_sa(const struct sad_key *e)
{
	_Static_assert(offsetof(struct sa, key) == 0, "a key is found, an SA is meant");
	return e != NULL && !e->is_elsewhere ? (struct sa *)(uintptr_t)e : NULL;
}

void
sad_key_init(struct sad_key *key, uint32_t spi, uint8_t proto, uint8_t family, const uint8_t *dst)
{
	*key = (struct sad_key){ .spi = spi, .proto = proto, .family = family };
	if (family != ADDR_NONE) {
		struct ip_words a = ip_words(dst, family);
		key->dst[0] = a.w[0];
		key->dst[1] = a.w[1];
	}
	key->hash = key_hash(key->dst, spi, proto, family);
}

struct sad *
sad_new(size_t n)
{
	if (n == 0)
		n = 1;
	if (n > 1U << 28)
		return NULL;
	size_t slots = 8;
	while (slots < 2 * n)
		slots *= 2;
	size_t len = slots * sizeof(uint64_t);
	struct sad *t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	t->slots = aligned_alloc(64, len);
	if (t->slots == NULL) {
		free(t);
		return NULL;
	}
	for (size_t i = 0; i < slots; i++)
		atomic_init(&t->slots[i], 0);
	t->mask = (uint32_t)slots - 1;
	t->cap = n;
	return t;
}

void
sad_free(struct sad *t)
{
	if (t == NULL)
		return;
	while (t->strangers != NULL) {
		struct stranger *next = t->strangers->next;
		free(t->strangers);
		t->strangers = next;
	}
	free((void *)t->slots);
	free(t);
}

size_t
sad_size(const struct sad *t)
{
	return t->n;
}

/* The slot of the entry, or the free slot where it would go. */
static _Atomic uint64_t *
slot_find(const struct sad *t, const struct sad_key *key)
{
	for (uint32_t i = (uint32_t)key->hash & t->mask;; i = (i + 1) & t->mask) {
		uint64_t s = slot_get(&t->slots[i]);
		if (s == 0 || (slot_may_be(s, key->hash) && sad_key_eq(slot_entry(s), key)))
			return &t->slots[i];
	}
}

static enum sad_result
entry_add(struct sad *t, const struct sad_key *e)
{
	_Atomic uint64_t *s = slot_find(t, e);
	if (slot_get(s) != 0)
		return SAD_DUPLICATE;
	if (t->n + t->n_graves == t->cap)
		return SAD_FULL;
	if (e->family == ADDR_NONE)
		atomic_fetch_add_explicit(&t->n_any, 1, memory_order_relaxed);
	slot_set(s, slot_make(e));
	t->n++;
	return SAD_OK;
}

enum sad_result
sad_add(struct sad *t, struct sa *sa)
{
	return sa->is_in ? entry_add(t, &sa->key) : SAD_OUTBOUND;
}

enum sad_result
sad_add_elsewhere(struct sad *t, const struct sad_key *key)
{
	struct stranger *s = aligned_alloc(_Alignof(struct stranger), sizeof(*s));
	if (s == NULL)
		return SAD_FULL;
	*s = (struct stranger){ .key = *key, .next = t->strangers };
	s->key.is_elsewhere = true;
	enum sad_result result = entry_add(t, &s->key);
	if (result == SAD_OK)
		t->strangers = s;
	else
		free(s);
	return result;
}

void
sad_del(struct sad *t, const struct sa *sa)
{
	_Atomic uint64_t *s = slot_find(t, &sa->key);
	if (slot_get(s) == 0 || slot_entry(slot_get(s)) != &sa->key)
		return;
	t->n--;
	if (sa->key.family == ADDR_NONE)
		atomic_fetch_sub_explicit(&t->n_any, 1, memory_order_relaxed);
	uint32_t hole = (uint32_t)(s - t->slots);
	for (uint32_t i = (hole + 1) & t->mask;; i = (i + 1) & t->mask) {
		uint64_t slot = slot_get(&t->slots[i]);
		if (slot == 0)
			break;
		if (slot_entry(slot) == &grave)
			continue; /* it fills the way of those behind it just as well */
		/* an entry may move back unless its own place lies between the hole and itself */
		uint32_t home = (uint32_t)slot_entry(slot)->hash & t->mask;
		if (((i - home) & t->mask) >= ((i - hole) & t->mask)) {
			slot_set(&t->slots[hole], slot);
			hole = i;
		}
	}
	slot_set(&t->slots[hole], 0);
}

void
sad_retire(struct sad *t, const struct sa *sa)
{
	_Atomic uint64_t *s = slot_find(t, &sa->key);
	if (slot_get(s) == 0 || slot_entry(slot_get(s)) != &sa->key)
		return;
	t->n--;
	t->n_graves++;
	if (sa->key.family == ADDR_NONE)
		atomic_fetch_sub_explicit(&t->n_any, 1, memory_order_relaxed);
	slot_set(s, slot_make(&grave));
}

/* What is entered for the key, or NULL. */
static const struct sad_key *
entry_find(const struct sad *t, const struct sad_key *key)
{
	const struct sad_key *e = slot_entry(slot_get(slot_find(t, key)));
	if (e == NULL && atomic_load_explicit(&t->n_any, memory_order_relaxed) > 0) {
		struct sad_key any;
		sad_key_init(&any, key->spi, key->proto, ADDR_NONE, NULL);
		e = slot_entry(slot_get(slot_find(t, &any)));
	}
	return e;
}

struct sa *
sad_find(const struct sad *t, const struct sad_key *key)
{
	return entry_sa(entry_find(t, key));
}

bool
sad_is_elsewhere(const struct sad *t, const struct sad_key *key)
{
	const struct sad_key *e = entry_find(t, key);
	return e != NULL && e->is_elsewhere;
}

/* The entry that KEY has if its fingerprint does not deceive; without looking at it. */
static const struct sad_key *
entry_guess(const struct sad *t, const struct sad_key *key)
{
	for (uint32_t i = (uint32_t)key->hash & t->mask;; i = (i + 1) & t->mask) {
		uint64_t slot = slot_get(&t->slots[i]);
		if (slot == 0 || slot_may_be(slot, key->hash))
			return slot_entry(slot);
	}
}

void
sad_find_burst(const struct sad *t, const struct sad_key *keys, struct sa **out, size_t n)
{
	const struct sad_key *guesses[ESP_BURST_MAX];
	assert(n <= ESP_BURST_MAX);
	for (size_t i = 0; i < n; i++)
		__builtin_prefetch((const void *)&t->slots[(uint32_t)keys[i].hash & t->mask]);
	for (size_t i = 0; i < n; i++) {
		guesses[i] = entry_guess(t, &keys[i]);
		__builtin_prefetch(guesses[i]);
	}
	for (size_t i = 0; i < n; i++)
		out[i] = guesses[i] != NULL && sad_key_eq(guesses[i], &keys[i])
			     ? entry_sa(guesses[i])
			     : sad_find(t, &keys[i]);
}
