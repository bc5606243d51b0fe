/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pattern.h - the regular expressions that users type, within bounds.
 *
 * The C library copies what a repetition repeats, so that a short line can ask for more memory and
 * time than there is: "a{255}{255}{255}", or forty plus signs. Such a pattern is refused before it
 * is compiled. One thread at a time.
 */
#ifndef PATTERN_H
#define PATTERN_H

#include <regex.h>

/* Compiles PATTERN as an extended regular expression that ignores case. Returns NULL and fills RE (free it
 * with regfree()), or says why not: static words for the user. */
const char *pattern_compile(regex_t *re, const char *pattern);

/* The same for `replace pattern`: case matters, and regexec() tells where it and its parts match. */
const char *pattern_compile_exact(regex_t *re, const char *pattern);

#endif
