/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cipher_test.c - vectors: DES of FIPS 81 (CBC example), 3DES with three equal keys as the same, AES of RFC 3602
 * s4 and NIST SP 800-38A F.2, and a chain that goes on from message to message.
 */
#include "lib/crypto/cipher.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct vector {
	enum enc_alg alg;
	const char *key;
	const char *iv;
	const char *plain;
	const char *cipher;
};

#define SP_PLAIN "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
#define SP_IV "000102030405060708090a0b0c0d0e0f"

static const struct vector vectors[] = {
	/* "Now is the time for all " */
	{ ENC_DES_CBC, "0123456789abcdef", "1234567890abcdef",
	    "4e6f77206973207468652074696d6520666f7220616c6c20",
	    "e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6" },
	{ ENC_3DES_CBC, "0123456789abcdef0123456789abcdef0123456789abcdef", "1234567890abcdef",
	    "4e6f77206973207468652074696d6520666f7220616c6c20",
	    "e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6" },
	/* RFC 3602 s4 case 1: "Single block msg" */
	{ ENC_AES_128_CBC, "06a9214036b8a15b512e03d534120006", "3dafba429d9eb430b422da802c9fac41",
	    "53696e676c6520626c6f636b206d7367", "e353779c1079aeb82708942dbe77181a" },
	{ ENC_AES_128_CBC, "2b7e151628aed2a6abf7158809cf4f3c", SP_IV, SP_PLAIN,
	    "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2" },
	{ ENC_AES_192_CBC, "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", SP_IV, SP_PLAIN,
	    "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a" },
	{ ENC_AES_256_CBC, "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
	    SP_IV, SP_PLAIN, "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d" },
};

static size_t
unhex(const char *s, uint8_t *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = strlen(s) / 2;
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)((strchr(digits, s[2 * i]) - digits) * 16 +
				   (strchr(digits, s[2 * i + 1]) - digits));
	return n;
}

static void
vectors_come_out_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct vector *v = &vectors[i];
		uint8_t key[CIPHER_KEY_MAX];
		uint8_t iv[CIPHER_IV_MAX];
		uint8_t plain[64];
		uint8_t cipher[64];
		uint8_t buf[64];
		unhex(v->key, key);
		size_t iv_len = unhex(v->iv, iv);
		size_t n = unhex(v->plain, plain);
		unhex(v->cipher, cipher);

		memcpy(buf, plain, n);
		cipher_cbc(v->alg, CIPHER_ENCRYPT, key, iv, buf, n);
		assert_memory_equal(buf, cipher, n);
		assert_memory_equal(iv, cipher + n - iv_len, iv_len);
		unhex(v->iv, iv);
		cipher_cbc(v->alg, CIPHER_DECRYPT, key, iv, buf, n);
		assert_memory_equal(buf, plain, n);
		assert_memory_equal(iv, cipher + n - iv_len, iv_len);
	}
}

static void
a_chain_in_two_steps_is_the_chain_in_one(void **state)
{
	uint8_t key[CIPHER_KEY_MAX];
	(void)state;
	memset(key, 0x37, sizeof(key));
	for (enum enc_alg alg = ENC_NULL + 1; alg < ENC_AES_128_GCM; alg++) {
		uint8_t one[96] = { 1, 2, 3 };
		uint8_t two[96] = { 1, 2, 3 };
		uint8_t iv_one[CIPHER_IV_MAX] = { 9 };
		uint8_t iv_two[CIPHER_IV_MAX] = { 9 };
		cipher_cbc(alg, CIPHER_ENCRYPT, key, iv_one, one, 96);
		cipher_cbc(alg, CIPHER_ENCRYPT, key, iv_two, two, 32);
		cipher_cbc(alg, CIPHER_ENCRYPT, key, iv_two, two + 32, 64);
		assert_memory_equal(one, two, 96);
		assert_memory_equal(iv_one, iv_two, sizeof(iv_one));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_come_out_both_ways),
		cmocka_unit_test(a_chain_in_two_steps_is_the_chain_in_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
