/* SPDX-License-Identifier: BSD-2-Clause
 *
 * chain.c - path validation by OpenSSL, with what it leaves open decided here.
 */
#include "lib/pki/chain.h"

#include "lib/base/text.h"
#include "lib/crypto/dn.h"
#include "lib/pki/cert_priv.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void
say(struct text *why, const char *message, const struct pki_cert *c)
{
	if (why == NULL)
		return;
	text_put(why, message);
	if (c == NULL)
		return;
	text_put(why, ": ");
	dn_print(c->subject, c->subject_len, why);
}

/* Signatures whose hash can be made to collide prove nothing about who signed (RFC 6151). */
static bool
is_forgeable(const X509 *x)
{
	int md = NID_undef;
	if (OBJ_find_sigid_algs(X509_get_signature_nid(x), &md, NULL) != 1)
		return true;
	return md == NID_md5 || md == NID_md4 || md == NID_md2;
}

static const struct pki_cert *
cert_of(const X509 *x, const struct pki_cert *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (X509_cmp(list[i]->x, x) == 0)
			return list[i];
	return NULL;
}

/* What OpenSSL does not insist on: every issuer says that it is a CA, and no link hangs on a broken hash. */
static bool
links_check(const STACK_OF(X509) * path, struct text *why)
{
	int n = sk_X509_num(path);
	for (int i = 0; i < n; i++) {
		X509 *x = sk_X509_value(path, i);
		if (i > 0 && X509_check_ca(x) != 1) {
			say(why, "an issuer in the chain is no CA", NULL);
			return false;
		}
		if (i < n - 1 && is_forgeable(x)) {
			say(why, "the chain rests on a signature with MD5", NULL);
			return false;
		}
	}
	return true;
}

static bool
path_check(X509_STORE_CTX *ctx, const struct pki_cert *const *cas, size_t n_cas, size_t *out_ca,
    struct text *why)
{
	if (X509_verify_cert(ctx) != 1) {
		say(why, X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)), NULL);
		return false;
	}
	const STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(ctx);
	if (!links_check(path, why))
		return false;
	const X509 *top = sk_X509_value(path, sk_X509_num(path) - 1);
	const struct pki_cert *anchor = cert_of(top, cas, n_cas);
	if (anchor == NULL || sk_X509_num(path) < 2) {
		say(why, "the chain does not end at a trusted CA", NULL);
		return false;
	}
	for (size_t i = 0; i < n_cas && out_ca != NULL; i++)
		if (cas[i] == anchor)
			*out_ca = i;
	return true;
}

/* The end entity must be meant for signatures, if it says what it is meant for. */
static bool
is_meant_for_ike(const struct pki_cert *c)
{
	unsigned usage = pki_cert_usage(c);
	return usage == 0 || (usage & (PKI_USE_SIGN | PKI_USE_COMMITMENT)) != 0;
}

bool
pki_chain_check(const struct pki_cert *const *certs, size_t n, const struct pki_cert *const *cas,
    size_t n_cas, time_t now, size_t *out_ca, struct text *why)
{
	bool is_good = false;
	if (n == 0 || n > PKI_CHAIN_MAX) {
		say(why, n == 0 ? "no certificate" : "too many certificates", NULL);
		return false;
	}
	if (!is_meant_for_ike(certs[0])) {
		say(why, "the certificate's key usage does not allow signatures", certs[0]);
		return false;
	}
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *others = sk_X509_new_null();
	if (store == NULL || ctx == NULL || others == NULL)
		abort();
	for (size_t i = 0; i < n_cas; i++)
		if (X509_STORE_add_cert(store, cas[i]->x) != 1)
			abort();
	for (size_t i = 1; i < n; i++)
		if (sk_X509_push(others, certs[i]->x) <= 0)
			abort();
	if (X509_STORE_CTX_init(ctx, store, certs[0]->x, others) != 1)
		abort();
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
	X509_VERIFY_PARAM_set_time(param, now);
	X509_VERIFY_PARAM_set_depth(param, PKI_CHAIN_MAX);
	is_good = path_check(ctx, cas, n_cas, out_ca, why);
	X509_STORE_CTX_free(ctx);
	sk_X509_free(others);
	X509_STORE_free(store);
	ERR_clear_error();
	return is_good;
}

size_t
pki_chain_build(const struct pki_cert *cert, const struct pki_cert *const *cas, size_t n_cas,
    const struct pki_cert *out[PKI_CHAIN_MAX])
{
	size_t n = 0;
	const struct pki_cert *at = cert;
	while (n < PKI_CHAIN_MAX && !pki_cert_is_self_signed(at)) {
		const struct pki_cert *issuer = NULL;
		for (size_t i = 0; i < n_cas && issuer == NULL; i++)
			if (X509_check_issued(cas[i]->x, at->x) == X509_V_OK &&
			    X509_verify(at->x, X509_get0_pubkey(cas[i]->x)) == 1)
				issuer = cas[i];
		if (issuer == NULL || pki_cert_is_self_signed(issuer))
			break;
		out[n++] = issuer;
		at = issuer;
	}
	ERR_clear_error();
	return n;
}

/* --- identities --- */

enum { ID_IPV4 = 1, ID_FQDN = 2, ID_USER_FQDN = 3, ID_IPV6 = 5, ID_DN = 9 };

static bool
name_is(const struct pki_name *name, unsigned type, const uint8_t *id, size_t len)
{
	static const struct {
		unsigned type;
		enum pki_name_kind kind;
	} kinds[] = {
		{ ID_IPV4, PKI_IPV4 },
		{ ID_IPV6, PKI_IPV6 },
		{ ID_FQDN, PKI_FQDN },
		{ ID_USER_FQDN, PKI_EMAIL },
	};
	if (name->value.n != len)
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].type != type || kinds[i].kind != name->kind)
			continue;
		if (type == ID_FQDN || type == ID_USER_FQDN)
			return strncasecmp((const char *)name->value.p, (const char *)id, len) == 0;
		return memcmp(name->value.p, id, len) == 0;
	}
	return false;
}

bool
pki_cert_has_identity(const struct pki_cert *c, unsigned type, const uint8_t *id, size_t len)
{
	if (type == ID_DN) {
		const unsigned char *p = id;
		X509_NAME *name = len <= DN_DER_MAX ? d2i_X509_NAME(NULL, &p, (long)len) : NULL;
		bool is_same = name != NULL && p == id + len &&
			       X509_NAME_cmp(name, X509_get_subject_name(c->x)) == 0;
		X509_NAME_free(name);
		ERR_clear_error();
		return is_same;
	}
	for (size_t i = 0; i < c->n_names; i++)
		if (name_is(&c->names[i], type, id, len))
			return true;
	return false;
}
