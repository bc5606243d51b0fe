/* SPDX-License-Identifier: BSD-2-Clause
 *
 * groups.c - a configuration together with what it inherits from its groups.
 *
 * The tree is copied and walked once from the top. Every place has its sources: the places in groups that mean the
 * same path, in the order of their weight. First a place takes what its sources have for it (leaves, values, names of
 * entries); then the same is done for each child, with its own sources (groups_source.c).
 *
 * Recursion is as deep as the schema. Called by mgd at commit and show, and by `sallyport check`.
 */
#include "lib/junos/groups.h"

#include "lib/base/arena.h"
#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/junos/groups_source.h"
#include "lib/junos/place.h"
#include "lib/msg/elem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- names --- */

/* Reports names of groups that do not exist, below N. */
static void
names_check(const struct expander *x, const struct node *n, struct report *r)
{
	for (const struct node *c = n->child; c != NULL; c = c->next) {
		if (c->is_inactive)
			continue;
		names_check(x, c, r);
		bool is_name =
		    c->schema->role == SNODE_APPLY || c->schema->role == SNODE_APPLY_EXCEPT;
		if (!is_name || sources_group(x, c->value) != NULL)
			continue;
		struct text edit = { 0 };
		struct text statement = { 0 };
		struct text message = { 0 };
		node_edit_path(n, &edit);
		node_statement(c, &statement);
		text_printf(&message, "configuration group '%s' is not defined", c->value);
		report_add(r, &(struct report_line){
				  .class = REPORT_INVALID,
				  .is_error = true,
				  .line = c->line,
				  .column = c->column,
				  .edit = (char *)(uintptr_t)text_str(&edit),
				  .statement = (char *)(uintptr_t)text_str(&statement),
				  .message = (char *)(uintptr_t)text_str(&message),
			      });
		text_done(&edit);
		text_done(&statement);
		text_done(&message);
	}
}

/* --- taking over --- */

/* True if something that is there keeps S, a statement of a choice, out. */
static bool
is_excluded(const struct node *n, const struct snode *s)
{
	const struct snode *in = n->schema;
	for (size_t i = 0; s->choice != 0 && i < in->n_children; i++) {
		const struct snode *other = in->children[i];
		if (other->choice != s->choice || other->branch == s->branch)
			continue;
		const struct node *c = node_last_of(n, other);
		while (c != NULL && c->schema == other && c->is_inactive)
			c = c->prev;
		if (c != NULL && c->schema == other)
			return true;
	}
	return false;
}

static struct node *
same_find(const struct node *n, const struct node *like, const char *const *keys)
{
	const struct snode *s = like->schema->twin;
	if (s->kind == SNODE_LIST)
		return node_entry(n, s, keys);
	if (s->kind == SNODE_LEAFLIST)
		return node_value(n, s, like->value);
	return node_child(n, s);
}

/* Makes below N what LIKE, a statement of a group, stands for. */
static struct node *
same_make(struct expander *x, struct node *n, const struct node *like, const char *const *keys)
{
	const struct snode *s = like->schema->twin;
	switch (s->kind) {
	case SNODE_LIST:
		return node_add_entry(x->t, n, s, keys);
	case SNODE_LEAF:
		return node_set_leaf(x->t, n, s, like->value);
	case SNODE_LEAFLIST:
		return node_add_value(x->t, n, s, like->value);
	case SNODE_CONTAINER:
		break;
	}
	return node_add(x->t, n, s);
}

/* Lets N inherit the statement LIKE itself, without what is below it. */
static void
statement_take(struct expander *x, struct node *n, const struct node *like, struct node *group)
{
	const struct snode *s = like->schema;
	const char *keys[PLACE_KEYS_MAX] = { like->value };
	for (size_t i = 1; s->kind == SNODE_LIST && i < s->n_keys; i++)
		keys[i] = like->more_keys[i - 1];
	if (s->role == SNODE_OMIT || like->group == 0 ||
	    (s->kind == SNODE_LIST && source_is_wild(like)))
		return;
	struct node *old = same_find(n, like, keys);
	if ((old != NULL && !old->is_inactive) || is_excluded(n, s->twin))
		return;
	if (old != NULL)
		node_del(x->t, old);
	struct node *made = same_make(x, n, like, keys);
	if (node_any(like) != NULL)
		node_set_any(x->t, made, node_any(like));
	if (group->group == 0)
		group->group = tree_add_group(x->t, group->value);
	made->group = group->group;
	made->line = like->line;
	made->column = like->column;
}

static void
roles_del(struct tree *t, struct node *n)
{
	for (struct node *c = n->child, *next; c != NULL; c = next) {
		next = c->next;
		if (c->schema->role == SNODE_APPLY || c->schema->role == SNODE_APPLY_EXCEPT)
			node_del(t, c);
	}
}

/* True if N was inherited only for what it might hold, and that turned out to be nothing. */
static bool
is_hollow(const struct node *n)
{
	return n->group != 0 && n->child == NULL && n->schema->kind == SNODE_CONTAINER &&
	       !n->schema->is_presence && node_any(n) == NULL;
}

/* Expands N, whose sources are the last on the stack, from FIRST on. */
static void
place_expand(struct expander *x, struct node *n, size_t first)
{
	size_t end = x->n_sources;
	for (size_t i = first; i < end; i++) {
		const struct source *s = &x->sources[i];
		for (const struct node *c = s->n->child; c != NULL; c = c->next)
			if (!c->is_inactive && c->schema->role == SNODE_PLAIN)
				statement_take(x, n, c, s->group);
	}
	for (struct node *c = n->child, *next; c != NULL; c = next) {
		next = c->next;
		bool is_inner = c->schema->kind == SNODE_CONTAINER || c->schema->kind == SNODE_LIST;
		if (!is_inner || c->is_inactive || c->schema->role != SNODE_PLAIN)
			continue;
		row_add(&x->path, c);
		sources_find(x, c, first, end);
		place_expand(x, c, end);
		x->n_sources = end;
		x->path.n--;
		if (is_hollow(c))
			node_del(x->t, c);
	}
	roles_del(x->t, n);
}

static void
depth_report(const struct node *group, struct report *r)
{
	char message[64];
	snprintf(
	    message, sizeof(message), "groups are nested more than %d deep", GROUPS_NESTED_MAX);
	report_add(r, &(struct report_line){
			  .class = REPORT_INVALID,
			  .is_error = true,
			  .line = group->line,
			  .column = group->column,
			  .edit = (char *)(uintptr_t) "groups",
			  .statement = (char *)(uintptr_t)group->value,
			  .message = message,
		      });
}

struct tree *
groups_expand(const struct tree *t, struct report *r)
{
	struct expander x = { .t = tree_copy(t) };
	struct node *root = tree_root(x.t);
	const struct snode *config = root->schema;
	x.groups = config->twin;
	if (r != NULL && tree_applies_groups(t))
		names_check(&x, root, r);
	if (tree_applies_groups(t)) {
		for (struct node *g = node_first_of(root, x.groups);
		     g != NULL && g->schema == x.groups; g = g->next)
			sources_prepare(x.t, g);
		sources_find(&x, root, 0, 0);
		place_expand(&x, root, 0);
	}
	if (r != NULL && x.too_deep != NULL)
		depth_report(x.too_deep, r);
	for (struct node *g; (g = node_last_of(root, x.groups)) != NULL;)
		node_del(x.t, g);
	free(x.sources);
	free(x.path.nodes);
	free(x.met.nodes);
	free(x.hidden.nodes);
	return x.t;
}

/* Copies the values below ROOT, which are borrowed from a tree that goes away. */
static void
values_own(struct arena *a, struct elem *root)
{
	struct elem *e = root;
	while (e != NULL) {
		if (e->value != NULL)
			e->value = arena_strdup(a, e->value);
		if (e->child != NULL) {
			e = e->child;
			continue;
		}
		while (e != root && e->next == NULL)
			e = e->parent;
		e = e == root ? NULL : e->next;
	}
}

struct elem *
groups_to_elem(const struct tree *t, struct arena *a, struct report *r)
{
	if (!tree_applies_groups(t))
		return tree_to_elem(t, a);
	struct tree *whole = groups_expand(t, r);
	struct elem *e = tree_to_elem(whole, a);
	values_own(a, e);
	tree_free(whole);
	return e;
}
