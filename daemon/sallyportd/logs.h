/* SPDX-License-Identifier: BSD-2-Clause
 *
 * logs.h - the log folder: it is turned over when a file is full, and opened for those whom mgd lets read.
 */
#ifndef LOGS_H
#define LOGS_H

#include <stddef.h>

struct child;
struct ipc;
struct ipc_msg;
struct place;

enum {
	LOGS_SIZE_MAX = 1 << 20, /* bytes in one file before it is put aside */
	LOGS_OLD_MAX = 10,       /* files put aside: NAME.0, the newest, to NAME.9 */
	LOGS_TURN_MS = 5000,     /* how often the sizes are looked at */
};

/* Opens the log of sallyportd itself and that of all, and has log_line() write there. */
void logs_start(const struct place *p);

/* Puts full files aside and has the children, and us, write to new ones. */
void logs_turn(const struct place *p, struct child *const *children, size_t n);

/* Answers MSG_LOG_ASK. The name comes from a user by way of mgd: it is one of a plain file in the log folder, or refused. */
void logs_answer(const struct place *p, struct ipc *to, const struct ipc_msg *m);

#endif
