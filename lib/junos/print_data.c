/* SPDX-License-Identifier: BSD-2-Clause
 *
 * print_data.c - a tree as JUNOS XML and JSON.
 *
 * Element names are statement names and keys are leaves that come first. Tags become attributes in
 * XML and "@" members in JSON (RFC 7952); secrets stay in their $9$ form. Recursion is as deep as the schema.
 */
#include "lib/junos/load.h"

#include "lib/base/text.h"
#include "lib/junos/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INDENT = 4 };

static void
line_start(unsigned indent, struct text *out)
{
	text_fill(out, ' ', indent * INDENT);
}

/* --- XML --- */

/* Blanks at the ends are references: a reader takes others for layout. */
void
print_xml_text(const char *s, struct text *out)
{
	for (const char *first = s; *s != '\0'; s++) {
		bool is_end = s == first || s[1] == '\0';
		if (is_end && (*s == ' ' || *s == '\t' || *s == '\n')) {
			text_printf(out, "&#%d;", *s);
			continue;
		}
		switch (*s) {
		case '&':
			text_put(out, "&amp;");
			break;
		case '<':
			text_put(out, "&lt;");
			break;
		case '>':
			text_put(out, "&gt;");
			break;
		default:
			text_putc(out, *s);
		}
	}
}

static void
xml_comment(const struct node *n, unsigned indent, struct text *out)
{
	if (n->comment == NULL)
		return;
	struct text lines = { 0 };
	print_comment(n->comment, 0, &lines);
	line_start(indent, out);
	text_put(out, "<junos:comment xmlns:junos=\"http://xml.juniper.net/junos/*/junos\">");
	lines.len -= lines.len > 0;
	lines.s[lines.len] = '\0';
	print_xml_text(text_str(&lines), out);
	text_put(out, "</junos:comment>\n");
	text_done(&lines);
}

static void
xml_leaf(
    const char *name, const char *attributes, const char *value, unsigned indent, struct text *out)
{
	line_start(indent, out);
	text_printf(out, "<%s%s", name, attributes);
	if (value == NULL) {
		text_put(out, "/>\n");
		return;
	}
	text_putc(out, '>');
	print_xml_text(value, out);
	text_printf(out, "</%s>\n", name);
}

/* junos:group="NAME" */
static void
xml_group(const char *group, struct text *out)
{
	text_put(out, " junos:group=\"");
	for (; *group != '\0'; group++) {
		char one[2] = { *group, '\0' };
		if (*group == '"')
			text_put(out, "&quot;");
		else
			print_xml_text(one, out);
	}
	text_putc(out, '"');
}

/* The attributes of N. T: see print_xml_groups(), or NULL. */
static const char *
xml_attributes(const struct tree *t, const struct node *n, struct text *out)
{
	const char *group = t != NULL ? node_group(t, n) : NULL;
	text_printf(out, "%s%s%s", n->is_inactive ? " inactive=\"inactive\"" : "",
	    n->is_protected ? " protect=\"protect\"" : "",
	    n->is_changed ? " junos:changed=\"changed\"" : "");
	if (group != NULL)
		xml_group(group, out);
	return text_str(out);
}

static void
xml_node(const struct tree *t, const struct node *n, unsigned indent, struct text *out)
{
	const struct snode *s = n->schema;
	struct text buf = { 0 };
	const char *attributes = "";
	const char *any = node_any(n);
	if (n->is_inactive || n->is_protected || n->is_changed || t != NULL)
		attributes = xml_attributes(t, n, &buf);
	if (n->parent != NULL)
		xml_comment(n, indent, out);
	bool is_leaf = s->kind == SNODE_LEAF || s->kind == SNODE_LEAFLIST;
	bool is_bare =
	    n->child == NULL && s->kind != SNODE_LIST && any == NULL && n->parent != NULL;
	if (is_leaf || is_bare) {
		xml_leaf(s->name, attributes, is_leaf ? n->value : NULL, indent, out);
		text_done(&buf);
		return;
	}
	line_start(indent, out);
	text_printf(out, "<%s%s>\n", s->name, attributes);
	for (size_t i = 0; s->kind == SNODE_LIST && i < s->n_keys; i++)
		xml_leaf(
		    s->keys[i]->name, "", i == 0 ? n->value : n->more_keys[i - 1], indent + 1, out);
	if (any != NULL)
		print_xml_text(any, out);
	for (const struct node *c = n->child; c != NULL; c = c->next)
		xml_node(t, c, indent + 1, out);
	if (n->parent == NULL)
		xml_comment(n, indent + 1, out); /* a document has one root */
	line_start(indent, out);
	text_printf(out, "</%s>\n", s->name);
	text_done(&buf);
}

void
print_xml(const struct node *n, unsigned indent, struct text *out)
{
	xml_node(NULL, n, indent, out);
}

void
print_xml_groups(const struct tree *t, const struct node *n, unsigned indent, struct text *out)
{
	xml_node(t, n, indent, out);
}

/* --- JSON --- */

static void
json_string(const char *s, struct text *out)
{
	text_putc(out, '"');
	while (*s != '\0') {
		/* runs of what stands for itself go in at once: a large configuration is mostly these */
		size_t n = 0;
		while ((unsigned char)s[n] >= ' ' && s[n] != '"' && s[n] != '\\')
			n++;
		text_putn(out, s, n);
		s += n;
		if (*s == '\0')
			break;
		if (*s == '"' || *s == '\\')
			text_printf(out, "\\%c", *s);
		else if (*s == '\n')
			text_put(out, "\\n");
		else
			text_printf(out, "\\u%04x", (unsigned char)*s);
		s++;
	}
	text_putc(out, '"');
}

/* Numbers stand bare, but only those that JSON would read back as the same text. */
static void
json_value(const struct snode *s, const char *value, struct text *out)
{
	if (value == NULL) {
		text_put(out, "[null]");
		return;
	}
	size_t n = strspn(value, "0123456789");
	bool is_number =
	    s->type_name != NULL &&
	    (strncmp(s->type_name, "uint", 4) == 0 || strncmp(s->type_name, "int", 3) == 0) &&
	    strcmp(s->type_name, "uint64") != 0 && n > 0 && value[n] == '\0' && n < 16 &&
	    (value[0] != '0' || n == 1);
	if (is_number)
		text_put(out, value);
	else
		json_string(value, out);
}

/* Starts a member: the comma after the one before, a line of its own, its name. */
static void
json_name(bool *is_first, const char *prefix, const char *name, unsigned indent, struct text *out)
{
	text_put(out, *is_first ? "\n" : ",\n");
	*is_first = false;
	line_start(indent, out);
	text_putc(out, '"');
	text_put(out, prefix);
	text_put(out, name);
	text_put(out, "\" : ");
}

static bool
has_marks(const struct tree *t, const struct node *n)
{
	return n->is_inactive || n->is_protected || n->is_changed || n->comment != NULL ||
	       (t != NULL && node_group(t, n) != NULL);
}

/* Writes a member of the object of marks; VALUE NULL: true. */
static void
json_mark(const char *name, const char *value, bool *is_first, struct text *out)
{
	text_printf(out, "%s\"%s\" : ", *is_first ? "" : ", ", name);
	*is_first = false;
	if (value != NULL)
		json_string(value, out);
	else
		text_put(out, "true");
}

/* Writes what tags, annotation and marks say: {"inactive" : true}. MORE: members that come before, or "". */
static void
json_marks(const struct tree *t, const struct node *n, const char *more, struct text *out)
{
	const char *group = t != NULL ? node_group(t, n) : NULL;
	bool is_first = more[0] == '\0';
	text_printf(out, "{%s", more);
	if (n->comment != NULL) {
		struct text lines = { 0 };
		print_comment(n->comment, 0, &lines);
		lines.len -= lines.len > 0;
		lines.s[lines.len] = '\0';
		json_mark("comment", text_str(&lines), &is_first, out);
		text_done(&lines);
	}
	if (n->is_inactive)
		json_mark("inactive", NULL, &is_first, out);
	if (n->is_protected)
		json_mark("protect", NULL, &is_first, out);
	if (n->is_changed)
		json_mark("junos:changed", "changed", &is_first, out);
	if (group != NULL)
		json_mark("junos:group", group, &is_first, out);
	text_putc(out, '}');
}

static void json_object(const struct tree *t, const struct node *n, const char *more,
    unsigned indent, struct text *out);

static void
json_entries(const struct tree *t, const struct node *first, const struct node *last,
    unsigned indent, struct text *out)
{
	text_put(out, "[\n");
	for (const struct node *n = first; n != last->next; n = n->next) {
		line_start(indent + 1, out);
		json_object(t, n, "", indent + 1, out);
		text_put(out, n == last ? "\n" : ",\n");
	}
	line_start(indent, out);
	text_putc(out, ']');
}

static void
json_values(const struct tree *t, const struct node *first, const struct node *last, bool is_marks,
    struct text *out)
{
	text_putc(out, '[');
	for (const struct node *n = first; n != last->next; n = n->next) {
		if (n != first)
			text_put(out, ", ");
		if (!is_marks)
			json_value(n->schema, n->value, out);
		else if (has_marks(t, n))
			json_marks(t, n, "", out);
		else
			text_put(out, "null");
	}
	text_putc(out, ']');
}

/* Writes the member (and its marks) for the run that starts with N. Returns the last of the run. */
static const struct node *
json_member(
    const struct tree *t, const struct node *n, bool *is_first, unsigned indent, struct text *out)
{
	const struct node *last = print_run_end(n);
	const char *name = n->schema->name;
	json_name(is_first, "", name, indent, out);
	bool is_marked = false;
	switch (n->schema->kind) {
	case SNODE_CONTAINER:
		json_object(t, n, "", indent, out);
		return n;
	case SNODE_LIST:
		json_entries(t, n, last, indent, out);
		return last;
	case SNODE_LEAF:
		json_value(n->schema, n->value, out);
		if (!has_marks(t, n))
			return n;
		json_name(is_first, "@", name, indent, out);
		json_marks(t, n, "", out);
		return n;
	case SNODE_LEAFLIST:
		json_values(t, n, last, false, out);
		for (const struct node *v = n; v != last->next; v = v->next)
			is_marked = is_marked || has_marks(t, v);
		if (is_marked) {
			json_name(is_first, "@", name, indent, out);
			json_values(t, n, last, true, out);
		}
		return last;
	}
	return last;
}

static void
json_object(
    const struct tree *t, const struct node *n, const char *more, unsigned indent, struct text *out)
{
	const struct snode *s = n->schema;
	bool is_first = true;
	text_putc(out, '{');
	if (has_marks(t, n) || more[0] != '\0') {
		json_name(&is_first, "", "@", indent + 1, out);
		json_marks(t, n, more, out);
	}
	for (size_t i = 0; s->kind == SNODE_LIST && i < s->n_keys; i++) {
		json_name(&is_first, "", s->keys[i]->name, indent + 1, out);
		json_value(s->keys[i], i == 0 ? n->value : n->more_keys[i - 1], out);
	}
	if (node_any(n) != NULL) {
		json_name(&is_first, "", "text", indent + 1, out);
		json_string(node_any(n), out);
	}
	for (const struct node *c = n->child; c != NULL; c = c->next)
		c = json_member(t, c, &is_first, indent + 1, out);
	if (!is_first) {
		text_putc(out, '\n');
		line_start(indent, out);
	}
	text_putc(out, '}');
}

void
print_json_marked(
    const struct tree *t, const struct node *n, const char *attributes, struct text *out)
{
	text_put(out, "{\n");
	line_start(1, out);
	text_printf(out, "\"%s\" : ", n->schema->name);
	if (n->schema->kind == SNODE_LIST)
		json_entries(t, n, n, 1, out);
	else if (n->schema->kind == SNODE_CONTAINER)
		json_object(t, n, attributes, 1, out);
	else
		json_value(n->schema, n->value, out);
	text_put(out, "\n}\n");
}

void
print_json(const struct node *n, struct text *out)
{
	print_json_marked(NULL, n, "", out);
}
