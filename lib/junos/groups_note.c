/* SPDX-License-Identifier: BSD-2-Clause
 *
 * groups_note.c - the comments of `| display inheritance`.
 *
 * They are annotations, so that the printers need not know of groups. What stands on the line of another statement
 * has its comment above that line. Called by mgd.
 */
#include "lib/junos/groups.h"

#include "lib/base/text.h"

/* The node above whose line a comment about N stands. */
static struct node *
line_of(struct node *n)
{
	struct node *line = n;
	for (struct node *p = n->parent; p != NULL; p = p->parent)
		if (p->schema->is_oneliner || p->schema->is_oneliner_plus)
			line = p;
	return line;
}

/* What the comment calls N: its value or keys, or its word if it has none. */
static void
name_put(const struct node *n, struct text *out)
{
	const struct snode *s = n->schema;
	struct text name = { 0 };
	bool has_value = s->kind != SNODE_CONTAINER && n->value != NULL;
	text_put(&name, has_value ? n->value : s->name);
	for (size_t i = 1; s->kind == SNODE_LIST && i < s->n_keys; i++)
		text_printf(&name, " %s", n->more_keys[i - 1]);
	for (size_t i = 0; i < name.len; i++)
		if (name.s[i] == '\n')
			name.s[i] = ' '; /* the comment is one line */
	text_put(out, text_str(&name));
	text_done(&name);
}

static void
note_put(struct tree *t, struct node *n, enum groups_notes notes)
{
	struct node *line = line_of(n);
	struct text all = { 0 };
	if (notes == GROUPS_NOTES)
		text_put(&all, "##\n");
	text_put(&all, "## '");
	name_put(n, &all);
	text_printf(&all, "' was inherited from group '%s'", node_group(t, n));
	if (notes == GROUPS_NOTES)
		text_put(&all, "\n##");
	node_add_note(t, line, text_str(&all));
	text_done(&all);
}

static void
below_note(struct tree *t, struct node *n, enum groups_notes notes)
{
	for (struct node *c = n->child; c != NULL; c = c->next) {
		/* `family` has no line of its own: its children say it */
		if (node_group(t, c) != NULL && !c->schema->is_joined)
			note_put(t, c, notes);
		below_note(t, c, notes);
	}
}

void
groups_note(struct tree *t, enum groups_notes notes)
{
	below_note(t, tree_root(t), notes);
}
