/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bytes.c - bounded reading and writing of byte strings.
 *
 * See bytes.h for the contract. Used by every parser and message builder on any thread.
 */
#include "lib/base/bytes.h"

#include <stdlib.h>
#include <string.h>

struct rd
rd_init(const void *p, size_t n)
{
	return (struct rd){ .p = p, .n = n };
}

bool
rd_ok(const struct rd *r)
{
	return !r->failed;
}

bool
rd_end(const struct rd *r)
{
	return !r->failed && r->n == 0;
}

size_t
rd_left(const struct rd *r)
{
	return r->n;
}

const uint8_t *
rd_bytes(struct rd *r, size_t n)
{
	if (r->failed || n > r->n) {
		r->failed = true;
		r->n = 0;
		return NULL;
	}
	const uint8_t *p = r->p;
	r->p += n;
	r->n -= n;
	return p;
}

uint8_t
rd_u8(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 1);
	return p ? p[0] : 0;
}

uint16_t
rd_u16(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 2);
	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

uint32_t
rd_u32(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 4);
	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

uint64_t
rd_u64(struct rd *r)
{
	uint64_t hi = rd_u32(r);
	uint64_t lo = rd_u32(r);
	return rd_ok(r) ? hi << 32 | lo : 0;
}

void
rd_copy(struct rd *r, void *out, size_t n)
{
	const uint8_t *p = rd_bytes(r, n);
	if (p != NULL && n > 0)
		memcpy(out, p, n);
	else
		memset(out, 0, n);
}

struct rd
rd_sub(struct rd *r, size_t n)
{
	const uint8_t *p = rd_bytes(r, n);
	if (p == NULL)
		return (struct rd){ .failed = true };
	return rd_init(p, n);
}

struct wr
wr_init(void *buf, size_t cap)
{
	return (struct wr){ .buf = buf, .cap = cap };
}

struct wr
wr_grow(void)
{
	return (struct wr){ .grows = true };
}

void
wr_free(struct wr *w)
{
	if (w->grows && w->buf != NULL) {
		explicit_bzero(w->buf, w->cap);
		free(w->buf);
	}
	*w = (struct wr){ .grows = w->grows };
}

bool
wr_ok(const struct wr *w)
{
	return !w->failed;
}

/* Moves to a larger buffer by hand: realloc could leave a copy of a key behind. */
static bool
wr_reserve(struct wr *w, size_t n)
{
	if (w->failed)
		return false;
	if (n <= w->cap - w->len)
		return true;
	if (!w->grows || n > SIZE_MAX / 4) {
		w->failed = true;
		return false;
	}
	size_t cap = w->cap < 256 ? 256 : w->cap;
	while (cap - w->len < n)
		cap *= 2;
	uint8_t *buf = malloc(cap);
	if (buf == NULL)
		abort();
	if (w->len > 0)
		memcpy(buf, w->buf, w->len);
	if (w->buf != NULL) {
		explicit_bzero(w->buf, w->cap);
		free(w->buf);
	}
	w->buf = buf;
	w->cap = cap;
	return true;
}

void
wr_expect(struct wr *w, size_t n)
{
	(void)wr_reserve(w, n);
}

void
wr_bytes(struct wr *w, const void *p, size_t n)
{
	if (n == 0 || !wr_reserve(w, n))
		return;
	memcpy(w->buf + w->len, p, n);
	w->len += n;
}

void
wr_u8(struct wr *w, uint8_t v)
{
	wr_bytes(w, &v, 1);
}

void
wr_u16(struct wr *w, uint16_t v)
{
	uint8_t b[2] = { (uint8_t)(v >> 8), (uint8_t)v };
	wr_bytes(w, b, sizeof(b));
}

void
wr_u32(struct wr *w, uint32_t v)
{
	uint8_t b[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };
	wr_bytes(w, b, sizeof(b));
}

void
wr_u64(struct wr *w, uint64_t v)
{
	wr_u32(w, (uint32_t)(v >> 32));
	wr_u32(w, (uint32_t)v);
}

void
wr_patch_bytes(struct wr *w, size_t at, const void *p, size_t n)
{
	if (w->failed || n == 0)
		return;
	if (at > w->len || w->len - at < n)
		abort();
	memcpy(w->buf + at, p, n);
}

void
wr_patch_u32(struct wr *w, size_t at, uint32_t v)
{
	uint8_t b[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };
	wr_patch_bytes(w, at, b, sizeof(b));
}
