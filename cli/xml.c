/* SPDX-License-Identifier: BSD-2-Clause
 *
 * xml.c - `| display xml`: element trees in the frame of an rpc-reply, 4 columns per level.
 */
#include <string.h>

#include "cli/render.h"

#define XML_JUNOS "http://xml.juniper.net/junos/9.3R1/"

enum { XML_INDENT = 4 };

/* Writes S so that any bytes at all make well-formed XML: markup is escaped, what XML cannot hold becomes '?'. */
static void
xml_escape_n(struct text *out, const char *s, size_t n)
{
	for (const char *end = s + n; s < end; s++) {
		unsigned char c = (unsigned char)*s;
		if (c == '&')
			text_put(out, "&amp;");
		else if (c == '<')
			text_put(out, "&lt;");
		else if (c == '>')
			text_put(out, "&gt;");
		else if ((c < ' ' && c != '\t' && c != '\n') || c >= 0x7f)
			text_putc(out, '?');
		else
			text_putc(out, (char)c);
	}
}

static void
xml_escape(struct text *out, const char *s)
{
	xml_escape_n(out, s, strlen(s));
}

static void
attribute_put(struct text *out, const char *name, const char *value)
{
	text_printf(out, " %s=\"", name);
	for (; *value != '\0'; value++)
		if (*value == '"')
			text_put(out, "&quot;");
		else
			xml_escape_n(out, value, 1);
	text_putc(out, '"');
}

/* The start tag with its attributes; returns how many children are no attributes. */
static size_t
tag_open(struct text *out, const struct elem *e)
{
	size_t n = 0;
	text_printf(out, "<%s", e->name);
	for (const struct elem *c = e->child; c != NULL; c = c->next) {
		n += !render_is_attribute(c);
		if (render_attribute_name(e, c) != NULL)
			attribute_put(out, render_attribute_name(e, c), c->value);
	}
	return n;
}

static void
elem_put(struct text *out, const struct elem *e, unsigned level)
{
	text_fill(out, ' ', (size_t)level * XML_INDENT);
	size_t n_inside = tag_open(out, e);
	const char *text = e->child != NULL ? elem_value(e, "_") : e->value;
	if (n_inside > 0) {
		text_put(out, ">\n");
		for (const struct elem *c = e->child; c != NULL; c = c->next)
			if (!render_is_attribute(c))
				elem_put(out, c, level + 1);
		text_fill(out, ' ', (size_t)level * XML_INDENT);
		text_printf(out, "</%s>\n", e->name);
	} else if (text != NULL) {
		text_putc(out, '>');
		xml_escape(out, text);
		text_printf(out, "</%s>\n", e->name);
	} else {
		text_put(out, "/>\n");
	}
}

void
xml_frame_open(struct render *r)
{
	if (r->has_wrapper)
		return;
	text_put(r->out, "<rpc-reply xmlns:junos=\"" XML_JUNOS "junos\">\n");
	r->has_wrapper = true;
}

void
xml_frame_close(struct render *r)
{
	if (!r->has_wrapper)
		return;
	text_put(r->out, "    <cli>\n        <banner>");
	xml_escape(r->out, r->banner);
	text_put(r->out, "</banner>\n    </cli>\n</rpc-reply>\n");
	r->has_wrapper = false;
}

void
xml_open(struct render *r, const char *root, const char *space)
{
	xml_frame_open(r);
	text_printf(r->out, "    <%s xmlns=\"" XML_JUNOS "%s\"", root, space);
	if (r->style[0] != '\0') {
		text_put(r->out, " junos:style=\"");
		xml_escape(r->out, r->style);
		text_putc(r->out, '"');
	}
	if (r->attribute[0] != '\0')
		attribute_put(r->out, r->attribute, r->attribute_value);
	text_put(r->out, r->is_content ? ">" : ">\n");
}

void
xml_row(struct render *r, const struct elem *row)
{
	elem_put(r->out, row, 2);
}

void
xml_close(struct render *r)
{
	text_printf(r->out, "%s</%s>\n", r->is_content ? "" : "    ", r->root);
}

void
xml_content(struct render *r, const char *s, size_t n)
{
	xml_escape_n(r->out, s, n);
}
