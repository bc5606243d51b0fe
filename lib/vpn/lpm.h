/* SPDX-License-Identifier: BSD-2-Clause
 *
 * lpm.h - under which prefixes of a set does an address lie?
 *
 * The answer is a set of levels: the distinct prefix lengths of the set, shortest first. An address lies under at most one
 * prefix of each, so a level and the address name the prefix. A look-up costs one hash probe per binary digit of
 * the number of levels: six for all lengths of IPv4, eight for all of IPv6, one when all prefixes are equally long.
 * Immutable; any thread. Waldvogel, Varghese, Turner, Plattner: Scalable High Speed IP Routing Lookups, 1997.
 */
#ifndef LPM_H
#define LPM_H

#include "lib/base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct lpm;

enum {
	LPM_LEVELS_MAX = 129,
	LPM_WORDS = 3,
};

/* Bit i of word w is level 64 * w + i. */
struct lpm_levels {
	uint64_t bits[LPM_WORDS];
};

/* Compiles N prefixes of one family, in any order, repeated ones included. In A; PREFIXES may go. */
struct lpm *lpm_new(struct arena *a, const struct prefix *prefixes, size_t n);

unsigned lpm_n_levels(const struct lpm *t);
/* The level of prefixes of LEN bits, which must be one of the set's lengths. */
unsigned lpm_level(const struct lpm *t, unsigned len);
unsigned lpm_level_len(const struct lpm *t, unsigned level);

/* The levels at which the set has a prefix that ADDRESS, of the family of the set, lies under. */
struct lpm_levels lpm_find(const struct lpm *t, const struct addr *address);

static inline uint64_t
lpm_high_bits(unsigned n)
{
	return n == 0 ? 0 : n >= 64 ? UINT64_MAX : UINT64_MAX << (64 - n);
}

static inline uint64_t
lpm_word(const uint8_t *b)
{
	uint64_t v;
	__builtin_memcpy(&v, b, sizeof(v));
	return __builtin_bswap64(v);
}

/* The first LEN bits of an address as two words; the rest zero. */
static inline void
lpm_mask(const struct addr *address, unsigned len, uint64_t out[2])
{
	out[0] = lpm_word(address->b) & lpm_high_bits(len);
	out[1] = len > 64 ? lpm_word(address->b + 8) & lpm_high_bits(len - 64) : 0;
}

static inline uint64_t
lpm_mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

#endif
