/* SPDX-License-Identifier: BSD-2-Clause
 *
 * text.h - a growing string.
 *
 * Always NUL-terminated after the first put. Aborts when out of memory. The caller owns the struct;
 * text_done() wipes and frees the buffer. One thread at a time.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>

struct text {
	char *s; /* NULL until something was put */
	size_t len;
	size_t cap;
};

void text_done(struct text *t);
void text_reset(struct text *t); /* empties, keeps the buffer */
void text_put(struct text *t, const char *s);
void text_putn(struct text *t, const char *s, size_t n);
void text_putc(struct text *t, char c);
void text_fill(struct text *t, char c, size_t n); /* N times C */
__attribute__((format(printf, 2, 3))) void text_printf(struct text *t, const char *fmt, ...);
const char *text_str(const struct text *t); /* "" when empty */

#endif
