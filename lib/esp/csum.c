/* SPDX-License-Identifier: BSD-2-Clause
 *
 * csum.c - sums 32-bit words into 64-bit lanes, many at a time.
 *
 * The one's complement sum does not depend on the size of the words it is taken from, as long as
 * carries are added back in the end (RFC 1071 s2): so a vector is read as 64-bit lanes, its even
 * and odd 32-bit halves are added apart, and no lane can overflow before 2^32 vectors. The same
 * loop is compiled for each width; where the processor multiplies octets and sums the products in one step (VNNI), that
 * halves the work; which one runs is asked of the processor, which is a load and a
 * test. What is left over goes by words. Any thread.
 */
#include "lib/esp/csum.h"

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

#define VNNI_ISA "avx512f,avx512bw,avx512vnni"

/* Adds the even octets of 64 to EVEN and the odd ones to ODD, in lanes of 32 bits. */
__attribute__((target(VNNI_ISA))) static inline void
vnni_add(__m512i v, __m512i *even, __m512i *odd)
{
	*even = _mm512_dpbusd_epi32(*even, v, _mm512_set1_epi16(0x0001));
	*odd = _mm512_dpbusd_epi32(*odd, v, _mm512_set1_epi16(0x0100));
}

/* Two multiplications with ones instead of two masks and two sums for 64 octets, and no words left over. A lane has room for
 * 2^23 steps. */
__attribute__((target(VNNI_ISA))) static uint64_t
sum_vnni(uint64_t acc, uint8_t *to, const uint8_t *from, size_t n)
{
	__m512i even = _mm512_setzero_si512();
	__m512i odd = even;
	__m512i even2 = even;
	__m512i odd2 = even;
	size_t at = 0;
	for (; n - at >= 128; at += 128) {
		__m512i v = _mm512_loadu_si512(from + at);
		__m512i v2 = _mm512_loadu_si512(from + at + 64);
		if (to != NULL) {
			_mm512_storeu_si512(to + at, v);
			_mm512_storeu_si512(to + at + 64, v2);
		}
		vnni_add(v, &even, &odd);
		vnni_add(v2, &even2, &odd2);
	}
	for (; at < n; at += 64) {
		size_t left = n - at;
		__mmask64 mask = left >= 64 ? ~0ULL : (1ULL << left) - 1;
		__m512i v = _mm512_maskz_loadu_epi8(mask, from + at);
		if (to != NULL)
			_mm512_mask_storeu_epi8(to + at, mask, v);
		vnni_add(v, &even, &odd);
	}
	even = _mm512_add_epi32(even, even2);
	odd = _mm512_add_epi32(odd, odd2);
	/* an even octet is the low one of its word in memory */
	acc += (uint64_t)(uint32_t)_mm512_reduce_add_epi32(even);
	return acc + ((uint64_t)(uint32_t)_mm512_reduce_add_epi32(odd) << 8);
}

SUM_FUNCTION(sum_avx512, "avx512f", 64)
SUM_FUNCTION(sum_avx2, "avx2", 32)
SUM_FUNCTION(sum_sse2, "sse2", 16)

static const bool has_vectors = true;

static inline bool
has_vnni(void)
{
	return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw");
}

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
has_vnni(void)
{
	return false;
}

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

#define sum_vnni sum_words
#define sum_avx512 sum_words
#define sum_avx2 sum_words
#define sum_sse2 sum_words

#endif

static inline uint64_t
sum(uint64_t acc, uint8_t *to, const uint8_t *from, size_t n)
{
	if (has_vnni())
		return sum_vnni(acc, to, from, n);
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
	case CSUM_VNNI:
		return has_vnni();
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
	case CSUM_VNNI:
		return sum_vnni(acc, to, from, n);
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
