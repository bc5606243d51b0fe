/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bytes.h - the only way to read bytes that we did not write, and to build messages.
 *
 * struct rd: a reader that fails stays failed and becomes empty: later reads give zero and loops over
 * rd_left() end. Ask rd_ok() once before a value is used as a size, an index or a decision.
 * struct wr: a writer into a fixed or a growing buffer; past the end it stays failed and drops.
 * Numbers on the wire are big-endian unless the name says otherwise. Values, no ownership: a
 * reader borrows its bytes, a fixed writer its buffer; a growing writer owns its heap buffer (wr_free).
 */
#ifndef BYTES_H
#define BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rd {
	const uint8_t *p; /* next unread byte */
	size_t n;         /* bytes left */
	bool failed;
};

struct rd rd_init(const void *p, size_t n);
bool rd_ok(const struct rd *r);  /* no read has failed */
bool rd_end(const struct rd *r); /* no read has failed and nothing is left */
size_t rd_left(const struct rd *r);
uint8_t rd_u8(struct rd *r);
uint16_t rd_u16(struct rd *r);
uint32_t rd_u32(struct rd *r);
uint64_t rd_u64(struct rd *r);

/* Returns N bytes borrowed from the input, or NULL (and fails) if there are fewer. */
const uint8_t *rd_bytes(struct rd *r, size_t n);

/* Copies N bytes to OUT; on failure OUT is zeroed. */
void rd_copy(struct rd *r, void *out, size_t n);

/* Takes the next N bytes as a reader of their own; failed and empty if there are fewer. */
struct rd rd_sub(struct rd *r, size_t n);

struct wr {
	uint8_t *buf;
	size_t len; /* bytes written */
	size_t cap;
	bool grows; /* buf is on the heap and may move */
	bool failed;
};

struct wr wr_init(void *buf, size_t cap);
struct wr wr_grow(void);                /* starts empty; free with wr_free() */
void wr_expect(struct wr *w, size_t n); /* N more bytes or so will come: makes room once */
void wr_free(struct wr *w);             /* wipes and frees a growing writer's buffer */
bool wr_ok(const struct wr *w);
void wr_u8(struct wr *w, uint8_t v);
void wr_u16(struct wr *w, uint16_t v);
void wr_u32(struct wr *w, uint32_t v);
void wr_u64(struct wr *w, uint64_t v);
void wr_bytes(struct wr *w, const void *p, size_t n);

/* Overwrite bytes at offset AT, which have been written before (for lengths and hashes known late). */
void wr_patch_bytes(struct wr *w, size_t at, const void *p, size_t n);
void wr_patch_u32(struct wr *w, size_t at, uint32_t v);

#endif
