/* SPDX-License-Identifier: BSD-2-Clause
 *
 * print.c - a tree as curly text, byte for byte as JUNOS writes it.
 *
 * Four blanks per level. A container or entry is `head;` when nothing is below it, `head words;` when its
 * schema is a oneliner and nothing below it needs a line of its own (a tag, a comment, a block), and
 * `head { ... }` otherwise. Recursion is as deep as the schema. Pure; one thread at a time.
 */
#include "lib/junos/load.h"

#include "lib/base/text.h"
#include "lib/junos/print.h"
#include "lib/junos/quote.h"

#include <string.h>

enum { INDENT = 4 };

void
print_comment(const char *comment, unsigned indent, struct text *out)
{
	bool in_block = false;
	for (const char *p = comment; p != NULL;) {
		size_t n = strcspn(p, "\n");
		const char *next = p[n] != '\0' ? p + n + 1 : NULL;
		if (p[0] == '#') {
			text_fill(out, ' ', indent * INDENT);
			text_putn(out, p, n);
			text_putc(out, '\n');
			p = next;
			continue;
		}
		if (!in_block) {
			text_fill(out, ' ', indent * INDENT);
			text_put(out, n > 0 && p[0] != ' ' ? "/* " : "/*");
		} else if (n > 0) {
			/* a column of stars stands under the first one */
			text_fill(out, ' ',
			    indent * INDENT + (p[0] == '*'      ? 1
						  : p[0] == ' ' ? 2
								: 3));
		}
		text_putn(out, p, n);
		bool is_last = next == NULL || next[0] == '#';
		if (is_last && n == 0)
			text_fill(out, ' ', in_block ? indent * INDENT : 0);
		text_put(out, is_last ? " */\n" : "\n");
		in_block = !is_last;
		p = next;
	}
}

/* The container whose word precedes that of N, or NULL. It has no line of its own, so its tags stand at N. */
static const struct node *
joined_of(const struct node *n)
{
	return n->parent != NULL && n->parent->schema->is_joined ? n->parent : NULL;
}

void
print_tags(const struct node *n, struct text *out)
{
	const struct node *up = joined_of(n);
	if (n->is_inactive || (up != NULL && up->is_inactive))
		text_put(out, "inactive: ");
	if (n->is_protected || (up != NULL && up->is_protected))
		text_put(out, "protect: ");
}

static bool
is_plain(const struct node *n)
{
	return !n->is_inactive && !n->is_protected && !n->is_denied && !n->is_omitted &&
	       n->comment == NULL;
}

/* Writes a positional value: in quotes where it would be taken for a statement. */
static void
positional_put(const struct node *leaf, struct text *out)
{
	const struct snode *in = leaf->schema->parent;
	quote_put(out, leaf->value, snode_find(in, leaf->value, strlen(leaf->value)) != NULL);
}

/* Which positional leaf of its parent's statement S is, from 0. */
static size_t
positional_place(const struct snode *s)
{
	size_t n = 0;
	for (size_t i = 0; s->parent->children[i] != s; i++)
		n += s->parent->children[i]->is_nokeyword &&
		     s->parent->children[i]->kind == SNODE_LEAF;
	return n;
}

void
print_value(const struct node *n, struct text *out)
{
	bool is_secret = n->schema->is_secret;
	if (is_secret && strcmp(n->value, NODE_SECRET_HIDDEN) == 0)
		text_put(out, n->value); /* a comment: whoever reads it back misses the value */
	else
		quote_put(out, n->value, is_secret);
}

void
print_leaf(const struct node *n, size_t nth, struct text *out)
{
	if (n->schema->is_nokeyword && positional_place(n->schema) == nth) {
		positional_put(n, out);
		return;
	}
	text_put(out, n->schema->name);
	if (n->value == NULL)
		return;
	text_putc(out, ' ');
	print_value(n, out);
}

/* --- on one line --- */

const struct node *
print_run_end(const struct node *n)
{
	while (n->next != NULL && n->next->schema == n->schema)
		n = n->next;
	return n;
}

/* True if N and all below it can stand on one line after the head of its parent. */
static bool
fits_line(const struct node *n)
{
	const struct snode *s = n->schema;
	if (!is_plain(n) || s->is_joined || s->is_any || s->is_grouped)
		return false;
	if (s->kind == SNODE_LEAF || s->kind == SNODE_LEAFLIST)
		return true;
	/* what follows a container's words would be read as its own */
	if (n->next != NULL || (n->prev != NULL && n->prev->schema == s))
		return false;
	for (const struct node *c = n->child; c != NULL; c = c->next)
		if (!fits_line(c))
			return false;
	return true;
}

static bool
is_line(const struct node *n)
{
	const struct snode *s = n->schema;
	if (!s->is_oneliner && !s->is_oneliner_plus)
		return false;
	if (s->is_oneliner_plus && print_run_end(n->child)->next != NULL)
		return false;
	for (const struct node *c = n->child; c != NULL; c = c->next) {
		bool is_block = c->child != NULL && !c->schema->is_oneliner && s->is_oneliner_plus;
		if (!fits_line(c) || is_block)
			return false;
	}
	return true;
}

/* The tags that all values of a run have stand before its word, the others at the values. */
struct run_tags {
	bool is_inactive;
	bool is_protected;
};

static struct run_tags
run_tags(const struct node *first)
{
	struct run_tags all = { true, true };
	const struct node *end = print_run_end(first)->next;
	for (const struct node *n = first; n != end; n = n->next) {
		all.is_inactive = all.is_inactive && n->is_inactive;
		all.is_protected = all.is_protected && n->is_protected;
	}
	return all;
}

/* Writes `name [ a b ]` for the run of values that starts with FIRST. */
static void
values_put(const struct node *first, struct text *out)
{
	const struct node *last = print_run_end(first);
	struct run_tags all = run_tags(first);
	text_put(out, first->schema->name);
	if (first != last)
		text_put(out, " [");
	for (const struct node *n = first; n != last->next; n = n->next) {
		text_putc(out, ' ');
		if (n->is_inactive && !all.is_inactive)
			text_put(out, "inactive: ");
		if (n->is_protected && !all.is_protected)
			text_put(out, "protect: ");
		print_value(n, out);
	}
	if (first != last)
		text_put(out, " ]");
}

static bool
has_secret(const struct node *n)
{
	if (n->schema->is_secret)
		return true;
	for (const struct node *c = n->child; c != NULL; c = c->next)
		if (has_secret(c))
			return true;
	return false;
}

/* Writes what is below N, each after a blank. */
static void
line_put(const struct node *n, struct text *out)
{
	size_t nth = 0;
	for (const struct node *c = n->child; c != NULL; c = c->next) {
		text_putc(out, ' ');
		if (c->schema->kind == SNODE_LEAFLIST) {
			values_put(c, out);
			c = print_run_end(c);
		} else if (c->schema->kind == SNODE_LEAF) {
			print_leaf(c, nth, out);
			nth += c->schema->is_nokeyword;
		} else {
			node_statement(c, out);
			line_put(c, out);
		}
	}
}

static void
line_end(bool is_secret, struct text *out)
{
	text_put(out, is_secret ? "; ## SECRET-DATA\n" : ";\n");
}

/* --- statements --- */

void
print_any(const char *any, unsigned indent, struct text *out)
{
	for (const char *p = any; p != NULL && *p != '\0';) {
		size_t n = strcspn(p, "\n");
		indent -= p[0] == '}' && n == 1;
		text_fill(out, ' ', indent * INDENT);
		text_putn(out, p, n);
		text_putc(out, '\n');
		indent += p[n - 1] == '{';
		p += n + (p[n] == '\n');
	}
}

static void siblings_put(
    const struct node *first, const struct node *end, unsigned indent, struct text *out);

/* Writes positional leaves into the head of N; returns the first child that is left. */
static const struct node *
head_put(const struct node *n, struct text *out)
{
	const struct node *c = n->child;
	for (size_t nth = 0;
	     c != NULL && c->schema->kind == SNODE_LEAF && c->schema->is_nokeyword && is_plain(c) &&
	     positional_place(c->schema) == nth;
	     nth++, c = c->next) {
		text_putc(out, ' ');
		positional_put(c, out);
	}
	return c;
}

/* Writes the body of N, whose words are written already. */
static void
body_put(const struct node *n, unsigned indent, struct text *out)
{
	const char *any = node_any(n);
	if (n->is_omitted) {
		text_put(out, " { /* OMITTED */ }\n");
		return;
	}
	if (n->child == NULL && any == NULL) {
		text_put(out, ";\n");
		return;
	}
	if (any == NULL && is_line(n)) {
		line_put(n, out);
		line_end(has_secret(n), out);
		return;
	}
	const struct node *rest = head_put(n, out);
	if (rest == NULL && any == NULL) {
		text_put(out, ";\n");
		return;
	}
	text_put(out, " {\n");
	print_any(any, indent + 1, out);
	siblings_put(rest, NULL, indent + 1, out);
	text_fill(out, ' ', indent * INDENT);
	text_put(out, "}\n");
}

static void
statement_put(const struct node *n, unsigned indent, struct text *out)
{
	print_comment(n->comment, indent, out);
	text_fill(out, ' ', indent * INDENT);
	print_tags(n, out);
	if (joined_of(n) != NULL)
		text_printf(out, "%s ", n->parent->schema->name);
	if (n->is_denied) {
		bool is_leaf = n->schema->kind == SNODE_LEAF;
		text_printf(out,
		    is_leaf ? "%s /* ACCESS-DENIED */;\n" : "%s { /* ACCESS-DENIED */ };\n",
		    n->schema->name);
		return;
	}
	if (n->schema->kind == SNODE_LEAF) {
		print_leaf(n, 0, out);
		line_end(n->schema->is_secret, out);
		return;
	}
	node_statement(n, out);
	body_put(n, indent, out);
}

static void
values_line(const struct node *first, unsigned indent, struct text *out)
{
	const struct node *last = print_run_end(first);
	struct run_tags all = run_tags(first);
	for (const struct node *n = first; n != last->next; n = n->next)
		print_comment(n->comment, indent, out);
	text_fill(out, ' ', indent * INDENT);
	if (all.is_inactive)
		text_put(out, "inactive: ");
	if (all.is_protected)
		text_put(out, "protect: ");
	values_put(first, out);
	line_end(first->schema->is_secret, out);
}

/* `family inet { } family inet6;`: the word of N before each of its children. */
static void
joined_put(const struct node *n, unsigned indent, struct text *out)
{
	print_comment(n->comment, indent, out);
	if (n->child == NULL) {
		text_fill(out, ' ', indent * INDENT);
		print_tags(n, out);
		text_printf(out, "%s;\n", n->schema->name);
	}
	for (const struct node *c = n->child; c != NULL; c = c->next)
		statement_put(c, indent, out);
}

void
print_group_entry(const struct node *n, unsigned indent, struct text *out)
{
	print_comment(n->comment, indent, out);
	text_fill(out, ' ', indent * INDENT);
	print_tags(n, out);
	struct text t = { 0 };
	node_statement(n, &t);
	text_put(out, text_str(&t) + strlen(n->schema->name) + 1);
	text_done(&t);
	body_put(n, indent, out);
}

/* The entries of a grouped list from FIRST on, without the list's word. */
static void
group_entries(const struct node *first, unsigned indent, struct text *out)
{
	const struct node *last = print_run_end(first);
	for (const struct node *n = first; n != last->next; n = n->next)
		print_group_entry(n, indent, out);
}

static void
group_put(const struct node *first, unsigned indent, struct text *out)
{
	text_fill(out, ' ', indent * INDENT);
	text_printf(out, "%s {\n", first->schema->name);
	group_entries(first, indent + 1, out);
	text_fill(out, ' ', indent * INDENT);
	text_put(out, "}\n");
}

/* Writes FIRST and its siblings up to END (not included). */
static void
siblings_put(const struct node *first, const struct node *end, unsigned indent, struct text *out)
{
	for (const struct node *n = first; n != end; n = n->next) {
		if (n->schema->kind == SNODE_LEAFLIST) {
			values_line(n, indent, out);
			n = print_run_end(n);
		} else if (n->schema->is_grouped && n->schema->kind == SNODE_LIST) {
			group_put(n, indent, out);
			n = print_run_end(n);
		} else if (n->schema->is_joined) {
			joined_put(n, indent, out);
		} else {
			statement_put(n, indent, out);
		}
	}
}

void
print_text(const struct node *n, unsigned indent, struct text *out)
{
	if (n->parent == NULL) {
		siblings_put(n->child, NULL, indent, out);
		print_comment(n->comment, indent, out);
	} else if (n->schema->kind == SNODE_LEAFLIST) {
		text_fill(out, ' ', indent * INDENT);
		print_tags(n, out);
		text_printf(out, "%s ", n->schema->name);
		print_value(n, out);
		line_end(n->schema->is_secret, out);
	} else if (n->schema->is_joined) {
		joined_put(n, indent, out);
	} else {
		statement_put(n, indent, out);
	}
}

void
print_run(const struct node *first, unsigned indent, struct text *out)
{
	siblings_put(first, print_run_end(first)->next, indent, out);
}

void
print_list(const struct node *first, struct text *out)
{
	if (first->schema->is_grouped && first->schema->kind == SNODE_LIST)
		group_entries(first, 0, out);
	else
		print_run(first, 0, out);
}

void
print_children(const struct node *n, struct text *out)
{
	print_any(node_any(n), 0, out);
	siblings_put(n->child, NULL, 0, out);
	if (n->parent == NULL)
		print_comment(n->comment, 0, out);
}
