/* SPDX-License-Identifier: BSD-2-Clause
 *
 * number.h - small numbers that stay with a name as long as netd runs.
 *
 * Marks, routing tables and capture devices are numbered. If the number of an SA changed with a commit that has
 * nothing to do with it, packets on their way would be steered wrongly for a moment: so a name keeps its number.
 */
#ifndef NUMBER_H
#define NUMBER_H

#include "lib/base/smap.h"

struct arena;

struct numbers {
	struct arena *arena; /* owns the names */
	struct smap by_name;
	unsigned last;
};

void numbers_init(struct numbers *n);
void numbers_done(struct numbers *n);

/* Returns the number of NAME, 1 or more; gives it the next free one if it has none. */
unsigned number_get(struct numbers *n, const char *name);

#endif
