/* SPDX-License-Identifier: BSD-2-Clause
 *
 * merge.h - makes superpackets out of the packets of a flow, for one write to a TUN queue.
 *
 * The inverse of cut.h and without a copy: the first packet gives the headers, the payloads are
 * gathered by an iovec. Joined is only what cut.h, and the kernel, would cut into the same packets
 * again; each checksum is verified before, because afterwards nobody does. Packets that do not fit
 * are written alone and unchanged; the packets of one flow keep their order. On the worker's thread.
 */
#ifndef MERGE_H
#define MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct merge;
struct pkt;

enum {
	MERGE_MAX = 256,     /* packets in a burst */
	MERGE_SEGS_MAX = 64, /* of them in a superpacket */

	/* what the device takes */
	MERGE_TCP4 = 1,
	MERGE_TCP6 = 2,
	MERGE_UDP = 4, /* of both families */
	MERGE_ALL = 7,
};

/* One write: a vnet header, then one or more packets. */
struct merge_write {
	struct iovec *
	    iov; /* the first is the vnet header, if there is one. Valid until the next merge_burst() */
	unsigned n_iov;
	unsigned n;        /* packets */
	struct pkt **pkts; /* they, in order; borrowed. Only the first's headers were changed */
	size_t len;        /* octets of the write */
	bool is_udp;       /* a superpacket of UDP: Linux takes such since 6.2 */
};

/* The scratch memory of merge_burst(), made at start. NULL when out of memory. */
struct merge *merge_new(void);
/* NULL is fine. */
void merge_free(struct merge *m);

/* Arranges N (at most MERGE_MAX) whole IP packets for one device into writes; *OUT is the first of as many as it returns.
 * VNET_LEN: octets of the vnet header that the device expects in front, 0 (then nothing is merged), 10 or 12. KINDS:
 * MERGE_* of what it takes as superpackets. The packets and what was returned must stay until they
 * are written. */
size_t merge_burst(struct merge *m, struct pkt **pkts, size_t n, unsigned kinds, size_t vnet_len,
    const struct merge_write **out);

#endif
