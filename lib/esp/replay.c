/* SPDX-License-Identifier: BSD-2-Clause
 *
 * replay.c - the sliding window of received sequence numbers.
 *
 * A ring of 64-bit words (RFC 6479): moving the window clears whole words instead of shifting
 * bits, at the price of one word more than the window needs. Called by in.c on the worker that
 * finishes for the SA; no locking. RFC 4303 s3.4.3.
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
replay_init(struct replay *r, uint32_t window, _Atomic uint64_t *words)
{
	unsigned n = replay_words(window);
	*r = (struct replay){ .window = window, .mask = n ? n - 1 : 0, .words = words };
}

void
replay_move(struct replay *r, uint32_t seq)
{
	uint32_t top = atomic_load_explicit(&r->top, memory_order_relaxed);
	uint32_t words = seq / 64 - top / 64;
	if (words > r->mask + 1)
		words = r->mask + 1;
	for (uint32_t i = 1; i <= words; i++)
		atomic_store_explicit(&r->words[(top / 64 + i) & r->mask], 0, memory_order_relaxed);
}

void
replay_inherit(struct replay *to, const struct replay *from)
{
	uint32_t top = atomic_load_explicit(&from->top, memory_order_relaxed);
	atomic_store_explicit(&to->top, top, memory_order_relaxed);
	for (uint32_t age = 0; age < to->window && age < top; age++) {
		uint32_t seq = top - age;
		if (age >= from->window || replay_check(from, seq) != DROP_NONE)
			replay_mark(to, seq);
	}
}
