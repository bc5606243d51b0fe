/* SPDX-License-Identifier: BSD-2-Clause
 *
 * xml.c - `| display xml`: element trees in the frame of an rpc-reply, 4 columns per level.
 */
#include <string.h>

#include "cli/render.h"
#include "lib/base/release.h"

enum { XML_INDENT = 4 };

/* Writes S so that any bytes at all make well-formed XML: markup is escaped, what XML cannot hold becomes '?'. */
static void
escape_n(struct text *out, const char *s, size_t n)
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

void
xml_escape(struct text *out, const char *s)
{
	escape_n(out, s, strlen(s));
}

static void
attribute_put(struct text *out, const char *name, const char *value)
{
	text_printf(out, " %s=\"", name);
	for (; *value != '\0'; value++)
		if (*value == '"')
			text_put(out, "&quot;");
		else
			escape_n(out, value, 1);
	text_putc(out, '"');
}

static void
indent(struct text *out, unsigned level)
{
	text_fill(out, ' ', (size_t)level * XML_INDENT);
}

/* "<name attribute="value"", without its end. */
static void
tag_put(struct text *out, const struct elem *e)
{
	text_printf(out, "<%s", e->name);
	const struct elem *a = row_attribute(e);
	for (; a != NULL && row_is_attribute(a); a = a->next)
		attribute_put(out, a->name, a->value != NULL ? a->value : "");
}

static void elem_put(struct text *out, const struct elem *e, unsigned level);

static void
children_put(struct text *out, const struct elem *e, unsigned level)
{
	for (const struct elem *c = e->child; c != NULL; c = c->next)
		if (!row_is_attribute(c))
			elem_put(out, c, level);
}

static void
elem_put(struct text *out, const struct elem *e, unsigned level)
{
	indent(out, level);
	tag_put(out, e);
	if (e->child != NULL) {
		text_put(out, ">\n");
		children_put(out, e, level + 1);
		indent(out, level);
		text_printf(out, "</%s>\n", e->name);
	} else if (e->value != NULL) {
		text_put(out, ">");
		xml_escape(out, e->value);
		text_printf(out, "</%s>\n", e->name);
	} else {
		text_put(out, "/>\n");
	}
}

void
xml_frame_open(struct render *r)
{
	if (r->has_wrapper || r->is_bare)
		return;
	text_put(r->out, "<rpc-reply xmlns:junos=\"" RELEASE_XML "junos\">\n");
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
	text_printf(r->out, "    <%s xmlns=\"" RELEASE_XML "%s\"", root, space);
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
	elem_put(r->out, row, 2 + r->depth);
}

void
xml_row_open(struct render *r, const struct elem *e)
{
	indent(r->out, 2 + r->depth);
	tag_put(r->out, e);
	text_put(r->out, ">\n");
	children_put(r->out, e, 3 + r->depth);
}

void
xml_row_close(struct render *r)
{
	indent(r->out, 2 + r->depth);
	text_printf(r->out, "</%s>\n", r->open[r->depth]);
}

void
xml_close(struct render *r)
{
	text_printf(r->out, "%s</%s>\n", r->is_content ? "" : "    ", r->root);
}

static void
leaf_put(struct text *out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	indent(out, 2);
	text_printf(out, "<%s>", name);
	xml_escape(out, value);
	text_printf(out, "</%s>\n", name);
}

/* JUNOS's own way to say it, which is older than rpc-error. */
void
xml_problem(struct render *r, const struct elem *problem)
{
	static const char space[] = "http://xml.juniper.net/xnm/1.1/xnm";
	const char *severity = elem_value(problem, "severity");
	const char *message = elem_value(problem, "message");
	const char *name =
	    severity != NULL && strcmp(severity, "warning") == 0 ? "xnm:warning" : "xnm:error";
	indent(r->out, 1);
	text_printf(r->out, "<%s xmlns=\"%s\" xmlns:xnm=\"%s\">\n", name, space, space);
	leaf_put(r->out, "source-daemon", elem_value(problem, "source-daemon"));
	leaf_put(r->out, "edit-path", elem_value(problem, "path"));
	leaf_put(r->out, "statement", elem_value(problem, "bad-element"));
	leaf_put(r->out, "message", message != NULL ? message : "");
	indent(r->out, 1);
	text_printf(r->out, "</%s>\n", name);
}

void
xml_content(struct render *r, const char *s, size_t n)
{
	escape_n(r->out, s, n);
}
