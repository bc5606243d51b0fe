/* SPDX-License-Identifier: BSD-2-Clause
 *
 * dh_test.c - the groups are the RFCs' (primes proved, not copied), RFC 5903's vectors, OpenSSL's EVP as an
 * independent second party, and every bad public value refused.
 */
#include "lib/crypto/dh.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

static void
fill(uint8_t *p, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1103515245U + 12345U;
		p[i] = (uint8_t)(seed >> 16);
	}
}

static void
key_make(enum dh_group g, unsigned seed, struct dh_key *out)
{
	uint8_t random[DH_RANDOM_MAX];
	fill(random, sizeof(random), seed);
	assert_true(dh_generate(g, random, out));
}

static void
unhex(const char *s, uint8_t *out, size_t n)
{
	BIGNUM *b = NULL;
	assert_true(BN_hex2bn(&b, s) > 0);
	assert_int_equal(BN_bn2binpad(b, out, (int)n), (int)n);
	BN_free(b);
}

static bool
is_modp(enum dh_group g)
{
	return g != DH_GROUP19 && g != DH_GROUP20;
}

static void
both_ends_get_the_same_secret(void **state)
{
	(void)state;
	for (enum dh_group g = DH_NONE + 1; g < DH_MAX; g++)
		for (unsigned seed = 0; seed < 8; seed++) {
			struct dh_key a;
			struct dh_key b;
			uint8_t sa[DH_SECRET_MAX] = { 0 };
			uint8_t sb[DH_SECRET_MAX] = { 1 };
			size_t len = dh_info(g)->public_len;
			key_make(g, seed, &a);
			key_make(g, seed + 100, &b);
			assert_int_equal(dh_check(g, a.public, len), DH_OK);
			assert_int_equal(dh_shared(&a, b.public, len, sa), DH_OK);
			assert_int_equal(dh_shared(&b, a.public, len, sb), DH_OK);
			assert_memory_equal(sa, sb, dh_info(g)->secret_len);
		}
}

/* Fermat to base 3: enough against a wrong digit, and a hundred times faster than BN_check_prime(). */
static bool
is_probably_prime(const BIGNUM *p)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *p1 = BN_dup(p);
	BIGNUM *r = BN_new();
	assert_true(BN_set_word(r, 3) && BN_sub_word(p1, 1) && BN_mod_exp(r, r, p1, p, ctx));
	bool is_prime = BN_is_one(r);
	BN_free(p1);
	BN_free(r);
	BN_CTX_free(ctx);
	return is_prime;
}

/* RFC 2409 s6 and RFC 3526: p = 2^n - 2^(n-64) - 1 + 2^64 * (an integer), p and (p-1)/2 prime. */
static void
modp_primes_are_safe_and_of_the_rfcs_form(void **state)
{
	static const struct {
		enum dh_group group;
		int bits;
		BIGNUM *(*prime)(BIGNUM *);
		const char *start; /* the first digits of pi after 64 ones */
	} rows[] = {
		{ DH_GROUP1, 768, BN_get_rfc2409_prime_768, "FFFFFFFFFFFFFFFFC90FDAA22168C234" },
		{ DH_GROUP2, 1024, BN_get_rfc2409_prime_1024, "FFFFFFFFFFFFFFFFC90FDAA22168C234" },
		{ DH_GROUP5, 1536, BN_get_rfc3526_prime_1536, "FFFFFFFFFFFFFFFFC90FDAA22168C234" },
		{ DH_GROUP14, 2048, BN_get_rfc3526_prime_2048, "FFFFFFFFFFFFFFFFC90FDAA22168C234" },
		{ DH_GROUP15, 3072, BN_get_rfc3526_prime_3072, "FFFFFFFFFFFFFFFFC90FDAA22168C234" },
		{ DH_GROUP16, 4096, BN_get_rfc3526_prime_4096, "FFFFFFFFFFFFFFFFC90FDAA22168C234" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		BIGNUM *p = rows[i].prime(NULL);
		size_t len = dh_info(rows[i].group)->public_len;
		uint8_t b[DH_PUBLIC_MAX];
		uint8_t start[16];
		assert_int_equal(BN_num_bits(p), rows[i].bits);
		assert_int_equal(len, rows[i].bits / 8);
		assert_int_equal(BN_bn2bin(p, b), (int)len);
		unhex(rows[i].start, start, 16);
		assert_memory_equal(b, start, 16);
		for (size_t k = 1; k <= 8; k++)
			assert_int_equal(b[len - k], 0xff);
		assert_true(is_probably_prime(p));
		assert_true(BN_rshift1(p, p));
		assert_true(is_probably_prime(p));
		BN_free(p);
	}
}

/* RFC 5903 s8.1 and s8.2 */
static void
ecp_vectors_of_rfc5903_come_out(void **state)
{
	static const struct {
		enum dh_group group;
		const char *i;
		const char *gi;
		const char *r;
		const char *gr;
		const char *gir;
	} rows[] = {
		{ DH_GROUP19, "C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433",
		    "DAD0B65394221CF9B051E1FECA5787D098DFE637FC90B9EF945D0C3772581180"
		    "5271A0461CDB8252D61F1C456FA3E59AB1F45B33ACCF5F58389E0577B8990BB3",
		    "C6EF9C5D78AE012A011164ACB397CE2088685D8F06BF9BE0B283AB46476BEE53",
		    "D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63"
		    "56FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB",
		    "D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE" },
		{ DH_GROUP20,
		    "099F3C7034D4A2C699884D73A375A67F7624EF7C6B3C0F160647B67414DCE655"
		    "E35B538041E649EE3FAEF896783AB194",
		    "667842D7D180AC2CDE6F74F37551F55755C7645C20EF73E31634FE72B4C55EE6"
		    "DE3AC808ACB4BDB4C88732AEE95F41AA"
		    "9482ED1FC0EEB9CAFC4984625CCFC23F65032149E0E144ADA024181535A0F38E"
		    "EB9FCFF3C2C947DAE69B4C634573A81C",
		    "41CB0779B4BDB85D47846725FBEC3C9430FAB46CC8DC5060855CC9BDA0AA2942"
		    "E0308312916B8ED2960E4BD55A7448FC",
		    "E558DBEF53EECDE3D3FCCFC1AEA08A89A987475D12FD950D83CFA41732BC509D"
		    "0D1AC43A0336DEF96FDA41D0774A3571"
		    "DCFBEC7AACF3196472169E838430367F66EEBE3C6E70C416DD5F0C68759DD1FF"
		    "F83FA40142209DFF5EAAD96DB9E6386C",
		    "11187331C279962D93D604243FD592CB9D0A926F422E47187521287E7156C5C4"
		    "D603135569B9E9D09CF5D4A270F59746" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct dh_info *info = dh_info(rows[i].group);
		size_t scalar = info->secret_len;
		uint8_t random[DH_RANDOM_MAX] = { 0 };
		uint8_t want[DH_PUBLIC_MAX];
		uint8_t peer[DH_PUBLIC_MAX];
		uint8_t got[DH_SECRET_MAX];
		struct dh_key key;
		/* the scalar is 1 + random */
		unhex(rows[i].i, random + info->random_len - scalar, scalar);
		random[info->random_len - 1]--;
		assert_true(dh_generate(rows[i].group, random, &key));
		unhex(rows[i].gi, want, info->public_len);
		assert_memory_equal(key.public, want, info->public_len);
		unhex(rows[i].gr, peer, info->public_len);
		assert_int_equal(dh_shared(&key, peer, info->public_len, got), DH_OK);
		unhex(rows[i].gir, want, scalar);
		assert_memory_equal(got, want, scalar);

		unhex(rows[i].r, random + info->random_len - scalar, scalar);
		random[info->random_len - 1]--;
		assert_true(dh_generate(rows[i].group, random, &key));
		assert_memory_equal(key.public, peer, info->public_len);
	}
}

/* --- OpenSSL's EVP as the other party --- */

static EVP_PKEY *
evp_group(enum dh_group g)
{
	static const char *const names[DH_MAX] = {
		[DH_GROUP5] = "modp_1536",
		[DH_GROUP14] = "modp_2048",
		[DH_GROUP15] = "modp_3072",
		[DH_GROUP16] = "modp_4096",
		[DH_GROUP19] = "P-256",
		[DH_GROUP20] = "P-384",
		[DH_GROUP24] = "dh_2048_256",
	};
	if (names[g] == NULL)
		return NULL;
	char name[16];
	snprintf(name, sizeof(name), "%s", names[g]);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(
	    NULL, is_modp(g) ? (g == DH_GROUP24 ? "DHX" : "DH") : "EC", NULL);
	EVP_PKEY *key = NULL;
	assert_int_equal(EVP_PKEY_keygen_init(c), 1);
	assert_int_equal(EVP_PKEY_CTX_set_params(c, params), 1);
	assert_int_equal(EVP_PKEY_generate(c, &key), 1);
	EVP_PKEY_CTX_free(c);
	return key;
}

/* The public value with the leading 04 that OpenSSL puts before a point. */
static size_t
evp_public(enum dh_group g, const uint8_t *public, uint8_t *out)
{
	size_t n = dh_info(g)->public_len;
	size_t lead = is_modp(g) ? 0 : 1;
	out[0] = 4;
	memcpy(out + lead, public, n);
	return n + lead;
}

static void
openssl_gets_the_same_secret(void **state)
{
	(void)state;
	for (enum dh_group g = DH_NONE + 1; g < DH_MAX; g++) {
		EVP_PKEY *theirs = evp_group(g);
		if (theirs == NULL)
			continue;
		size_t n = dh_info(g)->public_len;
		uint8_t encoded[DH_PUBLIC_MAX + 1];
		uint8_t secret[DH_SECRET_MAX];
		uint8_t theirs_secret[DH_SECRET_MAX];
		struct dh_key ours;
		key_make(g, 7, &ours);

		EVP_PKEY *peer = EVP_PKEY_new();
		assert_int_equal(EVP_PKEY_copy_parameters(peer, theirs), 1);
		size_t len = evp_public(g, ours.public, encoded);
		assert_int_equal(EVP_PKEY_set1_encoded_public_key(peer, encoded, len), 1);
		EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(theirs, NULL);
		assert_int_equal(EVP_PKEY_derive_init(c), 1);
		unsigned pad = 1;
		OSSL_PARAM params[] = {
			OSSL_PARAM_construct_uint(OSSL_EXCHANGE_PARAM_PAD, &pad),
			OSSL_PARAM_construct_end(),
		};
		if (is_modp(g))
			assert_int_equal(EVP_PKEY_CTX_set_params(c, params), 1);
		assert_int_equal(EVP_PKEY_derive_set_peer(c, peer), 1);
		size_t secret_len = sizeof(theirs_secret);
		assert_int_equal(EVP_PKEY_derive(c, theirs_secret, &secret_len), 1);
		assert_int_equal(secret_len, dh_info(g)->secret_len);

		unsigned char *point = NULL;
		size_t point_len = EVP_PKEY_get1_encoded_public_key(theirs, &point);
		size_t lead = is_modp(g) ? 0 : 1;
		assert_int_equal(point_len, n + lead);
		assert_int_equal(dh_shared(&ours, point + lead, n, secret), DH_OK);
		assert_memory_equal(secret, theirs_secret, secret_len);
		OPENSSL_free(point);
		EVP_PKEY_CTX_free(c);
		EVP_PKEY_free(peer);
		EVP_PKEY_free(theirs);
	}
}

/* --- bad public values --- */

static void
prime_of(enum dh_group g, BIGNUM **out)
{
	BIGNUM *(*const primes[DH_MAX])(BIGNUM *) = {
		[DH_GROUP1] = BN_get_rfc2409_prime_768,
		[DH_GROUP2] = BN_get_rfc2409_prime_1024,
		[DH_GROUP5] = BN_get_rfc3526_prime_1536,
		[DH_GROUP14] = BN_get_rfc3526_prime_2048,
		[DH_GROUP15] = BN_get_rfc3526_prime_3072,
		[DH_GROUP16] = BN_get_rfc3526_prime_4096,
	};
	if (primes[g] != NULL) {
		*out = primes[g](NULL);
		return;
	}
	EVP_PKEY *k = evp_group(g);
	assert_int_equal(EVP_PKEY_get_bn_param(k, OSSL_PKEY_PARAM_FFC_P, out), 1);
	EVP_PKEY_free(k);
}

static void
modp_values_out_of_range_are_refused(void **state)
{
	(void)state;
	for (enum dh_group g = DH_NONE + 1; g < DH_MAX; g++) {
		if (!is_modp(g))
			continue;
		int len = dh_info(g)->public_len;
		uint8_t y[DH_PUBLIC_MAX] = { 0 };
		uint8_t out[DH_SECRET_MAX] = { 0x5a };
		struct dh_key key;
		BIGNUM *p = NULL;
		key_make(g, 3, &key);
		assert_int_equal(dh_shared(&key, y, (size_t)len, out), DH_OUT_OF_RANGE);
		y[len - 1] = 1;
		assert_int_equal(dh_shared(&key, y, (size_t)len, out), DH_OUT_OF_RANGE);
		prime_of(g, &p);
		assert_int_equal(BN_bn2binpad(p, y, len), len);
		assert_int_equal(dh_shared(&key, y, (size_t)len, out), DH_OUT_OF_RANGE);
		assert_true(BN_sub_word(p, 1));
		assert_int_equal(BN_bn2binpad(p, y, len), len);
		assert_int_equal(dh_shared(&key, y, (size_t)len, out), DH_OUT_OF_RANGE);
		memset(y, 0xff, sizeof(y));
		assert_int_equal(dh_shared(&key, y, (size_t)len, out), DH_OUT_OF_RANGE);
		assert_int_equal(
		    dh_shared(&key, key.public, (size_t)len - 1, out), DH_WRONG_LENGTH);
		assert_int_equal(out[0], 0x5a);
		BN_free(p);
	}
}

/* RFC 2631 s2.1.5: y must have the order q, or it tells the exponent modulo the order that it has. */
static void
group24_values_of_another_order_are_refused(void **state)
{
	size_t len = dh_info(DH_GROUP24)->public_len;
	uint8_t y[DH_PUBLIC_MAX] = { 0 };
	uint8_t out[DH_SECRET_MAX];
	struct dh_key key;
	(void)state;
	key_make(DH_GROUP24, 3, &key);
	unsigned n_refused = 0;
	for (uint8_t i = 2; i < 32; i++) {
		y[len - 1] = i;
		n_refused += dh_shared(&key, y, len, out) == DH_NOT_IN_GROUP;
	}
	assert_int_equal(n_refused, 30);
}

static void
points_off_the_curve_are_refused(void **state)
{
	(void)state;
	for (enum dh_group g = DH_GROUP19; g <= DH_GROUP20; g++) {
		size_t len = dh_info(g)->public_len;
		uint8_t y[DH_PUBLIC_MAX] = { 0 };
		uint8_t out[DH_SECRET_MAX];
		struct dh_key key;
		key_make(g, 5, &key);
		assert_int_equal(dh_shared(&key, y, len, out), DH_NOT_IN_GROUP);
		memcpy(y, key.public, len);
		y[len - 1] ^= 1;
		assert_int_equal(dh_shared(&key, y, len, out), DH_NOT_IN_GROUP);
		memset(y, 0xff, len / 2);
		assert_int_equal(dh_shared(&key, y, len, out), DH_OUT_OF_RANGE);
		assert_int_equal(dh_shared(&key, y, len + 1, out), DH_WRONG_LENGTH);
	}
}

static void
zero_randomness_makes_no_modp_key(void **state)
{
	uint8_t random[DH_RANDOM_MAX] = { 0 };
	struct dh_key key;
	(void)state;
	assert_false(dh_generate(DH_GROUP14, random, &key));
	assert_true(dh_generate(DH_GROUP19, random, &key));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_get_the_same_secret),
		cmocka_unit_test(modp_primes_are_safe_and_of_the_rfcs_form),
		cmocka_unit_test(ecp_vectors_of_rfc5903_come_out),
		cmocka_unit_test(openssl_gets_the_same_secret),
		cmocka_unit_test(modp_values_out_of_range_are_refused),
		cmocka_unit_test(group24_values_of_another_order_are_refused),
		cmocka_unit_test(points_off_the_curve_are_refused),
		cmocka_unit_test(zero_randomness_makes_no_modp_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
