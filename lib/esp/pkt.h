/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pkt.h - packets in fixed buffers from a pool that is filled once.
 *
 * Every buffer holds the largest IP packet with room before it for encapsulation and behind it for
 * padding and ICV, so that nothing is ever moved or grown. One size keeps the path simple and is
 * cheap: the pool is one anonymous mapping and a page that no packet has reached costs no memory
 * (a 1,400-octet packet touches one page of its seventeen). A pool belongs to one thread, without
 * locks; other threads may hold packets of it, and what they give back waits for its own thread.
 *
 * A view is a packet inside the buffer of another one, its parent: what a socket received as one
 * large message is many packets without a copy. A view has no room of its own around it.
 */
#ifndef PKT_H
#define PKT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/addr.h"
#include "lib/esp/drop.h"

struct sa;
struct pkt_pool;

enum {
	PKT_HEADROOM = 512,       /* octets before a fresh packet */
	PKT_MAX_LEN = 65535 + 40, /* longest packet: an IPv6 header and its largest payload */
	PKT_TAILROOM = 320,       /* for padding, pad length, next header and ICV */
	PKT_VIEWS = 4096,         /* in a pool, beside its packets: 64 large messages of 64 each */
};

/* What a kernel's socket knows of the headers around ESP in UDP, when they are not in the buffer:
 * with a packet that came from one, or for one that is to be sent by one. */
struct pkt_outer {
	struct addr src;
	struct addr dst;
	uint16_t src_port; /* host order */
	uint16_t dst_port;
	uint8_t tos; /* with the ECN bits */
	uint8_t ttl; /* only outbound */
	bool df;     /* only outbound */
};

/* What a superpacket is made of; see cut.h. */
enum pkt_gso {
	PKT_GSO_NONE, /* an ordinary packet */
	PKT_GSO_TCP,
	PKT_GSO_UDP,
};

struct pkt {
	uint8_t *buf; /* the buffer, of a view its parent's; constant until given back */
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
	    is_newest; /* after in_burst(): authentic, and no packet of its SA has had a higher number; false without a window */
	bool
	    is_joined6; /* came as IPv6 fragments: may leave as such, though no router may make any */
	uint32_t frag_id; /* their identification */

	uint8_t gso;       /* enum pkt_gso; set by cut_read() */
	uint16_t gso_size; /* superpacket: octets of payload in every segment but the last */
	uint16_t l4_at;    /* superpacket: where the TCP or UDP header starts, from off */
	uint16_t hdr_len;  /* superpacket: octets of all headers, IP and TCP or UDP */
	/* After out_burst(): octets of IP and UDP header ahead of ESP, if the packet may as well be sent
	 * without them by a UDP socket, else 0. See out_outer(). */
	uint16_t lead;
	uint32_t
	    trace; /* the caller's, 0: none; copied as tag is, but packets of unequal ones are joined, too */
	/* Borrowed, until in_burst() or in_prepare() returns. Set by the caller before these: the packet starts with its
	 * ESP header and this is what was around it; NULL: it starts with its outer IP header. */
	const struct pkt_outer *outer;
	/* Borrowed likewise. Set by the caller before in_burst(): the octets are there, and not yet at off; NULL: they are. Decryption
	 * is the copy where the algorithm allows it. See pkt_octets(), pkt_come_home(). */
	const uint8_t *away;

	struct pkt_pool *home; /* the pool that it is from; constant */
	struct pkt *parent;    /* of a view; else NULL */
	uint32_t refs;         /* of a packet: its views, and one until it is itself given back */
};

/* Makes a pool of N packets and of PKT_VIEWS views. NULL when out of memory. */
struct pkt_pool *pkt_pool_new(size_t n);
/* Unmaps everything, also packets that are still out. NULL is fine. */
void pkt_pool_free(struct pkt_pool *pool);
/* Packets that pkt_get() can still give. */
size_t pkt_pool_left(struct pkt_pool *pool);

/* Takes a packet: off = PKT_HEADROOM, the rest zero. NULL when the pool is empty. */
struct pkt *pkt_get(struct pkt_pool *pool);
/* Makes a packet of LEN octets, OFF octets into the buffer of PARENT, which is of this pool and no view. What is there
 * belongs to the view: views of one parent must not overlap. Nothing may be put in front of or behind it, so a view may be
 * opened, read and merged but not sealed. The parent's buffer is free again when it and all its views were given back.
 * NULL when the pool has no more. */
struct pkt *pkt_view(struct pkt_pool *pool, struct pkt *parent, uint32_t off, uint32_t len);
/* Gives back the packet and all that follow it by `next`. NULL is fine. POOL is the calling thread's own; packets of
 * another pool go into a list without locks, which their own thread empties when it takes packets. */
void pkt_put(struct pkt_pool *pool, struct pkt *p);

/* The same for N packets, with less work for those of another pool. */
void pkt_put_all(struct pkt_pool *pool, struct pkt **pkts, size_t n);

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
	return p->parent != NULL ? p->len : PKT_HEADROOM + PKT_MAX_LEN - p->off;
}

/* Where the octets of P are, also if they are away. */
static inline const uint8_t *
pkt_octets(const struct pkt *p)
{
	return p->away != NULL ? p->away : pkt_data(p);
}

/* Copies them to where they belong; P, no view, is then like any other. */
static inline void
pkt_come_home(struct pkt *p)
{
	if (p->away == NULL)
		return;
	memcpy(pkt_data(p), p->away, p->len);
	p->away = NULL;
}

/* How many packets P becomes on a wire. */
static inline unsigned
pkt_segments(const struct pkt *p)
{
	if (p->gso == PKT_GSO_NONE)
		return 1;
	return (p->len - p->hdr_len + p->gso_size - 1) / p->gso_size;
}

/* Room for the outer facts of a received packet and all its views, which stays as long as the buffer: at the start of the
 * head room, which inbound packets do not need. */
static inline struct pkt_outer *
pkt_outer_room(const struct pkt *p)
{
	return (struct pkt_outer *)(void *)p->buf;
}

#endif
