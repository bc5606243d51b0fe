/* SPDX-License-Identifier: BSD-2-Clause
 *
 * load_update.c - one tree made equal to another by changing only what differs.
 *
 * The text is read into a tree of its own; then both are walked side by side. Recursion is as deep as the
 * schema, and entries are paired through the index, so the walk is linear.
 */
#include "lib/junos/load.h"

#include "lib/junos/nine.h"
#include "lib/junos/place.h"

#include <string.h>

static bool
text_same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool
value_same(const struct node *a, const struct node *b)
{
	return text_same(a->value, b->value) ||
	       (a->schema->is_secret && a->value != NULL && b->value != NULL &&
		   nine_same(a->value, b->value));
}

static void
marks_update(struct tree *t, struct node *to, const struct node *from)
{
	to->is_inactive = from->is_inactive;
	to->is_protected = from->is_protected;
	to->line = from->line;
	to->column = from->column;
	if (!text_same(to->comment, from->comment))
		node_set_comment(t, to, from->comment);
	if (to->schema->is_any && !text_same(node_any(to), node_any(from)))
		node_set_any(t, to, node_any(from));
	if (to->schema->kind == SNODE_LEAF && !value_same(to, from))
		node_set_leaf(t, to->parent, to->schema, from->value);
}

/* Makes what is at and below TO equal to FROM, which is of another tree and has the same name. */
static void
node_update(struct tree *t, struct node *to, const struct node *from)
{
	marks_update(t, to, from);
	for (struct node *c = to->child, *next; c != NULL; c = next) {
		next = c->next;
		if (place_partner(from, c) == NULL)
			node_del(t, c);
	}
	/* now every child of TO is wanted: what is not where it should be is moved there */
	struct node *at = to->child;
	struct node *before = NULL;
	for (const struct node *c = from->child; c != NULL; c = c->next) {
		struct node *mine = at;
		if (at == NULL || place_partner(from, at) != c)
			mine = place_partner(to, c);
		if (mine == NULL)
			mine = node_copy(t, to, c, NULL);
		else
			node_update(t, mine, c);
		if (mine != at && before != NULL && before->schema == mine->schema)
			node_move(t, mine, before, true);
		else if (mine != at && at != NULL && at->schema == mine->schema)
			node_move(t, mine, at, false);
		before = mine;
		at = mine->next;
	}
}

bool
load_update(struct tree *t, struct node *below, const char *s, size_t len, struct report *r)
{
	struct tree *fresh = tree_new(tree_schema(t));
	struct node *from = place_clone(fresh, below);
	bool ok = load_any_below(fresh, from, LOAD_MERGE, s, len, r);
	/* the place itself is not what the text is about */
	if (below->parent != NULL) {
		from->is_inactive = below->is_inactive;
		from->is_protected = below->is_protected;
		node_set_comment(fresh, from, below->comment);
	}
	node_update(t, below, from);
	tree_free(fresh);
	return ok;
}
