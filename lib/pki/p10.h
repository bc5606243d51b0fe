/* SPDX-License-Identifier: BSD-2-Clause
 *
 * p10.h - certificate requests (PKCS #10, RFC 2986) and self-signed certificates.
 *
 * Subjects are written as JUNOS has them: DC=...,CN=...,OU=...,O=...,SN=...,L=...,ST=...,C=..., a comma in a value behind a
 * backslash. Any thread.
 */
#ifndef P10_H
#define P10_H

#include "lib/pki/cert.h"

struct p10_names {
	const char *subject; /* at least one part */
	const char *fqdn;    /* the alternate names: NULL where there is none */
	const char *email;
	const char *ipv4; /* "192.0.2.1" */
	const char *ipv6;
};

enum p10_digest { P10_SHA1, P10_SHA256 };

/* Makes a request, signed with the key pair KEY (PKCS #8 in DER). Returns DER to be freed, or NULL and one line added to WHY. */
uint8_t *p10_make(const uint8_t *key, size_t key_len, const struct p10_names *names,
    enum p10_digest digest, size_t *out_len, struct text *why);

/* Makes a certificate for itself, valid from NOW on for DAYS. The same otherwise. */
uint8_t *p10_self_signed(const uint8_t *key, size_t key_len, const struct p10_names *names,
    enum p10_digest digest, time_t now, unsigned days, size_t *out_len, struct text *why);

/* What a request says. */
struct p10_view {
	struct octets subject; /* DER */
	struct octets public_key;
	enum auth_method method;
	unsigned bits;
	bool is_good;                         /* its signature is that of its key */
	struct pki_name names[PKI_NAMES_MAX]; /* the alternate names that it asks for */
	size_t n_names;
	unsigned usage; /* PKI_USE_*; 0 if it says nothing */
	void *priv;
};

/* Reads a request; the octets are valid until p10_done(). False, and nothing to be done, if it is none. */
__attribute__((warn_unused_result)) bool p10_read(
    const uint8_t *der, size_t len, struct p10_view *out);
void p10_done(struct p10_view *v);

/* Adds the digest of a request, as pki_cert_print_fingerprint(). */
void p10_print_fingerprint(const struct p10_view *v, bool is_md5, struct text *out);

/* Adds a request in PEM. */
void p10_print(const uint8_t *der, size_t len, struct text *out);

#endif
