/* SPDX-License-Identifier: BSD-2-Clause
 *
 * quote.h - words of configuration text: when they need quotes, and tags.
 */
#ifndef QUOTE_H
#define QUOTE_H

#include <stdbool.h>
#include <stddef.h>

struct text;

/* The words with a colon that may precede a statement; they stack. */
enum quote_tag {
	TAG_NONE = 0,
	TAG_INACTIVE = 1,
	TAG_ACTIVE = 2,
	TAG_PROTECT = 4,
	TAG_UNPROTECT = 8,
	TAG_REPLACE = 16,
	TAG_DELETE = 32,
};

/* Returns the tag that WORD is, or TAG_NONE. */
enum quote_tag quote_tag(const char *word);

/* Writes WORD as the lexer reads it back: in quotes if it has to be, or if FORCE. */
void quote_put(struct text *out, const char *word, bool force);

#endif
