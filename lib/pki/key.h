/* SPDX-License-Identifier: BSD-2-Clause
 *
 * key.h - key pairs: made, read, kept as PEM.
 *
 * A key pair in text or DER is the most secret thing of the gateway: who holds such a buffer wipes it. Making one takes
 * long (RSA with 4096 bits: a second or more). Any thread.
 */
#ifndef KEY_H
#define KEY_H

#include "lib/crypto/alg.h"

#include <stddef.h>
#include <stdint.h>

struct sign_key;
struct text;

/* The sizes that `request security pki generate-key-pair` offers; keys of 512 bits cannot protect anything. */
enum { PKI_KEY_BITS_DEFAULT = 2048, PKI_KEY_BITS_MIN = 1024, PKI_KEY_BITS_MAX = 4096 };

/* Makes a key pair; returns PKCS #8 in DER, to be wiped with pki_key_wipe(), or NULL if METHOD and BITS do not go together. */
uint8_t *pki_key_generate(enum auth_method method, unsigned bits, size_t *out_len);

/* Reads a private key, DER or PEM, encrypted with PASSPHRASE or not (NULL: none). Returns PKCS #8 in DER, or NULL and one
 * line added to WHY. */
uint8_t *pki_key_read(
    const uint8_t *b, size_t len, const char *passphrase, size_t *out_len, struct text *why);

/* The size of a key pair in DER; 0 if it is none. */
unsigned pki_key_bits(const uint8_t *der, size_t len);

void pki_key_wipe(uint8_t *der, size_t len); /* and frees; NULL is fine */

#endif
