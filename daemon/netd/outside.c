/* SPDX-License-Identifier: BSD-2-Clause
 *
 * outside.c - an outside device whose plain ESP goes by AF_XDP: its program, its sockets, its gateways.
 *
 * The order matters: sockets are in the map before the program is on the device, and a gateway comes last, so that
 * no packet is taken for which nobody is there.
 */
#include "daemon/netd/outside.h"

#include "daemon/netd/napi.h"
#include "daemon/netd/way.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A veth has no interrupts to collect packets for: it has each one looked at by itself, and a reader woken for it. So they wait for
 * others as they would for an interrupt; one that comes after a pause does not. */
enum { PACE_TIMES = 1, PACE_NS = 50 * 1000 };

/* There are as many queues as sockets can be bound to. */
static int
queues_open(struct outside *o)
{
	int rc = 0;
	while (o->n_queues < OUTSIDE_QUEUES_MAX && rc == 0) {
		unsigned i = o->n_queues;
		rc = xsk_make(o->ifindex, i, o->n_ways, o->queues[i].fds, &o->queues[i].memory);
		if (rc < 0)
			break;
		o->n_queues++;
		for (unsigned k = 0; k < o->n_ways && rc == 0; k++)
			rc = xdp_socket(&o->xdp, i, k, o->queues[i].fds[k]);
	}
	/* where memory for all is missing, packets of the other queues go by the raw socket */
	bool is_enough = rc == -EINVAL || rc == -ENOBUFS || rc == -ENOMEM;
	return rc < 0 && !(is_enough && o->n_queues > 0) ? rc : 0;
}

int
outside_open(const struct way *w, const char *pic, unsigned n_ways, bool may_be_generic,
    struct outside **out)
{
	struct outside *o = calloc(1, sizeof(*o));
	if (o == NULL)
		abort();
	snprintf(o->device, sizeof(o->device), "%s", w->device);
	snprintf(o->pic, sizeof(o->pic), "%s", pic);
	o->ifindex = w->ifindex;
	o->n_ways = n_ways;
	o->is_veth = w->is_veth;
	memcpy(o->from, w->from, sizeof(o->from));
	int rc = xdp_load(&o->xdp, w->from, XSK_RX_MAX);
	if (rc == 0)
		rc = queues_open(o);
	if (rc == 0)
		rc = xdp_attach(&o->xdp, w->ifindex, may_be_generic);
	if (rc < 0) {
		outside_close(o);
		return rc;
	}
	outside_pace(o);
	*out = o;
	return 0;
}

void
outside_pace(const struct outside *o)
{
	if (o->is_veth)
		(void)napi_defer(
		    o->ifindex, PACE_TIMES, PACE_NS); /* an older kernel does without */
}

void
outside_close(struct outside *o)
{
	if (o == NULL)
		return;
	if (o->is_veth)
		(void)napi_defer(o->ifindex, 0, 0); /* it may have other reasons to poll */
	xdp_done(&o->xdp);
	for (unsigned i = 0; i < o->n_queues; i++) {
		for (unsigned k = 0; k < o->n_ways; k++)
			close(o->queues[i].fds[k]);
		close(o->queues[i].memory);
	}
	free(o);
}

void
outside_spread(const struct outside *o, unsigned n_ways)
{
	(void)!xdp_ways(&o->xdp, n_ways < o->n_ways ? n_ways : o->n_ways);
}

int
outside_add(struct outside *o, struct addr gateway)
{
	for (size_t i = 0; i < o->n_gateways; i++)
		if (addr_eq(o->gateways[i], gateway))
			return 0;
	if (o->n_gateways == OUTSIDE_GATEWAYS_MAX)
		return -ENOSPC;
	int rc = xdp_gateway(&o->xdp, gateway, true);
	if (rc == 0)
		o->gateways[o->n_gateways++] = gateway;
	return rc;
}

void
outside_del(struct outside *o, size_t i)
{
	(void)!xdp_gateway(&o->xdp, o->gateways[i], false);
	o->gateways[i] = o->gateways[--o->n_gateways];
}
