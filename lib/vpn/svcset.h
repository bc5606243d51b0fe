/* SPDX-License-Identifier: BSD-2-Clause
 *
 * svcset.h - a service set as the packet path sees it: which tunnel takes this packet?
 *
 * Built from the configuration into an arena, constant afterwards. The numbers of units are the
 * caller's; tunnels are numbered from 0 in the order of the set's tunnels. Any thread.
 */
#ifndef SVCSET_H
#define SVCSET_H

#include "lib/base/addr.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct conf_service_set;
struct rule_table;

#define SVCSET_NO_TUNNEL UINT32_MAX

struct svcset {
	const struct rule_table *input; /* terms of rules with match-direction input */
	const struct rule_table *output;
	const struct rule_table *mirror; /* what may only come out of a tunnel */
};

/* Compiles SET into A. UNIT_NUMBER gives the caller's number of a unit by its name. */
struct svcset svcset_build(struct arena *a, const struct conf_service_set *set,
    uint32_t (*unit_number)(const char *unit, void *arg), void *arg);

/* Returns the tunnel of the first term that matches a packet of this direction, or SVCSET_NO_TUNNEL. UNIT: see
 * rule_match(). */
uint32_t svcset_lookup(const struct svcset *s, bool is_input, uint32_t unit,
    const struct addr *source, const struct addr *destination);

/* True if a clear packet that arrives with these addresses should have come through a tunnel. */
bool svcset_wants_protection(
    const struct svcset *s, const struct addr *source, const struct addr *destination);

#endif
