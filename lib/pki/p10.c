/* SPDX-License-Identifier: BSD-2-Clause
 *
 * p10.c - requests and self-signed certificates by OpenSSL.
 */
#include "lib/pki/p10.h"

#include "lib/base/text.h"
#include "lib/pki/cert_priv.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 256, SERIAL_LEN = 8 };

/* --- subjects --- */

/* The parts that JUNOS knows, and what OpenSSL calls them. */
static const struct {
	const char *junos;
	int nid;
} parts[] = {
	{ "DC", NID_domainComponent },
	{ "CN", NID_commonName },
	{ "OU", NID_organizationalUnitName },
	{ "O", NID_organizationName },
	{ "SN", NID_serialNumber },
	{ "L", NID_localityName },
	{ "ST", NID_stateOrProvinceName },
	{ "C", NID_countryName },
};

/* Reads the value of a part up to an unescaped comma; returns what is behind it, or NULL if it is too long. */
static const char *
value_read(const char *s, char out[VALUE_MAX])
{
	size_t n = 0;
	for (; *s != '\0' && *s != ','; s++) {
		if (*s == '\\' && s[1] != '\0')
			s++;
		if (n + 1 >= VALUE_MAX)
			return NULL;
		out[n++] = *s;
	}
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	return *s == ',' ? s + 1 : s;
}

static bool
part_add(X509_NAME *name, const char *s, const char **rest, struct text *why)
{
	char value[VALUE_MAX];
	while (*s == ' ')
		s++;
	size_t len = strcspn(s, "=,");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (s[len] != '=' || strlen(parts[i].junos) != len ||
		    strncasecmp(parts[i].junos, s, len) != 0)
			continue;
		*rest = value_read(s + len + 1, value);
		if (*rest != NULL && value[0] != '\0' &&
		    X509_NAME_add_entry_by_NID(name, parts[i].nid, MBSTRING_UTF8,
			(const unsigned char *)value, -1, -1, 0) == 1)
			return true;
		text_printf(why, "invalid value of %s in the subject", parts[i].junos);
		return false;
	}
	text_printf(why, "unknown part '%.*s' in the subject", (int)len, s);
	return false;
}

static X509_NAME *
subject_make(const char *s, struct text *why)
{
	X509_NAME *name = X509_NAME_new();
	if (name == NULL)
		abort();
	do {
		if (!part_add(name, s, &s, why)) {
			X509_NAME_free(name);
			return NULL;
		}
	} while (*s != '\0');
	return name;
}

/* --- alternate names and usage --- */

static bool
name_push(GENERAL_NAMES *list, int type, const char *value, struct text *why)
{
	if (value == NULL)
		return true;
	GENERAL_NAME *g = a2i_GENERAL_NAME(NULL, NULL, NULL, type, value, 0);
	if (g != NULL && sk_GENERAL_NAME_push(list, g) > 0)
		return true;
	GENERAL_NAME_free(g);
	text_printf(why, "invalid alternate name '%s'", value);
	return false;
}

/* The extensions of a request; NULL and WHY if a name is wrong. */
static STACK_OF(X509_EXTENSION) * extensions_make(const struct p10_names *names, struct text *why)
{
	STACK_OF(X509_EXTENSION) *list = NULL;
	GENERAL_NAMES *alternate = sk_GENERAL_NAME_new_null();
	ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();
	if (alternate == NULL || usage == NULL)
		abort();
	bool is_good = name_push(alternate, GEN_EMAIL, names->email, why) &&
		       name_push(alternate, GEN_DNS, names->fqdn, why) &&
		       name_push(alternate, GEN_IPADD, names->ipv4, why) &&
		       name_push(alternate, GEN_IPADD, names->ipv6, why);
	ASN1_BIT_STRING_set_bit(usage, 0, 1); /* digital signature */
	if (is_good) {
		if (X509V3_add1_i2d(&list, NID_key_usage, usage, 1, X509V3_ADD_DEFAULT) != 1)
			abort();
		if (sk_GENERAL_NAME_num(alternate) > 0 &&
		    X509V3_add1_i2d(
			&list, NID_subject_alt_name, alternate, 0, X509V3_ADD_DEFAULT) != 1)
			abort();
	}
	sk_GENERAL_NAME_pop_free(alternate, GENERAL_NAME_free);
	ASN1_BIT_STRING_free(usage);
	return list;
}

static EVP_PKEY *
key_read(const uint8_t *key, size_t len)
{
	const unsigned char *p = key;
	return d2i_AutoPrivateKey(NULL, &p, (long)len);
}

static const EVP_MD *
digest_of(enum p10_digest d)
{
	return d == P10_SHA256 ? EVP_sha256() : EVP_sha1();
}

/* Copies OpenSSL's DER into memory of free(). */
static uint8_t *
der_keep(unsigned char *der, int n, size_t *out_len, struct text *why)
{
	if (n <= 0) {
		text_put(why, "it cannot be signed with this key pair");
		return NULL;
	}
	uint8_t *out = malloc((size_t)n);
	if (out == NULL)
		abort();
	memcpy(out, der, (size_t)n);
	*out_len = (size_t)n;
	OPENSSL_free(der);
	return out;
}

/* --- making --- */

/* What both kinds are made of. */
struct parts_made {
	X509_NAME *name;
	STACK_OF(X509_EXTENSION) * extensions;
	EVP_PKEY *key;
};

static void
parts_free(struct parts_made *m)
{
	X509_NAME_free(m->name);
	sk_X509_EXTENSION_pop_free(m->extensions, X509_EXTENSION_free);
	EVP_PKEY_free(m->key);
	ERR_clear_error();
}

static bool
parts_make(struct parts_made *m, const uint8_t *key, size_t key_len, const struct p10_names *names,
    struct text *why)
{
	*m = (struct parts_made){ .name = subject_make(names->subject, why) };
	if (m->name == NULL)
		return false;
	m->extensions = extensions_make(names, why);
	if (m->extensions == NULL)
		return false;
	m->key = key_read(key, key_len);
	if (m->key == NULL)
		text_put(why, "the key pair cannot be read");
	return m->key != NULL;
}

uint8_t *
p10_make(const uint8_t *key, size_t key_len, const struct p10_names *names, enum p10_digest digest,
    size_t *out_len, struct text *why)
{
	struct parts_made m;
	uint8_t *out = NULL;
	*out_len = 0;
	if (parts_make(&m, key, key_len, names, why)) {
		unsigned char *der = NULL;
		X509_REQ *req = X509_REQ_new();
		if (req == NULL || X509_REQ_set_version(req, 0) != 1 ||
		    X509_REQ_set_subject_name(req, m.name) != 1 ||
		    X509_REQ_set_pubkey(req, m.key) != 1 ||
		    X509_REQ_add_extensions(req, m.extensions) != 1)
			abort();
		int n =
		    X509_REQ_sign(req, m.key, digest_of(digest)) > 0 ? i2d_X509_REQ(req, &der) : -1;
		X509_REQ_free(req);
		out = der_keep(der, n, out_len, why);
	}
	parts_free(&m);
	return out;
}

uint8_t *
p10_self_signed(const uint8_t *key, size_t key_len, const struct p10_names *names,
    enum p10_digest digest, time_t now, unsigned days, size_t *out_len, struct text *why)
{
	struct parts_made m;
	uint8_t *out = NULL;
	*out_len = 0;
	if (parts_make(&m, key, key_len, names, why)) {
		unsigned char *der = NULL;
		uint8_t serial[SERIAL_LEN];
		X509 *x = X509_new();
		BIGNUM *number = BN_new();
		if (x == NULL || number == NULL || RAND_bytes(serial, sizeof(serial)) != 1)
			abort();
		serial[0] &= 0x7f;
		if (BN_bin2bn(serial, sizeof(serial), number) == NULL ||
		    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x)) == NULL ||
		    X509_set_version(x, 2) != 1 || X509_set_subject_name(x, m.name) != 1 ||
		    X509_set_issuer_name(x, m.name) != 1 || X509_set_pubkey(x, m.key) != 1 ||
		    X509_time_adj_ex(X509_getm_notBefore(x), 0, 0, &now) == NULL ||
		    X509_time_adj_ex(X509_getm_notAfter(x), (int)days, 0, &now) == NULL)
			abort();
		for (int i = 0; i < sk_X509_EXTENSION_num(m.extensions); i++)
			if (X509_add_ext(x, sk_X509_EXTENSION_value(m.extensions, i), -1) != 1)
				abort();
		int n = X509_sign(x, m.key, digest_of(digest)) > 0 ? i2d_X509(x, &der) : -1;
		BN_free(number);
		X509_free(x);
		out = der_keep(der, n, out_len, why);
	}
	parts_free(&m);
	return out;
}

/* --- reading --- */

/* What a view keeps alive. */
struct held {
	X509_REQ *req;
	unsigned char *subject;
	GENERAL_NAMES *alternate;
};

void
p10_done(struct p10_view *v)
{
	struct held *h = v->priv;
	OPENSSL_free(h->subject);
	GENERAL_NAMES_free(h->alternate);
	X509_REQ_free(h->req);
	free(h);
	ERR_clear_error();
}

static void
extensions_read(struct held *h, struct p10_view *out)
{
	STACK_OF(X509_EXTENSION) *list = X509_REQ_get_extensions(h->req);
	h->alternate = X509V3_get_d2i(list, NID_subject_alt_name, NULL, NULL);
	out->n_names = pki_names_of(h->alternate, out->names);
	ASN1_BIT_STRING *usage = X509V3_get_d2i(list, NID_key_usage, NULL, NULL);
	for (int bit = 0; usage != NULL && bit < 8; bit++)
		if (ASN1_BIT_STRING_get_bit(usage, bit) == 1)
			out->usage |= 1U << bit; /* the same order as enum pki_usage */
	ASN1_BIT_STRING_free(usage);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
}

void
p10_print_fingerprint(const struct p10_view *v, bool is_md5, struct text *out)
{
	const struct held *h = v->priv;
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	if (X509_REQ_digest(h->req, is_md5 ? EVP_md5() : EVP_sha1(), md, &n) != 1)
		n = 0;
	for (unsigned i = 0; i < n; i++)
		text_printf(out, i == 0 ? "%02x" : ":%02x", md[i]);
}

bool
p10_read(const uint8_t *der, size_t len, struct p10_view *out)
{
	const unsigned char *p = der;
	struct held *h = calloc(1, sizeof(*h));
	if (h == NULL)
		abort();
	*out = (struct p10_view){ .priv = h };
	h->req = len <= PKI_CERT_MAX ? d2i_X509_REQ(NULL, &p, (long)len) : NULL;
	EVP_PKEY *key = h->req != NULL && p == der + len ? X509_REQ_get0_pubkey(h->req) : NULL;
	int n = key != NULL ? i2d_X509_NAME(X509_REQ_get_subject_name(h->req), &h->subject) : -1;
	if (n <= 0) {
		p10_done(out);
		return false;
	}
	const unsigned char *bits;
	int n_bits;
	X509_PUBKEY_get0_param(NULL, &bits, &n_bits, NULL, X509_REQ_get_X509_PUBKEY(h->req));
	out->subject = (struct octets){ h->subject, (size_t)n };
	out->public_key = (struct octets){ bits, (size_t)n_bits };
	out->method = EVP_PKEY_is_a(key, "DSA") ? METHOD_DSA : METHOD_RSA;
	out->bits = (unsigned)EVP_PKEY_get_bits(key);
	out->is_good = X509_REQ_verify(h->req, key) == 1;
	extensions_read(h, out);
	return true;
}

void
p10_print(const uint8_t *der, size_t len, struct text *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *s;
	if (bio != NULL && PEM_write_bio(bio, PEM_STRING_X509_REQ, "", der, (long)len) > 0) {
		long n = BIO_get_mem_data(bio, &s);
		text_putn(out, s, (size_t)n);
	}
	BIO_free(bio);
}
