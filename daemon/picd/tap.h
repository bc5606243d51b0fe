/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tap.h - packets that somebody wants to see: what workers note of them, and how the main thread gets it.
 *
 * While nobody looks, a worker reads one word of its own at each point of the path. While somebody does, it copies the
 * beginning of each packet that a watch is about into a ring with one writer (it) and one reader (the main thread);
 * what does not fit is lost and counted. A monitor takes whole packets of units, clear and protected. A trace picks the
 * next packets of a selector or SPI, which carry its number from then on (struct pkt, trace), so that each
 * step they take is noted.
 */
#ifndef TAP_H
#define TAP_H

#include "daemon/picd/worker_priv.h"
#include "lib/base/bpf_vm.h"

enum {
	TAP_SNAP = 1600, /* octets of a packet that are kept */
	TAP_SLOTS = 512, /* of a ring; a power of two */
	TAP_TAGS = 64,   /* queues of a unit */
	TAP_TRACE_SHIFT =
	    24, /* number of a packet: its watch, from 1, above its own number, from 1 */
	TAP_TRACE_MAX = 10000,
};

/* Where a packet is seen: identifier, word, what has happened to it there. */
#define TAP_TABLE(X)                                                                \
	X(TAP_ARRIVED, "arrived", "a clear packet was read from a unit")            \
	X(TAP_CHOSEN, "matched", "a rule has chosen a tunnel, which has an SA")     \
	X(TAP_HANDED, "handed-over", "it goes to the worker that owns the SA")      \
	X(TAP_SENT, "sent", "it is protected and goes to a socket")                 \
	X(TAP_RECEIVED, "received", "a protected packet came from outside")         \
	X(TAP_DELIVERED, "delivered", "it was opened, checked, and goes to a unit") \
	X(TAP_DROPPED, "dropped", "it ends here")

enum tap_point {
#define X(id, word, sentence) id,
	TAP_TABLE(X)
#undef X
	    TAP_POINTS
};

struct tap_record {
	uint64_t at_ns; /* since 1970 */
	enum tap_point point;
	enum drop reason;
	uint32_t watches; /* bits: monitors that it is for */
	uint32_t trace;   /* number of the packet; 0: none traces it */
	uint32_t tag;     /* of a port of its unit; 0: not known */
	uint32_t slot;    /* of its association; UINT32_MAX: not known */
	uint32_t spi;     /* of its SA; 0: not known */
	uint32_t mtu;     /* DROPPED because it is too big: what its sender is told; 0: nothing */
	uint32_t len;     /* octets of the packet */
	uint16_t captured;
	uint16_t
	    gso_size; /* a superpacket, of segments with so many octets of payload; 0: it is none */
	uint8_t worker;
	uint8_t owner; /* HANDED */
	uint8_t data[TAP_SNAP];
};

struct tap_ring {
	_Alignas(64) _Atomic uint32_t in;
	_Atomic uint64_t lost;
	_Alignas(64) _Atomic uint32_t out;
	struct tap_record slots[TAP_SLOTS];
};

/* What one watch is about. Changes only while no worker looks at it, but for what is atomic. */
struct tap_filter {
	bool is_trace;
	/* monitor: ports of the unit; none: every packet */
	_Atomic uint32_t n_tags;
	_Atomic uint32_t tags[TAP_TAGS];
	bool has_inner;
	bool has_outer;
	size_t n_ops; /* of a program that says which packets; 0: all of them */
	struct bpf_op ops[BPF_OPS_MAX];
	/* trace; ADDR_NONE and 0: any */
	struct prefix source;
	struct prefix destination;
	uint32_t spi;
	_Atomic uint32_t n_taken; /* packets */
	uint32_t n_wanted;
};

enum { TAP_WATCHES = 4 };

struct taps {
	struct tap_filter filters[TAP_WATCHES];
	struct tap_ring rings[]; /* by worker */
};

/* --- the packet path --- */

static inline bool
tap_is_on(const struct worker *w)
{
	return __builtin_expect(atomic_load_explicit(&w->tap_on, memory_order_relaxed) != 0, false);
}

void tap_note(struct worker *w, struct pkt *p, enum tap_point point, const struct path *path,
    uint32_t detail);

/* P is at this point. It may get a number there. PATH may be NULL. */
static inline void
tap(struct worker *w, struct pkt *p, enum tap_point point, const struct path *path)
{
	if (tap_is_on(w))
		tap_note(w, p, point, path, 0);
}

/* P, if it is traced, takes a step. DETAIL: DROPPED: the reason; HANDED: to whom. */
static inline void
tap_step(
    struct worker *w, struct pkt *p, enum tap_point point, const struct path *path, uint32_t detail)
{
	if (__builtin_expect(p->trace != 0, false) && tap_is_on(w))
		tap_note(w, p, point, path, detail);
}

#endif
