/* SPDX-License-Identifier: BSD-2-Clause
 *
 * key.c - key pairs by OpenSSL.
 */
#include "lib/pki/key.h"

#include "lib/base/text.h"
#include "lib/crypto/sign.h"
#include "lib/pki/cert.h"

#include <openssl/dsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <stdlib.h>
#include <string.h>

/* PKCS #8 of a key, in memory of malloc(). */
static uint8_t *
key_der(EVP_PKEY *key, size_t *out_len)
{
	uint8_t *out = NULL;
	*out_len = 0;
	PKCS8_PRIV_KEY_INFO *p8 = key != NULL ? EVP_PKEY2PKCS8(key) : NULL;
	unsigned char *der = NULL;
	int n = p8 != NULL ? i2d_PKCS8_PRIV_KEY_INFO(p8, &der) : -1;
	if (n > 0) {
		out = malloc((size_t)n);
		if (out == NULL)
			abort();
		memcpy(out, der, (size_t)n);
		*out_len = (size_t)n;
		OPENSSL_clear_free(der, (size_t)n);
	}
	PKCS8_PRIV_KEY_INFO_free(p8);
	return out;
}

/* DSA: L bits of p go with N bits of q (FIPS 186-4 s4.2). */
static EVP_PKEY *
dsa_generate(unsigned bits)
{
	EVP_PKEY *params = NULL;
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
	if (ctx == NULL || EVP_PKEY_paramgen_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_dsa_paramgen_bits(ctx, (int)bits) != 1 ||
	    EVP_PKEY_CTX_set_dsa_paramgen_q_bits(ctx, bits == 1024 ? 160 : 256) != 1 ||
	    EVP_PKEY_paramgen(ctx, &params) != 1)
		goto done;
	EVP_PKEY_CTX_free(ctx);
	ctx = EVP_PKEY_CTX_new(params, NULL);
	if (ctx == NULL || EVP_PKEY_keygen_init(ctx) != 1 || EVP_PKEY_keygen(ctx, &key) != 1)
		key = NULL;
done:
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(params);
	return key;
}

uint8_t *
pki_key_generate(enum auth_method method, unsigned bits, size_t *out_len)
{
	EVP_PKEY *key = NULL;
	*out_len = 0;
	if (bits < PKI_KEY_BITS_MIN || bits > PKI_KEY_BITS_MAX || bits % 1024 != 0)
		return NULL;
	if (method == METHOD_RSA)
		key = EVP_RSA_gen(bits);
	else if (method == METHOD_DSA && bits <= 3072)
		key = dsa_generate(bits);
	uint8_t *der = key_der(key, out_len);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return der;
}

static int
passphrase_give(char *buf, int size, int is_writing, void *arg)
{
	(void)is_writing;
	const char *passphrase = arg;
	size_t n = passphrase != NULL ? strlen(passphrase) : 0;
	if (n == 0 || n > (size_t)size)
		return -1; /* never asks the terminal */
	memcpy(buf, passphrase, n);
	return (int)n;
}

uint8_t *
pki_key_read(
    const uint8_t *b, size_t len, const char *passphrase, size_t *out_len, struct text *why)
{
	EVP_PKEY *key = NULL;
	*out_len = 0;
	if (len > 0 && len <= PKI_CERT_MAX && b[0] == 0x30) {
		const unsigned char *p = b;
		key = d2i_AutoPrivateKey(NULL, &p, (long)len);
		if (key != NULL && p != b + len) {
			EVP_PKEY_free(key);
			key = NULL;
		}
	} else if (len > 0 && len <= PKI_CERT_MAX) {
		BIO *bio = BIO_new_mem_buf(b, (int)len);
		key = bio != NULL ? PEM_read_bio_PrivateKey(
					bio, NULL, passphrase_give, (void *)(uintptr_t)passphrase)
				  : NULL;
		BIO_free(bio);
	}
	uint8_t *der = key_der(key, out_len);
	EVP_PKEY_free(key);
	ERR_clear_error();
	struct sign_key *fit = der != NULL ? sign_key_private(der, *out_len) : NULL;
	if (fit == NULL) {
		text_put(why, der == NULL ? "not a private key, or not with this passphrase"
					  : "not an RSA or DSA key of a fit size");
		pki_key_wipe(der, *out_len);
		*out_len = 0;
		return NULL;
	}
	sign_key_free(fit);
	return der;
}

void
pki_key_wipe(uint8_t *der, size_t len)
{
	if (der == NULL)
		return;
	OPENSSL_cleanse(der, len);
	free(der);
}

unsigned
pki_key_bits(const uint8_t *der, size_t len)
{
	const unsigned char *p = der;
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &p, (long)len);
	int bits = key != NULL ? EVP_PKEY_get_bits(key) : 0;
	EVP_PKEY_free(key);
	ERR_clear_error();
	return bits > 0 ? (unsigned)bits : 0;
}
