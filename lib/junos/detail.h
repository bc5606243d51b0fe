/* SPDX-License-Identifier: BSD-2-Clause
 *
 * detail.h - what each statement of a configuration means, for `| display detail`.
 */
#ifndef DETAIL_H
#define DETAIL_H

struct tree;

/* Writes above each statement of T, as notes (node_add_note()), what its schema says of it: its help, the values
 * that it takes, and whether it has an effect. */
void detail_note(struct tree *t);

#endif
