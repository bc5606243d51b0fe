/* SPDX-License-Identifier: BSD-2-Clause
 *
 * jobs.h - commands whose answer is long: a little of it in each turn of the loop, never faster than mgd reads.
 *
 * Jobs wait in a queue; the first one runs a bounded number of steps in a turn, pauses while the channel to mgd holds enough, and
 * is done when a step says so. A configuration that a job reads lives until the job ends, though a commit may have
 * replaced it meanwhile. One thread.
 */
#ifndef JOBS_H
#define JOBS_H

#include "daemon/netd/view.h"
#include "lib/os/netlink.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct conf;
struct elem;
struct ipc;
struct job;
struct netd;

enum job_view { JOB_NO_VIEW, JOB_VIEW, JOB_VIEW_STATS };

struct job_kind {
	const char *rpc;
	enum job_view view; /* complete before the first step */
	/* Does a little. Returns 1 if there is more to do, 0 when all is said, or -errno. */
	int (*step)(struct job *j);
	void (*done)(struct job *j); /* frees state, or NULL */
};

struct job {
	struct job *next;
	struct netd *n;
	struct ipc *c;
	uint32_t seq; /* of mgd's question */
	const struct job_kind *kind;
	struct arena *a; /* lives as long as the job */
	const struct elem *args;
	const struct conf *conf; /* or NULL */
	struct nl nl;            /* a netlink socket of its own */
	struct view view;
	void *state;       /* the kind's own, NULL at first */
	const char *error; /* the user's words; ends the job */
};

/* Starts the job of KIND for ARGS, which are copied. */
void job_start(struct netd *n, struct ipc *c, uint32_t seq, const struct job_kind *kind,
    const struct elem *args);
/* Sends a row; a failure ends the job. */
void job_row(struct job *j, const struct elem *row);
/* Gives up the answers to C, or all of them (NULL). */
void jobs_drop(struct netd *n, const struct ipc *c);
/* True if a job reads C: it will free it if it is not the running one any more. */
bool jobs_read(const struct netd *n, const struct conf *c);

/* The value of a level or of its word alone, as programs write it: `<terse/>`. */
bool job_has_level(const struct job *j, const char *level);

/* show_if.c, show_route.c, show_neigh.c */
extern const struct job_kind job_interfaces;
extern const struct job_kind job_clear_interfaces;
extern const struct job_kind job_routes;
extern const struct job_kind job_route_summary;
extern const struct job_kind job_forwarding;
extern const struct job_kind job_arp;
extern const struct job_kind job_clear_arp;
extern const struct job_kind job_nd;
extern const struct job_kind job_ping;
extern const struct job_kind job_traceroute;

#endif
