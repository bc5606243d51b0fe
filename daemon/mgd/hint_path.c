/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hint_path.c - what can follow in a path of the configuration that is being typed.
 *
 * The words lead along the schema to a place; lib/junos/complete lists what may stand there, and what the user may not see or
 * change is taken out again. Called by hint.c.
 */
#include <string.h>

#include "daemon/mgd/hint_priv.h"
#include "daemon/mgd/permit.h"
#include "lib/base/arena.h"
#include "lib/junos/tree.h"
#include "lib/yang/schema.h"

static const struct node *
node_around(const struct typing *t, const struct path *p)
{
	const struct node *root = tree_root(t->tree);
	return p->n_around == 0 ? root : node_path(root, p->words, p->n_around);
}

/* The keys that are there already where P ends inside those of a list. */
static const char *const *
keys_of(struct arena *a, const struct path *p)
{
	const char **keys = arena_array(a, p->n_keys + 1, sizeof(*keys));
	size_t width = p->s->is_key_keyword ? 2 : 1;
	size_t end = p->n - (p->s->is_key_keyword && p->end == PATH_KEY ? 1 : 0);
	for (size_t i = 0; i < p->n_keys; i++)
		keys[i] = p->words[end - (p->n_keys - i - 1) * width - 1];
	return keys;
}

/* Adds what may follow P. */
static void
path_next(const struct typing *t, const struct path *p, enum follow follow)
{
	struct complete_place at = { .s = p->s, .tree = t->tree, .node = node_around(t, p) };
	switch (p->end) {
	case PATH_VALUE:
		if (follow != FOLLOW_SET)
			return;
		at.not = p->s->is_nokeyword ? p->s : NULL;
		at.s = p->around;
		/* fall through */
	case PATH_NODE:
		at.where = COMPLETE_AT_STATEMENT;
		break;
	case PATH_KEY_WORD:
		at.where = COMPLETE_AT_KEY_WORD;
		break;
	case PATH_LIST:
	case PATH_KEY:
		at.where = COMPLETE_AT_KEY;
		break;
	case PATH_LEAF:
		at.where = COMPLETE_AT_VALUE;
		break;
	case PATH_BRACKET:
		at.where = COMPLETE_AT_BRACKET;
		break;
	}
	if (p->end == PATH_KEY || p->end == PATH_KEY_WORD) {
		at.key = p->n_keys;
		at.keys = keys_of(t->out->a, p);
	}
	complete_at(&at, &t->partial, t->out);
}

static bool
is_reading(enum follow follow)
{
	return follow == FOLLOW_SHOW || follow == FOLLOW_EDIT;
}

/* Statements that the user may not see or change do not exist for him. Those from FROM on are judged. */
static void
closed_drop(const struct typing *t, const struct path *p, enum permit_access access, size_t from)
{
	struct completions *out = t->out;
	size_t n = from;
	if (t->ask->permit == NULL || (p->end != PATH_NODE && p->end != PATH_VALUE))
		return;
	struct path at = *p;
	if (p->end == PATH_VALUE) {
		at.end = PATH_NODE;
		at.n = p->n_around;
		at.s = p->around;
	}
	for (size_t i = from; i < out->n; i++) {
		const char *name = out->list[i].name;
		const struct snode *s = out->list[i].kind == COMPLETE_WORD
					    ? snode_find(at.s, name, strlen(name))
					    : NULL;
		if (s == NULL || permit_statement(t->ask->permit, &at, s, access))
			out->list[n++] = out->list[i];
	}
	out->n = n;
}

/* Leaves cannot be entered. */
static void
leaves_drop(struct completions *out)
{
	size_t n = 0;
	for (size_t i = 0; i < out->n; i++)
		if (out->list[i].mark == '>' || out->list[i].kind != COMPLETE_WORD)
			out->list[n++] = out->list[i];
	out->n = n;
}

static bool
path_can_end(const struct path *p, enum follow follow, size_t n_words)
{
	const struct snode *s = p->s;
	switch (follow) {
	case FOLLOW_SET:
		return p->end == PATH_VALUE ||
		       (p->end == PATH_NODE && n_words > 0 &&
			   (s->kind == SNODE_LIST || s->is_presence || s->n_children == 0));
	case FOLLOW_EDIT:
		return p->end == PATH_NODE && n_words > 0;
	case FOLLOW_SHOW:
	case FOLLOW_CHANGE:
		return p->end <= PATH_VALUE && (follow == FOLLOW_SHOW || n_words > 0);
	default:
		return false;
	}
}

/* Behind `to`, `before` or `after`: the name of another entry of the list that P is one of. */
static bool
other_complete(const struct typing *t, const struct path *p, const struct words *rest)
{
	const struct snode *s = p->s;
	struct path parent = *p;
	size_t n_word = s->is_nokeyword ? 0 : 1;
	path_up(&parent);
	struct path up = { .words = parent.words, .n_around = parent.n };
	struct complete_place at = { .where = s->kind == SNODE_LIST ? COMPLETE_AT_KEY
								    : COMPLETE_AT_VALUE,
		.s = s,
		.tree = t->tree,
		.node = node_around(t, &up) };
	if (rest->n > n_word)
		t->out->can_end = true;
	else if (rest->n == n_word)
		complete_at(&at, &t->partial, t->out);
	else if (hint_is_typing(t, s->name))
		complete_add(t->out, s->name, s->help, COMPLETE_WORD, '>');
	return true;
}

/* The words that stand between a statement and where it goes. */
static const struct {
	enum follow follow;
	const char *word;
	const char *help;
} links[] = {
	{ FOLLOW_COPY, "to", "New name of the statement" },
	{ FOLLOW_INSERT, "after", "Insert after the statement" },
	{ FOLLOW_INSERT, "before", "Insert before the statement" },
};

enum { LINKS_N = sizeof(links) / sizeof(links[0]) };

/* The index of the first such word in W, or its number of words. */
static size_t
link_find(const struct words *w, enum follow follow)
{
	for (size_t i = 1; i < w->n; i++)
		for (size_t k = 0; k < LINKS_N; k++)
			if (links[k].follow == follow && !w->w[i].is_quoted &&
			    strcmp(links[k].word, w->w[i].s) == 0)
				return i;
	return w->n;
}

static bool
is_entry(const struct path *p)
{
	return (p->end == PATH_NODE && p->s->kind == SNODE_LIST) ||
	       (p->end == PATH_VALUE && p->s->kind == SNODE_LEAFLIST);
}

static void
links_add(const struct typing *t, enum follow follow)
{
	for (size_t k = 0; k < LINKS_N; k++)
		if (links[k].follow == follow && hint_is_typing(t, links[k].word))
			complete_add(t->out, links[k].word, links[k].help, COMPLETE_WORD, ' ');
}

/* True if P has come to a whole statement below the [edit] place; `family` alone is none. */
static bool
is_statement_of(const struct typing *t, const struct path *p)
{
	return p->n > t->edit.n && p->end <= PATH_VALUE && p->end != PATH_LIST && !p->s->is_joined;
}

bool
hint_path_complete(const struct typing *t, enum follow follow)
{
	const struct snode *root = t->ask->schema->config;
	struct path top = { .s = root };
	bool is_running = t->tree == t->ask->running;
	struct path p;
	struct words head = t->w;
	size_t cut = link_find(&head, follow);
	head.n = cut;
	if (follow == FOLLOW_ANNOTATE && head.n > 0 && head.w[head.n - 1].is_quoted) {
		t->out->can_end = true;
		return true;
	}
	bool values = follow == FOLLOW_SET || follow == FOLLOW_EDIT;
	if (!path_walk_part(t->out->a, root, is_running ? &top : &t->edit, &head, values, &p, t->e))
		return false;
	if (cut < t->w.n) {
		struct words rest = words_from(&t->w, cut + 1);
		if (!is_entry(&p))
			return refuse(t->e, t->w.w[cut].at, "syntax error.");
		return other_complete(t, &p, &rest);
	}
	if (follow == FOLLOW_ANNOTATE && is_statement_of(t, &p)) {
		complete_add(t->out, "<comment>", "Text of the comment", COMPLETE_PLACEHOLDER, ' ');
		return true;
	}
	enum permit_access access = is_reading(follow) ? PERMIT_READ : PERMIT_WRITE;
	if (t->ask->permit != NULL && head.n > 0 &&
	    !permit_path(t->ask->permit, &p, access, head.w[head.n - 1].at, t->e))
		return false;
	size_t n_before = t->out->n;
	path_next(t, &p, follow);
	closed_drop(t, &p, access, n_before);
	if (follow == FOLLOW_EDIT && p.end == PATH_NODE)
		leaves_drop(t->out);
	if (is_entry(&p))
		links_add(t, follow);
	t->out->can_end = path_can_end(&p, follow, head.n);
	return true;
}

bool
hint_match_complete(const struct typing *t)
{
	if (!hint_path_complete(t, FOLLOW_MATCH)) {
		/* the last complete word may be the expression */
		refusal_done(t->e);
		*t->e = (struct refusal){ 0 };
		t->out->can_end = true;
		return true;
	}
	complete_add(
	    t->out, "<regex>", "Regular expression for the names", COMPLETE_PLACEHOLDER, ' ');
	return true;
}

bool
hint_range_complete(const struct typing *t, enum follow follow)
{
	for (size_t i = 0; i < t->w.n; i++)
		if (!t->w.w[i].is_quoted && strcmp(t->w.w[i].s, "[") == 0) {
			t->out->can_end = true;
			return true;
		}
	return hint_path_complete(t, follow == FOLLOW_RANGE_SET ? FOLLOW_SET : FOLLOW_CHANGE);
}
