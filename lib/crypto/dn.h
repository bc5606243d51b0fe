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

enum { DN_DER_MAX = 4096 };

/* Is DER exactly one Name, not empty, of at most DN_DER_MAX octets? */
bool dn_is_valid(const uint8_t *der, size_t len);

/* Adds "C=CH, O=Example, CN=gw1", in the order of the DER, control characters escaped; nothing if it is not valid. */
void dn_print(const uint8_t *der, size_t len, struct text *out);

#endif
