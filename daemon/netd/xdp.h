/* SPDX-License-Identifier: BSD-2-Clause
 *
 * xdp.h - the program on an outside device that takes plain ESP to AF_XDP sockets.
 *
 * It takes IP packets for gateways of ours that came to the device's own address, carry ESP right behind a header
 * without options, are no fragments and fit into a frame, if there is a socket for the queue. Everything else goes its
 * way. Each queue has several sockets, its ways; the SPI chooses one of them. The device is free of it when xdp_done() is called, and when the process ends in whatever way.
 */
#ifndef XDP_H
#define XDP_H

#include "lib/base/addr.h"

#include <stdbool.h>
#include <stdint.h>

enum { XDP_QUEUES_MAX = 16, XDP_WAYS_MAX = 16, XDP_GATEWAYS_MAX = 1024 };

struct xdp {
	int gateways; /* descriptors, -1: none */
	int sockets;
	int ways;
	int program;
	int link;
	bool is_native; /* the driver runs it, not the stack behind it */
};

/* Loads the program for a device with the Ethernet address MAC, which need not be there. Frames longer than MAX octets are
 * left alone. Returns 0 or -errno. */
__attribute__((warn_unused_result)) int xdp_load(struct xdp *x, const uint8_t mac[6], unsigned max);
/* Spreads by SPI modulo N from now on; adds the socket of a way of a queue; adds a gateway, or takes it away. Returns 0 or -errno. */
__attribute__((warn_unused_result)) int xdp_ways(const struct xdp *x, unsigned n);
__attribute__((warn_unused_result)) int xdp_socket(
    const struct xdp *x, unsigned queue, unsigned way, int fd);
__attribute__((warn_unused_result)) int xdp_gateway(
    const struct xdp *x, struct addr gateway, bool is_ours);
/* Puts the program on a device: into its driver or, if that cannot and MAY_BE_GENERIC, behind it, where it costs all that
 * the kernel has merged. Returns 0 or -errno (-EBUSY: there is another one). */
__attribute__((warn_unused_result)) int xdp_attach(
    struct xdp *x, unsigned ifindex, bool may_be_generic);
void xdp_done(struct xdp *x);

#endif
