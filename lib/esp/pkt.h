/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pkt.h - packets in fixed buffers from a pool that is filled once.
 *
 * Every buffer holds the largest IP packet with room before it for encapsulation and behind it for
 * padding and ICV, so that nothing is ever moved or grown. One size keeps the path simple and is
 * cheap: the pool is one anonymous mapping and a page that no packet has reached costs no memory
 * (a 1,400-octet packet touches one page of its seventeen). A pool belongs to one thread, without
 * locks.
 */
#ifndef PKT_H
#define PKT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/esp/drop.h"

struct sa;
struct pkt_pool;

enum {
	PKT_HEADROOM = 512,       /* octets before a fresh packet */
	PKT_MAX_LEN = 65535 + 40, /* longest packet: an IPv6 header and its largest payload */
	PKT_TAILROOM = 320,       /* for padding, pad length, next header and ICV */
};

struct pkt {
	uint8_t *buf; /* the buffer; constant */
	uint32_t off; /* first octet of the packet in buf */
	uint32_t len; /* octets of the packet, from its IP header */
	/* Borrowed. Set by the caller before out_burst(); set by in_burst(), also for most drops, NULL
	 * when none was found. */
	struct sa *sa;
	struct pkt *next; /* the following fragment of the same packet, or NULL. Owned. */
	uint32_t mtu;     /* with DROP_TOO_BIG: the MTU to report to the sender, octets */
	uint32_t tag;     /* the caller's; copied to fragments; frag_in() joins only equal ones */
	void *user;       /* the caller's; copied to fragments, never read here */
	uint8_t verdict;  /* enum drop; DROP_NONE: deliver it */
	uint8_t family;   /* 4 or 6 of the packet at off after out_burst() or in_burst(); else 0 */
	bool
	    is_joined6; /* came as IPv6 fragments: may leave as such, though no router may make any */
	uint32_t frag_id; /* their identification */
};

/* Makes a pool of N packets. NULL when out of memory. */
struct pkt_pool *pkt_pool_new(size_t n);
/* Unmaps everything, also packets that are still out. NULL is fine. */
void pkt_pool_free(struct pkt_pool *pool);
/* Packets that pkt_get() can still give. */
size_t pkt_pool_left(const struct pkt_pool *pool);

/* Takes a packet: off = PKT_HEADROOM, the rest zero. NULL when the pool is empty. */
struct pkt *pkt_get(struct pkt_pool *pool);
/* Gives back the packet and all that follow it by `next`. NULL is fine. */
void pkt_put(struct pkt_pool *pool, struct pkt *p);

/* Where the packet starts, and how many octets may lie there (len may be raised up to that). */
static inline uint8_t *
pkt_data(const struct pkt *p)
{
	return p->buf + p->off;
}

/* Octets from off to the end of the packet area, without the tail room kept for lib/esp. */
static inline uint32_t
pkt_room(const struct pkt *p)
{
	return PKT_HEADROOM + PKT_MAX_LEN - p->off;
}

#endif
