/* SPDX-License-Identifier: BSD-2-Clause
 *
 * xsk.c - AF_XDP sockets: the rings, from both sides.
 *
 * Frames are numbered: the first XSK_RX_FRAMES go round through the fill ring and the receive rings, the others, each way's
 * own, through its transmit ring and the completion ring. Who takes up sockets that another process worked puts back
 * what that one had in its hands: what is in no ring. Of sent frames only the kernel knows which it still reads, so
 * if there are any none is used until all have come back.
 */
#include "lib/os/xsk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_xdp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SOL_XDP
#define SOL_XDP 283
#endif
#ifndef XDP_MAX_TX_SKB_BUDGET /* since Linux 6.17 */
#define XDP_MAX_TX_SKB_BUDGET 9
#endif

enum {
	FRAMES = XSK_RX_FRAMES + XSK_WAYS_MAX * XSK_TX_FRAMES,
	DONE_LEN = XSK_WAYS_MAX * XSK_TX_FRAMES, /* a power of two */
	KICKS_MAX = 2 + XSK_TX_FRAMES / 16, /* one may send 32, or fewer where that is set lower */
	SEND_BUFFER = 8 << 20,
};

/* --- making them --- */

static size_t
memory_len(unsigned ways)
{
	return ((size_t)XSK_RX_FRAMES + ways * XSK_TX_FRAMES) * XSK_FRAME;
}

static int
memory_make(unsigned ways)
{
	int fd = memfd_create("xsk", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)memory_len(ways)) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		int rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

static int
memory_register(int fd, int memory, size_t len)
{
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	if (at == MAP_FAILED)
		return -errno;
	struct xdp_umem_reg reg = {
		.addr = (uintptr_t)at,
		.len = len,
		.chunk_size = XSK_FRAME,
	};
	int rc = setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)) < 0 ? -errno : 0;
	munmap(at, len); /* the kernel holds the pages */
	return rc;
}

static int
ring_make(int fd, int option, uint32_t n)
{
	return setsockopt(fd, SOL_XDP, option, &n, sizeof(n)) < 0 ? -errno : 0;
}

/* What the ways share belongs to the first. */
static int
shared_make(int fd, int memory, size_t len)
{
	int rc = memory_register(fd, memory, len);
	if (rc == 0)
		rc = ring_make(fd, XDP_UMEM_FILL_RING, XSK_RX_FRAMES);
	if (rc == 0)
		rc = ring_make(fd, XDP_UMEM_COMPLETION_RING, DONE_LEN);
	return rc;
}

/* SHARED: the socket of way 0. */
static int
way_make(int fd, unsigned ifindex, unsigned queue, int shared)
{
	static const int buffer = SEND_BUFFER;
	static const uint32_t budget = XSK_TX_FRAMES;
	struct sockaddr_xdp at = {
		.sxdp_family = AF_XDP,
		.sxdp_flags = fd == shared ? XDP_COPY : XDP_SHARED_UMEM,
		.sxdp_ifindex = ifindex,
		.sxdp_queue_id = queue,
		.sxdp_shared_umem_fd = fd == shared ? 0 : (uint32_t)shared,
	};
	int rc = ring_make(fd, XDP_RX_RING, XSK_RX_FRAMES);
	if (rc == 0)
		rc = ring_make(fd, XDP_TX_RING, XSK_TX_FRAMES);
	/* a larger buffer needs a right that a container may lack; the default works */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof(buffer));
	/* more frames in one call; older kernels do not know it */
	(void)setsockopt(fd, SOL_XDP, XDP_MAX_TX_SKB_BUDGET, &budget, sizeof(budget));
	if (rc == 0 && bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		rc = -errno;
	return rc;
}

int
xsk_make(unsigned ifindex, unsigned queue, unsigned n, int *out_fds, int *out_memory)
{
	unsigned made = 0;
	int memory = memory_make(n);
	int rc = memory < 0 ? memory : 0;
	while (made < n && rc == 0) {
		int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd < 0) {
			rc = -errno;
			break;
		}
		out_fds[made++] = fd;
		if (made == 1)
			rc = shared_make(fd, memory, memory_len(n));
		if (rc == 0)
			rc = way_make(fd, ifindex, queue, out_fds[0]);
	}
	if (rc < 0) {
		while (made > 0)
			close(out_fds[--made]);
		if (memory >= 0)
			close(memory);
		return rc;
	}
	*out_memory = memory;
	return 0;
}

/* --- working them --- */

/* A ring of N entries, a power of two; one side writes `in`, the other `out`. */
struct ring {
	uint32_t *in;
	uint32_t *out;
	void *entries;
	void *map;
	size_t map_len;
	uint32_t n;
};

struct xsk_pool {
	uint8_t *memory;
	size_t memory_len;
	pthread_mutex_t lock; /* of what follows */
	struct ring fill;
	struct ring done; /* completion */
	uint32_t fill_in; /* what we have made of the shared counters */
	uint32_t done_out;
	uint32_t n_away; /* sent by an earlier owner: all must be back before any is used */
	unsigned n_ways;
	struct xsk *ways[XSK_WAYS_MAX];
};

struct xsk {
	struct xsk_pool *pool;
	int fd;
	unsigned way;
	struct ring rx;
	struct ring tx;
	uint32_t rx_out;
	uint32_t tx_in;
	/* under the pool's lock: numbers of frames that have come back */
	uint32_t n_back;
	uint32_t back[XSK_TX_FRAMES];
	/* the thread's own */
	uint32_t n_free;
	uint32_t free[XSK_TX_FRAMES];
};

static bool
ring_map(struct ring *r, int fd, const struct xdp_ring_offset *o, uint32_t n, size_t size, off_t at)
{
	size_t len = o->desc + n * size;
	uint8_t *map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, at);
	if (map == MAP_FAILED)
		return false;
	*r = (struct ring){
		.in = (uint32_t *)(void *)(map + o->producer),
		.out = (uint32_t *)(void *)(map + o->consumer),
		.entries = map + o->desc,
		.map = map,
		.map_len = len,
		.n = n,
	};
	return true;
}

static void
ring_unmap(struct ring *r)
{
	if (r->map != NULL)
		munmap(r->map, r->map_len);
}

static bool
offsets_ask(int fd, struct xdp_mmap_offsets *out)
{
	socklen_t len = sizeof(*out);
	return getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, out, &len) == 0 && len == sizeof(*out);
}

static uint32_t
peer_reads(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void
peer_sees(uint32_t *p, uint32_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
}

static struct xdp_desc *
desc(const struct ring *r, uint32_t i)
{
	return (struct xdp_desc *)r->entries + (i & (r->n - 1));
}

static uint64_t *
place(const struct ring *r, uint32_t i)
{
	return (uint64_t *)r->entries + (i & (r->n - 1));
}

struct xsk_pool *
xsk_pool_map(int fd, int memory)
{
	struct xdp_mmap_offsets o = { 0 };
	off_t len = lseek(memory, 0, SEEK_END);
	if (len < (off_t)memory_len(1) || len > (off_t)memory_len(XSK_WAYS_MAX) ||
	    !offsets_ask(fd, &o))
		return NULL;
	struct xsk_pool *pool = calloc(1, sizeof(*pool));
	if (pool == NULL)
		return NULL;
	pthread_mutex_init(&pool->lock, NULL);
	pool->memory_len = (size_t)len;
	pool->memory = mmap(NULL, pool->memory_len, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	if (pool->memory == MAP_FAILED ||
	    !ring_map(&pool->fill, fd, &o.fr, XSK_RX_FRAMES, sizeof(uint64_t),
		(off_t)XDP_UMEM_PGOFF_FILL_RING) ||
	    !ring_map(&pool->done, fd, &o.cr, DONE_LEN, sizeof(uint64_t),
		(off_t)XDP_UMEM_PGOFF_COMPLETION_RING)) {
		xsk_pool_unmap(pool);
		return NULL;
	}
	pool->fill_in = peer_reads(pool->fill.in);
	pool->done_out = peer_reads(pool->done.out);
	return pool;
}

void
xsk_pool_unmap(struct xsk_pool *pool)
{
	if (pool == NULL)
		return;
	ring_unmap(&pool->fill);
	ring_unmap(&pool->done);
	if (pool->memory != MAP_FAILED)
		munmap(pool->memory, pool->memory_len);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

struct xsk *
xsk_map(struct xsk_pool *pool, unsigned way, int fd)
{
	struct xdp_mmap_offsets o = { 0 };
	if (memory_len(way + 1) > pool->memory_len || pool->ways[way] != NULL ||
	    !offsets_ask(fd, &o))
		return NULL;
	struct xsk *x = calloc(1, sizeof(*x));
	if (x == NULL)
		return NULL;
	*x = (struct xsk){ .pool = pool, .fd = fd, .way = way };
	if (!ring_map(
		&x->rx, fd, &o.rx, XSK_RX_FRAMES, sizeof(struct xdp_desc), XDP_PGOFF_RX_RING) ||
	    !ring_map(
		&x->tx, fd, &o.tx, XSK_TX_FRAMES, sizeof(struct xdp_desc), XDP_PGOFF_TX_RING)) {
		ring_unmap(&x->rx);
		free(x);
		return NULL;
	}
	x->rx_out = peer_reads(x->rx.out);
	x->tx_in = peer_reads(x->tx.in);
	pool->ways[way] = x;
	pool->n_ways++;
	return x;
}

void
xsk_unmap(struct xsk *x)
{
	if (x == NULL)
		return;
	struct xsk_pool *pool = x->pool;
	pthread_mutex_lock(&pool->lock); /* those of other ways may be at work */
	pool->ways[x->way] = NULL;
	bool is_last = --pool->n_ways == 0;
	pthread_mutex_unlock(&pool->lock);
	ring_unmap(&x->rx);
	ring_unmap(&x->tx);
	free(x);
	if (is_last)
		xsk_pool_unmap(pool);
}

/* Every frame for receiving that is neither in the kernel's hands nor waiting to be read goes to the kernel. */
static void
fill_up(struct xsk_pool *pool)
{
	bool is_taken[XSK_RX_FRAMES] = { false };
	for (uint32_t i = peer_reads(pool->fill.out); i != pool->fill_in; i++)
		is_taken[*place(&pool->fill, i) / XSK_FRAME % XSK_RX_FRAMES] = true;
	for (unsigned w = 0; w < XSK_WAYS_MAX; w++) {
		const struct xsk *x = pool->ways[w];
		for (uint32_t i = x != NULL ? x->rx_out : 0; x != NULL && i != peer_reads(x->rx.in);
		     i++)
			is_taken[desc(&x->rx, i)->addr / XSK_FRAME % XSK_RX_FRAMES] = true;
	}
	for (uint32_t i = 0; i < XSK_RX_FRAMES; i++)
		if (!is_taken[i])
			*place(&pool->fill, pool->fill_in++) = (uint64_t)i * XSK_FRAME;
	peer_sees(pool->fill.in, pool->fill_in);
}

static void
all_back(struct xsk_pool *pool)
{
	for (unsigned w = 0; w < XSK_WAYS_MAX; w++) {
		struct xsk *x = pool->ways[w];
		for (uint32_t i = 0; x != NULL && i < XSK_TX_FRAMES; i++)
			x->back[x->n_back++] = XSK_RX_FRAMES + w * XSK_TX_FRAMES + i;
	}
}

void
xsk_pool_start(struct xsk_pool *pool)
{
	uint32_t sent = 0;
	fill_up(pool);
	for (unsigned w = 0; w < XSK_WAYS_MAX; w++)
		sent += pool->ways[w] != NULL ? pool->ways[w]->tx_in : 0;
	/* each that was queued comes back once */
	pool->n_away = sent - pool->done_out;
	if (pool->n_away == 0)
		all_back(pool);
}

/* --- receiving --- */

unsigned
xsk_rx_ready(struct xsk *x, unsigned max)
{
	uint32_t n = peer_reads(x->rx.in) - x->rx_out;
	return n < max ? n : max;
}

const uint8_t *
xsk_rx_frame(const struct xsk *x, unsigned i, uint32_t *out_len)
{
	const struct xdp_desc *d = desc(&x->rx, x->rx_out + i);
	*out_len = d->len;
	return x->pool->memory + d->addr;
}

void
xsk_rx_done(struct xsk *x, unsigned n)
{
	struct xsk_pool *pool = x->pool;
	pthread_mutex_lock(&pool->lock);
	for (unsigned i = 0; i < n; i++)
		*place(&pool->fill, pool->fill_in++) =
		    desc(&x->rx, x->rx_out + i)->addr & ~(uint64_t)(XSK_FRAME - 1);
	x->rx_out += n;
	peer_sees(x->rx.out, x->rx_out);
	peer_sees(pool->fill.in, pool->fill_in);
	pthread_mutex_unlock(&pool->lock);
}

/* --- sending --- */

uint8_t *
xsk_tx_frame(struct xsk *x)
{
	return x->n_free > 0 ? x->pool->memory + (size_t)x->free[x->n_free - 1] * XSK_FRAME : NULL;
}

void
xsk_tx_put(struct xsk *x, uint32_t len)
{
	*desc(&x->tx, x->tx_in++) = (struct xdp_desc){
		.addr = (uint64_t)x->free[--x->n_free] * XSK_FRAME,
		.len = len,
	};
}

bool
xsk_tx_take(struct xsk *x, unsigned n, uint8_t **out_frames)
{
	if (x->n_free < n)
		return false;
	for (unsigned i = 0; i < n; i++)
		out_frames[i] = x->pool->memory + (size_t)x->free[--x->n_free] * XSK_FRAME;
	return true;
}

void
xsk_tx_put_at(struct xsk *x, const uint8_t *frame, uint32_t len)
{
	*desc(&x->tx, x->tx_in++) = (struct xdp_desc){
		.addr = (uint64_t)(frame - x->pool->memory),
		.len = len,
	};
}

void
xsk_tx_untake(struct xsk *x, unsigned n, uint8_t *const *frames)
{
	while (n-- > 0)
		x->free[x->n_free++] = (uint32_t)((frames[n] - x->pool->memory) / XSK_FRAME);
}

/* Takes back what the kernel has not taken: it looks at the ring during a kick only. */
static unsigned
give_up(struct xsk *x)
{
	uint32_t taken = peer_reads(x->tx.out);
	unsigned n = x->tx_in - taken;
	while (x->tx_in != taken)
		x->free[x->n_free++] = (uint32_t)(desc(&x->tx, --x->tx_in)->addr / XSK_FRAME);
	peer_sees(x->tx.in, x->tx_in);
	return n;
}

int
xsk_tx_kick(struct xsk *x, unsigned *out_lost)
{
	int e = 0;
	peer_sees(x->tx.in, x->tx_in);
	for (unsigned i = 0; i < KICKS_MAX && peer_reads(x->tx.out) != x->tx_in; i++) {
		e = sendto(x->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 ? errno : 0;
		/* EAGAIN is also said after the number that one call sends */
		if (e != 0 && e != EAGAIN && e != EINTR)
			break;
		if (peer_reads(x->tx.out) != x->tx_in)
			xsk_tx_reclaim(x);
	}
	if (peer_reads(x->tx.out) == x->tx_in)
		return 0;
	*out_lost = give_up(x);
	return e == 0 || e == EINTR || e == EBUSY || e == ENOBUFS ? -EAGAIN : -e;
}

/* Gives what has been sent to the ways that it belongs to. */
static void
done_take(struct xsk_pool *pool)
{
	uint32_t in = peer_reads(pool->done.in);
	if (pool->n_away > 0) {
		pool->n_away -= in - pool->done_out;
		pool->done_out = in;
		if (pool->n_away == 0)
			all_back(pool);
	}
	for (; pool->done_out != in; pool->done_out++) {
		uint64_t number = *place(&pool->done, pool->done_out) / XSK_FRAME;
		uint64_t way = (number - XSK_RX_FRAMES) / XSK_TX_FRAMES;
		struct xsk *x = way < XSK_WAYS_MAX ? pool->ways[way] : NULL;
		if (x != NULL && x->n_back < XSK_TX_FRAMES)
			x->back[x->n_back++] = (uint32_t)number;
	}
	peer_sees(pool->done.out, pool->done_out);
}

void
xsk_tx_reclaim(struct xsk *x)
{
	pthread_mutex_lock(&x->pool->lock);
	done_take(x->pool);
	while (x->n_back > 0 && x->n_free < XSK_TX_FRAMES)
		x->free[x->n_free++] = x->back[--x->n_back];
	pthread_mutex_unlock(&x->pool->lock);
}
