/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tame.c - UTF-8 is followed just as far as is needed to tell the rest of a character from a control character of one byte.
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

void
tame_put(struct tame *t, char *s, size_t n)
{
	for (char *end = s + n; s < end; s++) {
		unsigned char c = (unsigned char)*s;
		bool is_rest = (c & 0xc0) == 0x80;
		if (t->left > 0 && is_rest) {
			if (t->lead == 0xc2 && c < 0xa0)
				*s = '?';
			t->lead = 0;
			t->left--;
			continue;
		}
		t->left = rest_length(c);
		t->lead = c;
		if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f || (c >= 0x80 && t->left == 0))
			*s = '?';
	}
}

void
tame_str(char *s)
{
	struct tame t = { 0 };
	tame_put(&t, s, strlen(s));
}
