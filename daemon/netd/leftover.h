/* SPDX-License-Identifier: BSD-2-Clause
 *
 * leftover.h - what a netd that was killed has left in the kernel.
 *
 * At start it is all taken away, but what its routes led into tunnels must not find another way until the first plan
 * is in force: blackholes hold the places of routes until then. One thread.
 */
#ifndef LEFTOVER_H
#define LEFTOVER_H

#include "lib/base/smap.h"

#include <stdbool.h>

struct arena;
struct host;
struct item;

struct leftover {
	struct arena *arena; /* NULL: nothing is held */
	struct smap held;    /* keys: prefix, table and metric of blackholes */
};

/* Takes away what an earlier netd of this network namespace left, and leaves blackholes in the places of its routes. */
void leftover_clear(struct leftover *l, struct host *h);
/* Is one of them where the route IT belongs? Then the route may replace it. */
bool leftover_holds(const struct leftover *l, const struct item *it);
/* Takes away those that no route has replaced. */
void leftover_release(struct leftover *l, struct host *h);

#endif
