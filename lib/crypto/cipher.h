/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cipher.h - CBC encryption of one message in place, for IKE (packets have lib/esp).
 *
 * Any thread. Weak keys are not judged here: written ones are by enc_key_check(), and a derived key is
 * weak once in 2^52 times. RFC 2405, 2451, 3602.
 */
#ifndef CIPHER_H
#define CIPHER_H

#include "lib/crypto/alg.h"

enum { CIPHER_KEY_MAX = 32, CIPHER_IV_MAX = 16 };

enum cipher_dir { CIPHER_DECRYPT, CIPHER_ENCRYPT };

/* Works on LEN octets in place, a multiple of the block; anything else, ENC_NULL, or a failing library aborts: lengths are
 * checked where messages are parsed. KEY has enc_info(alg)->key_len octets. IV has iv_len octets and is
 * replaced by the last block of ciphertext, from which a chain goes on. */
void cipher_cbc(enum enc_alg alg, enum cipher_dir dir, const uint8_t *key, uint8_t *iv,
    uint8_t *buf, size_t len);

#endif
