/* SPDX-License-Identifier: BSD-2-Clause
 *
 * replay.c - the sliding window of received sequence numbers.
 *
 * A ring of 64-bit words (RFC 6479): moving the window clears whole words instead of shifting
 * bits, at the price of one word more than the window needs. Called by in.c on the worker that
 * owns the SA; no locking. RFC 4303 s3.4.3.
 */
#include "lib/esp/replay.h"

unsigned
replay_words(uint32_t window)
{
	if (window == 0)
		return 0;
	unsigned need = (window + 63) / 64 + 1;
	unsigned n = 2;
	while (n < need)
		n *= 2;
	return n;
}

void
replay_init(struct replay *r, uint32_t window, uint64_t *words)
{
	unsigned n = replay_words(window);
	*r = (struct replay){ .window = window, .mask = n ? n - 1 : 0, .words = words };
}

void
replay_move(struct replay *r, uint32_t seq)
{
	uint32_t words = seq / 64 - r->top / 64;
	if (words > r->mask + 1)
		words = r->mask + 1;
	for (uint32_t i = 1; i <= words; i++)
		r->words[(r->top / 64 + i) & r->mask] = 0;
}

void
replay_inherit(struct replay *to, const struct replay *from)
{
	to->top = from->top;
	for (uint32_t age = 0; age < to->window && age < to->top; age++) {
		uint32_t seq = to->top - age;
		if (age >= from->window || replay_check(from, seq) != DROP_NONE)
			to->words[seq / 64 & to->mask] |= 1ULL << (seq % 64);
	}
}
