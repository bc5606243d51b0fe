/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pool.h - many small pieces of memory of one owner.
 *
 * A configuration tree has millions of pieces that come and go one by one and die together. Sizes are
 * rounded up to 16 bytes; freed pieces are wiped and used again for the same size. The caller
 * remembers the size, so a piece has no header. One thread at a time.
 */
#ifndef POOL_H
#define POOL_H

#include <stddef.h>

enum { POOL_ALIGN = 16, POOL_SMALL = 256 };

struct pool_chunk;
struct pool_big;

struct pool {
	struct pool_chunk *chunks;
	struct pool_big *bigs;                   /* pieces above POOL_SMALL */
	void *free[POOL_SMALL / POOL_ALIGN + 1]; /* by size class */
	size_t used;                             /* bytes given out now */
};

void pool_done(struct pool *p);

/* Returns SIZE zeroed bytes; aborts when out of memory. */
void *pool_alloc(struct pool *p, size_t size);

/* Takes back what pool_alloc() gave for the same SIZE. NULL is fine. */
void pool_free(struct pool *p, void *piece, size_t size);

char *pool_strdup(struct pool *p, const char *s);
void pool_strfree(struct pool *p, const char *s); /* NULL is fine */

#endif
