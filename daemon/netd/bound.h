/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bound.h - how many UDP sockets of the host are bound to port 4500 of an address, whoever has them.
 *
 * The kernel chooses in a group of sockets by their places, which move when one is closed. So a group is made only
 * where nobody else, nor a daemon that has not closed yet what it was told to, has a socket. One thread.
 */
#ifndef BOUND_H
#define BOUND_H

#include "lib/base/addr.h"
#include "lib/base/smap.h"

#include <stdbool.h>

struct arena;

struct bound {
	int fds[2]; /* the kernel's lists of IPv4 and IPv6 sockets */
	struct arena *arena;
	struct smap counts; /* by address, of port 4500 */
};

/* Opens the kernel's lists of the network namespace; a process that may not open them any more can go on reading them. */
void bound_open(struct bound *b);
void bound_close(struct bound *b);

/* Reads the lists. Returns 0 or -errno: nothing is known then. */
int bound_read(struct bound *b);
/* How many there were for A, and bound_add() has added. */
unsigned bound_count(const struct bound *b, struct addr a);
void bound_add(struct bound *b, struct addr a);

#endif
