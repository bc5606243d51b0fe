/* SPDX-License-Identifier: BSD-2-Clause
 *
 * groups_source.c - which places of which groups a place of the configuration inherits from.
 *
 * In the groups the entries under wildcards are put in front of their list first, so that finding what matches costs a
 * look at those and one at the index; struct node's group keeps the order in which they stood. The sources of a place are
 * those of its parent one step further, behind those of the groups applied at the place itself. Where groups are
 * excepted they are found anew, level by level, without those. Called by groups.c only.
 */
#include "lib/junos/groups_source.h"

#include "lib/base/wildcard.h"
#include "lib/junos/place.h"

#include <stdlib.h>
#include <string.h>

void
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

struct node *
sources_group(const struct expander *x, const char *name)
{
	return node_entry(tree_root(x->t), x->groups, (const char *const[]){ name });
}

bool
source_is_wild(const struct node *entry)
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
		return !source_is_wild(n);
	case SNODE_LEAF:
	case SNODE_LEAFLIST:
		return n->schema->role != SNODE_APPLY_EXCEPT && n->schema->role != SNODE_OMIT &&
		       !is_wild_value(n);
	case SNODE_CONTAINER:
		break;
	}
	return below || n->schema->is_presence || node_any(n) != NULL;
}

bool
sources_prepare(struct tree *t, struct node *n)
{
	const struct node *plain = NULL; /* first entry of this list that is none */
	unsigned rank = 0;
	bool makes_any = false;
	for (struct node *c = n->child, *next; c != NULL; c = next) {
		next = c->next;
		bool makes = makes_something(c, sources_prepare(t, c)) && !c->is_inactive;
		makes_any = makes_any || makes;
		c->group = makes || c->schema->kind == SNODE_LIST ? ++rank : 0;
		if (plain != NULL && plain->schema != c->schema)
			plain = NULL;
		if (c->schema->kind != SNODE_LIST)
			continue;
		if (!source_is_wild(c))
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
	if (m.named != NULL && source_is_wild(m.named))
		m.named = NULL; /* it is among the others */
	m.wild = node_first_of(place, twin);
	return m;
}

static const struct node *
matches_next(struct matches *m)
{
	const struct snode *twin = m->child->schema->twin;
	for (;;) {
		while (m->wild != NULL && m->wild->schema == twin && source_is_wild(m->wild) &&
		       !entry_matches(m->wild, m->child))
			m->wild = m->wild->next;
		if (m->wild != NULL && (m->wild->schema != twin || !source_is_wild(m->wild)))
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
	struct node *group = sources_group(x, name);
	if (group == NULL || group->is_inactive || strcmp(name, "re1") == 0)
		return;
	if (row_has(&x->hidden, group) || row_has(&x->met, group))
		return;
	if (x->n_nested == GROUPS_NESTED_MAX) {
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
			const struct node *group = sources_group(x, c->value);
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
			const struct node *group = sources_group(x, c->value);
			size_t kept = first;
			for (size_t i = first; i < x->n_sources; i++)
				if (x->sources[i].group != group || x->sources[i].via != of->group)
					x->sources[kept++] = x->sources[i];
			x->n_sources = kept;
		}
	}
}

void
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
