/* SPDX-License-Identifier: BSD-2-Clause
 *
 * permit_place.h - decisions while a whole tree is walked.
 *
 * Keeps the hierarchy as text for the expressions of a class, where it has any, and what its bits say about the permission that
 * was asked for last, so that a large tree costs little more than its nodes. Private to permit_view.c and
 * permit_settle.c.
 */
#ifndef PERMIT_PLACE_H
#define PERMIT_PLACE_H

#include "daemon/mgd/permit_priv.h"
#include "lib/base/text.h"

struct place_walk {
	const struct permit *p;
	struct text text;  /* "groups g1 interfaces ge-0/0/0" */
	size_t group_at;   /* offset of what stands behind `groups NAME`; 0: nothing does */
	const char *asked; /* permission that READS and WRITES are about */
	bool may[2];       /* by enum permit_access */
	unsigned depth;    /* statements entered */
	bool is_in_group;  /* the first of them is a group */
};

/* What place_leave() puts back. */
struct place_mark {
	size_t len;
	size_t group_at;
	bool is_in_group;
};

/* Goes into N, a child of the place. */
struct place_mark place_enter(struct place_walk *w, const struct node *n);
void place_leave(struct place_walk *w, const struct place_mark *mark);
void place_done(struct place_walk *w);

/* May the statement of the place, which is one of S, be seen or changed? A secret counts as what is around it. */
bool place_allows(struct place_walk *w, const struct snode *s, enum permit_access access);

#endif
