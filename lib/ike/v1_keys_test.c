/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_keys_test.c - SKEYID and what follows from it as libreswan 4.10's `cavp` gives them (IKEv1 KDF of NIST SP 800-135 by an
 * implementation that is not ours) and as NIST itself does; the rest against the RFC's formulas written out with one-shot HMACs.
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

/* NIST's own: the sample vectors of ACVP, kdf-components IKEv1 1.0, SHA-1, psk, test case 1583. */
static const struct {
	uint64_t cky_i;
	uint64_t cky_r;
	const char *ni;
	const char *nr;
	const char *gxy;
	const char *psk;
	const char *want[4];
} nist = {
	.cky_i = 0x7ab8eaef2bf3606f,
	.cky_r = 0x13cd2924abe57b74,
	.ni = "cbf5c4202b085c5d6969c797a180195054ca8b760ce8f9bd999487094ba815a586ba53d7186b20c3"
	      "d06dc1db3b9568a2e5be688df2dfe61ecddc8b4bcb2ccb2a44022d0923fe0fbc577e55f306c79a25"
	      "df533617d25aa7b4c476d6272778422560c7a2d5bb48f61bd63ae89a93ab94a404b3c40d522cf1e7"
	      "d7e952191ae5f73f18e89e9a6b9ed9a4618843c4427f9d168ff00d1eb85b0eff610e7394ec57a419"
	      "fe2a1930c1239412d27c69602b53f64a7d3e71befff56a321960be00b0ab20cae96e1738c91b5500"
	      "ae0d14228d275f1f0e243f0c228d881663e34c1724431fe79ef6888b73056fbd4b934b870ccd1665"
	      "77e244cf92bec171f98a3d39d8a194fa",
	.nr = "19be787bbcdcaeb65685603eee5cfbee002adcec4c2b7757252e5eb2e4f978594f7aa6713059b0f0"
	      "b97650233da0a2d96bcfe8a34cb0e9c030a8d46ccd682da7a89ddf913566bee9ce299d35eca800f9"
	      "9b2b1b11a020f62e0bdcd8ee427e1a57ac3ccb3d9a3e0586e189c443def49c099617ebe7bfd9e473"
	      "da79cf3aec9f73926d7c2a89b197108713daea8494d1a7da16c58db51187d3d6c67dd4aac51860cc"
	      "0e581486cfb3ce24ccfd6f92afaaf0af2394534d6b81ea8102f93c80bbdd84826c9a2f8580cb6f69"
	      "12f837fc09d6d002fd9088499bcc663ddd94523e1de01d03f979687facee3fabdeee19d2bec81655"
	      "385a60d8e17dfcd41adb73bf774d582b",
	.gxy = "02bb564b22f81def8d17ef61bf8ee3f4d9d00b350508d6466aa378af080dabd1d5f086f7db949a19"
	       "3a8f635c9d222b40ee210164fbdefa89b332e0bd12587ef1748d84ebced115da350613ff928a784a"
	       "618a0887fe1f5e5adb55c9f16fd01f4e8ef6e6166d8ccbf6a8ff845938d5de7c234f8e31a60ce75a"
	       "a3f1779ac8bedaba604cd471069b9aefbcae93e57a014b52ef92af4a8b7f9a6367edb1077c87a53c"
	       "e5ff5b8428ce0ed29a1ab140704f4855f8f3216dfac0babbd0fd40156e340a6def0434c356444611"
	       "ffa90a463b6a60a703203b86f594401ac3b1c86ee00e7ca460ecabd0f64c75347917013ada7d6d99"
	       "6b2024ead86a5a9ad42b0fcb78bf2901e4e4c3a803cbc8280a14f0502e1545d27d412e0a0f608924"
	       "94af9cbe747f486a67304f2050eada992a344a628fef4a71ea834bc12a913234051493de65f25c55"
	       "767f3f79863056c903589b42948e38288e01b1d0d5bfeaa7a9d650a6b4def1c676dff0c717d8729b"
	       "5420811439db0a56ba47bd56b8d23567475751f9ccaaea846cd41e9fe4f36f4b586aa30a2632fffb"
	       "d01c519e635e9a947fd5bb8723cb06f72ba74638d7db720ce620b45367b43c03de75c4d2a2152cb3"
	       "0df57a5700556c0dbe0abf6335de7095eff3b48f11a789fa2cbbdc90d8c402ea0a7b16477061009a"
	       "b0c6fbf0ae69bebb059d97a400372e233ceab900f01cd3b9fb6eccf49975328698b5c740cbc6e5e5"
	       "bbcdacac7efe59d66fb0bca3e8984f7706c7b6934e7a88b14a16a25a0e9ed4f98ea1983f94da81b2"
	       "021b6e22277d9c3b0fd5de9fbf7387540c408600b05bf2ded3e42084d35f4ce5677607d5cf95f2d0"
	       "1653b5007da7ddae256c9ee0bfe82809f13eb8194db28ec5d55c479c21acc1ab2146e8d964e31c8b"
	       "fd6e3762242241ae13288290411417fe2c1ae39932db1c5ccfc30301963c3173cef92d65b0bbdfb9"
	       "f679783d09906e25477e159657eb842bd3e71e04db37278b668c21af395e7d42b13a85b706ef44ed"
	       "c7df39bec79700efa966c32efd91f37b307f2d4e7d3504803cdc2e57db2d9296161c95cfb3580a93"
	       "db9ee53ddfba1fdf9260e499865b095caeec16d12adc8e8ea4a3e81d7186db1518b3a98792b26d53"
	       "ae59346abc363afe3906558f6d2246852678ef4d0dcd39c6caa1d0c0594263037b84f47161b40794"
	       "f1f6ebaa4ca6b6e87403c9f6b6e9d7a3ca951ec3ca2bf424b1a235240bba88ef6ea636e571035ce9"
	       "649bec4e6714a5b1a8002beaa4763a27db5cada98f1b836052300b5c9a80a3f680c3390453d0805f"
	       "4bc53f8f1bdb207a02d16614f9ddac9e9f401fe773f177e88f47c5c5f03cf94271a7863cb923a171"
	       "187f4d1269333d46882a414c12f206d102f8b3bc4c39f94fe3cf48372335c8e08c31da7ac379e143"
	       "0311fee98cdd11b9dea97281042ea2f2f9108b4a76415886",
	.psk = "c6a263a388c46ce5f86ca70c54c70fc69daa1b19a4e9327a06a8f668cd8ba223e779c6318516b41c"
	       "d0fbd2cf18b2efd73668395e80e84688d7e8b640e541ddcf3bc3bf449e422ed7049801ef760a66bc"
	       "e9dbaaaf56d9e3a6be6077b7edbcb8d2e744d57f6fd9b2e1178c38608f04e94f9ca0019e10c11411"
	       "3f2b1e4d2346673cfc8cf05f56035cef79bf6c6aef22d1d8ad9afe50fdb963dba42f82c8c5289c87"
	       "fb27875cdd9ae69af4ff5b749cbc3cc1f7e375c3ce626483edd1fa389e55ead13409272be0c9bc27"
	       "5ac8b7623d51a9a2641d22b3f9d0912253642a9dc23d63a85d94ca465ea4df1a9373905f80b7e818"
	       "6fbc7a01fe4865fe5385d0c3e0539aef283816296a155ee22320f863d2e4a82028",
	.want = { "aa8209c6ca9aaecbd7ccd4b6f08be732614d61fc",
	    "38fc73a3d2b7a3712dc95cb8c73454e6c1a4ce4d", "550898dbfd43ad8f26afab32618945da3b9aa8da",
	    "0d275a9ddc797c0d7205accf13cbb1ce54981d9d" },
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

static struct part
unhex(const char *text, uint8_t *out)
{
	size_t n = strlen(text) / 2;
	for (size_t i = 0; i < n; i++) {
		unsigned octet;
		assert_int_equal(sscanf(text + 2 * i, "%2x", &octet), 1);
		out[i] = (uint8_t)octet;
	}
	return (struct part){ out, n };
}

static void
keys_are_those_of_nist(void **state)
{
	(void)state;
	uint8_t b[4][1024];
	struct v1_keys k = { .hash = HASH_SHA1, .enc = ENC_3DES_CBC };
	v1_skeyid_psk(&k, unhex(nist.psk, b[0]), unhex(nist.ni, b[1]), unhex(nist.nr, b[2]));
	v1_keys_derive(&k, unhex(nist.gxy, b[3]), nist.cky_i, nist.cky_r);
	check_hex(k.skeyid, 20, nist.want[0]);
	check_hex(k.skeyid_d, 20, nist.want[1]);
	check_hex(k.skeyid_a, 20, nist.want[2]);
	check_hex(k.skeyid_e, 20, nist.want[3]);
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
		cmocka_unit_test(keys_are_those_of_nist),
		cmocka_unit_test(a_long_cipher_key_is_stretched),
		cmocka_unit_test(keymat_is_stretched_and_bound_to_the_spi),
		cmocka_unit_test(proofs_of_both_sides_mirror),
		cmocka_unit_test(hashes_of_quick_mode_are_the_rfcs),
		cmocka_unit_test(a_sealed_message_opens_and_the_chain_goes_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
