/* SPDX-License-Identifier: BSD-2-Clause
 *
 * number.c - small numbers that stay with a name as long as netd runs.
 */
#include "daemon/netd/number.h"

#include "lib/base/arena.h"

void
numbers_init(struct numbers *n)
{
	*n = (struct numbers){ .arena = arena_new() };
}

void
numbers_done(struct numbers *n)
{
	smap_done(&n->by_name);
	arena_free(n->arena);
	*n = (struct numbers){ 0 };
}

unsigned
number_get(struct numbers *n, const char *name)
{
	unsigned *have = smap_find(&n->by_name, name);
	if (have != NULL)
		return *have;
	unsigned *number = arena_alloc(n->arena, sizeof(*number));
	*number = ++n->last;
	(void)smap_add(&n->by_name, arena_strdup(n->arena, name), number);
	return *number;
}
