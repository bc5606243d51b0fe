/* SPDX-License-Identifier: BSD-2-Clause
 *
 * path.c - walks typed words along the schema. Called by edit.c and show.c.
 */
#include "daemon/mgd/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/junos/nine.h"
#include "lib/junos/quote.h"
#include "lib/yang/schema.h"

/* Brackets around the values of a leaf-list; a quoted "[" is a value like any other. */
static const char bracket_open[] = "[";
static const char bracket_close[] = "]";

/* The walk under way. */
struct walk {
	struct arena *a;
	const struct words *w;
	size_t i; /* next word */
	bool values;
	bool part;                 /* the words may end anywhere */
	const struct snode *start; /* where the walk began */
	struct path *out;
	size_t cap;
	struct refusal *e;
};

static void
out_add(struct walk *k, const char *word)
{
	if (k->out->n == k->cap) {
		size_t cap = k->cap * 2 + 8;
		const char **bigger = arena_array(k->a, cap, sizeof(*bigger));
		if (k->out->n > 0)
			memcpy(bigger, k->out->words, k->out->n * sizeof(*bigger));
		k->out->words = bigger;
		k->cap = cap;
	}
	k->out->words[k->out->n++] = word;
}

/* A secret that comes in its $9$ form must be one that can be read back; the loader judges what it hides. */
static bool
encrypted_check(struct walk *k, const struct word *w)
{
	struct text plain = { 0 };
	bool ok = nine_decode(w->s, &plain);
	text_done(&plain);
	return ok || refuse(k->e, w->at, "invalid encrypted string");
}

/* Judges a value; a word of an enumeration may be abbreviated. */
static bool
value_take(struct walk *k, const struct snode *leaf)
{
	const struct word *w = &k->w->w[k->i];
	const char *value = w->s;
	char err[256] = "";
	char canonical[256] = "";
	size_t n_fit = 0;
	for (const char *const *p = leaf->enums; p != NULL && *p != NULL; p++) {
		int fit = word_abbreviates(w, *p);
		if (fit == 0)
			continue;
		value = n_fit == 0 || fit == 2 ? *p : value;
		n_fit = fit == 2 ? 1 : n_fit + 1;
		if (fit == 2)
			break;
	}
	if (n_fit > 1)
		return refuse(k->e, w->at, "'%.200s' is ambiguous.", w->s);
	bool is_encrypted = leaf->is_secret && nine_is(w->s);
	if (k->values && is_encrypted && !encrypted_check(k, w))
		return false;
	if (k->values && !is_encrypted &&
	    !snode_value_check(leaf, value, err, sizeof(err), canonical, sizeof(canonical))) {
		size_t n = strlen(err);
		size_t n_word = strlen(w->s);
		bool has_word = n >= n_word && strcmp(err + n - n_word, w->s) == 0;
		if (n == 0)
			return refuse(k->e, w->at, "syntax error.");
		if (has_word || strstr(err, " at '") != NULL)
			return refuse(k->e, w->at, "%s", err);
		return refuse(k->e, w->at, "%s at '%.200s'", err, w->s);
	}
	out_add(k, value);
	k->i++;
	return true;
}

static int
name_order(const void *a, const void *b)
{
	return strcmp(
	    (*(const struct snode *const *)a)->name, (*(const struct snode *const *)b)->name);
}

/* Finds the child that W means by its word. Returns false and E if several could be meant. */
static bool
child_by_word(struct walk *k, const struct snode *s, const struct word *w, const struct snode **out)
{
	const struct snode *exact = w->is_quoted ? NULL : snode_find(s, w->s, strlen(w->s));
	size_t n_found = 0;
	*out = exact;
	for (size_t i = 0; exact == NULL && i < s->n_children; i++) {
		const struct snode *c = s->children[i];
		if (c->is_nokeyword || word_abbreviates(w, c->name) == 0)
			continue;
		*out = c;
		n_found++;
	}
	if (n_found <= 1)
		return true;
	refuse(k->e, w->at, "'%.200s' is ambiguous.\nPossible completions:", w->s);
	const struct snode **fit = arena_array(k->a, s->n_children, sizeof(const struct snode *));
	size_t n_fit = 0;
	for (size_t i = 0; i < s->n_children; i++) {
		const struct snode *c = s->children[i];
		if (!c->is_nokeyword && !c->is_hidden && word_abbreviates(w, c->name) != 0)
			fit[n_fit++] = c;
	}
	qsort(fit, n_fit, sizeof(const struct snode *), name_order);
	for (size_t i = 0; i < n_fit; i++)
		text_printf(&k->e->text, "\n%c %-20s %s",
		    fit[i]->kind == SNODE_CONTAINER || fit[i]->kind == SNODE_LIST ? '>'
		    : fit[i]->kind == SNODE_LEAFLIST                              ? '+'
										  : ' ',
		    fit[i]->name, fit[i]->help);
	return false;
}

/* The child whose entries or value stand without a word of their own. */
static const struct snode *
child_by_position(const struct snode *s)
{
	for (size_t i = 0; i < s->n_children; i++)
		if (s->children[i]->is_nokeyword)
			return s->children[i];
	return NULL;
}

static bool
is_bracket_open(const struct walk *k)
{
	const struct word *w = &k->w->w[k->i];
	return k->i < k->w->n && !w->is_quoted && strcmp(w->s, bracket_open) == 0;
}

/* Takes the keys of a list entry; end is PATH_LIST if there are none. */
static bool
keys_take(struct walk *k, const struct snode *list)
{
	k->out->end = PATH_LIST;
	for (size_t i = 0; i < list->n_keys; i++) {
		const struct snode *key = list->keys[i];
		k->out->n_keys = i;
		if (k->i == k->w->n && k->part && (i > 0 || list->is_key_keyword)) {
			k->out->end = list->is_key_keyword ? PATH_KEY_WORD : PATH_KEY;
			return true;
		}
		if (k->i == k->w->n) {
			if (i == 0)
				return true;
			return refuse(k->e, k->w->end + 1, "missing argument.");
		}
		if (list->is_key_keyword) {
			if (word_abbreviates(&k->w->w[k->i], key->name) == 0)
				return refuse(k->e, k->w->w[k->i].at, "syntax error.");
			out_add(k, key->name);
			k->i++;
			k->out->end = PATH_KEY;
			if (k->i == k->w->n && k->part)
				return true;
			if (k->i == k->w->n)
				return refuse(k->e, k->w->end + 1, "missing argument.");
		}
		if (!value_take(k, key))
			return false;
	}
	k->out->end = PATH_NODE;
	return true;
}

/* Takes `[ a b c ]`, values of LEAF for what stands in front of them. */
static bool
bracket_take(struct walk *k, const struct snode *leaf)
{
	out_add(k, bracket_open);
	k->i++;
	while (k->i < k->w->n) {
		const struct word *w = &k->w->w[k->i];
		if (!w->is_quoted && strcmp(w->s, "]") == 0) {
			out_add(k, bracket_close);
			k->i++;
			return true;
		}
		if (!value_take(k, leaf))
			return false;
	}
	k->out->end = PATH_BRACKET;
	if (k->part)
		return true;
	return refuse(k->e, k->w->end + 1, "syntax error, expecting ']'.");
}

/* Takes `[ a b c ]` or a single value. */
static bool
leaf_take(struct walk *k, const struct snode *leaf)
{
	k->out->end = leaf->is_empty ? PATH_VALUE : PATH_LEAF;
	if (leaf->is_empty || k->i == k->w->n)
		return true;
	k->out->end = PATH_VALUE;
	if (leaf->kind != SNODE_LEAFLIST || !is_bracket_open(k))
		return value_take(k, leaf);
	return bracket_take(k, leaf);
}

/* Takes the next statement below *S and moves *S to where the one after it is looked for. */
static bool
step(struct walk *k, const struct snode **s)
{
	const struct word *w = &k->w->w[k->i];
	const struct snode *c = NULL;
	if (!child_by_word(k, *s, w, &c))
		return false;
	/* behind an entry of a list, what stands beside the list may follow, as lib/junos reads it */
	for (const struct snode *up = *s; c == NULL && child_by_position(up) == NULL && k->values &&
					  up != k->start &&
					  (up->kind == SNODE_LIST || up->is_oneliner);) {
		up = up->parent;
		if (!child_by_word(k, up, w, &c))
			return false;
		*s = c != NULL ? up : *s;
	}
	if (c != NULL && !c->is_nokeyword) {
		out_add(k, c->name);
		k->i++;
	} else {
		c = child_by_position(*s);
		if (c == NULL)
			return refuse(k->e, w->at, "syntax error.");
	}
	k->out->s = c;
	k->out->end = PATH_NODE;
	if (c->kind == SNODE_LIST && c->n_keys == 1 && !c->is_key_keyword && is_bracket_open(k)) {
		k->out->end = PATH_VALUE; /* several entries, nothing can follow in them */
		if (!bracket_take(k, c->keys[0]))
			return false;
	} else if (c->kind == SNODE_LIST) {
		if (!keys_take(k, c))
			return false;
		*s = c;
	} else if (c->kind == SNODE_CONTAINER) {
		*s = c;
	} else if (!leaf_take(k, c)) {
		return false;
	}
	return true; /* after a leaf, its siblings may follow */
}

/* The schema node that an earlier, complete path leads to. */
static const struct snode *
start_node(const struct snode *root, const struct path *start)
{
	return start->n == 0 ? root : start->s;
}

static void
any_take(struct walk *k)
{
	const struct word *w = &k->w->w[k->i++];
	if (!w->is_quoted && strcmp(w->s, "[") == 0)
		out_add(k, bracket_open);
	else if (!w->is_quoted && strcmp(w->s, "]") == 0)
		out_add(k, bracket_close);
	else
		out_add(k, w->s);
}

static bool
walk(struct walk *k, const struct snode *root, const struct path *start)
{
	struct path *out = k->out;
	const struct snode *s = start_node(root, start);
	k->start = s;
	*out = (struct path){ .end = PATH_NODE, .s = s, .around = s, .n_around = start->n };
	for (size_t i = 0; i < start->n; i++)
		out_add(k, start->words[i]);
	while (k->i < k->w->n) {
		if (s->is_any) {
			any_take(k); /* not described: taken as it is */
			continue;
		}
		if (out->end == PATH_LIST || out->end == PATH_LEAF)
			return refuse(k->e, k->w->w[k->i].at, "syntax error.");
		if (!step(k, &s))
			return false;
		if (out->end == PATH_NODE) {
			out->around = s;
			out->n_around = out->n;
		}
	}
	return true;
}

bool
path_walk(struct arena *a, const struct snode *root, const struct path *start,
    const struct words *w, bool values, struct path *out, struct refusal *e)
{
	struct walk k = { .a = a, .w = w, .values = values, .out = out, .e = e };
	return walk(&k, root, start);
}

bool
path_walk_part(struct arena *a, const struct snode *root, const struct path *start,
    const struct words *w, bool values, struct path *out, struct refusal *e)
{
	struct walk k = { .a = a, .w = w, .values = values, .part = true, .out = out, .e = e };
	return walk(&k, root, start);
}

void
path_up(struct path *p)
{
	const struct snode *s = p->s;
	size_t n = s->is_nokeyword ? 0 : 1;
	if (s->kind == SNODE_LIST)
		n += s->n_keys * (s->is_key_keyword ? 2 : 1);
	else if (s->kind == SNODE_LEAFLIST)
		n++;
	p->n = p->n > n ? p->n - n : 0;
	p->s = s->parent;
}

bool
path_is_bracket(const char *word)
{
	return word == bracket_open || word == bracket_close;
}

void
path_print(const struct path *p, size_t i, struct text *out)
{
	for (; i < p->n; i++) {
		text_putc(out, ' ');
		if (path_is_bracket(p->words[i]))
			text_put(out, p->words[i]);
		else
			quote_put(out, p->words[i], false);
	}
}
