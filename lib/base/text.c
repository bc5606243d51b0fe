/* SPDX-License-Identifier: BSD-2-Clause
 *
 * text.c - a growing string.
 *
 * Doubling buffer; old buffers are wiped because a configuration text may hold keys.
 */
#include "lib/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
text_reserve(struct text *t, size_t n)
{
	if (n > (size_t)1 << 40)
		abort();
	if (t->cap - t->len > n)
		return;
	size_t cap = t->cap < 128 ? 128 : t->cap;
	while (cap - t->len <= n)
		cap *= 2;
	char *s = malloc(cap);
	if (s == NULL)
		abort();
	if (t->s != NULL) {
		memcpy(s, t->s, t->len);
		explicit_bzero(t->s, t->cap);
		free(t->s);
	}
	t->s = s;
	t->cap = cap;
}

void
text_done(struct text *t)
{
	if (t->s != NULL) {
		explicit_bzero(t->s, t->cap);
		free(t->s);
	}
	*t = (struct text){ 0 };
}

void
text_reset(struct text *t)
{
	t->len = 0;
	if (t->s != NULL)
		t->s[0] = '\0';
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
	text_putn(t, &c, 1);
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
