/* SPDX-License-Identifier: BSD-2-Clause
 *
 * serve.c - what kmd asks: the chain of a certificate, a signature, and whether a peer is who it says.
 *
 * kmd may ask for a signature of any hash: it is trusted to negotiate, but never sees a key. Called by control.c.
 */
#include "daemon/pkid/pkid.h"
#include "lib/base/hex.h"
#include "lib/base/text.h"
#include "lib/conf/conf.h"
#include "lib/crypto/sign.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/pki/chain.h"
#include "lib/pki/name.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { HASH_BYTES_MIN = 16, HASH_BYTES_MAX = 64, ID_BYTES_MAX = 4096 };

static struct elem *
answer_new(struct arena *a, const char *name, const char *error)
{
	struct elem *e = elem_new(a, name);
	elem_leaf(a, e, "status", error == NULL ? "ok" : "error");
	if (error != NULL)
		elem_leaf(a, e, "text", error);
	return e;
}

static void
hex_leaf(struct arena *a, struct elem *e, const char *name, const uint8_t *p, size_t n)
{
	struct text t = { 0 };
	hex_put(&t, p, n);
	elem_leaf(a, e, name, text_str(&t));
	text_done(&t);
}

/* Is this profile in the configuration? What was loaded for one that is gone is not trusted. */
static bool
is_configured(const struct pkid *p, const char *profile)
{
	return p->conf != NULL && conf_ca_profile(p->conf, profile) != NULL;
}

/* --- our own chain --- */

static void
name_put(struct arena *a, struct elem *e, const struct pki_name *n)
{
	static const char *const kinds[] = {
		[PKI_EMAIL] = "email",
		[PKI_FQDN] = "fqdn",
		[PKI_IPV4] = "ipv4",
		[PKI_IPV6] = "ipv6",
	};
	char text[INET6_ADDRSTRLEN];
	struct elem *to = elem_add(a, e, "alternate");
	elem_leaf(a, to, "type", kinds[n->kind]);
	if (n->kind == PKI_IPV4 || n->kind == PKI_IPV6) {
		inet_ntop(n->kind == PKI_IPV4 ? AF_INET : AF_INET6, n->value.p, text, sizeof(text));
		elem_leaf(a, to, "value", text);
	} else {
		elem_leaff(a, to, "value", "%.*s", (int)n->value.n, (const char *)n->value.p);
	}
}

/* The CAs that count: configured, loaded and, with NAMES, among them. Returns how many are in the array, made in A. */
static size_t
anchors_list(
    const struct pkid *p, const struct elem *names, struct arena *a, const struct pki_cert ***out)
{
	const struct pki_cert **list = arena_array(a, p->store.n_anchors + 1, sizeof(*list));
	size_t n = 0;
	bool is_any = elem_find(names, "trusted-ca") == NULL;
	for (size_t i = 0; i < p->store.n_anchors; i++) {
		const struct anchor *at = &p->store.anchors[i];
		bool is_named = is_any;
		elem_each (ca, names, "trusted-ca")
			is_named |= ca->value != NULL && strcmp(ca->value, at->profile) == 0;
		if (is_named && is_configured(p, at->profile))
			list[n++] = at->cert;
	}
	*out = list;
	return n;
}

struct elem *
serve_chain(struct pkid *p, const struct elem *ask, struct arena *a)
{
	const char *id = elem_value(ask, "certificate");
	const struct entry *entry = store_entry(&p->store, id);
	if (entry == NULL || entry->cert == NULL) {
		struct elem *no = answer_new(a, "chain",
		    arena_printf(a, "local certificate %s not found in local database",
			id != NULL ? id : "?"));
		if (id != NULL)
			elem_leaf(a, no, "certificate-id", id);
		return no;
	}
	struct elem *e = answer_new(a, "chain", NULL);
	elem_leaf(a, e, "certificate-id", id);
	elem_leaf(a, e, "method", method_info(sign_key_method(entry->key))->name);
	elem_leaff(a, e, "signature-length", "%zu", sign_len(entry->key));
	struct octets subject = pki_cert_subject(entry->cert);
	hex_leaf(a, e, "subject", subject.p, subject.n);
	size_t n_names;
	const struct pki_name *names = pki_cert_names(entry->cert, &n_names);
	for (size_t i = 0; i < n_names; i++)
		name_put(a, e, &names[i]);
	struct octets der = pki_cert_der(entry->cert);
	hex_leaf(a, e, "certificate", der.p, der.n);
	const struct pki_cert **cas;
	const struct pki_cert *path[PKI_CHAIN_MAX];
	size_t n = anchors_list(p, NULL, a, &cas);
	for (size_t i = 0; i < n; i++) {
		struct octets ca = pki_cert_subject(cas[i]);
		hex_leaf(a, e, "ca", ca.p, ca.n);
	}
	n = pki_chain_build(entry->cert, cas, n, path);
	for (size_t i = 0; i < n; i++) {
		der = pki_cert_der(path[i]);
		hex_leaf(a, e, "certificate", der.p, der.n);
	}
	return e;
}

void
serve_changed(struct pkid *p, const char *id)
{
	struct arena *a = arena_new();
	for (size_t i = 0; i < p->store.n_entries && p->kmd != NULL; i++) {
		const char *name = p->store.entries[i].id;
		if (id != NULL && strcmp(id, name) != 0)
			continue;
		struct elem *ask = elem_new(a, "chain");
		elem_leaf(a, ask, "certificate", name);
		ipc_send(p->kmd, MSG_PKI_CHAIN, 0, serve_chain(p, ask, a), -1);
	}
	if (id != NULL && store_entry(&p->store, id) == NULL && p->kmd != NULL) {
		struct elem *ask = elem_new(a, "chain");
		elem_leaf(a, ask, "certificate", id);
		ipc_send(p->kmd, MSG_PKI_CHAIN, 0, serve_chain(p, ask, a), -1);
	}
	arena_free(a);
}

/* --- our own signature --- */

struct elem *
serve_sign(struct pkid *p, const struct elem *ask, struct arena *a)
{
	uint8_t hash[HASH_BYTES_MAX];
	uint8_t sig[SIGN_MAX];
	size_t n;
	const struct entry *entry = store_entry(&p->store, elem_value(ask, "certificate"));
	if (entry == NULL)
		return answer_new(a, "signed", "there is no such key pair");
	if (!hex_read(elem_value(ask, "hash"), hash, sizeof(hash), &n) || n < HASH_BYTES_MIN)
		return answer_new(a, "signed", "invalid hash");
	if (sign_len(entry->key) > sizeof(sig) || sign_hash(entry->key, hash, n, sig) != SIGN_OK)
		return answer_new(a, "signed", "the key pair cannot sign this");
	struct elem *e = answer_new(a, "signed", NULL);
	hex_leaf(a, e, "signature", sig, sign_len(entry->key));
	return e;
}

/* --- a peer --- */

/* What a peer has sent, read. */
struct proof {
	struct pki_cert *certs[PKI_CHAIN_MAX];
	size_t n_certs;
	unsigned id_type;
	uint8_t id[ID_BYTES_MAX];
	size_t id_len;
	uint8_t hash[HASH_BYTES_MAX];
	size_t hash_len;
	uint8_t sig[SIGN_MAX];
	size_t sig_len;
};

static bool
proof_read(struct proof *x, const struct elem *ask, struct text *why)
{
	static const struct {
		const char *name;
		unsigned type;
	} types[] = { { "ipv4", 1 }, { "fqdn", 2 }, { "user-fqdn", 3 }, { "ipv6", 5 }, { "dn", 9 },
		{ "key-id", 11 } };
	const char *type = elem_value(ask, "id-type");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (type != NULL && strcmp(type, types[i].name) == 0)
			x->id_type = types[i].type;
	if (x->id_type == 0 || !hex_read(elem_value(ask, "id"), x->id, sizeof(x->id), &x->id_len) ||
	    !hex_read(elem_value(ask, "hash"), x->hash, sizeof(x->hash), &x->hash_len) ||
	    !hex_read(elem_value(ask, "signature"), x->sig, sizeof(x->sig), &x->sig_len)) {
		text_put(why, "the question cannot be read");
		return false;
	}
	elem_each (c, ask, "certificate") {
		size_t cap = c->value != NULL ? strlen(c->value) / 2 : 0;
		uint8_t *der = malloc(cap + 1);
		size_t n;
		if (der == NULL)
			abort();
		if (x->n_certs < PKI_CHAIN_MAX && hex_read(c->value, der, cap, &n) && n > 0) {
			struct pki_cert *cert = pki_cert_read(der, n, x->n_certs == 0 ? why : NULL);
			if (cert != NULL)
				x->certs[x->n_certs++] = cert;
		}
		free(der);
		if (x->n_certs == 0 && why->len > 0)
			return false; /* of the peer's own there is no way around */
	}
	if (x->n_certs == 0)
		text_put(why, "the peer sent no certificate");
	return x->n_certs > 0;
}

static bool
proof_check(struct pkid *p, struct proof *x, const struct elem *ask, time_t now, struct arena *a,
    struct text *why)
{
	const struct pki_cert **cas;
	size_t n = anchors_list(p, ask, a, &cas);
	if (n == 0) {
		text_put(why, "no CA certificate is loaded that could be trusted");
		return false;
	}
	if (!pki_chain_check(
		(const struct pki_cert *const *)x->certs, x->n_certs, cas, n, now, NULL, why))
		return false;
	if (!pki_cert_has_identity(x->certs[0], x->id_type, x->id, x->id_len)) {
		text_put(why, "the identity of the peer is not in its certificate");
		return false;
	}
	if (sign_verify(pki_cert_key(x->certs[0]), x->hash, x->hash_len, x->sig, x->sig_len) ==
	    SIGN_OK)
		return true;
	text_put(why, "the signature is wrong");
	return false;
}

struct elem *
serve_verify(struct pkid *p, const struct elem *ask, time_t now, struct arena *a)
{
	struct proof *x = calloc(1, sizeof(*x));
	struct text why = { 0 };
	struct elem *e;
	if (x == NULL)
		abort();
	if (proof_read(x, ask, &why) && proof_check(p, x, ask, now, a, &why)) {
		struct octets subject = pki_cert_subject(x->certs[0]);
		struct text name = { 0 };
		e = answer_new(a, "verified", NULL);
		pki_name_print(subject, &name);
		elem_leaf(a, e, "subject", text_str(&name));
		text_done(&name);
	} else {
		e = answer_new(a, "verified", text_str(&why));
	}
	for (size_t i = 0; i < x->n_certs; i++)
		pki_cert_free(x->certs[i]);
	free(x);
	text_done(&why);
	return e;
}
