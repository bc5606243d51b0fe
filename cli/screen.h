/* SPDX-License-Identifier: BSD-2-Clause
 *
 * screen.h - text of others on our terminal: none of it may give the terminal orders.
 *
 * What does not go to a terminal (a pipe, a file) is left as it is. One thread.
 */
#ifndef SCREEN_H
#define SCREEN_H

#include <stddef.h>
#include <stdio.h>

struct tame;

/* Makes the N bytes at S, the next piece of what standard output will show, harmless if that is a terminal. */
void screen_tame(struct tame *t, char *s, size_t n);

/* Writes S to TO, which may be a terminal. */
void screen_put(const char *s, FILE *to);

/* What the system says to those who log in: `\n` in it begins a new line. */
void screen_announce(const char *s);

#endif
