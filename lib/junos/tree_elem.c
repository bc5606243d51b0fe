/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tree_elem.c - the active configuration as elements, for conf_load() and the daemons.
 *
 * Inactive parts and what has to do with groups are left out and secrets are in clear, so the arena should be a secret one. An element
 * and its origin are one allocation. Recursion is as deep as the schema.
 */
#include "lib/junos/tree.h"

#include "lib/base/text.h"
#include "lib/junos/nine.h"
#include "lib/msg/elem.h"

struct placed {
	struct elem elem;
	struct {
		unsigned line;
		unsigned column;
	} origin; /* the shape that readers of origins expect */
};

static struct elem *
elem_put(struct arena *a, struct elem *parent, const struct node *n, const char *name)
{
	struct placed *p = arena_alloc(a, sizeof(*p));
	struct elem *e = &p->elem;
	p->origin.line = n->line;
	p->origin.column = n->column;
	e->name = name;
	e->origin = &p->origin;
	e->parent = parent;
	if (parent == NULL)
		return e;
	if (parent->last != NULL)
		parent->last->next = e;
	else
		parent->child = e;
	parent->last = e;
	return e;
}

static const char *
clear_value(struct arena *a, const struct snode *s, const char *value)
{
	if (value == NULL || !s->is_secret)
		return value;
	struct text plain = { 0 };
	bool is_nine = nine_decode(value, &plain);
	const char *copy = is_nine ? arena_strndup(a, text_str(&plain), plain.len) : value;
	text_done(&plain);
	return copy;
}

static void
below_put(struct arena *a, struct elem *e, const struct node *n)
{
	const struct snode *s = n->schema;
	for (size_t i = 0; s->kind == SNODE_LIST && i < s->n_keys; i++)
		elem_put(a, e, n, s->keys[i]->name)->value =
		    clear_value(a, s->keys[i], i == 0 ? n->value : n->more_keys[i - 1]);
	for (const struct node *c = n->child; c != NULL; c = c->next) {
		if (c->is_inactive || c->schema->role != SNODE_PLAIN)
			continue;
		struct elem *below = elem_put(a, e, c, c->schema->name);
		if (c->schema->kind == SNODE_LEAF || c->schema->kind == SNODE_LEAFLIST) {
			below->value = clear_value(a, c->schema, c->value);
			continue;
		}
		below->is_container = true;
		below_put(a, below, c);
	}
}

struct elem *
tree_to_elem(const struct tree *t, struct arena *a)
{
	const struct node *root = tree_root(t);
	struct elem *e = elem_put(a, NULL, root, root->schema->name);
	e->is_container = true;
	below_put(a, e, root);
	return e;
}
