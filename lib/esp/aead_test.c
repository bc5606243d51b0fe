/* SPDX-License-Identifier: BSD-2-Clause
 *
 * aead_test.c - GCM and ChaCha20-Poly1305: published vectors, tampering, IVs, out of place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/esp/engine.h"
#include "lib/esp/in.h"
#include "lib/esp/ip.h"
#include "lib/esp/out.h"
#include "lib/esp/sad.h"
#include "lib/esp/test_util.h"
#include "lib/esp/worker_priv.h"

static struct esp_worker *w;
static struct pkt_pool *pool;

static struct sa_params
params_of(enum enc_alg enc, enum sa_direction direction)
{
	struct sa_params p = test_params(direction);
	p.enc = enc;
	p.auth = AUTH_NONE;
	return p;
}

static enum drop
seal(struct pkt *p, struct sa *sa)
{
	p->sa = sa;
	out_burst(w, &p, 1);
	return p->verdict;
}

static enum drop
open_packet(struct pkt *p, const struct sad *sad)
{
	in_burst(w, sad, &p, 1);
	return p->verdict;
}

/* SPI, number, IV, body, ICV: one bit of an octet of any of them. */
static void
every_octet_is_protected(void **state)
{
	enum { LEN = 46, SEALED = IP4_LEN + 8 + 8 + 48 + 16 };
	(void)state;
	for (enum enc_alg enc = ENC_AES_128_GCM; enc < ENC_MAX; enc++) {
		struct sa_params params = params_of(enc, SA_OUT);
		struct sa *out = test_sa(w, &params);
		params.direction = SA_IN;
		params.window = 0;
		struct sa *in = test_sa(w, &params);
		struct sad *sad = sad_new(1);
		assert_int_equal(sad_add(sad, in), SAD_OK);
		for (uint32_t at = IP4_LEN; at < SEALED; at++) {
			struct pkt *p = test_packet(w, 4, LEN);
			uint8_t inner[LEN];
			memcpy(inner, pkt_data(p), LEN);
			assert_int_equal(seal(p, out), DROP_NONE);
			assert_int_equal(p->len, SEALED);
			assert_memory_not_equal(pkt_data(p) + IP4_LEN + 16, inner, LEN);
			struct pkt *whole = test_bytes(w, pkt_data(p), p->len);
			pkt_data(p)[at] ^= 0x10;
			enum drop verdict = open_packet(p, sad);
			assert_int_equal(verdict, at < IP4_LEN + 4 ? DROP_NO_SA : DROP_ESP_AUTH);
			assert_int_equal(open_packet(whole, sad), DROP_NONE);
			assert_int_equal(whole->len, LEN);
			assert_memory_equal(pkt_data(whole), inner, LEN);
			pkt_put(pool, p);
			pkt_put(pool, whole);
		}
		sad_free(sad);
		sa_free(out);
		sa_free(in);
	}
}

static void
an_aead_stands_alone(void **state)
{
	(void)state;
	for (enum enc_alg enc = ENC_AES_128_GCM; enc < ENC_MAX; enc++) {
		struct sa *sa = NULL;
		struct sa_params params = params_of(enc, SA_IN);
		params.auth = AUTH_HMAC_SHA1_96;
		assert_int_equal(sa_new(w, &params, &sa), SA_BAD_ALGORITHM);
		params.protocol = SA_BUNDLE;
		assert_int_equal(sa_new(w, &params, &sa), SA_BAD_ALGORITHM);
		params = params_of(enc, SA_IN);
		sa = test_sa(w, &params);
		assert_int_equal(sa_params(sa)->window, 64); /* it authenticates */
		sa_free(sa);
	}
}

/* What the IV of a sealed packet is, as a number. */
static uint64_t
iv_of_next(struct sa *sa)
{
	struct pkt *p = test_packet(w, 4, 60);
	uint64_t iv;
	assert_int_equal(seal(p, sa), DROP_NONE);
	memcpy(&iv, pkt_data(p) + IP4_LEN + ESP_HDR_LEN, sizeof(iv));
	pkt_put(pool, p);
	return iv;
}

static void
no_iv_comes_again(void **state)
{
	(void)state;
	struct sa_params params = params_of(ENC_AES_128_GCM, SA_OUT);
	struct sa *sa = test_sa(w, &params);
	uint64_t first = iv_of_next(sa);
	for (uint64_t i = 1; i < 300; i++)
		assert_int_equal(iv_of_next(sa), first + i);
	/* the number starts again where SAs may cycle; the IV does not */
	sa_set_seq(sa, 0);
	assert_int_equal(iv_of_next(sa), first + 300);
	struct sa *heir = test_sa(w, &params);
	sa_inherit(heir, sa);
	assert_int_equal(iv_of_next(heir), first + 301);
	struct sa *other = test_sa(w, &params);
	uint64_t elsewhere = iv_of_next(other);
	assert_true(elsewhere < first || elsewhere > first + 1000);
	sa_free(other);
	sa_free(heir);
	sa_free(sa);
}

/* From one buffer to another, the same octets come out as in place; then back. */
static void
out_of_place_is_in_place(void **state)
{
	static uint8_t clear[1500];
	static uint8_t sealed[1500];
	static uint8_t again[1500];
	(void)state;
	for (size_t i = 0; i < sizeof(clear); i++)
		clear[i] = (uint8_t)(i * i);
	for (enum enc_alg enc = ENC_AES_128_GCM; enc < ENC_MAX; enc++) {
		for (uint32_t len = 4; len < sizeof(clear); len += len < 300 ? 4 : 148) {
			struct sa_params params = params_of(enc, SA_OUT);
			struct sa *out = test_sa(w, &params);
			params.direction = SA_IN;
			struct sa *in = test_sa(w, &params);
			uint8_t esp[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
			uint8_t icv[2][AEAD_ICV_LEN];
			memset(sealed, 0x99, sizeof(sealed));
			engine_seal(&w->engines, out, esp, clear, sealed, len, icv[0]);
			assert_int_equal(sealed[len], 0x99);
			memcpy(again, clear, len);
			engine_seal(&w->engines, out, esp, again, again, len, icv[1]);
			assert_memory_equal(sealed, again, len);
			assert_memory_equal(icv[0], icv[1], AEAD_ICV_LEN);
			assert_true(engine_open(&w->engines, in, esp, sealed, again, len, icv[0]));
			assert_memory_equal(again, clear, len);
			icv[0][15] ^= 0x80;
			assert_false(engine_open(&w->engines, in, esp, sealed, again, len, icv[0]));
			sa_free(out);
			sa_free(in);
		}
	}
}

int
main(void)
{
	w = test_worker(8);
	pool = esp_worker_pool(w);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_octet_is_protected),
		cmocka_unit_test(an_aead_stands_alone),
		cmocka_unit_test(no_iv_comes_again),
		cmocka_unit_test(out_of_place_is_in_place),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	esp_worker_free(w);
	return failed;
}
