/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tame.c - UTF-8 is followed just as far as is needed to tell the rest of a character from a control character of one
 * byte, and to put something else in the place of a character that is not whole.
 */
#include "lib/base/tame.h"

#include <stdbool.h>
#include <string.h>

/* How many bytes follow C; 0: it begins no character of more than one. */
static unsigned char
rest_length(unsigned char c)
{
	return c >= 0xc2 && c < 0xe0   ? 1
	       : c >= 0xe0 && c < 0xf0 ? 2
	       : c >= 0xf0 && c < 0xf5 ? 3
				       : 0;
}

/* What is there of a character that turned out to be none. */
static void
blot(char *from, const char *end)
{
	while (from < end)
		*from++ = '?';
}

/* As tame_put(); returns where the character begins whose rest is still to come, or NULL. */
static char *
tame_piece(struct tame *t, char *s, size_t n)
{
	char *begin = s; /* of the character under way, as far as it is in this piece */
	for (char *end = s + n; s < end; s++) {
		unsigned char c = (unsigned char)*s;
		bool is_rest = (c & 0xc0) == 0x80;
		if (t->left > 0 && is_rest) {
			t->left--;
			if (t->lead == 0xc2 && c < 0xa0)
				blot(begin, s + 1);
			t->lead = 0;
			continue;
		}
		if (t->left > 0)
			blot(begin, s);
		begin = s;
		t->left = rest_length(c);
		t->lead = c;
		if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f || (c >= 0x80 && t->left == 0))
			*s = '?';
	}
	return t->left > 0 ? begin : NULL;
}

void
tame_put(struct tame *t, char *s, size_t n)
{
	(void)tame_piece(t, s, n);
}

void
tame_str(char *s)
{
	struct tame t = { 0 };
	size_t n = strlen(s);
	char *open = tame_piece(&t, s, n);
	if (open != NULL)
		blot(open, s + n);
}
