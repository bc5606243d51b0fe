/* SPDX-License-Identifier: BSD-2-Clause
 *
 * csum.h - the Internet checksum of whole payloads, as fast as the machine can read them.
 *
 * The same sums as ip_sum_add() of ip.h, which stays the one for headers and is the judge of this one
 * in the tests. Uses AVX-512 or AVX2 where the processor has them. Pure functions, any thread. RFC 1071.
 */
#ifndef CSUM_H
#define CSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One's complement sum (not folded, not inverted) of N octets added to ACC, for ip_sum_fold(). Only the last of several
 * pieces may have an odd length. */
uint64_t csum_add(uint64_t acc, const uint8_t *p, size_t n);

/* The same, and copies the octets. The two places must not overlap. */
uint64_t csum_copy(uint64_t acc, uint8_t *to, const uint8_t *from, size_t n);

/* The ways to do it, the best one last; for the test, which tries all that can run here. */
enum csum_way { CSUM_WORDS, CSUM_SSE2, CSUM_AVX2, CSUM_AVX512, CSUM_WAYS };

bool csum_can(enum csum_way way);

/* csum_copy() in that way, whatever N is; TO NULL: csum_add(). */
uint64_t csum_by(enum csum_way way, uint64_t acc, uint8_t *to, const uint8_t *from, size_t n);

#endif
