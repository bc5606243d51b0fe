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

#include "lib/base/arena.h"
#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/base/wildcard.h"
#include "lib/junos/place.h"

#include <stdlib.h>
#include <string.h>

/* How a group came to be applied. */
struct origin {
	struct node *group;       /* its entry */
	const struct origin *via; /* the group that applied it; NULL: the configuration itself */
	unsigned n_via;
};

/* A place in a group that some place of the configuration inherits from. */
struct source {
	const struct node *n;
	const struct origin *from;
};

struct expander {
	struct tree *t;
	const struct snode *groups;
	struct arena *a; /* origins */
	struct source *sources;
	size_t n_sources;
	size_t cap_sources;
	const struct node **path; /* from the top (not included) to the place being expanded */
	size_t n_path;
	size_t cap_path;
};

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

/* Numbers what is below N in the order in which it stands and puts wildcards first. */
static void
wild_first(struct tree *t, struct node *n)
{
	const struct node *plain = NULL; /* first entry of this list that is none */
	unsigned rank = 0;
	for (struct node *c = n->child, *next; c != NULL; c = next) {
		next = c->next;
		c->group = ++rank;
		wild_first(t, c);
		if (plain != NULL && plain->schema != c->schema)
			plain = NULL;
		if (c->schema->kind != SNODE_LIST)
			continue;
		if (!entry_is_wild(c))
			plain = plain != NULL ? plain : c;
		else if (plain != NULL)
			node_move(t, c, (struct node *)(uintptr_t)plain, false);
	}
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

static void group_apply(
    struct expander *x, size_t first, const char *name, const struct origin *via);

/* Adds N to the sources from FIRST on, and what it applies itself. */
static void
source_add(struct expander *x, size_t first, const struct node *n, const struct origin *from)
{
	for (size_t i = first; i < x->n_sources; i++) {
		if (x->sources[i].n != n)
			continue;
		if (from->n_via < x->sources[i].from->n_via)
			x->sources[i].from = from;
		return;
	}
	if (x->n_sources == x->cap_sources) {
		x->cap_sources = x->cap_sources ? 2 * x->cap_sources : 64;
		x->sources = realloc(x->sources, x->cap_sources * sizeof(*x->sources));
		if (x->sources == NULL)
			abort();
	}
	x->sources[x->n_sources++] = (struct source){ .n = n, .from = from };
	for (const struct node *c = n->child; c != NULL; c = c->next)
		if (c->schema->role == SNODE_APPLY && !c->is_inactive)
			group_apply(x, first, c->value, from);
}

/* Adds what PLACE, which means the first N_PATH nodes of the path, has for the whole of it. */
static void
path_follow(struct expander *x, size_t first, const struct node *place, size_t n_path,
    const struct origin *from)
{
	if (n_path == x->n_path) {
		source_add(x, first, place, from);
		return;
	}
	struct matches m = matches_of(place, x->path[n_path]);
	for (const struct node *n; (n = matches_next(&m)) != NULL;)
		path_follow(x, first, n, n_path + 1, from);
}

static bool
origin_has(const struct origin *o, const struct node *group)
{
	while (o != NULL && o->group != group)
		o = o->via;
	return o != NULL;
}

static void
group_apply(struct expander *x, size_t first, const char *name, const struct origin *via)
{
	struct node *group = group_find(x, name);
	if (group == NULL || group->is_inactive || strcmp(name, "re1") == 0 ||
	    origin_has(via, group))
		return;
	struct origin *o = arena_alloc(x->a, sizeof(*o));
	*o = (struct origin){ group, via, via != NULL ? via->n_via + 1 : 0 };
	path_follow(x, first, group, 0, o);
}

/* Takes away the sources from FIRST on that a group excepted at N, or a group applied by it, has given. */
static void
except(struct expander *x, const struct node *n, size_t first)
{
	for (const struct node *c = n->child; c != NULL; c = c->next) {
		if (c->schema->role != SNODE_APPLY_EXCEPT || c->is_inactive)
			continue;
		const struct node *group = group_find(x, c->value);
		size_t kept = first;
		for (size_t i = first; i < x->n_sources && group != NULL; i++)
			if (!origin_has(x->sources[i].from, group))
				x->sources[kept++] = x->sources[i];
		if (group != NULL)
			x->n_sources = kept;
	}
}

/* Puts the sources of N, the last node of the path, onto the stack; those of its parent are FROM..TO. */
static void
sources_find(struct expander *x, const struct node *n, size_t from, size_t to)
{
	size_t first = x->n_sources;
	for (const struct node *c = n->child; c != NULL; c = c->next)
		if (c->schema->role == SNODE_APPLY && !c->is_inactive)
			group_apply(x, first, c->value, NULL);
	for (size_t i = from; i < to; i++) {
		struct matches m = matches_of(x->sources[i].n, n);
		for (const struct node *s; (s = matches_next(&m)) != NULL;)
			source_add(x, first, s, x->sources[i].from);
	}
	except(x, n, first);
	for (size_t i = first; i < x->n_sources; i++)
		except(x, x->sources[i].n, i + 1);
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

/* A wildcard as the value of a leaf only says that there is one. */
static bool
is_wild_value(const struct node *leaf)
{
	char err[256];
	return leaf->value != NULL && !leaf->schema->is_secret && wildcard_is(leaf->value) &&
	       !snode_value_check(leaf->schema->twin, leaf->value, err, sizeof(err), NULL, 0);
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
	if (s->kind == SNODE_LIST ? entry_is_wild(like) : is_wild_value(like))
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

static void
path_push(struct expander *x, const struct node *n)
{
	if (x->n_path == x->cap_path) {
		x->cap_path = x->cap_path ? 2 * x->cap_path : 32;
		x->path = realloc(x->path, x->cap_path * sizeof(*x->path));
		if (x->path == NULL)
			abort();
	}
	x->path[x->n_path++] = n;
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
	roles_del(x->t, n);
	for (size_t i = first; i < end; i++) {
		const struct source *s = &x->sources[i];
		for (const struct node *c = s->n->child; c != NULL; c = c->next)
			if (!c->is_inactive && c->schema->role == SNODE_PLAIN)
				statement_take(x, n, c, s->from->group);
	}
	for (struct node *c = n->child, *next; c != NULL; c = next) {
		next = c->next;
		bool is_inner = c->schema->kind == SNODE_CONTAINER || c->schema->kind == SNODE_LIST;
		if (!is_inner || c->is_inactive || c->schema->role != SNODE_PLAIN)
			continue;
		path_push(x, c);
		sources_find(x, c, first, end);
		place_expand(x, c, end);
		x->n_sources = end;
		x->n_path--;
		if (is_hollow(c))
			node_del(x->t, c);
	}
}

struct tree *
groups_expand(const struct tree *t, struct report *r)
{
	struct expander x = { .t = tree_copy(t), .a = arena_new() };
	struct node *root = tree_root(x.t);
	const struct snode *config = root->schema;
	x.groups = config->twin;
	if (r != NULL && tree_applies_groups(t))
		names_check(&x, root, r);
	if (tree_applies_groups(t)) {
		for (struct node *g = node_first_of(root, x.groups);
		     g != NULL && g->schema == x.groups; g = g->next)
			wild_first(x.t, g);
		sources_find(&x, root, 0, 0);
		place_expand(&x, root, 0);
	}
	for (struct node *g; (g = node_last_of(root, x.groups)) != NULL;)
		node_del(x.t, g);
	free(x.sources);
	free(x.path);
	arena_free(x.a);
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
