/* SPDX-License-Identifier: BSD-2-Clause
 *
 * defaults.c - the defaults of the schema as statements. Recursion is as deep as the schema.
 */
#include "lib/junos/defaults.h"

#include "lib/junos/tree.h"

/* Can leaf S stand below N, that is, does no other branch of its choice exclude it? */
static bool
is_open(const struct node *n, const struct snode *s)
{
	if (s->choice == 0)
		return true;
	for (const struct node *c = n->child; c != NULL; c = c->next)
		if (c->schema->choice == s->choice)
			return c->schema->branch == s->branch;
	return false;
}

static void
below_add(struct tree *t, struct node *n, unsigned group)
{
	for (struct node *c = n->child; c != NULL; c = c->next)
		below_add(t, c, group);
	for (size_t i = 0; i < n->schema->n_children; i++) {
		const struct snode *s = n->schema->children[i];
		bool is_default =
		    s->kind == SNODE_LEAF && s->default_value != NULL && is_open(n, s);
		if (is_default && node_child(n, s) == NULL)
			node_set_leaf(t, n, s, s->default_value)->group = group;
	}
}

void
defaults_add(struct tree *t)
{
	below_add(t, tree_root(t), tree_add_group(t, DEFAULTS_GROUP));
}
