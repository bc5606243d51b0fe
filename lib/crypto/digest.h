/* SPDX-License-Identifier: BSD-2-Clause
 *
 * digest.h - the checksum of a stream of bytes. For files that a user wants to compare, not for packets.
 */
#ifndef DIGEST_H
#define DIGEST_H

#include <stddef.h>

struct digest;

enum { DIGEST_HEX_MAX = 65 };

/* NAME: "MD5", "SHA1" or "SHA256". Returns NULL if the library does not offer it. */
struct digest *digest_new(const char *name);
void digest_put(struct digest *d, const void *p, size_t n);
/* Writes the sum in hexadecimal and frees D. */
void digest_end(struct digest *d, char out[DIGEST_HEX_MAX]);

#endif
