/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pool.c - many small pieces of memory of one owner.
 *
 * Pieces are cut from chunks, large ones of whole pages, and kept in one free list per size class; larger ones stand alone in a
 * list. Everything is wiped when it is freed: trees hold secrets in a form that can be undone.
 */
#include "lib/junos/pool.h"

#include "lib/base/pages.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_MIN = 8192, CHUNK_MAX = PAGES_LARGE, PAGES_MIN = 1 << 16 }; /* with their heads */

struct pool_chunk {
	struct pool_chunk *next;
	size_t cap;
	size_t used;
	size_t pad;
	unsigned char data[];
};

struct pool_big {
	struct pool_big *prev;
	struct pool_big *next;
	size_t size;
	size_t pad;
	unsigned char data[];
};

static void
chunk_free(struct pool_chunk *c)
{
	size_t size = sizeof(*c) + c->cap;
	explicit_bzero(c->data, c->used);
	if (size >= PAGES_MIN)
		pages_put(c, size);
	else
		free(c);
}

void
pool_done(struct pool *p)
{
	while (p->chunks != NULL) {
		struct pool_chunk *c = p->chunks;
		p->chunks = c->next;
		chunk_free(c);
	}
	while (p->bigs != NULL) {
		struct pool_big *b = p->bigs;
		p->bigs = b->next;
		explicit_bzero(b->data, b->size);
		free(b);
	}
	*p = (struct pool){ 0 };
}

static void *
big_alloc(struct pool *p, size_t size)
{
	if (size > SIZE_MAX / 2)
		abort();
	struct pool_big *b = calloc(1, sizeof(*b) + size);
	if (b == NULL)
		abort();
	b->size = size;
	b->next = p->bigs;
	if (b->next != NULL)
		b->next->prev = b;
	p->bigs = b;
	return b->data;
}

static void
big_free(struct pool *p, void *piece)
{
	struct pool_big *b = (struct pool_big *)((char *)piece - offsetof(struct pool_big, data));
	if (b->prev != NULL)
		b->prev->next = b->next;
	else
		p->bigs = b->next;
	if (b->next != NULL)
		b->next->prev = b->prev;
	explicit_bzero(b->data, b->size);
	free(b);
}

/* A piece is never larger than the smallest chunk. */
static void
chunk_add(struct pool *p)
{
	size_t size = p->chunks == NULL ? CHUNK_MIN : (sizeof(*p->chunks) + p->chunks->cap) * 2;
	if (size > CHUNK_MAX)
		size = CHUNK_MAX;
	struct pool_chunk *c = size >= PAGES_MIN ? pages_get(size) : calloc(1, size);
	if (c == NULL)
		abort();
	c->cap = size - sizeof(*c);
	c->next = p->chunks;
	p->chunks = c;
}

void *
pool_alloc(struct pool *p, size_t size)
{
	if (size == 0)
		size = 1;
	if (size > POOL_SMALL) {
		p->used += size;
		return big_alloc(p, size);
	}
	size_t class = (size + POOL_ALIGN - 1) / POOL_ALIGN;
	size = class * POOL_ALIGN;
	p->used += size;
	void *piece = p->free[class];
	if (piece != NULL) {
		memcpy(&p->free[class], piece, sizeof(void *));
		memset(piece, 0, sizeof(void *)); /* the rest was wiped when it was freed */
		return piece;
	}
	if (p->chunks == NULL || p->chunks->cap - p->chunks->used < size)
		chunk_add(p);
	piece = p->chunks->data + p->chunks->used;
	p->chunks->used += size;
	return piece;
}

void
pool_free(struct pool *p, void *piece, size_t size)
{
	if (piece == NULL)
		return;
	if (size == 0)
		size = 1;
	if (size > POOL_SMALL) {
		p->used -= size;
		big_free(p, piece);
		return;
	}
	size_t class = (size + POOL_ALIGN - 1) / POOL_ALIGN;
	p->used -= class * POOL_ALIGN;
	explicit_bzero(piece, class * POOL_ALIGN);
	memcpy(piece, &p->free[class], sizeof(void *));
	p->free[class] = piece;
}

char *
pool_strdup(struct pool *p, const char *s)
{
	size_t n = strlen(s) + 1;
	char *copy = pool_alloc(p, n);
	memcpy(copy, s, n);
	return copy;
}

void
pool_strfree(struct pool *p, const char *s)
{
	if (s != NULL)
		pool_free(p, (void *)(uintptr_t)s, strlen(s) + 1);
}
