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
#include "daemon/picd/port.h"
#include "lib/os/checked.h"
#include "lib/os/daemon.h"

#include <stdbool.h>
#include <stdint.h>

struct conf;
struct elem;
struct row_job;
struct snap;
struct tally;
struct worker;

enum { WORKERS = 1 }; /* nothing but the distribution of ports assumes how many */

struct picd {
	struct daemon daemon;
	const char *instance; /* "sp-1/2/0", "es-0/0/0", "re0" */
	struct ipc *mgd;      /* NULL: not linked */
	struct ipc *netd;
	struct worker *workers[WORKERS];
	struct tally *tally; /* drops that belong to no service set or tunnel */
	uv_async_t notified; /* by a worker */
	uv_timer_t rebuild;  /* ports changed: build a snapshot soon, not once per port */
	uv_timer_t sync_wait;

	struct conf *conf; /* NULL: none yet */
	struct checked checked;
	struct assoc_table assocs;
	struct port_table ports;
	struct port *retired_ports; /* gone since the last snapshot */
	struct snap *snap;          /* the published one; NULL: none yet */
	struct snap *olds;          /* some worker may still look at these; newest first */
	uint64_t generation;

	uint32_t synced_commit; /* of netd's last MSG_NET_SYNC */
	bool
	    is_apply_pending; /* MSG_CONF_DONE is owed to mgd when netd has handed everything over */
	uint32_t apply_seq;
	uint32_t apply_commit;
	uint32_t awaited_commit; /* of netd, whose descriptors apply_commit needs */

	struct row_job *jobs; /* commands being answered, oldest first */
};

/* --- control.c --- */
/* Takes over FD as the channel to PEER ("mgd" or "netd"), in place of any before. */
void control_link(struct picd *p, const char *peer, int fd);
/* What arrives on the channels; also for the fuzz target, with C not a live channel's but any. */
void control_mgd(struct picd *p, struct ipc_msg *m);
void control_netd(struct picd *p, struct ipc_msg *m);
void control_init(struct picd *p);
void control_stop(struct picd *p);

/* --- publish.c --- */
/* Builds and publishes a snapshot of what there is now; RETIRED goes when no worker can see it. */
void publish_now(struct picd *p, struct assoc_retired retired);
/* The same a moment later, for changes that come in swarms. */
void publish_soon(struct picd *p);
/* A port is out of the table: stops listening and frees it in time. NULL is fine. */
void publish_retire_port(struct picd *p, struct port *port);
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
