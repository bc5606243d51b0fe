/* SPDX-License-Identifier: BSD-2-Clause
 *
 * netconf_read.c - expat's events into a bounded tree, and the bytes of a configuration into one text.
 *
 * expat runs without name spaces: what a prefix stands for does not matter here. Called by netconf.c.
 */
#include "cli/netconf_read.h"

#include <expat.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"

struct netconf_read {
	XML_Parser parser;
	struct arena *a;
	struct nc_request request;
	struct nc_elem *at;  /* the element that is open */
	struct text value;   /* of it, so far */
	unsigned depth;      /* of elements that are open */
	unsigned load_depth; /* depth of the element whose content is the configuration, 0: none */
	bool is_load_xml;    /* ... which is kept with its tags */
	size_t n_elements;
	size_t n_text;
	size_t n_silent; /* bytes since the parser last said something */
	bool is_begun;   /* something that is no blank has come */
	const char *error;
};

/* The operations that carry a configuration. */
static const char *const loaders[] = { "load-configuration", "edit-config", "copy-config",
	"validate" };

static void
stop(struct netconf_read *r, const char *error)
{
	if (r->error == NULL)
		r->error = error;
	XML_StopParser(r->parser, XML_FALSE);
}

static const char *
local_name(const char *name)
{
	const char *colon = strchr(name, ':');
	return colon != NULL ? colon + 1 : name;
}

static bool
is_blank(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strchr(" \t\r\n", s[i]) == NULL || s[i] == '\0')
			return false;
	return true;
}

/* Is E the configuration that its operation shall load? */
static bool
is_configuration(const struct nc_elem *e)
{
	static const char start[] = "configuration";
	const char *rest = e->name + sizeof(start) - 1;
	if (strncmp(e->name, start, sizeof(start) - 1) != 0 && strcmp(e->name, "config-text") != 0)
		return false;
	if (strcmp(e->name, "config-text") != 0 && *rest != '\0' && *rest != '-')
		return false;
	for (const struct nc_elem *p = e->parent; p != NULL; p = p->parent)
		for (size_t i = 0; i < sizeof(loaders) / sizeof(loaders[0]); i++)
			if (strcmp(p->name, loaders[i]) == 0)
				return true;
	return false;
}

static void
attrs_take(struct netconf_read *r, struct nc_elem *e, const char **attributes)
{
	struct nc_attr **tail = &e->attrs;
	for (size_t n = 0; attributes[n] != NULL; n += 2) {
		struct nc_attr *a = arena_alloc(r->a, sizeof(*a));
		a->name = arena_strdup(r->a, attributes[n]);
		a->local = local_name(a->name);
		a->value = arena_strdup(r->a, attributes[n + 1]);
		r->n_text += strlen(a->name) + strlen(a->value);
		*tail = a;
		tail = &a->next;
	}
}

static struct nc_elem *
elem_open(struct netconf_read *r, const char *name)
{
	struct nc_elem *e = arena_alloc(r->a, sizeof(*e));
	e->name = arena_strdup(r->a, local_name(name));
	e->value = "";
	e->parent = r->at;
	if (r->at == NULL)
		r->request.root = e;
	else if (r->at->last != NULL)
		r->at->last->next = e;
	else
		r->at->child = e;
	if (r->at != NULL)
		r->at->last = e;
	r->at = e;
	return e;
}

static void
on_start(void *arg, const char *name, const char **attributes)
{
	struct netconf_read *r = arg;
	r->n_silent = 0;
	r->depth++;
	if (r->load_depth > 0) {
		if (!r->is_load_xml)
			stop(r, "an element where configuration text is expected");
		else if (r->depth > NETCONF_LOAD_DEPTH_MAX)
			stop(r, "configuration nested too deeply");
		XML_DefaultCurrent(r->parser);
		return;
	}
	r->n_text += strlen(name);
	if (r->depth > NETCONF_DEPTH_MAX || ++r->n_elements > NETCONF_ELEMENTS_MAX) {
		stop(r, "request too large");
		return;
	}
	text_reset(&r->value);
	struct nc_elem *e = elem_open(r, name);
	attrs_take(r, e, attributes);
	if (r->n_text > NETCONF_TEXT_MAX)
		stop(r, "request too large");
	if (!is_configuration(e))
		return;
	if (r->request.has_load) {
		stop(r, "more than one configuration");
		return;
	}
	e->is_load = true;
	r->request.has_load = true;
	r->load_depth = r->depth;
	r->is_load_xml = strcmp(e->name, "configuration") == 0;
	if (r->is_load_xml)
		XML_DefaultCurrent(r->parser);
}

static void
on_end(void *arg, const char *name)
{
	struct netconf_read *r = arg;
	(void)name;
	r->n_silent = 0;
	if (r->load_depth > 0 && r->is_load_xml)
		XML_DefaultCurrent(r->parser);
	bool is_inside = r->load_depth > 0 && r->depth > r->load_depth;
	if (r->depth == r->load_depth)
		r->load_depth = 0;
	r->depth--;
	if (is_inside)
		return;
	const char *s = text_str(&r->value);
	size_t n = r->value.len;
	while (n > 0 && is_blank(s, 1)) {
		s++;
		n--;
	}
	while (n > 0 && is_blank(s + n - 1, 1))
		n--;
	if (r->at->child == NULL && n > 0)
		r->at->value = arena_strndup(r->a, s, n);
	text_reset(&r->value);
	r->at = r->at->parent;
}

static void
on_text(void *arg, const char *s, int n)
{
	struct netconf_read *r = arg;
	r->n_silent = 0;
	if (r->load_depth > 0 && r->is_load_xml) {
		XML_DefaultCurrent(r->parser);
		return;
	}
	struct text *to = r->load_depth > 0 ? &r->request.load : &r->value;
	size_t max = r->load_depth > 0 ? NETCONF_LOAD_MAX : NETCONF_TEXT_MAX;
	r->n_text += r->load_depth > 0 ? 0 : (size_t)n;
	if (to->len + (size_t)n > max || r->n_text > NETCONF_TEXT_MAX)
		stop(r, "request too large");
	else
		text_putn(to, s, (size_t)n);
}

/* The bytes of an XML configuration as they came. */
static void
on_bytes(void *arg, const char *s, int n)
{
	struct netconf_read *r = arg;
	r->n_silent = 0;
	if (r->load_depth == 0 || !r->is_load_xml)
		return;
	if (r->request.load.len + (size_t)n > NETCONF_LOAD_MAX)
		stop(r, "configuration too large");
	else
		text_putn(&r->request.load, s, (size_t)n);
}

static void
on_doctype(void *arg, const char *name, const char *system, const char *public, int has_internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)has_internal;
	stop(arg, "a document type is not accepted");
}

static void
begin(struct netconf_read *r)
{
	r->a = arena_new_secret();
	XML_ParserReset(r->parser, "UTF-8");
	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, on_start, on_end);
	XML_SetCharacterDataHandler(r->parser, on_text);
	XML_SetDefaultHandler(r->parser, on_bytes);
	XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
}

struct netconf_read *
netconf_read_new(void)
{
	struct netconf_read *r = calloc(1, sizeof(*r));
	if (r == NULL)
		abort();
	r->parser = XML_ParserCreate("UTF-8");
	if (r->parser == NULL)
		abort();
	begin(r);
	return r;
}

static void
forget(struct netconf_read *r)
{
	XML_Parser parser = r->parser;
	arena_free(r->a);
	text_done(&r->request.load);
	text_done(&r->value);
	*r = (struct netconf_read){ .parser = parser };
}

void
netconf_read_free(struct netconf_read *r)
{
	if (r == NULL)
		return;
	forget(r);
	XML_ParserFree(r->parser);
	free(r);
}

void
netconf_read_reset(struct netconf_read *r)
{
	forget(r);
	begin(r);
}

bool
netconf_read_is_blank(const struct netconf_read *r)
{
	return !r->is_begun;
}

void
netconf_read_put(struct netconf_read *r, const char *s, size_t n)
{
	/* a newline behind the end mark of the last message is no part of this one; <?xml must come first */
	while (!r->is_begun && n > 0 && is_blank(s, 1)) {
		s++;
		n--;
	}
	/* the parser keeps a tag until it ends, however long that takes */
	r->n_silent += n;
	if (r->n_silent > NETCONF_TOKEN_MAX && r->error == NULL)
		r->error = "request too large";
	while (n > 0 && r->error == NULL) {
		int piece = n > INT_MAX / 2 ? INT_MAX / 2 : (int)n;
		r->is_begun = true;
		if (XML_Parse(r->parser, s, piece, XML_FALSE) == XML_STATUS_ERROR &&
		    r->error == NULL)
			r->error = XML_ErrorString(XML_GetErrorCode(r->parser));
		s += piece;
		n -= (size_t)piece;
	}
}

const struct nc_request *
netconf_read_end(struct netconf_read *r, const char **error, const struct nc_elem **out_root)
{
	if (r->error == NULL && XML_Parse(r->parser, "", 0, XML_TRUE) == XML_STATUS_ERROR &&
	    r->error == NULL)
		r->error = XML_ErrorString(XML_GetErrorCode(r->parser));
	*error = r->error;
	*out_root = r->request.root;
	return r->error == NULL ? &r->request : NULL;
}

/* --- looking at a request --- */

const struct nc_elem *
nc_child(const struct nc_elem *e, const char *name)
{
	const struct nc_elem *c = e != NULL ? e->child : NULL;
	while (c != NULL && strcmp(c->name, name) != 0)
		c = c->next;
	return c;
}

const char *
nc_value(const struct nc_elem *e, const char *name)
{
	const struct nc_elem *c = nc_child(e, name);
	return c != NULL ? c->value : NULL;
}

const char *
nc_attr(const struct nc_elem *e, const char *name)
{
	const struct nc_attr *a = e != NULL ? e->attrs : NULL;
	while (a != NULL && strcmp(a->local, name) != 0)
		a = a->next;
	return a != NULL ? a->value : NULL;
}
