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

/* Reads the quoted word at P (its opening quote) into TO; returns what follows, or NULL if it is not closed. A pattern keeps
 * its backslashes. */
static const char *
quoted_read(const char *p, char *to, bool is_pattern)
{
	for (p++; *p != '"'; p++) {
		if (*p == '\0')
			return NULL;
		if (*p == '\\' && p[1] != '\0' && (!is_pattern || p[1] == '"')) {
			p++;
			*to++ = *p == 'n' ? '\n' : *p; /* as lib/junos writes it */
		} else {
			*to++ = *p;
		}
	}
	*to = '\0';
	return p + 1;
}

static bool
cut(struct arena *a, const char *line, size_t from, bool is_pattern, struct words *out,
    struct refusal *e)
{
	size_t len = strlen(line + from);
	const char *marks = is_pattern ? "\"" : "\"[]";
	struct word *w =
	    arena_array(a, len + 1, sizeof(*w)); /* there are never more words than bytes */
	size_t n = 0;
	const char *p = line + from;
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
			p = quoted_read(p, to, is_pattern);
			if (p == NULL)
				return refuse(e, now->at, "syntax error: unterminated string.");
		} else if (strchr(marks, *p) != NULL) {
			now->s = arena_strndup(a, p++, 1);
		} else {
			size_t k = 1;
			while (p[k] != '\0' && !is_blank(p[k]) && strchr(marks, p[k]) == NULL)
				k++;
			now->s = arena_strndup(a, p, k);
			p += k;
		}
		out->end = (size_t)(p - line);
	}
	out->n = n;
	return true;
}

bool
words_cut(struct arena *a, const char *line, struct words *out, struct refusal *e)
{
	return cut(a, line, 0, false, out, e);
}

bool
words_cut_patterns(
    struct arena *a, const char *line, size_t from, struct words *out, struct refusal *e)
{
	return cut(a, line, from, true, out, e);
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
