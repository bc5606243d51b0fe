/* SPDX-License-Identifier: BSD-2-Clause
 *
 * stmt.c - carries out one configuration statement on the tree.
 *
 * Walks the schema word by word and makes nodes on the way. A statement or value that is refused goes to
 * the report and the walk goes on as far as it makes sense, so that one reading shows all errors. Called by
 * load.c for curly text and by load_set.c for set lines, which differ in what may follow a leaf.
 */
#include "lib/junos/loader.h"
#include "lib/junos/nine.h"
#include "lib/junos/place.h"
#include "lib/junos/protect.h"
#include "lib/junos/quote.h"

#include <stdio.h>
#include <string.h>

enum { VALUE_MAX = 1024, MESSAGE_MAX = 512 };

static const struct word *
word_at(const struct stmt *s)
{
	return &s->l->words[s->at];
}

static bool
at_end(const struct stmt *s)
{
	return s->at >= s->l->n_words;
}

/* The place of the statement's end, for what is missing there. */
static struct word
end_word(const struct stmt *s)
{
	return (struct word){ .line = s->l->end_line, .column = s->l->end_column };
}

static void
refuse(struct stmt *s, enum report_class class, const struct word *w, const char *statement,
    const char *message)
{
	loader_say(s->l, class, true, w, s->n, statement, message);
	s->is_failed = true;
}

static void
missing_argument(struct stmt *s, const char *statement)
{
	struct word w = end_word(s);
	refuse(s, REPORT_SYNTAX, &w, statement, "missing argument");
}

/* --- nodes on the way --- */

static bool
is_inactive_here(const struct node *n)
{
	while (n != NULL && !n->is_inactive)
		n = n->parent;
	return n != NULL;
}

/* Says once per statement what its schema knows about it: the topmost node of a kind counts. */
static void
status_say(struct stmt *s, const struct node *n, const struct word *w)
{
	enum snode_status status = n->schema->status;
	if (status == SNODE_RUNNING || (n->parent != NULL && n->parent->schema->status == status))
		return;
	struct text t = { 0 };
	node_statement(n, &t);
	bool is_unsupported = status == SNODE_UNSUPPORTED;
	bool is_error = is_unsupported && n->schema->is_strict && !is_inactive_here(n);
	loader_say(s->l, is_unsupported ? REPORT_UNSUPPORTED : REPORT_IGNORED, is_error, w,
	    n->parent, text_str(&t),
	    is_unsupported ? "statement is not supported" : "statement accepted without effect");
	text_done(&t);
}

static void
tags_apply(const struct stmt *s, struct node *n)
{
	if ((s->tags & TAG_INACTIVE) != 0)
		n->is_inactive = true;
	if ((s->tags & TAG_ACTIVE) != 0)
		n->is_inactive = false;
	if ((s->tags & TAG_PROTECT) != 0)
		n->is_protected = true;
	if ((s->tags & TAG_UNPROTECT) != 0)
		n->is_protected = false;
}

static bool
is_replacing(const struct stmt *s)
{
	return s->l->action == LOAD_REPLACE && (s->tags & TAG_REPLACE) != 0 && s->top == NULL;
}

/* N was made or found for the word W. Returns false if it must not be changed. */
static bool
node_met(struct stmt *s, struct node *n, bool is_new, const struct word *w)
{
	struct loader *l = s->l;
	if (!is_new && n->is_protected && (s->tags & TAG_UNPROTECT) == 0) {
		struct text t = { 0 };
		protect_print(n, &t);
		loader_say(l, REPORT_WARNING, false, w, NULL, NULL, text_str(&t));
		text_done(&t);
		s->is_failed = true;
		return false;
	}
	bool has_value = n->schema->kind == SNODE_LEAF || n->schema->kind == SNODE_LEAFLIST;
	if (is_new || has_value) {
		n->line = w->line;
		n->column = w->column;
	}
	if (!is_new && is_replacing(s) && !n->schema->is_joined && !has_value) {
		while (n->last != NULL)
			node_del(l->t, n->last);
		node_set_comment(l->t, n, NULL);
		if (n->schema->is_any)
			node_set_any(l->t, n, NULL);
		n->is_inactive = false;
	}
	if (s->top == NULL && !n->schema->is_joined) {
		s->top = n;
		if (l->comment.len > 0)
			node_set_comment(l->t, n, text_str(&l->comment));
		text_reset(&l->comment);
	}
	if (s->top != NULL && s->top->schema == n->schema && s->top->parent == n->parent)
		tags_apply(s, n);
	bool is_first = s->last_value != n->schema;
	s->last_value = n->schema->kind == SNODE_LEAFLIST ? n->schema : NULL;
	if ((is_new || !l->is_set) && is_first)
		status_say(s, n, w);
	return true;
}

static void
enter(struct stmt *s, struct node *n)
{
	s->n = n;
	s->nth = 0;
	s->is_complete = false;
}

/* --- values --- */

/* Decodes or encodes a secret: on success l->value has the $9$ form. The rules are about the clear value. */
static const char *
secret_take(struct stmt *s, const struct snode *leaf, const char *word, char *err, size_t err_size)
{
	struct loader *l = s->l;
	struct text plain = { 0 };
	char canon[VALUE_MAX];
	const char *value = NULL;
	if (strcmp(word, NODE_SECRET_HIDDEN) == 0) {
		snprintf(err, err_size, "the secret was not shown and cannot be loaded");
		return NULL;
	}
	/* a hash cannot be undone: it needs no $9$ form and has none in JUNOS */
	bool is_hash = strcmp(leaf->type_name, "crypt-hash") == 0;
	if (!nine_is(word) || is_hash) {
		text_put(&plain, word);
	} else if (!nine_decode(word, &plain)) {
		snprintf(err, err_size, "invalid encrypted string");
		return NULL;
	}
	if (place_value(leaf, text_str(&plain), canon, sizeof(canon), err, err_size) != NULL) {
		text_reset(&l->value);
		if (nine_is(word) || is_hash)
			text_put(&l->value, word);
		else
			nine_encode(word, l->salt, &l->value);
		l->salt = l->salt * 1103515245u + 12345u;
		value = text_str(&l->value);
	}
	explicit_bzero(canon, sizeof(canon));
	text_done(&plain);
	return value;
}

/* Writes the statement as the user knows it: "spi 5"; a key goes by its list's word. */
static void
value_statement(const struct snode *leaf, const char *word, struct text *out)
{
	const struct snode *list = leaf->parent;
	bool is_key = false;
	for (size_t i = 0; list != NULL && list->kind == SNODE_LIST && i < list->n_keys; i++)
		is_key |= list->keys[i] == leaf;
	bool is_bare = leaf->is_nokeyword;
	const char *name = leaf->name;
	if (is_key && !list->is_key_keyword) {
		is_bare = list->is_nokeyword;
		name = list->name;
	}
	if (!is_bare || leaf->is_secret)
		text_put(out, name);
	if (leaf->is_secret)
		return;
	if (!is_bare)
		text_putc(out, ' ');
	quote_put(out, word, false);
}

/* Returns the value of word W for LEAF in the form the tree keeps, or NULL after telling why not. It is
 * good until the next call. */
static const char *
value_take(struct stmt *s, const struct snode *leaf, const struct word *w)
{
	struct loader *l = s->l;
	static _Thread_local char canon[VALUE_MAX];
	char err[MESSAGE_MAX] = "invalid value";
	const char *word = text_str(&l->buf) + w->at;
	const char *value = leaf->is_secret
				? secret_take(s, leaf, word, err, sizeof(err))
				: place_value(leaf, word, canon, sizeof(canon), err, sizeof(err));
	if (value != NULL)
		return value;
	struct text t = { 0 };
	value_statement(leaf, word, &t);
	refuse(s, REPORT_INVALID, w, text_str(&t), err);
	text_done(&t);
	return NULL;
}

/* --- leaves --- */

static void
leaf_done(struct stmt *s)
{
	s->is_complete = true;
	s->is_leaf = true;
}

/* If the next word is '[', steps behind it. */
static bool
list_opens(struct stmt *s)
{
	if (at_end(s) || word_at(s)->kind != LEX_LIST)
		return false;
	s->at++;
	return true;
}

/* Steps over ']' where IN_LIST; anything else there is an error and the rest is skipped up to it. */
static void
list_close(struct stmt *s, bool in_list)
{
	if (!in_list)
		return;
	if (at_end(s)) {
		struct word w = end_word(s);
		refuse(s, REPORT_SYNTAX, &w, NULL, "syntax error, expecting ']'");
		return;
	}
	if (word_at(s)->kind != LEX_LIST_END)
		refuse(s, REPORT_SYNTAX, word_at(s), loader_text(s->l, s->at),
		    "syntax error, expecting ']'");
	while (!at_end(s) && word_at(s)->kind != LEX_LIST_END)
		s->at++;
	s->at += !at_end(s);
}

static void
leaf_take(struct stmt *s, const struct snode *c, const struct word *w)
{
	struct loader *l = s->l;
	leaf_done(s);
	const char *value = NULL;
	if (c->asks_for != NULL) {
		refuse(s, REPORT_INVALID, w, c->name, LOADER_ASKS);
		return;
	}
	if (!c->is_empty) {
		bool in_list = list_opens(s);
		if (at_end(s) || word_at(s)->kind != LEX_WORD) {
			missing_argument(s, c->is_nokeyword ? NULL : c->name);
			list_close(s, in_list);
			return;
		}
		const struct word *v = word_at(s);
		s->at++;
		value = value_take(s, c, v);
		list_close(s, in_list);
		if (value == NULL)
			return;
	}
	struct node *old = node_child(s->n, c);
	if (old != NULL && !node_met(s, old, false, w))
		return;
	node_del_excluded(l->t, s->n, c);
	struct node *n = node_set_leaf(l->t, s->n, c, value);
	if (old == NULL)
		node_met(s, n, true, w);
	s->nth += c->is_nokeyword;
}

static void
leaflist_value(struct stmt *s, const struct snode *c, const struct word *v)
{
	struct loader *l = s->l;
	const char *value = value_take(s, c, v);
	if (value == NULL)
		return;
	struct node *old = node_value(s->n, c, value);
	if (old != NULL) {
		node_met(s, old, false, v);
		return;
	}
	node_del_excluded(l->t, s->n, c);
	node_met(s, node_add_value(l->t, s->n, c, value), true, v);
}

static void
all_del(struct stmt *s, const struct snode *c)
{
	for (struct node *n = node_last_of(s->n, c); n != NULL; n = node_last_of(s->n, c))
		node_del(s->l->t, n);
}

static void
leaflist_take(struct stmt *s, const struct snode *c)
{
	leaf_done(s);
	bool in_list = list_opens(s);
	if (at_end(s) || (!in_list && word_at(s)->kind != LEX_WORD)) {
		missing_argument(s, c->name);
		return;
	}
	if (is_replacing(s))
		all_del(s, c);
	unsigned tags = s->tags;
	do {
		/* single values may be tagged inside the brackets */
		while (in_list && !at_end(s) && word_at(s)->kind == LEX_WORD &&
		       !word_at(s)->is_quoted && quote_tag(loader_text(s->l, s->at)) != TAG_NONE)
			s->tags |= quote_tag(loader_text(s->l, s->at++));
		if (at_end(s) || word_at(s)->kind != LEX_WORD)
			break;
		leaflist_value(s, c, word_at(s));
		s->at++;
		s->tags = tags;
	} while (in_list);
	list_close(s, in_list);
}

/* --- list entries and containers --- */

/* Takes the keys of one entry. False: one is missing (and that was said). A refused key stands as it is and
 * dooms the entry. */
static bool
keys_take(struct stmt *s, const struct snode *list, struct text *keys, bool *is_bad)
{
	for (size_t i = 0; i < list->n_keys; i++) {
		size_t k = i;
		for (size_t j = 0; list->is_key_keyword && j < list->n_keys; j++)
			if (keys[j].s == NULL && s->at + 1 < s->l->n_words &&
			    !word_at(s)->is_quoted &&
			    strcmp(list->keys[j]->name, loader_text(s->l, s->at)) == 0) {
				k = j;
				s->at++;
				break;
			}
		if (at_end(s) || word_at(s)->kind != LEX_WORD || keys[k].s != NULL) {
			missing_argument(s, list->is_nokeyword ? NULL : list->name);
			return false;
		}
		const struct word *w = word_at(s);
		s->at++;
		const char *value = value_take(s, list->keys[k], w);
		*is_bad |= value == NULL;
		text_put(&keys[k], value ? value : text_str(&s->l->buf) + w->at);
	}
	return true;
}

static void
entry_take(struct stmt *s, const struct snode *list, const struct word *w)
{
	struct loader *l = s->l;
	struct text text[PLACE_KEYS_MAX] = { 0 };
	const char *keys[PLACE_KEYS_MAX] = { 0 };
	bool is_bad = false;
	bool was_failed = s->is_failed;
	if (keys_take(s, list, text, &is_bad)) {
		s->is_failed = was_failed || (is_bad && l->is_set); /* a doomed entry is read on */
		for (size_t i = 0; i < list->n_keys; i++)
			keys[i] = text_str(&text[i]);
		struct node *n = node_entry(s->n, list, keys);
		bool is_new = n == NULL;
		if (is_new && !is_bad)
			node_del_excluded(l->t, s->n, list);
		if (is_new)
			n = node_add_entry(l->t, s->n, list, keys);
		if (is_bad && s->doomed == NULL)
			s->doomed = n;
		if (node_met(s, n, is_new, w)) {
			enter(s, n);
			s->is_complete = list->n_children == 0 && !list->is_any;
		} else {
			s->at = l->n_words;
		}
	} else {
		s->at = l->n_words;
	}
	for (size_t i = 0; i < PLACE_KEYS_MAX; i++)
		text_done(&text[i]);
}

/* Removes N, which was made by this statement, and all memory of it. */
static void
forget(struct stmt *s, struct node *n)
{
	if (s->top == n)
		s->top = NULL;
	node_del(s->l->t, n);
	s->is_failed = true;
}

static void
list_take(struct stmt *s, const struct snode *list, const struct word *w)
{
	if (at_end(s) && !s->l->is_set) {
		s->open_list = list; /* `source-address {`; a ';' here is told by who called */
		if (is_replacing(s))
			all_del(s, list);
		return;
	}
	if (!list_opens(s)) {
		entry_take(s, list, w);
		return;
	}
	struct node *parent = s->n;
	while (!at_end(s) && word_at(s)->kind == LEX_WORD) {
		struct node *doomed = s->doomed;
		entry_take(s, list, word_at(s));
		if (s->doomed != doomed) {
			/* no block follows that could be read on in it */
			forget(s, s->doomed);
			s->doomed = doomed;
		}
		s->n = parent;
	}
	list_close(s, true);
	leaf_done(s);
}

static void
container_take(struct stmt *s, const struct snode *c, const struct word *w)
{
	struct tree *t = s->l->t;
	struct node *n = node_child(s->n, c);
	bool is_new = n == NULL;
	if (is_new) {
		node_del_excluded(t, s->n, c);
		n = node_add(t, s->n, c);
	}
	if (node_met(s, n, is_new, w))
		enter(s, n);
	else
		s->at = s->l->n_words;
}

static void
child_take(struct stmt *s, const struct snode *c, const struct word *w)
{
	switch (c->kind) {
	case SNODE_CONTAINER:
		container_take(s, c, w);
		break;
	case SNODE_LIST:
		list_take(s, c, w);
		break;
	case SNODE_LEAF:
		leaf_take(s, c, w);
		break;
	case SNODE_LEAFLIST:
		leaflist_take(s, c);
		break;
	}
}

/* --- statements that are kept as text --- */

void
stmt_any(struct loader *l, struct node *n, size_t at, const char *block)
{
	struct text t = { 0 };
	for (size_t i = at; i < l->n_words; i++) {
		if (i > at)
			text_putc(&t, ' ');
		if (l->words[i].kind == LEX_WORD)
			quote_put(&t, loader_text(l, i), l->words[i].is_quoted);
		else
			text_putc(&t, l->words[i].kind == LEX_LIST ? '[' : ']');
	}
	if (block != NULL && block[0] != '\0' && t.len > 0)
		text_printf(&t, " {\n%s}\n", block);
	else if (block != NULL && t.len == 0)
		text_put(&t, block);
	else if (t.len > 0)
		text_put(&t, ";\n");
	const char *old = node_any(n);
	const char *found = old ? strstr(old, text_str(&t)) : NULL;
	bool is_there = found != NULL && (found == old || found[-1] == '\n');
	if (t.len > 0 && !is_there) {
		struct text all = { 0 };
		text_printf(&all, "%s%s", old ? old : "", text_str(&t));
		node_set_any(l->t, n, text_str(&all));
		text_done(&all);
	}
	text_done(&t);
}

/* --- the statement --- */

static void
tags_take(struct stmt *s)
{
	while (!at_end(s) && word_at(s)->kind == LEX_WORD && !word_at(s)->is_quoted &&
	       quote_tag(loader_text(s->l, s->at)) != TAG_NONE)
		s->tags |= quote_tag(loader_text(s->l, s->at++));
}

/* `delete: PATH`: what stands there goes away; nothing else of the statement matters. */
static void
tagged_delete(struct stmt *s)
{
	const char *words[64] = { 0 };
	size_t n = 0;
	for (size_t i = s->at; i < s->l->n_words && n < 64; i++)
		if (s->l->words[i].kind == LEX_WORD)
			words[n++] = loader_text(s->l, i);
	struct place p = place_find(s->block, words, n);
	if (p.kind == PLACE_NODE && n > 0)
		node_del(s->l->t, p.node);
	if (p.kind == PLACE_ALL)
		for (struct node *e = node_last_of(p.parent, p.schema); e != NULL;
		     e = node_last_of(p.parent, p.schema))
			node_del(s->l->t, e);
	text_reset(&s->l->comment);
	s->is_failed = true; /* nothing for a block to go into */
	s->at = s->l->n_words;
}

/* True if the word seems to start the next statement, so that only a ';' is missing. */
static bool
starts_next(const struct stmt *s, const struct word *w)
{
	bool has_word;
	return s->at > 0 && w->line > s->l->words[s->at - 1].line && s->list == NULL &&
	       place_child(s->block->schema, loader_text(s->l, s->at), w->is_quoted, 0,
		   &has_word) != NULL &&
	       has_word;
}

/* Returns the statement that the next word starts, going up where that is allowed; NULL if none. */
static const struct snode *
child_find(struct stmt *s, bool *has_word)
{
	struct node *n = s->n;
	size_t nth = s->nth;
	for (;;) {
		const struct snode *c = place_child(
		    n->schema, loader_text(s->l, s->at), word_at(s)->is_quoted, nth, has_word);
		/* further up a bare word would be anything: only a statement's own word counts there */
		if (c != NULL && (n == s->n || *has_word)) {
			s->n = n;
			s->nth = nth;
			return c;
		}
		bool may_go_up = s->l->is_set
				     ? n->schema->kind == SNODE_LIST || n->schema->is_oneliner
				     : n != s->block && n->parent->schema->is_oneliner;
		if (n == s->block || n->parent == NULL || !may_go_up)
			return NULL;
		n = n->parent;
		nth = 0;
	}
}

/* After a complete leaf: may another word follow without ';'? */
static bool
may_go_on(const struct stmt *s)
{
	if (s->l->is_set)
		return true;
	const struct snode *in = s->n->schema;
	return s->n != s->block &&
	       (in->is_oneliner || in->is_oneliner_plus || in->kind == SNODE_LIST) &&
	       !starts_next(s, word_at(s));
}

/* The word at S for an error; where keys stand, whatever it is may be a part of one. */
static const char *
word_shown(const struct stmt *s)
{
	const struct snode *in = s->n->schema;
	for (size_t i = 0; i < in->n_children; i++)
		if (in->children[i]->is_secret)
			return "(not shown)";
	return in->is_secret ? "(not shown)" : loader_text(s->l, s->at);
}

static void
unknown(struct stmt *s)
{
	const struct word *w = word_at(s);
	bool is_error =
	    s->n->schema->is_strict && !is_inactive_here(s->n) && (s->tags & TAG_INACTIVE) == 0;
	loader_say_unknown(s->l, is_error, w, s->n, word_shown(s));
	s->is_failed = true;
	s->at = s->l->n_words;
}

/* Carries out the next word and what belongs to it. False: the statement ends here. */
static bool
step(struct stmt *s)
{
	const struct word *w = word_at(s);
	if (w->kind != LEX_WORD) {
		refuse(s, REPORT_SYNTAX, w, w->kind == LEX_LIST ? "[" : "]", "syntax error");
		s->at = s->l->n_words;
		return false;
	}
	if (s->is_complete && !may_go_on(s)) {
		loader_say(s->l, REPORT_SYNTAX, true, w, s->block, word_shown(s),
		    "syntax error, expecting ';'");
		return false;
	}
	if (s->n->schema->is_any)
		return false;
	bool has_word;
	const struct snode *c = child_find(s, &has_word);
	if (c == NULL && s->n != s->block && starts_next(s, w)) {
		loader_say(s->l, REPORT_SYNTAX, true, w, s->block, word_shown(s),
		    "syntax error, expecting ';'");
		return false;
	}
	if (c == NULL) {
		unknown(s);
		return false;
	}
	s->at += has_word;
	s->is_leaf = false;
	child_take(s, c, w);
	return true;
}

void
stmt_run(struct stmt *s)
{
	s->n = s->block;
	tags_take(s);
	if ((s->tags & TAG_DELETE) != 0 && !s->l->is_set && s->list == NULL) {
		tagged_delete(s);
		return;
	}
	if (at_end(s)) {
		struct word w = end_word(s);
		refuse(s, REPORT_SYNTAX, &w, NULL, "syntax error, expecting a statement");
		return;
	}
	if (s->list != NULL)
		list_take(s, s->list, word_at(s));
	while (!at_end(s) && step(s))
		;
}
