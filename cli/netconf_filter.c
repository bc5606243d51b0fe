/* SPDX-License-Identifier: BSD-2-Clause
 *
 * netconf_filter.c - filters as trees of names. Called by netconf_rfc.c.
 */
#include "cli/netconf_filter.h"

#include <stddef.h>
#include <string.h>

#include "cli/netconf_read.h"
#include "lib/base/arena.h"

static const char not_plain[] = "only plain paths are supported";

static struct nc_elem *
child_add(struct arena *a, struct nc_elem *parent, const char *name, size_t n)
{
	struct nc_elem *e = arena_alloc(a, sizeof(*e));
	const char *colon = memchr(name, ':', n);
	size_t prefix = colon != NULL ? (size_t)(colon - name) + 1 : 0;
	e->name = arena_strndup(a, name + prefix, n - prefix);
	e->value = "";
	e->parent = parent;
	if (parent != NULL && parent->last != NULL)
		parent->last->next = e;
	else if (parent != NULL)
		parent->child = e;
	if (parent != NULL)
		parent->last = e;
	return e;
}

static size_t
name_length(const char *s)
{
	return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:");
}

/* Reads `[name='value']` at *S as a leaf of E. */
static bool
predicate_read(struct arena *a, struct nc_elem *e, const char **s)
{
	const char *p = *s + 1;
	p += strspn(p, " ");
	size_t n = name_length(p);
	const char *name = p;
	p += n;
	p += strspn(p, " ");
	if (n == 0 || *p != '=')
		return false;
	p++;
	p += strspn(p, " ");
	char quote = *p;
	const char *end = quote == '\'' || quote == '"' ? strchr(p + 1, quote) : NULL;
	if (end == NULL)
		return false;
	struct nc_elem *leaf = child_add(a, e, name, n);
	leaf->value = arena_strndup(a, p + 1, (size_t)(end - p - 1));
	p = end + 1;
	p += strspn(p, " ");
	if (*p != ']')
		return false;
	*s = p + 1;
	return true;
}

static struct nc_elem *
path_read(struct arena *a, const char *s, const char **error)
{
	struct nc_elem *root = NULL;
	struct nc_elem *at = NULL;
	unsigned depth = 0;
	s += strspn(s, " ");
	while (*s == '/') {
		size_t n = name_length(++s);
		bool is_ok = n > 0 && ++depth < NETCONF_DEPTH_MAX;
		if (is_ok)
			at = child_add(a, at, s, n);
		s += n;
		while (is_ok && *s == '[')
			is_ok = predicate_read(a, at, &s);
		if (!is_ok) {
			*error = not_plain;
			return NULL;
		}
		root = root != NULL ? root : at;
	}
	if (*s != '\0' || root == NULL)
		*error = not_plain;
	return *error == NULL ? root : NULL;
}

const struct nc_elem *
netconf_filter_read(struct arena *a, const struct nc_elem *filter, const char **error)
{
	const char *type = nc_attr(filter, "type");
	*error = NULL;
	if (type == NULL || strcmp(type, "subtree") == 0)
		return nc_child(filter, "configuration");
	const char *path = nc_attr(filter, "select");
	if (path == NULL)
		path = nc_attr(filter, "source"); /* as some clients spell it */
	if (strcmp(type, "xpath") != 0 || path == NULL) {
		*error = "unknown kind of filter";
		return NULL;
	}
	const struct nc_elem *root = path_read(a, path, error);
	return root != NULL && strcmp(root->name, "configuration") == 0 ? root : NULL;
}
