/* SPDX-License-Identifier: BSD-2-Clause
 *
 * esp_bench.c - lib/esp against the raw libipsec-mb ceiling, on one core, in one run.
 *
 * For each algorithm and packet size: nanoseconds a packet of (a) the crypto alone with the same
 * lengths, by the best of libipsec-mb's interfaces, (b) encapsulation, (c) decapsulation with
 * replay window, both in bursts of 64 through the public interface; for GCM also against a ceiling that does what any ESP
 * must besides (raw_dutiful()); then the cost of finding an SA
 * among 1 to 100,000. The rounds of a, b and c are interleaved and the best of each is printed,
 * since the machine is noisy.
 *
 * usage: [GLIBC_TUNABLES=glibc.malloc.hugetlb=1] esp_bench [quick | lookup]
 * The variable is what picd is started with.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <intel-ipsec-mb.h>

#include "bench/esp_super.h"
#include "lib/base/clock.h"
#include "lib/esp/in.h"
#include "lib/esp/out.h"
#include "lib/esp/pkt.h"
#include "lib/esp/sa.h"
#include "lib/esp/sad.h"
#include "lib/esp/worker.h"

enum {
	N = ESP_BURST_MAX,
	BUF_LEN = 2048,
	ESP_LEN = 8,
	SAS_MAX = 100000,
	PICKS = N * 64,
	LINE_STEP = 1344, /* octets: about an SA */
};

static unsigned rounds = 150; /* many short ones: some fall between the machine's other work */

static double
now_ns(void)
{
	return (double)clock_ns();
}

static void
system_rand(void *arg, void *buf, size_t n)
{
	(void)arg;
	if (getrandom(buf, n, 0) != (ssize_t)n)
		abort();
}

/* The ceiling: jobs of the same lengths on buffers that stay where they are. */
struct raw {
	IMB_MGR *mgr;
	IMB_CIPHER_MODE cipher;
	IMB_HASH_ALG hash;
	unsigned key_len;
	unsigned iv_len;
	unsigned cipher_len;
	unsigned icv_len;
	const void *keys[2]; /* decrypt, encrypt */
	_Alignas(64) uint8_t schedules[2][16 * 24];
	const void *parts[3];
	_Alignas(64) struct gcm_key_data gcm_key;
	struct gcm_context_data gcm;
	_Alignas(64) uint8_t pads[2][64];
	uint8_t *bufs[N];
	uint8_t icvs[N][32];
	IMB_JOB jobs[N];
};

static void
raw_init(struct raw *r, const struct sa_params *p, unsigned size)
{
	const struct enc_info *enc = enc_info(p->enc);
	r->cipher = p->enc == ENC_NULL                ? IMB_CIPHER_NULL
		    : p->enc == ENC_DES_CBC           ? IMB_CIPHER_DES
		    : p->enc == ENC_3DES_CBC          ? IMB_CIPHER_DES3
		    : p->enc == ENC_CHACHA20_POLY1305 ? IMB_CIPHER_CHACHA20_POLY1305
		    : enc_is_aead(p->enc)             ? IMB_CIPHER_GCM
						      : IMB_CIPHER_CBC;
	r->hash = p->auth == AUTH_HMAC_MD5_96    ? IMB_AUTH_MD5
		  : p->auth == AUTH_HMAC_SHA1_96 ? IMB_AUTH_HMAC_SHA_1
		  : p->auth == AUTH_NONE         ? IMB_AUTH_NULL
						 : IMB_AUTH_HMAC_SHA_256;
	if (r->cipher == IMB_CIPHER_CHACHA20_POLY1305)
		r->hash = IMB_AUTH_CHACHA20_POLY1305;
	r->key_len = enc->key_len;
	r->iv_len = enc->iv_len;
	r->icv_len = enc_is_aead(p->enc) ? enc->icv_len : auth_info(p->auth)->icv_len;
	r->cipher_len = (size + 2U + enc->block_len - 1U) / enc->block_len * enc->block_len;
	r->keys[0] = r->schedules[0];
	r->keys[1] = r->schedules[1];
	if (r->cipher == IMB_CIPHER_CHACHA20_POLY1305) {
		memcpy(r->schedules[0], p->enc_key, r->key_len);
		memcpy(r->schedules[1], p->enc_key, r->key_len);
	} else if (r->cipher == IMB_CIPHER_GCM) {
		if (r->key_len == 16)
			IMB_AES128_GCM_PRE(r->mgr, p->enc_key, &r->gcm_key);
		else
			IMB_AES256_GCM_PRE(r->mgr, p->enc_key, &r->gcm_key);
	} else if (r->cipher == IMB_CIPHER_CBC) {
		if (r->key_len == 16)
			IMB_AES_KEYEXP_128(r->mgr, p->enc_key, r->schedules[1], r->schedules[0]);
		else if (r->key_len == 24)
			IMB_AES_KEYEXP_192(r->mgr, p->enc_key, r->schedules[1], r->schedules[0]);
		else
			IMB_AES_KEYEXP_256(r->mgr, p->enc_key, r->schedules[1], r->schedules[0]);
	} else {
		for (unsigned i = 0; i < r->key_len / 8; i++) {
			r->parts[i] = r->schedules[0] + i * IMB_DES_KEY_SCHED_SIZE;
			IMB_DES_KEYSCHED(r->mgr, (uint64_t *)(void *)(r->schedules[0] + i * 128U),
			    p->enc_key + 8 * i);
		}
		r->keys[0] = r->keys[1] =
		    r->cipher == IMB_CIPHER_DES3 ? (const void *)r->parts : r->schedules[0];
	}
}

static void
raw_job(struct raw *r, IMB_JOB *job, unsigned i, bool is_encrypt)
{
	unsigned ahead = ESP_LEN + r->iv_len;
	*job = (IMB_JOB){
		.cipher_mode = r->cipher,
		.cipher_direction = is_encrypt ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT,
		.chain_order = is_encrypt ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER,
		.hash_alg = r->hash,
		.enc_keys = r->keys[is_encrypt],
		.dec_keys = r->keys[is_encrypt],
		.key_len_in_bytes = r->key_len,
		.src = r->bufs[i],
		.dst = r->bufs[i] + ahead,
		.iv = r->bufs[i] + ESP_LEN,
		.iv_len_in_bytes = r->iv_len,
		.cipher_start_src_offset_in_bytes = ahead,
		.msg_len_to_cipher_in_bytes = r->cipher_len,
		.msg_len_to_hash_in_bytes = ahead + r->cipher_len,
		.auth_tag_output = r->icvs[i],
		.auth_tag_output_len_in_bytes = r->icv_len,
		.u.HMAC._hashed_auth_key_xor_ipad = r->pads[0],
		.u.HMAC._hashed_auth_key_xor_opad = r->pads[1],
	};
	if (r->cipher != IMB_CIPHER_CHACHA20_POLY1305)
		return;
	job->src = job->dst; /* the rest is not authenticated as text */
	job->cipher_start_src_offset_in_bytes = 0;
	job->msg_len_to_hash_in_bytes = r->cipher_len;
	job->iv = r->icvs[0]; /* any 12 octets */
	job->iv_len_in_bytes = 12;
	job->u.CHACHA20_POLY1305.aad = r->bufs[i];
	job->u.CHACHA20_POLY1305.aad_len_in_bytes = ESP_LEN;
}

/* What RFC 4303 and RFC 4106 ask of any ESP besides the arithmetic: SPI and number, a fresh IV in the packet and with the
 * salt ahead of it in a nonce, padding, its length and the next header. Inbound: the nonce from the packet. */
static void
duty_before(struct raw *r, unsigned i, bool is_encrypt, uint8_t *nonce)
{
	static uint64_t next;
	uint32_t salt = 0x01020304;
	uint8_t *esp = r->bufs[i];
	uint64_t iv;
	if (is_encrypt) {
		uint32_t spi_be = 0x01100000;
		uint32_t seq_be = __builtin_bswap32((uint32_t)++next);
		uint16_t trailer_be = 0x0400;
		iv = next;
		memcpy(esp, &spi_be, 4);
		memcpy(esp + 4, &seq_be, 4);
		memcpy(esp + ESP_LEN, &iv, 8);
		memcpy(esp + ESP_LEN + r->iv_len + r->cipher_len - 2, &trailer_be, 2);
	}
	memcpy(&iv, esp + ESP_LEN, 8);
	memcpy(nonce, &salt, 4);
	memcpy(nonce + 4, &iv, 8);
}

/* Inbound: the ICV and the trailer. Nobody looks at what this says: the texts of a ceiling are not genuine. */
static unsigned
duty_after(const struct raw *r, unsigned i, const uint8_t *right)
{
	uint64_t a[2];
	uint64_t b[2];
	const uint8_t *end = r->bufs[i] + ESP_LEN + r->iv_len + r->cipher_len;
	memcpy(a, right, sizeof(a));
	memcpy(b, end, sizeof(b));
	bool is_right = ((a[0] ^ b[0]) | (a[1] ^ b[1])) == 0;
	return (unsigned)is_right + end[-1] + end[-2];
}

/* GCM with these duties, as much ahead of and behind the arithmetic as is best. */
static double
raw_dutiful(struct raw *r, bool is_encrypt)
{
	static _Alignas(64) uint8_t nonces[N][16];
	static volatile unsigned sink;
	unsigned sum = 0;
	aes_gcm_enc_dec_t call = r->key_len == 16
				     ? (is_encrypt ? r->mgr->gcm128_enc : r->mgr->gcm128_dec)
				     : (is_encrypt ? r->mgr->gcm256_enc : r->mgr->gcm256_dec);
	if (r->cipher != IMB_CIPHER_GCM)
		return 1e12;
	double start = now_ns();
	for (unsigned i = 0; i < N; i++)
		duty_before(r, i, is_encrypt, nonces[i]);
	for (unsigned i = 0; i < N; i++) {
		uint8_t *text = r->bufs[i] + ESP_LEN + r->iv_len;
		call(&r->gcm_key, &r->gcm, text, text, r->cipher_len, nonces[i], r->bufs[i],
		    ESP_LEN, is_encrypt ? text + r->cipher_len : r->icvs[i], r->icv_len);
	}
	if (!is_encrypt)
		for (unsigned i = 0; i < N; i++)
			sum += duty_after(r, i, r->icvs[i]);
	sink = sum;
	(void)sink;
	return now_ns() - start;
}

/* The direct functions of GCM. */
static double
raw_direct(struct raw *r, bool is_encrypt)
{
	static _Alignas(64) uint8_t nonces[N][16]; /* ready: a ceiling builds none */
	aes_gcm_enc_dec_t call = r->key_len == 16
				     ? (is_encrypt ? r->mgr->gcm128_enc : r->mgr->gcm128_dec)
				     : (is_encrypt ? r->mgr->gcm256_enc : r->mgr->gcm256_dec);
	double start = now_ns();
	for (unsigned i = 0; i < N; i++) {
		uint8_t *text = r->bufs[i] + ESP_LEN + r->iv_len;
		call(&r->gcm_key, &r->gcm, text, text, r->cipher_len, nonces[i], r->bufs[i],
		    ESP_LEN, text + r->cipher_len, r->icv_len);
	}
	return now_ns() - start;
}

static double
raw_by_job(struct raw *r, bool is_encrypt)
{
	if (r->cipher == IMB_CIPHER_GCM)
		return 1e12;
	double start = now_ns();
	for (unsigned i = 0; i < N; i++) {
		raw_job(r, IMB_GET_NEXT_JOB(r->mgr), i, is_encrypt);
		IMB_SUBMIT_JOB_NOCHECK(r->mgr);
	}
	while (IMB_FLUSH_JOB(r->mgr) != NULL)
		;
	return now_ns() - start;
}

static double
raw_by_burst(struct raw *r, bool is_encrypt)
{
	if (r->cipher == IMB_CIPHER_GCM)
		return raw_direct(r, is_encrypt);
	IMB_JOB *jobs[N];
	double start = now_ns();
	unsigned n = IMB_GET_NEXT_BURST(r->mgr, N, jobs);
	for (unsigned i = 0; i < n; i++)
		raw_job(r, jobs[i], i, is_encrypt);
	unsigned done = IMB_SUBMIT_BURST_NOCHECK(r->mgr, n, jobs);
	while (done < n)
		done += IMB_FLUSH_BURST(r->mgr, n - done, jobs);
	return now_ns() - start;
}

/* Cipher and hash in calls of their own: only for some algorithms. */
static double
raw_by_parts(struct raw *r, bool is_encrypt)
{
	bool has_hash = r->hash == IMB_AUTH_HMAC_SHA_1 || r->hash == IMB_AUTH_HMAC_SHA_256;
	if (!has_hash || r->cipher != IMB_CIPHER_CBC)
		return 1e12;
	double start = now_ns();
	for (unsigned i = 0; i < N; i++)
		raw_job(r, &r->jobs[i], i, is_encrypt);
	if (!is_encrypt)
		IMB_SUBMIT_HASH_BURST_NOCHECK(r->mgr, r->jobs, N, r->hash);
	IMB_SUBMIT_CIPHER_BURST_NOCHECK(r->mgr, r->jobs, N, IMB_CIPHER_CBC,
	    is_encrypt ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT, (IMB_KEY_SIZE_BYTES)r->key_len);
	if (is_encrypt)
		IMB_SUBMIT_HASH_BURST_NOCHECK(r->mgr, r->jobs, N, r->hash);
	return now_ns() - start;
}

static double
least(double a, double b)
{
	return a < b ? a : b;
}

static void
inner_fill(struct pkt *p, unsigned size)
{
	uint8_t *ip = pkt_data(p);
	memset(ip, 0x5a, size);
	static const uint8_t hdr[20] = { 0x45, 0, 0, 0, 0, 0, 0, 0, 63, 17, 0, 0, 10, 1, 0, 1, 10,
		2, 0, 2 };
	memcpy(ip, hdr, sizeof(hdr));
	ip[2] = (uint8_t)(size >> 8);
	ip[3] = (uint8_t)size;
	uint32_t sum = 0;
	for (unsigned i = 0; i < 20; i += 2)
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~(sum + (sum >> 16));
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
	p->len = size;
}

static struct sa_params
params_base(void)
{
	struct sa_params p = { .mode = SA_TUNNEL, .spi = 0x1001, .window = 64, .tos = SA_TOS_COPY };
	for (unsigned i = 0; i < SA_KEY_MAX; i++) {
		p.auth_key[i] = (uint8_t)(i * 5 + 1);
		p.enc_key[i] = (uint8_t)(i * 7 + 3);
	}
	if (!addr_parse("192.0.2.1", &p.src) || !addr_parse("192.0.2.2", &p.dst))
		abort();
	return p;
}

static struct sa *
sa_make(struct esp_worker *w, struct sa_params p, enum sa_direction direction)
{
	struct sa *sa;
	p.direction = direction;
	if (sa_new(w, &p, &sa) != SA_OK)
		abort();
	return sa;
}

struct result {
	double ceiling[2]; /* decrypt, encrypt; for a burst */
	double dutiful[2]; /* GCM: see raw_dutiful() */
	double in;
	double out;
};

static void
rounds_run(struct esp_worker *w, struct raw *r, struct sa *out, struct sad *sad, unsigned size,
    struct result *best)
{
	struct pkt *pkts[N];
	for (unsigned i = 0; i < N; i++) {
		pkts[i] = pkt_get(esp_worker_pool(w));
		inner_fill(pkts[i], size);
	}
	unsigned bursts = 4000 / (size + 300) + 2;
	for (unsigned round = 0; round < rounds; round++) {
		double t[4][4] = { 0 };
		for (unsigned i = 0; i < bursts; i++) {
			for (int e = 0; e < 2; e++) {
				t[e][0] += raw_by_job(r, e);
				t[e][1] += raw_by_burst(r, e);
				t[e][2] += raw_by_parts(r, e);
				t[e][3] += raw_dutiful(r, e);
			}
			for (unsigned k = 0; k < N; k++)
				pkts[k]->sa = out;
			double start = now_ns();
			out_burst(w, pkts, N);
			double middle = now_ns();
			in_burst(w, sad, pkts, N);
			t[3][0] += now_ns() - middle;
			t[2][0] += middle - start;
			for (unsigned k = 0; k < N; k++)
				if (pkts[k]->verdict != DROP_NONE || pkts[k]->len != size)
					abort();
		}
		double per = bursts * (double)N;
		for (int e = 0; e < 2; e++)
			for (int api = 0; api < 3; api++)
				best->ceiling[e] = least(best->ceiling[e], t[e][api] / per);
		for (int e = 0; e < 2; e++)
			best->dutiful[e] = least(best->dutiful[e], t[e][3] / per);
		best->out = least(best->out, t[2][0] / per);
		best->in = least(best->in, t[3][0] / per);
	}
	for (unsigned i = 0; i < N; i++)
		pkt_put(esp_worker_pool(w), pkts[i]);
}

static void
algorithm_run(struct esp_worker *w, struct raw *r, enum enc_alg enc, enum auth_alg auth)
{
	static const unsigned sizes[] = { 64, 256, 1400 };
	struct sa_params p = params_base();
	p.enc = enc;
	p.auth = auth;
	for (unsigned s = 0; s < 3; s++) {
		struct result best = { { 1e12, 1e12 }, { 1e12, 1e12 }, 1e12, 1e12 };
		struct sa *out = sa_make(w, p, SA_OUT);
		struct sa *in = sa_make(w, p, SA_IN);
		struct sad *sad = sad_new(1);
		if (sad == NULL || sad_add(sad, in) != SAD_OK)
			abort();
		raw_init(r, &p, sizes[s]);
		rounds_run(w, r, out, sad, sizes[s], &best);
		printf("%-17s %-17s %5u   %6.0f %6.0f %5.2f   %6.0f %6.0f %5.2f\n",
		    enc_info(enc)->name, auth_info(auth)->name, sizes[s], best.ceiling[1], best.out,
		    best.ceiling[1] / best.out, best.ceiling[0], best.in,
		    best.ceiling[0] / best.in);
		if (enc == ENC_AES_128_GCM || enc == ENC_AES_256_GCM)
			printf("%35s %5s   %6.0f %6.0f %5.2f   %6.0f %6.0f %5.2f\n",
			    "with headers, nonce, trailer, check", "", best.dutiful[1], best.out,
			    best.dutiful[1] / best.out, best.dutiful[0], best.in,
			    best.dutiful[0] / best.in);
		fflush(stdout);
		sad_free(sad);
		sa_free(out);
		sa_free(in);
	}
}

static void
packets_run(void)
{
	static struct raw r;
	struct esp_worker_params params = { .n_pkts = 2 * N, .rand = system_rand };
	struct esp_worker *w = esp_worker_new(&params);
	r.mgr = alloc_mb_mgr(0);
	if (w == NULL || r.mgr == NULL)
		abort();
	init_mb_mgr_auto(r.mgr, NULL);
	for (unsigned i = 0; i < N; i++)
		r.bufs[i] = aligned_alloc(64, BUF_LEN + 64);
	static const struct {
		enum enc_alg enc;
		enum auth_alg auth;
	} suites[] = {
		{ ENC_AES_128_GCM, AUTH_NONE },
		{ ENC_AES_256_GCM, AUTH_NONE },
		{ ENC_AES_128_CBC, AUTH_HMAC_SHA1_96 },
		{ ENC_AES_128_CBC, AUTH_HMAC_MD5_96 },
		{ ENC_AES_128_CBC, AUTH_HMAC_SHA_256_128 },
		{ ENC_AES_256_CBC, AUTH_HMAC_SHA_256_128 },
		{ ENC_3DES_CBC, AUTH_HMAC_SHA1_96 },
		{ ENC_DES_CBC, AUTH_HMAC_MD5_96 },
		{ ENC_NULL, AUTH_HMAC_SHA1_96 },
		{ ENC_CHACHA20_POLY1305, AUTH_NONE },
	};
	const char *only = getenv("ESP_BENCH_ONLY"); /* the name of a cipher */
	printf("engine %s, bursts of %d, ns a packet\n", esp_worker_engine(w), N);
	printf("%-17s %-17s %5s   %6s %6s %5s   %6s %6s %5s\n", "cipher", "hash", "size", "raw",
	    "encap", "ratio", "raw", "decap", "ratio");
	for (unsigned i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		if (only == NULL || strcmp(only, enc_info(suites[i].enc)->name) == 0)
			algorithm_run(w, &r, suites[i].enc, suites[i].auth);
	for (unsigned i = 0; i < N; i++)
		free(r.bufs[i]);
	free_mb_mgr(r.mgr);
	esp_worker_free(w);
}

/* Fills bursts with packets of random SAs and opens them: everything that is cold with many SAs. */
static double
lookup_burst(struct esp_worker *w, const struct sad *sad, struct sa **outs, unsigned n)
{
	struct pkt *pkts[N];
	double best = 1e12;
	unsigned bursts = rounds * 8;
	for (unsigned b = 0; b < bursts; b++) {
		for (unsigned i = 0; i < N; i++) {
			pkts[i] = pkt_get(esp_worker_pool(w));
			inner_fill(pkts[i], 64);
			pkts[i]->sa = outs[(unsigned)rand() % n];
		}
		out_burst(w, pkts, N);
		double start = now_ns();
		in_burst(w, sad, pkts, N);
		best = least(best, now_ns() - start);
		for (unsigned i = 0; i < N; i++) {
			if (pkts[i]->verdict != DROP_NONE)
				abort();
			pkt_put(esp_worker_pool(w), pkts[i]);
		}
	}
	return best / N;
}

/* The look-up as in_burst() does it, of random SAs; with its keys, which come from the packets. */
static double
lookup_only(const struct sad *sad, const uint32_t *picks)
{
	struct addr dst = params_base().dst;
	struct sad_key keys[N];
	struct sa *sas[N];
	unsigned found = 0;
	double start = now_ns();
	for (unsigned at = 0; at < PICKS; at += N) {
		for (unsigned i = 0; i < N; i++)
			sad_key_init(&keys[i], 0x1000 + picks[at + i], 50, 4, dst.b);
		sad_find_burst(sad, keys, sas, N);
		for (unsigned i = 0; i < N; i++)
			found += sas[i] != NULL;
	}
	double took = now_ns() - start;
	if (found != PICKS)
		abort();
	return took / PICKS;
}

/* The machine's own floor: one octet of random lines out of as many, without a table, in the same bursts. The lines are
 * as far apart as the SAs. */
static double
floor_only(const uint8_t *lines, const uint32_t *picks)
{
	static volatile unsigned sink;
	unsigned sum = 0;
	double start = now_ns();
	for (unsigned at = 0; at < PICKS; at += N) {
		for (unsigned i = 0; i < N; i++)
			__builtin_prefetch(lines + (size_t)picks[at + i] * LINE_STEP);
		for (unsigned i = 0; i < N; i++)
			sum += lines[(size_t)picks[at + i] * LINE_STEP];
	}
	double took = now_ns() - start;
	sink = sum;
	(void)sink;
	return took / PICKS;
}

struct lookup_result {
	double find;
	double line;
};

static struct lookup_result
lookup_best(const struct sad *sad, const uint8_t *lines, unsigned n)
{
	static uint32_t picks[PICKS];
	struct lookup_result best = { 1e12, 1e12 };
	for (unsigned r = 0; r < rounds * 2; r++) {
		for (unsigned i = 0; i < PICKS; i++)
			picks[i] = (uint32_t)rand() % n;
		best.find = least(best.find, lookup_only(sad, picks));
		for (unsigned i = 0; i < PICKS; i++)
			picks[i] = (uint32_t)rand() % n;
		best.line = least(best.line, floor_only(lines, picks));
	}
	return best;
}

static void
lookups_run(void)
{
	static struct sa *outs[SAS_MAX];
	static struct sa *ins[SAS_MAX];
	struct esp_worker_params params = { .n_pkts = 2 * N, .rand = system_rand };
	struct esp_worker *w = esp_worker_new(&params);
	struct sad *sad = sad_new(SAS_MAX);
	if (w == NULL || sad == NULL)
		abort();
	struct sa_params p = params_base();
	p.enc = ENC_AES_128_CBC;
	p.auth = AUTH_HMAC_SHA1_96;
	p.window = 0;
	uint8_t *lines = aligned_alloc(64, (size_t)SAS_MAX * LINE_STEP);
	if (lines == NULL)
		abort();
	memset(lines, 1, (size_t)SAS_MAX * LINE_STEP);
	printf("\nlook-up: of random SAs in bursts of %d; line: reading a line of as many; ns a "
	       "packet\n",
	    N);
	printf(
	    "%8s   %8s %8s %8s   %8s %8s\n", "SAs", "look-up", "line", "ours", "decap 64", "ratio");
	double first = 0;
	unsigned n = 0;
	for (unsigned goal = 1; goal <= SAS_MAX; goal *= 10) {
		for (; n < goal; n++) {
			p.spi = 0x1000 + n;
			outs[n] = sa_make(w, p, SA_OUT);
			ins[n] = sa_make(w, p, SA_IN);
			if (sad_add(sad, ins[n]) != SAD_OK)
				abort();
		}
		struct lookup_result best = lookup_best(sad, lines, n);
		double decap = lookup_burst(w, sad, outs, n);
		if (n == 1)
			first = decap;
		printf("%8u   %8.1f %8.1f %8.1f   %8.0f %8.2f\n", n, best.find, best.line,
		    best.find - best.line, decap, decap / first);
		fflush(stdout);
	}
	for (unsigned i = 0; i < n; i++) {
		sa_free(outs[i]);
		sa_free(ins[i]);
	}
	free(lines);
	sad_free(sad);
	esp_worker_free(w);
}

int
main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "quick") == 0)
		rounds = 20;
	const char *only = argc > 1 && strcmp(argv[1], "quick") != 0 ? argv[1] : "";
	if (*only == '\0')
		packets_run();
	if (*only == '\0' || strcmp(only, "super") == 0)
		super_run(rounds);
	if (*only == '\0' || strcmp(only, "lookup") == 0)
		lookups_run();
	return 0;
}
