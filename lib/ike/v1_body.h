/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_body.h - what is inside the small payloads: notify, delete, certificate, NAT-OA, DPD and lifetimes.
 *
 * Everything read borrows the payload. Reading and writing of one payload stand side by side. Pure; any thread.
 * RFC 2408 s3.9, s3.10, s3.14, s3.15; RFC 2407 s4.6.3; RFC 3706 s5; RFC 3947 s5.2.
 */
#ifndef V1_BODY_H
#define V1_BODY_H

#include "lib/base/addr.h"
#include "lib/ike/v1_msg.h"

enum {
	V1_DOI_GENERIC = 0,
	V1_DOI_IPSEC = 1,
	V1_SPI_LEN = 4,          /* of ESP and AH */
	V1_COOKIES_LEN = 16,     /* the SPI of ISAKMP itself */
	V1_DELETE_SPIS_MAX = 64, /* of one delete payload */
};

/* Protocols. RFC 2407 s4.4.1 */
enum v1_protocol {
	V1_PROTO_ISAKMP = 1,
	V1_PROTO_AH = 2,
	V1_PROTO_ESP = 3,
	V1_PROTO_IPCOMP = 4,
};

/* Notify types that are acted on; errors are in reason.h. */
enum v1_notify_type {
	V1_N_INVALID_SPI = 11,
	V1_N_NO_PROPOSAL = 14,
	V1_N_INVALID_ID = 18,
	V1_N_INVALID_SIGNATURE = 25,
	V1_N_ERROR_MAX = 8191, /* RFC 2408 s3.14.1: errors below 8192 */
	V1_N_CONNECTED = 16384,
	V1_N_RESPONDER_LIFETIME = 24576,
	V1_N_REPLAY_STATUS = 24577,
	V1_N_INITIAL_CONTACT = 24578,
	V1_N_R_U_THERE = 36136,
	V1_N_R_U_THERE_ACK = 36137,
};

struct v1_notify {
	uint32_t doi;
	uint8_t protocol;
	uint16_t type;
	const uint8_t *spi;
	size_t spi_len;
	const uint8_t *data;
	size_t data_len;
};

__attribute__((warn_unused_result)) enum ike_reason v1_notify_parse(
    const struct v1_payload *p, struct v1_notify *out);
void v1_notify_build(struct v1_out *o, const struct v1_notify *n);

/* Returns "NO-PROPOSAL-CHOSEN", or NULL for a type without a name. */
const char *v1_notify_name(uint16_t type);

struct v1_delete {
	uint8_t protocol;
	uint8_t spi_len; /* ISAKMP: 16, both cookies; ESP and AH: 4 */
	uint16_t n_spis; /* 1..V1_DELETE_SPIS_MAX */
	const uint8_t *spis;
};

__attribute__((warn_unused_result)) enum ike_reason v1_delete_parse(
    const struct v1_payload *p, struct v1_delete *out);
void v1_delete_build(struct v1_out *o, const struct v1_delete *d);

struct v1_cert {
	uint8_t encoding; /* V1_CERT_X509_SIGN, ... */
	const uint8_t *p;
	size_t n;
};

/* Encodings. RFC 2408 s3.9 */
enum { V1_CERT_PKCS7 = 1, V1_CERT_X509_SIGN = 4, V1_CERT_CRL = 7 };

/* CERT and CR have the same form; an empty CR asks for any CA. */
__attribute__((warn_unused_result)) enum ike_reason v1_cert_parse(
    const struct v1_payload *p, struct v1_cert *out);
void v1_cert_build(struct v1_out *o, enum v1_type type, const struct v1_cert *c);

__attribute__((warn_unused_result)) enum ike_reason v1_nat_oa_parse(
    const struct v1_payload *p, struct addr *out);
void v1_nat_oa_build(struct v1_out *o, enum v1_type type, struct addr a);

/* DPD: R-U-THERE and its answer carry both cookies and a number (RFC 3706 s5.2, s5.3). */
void v1_dpd_build(
    struct v1_out *o, uint16_t type, uint64_t cky_i, uint64_t cky_r, uint32_t sequence);
__attribute__((warn_unused_result)) enum ike_reason v1_dpd_parse(
    const struct v1_notify *n, uint64_t cky_i, uint64_t cky_r, uint32_t *out_sequence);

/* RESPONDER-LIFETIME (RFC 2407 s4.6.3.1): 0 means not said. */
struct v1_lifetime {
	uint32_t seconds;
	uint32_t kilobytes;
};

__attribute__((warn_unused_result)) enum ike_reason v1_lifetime_parse(
    const struct v1_notify *n, struct v1_lifetime *out);
void v1_lifetime_build(struct wr *w, const struct v1_lifetime *l); /* the notify's data */

/* The time that both may keep an SA: the shorter one; PEERS 0: the peer said none. No peer can make it shorter than
 * V1_LIFETIME_MIN_S, what JUNOS takes in a proposal, or it would have us negotiate for ever. What it expires before is
 * deleted by it, or unknown to it, and made anew. */
enum { V1_LIFETIME_MIN_S = 180 };
uint32_t v1_lifetime_agree(uint32_t ours_s, uint32_t peers_s);

#endif
