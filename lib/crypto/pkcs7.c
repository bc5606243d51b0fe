/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pkcs7.c - PKCS #7 by OpenSSL.
 */
#include "lib/crypto/pkcs7.h"

#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static bool
cert_add(struct pkcs7 *out, X509 *cert)
{
	unsigned char *der = NULL;
	int n = i2d_X509(cert, &der);
	if (n <= 0)
		return false;
	out->certs[out->n].p = malloc((size_t)n);
	if (out->certs[out->n].p == NULL)
		abort();
	memcpy(out->certs[out->n].p, der, (size_t)n);
	out->certs[out->n].n = (size_t)n;
	out->n++;
	OPENSSL_free(der);
	return true;
}

bool
pkcs7_read(const uint8_t *der, size_t len, struct pkcs7 *out)
{
	const unsigned char *p = der;
	struct pkcs7 list = { 0 };
	PKCS7 *pack = len > 0 && len < INT_MAX ? d2i_PKCS7(NULL, &p, (long)len) : NULL;
	bool is_right =
	    pack != NULL && p == der + len && PKCS7_type_is_signed(pack) && pack->d.sign != NULL;
	STACK_OF(X509) *certs = is_right ? pack->d.sign->cert : NULL;
	int n = certs != NULL ? sk_X509_num(certs) : 0;
	is_right = n > 0 && n <= PKCS7_CERTS_MAX;
	for (int i = 0; is_right && i < n; i++)
		is_right = cert_add(&list, sk_X509_value(certs, i));
	PKCS7_free(pack);
	if (!is_right) {
		pkcs7_done(&list);
		return false;
	}
	*out = list;
	return true;
}

void
pkcs7_done(struct pkcs7 *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->certs[i].p);
	*p = (struct pkcs7){ 0 };
}
