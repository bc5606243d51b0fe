/* SPDX-License-Identifier: BSD-2-Clause
 *
 * plan.h - what a configuration wants of the host, as a list of single things.
 *
 * plan_build() is pure: configuration in, list out. An item's key says all there is to say about it, so two plans are
 * compared by key: the same key in the old and the new plan means that nothing is touched. The order of the list is the
 * order of making; taking away goes backwards. Packet filters are not items: nft.c replaces them as a whole.
 */
#ifndef PLAN_H
#define PLAN_H

#include "lib/base/addr.h"
#include "lib/base/smap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct conf;
struct numbers;

enum item_kind {
	ITEM_SYSCTL,
	ITEM_TUN,    /* with its first queue */
	ITEM_QUEUE,  /* another one */
	ITEM_SINGLE, /* a TUN device hands over single packets, not trains of segments */
	ITEM_IP6,    /* a TUN device speaks IPv6, or not */
	ITEM_UP,
	ITEM_ADDR,
	ITEM_ROUTE,
	ITEM_RULE,
	ITEM_SOCKET,
	ITEM_STEER, /* ESP in UDP of an address goes to the UDP sockets of its services interfaces */
	ITEM_KINDS,
};

enum { NATT_PICS_MAX = 64 }; /* services interfaces of one local gateway */

/* kmd, where an item says whom it is handed to: no services interface has this name. */
#define KMD_LINK "kmd"

enum route_kind { ROUTE_VIA, ROUTE_DEVICE, ROUTE_BLACKHOLE, ROUTE_UNREACHABLE };

struct item {
	size_t place; /* in its plan */
	enum item_kind kind;
	const char *key;
	const char *what;   /* for the user: the statement, "[edit interfaces] unit sp-1/2/0.1" */
	const char *device; /* Linux name */
	/* TUN, QUEUE, SOCKET: whom it is handed to */
	const char *pic; /* "sp-1/2/0", "re0"; KMD_LINK */
	const char
	    *role; /* "unit", "capture-in", "capture-out"; sockets: "esp", "send4", "ike", "natt" */
	const char *unit;        /* "sp-1/2/0.1" */
	const char *service_set; /* capture only, else NULL */
	const char *media;       /* capture only: a device that is captured from */
	unsigned link_header;    /* capture only: octets before the IP header, known when made */
	unsigned queue;          /* QUEUE: 1 and up; SOCKET "natt": 0 and up */
	bool has_queues;         /* TUN: there may be more than one, as long as it exists; QUEUE */
	bool has_vnet_header;    /* TUN, QUEUE */
	const char *of;          /* QUEUE, SINGLE: the key of the ITEM_TUN of the device */
	bool is_single;          /* STEER: the kernel does not merge */
	struct item **members;   /* STEER: the sockets "natt", in the order of their places */
	size_t n_members;
	unsigned in_group;         /* SOCKET "natt": its place among them, 0 and up */
	const struct item *before; /* SOCKET "natt": the one before it; NULL: it is the first */
	const struct item *steer;  /* SOCKET "natt": what uses it */
	uint8_t spi_slot;          /* SOCKET "natt": of its services interface */
	/* SYSCTL; IP6: value */
	const char *path;
	const char *value;
	/* ADDR, ROUTE, RULE, SOCKET */
	struct prefix prefix;
	struct addr peer; /* other end of an address, gateway of a route, or ADDR_NONE */
	enum route_kind route;
	uint32_t metric;
	uint32_t table; /* 0: main */
	uint32_t mark;
	uint8_t family;
	/* what has been done */
	bool is_ours; /* it was not there before: take it away again */
	bool
	    is_waiting; /* could not be done now (no such interface); tried again when links change */
	uint32_t since_s; /* ROUTE: when it was made, seconds after the host started */
	int fd;           /* TUN, QUEUE, SOCKET, or -1 */
	bool is_given;    /* a copy of it is there where it is handed to, or on its way */
};

struct plan {
	struct arena *arena;
	struct item **items;
	size_t n;
	size_t cap;
	struct smap by_key;
	uint32_t commit;
};

/* The machine that a plan is for. */
struct plan_room {
	unsigned n_cores;
	size_t n_files; /* descriptors for devices and sockets */
	bool is_fast;   /* picds read vnet headers, further queues and UDP sockets */
};

/* Numbers that stay: of SAs (steering), of service sets, and of services interfaces in groups of UDP sockets. */
struct plan_names {
	struct numbers *sas;
	struct numbers *sets;
	struct numbers *members;
};

/* The plan copies what it needs of C. Each device has a queue for each worker, and a gateway a UDP socket, as long as there is
 * room; else one, and a raw one. */
struct plan *plan_build(
    const struct conf *c, const struct plan_names *names, const struct plan_room *room);
void plan_free(struct plan *p); /* closes descriptors */

struct item *plan_find(const struct plan *p, const char *key);
/* The socket of ROLE, which is not "natt", for the address, and the services interface, that IT, a socket or a steering, has to do
 * with; NULL if P has none. */
struct item *plan_socket_of(const struct plan *p, const struct item *it, const char *role);
/* How many items of KIND P, which may be NULL, has. */
size_t plan_count(const struct plan *p, enum item_kind kind);
/* The same for one item of another plan after the other: plans are mostly alike, so it stands at *AT, which starts with 0 and is kept
 * by this. */
struct item *plan_find_near(const struct plan *p, const char *key, size_t *at);

/* The Linux device that captures for a service set: DIRECTION 'i' or 'o'. */
const char *capture_device(
    struct arena *a, const char *pic_device, char direction, unsigned set_number);

/* The device that carries an SA which a filter refers to, or NULL if no unit does. */
struct conf_sa;
const char *steer_device(const struct conf *c, const struct conf_sa *sa);

#endif
