/* SPDX-License-Identifier: BSD-2-Clause
 *
 * omit.h - `apply-flags omit`: parts of a configuration that are not shown unless asked for.
 */
#ifndef OMIT_H
#define OMIT_H

struct node;
struct tree;

/* Takes everything but the flag itself out of the flagged containers and entries below N, and marks them for the printer.
 * T is a copy made for showing. */
void omit_mark(struct tree *t, struct node *n);

#endif
