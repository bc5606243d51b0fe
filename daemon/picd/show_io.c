/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_io.c - rows of `show services packet-io`: by which means of the kernel packets come and go.
 *
 * One row for each unit, for the ESP in UDP of each local gateway, for each device with AF_XDP, and for each pair of gateways
 * that has had plain ESP to send, with the reason where it is not the fastest means.
 */
#include "daemon/picd/hops.h"
#include "daemon/picd/picd.h"
#include "daemon/picd/rows.h"
#include "daemon/picd/snap.h"
#include "lib/base/arena.h"
#include "lib/msg/elem.h"

#include <netinet/in.h>
#include <string.h>

static struct elem *
row_make(struct picd *p, struct arena *a, const char *side, const char *name, const char *mode)
{
	struct elem *row = elem_new(a, "packet-io");
	elem_leaf(a, row, "pic-name", p->instance);
	elem_leaf(a, row, "packet-io-side", side);
	elem_leaf(a, row, "packet-io-name", name);
	elem_leaf(a, row, "packet-io-mode", mode);
	return row;
}

/* How many ports are like LIKE, which is the first one. */
static unsigned
queues_of(const struct picd *p, const struct port *like)
{
	unsigned n = 0;
	for (size_t i = 0; i < p->ports.n; i++) {
		const struct port *port = p->ports.by_index[i];
		n += port != NULL && port->kind == like->kind &&
		     strcmp(port->unit, like->unit) == 0 && addr_eq(port->address, like->address);
	}
	return n;
}

/* The row of a port; NULL if it is not the first of its kind, or of no interest. */
static struct elem *
port_row(struct picd *p, struct arena *a, const struct port *port)
{
	char text[ADDR_STRLEN];
	struct elem *row;
	if (port->queue > 0 || port->way > 0)
		return NULL;
	if (port->kind == PORT_UNIT)
		row = row_make(p, a, "inside", port->unit,
		    port->vnet_header > 0 && p->snap != NULL && p->snap->has_merged
			? "tun, superpackets"
			: "tun, single packets");
	else if (port->kind == PORT_UDP)
		row = row_make(p, a, "outside", addr_print(port->address, text),
		    p->snap != NULL && p->snap->has_trains ? "udp, segmentation offload" : "udp");
	else if (port->kind == PORT_RAW && port->protocol == IPPROTO_UDP &&
		 port_find_udp(&p->ports, &port->address, 0) == NULL)
		row = row_make(p, a, "outside", addr_print(port->address, text), "raw, in udp");
	else if (port->kind == PORT_XSK)
		row = row_make(p, a, "outside", port->unit,
		    port->is_native ? "af-xdp native" : "af-xdp generic");
	else
		return NULL;
	elem_leaff(a, row, "packet-io-queues", "%u", queues_of(p, port));
	return row;
}

static struct elem *
hop_row(struct picd *p, struct arena *a, const struct hop *hop)
{
	char local[ADDR_STRLEN];
	char remote[ADDR_STRLEN];
	bool is_raw = atomic_load_explicit(&hop->way, memory_order_relaxed) == 0;
	const char *name = arena_printf(
	    a, "%s to %s", addr_print(hop->local, local), addr_print(hop->remote, remote));
	struct elem *row = row_make(
	    p, a, "outside", name, is_raw ? "raw" : arena_printf(a, "af-xdp on %s", hop->device));
	if (is_raw)
		elem_leaf(a, row, "packet-io-reason", hop->why);
	return row;
}

struct elem *
show_io(struct picd *p, struct row_job *j, struct arena *a)
{
	while (j->at < p->ports.n) {
		const struct port *port = p->ports.by_index[j->at++];
		struct elem *row = port != NULL ? port_row(p, a, port) : NULL;
		if (row != NULL)
			return row;
	}
	const struct hop *hop = hops_next(p->hops, &j->at_inner);
	return hop != NULL ? hop_row(p, a, hop) : NULL;
}
