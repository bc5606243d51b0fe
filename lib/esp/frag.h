/* SPDX-License-Identifier: BSD-2-Clause
 *
 * frag.h - puts fragments together again before rules are looked up.
 *
 * A datagram in the making owns one packet buffer, into which fragments are copied, and a bitmap
 * of the 8-octet units that it has. Bounded: so many datagrams, so long. Overlap kills the
 * datagram for the rest of its time (RFC 5722, also applied to IPv4); exact repetitions are
 * ignored. Any order. All memory but packets is taken at start. On the worker's thread. RFC 815,
 * RFC 8200 s4.5.
 */
#ifndef FRAG_H
#define FRAG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/esp/drop.h"

struct frag_table;
struct pkt;
struct pkt_pool;

enum {
	FRAG_LIMIT_DEFAULT = 250,       /* JUNOS fragment-limit */
	FRAG_TIMEOUT_MS_DEFAULT = 4000, /* JUNOS reassembly-timeout */
};

/* Makes a table that takes its packets from POOL. NULL when out of memory. */
struct frag_table *frag_new(struct pkt_pool *pool, unsigned limit, uint32_t timeout_ms);
/* Frees the table and gives its packets back. NULL is fine. */
void frag_free(struct frag_table *t);

/* Takes a packet, fragment or not; the table owns P from here on. NOW_MS is a monotonic time.
 * Returns a whole packet, owned by the caller (P itself if it was no fragment), or NULL when
 * nothing is complete yet or P was dropped: then *OUT says which (DROP_NONE: kept, or an ignored
 * repetition). Only fragments with the same tag are joined; the user pointer of the whole packet is
 * that of the fragment that came first. Whole packets are not checked here: flow_parse() follows. A datagram whose
 * time is up can still be completed until frag_expire() has taken it out. */
struct pkt *frag_in(struct frag_table *t, struct pkt *p, uint64_t now_ms, enum drop *out);

/* Forgets the oldest datagram if its time is up: true, its tag in OUT_TAG, and it is one DROP_FRAG_TIMEOUT. False when
 * there is no such datagram (any more). Call it before the fragments of a later time come. */
__attribute__((warn_unused_result)) bool frag_expire(
    struct frag_table *t, uint64_t now_ms, uint32_t *out_tag);

#endif
