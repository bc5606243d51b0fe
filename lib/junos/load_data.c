/* SPDX-License-Identifier: BSD-2-Clause
 *
 * load_data.c - items (from XML or JSON) carried out on a configuration tree.
 *
 * An item that the schema knows becomes the words of one statement and goes the road that curly text goes
 * (stmt_run), so that values, secrets, choices, protection and messages are the same for every format. What is left
 * here is what text has no words for: delete, rename, insert, and the operations of NETCONF. Recursion is as deep
 * as the schema; what is kept as text is rendered to a bounded depth.
 */
#include "lib/junos/item.h"
#include "lib/junos/loader.h"
#include "lib/junos/place.h"
#include "lib/junos/quote.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { ANY_DEPTH_MAX = 32, CANON_SIZE = 1024 };

struct data {
	struct loader l;
};

static struct word
place_of(const struct item *i)
{
	return (struct word){
		.line = i->line, .column = i->column, .kind = LEX_WORD, .is_quoted = true
	};
}

static void
say(struct data *d, enum report_class class, const struct item *i, const struct node *place,
    const char *statement, const char *message)
{
	struct word w = place_of(i);
	loader_say(&d->l, class, class != REPORT_WARNING, &w, place, statement, message);
}

static void
word_add(struct data *d, const struct item *i, const char *s, bool is_quoted)
{
	struct word w = place_of(i);
	w.is_quoted = is_quoted;
	loader_push(&d->l, s, strlen(s), &w);
}

static const struct item *
child_called(const struct item *i, const char *name)
{
	const struct item *c = i->child;
	while (c != NULL && strcmp(c->name, name) != 0)
		c = c->next;
	return c;
}

static bool
is_deletion(const struct item *i)
{
	return (i->marks & (ITEM_DELETE | ITEM_OP_DELETE | ITEM_OP_REMOVE)) != 0;
}

static bool
is_key_of(const struct snode *list, const char *name)
{
	for (size_t i = 0; list->kind == SNODE_LIST && i < list->n_keys; i++)
		if (strcmp(list->keys[i]->name, name) == 0)
			return true;
	return false;
}

/* --- one item as words --- */

/* Puts the words of the keys. Returns false if one is missing; *HAS_ANY tells whether some are there. */
static bool
keys_put(struct data *d, const struct snode *list, const struct item *i, bool *has_any)
{
	bool ok = true;
	*has_any = false;
	for (size_t k = 0; k < list->n_keys; k++) {
		const struct item *key = child_called(i, list->keys[k]->name);
		if (key == NULL || key->value == NULL) {
			ok = false;
			continue;
		}
		*has_any = true;
		if (list->is_key_keyword)
			word_add(d, key, list->keys[k]->name, false);
		word_add(d, key, key->value, true);
	}
	return ok;
}

/* Makes the words of the statement for I; false if it makes none (and that was said). */
static bool
words_make(struct data *d, const struct node *parent, const struct snode *s, const struct item *i)
{
	struct loader *l = &d->l;
	l->n_words = 0;
	text_reset(&l->buf);
	l->end_line = i->line;
	l->end_column = i->column;
	bool is_bare = s->kind == SNODE_LIST && s->is_nokeyword;
	if (!is_bare)
		word_add(d, i, s->name, false);
	bool has_key;
	if (s->kind == SNODE_LIST) {
		if (keys_put(d, s, i, &has_key))
			return true;
		say(d, REPORT_SYNTAX, i, parent, s->name, "missing argument");
		return false;
	}
	if (s->kind == SNODE_CONTAINER) {
		if (i->value == NULL || i->value[0] == '\0' || s->is_any)
			return true;
		say(d, REPORT_SYNTAX, i, parent, s->name, "syntax error");
		return false;
	}
	if (i->child != NULL) {
		say(d, REPORT_SYNTAX, i->child, parent, i->child->name, "syntax error");
		return false;
	}
	if (s->is_empty) {
		bool is_flag =
		    i->value == NULL || i->value[0] == '\0' || strcmp(i->value, "true") == 0;
		if (!is_flag)
			say(d, REPORT_SYNTAX, i, parent, i->value, "syntax error");
		return is_flag;
	}
	if (i->value == NULL) {
		say(d, REPORT_SYNTAX, i, parent, s->name, "missing argument");
		return false;
	}
	word_add(d, i, i->value, true);
	return true;
}

static unsigned
tags_of(struct data *d, const struct item *i, const struct item *before)
{
	unsigned tags = 0;
	if ((i->marks & ITEM_INACTIVE) != 0)
		tags |= TAG_INACTIVE;
	if ((i->marks & ITEM_ACTIVE) != 0)
		tags |= TAG_ACTIVE;
	if ((i->marks & ITEM_PROTECT) != 0)
		tags |= TAG_PROTECT;
	if ((i->marks & ITEM_UNPROTECT) != 0)
		tags |= TAG_UNPROTECT;
	/* all values of one leaf-list carry the mark, but only the first clears it */
	bool is_more = before != NULL && strcmp(before->name, i->name) == 0 && i->child == NULL &&
		       (before->marks & (ITEM_REPLACE | ITEM_OP_REPLACE)) != 0;
	bool is_replaced = (i->marks & ITEM_OP_REPLACE) != 0 ||
			   ((i->marks & ITEM_REPLACE) != 0 && d->l.action == LOAD_REPLACE);
	if (is_replaced && !is_more)
		tags |= TAG_REPLACE;
	return tags;
}

/* --- what is there already --- */

/* Returns the node that I speaks of below PARENT, or NULL. */
static struct node *
item_find(struct node *parent, const struct snode *s, const struct item *i)
{
	static _Thread_local char canon[PLACE_KEYS_MAX][CANON_SIZE];
	const char *keys[PLACE_KEYS_MAX] = { 0 };
	char err[256];
	size_t n = s->kind == SNODE_LIST ? s->n_keys : s->kind == SNODE_LEAFLIST ? 1 : 0;
	for (size_t k = 0; k < n; k++) {
		const struct item *key =
		    s->kind == SNODE_LIST ? child_called(i, s->keys[k]->name) : i;
		const char *value = key != NULL ? key->value : NULL;
		if (value == NULL)
			return NULL;
		keys[k] = place_value(s->kind == SNODE_LIST ? s->keys[k] : s, value, canon[k],
		    CANON_SIZE, err, sizeof(err));
		if (keys[k] == NULL)
			keys[k] = value;
	}
	if (s->kind == SNODE_LIST)
		return node_entry(parent, s, keys);
	if (s->kind == SNODE_LEAFLIST)
		return node_value(parent, s, keys[0]);
	return node_child(parent, s);
}

static bool
is_protected(struct data *d, const struct item *i, const struct node *n)
{
	for (const struct node *p = n; p != NULL; p = p->parent) {
		if (!p->is_protected)
			continue;
		char message[512];
		struct text t = { 0 };
		node_edit_path(p, &t);
		snprintf(message, sizeof(message), "[%s] is protected, '%s' cannot be modified",
		    text_str(&t), n->schema->name);
		text_done(&t);
		say(d, REPORT_WARNING, i, NULL, NULL, message);
		return true;
	}
	return false;
}

static void
item_delete(struct data *d, struct node *parent, const struct snode *s, const struct item *i)
{
	bool has_key = i->value != NULL && i->value[0] != '\0';
	if (s->kind == SNODE_LIST) {
		has_key = false;
		for (size_t k = 0; k < s->n_keys; k++)
			has_key = has_key || child_called(i, s->keys[k]->name) != NULL;
	}
	bool is_all = (s->kind == SNODE_LIST || s->kind == SNODE_LEAFLIST) && !has_key;
	struct node *n = is_all ? node_first_of(parent, s) : item_find(parent, s, i);
	if (n == NULL) {
		if ((i->marks & ITEM_OP_REMOVE) == 0)
			say(d, (i->marks & ITEM_OP_DELETE) != 0 ? REPORT_INVALID : REPORT_WARNING,
			    i, parent, s->name, "statement not found");
		return;
	}
	while (n != NULL && !is_protected(d, i, n)) {
		node_del(d->l.t, n);
		n = is_all ? node_first_of(parent, s) : NULL;
	}
}

/* --- rename and insert --- */

static void
item_rename(struct data *d, struct node *n, const struct item *i)
{
	const struct snode *s = n->schema;
	const struct snode *leaf = s->kind == SNODE_LIST ? s->keys[0] : s;
	const char *keys[PLACE_KEYS_MAX] = { 0 };
	char canon[CANON_SIZE];
	char err[512];
	keys[0] = place_value(leaf, i->ref, canon, sizeof(canon), err, sizeof(err));
	for (size_t k = 1; s->kind == SNODE_LIST && k < s->n_keys; k++)
		keys[k] = n->more_keys[k - 1];
	if (keys[0] == NULL)
		say(d, REPORT_INVALID, i, n->parent, i->ref, err);
	else if (!node_rename(d->l.t, n, keys))
		say(d, REPORT_INVALID, i, n->parent, i->ref, "target already exists");
}

static void
item_insert(struct data *d, struct node *n, const struct item *i)
{
	struct node *parent = n->parent;
	const struct snode *s = n->schema;
	struct node *to = (i->marks & ITEM_FIRST) != 0  ? node_first_of(parent, s)
			  : (i->marks & ITEM_LAST) != 0 ? node_last_of(parent, s)
							: NULL;
	if (to == NULL && i->ref != NULL) {
		char canon[CANON_SIZE];
		char err[512];
		const char *keys[PLACE_KEYS_MAX] = { 0 };
		const struct snode *leaf = s->kind == SNODE_LIST ? s->keys[0] : s;
		keys[0] = place_value(leaf, i->ref, canon, sizeof(canon), err, sizeof(err));
		if (keys[0] == NULL)
			keys[0] = i->ref;
		for (size_t k = 1; s->kind == SNODE_LIST && k < s->n_keys; k++)
			keys[k] = n->more_keys[k - 1];
		to = s->kind == SNODE_LIST ? node_entry(parent, s, keys)
					   : node_value(parent, s, keys[0]);
	}
	if (to == NULL)
		say(d, REPORT_INVALID, i, parent, i->ref, "statement not found");
	else
		node_move(d->l.t, n, to, (i->marks & (ITEM_AFTER | ITEM_LAST)) != 0);
}

/* Carries out what must hold before the statement is made. False: it must not be made. */
static bool
may_be_made(struct data *d, struct node *parent, const struct snode *s, const struct item *i)
{
	bool is_value = s->kind == SNODE_LIST || s->kind == SNODE_LEAFLIST;
	bool is_placed =
	    (i->marks & (ITEM_RENAME | ITEM_BEFORE | ITEM_AFTER | ITEM_FIRST | ITEM_LAST)) != 0;
	if (is_placed && !is_value) {
		say(d, REPORT_SYNTAX, i, parent, i->name, "not an entry of a list");
		return false;
	}
	bool is_there =
	    (i->marks & (ITEM_RENAME | ITEM_OP_CREATE)) != 0 && item_find(parent, s, i) != NULL;
	if ((i->marks & ITEM_OP_CREATE) != 0 && is_there) {
		say(d, REPORT_INVALID, i, parent, i->name, "statement already exists");
		return false;
	}
	if (s->asks_for != NULL) {
		say(d, REPORT_INVALID, i, parent, i->name, LOADER_ASKS);
		return false;
	}
	if ((i->marks & ITEM_RENAME) != 0 && (!is_there || i->ref == NULL)) {
		say(d, REPORT_INVALID, i, parent, i->name,
		    is_there ? "missing argument" : "statement not found");
		return false;
	}
	return true;
}

/* --- what is kept as text --- */

static void any_children(
    const struct item *i, const struct snode *keys_of, unsigned depth, struct text *out);

static void
any_statement(const struct item *i, unsigned depth, struct text *out)
{
	const struct item *name = child_called(i, "name");
	quote_put(out, i->name, false);
	if (name != NULL && name->value != NULL) {
		text_putc(out, ' ');
		quote_put(out, name->value, false);
	}
	if (i->value != NULL && i->value[0] != '\0') {
		text_putc(out, ' ');
		quote_put(out, i->value, false);
	}
	bool has_more = i->child != NULL && (i->child != name || i->child->next != NULL);
	if (has_more && depth < ANY_DEPTH_MAX) {
		text_put(out, " {\n");
		for (const struct item *c = i->child; c != NULL; c = c->next)
			if (c != name)
				any_statement(c, depth + 1, out);
		text_put(out, "}\n");
	} else {
		text_put(out, ";\n");
	}
}

static void
any_children(const struct item *i, const struct snode *keys_of, unsigned depth, struct text *out)
{
	for (const struct item *c = i->child; c != NULL; c = c->next) {
		/* JSON has no place for text but a member */
		bool is_text = strcmp(c->name, "text") == 0 && c->value != NULL &&
			       strchr(c->value, '\n') != NULL;
		if (is_text)
			text_put(out, c->value);
		else if (!is_key_of(keys_of, c->name) && (c->marks & ITEM_IS_COMMENT) == 0)
			any_statement(c, depth, out);
	}
}

static void
any_take(struct data *d, struct node *n, const struct item *i)
{
	struct text text = { 0 };
	if (i->value != NULL)
		text_printf(&text, "%s\n", i->value);
	any_children(i, n->schema, 0, &text);
	if (text.len > 0)
		loader_any(&d->l, n, text_str(&text), text.len);
	text_done(&text);
}

/* --- annotations --- */

/* Appends what S says, comment marks and all, as lines (see struct node). */
static void
comment_read(const char *s, struct text *out)
{
	struct lex x;
	lex_init(&x, s, strlen(s), false);
	bool is_bare = false;
	while (lex_next(&x) != LEX_EOF)
		is_bare = true;
	if (out->len > 0)
		text_putc(out, '\n');
	if (is_bare)
		text_put(out, s); /* no marks: the text itself */
	else
		text_printf(out, "%s%s%s", text_str(&x.trail),
		    x.trail.len > 0 && x.lead.len > 0 ? "\n" : "", text_str(&x.lead));
	lex_done(&x);
}

static void
comment_add(struct data *d, struct node *n)
{
	struct loader *l = &d->l;
	if (l->comment.len > 0)
		node_set_comment(l->t, n, text_str(&l->comment));
	text_reset(&l->comment);
}

/* --- statements --- */

static bool items_run(struct data *d, struct node *n, const struct item *in);

/* `family` alone has no tags in text; here it can have them. */
static void
joined_mark(struct data *d, struct node *n, unsigned tags)
{
	if ((tags & (TAG_INACTIVE | TAG_ACTIVE)) != 0)
		n->is_inactive = (tags & TAG_INACTIVE) != 0;
	if ((tags & (TAG_PROTECT | TAG_UNPROTECT)) != 0)
		n->is_protected = (tags & TAG_PROTECT) != 0;
	while ((tags & TAG_REPLACE) != 0 && n->last != NULL)
		node_del(d->l.t, n->last);
	comment_add(d, n);
}

/* Containers that were only made on the way to something deleted go away again. */
static void
prune(struct data *d, struct node *n)
{
	if (n->child == NULL && n->schema->kind == SNODE_CONTAINER && !n->schema->is_presence &&
	    n->comment == NULL && !n->is_inactive && !n->is_protected && node_any(n) == NULL)
		node_del(d->l.t, n);
}

/* What has no operation of its own where only those count: it must be there, and may hold some that have. Returns true if
 * something was deleted in it. */
static bool
statement_enter(
    struct data *d, struct node *parent, const struct snode *schema, const struct item *i)
{
	struct node *n = item_find(parent, schema, i);
	if (n == NULL) {
		say(d, REPORT_INVALID, i, parent, schema->name, "statement not found");
		return false;
	}
	bool is_block = schema->kind == SNODE_CONTAINER || schema->kind == SNODE_LIST;
	bool has_deleted = is_block && !schema->is_any && items_run(d, n, i);
	if (has_deleted)
		prune(d, n);
	return has_deleted;
}

/* Returns true if something was deleted in it. */
static bool
statement_run(struct data *d, struct node *parent, const struct snode *schema, const struct item *i,
    const struct item *before)
{
	struct loader *l = &d->l;
	if (!may_be_made(d, parent, schema, i) || !words_make(d, parent, schema, i))
		return false;
	unsigned tags = tags_of(d, i, before);
	/* an operation is that of all that stands below it, too */
	enum load_action below = l->action == LOAD_NONE ? LOAD_MERGE : l->action;
	enum load_action action = l->action;
	l->action = (i->marks & ITEM_OP_REPLACE) != 0 ? LOAD_REPLACE : below;
	struct stmt s = { .l = l, .block = parent, .tags = tags };
	stmt_run(&s);
	l->action = below;
	bool has_deleted = false;
	if (!s.is_failed || s.doomed != NULL) {
		struct node *n = s.n;
		bool is_block = n != parent && n->schema == schema;
		if (schema->is_joined && is_block)
			joined_mark(d, n, tags);
		text_reset(&l->comment);
		if (is_block && schema->is_any)
			any_take(d, n, i);
		else if (is_block)
			has_deleted = items_run(d, n, i);
		n = is_block ? n : s.top;
		if ((i->marks & (ITEM_BEFORE | ITEM_AFTER | ITEM_FIRST | ITEM_LAST)) != 0 && n)
			item_insert(d, n, i);
		if ((i->marks & ITEM_RENAME) != 0 && n)
			item_rename(d, n, i);
		if (is_block && has_deleted && s.doomed == NULL)
			prune(d, n);
	}
	l->action = action;
	if (s.doomed != NULL)
		node_del(l->t, s.doomed);
	text_reset(&l->comment);
	return has_deleted;
}

/* True if all of I can stand in a text. Says so if not. */
static bool
is_clean(struct data *d, const struct node *n, const struct item *i)
{
	const char *bad = !lex_is_clean(i->name)                ? "name"
			  : i->value && !lex_is_clean(i->value) ? "value"
			  : i->ref && !lex_is_clean(i->ref)     ? "name"
								: NULL;
	if (bad != NULL)
		say(d, REPORT_SYNTAX, i, n, NULL, "character that cannot stand in a string");
	return bad == NULL;
}

/* Carries out I, a statement that the schema knows. Returns true if something was deleted. */
static bool
item_run(struct data *d, struct node *n, const struct snode *schema, const struct item *i,
    const struct item *before)
{
	unsigned ops = ITEM_OP_MERGE | ITEM_OP_REPLACE | ITEM_OP_CREATE;
	if ((i->marks & ITEM_OP_UNKNOWN) != 0) {
		say(d, REPORT_SYNTAX, i, n, schema->name, "unknown operation");
		return false;
	}
	if (is_deletion(i)) {
		item_delete(d, n, schema, i);
		return true;
	}
	if (d->l.action == LOAD_NONE && (i->marks & ops) == 0)
		return statement_enter(d, n, schema, i);
	return statement_run(d, n, schema, i, before);
}

/* Carries out the children of IN below N. Returns true if something was deleted. */
static bool
items_run(struct data *d, struct node *n, const struct item *in)
{
	const struct snode *s = n->schema;
	const struct item *before = NULL;
	bool has_deleted = false;
	struct text comment = { 0 };
	for (const struct item *i = in->child; i != NULL && !d->l.is_full;
	     before = i, i = i->next) {
		const struct snode *c = snode_find(s, i->name, strlen(i->name));
		if (!is_clean(d, n, i))
			continue;
		if ((i->marks & ITEM_IS_COMMENT) != 0) {
			if (i->value != NULL)
				comment_read(i->value, &comment);
			continue;
		}
		if (is_key_of(s, i->name))
			continue;
		if (i->comment != NULL)
			comment_read(i->comment, &comment);
		if (c == NULL && strcmp(i->name, "attributes") != 0) {
			bool is_error = s->is_strict;
			struct word w = place_of(i);
			loader_say_unknown(&d->l, is_error, &w, n, i->name);
		} else if (c != NULL) {
			text_reset(&d->l.comment);
			text_put(&d->l.comment, text_str(&comment));
			has_deleted = item_run(d, n, c, i, before) || has_deleted;
		}
		text_reset(&comment);
	}
	/* what follows the last statement is about the block itself */
	if (comment.len > 0)
		node_set_comment(d->l.t, n, text_str(&comment));
	text_done(&comment);
	return has_deleted;
}

bool
load_items(struct tree *t, struct node *below, enum load_action action, const struct item *root,
    struct report *r)
{
	struct data d = { 0 };
	unsigned whole = ITEM_OP_REPLACE | ITEM_DELETE | ITEM_OP_DELETE | ITEM_OP_REMOVE;
	bool is_cleared = action == LOAD_OVERRIDE || (root->marks & whole) != 0 ||
			  (action == LOAD_REPLACE && (root->marks & ITEM_REPLACE) != 0);
	loader_init(&d.l, t, "", 0, r, false);
	bool is_made = (root->marks & (ITEM_OP_MERGE | ITEM_OP_REPLACE | ITEM_OP_CREATE)) != 0;
	d.l.action = action == LOAD_NONE && is_made ? LOAD_MERGE : action;
	if (is_cleared)
		while (below->last != NULL)
			node_del(t, below->last);
	if (action == LOAD_OVERRIDE && below->parent == NULL)
		node_set_comment(t, below, NULL);
	if (root->comment != NULL)
		comment_read(root->comment, &d.l.comment);
	comment_add(&d, below);
	if (!is_deletion(root))
		items_run(&d, below, root);
	return loader_done(&d.l);
}
