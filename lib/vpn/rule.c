/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rule.c - first match by tuple space search.
 *
 * Terms that look at the same number of address bits have the same shape. Within a shape a term
 * is an exact value, so all terms of all shapes share one hash table with open addressing, which maps
 * (shape, unit, masked addresses) to the earliest term that has them. A look-up tries the shapes in the order of
 * their earliest terms and stops as soon as no later shape can hold an earlier term.
 * Srinivasan, Suri, Varghese: Packet Classification using Tuple Space Search, 1999.
 */
#include "lib/vpn/rule.h"

#include "lib/base/arena.h"

#include <stdbool.h>
#include <string.h>

struct shape {
	uint32_t first; /* order of the earliest term of this shape */
	uint8_t family;
	uint8_t source_len;
	uint8_t destination_len;
	bool has_unit;
};

/* What a packet is reduced to before it is compared with the terms of one shape. */
struct key {
	uint64_t source[2];
	uint64_t destination[2];
	uint32_t unit;
	uint32_t shape;
};

struct rule_table {
	size_t n_terms;
	size_t n_shapes;
	uint32_t slot_mask;
	const struct rule_term *terms;
	struct key *keys; /* of each term */
	struct shape *shapes;
	uint32_t *slots; /* order of a term plus 1; 0 = free */
};

static uint64_t
be64(const uint8_t *b)
{
	uint64_t v;
	memcpy(&v, b, sizeof(v));
	return __builtin_bswap64(v);
}

static uint64_t
high_bits(unsigned n)
{
	return n == 0 ? 0 : n >= 64 ? UINT64_MAX : UINT64_MAX << (64 - n);
}

static void
mask(const struct addr *a, unsigned len, uint64_t out[2])
{
	out[0] = be64(a->b) & high_bits(len);
	out[1] = len > 64 ? be64(a->b + 8) & high_bits(len - 64) : 0;
}

static uint64_t
mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

static uint32_t
key_hash(const struct key *k)
{
	uint64_t h = mix(0, (uint64_t)k->shape << 32 | k->unit);
	h = mix(mix(h, k->source[0]), k->source[1]);
	h = mix(mix(h, k->destination[0]), k->destination[1]);
	return (uint32_t)h;
}

static bool
key_eq(const struct key *a, const struct key *b)
{
	return a->source[0] == b->source[0] && a->destination[0] == b->destination[0] &&
	       a->unit == b->unit && a->shape == b->shape && a->source[1] == b->source[1] &&
	       a->destination[1] == b->destination[1];
}

/* Returns the slot that holds a term with key K, or the free one where it would be. */
static uint32_t *
slot_find(const struct rule_table *t, const struct key *k)
{
	uint32_t i = key_hash(k) & t->slot_mask;
	while (t->slots[i] != 0 && !key_eq(&t->keys[t->slots[i] - 1], k))
		i = (i + 1) & t->slot_mask;
	return &t->slots[i];
}

static struct key
key_make(const struct shape *s, uint32_t index, uint32_t unit, const struct addr *source,
    const struct addr *destination)
{
	struct key k = { .unit = s->has_unit ? unit : RULE_UNIT_ANY, .shape = index };
	mask(source, s->source_len, k.source);
	mask(destination, s->destination_len, k.destination);
	return k;
}

static struct prefix
prefix_or_any_v4(struct prefix p)
{
	if (p.addr.family == ADDR_NONE)
		return (struct prefix){ .addr.family = ADDR_V4 };
	return p;
}

/* Finds or adds the shape of a term. Shapes are added in term order, so they are sorted by `first`;
 * there are few of them in any configuration that a person or a script writes. */
static uint32_t
shape_of(struct rule_table *t, const struct rule_term *term, uint32_t order)
{
	struct shape s = {
		.first = order,
		.family = term->source.addr.family,
		.source_len = term->source.len,
		.destination_len = term->destination.len,
		.has_unit = term->unit != RULE_UNIT_ANY,
	};
	for (uint32_t i = 0; i < t->n_shapes; i++) {
		const struct shape *o = &t->shapes[i];
		if (o->family == s.family && o->source_len == s.source_len &&
		    o->destination_len == s.destination_len && o->has_unit == s.has_unit)
			return i;
	}
	t->shapes[t->n_shapes] = s;
	return (uint32_t)t->n_shapes++;
}

struct rule_table *
rule_table_new(struct arena *a, const struct rule_term *terms, size_t n)
{
	struct rule_table *t = arena_alloc(a, sizeof(*t));
	struct rule_term *copy = arena_array(a, n, sizeof(*copy));
	uint32_t n_slots = 2;
	while (n_slots < 2 * n)
		n_slots *= 2;
	*t = (struct rule_table){
		.slot_mask = n_slots - 1,
		.terms = copy,
		.keys = arena_array(a, n, sizeof(*t->keys)),
		.shapes = arena_array(a, n, sizeof(*t->shapes)),
		.slots = arena_array(a, n_slots, sizeof(*t->slots)),
	};
	for (size_t i = 0; i < n; i++) {
		struct rule_term *term = &copy[t->n_terms];
		*term = terms[i];
		term->source = prefix_or_any_v4(term->source);
		term->destination = prefix_or_any_v4(term->destination);
		if (term->source.addr.family != term->destination.addr.family)
			continue; /* no packet has addresses of two families */
		uint32_t order = (uint32_t)t->n_terms++;
		uint32_t shape = shape_of(t, term, order);
		t->keys[order] = key_make(&t->shapes[shape], shape, term->unit, &term->source.addr,
		    &term->destination.addr);
		uint32_t *slot = slot_find(t, &t->keys[order]);
		if (*slot == 0) /* else an earlier term hides this one */
			*slot = order + 1;
	}
	return t;
}

const struct rule_term *
rule_match(const struct rule_table *t, uint32_t unit, const struct addr *source,
    const struct addr *destination)
{
	if (source->family != destination->family)
		return NULL;
	uint32_t best = UINT32_MAX;
	for (uint32_t i = 0; i < t->n_shapes && t->shapes[i].first < best; i++) {
		const struct shape *s = &t->shapes[i];
		if (s->family != source->family || (s->has_unit && unit == RULE_UNIT_ANY))
			continue;
		struct key k = key_make(s, i, unit, source, destination);
		uint32_t slot = *slot_find(t, &k);
		if (slot != 0 && slot - 1 < best)
			best = slot - 1;
	}
	return best == UINT32_MAX ? NULL : &t->terms[best];
}
