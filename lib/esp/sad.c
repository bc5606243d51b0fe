/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sad.c - the hash table of inbound SAs.
 *
 * Linear probing in slots of half a cache line, at most half full. The slot holds the whole key,
 * so that the SA itself, which is cold when there are many, need not be touched to know that it is
 * the right one. Deleting moves later entries back instead of leaving marks. The destination is
 * part of the hash: a gateway with one SPI for each of many addresses stays flat. SAs for any
 * destination are hashed without it and looked for second, only if there are any. Called by in.c
 * on the worker; changed by the writer that sad.h allows.
 */
#include "lib/esp/sad.h"

#include <stdlib.h>
#include <string.h>

#include "lib/esp/sa_priv.h"

struct slot {
	uint64_t dst[2];
	uint32_t spi;
	uint8_t proto;
	uint8_t family;
	uint16_t zero;
	struct sa *sa; /* NULL = free */
};

_Static_assert(sizeof(struct slot) == 32, "two slots fill a cache line");

struct sad {
	struct slot *slots;
	uint32_t mask;
	size_t n;
	size_t cap;
	size_t n_any; /* entries for any destination */
};

/* Stands in a slot for an SA of another table; never dereferenced. */
static char elsewhere_mark;
#define ELSEWHERE ((struct sa *)(void *)&elsewhere_mark)

static uint32_t
key_hash(const uint64_t dst[2], uint32_t spi, uint8_t proto, uint8_t family)
{
	uint64_t v = (uint64_t)spi << 16 | (uint64_t)proto << 8 | family;
	v = (v ^ dst[0]) * 0x9e3779b97f4a7c15ULL;
	v = (v ^ v >> 32 ^ dst[1]) * 0xbf58476d1ce4e5b9ULL;
	return (uint32_t)(v >> 32);
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

static void
sa_key(const struct sa *sa, struct sad_key *key)
{
	const struct addr *dst = &sa->params.dst;
	sad_key_init(key, sa->spi, sa->has_ah ? PROTO_AH : PROTO_ESP, dst->family, dst->b);
}

struct sad *
sad_new(size_t n)
{
	if (n == 0)
		n = 1;
	if (n > 1U << 28)
		return NULL;
	size_t slots = 4;
	while (slots < 2 * n)
		slots *= 2;
	struct sad *t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	t->slots = aligned_alloc(64, slots * sizeof(struct slot));
	if (t->slots == NULL) {
		free(t);
		return NULL;
	}
	memset(t->slots, 0, slots * sizeof(struct slot));
	t->mask = (uint32_t)slots - 1;
	t->cap = n;
	return t;
}

void
sad_free(struct sad *t)
{
	if (t == NULL)
		return;
	free(t->slots);
	free(t);
}

size_t
sad_size(const struct sad *t)
{
	return t->n;
}

/* The slot of the entry, or the free slot where it would go. */
static struct slot *
slot_find(const struct sad *t, const struct sad_key *key)
{
	for (uint32_t i = key->hash & t->mask;; i = (i + 1) & t->mask) {
		struct slot *s = &t->slots[i];
		if (s->sa == NULL)
			return s;
		if (s->spi == key->spi && s->proto == key->proto && s->family == key->family &&
		    s->dst[0] == key->dst[0] && s->dst[1] == key->dst[1])
			return s;
	}
}

static enum sad_result
entry_add(struct sad *t, const struct sad_key *key, struct sa *sa)
{
	struct slot *s = slot_find(t, key);
	if (s->sa != NULL)
		return SAD_DUPLICATE;
	if (t->n == t->cap)
		return SAD_FULL;
	*s = (struct slot){
		.dst = { key->dst[0], key->dst[1] },
		.spi = key->spi,
		.proto = key->proto,
		.family = key->family,
		.sa = sa,
	};
	t->n++;
	t->n_any += key->family == ADDR_NONE;
	return SAD_OK;
}

enum sad_result
sad_add(struct sad *t, struct sa *sa)
{
	if (!sa->is_in)
		return SAD_OUTBOUND;
	struct sad_key key;
	sa_key(sa, &key);
	return entry_add(t, &key, sa);
}

enum sad_result
sad_add_elsewhere(struct sad *t, const struct sad_key *key)
{
	return entry_add(t, key, ELSEWHERE);
}

void
sad_del(struct sad *t, const struct sa *sa)
{
	struct sad_key key;
	sa_key(sa, &key);
	struct slot *s = slot_find(t, &key);
	if (s->sa != sa)
		return;
	t->n--;
	t->n_any -= key.family == ADDR_NONE;
	uint32_t hole = (uint32_t)(s - t->slots);
	for (uint32_t i = (hole + 1) & t->mask; t->slots[i].sa != NULL; i = (i + 1) & t->mask) {
		/* an entry may move back unless its own place lies between the hole and itself */
		const struct slot *at = &t->slots[i];
		uint32_t home = key_hash(at->dst, at->spi, at->proto, at->family) & t->mask;
		if (((i - home) & t->mask) >= ((i - hole) & t->mask)) {
			t->slots[hole] = t->slots[i];
			hole = i;
		}
	}
	t->slots[hole] = (struct slot){ 0 };
}

/* What is entered for the key: an SA, ELSEWHERE or NULL. */
static struct sa *
entry_find(const struct sad *t, const struct sad_key *key)
{
	struct sa *sa = slot_find(t, key)->sa;
	if (sa == NULL && t->n_any > 0) {
		struct sad_key any;
		sad_key_init(&any, key->spi, key->proto, ADDR_NONE, NULL);
		sa = slot_find(t, &any)->sa;
	}
	return sa;
}

struct sa *
sad_find(const struct sad *t, const struct sad_key *key)
{
	struct sa *sa = entry_find(t, key);
	return sa != ELSEWHERE ? sa : NULL;
}

bool
sad_is_elsewhere(const struct sad *t, const struct sad_key *key)
{
	return entry_find(t, key) == ELSEWHERE;
}

void
sad_prefetch(const struct sad *t, const struct sad_key *key)
{
	__builtin_prefetch(&t->slots[key->hash & t->mask]);
}
