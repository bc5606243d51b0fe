/* SPDX-License-Identifier: BSD-2-Clause
 *
 * words.h - a command line as words with their places.
 *
 * Blanks separate; double quotes keep a word together, `\` escapes in them; `[` and `]` are words of their own
 * unless quoted. Untrusted text: any bytes may come in. Everything lives in the arena. Pure.
 */
#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/text.h"

struct arena;

struct word {
	const char *s; /* without its quotes */
	size_t at;     /* offset of its first byte (or quote) in the line */
	bool is_quoted;
};

struct words {
	const struct word *w;
	size_t n;
	size_t end; /* offset behind the last word: where something is missing */
};

/* What is wrong with a line. TEXT is owned by the struct: refusal_done(). */
struct refusal {
	size_t at; /* offset in the line; the caret goes there */
	bool has_at;
	struct text text; /* "unknown command.", may have several lines */
};

void refusal_done(struct refusal *e);

/* Fills E and returns false, so that a check can end with it. AT: the offending word's offset. */
__attribute__((format(printf, 3, 4))) bool refuse(
    struct refusal *e, size_t at, const char *fmt, ...);

/* Cuts LINE into words. Returns false and E if a quote is not closed. */
bool words_cut(struct arena *a, const char *line, struct words *out, struct refusal *e);

/* The same for what stands in LINE from offset FROM on and has regular expressions in it: brackets are characters like
 * others, and so are backslashes in quotes but before a quote. */
bool words_cut_patterns(
    struct arena *a, const char *line, size_t from, struct words *out, struct refusal *e);

/* The words from the I-th on. */
struct words words_from(const struct words *w, size_t i);

/* Returns 2 if WORD is NAME, 1 if it abbreviates it, else 0. */
int word_abbreviates(const struct word *w, const char *name);

#endif
