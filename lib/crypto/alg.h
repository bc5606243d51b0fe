/* SPDX-License-Identifier: BSD-2-Clause
 *
 * alg.h - THE table of algorithms: one row each, with the name JUNOS gives it and its sizes.
 *
 * Everything that names an algorithm (configuration, commit check, SA, show, IKE) goes through
 * these rows. Sizes are octets. Constant data; any thread.
 * Sources: JUNOS tables of key lengths for manual SAs; RFC 2403, 2404, 4868 (ICV), 2405, 2451, 3602.
 */
#ifndef ALG_H
#define ALG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum auth_alg {
	AUTH_NONE,
	AUTH_HMAC_MD5_96,
	AUTH_HMAC_SHA1_96,
	AUTH_HMAC_SHA_256_128,
	AUTH_MAX,
};

enum enc_alg {
	ENC_NULL, /* RFC 2410: protocol esp with authentication only */
	ENC_DES_CBC,
	ENC_3DES_CBC,
	ENC_AES_128_CBC,
	ENC_AES_192_CBC,
	ENC_AES_256_CBC,
	ENC_MAX,
};

struct auth_info {
	const char *name; /* JUNOS: "hmac-sha1-96"; AUTH_NONE: "none" */
	uint8_t key_len;
	uint8_t icv_len;
};

struct enc_info {
	const char *name; /* JUNOS: "3des-cbc"; ENC_NULL: "none" */
	uint8_t key_len;
	uint8_t iv_len;
	uint8_t block_len; /* what the ciphertext is padded to; 4 at least (RFC 4303 s2.4) */
	bool is_des;       /* weak-key rule: each 8-octet part is checked */
};

const struct auth_info *auth_info(enum auth_alg alg);
const struct enc_info *enc_info(enum enc_alg alg);

/* Find by JUNOS name; AUTH_MAX or ENC_MAX if there is none. "none" is not a name. */
enum auth_alg auth_by_name(const char *name);
enum enc_alg enc_by_name(const char *name);

enum key_fault {
	KEY_OK,
	KEY_WRONG_LENGTH,
	KEY_WEAK,       /* a DES key, or a part of a 3DES key, is one of the weak keys */
	KEY_SEMIWEAK,   /* ... or one of the semiweak keys */
	KEY_SAME_PARTS, /* 3DES: the first two parts are the same, which makes it single DES */
};

/* Judges a key for ALG. The low (parity) bit of every DES octet does not matter. */
enum key_fault enc_key_check(enum enc_alg alg, const uint8_t *key, size_t len);
enum key_fault auth_key_check(enum auth_alg alg, size_t len);

#endif
