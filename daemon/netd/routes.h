/* SPDX-License-Identifier: BSD-2-Clause
 *
 * routes.h - the routing tables of the host at one moment, in JUNOS's words and order.
 *
 * Collected from netlink a piece per step; then constant. The tables are inet.0 and inet6.0 (the kernel's main and local tables) and
 * those of each VRF device, which is a routing instance. Policy tables that steer packets into tunnels are none. Routes of one
 * destination stand together, the one that the kernel uses first. One thread.
 */
#ifndef ROUTES_H
#define ROUTES_H

#include "lib/base/addr.h"
#include "lib/os/netlink.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct netd;
struct view;

enum { ROUTES_MAX = 4 << 20 };

enum routes_type { ROUTES_UNICAST, ROUTES_LOCAL, ROUTES_DISCARD, ROUTES_REJECT };

struct routes_protocol {
	uint8_t number;   /* RTPROT_... */
	const char *name; /* JUNOS's: "Static" */
	unsigned preference;
};

struct routes_hop {
	struct addr to; /* ADDR_NONE: directly on the device */
	unsigned device;
};

struct routes_route {
	struct prefix dst;
	uint8_t type;     /* enum routes_type */
	uint8_t protocol; /* place in the list of protocols */
	uint8_t kernel_protocol;
	bool is_dead; /* its device is down: the kernel does not use it */
	bool is_active;
	uint32_t table;      /* place in the list of tables */
	uint32_t metric;     /* the kernel's */
	uint32_t preference; /* JUNOS's */
	uint32_t since_s;    /* how long it has been there */
	uint32_t first_hop;
	uint32_t n_hops;
	uint32_t order; /* in the kernel's answer */
};

struct routes_table {
	const char *name;     /* "inet.0", "red.inet6.0" */
	const char *instance; /* "" or "red" */
	uint8_t family;
	uint32_t kernel; /* number of the kernel's table */
	size_t first;    /* its routes, when complete */
	size_t n;
	size_t n_destinations;
	size_t n_active;
};

/* Since when a route of the running configuration has been there. */
struct routes_age {
	struct prefix dst;
	uint32_t table;
	uint32_t metric;
	uint32_t since_s;
};

struct routes {
	struct routes_table *tables;
	size_t n_tables;
	struct routes_route *list;
	size_t n;
	size_t cap;
	struct routes_hop *hops;
	size_t n_hops;
	size_t cap_hops;
	struct routes_age *ages;
	size_t n_ages;
	const struct view *view;
	uint32_t last_table; /* the one that was found last */
	enum { ROUTES_INET, ROUTES_INET6, ROUTES_AGES, ROUTES_COMPLETE } stage;
	bool is_asked;
	bool is_full; /* more than ROUTES_MAX */
};

/* Starts with the devices of V, which is complete and outlives R. Names are made in A. */
void routes_init(struct routes *r, const struct view *v, struct arena *a);
void routes_done(struct routes *r);
/* Reads the next piece with NL. Returns 1 if there is more, 0 if R is complete, or -errno. */
__attribute__((warn_unused_result)) int routes_step(
    struct routes *r, struct nl *nl, const struct netd *n);

const struct routes_protocol *routes_protocol(const struct routes_route *r);

/* Seconds since the host started. */
uint32_t routes_now(void);

#endif
