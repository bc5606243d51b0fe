/* SPDX-License-Identifier: BSD-2-Clause
 *
 * call_get.c - a configuration for a program: all of it, or what a subtree filter chooses.
 *
 * The filter is a tree of statement names. An element without children chooses all of its statement; one with children
 * what they choose below it; a leaf with a value, where it is the key of a list or a leaf, chooses the entries that
 * have that value. An XPath (xpath.h) chooses likewise. What is chosen is a copy of the tree without the rest, which then goes the way of `show`. Called by call.c.
 */
#include "daemon/mgd/call.h"

#include <stdio.h>
#include <string.h>

#include "daemon/mgd/mgd.h"
#include "daemon/mgd/permit.h"
#include "daemon/mgd/xpath.h"
#include "lib/base/arena.h"
#include "lib/junos/defaults.h"
#include "lib/junos/groups.h"
#include "lib/junos/tree.h"
#include "lib/yang/schema.h"

/* The number of the key of N that is called NAME, or -1. */
static int
key_called(const struct node *n, const char *name)
{
	for (size_t i = 0; n->schema->kind == SNODE_LIST && i < n->schema->n_keys; i++)
		if (strcmp(n->schema->keys[i]->name, name) == 0)
			return (int)i;
	return -1;
}

static bool
is_value(const char *given, const char *value)
{
	return given == NULL || given[0] == '\0' || (value != NULL && strcmp(given, value) == 0);
}

/* Do the keys and leaves that F gives values for have those values in N? */
static bool
values_match(const struct node *n, const struct elem *f)
{
	for (const struct elem *c = f->child; c != NULL; c = c->next) {
		if (c->value == NULL || c->value[0] == '\0')
			continue;
		int key = key_called(n, c->name);
		if (key >= 0) {
			if (!is_value(c->value, key == 0 ? n->value : n->more_keys[key - 1]))
				return false;
			continue;
		}
		const struct snode *s = snode_find(n->schema, c->name, strlen(c->name));
		const struct node *leaf = s != NULL ? node_first_of(n, s) : NULL;
		while (leaf != NULL && leaf->schema == s && !is_value(c->value, leaf->value))
			leaf = leaf->next;
		if (leaf == NULL || leaf->schema != s)
			return false;
	}
	return true;
}

/* True if F says nothing but which entry is meant: then all of the entry is. */
static bool
only_names(const struct node *n, const struct elem *f)
{
	for (const struct elem *c = f->child; c != NULL; c = c->next)
		if (c->value == NULL || (key_called(n, c->name) < 0 && c->value[0] == '\0'))
			return false;
	return true;
}

/* Takes away what F does not choose below N. Returns false if N itself is not chosen. */
static bool
prune(struct tree *t, struct node *n, const struct elem *f)
{
	if (f->child == NULL)
		return is_value(f->value, n->value);
	if (!values_match(n, f))
		return false;
	if (n->parent != NULL && only_names(n, f))
		return true;
	struct node *next;
	for (struct node *c = n->child; c != NULL; c = next) {
		bool is_chosen = false;
		next = c->next;
		elem_each (want, f, c->schema->name)
			is_chosen = is_chosen || prune(t, c, want);
		if (!is_chosen)
			node_del(t, c);
	}
	return true;
}

/* Returns the copy, or NULL if F does not choose only a part. */
static struct tree *
chosen(const struct tree *t, const struct elem *f)
{
	if (f == NULL || f->child == NULL)
		return NULL;
	struct tree *part = tree_copy(t);
	prune(part, tree_root(part), f);
	return part;
}

/* Leaves of SEEN what the XPath SELECT chooses in *PART. Returns false if that is nothing, or SELECT cannot be read, which ends the
 * answer. */
static bool
selected(struct session *s, const struct tree *seen, const char *select, struct tree **part)
{
	const char *error;
	struct text why = { 0 };
	struct arena *a = arena_new();
	const struct xpath *x = xpath_read(a, select, &error);
	bool has_some = false;
	if (x != NULL) {
		*part = *part != NULL ? *part : tree_copy(seen);
		has_some = xpath_prune(x, *part);
	} else {
		text_printf(&why, "  'select'\n    %s\n", error);
		session_fail(s, text_str(&why));
	}
	text_done(&why);
	arena_free(a);
	return has_some;
}

bool
call_may_read(struct session *s)
{
	if (permit_command(session_permit(s), "show configuration", NULL))
		return true;
	session_fail(s, "error: permission denied");
	return false;
}

/* Is the format one that has attributes? */
static bool
is_data(const struct session *s)
{
	return strcmp(s->format, "xml") == 0 || strcmp(s->format, "json") == 0;
}

/* T with what it inherits, or its changes marked, as CALL wants it. NULL: as it is. */
static struct tree *
dressed(const struct session *s, const struct elem *call, const struct tree *t)
{
	const char *inherit = elem_value(call, "inherit");
	/* text has no place to say it */
	bool has_changes = elem_has(call, "changed") && is_data(s);
	if (inherit == NULL && !has_changes)
		return NULL;
	struct tree *whole = inherit != NULL ? groups_expand(t, NULL) : tree_copy(t);
	if (has_changes)
		show_mark_changes(s, t, whole, inherit != NULL);
	if (inherit != NULL && strcmp(inherit, "defaults") == 0)
		defaults_add(whole);
	if (s->names_groups && strcmp(s->format, "text") == 0)
		groups_note(whole, GROUPS_NOTES);
	return whole;
}

void
call_get(struct session *s, const struct elem *call)
{
	if (!call_may_read(s))
		return;
	const char *database = elem_value(call, "database");
	const char *format = elem_value(call, "format");
	const struct elem *filter = elem_find(call, "filter");
	bool is_committed = database != NULL && strcmp(database, "committed") == 0;
	const struct tree *all = is_committed ? s->m->db.running : session_tree(s);
	snprintf(s->format, sizeof(s->format), "%s", format != NULL ? format : "xml");
	s->names_groups = elem_has(call, "groups") && elem_has(call, "inherit");
	struct tree *whole = dressed(s, call, all);
	/* a filter must not find what the user may not see */
	bool has_marks = strcmp(s->format, "text") == 0 && filter == NULL;
	struct tree *view = permit_view(
	    session_permit(s), whole != NULL ? whole : all, has_marks ? PERMIT_MARK : PERMIT_DROP);
	const struct tree *seen = view != NULL ? view : whole != NULL ? whole : all;
	struct tree *part = chosen(seen, filter);
	const char *select = elem_value(call, "xpath");
	bool is_all = select == NULL || selected(s, seen, select, &part);
	if (is_all)
		show_made(s, all, part != NULL ? part : seen, part == NULL);
	if (!s->has_done)
		session_done(s);
	tree_free(part);
	tree_free(view);
	tree_free(whole);
}
