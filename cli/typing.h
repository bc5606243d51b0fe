/* SPDX-License-Identifier: BSD-2-Clause
 *
 * typing.h - a person at a terminal: prompts, line editing, completion and help.
 */
#ifndef TYPING_H
#define TYPING_H

struct client;

/* Reads and runs lines until the session ends. Returns the exit status. */
int typing_run(struct client *c);

#endif
