/* SPDX-License-Identifier: BSD-2-Clause
 *
 * range.c - `wildcard range`: one line that stands for many. Called by edit_many.c.
 */
#include "daemon/mgd/range.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/mgd/words.h"
#include "lib/base/arena.h"

enum { DIGITS_MAX = 9 };

/* The lines so far, or the words of one bracket. */
struct many {
	const char **list;
	size_t n;
};

static bool
too_many(struct refusal *e, size_t at)
{
	return refuse(e, at, "more than %d lines in a range.", RANGE_MAX);
}

static size_t
find(const struct many *m, const char *word)
{
	size_t i = 0;
	while (i < m->n && strcmp(m->list[i], word) != 0)
		i++;
	return i;
}

/* Adds WORD, which lives long enough, or takes it out. False: no room. */
static bool
word_apply(struct many *m, const char *word, bool is_out)
{
	size_t at = find(m, word);
	if (is_out && at < m->n) {
		memmove(m->list + at, m->list + at + 1, (m->n - at - 1) * sizeof(*m->list));
		m->n--;
	} else if (!is_out && at == m->n) {
		if (m->n == RANGE_MAX)
			return false;
		m->list[m->n++] = word;
	}
	return true;
}

static bool
is_number(const char *s, size_t n)
{
	return n > 0 && n <= DIGITS_MAX && strspn(s, "0123456789") >= n;
}

static bool
is_letter(const char *s, size_t n)
{
	return n == 1 && ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z'));
}

/* Carries out one item of a bracket, N bytes at S. */
static bool
item_apply(struct arena *a, struct many *m, const char *s, size_t n, size_t at, struct refusal *e)
{
	bool is_out = n > 0 && *s == '!';
	s += is_out;
	n -= is_out;
	const char *dash = memchr(s, '-', n);
	size_t n_low = dash != NULL ? (size_t)(dash - s) : n;
	const char *high = dash != NULL ? dash + 1 : s;
	size_t n_high = dash != NULL ? n - n_low - 1 : n;
	if (n == 0)
		return refuse(e, at, "syntax error.");
	if (is_number(s, n_low) && is_number(high, n_high)) {
		unsigned long to = strtoul(high, NULL, 10);
		int width = *s == '0' ? (int)n_low : 0;
		unsigned long i = strtoul(s, NULL, 10);
		if (i > to)
			return refuse(e, at, "invalid range '%.*s'", (int)n, s);
		for (; i <= to; i++)
			if (!word_apply(m, arena_printf(a, "%0*lu", width, i), is_out))
				return too_many(e, at);
		return true;
	}
	if (dash != NULL && is_letter(s, n_low) && is_letter(high, n_high)) {
		if (*s > *high)
			return refuse(e, at, "invalid range '%.*s'", (int)n, s);
		for (char c = *s; c <= *high; c++)
			if (!word_apply(m, arena_strndup(a, &c, 1), is_out))
				return too_many(e, at);
		return true;
	}
	return word_apply(m, arena_strndup(a, s, n), is_out) || too_many(e, at);
}

/* Reads the bracket whose inside is N bytes at S. */
static bool
bracket_read(
    struct arena *a, const char *s, size_t n, size_t at, struct many *out, struct refusal *e)
{
	*out = (struct many){ arena_array(a, RANGE_MAX, sizeof(*out->list)), 0 };
	for (size_t i = 0; i <= n;) {
		const char *comma = memchr(s + i, ',', n - i);
		size_t k = comma != NULL ? (size_t)(comma - s) - i : n - i;
		size_t skip = strspn(s + i, " \t");
		skip = skip < k ? skip : k;
		size_t len = k - skip;
		while (len > 0 && strchr(" \t", s[i + skip + len - 1]) != NULL)
			len--;
		if (!item_apply(a, out, s + i + skip, len, at + i, e))
			return false;
		i += k + 1;
	}
	return out->n > 0 || refuse(e, at, "syntax error.");
}

/* Where the first bracket outside quotes opens; the end of S if none does. */
static size_t
plain_length(const char *s)
{
	bool is_quoted = false;
	size_t i = 0;
	for (; s[i] != '\0' && (is_quoted || s[i] != '['); i++) {
		if (is_quoted && s[i] == '\\' && s[i + 1] != '\0')
			i++;
		else if (s[i] == '"')
			is_quoted = !is_quoted;
	}
	return i;
}

/* Writes every line of M once for each of WORDS, with N bytes of PLAIN behind it. */
static void
lines_multiply(
    struct arena *a, struct many *m, const struct many *words, const char *plain, size_t n)
{
	struct many all = { arena_array(a, m->n * words->n, sizeof(*all.list)), 0 };
	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < words->n; k++)
			all.list[all.n++] =
			    arena_printf(a, "%s%s%.*s", m->list[i], words->list[k], (int)n, plain);
	*m = all;
}

bool
range_expand(struct arena *a, const char *line, const char *const **out_lines, size_t *out_n,
    struct refusal *e)
{
	size_t at = plain_length(line);
	size_t len = strlen(line);
	struct many lines = { arena_array(a, 1, sizeof(*lines.list)), 1 };
	lines.list[0] = arena_strndup(a, line, at);
	while (line[at] != '\0') {
		const char *open = line + at + 1;
		size_t n = strcspn(open, "[]\"");
		struct many words;
		if (open[n] != ']')
			return refuse(e, at, "syntax error, expecting ']'.");
		if (!bracket_read(a, open, n, at + 1, &words, e))
			return false;
		size_t n_lines = lines.n * words.n;
		if (n_lines > RANGE_MAX || n_lines * len > RANGE_BYTES_MAX)
			return too_many(e, at);
		size_t next = at + n + 2;
		size_t plain = plain_length(line + next);
		lines_multiply(a, &lines, &words, line + next, plain);
		at = next + plain;
	}
	*out_lines = lines.list;
	*out_n = lines.n;
	return true;
}
