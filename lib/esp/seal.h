/* SPDX-License-Identifier: BSD-2-Clause
 *
 * seal.h - what out.c and super.c do alike to every packet.
 *
 * Private to lib/esp. RFC 4303 s2.4.
 */
#ifndef SEAL_H
#define SEAL_H

#include <stdint.h>
#include <string.h>

#include "lib/esp/sa_priv.h"

enum {
	SEAL_BEYOND = 17, /* octets behind a body that trailer_build() may write */
};

/* trailer_build() for blocks of BLOCK octets. */
static inline uint32_t
trailer_build_of(uint32_t block, uint8_t *body, uint32_t body_len, uint8_t next)
{
	static const uint8_t pad[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
	uint32_t pad_len = (0U - (body_len + 2)) & (block - 1U);
	uint8_t *end = body + body_len;
	memcpy(end, pad, sizeof(pad)); /* whole, to spare a length; there is tail room */
	end[pad_len] = (uint8_t)pad_len;
	end[pad_len + 1] = next;
	return body_len + pad_len + 2;
}

/* Puts padding 1, 2, 3 ..., its length and the next header behind the body. Returns the length of all of it. */
static inline uint32_t
trailer_build(const struct sa *sa, uint8_t *body, uint32_t body_len, uint8_t next)
{
	return trailer_build_of(sa->block_len, body, body_len, next);
}

#endif
