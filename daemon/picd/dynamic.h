/* SPDX-License-Identifier: BSD-2-Clause
 *
 * dynamic.h - SAs that kmd negotiates: they come, serve and go one by one, without a new snapshot.
 *
 * An association whose SAs are dynamic has any number of inbound ones, all of which take packets, and of outbound ones, of
 * which one is used. A new inbound SA enters the SA table of the published snapshot while workers read it; the
 * outbound one in use is a pointer that all snapshots share. What is taken out of use is freed when every worker has begun a
 * turn after that (publish.c). A commit keeps them as far as the tunnel stays what it was. Main thread, but for assoc_live.
 */
#ifndef DYNAMIC_H
#define DYNAMIC_H

#include "lib/base/addr.h"
#include "lib/esp/sa.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct assoc;
struct assoc_retired;
struct elem;
struct picd;
struct text;

enum {
	DYNAMIC_SAS_MAX = 16, /* of one tunnel; a rekey needs four for a moment */
	/* Sequence numbers left when an outbound SA is said to be nearly spent: a minute at eight million packets a second. */
	DYNAMIC_SEQ_LEFT = 1 << 29,
};

/* What workers look at. */
struct assoc_live {
	_Atomic(struct sa *) out;    /* in use; NULL: none. Written by the main thread */
	_Atomic uint32_t asked_at_s; /* a worker has said that a packet waits; 0: never */
	_Atomic uint32_t moved_at_s; /* ... that the peer is elsewhere */
};

/* What of a tunnel in the configuration its dynamic SAs depend on. */
struct assoc_shape {
	bool is_dynamic;
	struct addr local;
	struct addr remote; /* ADDR_NONE: not known before */
	struct addr backup; /* ADDR_NONE: none */
	struct prefix selector_local;
	struct prefix selector_remote;
	enum sa_df df;
	uint16_t tunnel_mtu;
};

struct dynamic_sa {
	struct dynamic_sa *next; /* younger */
	struct sa *sa;           /* owned; its params say the rest */
	struct addr remote; /* the other end; an inbound SA behind a NAT does not insist on it */
	struct prefix local_selector;
	struct prefix remote_selector;
	uint64_t soft_ms; /* on the clock of picd.now_ms; 0: none */
	uint64_t hard_ms;
	uint64_t packets_seen; /* inbound, at the last look for idle tunnels */
	uint16_t window;       /* as negotiated, also of an outbound one */
	bool is_initiator;
	bool told_soft; /* that its sequence numbers are nearly, or all, spent */
	bool told_hard;
	char tag[]; /* kmd's; NUL-terminated */
};

/* The wish to hear of silence: MSG_WATCH. */
struct dynamic_watch {
	uint32_t interval_s; /* 0: none */
	uint64_t since_ms;   /* last authentic packet, or last word about it */
};

/* MSG_REDUNDANCY, for show. */
struct dynamic_redundancy {
	struct addr primary; /* ADDR_NONE: nothing is known */
	struct addr backup;  /* ADDR_NONE: none is configured */
	bool is_primary_active;
	bool is_backup_active;
	uint32_t failovers;
};

/* --- dynamic.c --- */

/* What MSG_SA_ADD says. */
struct dynamic_new {
	struct sa_params params; /* with keys: the caller wipes */
	struct addr remote;
	struct prefix local_selector;
	struct prefix remote_selector;
	uint32_t soft_s; /* 0: none */
	uint32_t hard_s;
	uint16_t window;
	bool is_initiator;
	const char *tag;
};

/* Puts a new SA of A to work. NULL, and WHY gets a sentence, if it cannot be. */
__attribute__((warn_unused_result)) struct dynamic_sa *dynamic_add(
    struct picd *p, struct assoc *a, const struct dynamic_new *n, struct text *why);

/* Ends the SA with this direction and SPI (host order; bundle: of the AH); false if there is none. */
bool dynamic_del(struct picd *p, struct assoc *a, enum sa_direction direction, uint32_t spi);
/* Ends all of A's. */
void dynamic_clear(struct picd *p, struct assoc *a);

/* Once a second: ends what is too old, tells kmd what is nearly spent and which tunnels are silent. */
void dynamic_tick(struct picd *p);

/* A commit makes A what NOW says: its SAs go on with that, or go to R, for the snapshot that follows. */
void dynamic_settle(struct assoc *a, const struct assoc_shape *now, struct assoc_retired *r);

/* The snapshot of a commit is published: SAs whose SPI is a manual SA's now end, and kmd hears of it. */
void dynamic_committed(struct picd *p);

/* The outbound SA in use, or NULL. */
const struct dynamic_sa *dynamic_out(const struct assoc *a);

#endif
