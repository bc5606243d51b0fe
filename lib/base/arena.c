/* SPDX-License-Identifier: BSD-2-Clause
 *
 * arena.c - memory that is freed all at once.
 *
 * A chain of chunks, each twice as large as the one before up to 1 MiB; a request larger than that
 * gets a chunk of its own. Chunks come from mmap for secret arenas (so that MADV_DONTDUMP applies
 * to whole pages) and from calloc otherwise. One thread at a time.
 */
#include "lib/base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { CHUNK_MIN = 4096, CHUNK_MAX = 1 << 20, ALIGN = 16, POPULATE_MIN = 1 << 16 };

struct chunk {
	struct chunk *next;
	size_t cap;  /* bytes in data */
	size_t used; /* bytes given out, a multiple of ALIGN */
	size_t pad;
	unsigned char data[];
};

struct arena {
	struct chunk *head; /* the chunk in use */
	size_t used;
	int is_secret;
};

static struct chunk *
chunk_new(int is_secret, size_t cap)
{
	size_t size = sizeof(struct chunk) + cap;
	struct chunk *c;
	if (is_secret) {
		size = (size + 4095) & ~(size_t)4095;
		/* a large chunk will be filled: all its pages at once cost a fraction of a fault each */
		int flags = MAP_PRIVATE | MAP_ANONYMOUS | (size >= POPULATE_MIN ? MAP_POPULATE : 0);
		c = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
		if (c == MAP_FAILED)
			abort();
		madvise(c, size, MADV_DONTDUMP);
		cap = size - sizeof(struct chunk);
	} else {
		c = calloc(1, size);
		if (c == NULL)
			abort();
	}
	c->cap = cap;
	return c;
}

static void
chunk_free(int is_secret, struct chunk *c)
{
	if (!is_secret) {
		free(c);
		return;
	}
	size_t size = sizeof(struct chunk) + c->cap;
	explicit_bzero(c, size);
	munmap(c, size);
}

static struct arena *
arena_make(int is_secret)
{
	struct arena *a = calloc(1, sizeof(*a));
	if (a == NULL)
		abort();
	a->is_secret = is_secret;
	return a;
}

struct arena *
arena_new(void)
{
	return arena_make(0);
}

struct arena *
arena_new_secret(void)
{
	return arena_make(1);
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	for (struct chunk *c = a->head; c != NULL;) {
		struct chunk *next = c->next;
		chunk_free(a->is_secret, c);
		c = next;
	}
	free(a);
}

void *
arena_alloc(struct arena *a, size_t n)
{
	if (n > SIZE_MAX / 2)
		abort();
	n = n == 0 ? ALIGN : (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	struct chunk *c = a->head;
	if (c == NULL || c->cap - c->used < n) {
		size_t cap = c == NULL ? CHUNK_MIN : c->cap * 2;
		if (cap > CHUNK_MAX)
			cap = CHUNK_MAX;
		if (cap < n)
			cap = n;
		struct chunk *fresh = chunk_new(a->is_secret, cap);
		fresh->next = c;
		a->head = fresh;
		c = fresh;
	}
	void *p = c->data + c->used;
	c->used += n;
	a->used += n;
	return p;
}

void *
arena_array(struct arena *a, size_t count, size_t size)
{
	size_t total;
	if (__builtin_mul_overflow(count, size, &total))
		abort();
	return arena_alloc(a, total);
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1);
	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

void *
arena_memdup(struct arena *a, const void *src, size_t n)
{
	void *p = arena_alloc(a, n);
	if (n > 0)
		memcpy(p, src, n);
	return p;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	va_list copy;
	va_start(ap, fmt);
	va_copy(copy, ap);
	int n = vsnprintf(NULL, 0, fmt, copy);
	va_end(copy);
	if (n < 0)
		abort();
	char *p = arena_alloc(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

size_t
arena_used(const struct arena *a)
{
	return a->used;
}
