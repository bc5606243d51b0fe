/* SPDX-License-Identifier: BSD-2-Clause
 *
 * engine_mb.c - the engine that is libipsec-mb.
 *
 * GCM goes through the library's direct functions, which a job only wraps, with keys that gcm.h keeps; ChaCha20-Poly1305 is a
 * job that is done when it is submitted; everything else goes through the burst interface, which
 * works on 8 to 16 packets in parallel. How many packets a burst needs, AES-128-CBC + HMAC-SHA1-96
 * on Sapphire Rapids, ns a packet sealed/opened by out_burst() and in_burst():
 *
 *	burst        64 octets    256 octets   1,400 octets
 *	    4          310/264       468/379      1508/1159
 *	    8          212/174       295/250        831/664
 *	   16          161/132       203/168        467/399
 *	   32          144/126       193/166        457/402
 *	   64          136/123       183/162        443/401
 *
 * so 16 fill all lanes, and more only share what is done once a burst. GCM is the same from 4 on. Of
 * the ways to hand over 64 jobs of 256 octets, ns a packet, Zen 4: one job at a time 139,
 * IMB_SUBMIT_BURST 135, separate cipher and hash bursts 128; at 1,400 octets, and on Sapphire Rapids
 * at any size, all within 2 %. The second takes any mixture of algorithms, the third only one at a
 * time and not all of ours (no MD5, no DES), so the second it is. Arguments are not validated again
 * by the library: every length and pointer was set by out.c and in.c and is asserted here.
 */
#include <assert.h>
#include <string.h>

#include "lib/esp/burst.h"
#include "lib/esp/engine.h"

enum {
	HMAC_BLOCK_LEN = 64,
};

static const IMB_CIPHER_MODE ciphers[ENC_MAX] = {
	[ENC_NULL] = IMB_CIPHER_NULL,
	[ENC_DES_CBC] = IMB_CIPHER_DES,
	[ENC_3DES_CBC] = IMB_CIPHER_DES3,
	[ENC_AES_128_CBC] = IMB_CIPHER_CBC,
	[ENC_AES_192_CBC] = IMB_CIPHER_CBC,
	[ENC_AES_256_CBC] = IMB_CIPHER_CBC,
	[ENC_AES_128_GCM] = IMB_CIPHER_GCM,
	[ENC_AES_192_GCM] = IMB_CIPHER_GCM,
	[ENC_AES_256_GCM] = IMB_CIPHER_GCM,
	[ENC_CHACHA20_POLY1305] = IMB_CIPHER_CHACHA20_POLY1305,
};

static const IMB_HASH_ALG hashes[AUTH_MAX] = {
	[AUTH_NONE] = IMB_AUTH_NULL,
	[AUTH_HMAC_MD5_96] = IMB_AUTH_MD5,
	[AUTH_HMAC_SHA1_96] = IMB_AUTH_HMAC_SHA_1,
	[AUTH_HMAC_SHA_256_128] = IMB_AUTH_HMAC_SHA_256,
};

/* ---- keys ---- */

/* As libipsec-mb wants the three parts of a 3DES key. */
struct des3_keys {
	const void *parts[SA_DES_PARTS]; /* into schedules */
	uint8_t schedules[SA_DES_PARTS][IMB_DES_KEY_SCHED_SIZE];
};

/* 11, 13 or 15 round keys. */
static size_t
aes_keys_len(size_t key_len)
{
	return (key_len / 4 + 7) * 16;
}

static size_t
mb_keys_len(enum enc_alg enc)
{
	switch (ciphers[enc]) {
	case IMB_CIPHER_CBC:
		return aes_keys_len(enc_info(enc)->key_len);
	case IMB_CIPHER_DES:
		return IMB_DES_KEY_SCHED_SIZE;
	case IMB_CIPHER_DES3:
		return sizeof(struct des3_keys);
	case IMB_CIPHER_CHACHA20_POLY1305:
		return enc_info(enc)->key_len;
	default: /* GCM: see gcm.h */
		return 0;
	}
}

static void
aes_expand(IMB_MGR *mgr, struct sa *sa, const uint8_t *key)
{
	uint8_t enc[16 * 15] __attribute__((aligned(16)));
	uint8_t dec[16 * 15] __attribute__((aligned(16)));
	if (sa->key_len == IMB_KEY_128_BYTES)
		IMB_AES_KEYEXP_128(mgr, key, enc, dec);
	else if (sa->key_len == IMB_KEY_192_BYTES)
		IMB_AES_KEYEXP_192(mgr, key, enc, dec);
	else
		IMB_AES_KEYEXP_256(mgr, key, enc, dec);
	memcpy(sa->keys, sa->is_in ? dec : enc, aes_keys_len(sa->key_len));
	explicit_bzero(enc, sizeof(enc));
	explicit_bzero(dec, sizeof(dec));
}

static void
des_schedule(IMB_MGR *mgr, const uint8_t *key, uint8_t *out)
{
	IMB_DES_KEYSCHED(mgr, (uint64_t *)(void *)out, key);
}

static void
des3_expand(IMB_MGR *mgr, struct sa *sa, const uint8_t *key)
{
	struct des3_keys *k = (struct des3_keys *)(void *)sa->keys;
	for (unsigned i = 0; i < SA_DES_PARTS; i++) {
		des_schedule(mgr, key + 8 * i, k->schedules[i]);
		k->parts[i] = k->schedules[i];
	}
}

static void
gcm_expand(IMB_MGR *mgr, struct sa *sa, const uint8_t *key)
{
	gcm_set_key(sa, key);
	if (sa->key_len == IMB_KEY_128_BYTES)
		sa->gcm = sa->is_in ? mgr->gcm128_dec : mgr->gcm128_enc;
	else if (sa->key_len == IMB_KEY_192_BYTES)
		sa->gcm = sa->is_in ? mgr->gcm192_dec : mgr->gcm192_enc;
	else
		sa->gcm = sa->is_in ? mgr->gcm256_dec : mgr->gcm256_enc;
}

/* The state of the hash after one block: the key, zero-padded, XOR a constant (RFC 2104 s2). */
static void
hmac_state(
    IMB_MGR *mgr, IMB_HASH_ALG hash, const uint8_t *key, size_t key_len, uint8_t pad, uint8_t *out)
{
	uint8_t block[HMAC_BLOCK_LEN];
	memset(block, pad, sizeof(block));
	for (size_t i = 0; i < key_len; i++)
		block[i] ^= key[i];
	if (hash == IMB_AUTH_HMAC_SHA_1)
		IMB_SHA1_ONE_BLOCK(mgr, block, out);
	else if (hash == IMB_AUTH_HMAC_SHA_256)
		IMB_SHA256_ONE_BLOCK(mgr, block, out);
	else
		IMB_MD5_ONE_BLOCK(mgr, block, out);
	explicit_bzero(block, sizeof(block));
}

static void
mb_expand(const struct engine *e, struct sa *sa, const struct sa_params *p)
{
	sa->cipher = ciphers[p->enc];
	sa->hash = hashes[p->auth];
	if (sa->cipher == IMB_CIPHER_GCM) {
		gcm_expand(e->mgr, sa, p->enc_key);
		return;
	}
	sa->cipher_keys = sa->keys;
	if (sa->cipher == IMB_CIPHER_CBC)
		aes_expand(e->mgr, sa, p->enc_key);
	else if (sa->cipher == IMB_CIPHER_CHACHA20_POLY1305)
		memcpy(sa->keys, p->enc_key, sa->key_len);
	else if (sa->cipher == IMB_CIPHER_DES3)
		des3_expand(e->mgr, sa, p->enc_key);
	else if (sa->cipher == IMB_CIPHER_DES)
		des_schedule(e->mgr, p->enc_key, sa->keys);
	if (sa->hash != IMB_AUTH_NULL) {
		size_t len = auth_info(p->auth)->key_len;
		hmac_state(e->mgr, sa->hash, p->auth_key, len, 0x36, sa->ipad);
		hmac_state(e->mgr, sa->hash, p->auth_key, len, 0x5c, sa->opad);
	}
}

static void
mb_forget(const struct sa *sa)
{
	if (sa->gcm != NULL)
		gcm_forget(sa);
}

/* ---- bursts ---- */

static void
job_fill(IMB_JOB *job, struct burst_item *it)
{
	const struct sa *sa = it->sa;
	bool has_cipher = it->cipher_len > 0;
	bool has_hash = it->hash_len > 0;
	uint8_t *base = has_hash ? it->hash_at : it->cipher_at;
	size_t cipher_off = has_cipher ? (size_t)(it->cipher_at - base) : 0;
	assert(it->hash_len <= BURST_LEN_MAX && it->cipher_len <= BURST_LEN_MAX);

	job->user_data = it;
	job->src = base;
	job->dst = base + cipher_off;
	job->cipher_mode = has_cipher ? sa->cipher : IMB_CIPHER_NULL;
	job->cipher_direction = it->is_encrypt ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
	job->chain_order = it->is_encrypt ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
	job->enc_keys = sa->cipher_keys;
	job->dec_keys = sa->cipher_keys;
	job->key_len_in_bytes = sa->key_len;
	job->iv = it->iv;
	job->iv_len_in_bytes = sa->iv_len;
	job->cipher_start_src_offset_in_bytes = cipher_off;
	job->msg_len_to_cipher_in_bytes = it->cipher_len;
	job->hash_alg = has_hash ? sa->hash : IMB_AUTH_NULL;
	job->hash_start_src_offset_in_bytes = 0;
	job->msg_len_to_hash_in_bytes = it->hash_len;
	job->auth_tag_output = it->icv_out;
	job->auth_tag_output_len_in_bytes = sa->hash_icv_len;
	job->u.HMAC._hashed_auth_key_xor_ipad = sa->ipad;
	job->u.HMAC._hashed_auth_key_xor_opad = sa->opad;
}

static void
jobs_done(IMB_JOB **jobs, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct burst_item *it = jobs[i]->user_data;
		it->is_done = jobs[i]->status == IMB_STATUS_COMPLETED;
	}
}

static void
mb_run(struct engine *e, struct burst_item *const *items, unsigned n_items)
{
	IMB_JOB *jobs[ESP_BURST_MAX];
	unsigned at = 0;
	while (at < n_items) {
		uint32_t n = IMB_GET_NEXT_BURST(e->mgr, n_items - at, jobs);
		assert(n > 0); /* nothing is left in the queue between bursts */
		for (uint32_t i = 0; i < n; i++) {
			items[at + i]->is_done = false;
			job_fill(jobs[i], items[at + i]);
		}
		uint32_t done = IMB_SUBMIT_BURST_NOCHECK(e->mgr, n, jobs);
		jobs_done(jobs, done);
		while (done < n) {
			uint32_t more = IMB_FLUSH_BURST(e->mgr, n - done, jobs);
			if (more == 0)
				break; /* the rest stays not done and is dropped */
			jobs_done(jobs, more);
			done += more;
		}
		at += n;
	}
}

/* ---- AEAD ---- */

/* All of these jobs are done within the submission: the queue is empty between calls. */
static bool
chacha_run(struct engine *e, const struct sa *sa, IMB_CIPHER_DIRECTION dir, const uint8_t *esp,
    const uint8_t *src, uint8_t *dst, uint32_t len, uint8_t *icv)
{
	uint8_t nonce[16];
	engine_nonce(sa, esp, nonce);
	IMB_JOB *job = IMB_GET_NEXT_JOB(e->mgr);
	job->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
	job->cipher_direction = dir;
	job->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
	job->chain_order = dir == IMB_DIR_ENCRYPT ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
	job->enc_keys = sa->keys;
	job->dec_keys = sa->keys;
	job->key_len_in_bytes = sa->key_len;
	job->src = src;
	job->dst = dst;
	job->cipher_start_src_offset_in_bytes = 0;
	job->msg_len_to_cipher_in_bytes = len;
	job->hash_start_src_offset_in_bytes = 0;
	job->msg_len_to_hash_in_bytes = len;
	job->iv = nonce;
	job->iv_len_in_bytes = AEAD_NONCE_LEN;
	job->auth_tag_output = icv;
	job->auth_tag_output_len_in_bytes = AEAD_ICV_LEN;
	job->u.CHACHA20_POLY1305.aad = esp;
	job->u.CHACHA20_POLY1305.aad_len_in_bytes = AEAD_AAD_LEN;
	job = IMB_SUBMIT_JOB_NOCHECK(e->mgr);
	if (job == NULL)
		job = IMB_FLUSH_JOB(e->mgr);
	return job != NULL && job->status == IMB_STATUS_COMPLETED;
}

/* GCM does not come here: see engine_seal(). */
static void
mb_seal(struct engine *e, struct sa *sa, const uint8_t *esp, const uint8_t *src, uint8_t *dst,
    uint32_t len, uint8_t *icv)
{
	bool ok = chacha_run(e, sa, IMB_DIR_ENCRYPT, esp, src, dst, len, icv);
	assert(ok);
}

static bool
mb_open(struct engine *e, struct sa *sa, const uint8_t *esp, const uint8_t *src, uint8_t *dst,
    uint32_t len, const uint8_t *icv)
{
	uint8_t right[AEAD_ICV_LEN];
	return chacha_run(e, sa, IMB_DIR_DECRYPT, esp, src, dst, len, right) &&
	       engine_icv_eq(right, icv);
}

/* ---- for iv.c ---- */

static void
mb_stream(struct engine *e, const uint8_t *key, uint8_t *out, size_t n)
{
	uint8_t enc[16 * 15] __attribute__((aligned(16)));
	uint8_t dec[16 * 15] __attribute__((aligned(16)));
	IMB_AES_KEYEXP_256(e->mgr, key, enc, dec);
	static const uint8_t zero[16];
	memset(out, 0, n);
	IMB_JOB *job = IMB_GET_NEXT_JOB(e->mgr);
	*job = (IMB_JOB){
		.cipher_mode = IMB_CIPHER_CNTR,
		.cipher_direction = IMB_DIR_ENCRYPT,
		.chain_order = IMB_ORDER_CIPHER_HASH,
		.hash_alg = IMB_AUTH_NULL,
		.enc_keys = enc,
		.dec_keys = enc,
		.key_len_in_bytes = IMB_KEY_256_BYTES,
		.src = out,
		.dst = out,
		.msg_len_to_cipher_in_bytes = n,
		.iv = zero,
		.iv_len_in_bytes = 16,
	};
	job = IMB_SUBMIT_JOB(e->mgr);
	if (job == NULL)
		job = IMB_FLUSH_JOB(e->mgr);
	assert(job != NULL && job->status == IMB_STATUS_COMPLETED);
	explicit_bzero(enc, sizeof(enc));
	explicit_bzero(dec, sizeof(dec));
}

static const char *
flavour_name(IMB_ARCH arch)
{
	switch (arch) {
	case IMB_ARCH_SSE:
		return "SSE";
	case IMB_ARCH_AVX:
		return "AVX";
	case IMB_ARCH_AVX2:
		return "AVX2";
	case IMB_ARCH_AVX512:
		return "AVX512";
	default:
		return NULL;
	}
}

bool
engine_mb_init(struct engine *e, enum engine_id id, const char **out_flavour)
{
	IMB_ARCH arch = IMB_ARCH_SSE;
	e->mgr = alloc_mb_mgr(0);
	if (e->mgr == NULL)
		return false;
	if (id == ENGINE_MB_SSE)
		init_mb_mgr_sse(e->mgr);
	else
		init_mb_mgr_auto(e->mgr, &arch);
	const char *flavour = flavour_name(arch); /* none without AES-NI: slower than OpenSSL */
	if (flavour == NULL || imb_get_errno(e->mgr) != 0) {
		engine_mb_done(e);
		return false;
	}
	e->gcm_cache = gcm_cache_new(e->mgr);
	if (e->gcm_cache == NULL) {
		engine_mb_done(e);
		return false;
	}
	e->ops = &engine_mb_ops;
	*out_flavour = flavour;
	return true;
}

void
engine_mb_done(struct engine *e)
{
	gcm_cache_free(e->gcm_cache);
	if (e->mgr != NULL)
		free_mb_mgr(e->mgr);
	*e = (struct engine){ 0 };
}

const struct engine_ops engine_mb_ops = {
	.keys_len = mb_keys_len,
	.expand = mb_expand,
	.forget = mb_forget,
	.run = mb_run,
	.seal = mb_seal,
	.open = mb_open,
	.stream = mb_stream,
};
