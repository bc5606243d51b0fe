/* SPDX-License-Identifier: BSD-2-Clause
 *
 * token.h - a right that one worker at a time has, and that nobody waits for without bound: it can be taken away.
 *
 * A word says who has it, whether he must be waited for (he is firm: in the middle of something that nobody else may touch), and
 * how often it has changed hands, so that nobody is taken for himself later. Any thread.
 */
#ifndef TOKEN_H
#define TOKEN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	TOKEN_HOLDER = 0xff, /* index + 1; 0: nobody */
	TOKEN_FIRM = 0x100,
	TOKEN_STEP = 0x200,
};

static inline uint32_t
token_of(_Atomic uint32_t *t)
{
	return atomic_load_explicit(t, memory_order_seq_cst);
}

/* The token after WAS, with this holder. */
static inline uint32_t
token_next(uint32_t was, uint32_t holder)
{
	return (was & ~(uint32_t)(TOKEN_STEP - 1)) + TOKEN_STEP + holder;
}

/* It goes from WAS to the next with this holder; false: somebody was quicker. */
static inline bool
token_set(_Atomic uint32_t *t, uint32_t was, uint32_t holder)
{
	return atomic_compare_exchange_strong_explicit(
	    t, &was, token_next(was, holder), memory_order_seq_cst, memory_order_relaxed);
}

/* Takes it, HOLDER with or without TOKEN_FIRM, if nobody has it. */
static inline bool
token_try(_Atomic uint32_t *t, uint32_t holder)
{
	uint32_t was = token_of(t);
	return (was & TOKEN_HOLDER) == 0 && token_set(t, was, holder);
}

/* The holder, firm as he has it, gives it back. */
static inline void
token_give(_Atomic uint32_t *t)
{
	atomic_store_explicit(t, token_next(token_of(t), 0), memory_order_seq_cst);
}

#endif
