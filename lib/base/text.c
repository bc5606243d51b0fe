/* SPDX-License-Identifier: BSD-2-Clause
 *
 * text.c - a growing string.
 *
 * Doubling buffer; old buffers are wiped because a configuration text may hold keys. A large one is whole pages, which
 * grow without being copied.
 */
#include "lib/base/text.h"

#include "lib/base/pages.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGES_MIN = 1 << 20 }; /* buffers from here on are pages */

/* Of whole pages the rest was never used: see text_reset(). */
static void
buffer_free(struct text *t)
{
	if (t->s == NULL)
		return;
	if (t->cap >= PAGES_MIN) {
		explicit_bzero(t->s, t->len);
		pages_put(t->s, t->cap);
	} else {
		explicit_bzero(t->s, t->cap);
		free(t->s);
	}
}

static void
text_grow(struct text *t, size_t n)
{
	if (n > (size_t)1 << 40)
		abort();
	size_t cap = t->cap < 128 ? 128 : t->cap;
	while (cap - t->len <= n)
		cap *= 2;
	if (t->cap >= PAGES_MIN) {
		t->s = pages_grow(t->s, t->cap, cap);
		t->cap = cap;
		return;
	}
	char *s = cap >= PAGES_MIN ? pages_reserve(cap) : malloc(cap);
	if (s == NULL)
		abort();
	if (t->s != NULL)
		memcpy(s, t->s, t->len);
	buffer_free(t);
	t->s = s;
	t->cap = cap;
}

static inline void
text_reserve(struct text *t, size_t n)
{
	if (t->cap - t->len <= n)
		text_grow(t, n);
}

void
text_done(struct text *t)
{
	buffer_free(t);
	*t = (struct text){ 0 };
}

void
text_reset(struct text *t)
{
	if (t->cap >= PAGES_MIN)
		explicit_bzero(t->s, t->len);
	else if (t->s != NULL)
		t->s[0] = '\0';
	t->len = 0;
}

void
text_putn(struct text *t, const char *s, size_t n)
{
	text_reserve(t, n);
	if (n > 0)
		memcpy(t->s + t->len, s, n);
	t->len += n;
	t->s[t->len] = '\0';
}

void
text_put(struct text *t, const char *s)
{
	text_putn(t, s, strlen(s));
}

void
text_putc(struct text *t, char c)
{
	text_reserve(t, 1);
	t->s[t->len++] = c;
	t->s[t->len] = '\0';
}

void
text_fill(struct text *t, char c, size_t n)
{
	text_reserve(t, n);
	memset(t->s + t->len, c, n);
	t->len += n;
	t->s[t->len] = '\0';
}

void
text_printf(struct text *t, const char *fmt, ...)
{
	va_list ap;
	va_list copy;
	va_start(ap, fmt);
	va_copy(copy, ap);
	int n = vsnprintf(NULL, 0, fmt, copy);
	va_end(copy);
	if (n < 0)
		abort();
	text_reserve(t, (size_t)n);
	vsnprintf(t->s + t->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	t->len += (size_t)n;
}

const char *
text_str(const struct text *t)
{
	return t->s ? t->s : "";
}
