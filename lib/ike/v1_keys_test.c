/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_keys_test.c - SKEYID and what follows from it as libreswan 4.10's `cavp` gives them (IKEv1 KDF of NIST SP 800-135 by an
 * implementation that is not ours); the rest against the RFC's formulas written out with one-shot HMACs.
 */
#include "lib/ike/v1_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/ike/hdr.h"

#define CKY_I 0x0123456789abcdefULL
#define CKY_R 0xfedcba9876543210ULL

static const uint8_t ni[16] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa,
	0xbb, 0xcc, 0xdd, 0xee, 0xff };
static const uint8_t nr[16] = { 0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x00, 0x99, 0x88, 0x77, 0x66,
	0x55, 0x44, 0x33, 0x22, 0x11 };

static const struct part part_ni = { ni, sizeof(ni) };
static const struct part part_nr = { nr, sizeof(nr) };

static struct part
gxy(void)
{
	static uint8_t b[128];
	for (unsigned i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)(i * 7 + 3);
	return (struct part){ b, sizeof(b) };
}

/* cavp -json -v1psk|-v1dsa -hashAlg ... -ckyInit 0123456789abcdef -ckyResp fedcba9876543210 -preSharedKey 73616c6c79 */
static const struct {
	enum hash_alg hash;
	bool is_psk;
	const char *want[4];
} vectors[] = {
	{ HASH_SHA1, true,
	    { "4ca6caef9ed8605ffa695d56b65648bbb91484f0",
		"5bb6d86a0e0a1a8561f0b73b1339dd50a3b4ccb7",
		"ecb12a638d1193604c6457218a554948620a3014",
		"905eee1473c14e38916f567b3263cf52d11abbb8" } },
	{ HASH_SHA1, false,
	    { "7c42c3ba271181a665f57582930eacbaadcfac45",
		"f25d87a811920fe7ddf549e2c1e5dd7a5c06e30f",
		"1fe0d7983d72d539754581baa2573853eed3f547",
		"37b8994d48115cd09cf1ae77f3271cbeb07e7039" } },
	{ HASH_SHA_256, true,
	    { "97668923590d946c4c79facfb2332e6b8bd3b86bdfbe226eb0de6db7a73fa542",
		"c1c54d6dfa8e1d584bc2304a4ad81369e3d09f2be0f1c1242e0aaea09b4fc0d2",
		"f9d751367f4dfe97ed627192b2dea7bfe39efb6ca88969d7e9b5c5d586cdbc3e",
		"f9aeaabf5ec6c5e05ba8559934ae95b840c87e68c36d95c36f49a1a97fd3168f" } },
	{ HASH_SHA_256, false,
	    { "2adc95aaec2462df55b08ceecdfda096d1ef116eff47e93c9defcc52d894951e",
		"36481ecebe6eb21f4faec54d92e0935beb9bcc2ebf92d16e4fd74b8c76338967",
		"92a67c8857c6b432f74dfde346fa96c409f888b87cda1bfbfbf86f91916c4458",
		"13da2dc3335c1ed7891a862be2c7a24f6bdf588396d6083bb459e7dc5b5a2a18" } },
	{ HASH_SHA_384, true,
	    { "e12393e503836cdfeb265929eb357ebab2b691f56ec06666e13e3ae97ebb2576"
	      "ea9f34bd3632b787304039a6986b25af",
		"014683a0e6517972b1016d0cb22dcf3747b372a405897cd30bb1e8dbce51d842"
		"9d78e74bea3e1e21dece114bc79906dd",
		"b844411634e7c2186044b4f64efa3ded3447b838aab8b80f807fbc45ab1b4ea8"
		"eea84ac4a3cef734e4beeb9a4c9ff7e9",
		"805e7938809e2b864051e50cb30f6d74fddf0516e312469a7216664caa32b819"
		"a94579d8e69f3a581676d9f4b2957bdc" } },
	{ HASH_SHA_384, false,
	    { "5ac6fbabe1cb559d2848b184b87b04c2cb311dbee5798f0cbb3d348758535ea7"
	      "a2116f0dbf6a7bb778a9873ffdd2748c",
		"d2863541444ed3c5447e1da9afb9213bcd427456ad46ad7d37ef1db799915335"
		"0f61e8df6a7e98af717e7b6357822fa5",
		"6f5a56aa77aea2b0513f0274abf677ed2ab7669f63351e9a6ca55c26622ecb33"
		"1a2e991bc20e51362d07e40672fcea77",
		"926ac8ce3a4156731ae1772a50d67e8ef1385957fa345aca9d88c5674c442db3"
		"b302f84ca305aea4373d5de0bdea0f0f" } },
};

static void
check_hex(const uint8_t *got, size_t n, const char *want)
{
	char text[2 * HASH_LEN_MAX + 1];
	for (size_t i = 0; i < n; i++)
		snprintf(text + 2 * i, 3, "%02x", got[i]);
	assert_string_equal(text, want);
}

static struct v1_keys
keys_make(enum hash_alg hash, enum enc_alg enc, bool is_psk)
{
	struct v1_keys k = { .hash = hash, .enc = enc };
	if (is_psk)
		v1_skeyid_psk(&k, (struct part){ "sally", 5 }, part_ni, part_nr);
	else
		v1_skeyid_sig(&k, part_ni, part_nr, gxy());
	v1_keys_derive(&k, gxy(), CKY_I, CKY_R);
	return k;
}

static void
keys_are_those_of_cavp(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct v1_keys k = keys_make(vectors[i].hash, ENC_3DES_CBC, vectors[i].is_psk);
		size_t n = hash_info(vectors[i].hash)->len;
		check_hex(k.skeyid, n, vectors[i].want[0]);
		check_hex(k.skeyid_d, n, vectors[i].want[1]);
		check_hex(k.skeyid_a, n, vectors[i].want[2]);
		check_hex(k.skeyid_e, n, vectors[i].want[3]);
	}
}

/* RFC 2409 appendix B: Ka = K1 | K2 | K3 where SKEYID_e is shorter than the key. */
static void
a_long_cipher_key_is_stretched(void **state)
{
	(void)state;
	struct v1_keys k = keys_make(HASH_SHA1, ENC_AES_256_CBC, true);
	const struct part key = { k.skeyid_e, 20 };
	uint8_t k1[20];
	uint8_t k2[20];
	hmac_parts(HASH_SHA1, key, &(struct part){ "\0", 1 }, 1, k1);
	hmac_parts(HASH_SHA1, key, &(struct part){ k1, 20 }, 1, k2);
	assert_memory_equal(k.key, k1, 20);
	assert_memory_equal(k.key + 20, k2, 12);

	k = keys_make(HASH_SHA_256, ENC_AES_256_CBC, true);
	assert_memory_equal(k.key, k.skeyid_e, 32);
	k = keys_make(HASH_SHA1, ENC_AES_128_CBC, true);
	assert_memory_equal(k.key, k.skeyid_e, 16);
}

static void
keymat_is_stretched_and_bound_to_the_spi(void **state)
{
	(void)state;
	struct v1_keys k = keys_make(HASH_SHA1, ENC_AES_128_CBC, true);
	struct v1_keymat m = { .protocol = 3, .spi = 0x01020304, .ni = part_ni, .nr = part_nr };
	uint8_t out[52];
	uint8_t want[60];
	uint8_t seed[128 + 5 + 32];
	v1_keymat(&k, &m, out, sizeof(out));
	/* without PFS: K1 = prf(SKEYID_d, protocol | SPI | Ni_b | Nr_b), K2 = prf(SKEYID_d, K1 | ...) */
	memcpy(seed, "\x03\x01\x02\x03\x04", 5);
	memcpy(seed + 5, ni, 16);
	memcpy(seed + 21, nr, 16);
	const struct part key = { k.skeyid_d, 20 };
	for (size_t i = 0; i < 3; i++) {
		const struct part parts[] = { { want + 20 * i - 20 * (i > 0), i > 0 ? 20 : 0 },
			{ seed, 37 } };
		hmac_parts(HASH_SHA1, key, parts, 2, want + 20 * i);
	}
	assert_memory_equal(out, want, sizeof(out));

	/* with PFS the new secret comes first */
	m.gxy = gxy();
	v1_keymat(&k, &m, out, 20);
	memmove(seed + 128, seed, 37);
	memcpy(seed, gxy().p, 128);
	hmac_parts(HASH_SHA1, key, &(struct part){ seed, sizeof(seed) }, 1, want);
	assert_memory_equal(out, want, 20);
}

static void
proofs_of_both_sides_mirror(void **state)
{
	(void)state;
	struct v1_keys k = keys_make(HASH_SHA_256, ENC_AES_128_CBC, true);
	const struct v1_proof p = {
		.gxi = { "gxi", 3 },
		.gxr = { "gxr", 3 },
		.cky_i = CKY_I,
		.cky_r = CKY_R,
		.sai = { "SAi_b", 5 },
		.id = { "ID", 2 },
	};
	uint8_t out[HASH_LEN_MAX];
	uint8_t want[HASH_LEN_MAX];
	const struct part key = { k.skeyid, 32 };
	v1_hash_proof(&k, k.hash, V1_INITIATOR, &p, out);
	hmac_parts(HASH_SHA_256, key,
	    &(struct part){ "gxigxr\x01\x23\x45\x67\x89\xab\xcd\xef\xfe\xdc\xba\x98\x76\x54\x32\x10"
			    "SAi_bID",
		29 },
	    1, want);
	assert_memory_equal(out, want, 32);
	v1_hash_proof(&k, k.hash, V1_RESPONDER, &p, out);
	hmac_parts(HASH_SHA_256, key,
	    &(struct part){ "gxrgxi\xfe\xdc\xba\x98\x76\x54\x32\x10\x01\x23\x45\x67\x89\xab\xcd\xef"
			    "SAi_bID",
		29 },
	    1, want);
	assert_memory_equal(out, want, 32);
	/* RFC 2409 s5.1: DSA signs the HMAC of SHA-1, whatever was negotiated */
	v1_hash_proof(&k, HASH_SHA1, V1_INITIATOR, &p, out);
	hmac_parts(HASH_SHA1, key,
	    &(struct part){ "gxigxr\x01\x23\x45\x67\x89\xab\xcd\xef\xfe\xdc\xba\x98\x76\x54\x32\x10"
			    "SAi_bID",
		29 },
	    1, want);
	assert_memory_equal(out, want, 20);
}

static void
hashes_of_quick_mode_are_the_rfcs(void **state)
{
	(void)state;
	struct v1_keys k = keys_make(HASH_SHA1, ENC_AES_128_CBC, true);
	const struct part key = { k.skeyid_a, 20 };
	uint8_t out[HASH_LEN_MAX];
	uint8_t want[HASH_LEN_MAX];
	v1_hash1(&k, 0x11223344, (struct part){ "rest", 4 }, out);
	hmac_parts(HASH_SHA1, key, &(struct part){ "\x11\x22\x33\x44rest", 8 }, 1, want);
	assert_memory_equal(out, want, 20);
	v1_hash2(&k, 0x11223344, (struct part){ "Ni", 2 }, (struct part){ "rest", 4 }, out);
	hmac_parts(HASH_SHA1, key, &(struct part){ "\x11\x22\x33\x44Nirest", 10 }, 1, want);
	assert_memory_equal(out, want, 20);
	v1_hash3(&k, 0x11223344, (struct part){ "Ni", 2 }, (struct part){ "Nr", 2 }, out);
	hmac_parts(HASH_SHA1, key, &(struct part){ "\x00\x11\x22\x33\x44NiNr", 9 }, 1, want);
	assert_memory_equal(out, want, 20);
}

static void
a_sealed_message_opens_and_the_chain_goes_on(void **state)
{
	(void)state;
	for (enum enc_alg enc = ENC_DES_CBC; enc < ENC_AES_128_GCM; enc++) {
		struct v1_keys k = keys_make(HASH_SHA1, enc, true);
		struct v1_iv a = v1_iv_phase1(&k, part_ni, part_nr);
		struct v1_iv b = a;
		size_t block = enc_info(enc)->block_len;
		for (size_t len = HDR_LEN + 1; len < HDR_LEN + 40; len++) {
			uint8_t msg[128] = { 0 };
			uint8_t was[128] = { 0 };
			for (size_t i = HDR_LEN; i < len; i++)
				msg[i] = was[i] = (uint8_t)(i * 3);
			size_t n = v1_seal(&k, &a, msg, len, sizeof(msg));
			assert_int_equal((n - HDR_LEN) % block, 0);
			assert_true(n >= len && n < len + block);
			assert_int_equal(msg[27], n);
			assert_true(v1_open(&k, &b, msg, n));
			assert_memory_equal(msg + HDR_LEN, was + HDR_LEN, n - HDR_LEN);
			assert_memory_equal(&a, &b, sizeof(a));
			assert_false(v1_open(&k, &b, msg, n - 1));
			assert_int_equal(v1_seal(&k, &a, msg, len, n - 1), 0);
		}
		assert_false(v1_open(&k, &b, (uint8_t[HDR_LEN]){ 0 }, HDR_LEN));
		struct v1_iv q = v1_iv_phase2(&k, &a, 1);
		struct v1_iv r = v1_iv_phase2(&k, &a, 2);
		assert_memory_not_equal(&q, &r, sizeof(q));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_those_of_cavp),
		cmocka_unit_test(a_long_cipher_key_is_stretched),
		cmocka_unit_test(keymat_is_stretched_and_bound_to_the_spi),
		cmocka_unit_test(proofs_of_both_sides_mirror),
		cmocka_unit_test(hashes_of_quick_mode_are_the_rfcs),
		cmocka_unit_test(a_sealed_message_opens_and_the_chain_goes_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
