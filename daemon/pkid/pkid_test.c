/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pkid_test.c - the folder across restarts, and what kmd is told: chains, signatures, judgements.
 */
#include "daemon/pkid/pkid.h"
#include "lib/base/hex.h"
#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/conf/conf.h"
#include "lib/conf/test_tree.h"
#include "lib/crypto/sign.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/pki/key.h"
#include "lib/pki/p10.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

enum { NOW = 1800000000 };

static char folder[] = "/tmp/pkid_test.XXXXXX";

static const struct p10_names names = { "CN=gw1,O=Example", "gw1.example.net", NULL, "192.0.2.1",
	NULL };

/* A CA, and the certificate that it gives to the key of ID in the store. */
static struct pki_cert *
issue(EVP_PKEY *key, EVP_PKEY *ca_key, const char *cn, bool is_ca)
{
	X509 *x = X509_new();
	time_t now = NOW;
	unsigned char *der = NULL;
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
	X509_NAME_add_entry_by_txt(
	    X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
	X509_NAME_add_entry_by_txt(
	    X509_get_issuer_name(x), "CN", MBSTRING_ASC, (const unsigned char *)"root", -1, -1, 0);
	X509_time_adj_ex(X509_getm_notBefore(x), -1, 0, &now);
	X509_time_adj_ex(X509_getm_notAfter(x), 100, 0, &now);
	X509_set_pubkey(x, key);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(
	    NULL, NULL, NID_basic_constraints, is_ca ? "critical,CA:TRUE" : "CA:FALSE");
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	e = X509V3_EXT_conf_nid(
	    NULL, NULL, NID_subject_alt_name, "DNS:gw1.example.net,IP:192.0.2.1");
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	assert_true(X509_sign(x, ca_key, EVP_sha256()) > 0);
	int n = i2d_X509(x, &der);
	struct pki_cert *c = pki_cert_read(der, (size_t)n, NULL);
	assert_non_null(c);
	OPENSSL_free(der);
	X509_free(x);
	return c;
}

static struct conf *
conf_make(const char *tree)
{
	struct arena *a = arena_new();
	struct report r = { 0 };
	struct elem *root = test_tree(a, tree);
	struct conf *c = conf_load(root, &r);
	assert_non_null(c);
	report_done(&r);
	arena_free(a);
	return c;
}

static void
folder_clean(void)
{
	DIR *d = opendir(".");
	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			unlink(e->d_name);
	closedir(d);
}

static void
the_folder_keeps_everything(void **state)
{
	(void)state;
	struct store s;
	struct text why = { 0 };
	size_t len;
	size_t cert_len;
	struct stat st;
	folder_clean();
	store_open(&s);
	assert_int_equal(s.n_entries, 0);
	uint8_t *key = pki_key_generate(METHOD_RSA, 1024, &len);
	uint8_t *other = pki_key_generate(METHOD_DSA, 1024, &cert_len);
	assert_true(store_put_key(&s, "gw2", other, cert_len, &why));
	assert_true(store_put_key(&s, "gw1", key, len, &why));
	assert_string_equal(s.entries[0].id, "gw1");
	assert_int_equal(s.entries[1].bits, 1024);
	assert_int_equal(stat("gw1.key", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* a certificate of another key is refused, and nothing changes */
	uint8_t *der = p10_self_signed(key, len, &names, P10_SHA256, NOW, 10, &cert_len, &why);
	assert_false(store_put_cert(&s, "gw2", pki_cert_read(der, cert_len, NULL), &why));
	assert_null(store_entry(&s, "gw2")->cert);
	assert_int_not_equal(access("gw2.crt", F_OK), 0);
	assert_true(store_put_cert(&s, "gw1", pki_cert_read(der, cert_len, NULL), &why));
	assert_true(store_put_anchor(&s, "root", pki_cert_read(der, cert_len, NULL), &why));
	store_close(&s);

	/* another life; a file that is broken is left out */
	FILE *f = fopen("broken.crt", "w");
	fputs("x", f);
	fclose(f);
	f = fopen("gw2.crt", "w"); /* somebody else's certificate */
	fwrite(der, cert_len, 1, f);
	fclose(f);
	store_open(&s);
	assert_int_equal(s.n_entries, 2);
	assert_non_null(store_entry(&s, "gw1")->cert);
	assert_null(store_entry(&s, "gw2")->cert);
	assert_non_null(store_anchor(&s, "root"));
	assert_true(store_drop_entry(&s, store_entry(&s, "gw1"), &why));
	assert_null(store_entry(&s, "gw1"));
	assert_true(store_drop_anchor(&s, store_anchor(&s, "root"), &why));
	store_close(&s);
	store_open(&s);
	assert_int_equal(s.n_entries, 1);
	assert_int_equal(s.n_anchors, 0);
	store_close(&s);
	free(der);
	pki_key_wipe(key, len);
	free(other);
	text_done(&why);
}

static void
names_are_no_paths(void **state)
{
	(void)state;
	assert_true(store_name_is_good("gw1-a_b"));
	static const char *const bad[] = { "", "all", "a/b", "..", "a.b", "a%b", "a b", "\xc3\xa4",
		"123456789012345678901234567890123" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(store_name_is_good(bad[i]));
	assert_false(store_name_is_good(NULL));
}

static struct elem *
ask(struct arena *a, const char *certificate, const uint8_t *hash, size_t n)
{
	struct text t = { 0 };
	struct elem *e = elem_new(a, "sign");
	elem_leaf(a, e, "certificate", certificate);
	hex_put(&t, hash, n);
	elem_leaf(a, e, "hash", text_str(&t));
	text_done(&t);
	return e;
}

static void
hex_add(struct arena *a, struct elem *e, const char *name, const uint8_t *p, size_t n)
{
	struct text t = { 0 };
	hex_put(&t, p, n);
	elem_leaf(a, e, name, text_str(&t));
	text_done(&t);
}

static void
status_is(const struct elem *e, const char *text)
{
	assert_string_equal(elem_value(e, "status"), text == NULL ? "ok" : "error");
	if (text != NULL)
		assert_string_equal(elem_value(e, "text"), text);
}

static void
kmd_is_served(void **state)
{
	(void)state;
	static const uint8_t hash[20] = "12345678901234567890";
	struct pkid p = { 0 };
	struct text why = { 0 };
	struct arena *a = arena_new();
	EVP_PKEY *root = EVP_RSA_gen(2048);
	EVP_PKEY *gw = EVP_RSA_gen(2048);
	unsigned char *der = NULL;
	folder_clean();
	store_open(&p.store);
	p.conf = conf_make("security\n  pki\n    ca-profile root:\n");
	struct pki_cert *ca = issue(root, root, "root", true);
	struct pki_cert *cert = issue(gw, root, "gw1", false);
	struct octets cert_der = pki_cert_der(cert);
	uint8_t sent[4096];
	memcpy(sent, cert_der.p, cert_der.n);
	size_t sent_len = cert_der.n;
	int n = i2d_PrivateKey(gw, &der);
	assert_true(store_put_key(&p.store, "gw1", der, (size_t)n, &why));
	OPENSSL_clear_free(der, (size_t)n);
	status_is(serve_chain(&p, ask(a, "gw1", hash, 1), a),
	    "local certificate gw1 not found in local database");
	assert_true(store_put_cert(&p.store, "gw1", cert, &why));
	struct elem *chain = serve_chain(&p, ask(a, "gw1", hash, 1), a);
	status_is(chain, NULL);
	assert_string_equal(elem_value(chain, "method"), "rsa-signatures");
	assert_string_equal(elem_value(chain, "signature-length"), "256");
	assert_string_equal(elem_value(elem_find(chain, "alternate"), "value"), "gw1.example.net");

	/* a signature, and the judgement of the other side about it */
	status_is(serve_sign(&p, ask(a, "gw9", hash, 20), a), "there is no such key pair");
	status_is(serve_sign(&p, ask(a, "gw1", hash, 0), a), "invalid hash");
	struct elem *sig = serve_sign(&p, ask(a, "gw1", hash, 20), a);
	status_is(sig, NULL);
	struct elem *verify = ask(a, "x", hash, 20);
	hex_add(a, verify, "certificate", sent, sent_len);
	elem_leaf(a, verify, "id-type", "fqdn");
	hex_add(a, verify, "id", (const uint8_t *)"gw1.example.net", 15);
	elem_leaf(a, verify, "signature", elem_value(sig, "signature"));
	status_is(
	    serve_verify(&p, verify, NOW, a), "no CA certificate is loaded that could be trusted");
	assert_true(store_put_anchor(&p.store, "root", ca, &why));
	struct elem *good = serve_verify(&p, verify, NOW, a);
	status_is(good, NULL);
	assert_string_equal(elem_value(good, "subject"), "CN=gw1");
	status_is(serve_verify(&p, verify, NOW + 101 * 86400, a), "certificate has expired");
	struct elem *named = elem_leaf(a, verify, "trusted-ca", "root");
	status_is(serve_verify(&p, verify, NOW, a), NULL);
	named->value = "other";
	status_is(
	    serve_verify(&p, verify, NOW, a), "no CA certificate is loaded that could be trusted");
	named->value = "root";
	struct elem *id = elem_find(verify, "id");
	id->value = "677731";
	status_is(
	    serve_verify(&p, verify, NOW, a), "the identity of the peer is not in its certificate");
	id->value = "zz";
	status_is(serve_verify(&p, verify, NOW, a), "the question cannot be read");
	id->value = "6777312e6578616d706c652e6e6574";
	elem_find(verify, "hash")->value = "00";
	status_is(serve_verify(&p, verify, NOW, a), "the signature is wrong");
	elem_find(verify, "certificate")->value = "3000";
	status_is(serve_verify(&p, verify, NOW, a), "the certificate cannot be read");

	/* a profile that is not configured any more is not trusted */
	conf_free(p.conf);
	p.conf = conf_make("security\n  pki\n    ca-profile other:\n");
	status_is(serve_verify(&p, verify, NOW, a), "the certificate cannot be read");
	conf_free(p.conf);
	store_close(&p.store);
	EVP_PKEY_free(root);
	EVP_PKEY_free(gw);
	arena_free(a);
	text_done(&why);
}

static void
nothing_heard(struct ipc *c, struct ipc_msg *m, void *arg)
{
	(void)c;
	(void)m;
	(void)arg;
}

static void
nothing_closed(struct ipc *c, const char *why, void *arg)
{
	(void)c;
	(void)why;
	(void)arg;
}

/* Runs RPC; returns of which certificates kmd hears: 1 of gw1, 2 of gw2, 4 of another one, 8 that it can be used. */
static unsigned
heard_of(struct pkid *p, const struct elem *rpc)
{
	static const struct ipc_ops ops = { .on_message = nothing_heard,
		.on_closed = nothing_closed };
	struct arena *a = arena_new();
	unsigned heard = 0;
	uv_loop_t loop;
	int sv[2];
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	p->kmd = ipc_new(&loop, sv[0], &ops, p);
	command_run(p, &(struct ipc_msg){ .body = (struct elem *)(uintptr_t)rpc, .fd = -1 }, NULL);
	uv_run(&loop, UV_RUN_NOWAIT);
	ipc_free(p->kmd);
	p->kmd = NULL;
	uv_run(&loop, UV_RUN_DEFAULT);
	struct ipc_msg m;
	while (ipc_recv_blocking(sv[1], a, &m) == 0) {
		const char *id = elem_value(m.body, "certificate-id");
		assert_int_equal(m.type, MSG_PKI_CHAIN);
		heard |= strcmp(id, "gw1") == 0 ? 1U : strcmp(id, "gw2") == 0 ? 2U : 4U;
		heard |= strcmp(elem_value(m.body, "status"), "ok") == 0 ? 8U : 0;
	}
	close(sv[1]);
	assert_int_equal(uv_loop_close(&loop), 0);
	arena_free(a);
	return heard;
}

/* However many go at once, kmd hears of each that it cannot use any more. */
static void
kmd_hears_of_all_that_are_cleared(void **state)
{
	(void)state;
	static const char *const commands[] = { "clear-pki-local-certificate",
		"clear-pki-key-pair" };
	struct text why = { 0 };
	size_t len;
	uint8_t *key = pki_key_generate(METHOD_RSA, 1024, &len);
	for (unsigned by_name = 0; by_name < 2; by_name++)
		for (size_t i = 0; i < 2; i++) {
			struct pkid p = { 0 };
			folder_clean();
			store_open(&p.store);
			assert_true(store_put_key(&p.store, "gw1", key, len, &why));
			assert_true(store_put_key(&p.store, "gw2", key, len, &why));
			struct arena *a = arena_new();
			struct elem *rpc = elem_new(a, commands[i]);
			if (by_name != 0)
				elem_leaf(a, rpc, "certificate-id", "all");
			else
				elem_flag(a, rpc, "all");
			assert_int_equal(heard_of(&p, rpc), 3);
			store_close(&p.store);
			arena_free(a);
		}
	pki_key_wipe(key, len);
	text_done(&why);
}

/* Every word about a certificate makes kmd look at its policies: there is none where nothing has changed. */
static void
kmd_hears_nothing_of_a_verification(void **state)
{
	(void)state;
	struct pkid p = { 0 };
	struct text why = { 0 };
	struct arena *a = arena_new();
	size_t len;
	size_t cert_len;
	uint8_t *key = pki_key_generate(METHOD_RSA, 1024, &len);
	uint8_t *der =
	    p10_self_signed(key, len, &names, P10_SHA256, time(NULL) - 60, 10, &cert_len, &why);
	assert_non_null(der);
	folder_clean();
	store_open(&p.store);
	p.conf = conf_make("security\n  pki\n    ca-profile root:\n");
	assert_true(store_put_key(&p.store, "gw1", key, len, &why));
	assert_true(store_put_anchor(&p.store, "root", pki_cert_read(der, cert_len, NULL), &why));
	struct elem *verify = elem_new(a, "verify-pki-ca-certificate");
	elem_leaf(a, verify, "ca-profile", "root");
	assert_int_equal(heard_of(&p, verify), 0);
	/* ... and of what does change something it does */
	struct elem *clear = elem_new(a, "clear-pki-ca-certificate");
	elem_leaf(a, clear, "ca-profile", "root");
	assert_int_equal(heard_of(&p, clear), 1);
	conf_free(p.conf);
	store_close(&p.store);
	free(der);
	pki_key_wipe(key, len);
	text_done(&why);
	arena_free(a);
}

static int
setup(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL || chdir(folder) < 0;
}

static int
teardown(void **state)
{
	(void)state;
	folder_clean();
	return chdir("/") < 0 || rmdir(folder) < 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_folder_keeps_everything),
		cmocka_unit_test(names_are_no_paths),
		cmocka_unit_test(kmd_is_served),
		cmocka_unit_test(kmd_hears_of_all_that_are_cleared),
		cmocka_unit_test(kmd_hears_nothing_of_a_verification),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
