/* SPDX-License-Identifier: BSD-2-Clause
 *
 * merge.h - the changes of one who started from an older configuration, made to the present one.
 */
#ifndef MERGE_H
#define MERGE_H

#include <stdbool.h>

struct report;
struct tree;

/* Makes to T, which has grown out of BASE, what was changed from BASE to MINE. A conflict is a statement that both have
 * changed, and not to the same: it is reported as an error, and T gets MINE's side if MINE_WINS, else it keeps its own. What both
 * added below one place is no conflict. Returns false if there was one. All three are of one schema. */
bool tree_merge(struct tree *t, const struct tree *base, const struct tree *mine, bool mine_wins,
    struct report *r);

#endif
