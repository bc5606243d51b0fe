/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hash.c - hashes and HMACs by OpenSSL.
 *
 * The methods are fetched once: a fetch costs more than the hash of a short message. HMAC is built
 * from the hash here (two passes, RFC 2104 s2), since EVP_MAC looks its digest up again for every key.
 */
#include "lib/crypto/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const EVP_MD *methods[HASH_MAX]; /* constant after methods_fetch() */
static pthread_once_t methods_once = PTHREAD_ONCE_INIT;

static void
methods_fetch(void)
{
	static const char *const names[HASH_MAX] = {
		[HASH_MD5] = "MD5",
		[HASH_SHA1] = "SHA1",
		[HASH_SHA_256] = "SHA256",
		[HASH_SHA_384] = "SHA384",
	};
	for (unsigned i = 0; i < HASH_MAX; i++)
		methods[i] = EVP_MD_fetch(NULL, names[i], NULL);
}

static const EVP_MD *
method(enum hash_alg alg)
{
	if (alg >= HASH_MAX || pthread_once(&methods_once, methods_fetch) != 0)
		return NULL;
	return methods[alg];
}

bool
hash_is_there(enum hash_alg alg)
{
	return method(alg) != NULL;
}

static void
must(int ok)
{
	if (ok != 1)
		abort();
}

/* One hash of an optional first block and the parts. */
static void
digest(EVP_MD_CTX *ctx, const EVP_MD *md, struct part first, const struct part *parts,
    size_t n_parts, uint8_t *out)
{
	must(EVP_DigestInit_ex2(ctx, md, NULL));
	if (first.n > 0)
		must(EVP_DigestUpdate(ctx, first.p, first.n));
	for (size_t i = 0; i < n_parts; i++)
		if (parts[i].n > 0)
			must(EVP_DigestUpdate(ctx, parts[i].p, parts[i].n));
	must(EVP_DigestFinal_ex(ctx, out, NULL));
}

static EVP_MD_CTX *
ctx_new(const EVP_MD *md)
{
	EVP_MD_CTX *ctx = md != NULL ? EVP_MD_CTX_new() : NULL;
	if (ctx == NULL)
		abort();
	return ctx;
}

void
hash_parts(enum hash_alg alg, const struct part *parts, size_t n_parts, uint8_t *out)
{
	const EVP_MD *md = method(alg);
	EVP_MD_CTX *ctx = ctx_new(md);
	digest(ctx, md, (struct part){ 0 }, parts, n_parts, out);
	EVP_MD_CTX_free(ctx);
}

void
hmac_parts(
    enum hash_alg alg, struct part key, const struct part *parts, size_t n_parts, uint8_t *out)
{
	const EVP_MD *md = method(alg);
	const struct hash_info *info = hash_info(alg);
	EVP_MD_CTX *ctx = ctx_new(md);
	uint8_t block[HASH_BLOCK_MAX] = { 0 };
	uint8_t inner[HASH_LEN_MAX];

	if (key.n > info->block_len)
		digest(ctx, md, (struct part){ 0 }, &key, 1, block);
	else if (key.n > 0)
		memcpy(block, key.p, key.n);
	for (unsigned i = 0; i < info->block_len; i++)
		block[i] ^= 0x36;
	digest(ctx, md, (struct part){ block, info->block_len }, parts, n_parts, inner);
	for (unsigned i = 0; i < info->block_len; i++)
		block[i] ^= 0x36 ^ 0x5c;
	digest(ctx, md, (struct part){ block, info->block_len }, &(struct part){ inner, info->len },
	    1, out);
	secret_wipe(block, sizeof(block));
	secret_wipe(inner, sizeof(inner));
	EVP_MD_CTX_free(ctx);
}

bool
secret_eq(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

void
secret_wipe(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}
