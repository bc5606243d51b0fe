/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sad.c - the hash table of inbound SAs.
 *
 * Linear probing in 16-octet slots, at most half full; the slot holds the SPI and another part of the hash,
 * so that the SA itself is touched only when it is the right one. Deleting moves later entries
 * back instead of leaving marks. The destination is part of the hash: a gateway with one SPI for each of
 * many addresses stays flat. SAs for any destination are hashed without it and looked for second, only if there
 * are any. Called by in.c on the worker; changed by the writer that sad.h allows.
 */
#include "lib/esp/sad.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/esp/sa_priv.h"

struct slot {
	uint32_t spi;
	uint32_t hash; /* of the whole key */
	struct sa *sa; /* NULL = free */
};

struct sad {
	struct slot *slots;
	uint32_t mask;
	size_t n;
	size_t cap;
	size_t n_any; /* entries for any destination */
};

static uint64_t
mix(uint64_t v)
{
	v ^= v >> 32;
	v *= 0x9e3779b97f4a7c15ULL;
	v ^= v >> 29;
	v *= 0xbf58476d1ce4e5b9ULL;
	return v ^ v >> 32;
}

static uint32_t
key_hash(uint32_t spi, uint8_t proto, const struct addr *dst)
{
	uint64_t lo;
	uint64_t hi;
	memcpy(&lo, dst->b, sizeof(lo));
	memcpy(&hi, dst->b + 8, sizeof(hi));
	uint64_t v = (uint64_t)spi << 16 | (uint64_t)proto << 8 | dst->family;
	return (uint32_t)mix(v ^ mix(lo) ^ mix(hi ^ 0x5bd1e995) * 3);
}

static uint8_t
sa_proto(const struct sa *sa)
{
	return sa->has_ah ? PROTO_AH : PROTO_ESP;
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
slot_find(const struct sad *t, uint32_t spi, uint8_t proto, const struct addr *dst)
{
	uint32_t hash = key_hash(spi, proto, dst);
	uint32_t i = hash & t->mask;
	for (;; i = (i + 1) & t->mask) {
		struct slot *s = &t->slots[i];
		if (s->sa == NULL)
			return s;
		if (s->spi == spi && s->hash == hash && sa_proto(s->sa) == proto &&
		    addr_eq(s->sa->params.dst, *dst))
			return s;
	}
}

enum sad_result
sad_add(struct sad *t, struct sa *sa)
{
	if (!sa->is_in)
		return SAD_OUTBOUND;
	struct slot *s = slot_find(t, sa->spi, sa_proto(sa), &sa->params.dst);
	if (s->sa != NULL)
		return SAD_DUPLICATE;
	if (t->n == t->cap)
		return SAD_FULL;
	*s = (struct slot){
		.spi = sa->spi,
		.hash = key_hash(sa->spi, sa_proto(sa), &sa->params.dst),
		.sa = sa,
	};
	t->n++;
	t->n_any += sa->params.dst.family == ADDR_NONE;
	return SAD_OK;
}

void
sad_del(struct sad *t, const struct sa *sa)
{
	struct slot *s = slot_find(t, sa->spi, sa_proto(sa), &sa->params.dst);
	if (s->sa != sa)
		return;
	t->n--;
	t->n_any -= sa->params.dst.family == ADDR_NONE;
	uint32_t hole = (uint32_t)(s - t->slots);
	for (uint32_t i = (hole + 1) & t->mask; t->slots[i].sa != NULL; i = (i + 1) & t->mask) {
		/* an entry may move back unless its own place lies between the hole and itself */
		uint32_t home = t->slots[i].hash & t->mask;
		if (((i - home) & t->mask) >= ((i - hole) & t->mask)) {
			t->slots[hole] = t->slots[i];
			hole = i;
		}
	}
	t->slots[hole] = (struct slot){ 0 };
}

struct sa *
sad_find(const struct sad *t, uint32_t spi, uint8_t proto, const struct addr *dst)
{
	struct sa *sa = slot_find(t, spi, proto, dst)->sa;
	if (sa == NULL && t->n_any > 0) {
		static const struct addr any;
		sa = slot_find(t, spi, proto, &any)->sa;
	}
	return sa;
}

void
sad_prefetch(const struct sad *t, uint32_t spi, uint8_t proto, const struct addr *dst)
{
	__builtin_prefetch(&t->slots[key_hash(spi, proto, dst) & t->mask]);
}
