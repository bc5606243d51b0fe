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

/* What goes through the AEAD: the body with its trailer. The nonce is the salt and the IV. */
struct vector {
	const char *source;
	enum enc_alg enc;
	const char *key;
	const char *nonce;
	const char *aad;
	const char *clear;
	const char *sealed; /* with the ICV */
};

static const struct vector vectors[] = {
	{ "draft-mcgrew-gcm-test-01, 128 bits", ENC_AES_128_GCM, "feffe9928665731c6d6a8f9467308308",
	    "cafebabefacedbaddecaf888", "0000a5f80000000a",
	    "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d00100"
	    "0001000000000000037369700963796265726369747902646b00000100010001",
	    "deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c"
	    "3de81827c10e9a4f51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd1"
	    "83b70d3aa8bc6ee4c309e9d85a41ad4a" },
	{ "draft-mcgrew-gcm-test-01, zeroes", ENC_AES_128_GCM, "00000000000000000000000000000000",
	    "000000000000000000000000", "0000000000000001",
	    "4500003c99c500008001cb7a40679318010101010800075c0200440061626364"
	    "65666768696a6b6c6d6e6f707172737475767761626364656667686901020201",
	    "4688daf2f973a392732909c331d56d60f694abaa414b5e7ff5fdcdfff5e9a284"
	    "456476492719ffb64de7d9dca1e1d894bc3bd57873ed4d181d19d4d5c8c18af3"
	    "f821d496eeb096e98ad2b69e4799c71d" },
	{ "draft-mcgrew-gcm-test-01, no body", ENC_AES_128_GCM, "7d773d00c144c525ac619d18c84a3f47",
	    "d966426743457e9182443bc6", "335467aeffffffff", "01020201",
	    "437f866bcb3f699fe9b0822bac961c4504bef270" },
	{ "draft-mcgrew-gcm-test-01, 192 bits", ENC_AES_192_GCM,
	    "feffe9928665731c6d6a8f9467308308feffe9928665731c", "cafebabefacedbaddecaf888",
	    "0000a5f80000000a",
	    "45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e"
	    "501016d075680001",
	    "a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0"
	    "315b27452144cc7795457b9652037f5318027b5b4cd7a636" },
	{ "draft-mcgrew-gcm-test-01, 256 bits", ENC_AES_256_GCM,
	    "abbccddef00112233445566778899aababbccddef00112233445566778899aab",
	    "112233440102030405060708", "4a2cbfe300000002",
	    "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000"
	    "7002400020bf0000020405b40101040201020201",
	    "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763"
	    "748a637985771d347f0545659f14e99def842d8e"
	    "b335f4eecfdbf831824b4c4915956c96" },
	{ "RFC 7634 A", ENC_CHACHA20_POLY1305,
	    "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
	    "a0a1a2a31011121314151617", "0102030400000005",
	    "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec10"
	    "0007362708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223"
	    "2425262728292a2b2c2d2e2f303132333435363701020204",
	    "24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c6"
	    "14ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3"
	    "cbec163fac469b502773f6fb94e664da9165b82829f641e0"
	    "76aaa8266b7fb0f7b11b369907e1ad43" },
};

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

static void
published_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct vector *v = &vectors[i];
		struct sa_params p = params_of(v->enc, SA_OUT);
		uint8_t nonce[12];
		uint8_t esp[16];
		uint8_t clear[128];
		uint8_t want[128];
		uint8_t got[128];
		size_t key_len = test_hex(v->key, p.enc_key, SA_KEY_MAX);
		test_hex(v->nonce, nonce, sizeof(nonce));
		memcpy(p.enc_key + key_len, nonce, 4);
		test_hex(v->aad, esp, 8);
		memcpy(esp + 8, nonce + 4, 8);
		uint32_t len = (uint32_t)test_hex(v->clear, clear, sizeof(clear));
		assert_int_equal(test_hex(v->sealed, want, sizeof(want)), len + AEAD_ICV_LEN);
		struct sa *out = test_sa(w, &p);
		p.direction = SA_IN;
		struct sa *in = test_sa(w, &p);
		engine_seal(&w->engines, out, esp, clear, got, len, got + len);
		if (memcmp(got, want, len + AEAD_ICV_LEN) != 0)
			fail_msg("%s", v->source);
		assert_true(engine_open(&w->engines, in, esp, want, got, len, want + len));
		assert_memory_equal(got, clear, len);
		sa_free(out);
		sa_free(in);
	}
}

/* The example of RFC 7634 appendix A as a packet. */
static void
whole_packet_of_rfc_7634(void **state)
{
	const struct vector *v = &vectors[sizeof(vectors) / sizeof(vectors[0]) - 1];
	(void)state;
	struct sa_params p = params_of(v->enc, SA_IN);
	p.spi = 0x01020304;
	p.src = test_addr("203.0.113.153");
	p.dst = test_addr("203.0.113.5");
	size_t key_len = test_hex(v->key, p.enc_key, SA_KEY_MAX);
	test_hex("a0a1a2a3", p.enc_key + key_len, 4);
	struct sa *sa = test_sa(w, &p);
	struct sad *sad = sad_new(1);
	assert_int_equal(sad_add(sad, sa), SAD_OK);
	uint8_t bytes[160];
	size_t n = test_hex("4500008c23450000403264ea cb007199cb007105"
			    "01020304000000051011121314151617",
	    bytes, sizeof(bytes));
	n += test_hex(v->sealed, bytes + n, sizeof(bytes) - n);
	put16(bytes + IP4_TOTAL, (uint32_t)n);
	ip4_sum_set(bytes, IP4_LEN);
	struct pkt *pkt = test_bytes(w, bytes, n);
	assert_int_equal(open_packet(pkt, sad), DROP_NONE);
	n = test_hex(v->clear, bytes, sizeof(bytes)) - 4; /* without the trailer */
	assert_int_equal(pkt->len, n);
	assert_memory_equal(pkt_data(pkt), bytes, n);
	pkt_put(pool, pkt);
	sad_free(sad);
	sa_free(sa);
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
		cmocka_unit_test(published_vectors),
		cmocka_unit_test(whole_packet_of_rfc_7634),
		cmocka_unit_test(every_octet_is_protected),
		cmocka_unit_test(an_aead_stands_alone),
		cmocka_unit_test(no_iv_comes_again),
		cmocka_unit_test(out_of_place_is_in_place),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	esp_worker_free(w);
	return failed;
}
