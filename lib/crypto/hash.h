/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hash.h - hashes and their HMACs over a list of parts, as the RFCs write them: prf(key, a | b | c).
 *
 * Any thread. A library that cannot do one of the four algorithms at all (a FIPS provider without
 * MD5) is a machine failure: the process aborts, and hash_is_there() lets it ask before.
 * RFC 2104 (HMAC), 1321, FIPS 180-4.
 */
#ifndef HASH_H
#define HASH_H

#include "lib/crypto/alg.h"

/* A part of the input; P may be NULL where N is 0. */
struct part {
	const void *p;
	size_t n;
};

bool hash_is_there(enum hash_alg alg);

/* Both write hash_info(alg)->len octets. OUT may overlap the input. */
void hash_parts(enum hash_alg alg, const struct part *parts, size_t n_parts, uint8_t *out);
void hmac_parts(
    enum hash_alg alg, struct part key, const struct part *parts, size_t n_parts, uint8_t *out);

/* Compares in a time that depends on N only. */
bool secret_eq(const void *a, const void *b, size_t n);

/* Overwrites N octets; the compiler cannot leave it out. */
void secret_wipe(void *p, size_t n);

#endif
