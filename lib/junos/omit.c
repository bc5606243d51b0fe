/* SPDX-License-Identifier: BSD-2-Clause
 *
 * omit.c - `apply-flags omit`: parts of a configuration that are not shown unless asked for.
 *
 * The flag stays, so that set lines of what is left say that something is not there. Recursion is as deep as the schema.
 */
#include "lib/junos/omit.h"

#include <stdbool.h>

#include "lib/junos/tree.h"

static bool
is_flagged(const struct node *n)
{
	for (const struct node *c = n->child; c != NULL; c = c->next)
		if (c->schema->role == SNODE_OMIT && !c->is_inactive)
			return true;
	return false;
}

void
omit_mark(struct tree *t, struct node *n)
{
	for (struct node *c = n->child; c != NULL; c = c->next) {
		if (!is_flagged(c)) {
			omit_mark(t, c);
			continue;
		}
		c->is_omitted = true;
		for (struct node *x = c->child, *next; x != NULL; x = next) {
			next = x->next;
			if (x->schema->role != SNODE_OMIT)
				node_del(t, x);
		}
	}
}
