/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sign_test.c - signatures verify, changed ones do not, and the classes of lenient RSA verification are refused:
 * short padding, garbage after the hash, a DigestInfo, e = 3 with a made-up cube root.
 */
#include "lib/crypto/sign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static const uint8_t hash[20] = "this is 20 octets..";

static EVP_PKEY *
rsa_make(unsigned bits, unsigned long e)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *exponent = BN_new();
	EVP_PKEY *key = NULL;
	assert_true(BN_set_word(exponent, e));
	assert_int_equal(EVP_PKEY_keygen_init(c), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(c, (int)bits), 1);
	assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(c, exponent), 1);
	assert_int_equal(EVP_PKEY_generate(c, &key), 1);
	BN_free(exponent);
	EVP_PKEY_CTX_free(c);
	return key;
}

static EVP_PKEY *
dsa_make(void)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
	EVP_PKEY *params = NULL;
	EVP_PKEY *key = NULL;
	size_t p_bits = 1024;
	size_t q_bits = 160;
	OSSL_PARAM want[] = {
		OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_FFC_PBITS, &p_bits),
		OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_FFC_QBITS, &q_bits),
		OSSL_PARAM_construct_end(),
	};
	assert_int_equal(EVP_PKEY_paramgen_init(c), 1);
	assert_int_equal(EVP_PKEY_CTX_set_params(c, want), 1);
	assert_int_equal(EVP_PKEY_generate(c, &params), 1);
	EVP_PKEY_CTX_free(c);
	c = EVP_PKEY_CTX_new(params, NULL);
	assert_int_equal(EVP_PKEY_keygen_init(c), 1);
	assert_int_equal(EVP_PKEY_generate(c, &key), 1);
	EVP_PKEY_CTX_free(c);
	EVP_PKEY_free(params);
	return key;
}

static void
pair_load(EVP_PKEY *pkey, struct sign_key **private, struct sign_key **public)
{
	unsigned char *der = NULL;
	int len = i2d_PrivateKey(pkey, &der);
	assert_true(len > 0);
	*private = sign_key_private(der, (size_t)len);
	assert_null(sign_key_private(der, (size_t)len - 1));
	OPENSSL_free(der);
	der = NULL;
	len = i2d_PUBKEY(pkey, &der);
	assert_true(len > 0);
	*public = sign_key_public(der, (size_t)len);
	OPENSSL_free(der);
}

static void
sign_and_verify(EVP_PKEY *pkey, enum auth_method method)
{
	struct sign_key *private = NULL;
	struct sign_key *public = NULL;
	uint8_t sig[SIGN_MAX];
	pair_load(pkey, &private, &public);
	assert_non_null(private);
	assert_non_null(public);
	assert_int_equal(sign_key_method(public), method);
	size_t n = sign_len(private);
	assert_int_equal(sign_len(public), n);
	assert_int_equal(sign_hash(private, hash, sizeof(hash), sig), SIGN_OK);
	assert_int_equal(sign_verify(public, hash, sizeof(hash), sig, n), SIGN_OK);

	uint8_t other[sizeof(hash)];
	memcpy(other, hash, sizeof(hash));
	other[19] ^= 1;
	assert_int_equal(sign_verify(public, other, sizeof(other), sig, n), SIGN_WRONG);
	for (size_t i = 0; i < n; i++) {
		sig[i] ^= 0x10;
		assert_int_equal(sign_verify(public, hash, sizeof(hash), sig, n), SIGN_WRONG);
		sig[i] ^= 0x10;
	}
	assert_int_equal(sign_verify(public, hash, sizeof(hash), sig, n - 1), SIGN_BAD_LENGTH);
	memset(sig, 0, sizeof(sig));
	assert_int_equal(sign_verify(public, hash, sizeof(hash), sig, n), SIGN_WRONG);
	memset(sig, 0xff, sizeof(sig));
	assert_int_equal(sign_verify(public, hash, sizeof(hash), sig, n), SIGN_WRONG);
	sign_key_free(private);
	sign_key_free(public);
	EVP_PKEY_free(pkey);
}

static void
rsa_signs_and_verifies(void **state)
{
	(void)state;
	sign_and_verify(rsa_make(1024, 65537), METHOD_RSA);
	sign_and_verify(rsa_make(2048, 3), METHOD_RSA);
}

static void
dsa_signs_and_verifies(void **state)
{
	(void)state;
	EVP_PKEY *pkey = dsa_make();
	struct sign_key *private = NULL;
	struct sign_key *public = NULL;
	pair_load(pkey, &private, &public);
	assert_int_equal(sign_len(public), 40);
	sign_key_free(private);
	sign_key_free(public);
	sign_and_verify(pkey, METHOD_DSA);
}

/* OpenSSL pads the same way when it is told no hash: the two must agree bit for bit. */
static void
rsa_agrees_with_openssl(void **state)
{
	(void)state;
	EVP_PKEY *pkey = rsa_make(1024, 65537);
	struct sign_key *private = NULL;
	struct sign_key *public = NULL;
	uint8_t ours[SIGN_MAX];
	uint8_t theirs[SIGN_MAX];
	size_t n = sizeof(theirs);
	pair_load(pkey, &private, &public);
	assert_int_equal(sign_hash(private, hash, sizeof(hash), ours), SIGN_OK);
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(pkey, NULL);
	assert_int_equal(EVP_PKEY_sign_init(c), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING), 1);
	assert_int_equal(EVP_PKEY_sign(c, theirs, &n, hash, sizeof(hash)), 1);
	assert_int_equal(n, sign_len(private));
	assert_memory_equal(ours, theirs, n);
	EVP_PKEY_CTX_free(c);
	sign_key_free(private);
	sign_key_free(public);
	EVP_PKEY_free(pkey);
}

/* Signs BLOCK as it is and says what the verifier thinks of it. */
static enum sign_fault
block_judge(EVP_PKEY *pkey, const uint8_t *block, size_t n)
{
	struct sign_key *private = NULL;
	struct sign_key *public = NULL;
	uint8_t sig[SIGN_MAX];
	size_t len = sizeof(sig);
	pair_load(pkey, &private, &public);
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(pkey, NULL);
	assert_int_equal(EVP_PKEY_sign_init(c), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(c, RSA_NO_PADDING), 1);
	assert_int_equal(EVP_PKEY_sign(c, sig, &len, block, n), 1);
	enum sign_fault fault = sign_verify(public, hash, sizeof(hash), sig, len);
	EVP_PKEY_CTX_free(c);
	sign_key_free(private);
	sign_key_free(public);
	return fault;
}

static void
every_other_shape_of_rsa_block_is_refused(void **state)
{
	(void)state;
	EVP_PKEY *pkey = rsa_make(1024, 3);
	uint8_t block[128];
	/* the right one, to know that the others fail for their shape */
	memset(block, 0xff, sizeof(block));
	block[0] = 0;
	block[1] = 1;
	block[107] = 0;
	memcpy(block + 108, hash, 20);
	assert_int_equal(block_judge(pkey, block, 128), SIGN_OK);
	/* block type 2 */
	block[1] = 2;
	assert_int_equal(block_judge(pkey, block, 128), SIGN_WRONG);
	block[1] = 1;
	/* one octet of padding is another */
	block[50] = 0xfe;
	assert_int_equal(block_judge(pkey, block, 128), SIGN_WRONG);
	block[50] = 0xff;
	/* short padding, the hash early, garbage behind it: Bleichenbacher's forgery for e = 3 */
	memset(block + 2, 0xff, 8);
	block[10] = 0;
	memcpy(block + 11, hash, 20);
	memset(block + 31, 0xa5, 97);
	assert_int_equal(block_judge(pkey, block, 128), SIGN_WRONG);
	EVP_PKEY_free(pkey);
}

/* The signature of RFC 8017 has the name of the hash in it; IKEv1's has not. */
static void
a_digest_info_is_refused(void **state)
{
	(void)state;
	EVP_PKEY *pkey = rsa_make(1024, 65537);
	struct sign_key *private = NULL;
	struct sign_key *public = NULL;
	uint8_t sig[SIGN_MAX];
	size_t n = sizeof(sig);
	pair_load(pkey, &private, &public);
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(pkey, NULL);
	assert_int_equal(EVP_PKEY_sign_init(c), 1);
	assert_int_equal(EVP_PKEY_CTX_set_signature_md(c, EVP_sha1()), 1);
	assert_int_equal(EVP_PKEY_sign(c, sig, &n, hash, sizeof(hash)), 1);
	assert_int_equal(sign_verify(public, hash, sizeof(hash), sig, n), SIGN_WRONG);
	EVP_PKEY_CTX_free(c);
	sign_key_free(private);
	sign_key_free(public);
	EVP_PKEY_free(pkey);
}

static void
keys_of_unfit_sizes_are_refused(void **state)
{
	(void)state;
	EVP_PKEY *pkey = rsa_make(768, 65537);
	struct sign_key *private = NULL;
	struct sign_key *public = NULL;
	pair_load(pkey, &private, &public);
	assert_null(private);
	assert_null(public);
	EVP_PKEY_free(pkey);
	assert_null(sign_key_public((const uint8_t *)"\x30\x00", 2));
	assert_null(sign_key_private(NULL, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rsa_signs_and_verifies),
		cmocka_unit_test(dsa_signs_and_verifies),
		cmocka_unit_test(rsa_agrees_with_openssl),
		cmocka_unit_test(every_other_shape_of_rsa_block_is_refused),
		cmocka_unit_test(a_digest_info_is_refused),
		cmocka_unit_test(keys_of_unfit_sizes_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
