/* SPDX-License-Identifier: BSD-2-Clause
 *
 * merge.c - a merge of trees with their common ancestor, for private candidates.
 *
 * The three trees are walked side by side, entries paired by name through the index. For whatever can differ - a
 * value, a mark, an annotation, whether an entry is there, the order of a list - the rule is the same: what only one
 * side has changed is taken from it. Recursion is as deep as the schema. Called by mgd for `configure private`.
 */
#include "lib/junos/merge.h"

#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/junos/load.h"
#include "lib/junos/nine.h"
#include "lib/junos/place.h"

#include <string.h>

struct merge {
	struct tree *t;
	bool mine_wins;
	bool has_conflict;
	struct report *r;
};

/* --- conflicts --- */

/* N, mine or theirs, cannot be merged: MESSAGE says why. */
static void
conflict(struct merge *m, const struct node *n, const char *message)
{
	struct text edit = { 0 };
	struct text statement = { 0 };
	if (n->parent != NULL)
		node_edit_path(n->parent, &edit);
	node_statement(n, &statement);
	struct report_line l = {
		.class = REPORT_INVALID,
		.is_error = true,
		.edit = edit.s != NULL ? edit.s : (char[]){ "" },
		.statement = statement.s,
		.message = (char *)(uintptr_t)message,
	};
	report_add(m->r, &l);
	m->has_conflict = true;
	text_done(&edit);
	text_done(&statement);
}

static bool
text_same(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

/* --- marks and values --- */

static bool
value_same(const struct snode *s, const char *a, const char *b)
{
	return text_same(a, b) || (s->is_secret && a != NULL && b != NULL && nine_same(a, b));
}

/* True if mine is to be taken: I changed it, and they did not, or I win. */
static bool
takes_mine(struct merge *m, const struct node *mine, bool i_changed, bool they_changed, bool same,
    const char *message)
{
	if (!i_changed || same)
		return false;
	if (!they_changed)
		return true;
	conflict(m, mine, message);
	return m->mine_wins;
}

/* What becomes of a flag. It has two values: if both have changed it, they agree. */
static bool
flag_merge(bool theirs, bool base, bool mine)
{
	return mine != base ? mine : theirs;
}

/* BASE may be NULL: both have added it. */
static void
own_merge(struct merge *m, struct node *to, const struct node *base, const struct node *mine)
{
	const struct snode *s = mine->schema;
	to->is_inactive =
	    flag_merge(to->is_inactive, base != NULL && base->is_inactive, mine->is_inactive);
	to->is_protected =
	    flag_merge(to->is_protected, base != NULL && base->is_protected, mine->is_protected);
	const char *comment = base != NULL ? base->comment : NULL;
	if (takes_mine(m, mine, !text_same(mine->comment, comment),
		!text_same(to->comment, comment), text_same(to->comment, mine->comment),
		"its annotation was changed meanwhile"))
		node_set_comment(m->t, to, mine->comment);
	const char *any = base != NULL ? node_any(base) : NULL;
	if (s->is_any &&
	    takes_mine(m, mine, !text_same(node_any(mine), any), !text_same(node_any(to), any),
		text_same(node_any(to), node_any(mine)), "its contents were changed meanwhile"))
		node_set_any(m->t, to, node_any(mine));
	if (s->kind != SNODE_LEAF || s->is_empty)
		return;
	const char *value = base != NULL ? base->value : NULL;
	if (takes_mine(m, mine, base == NULL || !value_same(s, mine->value, value),
		base == NULL || !value_same(s, to->value, value),
		value_same(s, to->value, mine->value),
		"statement does not match: another value was committed meanwhile"))
		node_set_leaf(m->t, to->parent, s, mine->value);
}

/* --- order --- */

/* The next of the list of S from N on that REF has as well. */
static const struct node *
next_common(const struct node *n, const struct snode *s, const struct node *ref)
{
	while (n != NULL && n->schema == s && place_partner(ref, n) == NULL)
		n = n->next;
	return n != NULL && n->schema == s ? n : NULL;
}

/* True if what A and B both have of list S stands in the same order. */
static bool
order_same(const struct node *a, const struct node *b, const struct snode *s)
{
	const struct node *x = next_common(node_first_of(a, s), s, b);
	const struct node *y = next_common(node_first_of(b, s), s, a);
	while (x != NULL && y != NULL) {
		if (place_partner(b, x) != y)
			return false;
		x = next_common(x->next, s, b);
		y = next_common(y->next, s, a);
	}
	return true;
}

/* Puts the entry N of TO behind the one that Y, its like in mine, stands behind; or before the one it stands before. */
static void
entry_place(struct merge *m, struct node *to, struct node *n, const struct node *y)
{
	const struct snode *s = y->schema;
	for (const struct node *p = y->prev; p != NULL && p->schema == s; p = p->prev) {
		struct node *ref = place_partner(to, p);
		if (ref != NULL) {
			node_move(m->t, n, ref, true);
			return;
		}
	}
	for (const struct node *p = y->next; p != NULL && p->schema == s; p = p->next) {
		struct node *ref = place_partner(to, p);
		if (ref != NULL && ref != n) {
			node_move(m->t, n, ref, false);
			return;
		}
	}
}

/* The list that starts with FIRST of mine: the order that I gave what was there before. */
static void
order_merge(struct merge *m, struct node *to, const struct node *base, const struct node *first)
{
	const struct snode *s = first->schema;
	const struct node *mine = first->parent;
	if (order_same(base, mine, s) || order_same(to, mine, s))
		return;
	if (!order_same(base, to, s)) {
		conflict(m, first, "the order was changed meanwhile");
		if (!m->mine_wins)
			return;
	}
	for (const struct node *y = first; y != NULL && y->schema == s; y = y->next) {
		struct node *n = place_partner(to, y);
		if (n != NULL)
			entry_place(m, to, n, y);
	}
}

/* --- what is there --- */

static void node_merge(
    struct merge *m, struct node *to, const struct node *base, const struct node *mine);

/* A container that means nothing when it is empty is not there then: that is no deletion of it. */
static bool
is_frame(const struct snode *s)
{
	return s->kind == SNODE_CONTAINER && !s->is_presence && !s->is_any;
}

/* X, changed meanwhile, is not in mine: what was in it before goes, as far as it was not changed. */
static void
gone_merge(struct merge *m, struct node *x, const struct node *b)
{
	bool is_untouched = node_same(x, b);
	if (is_untouched || !is_frame(x->schema)) {
		if (!is_untouched)
			conflict(m, x, "statement was changed meanwhile and cannot be deleted");
		if (is_untouched || m->mine_wins)
			node_del(m->t, x);
		return;
	}
	for (const struct node *c = b->child; c != NULL; c = c->next) {
		struct node *inner = place_partner(x, c);
		if (inner != NULL)
			gone_merge(m, inner, c);
	}
	if (x->child == NULL)
		node_del(m->t, x);
}

/* B was there before. */
static void
old_merge(struct merge *m, struct node *to, const struct node *mine, const struct node *b)
{
	struct node *x = place_partner(to, b);
	const struct node *y = place_partner(mine, b);
	if (x != NULL && y != NULL) {
		node_merge(m, x, b, y);
	} else if (x != NULL) {
		gone_merge(m, x, b);
	} else if (y != NULL && !node_same(y, b) && is_frame(y->schema)) {
		x = node_add(m->t, to, y->schema);
		node_merge(m, x, b, y);
		if (x->child == NULL)
			node_del(m->t, x);
	} else if (y != NULL && !node_same(y, b)) {
		conflict(m, y, "statement was deleted meanwhile");
		if (m->mine_wins)
			node_copy(m->t, to, y, NULL);
	}
}

/* Another branch of the choice of Y that they have taken meanwhile, or NULL. */
static const struct node *
rival(const struct node *to, const struct node *base, const struct node *y)
{
	const struct snode *s = y->schema;
	for (const struct node *c = to->child; c != NULL && s->choice != 0; c = c->next)
		if (c->schema->choice == s->choice && c->schema->branch != s->branch &&
		    (base == NULL || place_partner(base, c) == NULL))
			return c;
	return NULL;
}

/* I have added Y. */
static void
new_merge(struct merge *m, struct node *to, const struct node *base, const struct node *y)
{
	struct node *x = place_partner(to, y);
	if (x != NULL) {
		node_merge(m, x, NULL, y);
		return;
	}
	if (rival(to, base, y) != NULL) {
		conflict(m, y, "a statement that excludes it was committed meanwhile");
		if (!m->mine_wins)
			return;
	}
	node_del_excluded(m->t, to, y->schema);
	x = node_copy(m->t, to, y, NULL);
	if (x != NULL && y->schema->is_ordered_by_user)
		entry_place(m, to, x, y);
}

/* TO, BASE and MINE are the same statement; BASE may be NULL: both have added it. */
static void
node_merge(struct merge *m, struct node *to, const struct node *base, const struct node *mine)
{
	own_merge(m, to, base, mine);
	for (const struct node *b = base != NULL ? base->child : NULL; b != NULL; b = b->next)
		old_merge(m, to, mine, b);
	for (const struct node *y = mine->child; y != NULL; y = y->next)
		if (base == NULL || place_partner(base, y) == NULL)
			new_merge(m, to, base, y);
	for (const struct node *y = mine->child; base != NULL && y != NULL; y = y->next)
		if (y->schema->is_ordered_by_user &&
		    (y->prev == NULL || y->prev->schema != y->schema))
			order_merge(m, to, base, y);
}

bool
tree_merge(struct tree *t, const struct tree *base, const struct tree *mine, bool mine_wins,
    struct report *r)
{
	struct merge m = { .t = t, .mine_wins = mine_wins, .r = r };
	node_merge(&m, tree_root(t), tree_root(base), tree_root(mine));
	return !m.has_conflict;
}
