/* SPDX-License-Identifier: BSD-2-Clause
 *
 * alg.h - THE table of algorithms: one row each, with the name JUNOS gives it and its sizes.
 *
 * Everything that names an algorithm (configuration, commit check, SA, show, IKE) goes through
 * these rows. Sizes are octets. Constant data; any thread.
 * Sources: JUNOS tables of key lengths for manual SAs; RFC 2403, 2404, 4868 (ICV), 2405, 2451, 3602, 4106, 7634;
 * the numbers on the wire: RFC 2407 s4.4 and s4.5, RFC 2409 appendix A, RFC 3526, 4753, 5903, 5114 and the
 * IANA registries "ipsec-registry" and "isakmp-registry".
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
	ENC_AES_128_GCM, /* from here on: encryption with authentication in one (AEAD); ESP only */
	ENC_AES_192_GCM,
	ENC_AES_256_GCM,
	ENC_CHACHA20_POLY1305, /* no number in IKEv1 */
	ENC_MAX,
};

struct auth_info {
	const char *name; /* JUNOS: "hmac-sha1-96"; AUTH_NONE: "none" */
	uint8_t key_len;
	uint8_t icv_len;
	uint8_t
	    v1_attr; /* phase 2: value of the attribute Authentication Algorithm; 0: no number */
	uint8_t v1_ah_id; /* phase 2: transform of protocol AH; 0: no number */
};

struct enc_info {
	const char *name; /* JUNOS: "3des-cbc"; ENC_NULL: "none" */
	uint8_t key_len;
	uint8_t iv_len;
	uint8_t block_len; /* what the ciphertext is padded to; 4 at least (RFC 4303 s2.4) */
	bool is_des;       /* weak-key rule: each 8-octet part is checked */
	uint8_t v1_ike;    /* phase 1: value of the attribute Encryption Algorithm; 0: no number */
	uint8_t v1_esp;    /* phase 2: transform of protocol ESP; 0: no number */
	bool v1_has_len;   /* the attribute Key Length says how many bits; without it 128 */
	uint8_t
	    salt_len; /* AEAD: octets of key material behind the key, the fixed part of the nonce */
	uint8_t
	    icv_len; /* AEAD: of the ICV, and no authentication algorithm stands beside it; else 0 */
};

enum { ENC_SECRET_MAX = 36 }; /* the longest key with its salt */

/* Hash algorithms of IKE; the prf is their HMAC (RFC 2409 s4). */
enum hash_alg {
	HASH_MD5,
	HASH_SHA1,
	HASH_SHA_256,
	HASH_SHA_384,
	HASH_MAX,
};

enum { HASH_LEN_MAX = 48, HASH_BLOCK_MAX = 128 };

struct hash_info {
	const char *name; /* JUNOS: "sha-256" */
	uint8_t len;
	uint8_t block_len;
	uint8_t v1_ike; /* phase 1: value of the attribute Hash Algorithm */
};

enum dh_group {
	DH_NONE, /* no perfect forward secrecy */
	DH_GROUP1,
	DH_GROUP2,
	DH_GROUP5,
	DH_GROUP14,
	DH_GROUP15,
	DH_GROUP16,
	DH_GROUP19,
	DH_GROUP20,
	DH_GROUP24,
	DH_MAX,
};

enum { DH_PUBLIC_MAX = 512, DH_SECRET_MAX = 512, DH_RANDOM_MAX = 56 };

struct dh_info {
	const char *name;    /* JUNOS: "group14"; DH_NONE: "none" */
	uint8_t ike_id;      /* the number of the group in every version of IKE */
	uint16_t public_len; /* what the KE payload holds: MODP g^x, ECP x | y */
	uint16_t secret_len; /* what goes into the keys: MODP g^xy, ECP the x of the point */
	uint8_t random_len;  /* what dh_generate() wants */
};

/* How the peers of phase 1 prove who they are. */
enum auth_method {
	METHOD_PSK,
	METHOD_RSA,
	METHOD_DSA,
	METHOD_MAX,
};

struct method_info {
	const char *name; /* JUNOS: "pre-shared-keys" */
	uint8_t v1_ike;   /* phase 1: value of the attribute Authentication Method */
};

const struct auth_info *auth_info(enum auth_alg alg);
const struct enc_info *enc_info(enum enc_alg alg);
const struct hash_info *hash_info(enum hash_alg alg);
const struct dh_info *dh_info(enum dh_group group);
const struct method_info *method_info(enum auth_method method);

/* Does ALG authenticate what it encrypts? */
bool enc_is_aead(enum enc_alg alg);
/* Octets of key material that an SA takes for ALG: the key and, behind it, the salt of an AEAD (RFC 4106 s8.1). */
size_t enc_secret_len(enum enc_alg alg);

/* Find by JUNOS name; AUTH_MAX, ENC_MAX, HASH_MAX, DH_MAX or METHOD_MAX if there is none. "none" is not a name. */
enum auth_alg auth_by_name(const char *name);
enum enc_alg enc_by_name(const char *name);
enum hash_alg hash_by_name(const char *name);
enum dh_group dh_by_name(const char *name);
enum auth_method method_by_name(const char *name);

/* Find by the number that IKE has for it; the MAX of the kind if there is none. KEY_BITS is the attribute Key Length, 0
 * if the transform has none. A length where the algorithm takes none is not found (RFC 2409 appendix A). */
enum enc_alg enc_by_v1_ike(unsigned id, unsigned key_bits);
enum enc_alg enc_by_v1_esp(unsigned id, unsigned key_bits);
enum auth_alg auth_by_v1_attr(unsigned value);
enum auth_alg auth_by_v1_ah(unsigned id);
enum hash_alg hash_by_v1_ike(unsigned value);
enum dh_group dh_by_id(unsigned id);
enum auth_method method_by_v1_ike(unsigned value);

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
