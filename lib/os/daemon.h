/* SPDX-License-Identifier: BSD-2-Clause
 *
 * daemon.h - what every daemon does the same way: channel 3, links, ready, stop, sandbox, log.
 *
 * daemon_init() is called first, before any thread; daemon_ready() when the sandbox is up. One loop, one thread.
 */
#ifndef DAEMON_H
#define DAEMON_H

#include "lib/os/ipc.h"

struct daemon_ops {
	/* sallyportd gave us a channel to PEER; INSTANCE is the services interface of a picd or "". The callee owns FD. */
	void (*on_link)(const char *peer, const char *instance, int fd, void *arg);
	/* Undo what was done to the host; the process exits 0 afterwards. */
	void (*on_stop)(void *arg);
	/* Any other message of sallyportd. */
	void (*on_message)(struct ipc_msg *m, void *arg);
};

struct daemon {
	uv_loop_t loop;
	struct ipc *super; /* channel to sallyportd */
	const struct daemon_ops *ops;
	void *arg;
};

/* Opens the log, takes descriptor 3, sets up the loop. Returns 0 or -errno. NAME is "picd", "mgd", ... */
int daemon_init(struct daemon *d, const char *name, const struct daemon_ops *ops, void *arg);

/* Which system calls a daemon keeps, by group; see sandbox.c for the lists and the reason of each. */
enum sandbox_profile { SANDBOX_NETD, SANDBOX_MGD, SANDBOX_PICD };

/* Verifies that capabilities and user are what they should be, sets no_new_privs, no core dumps, the seccomp filter of PROFILE for all threads, and tells
 * sallyportd that we are ready. Aborts the process if any of it fails. */
void daemon_ready(struct daemon *d, enum sandbox_profile profile);

/* Runs the loop until MSG_STOP or until sallyportd is gone; returns the exit status. */
int daemon_run(struct daemon *d);

/* One line to the log (stderr, which sallyportd redirects to RUNDIR/log/NAME, and syslog where there is one):
 * `TAG: text`. Never per packet, never key material. */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_NOTICE, LOG_LEVEL_INFO };
__attribute__((format(printf, 3, 4))) void log_line(
    enum log_level level, const char *tag, const char *fmt, ...);

#endif
