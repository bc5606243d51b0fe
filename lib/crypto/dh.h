/* SPDX-License-Identifier: BSD-2-Clause
 *
 * dh.h - Diffie-Hellman in the groups of IKE.
 *
 * MODP exponents are short (at least twice the strength of the group, RFC 3526 s8), which is three times as
 * fast as full ones. A public value of the peer is checked at every use and before any work with our
 * key: MODP 2..p-2, which is enough where (p-1)/2 is prime; group 24, which has small subgroups,
 * y^q = 1 as well (RFC 6989 s2.2); ECP: a point on the curve (RFC 6989 s2.3). Constant time in the
 * private key as far as OpenSSL's BN_mod_exp_mont_consttime() and EC_POINT_mul() are. Any thread.
 * RFC 2409 s6.1, s6.2 (groups 1, 2), 3526 (5, 14, 15, 16), 5903 (19, 20), 5114 (24), 2631 s2.1.5.
 */
#ifndef DH_H
#define DH_H

#include "lib/crypto/alg.h"

struct dh_key {
	enum dh_group group;
	uint8_t secret[48];            /* big-endian exponent or scalar, zeroes before it */
	uint8_t public[DH_PUBLIC_MAX]; /* dh_info(group)->public_len octets, as in the KE payload */
};

enum dh_fault {
	DH_OK,
	DH_WRONG_LENGTH,
	DH_OUT_OF_RANGE, /* MODP: not in 2..p-2; ECP: a coordinate not below p */
	DH_NOT_IN_GROUP, /* group 24: of another order; ECP: not on the curve */
};

/* Makes a key of dh_info(group)->random_len random octets. Returns false for randomness that gives no key: all zero. */
__attribute__((warn_unused_result)) bool dh_generate(
    enum dh_group group, const uint8_t *random, struct dh_key *out);

/* Judges a public value of the peer. */
__attribute__((warn_unused_result)) enum dh_fault dh_check(
    enum dh_group group, const uint8_t *peer, size_t len);

/* Judges PEER and writes the shared secret, dh_info(group)->secret_len octets with leading zeroes kept.
 * OUT is untouched unless DH_OK is returned. */
__attribute__((warn_unused_result)) enum dh_fault dh_shared(
    const struct dh_key *key, const uint8_t *peer, size_t len, uint8_t *out);

void dh_wipe(struct dh_key *key);

#endif
