/* SPDX-License-Identifier: BSD-2-Clause
 *
 * engine_ssl.c - the engine that is OpenSSL, one packet at a time.
 *
 * AES and ChaCha20-Poly1305 go through EVP, whose context with the expanded key belongs to the SA.
 * Such a context serves one thread at a time; a worker that helps another one with the packets of
 * an SA waits for it. DES and the hashes go through libcrypto's older functions: EVP has no single
 * DES without a second provider, and copying an EVP hash state, which HMAC does twice a packet,
 * takes memory each time (OpenSSL 3.0). Their states are plain structs.
 */
/* the older functions are what is wanted here */
#define OPENSSL_API_COMPAT 10100

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include <openssl/des.h>
#include <openssl/evp.h>
#include <openssl/md5.h>
#include <openssl/sha.h>

#include "lib/esp/burst.h"
#include "lib/esp/engine.h"

enum {
	HMAC_BLOCK_LEN = 64,
	HMAC_BLOCK_BITS = 512,
};

static const char *const names[ENC_MAX] = {
	[ENC_AES_128_CBC] = "AES-128-CBC",
	[ENC_AES_192_CBC] = "AES-192-CBC",
	[ENC_AES_256_CBC] = "AES-256-CBC",
	[ENC_AES_128_GCM] = "AES-128-GCM",
	[ENC_AES_192_GCM] = "AES-192-GCM",
	[ENC_AES_256_GCM] = "AES-256-GCM",
	[ENC_CHACHA20_POLY1305] = "ChaCha20-Poly1305",
};

static EVP_CIPHER *methods[ENC_MAX]; /* constant after methods_fetch() */
static pthread_once_t methods_once = PTHREAD_ONCE_INIT;

static void
methods_fetch(void)
{
	for (unsigned i = 0; i < ENC_MAX; i++)
		if (names[i] != NULL)
			methods[i] = EVP_CIPHER_fetch(NULL, names[i], NULL);
}

/* ---- keys ---- */

static size_t
ssl_keys_len(enum enc_alg enc)
{
	return enc_info(enc)->is_des ? SA_DES_PARTS * sizeof(DES_key_schedule) : 0;
}

static DES_key_schedule *
des_keys(const struct sa *sa)
{
	return (DES_key_schedule *)(uintptr_t)sa->keys;
}

/* Single DES is triple DES with the same key three times, but a third of the work. */
static void
des_expand(struct sa *sa, const uint8_t *key)
{
	for (unsigned i = 0; i < sa->key_len / 8U; i++) {
		DES_cblock part;
		memcpy(part, key + 8 * i, sizeof(part));
		DES_set_key_unchecked(&part, des_keys(sa) + i);
		OPENSSL_cleanse(part, sizeof(part));
	}
}

/* The state of the hash after one block: the key, zero-padded, XOR a constant (RFC 2104 s2). */
static void
hmac_state(enum auth_alg auth, const uint8_t *key, uint8_t pad, uint8_t *out)
{
	union {
		MD5_CTX md5;
		SHA_CTX sha1;
		SHA256_CTX sha256;
	} c;
	uint8_t block[HMAC_BLOCK_LEN];
	memset(block, pad, sizeof(block));
	for (size_t i = 0; i < auth_info(auth)->key_len; i++)
		block[i] ^= key[i];
	if (auth == AUTH_HMAC_MD5_96) {
		MD5_Init(&c.md5);
		MD5_Update(&c.md5, block, sizeof(block));
		memcpy(out, &c.md5.A, 16);
	} else if (auth == AUTH_HMAC_SHA1_96) {
		SHA1_Init(&c.sha1);
		SHA1_Update(&c.sha1, block, sizeof(block));
		memcpy(out, &c.sha1.h0, 20);
	} else {
		SHA256_Init(&c.sha256);
		SHA256_Update(&c.sha256, block, sizeof(block));
		memcpy(out, c.sha256.h, 32);
	}
	OPENSSL_cleanse(&c, sizeof(c));
	OPENSSL_cleanse(block, sizeof(block));
}

static bool
ssl_expand(const struct engine *e, struct sa *sa, const struct sa_params *p)
{
	(void)e;
	if (p->auth != AUTH_NONE) {
		hmac_state(p->auth, p->auth_key, 0x36, sa->ipad);
		hmac_state(p->auth, p->auth_key, 0x5c, sa->opad);
	}
	if (enc_info(p->enc)->is_des)
		des_expand(sa, p->enc_key);
	if (methods[p->enc] == NULL)
		return true;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	sa->evp = ctx;
	return ctx != NULL &&
	       EVP_CipherInit_ex2(ctx, methods[p->enc], p->enc_key, NULL, !sa->is_in, NULL) == 1 &&
	       EVP_CIPHER_CTX_set_padding(ctx, 0) == 1;
}

static void
ssl_forget(struct sa *sa)
{
	EVP_CIPHER_CTX_free(sa->evp);
}

static EVP_CIPHER_CTX *
evp_lock(struct sa *sa)
{
	while (atomic_flag_test_and_set_explicit(&sa->evp_busy, memory_order_acquire))
		sched_yield();
	return sa->evp;
}

static void
evp_unlock(struct sa *sa)
{
	atomic_flag_clear_explicit(&sa->evp_busy, memory_order_release);
}

/* ---- encryption and HMAC ---- */

static bool
cbc(struct sa *sa, const uint8_t *iv, uint8_t *text, uint32_t len, bool is_encrypt)
{
	if (sa->params.enc == ENC_DES_CBC || sa->params.enc == ENC_3DES_CBC) {
		DES_key_schedule *k = des_keys(sa);
		int dir = is_encrypt ? DES_ENCRYPT : DES_DECRYPT;
		DES_cblock chain;
		memcpy(chain, iv, sizeof(chain));
		if (sa->params.enc == ENC_DES_CBC)
			DES_ncbc_encrypt(text, text, (int)len, k, &chain, dir);
		else
			DES_ede3_cbc_encrypt(text, text, (int)len, k, k + 1, k + 2, &chain, dir);
		return true;
	}
	EVP_CIPHER_CTX *ctx = evp_lock(sa);
	int n = 0;
	bool ok = EVP_CipherInit_ex2(ctx, NULL, NULL, iv, -1, NULL) == 1 &&
		  EVP_CipherUpdate(ctx, text, &n, text, (int)len) == 1 && (uint32_t)n == len;
	evp_unlock(sa);
	return ok;
}

static void
hmac_md5(const struct sa *sa, const uint8_t *text, uint32_t len, uint8_t *out)
{
	MD5_CTX c = { .Nl = HMAC_BLOCK_BITS };
	memcpy(&c.A, sa->ipad, 16);
	MD5_Update(&c, text, len);
	MD5_Final(out, &c);
	c = (MD5_CTX){ .Nl = HMAC_BLOCK_BITS };
	memcpy(&c.A, sa->opad, 16);
	MD5_Update(&c, out, MD5_DIGEST_LENGTH);
	MD5_Final(out, &c);
}

static void
hmac_sha1(const struct sa *sa, const uint8_t *text, uint32_t len, uint8_t *out)
{
	SHA_CTX c = { .Nl = HMAC_BLOCK_BITS };
	memcpy(&c.h0, sa->ipad, 20);
	SHA1_Update(&c, text, len);
	SHA1_Final(out, &c);
	c = (SHA_CTX){ .Nl = HMAC_BLOCK_BITS };
	memcpy(&c.h0, sa->opad, 20);
	SHA1_Update(&c, out, SHA_DIGEST_LENGTH);
	SHA1_Final(out, &c);
}

static void
hmac_sha256(const struct sa *sa, const uint8_t *text, uint32_t len, uint8_t *out)
{
	SHA256_CTX c = { .Nl = HMAC_BLOCK_BITS, .md_len = SHA256_DIGEST_LENGTH };
	memcpy(c.h, sa->ipad, sizeof(c.h));
	SHA256_Update(&c, text, len);
	SHA256_Final(out, &c);
	c = (SHA256_CTX){ .Nl = HMAC_BLOCK_BITS, .md_len = SHA256_DIGEST_LENGTH };
	memcpy(c.h, sa->opad, sizeof(c.h));
	SHA256_Update(&c, out, SHA256_DIGEST_LENGTH);
	SHA256_Final(out, &c);
}

static void
icv_compute(struct burst_item *it)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	const struct sa *sa = it->sa;
	if (sa->params.auth == AUTH_HMAC_MD5_96)
		hmac_md5(sa, it->hash_at, it->hash_len, digest);
	else if (sa->params.auth == AUTH_HMAC_SHA1_96)
		hmac_sha1(sa, it->hash_at, it->hash_len, digest);
	else
		hmac_sha256(sa, it->hash_at, it->hash_len, digest);
	memcpy(it->icv_out, digest, sa->hash_icv_len);
}

static void
ssl_run(struct engine *e, struct burst_item *const *items, unsigned n)
{
	(void)e;
	for (unsigned i = 0; i < n; i++) {
		struct burst_item *it = items[i];
		it->is_done = true;
		if (it->hash_len > 0 && !it->is_encrypt)
			icv_compute(it);
		if (it->cipher_len > 0)
			it->is_done =
			    cbc(it->sa, it->iv, it->cipher_at, it->cipher_len, it->is_encrypt);
		if (it->hash_len > 0 && it->is_encrypt)
			icv_compute(it);
	}
}

/* ---- AEAD ---- */

/* Everything but the ICV. */
static bool
aead_run(const struct sa *sa, EVP_CIPHER_CTX *ctx, const uint8_t *esp, const uint8_t *src,
    uint8_t *dst, uint32_t len)
{
	uint8_t nonce[16];
	int n = 0;
	engine_nonce(sa, esp, nonce);
	return EVP_CipherInit_ex2(ctx, NULL, NULL, nonce, -1, NULL) == 1 &&
	       EVP_CipherUpdate(ctx, NULL, &n, esp, AEAD_AAD_LEN) == 1 &&
	       EVP_CipherUpdate(ctx, dst, &n, src, (int)len) == 1 && (uint32_t)n == len;
}

static void
ssl_seal(struct engine *e, struct sa *sa, const uint8_t *esp, const uint8_t *src, uint8_t *dst,
    uint32_t len, uint8_t *icv)
{
	(void)e;
	EVP_CIPHER_CTX *ctx = evp_lock(sa);
	uint8_t rest[16];
	int n = 0;
	bool ok = aead_run(sa, ctx, esp, src, dst, len) && EVP_CipherFinal_ex(ctx, rest, &n) == 1 &&
		  EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_ICV_LEN, icv) == 1;
	assert(ok); /* nothing in it depends on the packet */
	evp_unlock(sa);
}

static bool
ssl_open(struct engine *e, struct sa *sa, const uint8_t *esp, const uint8_t *src, uint8_t *dst,
    uint32_t len, const uint8_t *icv)
{
	(void)e;
	EVP_CIPHER_CTX *ctx = evp_lock(sa);
	uint8_t expected[AEAD_ICV_LEN];
	uint8_t rest[16];
	int n = 0;
	memcpy(expected, icv, sizeof(expected)); /* the function wants what it may write to */
	bool ok = aead_run(sa, ctx, esp, src, dst, len) &&
		  EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_ICV_LEN, expected) == 1 &&
		  EVP_CipherFinal_ex(ctx, rest, &n) == 1;
	evp_unlock(sa);
	return ok;
}

/* ---- for iv.c ---- */

static void
ssl_stream(struct engine *e, const uint8_t *key, uint8_t *out, size_t n)
{
	static const uint8_t zero[16];
	int done = 0;
	memset(out, 0, n);
	bool ok = EVP_CipherInit_ex2(e->stream, NULL, key, zero, 1, NULL) == 1 &&
		  EVP_CipherUpdate(e->stream, out, &done, out, (int)n) == 1 && (size_t)done == n;
	assert(ok);
}

bool
engine_ssl_init(struct engine *e)
{
	e->stream = EVP_CIPHER_CTX_new();
	if (e->stream == NULL || pthread_once(&methods_once, methods_fetch) != 0 ||
	    EVP_CipherInit_ex2(e->stream, EVP_aes_256_ctr(), NULL, NULL, 1, NULL) != 1)
		return false;
	for (unsigned i = 0; i < ENC_MAX; i++)
		if (names[i] != NULL && methods[i] == NULL)
			return false;
	e->ops = &engine_ssl_ops;
	return true;
}

void
engine_ssl_done(struct engine *e)
{
	EVP_CIPHER_CTX_free(e->stream);
	*e = (struct engine){ 0 };
}

const struct engine_ops engine_ssl_ops = {
	.keys_len = ssl_keys_len,
	.expand = ssl_expand,
	.forget = ssl_forget,
	.run = ssl_run,
	.seal = ssl_seal,
	.open = ssl_open,
	.stream = ssl_stream,
};
