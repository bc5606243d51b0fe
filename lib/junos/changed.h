/* SPDX-License-Identifier: BSD-2-Clause
 *
 * changed.h - which statements another configuration does not have, for `| display changed`.
 */
#ifndef CHANGED_H
#define CHANGED_H

struct tree;

/* Marks every node of T (is_changed) that is not in BASE or has another value, order aside, or tags, or lacks something there, and
 * all that such nodes stand in. Both are of the same schema. */
void changed_mark(struct tree *t, const struct tree *base);

#endif
