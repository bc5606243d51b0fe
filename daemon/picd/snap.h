/* SPDX-License-Identifier: BSD-2-Clause
 *
 * snap.h - one immutable picture of everything a worker must know to handle a packet.
 *
 * The main thread builds a snapshot from the configuration, the associations and the ports, publishes
 * it by pointer and frees it, with what was retired when its successor came, after every worker has passed a quiet
 * point. Workers only read; what they write (SA state, tallies) hangs behind pointers.
 */
#ifndef SNAP_H
#define SNAP_H

#include "daemon/picd/assoc.h"
#include "daemon/picd/port.h"
#include "lib/base/addr.h"
#include "lib/vpn/svcset.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf;
struct flow;
struct sad;

/* One tunnel: where its packets come from and go to. */
struct path {
	struct sa *in; /* manual; NULL: none */
	struct sa *out;
	struct assoc_live *live; /* of dynamic SAs; NULL: they are manual */
	/* Decrypted packets appear here, by worker; NULL: no such unit yet. */
	const struct port *const *deliver;
	/* Sockets of its own for each worker that has one, for ESP in UDP; NULL: none are there. */
	const struct port *const *udp;
	const struct snap_set *set; /* NULL: es- or transport */
	struct tally *tally;        /* of the tunnel */
	struct addr gateway;        /* the other end; ADDR_NONE for transport mode */
	struct addr backup;         /* another other end, or ADDR_NONE */
	uint32_t slot;
	bool is_transport;
	bool has_syslog;
};

/* The SA that protects what leaves now; NULL: none. Read it once for a packet. */
static inline struct sa *
path_out(const struct path *p)
{
	return p->live != NULL ? atomic_load_explicit(&p->live->out, memory_order_acquire) : p->out;
}

/* A path with an end of it, for finding by that. */
struct gateway_path {
	struct addr gateway;
	const struct path *path;
};

struct snap_set {
	struct svcset rules;
	const struct path *const *paths; /* by tunnel number; NULL entries do not happen */
	struct tally *tally;
	struct addr gateway;
	bool is_passive; /* passive-mode-tunneling: no ICMP, no TTL, no checks */
};

enum lane_kind {
	LANE_NONE,        /* nobody takes packets from this port */
	LANE_INSIDE,      /* next hop style, inside unit: direction input */
	LANE_OUTSIDE,     /* next hop style, outside unit: direction output */
	LANE_CAPTURE_IN,  /* interface style: direction input, not yet routed */
	LANE_CAPTURE_OUT, /* interface style: direction output */
	LANE_ES,          /* everything goes through one SA */
	LANE_TRANSPORT,   /* the host's own packets, the filters choose the SA */
	LANE_RAW,         /* protected packets from outside */
};

/* What happens to packets from one port. */
struct lane {
	enum lane_kind kind;
	uint32_t tag;               /* of the port that this lane was made for */
	uint32_t unit;              /* number of the unit, for rules with ipsec-inside-interface */
	const struct snap_set *set; /* NULL: es-, transport; raw: the first set of the gateway */
	const struct path *path;    /* LANE_ES */
	const struct port *const
	    *icmp_ports;          /* ICMP errors appear here, by worker; NULL: none are sent */
	struct addr icmp_source4; /* ADDR_NONE: none are sent for this family */
	struct addr icmp_source6;
	struct tally *tally; /* drops before a tunnel is known; NULL: only the process counts */
};

/* A term of an output filter of the host that selects a transport mode SA, or takes packets away from later ones. */
struct transport_term {
	const struct prefix *source;
	const struct prefix *destination;
	const struct port_range *protocols;
	const struct port_range *source_ports;
	const struct port_range *destination_ports;
	uint32_t n_source;
	uint32_t n_destination;
	uint32_t n_protocols;
	uint32_t n_source_ports;
	uint32_t n_destination_ports;
	const struct path *path; /* NULL: another action; the search goes on behind its filter */
	uint32_t filter;         /* number of the filter */
	uint8_t family;
};

struct port_range {
	uint32_t lo;
	uint32_t hi;
};

/* An outside device with AF_XDP sockets. */
struct snap_device {
	const struct port *const *ports; /* by worker: of its own way; NULL: none (any more) */
	uint8_t from[MAC_LEN];
	uint32_t mtu;
};

/* A local gateway, and the tag of the raw socket that gets its ESP. */
struct receiver {
	struct addr address;
	uint32_t tag;
};

struct snap {
	uint64_t generation; /* counts from 1 */
	unsigned n_workers;  /* that take part: the owners of SAs */
	uint64_t help_ns;    /* of cryptography in one turn, from which on help is worth a wake */
	bool has_merged;     /* packets may reach the host as superpackets; set by publish.c */
	bool has_trains; /* ESP in UDP may leave as trains that the kernel cuts; set by publish.c */
	struct arena *arena;      /* holds the snapshot itself */
	const struct lane *lanes; /* by port index */
	size_t n_lanes;
	const struct path *paths; /* by association slot; unused slots are zero */
	size_t n_paths;
	const struct gateway_path *by_gateway; /* paths that may have an outbound SA, sorted */
	size_t n_by_gateway;
	const struct transport_term *transport;
	size_t n_transport;
	const struct assoc_heir
	    *heirs; /* oldest first; a worker does those that are newer than what it has seen */
	size_t n_heirs;
	struct sad *sad;
	const struct port *send4; /* NULL: not handed over yet */
	const struct port *send6;
	struct snap_device devices[HOP_DEVICES];
	const struct receiver *receivers;
	size_t n_receivers;
	/* Main thread: what nobody needs once the successor of this snapshot is everywhere. */
	struct assoc_retired retired;
	struct port *retired_ports;
	struct snap *next_old;
};

/* The worker, of N, that alone may use an SA whose home (lib/esp/sa.h) is this. */
static inline unsigned
owner_of(uint32_t home, unsigned n)
{
	return n == 1 ? 0 : home % n;
}

/* Builds a snapshot for N_WORKERS; aborts when out of memory. OUT_CLASHES counts inbound SAs that were left out because another has
 * their SPI, protocol and address. Main thread. */
struct snap *snap_build(const struct conf *c, const struct assoc_table *assocs,
    const struct port_table *ports, unsigned n_workers, uint64_t generation, size_t *out_clashes);

/* Frees the snapshot and its tables, not what it retired. NULL is fine. */
void snap_free(struct snap *s);

/* The path of the first filter term that selects a transport mode SA for a packet of the host; NULL if none does.
 * IS_MIRROR: the packet comes from the other end, source and destination change places. Any thread. */
const struct path *snap_transport(const struct snap *s, const struct flow *f, bool is_mirror);

/* The range of paths in by_gateway that may lead to GATEWAY; returns how many. Any thread. */
size_t snap_gateway(
    const struct snap *s, const struct addr *gateway, const struct gateway_path **out_first);

#endif
