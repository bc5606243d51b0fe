/* SPDX-License-Identifier: BSD-2-Clause
 *
 * store.h - keys, certificates and requests, in memory and in the folder that pkid starts in.
 *
 *   ID.key   the key pair of a certificate-id (PKCS #8, DER)
 *   ID.crt   its certificate (DER)
 *   ID.p10   the request that was made for it (DER)
 *   NAME.ca  the certificate of a ca-profile (DER)
 *
 * Mode 0600, the folder 0700. A file is written whole under another name, made durable, and renamed: it is the old one or
 * the new one. What cannot be read at the start is said in the log and left alone. Names hold no '/', '%', '.' or blank, so
 * no name is a path.
 */
#ifndef STORE_H
#define STORE_H

#include "lib/pki/cert.h"

struct sign_key;
struct text;

enum { STORE_NAME_MAX = 32, STORE_MAX = 1024 };

/* One certificate-id. */
struct entry {
	char id[STORE_NAME_MAX + 1];
	uint8_t *key_der; /* owned, wiped; NULL: no key pair */
	size_t key_len;
	struct sign_key *key;
	unsigned bits;
	struct pki_cert *cert; /* NULL: none */
	uint8_t *request;      /* owned; NULL: none */
	size_t request_len;
};

struct anchor {
	char profile[STORE_NAME_MAX + 1];
	struct pki_cert *cert;
};

struct store {
	struct entry *entries; /* by name */
	size_t n_entries;
	struct anchor *anchors; /* by name */
	size_t n_anchors;
};

/* May this be the name of a certificate-id or ca-profile? */
bool store_name_is_good(const char *name);

/* Reads the working directory. */
void store_open(struct store *s);
void store_close(struct store *s); /* wipes */

struct entry *store_entry(const struct store *s, const char *id); /* NULL: none */
struct anchor *store_anchor(const struct store *s, const char *profile);

/* Keep things, on disk first. DER is copied; C is taken over. On failure nothing has changed, C is freed, and WHY says the
 * reason. A request or certificate needs an entry with a key pair. */
bool store_put_key(
    struct store *s, const char *id, const uint8_t *der, size_t len, struct text *why);
bool store_put_request(
    struct store *s, const char *id, const uint8_t *der, size_t len, struct text *why);
bool store_put_cert(struct store *s, const char *id, struct pki_cert *c, struct text *why);
bool store_put_anchor(struct store *s, const char *profile, struct pki_cert *c, struct text *why);

/* Forget things; false and WHY if a file cannot be removed. */
bool store_drop_cert(struct store *s, struct entry *e, struct text *why);
bool store_drop_request(struct store *s, struct entry *e, struct text *why);
/* The key pair and all that belongs to it; E is void afterwards. */
bool store_drop_entry(struct store *s, struct entry *e, struct text *why);
bool store_drop_anchor(struct store *s, struct anchor *a, struct text *why);

#endif
