/* SPDX-License-Identifier: BSD-2-Clause
 *
 * complete.c - lists what may stand at a place of a configuration path.
 *
 * Statements come from the schema, names from the tree. Names are compared with the typed word before anything is
 * made of them, so a place with very many entries costs one pass over them. Called by mgd's hint.c.
 */
#include "lib/junos/complete.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/junos/quote.h"
#include "lib/junos/tree.h"

void
complete_add(
    struct completions *out, const char *name, const char *help, enum complete_kind kind, char mark)
{
	if (out->n == out->cap) {
		size_t cap = out->cap * 2 + 32;
		struct completion *bigger = arena_array(out->a, cap, sizeof(*bigger));
		if (out->n > 0)
			memcpy(bigger, out->list, out->n * sizeof(*bigger));
		out->list = bigger;
		out->cap = cap;
	}
	out->list[out->n++] =
	    (struct completion){ .name = name, .help = help, .kind = kind, .mark = mark };
}

static bool
fits(const struct complete_partial *p, const char *name)
{
	return strncmp(name, p->s, strlen(p->s)) == 0;
}

/* A quoted word is a value, never a keyword. */
static bool
fits_word(const struct complete_partial *p, const char *name)
{
	return !p->is_quoted && fits(p, name);
}

/* The help of S; numbers say their range behind it. */
static const char *
help_of(struct completions *out, const struct snode *s)
{
	if (s->value_help == NULL || s->value_help[0] != '(' || s->enums != NULL)
		return s->help;
	return arena_printf(out->a, "%s %s", s->help, s->value_help);
}

static bool
is_seen(const struct completions *out, const struct node *n)
{
	return out->sees == NULL || out->sees(out->sees_arg, n);
}

/* Adds NAME, which is that of node OF. */
static void
name_add(const struct complete_partial *p, const struct node *of, const char *name,
    const char *help, char mark, struct completions *out)
{
	if (name == NULL || !fits(p, name) || !is_seen(out, of))
		return;
	size_t n = 0;
	while (out->common != NULL && out->common[n] != '\0' && out->common[n] == name[n])
		n++;
	if (out->common == NULL)
		out->common = name;
	else if (out->common[n] != '\0')
		out->common = arena_strndup(out->a, out->common, n);
	complete_add(out, name, help, COMPLETE_NAME, mark);
}

/* --- references --- */

/* Adds the names that the words of a reference lead to from N on. A list of a list ("interfaces interface unit") gives the names of
 * both, and OUTER in front of the inner ones: ge-0/0/0 and ge-0/0/0.0. */
static void
references_walk(const struct node *n, const char *ref, const char *outer, const struct snode *leaf,
    const struct complete_partial *p, struct completions *out)
{
	size_t len = strcspn(ref, " ");
	const char *rest = ref + len + (ref[len] == ' ');
	const struct snode *s = snode_find(n->schema, ref, len);
	if (s == NULL)
		return;
	if (s->kind == SNODE_CONTAINER) {
		const struct node *c = node_child(n, s);
		if (c != NULL)
			references_walk(c, rest, outer, leaf, p, out);
		return;
	}
	const struct node *e = s->kind == SNODE_LIST ? node_first_of(n, s) : NULL;
	for (; e != NULL && e->schema == s; e = e->next) {
		const char *name = e->value;
		if (name != NULL && outer != NULL)
			name = arena_printf(out->a, "%s.%s", outer, name);
		name_add(p, e, name, leaf->help, ' ', out);
		/* names below it begin with its own */
		size_t n_same = name != NULL ? strlen(name) : 0;
		if (*rest != '\0' && name != NULL &&
		    strncmp(name, p->s, n_same < strlen(p->s) ? n_same : strlen(p->s)) == 0)
			references_walk(e, rest, name, leaf, p, out);
	}
}

static void
references_add(const struct tree *t, const struct snode *leaf, const struct complete_partial *p,
    struct completions *out)
{
	if (t != NULL && leaf->ref != NULL)
		references_walk(tree_root(t), leaf->ref, NULL, leaf, p, out);
}

/* --- values --- */

static const char *
placeholder_of(struct completions *out, const struct snode *leaf)
{
	if (leaf->value_help != NULL && leaf->value_help[0] == '<')
		return leaf->value_help;
	return arena_printf(out->a, "<%s>", leaf->name);
}

void
complete_value(const struct tree *tree, const struct snode *leaf, const struct complete_partial *p,
    struct completions *out)
{
	for (size_t i = 0; leaf->enums != NULL && leaf->enums[i] != NULL; i++)
		if (fits_word(p, leaf->enums[i])) {
			const char *help = leaf->enum_help != NULL ? leaf->enum_help[i] : NULL;
			complete_add(
			    out, leaf->enums[i], help != NULL ? help : "", COMPLETE_WORD, ' ');
		}
	references_add(tree, leaf, p, out);
	if (leaf->enums == NULL)
		complete_add(
		    out, placeholder_of(out, leaf), help_of(out, leaf), COMPLETE_PLACEHOLDER, ' ');
}

/* The values that a leaf-list has already: what `delete` takes. */
static void
own_values_add(const struct node *around, const struct snode *leaf,
    const struct complete_partial *p, struct completions *out)
{
	if (around == NULL || leaf->kind != SNODE_LEAFLIST || leaf->is_secret)
		return;
	const struct node *n = node_first_of(around, leaf);
	for (; n != NULL && n->schema == leaf; n = n->next)
		name_add(p, n, n->value, leaf->help, ' ', out);
}

static void
bracket_add(
    const struct complete_partial *p, const char *name, const char *help, struct completions *out)
{
	if (fits_word(p, name))
		complete_add(out, name, help, COMPLETE_WORD, ' ');
}

static void
leaf_add(const struct complete_place *at, const struct snode *leaf,
    const struct complete_partial *p, struct completions *out)
{
	own_values_add(at->node, leaf, p, out);
	complete_value(at->tree, leaf, p, out);
	if (leaf->kind == SNODE_LEAFLIST)
		bracket_add(p, "[", "Open a set of values", out);
}

/* --- keys --- */

static const char *
key_of(const struct node *n, size_t key)
{
	if (key == 0)
		return n->value;
	return n->more_keys != NULL ? n->more_keys[key - 1] : NULL;
}

static bool
keys_match(const struct node *n, const char *const *keys, size_t n_keys)
{
	for (size_t i = 0; i < n_keys; i++) {
		const char *k = key_of(n, i);
		if (k == NULL || strcmp(k, keys[i]) != 0)
			return false;
	}
	return true;
}

/* The names of the entries of LIST, and what a new one could be called. */
static void
key_add(const struct complete_place *at, const struct snode *list, size_t key,
    const struct complete_partial *p, struct completions *out)
{
	const struct snode *leaf = list->keys[key];
	const struct node *n = at->node != NULL ? node_first_of(at->node, list) : NULL;
	char mark = list->is_nokeyword ? '>' : ' ';
	for (; n != NULL && n->schema == list; n = n->next)
		if (keys_match(n, at->keys, key))
			name_add(p, n, key_of(n, key), leaf->help, mark, out);
	complete_value(at->tree, leaf, p, out);
}

/* --- statements --- */

static char
mark_of(const struct snode *s)
{
	if (s->kind == SNODE_CONTAINER || s->kind == SNODE_LIST)
		return '>';
	return s->kind == SNODE_LEAFLIST ? '+' : ' ';
}

static void
statement_add(const struct complete_place *at, const struct snode *s,
    const struct complete_partial *p, struct completions *out)
{
	bool is_alias = s->alias != NULL && !p->is_quoted && strcmp(s->alias, p->s) == 0;
	if (s->is_hidden || s == at->not )
		return;
	if (!s->is_nokeyword) {
		if (fits_word(p, s->name) || is_alias)
			complete_add(out, s->name, help_of(out, s), COMPLETE_WORD, mark_of(s));
	} else if (s->kind == SNODE_LIST && s->n_keys > 0) {
		if (s->is_key_keyword)
			bracket_add(p, s->keys[0]->name, s->keys[0]->help, out);
		else
			key_add(at, s, 0, p, out);
	} else if (s->kind == SNODE_LEAF || s->kind == SNODE_LEAFLIST) {
		leaf_add(at, s, p, out);
	}
}

void
complete_at(
    const struct complete_place *at, const struct complete_partial *p, struct completions *out)
{
	const struct snode *s = at->s;
	switch (at->where) {
	case COMPLETE_AT_STATEMENT:
		for (size_t i = 0; i < s->n_children; i++)
			statement_add(at, s->children[i], p, out);
		break;
	case COMPLETE_AT_KEY_WORD:
		bracket_add(p, s->keys[at->key]->name, s->keys[at->key]->help, out);
		break;
	case COMPLETE_AT_KEY:
		key_add(at, s, at->key, p, out);
		break;
	case COMPLETE_AT_VALUE:
		leaf_add(at, s, p, out);
		break;
	case COMPLETE_AT_BRACKET:
		if (s->kind == SNODE_LIST) {
			key_add(at, s, 0, p, out);
		} else {
			own_values_add(at->node, s, p, out);
			complete_value(at->tree, s, p, out);
		}
		bracket_add(p, "]", "Close a set of values", out);
		break;
	}
}

/* --- the finished list --- */

static int
compare(const void *a, const void *b)
{
	const struct completion *x = a;
	const struct completion *y = b;
	int order = strcmp(x->name, y->name);
	return order != 0 ? order : (x->kind > y->kind) - (x->kind < y->kind);
}

static const char *
quoted(struct completions *out, const char *name)
{
	struct text t = { 0 };
	quote_put(&t, name, out->is_quoted);
	const char *s = strcmp(text_str(&t), name) == 0 ? name : arena_strdup(out->a, text_str(&t));
	text_done(&t);
	return s;
}

void
complete_sort(struct completions *out)
{
	size_t n = 0;
	size_t n_names = 0;
	const char *before = NULL;
	if (out->n > 1)
		qsort(out->list, out->n, sizeof(*out->list), compare);
	for (size_t i = 0; i < out->n; i++) {
		struct completion c = out->list[i];
		if (before != NULL && strcmp(before, c.name) == 0)
			continue;
		before = c.name;
		if (c.kind == COMPLETE_NAME && n_names++ >= COMPLETE_NAMES_MAX) {
			out->n_cut++;
			continue;
		}
		if (c.kind == COMPLETE_NAME)
			c.name = quoted(out, c.name);
		out->list[n++] = c;
	}
	out->n = n;
	if (out->common != NULL && strcmp(quoted(out, out->common), out->common) != 0)
		out->common = NULL; /* it would not stay as it is when a name is made of it */
}
