/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tame.h - text of others on its way to a terminal or a log: what a terminal would obey is made harmless.
 *
 * Control characters, those of one byte from 0x80 on and those that UTF-8 writes in two, and bytes that are no UTF-8 become
 * `?`; newlines and tabs stay. No byte is added or taken away. Of a character that is cut between two pieces the first part has
 * gone out when the second shows that it is none. One thread.
 */
#ifndef TAME_H
#define TAME_H

#include <stddef.h>

/* What is known of a character whose rest comes with the next piece; zero at the beginning. */
struct tame {
	unsigned char lead;
	unsigned char left; /* bytes that are still to come */
};

/* Changes the N bytes at S, the next piece of the text, in place. */
void tame_put(struct tame *t, char *s, size_t n);

/* The same for a whole string. */
void tame_str(char *s);

#endif
