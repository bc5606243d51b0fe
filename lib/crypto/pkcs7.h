/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pkcs7.h - the certificates in a PKCS #7, which some peers of IKEv1 send instead of bare ones.
 *
 * Only the list of certificates is of use; whether they can be trusted is judged elsewhere. Any thread. RFC 2315 s9.1.
 */
#ifndef PKCS7_H
#define PKCS7_H

#include "lib/crypto/hash.h"

enum { PKCS7_CERTS_MAX = 8 };

struct pkcs7 {
	struct {
		uint8_t *p; /* DER, owned */
		size_t n;
	} certs[PKCS7_CERTS_MAX];
	size_t n;
};

/* Reads signed data in DER. False, and OUT is empty, if it is none, has no certificate or more than PKCS7_CERTS_MAX. */
__attribute__((warn_unused_result)) bool pkcs7_read(
    const uint8_t *der, size_t len, struct pkcs7 *out);
void pkcs7_done(struct pkcs7 *p);

#endif
