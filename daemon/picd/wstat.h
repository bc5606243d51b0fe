/* SPDX-License-Identifier: BSD-2-Clause
 *
 * wstat.h - what a worker counts about itself: packets, system calls, superpackets, hand-overs, time.
 *
 * One worker writes, anybody reads: relaxed loads and stores of one's own cache lines, which costs what an addition
 * costs. Burst histograms count by powers of two: place I holds sizes of 2^I up to 2^(I+1) - 1.
 */
#ifndef WSTAT_H
#define WSTAT_H

#include <stdatomic.h>
#include <stdint.h>

/* clang-format off */
#define WSTAT_TABLE(X)                                                                             \
	X(WSTAT_OUT_PACKETS, "out-packets", "packets protected")                                   \
	X(WSTAT_OUT_BYTES, "out-bytes", "octets of them, as they came")                            \
	X(WSTAT_IN_PACKETS, "in-packets", "packets opened and delivered")                          \
	X(WSTAT_IN_BYTES, "in-bytes", "octets of them, as they were delivered")                    \
	X(WSTAT_READS, "reads", "reads of devices that brought a packet")                          \
	X(WSTAT_READ_SUPERS, "read-superpackets", "superpackets among them")                       \
	X(WSTAT_CUT_SEGMENTS, "cut-segments", "packets that superpackets were cut into")           \
	X(WSTAT_WRITES, "writes", "writes to devices")                                             \
	X(WSTAT_WRITE_SUPERS, "write-superpackets", "superpackets among them")                     \
	X(WSTAT_MERGED_SEGMENTS, "merged-segments", "packets that were merged into them")          \
	X(WSTAT_RECEIVES, "receives", "receptions from sockets that brought packets")              \
	X(WSTAT_RECEIVED, "received", "datagrams that they brought")                               \
	X(WSTAT_GRO_BATCHES, "receive-superpackets", "datagrams that were several, merged by the kernel") \
	X(WSTAT_GRO_SEGMENTS, "receive-segments", "packets in those")                              \
	X(WSTAT_IKE_RETURNED, "ike-returned", "messages of IKE, merged with ESP, that went to kmd") \
	X(WSTAT_SENDS, "sends", "system calls that sent packets")                                  \
	X(WSTAT_TRAINS, "trains", "sends that the kernel cut into several packets")                \
	X(WSTAT_TRAIN_SEGMENTS, "train-segments", "packets in those")                              \
	X(WSTAT_FRAMES, "frames", "packets that left by AF_XDP")                                   \
	X(WSTAT_HANDED_OVER, "handed-over", "packets given to the worker that owns their SA")      \
	X(WSTAT_TAKEN_OVER, "taken-over", "packets that came from other workers")                  \
	X(WSTAT_HELPS_TAKEN, "helps-taken", "batches of ours that others worked on")               \
	X(WSTAT_HELPS_GIVEN, "helps-given", "batches of others that we worked on")                 \
	X(WSTAT_TURNS, "turns", "rounds of the loop")                                              \
	X(WSTAT_WAKES, "wakes", "rounds that another worker asked for")                            \
	X(WSTAT_BUSY_NS, "busy-nanoseconds", "processor time of the thread, at most a second old")
/* clang-format on */

enum wstat_id {
#define X(id, word, sentence) id,
	WSTAT_TABLE(X)
#undef X
	    WSTAT_MAX
};

enum { WSTAT_BURSTS = 8 }; /* the last place also holds what is larger */

struct wstat {
	_Alignas(64) _Atomic uint64_t n[WSTAT_MAX];
	_Atomic uint64_t out_bursts[WSTAT_BURSTS]; /* packets protected together */
	_Atomic uint64_t in_bursts[WSTAT_BURSTS];  /* packets opened together */
};

/* Adds to a counter of one's own. */
static inline void
wstat_count(_Atomic uint64_t *c, uint64_t n)
{
	atomic_store_explicit(
	    c, atomic_load_explicit(c, memory_order_relaxed) + n, memory_order_relaxed);
}

static inline void
wstat_add(struct wstat *s, enum wstat_id id, uint64_t n)
{
	wstat_count(&s->n[id], n);
}

/* Counts a burst of N, which is not zero. */
static inline void
wstat_burst(_Atomic uint64_t bursts[WSTAT_BURSTS], unsigned n)
{
	unsigned place = 31U - (unsigned)__builtin_clz(n);
	wstat_count(&bursts[place < WSTAT_BURSTS ? place : WSTAT_BURSTS - 1], 1);
}

/* Reads a counter. Any thread. */
static inline uint64_t
wstat_get(const struct wstat *s, enum wstat_id id)
{
	return atomic_load_explicit(&s->n[id], memory_order_relaxed);
}

#endif
