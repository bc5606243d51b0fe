/* SPDX-License-Identifier: BSD-2-Clause
 *
 * nine.h - the $9$ form of secrets: reversible hiding, not encryption.
 *
 * JUNOS prints every "unreadable" string this way and reads it back. Pure; any thread.
 */
#ifndef NINE_H
#define NINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text;

/* Appends the $9$ form of PLAIN. RND picks the salt and the filler; any value will do. */
void nine_encode(const char *plain, uint32_t rnd, struct text *out);

/* Decodes "$9$..." into OUT. Returns false (OUT untouched) if it is not a valid string. */
bool nine_decode(const char *s, struct text *out);

/* True if S starts with "$9$". */
bool nine_is(const char *s);

/* True if both hide the same text. */
bool nine_same(const char *a, const char *b);

#endif
