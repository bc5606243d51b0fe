/* SPDX-License-Identifier: BSD-2-Clause
 *
 * picd.h - the services PIC's main thread: what it holds and who may call what.
 *
 * main.c starts and stops; control.c talks to mgd (configuration) and netd (descriptors); publish.c makes and
 * retires snapshots; rows.c answers operational commands with rows from show_*.c. Everything here is the main
 * thread's; workers see nothing of it but snapshots and ports.
 */
#ifndef PICD_H
#define PICD_H

#include "daemon/picd/assoc.h"
#include "daemon/picd/hops.h"
#include "daemon/picd/port.h"
#include "daemon/picd/usage.h"
#include "daemon/picd/workers.h"
#include "lib/os/checked.h"
#include "lib/os/daemon.h"

#include <stdbool.h>
#include <stdint.h>

struct conf;
struct elem;
struct row_job;
struct snap;
struct tally;
struct taps;
struct text;
struct watch;
struct worker;

struct picd {
	struct daemon daemon;
	const char *instance; /* "sp-1/2/0", "es-0/0/0", "re0" */
	struct ipc *mgd;      /* NULL: not linked */
	struct ipc *netd;
	struct ipc *kmd;
	uint64_t (*now_ms)(void); /* monotonic */
	struct worker *workers[CREW_MAX];
	unsigned n_workers; /* threads; constant */
	unsigned n_active;  /* of them that take part */
	uint64_t help_ns;   /* see struct snap; where no configuration says it */
	unsigned n_wanted;  /* how many shall */
	uint64_t
	    pause; /* the snapshot with which nobody takes packets any more; 0: no such change goes on */
	uv_timer_t regroup;  /* while it does */
	struct tally *tally; /* drops that belong to no service set or tunnel */
	uv_async_t notified; /* by a worker */
	uv_timer_t rebuild;  /* ports changed: build a snapshot soon, not once per port */
	uv_timer_t sync_wait;

	struct conf *conf; /* NULL: none yet */
	struct checked checked;
	struct assoc_table assocs;
	struct port_table ports;
	struct hops *hops;
	struct port *retired_ports; /* gone since the last snapshot */
	struct snap *snap;          /* the published one; NULL: none yet */
	struct snap *olds;          /* some worker may still look at these; newest first */
	uint64_t generation;
	bool has_litter; /* a commit has left holes in the heap; see publish_reclaim() */

	uint32_t synced_commit; /* of netd's last MSG_NET_SYNC */
	bool
	    is_apply_pending; /* MSG_CONF_DONE is owed to mgd when netd has handed everything over */
	uint32_t apply_seq;
	uint32_t apply_commit;
	uint32_t awaited_commit; /* of netd, whose descriptors apply_commit needs */

	struct row_job *jobs; /* commands being answered, oldest first */

	struct watch *watches;  /* commands that show packets as they pass */
	uv_timer_t look;        /* while there are any */
	struct taps *taps;      /* NULL: nobody has wanted to see any yet */
	uint64_t tap_epochs[4]; /* of its filters: when they were switched off; TAP_WATCHES */

	uv_timer_t sample; /* for usage */
	struct usage usage;

	/* dynamic SAs; see dynamic.h */
	uv_timer_t tick;      /* once a second, from the first link to kmd on */
	uint64_t epoch;       /* counts what was taken out of use without a new snapshot */
	struct gone_sa *gone; /* some worker may still use these */
	size_t n_gone;
	size_t cap_gone;
	struct kmd_done *dones; /* answers that wait for the workers, oldest first */
	struct kmd_done **dones_end;
	size_t held_slot; /* next to be told of by MSG_SA_HELD; SIZE_MAX: all have been */
};

/* An SA out of use, and the epoch that began with that. */
struct gone_sa {
	struct sa *sa;
	uint64_t epoch;
};

/* --- control.c --- */
/* Takes over FD as the channel to PEER ("mgd", "netd" or "kmd"), in place of any before. */
void control_link(struct picd *p, const char *peer, int fd);
/* What arrives on the channels; also for the fuzz target, with C not a live channel's but any. */
void control_mgd(struct picd *p, struct ipc_msg *m);
void control_netd(struct picd *p, struct ipc_msg *m);
void control_init(struct picd *p);
void control_stop(struct picd *p);

/* --- kmd.c --- */
/* A new channel to kmd: tells it what there is, once there is a configuration. Owns FD. */
void kmd_link(struct picd *p, int fd);
void kmd_unlink(struct picd *p);
/* A configuration runs. */
void kmd_configured(struct picd *p);
/* What arrives on it; also for the fuzz target. */
void control_kmd(struct picd *p, struct ipc_msg *m);
/* Passes on what the workers have noticed, and answers what has come into force. */
void kmd_notified(struct picd *p);
/* Tells what has happened to A; nothing if kmd is not there. */
void kmd_spent(struct picd *p, const struct assoc *a, uint32_t spi, bool is_hard);
void kmd_idle(struct picd *p, const struct assoc *const *list, size_t n);

/* --- publish.c --- */
/* Builds and publishes a snapshot of what there is now; RETIRED goes when no worker can see it. */
void publish_now(struct picd *p, struct assoc_retired retired);
/* The same a moment later, for changes that come in swarms. */
void publish_soon(struct picd *p);
/* N workers shall take part, 0: all; more than there are is all. Their packets rest until every SA has its new owner. The
 * next snapshot begins it. */
void publish_workers(struct picd *p, unsigned n);
/* A port is out of the table: stops listening and frees it in time. NULL is fine. */
void publish_retire_port(struct picd *p, struct port *port);
/* SA has been taken out of the published snapshot: frees it when no worker can use it any more. */
void publish_retire_sa(struct picd *p, struct sa *sa);
/* Begins an epoch and returns its number; publish_epoch_seen() reaches it when no worker uses what was out of reach before. */
uint64_t publish_epoch(struct picd *p);
uint64_t publish_epoch_seen(const struct picd *p);
/* Every worker works with a snapshot of this generation or a later one. */
uint64_t publish_seen(const struct picd *p);
/* Frees what every worker has left behind. */
void publish_reclaim(struct picd *p);
/* Workers have ended: frees everything. */
void publish_done(struct picd *p);

/* --- rows.c --- */
/* Starts to answer an MSG_RPC of mgd. */
void rows_start(struct picd *p, uint32_t seq, const struct elem *rpc);
/* mgd's channel is gone: so are the commands that came over it. */
void rows_stop(struct picd *p);

#endif
