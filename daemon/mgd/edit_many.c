/* SPDX-License-Identifier: BSD-2-Clause
 *
 * edit_many.c - commands that change many statements at once: replace pattern, wildcard delete, wildcard range.
 *
 * What they find becomes set lines with full paths, which take the same road as those of a file. Called by edit.c.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/mgd/candidate.h"
#include "daemon/mgd/edit.h"
#include "daemon/mgd/mgd.h"
#include "daemon/mgd/permit.h"
#include "daemon/mgd/range.h"
#include "lib/base/pattern.h"
#include "lib/junos/place.h"
#include "lib/junos/quote.h"
#include "lib/junos/replace.h"
#include "lib/junos/tree.h"
#include "lib/yang/schema.h"

/* The words W of the line again, brackets being a part of patterns. */
static struct words
pattern_words(struct session *s, struct arena *a, const struct words *w)
{
	struct refusal ignored = { 0 };
	struct words again = *w;
	/* what could be cut before can be cut now: only quotes matter */
	if (w->n > 0 && !words_cut_patterns(a, s->line, w->w[0].at, &again, &ignored))
		again = *w;
	refusal_done(&ignored);
	return again;
}

static bool
pattern_read(regex_t *re, const struct word *w, bool is_exact, struct refusal *e)
{
	const char *why = is_exact ? pattern_compile_exact(re, w->s) : pattern_compile(re, w->s);
	return why == NULL || refuse(e, w->at, "%s: %.200s", why, w->s);
}

/* --- replace pattern --- */

/* RE with TEXT [upto N]; LIMIT is 0 without a number. */
static bool
replace_words(const struct words *w, size_t *limit, struct refusal *e)
{
	*limit = 0;
	if (w->n > 1 && word_abbreviates(&w->w[1], "with") == 0)
		return refuse(e, w->w[1].at, "syntax error, expecting 'with'.");
	if (w->n > 3 && word_abbreviates(&w->w[3], "upto") == 0)
		return refuse(e, w->w[3].at, "syntax error.");
	if (w->n < 3 || w->n == 4)
		return refuse(e, w->end + 1, "missing argument.");
	if (w->n > 5)
		return refuse(e, w->w[5].at, "syntax error.");
	if (w->n == 3)
		return true;
	const char *n = w->w[4].s;
	if (n[0] == '\0' || strspn(n, "0123456789") != strlen(n) || strlen(n) > 9)
		return refuse(e, w->w[4].at, "invalid value '%.200s'", n);
	*limit = strtoul(n, NULL, 10);
	return true;
}

/* The node of T that S edits, or NULL. */
static struct node *
place_in(const struct session *s, struct tree *t)
{
	struct node *root = tree_root(t);
	return s->edit.n > 0 ? node_path(root, s->edit.words, s->edit.n) : root;
}

void
edit_replace(struct session *s, const struct words *typed, struct arena *a)
{
	struct words again = pattern_words(s, a, typed);
	const struct words *w = &again;
	struct refusal e = { 0 };
	struct tree *t = session_tree(s);
	struct node *below = place_in(s, t);
	size_t limit;
	regex_t re;
	if (!replace_words(w, &limit, &e) || !pattern_read(&re, &w->w[0], true, &e)) {
		session_refuse(s, &e);
		refusal_done(&e);
		return;
	}
	struct report r = { 0 };
	struct tree *view = permit_view(session_permit(s), t, PERMIT_DROP);
	const struct node *seen = view != NULL ? place_in(s, view) : NULL;
	size_t n = 0;
	if (below != NULL && (view == NULL || seen != NULL))
		n = replace_pattern(t, below, seen, &re, w->w[2].s, limit, &r);
	regfree(&re);
	tree_free(view);
	if (n > 0)
		candidate_touched(s);
	edit_report(s, &r);
	report_done(&r);
}

/* --- wildcard delete --- */

struct matches {
	struct session *s;
	const regex_t *re;
	size_t n;
};

static void
match_add(struct matches *m, const struct node *parent, const char *name, const char *word)
{
	struct text said = { 0 };
	text_printf(&said, "  matched: %s\n", name);
	session_text(m->s, text_str(&said));
	text_done(&said);
	struct text *lines = &m->s->pending;
	text_put(lines, "delete ");
	if (parent->parent != NULL) {
		node_edit_path(parent, lines);
		text_putc(lines, ' ');
	}
	text_printf(lines, "%s\n", word);
	m->n++;
}

static bool
is_match(const struct matches *m, const char *name)
{
	return regexec(m->re, name, 0, NULL, 0) == 0;
}

/* N, an entry or a value, by its name. */
static void
entry_match(struct matches *m, const struct node *n)
{
	if (!is_match(m, n->value))
		return;
	struct text word = { 0 };
	node_statement(n, &word);
	match_add(m, n->parent, n->value, text_str(&word));
	text_done(&word);
}

/* The statements of N by their words; entries that stand without a word by their names. */
static void
children_match(struct matches *m, const struct node *n)
{
	const struct snode *last = NULL;
	for (const struct node *c = n->child; c != NULL; c = c->next) {
		const struct snode *s = c->schema;
		if (s->kind == SNODE_LIST && s->is_nokeyword)
			entry_match(m, c);
		else if (s != last && is_match(m, s->name))
			match_add(m, n, s->name, s->name);
		last = s;
	}
}

static void
on_wildcard_answer(struct session *s, const char *text)
{
	struct text lines = s->pending;
	s->pending = (struct text){ 0 };
	if (text[0] != 'y' && text[0] != 'Y')
		session_done(s);
	else if (edit_may(s, "wildcard delete"))
		edit_change(s, text_str(&lines));
	text_done(&lines);
}

/* Only what the user may see can match. */
static void
place_match(struct matches *m, const struct path *p)
{
	struct tree *view = permit_view(session_permit(m->s), session_tree(m->s), PERMIT_DROP);
	struct node *root = tree_root(view != NULL ? view : session_tree(m->s));
	struct place at = place_find(root, p->words, p->n);
	if (at.kind == PLACE_NODE && at.node->schema->kind != SNODE_LEAF)
		children_match(m, at.node);
	const struct node *n = at.kind == PLACE_ALL ? node_first_of(at.parent, at.schema) : NULL;
	for (; n != NULL && n->schema == at.schema; n = n->next)
		entry_match(m, n);
	tree_free(view);
}

/* wildcard delete [PATH] REGEX: of what PATH holds, that of which the names match. */
void
edit_wildcard_delete(struct session *s, const struct words *typed, struct arena *a)
{
	struct words again = pattern_words(s, a, typed);
	const struct words *w = &again;
	struct refusal e = { 0 };
	struct path p;
	regex_t re;
	struct words head = *w;
	head.n -= head.n > 0;
	bool ok = w->n > 0 || refuse(&e, w->end + 1, "missing argument.");
	ok = ok && path_walk(a, s->m->db.schema->config, &s->edit, &head, false, &p, &e);
	ok = ok && guard_path(s, &s->edit, &head, &p, PERMIT_READ, &e);
	ok = ok && pattern_read(&re, &w->w[head.n], false, &e);
	if (!ok) {
		session_refuse(s, &e);
		refusal_done(&e);
		return;
	}
	struct matches m = { .s = s, .re = &re };
	text_reset(&s->pending);
	place_match(&m, &p);
	regfree(&re);
	if (m.n == 0) {
		session_text(s, "warning: statement not found\n");
		session_done(s);
		return;
	}
	const char *question = arena_printf(a, "Delete %zu objects? [yes,no] (no) ", m.n);
	session_ask(s, question, "no", on_wildcard_answer);
}

/* --- wildcard range --- */

/* Adds the set line that the typed LINE, a path for VERB, means. */
static bool
range_line(struct session *s, struct arena *a, const char *verb, const char *line, struct text *out,
    struct refusal *e)
{
	struct words w;
	struct path p;
	bool is_set = strcmp(verb, "set") == 0;
	if (!words_cut(a, line, &w, e))
		return false;
	if (!path_walk(a, s->m->db.schema->config, &s->edit, &w, is_set, &p, e))
		return false;
	if (w.n == 0 || (is_set && (p.end == PATH_LEAF || p.end == PATH_LIST)))
		return refuse(e, w.end + 1, "missing argument.");
	if (!guard_path(s, &s->edit, &w, &p, PERMIT_WRITE, e))
		return false;
	text_put(out, verb);
	path_print(&p, 0, out);
	text_putc(out, '\n');
	return true;
}

void
edit_wildcard_range(struct session *s, const char *verb, const struct words *w, struct arena *a)
{
	struct refusal e = { 0 };
	struct text lines = { 0 };
	const char *const *list = NULL;
	size_t n = 0;
	/* the words do not tell what stood side by side: the brackets are read in the line itself */
	size_t from = w->n > 0 ? w->w[0].at : w->end;
	bool ok = w->n > 0 || refuse(&e, w->end + 1, "missing argument.");
	ok = ok && range_expand(a, s->line + from, &list, &n, &e);
	for (size_t i = 0; ok && i < n; i++)
		ok = range_line(s, a, verb, list[i], &lines, &e);
	if (ok) {
		edit_change(s, text_str(&lines));
	} else {
		e.at += w->n > 0 ? from : 0;
		session_refuse(s, &e);
	}
	refusal_done(&e);
	text_done(&lines);
}
