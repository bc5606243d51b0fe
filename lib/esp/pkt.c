/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pkt.c - the pool of packet buffers.
 *
 * One anonymous mapping cut into buffers; the free ones form a stack, so that the buffer used last,
 * whose lines are still in the cache, is used next. Buffers are an odd number of cache lines apart:
 * the same octet of neighbouring packets must not fall into the same cache set. Views are packets
 * without a buffer, with a stack of their own, so that those with one stay few and warm.
 *
 * A pool belongs to one thread. What other threads give back they push on `returned`; its own
 * thread takes the whole list at once, so that there is no race between pushing and taking.
 */
#include "lib/esp/pkt.h"

#include <assert.h>
#include <stdatomic.h>
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
	struct pkt *pkts;   /* n with a buffer, then PKT_VIEWS without */
	struct pkt **stack; /* the free ones; the next to give is the last */
	struct pkt **views; /* likewise */
	size_t n_free;
	size_t n_views;
	size_t n;
	_Alignas(LINE) _Atomic(struct pkt *) returned; /* by other threads, chained by `next` */
};

struct pkt_pool *
pkt_pool_new(size_t n)
{
	if (n == 0 || n > SIZE_MAX / STRIDE / 2)
		return NULL;
	struct pkt_pool *pool = aligned_alloc(LINE, sizeof(*pool));
	if (pool == NULL)
		return NULL;
	*pool = (struct pkt_pool){ .n = n, .map_len = n * STRIDE };
	pool->pkts = calloc(n + PKT_VIEWS, sizeof(*pool->pkts));
	pool->stack = calloc(n, sizeof(struct pkt *));
	pool->views = calloc(PKT_VIEWS, sizeof(struct pkt *));
	pool->map = mmap(NULL, pool->map_len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (pool->map == MAP_FAILED)
		pool->map = NULL;
	if (pool->map == NULL || pool->pkts == NULL || pool->stack == NULL || pool->views == NULL) {
		pkt_pool_free(pool);
		return NULL;
	}
	/* a huge page would make every packet resident at once */
	(void)madvise(pool->map, pool->map_len, MADV_NOHUGEPAGE);
	for (size_t i = n; i-- > 0;) {
		pool->pkts[i].buf = pool->map + i * STRIDE;
		pool->stack[pool->n_free++] = &pool->pkts[i];
	}
	for (size_t i = PKT_VIEWS; i-- > 0;)
		pool->views[pool->n_views++] = &pool->pkts[n + i];
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
	free(pool->views);
	free(pool);
}

/* Drops one of the reasons for which P's buffer is in use. */
static void
buffer_unref(struct pkt_pool *pool, struct pkt *p)
{
	assert(p->refs > 0);
	if (--p->refs == 0) {
		assert(pool->n_free < pool->n);
		pool->stack[pool->n_free++] = p;
	}
}

/* Takes P, of this pool, back. */
static void
packet_put(struct pkt_pool *pool, struct pkt *p)
{
	assert(p >= pool->pkts && p < pool->pkts + pool->n + PKT_VIEWS);
	p->next = NULL;
	if (p->parent == NULL) {
		buffer_unref(pool, p);
		return;
	}
	assert(pool->n_views < PKT_VIEWS);
	struct pkt *parent = p->parent;
	p->parent = NULL;
	pool->views[pool->n_views++] = p;
	buffer_unref(pool, parent);
}

/* Takes back what other threads gave. */
static inline void
returned_take(struct pkt_pool *pool)
{
	if (atomic_load_explicit(&pool->returned, memory_order_relaxed) == NULL)
		return;
	struct pkt *p = atomic_exchange_explicit(&pool->returned, NULL, memory_order_acquire);
	while (p != NULL) {
		struct pkt *next = p->next;
		packet_put(pool, p);
		p = next;
	}
}

/* Gives the list from FIRST to LAST, all of one other pool, to that. */
static void
return_push(struct pkt *first, struct pkt *last)
{
	struct pkt_pool *home = first->home;
	struct pkt *head = atomic_load_explicit(&home->returned, memory_order_relaxed);
	do
		last->next = head;
	while (!atomic_compare_exchange_weak_explicit(
	    &home->returned, &head, first, memory_order_release, memory_order_relaxed));
}

size_t
pkt_pool_left(struct pkt_pool *pool)
{
	returned_take(pool);
	return pool->n_free;
}

struct pkt *
pkt_get(struct pkt_pool *pool)
{
	returned_take(pool);
	if (pool->n_free == 0)
		return NULL;
	struct pkt *p = pool->stack[--pool->n_free];
	*p = (struct pkt){ .buf = p->buf, .off = PKT_HEADROOM, .home = pool, .refs = 1 };
	return p;
}

struct pkt *
pkt_view(struct pkt_pool *pool, struct pkt *parent, uint32_t off, uint32_t len)
{
	assert(parent->home == pool && parent->parent == NULL && parent->refs > 0);
	assert(off <= BUF_LEN && len <= BUF_LEN - off);
	if (pool->n_views == 0)
		returned_take(pool);
	if (pool->n_views == 0)
		return NULL;
	struct pkt *p = pool->views[--pool->n_views];
	*p = (struct pkt){
		.buf = parent->buf, .off = off, .len = len, .home = pool, .parent = parent
	};
	parent->refs++;
	return p;
}

void
pkt_put(struct pkt_pool *pool, struct pkt *p)
{
	while (p != NULL) {
		struct pkt *last = p;
		struct pkt *next = p->next;
		if (p->home == pool) {
			packet_put(pool, p);
		} else {
			for (; next != NULL && next->home == p->home; next = next->next)
				last = next;
			return_push(p, last);
		}
		p = next;
	}
}

void
pkt_put_all(struct pkt_pool *pool, struct pkt **pkts, size_t n)
{
	struct pkt *strangers = NULL; /* of one other pool */
	for (size_t i = 0; i < n; i++) {
		struct pkt *p = pkts[i];
		bool is_joined = strangers != NULL && p->home == strangers->home && p->next == NULL;
		if (!is_joined) {
			pkt_put(pool, strangers);
			strangers = NULL;
		}
		if (p->home == pool || p->next != NULL) {
			pkt_put(pool, p);
			continue;
		}
		p->next = strangers;
		strangers = p;
	}
	pkt_put(pool, strangers);
}
