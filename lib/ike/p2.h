/* SPDX-License-Identifier: BSD-2-Clause
 *
 * p2.h - the proposals of phase 2: offering ours, choosing among the peer's, accepting what the peer chose.
 *
 * A proposal is what JUNOS calls `ipsec proposal`; ESP, AH, or both as a bundle, in which AH authenticates outside
 * and ESP only encrypts. Neighbours of one protocol become transforms of one proposal on the wire, a bundle becomes two
 * proposals of one number. The responder takes the first of its own that the peer offers; of two lifetimes the shorter
 * is used. Pure; any thread. RFC 2407 s4.4, s4.5; RFC 2409 s5.5; RFC 3602 s5.2; RFC 3947 s5.1.
 */
#ifndef P2_H
#define P2_H

#include "lib/crypto/alg.h"
#include "lib/ike/v1_sa.h"

struct text;

enum { P2_PROPOSALS_MAX = 32 };

enum p2_protocol { P2_ESP, P2_AH, P2_BUNDLE };

struct p2_proposal {
	enum p2_protocol protocol;
	enum auth_alg auth; /* AUTH_NONE: ESP without authentication; never with AH or bundle */
	enum enc_alg enc;   /* ENC_NULL: ESP without encryption; AH: ignored */
	uint32_t lifetime_s;
};

/* What a tunnel allows. */
struct p2_policy {
	const struct p2_proposal *proposals;
	size_t n;            /* 1..P2_PROPOSALS_MAX */
	enum dh_group pfs;   /* DH_NONE: no perfect forward secrecy */
	bool takes_any_pfs;  /* responder: whatever the peer offers, with or without */
	enum v1_encap encap; /* TUNNEL, or a UDP form where there is a NAT */
};

/* The SPIs of the side that writes the message; those that a protocol does not need are ignored. */
struct p2_spis {
	uint32_t esp;
	uint32_t ah;
};

struct p2_choice {
	unsigned proposal;   /* which of ours */
	enum dh_group group; /* DH_NONE: without PFS */
	uint32_t lifetime_s; /* the shorter one */
	uint32_t
	    peer_lifetime_s; /* what the peer said, 0: nothing; above ours: tell it with RESPONDER-LIFETIME */
	uint32_t lifetime_kb;      /* what the peer said, 0: nothing */
	struct p2_spis peer;       /* the peer's SPIs, for our outbound SA */
	unsigned n;                /* protocols: 1, or 2 for a bundle */
	unsigned peer_proposal[2]; /* which of the peer's SA payload, in its order */
	unsigned transform[2];
};

/* Writes an SA payload with everything that POLICY allows. */
void p2_offer(struct v1_out *o, const struct p2_policy *policy, struct p2_spis spis);

/* Chooses. On false the reason is added to WHY (may be NULL), one line without a newline. */
__attribute__((warn_unused_result)) bool p2_choose(const struct v1_sa *peer,
    const struct p2_policy *policy, struct p2_choice *out, struct text *why);

/* Writes the SA payload of the answer: the chosen transforms as the peer wrote them, with our SPIs. */
void p2_answer(struct v1_out *o, const struct v1_sa *peer, const struct p2_choice *choice,
    struct p2_spis spis);

/* The initiator's side: the answer must be one choice, and one that was offered. */
__attribute__((warn_unused_result)) bool p2_accept(const struct v1_sa *answer,
    const struct p2_policy *policy, struct p2_choice *out, struct text *why);

/* Writes "PROTOCOL ENC AUTH PFS ENCAPSULATION, ...": the proposals for a line that says why. */
void p2_print(const struct p2_policy *policy, struct text *out);

#endif
