/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tree.c - a configuration as a typed tree whose nodes point at the schema.
 *
 * Nodes and strings live in a pool of the tree. Children are a list in canonical order: by the place of
 * their statement in the schema, within one statement in the order of entry. A node with more than
 * INDEX_FROM children carries an index (index.c), so that finding and placing stay flat. Values of
 * enumerations are not copied but point at the schema's words. Pure; one thread at a time.
 */
#include "lib/junos/tree.h"

#include "lib/base/text.h"
#include "lib/junos/comment.h"
#include "lib/junos/index.h"
#include "lib/junos/pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Ten thousand tunnels are 300,000 nodes, and they are there twice. */
_Static_assert(sizeof(struct node) <= 96, "a node has grown");

struct tree {
	const struct schema *schema;
	struct node *root;
	struct pool pool;
	struct index *indexes; /* of all nodes */
	size_t n_nodes;
	size_t n_applied;    /* apply-groups statements among them */
	size_t n_omitting;   /* apply-flags statements among them */
	const char **groups; /* names for node.group, from 1; in the pool */
	unsigned n_groups;
};

/* --- strings --- */

static const char *
shared_word(const struct snode *s, const char *value)
{
	if (s->kind == SNODE_LIST)
		s = s->keys[0];
	for (size_t i = 0; s->enums != NULL && s->enums[i] != NULL; i++)
		if (strcmp(s->enums[i], value) == 0)
			return s->enums[i];
	return NULL;
}

static void
value_set(struct tree *t, struct node *n, const char *value)
{
	const char *old = n->value;
	const char *shared = value ? shared_word(n->schema, value) : NULL;
	n->value = shared != NULL ? shared : value != NULL ? pool_strdup(&t->pool, value) : NULL;
	if (old != NULL && shared_word(n->schema, old) != old)
		pool_strfree(&t->pool, old);
}

/* How many strings more_keys holds: the keys after the first, and the text of an entry that is_any. */
static size_t
more_count(const struct snode *s)
{
	return s->kind == SNODE_LIST ? s->n_keys - 1 + s->is_any : 0;
}

static void
keys_set(struct tree *t, struct node *n, const char *const *keys)
{
	value_set(t, n, keys[0]);
	size_t n_more = more_count(n->schema);
	if (n_more == 0)
		return;
	if (n->more_keys == NULL)
		n->more_keys = pool_alloc(&t->pool, n_more * sizeof(char *));
	for (size_t i = 1; i < n->schema->n_keys; i++) {
		const char *old = n->more_keys[i - 1];
		n->more_keys[i - 1] = pool_strdup(&t->pool, keys[i]);
		pool_strfree(&t->pool, old);
	}
}

void
node_set_comment(struct tree *t, struct node *n, const char *text)
{
	const char *old = n->comment;
	struct text clean = { 0 };
	if (text != NULL)
		comment_clean(text, &clean);
	n->comment = clean.len > 0 ? pool_strdup(&t->pool, text_str(&clean)) : NULL;
	pool_strfree(&t->pool, old);
	text_done(&clean);
}

void
node_add_note(struct tree *t, struct node *n, const char *lines)
{
	const char *old = n->comment;
	struct text all = { 0 };
	text_printf(&all, "%s%s%s", old ? old : "", old ? "\n" : "", lines);
	n->comment = pool_strdup(&t->pool, text_str(&all));
	pool_strfree(&t->pool, old);
	text_done(&all);
}

const char *
node_any(const struct node *n)
{
	if (!n->schema->is_any)
		return NULL;
	if (n->schema->kind != SNODE_LIST)
		return n->value;
	return n->more_keys ? n->more_keys[n->schema->n_keys - 1] : NULL;
}

void
node_set_any(struct tree *t, struct node *n, const char *text)
{
	const char *old = node_any(n);
	const char *fresh = text && text[0] ? pool_strdup(&t->pool, text) : NULL;
	if (n->schema->kind == SNODE_LIST)
		n->more_keys[n->schema->n_keys - 1] = fresh;
	else
		n->value = fresh;
	pool_strfree(&t->pool, old);
}

/* --- nodes --- */

static struct node *
node_make(struct tree *t, const struct snode *s)
{
	struct node *n = pool_alloc(&t->pool, sizeof(*n));
	n->schema = s;
	t->n_nodes++;
	t->n_applied += s->role == SNODE_APPLY;
	t->n_omitting += s->role == SNODE_OMIT;
	return n;
}

static void
index_drop(struct tree *t, struct node *n)
{
	struct index *x = n->index;
	if (x == NULL)
		return;
	if (x->prev != NULL)
		x->prev->next = x->next;
	else
		t->indexes = x->next;
	if (x->next != NULL)
		x->next->prev = x->prev;
	index_free(x);
	n->index = NULL;
}

/* Frees N alone; it has no children any more and is not linked. */
static void
node_free(struct tree *t, struct node *n)
{
	if (n->schema->is_any)
		node_set_any(t, n, NULL);
	if (n->value != NULL)
		value_set(t, n, NULL);
	if (n->more_keys != NULL) {
		for (size_t i = 1; i < n->schema->n_keys; i++)
			pool_strfree(&t->pool, n->more_keys[i - 1]);
		pool_free(&t->pool, n->more_keys, more_count(n->schema) * sizeof(char *));
	}
	pool_strfree(&t->pool, n->comment);
	index_drop(t, n);
	t->n_applied -= n->schema->role == SNODE_APPLY;
	t->n_omitting -= n->schema->role == SNODE_OMIT;
	pool_free(&t->pool, n, sizeof(*n));
	t->n_nodes--;
}

static size_t
statement_place(const struct snode *s)
{
	size_t i = 0;
	while (i < s->parent->n_children && s->parent->children[i] != s)
		i++;
	return i;
}

static void
index_build(struct tree *t, struct node *parent)
{
	struct index *x = index_new(parent->schema->n_children + 1);
	x->next = t->indexes;
	if (x->next != NULL)
		x->next->prev = x;
	t->indexes = x;
	parent->index = x;
	for (struct node *c = parent->child; c != NULL; c = c->next) {
		index_add(x, c);
		x->last_of[statement_place(c->schema)] = c;
	}
}

static size_t
count_to(const struct node *parent, size_t limit)
{
	size_t n = 0;
	for (const struct node *c = parent->child; c != NULL && n < limit; c = c->next)
		n++;
	return n;
}

/* Returns the last child that stands before the end of statement S in canonical order, or NULL. */
static struct node *
place_find(const struct node *parent, const struct snode *s)
{
	if (parent->last == NULL || parent->last->schema == s)
		return parent->last;
	size_t at = statement_place(s);
	if (parent->index != NULL) {
		for (size_t i = at + 1; i > 0; i--)
			if (parent->index->last_of[i - 1] != NULL)
				return parent->index->last_of[i - 1];
		return NULL;
	}
	struct node *c = parent->last;
	while (c != NULL && statement_place(c->schema) > at)
		c = c->prev;
	return c;
}

static void
list_put(struct node *parent, struct node *n, struct node *after)
{
	n->prev = after;
	n->next = after ? after->next : parent->child;
	if (n->next != NULL)
		n->next->prev = n;
	else
		parent->last = n;
	if (after != NULL)
		after->next = n;
	else
		parent->child = n;
}

static void
list_take(struct node *parent, struct node *n)
{
	if (n->prev != NULL)
		n->prev->next = n->next;
	else
		parent->child = n->next;
	if (n->next != NULL)
		n->next->prev = n->prev;
	else
		parent->last = n->prev;
}

/* Links N, which has its keys, below PARENT right after AFTER (NULL: first). */
static void
node_link(struct tree *t, struct node *parent, struct node *n, struct node *after)
{
	n->parent = parent;
	list_put(parent, n, after);
	if (parent->index != NULL) {
		index_add(parent->index, n);
		struct node **last = &parent->index->last_of[statement_place(n->schema)];
		if (*last == NULL || *last == after)
			*last = n;
	} else if (count_to(parent, INDEX_FROM + 1) > INDEX_FROM) {
		index_build(t, parent);
	}
}

static void
node_unlink(struct node *n)
{
	struct node *parent = n->parent;
	if (parent->index != NULL) {
		index_del(parent->index, n);
		struct node **last = &parent->index->last_of[statement_place(n->schema)];
		if (*last == n)
			*last = n->prev && n->prev->schema == n->schema ? n->prev : NULL;
	}
	list_take(parent, n);
	n->parent = n->prev = n->next = NULL;
}

/* --- trees --- */

struct tree *
tree_new(const struct schema *s)
{
	struct tree *t = calloc(1, sizeof(*t));
	if (t == NULL)
		abort();
	t->schema = s;
	t->root = node_make(t, s->config);
	return t;
}

void
tree_free(struct tree *t)
{
	if (t == NULL)
		return;
	while (t->indexes != NULL) {
		struct index *x = t->indexes;
		t->indexes = x->next;
		index_free(x);
	}
	pool_done(&t->pool);
	free(t);
}

struct node *
tree_root(const struct tree *t)
{
	return t->root;
}

const struct schema *
tree_schema(const struct tree *t)
{
	return t->schema;
}

size_t
tree_count(const struct tree *t)
{
	return t->n_nodes;
}

size_t
tree_memory(const struct tree *t)
{
	return t->pool.used;
}

bool
tree_applies_groups(const struct tree *t)
{
	return t->n_applied > 0;
}

bool
tree_omits(const struct tree *t)
{
	return t->n_omitting > 0;
}

unsigned
tree_add_group(struct tree *t, const char *name)
{
	if ((t->n_groups & (t->n_groups - 1)) == 0) {
		/* full at every power of two */
		size_t cap = t->n_groups > 0 ? 2 * (size_t)t->n_groups : 1;
		const char **more = pool_alloc(&t->pool, cap * sizeof(*more));
		if (t->n_groups > 0)
			memcpy(more, t->groups, t->n_groups * sizeof(*more));
		pool_free(&t->pool, t->groups, t->n_groups * sizeof(*more));
		t->groups = more;
	}
	t->groups[t->n_groups++] = pool_strdup(&t->pool, name);
	return t->n_groups;
}

const char *
node_group(const struct tree *t, const struct node *n)
{
	return n->group > 0 && n->group <= t->n_groups ? t->groups[n->group - 1] : NULL;
}

/* --- finding --- */

static struct node *
find(const struct node *parent, const struct index_key *k)
{
	if (parent->index != NULL)
		return index_find(parent->index, k);
	struct node *c = parent->child;
	while (c != NULL && !index_key_is(k, c))
		c = c->next;
	return c;
}

struct node *
node_child(const struct node *n, const struct snode *s)
{
	return find(n, &(struct index_key){ .schema = s });
}

struct node *
node_entry(const struct node *n, const struct snode *list, const char *const *keys)
{
	return find(
	    n, &(struct index_key){ .schema = list, .value = keys[0], .more_keys = keys + 1 });
}

struct node *
node_value(const struct node *n, const struct snode *leaflist, const char *value)
{
	return find(n, &(struct index_key){ .schema = leaflist, .value = value });
}

struct node *
node_last_of(const struct node *parent, const struct snode *s)
{
	if (parent->index != NULL)
		return parent->index->last_of[statement_place(s)];
	struct node *c = parent->last;
	while (c != NULL && c->schema != s)
		c = c->prev;
	return c;
}

struct node *
node_first_of(const struct node *parent, const struct snode *s)
{
	/* the entries of a statement stand together: the one after the end of what comes before it */
	size_t at = statement_place(s);
	struct node *c = parent->child;
	if (parent->index != NULL) {
		for (size_t i = at; i > 0; i--)
			if (parent->index->last_of[i - 1] != NULL) {
				c = parent->index->last_of[i - 1]->next;
				break;
			}
		return c != NULL && c->schema == s ? c : NULL;
	}
	while (c != NULL && c->schema != s)
		c = c->next;
	return c;
}

/* --- changing --- */

struct node *
node_add(struct tree *t, struct node *parent, const struct snode *s)
{
	struct node *n = node_child(parent, s);
	if (n == NULL) {
		n = node_make(t, s);
		node_link(t, parent, n, place_find(parent, s));
	}
	return n;
}

struct node *
node_add_entry(
    struct tree *t, struct node *parent, const struct snode *list, const char *const *keys)
{
	struct node *n = node_entry(parent, list, keys);
	if (n == NULL) {
		n = node_make(t, list);
		keys_set(t, n, keys);
		node_link(t, parent, n, place_find(parent, list));
	}
	return n;
}

struct node *
node_set_leaf(struct tree *t, struct node *parent, const struct snode *leaf, const char *value)
{
	struct node *n = node_child(parent, leaf);
	if (n == NULL) {
		n = node_make(t, leaf);
		value_set(t, n, value);
		node_link(t, parent, n, place_find(parent, leaf));
	} else if (value == NULL || n->value == NULL || strcmp(value, n->value) != 0) {
		value_set(t, n, value);
	}
	return n;
}

struct node *
node_add_value(struct tree *t, struct node *parent, const struct snode *leaflist, const char *value)
{
	struct node *n = node_value(parent, leaflist, value);
	if (n == NULL) {
		n = node_make(t, leaflist);
		value_set(t, n, value);
		node_link(t, parent, n, place_find(parent, leaflist));
	}
	return n;
}

void
node_del(struct tree *t, struct node *n)
{
	if (n->parent != NULL)
		node_unlink(n);
	/* leaves first, always at the end of a list, so that depth costs no stack */
	struct node *at = n;
	for (;;) {
		index_drop(t, at);
		if (at->last != NULL) {
			at = at->last;
			continue;
		}
		struct node *up = at->parent;
		if (up != NULL)
			list_take(up, at);
		bool is_top = at == n;
		if (is_top && n == t->root) {
			node_set_comment(t, n, NULL);
			return; /* a tree always has its root */
		}
		node_free(t, at);
		if (is_top)
			return;
		at = up;
	}
}

void
node_del_excluded(struct tree *t, struct node *parent, const struct snode *s)
{
	if (s->choice == 0 || parent->child == NULL)
		return;
	const struct snode *p = parent->schema;
	for (size_t i = 0; i < p->n_children; i++) {
		const struct snode *other = p->children[i];
		if (other->choice != s->choice || other->branch == s->branch)
			continue;
		for (struct node *n = node_last_of(parent, other); n != NULL;
		     n = node_last_of(parent, other))
			node_del(t, n);
	}
}

void
node_move(struct tree *t, struct node *n, struct node *ref, bool after)
{
	if (n == ref)
		return;
	struct node *parent = n->parent;
	node_unlink(n);
	node_link(t, parent, n, after ? ref : ref->prev);
}

bool
node_rename(struct tree *t, struct node *n, const char *const *keys)
{
	struct index_key k = { .schema = n->schema, .value = keys[0], .more_keys = keys + 1 };
	struct node *other = find(n->parent, &k);
	if (other != NULL)
		return other == n;
	struct index *x = n->parent->index;
	if (x != NULL)
		index_del(x, n);
	if (n->schema->kind == SNODE_LIST)
		keys_set(t, n, keys);
	else
		value_set(t, n, keys[0]);
	if (x != NULL)
		index_add(x, n);
	return true;
}

/* --- copying --- */

/* Makes a copy of SRC alone, not linked; KEYS as in node_copy(). */
static struct node *
copy_one(struct tree *t, const struct node *src, const char *const *keys)
{
	struct node *n = node_make(t, src->schema);
	n->line = src->line;
	n->column = src->column;
	n->is_inactive = src->is_inactive;
	n->is_protected = src->is_protected;
	n->is_changed = src->is_changed;
	n->is_denied = src->is_denied;
	size_t n_more = more_count(src->schema);
	if (n_more > 0)
		n->more_keys = pool_alloc(&t->pool, n_more * sizeof(char *));
	if (keys != NULL && src->schema->kind == SNODE_LIST) {
		keys_set(t, n, keys);
	} else {
		value_set(t, n, keys ? keys[0] : src->value);
		for (size_t i = 1; src->schema->kind == SNODE_LIST && i < src->schema->n_keys; i++)
			n->more_keys[i - 1] = pool_strdup(&t->pool, src->more_keys[i - 1]);
	}
	if (node_any(src) != NULL && src->schema->kind == SNODE_LIST)
		node_set_any(t, n, node_any(src));
	if (src->comment != NULL)
		n->comment = pool_strdup(&t->pool, src->comment);
	return n;
}

/* Copies what is below SRC under DST, which has no children. The depth is the schema's. */
static void
copy_below(struct tree *t, struct node *dst, const struct node *src)
{
	size_t n = 0;
	for (const struct node *c = src->child; c != NULL; c = c->next, n++) {
		struct node *copy = copy_one(t, c, NULL);
		copy->parent = dst;
		list_put(dst, copy, dst->last);
		copy_below(t, copy, c);
	}
	if (n > INDEX_FROM)
		index_build(t, dst);
}

/* Tells of the nodes below DST from which groups they are, as those below SRC, which have the same names, do. */
static void
copy_groups(struct node *dst, const struct node *src)
{
	struct node *to = dst->child;
	for (const struct node *c = src->child; c != NULL; c = c->next, to = to->next) {
		to->group = c->group;
		copy_groups(to, c);
	}
}

void
tree_take_groups(struct tree *t, const struct tree *from)
{
	assert(t->n_groups == 0);
	for (unsigned i = 0; i < from->n_groups; i++)
		tree_add_group(t, from->groups[i]);
}

void
node_take_groups(struct node *n, const struct node *src)
{
	n->group = src->group;
	copy_groups(n, src);
}

struct tree *
tree_copy(const struct tree *t)
{
	struct tree *copy = tree_new(t->schema);
	copy_below(copy, copy->root, t->root);
	copy->root->is_changed = t->root->is_changed;
	tree_take_groups(copy, t);
	if (t->n_groups > 0)
		copy_groups(copy->root, t->root);
	if (t->root->comment != NULL)
		node_set_comment(copy, copy->root, t->root->comment);
	return copy;
}

struct node *
node_copy(struct tree *t, struct node *parent, const struct node *src, const char *const *keys)
{
	struct index_key k = index_key_of(src);
	if (keys != NULL) {
		k.value = keys[0];
		k.more_keys = keys + 1;
	}
	if (find(parent, &k) != NULL)
		return NULL;
	struct node *n = copy_one(t, src, keys);
	copy_below(t, n, src);
	node_link(t, parent, n, place_find(parent, src->schema));
	return n;
}
