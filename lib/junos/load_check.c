/* SPDX-License-Identifier: BSD-2-Clause
 *
 * load_check.c - what must hold for every tree, whatever it was read from.
 *
 * Used by the unit tests, by the corpus of configurations and by the fuzz targets.
 */
#include "lib/junos/load_check.h"

#include "lib/base/arena.h"
#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/junos/groups.h"
#include "lib/junos/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct schema *
load_check_schema(void)
{
	static struct schema *schema;
	const char *error = NULL;
	if (schema == NULL)
		schema = schema_load(&error);
	if (schema == NULL) {
		fprintf(stderr, "schema: %s\n", error);
		abort();
	}
	return schema;
}

enum format { FORMAT_TEXT, FORMAT_SET, FORMAT_XML, FORMAT_JSON, FORMATS };

static const char *const names[FORMATS] = {
	[FORMAT_TEXT] = "text",
	[FORMAT_SET] = "set",
	[FORMAT_XML] = "xml",
	[FORMAT_JSON] = "json",
};

static void
print(const struct tree *t, enum format format, struct text *out)
{
	const struct node *root = tree_root(t);
	switch (format) {
	case FORMAT_TEXT:
		print_text(root, 0, out);
		break;
	case FORMAT_SET:
		print_set(root, false, out);
		break;
	case FORMAT_XML:
		print_xml(root, 0, out);
		break;
	default:
		print_json(root, out);
	}
}

/* Reads S, which is in FORMAT, and prints it as text to OUT. False if it has syntax errors. */
static bool
again(const struct text *s, enum format format, struct text *out)
{
	struct tree *t = tree_new(load_check_schema());
	struct report r = { 0 };
	struct node *root = tree_root(t);
	if (format == FORMAT_SET)
		load_set(t, root, text_str(s), s->len, &r);
	else if (format == FORMAT_XML)
		load_xml(t, root, LOAD_OVERRIDE, text_str(s), s->len, &r);
	else if (format == FORMAT_JSON)
		load_json(t, root, LOAD_OVERRIDE, text_str(s), s->len, &r);
	else
		load_text(t, LOAD_OVERRIDE, text_str(s), s->len, &r);
	print_text(tree_root(t), 0, out);
	bool ok = true;
	struct text said = { 0 };
	/* a statement that is not supported stays one; everything else was valid when it was printed */
	for (size_t i = 0; i < r.n; i++)
		ok = ok && r.lines[i].class != REPORT_SYNTAX && r.lines[i].class != REPORT_INVALID;
	if (!ok) {
		report_print(&r, names[format], &said);
		fprintf(stderr, "%s%s", text_str(s), text_str(&said));
	}
	text_done(&said);
	report_done(&r);
	tree_free(t);
	return ok;
}

static const char *
same(const struct text *a, const struct text *b, const char *what)
{
	if (strcmp(text_str(a), text_str(b)) == 0)
		return NULL;
	fprintf(stderr, "--- %s: printed\n%s--- printed again\n%s", what, text_str(a), text_str(b));
	return what;
}

static const char *
copy_check(const struct tree *t, const struct text *text)
{
	struct tree *copy = tree_copy(t);
	struct text printed = { 0 };
	struct text diff = { 0 };
	print_text(tree_root(copy), 0, &printed);
	print_compare(t, copy, &diff);
	const char *bad = same(text, &printed, "copy");
	if (bad == NULL && diff.len > 0)
		bad = "a copy differs";
	if (bad == NULL && tree_count(t) != tree_count(copy))
		bad = "a copy has another size";
	tree_free(copy);
	text_done(&printed);
	text_done(&diff);
	return bad;
}

/* True if some statement is kept as text: its braces are not in set lines. */
static bool
has_any(const struct node *n)
{
	bool has = node_any(n) != NULL;
	for (const struct node *c = n->child; c != NULL && !has; c = c->next)
		has = has_any(c);
	return has;
}

/* What is inherited is a configuration like others, and inherits nothing any more. */
static const char *
groups_check(const struct tree *t)
{
	struct report r = { 0 };
	struct text text = { 0 };
	struct text back = { 0 };
	struct tree *whole = groups_expand(t, &r);
	print_text(tree_root(whole), 0, &text);
	const char *bad = again(&text, FORMAT_TEXT, &back) ? NULL : "an expanded tree is refused";
	if (bad == NULL)
		bad = same(&text, &back, "expanded");
	text_reset(&back);
	struct tree *twice = groups_expand(whole, NULL);
	print_text(tree_root(twice), 0, &back);
	if (bad == NULL)
		bad = same(&text, &back, "expanded again");
	groups_note(whole, GROUPS_NOTES);
	text_reset(&text);
	print_text(tree_root(whole), 0, &text);
	struct arena *a = arena_new_secret();
	groups_to_elem(t, a, NULL);
	arena_free(a);
	tree_free(whole);
	tree_free(twice);
	report_done(&r);
	text_done(&text);
	text_done(&back);
	return bad;
}

/* Prints T in FORMAT, reads that, and compares the text of it with TEXT. */
static const char *
format_check(const struct tree *t, enum format format, const struct text *text)
{
	struct text printed = { 0 };
	struct text back = { 0 };
	print(t, format, &printed);
	const char *bad = again(&printed, format, &back) ? NULL : "what was printed is refused";
	if (bad == NULL)
		bad = same(text, &back, names[format]);
	if (bad != NULL)
		fprintf(stderr, "--- as %s\n%s", names[format], text_str(&printed));
	text_done(&printed);
	text_done(&back);
	return bad;
}

const char *
load_check(const struct tree *t)
{
	struct text text = { 0 };
	print_text(tree_root(t), 0, &text);
	const char *bad = NULL;
	for (int f = 0; f < FORMATS && bad == NULL; f++) {
		bool is_lossy = tree_root(t)->comment != NULL || has_any(tree_root(t));
		if (f != FORMAT_SET || !is_lossy)
			bad = format_check(t, (enum format)f, &text);
	}
	if (bad == NULL)
		bad = copy_check(t, &text);
	if (bad == NULL)
		bad = groups_check(t);
	text_done(&text);
	return bad;
}
