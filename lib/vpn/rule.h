/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rule.h - finds the first term that matches a packet.
 *
 * Terms are compiled once into an immutable table; a look-up allocates nothing, takes no lock and costs at most one
 * hash probe per distinct shape (family, prefix lengths, with or without inside unit) instead
 * of one comparison per term. Ten thousand terms of the same shape cost as much as one, and ten thousand of a thousand shapes
 * two dozen probes.
 * Dynamic rules are a second table that is asked when this one has no answer. Any thread.
 */
#ifndef RULE_H
#define RULE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/addr.h"

struct arena;
struct rule_table;

#define RULE_UNIT_ANY UINT32_MAX /* a term without ipsec-inside-interface */

struct rule_term {
	uint32_t unit;        /* the inside unit that the packet must have been routed to */
	uint32_t verdict;     /* the caller's: what a match means */
	struct prefix source; /* family ADDR_NONE: not written, any IPv4 address and no IPv6 one */
	struct prefix destination;
};

/* Compiles N terms, the first of which has precedence. The table lives in A; TERMS may go. */
struct rule_table *rule_table_new(struct arena *a, const struct rule_term *terms, size_t n);

/* Returns the first term that the packet matches, or NULL. UNIT is the caller's number of the unit that the packet
 * was routed to, or RULE_UNIT_ANY where there is none: then terms with a unit do not match. */
const struct rule_term *rule_match(const struct rule_table *t, uint32_t unit,
    const struct addr *source, const struct addr *destination);

#endif
