/* SPDX-License-Identifier: BSD-2-Clause
 *
 * dn.h - X.500 distinguished names in DER, as certificates and identities of IKE have them.
 *
 * Pure; any thread. RFC 5280 s4.1.2.4, RFC 4514 (escapes of the text).
 */
#ifndef DN_H
#define DN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text;

enum { DN_DER_MAX = 4096, DN_PARTS_MAX = 64 };

/* Is DER exactly one Name, not empty, of at most DN_DER_MAX octets and DN_PARTS_MAX parts? */
bool dn_is_valid(const uint8_t *der, size_t len);

/* Adds "C=CH, O=Example, CN=gw1", in the order of the DER, control characters escaped; nothing if it is not valid. */
void dn_print(const uint8_t *der, size_t len, struct text *out);

/* Reads "CN=gw1, O=Example, C=CH" (also with semicolons or + between parts), the parts in the order of the text. Writes DER of at
 * most CAP octets and returns its length; 0 if the text is no name, or an attribute is not known. */
size_t dn_parse(const char *text, uint8_t *out, size_t cap);

/* The order of the parts is that of the DER or wholly the opposite one: texts are written from either end (RFC 4514 s2.1). */

/* Are both the same name? Letters of text compare without case, spaces as one (RFC 5280 s7.1). */
bool dn_eq(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);

enum dn_order { DN_IN_ORDER, DN_ANY_ORDER };

/* Has NAME every part of PARTS? It may have others too. */
bool dn_has(const uint8_t *name, size_t name_len, const uint8_t *parts, size_t parts_len,
    enum dn_order order);

#endif
