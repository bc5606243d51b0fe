/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cert_priv.h - what the files of lib/pki share: the certificate as OpenSSL has it.
 */
#ifndef CERT_PRIV_H
#define CERT_PRIV_H

#include "lib/pki/cert.h"

#include <openssl/x509v3.h>

struct pki_cert {
	X509 *x;
	uint8_t *der; /* owned */
	size_t der_len;
	uint8_t *subject; /* DER, owned */
	size_t subject_len;
	uint8_t *issuer;
	size_t issuer_len;
	struct sign_key *key;
	GENERAL_NAMES *alternate; /* NULL: none */
	struct pki_name names[PKI_NAMES_MAX];
	size_t n_names;
};

/* Takes the alternate names that an identity of IKE can be; they borrow from LIST. Returns how many. */
size_t pki_names_of(const GENERAL_NAMES *list, struct pki_name out[PKI_NAMES_MAX]);

/* Reads one object in PEM called one of NAMES (NULL-terminated), or DER as it is: returns its octets, to be wiped and freed, or
 * NULL. */
uint8_t *pki_pem_or_der(const uint8_t *b, size_t len, const char *const *names, size_t *out_len);

#endif
