/* SPDX-License-Identifier: BSD-2-Clause
 *
 * print_set.c - a tree as set lines.
 *
 * One line per leaf, value and empty statement, each with its full path; after the lines of a statement those
 * that deactivate, annotate and protect it, so that reading them in order gives the same tree. Recursion is as
 * deep as the schema.
 */
#include "lib/junos/load.h"

#include "lib/base/text.h"
#include "lib/junos/print.h"
#include "lib/junos/quote.h"

#include <string.h>

struct setting {
	struct text *out;
	struct text path; /* words so far, each followed by a blank */
};

static void
line_put(struct setting *s, const char *command, const char *more)
{
	text_printf(s->out, "%s %s", command, text_str(&s->path));
	if (more != NULL)
		text_put(s->out, more);
	else
		s->out->len--; /* the blank after the last word */
	text_putc(s->out, '\n');
}

static void
path_cut(struct setting *s, size_t len)
{
	s->path.len = len;
	if (s->path.s != NULL)
		s->path.s[len] = '\0';
}

static void
marks_put(struct setting *s, const struct node *n)
{
	if (n->comment != NULL) {
		struct text t = { 0 };
		quote_put(&t, n->comment, true);
		line_put(s, "annotate", text_str(&t));
		text_done(&t);
	}
	if (n->is_inactive)
		line_put(s, "deactivate", NULL);
	if (n->is_protected)
		line_put(s, "protect", NULL);
}

/* Text kept as it was: the words of each of its statements behind those around it. */
static void
any_put(struct setting *s, const char *any)
{
	size_t marks[64] = { s->path.len };
	size_t depth = 0;
	for (const char *p = any; *p != '\0';) {
		size_t n = strcspn(p, "\n");
		if (p[0] == '}' && n == 1) {
			depth -= depth > 0;
			path_cut(s, marks[depth]);
		} else if (p[n - 1] == '{' && depth < 63) {
			marks[depth++] = s->path.len;
			text_putn(&s->path, p, n - 1);
		} else {
			text_printf(s->out, "set %s%.*s\n", text_str(&s->path), (int)n - 1, p);
		}
		p += n + (p[n] == '\n');
	}
	path_cut(s, marks[0]);
}

static void
node_put(struct setting *s, const struct node *n)
{
	size_t mark = s->path.len;
	const struct snode *schema = n->schema;
	if (schema->kind == SNODE_LEAF)
		print_leaf(n, 0, &s->path);
	else if (schema->kind == SNODE_LEAFLIST) {
		text_printf(&s->path, "%s ", schema->name);
		print_value(n, &s->path);
	} else {
		node_statement(n, &s->path);
	}
	text_putc(&s->path, ' ');
	const char *any = node_any(n);
	if (any != NULL)
		any_put(s, any);
	else if (n->child == NULL)
		line_put(s, "set", NULL);
	for (const struct node *c = n->child; c != NULL; c = c->next)
		node_put(s, c);
	if (schema->kind == SNODE_LEAF && schema->is_secret) {
		/* a mark needs no value, and a secret is better not repeated */
		path_cut(s, mark);
		text_printf(&s->path, "%s ", schema->name);
	}
	marks_put(s, n);
	path_cut(s, mark);
}

void
print_set(const struct node *n, bool relative, struct text *out)
{
	struct setting s = { .out = out };
	bool is_value = n->schema->kind == SNODE_LEAF || n->schema->kind == SNODE_LEAFLIST;
	if (n->parent == NULL || (relative && !is_value)) {
		if (node_any(n) != NULL)
			any_put(&s, node_any(n));
		for (const struct node *c = n->child; c != NULL; c = c->next)
			node_put(&s, c);
	} else {
		if (!relative && n->parent->parent != NULL) {
			node_edit_path(n->parent, &s.path);
			text_putc(&s.path, ' ');
		}
		node_put(&s, n);
	}
	text_done(&s.path);
}

void
print_set_entry(const struct node *n, struct text *out)
{
	struct setting s = { .out = out };
	node_put(&s, n);
	text_done(&s.path);
}
