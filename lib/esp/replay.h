/* SPDX-License-Identifier: BSD-2-Clause
 *
 * replay.h - which sequence numbers an inbound SA has already seen.
 *
 * Checked twice: before the crypto, to spend nothing on a replay, and again with replay_accept()
 * after the ICV was found right, because only then may the window move (RFC 4303 s3.4.3), and
 * because a burst may hold the same number twice. Owned by the SA's worker; no locking.
 */
#ifndef REPLAY_H
#define REPLAY_H

#include <stdint.h>

#include "lib/esp/drop.h"

enum {
	REPLAY_WINDOW_MAX = 4096,
	REPLAY_WORDS_MAX = 128, /* a power of two with room for the window and one word more */
};

struct replay {
	uint32_t window; /* sequence numbers; 0 = everything is accepted */
	uint32_t top;    /* highest accepted */
	uint32_t mask;   /* words in use - 1 */
	uint64_t *words; /* borrowed: replay_words() of them */
};

/* How many words a window of that size needs: a power of two. 0 for no window. */
unsigned replay_words(uint32_t window);

/* WORDS must hold replay_words(window) zeroed words and outlive R. */
void replay_init(struct replay *r, uint32_t window, uint64_t *words);

/* Judges SEQ; changes nothing. DROP_NONE, DROP_REPLAY_OLD, DROP_REPLAY_SEEN or DROP_SEQ_ZERO. */
static inline enum drop
replay_check(const struct replay *r, uint32_t seq)
{
	if (r->window == 0)
		return DROP_NONE;
	if (seq == 0)
		return DROP_SEQ_ZERO;
	if (seq > r->top)
		return DROP_NONE;
	if (r->top - seq >= r->window)
		return DROP_REPLAY_OLD;
	if (r->words[seq / 64 & r->mask] >> (seq % 64) & 1)
		return DROP_REPLAY_SEEN;
	return DROP_NONE;
}

/* Empties the words that a window up to SEQ, which is beyond the top, needs anew. */
void replay_move(struct replay *r, uint32_t seq);

/* Judges SEQ again and, if it is new, remembers it and moves the window. */
static inline enum drop
replay_accept(struct replay *r, uint32_t seq)
{
	enum drop verdict = replay_check(r, seq);
	if (verdict != DROP_NONE)
		return verdict;
	if (r->window == 0) {
		r->top = seq; /* for display only */
		return DROP_NONE;
	}
	if (seq > r->top) {
		if (seq / 64 != r->top / 64)
			replay_move(r, seq);
		r->top = seq;
	}
	r->words[seq / 64 & r->mask] |= 1ULL << (seq % 64);
	return DROP_NONE;
}

/* Makes TO, which is fresh, go on where FROM is. Numbers that FROM did not remember one by one count as seen. */
void replay_inherit(struct replay *to, const struct replay *from);

#endif
