/* SPDX-License-Identifier: BSD-2-Clause
 *
 * name.c - distinguished names by OpenSSL.
 */
#include "lib/pki/name.h"

#include "lib/base/text.h"
#include "lib/crypto/dn.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>

static X509_NAME *
name_read(struct octets der)
{
	const unsigned char *p = der.p;
	return dn_is_valid(der.p, der.n) ? d2i_X509_NAME(NULL, &p, (long)der.n) : NULL;
}

void
pki_name_print(struct octets der, struct text *out)
{
	dn_print(der.p, der.n, out);
}

void
pki_name_print_spaced(struct octets der, struct text *out)
{
	X509_NAME *name = name_read(der);
	BIO *bio = name != NULL ? BIO_new(BIO_s_mem()) : NULL;
	unsigned long flags =
	    ASN1_STRFLGS_RFC2253 | XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_SPC_EQ | XN_FLAG_FN_SN;
	char *s = NULL;
	if (bio != NULL && X509_NAME_print_ex(bio, name, 0, flags) >= 0) {
		long n = BIO_get_mem_data(bio, &s);
		if (n > 0)
			text_putn(out, s, (size_t)n);
	}
	BIO_free(bio);
	X509_NAME_free(name);
	ERR_clear_error();
}

bool
pki_name_part(struct octets der, const char *type, unsigned k, struct text *out)
{
	X509_NAME *name = name_read(der);
	int nid = OBJ_sn2nid(type);
	int at = -1;
	bool has = false;
	for (unsigned i = 0; i <= k && name != NULL; i++)
		at = X509_NAME_get_index_by_NID(name, nid, at);
	if (name != NULL && at >= 0) {
		const ASN1_STRING *v = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
		BIO *bio = BIO_new(BIO_s_mem());
		char *s = NULL;
		/* control characters escaped, the rest as UTF-8 */
		unsigned long flags = ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_UTF8_CONVERT;
		if (bio != NULL && ASN1_STRING_print_ex(bio, v, flags) >= 0) {
			long n = BIO_get_mem_data(bio, &s);
			text_putn(out, s, n > 0 ? (size_t)n : 0);
			has = true;
		}
		BIO_free(bio);
	}
	X509_NAME_free(name);
	ERR_clear_error();
	return has;
}
