/* SPDX-License-Identifier: BSD-2-Clause
 *
 * engine_pick.c - measures which engine is the fastest for which algorithms on this CPU.
 *
 * Which one wins is not obvious. Seen: without AVX-512 libipsec-mb's DES takes 40 times OpenSSL's
 * time for short packets; its SSE flavour with the SHA instructions beats its AVX-512 one at
 * AES-256-CBC with SHA-256 on short packets; everywhere else AVX-512 wins by far. So each pair is
 * run, sealing and opening bursts of a short and a long length, and the best of a few runs counts.
 * libipsec-mb's own choice stays unless another is clearly better: a wrong measurement must not
 * cost much. A few milliseconds in all, once in the process. Called by engine.c.
 */
#include "lib/base/clock.h"
#include "lib/esp/engine.h"

#include <stdlib.h>
#include <string.h>

#include "lib/esp/burst.h"
#include "lib/esp/worker_priv.h"

enum {
	N = 32,
	RUNS = 3,
	SHORT_LEN = 64,
	LONG_LEN = 1024,
	N_SLOW = 16, /* of DES, whose fast form works on 16 at a time */
	BUF_LEN = 1536,
	CLEARLY = 90, /* percent of the time of libipsec-mb's choice */
	HOPELESS = 3, /* times the best: not measured again */
};

/* Just enough of a worker for sa_new() and burst_run(). */
struct probe {
	struct esp_worker w;
	struct sa *sas[2]; /* by enum sa_direction */
	uint8_t bufs[N][BUF_LEN];
};

static void
zero_fill(void *arg, void *buf, size_t n)
{
	(void)arg;
	memset(buf, 0, n);
}

static double
now_ns(void)
{
	return (double)clock_ns();
}

/* Seconds do not matter, only which is less: for one burst in one direction. */
static double
burst_time(struct probe *p, enum sa_direction direction, unsigned n, uint32_t len)
{
	struct sa *sa = p->sas[direction];
	struct burst *b = &p->w.job.burst;
	for (unsigned i = 0; i < n; i++) {
		struct burst_item *it = burst_next(b);
		uint8_t *esp = p->bufs[i];
		uint32_t ahead = ESP_HDR_LEN + (uint32_t)sa->iv_len;
		it->sa = sa;
		it->is_encrypt = direction == SA_OUT;
		it->hash_at = esp;
		it->iv = esp + ESP_HDR_LEN;
		it->cipher_at = esp + ahead;
		it->cipher_len = sa->iv_len > 0 ? len : 0;
		it->hash_len = sa->hash_icv_len > 0 ? ahead + len : 0;
		it->icv_out = it->icv;
	}
	double start = now_ns();
	burst_run(&p->w.engines, b);
	double took = now_ns() - start;
	b->n = 0;
	return took;
}

/* The time of both directions; runs that take far longer than BEST are not repeated. */
static double
suite_time(struct probe *p, unsigned n, uint32_t len, double best)
{
	double least = 1e18;
	for (unsigned run = 0; run < RUNS; run++) {
		double took = burst_time(p, SA_OUT, n, len) + burst_time(p, SA_IN, n, len);
		if (took < least)
			least = took;
		if (least > HOPELESS * best)
			break;
	}
	return least;
}

static bool
sas_make(struct probe *p, enum enc_alg enc, enum auth_alg auth, enum engine_id id)
{
	struct sa_params params = { .spi = 0x1000, .enc = enc, .auth = auth };
	params.mode = SA_TRANSPORT;
	p->w.engines.pick[enc][auth] = (uint8_t)id;
	for (unsigned direction = SA_OUT; direction <= SA_IN; direction++) {
		for (size_t i = 0; i < SA_KEY_MAX; i++)
			params.enc_key[i] = params.auth_key[i] = (uint8_t)(i * 7 + 1);
		params.direction = direction;
		p->sas[direction] = NULL;
		if (sa_new(&p->w, &params, &p->sas[direction]) != SA_OK)
			return false;
	}
	return true;
}

/* Leaves the best one in the probe's table. False: out of memory. */
static bool
suite_pick(struct probe *p, enum enc_alg enc, enum auth_alg auth)
{
	bool is_des = enc_info(enc)->is_des;
	unsigned n = is_des ? N_SLOW : N;
	uint32_t lens[2] = { SHORT_LEN, is_des ? SHORT_LEN : LONG_LEN };
	double first[2] = { 0 };
	double best = 2 * CLEARLY / 100.0;
	enum engine_id winner = ENGINE_MB;
	for (unsigned id = 0; id < ENGINE_MAX; id++) {
		/* one flavour of DES is as slow as the other, but for AVX-512 */
		if (p->w.engines.of[id].ops == NULL || (is_des && id == ENGINE_MB_SSE))
			continue;
		bool ok = sas_make(p, enc, auth, id);
		double cost = 0;
		for (unsigned i = 0; ok && i < 2 && cost < HOPELESS; i++) {
			if (id == ENGINE_MB)
				first[i] = suite_time(p, n, lens[i], 1e18);
			else
				cost += suite_time(p, n, lens[i], first[i]) / first[i];
		}
		if (ok && id != ENGINE_MB && cost < best) {
			best = cost;
			winner = id;
		}
		for (unsigned i = 0; i < 2; i++) {
			sa_free(p->sas[i]);
			p->sas[i] = NULL;
		}
		if (!ok)
			return false;
	}
	p->w.engines.pick[enc][auth] = (uint8_t)winner;
	return true;
}

bool
engine_pick(struct engines *e)
{
	struct probe *p = calloc(1, sizeof(*p));
	if (p == NULL)
		return false;
	p->w.engines = *e;
	p->w.iv.rand = zero_fill;
	bool ok = true;
	for (unsigned enc = 0; enc < ENC_MAX; enc++) {
		for (unsigned auth = 0; ok && auth < AUTH_MAX; auth++) {
			bool is_aead = enc_is_aead(enc);
			uint8_t *pick = p->w.engines.pick[enc];
			if (is_aead ? auth != AUTH_NONE : enc == ENC_NULL && auth == AUTH_NONE)
				continue;
			/* what goes with DES does not matter, so slow it is */
			if (enc_info(enc)->is_des && (enc != ENC_DES_CBC || auth != AUTH_NONE))
				pick[auth] = p->w.engines.pick[ENC_DES_CBC][AUTH_NONE];
			else
				ok = suite_pick(p, enc, auth);
		}
	}
	memcpy(e->pick, p->w.engines.pick, sizeof(e->pick));
	free(p);
	return ok;
}
