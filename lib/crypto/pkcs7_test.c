/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pkcs7_test.c - certificates come out of a PKCS #7 as they went in; anything else is refused.
 */
#include "lib/crypto/pkcs7.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static X509 *
cert_make(long serial)
{
	X509 *c = X509_new();
	EVP_PKEY *key = EVP_RSA_gen(1024);
	assert_non_null(key);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(c), serial), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(c), 0));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(c), 3600));
	assert_int_equal(X509_set_pubkey(c, key), 1);
	assert_true(X509_sign(c, key, EVP_sha256()) > 0);
	EVP_PKEY_free(key);
	return c;
}

/* The degenerate form, with certificates and without signatures. Returns its length. */
static size_t
pack_make(X509 *const *certs, size_t n, unsigned char **out)
{
	PKCS7 *p = PKCS7_new();
	assert_int_equal(PKCS7_set_type(p, NID_pkcs7_signed), 1);
	assert_int_equal(PKCS7_content_new(p, NID_pkcs7_data), 1);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(PKCS7_add_certificate(p, certs[i]), 1);
	*out = NULL;
	int len = i2d_PKCS7(p, out);
	assert_true(len > 0);
	PKCS7_free(p);
	return (size_t)len;
}

static void
certificates_come_out(void **state)
{
	X509 *certs[PKCS7_CERTS_MAX + 1];
	struct pkcs7 list;
	(void)state;
	for (size_t i = 0; i <= PKCS7_CERTS_MAX; i++)
		certs[i] = cert_make((long)i + 1);
	for (size_t n = 0; n <= PKCS7_CERTS_MAX + 1; n++) {
		unsigned char *der;
		size_t len = pack_make(certs, n, &der);
		bool is_right = n > 0 && n <= PKCS7_CERTS_MAX;
		assert_int_equal(pkcs7_read(der, len, &list), is_right);
		if (is_right) {
			assert_int_equal(list.n, n);
			unsigned char *want = NULL;
			int want_len = i2d_X509(certs[n - 1], &want);
			assert_int_equal(list.certs[n - 1].n, want_len);
			assert_memory_equal(list.certs[n - 1].p, want, (size_t)want_len);
			OPENSSL_free(want);
			pkcs7_done(&list);
			assert_int_equal(list.n, 0);
			assert_false(pkcs7_read(der, len - 1, &list));
		}
		OPENSSL_free(der);
	}
	for (size_t i = 0; i <= PKCS7_CERTS_MAX; i++)
		X509_free(certs[i]);
	assert_false(pkcs7_read((const uint8_t *)"", 0, &list));
	assert_false(pkcs7_read((const uint8_t *)"\x30\x00", 2, &list));
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(certificates_come_out) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
