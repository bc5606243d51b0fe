/* SPDX-License-Identifier: BSD-2-Clause
 *
 * give.h - another program on our terminal: a shell.
 */
#ifndef GIVE_H
#define GIVE_H

/* Lets a program have the terminal until it ends; returns its exit status. */
int give_terminal(char *const argv[]);

#endif
