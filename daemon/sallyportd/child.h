/* SPDX-License-Identifier: BSD-2-Clause
 *
 * child.h - one daemon as sallyportd sees it: a process with a channel, a user, and a second life.
 *
 * A child that ends is started again after a pause that doubles from 0.1 s to 5 s and starts over once it has
 * lived for 10 s. A child that is told to stop and does not is killed after CHILD_STOP_MS.
 */
#ifndef CHILD_H
#define CHILD_H

#include "lib/os/ipc.h"
#include "lib/os/sandbox.h"

#include <stdbool.h>
#include <sys/types.h>

struct child;
struct place;

enum child_kind { CHILD_NETD, CHILD_MGD, CHILD_KMD, CHILD_PKID, CHILD_PICD, CHILD_KINDS };

enum { CHILD_STOP_MS = 5000, CHILD_INSTANCE_MAX = 32 };

struct child_ops {
	void (*on_message)(struct child *c, struct ipc_msg *m, void *arg);
	void (*on_start)(struct child *c, void *arg); /* it runs and can be sent to */
	void (*on_exit)(struct child *c, void *arg);  /* may child_free() it */
};

struct child {
	enum child_kind kind;
	char instance[CHILD_INSTANCE_MAX]; /* picd: "sp-1/2/0" */
	char name[CHILD_INSTANCE_MAX + 8]; /* "picd-sp-1-2-0": log and pid file */
	pid_t pid;                         /* 0: not running */
	struct ipc *ipc;                   /* NULL: not running, or channel dead */
	bool is_ready;                     /* it said so */
	bool is_wanted;                    /* start again when it ends */
	bool is_stopping;                  /* ending it was our wish */
	bool is_restarted;                 /* since a user asked for it */
	unsigned n_quick_ends;             /* in a row, without having lived 10 s */
	uint64_t started_ms;
	uv_timer_t timer; /* the pause before a start, or the patience after a stop */
	const struct place *place;
	const struct child_ops *ops;
	void *arg;
};

/* Makes a child and starts it. */
struct child *child_new(uv_loop_t *loop, enum child_kind kind, const char *instance,
    const struct place *place, const struct child_ops *ops, void *arg);
void child_free(struct child *c); /* only when it does not run */

/* Asks it to end, and makes it end. With AGAIN it is started anew afterwards, and told so. */
void child_stop(struct child *c, bool again);

/* The same without asking. */
void child_kill(struct child *c);

/* The kernel says that its process ended with STATUS (as waitpid). */
void child_reap(struct child *c, int status);

/* "netd": the program of a kind, which is also what its talkers call it; CHILD_KINDS if no kind has that name. */
const char *child_program(enum child_kind kind);
enum child_kind child_kind_find(const char *program); /* NULL is none */

/* User and group of a kind of daemon. */
void child_user(enum child_kind kind, uid_t *out_uid, gid_t *out_gid);

#endif
