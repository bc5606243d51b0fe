/* SPDX-License-Identifier: BSD-2-Clause
 *
 * csum.c - sums 32-bit words into 64-bit lanes, many at a time.
 *
 * The one's complement sum does not depend on the size of the words it is taken from, as long as
 * carries are added back in the end (RFC 1071 s2): so a vector is read as 64-bit lanes, its even
 * and odd 32-bit halves are added apart, and no lane can overflow before 2^32 vectors. The same
 * loop is compiled for each width; which one runs is asked of the processor, which is a load and a
 * test. What is left over goes by words. Any thread.
 */
#include "lib/esp/csum.h"

#include <string.h>

#include "lib/esp/ip.h"

enum {
	SHORT = 64, /* octets below which the vectors are not worth their set-up */
};

static inline uint64_t
tail_add(uint64_t acc, const uint8_t *p, size_t n)
{
	while (n >= 8) {
		uint64_t v;
		memcpy(&v, p, sizeof(v));
		acc += (v & UINT32_MAX) + (v >> 32);
		p += 8;
		n -= 8;
	}
	return n > 0 ? ip_sum_add(acc, p, n) : acc;
}

static inline uint64_t
sum_words(uint64_t acc, uint8_t *to, const uint8_t *from, size_t n)
{
	if (to != NULL)
		memcpy(to, from, n);
	return tail_add(acc, from, n);
}

#if defined(__x86_64__)

/* Lanes of 64 bits; the vectors are unaligned in memory. */
#define SUM_FUNCTION(name, isa, width)                                         \
	__attribute__((target(isa))) static uint64_t name(                     \
	    uint64_t acc, uint8_t *to, const uint8_t *from, size_t n)          \
	{                                                                      \
		typedef uint64_t lanes __attribute__((vector_size(width)));    \
		lanes even = { 0 };                                            \
		lanes odd = { 0 };                                             \
		lanes even2 = { 0 };                                           \
		lanes odd2 = { 0 };                                            \
		size_t at = 0;                                                 \
		for (; n - at >= 2 * sizeof(lanes); at += 2 * sizeof(lanes)) { \
			lanes v;                                               \
			lanes v2;                                              \
			memcpy(&v, from + at, sizeof(v));                      \
			memcpy(&v2, from + at + sizeof(v), sizeof(v2));        \
			if (to != NULL) {                                      \
				memcpy(to + at, &v, sizeof(v));                \
				memcpy(to + at + sizeof(v), &v2, sizeof(v2));  \
			}                                                      \
			even += v & UINT32_MAX;                                \
			odd += v >> 32;                                        \
			even2 += v2 & UINT32_MAX;                              \
			odd2 += v2 >> 32;                                      \
		}                                                              \
		even += odd + even2 + odd2;                                    \
		for (size_t i = 0; i < sizeof(lanes) / sizeof(uint64_t); i++)  \
			acc += (even[i] & UINT32_MAX) + (even[i] >> 32);       \
		if (to != NULL)                                                \
			memcpy(to + at, from + at, n - at);                    \
		return tail_add(acc, from + at, n - at);                       \
	}

SUM_FUNCTION(sum_avx512, "avx512f", 64)
SUM_FUNCTION(sum_avx2, "avx2", 32)
SUM_FUNCTION(sum_sse2, "sse2", 16)

static const bool has_vectors = true;

static inline bool
has_avx512(void)
{
	return __builtin_cpu_supports("avx512f");
}

static inline bool
has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}

#else

static const bool has_vectors = false;

static inline bool
has_avx512(void)
{
	return false;
}

static inline bool
has_avx2(void)
{
	return false;
}

#define sum_avx512 sum_words
#define sum_avx2 sum_words
#define sum_sse2 sum_words

#endif

static inline uint64_t
sum(uint64_t acc, uint8_t *to, const uint8_t *from, size_t n)
{
	if (has_avx512())
		return sum_avx512(acc, to, from, n);
	if (has_avx2())
		return sum_avx2(acc, to, from, n);
	return has_vectors ? sum_sse2(acc, to, from, n) : sum_words(acc, to, from, n);
}

uint64_t
csum_add(uint64_t acc, const uint8_t *p, size_t n)
{
	return n < SHORT ? tail_add(acc, p, n) : sum(acc, NULL, p, n);
}

uint64_t
csum_copy(uint64_t acc, uint8_t *to, const uint8_t *from, size_t n)
{
	return n < SHORT ? sum_words(acc, to, from, n) : sum(acc, to, from, n);
}

bool
csum_can(enum csum_way way)
{
	switch (way) {
	case CSUM_AVX512:
		return has_avx512();
	case CSUM_AVX2:
		return has_avx2();
	case CSUM_SSE2:
		return has_vectors;
	default:
		return true;
	}
}

uint64_t
csum_by(enum csum_way way, uint64_t acc, uint8_t *to, const uint8_t *from, size_t n)
{
	switch (way) {
	case CSUM_AVX512:
		return sum_avx512(acc, to, from, n);
	case CSUM_AVX2:
		return sum_avx2(acc, to, from, n);
	case CSUM_SSE2:
		return sum_sse2(acc, to, from, n);
	default:
		return sum_words(acc, to, from, n);
	}
}
