/* SPDX-License-Identifier: BSD-2-Clause
 *
 * port.h - the descriptors that netd hands over: TUN queues and raw sockets.
 *
 * The main thread owns the table. Workers see a port through the snapshot and through epoll; a port
 * that is gone is unwatched at once and freed when every worker has passed a quiet point. What a port
 * says about itself never changes.
 */
#ifndef PORT_H
#define PORT_H

#include "daemon/picd/hops.h"
#include "lib/base/addr.h"
#include "lib/base/smap.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elem;
struct xsk;
struct xsk_pool;

enum port_kind {
	PORT_UNIT,        /* packets routed to a unit; where packets appear from it */
	PORT_CAPTURE_IN,  /* packets entering the interface of an interface-style set */
	PORT_CAPTURE_OUT, /* packets leaving it */
	PORT_RAW,         /* raw socket that receives ESP, AH or ESP in UDP */
	PORT_SEND,        /* raw socket, header included */
	PORT_UDP,         /* UDP socket, one of a group, that sends and receives ESP in UDP */
	PORT_XSK,         /* AF_XDP socket of a way of a queue of an outside device */
};

enum {
	PORT_INDEX_BITS = 20,
	PORT_MAX = 1 << PORT_INDEX_BITS,
	LINK_HEADER_MAX = 64,
	VNET_HEADER_MAX = 32,
	QUEUE_MAX = 256,
};
static const unsigned PORT_NOBODY = UINT_MAX;

/* What the one worker that uses a port remembers about it. */
struct port_own {
	int discover; /* IP_MTU_DISCOVER as it was set; -1: not yet */
	/* A device's packets lately: how many more were handed to worker `stranger` than were not. */
	_Atomic uint32_t n_strange;
	_Atomic uint32_t stranger;
	/* under the lock of the crew: who listens to it, or PORT_NOBODY */
	unsigned watcher;
	/* Worker `giver` (PORT_NOBODY: none) has read it before; `behind` is how far what it has handed over must have been taken. */
	_Atomic unsigned giver;
	uint32_t behind; /* written ahead of it */
};

struct port {
	enum port_kind kind;
	int fd;         /* owned, non-blocking */
	uint32_t index; /* place in the table and in a snapshot's lanes */
	uint32_t tag;   /* index and a serial number: tells a port from the next one at its index */
	uint8_t family; /* raw and send sockets: ADDR_V4 or ADDR_V6 */
	uint8_t protocol;    /* sockets: 50, 51 or 17 */
	uint8_t link_header; /* capture: octets before the IP header */
	uint8_t vnet_header; /* units: octets that say what is left to do about a packet; 0: none */
	uint16_t queue;      /* which of several of one device, or of one group of sockets */
	bool is_headless;    /* an IPv6 raw socket: packets come without their IP header */
	bool is_addressed;   /* an IP socket: sending names the destination */
	struct addr address; /* receiving sockets: the local gateway, or ADDR_NONE */
	uint16_t way;        /* PORT_XSK: which of several of a queue */
	struct xsk *xsk;     /* PORT_XSK; else NULL */
	bool is_native;      /* PORT_XSK: the device's driver feeds it */
	const char *unit;    /* "sp-1/2/0.1"; PORT_XSK: the device; other sockets: "" */
	const char *service_set; /* capture ports: of this service set; else "" */
	const char *key;         /* what a later message means by the same port; owns the strings */
	struct port_own *own;    /* that worker's; the only thing that changes */
	bool is_watched;         /* main thread: a worker listens to it, this one at first: */
	unsigned home;
	struct port *next_retired;
};

struct port_table {
	struct port **by_index; /* NULL: free */
	size_t n;               /* indices in use, holes included */
	size_t n_ports;
	struct smap by_key; /* may name ports that are gone; see port_find() */
	uint32_t serial;
	struct addr
	    source4; /* of the host, for ICMP errors about packets of units that have no address */
	struct addr source6;       /* ADDR_NONE: it has none either */
	int xdp_memory;            /* of the AF_XDP sockets that come next, plus 1; 0: none */
	struct xsk_pool *xdp_pool; /* of those that have come of these; borrowed */
	struct hop_device devices[HOP_DEVICES];
};

void port_table_done(struct port_table *t); /* closes all */

/* Makes a port of the body of MSG_DEVICE or MSG_SOCKET and takes FD over. An earlier port of the same key comes
 * back in OUT_OLD, out of the table. Returns NULL, with FD closed, if the message makes no sense. */
struct port *port_add_device(
    struct port_table *t, const struct elem *body, int fd, struct port **out_old);
struct port *port_add_socket(
    struct port_table *t, const struct elem *body, int fd, struct port **out_old);

/* Takes the port that MSG_DEVICE_GONE or MSG_SOCKET_GONE names out of the table, or one of those that it names; NULL if there
 * is none (any more). */
struct port *port_del_device(struct port_table *t, const struct elem *body);
struct port *port_del_socket(struct port_table *t, const struct elem *body);
/* Takes any AF_XDP socket out; NULL: there is none. */
struct port *port_del_xsk(struct port_table *t);
/* The frames of the next one; takes FD over. */
void port_memory(struct port_table *t, int fd);

/* The port of a unit, a socket of the group of a local gateway, or a socket to send with; NULL if netd has not handed
 * one over. Queues count from 0 without gaps. */
struct port *port_find_unit(const struct port_table *t, const char *unit, unsigned queue);
struct port *port_find_udp(const struct port_table *t, const struct addr *local, unsigned queue);
/* An AF_XDP socket of queue QUEUE of DEVICE. */
struct port *port_find_xsk(
    const struct port_table *t, const char *device, unsigned queue, unsigned way);
struct port *port_find_send(const struct port_table *t, uint8_t family);

/* The worker, of N, that listens to P: queues go to different ones, and so do devices of one queue. */
unsigned port_worker(const struct port_table *t, const struct port *p, unsigned n);

/* Closes and frees a list of ports that were taken out of the table. */
void port_free_list(struct port_table *t, struct port *retired);

#endif
