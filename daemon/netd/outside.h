/* SPDX-License-Identifier: BSD-2-Clause
 *
 * outside.h - an outside device whose plain ESP goes by AF_XDP: its program, its sockets, its gateways.
 *
 * It belongs to one services interface, whose picd works the sockets. netd's one thread.
 */
#ifndef OUTSIDE_H
#define OUTSIDE_H

#include "daemon/netd/xdp.h"
#include "lib/base/addr.h"
#include "lib/os/xsk.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

struct way;

enum { OUTSIDE_QUEUES_MAX = 16, OUTSIDE_GATEWAYS_MAX = 64 };

struct outside {
	struct outside *next;
	char device[IFNAMSIZ];
	unsigned ifindex;
	uint8_t from[6];
	char pic[32]; /* "sp-1/2/0" */
	struct xdp xdp;
	struct {
		int fds[XSK_WAYS_MAX];
		int memory;
	} queues[OUTSIDE_QUEUES_MAX];
	unsigned n_queues;
	unsigned n_ways; /* sockets of each queue */
	bool is_veth;
	struct addr gateways[OUTSIDE_GATEWAYS_MAX];
	size_t n_gateways;
	bool is_given;    /* picd has copies of the sockets */
	unsigned n_ready; /* queues that it has taken up: before, nobody would empty them */
};

/* Opens N_WAYS sockets on every queue of the device of W and puts the program there, which takes nothing before there is a
 * gateway. Returns 0 or -errno; -EBUSY also while a picd still holds what was there before. */
__attribute__((warn_unused_result)) int outside_open(const struct way *w, const char *pic,
    unsigned n_ways, bool may_be_generic, struct outside **out);
/* Packets are spread over so many of them. */
void outside_spread(const struct outside *o, unsigned n_ways);
/* What the device loses while it is down. */
void outside_pace(const struct outside *o);
void outside_close(struct outside *o); /* NULL is fine */

/* Makes GATEWAY's plain ESP come to the sockets, if it does not yet. Returns 0 or -errno. */
__attribute__((warn_unused_result)) int outside_add(struct outside *o, struct addr gateway);
void outside_del(struct outside *o, size_t i);

#endif
