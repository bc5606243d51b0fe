/* SPDX-License-Identifier: BSD-2-Clause
 *
 * wildcard.c - names of configuration groups that stand for others: <sp-*>.
 *
 * Only the last star is ever gone back to: what an earlier one could take instead, the last one can take as well.
 * Called by lib/yang, which accepts such names, and lib/junos, which expands them.
 */
#include "lib/base/wildcard.h"

#include <stddef.h>
#include <string.h>

bool
wildcard_is(const char *word)
{
	size_t n = strlen(word);
	return n > 2 && word[0] == '<' && word[n - 1] == '>';
}

/* Returns where the class that starts with the '[' at P ends (its ']'), or NULL if it is none. */
static const char *
class_end(const char *p, const char *end)
{
	p++;
	p += p < end && *p == '!';
	p += p < end && *p == ']'; /* first, it is a member */
	while (p < end && *p != ']')
		p++;
	return p < end ? p : NULL;
}

/* True if C is in the class between the '[' at P and its ']' at END. */
static bool
class_has(const char *p, const char *end, unsigned char c)
{
	bool is_not = *++p == '!';
	bool is_in = false;
	for (p += is_not; p < end; p++) {
		unsigned char lo = (unsigned char)*p;
		unsigned char hi = lo;
		if (p[1] == '-' && p + 2 < end) {
			hi = (unsigned char)p[2];
			p += 2;
		}
		is_in = is_in || (c >= lo && c <= hi);
	}
	return is_in != is_not;
}

/* Returns what follows the element of the pattern at P if C is what it stands for, else NULL. */
static const char *
one_matches(const char *p, const char *end, char c)
{
	const char *close = *p == '[' ? class_end(p, end) : NULL;
	if (close != NULL)
		return class_has(p, close, (unsigned char)c) ? close + 1 : NULL;
	return *p == '?' || *p == c ? p + 1 : NULL;
}

bool
wildcard_matches(const char *word, const char *name)
{
	const char *p = word + 1;
	const char *end = word + strlen(word) - 1;
	const char *star = NULL;    /* what follows the last star */
	const char *star_at = NULL; /* what of the name it has not taken */
	while (*name != '\0') {
		const char *next = p < end && *p != '*' ? one_matches(p, end, *name) : NULL;
		if (p < end && *p == '*') {
			star = ++p;
			star_at = name;
		} else if (next != NULL) {
			p = next;
			name++;
		} else if (star != NULL) {
			p = star;
			name = ++star_at;
		} else {
			return false;
		}
	}
	while (p < end && *p == '*')
		p++;
	return p == end;
}
