/* SPDX-License-Identifier: BSD-2-Clause
 *
 * lex.h - configuration text as words and braces, each with its place.
 *
 * Any bytes may come in. What cannot be read is a token of its own, with a message, and reading goes on
 * after it. Comments are gathered beside the tokens. The input is borrowed; one thread at a time.
 */
#ifndef LEX_H
#define LEX_H

#include "lib/base/text.h"

#include <stdbool.h>
#include <stddef.h>

enum lex_kind {
	LEX_WORD,
	LEX_OPEN,     /* { */
	LEX_CLOSE,    /* } */
	LEX_END,      /* ; */
	LEX_LIST,     /* [ */
	LEX_LIST_END, /* ] */
	LEX_NEWLINE,  /* only where lines matter */
	LEX_ERROR,    /* see message; reading can go on */
	LEX_EOF,
};

struct lex {
	const char *p; /* next byte */
	const char *end;
	const char *line_start;
	unsigned line;
	bool by_line; /* set lines: a newline is a token and comments are not kept */

	/* the token read last */
	enum lex_kind kind;
	bool is_quoted;
	bool ends_statement; /* LEX_ERROR: the rest of the line is gone with it */
	unsigned at_line;
	unsigned at_column; /* 1-based, in bytes */
	const char *s; /* LEX_WORD: its text, N bytes, no NUL; LEX_ERROR: the message, with one */
	size_t n;
	unsigned end_line; /* where it ended */

	/* comments met on the way to it, as lines (see struct node): on the line where the token before it ended, and
	 * on later lines; emptied by the caller */
	struct text trail;
	struct text lead;
	struct text word; /* where S is, if it is not in the input */
	bool has_omitted; /* one of them said OMITTED: who printed this text was not shown all */
};

void lex_init(struct lex *x, const char *s, size_t len, bool by_line);
void lex_done(struct lex *x);

/* Reads the next token; returns its kind. At the end LEX_EOF comes again and again. */
enum lex_kind lex_next(struct lex *x);

/* True if S, quoted, can stand in a text: UTF-8 without control characters but tab and newline. */
bool lex_is_clean(const char *s);

/* Appends the character of a comment at S, before END; one that has no place in a text becomes a dot. Returns
 * where the next one begins. */
const char *lex_comment_put(struct text *t, const char *s, const char *end);

#endif
