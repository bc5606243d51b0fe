/* SPDX-License-Identifier: BSD-2-Clause
 *
 * print.h - what the printers of a tree share. Private to print*.c and compare.c.
 */
#ifndef PRINT_H
#define PRINT_H

#include "lib/junos/tree.h"

struct text;

/* Writes an annotation (lines as in struct node; NULL: nothing) at INDENT levels. */
void print_comment(const char *comment, unsigned indent, struct text *out);

/* Writes "inactive: " and "protect: " as they apply. */
void print_tags(const struct node *n, struct text *out);

/* Writes a leaf's words; NTH positional leaves stand before it in the same statement. */
void print_leaf(const struct node *n, size_t nth, struct text *out);

/* Writes the value of leaf or leaf-list N, in quotes where it needs them. */
void print_value(const struct node *n, struct text *out);

/* Writes the text of a node that is_any (NULL: nothing). */
void print_any(const char *any, unsigned indent, struct text *out);

/* The last sibling of the same statement: a leaf-list and a grouped list print as one. */
const struct node *print_run_end(const struct node *n);

/* Writes N, an entry of a grouped list, as it stands inside the braces of that list: without the list's word. */
void print_group_entry(const struct node *n, unsigned indent, struct text *out);

/* Writes the run that starts with FIRST as the printer of a block would. */
void print_run(const struct node *first, unsigned indent, struct text *out);

#endif
