/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pki_test.c - chains that are good and each way in which one is not; identities; keys and requests, read back by OpenSSL.
 */
#include "lib/base/text.h"
#include "lib/crypto/sign.h"
#include "lib/pki/chain.h"
#include "lib/pki/key.h"
#include "lib/pki/name.h"
#include "lib/pki/p10.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

enum { DAY = 86400, NOW = 1800000000 };

/* What a certificate of the tests is. */
struct plan {
	const char *name;
	const char *issuer;
	bool is_ca;
	const char *alternate; /* "DNS:gw1.example.net,IP:192.0.2.1", or NULL */
	const char *usage;     /* "critical,digitalSignature", or NULL */
	const EVP_MD *(*md)(void);
	long from_day;
	long to_day;
};

static EVP_PKEY *root_key, *sub_key, *gw_key, *other_key;

static void
extension(X509 *x, int nid, const char *value)
{
	if (value == NULL)
		return;
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

static void
name_set(X509_NAME *n, const char *cn)
{
	X509_NAME_add_entry_by_txt(
	    n, "O", MBSTRING_ASC, (const unsigned char *)"Example", -1, -1, 0);
	X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
}

static struct pki_cert *
make(const struct plan *p, EVP_PKEY *key, EVP_PKEY *issuer_key)
{
	X509 *x = X509_new();
	time_t now = NOW;
	unsigned char *der = NULL;
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 0x43da0);
	name_set(X509_get_subject_name(x), p->name);
	name_set(X509_get_issuer_name(x), p->issuer);
	X509_time_adj_ex(X509_getm_notBefore(x), (int)p->from_day, 0, &now);
	X509_time_adj_ex(X509_getm_notAfter(x), (int)p->to_day, 0, &now);
	X509_set_pubkey(x, key);
	extension(x, NID_basic_constraints, p->is_ca ? "critical,CA:TRUE" : "CA:FALSE");
	extension(x, NID_subject_alt_name, p->alternate);
	extension(x, NID_key_usage, p->usage);
	assert_true(X509_sign(x, issuer_key, p->md != NULL ? p->md() : EVP_sha256()) > 0);
	int n = i2d_X509(x, &der);
	X509_free(x);
	struct pki_cert *c = pki_cert_read(der, (size_t)n, NULL);
	assert_non_null(c);
	OPENSSL_free(der);
	return c;
}

static const struct plan root_plan = { "root", "root", true, NULL, NULL, NULL, -1, 1000 };
static const struct plan sub_plan = { "sub", "root", true, NULL, NULL, NULL, -1, 1000 };
static const struct plan gw_plan = { "gw1", "sub", false,
	"DNS:gw1.example.net,IP:192.0.2.1,IP:2001:db8::1,email:ops@example.net", NULL, NULL, -1,
	365 };

/* Root, a CA below it, and one gateway. */
struct world {
	struct pki_cert *root;
	struct pki_cert *sub;
	struct pki_cert *gw;
};

static void
world_make(struct world *w, const struct plan *sub, const struct plan *gw)
{
	w->root = make(&root_plan, root_key, root_key);
	w->sub = make(sub, sub_key, root_key);
	w->gw = make(gw, gw_key, sub_key);
}

static void
world_free(struct world *w)
{
	pki_cert_free(w->root);
	pki_cert_free(w->sub);
	pki_cert_free(w->gw);
}

/* Judges gw with sub sent along, root trusted. */
static bool
judge(const struct world *w, long day, struct text *why)
{
	const struct pki_cert *certs[] = { w->gw, w->sub };
	const struct pki_cert *cas[] = { w->root };
	size_t ca = 7;
	text_reset(why);
	bool is_good = pki_chain_check(certs, 2, cas, 1, NOW + day * DAY, &ca, why);
	if (is_good)
		assert_int_equal(ca, 0);
	else
		assert_true(why->len > 0);
	return is_good;
}

static void
good_chains(void **state)
{
	(void)state;
	struct world w;
	struct text why = { 0 };
	world_make(&w, &sub_plan, &gw_plan);
	assert_true(judge(&w, 0, &why));
	/* an anchor in the middle; among others; without help from the peer */
	const struct pki_cert *cas[] = { w.root, w.sub };
	const struct pki_cert *certs[] = { w.gw };
	size_t ca = 7;
	assert_true(pki_chain_check(certs, 1, cas + 1, 1, NOW, &ca, &why));
	assert_true(pki_chain_check(certs, 1, cas, 2, NOW, &ca, &why));
	assert_int_equal(ca, 1);
	/* what is sent along: the CA, not the root */
	const struct pki_cert *out[PKI_CHAIN_MAX];
	assert_int_equal(pki_chain_build(w.gw, cas, 2, out), 1);
	assert_ptr_equal(out[0], w.sub);
	text_done(&why);
	world_free(&w);
}

static void
bad_chains(void **state)
{
	(void)state;
	struct text why = { 0 };
	struct world w;
	struct plan p = gw_plan;
	world_make(&w, &sub_plan, &gw_plan);
	assert_false(judge(&w, 400, &why)); /* expired */
	assert_string_equal(text_str(&why), "certificate has expired");
	assert_false(judge(&w, -2, &why)); /* not yet */
	assert_string_equal(text_str(&why), "certificate is not yet valid");
	/* nobody trusted, a stranger trusted, the certificate itself trusted */
	struct plan other_plan = root_plan;
	other_plan.name = other_plan.issuer = "other";
	struct pki_cert *other = make(&other_plan, other_key, other_key);
	const struct pki_cert *certs[] = { w.gw, w.sub, w.root };
	const struct pki_cert *cas[] = { other, w.gw };
	text_reset(&why);
	assert_false(pki_chain_check(certs, 3, NULL, 0, NOW, NULL, &why));
	assert_false(pki_chain_check(certs, 3, cas, 1, NOW, NULL, &why));
	assert_false(pki_chain_check(certs, 3, cas, 2, NOW, NULL, &why));
	pki_cert_free(other);
	world_free(&w);

	struct plan no_ca = sub_plan;
	no_ca.is_ca = false;
	world_make(&w, &no_ca, &gw_plan);
	assert_false(judge(&w, 0, &why));
	world_free(&w);

	struct plan md5_sub = sub_plan;
	md5_sub.md = EVP_md5;
	world_make(&w, &md5_sub, &gw_plan);
	assert_false(judge(&w, 0, &why));
	world_free(&w);

	p.usage = "critical,keyEncipherment";
	world_make(&w, &sub_plan, &p);
	assert_false(judge(&w, 0, &why));
	world_free(&w);
	p.usage = "critical,digitalSignature";
	world_make(&w, &sub_plan, &p);
	assert_true(judge(&w, 0, &why));
	/* the right names, the wrong key */
	pki_cert_free(w.gw);
	w.gw = make(&gw_plan, gw_key, other_key);
	assert_false(judge(&w, 0, &why));
	world_free(&w);
	text_done(&why);
}

static void
identities(void **state)
{
	(void)state;
	static const uint8_t v6[16] = { 0x20, 1, 0x0d, 0xb8, [15] = 1 };
	struct pki_cert *c = make(&gw_plan, gw_key, sub_key);
	struct octets dn = pki_cert_subject(c);
	size_t n;
	assert_non_null(pki_cert_names(c, &n));
	assert_int_equal(n, 4);
	assert_true(pki_cert_has_identity(c, 1, (const uint8_t *)"\300\0\2\1", 4));
	assert_false(pki_cert_has_identity(c, 1, (const uint8_t *)"\300\0\2\2", 4));
	assert_true(pki_cert_has_identity(c, 5, v6, 16));
	assert_true(pki_cert_has_identity(c, 2, (const uint8_t *)"GW1.example.net", 15));
	assert_false(pki_cert_has_identity(c, 2, (const uint8_t *)"gw1.example.ne", 14));
	assert_false(pki_cert_has_identity(c, 3, (const uint8_t *)"gw1.example.net", 15));
	assert_true(pki_cert_has_identity(c, 3, (const uint8_t *)"ops@example.net", 15));
	assert_true(pki_cert_has_identity(c, 9, dn.p, dn.n));
	assert_false(pki_cert_has_identity(c, 9, dn.p, dn.n - 1));
	assert_false(pki_cert_has_identity(c, 11, (const uint8_t *)"gw1", 3));
	pki_cert_free(c);
}

static void
texts(void **state)
{
	(void)state;
	struct text t = { 0 };
	struct pki_cert *c = make(&gw_plan, gw_key, sub_key);
	pki_cert_print_serial(c, &t);
	assert_string_equal(text_str(&t), "00043da0");
	text_reset(&t);
	pki_cert_print_signature(c, &t);
	assert_string_equal(text_str(&t), "sha256WithRSAEncryption");
	text_reset(&t);
	pki_cert_print_fingerprint(c, false, &t);
	assert_int_equal(t.len, 20 * 3 - 1);
	assert_int_equal(pki_cert_bits(c), 2048);
	assert_int_equal(pki_cert_version(c), 3);
	assert_int_equal(pki_cert_not_after(c), NOW + 365 * DAY);
	assert_int_equal(pki_cert_usage(c), 0);
	pki_cert_free(c);
	text_done(&t);
}

/* PEM with words around it is read, anything cut off or added is not. */
static void
reading(void **state)
{
	(void)state;
	struct pki_cert *c = make(&gw_plan, gw_key, sub_key);
	struct octets der = pki_cert_der(c);
	struct text pem = { 0 };
	struct text why = { 0 };
	BIO *bio = BIO_new(BIO_s_mem());
	char *s;
	PEM_write_bio(bio, PEM_STRING_X509, "", der.p, (long)der.n);
	long n = BIO_get_mem_data(bio, &s);
	text_put(&pem, "Certificate of gw1\n");
	text_putn(&pem, s, (size_t)n);
	text_put(&pem, "end of it\n");
	struct pki_cert *again = pki_cert_read((const uint8_t *)pem.s, pem.len, &why);
	assert_non_null(again);
	assert_true(
	    pki_cert_der(again).n == der.n && memcmp(pki_cert_der(again).p, der.p, der.n) == 0);
	pki_cert_free(again);
	uint8_t longer[4096];
	memcpy(longer, der.p, der.n);
	longer[der.n] = 0;
	for (size_t len = 0; len <= der.n + 1; len++)
		if (len != der.n)
			assert_null(pki_cert_read(longer, len, NULL));
	assert_null(pki_cert_read((const uint8_t *)"hello", 5, &why));
	assert_string_equal(text_str(&why), "not a certificate in PEM or DER");
	BIO_free(bio);
	pki_cert_free(c);
	text_done(&pem);
	text_done(&why);
}

static void
keys(void **state)
{
	(void)state;
	static const enum auth_method methods[] = { METHOD_RSA, METHOD_DSA };
	struct text why = { 0 };
	size_t len;
	assert_null(pki_key_generate(METHOD_RSA, 512, &len));
	assert_null(pki_key_generate(METHOD_DSA, 4096, &len));
	assert_null(pki_key_generate(METHOD_RSA, 1500, &len));
	for (size_t i = 0; i < 2; i++) {
		uint8_t *der = pki_key_generate(methods[i], 1024, &len);
		assert_non_null(der);
		struct sign_key *k = sign_key_private(der, len);
		assert_non_null(k);
		assert_int_equal(sign_key_method(k), methods[i]);
		sign_key_free(k);
		size_t again_len;
		uint8_t *again = pki_key_read(der, len, NULL, &again_len, &why);
		assert_int_equal(again_len, len);
		assert_memory_equal(again, der, len);
		pki_key_wipe(again, again_len);
		assert_null(pki_key_read(der, len - 1, NULL, &again_len, &why));
		pki_key_wipe(der, len);
	}
	text_done(&why);
}

static void
encrypted_keys(void **state)
{
	(void)state;
	struct text why = { 0 };
	BIO *bio = BIO_new(BIO_s_mem());
	char *s;
	char word[] = "open sesame";
	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(
			     bio, gw_key, EVP_aes_256_cbc(), word, (int)strlen(word), NULL, NULL),
	    1);
	size_t n = (size_t)BIO_get_mem_data(bio, &s);
	size_t len;
	assert_null(pki_key_read((uint8_t *)s, n, NULL, &len, &why));
	assert_null(pki_key_read((uint8_t *)s, n, "open sesam", &len, &why));
	uint8_t *der = pki_key_read((uint8_t *)s, n, word, &len, &why);
	assert_non_null(der);
	struct sign_key *k = sign_key_private(der, len);
	struct pki_cert *c = make(&gw_plan, gw_key, sub_key);
	struct pki_cert *other = make(&gw_plan, other_key, sub_key);
	assert_true(pki_cert_has_key(c, k));
	assert_false(pki_cert_has_key(other, k));
	pki_cert_free(c);
	pki_cert_free(other);
	sign_key_free(k);
	pki_key_wipe(der, len);
	BIO_free(bio);
	text_done(&why);
}

static void
requests(void **state)
{
	(void)state;
	struct text why = { 0 };
	size_t key_len;
	size_t len;
	uint8_t *key = pki_key_generate(METHOD_RSA, 1024, &key_len);
	struct p10_names names = { "DC=example,CN=gw1,OU=net\\, west,O=example,ST=ca,C=us",
		"gw1.example.net", "ops@example.net", "192.0.2.1", NULL };
	uint8_t *der = p10_make(key, key_len, &names, P10_SHA256, &len, &why);
	assert_non_null(der);
	const unsigned char *p = der;
	X509_REQ *req = d2i_X509_REQ(NULL, &p, (long)len);
	assert_non_null(req);
	EVP_PKEY *pub = X509_REQ_get0_pubkey(req);
	assert_int_equal(X509_REQ_verify(req, pub), 1);
	char line[256];
	X509_NAME_oneline(X509_REQ_get_subject_name(req), line, sizeof(line));
	assert_string_equal(line, "/DC=example/CN=gw1/OU=net, west/O=example/ST=ca/C=us");
	STACK_OF(X509_EXTENSION) *e = X509_REQ_get_extensions(req);
	assert_int_equal(sk_X509_EXTENSION_num(e), 2);
	sk_X509_EXTENSION_pop_free(e, X509_EXTENSION_free);
	X509_REQ_free(req);
	struct p10_view v;
	struct text part = { 0 };
	assert_true(p10_read(der, len, &v));
	assert_true(v.is_good && v.bits == 1024 && v.method == METHOD_RSA);
	assert_true(pki_name_part(v.subject, "OU", 0, &part));
	assert_string_equal(text_str(&part), "net, west");
	assert_false(pki_name_part(v.subject, "OU", 1, &part));
	assert_int_equal(v.n_names, 3);
	assert_int_equal(v.names[0].kind, PKI_EMAIL);
	assert_int_equal(v.names[2].kind, PKI_IPV4);
	assert_memory_equal(v.names[2].value.p, "\300\0\2\1", 4);
	assert_int_equal(v.usage, PKI_USE_SIGN);
	text_reset(&part);
	p10_print_fingerprint(&v, false, &part);
	assert_int_equal(part.len, 20 * 3 - 1);
	p10_done(&v);
	assert_false(p10_read(der, len - 1, &v));
	text_reset(&part);
	text_done(&part);
	free(der);

	der = p10_self_signed(key, key_len, &names, P10_SHA1, NOW, 30, &len, &why);
	struct pki_cert *c = pki_cert_read(der, len, &why);
	assert_non_null(c);
	assert_true(pki_cert_is_self_signed(c));
	assert_false(pki_cert_is_ca(c));
	assert_int_equal(pki_cert_not_after(c), NOW + 30 * DAY);
	assert_true(pki_cert_has_identity(c, 2, (const uint8_t *)"gw1.example.net", 15));
	pki_cert_free(c);
	free(der);

	static const char *const bad[] = { "", "CN=", "XX=1", "CN", "C=switzerland", "CN=a,,O=b" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		names.subject = bad[i];
		assert_null(p10_make(key, key_len, &names, P10_SHA256, &len, &why));
	}
	names = (struct p10_names){ "CN=gw1", NULL, NULL, "192.0.2", NULL };
	assert_null(p10_make(key, key_len, &names, P10_SHA256, &len, &why));
	pki_key_wipe(key, key_len);
	text_done(&why);
}

static int
setup(void **state)
{
	(void)state;
	root_key = EVP_RSA_gen(2048);
	sub_key = EVP_RSA_gen(2048);
	gw_key = EVP_RSA_gen(2048);
	other_key = EVP_RSA_gen(2048);
	return root_key == NULL || sub_key == NULL || gw_key == NULL || other_key == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(root_key);
	EVP_PKEY_free(sub_key);
	EVP_PKEY_free(gw_key);
	EVP_PKEY_free(other_key);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_chains),
		cmocka_unit_test(bad_chains),
		cmocka_unit_test(identities),
		cmocka_unit_test(texts),
		cmocka_unit_test(reading),
		cmocka_unit_test(keys),
		cmocka_unit_test(encrypted_keys),
		cmocka_unit_test(requests),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
