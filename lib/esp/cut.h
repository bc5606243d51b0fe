/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cut.h - superpackets: what a TUN queue with vnet header brings, and the IP packets inside.
 *
 * A superpacket is one IP packet of up to 64 KB with one TCP or UDP header, whose payload stands for
 * segments of gso_size octets. The kernel describes it by a virtio_net_hdr, in the byte order of the
 * machine, and leaves the checksum to us. Everything that is said there is checked against the packet
 * itself; what does not fit is refused. On the worker's thread, except where it says any thread.
 * Virtio 1.2 s5.1.6; RFC 9293 and RFC 3168 for the flags of segments.
 */
#ifndef CUT_H
#define CUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/esp/drop.h"

struct pkt;
struct pkt_pool;

enum {
	VNET_LEN = 10,     /* octets of a virtio_net_hdr; 12 with the number of buffers, */
	VNET_LEN_MAX = 12, /* which means nothing here */
};

/* Reads the VNET_LEN (10 or 12, see above) octets that came in front of packet P. A superpacket gets gso, gso_size, l4_at
 * and hdr_len, its checksum stays open. An ordinary packet gets its checksum completed if the
 * header asks for that. DROP_NONE, or with P unchanged: DROP_VNET_HEADER, DROP_INNER_HEADER,
 * DROP_INNER_CHECKSUM. */
__attribute__((warn_unused_result)) enum drop cut_read(
    struct pkt *p, const uint8_t *vnet, size_t vnet_len);

/* A superpacket on its way to become packets. */
struct cut {
	const struct pkt *super; /* borrowed; unchanged */
	const uint8_t *hdr;      /* its headers */
	const uint8_t *payload;
	uint32_t payload_len;
	uint32_t hdr_len;
	uint32_t l4_at;
	uint32_t size; /* payload of every segment but the last */
	unsigned n;    /* segments */
	unsigned next; /* the one that comes next, from 0 */
	/* worked out once */
	uint64_t l4_sum; /* of addresses, protocol and what is the same in all TCP or UDP headers */
	uint32_t seq;    /* TCP, of the first */
	uint16_t flags;  /* TCP, with data offset, of the superpacket */
	uint16_t id;     /* IPv4 identification of the first */
	uint8_t family;
	uint8_t gso;
	bool keeps_id; /* IPv4: all segments have that identification */
};

/* Begins with the first segment of SUPER, which cut_read() accepted and whose headers in front of TCP or UDP may have
 * been changed since (TTL, DF, TOS; with the checksum) but not moved. */
void cut_start(struct cut *c, const struct pkt *super);

/* Makes the next segment as a complete packet at OUT (which has room for hdr_len + size octets) and returns its length; 0:
 * there are no more. Copies and sums in one pass. Any thread. */
uint32_t cut_next(struct cut *c, uint8_t *out);

/* Takes packets from POOL and makes at most MAX of the segments that are left; they have the sa, tag and user of the
 * superpacket. Returns how many there are: less than both only when the pool is empty. */
size_t cut_pkts(struct cut *c, struct pkt_pool *pool, struct pkt **out, size_t max);

/* Writes the headers of segment I, with a complete checksum, to OUT (hdr_len octets). Its payload is not touched, only
 * read. Any thread. */
void cut_headers(const struct cut *c, unsigned i, uint8_t *out);

/* Where the payload of segment I starts and its length. */
static inline const uint8_t *
cut_payload(const struct cut *c, unsigned i, uint32_t *out_len)
{
	uint32_t at = i * c->size;
	*out_len = i + 1 < c->n ? c->size : c->payload_len - at;
	return c->payload + at;
}

#endif
