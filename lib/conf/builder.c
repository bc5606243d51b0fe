/* SPDX-License-Identifier: BSD-2-Clause
 *
 * builder.c - reports with their [edit] place, and the reading of leaves.
 *
 * The place of a statement is spelled from the elements above it. Elements carry no schema, so the
 * few lists whose word is not written (`interfaces IF`) stand in a table here. Called by
 * every X_load() of lib/conf.
 */
#include "lib/conf/builder.h"

#include "lib/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lists whose entries are written without the list's word. */
static const struct {
	const char *parent;
	const char *list;
} silent[] = {
	{ "interfaces", "interface" },
	{ "routing-instances", "instance" },
};

/* Lists whose keys, all of them leaves at the front, are written with their names. */
static const struct {
	const char *list;
	size_t n_keys;
} keyed[] = {
	{ "virtual-link", 2 },
	{ "allowed-proxy-pair", 2 },
};

/* Leaves whose value must not show. */
static const char *const secrets[] = { "ascii-text", "hexadecimal", "password", "secret",
	"authentication-key", "encrypted-password" };

static bool
is_silent(const struct elem *e)
{
	for (size_t i = 0; e->parent != NULL && i < sizeof(silent) / sizeof(silent[0]); i++)
		if (strcmp(e->parent->name, silent[i].parent) == 0 &&
		    strcmp(e->name, silent[i].list) == 0)
			return true;
	return false;
}

static bool
is_secret(const struct elem *e)
{
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (strcmp(e->name, secrets[i]) == 0)
			return true;
	return false;
}

/* The value that is written right after E's word: a key or a positional leaf. */
static const char *
positional(const struct elem *e)
{
	if (!e->is_container)
		return is_secret(e) ? NULL : e->value;
	if (e->child == NULL || e->child->is_container)
		return NULL;
	if (strcmp(e->child->name, "name") == 0)
		return e->child->value;
	if (strcmp(e->name, "local-gateway") == 0 && strcmp(e->child->name, "address") == 0)
		return e->child->value;
	return NULL;
}

/* Writes "neighbor-id 10.0.0.1 transit-area 0.0.0.2" after the word of such a list. */
static void
keys_put(const struct elem *e, struct text *out)
{
	size_t n = 0;
	for (size_t i = 0; i < sizeof(keyed) / sizeof(keyed[0]); i++)
		if (strcmp(keyed[i].list, e->name) == 0)
			n = keyed[i].n_keys;
	for (const struct elem *c = e->child; c != NULL && n > 0; c = c->next, n--)
		if (c->value != NULL && !is_secret(c))
			text_printf(out, " %s %s", c->name, c->value);
}

void
elem_words(const struct elem *e, struct text *out)
{
	const char *value = positional(e);
	if (value == NULL) {
		text_put(out, e->name);
		keys_put(e, out);
	} else if (is_silent(e)) {
		text_put(out, value);
	} else {
		text_printf(out, "%s %s", e->name, value);
	}
}

void
elem_place(const struct elem *e, struct text *out)
{
	const struct elem *up[ELEM_DEPTH_MAX + 1];
	size_t n = 0;
	for (; e != NULL && e->parent != NULL && n <= ELEM_DEPTH_MAX; e = e->parent)
		up[n++] = e;
	while (n > 0) {
		elem_words(up[--n], out);
		if (n > 0)
			text_putc(out, ' ');
	}
}

__attribute__((format(printf, 5, 0))) static void
say(struct builder *b, const struct elem *e, enum report_class class, bool is_error,
    const char *fmt, va_list ap)
{
	char message[512];
	int n = class == REPORT_WARNING ? snprintf(message, sizeof(message), "warning: ") : 0;
	vsnprintf(message + n, sizeof(message) - (size_t)n, fmt, ap);
	/* a leaf that is only the name of its entry stands for the entry */
	if (!e->is_container && strcmp(e->name, "name") == 0 && e->parent != NULL)
		e = e->parent;
	struct text place = { 0 };
	struct text words = { 0 };
	elem_place(e->parent, &place);
	if (e->parent != NULL)
		elem_words(e, &words);
	const struct conf_origin *o = e->origin;
	report_add(b->r, &(struct report_line){ .class = class,
			     .is_error = is_error,
			     .line = o ? o->line : 0,
			     .column = o ? o->column : 0,
			     .edit = (char *)text_str(&place),
			     .statement = e->parent ? (char *)text_str(&words) : NULL,
			     .message = message });
	text_done(&place);
	text_done(&words);
}

void
builder_error(struct builder *b, const struct elem *e, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say(b, e, REPORT_INVALID, true, fmt, ap);
	va_end(ap);
}

void
builder_warn(struct builder *b, const struct elem *e, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	if (b->part == CONF_ALL)
		say(b, e, REPORT_WARNING, false, fmt, ap);
	va_end(ap);
}

void
builder_unsupported(struct builder *b, const struct elem *e, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say(b, e, REPORT_UNSUPPORTED, true, fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 3, 4))) static void
note(struct builder *b, const struct elem *e, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	if (b->part == CONF_ALL)
		say(b, e, REPORT_UNSUPPORTED, false, fmt, ap);
	va_end(ap);
}

void
builder_unused(struct builder *b, const struct elem *e)
{
	note(b, e, "statement is not supported");
}

void
builder_missing(struct builder *b, const struct elem *e, const char *statement)
{
	builder_error(b, e, "Missing mandatory statement: '%s'", statement);
}

bool
leaf_u32(struct builder *b, const struct elem *leaf, uint32_t lo, uint32_t hi, uint32_t *out)
{
	const char *s = leaf->value ? leaf->value : "";
	char *end;
	errno = 0;
	unsigned long long v = strtoull(s, &end, 10);
	/* one spelling for each number: names are made of them */
	if (*s < '0' || *s > '9' || *end != '\0' || (*s == '0' && s[1] != '\0')) {
		builder_error(b, leaf, "Invalid numeric value: '%s'", s);
		return false;
	}
	if (errno != 0 || v < lo || v > hi) {
		builder_error(b, leaf, "Value %s is not within range (%u..%u)", s, lo, hi);
		return false;
	}
	*out = (uint32_t)v;
	return true;
}

bool
leaf_addr(struct builder *b, const struct elem *leaf, struct addr *out)
{
	const char *s = leaf->value ? leaf->value : "";
	if (!addr_parse(s, out)) {
		builder_error(b, leaf, "invalid ip address: '%s'", s);
		return false;
	}
	return true;
}

bool
leaf_prefix(struct builder *b, const struct elem *leaf, struct prefix *out)
{
	const char *s = leaf->value ? leaf->value : "";
	if (!prefix_parse(s, out)) {
		builder_error(b, leaf, "invalid prefix: '%s'", s);
		return false;
	}
	return true;
}

void
child_u32(struct builder *b, const struct elem *e, const char *name, uint32_t lo, uint32_t hi,
    uint32_t *out)
{
	const struct elem *leaf = elem_find(e, name);
	if (leaf != NULL)
		(void)leaf_u32(b, leaf, lo, hi, out);
}

void
child_addr(struct builder *b, const struct elem *e, const char *name, struct addr *out)
{
	const struct elem *leaf = elem_find(e, name);
	if (leaf != NULL)
		(void)leaf_addr(b, leaf, out);
}

const struct elem *
child_or(const struct elem *e, const char *name, const char *inner)
{
	const struct elem *leaf = elem_find(e, name);
	if (leaf != NULL && leaf->is_container)
		leaf = elem_find(leaf, inner);
	return leaf;
}

const char *
entry_name(struct builder *b, const struct elem *e)
{
	const char *name = elem_value(e, "name");
	if (name == NULL || *name == '\0') {
		builder_missing(b, e, "name");
		return NULL;
	}
	return arena_strdup(b->a, name);
}

size_t
elem_count(const struct elem *e, const char *name)
{
	size_t n = 0;
	elem_each (c, e, name)
		n++;
	return n;
}

struct conf_unit *
unit_ref(struct builder *b, const struct elem *leaf)
{
	const char *name = leaf->value ? leaf->value : "";
	const char *slash = strrchr(name, '/');
	if (strchr(slash ? slash : name, '.') == NULL)
		name = arena_printf(b->scratch, "%s.0", name);
	struct conf_unit *u = smap_find(&b->index->units, name);
	if (u == NULL)
		builder_error(
		    b, leaf, "Referenced interface must be defined under [edit interfaces]");
	return u;
}
