/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sign.h - the signatures of IKEv1: RSA and DSA over a bare hash.
 *
 * RSA is PKCS #1 v1.5 block type 1 without the name of a hash in it (RFC 2409 s5.1). To verify, the whole
 * block is built and compared; nothing in it is parsed, so there is no lenient reading to forge.
 * DSA is r | s, each as long as q. Any thread; a key may be used by several at once.
 */
#ifndef SIGN_H
#define SIGN_H

#include "lib/crypto/alg.h"

struct sign_key;

enum {
	SIGN_MAX = 1024,          /* octets of the longest signature */
	SIGN_RSA_BITS_MIN = 1024, /* keys of peers outside of these are refused */
	SIGN_RSA_BITS_MAX = 8192,
};

enum sign_fault {
	SIGN_OK,
	SIGN_BAD_KEY,    /* not RSA or DSA, not a whole key, or of a size that is refused */
	SIGN_BAD_LENGTH, /* the hash does not fit the key, or the signature has a wrong length */
	SIGN_WRONG,      /* does not verify */
};

/* Read a key in DER: private as PKCS #8 or the older forms of its kind, public as SubjectPublicKeyInfo. The
 * caller owns the result. NULL for anything that is not exactly one RSA or DSA key of a fit size. */
struct sign_key *sign_key_private(const uint8_t *der, size_t len);
struct sign_key *sign_key_public(const uint8_t *der, size_t len);
void sign_key_free(struct sign_key *key); /* NULL is fine */

enum auth_method sign_key_method(const struct sign_key *key); /* METHOD_RSA or METHOD_DSA */

/* Returns how long a signature of this key is. */
size_t sign_len(const struct sign_key *key);

/* Signs HASH and writes sign_len() octets. DSA takes its own randomness. */
__attribute__((warn_unused_result)) enum sign_fault sign_hash(
    const struct sign_key *key, const uint8_t *hash, size_t hash_len, uint8_t *out);

__attribute__((warn_unused_result)) enum sign_fault sign_verify(const struct sign_key *key,
    const uint8_t *hash, size_t hash_len, const uint8_t *sig, size_t sig_len);

#endif
