/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hex.c - digits that may be those of a key: no table is looked up with them.
 */
#include "lib/base/hex.h"

#include "lib/base/text.h"

#include <string.h>

static char
digit(unsigned v)
{
	/* 'a' - 10 from ten on, by the sign of 9 - v */
	return (char)('0' + v + (((9 - (int)v) >> 8) & ('a' - '0' - 10)));
}

static int
value(unsigned char c)
{
	unsigned d = c - (unsigned)'0';
	unsigned l = (c | 0x20u) - (unsigned)'a';
	return d < 10 ? (int)d : l < 6 ? (int)l + 10 : -1;
}

void
hex_put(struct text *t, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		text_putc(t, digit(p[i] >> 4));
		text_putc(t, digit(p[i] & 15));
	}
}

bool
hex_read(const char *s, uint8_t *out, size_t cap, size_t *out_len)
{
	*out_len = 0;
	size_t n = s != NULL ? strlen(s) : 1;
	if (n % 2 != 0 || n / 2 > cap)
		return false;
	for (size_t i = 0; i < n / 2; i++) {
		int hi = value((unsigned char)s[2 * i]);
		int lo = value((unsigned char)s[2 * i + 1]);
		if (hi < 0 || lo < 0) {
			explicit_bzero(out, i);
			return false;
		}
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	*out_len = n / 2;
	return true;
}
