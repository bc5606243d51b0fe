/* SPDX-License-Identifier: BSD-2-Clause
 *
 * attr.h - attributes of IKEv1: a type and a value, two octets in place ("basic") or of any length.
 *
 * Pure; any thread. RFC 2408 s3.3, RFC 2407 s4.5, RFC 2409 appendix A.
 */
#ifndef ATTR_H
#define ATTR_H

#include "lib/base/bytes.h"

struct attr {
	uint16_t type; /* without the format bit */
	bool is_basic; /* else it was written with a length of its own */
	bool
	    is_number; /* basic, or a number of 1 to 8 octets that fits into 32 bits or is over (then saturated) */
	uint32_t value;
};

/* Reads the next attribute of R; false at the end, or when R has failed, which the caller asks afterwards. */
bool attr_next(struct rd *r, struct attr *out);

/* Writes a number: basic if it fits two octets, else four octets with a length. */
void attr_put(struct wr *w, uint16_t type, uint32_t value);

#endif
