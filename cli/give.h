/* SPDX-License-Identifier: BSD-2-Clause
 *
 * give.h - other programs in our place: a shell on the terminal, scp for a login shell.
 */
#ifndef GIVE_H
#define GIVE_H

/* Lets a program have the terminal until it ends; returns its exit status. */
int give_terminal(char *const argv[]);

/* `sallyport -c COMMAND` as sshd runs a login shell: becomes the file transfer program that COMMAND names. Returns if it
 * names none, with -1, or cannot run it, with an exit status. */
int give_transfer(const char *command);

#endif
