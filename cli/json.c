/* SPDX-License-Identifier: BSD-2-Clause
 *
 * json.c - `| display json`: element trees as JUNOS writes them.
 *
 * Every element is an array of objects, because XML elements may repeat; the value of a leaf is in
 * "data", that of an empty leaf is [null]. Rows of one name that follow each other share one array.
 */
#include <stdio.h>
#include <string.h>

#include "cli/render.h"

enum { JSON_INDENT = 4 };

/* Returns the length of the UTF-8 sequence at S, where there are LEFT bytes, or 0 if it is none. */
static size_t
utf8_len(const unsigned char *s, size_t left)
{
	size_t n = 0;
	unsigned lo = 0x80;
	unsigned hi = 0xbf;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	/* second bytes that would make an overlong form, a surrogate or more than U+10FFFF */
	if (s[0] == 0xe0)
		lo = 0xa0;
	else if (s[0] == 0xed)
		hi = 0x9f;
	else if (s[0] == 0xf0)
		lo = 0x90;
	else if (s[0] == 0xf4)
		hi = 0x8f;
	if (n == 0 || n > left || s[1] < lo || s[1] > hi)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* The inside of a string. */
static void
json_escape(struct text *out, const char *str, size_t len)
{
	const unsigned char *s = (const unsigned char *)str;
	const unsigned char *end = s + len;
	while (s < end) {
		if (*s == '"' || *s == '\\') {
			text_printf(out, "\\%c", *s++);
		} else if (*s < ' ' || *s == 0x7f) {
			text_printf(out, "\\u%04x", *s++);
		} else if (*s < 0x80) {
			text_putc(out, (char)*s++);
		} else {
			size_t n = utf8_len(s, (size_t)(end - s));
			if (n > 0)
				text_putn(out, (const char *)s, n);
			else
				text_put(out, "\\ufffd");
			s += n > 0 ? n : 1;
		}
	}
}

static void
json_string(struct text *out, const char *s)
{
	text_putc(out, '"');
	json_escape(out, s, strlen(s));
	text_putc(out, '"');
}

static void
indent(struct text *out, unsigned level)
{
	text_fill(out, ' ', (size_t)level * JSON_INDENT);
}

static void members_put(struct text *out, const struct elem *e, unsigned level);

/* "attributes" of E, if it has some, as a last member. */
static void
attributes_put(struct text *out, const struct elem *e, unsigned level)
{
	const struct elem *a = row_attribute(e);
	if (a == NULL)
		return;
	text_put(out, ",\n");
	indent(out, level);
	text_put(out, "\"attributes\" : {");
	for (bool is_first = true; a != NULL && row_is_attribute(a); a = a->next) {
		text_put(out, is_first ? "" : ", ");
		json_string(out, a->name);
		text_put(out, " : ");
		json_string(out, a->value != NULL ? a->value : "");
		is_first = false;
	}
	text_putc(out, '}');
}

/* The object of one element. */
static void
object_put(struct text *out, const struct elem *e, unsigned level)
{
	indent(out, level);
	text_put(out, "{\n");
	if (e->child != NULL) {
		members_put(out, e, level + 1);
		attributes_put(out, e, level + 1);
		text_putc(out, '\n');
	} else {
		indent(out, level + 1);
		text_put(out, "\"data\" : ");
		if (e->value != NULL)
			json_string(out, e->value);
		else
			text_put(out, "[null]");
		attributes_put(out, e, level + 1);
		text_putc(out, '\n');
	}
	indent(out, level);
	text_putc(out, '}');
}

static void
array_open(struct text *out, const char *name, unsigned level)
{
	indent(out, level);
	json_string(out, name);
	text_put(out, " : [\n");
}

/* The children of E: one array for each name, where the name first appears. No newline after the last. */
static void
members_put(struct text *out, const struct elem *e, unsigned level)
{
	for (const struct elem *c = e->child; c != NULL; c = c->next) {
		if (row_is_attribute(c) || elem_find(e, c->name) != c)
			continue; /* not the first of its name: printed already */
		if (c != e->child)
			text_put(out, ",\n");
		array_open(out, c->name, level);
		for (const struct elem *same = c; same != NULL; same = elem_next(same)) {
			if (same != c)
				text_put(out, ",\n");
			object_put(out, same, level);
		}
		text_putc(out, '\n');
		indent(out, level);
		text_putc(out, ']');
	}
}

void
json_open(struct render *r, const char *root)
{
	text_put(r->out, "{\n");
	array_open(r->out, root, 1);
	indent(r->out, 1);
	text_put(r->out, "{\n");
	bool has_style = r->style[0] != '\0';
	r->has_members[0] = has_style || r->attribute[0] != '\0';
	if (r->has_members[0]) {
		indent(r->out, 2);
		text_put(r->out, "\"attributes\" : {");
		json_string(r->out, has_style ? "junos:style" : r->attribute);
		text_put(r->out, " : ");
		json_string(r->out, has_style ? r->style : r->attribute_value);
		text_putc(r->out, '}');
	}
	if (r->is_content) {
		text_put(r->out, r->has_members[0] ? ",\n" : "");
		indent(r->out, 2);
		text_put(r->out, "\"data\" : \"");
	}
}

void
json_content(struct render *r, const char *s, size_t n)
{
	json_escape(r->out, s, n);
}

/* Ends the array of the rows of one name, if there is one. */
static void
array_close(struct render *r)
{
	if (r->last[r->depth][0] == '\0')
		return;
	text_putc(r->out, '\n');
	indent(r->out, 2 + r->depth);
	text_putc(r->out, ']');
	r->last[r->depth][0] = '\0';
}

/* What stands before a row called NAME: rows of one name that follow each other share one array. */
static void
row_begin(struct render *r, const char *name)
{
	char *last = r->last[r->depth];
	if (strcmp(last, name) == 0) {
		text_put(r->out, ",\n");
		return;
	}
	array_close(r);
	if (r->has_members[r->depth])
		text_put(r->out, ",\n");
	array_open(r->out, name, 2 + r->depth);
	snprintf(last, sizeof(r->last[0]), "%s", name);
	r->has_members[r->depth] = true;
}

void
json_row(struct render *r, const struct elem *row)
{
	row_begin(r, row->name);
	object_put(r->out, row, 2 + r->depth);
}

void
json_row_open(struct render *r, const struct elem *e)
{
	row_begin(r, e->name);
	indent(r->out, 2 + r->depth);
	text_put(r->out, "{\n");
	members_put(r->out, e, 3 + r->depth);
	r->has_members[r->depth + 1] = e->child != NULL;
	r->last[r->depth + 1][0] = '\0';
}

/* r->depth is that of what is being closed, minus one. */
void
json_row_close(struct render *r)
{
	r->depth++;
	array_close(r);
	r->depth--;
	text_putc(r->out, '\n');
	indent(r->out, 2 + r->depth);
	text_putc(r->out, '}');
}

void
json_close(struct render *r)
{
	if (r->is_content)
		text_putc(r->out, '"');
	array_close(r);
	text_putc(r->out, '\n');
	indent(r->out, 1);
	text_put(r->out, "}\n");
	indent(r->out, 1);
	text_put(r->out, "]\n}\n");
}
