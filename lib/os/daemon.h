/* SPDX-License-Identifier: BSD-2-Clause
 *
 * daemon.h - what every daemon does the same way: channel 3, links, ready, stop, sandbox, log.
 *
 * daemon_init() is called first, before any thread; daemon_ready() when the sandbox is up. One loop, one thread.
 */
#ifndef DAEMON_H
#define DAEMON_H

#include "lib/os/ipc.h"
#include "lib/os/log.h"
#include "lib/os/sandbox.h"

#include <stdbool.h>

struct daemon_ops {
	/* sallyportd gave us a channel to PEER; INSTANCE is the services interface of a picd or "". The callee owns FD. */
	void (*on_link)(const char *peer, const char *instance, int fd, void *arg);
	/* Undo what was done to the host and close handles; the process exits 0 afterwards. */
	void (*on_stop)(void *arg);
	/* Any other message of sallyportd. */
	void (*on_message)(struct ipc_msg *m, void *arg);
};

struct daemon {
	uv_loop_t loop;
	struct ipc *super; /* channel to sallyportd */
	const struct daemon_ops *ops;
	void *arg;
	bool is_again; /* MSG_STOP said that we will be started anew */
};

/* Opens the log, takes descriptor 3, sets up the loop. Returns 0 or -errno. NAME is "picd", "mgd", ... */
int daemon_init(struct daemon *d, const char *name, const struct daemon_ops *ops, void *arg);

/* Enters the sandbox of PROFILE (sandbox.h) for all threads, and tells sallyportd that we are ready. Ends the process
 * if any of it fails. Whatever opens files, loads libraries or starts threads comes before. */
void daemon_ready(struct daemon *d, enum sandbox_profile profile);

/* Runs the loop until MSG_STOP or until sallyportd is gone, then calls on_stop(); returns the exit status. */
int daemon_run(struct daemon *d);

/* Frees the channel and the loop, after the owner has closed its own handles. */
void daemon_done(struct daemon *d);

#endif
