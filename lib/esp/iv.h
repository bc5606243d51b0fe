/* SPDX-License-Identifier: BSD-2-Clause
 *
 * iv.h - unpredictable IVs, cheaply.
 *
 * CBC needs IVs that nobody can foresee (RFC 3602 s3, SP 800-38A C). A worker draws them from
 * AES-256 in counter mode over its own key, a page at a time; the first 32 octets of each page
 * become the next key and are erased (so a stolen state tells nothing about the past), and fresh
 * seed from the operating system is mixed in regularly. Private to lib/esp; worker thread only.
 */
#ifndef IV_H
#define IV_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct engines;

enum {
	IV_PAGE = 4096,
	IV_KEY_LEN = 32,
	IV_RESEED_PAGES = 256,
};

struct iv_gen {
	uint8_t page[IV_PAGE];
	size_t at; /* next unused octet; used ones are zeroed */
	uint8_t key[IV_KEY_LEN];
	unsigned pages; /* since the last seed */
	void (*rand)(void *arg, void *buf, size_t n);
	void *rand_arg;
};

/* Seeds G. */
void iv_init(struct iv_gen *g, struct engines *e, void (*rand)(void *, void *, size_t), void *arg);
void iv_done(struct iv_gen *g);

/* Makes a new page. */
void iv_refill(struct iv_gen *g, struct engines *e);

/* Writes N (at most 64) fresh octets. */
static inline void
iv_take(struct iv_gen *g, struct engines *e, uint8_t *out, size_t n)
{
	if (sizeof(g->page) - g->at < n)
		iv_refill(g, e);
	memcpy(out, g->page + g->at, n);
	memset(g->page + g->at, 0, n);
	g->at += n;
}

#endif
