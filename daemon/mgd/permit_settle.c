/* SPDX-License-Identifier: BSD-2-Clause
 *
 * permit_settle.c - undoes what a user may not change.
 *
 * Two trees are walked side by side: what was and what came out, by whatever command or format. Each difference is judged where it
 * stands. A container or entry that may not be changed by itself may still hold something that may, so it is judged last: it
 * stays if something below it does. Recursion is as deep as the schema.
 */
#include "daemon/mgd/permit_place.h"

#include <string.h>

#include "lib/base/report.h"
#include "lib/junos/nine.h"
#include "lib/junos/place.h"
#include "lib/junos/tree.h"

struct settle {
	struct place_walk w;
	struct tree *t;
	struct report *r;
	size_t n_denied;
};

static bool
is_leaf(const struct node *n)
{
	return n->schema->kind == SNODE_LEAF || n->schema->kind == SNODE_LEAFLIST;
}

static bool
may_write(struct settle *s, const struct node *n)
{
	bool is_apply = n->schema->role == SNODE_APPLY || n->schema->role == SNODE_APPLY_EXCEPT;
	if (is_apply && !permit_all_below(s->w.p, n->schema->parent))
		return false;
	return place_allows(&s->w, n->schema, PERMIT_WRITE) &&
	       (!n->schema->is_secret || permit_secret(s->w.p, PERMIT_WRITE));
}

/* Reports that N, the place of the walk, is not for this user. What he cannot even see is not spoken of. */
static void
deny(struct settle *s, const struct node *n)
{
	struct text edit = { 0 };
	struct text statement = { 0 };
	s->n_denied++;
	if (!place_allows(&s->w, n->schema, PERMIT_READ))
		text_put(&statement, n->schema->name);
	else if (is_leaf(n))
		text_put(&statement, n->schema->name);
	else
		node_statement(n, &statement);
	node_edit_path(n->parent, &edit);
	struct report_line line = { .class = REPORT_INVALID,
		.is_error = true,
		.edit = edit.s != NULL ? edit.s : (char[]){ "" },
		.statement = statement.s,
		.message = (char[]){ "permission denied" } };
	report_add(s->r, &line);
	text_done(&edit);
	text_done(&statement);
}

/* --- what is gone --- */

static bool holds_denied(struct settle *s, const struct node *old);

/* Would something of OLD, the place of the walk, have to stay? A secret goes with what holds it. */
static bool
must_stay(struct settle *s, const struct node *old)
{
	bool is_apply = old->schema->role == SNODE_APPLY || old->schema->role == SNODE_APPLY_EXCEPT;
	if (is_apply)
		return !may_write(s, old);
	if (old->child == NULL || node_any(old) != NULL)
		return !place_allows(&s->w, old->schema, PERMIT_WRITE);
	return holds_denied(s, old);
}

static bool
holds_denied(struct settle *s, const struct node *old)
{
	for (const struct node *c = old->child; c != NULL; c = c->next) {
		struct place_mark mark = place_enter(&s->w, c);
		bool stays = must_stay(s, c);
		place_leave(&s->w, &mark);
		if (stays)
			return true;
	}
	return false;
}

/* May anything of OLD, the place of the walk, go? */
static bool
may_go(struct settle *s, const struct node *old)
{
	if (old->child == NULL || node_any(old) != NULL)
		return place_allows(&s->w, old->schema, PERMIT_WRITE);
	for (const struct node *c = old->child; c != NULL; c = c->next) {
		struct place_mark mark = place_enter(&s->w, c);
		bool goes = may_go(s, c);
		place_leave(&s->w, &mark);
		if (goes)
			return true;
	}
	return false;
}

static struct node *
add_like(struct settle *s, struct node *parent, const struct node *old)
{
	const struct snode *schema = old->schema;
	if (schema->kind == SNODE_CONTAINER)
		return node_add(s->t, parent, schema);
	const char *keys[PLACE_KEYS_MAX] = { old->value };
	for (size_t i = 1; i < schema->n_keys; i++)
		keys[i] = old->more_keys[i - 1];
	return node_add_entry(s->t, parent, schema, keys);
}

static void
marks_copy(struct settle *s, struct node *n, const struct node *from)
{
	n->is_inactive = from->is_inactive;
	n->is_protected = from->is_protected;
	node_set_comment(s->t, n, from->comment);
}

/* Where the entry N stood: after the nearest one before it that is still there. */
static void
entry_replace(struct settle *s, struct node *n, const struct node *old)
{
	if (!n->schema->is_ordered_by_user)
		return;
	for (const struct node *p = old->prev; p != NULL && p->schema == old->schema; p = p->prev) {
		struct node *partner = place_partner(n->parent, p);
		if (partner != NULL) {
			node_move(s->t, n, partner, true);
			return;
		}
	}
	struct node *first = node_first_of(n->parent, n->schema);
	if (first != n)
		node_move(s->t, n, first, false);
}

/* Puts back below PARENT what of OLD, the place of the walk, may not go. */
static void
gone_settle(struct settle *s, struct node *parent, const struct node *old)
{
	if (old->child == NULL || !may_go(s, old)) {
		node_del_excluded(s->t, parent, old->schema);
		struct node *n = node_copy(s->t, parent, old, NULL);
		if (n == NULL)
			return;
		entry_replace(s, n, old);
		if (place_allows(&s->w, old->schema, PERMIT_READ))
			deny(s, n);
		return;
	}
	struct node *n = add_like(s, parent, old);
	marks_copy(s, n, old);
	entry_replace(s, n, old);
	for (const struct node *c = old->child; c != NULL; c = c->next) {
		struct place_mark mark = place_enter(&s->w, c);
		if (must_stay(s, c))
			gone_settle(s, n, c);
		place_leave(&s->w, &mark);
	}
}

/* --- what is new or different --- */

static bool
text_same(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

/* Whether a secret that is written in another way is the same is for those to know who may see it: others could guess. */
static bool
value_same(const struct settle *s, const struct node *a, const struct node *b)
{
	return text_same(a->value, b->value) ||
	       (a->schema->is_secret && a->value != NULL && b->value != NULL &&
		   permit_secret(s->w.p, PERMIT_READ) && nine_same(a->value, b->value));
}

static void
leaf_settle(struct settle *s, const struct node *old, struct node *n)
{
	bool marks = old != NULL && old->is_inactive == n->is_inactive &&
		     old->is_protected == n->is_protected && text_same(old->comment, n->comment);
	bool same = old != NULL && value_same(s, old, n);
	if ((marks && same) || may_write(s, n))
		return;
	deny(s, n);
	if (old == NULL) {
		node_del(s->t, n);
		return;
	}
	if (!same)
		n = node_set_leaf(s->t, n->parent, n->schema, old->value);
	marks_copy(s, n, old);
}

/* True if the entries of N's list that both have stand in the same order. */
static bool
order_same(const struct node *old, const struct node *first)
{
	const struct node *at = node_first_of(old, first->schema);
	for (const struct node *n = first; n != NULL && n->schema == first->schema; n = n->next) {
		const struct node *was = place_partner(old, n);
		if (was == NULL)
			continue;
		while (at != NULL && at->schema == first->schema && at != was)
			at = at->next;
		if (at != was)
			return false;
	}
	return true;
}

/* A list that the user orders is put back into order if he may not touch one of its entries. */
static void
order_settle(struct settle *s, const struct node *old, struct node *first)
{
	const struct node *closed = NULL;
	for (const struct node *n = first; n != NULL && n->schema == first->schema; n = n->next) {
		struct place_mark mark = place_enter(&s->w, n);
		bool may = place_allows(&s->w, n->schema, PERMIT_WRITE);
		place_leave(&s->w, &mark);
		if (!may)
			closed = n;
	}
	if (closed == NULL || order_same(old, first))
		return;
	struct place_mark mark = place_enter(&s->w, closed);
	deny(s, closed);
	place_leave(&s->w, &mark);
	struct node *parent = first->parent;
	struct node *prev = NULL;
	const struct snode *list = first->schema;
	for (const struct node *o = node_first_of(old, list); o != NULL && o->schema == list;
	     o = o->next) {
		struct node *n = place_partner(parent, o);
		if (n == NULL)
			continue;
		if (prev != NULL)
			node_move(s->t, n, prev, true);
		else if (node_first_of(parent, list) != n)
			node_move(s->t, n, node_first_of(parent, list), false);
		prev = n;
	}
}

static void level_settle(struct settle *s, const struct node *old, struct node *now);

/* A container or entry: what it is by itself, and what is below it. */
static void
block_settle(struct settle *s, const struct node *old, struct node *n)
{
	bool may = place_allows(&s->w, n->schema, PERMIT_WRITE);
	size_t before = s->n_denied;
	level_settle(s, old, n);
	/* who switches a block off switches off what is closed in it */
	bool is_switched = old != NULL && old->is_inactive != n->is_inactive;
	if (may && is_switched)
		may = !holds_denied(s, n) && !holds_denied(s, old);
	if (may)
		return;
	bool has_own =
	    n->is_inactive || n->is_protected || n->comment != NULL || node_any(n) != NULL;
	if (old == NULL) {
		if (n->child != NULL && !has_own)
			return; /* it only leads to what may be changed */
		if (s->n_denied == before)
			deny(s, n);
		if (n->child == NULL) {
			node_del(s->t, n);
			return;
		}
		n->is_inactive = n->is_protected = false;
		node_set_comment(s->t, n, NULL);
		return;
	}
	bool same = old->is_inactive == n->is_inactive && old->is_protected == n->is_protected &&
		    text_same(old->comment, n->comment) && text_same(node_any(old), node_any(n));
	if (same)
		return;
	deny(s, n);
	marks_copy(s, n, old);
	if (n->schema->is_any)
		node_set_any(s->t, n, node_any(old));
}

/* OLD is NULL where NOW is new. */
static void
level_settle(struct settle *s, const struct node *old, struct node *now)
{
	struct node *next;
	for (struct node *n = now->child; n != NULL; n = next) {
		next = n->next;
		struct place_mark mark = place_enter(&s->w, n);
		const struct node *was = old != NULL ? place_partner(old, n) : NULL;
		if (is_leaf(n))
			leaf_settle(s, was, n);
		else
			block_settle(s, was, n);
		place_leave(&s->w, &mark);
	}
	for (const struct node *o = old != NULL ? old->child : NULL; o != NULL; o = o->next) {
		if (place_partner(now, o) != NULL)
			continue;
		struct place_mark mark = place_enter(&s->w, o);
		if (must_stay(s, o) || (o->schema->is_secret && !may_write(s, o)))
			gone_settle(s, now, o);
		place_leave(&s->w, &mark);
	}
	for (struct node *n = old != NULL ? now->child : NULL; n != NULL; n = n->next)
		if (n->schema->is_ordered_by_user &&
		    (n->prev == NULL || n->prev->schema != n->schema))
			order_settle(s, old, n);
}

bool
permit_settle(
    const struct permit *p, const struct tree *before, struct tree *after, struct report *r)
{
	if (permit_is_all(p))
		return true;
	struct settle s = { .w = { .p = p }, .t = after, .r = r };
	const struct node *old = tree_root(before);
	struct node *now = tree_root(after);
	level_settle(&s, old, now);
	place_done(&s.w);
	return s.n_denied == 0;
}
