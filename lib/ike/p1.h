/* SPDX-License-Identifier: BSD-2-Clause
 *
 * p1.h - the proposals of phase 1: offering ours, choosing among the peer's, accepting what the peer chose.
 *
 * A proposal is what JUNOS calls `ike proposal`. The responder takes the first of its own that the peer offers in all
 * attributes but the lifetime; of two lifetimes the shorter is used. When nothing fits, a text in JUNOS's names says the
 * first mismatch, what the peer offered and what is allowed. Pure; any thread. RFC 2409 s5, appendix A.
 */
#ifndef P1_H
#define P1_H

#include "lib/crypto/alg.h"
#include "lib/ike/v1_sa.h"

struct text;

enum { P1_PROPOSALS_MAX = 32 };

struct p1_proposal {
	enum auth_method method;
	enum enc_alg enc;
	enum hash_alg hash;
	enum dh_group group;
	uint32_t lifetime_s;
};

struct p1_choice {
	unsigned proposal;   /* which of ours */
	unsigned peer;       /* which proposal of the peer's SA payload */
	unsigned transform;  /* which of all transforms of it */
	uint32_t lifetime_s; /* the shorter one */
	uint32_t
	    peer_lifetime_s; /* what the peer said, 0: nothing; above ours: tell it with RESPONDER-LIFETIME */
};

/* Writes an SA payload: one proposal, our N (1..P1_PROPOSALS_MAX) as its transforms, in order. */
void p1_offer(struct v1_out *o, const struct p1_proposal *ours, size_t n);

/* Chooses. On false the reason is added to WHY (may be NULL), one line without a newline. */
__attribute__((warn_unused_result)) bool p1_choose(const struct v1_sa *peer,
    const struct p1_proposal *ours, size_t n, struct p1_choice *out, struct text *why);

/* Writes the SA payload of the answer: the chosen transform, its attributes as the peer wrote them. */
void p1_answer(struct v1_out *o, const struct v1_sa *peer, const struct p1_choice *choice);

/* The initiator's side: the answer must hold one proposal with one transform, and that must be one of ours. */
__attribute__((warn_unused_result)) bool p1_accept(const struct v1_sa *answer,
    const struct p1_proposal *ours, size_t n, struct p1_choice *out, struct text *why);

/* Writes "METHOD ENC HASH GROUP, ...": the proposals for a line that says why. */
void p1_print(const struct p1_proposal *ours, size_t n, struct text *out);

#endif
