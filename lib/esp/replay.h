/* SPDX-License-Identifier: BSD-2-Clause
 *
 * replay.h - which sequence numbers an inbound SA has already seen.
 *
 * Checked twice: before the crypto, to spend nothing on a replay, and again with replay_accept()
 * after the ICV was found right, because only then may the window move (RFC 4303 s3.4.3), and
 * because a burst may hold the same number twice. One thread at a time accepts, in order; no locking. Others may check
 * meanwhile: what they refuse is refused for good, because a window never moves back, and what they let pass is judged again.
 */
#ifndef REPLAY_H
#define REPLAY_H

#include <stdatomic.h>
#include <stdint.h>

#include "lib/esp/drop.h"

enum {
	REPLAY_WINDOW_MAX = 4096,
	REPLAY_WORDS_MAX = 128, /* a power of two with room for the window and one word more */
};

struct replay {
	uint32_t window;         /* sequence numbers; 0 = everything is accepted */
	_Atomic uint32_t top;    /* highest accepted */
	uint32_t mask;           /* words in use - 1 */
	_Atomic uint64_t *words; /* borrowed: replay_words() of them */
};

/* How many words a window of that size needs: a power of two. 0 for no window. */
unsigned replay_words(uint32_t window);

/* WORDS must hold replay_words(window) zeroed words and outlive R. */
void replay_init(struct replay *r, uint32_t window, _Atomic uint64_t *words);

/* Judges SEQ; changes nothing. DROP_NONE, DROP_REPLAY_OLD, DROP_REPLAY_SEEN or DROP_SEQ_ZERO. Any thread. */
static inline enum drop
replay_check(const struct replay *r, uint32_t seq)
{
	uint32_t top = atomic_load_explicit(&r->top, memory_order_relaxed);
	if (r->window == 0)
		return DROP_NONE;
	if (seq == 0)
		return DROP_SEQ_ZERO;
	if (seq > top)
		return DROP_NONE;
	if (top - seq >= r->window)
		return DROP_REPLAY_OLD;
	const _Atomic uint64_t *word = &r->words[seq / 64 & r->mask];
	if (atomic_load_explicit(word, memory_order_relaxed) >> (seq % 64) & 1)
		return DROP_REPLAY_SEEN;
	return DROP_NONE;
}

/* Empties the words that a window up to SEQ, which is beyond the top, needs anew. */
void replay_move(struct replay *r, uint32_t seq);

/* Remembers SEQ, for which the window has a place. */
static inline void
replay_mark(struct replay *r, uint32_t seq)
{
	_Atomic uint64_t *word = &r->words[seq / 64 & r->mask];
	uint64_t bits = atomic_load_explicit(word, memory_order_relaxed);
	atomic_store_explicit(word, bits | 1ULL << (seq % 64), memory_order_relaxed);
}

/* Judges SEQ again and, if it is new, remembers it and moves the window. */
static inline enum drop
replay_accept(struct replay *r, uint32_t seq)
{
	enum drop verdict = replay_check(r, seq);
	if (verdict != DROP_NONE)
		return verdict;
	if (r->window == 0) {
		atomic_store_explicit(&r->top, seq, memory_order_relaxed); /* for display only */
		return DROP_NONE;
	}
	uint32_t top = atomic_load_explicit(&r->top, memory_order_relaxed);
	if (seq > top) {
		if (seq / 64 != top / 64)
			replay_move(r, seq);
		atomic_store_explicit(&r->top, seq, memory_order_relaxed);
	}
	replay_mark(r, seq);
	return DROP_NONE;
}

/* Makes TO, which is fresh, go on where FROM is. Numbers that FROM did not remember one by one count as seen. */
void replay_inherit(struct replay *to, const struct replay *from);

#endif
