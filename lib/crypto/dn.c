/* SPDX-License-Identifier: BSD-2-Clause
 *
 * dn.c - distinguished names by OpenSSL.
 */
#include "lib/crypto/dn.h"

#include "lib/base/text.h"

#include <openssl/bio.h>
#include <openssl/x509.h>

static X509_NAME *
name_read(const uint8_t *der, size_t len)
{
	if (len == 0 || len > DN_DER_MAX)
		return NULL;
	const unsigned char *p = der;
	X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)len);
	if (name != NULL && (p != der + len || X509_NAME_entry_count(name) == 0)) {
		X509_NAME_free(name);
		name = NULL;
	}
	return name;
}

bool
dn_is_valid(const uint8_t *der, size_t len)
{
	X509_NAME *name = name_read(der, len);
	X509_NAME_free(name);
	return name != NULL;
}

void
dn_print(const uint8_t *der, size_t len, struct text *out)
{
	X509_NAME *name = name_read(der, len);
	BIO *bio = name != NULL ? BIO_new(BIO_s_mem()) : NULL;
	unsigned long flags = ASN1_STRFLGS_RFC2253 | XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN;
	char *s = NULL;
	if (bio != NULL && X509_NAME_print_ex(bio, name, 0, flags) >= 0) {
		long n = BIO_get_mem_data(bio, &s);
		if (n > 0)
			text_putn(out, s, (size_t)n);
	}
	BIO_free(bio);
	X509_NAME_free(name);
}
