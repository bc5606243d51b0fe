/* SPDX-License-Identifier: BSD-2-Clause
 *
 * elem.c - trees of named elements: what travels between the processes.
 *
 * The decoder keeps its place in the tree itself instead of recursing, so depth costs no stack; the
 * encoder keeps the way it came, because shared children do not know it. Names repeat a lot in one message: the decoder
 * remembers those it met and shares them. One thread at a time; no I/O.
 */
#include "lib/msg/elem.h"

#include <stdio.h>
#include <string.h>

enum { TAG_OPEN = 1, TAG_LEAF = 2, TAG_FLAG = 3, TAG_CLOSE = 4 };

static struct elem *
elem_make(struct arena *a, struct elem *parent, const char *name)
{
	struct elem *e = arena_alloc(a, sizeof(*e));
	e->name = name;
	e->parent = parent;
	if (parent == NULL)
		return e;
	if (parent->last != NULL)
		parent->last->next = e;
	else
		parent->child = e;
	parent->last = e;
	return e;
}

struct elem *
elem_new(struct arena *a, const char *name)
{
	struct elem *e = elem_make(a, NULL, arena_strdup(a, name));
	e->is_container = true;
	return e;
}

struct elem *
elem_add(struct arena *a, struct elem *parent, const char *name)
{
	struct elem *e = elem_make(a, parent, arena_strdup(a, name));
	e->is_container = true;
	return e;
}

struct elem *
elem_leaf(struct arena *a, struct elem *parent, const char *name, const char *value)
{
	struct elem *e = elem_make(a, parent, arena_strdup(a, name));
	e->value = arena_strdup(a, value);
	return e;
}

struct elem *
elem_flag(struct arena *a, struct elem *parent, const char *name)
{
	return elem_make(a, parent, arena_strdup(a, name));
}

struct elem *
elem_borrow(struct arena *a, struct elem *parent, const struct elem *like)
{
	struct elem *e = elem_make(a, parent, like->name);
	e->value = like->value;
	e->is_container = like->is_container;
	return e;
}

struct elem *
elem_share(struct arena *a, struct elem *parent, const struct elem *like)
{
	struct elem *e = elem_borrow(a, parent, like);
	e->child = like->child;
	e->last = like->last;
	return e;
}

struct elem *
elem_leaff(struct arena *a, struct elem *parent, const char *name, const char *fmt, ...)
{
	char small[256];
	va_list ap;
	va_list again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	struct elem *e = elem_make(a, parent, arena_strdup(a, name));
	if (n >= 0 && (size_t)n < sizeof(small)) {
		e->value = arena_strndup(a, small, (size_t)n);
	} else if (n >= 0) {
		char *p = arena_alloc(a, (size_t)n + 1);
		vsnprintf(p, (size_t)n + 1, fmt, again);
		e->value = p;
	}
	va_end(again);
	return e;
}

struct elem *
elem_find(const struct elem *e, const char *name)
{
	struct elem *c = e ? e->child : NULL;
	/* the first letter tells most names apart without a call */
	while (c != NULL && (c->name[0] != name[0] || strcmp(c->name, name) != 0))
		c = c->next;
	return c;
}

struct elem *
elem_next(const struct elem *e)
{
	struct elem *c = e->next;
	while (c != NULL && c->name != e->name && strcmp(c->name, e->name) != 0)
		c = c->next;
	return c;
}

const char *
elem_value(const struct elem *e, const char *name)
{
	const struct elem *c = elem_find(e, name);
	return c ? c->value : NULL;
}

bool
elem_has(const struct elem *e, const char *name)
{
	return elem_find(e, name) != NULL;
}

struct elem *
elem_path(const struct elem *e, const char *path)
{
	char name[256];
	struct elem *c = NULL;
	while (*path != '\0') {
		size_t n = strcspn(path, "/");
		if (n == 0 || n >= sizeof(name))
			return NULL;
		memcpy(name, path, n);
		name[n] = '\0';
		c = elem_find(e, name);
		if (c == NULL)
			return NULL;
		e = c;
		path += n;
		path += *path == '/';
	}
	return c;
}

/* What stands before the value goes in one piece: a configuration has a million of these. */
static void
one_put(struct wr *w, const struct elem *e)
{
	uint8_t head[2 + UINT8_MAX + 4];
	size_t n_name = strlen(e->name);
	bool has_value = !e->is_container && e->value != NULL;
	size_t n_value = has_value ? strlen(e->value) : 0;
	if (n_name == 0 || n_name > UINT8_MAX || n_value > UINT32_MAX) {
		w->failed = true;
		return;
	}
	struct wr h = wr_init(head, sizeof(head));
	head[0] = e->is_container ? TAG_OPEN : has_value ? TAG_LEAF : TAG_FLAG;
	head[1] = (uint8_t)n_name;
	memcpy(head + 2, e->name, n_name);
	h.len = 2 + n_name;
	if (has_value)
		wr_u32(&h, (uint32_t)n_value);
	wr_bytes(w, head, h.len);
	if (has_value)
		wr_bytes(w, e->value, n_value);
}

void
elem_encode(struct wr *w, const struct elem *e)
{
	const struct elem *open[ELEM_DEPTH_MAX];
	size_t depth = 0;
	const struct elem *at = e;
	for (;;) {
		one_put(w, at);
		if (at->is_container && at->child != NULL) {
			if (depth == ELEM_DEPTH_MAX) {
				w->failed = true;
				return;
			}
			open[depth++] = at;
			at = at->child;
			continue;
		}
		if (at->is_container)
			wr_u8(w, TAG_CLOSE);
		while (depth > 0 && at->next == NULL) {
			at = open[--depth];
			wr_u8(w, TAG_CLOSE);
		}
		if (depth == 0)
			return;
		at = at->next;
	}
}

static bool
name_is_valid(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t c = p[i];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
		bool is_other = (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':';
		if (!is_letter && (i == 0 || !is_other))
			return false;
	}
	return n > 0;
}

/* Names met so far, each in the one place where it may be. */
struct names {
	const char *at[128];
};

/* Reads a name; shares the string of an earlier one where it is the same. NULL on bad input. */
static const char *
name_get(struct arena *a, struct rd *r, struct names *met)
{
	size_t n = rd_u8(r);
	const uint8_t *p = rd_bytes(r, n);
	if (p == NULL || n == 0)
		return NULL;
	/* a bad spread costs memory, nothing else */
	size_t slot = (n * 37 + p[0] * 11u + p[n - 1] * 5u + p[n / 2]) %
		      (sizeof(met->at) / sizeof(met->at[0]));
	const char *like = met->at[slot];
	if (like != NULL && strlen(like) == n && memcmp(like, p, n) == 0)
		return like;
	if (!name_is_valid(p, n))
		return NULL;
	return met->at[slot] = arena_strndup(a, (const char *)p, n);
}

struct elem *
elem_decode(struct arena *a, struct rd *r)
{
	struct elem *root = NULL;
	struct elem *at = NULL; /* the open container */
	struct names met = { 0 };
	unsigned depth = 0;
	do {
		uint8_t tag = rd_u8(r);
		if (!rd_ok(r))
			return NULL;
		if (tag == TAG_CLOSE) {
			if (at == NULL)
				return NULL;
			at = at->parent;
			depth--;
			continue;
		}
		if (tag < TAG_OPEN || tag > TAG_FLAG)
			return NULL;
		const char *name = name_get(a, r, &met);
		if (name == NULL)
			return NULL;
		struct elem *e = elem_make(a, at, name);
		if (root == NULL)
			root = e;
		if (tag == TAG_LEAF) {
			uint32_t n = rd_u32(r);
			const uint8_t *p = rd_bytes(r, n);
			if (p == NULL || memchr(p, 0, n) != NULL)
				return NULL;
			e->value = arena_strndup(a, (const char *)p, n);
		} else if (tag == TAG_OPEN) {
			e->is_container = true;
			if (++depth > ELEM_DEPTH_MAX)
				return NULL;
			at = e;
		}
	} while (at != NULL);
	return root;
}
