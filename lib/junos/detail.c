/* SPDX-License-Identifier: BSD-2-Clause
 *
 * detail.c - what each statement of a configuration means, for `| display detail`. Recursion is as deep as the schema.
 */
#include "lib/junos/detail.h"

#include "lib/base/text.h"
#include "lib/junos/tree.h"

static void
status_put(const struct snode *s, struct text *out)
{
	if (s->status == SNODE_IGNORED)
		text_put(out, "## accepted without effect\n");
	else if (s->status == SNODE_UNSUPPORTED)
		text_put(out, "## not supported\n");
}

static void
values_put(const struct snode *s, struct text *out)
{
	const struct snode *leaf = s->kind == SNODE_LIST && s->n_keys > 0 ? s->keys[0] : s;
	if (leaf->enums != NULL) {
		text_put(out, "## values:");
		for (const char *const *e = leaf->enums; *e != NULL; e++)
			text_printf(out, " %s", *e);
		text_putc(out, '\n');
	} else if (leaf->value_help != NULL && leaf->value_help[0] == '(') {
		text_printf(out, "## range: %s\n", leaf->value_help);
	}
	if (leaf->default_value != NULL)
		text_printf(out, "## default: %s\n", leaf->default_value);
}

static void
node_note(struct tree *t, struct node *n)
{
	const struct snode *s = n->schema;
	/* the values of one leaf-list stand in one line */
	bool is_first = n->prev == NULL || n->prev->schema != s || s->kind != SNODE_LEAFLIST;
	if (is_first && !s->is_joined) {
		struct text note = { 0 };
		text_printf(&note, "##\n## %s: %s\n", s->name, s->help);
		values_put(s, &note);
		status_put(s, &note);
		text_put(&note, "##");
		node_add_note(t, n, text_str(&note));
		text_done(&note);
	}
	for (struct node *c = n->child; c != NULL; c = c->next)
		node_note(t, c);
}

void
detail_note(struct tree *t)
{
	for (struct node *c = tree_root(t)->child; c != NULL; c = c->next)
		node_note(t, c);
}
