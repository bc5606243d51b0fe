/* SPDX-License-Identifier: BSD-2-Clause
 *
 * logs.h - the log folder: a full file is put aside and packed, and files are opened for those whom mgd lets read.
 */
#ifndef LOGS_H
#define LOGS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "daemon/sallyportd/place.h"

struct child;
struct ipc;
struct ipc_msg;

enum {
	LOGS_SIZE_MAX =
	    1
	    << 20, /* bytes in one file before it is put aside, unless system syslog says otherwise */
	LOGS_SIZE_MIN = 64 << 10, /* the least that it can say */
	LOGS_OLD_MAX = 10,        /* files put aside: NAME.0.gz, the newest, to NAME.9.gz */
	LOGS_FILES_MAX = 1000,
	LOGS_TURN_MS = 5000, /* how often the sizes are looked at */
	LOGS_NAME_MAX = 64,
	LOGS_PATH_MAX = PLACE_PATH_MAX + LOGS_NAME_MAX + 16,
};

/* When a file is put aside, how many are kept, who may read them on the host. */
struct logs_rule {
	off_t size;
	unsigned n_files;
	bool is_world_readable;
};

/* Opens the log of sallyportd itself and that of all, and has log_line() write there. */
void logs_start(const struct place *p);

/* Puts full files aside and has the children, and us, write to new ones; packs what was put aside. */
void logs_turn(const struct place *p, struct child *const *children, size_t n);

/* Tells mgd by TO which files there are, if AGAIN or if they have changed. */
void logs_names(const struct place *p, struct ipc *to, bool again);

/* True for the name of a plain file in the log folder: letters, digits, '.', '-' and '_'. */
bool logs_is_name(const char *s);

/* Opens log/NAME for appending; returns the descriptor or -1 with errno. */
int logs_open(const struct place *p, const char *name, bool is_world_readable);

/* Answers MSG_LOG_ASK. The name comes from a user by way of mgd: it is one of a plain file in the log folder, or refused. */
void logs_answer(const struct place *p, struct ipc *to, const struct ipc_msg *m);

/* --- logs_pack.c --- */

/* Begins to pack the newest file put aside of NAME that is not packed. Returns false if there is none, or another one is being
 * packed. */
bool logs_pack(const struct place *p, const char *name, const struct logs_rule *rule);
bool logs_is_packing(const char *name);
/* Returns true if PID was what packed. */
bool logs_reap(const struct place *p, pid_t pid, int status);

#endif
