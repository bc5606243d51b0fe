/* SPDX-License-Identifier: BSD-2-Clause
 *
 * groups.h - configuration groups: what a configuration inherits from them.
 *
 * `groups NAME { ... }` holds statements at their full path from the top, `apply-groups [ a b ]` at some level
 * takes over what they have for that level and below. The rules:
 *
 *   - What is configured wins over groups, an inner apply-groups over an outer one, a group over those after it, and
 *     within a group what stands first. That is decided for each leaf; the entries of lists and the values of
 *     leaf-lists add up, those configured first and the others in that order.
 *   - A group's entry under a name makes the entry; one under a wildcard (<*>) adds to entries that are there, be
 *     they configured or inherited.
 *   - A group may apply others; they come right after its own statements. Circles end by themselves;
 *     more than 64 groups in a row are an error.
 *   - apply-groups-except keeps groups, and what only they apply, from that level and all below, until an inner level
 *     applies them again. In a group it is about the groups that this one applies.
 *   - Of statements that exclude each other the first that wins keeps the others out.
 *   - What is inactive is not there, in groups and outside. Group re1 is that of a second routing engine, which
 *     Sallyport never is: it gives nothing.
 *
 * Pure; one thread at a time.
 */
#ifndef GROUPS_H
#define GROUPS_H

#include "lib/junos/tree.h"

struct arena;
struct elem;
struct report;

/* Returns a new tree: T with all it inherits (node_group() tells what that is), without groups, apply-groups and
 * apply-groups-except. Inherited nodes have the place in the file of the group's statement. A name that no group
 * has is reported as an error to R (NULL: to nobody) and gives nothing. */
struct tree *groups_expand(const struct tree *t, struct report *r);

/* What the daemons get: tree_to_elem() of the expanded T; the expansion is skipped where no group is applied. */
struct elem *groups_to_elem(const struct tree *t, struct arena *a, struct report *r);

enum groups_notes {
	GROUPS_NOTES,       /* three lines: ##, what and from where, ## */
	GROUPS_NOTES_BRIEF, /* only the middle one */
};

/* Writes into the annotations of the expanded tree T what was inherited from where, for `| display inheritance`. */
void groups_note(struct tree *t, enum groups_notes notes);

#endif
