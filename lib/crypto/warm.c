/* SPDX-License-Identifier: BSD-2-Clause
 *
 * warm.c - has the library do once what it does on first use: before files are forbidden.
 *
 * OpenSSL reads its configuration, finds its providers and seeds its generator of random numbers (which blinds points of curves)
 * when it first needs them. A process whose system calls are limited would end there.
 */
#include "lib/crypto/warm.h"

#include "lib/crypto/cipher.h"
#include "lib/crypto/dh.h"
#include "lib/crypto/hash.h"

#include <openssl/crypto.h>
#include <stdlib.h>

void
crypto_warm(void)
{
	uint8_t block[CIPHER_IV_MAX] = { 0 };
	uint8_t iv[CIPHER_IV_MAX] = { 0 };
	uint8_t key[CIPHER_KEY_MAX] = { 0 };
	uint8_t random[DH_RANDOM_MAX] = { 1 };
	uint8_t shared[DH_SECRET_MAX];
	struct dh_key curve;
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		abort();
	for (unsigned alg = 0; alg < HASH_MAX; alg++)
		(void)hash_is_there((enum hash_alg)alg);
	cipher_cbc(ENC_AES_128_CBC, CIPHER_ENCRYPT, key, iv, block, sizeof(block));
	if (!dh_generate(DH_GROUP19, random, &curve) ||
	    dh_shared(&curve, curve.public, dh_info(DH_GROUP19)->public_len, shared) != DH_OK)
		abort();
}
