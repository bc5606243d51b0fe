/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kmd.h - the key management daemon: what it holds and who may call what.
 *
 * lib/vpn/life decides; this daemon carries. main.c is its host and its clock; net.c has the datagrams of the peers, pic.c the
 * channels to the services interfaces, pki.c the one to the PKI daemon; control.c talks to mgd (configuration) and netd
 * (sockets); rows.c answers operational commands with rows from show_*.c; event.c says in the log what happened. One loop, one
 * thread.
 */
#ifndef KMD_H
#define KMD_H

#include "daemon/kmd/event.h"
#include "daemon/kmd/net.h"
#include "daemon/kmd/pic.h"
#include "daemon/kmd/pki.h"
#include "lib/os/checked.h"
#include "lib/os/daemon.h"
#include "lib/vpn/life.h"

struct conf;
struct row_job;

struct kmd {
	struct daemon daemon;
	struct life *life;
	struct net net;
	struct pics pics;
	struct pki pki;
	struct events events;
	struct ipc *mgd; /* NULL: not linked */
	struct ipc *netd;
	uv_timer_t due;  /* life has something to do */
	uint64_t due_ms; /* what it is set for; UINT64_MAX: nothing */
	uv_prepare_t
	    prepare; /* before the loop waits: what is to be sent leaves, the timer is set */

	bool has_conf; /* life runs one */
	struct checked checked;
	struct conf *waiting; /* shall run when netd has handed over its sockets; or NULL */
	uint32_t apply_seq;   /* of the MSG_CONF_APPLY that it came with */
	uint32_t apply_commit;
	uint32_t awaited_commit; /* of netd, whose sockets it needs */
	uint32_t synced_commit;  /* of netd's last MSG_NET_SYNC */
	uv_timer_t sync_wait;

	struct row_job *jobs; /* commands being answered, oldest first */
};

/* Milliseconds of a clock that only goes forward: the one that life is given. */
uint64_t kmd_now(void);

/* --- control.c --- */
/* Takes over FD as the channel to PEER ("mgd", "netd"), in place of any before. */
void control_link(struct kmd *k, const char *peer, int fd);
/* What arrives on the channels. */
void control_mgd(struct kmd *k, struct ipc_msg *m);
void control_netd(struct kmd *k, struct ipc_msg *m);
void control_init(struct kmd *k);
void control_stop(struct kmd *k);

/* --- rows.c --- */
/* Starts to answer an MSG_RPC of mgd. */
void rows_start(struct kmd *k, uint32_t seq, const struct elem *rpc);
/* mgd's channel is gone: so are the commands that came over it. */
void rows_stop(struct kmd *k);

#endif
