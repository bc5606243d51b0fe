/* SPDX-License-Identifier: BSD-2-Clause
 *
 * mutable.h - the header ahead of AH in the form that its ICV covers.
 *
 * Private to lib/esp. RFC 4302 s3.3.3.1 and appendix A.
 */
#ifndef MUTABLE_H
#define MUTABLE_H

#include <stdint.h>

#include "lib/esp/drop.h"

/* Zeroes the mutable fields of the HDR_LEN octets of headers (IP header with options, or with
 * extension headers) that stand ahead of an AH. The headers were read by ip_read() and ip6_walk().
 * Returns DROP_NONE, or DROP_OPTION for malformed options and for source routes with hops left. */
enum drop mutable_zero(uint8_t *hdr, uint32_t hdr_len, uint8_t family);

#endif
