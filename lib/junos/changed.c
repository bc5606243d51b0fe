/* SPDX-License-Identifier: BSD-2-Clause
 *
 * changed.c - which statements another configuration does not have, for `| display changed`. Recursion is as deep as
 * the schema.
 */
#include "lib/junos/changed.h"

#include "lib/junos/nine.h"
#include "lib/junos/place.h"
#include "lib/junos/tree.h"

#include <string.h>

static bool
text_same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* True if N and OLD, which have the same name, say the same but for what is below them. */
static bool
alone_same(const struct node *n, const struct node *old)
{
	const struct snode *s = n->schema;
	bool is_value = s->kind == SNODE_LEAF && !text_same(n->value, old->value);
	if (is_value && !(s->is_secret && nine_same(n->value, old->value)))
		return false;
	return n->is_inactive == old->is_inactive && n->is_protected == old->is_protected &&
	       text_same(n->comment, old->comment) && text_same(node_any(n), node_any(old));
}

static bool
has_lost(const struct node *n, const struct node *old)
{
	for (const struct node *c = old->child; c != NULL; c = c->next)
		if (place_partner(n, c) == NULL)
			return true;
	return false;
}

static bool
node_mark(struct node *n, const struct node *old)
{
	n->is_changed = old == NULL || !alone_same(n, old) || has_lost(n, old);
	for (struct node *c = n->child; c != NULL; c = c->next)
		n->is_changed |= node_mark(c, old != NULL ? place_partner(old, c) : NULL);
	return n->is_changed;
}

void
changed_mark(struct tree *t, const struct tree *base)
{
	node_mark(tree_root(t), tree_root(base));
}
