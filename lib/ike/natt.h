/* SPDX-License-Identifier: BSD-2-Clause
 *
 * natt.h - is there a NAT between the peers? The hashes of addresses and ports that tell it.
 *
 * Each side sends the hash of the peer's address and port first, then those of its own. Pure; any thread.
 * RFC 3947 s3.2; RFC 3948 s2.2 (marker), s2.3 (keepalive).
 */
#ifndef NATT_H
#define NATT_H

#include "lib/base/addr.h"
#include "lib/crypto/alg.h"
#include "lib/ike/v1_msg.h"

enum {
	NATT_PORT = 4500,
	NATT_MARKER_LEN = 4,   /* zeroes before IKE on port 4500 */
	NATT_KEEPALIVE = 0xff, /* the only octet of a keepalive */
};

struct natt_end {
	struct addr addr;
	uint16_t port;
};

/* hash(CKY-I | CKY-R | IP | Port): writes hash_info(alg)->len octets. */
void natt_hash(enum hash_alg alg, uint64_t cky_i, uint64_t cky_r, const struct natt_end *end,
    uint8_t out[HASH_LEN_MAX]);

struct natt_result {
	bool is_local_behind;  /* our address is changed on the way to the peer */
	bool is_remote_behind; /* the peer's is on the way to us */
};

/* Judges the NAT-D payloads of a message, at least two of them: the first is about us, the others about the peer. LOCAL and
 * REMOTE are what the message came to and from. Refuses MISSING. */
__attribute__((warn_unused_result)) enum ike_reason natt_judge(const struct v1_msg *m,
    enum hash_alg alg, uint64_t cky_i, uint64_t cky_r, const struct natt_end *local,
    const struct natt_end *remote, struct natt_result *out);

/* Writes the two NAT-D payloads; TYPE is V1_NAT_D or V1_NAT_D_DRAFT. */
void natt_build(struct v1_out *o, enum v1_type type, enum hash_alg alg, uint64_t cky_i,
    uint64_t cky_r, const struct natt_end *local, const struct natt_end *remote);

#endif
