/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_tree.c - element trees for tests, from indented text.
 */
#include "lib/conf/test_tree.h"

#include "lib/conf/conf.h"
#include "lib/msg/elem.h"

#include <stdlib.h>
#include <string.h>

struct line {
	size_t level;
	char *name;
	char *value; /* or NULL */
	bool is_container;
};

static size_t
level_of(const char *s)
{
	size_t n = strspn(s, " ");
	return n / 2;
}

/* Cuts the line at S into words; returns the start of the next line. */
static const char *
line_read(struct arena *a, const char *s, struct line *out)
{
	size_t len = strcspn(s, "\n");
	const char *next = s[len] == '\n' ? s + len + 1 : s + len;
	out->level = level_of(s);
	char *text = arena_strndup(a, s + out->level * 2, len - out->level * 2);
	size_t n = strlen(text);
	out->is_container = n > 0 && text[n - 1] == ':';
	if (out->is_container)
		text[n - 1] = '\0';
	out->name = text;
	out->value = strchr(text, ' ');
	if (out->value != NULL)
		*out->value++ = '\0';
	if (*next != '\0' && level_of(next) > out->level)
		out->is_container = true;
	return next;
}

static struct elem *
line_add(struct arena *a, struct elem *parent, const struct line *l)
{
	if (!l->is_container)
		return l->value ? elem_leaf(a, parent, l->name, l->value)
				: elem_flag(a, parent, l->name);
	struct elem *e = elem_add(a, parent, l->name);
	if (l->value != NULL)
		elem_leaf(a, e, "name", l->value);
	return e;
}

struct elem *
test_tree(struct arena *a, const char *text)
{
	struct elem *at[ELEM_DEPTH_MAX] = { elem_new(a, "configuration") };
	unsigned number = 0;
	while (*text != '\0') {
		struct line l;
		text = line_read(a, text, &l);
		number++;
		if (l.name[0] == '\0')
			continue;
		if (l.level + 1 >= ELEM_DEPTH_MAX || at[l.level] == NULL)
			abort();
		struct elem *e = line_add(a, at[l.level], &l);
		struct conf_origin *o = arena_alloc(a, sizeof(*o));
		*o = (struct conf_origin){ number, (unsigned)l.level * 2 + 1 };
		e->origin = o;
		at[l.level + 1] = e->is_container ? e : NULL;
	}
	return at[0];
}
