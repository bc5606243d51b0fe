/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_keys.h - the keys, hashes and initialisation vectors of IKEv1.
 *
 * The names are those of the RFC: Ni_b is the body of the payload Ni, g^xy the shared secret, prf the HMAC of the
 * negotiated hash. Nothing here decides anything. Pure; any thread. RFC 2409 s3.2, s5, s5.5, appendix B.
 */
#ifndef V1_KEYS_H
#define V1_KEYS_H

#include "lib/crypto/cipher.h"
#include "lib/crypto/hash.h"

/* What an IKE SA keeps. Wiped with v1_keys_wipe(). */
struct v1_keys {
	enum hash_alg hash;
	enum enc_alg enc;
	uint8_t skeyid[HASH_LEN_MAX];
	uint8_t skeyid_d[HASH_LEN_MAX];
	uint8_t skeyid_a[HASH_LEN_MAX];
	uint8_t skeyid_e[HASH_LEN_MAX];
	uint8_t key[CIPHER_KEY_MAX]; /* enc_info(enc)->key_len octets */
};

struct v1_iv {
	uint8_t b[CIPHER_IV_MAX];
};

/* SKEYID: with a pre-shared key prf(psk, Ni_b | Nr_b), with signatures prf(Ni_b | Nr_b, g^xy). `hash` and `enc` of K
 * are set before. */
void v1_skeyid_psk(struct v1_keys *k, struct part psk, struct part ni, struct part nr);
void v1_skeyid_sig(struct v1_keys *k, struct part ni, struct part nr, struct part gxy);

/* SKEYID_d, _a, _e and the key of the cipher, from SKEYID. */
void v1_keys_derive(struct v1_keys *k, struct part gxy, uint64_t cky_i, uint64_t cky_r);
void v1_keys_wipe(struct v1_keys *k);

/* What HASH_I and HASH_R are made of. */
struct v1_proof {
	struct part gxi; /* the body of the initiator's KE */
	struct part gxr;
	uint64_t cky_i;
	uint64_t cky_r;
	struct part sai; /* the body of the initiator's SA, as it was sent */
	struct part id;  /* the body of the ID of the side that proves itself */
};

enum v1_side { V1_INITIATOR, V1_RESPONDER };

/* Writes HASH_I or HASH_R with the HMAC of ALG: that of the SA, but sha1 where DSA signs it (RFC 2409 s5.1). */
void v1_hash_proof(const struct v1_keys *k, enum hash_alg alg, enum v1_side side,
    const struct v1_proof *p, uint8_t out[HASH_LEN_MAX]);

/* The hashes of quick mode and of informational exchanges. REST is what follows the hash payload, headers included, without
 * padding. HASH(1) = prf(SKEYID_a, M-ID | rest), HASH(2) = prf(SKEYID_a, M-ID | Ni_b | rest),
 * HASH(3) = prf(SKEYID_a, 0 | M-ID | Ni_b | Nr_b). */
void v1_hash1(const struct v1_keys *k, uint32_t mid, struct part rest, uint8_t out[HASH_LEN_MAX]);
void v1_hash2(const struct v1_keys *k, uint32_t mid, struct part ni, struct part rest,
    uint8_t out[HASH_LEN_MAX]);
void v1_hash3(const struct v1_keys *k, uint32_t mid, struct part ni, struct part nr,
    uint8_t out[HASH_LEN_MAX]);

/* The first IV of phase 1, hash(g^xi | g^xr), and of another exchange, hash(last block of phase 1 | M-ID). */
struct v1_iv v1_iv_phase1(const struct v1_keys *k, struct part gxi, struct part gxr);
struct v1_iv v1_iv_phase2(const struct v1_keys *k, const struct v1_iv *last, uint32_t mid);

/* Encrypts what follows the header of a message in place, with zeroes up to a whole block, and puts the new length into the
 * header. IV moves on. Returns the new length, 0 if CAP is too small. */
size_t v1_seal(const struct v1_keys *k, struct v1_iv *iv, uint8_t *msg, size_t len, size_t cap);

/* Decrypts what follows the header in place. IV moves on. False, and nothing is changed, if it is not a whole number of
 * blocks, or none. */
__attribute__((warn_unused_result)) bool v1_open(
    const struct v1_keys *k, struct v1_iv *iv, uint8_t *msg, size_t len);

/* KEYMAT of one direction of one protocol: prf(SKEYID_d, [g(qm)^xy |] protocol | SPI | Ni_b | Nr_b), as often as
 * N octets need. GXY is empty without PFS; SPI is the one that the receiver of the direction chose. */
struct v1_keymat {
	struct part gxy;
	uint8_t protocol; /* enum v1_protocol */
	uint32_t spi;
	struct part ni;
	struct part nr;
};

void v1_keymat(const struct v1_keys *k, const struct v1_keymat *m, uint8_t *out, size_t n);

#endif
