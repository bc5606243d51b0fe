/* SPDX-License-Identifier: BSD-2-Clause
 *
 * comment.h - annotations as lines that print and read back the same.
 */
#ifndef COMMENT_H
#define COMMENT_H

struct text;

/* Appends LINES (see struct node) in the one form that a reader of the printed text finds again. */
void comment_clean(const char *lines, struct text *out);

#endif
