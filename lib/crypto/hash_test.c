/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hash_test.c - hashes of "abc" (RFC 1321, FIPS 180-4) and HMACs of RFC 2202 and RFC 4231, and OpenSSL's own
 * HMAC as the judge for keys of every length around the block.
 */
#include "lib/crypto/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/hmac.h>

static void
hex(const uint8_t *p, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", p[i]);
}

static void
hashes_are_those_of_the_standards(void **state)
{
	static const char *const want[HASH_MAX] = {
		[HASH_MD5] = "900150983cd24fb0d6963f7d28e17f72",
		[HASH_SHA1] = "a9993e364706816aba3e25717850c26c9cd0d89d",
		[HASH_SHA_256] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		[HASH_SHA_384] = ("cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
				  "8086072ba1e7cc2358baeca134c825a7"),
	};
	(void)state;
	for (enum hash_alg alg = 0; alg < HASH_MAX; alg++) {
		const struct part parts[] = { { "a", 1 }, { NULL, 0 }, { "bc", 2 } };
		uint8_t out[HASH_LEN_MAX];
		char text[2 * HASH_LEN_MAX + 1];
		assert_true(hash_is_there(alg));
		hash_parts(alg, parts, 3, out);
		hex(out, hash_info(alg)->len, text);
		assert_string_equal(text, want[alg]);
	}
}

/* RFC 2202 s2, s3 and RFC 4231 s4.3: key "Jefe". */
static void
hmacs_are_those_of_the_rfcs(void **state)
{
	static const char *const want[HASH_MAX] = {
		[HASH_MD5] = "750c783e6ab0b503eaa86e310a5db738",
		[HASH_SHA1] = "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
		[HASH_SHA_256] = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
		[HASH_SHA_384] = ("af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
				  "8e2240ca5e69e2c78b3239ecfab21649"),
	};
	(void)state;
	for (enum hash_alg alg = 0; alg < HASH_MAX; alg++) {
		const struct part parts[] = { { "what do ya want ", 16 }, { "for nothing?", 12 } };
		uint8_t out[HASH_LEN_MAX];
		char text[2 * HASH_LEN_MAX + 1];
		hmac_parts(alg, (struct part){ "Jefe", 4 }, parts, 2, out);
		hex(out, hash_info(alg)->len, text);
		assert_string_equal(text, want[alg]);
	}
}

static void
hmac_agrees_with_openssl_for_every_key_length(void **state)
{
	const EVP_MD *mds[HASH_MAX] = { EVP_md5(), EVP_sha1(), EVP_sha256(), EVP_sha384() };
	uint8_t key[300];
	(void)state;
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(i * 7 + 1);
	for (enum hash_alg alg = 0; alg < HASH_MAX; alg++)
		for (size_t n = 0; n <= sizeof(key); n++) {
			uint8_t ours[HASH_LEN_MAX];
			uint8_t theirs[EVP_MAX_MD_SIZE];
			unsigned len = 0;
			hmac_parts(alg, (struct part){ key, n },
			    &(struct part){ key, sizeof(key) - n }, 1, ours);
			assert_non_null(
			    HMAC(mds[alg], key, (int)n, key, sizeof(key) - n, theirs, &len));
			assert_int_equal(len, hash_info(alg)->len);
			assert_memory_equal(ours, theirs, len);
		}
}

static void
the_table_finds_what_it_names(void **state)
{
	(void)state;
	for (enum hash_alg alg = 0; alg < HASH_MAX; alg++) {
		assert_int_equal(hash_by_name(hash_info(alg)->name), alg);
		assert_int_equal(hash_by_v1_ike(hash_info(alg)->v1_ike), alg);
	}
	for (enum dh_group g = DH_NONE + 1; g < DH_MAX; g++) {
		assert_int_equal(dh_by_name(dh_info(g)->name), g);
		assert_int_equal(dh_by_id(dh_info(g)->ike_id), g);
		assert_true(dh_info(g)->random_len <= DH_RANDOM_MAX);
	}
	for (enum auth_method m = 0; m < METHOD_MAX; m++) {
		assert_int_equal(method_by_name(method_info(m)->name), m);
		assert_int_equal(method_by_v1_ike(method_info(m)->v1_ike), m);
	}
	for (enum enc_alg e = ENC_NULL + 1; e < ENC_MAX; e++) {
		unsigned bits = enc_info(e)->v1_has_len ? enc_info(e)->key_len * 8U : 0;
		bool in_ike = enc_info(e)->v1_ike != 0;
		bool in_esp = enc_info(e)->v1_esp != 0;
		assert_int_equal(enc_by_v1_ike(enc_info(e)->v1_ike, bits), in_ike ? e : ENC_MAX);
		assert_int_equal(enc_by_v1_esp(enc_info(e)->v1_esp, bits), in_esp ? e : ENC_MAX);
		assert_int_equal(in_ike, !enc_is_aead(e));
		assert_int_equal(in_esp, e != ENC_CHACHA20_POLY1305);
	}
	assert_int_equal(enc_by_v1_ike(7, 0), ENC_AES_128_CBC);
	assert_int_equal(enc_by_v1_ike(7, 160), ENC_MAX);
	assert_int_equal(enc_by_v1_ike(5, 192), ENC_MAX);
	assert_int_equal(enc_by_v1_ike(0, 0), ENC_MAX);
	assert_int_equal(enc_by_v1_esp(11, 0), ENC_NULL);
	assert_int_equal(enc_by_v1_esp(12, 0), ENC_AES_128_CBC);
	assert_int_equal(enc_by_v1_esp(20, 0), ENC_MAX); /* it must say how long */
	assert_int_equal(enc_by_v1_esp(20, 256), ENC_AES_256_GCM);
	assert_int_equal(enc_secret_len(ENC_AES_256_GCM), 36);
	assert_int_equal(enc_secret_len(ENC_AES_256_CBC), 32);
	assert_int_equal(dh_by_id(0), DH_MAX);
	assert_int_equal(auth_by_v1_attr(0), AUTH_MAX);
	assert_int_equal(dh_by_name("none"), DH_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_are_those_of_the_standards),
		cmocka_unit_test(hmacs_are_those_of_the_rfcs),
		cmocka_unit_test(hmac_agrees_with_openssl_for_every_key_length),
		cmocka_unit_test(the_table_finds_what_it_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
