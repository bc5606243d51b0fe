/* SPDX-License-Identifier: BSD-2-Clause
 *
 * act.h - commands that run here, in the process and with the rights of the person, after mgd has allowed them.
 *
 * Files, processes, users of the host: mgd knows the grammar and judges the permission, but sees none of it. It sends
 * CLI_RUN (lib/msg/cli.h); what the command finds is rendered like any reply. Whoever speaks to mgd for a person
 * (the command line, a NETCONF session) calls act_run(); one thread.
 */
#ifndef ACT_H
#define ACT_H

#include <stdbool.h>

struct elem;
struct render;
struct text;

struct act {
	const struct elem *run; /* body of CLI_RUN */
	int fd;                 /* the descriptor that came with it, -1: none; stays the caller's */
	const char *rundir;     /* of the gateway */
	struct render *render;  /* gets what is found */
	struct text *error;     /* gets why it failed, as the user shall see it */
	/* Passes on what has been rendered so far; false: nobody wants the rest. Called after every piece, so that the size
	 * of a file does not matter. */
	bool (*flush)(void *arg);
	/* Lets COMMAND (a shell, ping) have the terminal; NULL: there is none. Returns its exit status. */
	int (*give_terminal)(void *arg, char *const argv[]);
	void *arg;
};

/* Does what a->run says. Returns 0, or 1 with a line in a->error. */
int act_run(struct act *a);

/* True if there is an RPC of that name. */
bool act_has(const char *rpc);

#endif
