/* SPDX-License-Identifier: BSD-2-Clause
 *
 * commit.h - what can be asked of a commit, and what may be under way or pending.
 *
 * commit.c takes a tree through load, check, apply and store; confirm.c watches over a commit that has to be confirmed,
 * schedule.c keeps one for later. A command line and a NETCONF session ask the same way: candidate.h for what a
 * session may commit, this header for the rest.
 */
#ifndef COMMIT_H
#define COMMIT_H

#include <stdbool.h>
#include <time.h>

#include "daemon/mgd/store.h"

struct mgd;
struct peer;
struct text;
struct tree;

enum { COMMIT_CONFIRM_DEFAULT = 10, COMMIT_CONFIRM_MAX = 65535 }; /* minutes */

struct commit_options {
	bool check_only;
	bool is_validation; /* with check_only: NETCONF's validate, which confirms nothing */
	bool full;          /* every daemon gets its configuration, changed or not */
	unsigned
	    confirm_minutes; /* 0: the commit is final; else rolled back unless confirmed in time */
	time_t at;           /* 0: now; else check now and commit then */
	bool at_reboot;      /* check now and commit when the gateway starts again */
};

struct commit_ask {
	const struct tree *tree; /* copied */
	bool is_private; /* it is not the shared candidate: that follows what was committed */
	struct commit_options options;
	struct store_meta meta; /* user, client, comment; the rest is filled in */
	/* Called while it goes on, with what happens now, for those who want to watch (`| display detail`); NULL: nobody does. */
	void (*on_progress)(void *arg, const char *what);
	/* Called once, perhaps before commit_start() returns: TEXT is what the user shall see (never NULL). The tree has become
	 * the running one if ok, not check_only and not for later. */
	void (*on_done)(void *arg, bool ok, const char *text);
	void *arg;
};

/* Starts a commit. Returns false if one is under way. */
bool commit_start(struct mgd *m, const struct commit_ask *ask);
/* Forgets whom to tell; the commit goes on. IS_GONE: ARG is a session that ends. */
void commit_detach(struct mgd *m, const void *arg, bool is_gone);
/* The commit under way, if it is that of ARG, is no longer one of what the shared candidate holds: that follows it. */
void commit_set_apart(struct mgd *m, const void *arg);
/* True if the commit under way is that of ARG, told of it or not. */
bool commit_is_of(const struct mgd *m, const void *arg);
/* A peer has answered CHECK or APPLY, or is gone. */
void commit_on_peer(struct mgd *m, struct peer *p, bool ok, const char *text);
/* Hands the running configuration to the peers at start. */
void commit_boot(struct mgd *m);

/* --- confirm.c: a commit that is rolled back unless it is confirmed --- */

/* Takes up what was pending when mgd ended, after commit_boot(); rolls back by itself later. */
void confirm_start(struct mgd *m);
/* Minutes until the automatic rollback, rounded up; 0: no commit waits to be confirmed. */
unsigned confirm_minutes_left(const struct mgd *m);
/* The commit that waits is confirmed: `commit check`. Returns 0 or -errno; 0 as well if none waits. */
int confirm_now(struct mgd *m);
/* Of commit.c: the deadline of the new commit, on disk before the commit is (MINUTES 0: none). Returns 0 or -errno. */
int confirm_prepare(struct mgd *m, uint32_t number, unsigned minutes);
/* Of commit.c: the new commit is the running one. */
void confirm_committed(struct mgd *m);

/* --- schedule.c: `commit at` --- */

/* Reads "hh:mm[:ss]" (today), "yyyy-mm-dd hh:mm[:ss]" or "reboot" into OPTIONS. Returns NULL or what is wrong. */
const char *schedule_parse(const char *when, time_t now, struct commit_options *options);
/* Looks up which life of the gateway this is, before the sandbox. */
void schedule_init(struct mgd *m);
/* Takes up what was pending when mgd ended, after commit_boot(); commits by itself later. */
void schedule_start(struct mgd *m);
/* True if a commit waits for its time: nothing can be committed until then. OUT (may be NULL) gets the line of `show
 * system commit` without its newline. */
bool schedule_pending(const struct mgd *m, struct text *out);
/* `clear system commit`. Returns 1 if one was pending, 0 if none, or -errno. */
int schedule_clear(struct mgd *m);
/* Of commit.c: keeps the checked TREE until its time. Returns 0 or -errno. */
int schedule_keep(struct mgd *m, const struct commit_ask *ask, const struct tree *tree);

#endif
