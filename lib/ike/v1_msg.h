/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_msg.h - a message of IKEv1 as a list of payloads: reading and writing the chain.
 *
 * Reading judges form only and fails closed: every payload has a known type, a length inside the message and a body
 * that its type can have; the list is bounded. Bodies borrow the datagram. What a body says is read by v1_body.h,
 * v1_sa.h and id.h. Writing keeps the `next payload` links and the lengths right. Pure; any thread.
 * RFC 2408 s3.2 to s3.16; RFC 3947 (NAT-D, NAT-OA, and 130, 131 of its drafts); fragments as Cisco, Microsoft
 * and strongSwan send them in a payload of type 132.
 */
#ifndef V1_MSG_H
#define V1_MSG_H

#include "lib/ike/hdr.h"

enum v1_type {
	V1_NONE = 0,
	V1_SA = 1,
	V1_PROPOSAL = 2,  /* only inside SA */
	V1_TRANSFORM = 3, /* only inside a proposal */
	V1_KE = 4,
	V1_ID = 5,
	V1_CERT = 6,
	V1_CR = 7,
	V1_HASH = 8,
	V1_SIG = 9,
	V1_NONCE = 10,
	V1_NOTIFY = 11,
	V1_DELETE = 12,
	V1_VID = 13,
	V1_NAT_D = 20,
	V1_NAT_OA = 21,
	V1_NAT_D_DRAFT = 130,
	V1_NAT_OA_DRAFT = 131,
	V1_FRAGMENT = 132,
};

enum {
	V1_PAYLOADS_MAX = 48,
	V1_NONCE_MIN = 8, /* RFC 2409 s5 */
	V1_NONCE_MAX = 256,
	V1_GENERIC_LEN = 4, /* next payload, reserved, length */
	V1_PADDING_MAX = 255,
};

/* A set of payload types. The numbers of the drafts are the same bit as those of the RFC. */
#define V1_BIT(type)                                    \
	(1U << ((type) == V1_NAT_D_DRAFT    ? V1_NAT_D  \
		: (type) == V1_NAT_OA_DRAFT ? V1_NAT_OA \
		: (type) == V1_FRAGMENT     ? 22        \
					    : (type)))

struct v1_payload {
	enum v1_type type;
	const uint8_t *p; /* the body, after the four octets of the generic header; borrowed */
	size_t n;
};

struct v1_msg {
	struct v1_payload list[V1_PAYLOADS_MAX];
	unsigned n;
	uint32_t has;      /* V1_BIT of every type in the list */
	uint32_t repeated; /* V1_BIT of those that are there more than once */
	size_t len;        /* octets of the chain, without the padding behind it */
};

/* What the chain stands in: where it was encrypted padding may follow it, in the clear only what fills it up to a multiple of
 * four octets. */
enum v1_where { V1_IN_CLEAR, V1_DECRYPTED };

/* Reads the chain that begins with type FIRST. Refuses SHORT, PAYLOAD_TYPE, PAYLOAD_FORM, PAYLOAD_COUNT, TRAILING. */
__attribute__((warn_unused_result)) enum ike_reason v1_msg_parse(
    struct rd *r, uint8_t first, enum v1_where where, struct v1_msg *out);

/* Returns the N-th payload of a type (or its draft's type), counted from 0, or NULL. */
const struct v1_payload *v1_msg_find(const struct v1_msg *m, enum v1_type type, unsigned n);

const char *v1_type_name(uint8_t type); /* "KE"; "?" for an unknown one */

/* --- writing --- */

struct v1_out {
	struct wr w;
	size_t next_at; /* where the type of the next payload goes */
	size_t open_at; /* the payload being written, 0: none */
};

/* Starts a message in BUF with its header; `next` and `len` of H are filled in later. */
void v1_out_start(struct v1_out *o, void *buf, size_t cap, const struct hdr *h);
void v1_out_open(struct v1_out *o, enum v1_type type); /* then write the body to o->w */
void v1_out_close(struct v1_out *o);
void v1_out_put(struct v1_out *o, enum v1_type type, const void *p, size_t n);

/* Puts the length into the header and returns it; 0 if BUF was too small. */
size_t v1_out_end(struct v1_out *o);

#endif
