/* SPDX-License-Identifier: BSD-2-Clause
 *
 * engine_ssl.c - the engine that is OpenSSL, one packet at a time.
 *
 * AES and ChaCha20-Poly1305 go through EVP. A context of that serves one thread at a time, and a worker that helps
 * another one may be stopped in the middle of a packet, so each worker has contexts of its own, one for each algorithm
 * and direction: when a packet of another SA comes, the key is set anew (some hundred ns). What such a context
 * still holds when nothing comes is wiped by rest(). DES and the hashes go through libcrypto's older functions: EVP has no single
 * DES without a second provider, and copying an EVP hash state, which HMAC does twice a packet,
 * takes memory each time (OpenSSL 3.0). Their states are plain structs.
 */
/* the older functions are what is wanted here */
#define OPENSSL_API_COMPAT 10100

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
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
static _Atomic uint64_t last_key_id;

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
	return enc_info(enc)->is_des ? SA_DES_PARTS * sizeof(DES_key_schedule)
				     : enc_info(enc)->key_len;
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

static void
ssl_expand(const struct engine *e, struct sa *sa, const struct sa_params *p)
{
	(void)e;
	if (p->auth != AUTH_NONE) {
		hmac_state(p->auth, p->auth_key, 0x36, sa->ipad);
		hmac_state(p->auth, p->auth_key, 0x5c, sa->opad);
	}
	if (enc_info(p->enc)->is_des)
		des_expand(sa, p->enc_key);
	else if (methods[p->enc] != NULL)
		memcpy(sa->keys, p->enc_key, sa->key_len);
	sa->key_id = atomic_fetch_add_explicit(&last_key_id, 1, memory_order_relaxed) + 1;
}

/* The context of this worker, set to the key of SA and IV; NULL: OpenSSL has failed. */
static EVP_CIPHER_CTX *
evp_begin(struct engine *e, const struct sa *sa, const uint8_t *iv)
{
	struct engine_evp *v = &e->evp[sa->params.enc][sa->is_in];
	bool is_same = v->key_id == sa->key_id;
	v->key_id = sa->key_id;
	if (EVP_CipherInit_ex2(v->ctx, NULL, is_same ? NULL : sa->keys, iv, -1, NULL) == 1)
		return v->ctx;
	v->key_id = 0;
	return NULL;
}

static void
ssl_rest(struct engine *e)
{
	static const uint8_t nothing[EVP_MAX_KEY_LENGTH];
	for (unsigned i = 0; i < ENC_MAX; i++)
		for (unsigned is_in = 0; is_in < 2; is_in++) {
			struct engine_evp *v = &e->evp[i][is_in];
			if (v->key_id == 0)
				continue;
			v->key_id = 0;
			(void)EVP_CipherInit_ex2(v->ctx, NULL, nothing, nothing, -1, NULL);
		}
}

/* ---- encryption and HMAC ---- */

static bool
cbc(struct engine *e, const struct sa *sa, const uint8_t *iv, uint8_t *text, uint32_t len,
    bool is_encrypt)
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
	EVP_CIPHER_CTX *ctx = evp_begin(e, sa, iv);
	int n = 0;
	return ctx != NULL && EVP_CipherUpdate(ctx, text, &n, text, (int)len) == 1 &&
	       (uint32_t)n == len;
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
	for (unsigned i = 0; i < n; i++) {
		struct burst_item *it = items[i];
		it->is_done = true;
		if (it->hash_len > 0 && !it->is_encrypt)
			icv_compute(it);
		if (it->cipher_len > 0)
			it->is_done =
			    cbc(e, it->sa, it->iv, it->cipher_at, it->cipher_len, it->is_encrypt);
		if (it->hash_len > 0 && it->is_encrypt)
			icv_compute(it);
	}
}

/* ---- AEAD ---- */

/* Everything but the ICV. NULL: OpenSSL has failed. */
static EVP_CIPHER_CTX *
aead_run(struct engine *e, const struct sa *sa, const uint8_t *esp, const uint8_t *src,
    uint8_t *dst, uint32_t len)
{
	uint8_t nonce[16];
	int n = 0;
	engine_nonce(sa, esp, nonce);
	EVP_CIPHER_CTX *ctx = evp_begin(e, sa, nonce);
	bool ok = ctx != NULL && EVP_CipherUpdate(ctx, NULL, &n, esp, AEAD_AAD_LEN) == 1 &&
		  EVP_CipherUpdate(ctx, dst, &n, src, (int)len) == 1 && (uint32_t)n == len;
	return ok ? ctx : NULL;
}

static void
ssl_seal(struct engine *e, struct sa *sa, const uint8_t *esp, const uint8_t *src, uint8_t *dst,
    uint32_t len, uint8_t *icv)
{
	EVP_CIPHER_CTX *ctx = aead_run(e, sa, esp, src, dst, len);
	uint8_t rest[16];
	int n = 0;
	bool ok = ctx != NULL && EVP_CipherFinal_ex(ctx, rest, &n) == 1 &&
		  EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_ICV_LEN, icv) == 1;
	assert(ok); /* nothing in it depends on the packet */
}

static bool
ssl_open(struct engine *e, struct sa *sa, const uint8_t *esp, const uint8_t *src, uint8_t *dst,
    uint32_t len, const uint8_t *icv)
{
	uint8_t expected[AEAD_ICV_LEN];
	uint8_t rest[16];
	int n = 0;
	memcpy(expected, icv, sizeof(expected)); /* the function wants what it may write to */
	EVP_CIPHER_CTX *ctx = aead_run(e, sa, esp, src, dst, len);
	return ctx != NULL &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_ICV_LEN, expected) == 1 &&
	       EVP_CipherFinal_ex(ctx, rest, &n) == 1;
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

static bool
contexts_make(struct engine *e)
{
	for (unsigned i = 0; i < ENC_MAX; i++)
		for (unsigned is_in = 0; is_in < 2 && methods[i] != NULL; is_in++) {
			EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
			e->evp[i][is_in].ctx = ctx;
			if (ctx == NULL ||
			    EVP_CipherInit_ex2(ctx, methods[i], NULL, NULL, !is_in, NULL) != 1 ||
			    EVP_CIPHER_CTX_set_padding(ctx, 0) != 1)
				return false;
		}
	return true;
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
	return contexts_make(e);
}

void
engine_ssl_done(struct engine *e)
{
	EVP_CIPHER_CTX_free(e->stream);
	for (unsigned i = 0; i < ENC_MAX; i++)
		for (unsigned is_in = 0; is_in < 2; is_in++)
			EVP_CIPHER_CTX_free(e->evp[i][is_in].ctx);
	*e = (struct engine){ 0 };
}

const struct engine_ops engine_ssl_ops = {
	.keys_len = ssl_keys_len,
	.expand = ssl_expand,
	.run = ssl_run,
	.seal = ssl_seal,
	.open = ssl_open,
	.stream = ssl_stream,
	.rest = ssl_rest,
};
