/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cipher.c - CBC in place by OpenSSL.
 *
 * OpenSSL 3 keeps single DES in a provider that is not loaded by default, so DES runs as triple DES
 * with three equal keys: encrypt, decrypt, encrypt with the same key is one encryption.
 */
#include "lib/crypto/cipher.h"

#include "lib/crypto/hash.h"

#include <limits.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const EVP_CIPHER *methods[ENC_MAX]; /* constant after methods_fetch() */
static pthread_once_t methods_once = PTHREAD_ONCE_INIT;

static void
methods_fetch(void)
{
	static const char *const names[ENC_MAX] = {
		[ENC_DES_CBC] = "DES-EDE3-CBC",
		[ENC_3DES_CBC] = "DES-EDE3-CBC",
		[ENC_AES_128_CBC] = "AES-128-CBC",
		[ENC_AES_192_CBC] = "AES-192-CBC",
		[ENC_AES_256_CBC] = "AES-256-CBC",
	};
	for (unsigned i = 0; i < ENC_MAX; i++)
		if (names[i] != NULL)
			methods[i] = EVP_CIPHER_fetch(NULL, names[i], NULL);
}

static const EVP_CIPHER *
method(enum enc_alg alg)
{
	if (alg >= ENC_MAX || pthread_once(&methods_once, methods_fetch) != 0)
		return NULL;
	return methods[alg];
}

void
cipher_cbc(enum enc_alg alg, enum cipher_dir dir, const uint8_t *key, uint8_t *iv, uint8_t *buf,
    size_t len)
{
	const struct enc_info *info = enc_info(alg);
	const EVP_CIPHER *c = method(alg);
	if (c == NULL || len == 0 || len > INT_MAX || len % info->block_len != 0)
		abort();

	uint8_t thrice[24];
	if (alg == ENC_DES_CBC) {
		for (unsigned i = 0; i < 3; i++)
			memcpy(thrice + 8 * i, key, 8);
		key = thrice;
	}
	uint8_t last[CIPHER_IV_MAX];
	const uint8_t *tail = buf + len - info->iv_len;
	if (dir == CIPHER_DECRYPT)
		memcpy(last, tail, info->iv_len);

	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int done = 0;
	if (ctx == NULL || EVP_CipherInit_ex2(ctx, c, key, iv, dir == CIPHER_ENCRYPT, NULL) != 1 ||
	    EVP_CIPHER_CTX_set_padding(ctx, 0) != 1 ||
	    EVP_CipherUpdate(ctx, buf, &done, buf, (int)len) != 1 || (size_t)done != len)
		abort();
	EVP_CIPHER_CTX_free(ctx);

	if (dir == CIPHER_ENCRYPT)
		memcpy(last, tail, info->iv_len);
	memcpy(iv, last, info->iv_len);
	secret_wipe(thrice, sizeof(thrice));
}
