/* SPDX-License-Identifier: BSD-2-Clause
 *
 * compare.c - the difference of two trees as `show | compare` prints it.
 *
 * Both trees are walked side by side in canonical order; entries are paired by name through the index, so
 * the walk is linear; what is the same at the beginning of a level is passed over quickly. What is new or gone prints whole under the [edit] place it stands in: leaves two
 * columns behind the sign, blocks four. Secrets are compared in clear, because their $9$ form varies.
 * Recursion is as deep as the schema.
 */
#include "lib/junos/load.h"

#include "lib/base/text.h"
#include "lib/junos/index.h"
#include "lib/junos/nine.h"
#include "lib/junos/place.h"
#include "lib/junos/print.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct diff {
	struct text *out;
	const struct node *at;       /* the place printed last, NULL = none */
	const struct snode *at_list; /* ... or this grouped list below it */
	struct text scratch;
};

/* --- equality --- */

static bool
value_same(const struct snode *s, const char *a, const char *b)
{
	if (a == NULL || b == NULL || a == b)
		return a == b;
	return strcmp(a, b) == 0 || (s->is_secret && nine_same(a, b));
}

/* True if both are hidden, and not the same. */
static bool
is_other_secret(const struct node *a, const struct node *b)
{
	return b->schema->is_secret && a->is_changed != b->is_changed;
}

static bool
comment_same(const struct node *a, const struct node *b)
{
	if (a->comment == NULL || b->comment == NULL)
		return a->comment == b->comment;
	return strcmp(a->comment, b->comment) == 0;
}

static bool
any_same(const struct node *a, const struct node *b)
{
	if (!a->schema->is_any)
		return true;
	const char *x = node_any(a);
	const char *y = node_any(b);
	return strcmp(x ? x : "", y ? y : "") == 0;
}

bool
node_same(const struct node *a, const struct node *b)
{
	const struct snode *s = a->schema;
	if (s != b->schema || a->is_inactive != b->is_inactive ||
	    a->is_protected != b->is_protected || !comment_same(a, b) || !any_same(a, b))
		return false;
	if (!s->is_any && s->kind != SNODE_CONTAINER && !value_same(s, a->value, b->value))
		return false;
	if (is_other_secret(a, b))
		return false;
	for (size_t i = 1; s->kind == SNODE_LIST && i < s->n_keys; i++)
		if (strcmp(a->more_keys[i - 1], b->more_keys[i - 1]) != 0)
			return false;
	const struct node *x = a->child;
	const struct node *y = b->child;
	for (; x != NULL && y != NULL; x = x->next, y = y->next)
		if (!node_same(x, y))
			return false;
	return x == NULL && y == NULL;
}

/* The node of PARENT that N is to be compared with, or NULL. HINT (may be NULL) is looked at first: in trees that
 * hardly differ, the sibling after the last partner is the next. */
static const struct node *
partner(const struct node *parent, const struct node *n, const struct node *hint)
{
	struct index_key k = index_key_of(n);
	if (hint != NULL && index_key_is(&k, hint))
		return hint;
	const char *keys[PLACE_KEYS_MAX] = { n->value };
	const struct snode *s = n->schema;
	if (s->kind == SNODE_LEAFLIST)
		return node_value(parent, s, n->value);
	if (s->kind != SNODE_LIST)
		return node_child(parent, s);
	for (size_t i = 1; i < s->n_keys; i++)
		keys[i] = n->more_keys[i - 1];
	return node_entry(parent, s, keys);
}

/* --- lines --- */

static void
place_put(struct diff *d, const struct node *parent, const struct snode *list)
{
	/* `family` has no braces of its own: its children stand in the block around it */
	if (parent->schema->is_joined)
		parent = parent->parent;
	if (d->at == parent && d->at_list == list)
		return;
	d->at = parent;
	d->at_list = list;
	text_put(d->out, "[edit");
	if (parent->parent != NULL)
		text_putc(d->out, ' ');
	node_edit_path(parent, d->out);
	if (list != NULL)
		text_printf(d->out, " %s", list->name);
	text_put(d->out, "]\n");
}

/* Writes the lines of d->scratch behind SIGN. */
static void
lines_put(struct diff *d, char sign, bool is_block)
{
	for (const char *p = text_str(&d->scratch); *p != '\0';) {
		size_t n = strcspn(p, "\n");
		text_putc(d->out, sign);
		text_fill(d->out, ' ', is_block ? 4 : 2);
		text_putn(d->out, p, n);
		text_putc(d->out, '\n');
		p += n + (p[n] == '\n');
	}
	text_reset(&d->scratch);
}

static bool
is_block(const struct node *n)
{
	return n->schema->kind == SNODE_CONTAINER || n->schema->kind == SNODE_LIST;
}

static void
node_put(struct diff *d, char sign, const struct node *n)
{
	/* below the place of a grouped list its word is not repeated */
	if (n->schema->is_grouped && n->schema->kind == SNODE_LIST)
		print_group_entry(n, 0, &d->scratch);
	else
		print_text(n, 0, &d->scratch);
	lines_put(d, sign, is_block(n));
}

static void
run_put(struct diff *d, char sign, const struct node *first)
{
	print_run(first, 0, &d->scratch);
	lines_put(d, sign, is_block(first));
}

/* `     term x { ... }`: a statement that is only mentioned. */
static void
mention_put(struct diff *d, char sign, const char *tag, const struct node *n)
{
	text_printf(d->out, "%c    %s", sign, tag);
	if (n->parent->schema->is_joined)
		text_printf(d->out, "%s ", n->parent->schema->name);
	struct text t = { 0 };
	node_statement(n, &t);
	/* below the place of a grouped list its word is not repeated */
	bool is_grouped = n->schema->is_grouped && n->schema->kind == SNODE_LIST;
	text_put(d->out, text_str(&t) + (is_grouped ? strlen(n->schema->name) + 1 : 0));
	text_done(&t);
	text_put(d->out, n->child != NULL || node_any(n) != NULL ? " { ... }\n" : ";\n");
}

static void
marks_compare(struct diff *d, const struct node *a, const struct node *b)
{
	const struct snode *list =
	    b->schema->is_grouped && b->schema->kind == SNODE_LIST ? b->schema : NULL;
	if (a->is_inactive != b->is_inactive) {
		place_put(d, b->parent, list);
		mention_put(d, '!', b->is_inactive ? "inactive: " : "active: ", b);
	}
	if (a->is_protected != b->is_protected) {
		place_put(d, b->parent, list);
		mention_put(d, '!', b->is_protected ? "protect: " : "unprotect: ", b);
	}
	if (comment_same(a, b))
		return;
	place_put(d, b->parent, list);
	print_comment(a->comment, 0, &d->scratch);
	lines_put(d, '-', true);
	print_comment(b->comment, 0, &d->scratch);
	lines_put(d, '+', true);
	mention_put(d, ' ', "", b);
}

/* --- one statement --- */

static void
leaf_compare(struct diff *d, const struct node *a, const struct node *b)
{
	if (value_same(b->schema, a->value, b->value) && !is_other_secret(a, b)) {
		marks_compare(d, a, b);
		return;
	}
	place_put(d, b->parent, NULL);
	node_put(d, '-', a);
	node_put(d, '+', b);
}

static void
leaflist_compare(struct diff *d, const struct node *a, const struct node *b)
{
	const struct snode *s = b->schema;
	const struct node *x = a;
	const struct node *y = b;
	while (x != NULL && y != NULL && x->schema == s && y->schema == s && node_same(x, y)) {
		x = x->next;
		y = y->next;
	}
	if ((x == NULL || x->schema != s) && (y == NULL || y->schema != s))
		return;
	place_put(d, b->parent, NULL);
	run_put(d, '-', a);
	run_put(d, '+', b);
}

/* Statements that print on one line are one thing: a change in them is shown whole. */
static bool
is_whole(const struct node *n)
{
	return n->schema->is_any || n->schema->is_oneliner;
}

static void
block_compare(struct diff *d, const struct node *a, const struct node *b)
{
	if (!is_whole(b)) {
		marks_compare(d, a, b);
	} else if (!node_same(a, b)) {
		place_put(d, b->parent, b->schema->is_grouped ? b->schema : NULL);
		node_put(d, '-', a);
		node_put(d, '+', b);
	}
}

/* --- lists --- */

struct rank {
	const struct node *node;
	size_t rank;
};

static int
rank_order(const void *x, const void *y)
{
	uintptr_t a = (uintptr_t)((const struct rank *)x)->node;
	uintptr_t b = (uintptr_t)((const struct rank *)y)->node;
	return a < b ? -1 : a > b;
}

/* True if those entries that both lists have stand in the same order. */
static bool
order_same(const struct node *a, const struct node *b)
{
	const struct snode *s = b->schema;
	const struct node *x = a;
	for (const struct node *y = b; y != NULL && y->schema == s; y = y->next) {
		const struct node *p = partner(a->parent, y, x);
		if (p == NULL)
			continue;
		while (x != p && x != NULL && x->schema == s && partner(b->parent, x, y) == NULL)
			x = x->next;
		if (x != p)
			return false;
		x = x->next;
	}
	return true;
}

/* Mentions the entries that stand behind one they stood before, each after the entry that is now before it, and what is new
 * behind them: whoever carries this out line by line gets the new order. */
static void
moves_put(struct diff *d, const struct node *a, const struct node *b)
{
	const struct snode *s = b->schema;
	size_t n = 0;
	for (const struct node *x = a; x != NULL && x->schema == s; x = x->next)
		n++;
	struct rank *ranks = calloc(n, sizeof(*ranks));
	if (ranks == NULL)
		abort();
	n = 0;
	for (const struct node *x = a; x != NULL && x->schema == s; x = x->next, n++)
		ranks[n] = (struct rank){ x, n };
	qsort(ranks, n, sizeof(*ranks), rank_order);
	size_t highest = 0;
	bool was_moved = false;
	for (const struct node *y = b; y != NULL && y->schema == s; y = y->next) {
		struct rank key = { .node = partner(a->parent, y, NULL) };
		const struct rank *r =
		    key.node ? bsearch(&key, ranks, n, sizeof(*ranks), rank_order) : NULL;
		bool is_moved = r != NULL ? r->rank < highest : was_moved;
		if (is_moved) {
			place_put(d, b->parent, s->is_grouped ? s : NULL);
			if (!was_moved)
				mention_put(d, ' ', "", y->prev);
			mention_put(d, '!', "", y);
		} else if (r != NULL) {
			highest = r->rank;
		}
		was_moved = is_moved;
	}
	free(ranks);
}

static void
list_compare(struct diff *d, const struct node *a, const struct node *b)
{
	const struct snode *s = b->schema;
	const struct snode *place = s->is_grouped ? s : NULL;
	const struct node *hint = b;
	for (const struct node *x = a; x != NULL && x->schema == s; x = x->next) {
		const struct node *now = partner(b->parent, x, hint);
		hint = now ? now->next : hint;
		if (now == NULL) {
			place_put(d, b->parent, place);
			node_put(d, '-', x);
		}
	}
	const struct node *mentioned = NULL;
	hint = a;
	for (const struct node *y = b; y != NULL && y->schema == s; y = y->next) {
		const struct node *old = partner(a->parent, y, hint);
		if (old != NULL) {
			hint = old->next;
			block_compare(d, old, y);
			continue;
		}
		place_put(d, b->parent, place);
		const struct node *prev = y->prev && y->prev->schema == s ? y->prev : NULL;
		const struct node *next = y->next && y->next->schema == s ? y->next : NULL;
		if (s->is_ordered_by_user && prev != NULL && prev != mentioned &&
		    partner(a->parent, prev, NULL) != NULL)
			mention_put(d, ' ', "", prev);
		node_put(d, '+', y);
		if (s->is_ordered_by_user && next != NULL &&
		    partner(a->parent, next, hint) != NULL) {
			mention_put(d, ' ', "", next);
			mentioned = next;
		}
	}
	if (s->is_ordered_by_user && !order_same(a, b))
		moves_put(d, a, b);
}

/* --- one level --- */

static const struct node *
run_skip(const struct node *n, const struct snode *s)
{
	while (n != NULL && n->schema == s)
		n = n->next;
	return n;
}

/* Compares the runs of one statement, of which one may be missing. */
static void
run_compare(struct diff *d, const struct node *a, const struct node *to, const struct node *b)
{
	if (a == NULL || b == NULL) {
		place_put(d, to, NULL);
		if (to->schema->is_joined)
			node_put(d, a ? '-' : '+', a ? a : b);
		else
			run_put(d, a ? '-' : '+', a ? a : b);
		return;
	}
	switch (b->schema->kind) {
	case SNODE_LEAF:
		leaf_compare(d, a, b);
		break;
	case SNODE_LEAFLIST:
		leaflist_compare(d, a, b);
		break;
	case SNODE_CONTAINER:
		block_compare(d, a, b);
		break;
	case SNODE_LIST:
		list_compare(d, a, b);
		break;
	}
}

/* Moves A and B, first children of two nodes, behind what is the same in both. A list or leaf-list whose rest is not there in
 * both is left with entries on both sides, because one that shrinks is not one that goes; values print together. */
static void
same_skip(const struct node **a, const struct node **b)
{
	const struct node *x = *a;
	const struct node *y = *b;
	const struct node *last_x = NULL;
	const struct node *last_y = NULL;
	for (; x != NULL && y != NULL && node_same(x, y); x = x->next, y = y->next) {
		last_x = x;
		last_y = y;
	}
	const struct snode *s = last_x != NULL ? last_x->schema : NULL;
	bool in_x = x != NULL && x->schema == s;
	bool in_y = y != NULL && y->schema == s;
	bool is_values = s != NULL && s->kind == SNODE_LEAFLIST;
	if (in_x != in_y || (in_x && is_values)) {
		x = last_x;
		y = last_y;
		while (is_values && x->prev != NULL && x->prev->schema == s) {
			x = x->prev;
			y = y->prev;
		}
	}
	*a = x;
	*b = y;
}

static void
level_compare(struct diff *d, const struct node *from, const struct node *to)
{
	const struct snode *s = to->schema;
	const struct node *a = from->child;
	const struct node *b = to->child;
	same_skip(&a, &b);
	const struct node *hint = a;
	const struct node *rest = b;
	for (size_t i = 0; i < s->n_children && (a != NULL || b != NULL); i++) {
		const struct snode *c = s->children[i];
		bool in_a = a != NULL && a->schema == c;
		bool in_b = b != NULL && b->schema == c;
		if (in_a || in_b)
			run_compare(d, in_a ? a : NULL, to, in_b ? b : NULL);
		a = in_a ? run_skip(a, c) : a;
		b = in_b ? run_skip(b, c) : b;
	}
	for (b = rest; b != NULL; b = b->next) {
		const struct node *old = partner(from, b, hint);
		if (old == NULL)
			continue;
		hint = old->next;
		if (is_block(b) && !is_whole(b))
			level_compare(d, old, b);
	}
}

void
print_compare(const struct tree *from, const struct tree *to, struct text *out)
{
	struct diff d = { .out = out };
	const struct node *a = tree_root(from);
	const struct node *b = tree_root(to);
	level_compare(&d, a, b);
	if (!comment_same(a, b)) {
		place_put(&d, b, NULL);
		print_comment(a->comment, 0, &d.scratch);
		lines_put(&d, '-', false);
		print_comment(b->comment, 0, &d.scratch);
		lines_put(&d, '+', false);
	}
	text_done(&d.scratch);
}

/* Compares the runs of one list or leaf-list that start with A and B, of which one may be NULL, and what is in them. */
static void
all_compare(struct diff *d, const struct node *a, const struct node *b)
{
	const struct snode *s = b != NULL ? b->schema : a->schema;
	run_compare(d, a, b != NULL ? b->parent : a->parent, b);
	for (; a != NULL && b != NULL && b->schema == s; b = b->next) {
		const struct node *old = is_block(b) ? partner(a->parent, b, NULL) : NULL;
		if (old != NULL && !is_whole(b))
			level_compare(d, old, b);
	}
}

static void
node_compare(struct diff *d, const struct node *a, const struct node *b)
{
	const struct node *n = b != NULL ? b : a;
	bool is_grouped = n->schema->is_grouped && n->schema->kind == SNODE_LIST;
	if (a == NULL || b == NULL) {
		place_put(d, n->parent, is_grouped ? n->schema : NULL);
		node_put(d, a != NULL ? '-' : '+', n);
	} else if (n->schema->kind == SNODE_LEAF) {
		leaf_compare(d, a, b);
	} else if (is_block(b) && is_whole(b)) {
		block_compare(d, a, b);
	} else {
		level_compare(d, a, b);
	}
}

void
print_compare_at(const struct tree *from, const struct tree *to, const char *const *words, size_t n,
    struct text *out)
{
	struct diff d = { .out = out };
	if (n == 0) {
		print_compare(from, to, out);
		return;
	}
	struct place a = place_find(tree_root(from), words, n);
	struct place b = place_find(tree_root(to), words, n);
	if (a.kind == PLACE_ALL || b.kind == PLACE_ALL)
		all_compare(&d, a.kind == PLACE_ALL ? node_first_of(a.parent, a.schema) : NULL,
		    b.kind == PLACE_ALL ? node_first_of(b.parent, b.schema) : NULL);
	else if (a.kind == PLACE_NODE || b.kind == PLACE_NODE)
		node_compare(
		    &d, a.kind == PLACE_NODE ? a.node : NULL, b.kind == PLACE_NODE ? b.node : NULL);
	text_done(&d.scratch);
}
