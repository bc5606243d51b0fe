/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sign.c - RSA and DSA signatures over a bare hash, by OpenSSL.
 *
 * The RSA block is made and checked here, and OpenSSL does the bare power: its own unpadding is for
 * other shapes of block. PKCS #1 v1.5 block type 1: 00 01 ff..ff 00 hash (RFC 8017 s9.2 without DigestInfo).
 */
#include "lib/crypto/sign.h"

#include "lib/crypto/hash.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/dsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

struct sign_key {
	EVP_PKEY *pkey;
	enum auth_method method;
	size_t part; /* RSA: octets of the modulus; DSA: of q */
};

enum { RSA_FF_MIN = 8 }; /* RFC 8017: at least eight octets ff */

/* --- keys --- */

static struct sign_key *
key_new(EVP_PKEY *pkey)
{
	struct sign_key *key = pkey != NULL ? calloc(1, sizeof(*key)) : NULL;
	if (key == NULL) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	key->pkey = pkey;
	bool is_fit = false;
	if (EVP_PKEY_is_a(pkey, "RSA")) {
		int bits = EVP_PKEY_get_bits(pkey);
		key->method = METHOD_RSA;
		key->part = ((size_t)bits + 7) / 8;
		is_fit = bits >= SIGN_RSA_BITS_MIN && bits <= SIGN_RSA_BITS_MAX;
	} else if (EVP_PKEY_is_a(pkey, "DSA")) {
		BIGNUM *q = NULL;
		key->method = METHOD_DSA;
		if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_FFC_Q, &q) == 1)
			key->part = (size_t)BN_num_bytes(q);
		BN_free(q);
		int bits = EVP_PKEY_get_bits(pkey);
		is_fit = key->part >= 20 && key->part <= 32 && bits >= 1024 && bits <= 3072;
	}
	if (!is_fit) {
		sign_key_free(key);
		return NULL;
	}
	return key;
}

struct sign_key *
sign_key_private(const uint8_t *der, size_t len)
{
	const unsigned char *p = der;
	EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &p, (long)len);
	if (pkey != NULL && p != der + len) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	return key_new(pkey);
}

struct sign_key *
sign_key_public(const uint8_t *der, size_t len)
{
	const unsigned char *p = der;
	EVP_PKEY *pkey = d2i_PUBKEY(NULL, &p, (long)len);
	if (pkey != NULL && p != der + len) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	return key_new(pkey);
}

void
sign_key_free(struct sign_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

enum auth_method
sign_key_method(const struct sign_key *key)
{
	return key->method;
}

size_t
sign_len(const struct sign_key *key)
{
	return key->method == METHOD_DSA ? 2 * key->part : key->part;
}

/* --- RSA --- */

/* Writes the block that is raised to the private power; false if the hash leaves too little padding. */
static bool
block_build(const uint8_t *hash, size_t hash_len, uint8_t *out, size_t len)
{
	if (len < hash_len + 3 + RSA_FF_MIN)
		return false;
	memset(out, 0xff, len);
	out[0] = 0;
	out[1] = 1;
	out[len - hash_len - 1] = 0;
	memcpy(out + len - hash_len, hash, hash_len);
	return true;
}

static enum sign_fault
rsa_sign(const struct sign_key *key, const uint8_t *hash, size_t hash_len, uint8_t *out)
{
	uint8_t block[SIGN_MAX];
	if (!block_build(hash, hash_len, block, key->part))
		return SIGN_BAD_LENGTH;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
	size_t len = key->part;
	bool is_ok = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
		     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1 &&
		     EVP_PKEY_sign(ctx, out, &len, block, key->part) == 1 && len == key->part;
	EVP_PKEY_CTX_free(ctx);
	return is_ok ? SIGN_OK : SIGN_BAD_KEY;
}

static enum sign_fault
rsa_verify(const struct sign_key *key, const uint8_t *hash, size_t hash_len, const uint8_t *sig)
{
	uint8_t want[SIGN_MAX];
	uint8_t got[SIGN_MAX];
	if (!block_build(hash, hash_len, want, key->part))
		return SIGN_BAD_LENGTH;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
	size_t len = sizeof(got);
	bool is_ok = ctx != NULL && EVP_PKEY_encrypt_init(ctx) == 1 &&
		     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1 &&
		     EVP_PKEY_encrypt(ctx, got, &len, sig, key->part) == 1 && len == key->part &&
		     secret_eq(got, want, key->part);
	EVP_PKEY_CTX_free(ctx);
	return is_ok ? SIGN_OK : SIGN_WRONG;
}

/* --- DSA --- */

static enum sign_fault
dsa_sign(const struct sign_key *key, const uint8_t *hash, size_t hash_len, uint8_t *out)
{
	uint8_t der[128];
	size_t len = sizeof(der);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
	bool is_ok = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
		     EVP_PKEY_sign(ctx, der, &len, hash, hash_len) == 1;
	EVP_PKEY_CTX_free(ctx);

	const unsigned char *p = der;
	DSA_SIG *pair = is_ok ? d2i_DSA_SIG(NULL, &p, (long)len) : NULL;
	const BIGNUM *r = NULL;
	const BIGNUM *s = NULL;
	if (pair != NULL)
		DSA_SIG_get0(pair, &r, &s);
	int part = (int)key->part;
	is_ok = pair != NULL && BN_bn2binpad(r, out, part) == part &&
		BN_bn2binpad(s, out + part, part) == part;
	DSA_SIG_free(pair);
	return is_ok ? SIGN_OK : SIGN_BAD_KEY;
}

static enum sign_fault
dsa_verify(const struct sign_key *key, const uint8_t *hash, size_t hash_len, const uint8_t *sig)
{
	int part = (int)key->part;
	BIGNUM *r = BN_bin2bn(sig, part, NULL);
	BIGNUM *s = BN_bin2bn(sig + part, part, NULL);
	DSA_SIG *pair = DSA_SIG_new();
	if (r == NULL || s == NULL || pair == NULL || DSA_SIG_set0(pair, r, s) != 1)
		abort();
	unsigned char *der = NULL;
	int len = i2d_DSA_SIG(pair, &der);
	DSA_SIG_free(pair);

	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
	bool is_ok = len > 0 && ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
		     EVP_PKEY_verify(ctx, der, (size_t)len, hash, hash_len) == 1;
	EVP_PKEY_CTX_free(ctx);
	OPENSSL_free(der);
	return is_ok ? SIGN_OK : SIGN_WRONG;
}

/* --- both --- */

enum sign_fault
sign_hash(const struct sign_key *key, const uint8_t *hash, size_t hash_len, uint8_t *out)
{
	return key->method == METHOD_DSA ? dsa_sign(key, hash, hash_len, out)
					 : rsa_sign(key, hash, hash_len, out);
}

enum sign_fault
sign_verify(const struct sign_key *key, const uint8_t *hash, size_t hash_len, const uint8_t *sig,
    size_t sig_len)
{
	if (sig_len != sign_len(key))
		return SIGN_BAD_LENGTH;
	return key->method == METHOD_DSA ? dsa_verify(key, hash, hash_len, sig)
					 : rsa_verify(key, hash, hash_len, sig);
}
