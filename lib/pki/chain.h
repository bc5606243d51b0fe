/* SPDX-License-Identifier: BSD-2-Clause
 *
 * chain.h - may this certificate be believed, and is it that of this identity?
 *
 * A chain is good when every certificate in it is signed by the next one, all are valid now, every issuer is a CA, and it ends at
 * one of the CAs that are trusted here: a root, or any CA in between that was made an anchor of its own. Nothing is fetched.
 * Pure; any thread. RFC 5280 s6; identities: RFC 4945 s3.1.
 */
#ifndef CHAIN_H
#define CHAIN_H

#include "lib/pki/cert.h"

enum { PKI_CHAIN_MAX = 10 };

/* Judges CERTS[0], the end entity; CERTS[1..n) may help to get from it to one of the CAS, in any order. On success
 * *OUT_CA (may be NULL) is which of the CAS it ends at. On failure one line is added to WHY. */
__attribute__((warn_unused_result)) bool pki_chain_check(const struct pki_cert *const *certs,
    size_t n, const struct pki_cert *const *cas, size_t n_cas, time_t now, size_t *out_ca,
    struct text *why);

/* Finds the issuers of CERT among CAS, to send along: CERT's own issuer first, without the root. Returns how many are in
 * OUT, which borrows. */
size_t pki_chain_build(const struct pki_cert *cert, const struct pki_cert *const *cas, size_t n_cas,
    const struct pki_cert *out[PKI_CHAIN_MAX]);

/* Is this identity in the certificate? TYPE is the number that IKE has for it (RFC 2407 s4.6.2.1): an address, a domain name or a
 * mail address must be one of the alternate names, a distinguished name must be the subject; nothing else can be. */
bool pki_cert_has_identity(const struct pki_cert *c, unsigned type, const uint8_t *id, size_t len);

#endif
