/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cert.c - certificates by OpenSSL; nothing of OpenSSL leaves this folder.
 */
#include "lib/pki/cert_priv.h"

#include "lib/base/text.h"
#include "lib/crypto/sign.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdlib.h>
#include <string.h>

/* --- reading --- */

uint8_t *
pki_pem_or_der(const uint8_t *b, size_t len, const char *const *names, size_t *out_len)
{
	uint8_t *out = NULL;
	*out_len = 0;
	if (len == 0 || len > PKI_CERT_MAX)
		return NULL;
	if (b[0] == 0x30) { /* a DER SEQUENCE; PEM is letters */
		out = malloc(len);
		if (out == NULL)
			abort();
		memcpy(out, b, len);
		*out_len = len;
		return out;
	}
	BIO *bio = BIO_new_mem_buf(b, (int)len);
	while (bio != NULL && out == NULL) {
		char *name = NULL;
		char *header = NULL;
		unsigned char *data = NULL;
		long n = 0;
		if (PEM_read_bio(bio, &name, &header, &data, &n) != 1)
			break;
		for (const char *const *want = names; *want != NULL && out == NULL; want++) {
			if (strcmp(name, *want) != 0 || *header != '\0' || n <= 0)
				continue;
			out = malloc((size_t)n);
			if (out == NULL)
				abort();
			memcpy(out, data, (size_t)n);
			*out_len = (size_t)n;
		}
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(data, (size_t)n);
	}
	BIO_free(bio);
	ERR_clear_error();
	return out;
}

static bool
name_der(const X509_NAME *name, uint8_t **out, size_t *out_len)
{
	int n = i2d_X509_NAME(name, out);
	*out_len = n > 0 ? (size_t)n : 0;
	return n > 0;
}

static bool
is_text(const ASN1_STRING *s)
{
	const unsigned char *p = ASN1_STRING_get0_data(s);
	int n = ASN1_STRING_length(s);
	for (int i = 0; i < n; i++)
		if (p[i] <= ' ' || p[i] > '~')
			return false;
	return n > 0;
}

size_t
pki_names_of(const GENERAL_NAMES *list, struct pki_name out[PKI_NAMES_MAX])
{
	size_t n = 0;
	for (int i = 0; i < sk_GENERAL_NAME_num(list) && n < PKI_NAMES_MAX; i++) {
		int type;
		const ASN1_STRING *s =
		    GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(list, i), &type);
		struct pki_name *to = &out[n];
		if (type == GEN_EMAIL && is_text(s))
			to->kind = PKI_EMAIL;
		else if (type == GEN_DNS && is_text(s))
			to->kind = PKI_FQDN;
		else if (type == GEN_IPADD && ASN1_STRING_length(s) == 4)
			to->kind = PKI_IPV4;
		else if (type == GEN_IPADD && ASN1_STRING_length(s) == 16)
			to->kind = PKI_IPV6;
		else
			continue;
		to->value =
		    (struct octets){ ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s) };
		n++;
	}
	return n;
}

/* Takes everything out of C->x; a sentence if it cannot be used. */
static const char *
cert_fill(struct pki_cert *c)
{
	uint8_t *spki = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(c->x), &spki);
	if (n > 0)
		c->key = sign_key_public(spki, (size_t)n);
	OPENSSL_free(spki);
	if (c->key == NULL)
		return "its public key is not RSA or DSA, or of a size that is refused";
	if (!name_der(X509_get_subject_name(c->x), &c->subject, &c->subject_len) ||
	    !name_der(X509_get_issuer_name(c->x), &c->issuer, &c->issuer_len))
		return "its names cannot be read";
	X509_check_purpose(c->x, -1, 0); /* makes OpenSSL read the extensions, once and for all */
	if ((X509_get_extension_flags(c->x) & EXFLAG_INVALID) != 0)
		return "its extensions cannot be read";
	c->alternate = X509_get_ext_d2i(c->x, NID_subject_alt_name, NULL, NULL);
	c->n_names = pki_names_of(c->alternate, c->names);
	return NULL;
}

static struct pki_cert *
refuse(struct pki_cert *c, struct text *why, const char *reason)
{
	pki_cert_free(c);
	ERR_clear_error();
	if (why != NULL)
		text_put(why, reason);
	return NULL;
}

struct pki_cert *
pki_cert_read(const uint8_t *b, size_t len, struct text *why)
{
	static const char *const names[] = { PEM_STRING_X509, PEM_STRING_X509_OLD, NULL };
	struct pki_cert *c = calloc(1, sizeof(*c));
	if (c == NULL)
		abort();
	c->der = pki_pem_or_der(b, len, names, &c->der_len);
	if (c->der == NULL)
		return refuse(c, why, "not a certificate in PEM or DER");
	const unsigned char *p = c->der;
	c->x = d2i_X509(NULL, &p, (long)c->der_len);
	if (c->x == NULL || p != c->der + c->der_len)
		return refuse(c, why, "the certificate cannot be read");
	const char *fault = cert_fill(c);
	if (fault != NULL)
		return refuse(c, why, fault);
	ERR_clear_error();
	return c;
}

void
pki_cert_free(struct pki_cert *c)
{
	if (c == NULL)
		return;
	GENERAL_NAMES_free(c->alternate);
	sign_key_free(c->key);
	OPENSSL_free(c->subject);
	OPENSSL_free(c->issuer);
	X509_free(c->x);
	free(c->der);
	free(c);
}

/* --- looking --- */

struct octets
pki_cert_der(const struct pki_cert *c)
{
	return (struct octets){ c->der, c->der_len };
}

struct octets
pki_cert_subject(const struct pki_cert *c)
{
	return (struct octets){ c->subject, c->subject_len };
}

struct octets
pki_cert_issuer(const struct pki_cert *c)
{
	return (struct octets){ c->issuer, c->issuer_len };
}

const struct sign_key *
pki_cert_key(const struct pki_cert *c)
{
	return c->key;
}

enum auth_method
pki_cert_method(const struct pki_cert *c)
{
	return sign_key_method(c->key);
}

unsigned
pki_cert_bits(const struct pki_cert *c)
{
	return (unsigned)EVP_PKEY_get_bits(X509_get0_pubkey(c->x));
}

bool
pki_cert_is_ca(const struct pki_cert *c)
{
	/* 1: a certificate of version 3 whose basic constraints say CA; what else OpenSSL takes for one is a guess */
	return X509_check_ca(c->x) == 1;
}

bool
pki_cert_is_self_signed(const struct pki_cert *c)
{
	return X509_self_signed(c->x, 1) == 1;
}

static time_t
time_of(const ASN1_TIME *t)
{
	struct tm tm = { 0 };
	return ASN1_TIME_to_tm(t, &tm) == 1 ? timegm(&tm) : 0;
}

time_t
pki_cert_not_before(const struct pki_cert *c)
{
	return time_of(X509_get0_notBefore(c->x));
}

time_t
pki_cert_not_after(const struct pki_cert *c)
{
	return time_of(X509_get0_notAfter(c->x));
}

bool
pki_cert_has_key(const struct pki_cert *c, const struct sign_key *key)
{
	/* a signature tells; a nonce of our own cannot be one that somebody else wants signed */
	static const uint8_t hash[20] = "does this key fit?.";
	uint8_t sig[SIGN_MAX];
	size_t n = sign_len(key);
	return n <= sizeof(sig) && sign_key_method(key) == pki_cert_method(c) &&
	       sign_hash(key, hash, sizeof(hash), sig) == SIGN_OK &&
	       sign_verify(c->key, hash, sizeof(hash), sig, n) == SIGN_OK;
}

const struct pki_name *
pki_cert_names(const struct pki_cert *c, size_t *n)
{
	*n = c->n_names;
	return c->names;
}

/* --- display --- */

void
pki_cert_print_serial(const struct pki_cert *c, struct text *out)
{
	const ASN1_INTEGER *s = X509_get0_serialNumber(c->x);
	const unsigned char *p = ASN1_STRING_get0_data(s);
	int n = ASN1_STRING_length(s);
	for (int i = n; i < 4; i++)
		text_put(out, "00");
	for (int i = 0; i < n; i++)
		text_printf(out, "%02x", p[i]);
}

void
pki_cert_print_signature(const struct pki_cert *c, struct text *out)
{
	const char *name = OBJ_nid2ln(X509_get_signature_nid(c->x));
	text_put(out, name != NULL ? name : "unknown");
}

void
pki_cert_print_key_alg(const struct pki_cert *c, struct text *out)
{
	text_put(out, pki_cert_method(c) == METHOD_RSA ? "rsaEncryption" : "dsaEncryption");
}

void
pki_cert_print_fingerprint(const struct pki_cert *c, bool is_md5, struct text *out)
{
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	if (X509_digest(c->x, is_md5 ? EVP_md5() : EVP_sha1(), md, &n) != 1)
		n = 0;
	for (unsigned i = 0; i < n; i++)
		text_printf(out, i == 0 ? "%02x" : ":%02x", md[i]);
}

int
pki_cert_version(const struct pki_cert *c)
{
	return (int)X509_get_version(c->x) + 1;
}

struct octets
pki_cert_public_key(const struct pki_cert *c)
{
	const ASN1_BIT_STRING *s = X509_get0_pubkey_bitstr(c->x);
	return (struct octets){ ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s) };
}

unsigned
pki_cert_usage(const struct pki_cert *c)
{
	static const struct {
		uint32_t theirs;
		unsigned ours;
	} bits[] = {
		{ KU_DIGITAL_SIGNATURE, PKI_USE_SIGN },
		{ KU_NON_REPUDIATION, PKI_USE_COMMITMENT },
		{ KU_KEY_ENCIPHERMENT, PKI_USE_ENCIPHER },
		{ KU_KEY_CERT_SIGN, PKI_USE_SIGN_CERT },
		{ KU_CRL_SIGN, PKI_USE_SIGN_CRL },
	};
	unsigned usage = 0;
	if ((X509_get_extension_flags(c->x) & EXFLAG_KUSAGE) == 0)
		return 0;
	uint32_t theirs = X509_get_key_usage(c->x);
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if ((theirs & bits[i].theirs) != 0)
			usage |= bits[i].ours;
	return usage;
}

static void
point_each(const DIST_POINT *d, void (*each)(void *arg, const char *url), void *arg)
{
	if (d->distpoint == NULL || d->distpoint->type != 0)
		return;
	const GENERAL_NAMES *names = d->distpoint->name.fullname;
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		int type;
		const ASN1_STRING *s =
		    GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
		if (type != GEN_URI || !is_text(s))
			continue;
		char *url =
		    strndup((const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
		if (url == NULL)
			abort();
		each(arg, url);
		free(url);
	}
}

void
pki_cert_each_crl(const struct pki_cert *c, void (*each)(void *arg, const char *url), void *arg)
{
	CRL_DIST_POINTS *points = X509_get_ext_d2i(c->x, NID_crl_distribution_points, NULL, NULL);
	for (int i = 0; i < sk_DIST_POINT_num(points); i++)
		point_each(sk_DIST_POINT_value(points, i), each, arg);
	CRL_DIST_POINTS_free(points);
}
