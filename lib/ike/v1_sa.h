/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_sa.h - the SA payload: proposals, their protocols and transforms, read and written.
 *
 * Proposals with the same number stand next to each other and mean "all of these" (AH and ESP of a bundle);
 * different numbers and the transforms of one proposal mean "one of these". What is read is form and
 * numbers, nothing is judged: that is p1.h and p2.h. Pure; any thread.
 * RFC 2408 s3.4 to s3.6, s4.2; RFC 2407 s4.2, s4.4, s4.5, s4.6.1; RFC 2409 appendix A; RFC 3947 s5.1.
 */
#ifndef V1_SA_H
#define V1_SA_H

#include "lib/ike/v1_body.h"

enum {
	V1_SA_PROPOSALS_MAX = 64,
	V1_SA_TRANSFORMS_MAX = 256, /* of all proposals together */
	V1_SA_SPI_MIN = 256,        /* RFC 2407 s4.6.1: 0..255 are reserved */
};

/* The attributes that are understood. Those of phase 1 and of phase 2 have overlapping numbers on the wire. */
enum v1_attr {
	V1_A_ENC,    /* phase 1: Encryption Algorithm */
	V1_A_HASH,   /* phase 1: Hash Algorithm */
	V1_A_METHOD, /* phase 1: Authentication Method */
	V1_A_GROUP,  /* both: Group Description */
	V1_A_KEYLEN, /* both: Key Length, bits */
	V1_A_ENCAP,  /* phase 2: Encapsulation Mode */
	V1_A_AUTH,   /* phase 2: Authentication Algorithm */
	V1_A_MAX,
};

enum v1_phase { V1_PHASE1, V1_PHASE2 };

/* Values of Encapsulation Mode. The drafts of NAT-T used private numbers for the UDP ones. */
enum v1_encap {
	V1_ENCAP_TUNNEL = 1,
	V1_ENCAP_TRANSPORT = 2,
	V1_ENCAP_UDP_TUNNEL = 3,
	V1_ENCAP_UDP_TRANSPORT = 4,
	V1_ENCAP_UDP_TUNNEL_DRAFT = 61443,
	V1_ENCAP_UDP_TRANSPORT_DRAFT = 61444,
};

enum { V1_TRANSFORM_KEY_IKE = 1 }; /* the only transform of protocol ISAKMP */

struct v1_transform {
	uint8_t number;
	uint8_t id;
	bool
	    is_strange; /* has an attribute that is not understood, or one twice: cannot be chosen */
	uint32_t has;   /* 1 << enum v1_attr */
	uint32_t value[V1_A_MAX]; /* 0 where it is not in `has` */
	struct v1_lifetime life;
	const uint8_t *attrs; /* as they came, to send them back unchanged; borrowed */
	size_t attrs_len;
};

struct v1_proposal {
	uint8_t number;
	uint8_t protocol; /* enum v1_protocol */
	uint8_t spi_len;
	const uint8_t *spi; /* borrowed */
	unsigned first;     /* its transforms, in the list of all */
	unsigned n;         /* at least 1 */
};

struct v1_sa {
	struct v1_proposal proposals[V1_SA_PROPOSALS_MAX];
	unsigned n_proposals; /* at least 1 */
	struct v1_transform transforms[V1_SA_TRANSFORMS_MAX];
	unsigned n_transforms;
};

/* Reads the body of an SA payload. Refuses DOI, SITUATION, PAYLOAD_FORM, PAYLOAD_COUNT, and in phase 2 SPI where that of ESP
 * or AH is not four octets or is reserved. */
__attribute__((warn_unused_result)) enum ike_reason v1_sa_parse(
    const struct v1_payload *p, enum v1_phase phase, struct v1_sa *out);

/* Returns the SPI of a proposal of ESP or AH of phase 2, host order. */
uint32_t v1_sa_spi(const struct v1_proposal *p);

/* --- writing; each proposal and transform says whether another one of its list follows --- */

void v1_sa_open(
    struct v1_out *o); /* the SA payload with DOI and situation; end it with v1_out_close() */

struct v1_sa_mark {
	size_t at; /* where the proposal or transform begins */
};

struct v1_sa_mark v1_sa_proposal_open(struct v1_out *o, bool is_last, uint8_t number,
    enum v1_protocol protocol, const void *spi, size_t spi_len, uint8_t n_transforms);
struct v1_sa_mark v1_sa_transform_open(struct v1_out *o, bool is_last, uint8_t number, uint8_t id);
void v1_sa_attr(struct v1_out *o, enum v1_phase phase, enum v1_attr attr, uint32_t value);
void v1_sa_life(struct v1_out *o, enum v1_phase phase, const struct v1_lifetime *life);
void v1_sa_close(struct v1_out *o, struct v1_sa_mark mark); /* fills in the length */

#endif
