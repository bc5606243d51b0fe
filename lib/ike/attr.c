/* SPDX-License-Identifier: BSD-2-Clause
 *
 * attr.c - reads and writes attributes.
 */
#include "lib/ike/attr.h"

enum { BASIC = 0x8000 };

/* The number in P, UINT32_MAX if it is greater. */
static uint32_t
number(const uint8_t *p, size_t n)
{
	uint64_t v = 0;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

bool
attr_next(struct rd *r, struct attr *out)
{
	if (!rd_ok(r) || rd_left(r) == 0)
		return false;
	uint16_t type = rd_u16(r);
	uint16_t word = rd_u16(r);
	struct attr a = { .type = type & 0x7fff, .is_basic = (type & BASIC) != 0 };
	if (a.is_basic) {
		a.is_number = true;
		a.value = word;
	} else {
		const uint8_t *p = rd_bytes(r, word);
		a.is_number = p != NULL && word >= 1 && word <= 8;
		if (a.is_number)
			a.value = number(p, word);
	}
	if (!rd_ok(r))
		return false;
	*out = a;
	return true;
}

void
attr_put(struct wr *w, uint16_t type, uint32_t value)
{
	if (value <= UINT16_MAX) {
		wr_u16(w, type | BASIC);
		wr_u16(w, (uint16_t)value);
	} else {
		wr_u16(w, type);
		wr_u16(w, 4);
		wr_u32(w, value);
	}
}
