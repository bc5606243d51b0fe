/* SPDX-License-Identifier: BSD-2-Clause
 *
 * arena.c - memory that is freed all at once.
 *
 * A chain of chunks, each twice as large as the one before up to 2 MiB, its head included; a large request that
 * does not fit gets a chunk of its own size. Chunks are whole pages for secret arenas (so that MADV_DONTDUMP applies to them) and where they
 * are large, and come from calloc otherwise. One thread at a time.
 */
#include "lib/base/arena.h"

#include "lib/base/pages.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	CHUNK_MIN = 4096,
	CHUNK_MAX = PAGES_LARGE,
	ALIGN = 16,
	PAGES_MIN = 1 << 16,
	OWN_MIN = 1 << 18
};

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

static bool
is_pages(int is_secret, size_t size)
{
	return is_secret || size >= PAGES_MIN;
}

/* SIZE: with the head. */
static struct chunk *
chunk_new(int is_secret, size_t size)
{
	struct chunk *c;
	if (is_pages(is_secret, size)) {
		size = (size + 4095) & ~(size_t)4095;
		c = size >= PAGES_MIN ? pages_get(size) : pages_reserve(size);
		if (is_secret)
			madvise(c, size, MADV_DONTDUMP);
	} else {
		c = calloc(1, size);
		if (c == NULL)
			abort();
	}
	c->cap = size - sizeof(struct chunk);
	return c;
}

static void
chunk_free(int is_secret, struct chunk *c)
{
	size_t size = sizeof(struct chunk) + c->cap;
	if (!is_pages(is_secret, size)) {
		free(c);
		return;
	}
	if (is_secret)
		explicit_bzero(c, sizeof(struct chunk) + c->used);
	pages_put(c, size);
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

/* A first chunk that had to be large is not kept for small things. */
void
arena_clear(struct arena *a)
{
	while (a->head != NULL &&
	       (a->head->next != NULL || a->head->cap > CHUNK_MIN - sizeof(*a->head))) {
		struct chunk *next = a->head->next;
		chunk_free(a->is_secret, a->head);
		a->head = next;
	}
	if (a->head != NULL) {
		explicit_bzero(a->head->data, a->head->used);
		a->head->used = 0;
	}
	a->used = 0;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	if (n > SIZE_MAX / 2)
		abort();
	n = n == 0 ? ALIGN : (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	struct chunk *c = a->head;
	if (n >= OWN_MIN && c != NULL && c->cap - c->used < n) {
		c = chunk_new(a->is_secret, sizeof(*c) + n);
		c->next = a->head->next; /* the chunk in use goes on being used */
		a->head->next = c;
	} else if (c == NULL || c->cap - c->used < n) {
		size_t size = c == NULL ? CHUNK_MIN : (sizeof(*c) + c->cap) * 2;
		if (size > CHUNK_MAX)
			size = CHUNK_MAX;
		if (size - sizeof(*c) < n)
			size = sizeof(*c) + n;
		struct chunk *fresh = chunk_new(a->is_secret, size);
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
