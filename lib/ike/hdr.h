/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hdr.h - the 28 octets that every message of IKE begins with, in both versions.
 *
 * IKEv1 calls the first two fields cookies, IKEv2 SPIs; they and the place of everything else are the same. Form
 * only: which flags, exchanges and message IDs are due is judged by the version. Pure; any thread.
 * RFC 2408 s3.1, RFC 7296 s3.1.
 */
#ifndef HDR_H
#define HDR_H

#include "lib/base/bytes.h"
#include "lib/ike/reason.h"

enum {
	HDR_LEN = 28,
	HDR_COOKIE_LEN = 8,
	HDR_V1 = 0x10,
	HDR_V2 = 0x20,
	/* IKEv1 flags */
	HDR_ENCRYPTED = 0x01,
	HDR_COMMIT = 0x02,
	HDR_AUTH_ONLY = 0x04,
	IKE_MSG_MAX = 65507, /* what a UDP datagram holds */
};

/* Exchange types. IANA "isakmp-registry", RFC 2408 s3.1, RFC 2409 appendix A. */
enum hdr_exchange {
	HDR_MAIN = 2, /* "identity protection" */
	HDR_AGGRESSIVE = 4,
	HDR_INFO = 5,
	HDR_QUICK = 32,
};

struct hdr {
	uint64_t cky_i; /* the 8 octets, big-endian: only compared and copied */
	uint64_t cky_r; /* 0: the initiator does not know it yet */
	uint8_t next;
	uint8_t version; /* HDR_V1: major in the high four bits */
	uint8_t exchange;
	uint8_t flags;
	uint32_t mid;
	uint32_t len; /* octets of the whole message */
};

/* Reads the header of a datagram of which R has all octets; R is then at the first payload. Refuses SHORT,
 * HDR_LENGTH, VERSION (major not 1 or 2) and COOKIE (no initiator cookie). */
__attribute__((warn_unused_result)) enum ike_reason hdr_parse(struct rd *r, struct hdr *out);

/* Writes the header; a length that is not known yet is put in with hdr_patch_len(). */
void hdr_build(struct wr *w, const struct hdr *h);
void hdr_patch_len(struct wr *w, uint32_t len);

#endif
