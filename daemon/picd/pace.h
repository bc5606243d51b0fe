/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pace.h - pauses of a worker to which packets come fast, so that more of them are there in each turn.
 *
 * A worker that is woken by each packet of a stream never finds more than a few: every train is short, and whoever sends to it,
 * or takes its trains, pays for as many wakes. So as long as packets come faster than a pause is worth it sleeps for a moment
 * between two turns, as network cards hold back their interrupts. A stream of superpackets has no need of it, an exchange of
 * questions and answers never, and where packets are left from a turn there is no time to lose. Worker's thread.
 */
#ifndef PACE_H
#define PACE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	PACE_NS = 20000, /* a pause */
	PACE_PACKETS =
	    64, /* in a millisecond, from which on there are pauses: one or two in each */
	PACE_OCTETS = 256 << 10, /* in a millisecond, from which on there are none */
	PACE_FULL = 64,          /* packets in a turn that may have left some */
};

struct pace {
	uint64_t seen; /* packets of all time, at the end of the turn before */
	uint64_t seen_octets;
	uint64_t ms; /* the millisecond that is being counted */
	uint64_t n;  /* packets in it */
	uint64_t octets;
	bool is_fast; /* as the one before was */
};

/* A turn has ended that began at NOW_MS; until then SEEN packets have come, ever, of so many octets. True: make a pause. */
static inline bool
pace_turn(struct pace *p, uint64_t now_ms, uint64_t seen, uint64_t seen_octets)
{
	uint64_t n = seen - p->seen;
	uint64_t passed = now_ms - p->ms;
	if (passed != 0) {
		p->is_fast = p->n >= passed * PACE_PACKETS && p->octets < passed * PACE_OCTETS;
		p->ms = now_ms;
		p->n = 0;
		p->octets = 0;
	}
	p->n += n;
	p->octets += seen_octets - p->seen_octets;
	p->seen = seen;
	p->seen_octets = seen_octets;
	return p->is_fast && n > 0 && n < PACE_FULL;
}

#endif
