/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cert.h - an X.509 certificate: read, looked at, asked who it is.
 *
 * Reading refuses what this gateway cannot use: keys that are neither RSA nor DSA or are too short, trailing octets,
 * certificates above PKI_CERT_MAX. A certificate that was read is not trusted yet: see chain.h. Constant after reading; any
 * thread. RFC 5280.
 */
#ifndef CERT_H
#define CERT_H

#include "lib/crypto/alg.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct pki_cert;
struct sign_key;
struct text;

enum { PKI_CERT_MAX = 65536, PKI_NAMES_MAX = 64 };

struct octets {
	const uint8_t *p;
	size_t n;
};

/* Reads one certificate, DER, or PEM with anything before and after it. NULL, and one line is added to WHY (may be NULL),
 * if it cannot be used. The caller owns the result. */
struct pki_cert *pki_cert_read(const uint8_t *b, size_t len, struct text *why);
void pki_cert_free(struct pki_cert *c); /* NULL is fine */

/* What follows belongs to C. */
struct octets pki_cert_der(const struct pki_cert *c);
struct octets pki_cert_subject(const struct pki_cert *c); /* DER */
struct octets pki_cert_issuer(const struct pki_cert *c);
const struct sign_key *pki_cert_key(const struct pki_cert *c);
enum auth_method pki_cert_method(const struct pki_cert *c);
unsigned pki_cert_bits(const struct pki_cert *c);
bool pki_cert_is_ca(const struct pki_cert *c); /* its basic constraints say so */
bool pki_cert_is_self_signed(const struct pki_cert *c);
time_t pki_cert_not_before(const struct pki_cert *c);
time_t pki_cert_not_after(const struct pki_cert *c);

/* Is it the certificate of this key? */
bool pki_cert_has_key(const struct pki_cert *c, const struct sign_key *key);

enum pki_name_kind { PKI_EMAIL, PKI_FQDN, PKI_IPV4, PKI_IPV6 };

struct pki_name {
	enum pki_name_kind kind;
	struct octets value; /* text without NUL; addresses: 4 or 16 octets */
};

/* The alternate names that an identity of IKE can be, in the order of the certificate. */
const struct pki_name *pki_cert_names(const struct pki_cert *c, size_t *n);

/* For display; each adds text. */
void pki_cert_print_serial(const struct pki_cert *c, struct text *out); /* "00043da0" */
void pki_cert_print_signature(const struct pki_cert *c, struct text *out);
void pki_cert_print_key_alg(const struct pki_cert *c, struct text *out); /* "rsaEncryption" */
void pki_cert_print_fingerprint(const struct pki_cert *c, bool is_md5, struct text *out);
int pki_cert_version(const struct pki_cert *c);              /* 1..3 */
struct octets pki_cert_public_key(const struct pki_cert *c); /* the bits of the SPKI */

enum pki_usage {
	PKI_USE_SIGN = 1,       /* digital signature */
	PKI_USE_COMMITMENT = 2, /* non repudiation */
	PKI_USE_ENCIPHER = 4,   /* key encipherment */
	PKI_USE_SIGN_CERT = 32, /* certificate signing */
	PKI_USE_SIGN_CRL = 64,  /* CRL signing */
};

/* The bits of key usage; 0 if it says nothing. */
unsigned pki_cert_usage(const struct pki_cert *c);

/* The places of CRLs that it names, in order: calls EACH for every URL. */
void pki_cert_each_crl(
    const struct pki_cert *c, void (*each)(void *arg, const char *url), void *arg);

#endif
