/* SPDX-License-Identifier: BSD-2-Clause
 *
 * input.h - what CLI_WANT asks for, sent in pieces (CLI_INPUT). All return 0, or -errno if the channel is lost.
 */
#ifndef INPUT_H
#define INPUT_H

struct client;
struct elem;

/* The file NAME, or why it cannot be read. */
/* What CLI_WANT with source `sealed` names: WANT is its body. */
int input_sealed(struct client *c, const struct elem *want);
int input_file(struct client *c, const char *name);

/* What the filter EXPRESSION compiles to, or why it does not. */
int input_filter(struct client *c, const char *expression);

/* Lines up to the end of the input or one that starts with ^D. */
int input_terminal(struct client *c);

/* What the program that we work for has given. */
int input_sink(struct client *c);

#endif
