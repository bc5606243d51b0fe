/* SPDX-License-Identifier: BSD-2-Clause
 *
 * split.h - cuts an IP packet into fragments.
 *
 * Private to lib/esp; what the caller of lib/esp may use is out_fragment(). Worker thread only.
 * RFC 791 s3.2, RFC 8200 s4.5.
 */
#ifndef SPLIT_H
#define SPLIT_H

#include <stdint.h>

#include "lib/esp/drop.h"

struct pkt;
struct pkt_pool;

/* Cuts P into a chain of packets of at most MTU octets; P becomes the first, what followed P
 * follows the last. DF is not looked at and is cleared. IPv6 fragments get the identification ID6.
 * A packet that fits is left alone. DROP_NONE, or with P unchanged: DROP_NO_BUFFER, DROP_TOO_BIG
 * (not even 8 octets of data fit), DROP_OUTER_HEADER (not an IP packet that can be fragmented). */
enum drop split(struct pkt_pool *pool, struct pkt *p, uint32_t mtu, uint32_t id6);

#endif
