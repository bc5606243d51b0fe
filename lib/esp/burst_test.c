/* SPDX-License-Identifier: BSD-2-Clause
 *
 * burst_test.c - published vectors of every algorithm, through the burst that packets take.
 *
 * Keys shorter than the algorithm's are padded with zeros, which is what HMAC does with them (RFC
 * 2104 s2).
 */
#include "lib/esp/burst.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/esp/in.h"
#include "lib/esp/sa_priv.h"
#include "lib/esp/sad.h"
#include "lib/esp/test_util.h"
#include "lib/esp/worker_priv.h"

struct hmac_row {
	const char *source;
	enum auth_alg alg;
	const char *key;
	const char *data;
	const char *icv;
};

static const struct hmac_row hmacs[] = {
	{ "RFC 2202 MD5 1", AUTH_HMAC_MD5_96, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
	    "4869205468657265", "9294727a3638bb1c13f48ef8" },
	{ "RFC 2202 MD5 2", AUTH_HMAC_MD5_96, "4a656665",
	    "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
	    "750c783e6ab0b503eaa86e31" },
	{ "RFC 2202 MD5 5", AUTH_HMAC_MD5_96, "0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c",
	    "546573742057697468205472756e636174696f6e", "56461ef2342edc00f9bab995" },
	{ "RFC 2202 SHA-1 1", AUTH_HMAC_SHA1_96, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
	    "4869205468657265", "b617318655057264e28bc0b6" },
	{ "RFC 2202 SHA-1 2", AUTH_HMAC_SHA1_96, "4a656665",
	    "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
	    "effcdf6ae5eb2fa2d27416d5" },
	{ "RFC 2202 SHA-1 5", AUTH_HMAC_SHA1_96, "0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c",
	    "546573742057697468205472756e636174696f6e", "4c1a03424b55e07fe7f27be1" },
	{ "RFC 4231 SHA-256 1", AUTH_HMAC_SHA_256_128, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
	    "4869205468657265", "b0344c61d8db38535ca8afceaf0bf12b" },
	{ "RFC 4231 SHA-256 2", AUTH_HMAC_SHA_256_128, "4a656665",
	    "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
	    "5bdcc146bf60754e6a042426089575c7" },
	{ "RFC 4231 SHA-256 5", AUTH_HMAC_SHA_256_128, "0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c",
	    "546573742057697468205472756e636174696f6e", "a3b6167473100ee06e0c796c2955552b" },
	{ "RFC 4868 SHA-256 AUTH256-1", AUTH_HMAC_SHA_256_128,
	    "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
	    "198a607eb44bfbc69903a0f1cf2bbdc5" },
};

struct cbc_row {
	const char *source;
	enum enc_alg alg;
	const char *key;
	const char *iv;
	const char *clear;
	const char *sealed;
};

static const struct cbc_row cbcs[] = {
	{ "RFC 3602 1", ENC_AES_128_CBC, "06a9214036b8a15b512e03d534120006",
	    "3dafba429d9eb430b422da802c9fac41", "53696e676c6520626c6f636b206d7367",
	    "e353779c1079aeb82708942dbe77181a" },
	{ "RFC 3602 2", ENC_AES_128_CBC, "c286696d887c9aa0611bbb3e2025a45a",
	    "562e17996d093d28ddb3ba695a2e6f58",
	    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	    "d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1" },
	{ "RFC 3602 5, data", ENC_AES_128_CBC, "90d382b410eeba7ad938c46cec1a82bf",
	    "e96e8c08ab465763fd098d45dd3ff893",
	    "08000ebda70a00008e9c083db95b070008090a0b0c0d0e0f1011121314151617"
	    "18191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637"
	    "0102030405060708090a0b0c0d0e0e01",
	    "f663c25d325c18c6a9453e194e120849a4870b66cc6b9965330013b4898dc856"
	    "a4699e523a55db080b59ec3a8e4b7e52775b07d1db34ed9c538ab50c551b874a"
	    "a269add047ad2d5913ac19b7cfbad4a6" },
	{ "SP 800-38A F.2.3", ENC_AES_192_CBC, "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
	    "000102030405060708090a0b0c0d0e0f",
	    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
	    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
	    "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a"
	    "571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd" },
	{ "SP 800-38A F.2.5", ENC_AES_256_CBC,
	    "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
	    "000102030405060708090a0b0c0d0e0f",
	    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
	    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
	    "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
	    "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b" },
	{ "FIPS 81 C.1", ENC_DES_CBC, "0123456789abcdef", "1234567890abcdef",
	    "4e6f77206973207468652074696d6520666f7220616c6c20",
	    "e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6" },
	/* an ECB example: each block with an IV of zero */
	{ "SP 800-67 B.1, block 1", ENC_3DES_CBC,
	    "0123456789abcdef23456789abcdef01456789abcdef0123", "0000000000000000",
	    "5468652071756663", "a826fd8ce53b855f" },
	{ "SP 800-67 B.1, block 2", ENC_3DES_CBC,
	    "0123456789abcdef23456789abcdef01456789abcdef0123", "0000000000000000",
	    "6b2062726f776e20", "cce21c8112256fe6" },
	{ "SP 800-67 B.1, block 3", ENC_3DES_CBC,
	    "0123456789abcdef23456789abcdef01456789abcdef0123", "0000000000000000",
	    "666f78206a756d70", "68d5c05dd9b6b900" },
};

static struct esp_worker *worker;

static void
every_hmac_vector(void **state)
{
	enum { N = sizeof(hmacs) / sizeof(hmacs[0]) };
	static uint8_t data[N][128];
	uint8_t want[N][16];
	size_t want_len[N];
	struct burst *b = &worker->job.burst;
	struct sa *sas[N];
	(void)state;
	/* all of them in one burst: mixed algorithms must not disturb each other */
	for (size_t i = 0; i < N; i++) {
		struct sa_params p = test_params(SA_IN);
		p.protocol = SA_AH;
		p.auth = hmacs[i].alg;
		memset(p.auth_key, 0, sizeof(p.auth_key));
		test_hex(hmacs[i].key, p.auth_key, sizeof(p.auth_key));
		sas[i] = test_sa(worker, &p);
		struct burst_item *it = burst_next(b);
		*it = (struct burst_item){ .sa = sas[i], .hash_at = data[i] };
		it->icv_out = it->icv;
		it->hash_len = (uint32_t)test_hex(hmacs[i].data, data[i], sizeof(data[i]));
		want_len[i] = test_hex(hmacs[i].icv, want[i], sizeof(want[i]));
	}
	burst_run(&worker->engines, b);
	for (size_t i = 0; i < N; i++) {
		assert_true(b->items[i].is_done);
		if (memcmp(b->items[i].icv, want[i], want_len[i]) != 0)
			fail_msg("%s", hmacs[i].source);
		sa_free(sas[i]);
	}
	b->n = 0;
}

static void
cbc_run(enum sa_direction direction)
{
	enum { N = sizeof(cbcs) / sizeof(cbcs[0]) };
	static uint8_t data[N][128];
	uint8_t want[N][128];
	uint8_t ivs[N][16];
	struct burst *b = &worker->job.burst;
	struct sa *sas[N];
	for (size_t i = 0; i < N; i++) {
		bool is_out = direction == SA_OUT;
		struct sa_params p = test_params(direction);
		p.auth = AUTH_NONE;
		p.enc = cbcs[i].alg;
		test_hex(cbcs[i].key, p.enc_key, sizeof(p.enc_key));
		sas[i] = test_sa(worker, &p);
		test_hex(cbcs[i].iv, ivs[i], sizeof(ivs[i]));
		test_hex(is_out ? cbcs[i].sealed : cbcs[i].clear, want[i], sizeof(want[i]));
		struct burst_item *it = burst_next(b);
		*it = (struct burst_item){
			.sa = sas[i], .is_encrypt = is_out, .cipher_at = data[i], .iv = ivs[i]
		};
		it->icv_out = it->icv;
		it->cipher_len = (uint32_t)test_hex(
		    is_out ? cbcs[i].clear : cbcs[i].sealed, data[i], sizeof(data[i]));
	}
	burst_run(&worker->engines, b);
	for (size_t i = 0; i < N; i++) {
		assert_true(b->items[i].is_done);
		if (memcmp(data[i], want[i], b->items[i].cipher_len) != 0)
			fail_msg("%s", cbcs[i].source);
		sa_free(sas[i]);
	}
	b->n = 0;
}

static void
every_cbc_vector_encrypts(void **state)
{
	(void)state;
	cbc_run(SA_OUT);
}

static void
every_cbc_vector_decrypts(void **state)
{
	(void)state;
	cbc_run(SA_IN);
}

static void
packet_vector_run(
    enum sa_mode mode, uint32_t spi, const char *key, const char *packet, const char *inner)
{
	struct sa_params p = test_params(SA_IN);
	p.mode = mode;
	p.spi = spi;
	p.auth = AUTH_NONE;
	p.src = p.dst = (struct addr){ 0 };
	test_hex(key, p.enc_key, sizeof(p.enc_key));
	struct sa *sa = test_sa(worker, &p);
	struct sad *sad = sad_new(1);
	assert_int_equal(sad_add(sad, sa), SAD_OK);
	uint8_t bytes[256];
	size_t n = test_hex(packet, bytes, sizeof(bytes));
	struct pkt *pkt = test_bytes(worker, bytes, n);
	in_burst(worker, sad, &pkt, 1);
	assert_int_equal(pkt->verdict, DROP_NONE);
	n = test_hex(inner, bytes, sizeof(bytes));
	assert_int_equal(pkt->len, n);
	assert_memory_equal(pkt_data(pkt), bytes, n);
	pkt_put(worker->pool, pkt);
	sad_free(sad);
	sa_free(sa);
}

static void
whole_packets_of_rfc_3602(void **state)
{
	(void)state;
	packet_vector_run(SA_TRANSPORT, 0x4321, "90d382b410eeba7ad938c46cec1a82bf",
	    "4500007c08f200004032f9a5c0a87b03c0a87b640000432100000001"
	    "e96e8c08ab465763fd098d45dd3ff893"
	    "f663c25d325c18c6a9453e194e120849a4870b66cc6b9965330013b4898dc856"
	    "a4699e523a55db080b59ec3a8e4b7e52775b07d1db34ed9c538ab50c551b874a"
	    "a269add047ad2d5913ac19b7cfbad4a6",
	    "4500005408f200004001f9fec0a87b03c0a87b64"
	    "08000ebda70a00008e9c083db95b070008090a0b0c0d0e0f1011121314151617"
	    "18191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637");
	packet_vector_run(SA_TUNNEL, 0x8765, "0123456789abcdef0123456789abcdef",
	    "4500008c090500004032f91ec0a87b03c0a87bc80000876500000002"
	    "f4e765244f6407adf13dc1380f673f37"
	    "773b5241a4c449225e4f3ce5ed611b0c237ca96cf74a93013c1b0ea1a0cf70f8"
	    "e4ecaec78ac53aad7a0f022b859243c647752e94a859352b8a4d4d2decd136e5"
	    "c177f132ad3fbfb2201ac9904c74ee0a109e0ca1e4dfe9d5a100b842f1c22f0d",
	    "45000054090400004001f988c0a87b03c0a87bc808009f76a90a0100b49c083d"
	    "02a2040008090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223"
	    "2425262728292a2b2c2d2e2f3031323334353637");
}

int
main(void)
{
	worker = test_worker(8);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_hmac_vector),
		cmocka_unit_test(every_cbc_vector_encrypts),
		cmocka_unit_test(every_cbc_vector_decrypts),
		cmocka_unit_test(whole_packets_of_rfc_3602),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	esp_worker_free(worker);
	return failed;
}
