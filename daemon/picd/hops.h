/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hops.h - where plain ESP goes as a frame: next hops by gateways, as netd has told.
 *
 * Entries are made by the main thread when a worker has had a packet for somewhere; what changes of one is a single word. So
 * workers look things up without a lock, and no snapshot is made for a neighbour. What no packet has asked for in minutes is
 * taken out, and freed when an epoch has passed that began after that: a worker keeps what it has found as long as
 * it sees the same epoch. Which sockets a device has, and what all its frames have in common, is in the snapshot, by the
 * number of the device.
 */
#ifndef HOPS_H
#define HOPS_H

#include "lib/base/addr.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct elem;
struct hops;
struct picd;

enum {
	HOP_DEVICES = 16,
	HOP_DEVICE_LEN = 16,
	HOP_WHY_LEN = 128,
	MAC_LEN = 6,
	HOP_IDLE_S = 300, /* without a packet: given up */
};

struct hop {
	struct addr local; /* constant */
	struct addr remote;
	_Atomic(struct hop *) next; /* of its bucket */
	/* Octets 0 to 5: Ethernet address of the next hop; 6: number of the device; 7: 1. Or 0: by the raw socket. */
	_Atomic uint64_t way;
	_Atomic uint32_t raw_s;  /* when a packet last went by the raw socket; workers' */
	_Atomic uint32_t used_s; /* when a packet last asked for it; workers' */
	/* main thread */
	bool is_told;   /* netd has answered */
	uint64_t epoch; /* began when it was taken out */
	struct hop *next_gone;
	char device[HOP_DEVICE_LEN];
	char why[HOP_WHY_LEN]; /* "": by AF_XDP, if WAY is not 0 */
};

/* A device that has AF_XDP sockets. */
struct hop_device {
	char name[HOP_DEVICE_LEN]; /* "": free */
	uint8_t from[MAC_LEN];
	uint32_t mtu; /* octets of an IP packet */
};

struct hops *hops_new(void);
void hops_free(struct hops *h); /* NULL is fine; no worker runs any more */

/* Finds the entry of a packet from LOCAL to REMOTE; NULL: there is none yet. Any thread. */
struct hop *hops_find(const struct hops *h, const struct addr *local, const struct addr *remote);

/* --- main thread --- */

/* A worker has plain ESP for REMOTE: asks netd, if that has not been done. */
void hops_want(struct picd *p, const struct addr *local, const struct addr *remote);
/* What netd says. */
void hops_told(struct picd *p, const struct elem *body);
/* Gives up what has not been used for HOP_IDLE_S, here and at netd, and asks again for what netd has had no room for. */
void hops_age(struct picd *p);
/* Every worker has seen epoch SEEN: frees what was given up before it. */
void hops_reclaim(struct hops *h, uint64_t seen);
/* netd is gone, or another one has come, which is asked again. */
void hops_lost(struct picd *p);
void hops_ask_all(struct picd *p);
/* The entry at place *AT, which lies behind it afterwards, or the next one; from 0. An entry keeps its place. NULL: that was all. */
const struct hop *hops_next(const struct hops *h, size_t *at);

#endif
