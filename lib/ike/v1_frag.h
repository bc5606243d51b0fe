/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_frag.h - messages in fragments, as IKEv1 peers do it: each fragment is a message with one payload of type 132.
 *
 * No RFC; [MS-IKEE] s2.2.3.2 describes it, and Cisco, racoon and strongSwan do the same: a number for the message, a
 * number from 1 for the fragment, a flag in the last one. What is put together is the whole message with its header, so nothing
 * in a fragment is trusted but its place. Any order and any repetition give the same result. Bounded. One thread.
 */
#ifndef V1_FRAG_H
#define V1_FRAG_H

#include "lib/ike/v1_msg.h"

enum {
	V1_FRAGS_MAX = 32,         /* of one message */
	V1_FRAG_TOTAL_MAX = 16384, /* octets of one message */
	V1_FRAG_SIZE = 1200,       /* octets of a message in a fragment that we send */
	V1_FRAG_ROOM = HDR_LEN + V1_GENERIC_LEN + 4 + V1_FRAG_SIZE,
};

struct v1_frag {
	uint16_t id;    /* of the message */
	uint8_t number; /* 1.. */
	bool is_last;
	const uint8_t *p; /* borrowed */
	size_t n;
};

__attribute__((warn_unused_result)) enum ike_reason v1_frag_parse(
    const struct v1_payload *p, struct v1_frag *out);

/* Writes one fragment of a message into BUF of V1_FRAG_ROOM octets: that with NUMBER, which says where it begins. Returns its
 * length, 0 when NUMBER is past the end of the message. */
size_t v1_frag_build(uint8_t *buf, const uint8_t *msg, size_t len, uint16_t id, uint8_t number);

/* The fragments of one message of one peer. Zero is empty. */
struct v1_frags {
	uint64_t due_ms; /* the rest must be here; set and asked by who owns it */
	uint16_t id;
	uint8_t last; /* number of the last one, 0: not seen yet */
	unsigned n;
	size_t total;
	struct {
		uint8_t *p; /* owned; NULL: not here yet */
		size_t n;
	} part[V1_FRAGS_MAX];
};

/* Takes a fragment. One of another message throws away what was there: the peer has given up on it. Refuses LIMIT and
 * PAYLOAD_FORM (two that say they are the last). */
__attribute__((warn_unused_result)) enum ike_reason v1_frags_put(
    struct v1_frags *f, const struct v1_frag *frag);

/* Returns the message if it is complete, and its length, on the heap; else NULL. F is then empty. */
uint8_t *v1_frags_take(struct v1_frags *f, size_t *out_len);
void v1_frags_drop(struct v1_frags *f);

#endif
