/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pkt.c - the pool of packet buffers.
 *
 * One anonymous mapping cut into buffers; the free ones form a stack, so that the buffer used last,
 * whose lines are still in the cache, is used next. Buffers are an odd number of cache lines apart:
 * the same octet of neighbouring packets must not fall into the same cache set. Worker thread only.
 */
#include "lib/esp/pkt.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
	LINE = 64,
	BUF_LEN = PKT_HEADROOM + PKT_MAX_LEN + PKT_TAILROOM,
	STRIDE = ((BUF_LEN + LINE - 1) / LINE | 1) * LINE,
};

struct pkt_pool {
	uint8_t *map;
	size_t map_len;
	struct pkt *pkts;
	struct pkt **stack; /* the free ones; the next to give is the last */
	size_t n_free;
	size_t n;
};

struct pkt_pool *
pkt_pool_new(size_t n)
{
	if (n == 0 || n > SIZE_MAX / STRIDE / 2)
		return NULL;
	struct pkt_pool *pool = calloc(1, sizeof(*pool));
	if (pool == NULL)
		return NULL;
	pool->n = n;
	pool->map_len = n * STRIDE;
	pool->pkts = calloc(n, sizeof(*pool->pkts));
	pool->stack = calloc(n, sizeof(struct pkt *));
	pool->map = mmap(NULL, pool->map_len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (pool->map == MAP_FAILED)
		pool->map = NULL;
	if (pool->map == NULL || pool->pkts == NULL || pool->stack == NULL) {
		pkt_pool_free(pool);
		return NULL;
	}
	/* a huge page would make every packet resident at once */
	(void)madvise(pool->map, pool->map_len, MADV_NOHUGEPAGE);
	for (size_t i = n; i-- > 0;) {
		pool->pkts[i].buf = pool->map + i * STRIDE;
		pool->stack[pool->n_free++] = &pool->pkts[i];
	}
	return pool;
}

void
pkt_pool_free(struct pkt_pool *pool)
{
	if (pool == NULL)
		return;
	if (pool->map != NULL)
		munmap(pool->map, pool->map_len);
	free(pool->pkts);
	free(pool->stack);
	free(pool);
}

size_t
pkt_pool_left(const struct pkt_pool *pool)
{
	return pool->n_free;
}

struct pkt *
pkt_get(struct pkt_pool *pool)
{
	if (pool->n_free == 0)
		return NULL;
	struct pkt *p = pool->stack[--pool->n_free];
	*p = (struct pkt){ .buf = p->buf, .off = PKT_HEADROOM };
	return p;
}

void
pkt_put(struct pkt_pool *pool, struct pkt *p)
{
	while (p != NULL) {
		struct pkt *next = p->next;
		assert(p >= pool->pkts && p < pool->pkts + pool->n && pool->n_free < pool->n);
		p->next = NULL;
		pool->stack[pool->n_free++] = p;
		p = next;
	}
}
