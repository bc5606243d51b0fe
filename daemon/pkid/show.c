/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show.c - the rows of `show security pki`.
 *
 * One row for each certificate or request, called pkid-x509-certificate-information; the elements in the order in which they
 * are printed. There are few enough to be sent at once. Called by control.c.
 */
#include "daemon/pkid/pkid.h"
#include "lib/base/hex.h"
#include "lib/base/text.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/os/answer.h"
#include "lib/pki/name.h"
#include "lib/pki/p10.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { KEY_LINE_OCTETS = 20 };

struct show {
	struct pkid *p;
	struct arena *a;
	bool is_detail;
};

static void
put(const struct show *s, struct elem *to, const char *name,
    void (*print)(const struct pki_cert *, struct text *), const struct pki_cert *c)
{
	struct text t = { 0 };
	print(c, &t);
	elem_leaf(s->a, to, name, text_str(&t));
	text_done(&t);
}

static void
time_put(const struct show *s, struct elem *to, const char *name, time_t when)
{
	struct tm tm;
	gmtime_r(&when, &tm);
	elem_leaff(s->a, to, name, "%02d-%2d-%d %02d:%02d UTC", tm.tm_mon + 1, tm.tm_mday,
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min);
}

/* --- names --- */

static void
dn_put(const struct show *s, struct elem *to, const char *name, struct octets der)
{
	static const struct {
		const char *leaf;
		const char *type;
	} parts[] = {
		{ "organization-name", "O" },
		{ "organizational-unit-name", "OU" },
		{ "country-name", "C" },
		{ "state-or-province-name", "ST" },
		{ "locality-name", "L" },
		{ "common-name", "CN" },
		{ "email-address", "emailAddress" },
		{ "domain-component", "DC" },
		{ "dn-serial-number", "serialNumber" },
	};
	struct elem *dn = elem_add(s->a, elem_add(s->a, to, name), "distinguished-name");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct text t = { 0 };
		for (unsigned k = 0; pki_name_part(der, parts[i].type, k, &t); k++) {
			elem_leaf(s->a, dn, parts[i].leaf, text_str(&t));
			text_reset(&t);
		}
		text_done(&t);
	}
}

static void
subject_string_put(const struct show *s, struct elem *to, struct octets der)
{
	struct text t = { 0 };
	pki_name_print(der, &t);
	elem_leaf(s->a, elem_add(s->a, to, "subject-string-list"), "subject-string", text_str(&t));
	text_done(&t);
}

static void
alternates_put(const struct show *s, struct elem *to, const struct pki_name *names, size_t n)
{
	static const char *const empty[] = {
		[PKI_EMAIL] = "email empty",
		[PKI_FQDN] = "fqdn empty",
		[PKI_IPV4] = "ipv4 empty",
		[PKI_IPV6] = "ipv6 empty",
	};
	struct elem *list = elem_add(s->a, to, "alternate-subject-list");
	for (enum pki_name_kind kind = PKI_EMAIL; kind <= PKI_IPV6; kind++) {
		bool has = false;
		for (size_t i = 0; i < n; i++) {
			char address[INET6_ADDRSTRLEN];
			if (names[i].kind != kind)
				continue;
			has = true;
			if (kind == PKI_EMAIL)
				elem_leaff(s->a, list, "alternate-subject", "\"%.*s\"",
				    (int)names[i].value.n, (const char *)names[i].value.p);
			else if (kind == PKI_FQDN)
				elem_leaff(s->a, list, "alternate-subject", "%.*s",
				    (int)names[i].value.n, (const char *)names[i].value.p);
			else if (inet_ntop(kind == PKI_IPV4 ? AF_INET : AF_INET6, names[i].value.p,
				     address, sizeof(address)) != NULL)
				elem_leaf(s->a, list, "alternate-subject", address);
		}
		if (!has)
			elem_leaf(s->a, list, "alternate-subject", empty[kind]);
	}
}

/* --- keys and prints --- */

static void
fingerprint_put(const struct show *s, struct elem *row, const struct text *digest, const char *hash)
{
	struct elem *f = elem_add(s->a, row, "fingerprint");
	elem_leaf(s->a, f, "fingerprint-content", text_str(digest));
	elem_leaf(s->a, f, "fingerprint-hash-algorithm", hash);
}

static void
fingerprints_put(const struct show *s, struct elem *row, const struct pki_cert *c)
{
	struct text t = { 0 };
	pki_cert_print_fingerprint(c, false, &t);
	fingerprint_put(s, row, &t, "sha1");
	text_reset(&t);
	pki_cert_print_fingerprint(c, true, &t);
	fingerprint_put(s, row, &t, "md5");
	text_done(&t);
}

static void
key_put(const struct show *s, struct elem *row, const struct pki_cert *c)
{
	struct elem *key = elem_add(s->a, row, "public-key");
	put(s, key, "public-key-algorithm", pki_cert_print_key_alg, c);
	elem_leaff(s->a, key, "public-key-length", "%u", pki_cert_bits(c));
}

static void
key_contents_put(const struct show *s, struct elem *row, struct octets key)
{
	struct elem *list = elem_add(s->a, row, "public-key-contents-list");
	struct text t = { 0 };
	for (size_t i = 0; i < key.n; i++) {
		if (i % KEY_LINE_OCTETS != 0)
			text_putc(&t, ':');
		hex_put(&t, key.p + i, 1);
		if (i % KEY_LINE_OCTETS == KEY_LINE_OCTETS - 1 || i + 1 == key.n) {
			elem_leaf(s->a, list, "key-contents", text_str(&t));
			text_reset(&t);
		}
	}
	text_done(&t);
}

struct crl_arg {
	struct arena *a;
	struct elem *to;
};

static void
crl_put(void *arg, const char *url)
{
	struct crl_arg *c = arg;
	elem_leaf(c->a, c->to, "distribution-crl", url);
}

static void
usage_put(const struct show *s, struct elem *row, unsigned usage)
{
	static const struct {
		unsigned bit;
		const char *text;
	} uses[] = {
		{ PKI_USE_SIGN_CRL, "CRL signing" },
		{ PKI_USE_SIGN_CERT, "Certificate signing" },
		{ PKI_USE_ENCIPHER, "Key encipherment" },
		{ PKI_USE_SIGN, "Digital signature" },
		{ PKI_USE_COMMITMENT, "Non repudiation" },
	};
	if (usage == 0)
		return;
	struct elem *list = elem_add(s->a, row, "key-usage-list");
	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		if ((usage & uses[i].bit) != 0)
			elem_leaf(s->a, list, "key-usage", uses[i].text);
}

/* --- rows --- */

static void
validity_put(const struct show *s, struct elem *row, const struct pki_cert *c)
{
	struct elem *v = elem_add(s->a, row, "validity");
	time_put(s, v, "not-before", pki_cert_not_before(c));
	time_put(s, v, "not-after", pki_cert_not_after(c));
}

static void
brief_put(const struct show *s, struct elem *row, const struct pki_cert *c)
{
	struct text t = { 0 };
	struct elem *issue = elem_add(s->a, row, "issue-info");
	if (!pki_name_part(pki_cert_subject(c), "CN", 0, &t))
		pki_name_print(pki_cert_subject(c), &t);
	elem_leaf(s->a, issue, "recipient", text_str(&t));
	text_reset(&t);
	pki_name_print_spaced(pki_cert_issuer(c), &t);
	elem_leaf(s->a, issue, "issued-by", text_str(&t));
	text_done(&t);
	validity_put(s, row, c);
	key_put(s, row, c);
}

static void
detail_put(const struct show *s, struct elem *row, const struct pki_cert *c, bool is_local)
{
	size_t n_names;
	const struct pki_name *names = pki_cert_names(c, &n_names);
	elem_leaff(s->a, row, "version", "%d", pki_cert_version(c));
	put(s, elem_add(s->a, row, "serial-number-list"), "serial-number-x509",
	    pki_cert_print_serial, c);
	dn_put(s, row, "issuer", pki_cert_issuer(c));
	dn_put(s, row, "subject", pki_cert_subject(c));
	subject_string_put(s, row, pki_cert_subject(c));
	if (is_local)
		alternates_put(s, row, names, n_names);
	validity_put(s, row, c);
	key_put(s, row, c);
	key_contents_put(s, row, pki_cert_public_key(c));
	put(s, row, "signature-algorithm", pki_cert_print_signature, c);
	struct crl_arg crl = { s->a, elem_add(s->a, row, "distribution-crl-list") };
	pki_cert_each_crl(c, crl_put, &crl);
	usage_put(s, row, pki_cert_usage(c));
	fingerprints_put(s, row, c);
	if (is_local) {
		struct elem *again = elem_add(s->a, row, "auto-re-enrollment");
		elem_leaf(s->a, again, "auto-re-enrollment-status", "Disabled");
		elem_leaf(s->a, again, "auto-re-enrollment-next-trigger-time", "Timer not started");
	}
}

static void
cert_row(
    const struct show *s, uint32_t seq, const char *kind, const char *id, const struct pki_cert *c)
{
	struct elem *row = elem_new(s->a, "pkid-x509-certificate-information");
	elem_leaf(s->a, row, "identifier", id);
	elem_leaf(s->a, row, "certificate-type", kind);
	if (s->is_detail)
		detail_put(s, row, c, strcmp(kind, "local") == 0);
	else
		brief_put(s, row, c);
	rpc_row(s->p, seq, row);
}

static void
request_row(const struct show *s, uint32_t seq, const struct entry *e)
{
	struct p10_view v;
	if (!p10_read(e->request, e->request_len, &v))
		return;
	struct text t = { 0 };
	struct elem *row = elem_new(s->a, "pkid-x509-certificate-information");
	elem_leaf(s->a, row, "identifier", e->id);
	elem_leaf(s->a, row, "certificate-type", "request");
	if (s->is_detail) {
		elem_leaf(s->a, row, "version", "1");
		dn_put(s, row, "subject", v.subject);
		alternates_put(s, row, v.names, v.n_names);
	} else {
		struct elem *issue = elem_add(s->a, row, "issue-info");
		if (!pki_name_part(v.subject, "CN", 0, &t))
			pki_name_print(v.subject, &t);
		elem_leaf(s->a, issue, "recipient", text_str(&t));
	}
	struct elem *key = elem_add(s->a, row, "public-key");
	elem_leaf(s->a, key, "public-key-algorithm",
	    v.method == METHOD_RSA ? "rsaEncryption" : "dsaEncryption");
	elem_leaff(s->a, key, "public-key-length", "%u", v.bits);
	elem_leaf(s->a, key, "public-key-verification-status", v.is_good ? "Passed" : "Failed");
	if (s->is_detail) {
		key_contents_put(s, row, v.public_key);
		p10_print_fingerprint(&v, false, &t);
		fingerprint_put(s, row, &t, "sha1");
		text_reset(&t);
		p10_print_fingerprint(&v, true, &t);
		fingerprint_put(s, row, &t, "md5");
		usage_put(s, row, v.usage);
	}
	text_done(&t);
	p10_done(&v);
	rpc_row(s->p, seq, row);
}

bool
show_run(struct pkid *p, const struct ipc_msg *m)
{
	const char *rpc = m->body->name;
	const char *level = elem_value(m->body, "level");
	bool is_ca = strcmp(rpc, "get-pki-ca-certificate") == 0;
	bool is_local = strcmp(rpc, "get-pki-local-certificate") == 0;
	bool is_request = strcmp(rpc, "get-pki-certificate-request") == 0;
	const char *only = elem_value(m->body, is_ca ? "ca-profile" : "certificate-id");
	struct show s = { .p = p, .is_detail = level != NULL && strcmp(level, "detail") == 0 };
	if (!is_ca && !is_local && !is_request)
		return false;
	s.a = arena_new();
	for (size_t i = 0; i < p->store.n_anchors && is_ca; i++) {
		const struct anchor *a = &p->store.anchors[i];
		if (only == NULL || strcmp(only, a->profile) == 0)
			cert_row(&s, m->seq, "ca", a->profile, a->cert);
	}
	for (size_t i = 0; i < p->store.n_entries && !is_ca; i++) {
		const struct entry *e = &p->store.entries[i];
		if (only != NULL && strcmp(only, e->id) != 0)
			continue;
		if (is_local && e->cert != NULL)
			cert_row(&s, m->seq, "local", e->id, e->cert);
		else if (is_request && e->request != NULL)
			request_row(&s, m->seq, e);
	}
	answer_rpc(p->mgd, m->seq, NULL);
	arena_free(s.a);
	return true;
}
