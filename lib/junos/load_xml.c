/* SPDX-License-Identifier: BSD-2-Clause
 *
 * load_xml.c - JUNOS XML into items.
 *
 * expat does the reading. Namespaces and unknown attributes mean nothing; a document type is refused, so that there are
 * no entities to expand. Blanks around a value are layout unless they are character references. Depth costs no stack.
 * Called by load_any(), load_xml(). One thread at a time.
 */
#include "lib/junos/item.h"

#include "lib/base/arena.h"
#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/junos/loader.h"

#include <expat.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

struct xml {
	XML_Parser parser;
	struct arena *a;
	const char *s;
	struct item *root;
	struct item *at; /* the element that is open */
	struct text text;
	size_t
	    keep_from; /* bytes of TEXT from here to keep_to were references: they are not layout */
	size_t keep_to;
	const char *refusal; /* our own reason to stop */
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Gives the text read so far to the open element. */
static void
text_flush(struct xml *x)
{
	const char *s = text_str(&x->text);
	size_t from = 0;
	size_t to = x->text.len;
	size_t keep_from = x->keep_from < x->keep_to ? x->keep_from : to;
	size_t keep_to = x->keep_from < x->keep_to ? x->keep_to : 0;
	while (from < to && from < keep_from && is_blank(s[from]))
		from++;
	while (to > from && to > keep_to && is_blank(s[to - 1]))
		to--;
	if (x->at != NULL && from < to) {
		char *more = arena_strndup(x->a, s + from, to - from);
		x->at->value =
		    x->at->value == NULL ? more : arena_printf(x->a, "%s\n%s", x->at->value, more);
	}
	text_reset(&x->text);
	x->keep_from = x->keep_to = 0;
}

static bool
has_prefix(const char *name, const char *prefix)
{
	size_t n = strlen(prefix);
	return strncmp(name, prefix, n) == 0 && name[n] == ':';
}

static void
on_start(void *arg, const char *name, const char **attributes)
{
	struct xml *x = arg;
	text_flush(x);
	struct item *i = item_new(x->a, x->at, name, strlen(name));
	i->line = (unsigned)XML_GetCurrentLineNumber(x->parser);
	i->column = (unsigned)XML_GetCurrentColumnNumber(x->parser) + 1;
	if (has_prefix(name, "junos") && strcmp(i->name, "comment") == 0)
		i->marks |= ITEM_IS_COMMENT;
	for (size_t n = 0; attributes[n] != NULL; n += 2) {
		const char *colon = strrchr(attributes[n], ':');
		if (strncmp(attributes[n], "xmlns", 5) != 0)
			item_mark(x->a, i, colon ? colon + 1 : attributes[n], attributes[n + 1]);
	}
	if (x->at == NULL)
		x->root = i;
	x->at = i;
}

static void
on_end(void *arg, const char *name)
{
	struct xml *x = arg;
	(void)name;
	text_flush(x);
	if (x->at->value == NULL && x->at->child == NULL)
		x->at->value = "";
	x->at = x->at->parent;
}

static void
on_text(void *arg, const char *s, int n)
{
	struct xml *x = arg;
	bool is_ref = x->s[XML_GetCurrentByteIndex(x->parser)] == '&';
	if (is_ref && x->keep_to == 0)
		x->keep_from = x->text.len;
	text_putn(&x->text, s, (size_t)n);
	if (is_ref)
		x->keep_to = x->text.len;
}

static void
on_doctype(void *arg, const char *name, const char *system, const char *public, int has_internal)
{
	struct xml *x = arg;
	(void)name;
	(void)system;
	(void)public;
	(void)has_internal;
	x->refusal = "a document type is not accepted";
	XML_StopParser(x->parser, XML_FALSE);
}

/* Returns true if all of it could be read. */
static bool
xml_read(struct xml *x, size_t len, struct report *r)
{
	XML_SetUserData(x->parser, x);
	XML_SetElementHandler(x->parser, on_start, on_end);
	XML_SetCharacterDataHandler(x->parser, on_text);
	XML_SetStartDoctypeDeclHandler(x->parser, on_doctype);
	if (len > INT_MAX)
		return item_refuse(r, 1, 1, "too long");
	if (XML_Parse(x->parser, x->s, (int)len, XML_TRUE) != XML_STATUS_ERROR)
		return true;
	char message[128];
	snprintf(message, sizeof(message), "XML: %s",
	    x->refusal ? x->refusal : XML_ErrorString(XML_GetErrorCode(x->parser)));
	return item_refuse(r, (unsigned)XML_GetCurrentLineNumber(x->parser),
	    (unsigned)XML_GetCurrentColumnNumber(x->parser) + 1, message);
}

bool
load_xml(struct tree *t, struct node *below, enum load_action action, const char *s, size_t len,
    struct report *r)
{
	struct xml x = { .s = s, .parser = XML_ParserCreate("UTF-8") };
	if (x.parser == NULL)
		return item_refuse(r, 1, 1, "out of memory");
	x.a = arena_new_secret();
	bool ok = xml_read(&x, len, r);
	XML_ParserFree(x.parser);
	text_done(&x.text);
	if (ok) {
		const struct item *root = item_configuration(x.root);
		ok = root != NULL ? load_items(t, below, action, root, r)
				  : item_refuse(r, x.root->line, x.root->column,
					"syntax error, expecting <configuration>");
	}
	arena_free(x.a);
	return ok;
}
