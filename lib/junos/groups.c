/* SPDX-License-Identifier: BSD-2-Clause
 *
 * groups.c - a configuration together with what it inherits from its groups.
 *
 * The tree is copied and walked once from the top. Every place has its sources: the places in groups that mean the
 * same path, in the order of their weight. First a place takes what its sources have for it (leaves, values, names of
 * entries); then the sources of each child are those of its parent one step further, behind those of the groups applied at
 * the child itself. The sources of all places on the way down are one stack.
 *
 * Before that, in the groups of the copy, the entries under wildcards are put in front of their list, so that
 * finding what matches costs a look at those and one at the index; struct node's group keeps the order in which
 * they stood. Recursion is as deep as the schema. Called by mgd at commit and show, and by `sallyport check`.
 */
#include "lib/junos/groups.h"

#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/base/wildcard.h"
#include "lib/junos/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NESTED_MAX = 64 }; /* groups applied by groups applied by groups ... */

/* A place in a group that some place of the configuration inherits from. */
struct source {
	const struct node *n;
	struct node *group;     /* the group's entry */
	const struct node *via; /* the group that applies it; NULL: the configuration itself */
};

/* Nodes in a row. */
struct row {
	const struct node **nodes;
	size_t n;
	size_t cap;
};

struct expander {
	struct tree *t;
	const struct snode *groups;
	struct source *sources; /* of all places of the path, one after the other */
	size_t n_sources;
	size_t cap_sources;
	struct row path;             /* from the top (not included) to the place being expanded */
	struct row met;              /* groups that were applied at this place: once is enough */
	struct row hidden;           /* groups that are excepted */
	unsigned n_nested;           /* how deep we are in groups that groups apply */
	const struct node *too_deep; /* the group that was one too many, or NULL */
};

static void
row_add(struct row *row, const struct node *n)
{
	if (row->n == row->cap) {
		row->cap = row->cap ? 2 * row->cap : 32;
		row->nodes = realloc(row->nodes, row->cap * sizeof(*row->nodes));
		if (row->nodes == NULL)
			abort();
	}
	row->nodes[row->n++] = n;
}

static bool
row_has(const struct row *row, const struct node *n)
{
	for (size_t i = 0; i < row->n; i++)
		if (row->nodes[i] == n)
			return true;
	return false;
}

/* Returns the first active statement of ROLE from C on, or NULL. Such statements come before all others but the
 * top's version and groups. */
static const struct node *
role_next(const struct node *c, enum snode_role role)
{
	bool is_top = c != NULL && c->parent->parent == NULL;
	for (; c != NULL; c = c->next) {
		if (c->schema->role == role && !c->is_inactive)
			return c;
		if (c->schema->role == SNODE_PLAIN && !is_top)
			return NULL;
	}
	return NULL;
}

/* --- names --- */

static struct node *
group_find(const struct expander *x, const char *name)
{
	return node_entry(tree_root(x->t), x->groups, (const char *const[]){ name });
}

static bool
entry_is_wild(const struct node *entry)
{
	bool is_wild = wildcard_is(entry->value);
	for (size_t i = 1; i < entry->schema->n_keys; i++)
		is_wild = is_wild || wildcard_is(entry->more_keys[i - 1]);
	return is_wild;
}

static bool
key_matches(const char *key, const char *name)
{
	return wildcard_is(key) ? wildcard_matches(key, name) : strcmp(key, name) == 0;
}

static bool
entry_matches(const struct node *wild, const struct node *n)
{
	bool matches = key_matches(wild->value, n->value);
	for (size_t i = 1; i < n->schema->n_keys && matches; i++)
		matches = key_matches(wild->more_keys[i - 1], n->more_keys[i - 1]);
	return matches;
}

/* Reports names of groups that do not exist, below N. */
static void
names_check(const struct expander *x, const struct node *n, struct report *r)
{
	for (const struct node *c = n->child; c != NULL; c = c->next) {
		if (c->is_inactive)
			continue;
		names_check(x, c, r);
		bool is_name =
		    c->schema->role == SNODE_APPLY || c->schema->role == SNODE_APPLY_EXCEPT;
		if (!is_name || group_find(x, c->value) != NULL)
			continue;
		struct text edit = { 0 };
		struct text statement = { 0 };
		struct text message = { 0 };
		node_edit_path(n, &edit);
		node_statement(c, &statement);
		text_printf(&message, "configuration group '%s' is not defined", c->value);
		report_add(r, &(struct report_line){
				  .class = REPORT_INVALID,
				  .is_error = true,
				  .line = c->line,
				  .column = c->column,
				  .edit = (char *)(uintptr_t)text_str(&edit),
				  .statement = (char *)(uintptr_t)text_str(&statement),
				  .message = (char *)(uintptr_t)text_str(&message),
			      });
		text_done(&edit);
		text_done(&statement);
		text_done(&message);
	}
}

/* --- entries of a group --- */

/* A wildcard as the value of a leaf only says that there is one. */
static bool
is_wild_value(const struct node *leaf)
{
	char err[256];
	return leaf->value != NULL && !leaf->schema->is_secret && wildcard_is(leaf->value) &&
	       !snode_value_check(leaf->schema->twin, leaf->value, err, sizeof(err), NULL, 0);
}

/* True if a place that has nothing of its own may get something from N, of which BELOW says whether what stands below
 * it does that. */
static bool
makes_something(const struct node *n, bool below)
{
	switch (n->schema->kind) {
	case SNODE_LIST:
		return !entry_is_wild(n);
	case SNODE_LEAF:
	case SNODE_LEAFLIST:
		return n->schema->role != SNODE_APPLY_EXCEPT && !is_wild_value(n);
	case SNODE_CONTAINER:
		break;
	}
	return below || n->schema->is_presence || node_any(n) != NULL;
}

/* Prepares what is below N for matching: struct node's group becomes the place of an entry among its siblings, 0
 * for a container that makes nothing; wildcards come first. Returns true if something below N makes something. */
static bool
group_prepare(struct tree *t, struct node *n)
{
	const struct node *plain = NULL; /* first entry of this list that is none */
	unsigned rank = 0;
	bool makes_any = false;
	for (struct node *c = n->child, *next; c != NULL; c = next) {
		next = c->next;
		bool makes = makes_something(c, group_prepare(t, c)) && !c->is_inactive;
		makes_any = makes_any || makes;
		c->group = makes || c->schema->kind == SNODE_LIST ? ++rank : 0;
		if (plain != NULL && plain->schema != c->schema)
			plain = NULL;
		if (c->schema->kind != SNODE_LIST)
			continue;
		if (!entry_is_wild(c))
			plain = plain != NULL ? plain : c;
		else if (plain != NULL)
			node_move(t, c, (struct node *)(uintptr_t)plain, false);
	}
	return makes_any;
}

/* What in one place of a group means a child of the configuration, one after the other. */
struct matches {
	const struct node *child;
	const struct node *named; /* not given out yet */
	const struct node *wild;  /* the next to look at */
};

static struct matches
matches_of(const struct node *place, const struct node *child)
{
	struct matches m = { .child = child };
	const struct snode *twin = child->schema->twin;
	if (twin == NULL)
		return m;
	if (twin->kind == SNODE_CONTAINER) {
		m.named = node_child(place, twin);
		return m;
	}
	const char *keys[PLACE_KEYS_MAX] = { child->value };
	for (size_t i = 1; i < twin->n_keys; i++)
		keys[i] = child->more_keys[i - 1];
	m.named = node_entry(place, twin, keys);
	if (m.named != NULL && entry_is_wild(m.named))
		m.named = NULL; /* it is among the others */
	m.wild = node_first_of(place, twin);
	return m;
}

static const struct node *
matches_next(struct matches *m)
{
	const struct snode *twin = m->child->schema->twin;
	for (;;) {
		while (m->wild != NULL && m->wild->schema == twin && entry_is_wild(m->wild) &&
		       !entry_matches(m->wild, m->child))
			m->wild = m->wild->next;
		if (m->wild != NULL && (m->wild->schema != twin || !entry_is_wild(m->wild)))
			m->wild = NULL;
		const struct node *found = m->named;
		if (found == NULL || (m->wild != NULL && m->wild->group < found->group)) {
			found = m->wild;
			m->wild = found != NULL ? found->next : NULL;
		} else {
			m->named = NULL;
		}
		if (found == NULL || !found->is_inactive)
			return found;
	}
}

/* --- the sources of a place --- */

static void group_apply(struct expander *x, size_t first, const char *name, const struct node *via);

/* Applies what N, a place in GROUP, applies. */
static void
nested_apply(struct expander *x, size_t first, const struct node *n, const struct node *group)
{
	const struct node *c = role_next(n->child, SNODE_APPLY);
	for (; c != NULL; c = role_next(c->next, SNODE_APPLY))
		group_apply(x, first, c->value, group);
}

/* Adds S to the sources from FIRST on, and what it applies. */
static void
source_add(struct expander *x, size_t first, const struct source *s)
{
	for (size_t i = first; i < x->n_sources; i++)
		if (x->sources[i].n == s->n)
			return;
	if (x->n_sources == x->cap_sources) {
		x->cap_sources = x->cap_sources ? 2 * x->cap_sources : 64;
		x->sources = realloc(x->sources, x->cap_sources * sizeof(*x->sources));
		if (x->sources == NULL)
			abort();
	}
	x->sources[x->n_sources++] = *s;
	nested_apply(x, first, s->n, s->group);
}

/* Adds what AT, which means the first N_PATH nodes of the path, has for the whole of it. */
static void
path_follow(struct expander *x, size_t first, const struct source *at, size_t n_path)
{
	if (n_path == x->path.n) {
		source_add(x, first, at);
		return;
	}
	struct matches m = matches_of(at->n, x->path.nodes[n_path]);
	struct source next = *at;
	while ((next.n = matches_next(&m)) != NULL)
		path_follow(x, first, &next, n_path + 1);
	nested_apply(x, first, at->n, at->group);
}

static void
group_apply(struct expander *x, size_t first, const char *name, const struct node *via)
{
	struct node *group = group_find(x, name);
	if (group == NULL || group->is_inactive || strcmp(name, "re1") == 0)
		return;
	if (row_has(&x->hidden, group) || row_has(&x->met, group))
		return;
	if (x->n_nested == NESTED_MAX) {
		x->too_deep = group;
		return;
	}
	row_add(&x->met, group);
	struct source s = { .n = group, .group = group, .via = via };
	x->n_nested++;
	path_follow(x, first, &s, 0);
	x->n_nested--;
}

/* Applies what the configuration applies at N. */
static void
own_apply(struct expander *x, size_t first, const struct node *n)
{
	const struct node *c = role_next(n->child, SNODE_APPLY);
	for (; c != NULL; c = role_next(c->next, SNODE_APPLY))
		group_apply(x, first, c->value, NULL);
}

/* Finds all sources of the last node of the path anew, level by level up to the top, where some groups are excepted. */
static void
sources_again(struct expander *x, size_t first)
{
	for (size_t level = x->path.n + 1; level > 0; level--) {
		const struct node *n = level > 1 ? x->path.nodes[level - 2] : tree_root(x->t);
		const struct node *c = role_next(n->child, SNODE_APPLY_EXCEPT);
		for (; c != NULL; c = role_next(c->next, SNODE_APPLY_EXCEPT)) {
			const struct node *group = group_find(x, c->value);
			if (group != NULL)
				row_add(&x->hidden, group);
		}
		own_apply(x, first, n);
	}
	x->hidden.n = 0;
}

/* Takes away what a group applies, but excepts at the place of one of its sources or above that. */
static void
nested_except(struct expander *x, size_t first, const struct source *of)
{
	for (const struct node *n = of->n; n != tree_root(x->t); n = n->parent) {
		const struct node *c = role_next(n->child, SNODE_APPLY_EXCEPT);
		for (; c != NULL; c = role_next(c->next, SNODE_APPLY_EXCEPT)) {
			const struct node *group = group_find(x, c->value);
			size_t kept = first;
			for (size_t i = first; i < x->n_sources; i++)
				if (x->sources[i].group != group || x->sources[i].via != of->group)
					x->sources[kept++] = x->sources[i];
			x->n_sources = kept;
		}
	}
}

/* Puts the sources of N, the last node of the path, onto the stack; those of its parent are FROM..TO. */
static void
sources_find(struct expander *x, const struct node *n, size_t from, size_t to)
{
	size_t first = x->n_sources;
	x->met.n = 0;
	if (role_next(n->child, SNODE_APPLY_EXCEPT) != NULL) {
		sources_again(x, first);
	} else {
		own_apply(x, first, n);
		for (size_t i = from; i < to; i++) {
			struct source s = x->sources[i];
			struct matches m = matches_of(s.n, n);
			while ((s.n = matches_next(&m)) != NULL)
				source_add(x, first, &s);
		}
	}
	for (size_t i = first; i < x->n_sources;) {
		struct source s = x->sources[i];
		size_t before = x->n_sources;
		nested_except(x, first, &s);
		i = x->n_sources < before ? first : i + 1;
	}
}

/* --- taking over --- */

/* True if something that is there keeps S, a statement of a choice, out. */
static bool
is_excluded(const struct node *n, const struct snode *s)
{
	const struct snode *in = n->schema;
	for (size_t i = 0; s->choice != 0 && i < in->n_children; i++) {
		const struct snode *other = in->children[i];
		if (other->choice != s->choice || other->branch == s->branch)
			continue;
		const struct node *c = node_last_of(n, other);
		while (c != NULL && c->schema == other && c->is_inactive)
			c = c->prev;
		if (c != NULL && c->schema == other)
			return true;
	}
	return false;
}

static struct node *
same_find(const struct node *n, const struct node *like, const char *const *keys)
{
	const struct snode *s = like->schema->twin;
	if (s->kind == SNODE_LIST)
		return node_entry(n, s, keys);
	if (s->kind == SNODE_LEAFLIST)
		return node_value(n, s, like->value);
	return node_child(n, s);
}

/* Makes below N what LIKE, a statement of a group, stands for. */
static struct node *
same_make(struct expander *x, struct node *n, const struct node *like, const char *const *keys)
{
	const struct snode *s = like->schema->twin;
	switch (s->kind) {
	case SNODE_LIST:
		return node_add_entry(x->t, n, s, keys);
	case SNODE_LEAF:
		return node_set_leaf(x->t, n, s, like->value);
	case SNODE_LEAFLIST:
		return node_add_value(x->t, n, s, like->value);
	case SNODE_CONTAINER:
		break;
	}
	return node_add(x->t, n, s);
}

/* Lets N inherit the statement LIKE itself, without what is below it. */
static void
statement_take(struct expander *x, struct node *n, const struct node *like, struct node *group)
{
	const struct snode *s = like->schema;
	const char *keys[PLACE_KEYS_MAX] = { like->value };
	for (size_t i = 1; s->kind == SNODE_LIST && i < s->n_keys; i++)
		keys[i] = like->more_keys[i - 1];
	if (like->group == 0 || (s->kind == SNODE_LIST && entry_is_wild(like)))
		return;
	struct node *old = same_find(n, like, keys);
	if ((old != NULL && !old->is_inactive) || is_excluded(n, s->twin))
		return;
	if (old != NULL)
		node_del(x->t, old);
	struct node *made = same_make(x, n, like, keys);
	if (node_any(like) != NULL)
		node_set_any(x->t, made, node_any(like));
	if (group->group == 0)
		group->group = tree_add_group(x->t, group->value);
	made->group = group->group;
	made->line = like->line;
	made->column = like->column;
}

static void
roles_del(struct tree *t, struct node *n)
{
	for (struct node *c = n->child, *next; c != NULL; c = next) {
		next = c->next;
		if (c->schema->role == SNODE_APPLY || c->schema->role == SNODE_APPLY_EXCEPT)
			node_del(t, c);
	}
}

/* True if N was inherited only for what it might hold, and that turned out to be nothing. */
static bool
is_hollow(const struct node *n)
{
	return n->group != 0 && n->child == NULL && n->schema->kind == SNODE_CONTAINER &&
	       !n->schema->is_presence && node_any(n) == NULL;
}

/* Expands N, whose sources are the last on the stack, from FIRST on. */
static void
place_expand(struct expander *x, struct node *n, size_t first)
{
	size_t end = x->n_sources;
	for (size_t i = first; i < end; i++) {
		const struct source *s = &x->sources[i];
		for (const struct node *c = s->n->child; c != NULL; c = c->next)
			if (!c->is_inactive && c->schema->role == SNODE_PLAIN)
				statement_take(x, n, c, s->group);
	}
	for (struct node *c = n->child, *next; c != NULL; c = next) {
		next = c->next;
		bool is_inner = c->schema->kind == SNODE_CONTAINER || c->schema->kind == SNODE_LIST;
		if (!is_inner || c->is_inactive || c->schema->role != SNODE_PLAIN)
			continue;
		row_add(&x->path, c);
		sources_find(x, c, first, end);
		place_expand(x, c, end);
		x->n_sources = end;
		x->path.n--;
		if (is_hollow(c))
			node_del(x->t, c);
	}
	roles_del(x->t, n);
}

static void
depth_report(const struct node *group, struct report *r)
{
	char message[64];
	snprintf(message, sizeof(message), "groups are nested more than %d deep", NESTED_MAX);
	report_add(r, &(struct report_line){
			  .class = REPORT_INVALID,
			  .is_error = true,
			  .line = group->line,
			  .column = group->column,
			  .edit = (char *)(uintptr_t) "groups",
			  .statement = (char *)(uintptr_t)group->value,
			  .message = message,
		      });
}

struct tree *
groups_expand(const struct tree *t, struct report *r)
{
	struct expander x = { .t = tree_copy(t) };
	struct node *root = tree_root(x.t);
	const struct snode *config = root->schema;
	x.groups = config->twin;
	if (r != NULL && tree_applies_groups(t))
		names_check(&x, root, r);
	if (tree_applies_groups(t)) {
		for (struct node *g = node_first_of(root, x.groups);
		     g != NULL && g->schema == x.groups; g = g->next)
			group_prepare(x.t, g);
		sources_find(&x, root, 0, 0);
		place_expand(&x, root, 0);
	}
	if (r != NULL && x.too_deep != NULL)
		depth_report(x.too_deep, r);
	for (struct node *g; (g = node_last_of(root, x.groups)) != NULL;)
		node_del(x.t, g);
	free(x.sources);
	free(x.path.nodes);
	free(x.met.nodes);
	free(x.hidden.nodes);
	return x.t;
}

struct elem *
groups_to_elem(const struct tree *t, struct arena *a, struct report *r)
{
	if (!tree_applies_groups(t))
		return tree_to_elem(t, a);
	struct tree *whole = groups_expand(t, r);
	struct elem *e = tree_to_elem(whole, a);
	tree_free(whole);
	return e;
}
