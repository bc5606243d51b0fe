/* SPDX-License-Identifier: BSD-2-Clause
 *
 * icmp.h - the ICMP errors a tunnel hop must send, built from the packet that caused them.
 *
 * Never about ICMP errors, fragments other than the first, broadcast, multicast or unspecified
 * addresses (RFC 1122 s3.2.2, RFC 1812 s4.3.2.7, RFC 4443 s2.4e). The caller limits the rate and
 * sends. Pure functions on the packets given; any thread that owns them. RFC 792, RFC 1191, RFC
 * 4443.
 */
#ifndef ICMP_H
#define ICMP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/addr.h"

struct pkt;

/* Each builds a whole IP packet from SRC (our address, of the family of CAUSE; an unspecified or
 * other family's address: nothing is built) to the source of CAUSE into OUT, a fresh packet.
 * Returns false, with OUT unchanged, where the rules above forbid one or CAUSE cannot be read.
 * CAUSE is not changed. */

/* IPv4: destination unreachable, fragmentation needed; IPv6: packet too big. MTU in octets. */
__attribute__((warn_unused_result)) bool icmp_too_big(
    const struct pkt *cause, struct addr src, uint32_t mtu, struct pkt *out);

/* Time exceeded in transit. */
__attribute__((warn_unused_result)) bool icmp_time_exceeded(
    const struct pkt *cause, struct addr src, struct pkt *out);

#endif
