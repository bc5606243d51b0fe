/* SPDX-License-Identifier: BSD-2-Clause
 *
 * netd.h - the state of netd, owned by its one thread.
 *
 * netd runs one configuration at a time. apply.c brings the host from one plan to the next; pics.c gives each picd, and kmd, its
 * descriptors; show.c answers commands; main.c is the loop and its messages.
 */
#ifndef NETD_H
#define NETD_H

#include "daemon/netd/bound.h"
#include "daemon/netd/host.h"
#include "daemon/netd/leftover.h"
#include "daemon/netd/nft.h"
#include "daemon/netd/number.h"
#include "daemon/netd/plan.h"
#include "daemon/netd/seen.h"
#include "lib/os/checked.h"
#include "lib/os/daemon.h"

struct conf;
struct hops;
struct relay;
struct text;

enum {
	NETD_PICS_MAX = 64,
	NETD_SYSCTLS = 2, /* that are changed for the whole host */
};

extern const char *const netd_sysctls[NETD_SYSCTLS];

struct pic_link {
	char name[32]; /* "sp-1/2/0" */
	struct ipc *ipc;
	unsigned n_flying; /* copies of descriptors on their way, at most */
	bool is_behind;    /* there are items that have to wait until those have arrived */
	size_t at;         /* if so: none of the plan's before this one has to */
};

/* A configuration on its way: it waits for TUN descriptors, which only sallyportd can open. */
struct pending {
	struct conf *c;
	struct plan *plan;
	uint32_t seq;     /* of mgd's question */
	size_t n_missing; /* TUN descriptors still to come */
	size_t n_asked;
	bool has_failed;
};

struct netd {
	struct daemon d;
	struct host host;
	struct nft nft;
	/* What the host's sysctls were before any netd changed them, and the same as the memo in our table, from where a
	 * netd that follows a killed one learns it. */
	char sysctl_before[NETD_SYSCTLS][16];
	char memo[64];
	struct leftover leftover; /* until the first plan is in force */
	struct numbers sas;
	struct numbers sets;
	struct numbers members; /* of groups: see plan_natt.c */
	struct ipc *mgd;
	struct relay *relay; /* sends lines of the log to other hosts; NULL: not yet */
	struct pic_link pics[NETD_PICS_MAX];
	size_t n_pics;
	struct conf *conf; /* running, or NULL */
	struct plan *plan;
	struct checked checked;
	struct pending *pending; /* NULL: none */
	struct conf
	    *waiting; /* came while another was pending: its turn is next; the latest counts */
	uint32_t waiting_seq;
	int *tun_fds; /* opened for the pending plan */
	size_t n_tun_fds;
	uv_poll_t links; /* tells that a device came, went or changed */
	uv_timer_t retry;
	uv_idle_t idle; /* runs the jobs */
	int links_fd;
	struct hops *hops;  /* the ways of plain ESP; NULL: they are not followed */
	struct seen seen;   /* when routes of others came */
	uint32_t started_s; /* seconds after the host */
	size_t files_max;   /* descriptors that this process may hold */
	struct plan_room room;
	struct bound bound;
	bool is_bound_known; /* BOUND says what there is now */
	uv_timer_t regroup;  /* some UDP sockets have to wait for others to be closed */
	struct job *jobs;    /* commands that are being answered, the first one at work */
	struct smap
	    cleared; /* device -> struct cleared (show_if.c): counters when they were set to zero */
	struct arena *cleared_arena;
};

/* --- apply.c --- */

/* Brings the host from the running plan to P with the filters of C; both belong to N afterwards. On failure everything is as
 * before, C and P are freed, and OUT says why in words for the user. Returns 0 or -errno. */
int apply_plan(struct netd *n, struct conf *c, struct plan *p, struct text *out);

/* Links have changed: makes again what went with them or waited for them, and hooks captures to new devices. */
void apply_retry(struct netd *n);

/* Makes the UDP sockets that had to wait; true if some still have to. */
bool apply_regroup(struct netd *n);

/* Takes away what a killed netd left, and learns what the host was like before it. At start. */
void apply_start(struct netd *n);

/* Takes everything away. */
void apply_undo(struct netd *n);

/* How many queues of TUN devices of P do not exist yet. */
size_t apply_tun_missing(const struct netd *n, const struct plan *p);

/* --- pics.c --- */

/* A new channel to the picd of NAME, or to KMD_LINK: replaces an older one and hands everything over. Owns FD. */
void pics_link(struct netd *n, const char *name, int fd);
void pics_give(struct netd *n, struct item *it);
void pics_take(struct netd *n, const struct item *it);
/* All UDP sockets of the address and the services interface of IT, from whichever netd they came. */
void pics_take_natt(struct netd *n, const struct item *it);
void pics_sync(struct netd *n);
/* Throws away what has queued up on devices that no picd serves under the running configuration: when one comes, it
 * shall not send packets of long ago. */
void pics_drain(struct netd *n);
/* The channel to the picd of NAME, or NULL. */
struct ipc *pics_ipc(struct netd *n, const char *name);
void pics_done(struct netd *n);

/* --- show.c --- */

/* Answers the command in M with rows on C. */
void show_rpc(struct netd *n, struct ipc *c, const struct ipc_msg *m);

#endif
