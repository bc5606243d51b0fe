/* SPDX-License-Identifier: BSD-2-Clause
 *
 * arena.h - memory that is freed all at once.
 *
 * One committed configuration, one message, one command lives in one arena. Allocation never fails:
 * a control daemon that is out of memory aborts and is restarted. An arena belongs to one thread
 * at a time.
 */
#ifndef ARENA_H
#define ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

/* Makes an empty arena. The caller owns it until arena_free(). */
struct arena *arena_new(void);

/* The same for memory that holds key material: kept out of core dumps and wiped when freed. */
struct arena *arena_new_secret(void);

/* Frees the arena and everything in it. NULL is fine. */
void arena_free(struct arena *a);

/* Takes back all that was given out, to be used for the next of many small things: the first chunk stays, wiped. */
void arena_clear(struct arena *a);

/* Returns N zeroed bytes aligned for any type; N = 0 gives a valid unique pointer. Aborts when out of memory. */
void *arena_alloc(struct arena *a, size_t n);

/* COUNT elements of SIZE bytes, zeroed; aborts if the product overflows. */
void *arena_array(struct arena *a, size_t count, size_t size);

char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
void *arena_memdup(struct arena *a, const void *p, size_t n);
__attribute__((format(printf, 2, 3))) char *arena_printf(struct arena *a, const char *fmt, ...);

/* Bytes handed out so far, for statistics and tests. */
size_t arena_used(const struct arena *a);

#endif
