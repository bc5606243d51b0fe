/* SPDX-License-Identifier: BSD-2-Clause
 *
 * vid.h - vendor IDs: what the peer can do beyond the RFC of IKEv1.
 *
 * Most are the MD5 of a text, which vid_test.c proves. Unknown ones mean nothing. Pure; any thread.
 * RFC 2408 s3.16; RFC 3947 s3.1; RFC 3706 s5.1.
 */
#ifndef VID_H
#define VID_H

#include "lib/ike/v1_msg.h"

/* As bits, so that a set of them is a number. */
enum vid {
	VID_NATT_RFC = 1 << 0, /* RFC 3947 */
	VID_NATT_DRAFT_02 =
	    1
	    << 1, /* draft-ietf-ipsec-nat-t-ike-02, in two spellings, and -03: numbers of the drafts */
	VID_NATT_DRAFT_03 = 1 << 2,
	VID_DPD = 1 << 3,           /* RFC 3706 */
	VID_FRAGMENTATION = 1 << 4, /* takes fragments of IKE messages */
	VID_XAUTH = 1 << 5,
	VID_UNITY = 1 << 6,
};

/* Returns the vendor ID in P, 0 if it is unknown. */
unsigned vid_find(const uint8_t *p, size_t n);

/* Returns all that a message has. */
unsigned vid_all(const struct v1_msg *m);

/* Writes one VID payload for each of SET. */
void vid_build(struct v1_out *o, unsigned set);

#endif
