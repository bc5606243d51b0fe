/* SPDX-License-Identifier: BSD-2-Clause
 *
 * vnet.h - the virtio_net_hdr in front of the packets of a TUN queue.
 *
 * Private to lib/esp; what it means for a packet is cut.c's and merge.c's. The words are in the byte order of
 * the machine, as TUN has them unless told otherwise. Virtio 1.2 s5.1.6.
 */
#ifndef VNET_H
#define VNET_H

#include <stdint.h>

enum {
	VNET_NEEDS_CSUM = 1, /* flag: the checksum field holds the sum of the pseudo header only */

	/* gso_type */
	VNET_GSO_NONE = 0,
	VNET_GSO_TCP4 = 1,
	VNET_GSO_TCP6 = 4,
	VNET_GSO_UDP = 5,    /* segments are datagrams; not the fragments of type 3 */
	VNET_GSO_ECN = 0x80, /* besides: the first segment has CWR */
};

struct vnet_hdr {
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len; /* a hint */
	uint16_t gso_size;
	uint16_t csum_start;  /* from the IP header */
	uint16_t csum_offset; /* from there */
};

/* Reads or writes VNET_LEN octets. */
struct vnet_hdr vnet_read(const uint8_t *p);
void vnet_write(uint8_t *p, const struct vnet_hdr *h);

#endif
