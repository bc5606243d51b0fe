/* SPDX-License-Identifier: BSD-2-Clause
 *
 * words.c - cuts a command line into words. Called by session.c for each line.
 */
#include "daemon/mgd/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"

void
refusal_done(struct refusal *e)
{
	text_done(&e->text);
}

bool
refuse(struct refusal *e, size_t at, const char *fmt, ...)
{
	char buf[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	text_reset(&e->text);
	text_put(&e->text, buf);
	e->at = at;
	e->has_at = true;
	return false;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* Reads the quoted word at P (its opening quote) into TO; returns what follows, or NULL if it is not closed. */
static const char *
quoted_read(const char *p, char *to)
{
	for (p++; *p != '"'; p++) {
		if (*p == '\0')
			return NULL;
		if (*p == '\\' && p[1] != '\0') {
			p++;
			*to++ = *p == 'n' ? '\n' : *p; /* as lib/junos writes it */
		} else {
			*to++ = *p;
		}
	}
	*to = '\0';
	return p + 1;
}

bool
words_cut(struct arena *a, const char *line, struct words *out, struct refusal *e)
{
	size_t len = strlen(line);
	struct word *w =
	    arena_array(a, len + 1, sizeof(*w)); /* there are never more words than bytes */
	size_t n = 0;
	const char *p = line;
	*out = (struct words){ .w = w };
	while (*p != '\0') {
		if (is_blank(*p)) {
			p++;
			continue;
		}
		struct word *now = &w[n++];
		now->at = (size_t)(p - line);
		if (*p == '"') {
			char *to = arena_alloc(a, strlen(p) + 1);
			now->s = to;
			now->is_quoted = true;
			p = quoted_read(p, to);
			if (p == NULL)
				return refuse(e, now->at, "syntax error: unterminated string.");
		} else if (*p == '[' || *p == ']') {
			now->s = arena_strndup(a, p++, 1);
		} else {
			size_t k = 1;
			while (p[k] != '\0' && !is_blank(p[k]) && p[k] != '"' && p[k] != '[' &&
			       p[k] != ']')
				k++;
			now->s = arena_strndup(a, p, k);
			p += k;
		}
		out->end = (size_t)(p - line);
	}
	out->n = n;
	return true;
}

struct words
words_from(const struct words *w, size_t i)
{
	if (i > w->n)
		i = w->n;
	return (struct words){ .w = w->w + i, .n = w->n - i, .end = w->end };
}

int
word_abbreviates(const struct word *w, const char *name)
{
	size_t n = strlen(w->s);
	if (n == 0 || w->is_quoted || strncmp(w->s, name, n) != 0)
		return 0;
	return name[n] == '\0' ? 2 : 1;
}
