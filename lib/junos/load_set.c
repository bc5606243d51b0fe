/* SPDX-License-Identifier: BSD-2-Clause
 *
 * load_set.c - lines of set, delete, activate, ... into a tree.
 *
 * One command a line. The place that edit, up and top move is kept as words and put before the words of each
 * command, so that it survives whatever the commands do to the tree.
 */
#include "lib/junos/load.h"

#include "lib/junos/loader.h"
#include "lib/junos/place.h"
#include "lib/junos/protect.h"
#include "lib/junos/quote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 64, WORDS_MAX = 256, UP_MAX = 64 };

/* The words of one [edit] place. */
struct spot {
	struct text buf;
	size_t at[DEPTH_MAX];
	size_t n;
};

struct setter {
	struct loader l;
	struct tree *stage;  /* empty; where a line is rehearsed */
	struct spot spot;    /* where commands apply */
	struct spot base;    /* what `top` returns to */
	struct word command; /* the first word of the line, for messages */
};

static void
spot_add(struct spot *s, const char *word)
{
	if (s->n == DEPTH_MAX)
		return;
	s->at[s->n++] = s->buf.len;
	text_putn(&s->buf, word, strlen(word) + 1);
}

static void
spot_cut(struct spot *s, size_t n)
{
	if (n >= s->n)
		return;
	s->buf.len = s->at[n];
	s->n = n;
}

static void
spot_of(struct spot *s, const struct node *n)
{
	if (n->parent == NULL)
		return;
	spot_of(s, n->parent);
	if (!(n->schema->kind == SNODE_LIST && n->schema->is_nokeyword))
		spot_add(s, n->schema->name);
	for (size_t i = 0; n->schema->kind == SNODE_LIST && i < n->schema->n_keys; i++)
		spot_add(s, i == 0 ? n->value : n->more_keys[i - 1]);
}

static void
spot_copy(struct spot *to, const struct spot *from)
{
	text_reset(&to->buf);
	to->n = 0;
	for (size_t i = 0; i < from->n; i++)
		spot_add(to, from->buf.s + from->at[i]);
}

static void
say(struct setter *st, enum report_class class, const struct word *w, const char *statement,
    const char *message)
{
	loader_say(
	    &st->l, class, class != REPORT_WARNING, w, tree_root(st->l.t), statement, message);
}

/* --- commands on what is there --- */

/* The words FROM..TO of the line, after those of the place, for place_find(). Returns their number. */
static size_t
path_words(const struct setter *st, size_t from, size_t to, const char **words)
{
	size_t n = 0;
	for (size_t i = 0; i < st->spot.n; i++)
		words[n++] = st->spot.buf.s + st->spot.at[i];
	for (size_t i = from; i < to && n < WORDS_MAX; i++)
		if (st->l.words[i].kind == LEX_WORD)
			words[n++] = loader_text(&st->l, i);
	return n;
}

/* Finds what the words FROM..TO name and says if it is not there: an error if the command is nothing without it. */
static struct place
line_find(struct setter *st, size_t from, size_t to, bool is_needed)
{
	const char *words[WORDS_MAX];
	size_t n = path_words(st, from, to, words);
	if (n == st->spot.n && from < to) {
		/* brackets alone name nothing, and surely not all that there is */
		say(st, REPORT_SYNTAX, &st->l.words[from], loader_text(&st->l, from),
		    "syntax error");
		return (struct place){ .kind = PLACE_UNKNOWN };
	}
	struct place p = place_find(tree_root(st->l.t), words, n);
	if (p.kind != PLACE_UNKNOWN && p.kind != PLACE_MISSING)
		return p;
	size_t bad = p.used >= st->spot.n ? from + p.used - st->spot.n : from;
	if (bad >= to)
		bad = to - 1;
	if (p.kind == PLACE_UNKNOWN)
		say(st, REPORT_SYNTAX, &st->l.words[bad], loader_text(&st->l, bad), "syntax error");
	else
		say(st, is_needed ? REPORT_INVALID : REPORT_WARNING, &st->command,
		    loader_text(&st->l, to - 1), "statement not found");
	return p;
}

/* Containers that only held what was deleted go with it, unless they mean something by themselves. */
static void
prune(struct tree *t, struct node *n)
{
	while (n->parent != NULL && n->child == NULL && n->schema->kind == SNODE_CONTAINER &&
	       !n->schema->is_presence && n->comment == NULL && !n->is_inactive &&
	       !n->is_protected && node_any(n) == NULL) {
		struct node *up = n->parent;
		node_del(t, n);
		n = up;
	}
}

/* Says that N, which is protected, stays as it is. */
static void
protected_say(void *arg, const struct node *n)
{
	struct setter *st = arg;
	struct text t = { 0 };
	protect_print(n, &t);
	loader_say(&st->l, REPORT_WARNING, false, &st->command, NULL, NULL, text_str(&t));
	text_done(&t);
}

static bool
is_protected(struct setter *st, const struct node *n)
{
	const struct node *guard = protect_around(n);
	if (guard != NULL)
		protected_say(st, guard);
	return guard != NULL;
}

/* Deletes what the words of the line name. */
static void
delete_one(struct setter *st)
{
	struct tree *t = st->l.t;
	struct place p = line_find(st, 1, st->l.n_words, false);
	if ((p.kind != PLACE_NODE && p.kind != PLACE_ALL) ||
	    is_protected(st, p.kind == PLACE_NODE ? p.node : p.parent))
		return;
	struct node *up = p.kind == PLACE_NODE ? p.node->parent : p.parent;
	bool is_all = p.kind == PLACE_NODE && st->l.n_words == 1; /* all below this place */
	if (p.kind == PLACE_NODE && !is_all) {
		protect_delete(t, p.node, protected_say, st);
	} else {
		struct node *n = is_all ? p.node->child : node_first_of(p.parent, p.schema);
		for (struct node *next; n != NULL && (is_all || n->schema == p.schema); n = next) {
			next = n->next;
			protect_delete(t, n, protected_say, st);
		}
	}
	if (!is_all)
		prune(t, up);
}

/* `delete proposals [ a b ]` is `delete proposals a` and `delete proposals b`; so are the commands that mark. */
static void
each_value(struct setter *st, void (*run)(struct setter *))
{
	struct loader *l = &st->l;
	size_t open = 1;
	while (open < l->n_words && l->words[open].kind != LEX_LIST)
		open++;
	size_t n = l->n_words;
	if (open == n) {
		run(st);
		return;
	}
	bool is_list = n > open + 2 && open > 1 && l->words[n - 1].kind == LEX_LIST_END;
	for (size_t i = open + 1; i + 1 < n && is_list; i++)
		is_list = l->words[i].kind == LEX_WORD;
	if (!is_list)
		say(st, REPORT_SYNTAX, &l->words[open], "[", "syntax error");
	for (size_t i = open + 1; i + 1 < n && is_list; i++) {
		l->words[open] = l->words[i];
		l->n_words = open + 1;
		run(st);
	}
	l->n_words = n;
}

static void
on_delete(struct setter *st)
{
	each_value(st, delete_one);
}

enum mark { MARK_ACTIVE, MARK_INACTIVE, MARK_PROTECT, MARK_UNPROTECT };

static void
mark_one(struct node *n, enum mark mark)
{
	if (mark == MARK_ACTIVE || mark == MARK_INACTIVE)
		n->is_inactive = mark == MARK_INACTIVE;
	else
		n->is_protected = mark == MARK_PROTECT;
}

static void
mark_run(struct setter *st, enum mark mark)
{
	struct place p = line_find(st, 1, st->l.n_words, false);
	bool is_switch = mark == MARK_ACTIVE || mark == MARK_INACTIVE;
	if (is_switch && (p.kind == PLACE_NODE || p.kind == PLACE_ALL) &&
	    is_protected(st, p.kind == PLACE_NODE ? p.node : p.parent))
		return;
	if (p.kind == PLACE_NODE && p.node->parent != NULL)
		mark_one(p.node, mark);
	/* `family` alone has no line in the text: what is said of it is said of each of its children */
	if (p.kind == PLACE_NODE && p.node->schema->is_joined && p.node->child != NULL) {
		mark_one(p.node, mark == MARK_INACTIVE  ? MARK_ACTIVE
				 : mark == MARK_PROTECT ? MARK_UNPROTECT
							: mark);
		for (struct node *c = p.node->child; c != NULL; c = c->next)
			mark_one(c, mark);
	}
	struct node *n = p.kind == PLACE_ALL ? node_first_of(p.parent, p.schema) : NULL;
	for (; n != NULL && n->schema == p.schema; n = n->next)
		mark_one(n, mark);
}

static void
activate_one(struct setter *st)
{
	mark_run(st, MARK_ACTIVE);
}

static void
on_activate(struct setter *st)
{
	each_value(st, activate_one);
}

static void
deactivate_one(struct setter *st)
{
	mark_run(st, MARK_INACTIVE);
}

static void
on_deactivate(struct setter *st)
{
	each_value(st, deactivate_one);
}

static void
protect_one(struct setter *st)
{
	mark_run(st, MARK_PROTECT);
}

static void
on_protect(struct setter *st)
{
	each_value(st, protect_one);
}

static void
unprotect_one(struct setter *st)
{
	mark_run(st, MARK_UNPROTECT);
}

static void
on_unprotect(struct setter *st)
{
	each_value(st, unprotect_one);
}

static void
on_annotate(struct setter *st)
{
	size_t last = st->l.n_words - 1;
	if (last < 2) {
		say(st, REPORT_SYNTAX, &st->command, NULL, "missing argument");
		return;
	}
	struct place p = line_find(st, 1, last, false);
	struct node *n = p.kind == PLACE_ALL ? node_first_of(p.parent, p.schema) : p.node;
	if ((p.kind == PLACE_NODE || p.kind == PLACE_ALL) && !is_protected(st, n))
		node_set_comment(st->l.t, n, loader_text(&st->l, last));
}

/* Returns where WORD stands on the line, not before FROM; 0 if nowhere. */
static size_t
word_find(const struct setter *st, size_t from, const char *word)
{
	for (size_t i = from; i < st->l.n_words; i++)
		if (!st->l.words[i].is_quoted && strcmp(loader_text(&st->l, i), word) == 0)
			return i;
	return 0;
}

/* Checks the keys in the words from AT on for entries like N, with or without the list's word. False: refused. */
static bool
keys_read(
    struct setter *st, const struct node *n, size_t at, const char **keys, char (*canon)[1024])
{
	struct loader *l = &st->l;
	const struct snode *s = n->schema;
	size_t n_keys = s->kind == SNODE_LIST ? s->n_keys : 1;
	if (at + n_keys < l->n_words && strcmp(loader_text(l, at), s->name) == 0)
		at++;
	for (size_t i = 0; i < n_keys; i++) {
		if (s->is_key_keyword && at + 1 < l->n_words &&
		    strcmp(loader_text(l, at), s->keys[i]->name) == 0)
			at++;
		if (at >= l->n_words) {
			say(st, REPORT_SYNTAX, &st->command, NULL, "missing argument");
			return false;
		}
		char err[512];
		keys[i] = place_value(s->kind == SNODE_LIST ? s->keys[i] : s, loader_text(l, at),
		    canon[i], sizeof(canon[i]), err, sizeof(err));
		if (keys[i] == NULL) {
			say(st, REPORT_INVALID, &l->words[at], loader_text(l, at), err);
			return false;
		}
		at++;
	}
	if (at < l->n_words)
		say(st, REPORT_SYNTAX, &l->words[at], loader_text(l, at), "syntax error");
	return at == l->n_words;
}

static bool
is_entry(struct setter *st, const struct place *p)
{
	if (p->kind != PLACE_NODE)
		return false;
	if (p->node->schema->kind == SNODE_LIST || p->node->schema->kind == SNODE_LEAFLIST)
		return true;
	say(st, REPORT_SYNTAX, &st->command, loader_text(&st->l, 1), "not an entry of a list");
	return false;
}

static void
on_insert(struct setter *st)
{
	size_t before = word_find(st, 2, "before");
	size_t after = word_find(st, 2, "after");
	size_t to = before ? before : after;
	if (to == 0) {
		say(st, REPORT_SYNTAX, &st->command, NULL,
		    "syntax error, expecting 'before' or 'after'");
		return;
	}
	struct place p = line_find(st, 1, to, true);
	const char *keys[PLACE_KEYS_MAX];
	char canon[PLACE_KEYS_MAX][1024];
	if (!is_entry(st, &p) || is_protected(st, p.node) ||
	    !keys_read(st, p.node, to + 1, keys, canon))
		return;
	struct node *n = p.node;
	struct node *ref = n->schema->kind == SNODE_LIST
			       ? node_entry(n->parent, n->schema, keys)
			       : node_value(n->parent, n->schema, keys[0]);
	if (ref == NULL)
		say(st, REPORT_INVALID, &st->l.words[to], keys[0], "statement not found");
	else
		node_move(st->l.t, n, ref, before == 0);
}

static void
rename_or_copy(struct setter *st, bool is_copy)
{
	size_t to = word_find(st, 2, "to");
	if (to == 0) {
		say(st, REPORT_SYNTAX, &st->command, NULL, "syntax error, expecting 'to'");
		return;
	}
	struct place p = line_find(st, 1, to, true);
	const char *keys[PLACE_KEYS_MAX];
	char canon[PLACE_KEYS_MAX][1024];
	if (!is_entry(st, &p) || is_protected(st, is_copy ? p.node->parent : p.node) ||
	    !keys_read(st, p.node, to + 1, keys, canon))
		return;
	bool ok = is_copy ? node_copy(st->l.t, p.node->parent, p.node, keys) != NULL
			  : node_rename(st->l.t, p.node, keys);
	if (!ok)
		say(st, REPORT_INVALID, &st->l.words[to], keys[0], "target already exists");
}

static void
on_rename(struct setter *st)
{
	rename_or_copy(st, false);
}

static void
on_copy(struct setter *st)
{
	rename_or_copy(st, true);
}

/* --- set and moving about --- */

/* Puts the words of the place before those of the line, from word FROM on. */
static void
words_prefix(struct setter *st, size_t from)
{
	struct loader *l = &st->l;
	size_t n = l->n_words - from;
	struct word *line = calloc(n + 1, sizeof(*line));
	if (line == NULL)
		abort();
	memcpy(line, l->words + from, n * sizeof(*line));
	l->n_words = 0;
	for (size_t i = 0; i < st->spot.n; i++) {
		const char *word = st->spot.buf.s + st->spot.at[i];
		struct word w = st->command;
		w.is_quoted = false;
		loader_push(l, word, strlen(word), &w);
	}
	for (size_t i = 0; i < n; i++) {
		/* the text is in the buffer already: only its place is written again */
		size_t at = line[i].at;
		loader_push(l, "", 0, &line[i]);
		l->words[l->n_words - 1].at = at;
	}
	free(line);
}

/* Carries out the line's words on the tree of the loader; false if any of it was refused. */
static bool
set_run(struct loader *l)
{
	struct stmt s = { .l = l, .block = tree_root(l->t) };
	stmt_run(&s);
	if (s.n->schema->is_any && s.n->parent != NULL && !s.is_failed)
		stmt_any(l, s.n, s.at, NULL);
	return !s.is_failed && s.doomed == NULL;
}

/* Tries the line on an empty tree first, so that a line of which any part is refused changes nothing. What was wrong
 * goes to the report; remarks about a line that is right are made when it is carried out. */
static bool
set_rehearse(struct setter *st)
{
	struct loader *l = &st->l;
	struct report said = { 0 };
	struct report *report = l->report;
	struct tree *t = l->t;
	struct text comment = l->comment;
	size_t before = l->errors_before;
	uint32_t salt = l->salt;
	l->errors_before -=
	    report->n_errors; /* the bound on errors counts those of the report, too */
	l->report = &said;
	l->t = st->stage;
	l->comment = (struct text){ 0 };
	bool is_right = set_run(l);
	while (tree_root(st->stage)->last != NULL)
		node_del(st->stage, tree_root(st->stage)->last);
	text_done(&l->comment);
	l->comment = comment;
	l->t = t;
	l->report = report;
	l->errors_before = before;
	l->salt = salt;
	for (size_t i = 0; i < said.n && !is_right; i++)
		report_add(report, &said.lines[i]);
	report_done(&said);
	return is_right;
}

static void
on_set(struct setter *st)
{
	struct loader *l = &st->l;
	words_prefix(st, 1);
	if (l->n_words == 0) {
		say(st, REPORT_SYNTAX, &st->command, NULL, "missing argument");
		return;
	}
	if (set_rehearse(st))
		set_run(l);
	text_reset(&l->comment);
}

static void
on_edit(struct setter *st)
{
	for (size_t i = 1; i < st->l.n_words; i++)
		spot_add(&st->spot, loader_text(&st->l, i));
}

static void
on_top(struct setter *st)
{
	spot_copy(&st->spot, &st->base);
}

/* Goes up one statement: an entry's keys are not levels of their own. */
static void
up_one(struct setter *st)
{
	struct spot *s = &st->spot;
	const struct snode *at = tree_schema(st->l.t)->config;
	size_t start = 0;
	for (size_t i = 0; i < s->n && at != NULL;) {
		bool has_word;
		start = i;
		at = place_child(at, s->buf.s + s->at[i], false, 0, &has_word);
		i += has_word;
		for (size_t k = 0; at != NULL && at->kind == SNODE_LIST && k < at->n_keys; k++)
			i += at->is_key_keyword ? 2 : 1;
	}
	spot_cut(s, start > st->base.n ? start : st->base.n);
}

static void line_run(struct setter *st);

/* Drops the first N words of the line and carries out the rest as a command. */
static void
rest_run(struct setter *st, size_t n)
{
	struct loader *l = &st->l;
	l->n_words -= n;
	memmove(l->words, l->words + n, l->n_words * sizeof(*l->words));
	line_run(st);
}

/* `up`, `up N`, `top`, or one of them before another command, which alone is carried out there. */
static void
on_move(struct setter *st, bool is_top)
{
	struct loader *l = &st->l;
	size_t n = 1;
	unsigned long levels = 1;
	if (!is_top && l->n_words > 1 && loader_text(l, 1)[0] >= '0' &&
	    loader_text(l, 1)[0] <= '9') {
		levels = strtoul(loader_text(l, 1), NULL, 10);
		n = 2;
	}
	struct spot before = { 0 };
	spot_copy(&before, &st->spot);
	if (is_top)
		on_top(st);
	for (unsigned long i = 0; i < levels && i < UP_MAX && !is_top; i++)
		up_one(st);
	if (l->n_words > n) {
		bool stays = strcmp(loader_text(l, n), "edit") == 0;
		rest_run(st, n);
		if (!stays)
			spot_copy(&st->spot, &before);
	}
	text_done(&before.buf);
}

static const struct {
	const char *word;
	void (*run)(struct setter *);
} commands[] = {
	{ "set", on_set },
	{ "delete", on_delete },
	{ "activate", on_activate },
	{ "deactivate", on_deactivate },
	{ "protect", on_protect },
	{ "unprotect", on_unprotect },
	{ "annotate", on_annotate },
	{ "insert", on_insert },
	{ "rename", on_rename },
	{ "copy", on_copy },
	{ "edit", on_edit },
};

static void
line_run(struct setter *st)
{
	struct loader *l = &st->l;
	st->command = l->words[0];
	const char *word = loader_text(l, 0);
	bool is_top = strcmp(word, "top") == 0;
	if (is_top || strcmp(word, "up") == 0 || strcmp(word, "exit") == 0) {
		on_move(st, is_top);
		return;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(word, commands[i].word) == 0) {
			if (l->n_words == 1 && commands[i].run != on_delete)
				say(st, REPORT_SYNTAX, &st->command, word, "missing argument");
			else
				commands[i].run(st);
			return;
		}
	say(st, REPORT_SYNTAX, &st->command, word, "unknown command");
}

/* Reads the words of a line. Returns false if it cannot be carried out (and that was said). */
static bool
line_read(struct setter *st, enum lex_kind *end)
{
	struct loader *l = &st->l;
	struct lex *x = &l->lex;
	bool ok = true;
	l->n_words = 0;
	text_reset(&l->buf);
	for (;;) {
		*end = l->is_full ? LEX_EOF : lex_next(x);
		struct word w = { .line = x->at_line,
			.column = x->at_column,
			.kind = *end,
			.is_quoted = x->is_quoted };
		if (*end == LEX_NEWLINE || *end == LEX_EOF) {
			l->end_line = w.line;
			l->end_column = w.column;
			return ok;
		}
		if (*end == LEX_WORD || *end == LEX_LIST || *end == LEX_LIST_END) {
			loader_push(l, x->s, x->n, &w);
			continue;
		}
		const char *mark = *end == LEX_OPEN ? "{" : *end == LEX_CLOSE ? "}" : ";";
		if (ok)
			say(st, REPORT_SYNTAX, &w, *end == LEX_ERROR ? NULL : mark,
			    *end == LEX_ERROR ? x->s : "syntax error");
		ok = false;
	}
}

bool
load_set(struct tree *t, struct node *below, const char *s, size_t len, struct report *r)
{
	struct setter st = { .stage = tree_new(tree_schema(t)) };
	loader_init(&st.l, t, s, len, r, true);
	st.l.action = LOAD_MERGE;
	spot_of(&st.base, below);
	spot_copy(&st.spot, &st.base);
	for (enum lex_kind end = LEX_NEWLINE; end != LEX_EOF;)
		if (line_read(&st, &end) && st.l.n_words > 0)
			line_run(&st);
	text_done(&st.spot.buf);
	text_done(&st.base.buf);
	tree_free(st.stage);
	return loader_done(&st.l);
}

/* True if the first word of the text is a command of ours. */
static bool
is_set_text(const char *s, size_t len)
{
	struct lex x;
	lex_init(&x, s, len, false);
	bool is_set = false;
	if (lex_next(&x) == LEX_WORD && !x.is_quoted) {
		struct text word = { 0 };
		text_putn(&word, x.s, x.n);
		for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
			is_set = is_set || strcmp(text_str(&word), commands[i].word) == 0;
		is_set = is_set || strcmp(text_str(&word), "top") == 0 ||
			 strcmp(text_str(&word), "up") == 0;
		text_done(&word);
	}
	lex_done(&x);
	return is_set;
}

/* The first byte that is not layout, 0 if there is none. */
static char
first_byte(const char *s, size_t len)
{
	size_t i = 0;
	while (i < len && strchr(" \t\r\n", s[i]) != NULL && s[i] != '\0')
		i++;
	return i < len ? s[i] : '\0';
}

bool
load_any_below(struct tree *t, struct node *below, enum load_action action, const char *s,
    size_t len, struct report *r)
{
	char first = first_byte(s, len);
	if (first == '<')
		return load_xml(t, below, action, s, len, r);
	if (first == '{')
		return load_json(t, below, action, s, len, r);
	return below->parent == NULL ? load_text(t, action, s, len, r)
				     : load_below(t, below, action, s, len, r);
}

bool
load_any(struct tree *t, enum load_action action, const char *s, size_t len, struct report *r)
{
	if (!is_set_text(s, len))
		return load_any_below(t, tree_root(t), action, s, len, r);
	if (action == LOAD_OVERRIDE)
		node_del(t, tree_root(t));
	return load_set(t, tree_root(t), s, len, r);
}
