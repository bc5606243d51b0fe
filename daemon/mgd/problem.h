/* SPDX-License-Identifier: BSD-2-Clause
 *
 * problem.h - what a person is told about a failed command, in the parts that a program wants.
 *
 * Errors and warnings are made as text in JUNOS's frame: `[edit PLACE]`, two blanks and the statement, four blanks and
 * the message; or a line without a frame that begins with "error: " or "warning: ". Commit check, the daemons (whose
 * refusals are text on the wire) and every command end in such text, so that there is one way to say no. Here it is
 * taken apart again for CLI_PROBLEM. Pure.
 */
#ifndef PROBLEM_H
#define PROBLEM_H

#include <stdbool.h>

struct problem {
	bool is_warning;
	const char *tag;     /* of RFC 6241; NULL: nothing more is known */
	const char *path;    /* "[edit system]", or NULL */
	const char *element; /* the statement or word it is about, or NULL */
	char source[8];      /* the daemon that said it, or "" */
	const char *message; /* may have several lines; never NULL, without a newline at the end */
};

/* The tag of RFC 6241 for an error with that text, or NULL. */
const char *problem_tag(const char *message);

/* Calls FN for each problem that TEXT tells of. FAILED: the command failed, so what has no tag is an error; else it is mere
 * talk ("commit complete") and left out. The strings live during the call. */
void problem_split(
    const char *text, bool failed, void (*fn)(void *arg, const struct problem *p), void *arg);

#endif
