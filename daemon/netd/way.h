/* SPDX-License-Identifier: BSD-2-Clause
 *
 * way.h - which frame the kernel would make of a packet to somewhere: device, next hop, Ethernet addresses.
 */
#ifndef WAY_H
#define WAY_H

#include "lib/base/addr.h"

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

struct host;

struct way {
	unsigned ifindex;
	char device[IFNAMSIZ];
	uint8_t from[6]; /* of the device */
	uint8_t to[6];   /* of the next hop, if HAS_TO */
	bool has_to;
	bool is_up;
	bool
	    is_ethernet; /* Ethernet and nothing on top of or below another device: no VLAN, bridge, bond, tunnel */
	bool is_veth;     /* the end of a pair */
	unsigned mtu;     /* octets of an IP packet */
	struct addr next; /* the next hop, which may be the destination itself */
};

/* Asks the kernel about a packet of ours from LOCAL to REMOTE. Returns 0 or -errno (-EHOSTUNREACH: no route, or one that is no
 * way for frames). */
__attribute__((warn_unused_result)) int way_find(
    struct host *h, struct addr local, struct addr remote, struct way *out);

/* What the kernel knows of device IFINDEX. Returns 0 or -errno. */
__attribute__((warn_unused_result)) int way_device(
    struct host *h, unsigned ifindex, struct way *out);

#endif
