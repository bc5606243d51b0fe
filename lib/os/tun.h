/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tun.h - TUN devices: a network interface whose packets a process reads and writes.
 *
 * A device has one queue or several; each is a descriptor. With a vnet header (struct virtio_net_hdr, TUN_VNET_HEADER octets,
 * little-endian) before each packet, several segments of a flow may travel as one packet, and checksums may be left to be
 * completed: what the kernel may give is what tun_offload() has said; what it takes is anything, but before Linux 6.2
 * segments of UDP (EINVAL).
 */
#ifndef TUN_H
#define TUN_H

#include <stdbool.h>

enum {
	TUN_VNET_HEADER = 10, /* octets; none of them about merged buffers */
};

struct tun_kind {
	bool has_queues; /* tun_join() will add more; costs some 200 KB of the kernel's memory */
	bool has_vnet_header;
};

/* Makes the device NAME (at most 15 characters) on FD, an open /dev/net/tun: IP packets without any header before
 * them but what KIND says, non-blocking. The device lives until the last copy of the last queue's descriptor is closed.
 * Returns 0 or -errno (-EBUSY: NAME exists). */
__attribute__((warn_unused_result)) int tun_create(int fd, const char *name, struct tun_kind kind);

/* Makes FD, another open /dev/net/tun, a further queue of the device NAME, which tun_create() made with the same KIND.
 * Returns 0 or -errno (-EINVAL: it has one queue only). If there is no such device it is made. */
__attribute__((warn_unused_result)) int tun_join(int fd, const char *name, struct tun_kind kind);

/* From now on nothing is put into the queue FD, whoever else has copies of it. What is in it can still be read. Returns 0 or -errno. */
__attribute__((warn_unused_result)) int tun_leave(int fd);

/* What a device of a vnet header hands over in one piece. */
enum tun_offload {
	TUN_OFFLOAD_NONE, /* packets as they go on a wire, checksums complete */
	TUN_OFFLOAD_TCP,  /* segments of a TCP flow; the kernel knows no more */
	TUN_OFFLOAD_ALL,  /* of a UDP flow as well */
};

/* Lets the device of queue FD hand over as much as MOST and the kernel can do, and stores it in OUT; packets on their way are
 * not touched. Returns 0 or -errno. */
__attribute__((warn_unused_result)) int tun_offload(
    int fd, enum tun_offload most, enum tun_offload *out);

#endif
