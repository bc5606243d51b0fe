/* SPDX-License-Identifier: BSD-2-Clause
 *
 * svcset.c - compiles the rules of a service set, one table per direction and one for the mirror.
 *
 * Rules of the other direction are not considered, so each direction has its own table; a tunnel's
 * number is its place in the set, whatever its direction. Built on the main thread, read by the workers.
 */
#include "lib/vpn/svcset.h"

#include "lib/base/arena.h"
#include "lib/conf/conf.h"
#include "lib/vpn/rule.h"
#include "lib/vpn/tunnel.h"

struct svcset
svcset_build(struct arena *a, const struct conf_service_set *set,
    uint32_t (*unit_number)(const char *unit, void *arg), void *arg)
{
	/* The three lists are only needed until they are compiled. */
	struct arena *scratch = arena_new();
	struct rule_term *input = arena_array(scratch, set->n_tunnels, sizeof(*input));
	struct rule_term *output = arena_array(scratch, set->n_tunnels, sizeof(*output));
	struct rule_term *mirror = arena_array(scratch, set->n_tunnels, sizeof(*mirror));
	size_t n_input = 0;
	size_t n_output = 0;
	for (size_t i = 0; i < set->n_tunnels; i++) {
		const struct conf_term *t = set->tunnels[i].term;
		struct rule_term term = {
			.unit = t->inside_unit != NULL ? unit_number(t->inside_unit, arg)
						       : RULE_UNIT_ANY,
			.verdict = (uint32_t)i,
			.source = t->source,
			.destination = t->destination,
		};
		if (t->rule->direction == MATCH_INPUT)
			input[n_input++] = term;
		else if (t->rule->direction == MATCH_OUTPUT)
			output[n_output++] = term;
		mirror[i] = (struct rule_term){
			.unit = RULE_UNIT_ANY,
			.verdict = (uint32_t)i,
			.source = t->destination,
			.destination = t->source,
		};
	}
	struct svcset s = {
		.input = rule_table_new(a, input, n_input),
		.output = rule_table_new(a, output, n_output),
		.mirror = rule_table_new(a, mirror, set->n_tunnels),
	};
	arena_free(scratch);
	return s;
}

uint32_t
svcset_lookup(const struct svcset *s, bool is_input, uint32_t unit, const struct addr *source,
    const struct addr *destination)
{
	const struct rule_term *t =
	    rule_match(is_input ? s->input : s->output, unit, source, destination);
	return t != NULL ? t->verdict : SVCSET_NO_TUNNEL;
}

bool
svcset_wants_protection(
    const struct svcset *s, const struct addr *source, const struct addr *destination)
{
	return rule_match(s->mirror, RULE_UNIT_ANY, source, destination) != NULL;
}
