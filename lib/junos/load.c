/* SPDX-License-Identifier: BSD-2-Clause
 *
 * load.c - curly configuration text into a tree.
 *
 * Reads statement by statement: words up to ';', '{' or '}' are gathered and given to stmt_run(); a '{'
 * opens the node it ended with. Braces are always counted, so that after a statement that means nothing
 * reading goes on at the right depth. Recursion is as deep as the schema; what is skipped is counted, not recursed.
 */
#include "lib/junos/load.h"

#include "lib/junos/loader.h"
#include "lib/junos/place.h"
#include "lib/junos/quote.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* --- what all readers share --- */

void
loader_init(
    struct loader *l, struct tree *t, const char *s, size_t len, struct report *r, bool is_set)
{
	*l = (struct loader){ .t = t, .report = r, .is_set = is_set, .errors_before = r->n_errors };
	lex_init(&l->lex, s, len, is_set);
	l->salt = (uint32_t)len * 2654435761u + 1;
}

bool
loader_done(struct loader *l)
{
	lex_done(&l->lex);
	text_done(&l->buf);
	text_done(&l->comment);
	text_done(&l->value);
	free(l->words);
	return l->report->n_errors == l->errors_before;
}

const char *
loader_text(const struct loader *l, size_t word)
{
	return l->buf.s + l->words[word].at;
}

void
loader_push(struct loader *l, const char *s, size_t len, const struct word *w)
{
	if (l->n_words == l->cap_words) {
		l->cap_words = l->cap_words ? l->cap_words * 2 : 32;
		l->words = realloc(l->words, l->cap_words * sizeof(*l->words));
		if (l->words == NULL)
			abort();
	}
	struct word *to = &l->words[l->n_words++];
	*to = *w;
	to->at = l->buf.len;
	text_putn(&l->buf, s, len);
	l->buf.len++; /* keeps the NUL that ends every text */
}

/* Adds LINE to the report with the word W's place in the text and the [edit] place PLACE. */
static void
line_add(struct loader *l, struct report_line line, const struct word *w, const struct node *place)
{
	if (l->is_full)
		return;
	struct text edit = { 0 };
	if (place != NULL)
		node_edit_path(place, &edit);
	line.line = w->line;
	line.column = w->column;
	line.edit = place != NULL ? (char *)(uintptr_t)text_str(&edit) : NULL;
	report_add(l->report, &line);
	text_done(&edit);
	l->is_full = l->report->is_enough_one && (line.is_error || line.is_unknown);
	if (l->report->n_errors - l->errors_before < LOADER_ERRORS_MAX)
		return;
	report_add(
	    l->report, &(struct report_line){
			   .class = REPORT_SYNTAX,
			   .is_error = true,
			   .line = w->line,
			   .column = w->column,
			   .message = (char *)(uintptr_t) "too many errors, reading stops here",
		       });
	l->is_full = true;
}

void
loader_say(struct loader *l, enum report_class class, bool is_error, const struct word *w,
    const struct node *place, const char *statement, const char *message)
{
	struct report_line line = {
		.class = class,
		.is_error = is_error,
		.statement = (char *)(uintptr_t)statement,
		.message = (char *)(uintptr_t)message,
	};
	line_add(l, line, w, place);
}

void
loader_say_unknown(struct loader *l, bool is_error, const struct word *w, const struct node *place,
    const char *word)
{
	struct report_line line = {
		.class = REPORT_UNSUPPORTED,
		.is_error = is_error,
		.is_unknown = true,
		.statement = (char *)(uintptr_t)word,
		.message = (char *)(uintptr_t) "unknown statement",
	};
	line_add(l, line, w, place);
}

/* --- curly text --- */

static struct word
here(const struct lex *x)
{
	return (struct word){ .line = x->at_line,
		.column = x->at_column,
		.kind = x->kind,
		.is_quoted = x->is_quoted };
}

static void
comment_add(struct loader *l, struct node *n, const char *lines)
{
	if (n == NULL)
		return;
	struct text t = { 0 };
	text_printf(&t, "%s%s%s", n->comment ? n->comment : "", n->comment ? "\n" : "", lines);
	node_set_comment(l->t, n, text_str(&t));
	text_done(&t);
}

/* Takes the comments met before the token just read. AFTER is the statement they follow on its line, or NULL if the
 * token is inside a statement. */
static void
comments_take(struct loader *l, struct node *after)
{
	struct lex *x = &l->lex;
	if (x->trail.len > 0 && after != NULL) {
		comment_add(l, after, text_str(&x->trail));
		text_reset(&x->trail);
	}
	struct text *from[] = { &x->trail, &x->lead };
	for (size_t i = 0; i < 2; i++) {
		if (from[i]->len == 0)
			continue;
		if (l->comment.len > 0)
			text_putc(&l->comment, '\n');
		text_put(&l->comment, text_str(from[i]));
		text_reset(from[i]);
	}
}

/* Gathers the words of one statement. BLOCK is for messages, AFTER the statement before. Returns the token that
 * ended it; *IS_BROKEN if a word could not be read. */
static enum lex_kind
words_read(struct loader *l, const struct node *block, struct node *after, bool *is_broken)
{
	struct lex *x = &l->lex;
	l->n_words = 0;
	text_reset(&l->buf);
	*is_broken = false;
	for (;;) {
		enum lex_kind k = l->is_full ? LEX_EOF : lex_next(x);
		struct word w = here(x);
		if (x->trail.len > 0 || x->lead.len > 0)
			comments_take(l, l->n_words == 0 ? after : NULL);
		if (k == LEX_ERROR) {
			loader_say(l, REPORT_SYNTAX, true, &w, block, NULL, x->s);
			*is_broken |= x->is_quoted;
			if (x->ends_statement)
				return LEX_END;
			continue;
		}
		if (k == LEX_WORD || k == LEX_LIST || k == LEX_LIST_END) {
			loader_push(l, x->s, x->n, &w);
			continue;
		}
		l->end_line = w.line;
		l->end_column = w.column;
		return k;
	}
}

/* Skips up to the '}' of the '{' that was just read at W. */
static void
block_skip(struct loader *l, struct word w, const struct node *place)
{
	size_t depth = 1;
	while (depth > 0) {
		enum lex_kind k = l->is_full ? LEX_EOF : lex_next(&l->lex);
		depth += k == LEX_OPEN;
		depth -= k == LEX_CLOSE;
		if (k == LEX_EOF) {
			loader_say(l, REPORT_SYNTAX, true, &w, place, "{", "'{' is never closed");
			break;
		}
	}
	text_reset(&l->lex.trail);
	text_reset(&l->lex.lead);
}

static void
word_put(struct text *out, const struct lex *x)
{
	struct text word = { 0 };
	text_putn(&word, x->s, x->n);
	quote_put(out, text_str(&word), x->is_quoted);
	text_done(&word);
}

/* Reads the block of a statement that is kept as text, up to its '}', in the printer's form. */
static void
any_read(struct loader *l, struct word w, const struct node *n, struct text *out)
{
	struct lex *x = &l->lex;
	size_t depth = 1;
	bool is_fresh = true; /* no word of the statement yet */
	for (;;) {
		enum lex_kind k = l->is_full ? LEX_EOF : lex_next(x);
		if (k == LEX_EOF) {
			loader_say(l, REPORT_SYNTAX, true, &w, n, "{", "'{' is never closed");
			text_reset(out); /* half of it would not read back */
			break;
		}
		if (k == LEX_ERROR) {
			struct word at = here(x);
			loader_say(l, REPORT_SYNTAX, true, &at, n, NULL, x->s);
			continue;
		}
		if ((k == LEX_CLOSE || k == LEX_END) && !is_fresh)
			text_put(out, ";\n");
		if (k == LEX_OPEN && is_fresh) {
			struct word at = here(x);
			loader_say(l, REPORT_SYNTAX, true, &at, n, "{", "syntax error");
			block_skip(l, at, n);
			continue;
		}
		depth += k == LEX_OPEN;
		depth -= k == LEX_CLOSE;
		if (depth == 0)
			break;
		bool is_empty = out->len > 3 && strcmp(text_str(out) + out->len - 3, " {\n") == 0;
		if (k == LEX_CLOSE && is_empty) {
			out->len -= 3; /* `x { }` is `x;` */
			text_put(out, ";\n");
		} else if (k == LEX_CLOSE) {
			text_put(out, "}\n");
		} else if (k != LEX_END) {
			if (!is_fresh)
				text_putc(out, ' ');
			if (k == LEX_WORD)
				word_put(out, x);
			else
				text_put(out, k == LEX_OPEN ? "{\n" : k == LEX_LIST ? "[" : "]");
		}
		is_fresh = k == LEX_OPEN || k == LEX_CLOSE || k == LEX_END;
	}
	text_reset(&x->trail);
	text_reset(&x->lead);
}

void
loader_any(struct loader *l, struct node *n, const char *text, size_t len)
{
	struct text all = { 0 };
	struct text clean = { 0 };
	text_printf(&all, "%.*s}", (int)len, text);
	struct lex before = l->lex;
	lex_init(&l->lex, text_str(&all), all.len, false);
	any_read(l, (struct word){ .line = n->line, .column = n->column }, n, &clean);
	lex_done(&l->lex);
	l->lex = before;
	stmt_any(l, n, l->n_words, text_str(&clean));
	text_done(&all);
	text_done(&clean);
}

static struct node *block_read(
    struct loader *l, struct node *block, const struct snode *list, const struct word *open);

/* Carries out the words read and opens the block if K says so. Returns the statement, for comments, or NULL. */
static struct node *
statements_run(struct loader *l, struct node *block, const struct snode *list, enum lex_kind k)
{
	struct stmt s = { 0 };
	size_t at = 0;
	do {
		if (s.doomed != NULL)
			node_del(l->t, s.doomed);
		s = (struct stmt){ .l = l, .block = block, .list = list, .at = at };
		stmt_run(&s);
		at = s.at;
		if (s.n->schema->is_any && !s.is_failed)
			break;
	} while (at < l->n_words);
	struct word open = { .line = l->end_line, .column = l->end_column };
	struct node *result = s.top;
	if (s.n->schema->is_any && s.n != block && !s.is_failed) {
		struct text text = { 0 };
		if (k == LEX_OPEN)
			any_read(l, open, s.n, &text);
		stmt_any(l, s.n, at, k == LEX_OPEN ? text_str(&text) : NULL);
		text_done(&text);
	} else if (k == LEX_OPEN && s.is_leaf && !s.is_failed) {
		/* more may belong to a statement that is not supported than its schema says */
		bool is_known = s.top == NULL || s.top->schema->status != SNODE_UNSUPPORTED;
		if (is_known)
			loader_say(
			    l, REPORT_SYNTAX, true, &open, s.n, "{", "syntax error, expecting ';'");
		block_skip(l, open, block);
	} else if (k == LEX_OPEN && s.is_failed && s.doomed == NULL) {
		block_skip(l, open, block);
		result = NULL;
	} else if (k == LEX_OPEN) {
		struct node *last = block_read(l, s.n, s.open_list, &open);
		if (s.open_list != NULL)
			result = last;
	} else if (s.open_list != NULL) {
		loader_say(
		    l, REPORT_SYNTAX, true, &open, s.n, s.open_list->name, "missing argument");
	}
	if (s.doomed != NULL)
		node_del(l->t, s.doomed);
	text_reset(&l->comment);
	return s.doomed != NULL ? NULL : result;
}

/* True if the words are no statement of BLOCK: a set line, for instance. That they do not end with a ';' goes without saying. */
static bool
is_meaningless(const struct loader *l, const struct node *block, const struct snode *list)
{
	const char *word = loader_text(l, 0);
	bool has_word;
	if (list != NULL || block->schema->is_any || l->words[0].kind != LEX_WORD ||
	    (!l->words[0].is_quoted && quote_tag(word) != TAG_NONE))
		return false;
	return place_child(block->schema, word, l->words[0].is_quoted, 0, &has_word) == NULL;
}

/* Reads the statements of BLOCK up to its '}'; OPEN is the place of its '{', NULL at the top. LIST: it is the
 * braces of that list's entries. Returns the last statement, or NULL. */
static struct node *
block_read(struct loader *l, struct node *block, const struct snode *list, const struct word *open)
{
	struct node *after = list == NULL && open != NULL ? block : NULL;
	for (;;) {
		bool is_broken;
		enum lex_kind k = words_read(l, block, after, &is_broken);
		struct word end = { .line = l->end_line, .column = l->end_column };
		bool is_cut =
		    l->n_words > 0 && (k == LEX_CLOSE || k == LEX_EOF) && !is_broken && !l->is_full;
		bool is_nothing = is_cut && is_meaningless(l, block, list);
		if (is_nothing)
			loader_say(l, REPORT_SYNTAX, true, &l->words[0], block, loader_text(l, 0),
			    "syntax error");
		else if (is_cut)
			loader_say(l, REPORT_SYNTAX, true, &end, block,
			    loader_text(l, l->n_words - 1), "syntax error, missing ';' after");
		if (is_nothing) {
			text_reset(&l->comment);
		} else if (is_broken) {
			after = NULL;
			text_reset(&l->comment);
			if (k == LEX_OPEN)
				block_skip(l, end, block);
		} else if (l->n_words > 0) {
			after = statements_run(l, block, list, k);
		} else if (k == LEX_END || k == LEX_OPEN) {
			loader_say(l, REPORT_SYNTAX, true, &end, block, k == LEX_END ? ";" : "{",
			    "syntax error");
			if (k == LEX_OPEN)
				block_skip(l, end, block);
		}
		if (k != LEX_CLOSE && k != LEX_EOF)
			continue;
		if (l->comment.len > 0)
			comment_add(l, list != NULL ? after : block, text_str(&l->comment));
		text_reset(&l->comment);
		if (k == LEX_CLOSE && open == NULL) {
			loader_say(l, REPORT_SYNTAX, true, &end, block, "}", "syntax error");
			after = NULL;
			continue;
		}
		if (k == LEX_EOF && open != NULL) {
			loader_say(l, REPORT_SYNTAX, true, open, block, "{", "'{' is never closed");
			l->is_full = true; /* the same would be said of all around it */
		}
		return after;
	}
}

bool
load_below(struct tree *t, struct node *below, enum load_action action, const char *s, size_t len,
    struct report *r)
{
	struct loader l;
	loader_init(&l, t, s, len, r, false);
	l.action = action;
	if (action == LOAD_OVERRIDE)
		while (below->last != NULL)
			node_del(t, below->last);
	block_read(&l, below, NULL, NULL);
	if (l.lex.has_omitted)
		loader_say(&l, REPORT_WARNING, false, &(struct word){ 0 }, NULL, NULL,
		    "parts of this text were omitted when it was printed");
	return loader_done(&l);
}

bool
load_text(struct tree *t, enum load_action action, const char *s, size_t len, struct report *r)
{
	if (action == LOAD_OVERRIDE)
		node_set_comment(t, tree_root(t), NULL);
	return load_below(t, tree_root(t), action, s, len, r);
}
