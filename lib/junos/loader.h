/* SPDX-License-Identifier: BSD-2-Clause
 *
 * loader.h - what the readers of curly text and of set lines share.
 *
 * A reader gathers the words of one statement and gives them to stmt_run(), which carries them out on the
 * tree. Private to load*.c and stmt.c.
 */
#ifndef LOADER_H
#define LOADER_H

#include "lib/junos/lex.h"
#include "lib/junos/load.h"

#include "lib/base/report.h"
#include "lib/base/text.h"

enum { LOADER_ERRORS_MAX = 1000 };

struct word {
	size_t at; /* offset of its text in loader.buf */
	unsigned line;
	unsigned column;
	enum lex_kind kind; /* LEX_WORD, LEX_LIST or LEX_LIST_END */
	bool is_quoted;
};

struct loader {
	struct tree *t;
	struct report *report;
	struct lex lex;
	enum load_action action;
	bool is_set;  /* set lines: several leaves on a line, no missing ';' */
	bool is_full; /* too many errors: reading has stopped */
	size_t errors_before;
	uint32_t salt;   /* for the next $9$ */
	struct text buf; /* the words of the statement, each with its NUL */
	struct word *words;
	size_t n_words;
	size_t cap_words;
	unsigned end_line; /* where the statement's ';' or '{' stands */
	unsigned end_column;
	struct text comment; /* for the next statement */
	struct text value;   /* scratch */
};

void loader_init(
    struct loader *l, struct tree *t, const char *s, size_t len, struct report *r, bool is_set);
/* Frees what it holds; returns true if no error was reported since loader_init(). */
bool loader_done(struct loader *l);

const char *loader_text(const struct loader *l, size_t word);
void loader_push(struct loader *l, const char *s, size_t len, const struct word *w);

/* Adds a line to the report. PLACE is the node whose [edit] path is shown; STATEMENT may be NULL. */
void loader_say(struct loader *l, enum report_class class, bool is_error, const struct word *w,
    const struct node *place, const char *statement, const char *message);

/* The same about WORD, which means nothing in PLACE. */
void loader_say_unknown(struct loader *l, bool is_error, const struct word *w,
    const struct node *place, const char *word);

/* Why a statement that asks for a password is refused in a text. */
#define LOADER_ASKS "a password is asked for at a terminal only; a text has its encrypted form"

/* One statement and where it stands. */
struct stmt {
	struct loader *l;
	struct node *block; /* the node in whose braces it stands */
	const struct snode
	    *list; /* not NULL: in the braces of this list; statements start with its keys */
	size_t at; /* next word */
	/* what came out */
	struct node *n;      /* the innermost node */
	struct node *top;    /* the first node: tags and comment are its */
	struct node *doomed; /* its name was refused: read for more errors, then removed */
	const struct snode
	    *open_list; /* ended with a list's word: only a block of entries may follow */
	bool is_failed;
	bool is_leaf;  /* ended with a leaf: no block may follow */
	unsigned tags; /* beside those that the words begin with */
	/* private */
	size_t nth;       /* positional leaves of N so far */
	bool is_complete; /* nothing more need follow */
	const struct snode
	    *last_value; /* the leaf-list of the node met last: its status is told once */
};

/* Carries out the words from AT on. Stops early, with AT at the word, where the next statement seems to start. */
void stmt_run(struct stmt *s);

/* Appends words AT.. as one statement to the text of a node that is_any. */
void stmt_any(struct loader *l, struct node *n, size_t at, const char *block);

/* Reads TEXT (statements, any at all) into N, which is_any, in the printer's form. */
void loader_any(struct loader *l, struct node *n, const char *text, size_t len);

#endif
