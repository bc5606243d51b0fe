/* SPDX-License-Identifier: BSD-2-Clause
 *
 * iv.c - the generator of IVs.
 *
 * See iv.h for the construction (fast key erasure). Called by out.c for every packet that
 * is encrypted, on the worker's thread.
 */
#include "lib/esp/iv.h"

#include <assert.h>
#include <string.h>

#include <intel-ipsec-mb.h>

static void
iv_refill(struct iv_gen *g, struct IMB_MGR *mgr)
{
	if (g->pages++ % IV_RESEED_PAGES == 0) {
		uint8_t seed[IV_KEY_LEN];
		g->rand(g->rand_arg, seed, sizeof(seed));
		for (size_t i = 0; i < sizeof(seed); i++)
			g->key[i] ^= seed[i];
		explicit_bzero(seed, sizeof(seed));
	}
	uint8_t enc[16 * 15] __attribute__((aligned(16)));
	uint8_t dec[16 * 15] __attribute__((aligned(16)));
	IMB_AES_KEYEXP_256(mgr, g->key, enc, dec);
	static const uint8_t zero[16];
	memset(g->page, 0, sizeof(g->page));
	IMB_JOB *job = IMB_GET_NEXT_JOB(mgr);
	*job = (IMB_JOB){
		.cipher_mode = IMB_CIPHER_CNTR,
		.cipher_direction = IMB_DIR_ENCRYPT,
		.chain_order = IMB_ORDER_CIPHER_HASH,
		.hash_alg = IMB_AUTH_NULL,
		.enc_keys = enc,
		.dec_keys = enc,
		.key_len_in_bytes = IMB_KEY_256_BYTES,
		.src = g->page,
		.dst = g->page,
		.msg_len_to_cipher_in_bytes = sizeof(g->page),
		.iv = zero,
		.iv_len_in_bytes = 16,
	};
	job = IMB_SUBMIT_JOB(mgr);
	if (job == NULL)
		job = IMB_FLUSH_JOB(mgr);
	assert(job != NULL && job->status == IMB_STATUS_COMPLETED);
	memcpy(g->key, g->page, sizeof(g->key));
	explicit_bzero(g->page, sizeof(g->key));
	explicit_bzero(enc, sizeof(enc));
	explicit_bzero(dec, sizeof(dec));
	g->at = sizeof(g->key);
}

void
iv_init(struct iv_gen *g, struct IMB_MGR *mgr, void (*rand)(void *, void *, size_t), void *arg)
{
	*g = (struct iv_gen){ .rand = rand, .rand_arg = arg };
	iv_refill(g, mgr);
}

void
iv_done(struct iv_gen *g)
{
	explicit_bzero(g, sizeof(*g));
}

void
iv_take(struct iv_gen *g, struct IMB_MGR *mgr, uint8_t *out, size_t n)
{
	if (sizeof(g->page) - g->at < n)
		iv_refill(g, mgr);
	memcpy(out, g->page + g->at, n);
	memset(g->page + g->at, 0, n);
	g->at += n;
}
