/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pattern.c - the regular expressions that users type, within bounds.
 *
 * The time of the compiler grows with the square of the atoms where they may be empty, and faster with repetitions of
 * repetitions ("x????"), hence the small bounds.
 * Walks the pattern once and adds up how many atoms it has after every repetition was written out:
 * "x+" counts as two, "x{2,5}" as six. Groups are kept on a small stack. What the walk does not
 * understand it counts as plain characters; the compiler judges the form.
 */
#include "lib/base/pattern.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"

enum { ATOMS_MAX = 512, DEPTH_MAX = 8, STACKED_MAX = 2 };

struct walk {
	size_t before[DEPTH_MAX]; /* atoms ahead of each open group */
	size_t depth;
	size_t sum;     /* atoms of this group that nothing can repeat any more */
	size_t atom;    /* of what a repetition that follows would repeat */
	size_t stacked; /* repetitions one behind the other so far */
};

static void
atom_next(struct walk *w, size_t atoms)
{
	w->sum += w->atom;
	w->atom = atoms;
	w->stacked = 0;
}

static void
atom_repeat(struct walk *w, size_t times)
{
	w->atom *= times;
	w->stacked++;
}

/* S is at a '['; returns its ']' or the last character. */
static const char *
bracket_end(const char *s)
{
	s++;
	if (*s == '^')
		s++;
	if (*s == ']')
		s++;
	while (*s != '\0' && *s != ']') {
		if (s[0] == '[' && s[1] != '\0' && strchr(":.=", s[1]) != NULL) {
			char end[3] = { s[1], ']', '\0' };
			const char *close = strstr(s + 2, end);
			if (close != NULL)
				s = close + 1;
		}
		s++;
	}
	return *s == ']' ? s : s - 1;
}

/* S is at a '{'; returns the '}' of "{n}", "{n,}" or "{n,m}" and how often that repeats, or NULL: a plain '{'. */
static const char *
interval_end(const char *s, size_t *out)
{
	char *end;
	unsigned long low = strtoul(s + 1, &end, 10);
	unsigned long high = low;
	if (*end == ',' && end[1] != '}')
		high = strtoul(end + 1, &end, 10);
	else if (*end == ',')
		end++;
	if (*end != '}')
		return NULL;
	high = high > low ? high : low;
	*out = high < ATOMS_MAX ? (size_t)high + 1 : ATOMS_MAX + 1;
	return end;
}

static bool
is_bounded(const char *s)
{
	struct walk w = { 0 };
	for (; *s != '\0' && w.sum + w.atom <= ATOMS_MAX && w.stacked <= STACKED_MAX; s++) {
		size_t times = 1;
		const char *end = *s == '{' ? interval_end(s, &times) : NULL;
		if (*s == '\\' && s[1] != '\0') {
			s++;
			atom_next(&w, 1);
		} else if (*s == '[') {
			s = bracket_end(s);
			atom_next(&w, 1);
		} else if (*s == '(') {
			if (w.depth == DEPTH_MAX)
				return false;
			w.before[w.depth++] = w.sum + w.atom;
			w.sum = w.atom = 0;
		} else if (*s == ')' && w.depth > 0) {
			w.atom += w.sum + 1;
			w.sum = w.before[--w.depth];
			w.stacked = 0;
		} else if (*s == '+') {
			atom_repeat(&w, 2);
		} else if (end != NULL) {
			atom_repeat(&w, times);
			s = end;
		} else if (*s == '*' || *s == '?') {
			atom_repeat(&w, 1);
		} else {
			atom_next(&w, 1);
		}
	}
	return *s == '\0' && w.sum + w.atom <= ATOMS_MAX && w.stacked <= STACKED_MAX;
}

/* Writes PATTERN with every brace escaped that begins no interval: "unit {" is what stands in a configuration. */
static void
braces_escape(const char *pattern, struct text *out)
{
	for (const char *s = pattern; *s != '\0';) {
		size_t n = 1;
		size_t times;
		if (*s == '\\' && s[1] != '\0')
			n = 2;
		else if (*s == '[')
			n = (size_t)(bracket_end(s) - s) + 1;
		else if (*s == '{' && (s == pattern || interval_end(s, &times) == NULL))
			text_putc(out, '\\');
		text_putn(out, s, n);
		s += n;
	}
}

static const char *
compile(regex_t *re, const char *pattern, int flags)
{
	if (!is_bounded(pattern))
		return "regular expression is too large";
	struct text plain = { 0 };
	braces_escape(pattern, &plain);
	int err = regcomp(re, text_str(&plain), REG_EXTENDED | flags);
	text_done(&plain);
	return err != 0 ? "invalid regular expression" : NULL;
}

const char *
pattern_compile(regex_t *re, const char *pattern)
{
	return compile(re, pattern, REG_ICASE | REG_NOSUB);
}

const char *
pattern_compile_exact(regex_t *re, const char *pattern)
{
	return compile(re, pattern, 0);
}
