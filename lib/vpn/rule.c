/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rule.c - first match by tuple space search.
 *
 * Terms that look at the same number of address bits have the same shape. Within a shape a term
 * is an exact value, so all terms of all shapes share one hash table with open addressing, which maps
 * (shape, unit, masked addresses) to the earliest term that has them. Where there are few shapes, a look-up tries
 * them in the order of their earliest terms and stops as soon as no later shape can hold an earlier term. Where
 * there are many, it first asks which prefix lengths either address is known under (lpm.h) and tries only the shapes of
 * these: some three by three, however many there are.
 * Srinivasan, Suri, Varghese: Packet Classification using Tuple Space Search, 1999.
 */
#include "lib/vpn/rule.h"

#include "lib/base/arena.h"
#include "lib/vpn/lpm.h"

#include <stdbool.h>
#include <string.h>

enum {
	FEW_SHAPES = 4, /* measured: as many probes cost what two look-ups of prefix lengths do */
};
static const uint32_t NO_SHAPE = UINT32_MAX;

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

/* Most probes end here: a term is only looked at if the whole hash is its. */
struct slot {
	uint32_t term; /* its order plus 1; 0: free */
	uint32_t hash;
};

/* The shapes of one address family. */
struct shape_map {
	struct lpm *source; /* NULL: no term is of this family */
	struct lpm *destination;
	uint32_t *shapes; /* by level of source, level of destination, has_unit; NO_SHAPE: none */
};

struct rule_table {
	size_t n_terms;
	size_t n_shapes;
	uint32_t slot_mask;
	const struct rule_term *terms;
	struct key *keys; /* of each term */
	struct shape *shapes;
	struct slot *slots;
	struct shape_map map4;
	struct shape_map map6;
};

static uint64_t
half_turn(uint64_t v)
{
	return v << 32 | v >> 32;
}

static uint32_t
key_hash(const struct key *k)
{
	/* IPv4 has 32 bits in a first word and nothing in the second */
	uint64_t h = lpm_mix(
	    (uint64_t)k->shape << 32 | k->unit, k->source[0] ^ half_turn(k->destination[0]));
	if ((k->source[1] | k->destination[1]) != 0)
		h = lpm_mix(h, k->source[1] ^ half_turn(k->destination[1]));
	return (uint32_t)h;
}

static bool
key_eq(const struct key *a, const struct key *b)
{
	return a->source[0] == b->source[0] && a->destination[0] == b->destination[0] &&
	       a->unit == b->unit && a->shape == b->shape && a->source[1] == b->source[1] &&
	       a->destination[1] == b->destination[1];
}

/* Returns the slot that holds a term with key K, whose hash is HASH, or the free one where it would be. */
static struct slot *
slot_find(const struct rule_table *t, const struct key *k, uint32_t hash)
{
	uint32_t i = hash & t->slot_mask;
	for (;; i = (i + 1) & t->slot_mask) {
		struct slot *s = &t->slots[i];
		if (s->term == 0 || (s->hash == hash && key_eq(&t->keys[s->term - 1], k)))
			return s;
	}
}

static struct key
key_make(const struct shape *s, uint32_t index, uint32_t unit, const struct addr *source,
    const struct addr *destination)
{
	struct key k = { .unit = s->has_unit ? unit : RULE_UNIT_ANY, .shape = index };
	lpm_mask(source, s->source_len, k.source);
	lpm_mask(destination, s->destination_len, k.destination);
	return k;
}

static struct prefix
prefix_or_any_v4(struct prefix p)
{
	if (p.addr.family == ADDR_NONE)
		return (struct prefix){ .addr.family = ADDR_V4 };
	return p;
}

static uint32_t *
map_at(const struct shape_map *m, unsigned source_level, unsigned destination_level, bool has_unit)
{
	size_t row = (size_t)source_level * lpm_n_levels(m->destination) + destination_level;
	return &m->shapes[2 * row + has_unit];
}

/* Finds or adds the shape of a term. Shapes are added in term order, so they are sorted by `first`. */
static uint32_t
shape_of(struct rule_table *t, const struct rule_term *term, uint32_t order)
{
	const struct shape_map *m = term->source.addr.family == ADDR_V4 ? &t->map4 : &t->map6;
	uint32_t *at = map_at(m, lpm_level(m->source, term->source.len),
	    lpm_level(m->destination, term->destination.len), term->unit != RULE_UNIT_ANY);
	if (*at == NO_SHAPE) {
		t->shapes[t->n_shapes] = (struct shape){
			.first = order,
			.family = term->source.addr.family,
			.source_len = term->source.len,
			.destination_len = term->destination.len,
			.has_unit = term->unit != RULE_UNIT_ANY,
		};
		*at = (uint32_t)t->n_shapes++;
	}
	return *at;
}

/* Learns the prefix lengths of the terms of FAMILY. */
static void
map_make(
    struct shape_map *m, struct arena *a, const struct rule_term *terms, size_t n, uint8_t family)
{
	struct arena *scratch = arena_new();
	struct prefix *sources = arena_array(scratch, n + 1, sizeof(*sources));
	struct prefix *destinations = arena_array(scratch, n + 1, sizeof(*destinations));
	size_t n_own = 0;
	for (size_t i = 0; i < n; i++)
		if (terms[i].source.addr.family == family) {
			sources[n_own] = terms[i].source;
			destinations[n_own++] = terms[i].destination;
		}
	*m = (struct shape_map){ 0 };
	if (n_own > 0) {
		m->source = lpm_new(a, sources, n_own);
		m->destination = lpm_new(a, destinations, n_own);
		size_t n_cells = 2 * (size_t)lpm_n_levels(m->source) * lpm_n_levels(m->destination);
		m->shapes = arena_array(a, n_cells, sizeof(*m->shapes));
		memset(m->shapes, 0xff, n_cells * sizeof(*m->shapes));
	}
	arena_free(scratch);
}

/* How many shapes there will be. */
static size_t
shapes_count(const struct rule_term *terms, size_t n)
{
	enum { LENS = 129 };
	struct arena *scratch = arena_new();
	bool(*seen)[LENS][LENS][2] = arena_array(scratch, 2, sizeof(*seen));
	size_t n_shapes = 0;
	for (size_t i = 0; i < n; i++) {
		const struct rule_term *t = &terms[i];
		bool *is_known = &seen[t->source.addr.family == ADDR_V6][t->source.len]
				      [t->destination.len][t->unit != RULE_UNIT_ANY];
		n_shapes += !*is_known;
		*is_known = true;
	}
	arena_free(scratch);
	return n_shapes;
}

struct rule_table *
rule_table_new(struct arena *a, const struct rule_term *terms, size_t n)
{
	struct rule_table *t = arena_alloc(a, sizeof(*t));
	struct rule_term *copy = arena_array(a, n, sizeof(*copy));
	uint32_t n_slots = 2;
	while (n_slots < 4 * n)
		n_slots *= 2;
	*t = (struct rule_table){
		.slot_mask = n_slots - 1,
		.terms = copy,
		.keys = arena_array(a, n, sizeof(*t->keys)),
		.slots = arena_array(a, n_slots, sizeof(*t->slots)),
	};
	for (size_t i = 0; i < n; i++) {
		struct rule_term *term = &copy[t->n_terms];
		*term = terms[i];
		term->source = prefix_or_any_v4(term->source);
		term->destination = prefix_or_any_v4(term->destination);
		/* no packet has addresses of two families */
		t->n_terms += term->source.addr.family == term->destination.addr.family;
	}
	size_t n_shapes = shapes_count(copy, t->n_terms);
	/* few_match() asks no maps: they are thrown away when the shapes are numbered */
	struct arena *scratch = arena_new();
	struct arena *maps = n_shapes > FEW_SHAPES ? a : scratch;
	t->shapes = arena_array(a, n_shapes, sizeof(*t->shapes));
	map_make(&t->map4, maps, copy, t->n_terms, ADDR_V4);
	map_make(&t->map6, maps, copy, t->n_terms, ADDR_V6);
	for (uint32_t order = 0; order < t->n_terms; order++) {
		const struct rule_term *term = &copy[order];
		uint32_t shape = shape_of(t, term, order);
		t->keys[order] = key_make(&t->shapes[shape], shape, term->unit, &term->source.addr,
		    &term->destination.addr);
		uint32_t hash = key_hash(&t->keys[order]);
		struct slot *slot = slot_find(t, &t->keys[order], hash);
		if (slot->term == 0) /* else an earlier term hides this one */
			*slot = (struct slot){ .term = order + 1, .hash = hash };
	}
	if (maps == scratch)
		t->map4 = t->map6 = (struct shape_map){ 0 };
	arena_free(scratch);
	return t;
}

/* The earlier of BEST and the term of shape number I that the packet matches. */
static uint32_t
shape_try(const struct rule_table *t, uint32_t i, uint32_t best, uint32_t unit,
    const struct addr *source, const struct addr *destination)
{
	struct key k = key_make(&t->shapes[i], i, unit, source, destination);
	uint32_t term = slot_find(t, &k, key_hash(&k))->term;
	return term != 0 && term - 1 < best ? term - 1 : best;
}

static uint32_t
few_match(const struct rule_table *t, uint32_t unit, const struct addr *source,
    const struct addr *destination)
{
	uint32_t best = UINT32_MAX;
	for (uint32_t i = 0; i < t->n_shapes && t->shapes[i].first < best; i++) {
		const struct shape *s = &t->shapes[i];
		if (s->family == source->family && (!s->has_unit || unit != RULE_UNIT_ANY))
			best = shape_try(t, i, best, unit, source, destination);
	}
	return best;
}

/* Takes the lowest level out of L; false if there is none. */
static bool
level_next(struct lpm_levels *l, unsigned *out)
{
	for (unsigned w = 0; w < LPM_WORDS; w++)
		if (l->bits[w] != 0) {
			*out = 64 * w + (unsigned)__builtin_ctzll(l->bits[w]);
			l->bits[w] &= l->bits[w] - 1;
			return true;
		}
	return false;
}

static uint32_t
many_match(const struct rule_table *t, uint32_t unit, const struct addr *source,
    const struct addr *destination)
{
	const struct shape_map *m = source->family == ADDR_V4 ? &t->map4 : &t->map6;
	uint32_t best = UINT32_MAX;
	if (m->source == NULL)
		return best;
	struct lpm_levels sources = lpm_find(m->source, source);
	const struct lpm_levels all = lpm_find(m->destination, destination);
	for (unsigned from; level_next(&sources, &from);) {
		struct lpm_levels destinations = all;
		for (unsigned to; level_next(&destinations, &to);)
			for (unsigned has_unit = 0; has_unit <= (unit != RULE_UNIT_ANY);
			     has_unit++) {
				uint32_t i = *map_at(m, from, to, has_unit);
				if (i != NO_SHAPE && t->shapes[i].first < best)
					best = shape_try(t, i, best, unit, source, destination);
			}
	}
	return best;
}

const struct rule_term *
rule_match(const struct rule_table *t, uint32_t unit, const struct addr *source,
    const struct addr *destination)
{
	if (source->family != destination->family)
		return NULL;
	uint32_t best = t->n_shapes <= FEW_SHAPES ? few_match(t, unit, source, destination)
						  : many_match(t, unit, source, destination);
	return best == UINT32_MAX ? NULL : &t->terms[best];
}
