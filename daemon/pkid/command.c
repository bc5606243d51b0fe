/* SPDX-License-Identifier: BSD-2-Clause
 *
 * command.c - `request security pki` and `clear security pki`.
 *
 * Files of the person arrive as their contents, read with the person's rights before we hear of the command. Making a key may
 * take seconds: it is done on a thread of libuv's, and the loop goes on serving kmd. Called by control.c.
 */
#include "daemon/pkid/pkid.h"
#include "lib/base/hex.h"
#include "lib/base/text.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/os/answer.h"
#include "lib/pki/chain.h"
#include "lib/pki/key.h"
#include "lib/pki/p10.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SELF_SIGNED_DAYS = 1827, MAKES_MAX = 4 };

/* A command under way; gone when it has been answered. */
struct call {
	struct pkid *p;
	uint32_t seq;
	const struct elem *rpc;
	const struct elem *files;
	struct arena *a;
	struct text why; /* not empty: it has failed */
};

/* --- answers --- */

void
rpc_row(struct pkid *p, uint32_t seq, const struct elem *row)
{
	if (p->mgd != NULL)
		ipc_send(p->mgd, MSG_ROW, seq, row, -1);
}

__attribute__((format(printf, 3, 4))) static void
say(struct pkid *p, uint32_t seq, const char *fmt, ...)
{
	struct arena *a = arena_new();
	char line[256];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	/* a leaf called output is text */
	struct elem *e = elem_leaf(a, NULL, "output", line);
	rpc_row(p, seq, e);
	arena_free(a);
}

static const char *
argument(const struct call *c, const char *name)
{
	return elem_value(c->rpc, name);
}

/* The certificate-id or ca-profile of the command; NULL and why not, if it is not a good name. */
static const char *
name_argument(struct call *c, const char *leaf)
{
	const char *name = argument(c, leaf);
	if (store_name_is_good(name))
		return name;
	text_printf(&c->why, "invalid %s", leaf);
	return NULL;
}

static bool
is_profile(struct call *c, const char *name)
{
	if (c->p->conf != NULL && conf_ca_profile(c->p->conf, name) != NULL)
		return true;
	text_printf(&c->why, "ca-profile %s is not configured", name);
	return false;
}

/* The contents of the file that argument NAME names, in the arena, which is wiped. */
static struct octets
file_of(struct call *c, const char *name)
{
	const char *hex = elem_value(c->files, name);
	size_t cap = hex != NULL ? strlen(hex) / 2 : 0;
	uint8_t *b = arena_alloc(c->a, cap + 1);
	struct octets o = { b, 0 };
	if (hex == NULL || !hex_read(hex, b, cap, &o.n)) {
		text_printf(&c->why, "%s: the file cannot be read", name);
		o.p = NULL;
	}
	return o;
}

/* --- key pairs --- */

/* A key being made; the thread sees no more than the first part. */
struct make {
	enum auth_method method;
	unsigned bits;
	uint8_t *der; /* the result */
	size_t len;
	/* the loop's */
	uv_work_t work;
	struct pkid *p; /* NULL: nobody waits */
	struct make *next;
	uint32_t seq;
	char id[STORE_NAME_MAX + 1];
};

static void
make_run(uv_work_t *w)
{
	struct make *k = w->data;
	k->der = pki_key_generate(k->method, k->bits, &k->len);
}

static void
make_done(uv_work_t *w, int status)
{
	struct make *k = w->data;
	struct text why = { 0 };
	for (struct make **at = k->p != NULL ? &k->p->makes : NULL; at != NULL && *at != NULL;
	     at = &(*at)->next)
		if (*at == k) {
			*at = k->next;
			break;
		}
	if (k->p != NULL && (status < 0 || k->der == NULL))
		text_put(&why, "the key pair could not be made");
	else if (k->p != NULL && store_entry(&k->p->store, k->id) != NULL)
		text_printf(&why, "key pair %s already exists", k->id);
	else if (k->p != NULL && store_put_key(&k->p->store, k->id, k->der, k->len, &why))
		say(k->p, k->seq, "Generated key pair %s, key size %u bits\n", k->id, k->bits);
	if (k->p != NULL)
		answer_rpc(k->p->mgd, k->seq, why.len > 0 ? text_str(&why) : NULL);
	text_done(&why);
	pki_key_wipe(k->der, k->len);
	free(k);
}

/* Returns true: the answer comes later. */
static bool
generate_key(struct call *c)
{
	const char *id = name_argument(c, "certificate-id");
	const char *size = argument(c, "size");
	const char *type = argument(c, "type");
	unsigned n = 0;
	for (const struct make *k = c->p->makes; k != NULL; k = k->next)
		n++;
	if (id == NULL)
		return false;
	if (store_entry(&c->p->store, id) != NULL) {
		text_printf(&c->why, "key pair %s already exists", id);
		return false;
	}
	if (n >= MAKES_MAX) {
		text_put(&c->why, "other key pairs are being made");
		return false;
	}
	struct make *k = calloc(1, sizeof(*k));
	if (k == NULL)
		abort();
	k->bits = size != NULL ? (unsigned)strtoul(size, NULL, 10) : PKI_KEY_BITS_DEFAULT;
	k->method = type != NULL && strcmp(type, "dsa") == 0 ? METHOD_DSA : METHOD_RSA;
	k->p = c->p;
	k->seq = c->seq;
	memcpy(k->id, id, strlen(id) + 1);
	k->work.data = k;
	if (k->bits < PKI_KEY_BITS_MIN)
		text_printf(&c->why, "a key of %u bits protects nothing: at least %d bits", k->bits,
		    PKI_KEY_BITS_MIN);
	else if (k->method == METHOD_DSA && k->bits > 3072)
		text_put(&c->why, "a DSA key has at most 3072 bits");
	if (c->why.len > 0 ||
	    uv_queue_work(&c->p->daemon.loop, &k->work, make_run, make_done) < 0) {
		free(k);
		return false;
	}
	k->next = c->p->makes;
	c->p->makes = k;
	return true;
}

void
command_stop(struct pkid *p)
{
	for (struct make *k = p->makes; k != NULL; k = k->next)
		k->p = NULL;
	p->makes = NULL;
}

static void
fingerprints_say(struct call *c, const struct pki_cert *cert)
{
	struct text t = { 0 };
	text_put(&t, "Fingerprint:\n  ");
	pki_cert_print_fingerprint(cert, false, &t);
	text_put(&t, " (sha1)\n  ");
	pki_cert_print_fingerprint(cert, true, &t);
	text_put(&t, " (md5)\n");
	say(c->p, c->seq, "%s", text_str(&t));
	text_done(&t);
}

/* --- requests and certificates --- */

static struct p10_names
names_of(const struct call *c)
{
	const char *ip = argument(c, "ip-address");
	bool is_v6 = ip != NULL && strchr(ip, ':') != NULL;
	return (struct p10_names){
		.subject = argument(c, "subject") != NULL ? argument(c, "subject") : "",
		.fqdn = argument(c, "domain-name"),
		.email = argument(c, "email"),
		.ipv4 = is_v6 ? NULL : ip,
		.ipv6 = is_v6 ? ip : NULL,
	};
}

static enum p10_digest
digest_of(const struct call *c)
{
	const char *digest = argument(c, "digest");
	return digest != NULL && strcmp(digest, "sha-1") == 0 ? P10_SHA1 : P10_SHA256;
}

/* The entry of the command, which must be there. */
static struct entry *
entry_of(struct call *c)
{
	const char *id = name_argument(c, "certificate-id");
	struct entry *e = id != NULL ? store_entry(&c->p->store, id) : NULL;
	if (id != NULL && e == NULL)
		text_printf(&c->why, "Keypair doesn't exist for certificate %s", id);
	return e;
}

static bool
generate_request(struct call *c)
{
	struct entry *e = entry_of(c);
	struct p10_names names = names_of(c);
	size_t len;
	if (e == NULL)
		return false;
	uint8_t *der = p10_make(e->key_der, e->key_len, &names, digest_of(c), &len, &c->why);
	if (der == NULL || !store_put_request(&c->p->store, e->id, der, len, &c->why)) {
		free(der);
		return false;
	}
	struct text pem = { 0 };
	p10_print(der, len, &pem);
	struct elem *row =
	    elem_leaff(c->a, NULL, "output", "Generated certificate request\n%s", text_str(&pem));
	rpc_row(c->p, c->seq, row);
	text_done(&pem);
	free(der);
	return false;
}

static bool
generate_self_signed(struct call *c)
{
	struct entry *e = entry_of(c);
	struct p10_names names = names_of(c);
	size_t len;
	if (e == NULL)
		return false;
	if (e->cert != NULL) {
		text_printf(&c->why, "certificate %s already exists", e->id);
		return false;
	}
	uint8_t *der = p10_self_signed(e->key_der, e->key_len, &names, digest_of(c), time(NULL),
	    SELF_SIGNED_DAYS, &len, &c->why);
	struct pki_cert *cert = der != NULL ? pki_cert_read(der, len, &c->why) : NULL;
	free(der);
	if (cert != NULL && store_put_cert(&c->p->store, e->id, cert, &c->why))
		say(c->p, c->seq, "Self-signed certificate generated and loaded successfully\n");
	return false;
}

static bool
load_ca(struct call *c)
{
	const char *profile = name_argument(c, "ca-profile");
	if (profile == NULL || !is_profile(c, profile))
		return false;
	struct octets file = file_of(c, "filename");
	if (file.p == NULL)
		return false;
	if (store_anchor(&c->p->store, profile) != NULL) {
		text_printf(&c->why, "CA certificate for profile %s already exists", profile);
		return false;
	}
	struct pki_cert *cert = pki_cert_read(file.p, file.n, &c->why);
	if (cert != NULL && !pki_cert_is_ca(cert)) {
		text_put(&c->why, "not the certificate of a CA");
		pki_cert_free(cert);
		return false;
	}
	if (cert == NULL)
		return false;
	/* asked first, with the fingerprints; the answer comes as the same command with `confirmed` */
	if (!elem_has(c->rpc, "confirmed")) {
		fingerprints_say(c, cert);
		pki_cert_free(cert);
		struct elem *q = elem_new(c->a, "question");
		elem_leaf(c->a, q, "text",
		    "Do you want to load the above CA certificate ? [yes,no] (no) ");
		elem_leaf(c->a, q, "default", "no");
		rpc_row(c->p, c->seq, q);
		return false;
	}
	if (store_put_anchor(&c->p->store, profile, cert, &c->why))
		say(c->p, c->seq, "\nCA certificate for profile %s loaded successfully\n", profile);
	return false;
}

/* Takes the key pair of argument `key`, if there is one, for a certificate-id that has none. */
static bool
key_load(struct call *c, const char *id)
{
	if (argument(c, "key") == NULL)
		return true;
	if (store_entry(&c->p->store, id) != NULL) {
		text_printf(&c->why, "key pair %s already exists", id);
		return false;
	}
	struct octets file = file_of(c, "key");
	size_t len;
	uint8_t *der = file.p != NULL
			   ? pki_key_read(file.p, file.n, argument(c, "passphrase"), &len, &c->why)
			   : NULL;
	bool is_good = der != NULL && store_put_key(&c->p->store, id, der, len, &c->why);
	if (der != NULL)
		pki_key_wipe(der, len);
	return is_good;
}

static bool
load_local(struct call *c)
{
	const char *id = name_argument(c, "certificate-id");
	if (id == NULL)
		return false;
	struct octets file = file_of(c, "filename");
	if (file.p == NULL)
		return false;
	const struct entry *e = store_entry(&c->p->store, id);
	if (e != NULL && e->cert != NULL) {
		text_printf(&c->why, "local certificate %s already exists", id);
		return false;
	}
	struct pki_cert *cert = pki_cert_read(file.p, file.n, &c->why);
	if (cert == NULL)
		return false;
	bool had_key = e != NULL;
	if (!key_load(c, id)) {
		pki_cert_free(cert);
		return false;
	}
	if (store_put_cert(&c->p->store, id, cert, &c->why)) {
		say(c->p, c->seq, "Local certificate %s loaded successfully\n", id);
		return false;
	}
	struct entry *made = store_entry(&c->p->store, id);
	struct text ignored = { 0 };
	if (!had_key && made != NULL)
		(void)store_drop_entry(&c->p->store, made, &ignored);
	text_done(&ignored);
	return false;
}

/* --- verify --- */

static size_t
anchors_all(const struct call *c, const struct pki_cert ***out)
{
	const struct store *s = &c->p->store;
	size_t n = 0;
	*out = arena_array(c->a, s->n_anchors + 1, sizeof(**out));
	for (size_t i = 0; i < s->n_anchors; i++)
		if (conf_ca_profile(c->p->conf, s->anchors[i].profile) != NULL)
			(*out)[n++] = s->anchors[i].cert;
	return n;
}

static bool
verify_local(struct call *c)
{
	const char *id = name_argument(c, "certificate-id");
	const struct entry *e = id != NULL ? store_entry(&c->p->store, id) : NULL;
	const struct pki_cert **cas;
	if (id == NULL)
		return false;
	if (e == NULL || e->cert == NULL) {
		text_printf(&c->why, "certificate %s not found in local database", id);
		return false;
	}
	const struct pki_cert *one = e->cert;
	size_t n = c->p->conf != NULL ? anchors_all(c, &cas) : 0;
	struct text why = { 0 };
	if (n > 0 && pki_chain_check(&one, 1, cas, n, time(NULL), NULL, &why))
		say(c->p, c->seq, "Local certificate %s verification success\n", id);
	else
		text_printf(&c->why, "Local certificate %s verification failed: %s", id,
		    n > 0 ? text_str(&why) : "no CA certificate is loaded");
	text_done(&why);
	return false;
}

static bool
verify_ca(struct call *c)
{
	const char *profile = name_argument(c, "ca-profile");
	if (profile == NULL || !is_profile(c, profile))
		return false;
	const struct anchor *a = store_anchor(&c->p->store, profile);
	time_t now = time(NULL);
	if (a == NULL)
		text_printf(
		    &c->why, "CA certificate for profile %s not found in local database", profile);
	else if (now < pki_cert_not_before(a->cert))
		text_printf(&c->why, "CA certificate %s is not valid yet", profile);
	else if (now > pki_cert_not_after(a->cert))
		text_printf(&c->why, "CA certificate %s has expired", profile);
	else
		say(c->p, c->seq, "CA certificate %s verified successfully\n", profile);
	return false;
}

/* --- clear --- */

enum what { WHAT_CERT, WHAT_REQUEST, WHAT_ENTRY };

static bool
entry_clear(struct call *c, struct entry *e, enum what what)
{
	if (what == WHAT_CERT)
		return store_drop_cert(&c->p->store, e, &c->why);
	if (what == WHAT_REQUEST)
		return store_drop_request(&c->p->store, e, &c->why);
	return store_drop_entry(&c->p->store, e, &c->why);
}

static bool
clear_entries(struct call *c, enum what what)
{
	const char *id = argument(c, "certificate-id");
	bool is_all = elem_has(c->rpc, "all") || (id != NULL && strcmp(id, "all") == 0);
	struct store *s = &c->p->store;
	struct entry *e = is_all ? NULL : store_entry(s, id);
	if (!is_all && id == NULL) {
		text_put(&c->why, "missing argument: certificate-id or all");
	} else if (!is_all && (e == NULL || (what == WHAT_CERT && e->cert == NULL) ||
				  (what == WHAT_REQUEST && e->request == NULL))) {
		text_printf(&c->why, "%s %s doesn't exist",
		    what == WHAT_CERT      ? "certificate"
		    : what == WHAT_REQUEST ? "certificate request"
					   : "key pair",
		    id);
	} else if (!is_all) {
		(void)entry_clear(c, e, what);
	} else {
		/* from the end, since an entry may go */
		for (size_t i = s->n_entries; i-- > 0 && c->why.len == 0;)
			(void)entry_clear(c, &s->entries[i], what);
	}
	return false;
}

static bool
clear_certs(struct call *c)
{
	return clear_entries(c, WHAT_CERT);
}

static bool
clear_requests(struct call *c)
{
	return clear_entries(c, WHAT_REQUEST);
}

static bool
clear_keys(struct call *c)
{
	return clear_entries(c, WHAT_ENTRY);
}

static bool
clear_cas(struct call *c)
{
	const char *profile = argument(c, "ca-profile");
	bool is_all = elem_has(c->rpc, "all") || (profile != NULL && strcmp(profile, "all") == 0);
	struct store *s = &c->p->store;
	struct anchor *a = is_all ? NULL : store_anchor(s, profile);
	if (!is_all && profile == NULL)
		text_put(&c->why, "missing argument: ca-profile or all");
	else if (!is_all && a == NULL)
		text_printf(&c->why, "CA certificate for profile %s doesn't exist", profile);
	else if (!is_all)
		(void)store_drop_anchor(s, a, &c->why);
	for (size_t i = s->n_anchors; is_all && i-- > 0 && c->why.len == 0;)
		(void)store_drop_anchor(s, &s->anchors[i], &c->why);
	return false;
}

/* --- the table --- */

static const struct {
	const char *rpc;
	bool (*run)(struct call *c); /* true: the answer comes later */
	bool only_looks;             /* it changes no certificate */
} commands[] = {
	{ "generate-pki-key-pair", generate_key },
	{ "generate-pki-certificate-request", generate_request },
	{ "generate-pki-self-signed-local-certificate", generate_self_signed },
	{ "load-pki-ca-certificate", load_ca },
	{ "load-pki-local-certificate", load_local },
	{ "verify-pki-ca-certificate", verify_ca, .only_looks = true },
	{ "verify-pki-local-certificate", verify_local, .only_looks = true },
	{ "clear-pki-local-certificate", clear_certs },
	{ "clear-pki-certificate-request", clear_requests },
	{ "clear-pki-key-pair", clear_keys },
	{ "clear-pki-ca-certificate", clear_cas },
};

/* All names of now, NULL behind the last one: a command may take them away. */
static const char **
names_keep(const struct store *s, struct arena *a)
{
	const char **names = arena_array(a, s->n_entries + 1, sizeof(*names));
	for (size_t i = 0; i < s->n_entries; i++)
		names[i] = arena_strdup(a, s->entries[i].id);
	names[s->n_entries] = NULL;
	return names;
}

/* Whatever it was, kmd hears of what there is now. */
static void
changed_tell(struct pkid *p, const struct elem *rpc, const char *const *before)
{
	const char *id = elem_value(rpc, "certificate-id");
	if (id != NULL && strcmp(id, "all") != 0) {
		serve_changed(p, id);
		return;
	}
	for (; *before != NULL; before++)
		serve_changed(p, *before);
}

void
command_run(struct pkid *p, const struct ipc_msg *m, const struct elem *files)
{
	struct call c = { .p = p, .seq = m->seq, .rpc = m->body, .files = files };
	size_t n = sizeof(commands) / sizeof(commands[0]);
	size_t i = 0;
	while (i < n && strcmp(commands[i].rpc, m->body->name) != 0)
		i++;
	if (i == n) {
		answer_rpc(p->mgd, m->seq, "unknown command");
		return;
	}
	c.a = arena_new_secret();
	const char **before = names_keep(&p->store, c.a);
	bool is_later = commands[i].run(&c);
	if (!is_later && c.why.len == 0 && !commands[i].only_looks)
		changed_tell(p, m->body, before);
	if (!is_later)
		answer_rpc(p->mgd, m->seq, c.why.len > 0 ? text_str(&c.why) : NULL);
	if (!is_later && strncmp(commands[i].rpc, "load", 4) == 0 && c.why.len > 0)
		log_line(LOG_LEVEL_NOTICE, "PKID_PV_LOAD_FAILED", "%s: %s", commands[i].rpc,
		    text_str(&c.why));
	text_done(&c.why);
	arena_free(c.a);
}
