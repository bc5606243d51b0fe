/* SPDX-License-Identifier: BSD-2-Clause
 *
 * groups_source.h - which places of which groups a place of the configuration inherits from.
 *
 * Private to groups.c, which walks the configuration, and groups_source.c. One thread at a time.
 */
#ifndef GROUPS_SOURCE_H
#define GROUPS_SOURCE_H

#include "lib/junos/tree.h"

#include <stdbool.h>
#include <stddef.h>

enum { GROUPS_NESTED_MAX = 64 }; /* groups applied by groups applied by groups ... */

/* A place in a group that some place of the configuration inherits from. */
struct source {
	const struct node *n;
	struct node *group;     /* the group's entry */
	const struct node *via; /* the group that applies it; NULL: the configuration itself */
};

/* Nodes in a row. */
struct row {
	const struct node **nodes;
	size_t n;
	size_t cap;
};

struct expander {
	struct tree *t;
	const struct snode *groups;
	struct source *sources; /* of all places of the path, one after the other */
	size_t n_sources;
	size_t cap_sources;
	struct row path;             /* from the top (not included) to the place being expanded */
	struct row met;              /* groups that were applied at this place: once is enough */
	struct row hidden;           /* groups that are excepted */
	unsigned n_nested;           /* how deep we are in groups that groups apply */
	const struct node *too_deep; /* the group that was one too many, or NULL */
};

void row_add(struct row *row, const struct node *n);

/* Returns the group called NAME, or NULL. */
struct node *sources_group(const struct expander *x, const char *name);

/* True if a key of ENTRY is a wildcard. */
bool source_is_wild(const struct node *entry);

/* Prepares what is below N, a group or a place in one, for all that follows: wildcards come first, and struct node's
 * group becomes the place of an entry among its siblings, or 0 for what makes nothing where nothing is. Returns true if
 * something below N makes something. */
bool sources_prepare(struct tree *t, struct node *n);

/* Puts the sources of N, the last node of the path (or the root, if it is empty), onto the stack; those of its parent
 * are FROM..TO. */
void sources_find(struct expander *x, const struct node *n, size_t from, size_t to);

#endif
