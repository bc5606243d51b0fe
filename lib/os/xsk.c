/* SPDX-License-Identifier: BSD-2-Clause
 *
 * xsk.c - AF_XDP sockets: the rings, from both sides.
 *
 * Frames are numbered: the first XSK_RX_FRAMES go round through the fill ring and the receive ring, the others through the
 * transmit ring and the completion ring. Who takes up a socket that another process worked puts back what that one had
 * in its hands: what is in no ring. Of sent frames only the kernel knows which it still reads, so if there are any none is
 * used until all have come back.
 */
#include "lib/os/xsk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_xdp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SOL_XDP
#define SOL_XDP 283
#endif

enum {
	FRAMES = XSK_RX_FRAMES + XSK_TX_FRAMES,
	KICKS_MAX = 2 + XSK_TX_FRAMES / 16, /* one sends 32, or fewer where that is set lower */
	SEND_BUFFER = 8 << 20,
};

static const size_t memory_len = (size_t)FRAMES * XSK_FRAME;

/* --- making one --- */

static int
memory_make(void)
{
	int fd = memfd_create("xsk", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)memory_len) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		int rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

static int
memory_register(int fd, int memory)
{
	void *at = mmap(NULL, memory_len, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	if (at == MAP_FAILED)
		return -errno;
	struct xdp_umem_reg reg = {
		.addr = (uintptr_t)at,
		.len = memory_len,
		.chunk_size = XSK_FRAME,
	};
	int rc = setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)) < 0 ? -errno : 0;
	munmap(at, memory_len); /* the kernel holds the pages */
	return rc;
}

static int
rings_make(int fd)
{
	static const struct {
		int option;
		uint32_t n;
	} rings[] = {
		{ XDP_UMEM_FILL_RING, XSK_RX_FRAMES },
		{ XDP_UMEM_COMPLETION_RING, XSK_TX_FRAMES },
		{ XDP_RX_RING, XSK_RX_FRAMES },
		{ XDP_TX_RING, XSK_TX_FRAMES },
	};
	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++)
		if (setsockopt(fd, SOL_XDP, rings[i].option, &rings[i].n, sizeof(rings[i].n)) < 0)
			return -errno;
	return 0;
}

static int
socket_prepare(int fd, int memory, unsigned ifindex, unsigned queue)
{
	static const int buffer = SEND_BUFFER;
	struct sockaddr_xdp at = {
		.sxdp_family = AF_XDP,
		.sxdp_flags = XDP_COPY,
		.sxdp_ifindex = ifindex,
		.sxdp_queue_id = queue,
	};
	int rc = memory_register(fd, memory);
	if (rc == 0)
		rc = rings_make(fd);
	/* a larger buffer needs a right that a container may lack; the default works */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof(buffer));
	if (rc == 0 && bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		rc = -errno;
	return rc;
}

int
xsk_make(unsigned ifindex, unsigned queue, int *out_fd, int *out_memory)
{
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	int memory = memory_make();
	int rc = memory < 0 ? memory : socket_prepare(fd, memory, ifindex, queue);
	if (rc < 0) {
		if (memory >= 0)
			close(memory);
		close(fd);
		return rc;
	}
	*out_fd = fd;
	*out_memory = memory;
	return 0;
}

/* --- working one --- */

/* A ring of N entries, a power of two; one side writes `in`, the other `out`. */
struct ring {
	uint32_t *in;
	uint32_t *out;
	void *entries;
	void *map;
	size_t map_len;
	uint32_t n;
};

struct xsk {
	int fd;
	uint8_t *memory;
	struct ring fill;
	struct ring done; /* completion */
	struct ring rx;
	struct ring tx;
	uint32_t rx_out; /* what we have made of the shared counters */
	uint32_t fill_in;
	uint32_t tx_in;
	uint32_t done_out;
	uint32_t n_away; /* sent by an earlier owner: all must be back before any is used */
	uint32_t n_free;
	uint32_t free[XSK_TX_FRAMES]; /* numbers of frames */
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

static bool
rings_map(struct xsk *x)
{
	struct xdp_mmap_offsets o = { 0 };
	socklen_t len = sizeof(o);
	if (getsockopt(x->fd, SOL_XDP, XDP_MMAP_OFFSETS, &o, &len) < 0 || len != sizeof(o))
		return false;
	return ring_map(&x->fill, x->fd, &o.fr, XSK_RX_FRAMES, sizeof(uint64_t),
		   (off_t)XDP_UMEM_PGOFF_FILL_RING) &&
	       ring_map(&x->done, x->fd, &o.cr, XSK_TX_FRAMES, sizeof(uint64_t),
		   (off_t)XDP_UMEM_PGOFF_COMPLETION_RING) &&
	       ring_map(&x->rx, x->fd, &o.rx, XSK_RX_FRAMES, sizeof(struct xdp_desc),
		   XDP_PGOFF_RX_RING) &&
	       ring_map(
		   &x->tx, x->fd, &o.tx, XSK_TX_FRAMES, sizeof(struct xdp_desc), XDP_PGOFF_TX_RING);
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

/* Every frame for receiving that is neither in the kernel's hands nor waiting to be read goes to the kernel. */
static void
fill_up(struct xsk *x)
{
	bool is_taken[XSK_RX_FRAMES] = { false };
	x->rx_out = peer_reads(x->rx.out);
	x->fill_in = peer_reads(x->fill.in);
	for (uint32_t i = peer_reads(x->fill.out); i != x->fill_in; i++)
		is_taken[*place(&x->fill, i) / XSK_FRAME % XSK_RX_FRAMES] = true;
	for (uint32_t i = x->rx_out; i != peer_reads(x->rx.in); i++)
		is_taken[desc(&x->rx, i)->addr / XSK_FRAME % XSK_RX_FRAMES] = true;
	for (uint32_t i = 0; i < XSK_RX_FRAMES; i++)
		if (!is_taken[i])
			*place(&x->fill, x->fill_in++) = (uint64_t)i * XSK_FRAME;
	peer_sees(x->fill.in, x->fill_in);
}

static void
free_all(struct xsk *x)
{
	for (x->n_free = 0; x->n_free < XSK_TX_FRAMES; x->n_free++)
		x->free[x->n_free] = XSK_RX_FRAMES + x->n_free;
}

static void
sending_start(struct xsk *x)
{
	x->tx_in = peer_reads(x->tx.in);
	x->done_out = peer_reads(x->done.out);
	/* each that was queued comes back once */
	x->n_away = x->tx_in - x->done_out;
	if (x->n_away == 0)
		free_all(x);
}

struct xsk *
xsk_map(int fd, int memory)
{
	struct xsk *x = calloc(1, sizeof(*x));
	if (x == NULL)
		return NULL;
	x->fd = fd;
	x->memory = mmap(NULL, memory_len, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	if (lseek(memory, 0, SEEK_END) != (off_t)memory_len || x->memory == MAP_FAILED ||
	    !rings_map(x)) {
		xsk_unmap(x);
		return NULL;
	}
	fill_up(x);
	sending_start(x);
	return x;
}

void
xsk_unmap(struct xsk *x)
{
	if (x == NULL)
		return;
	struct ring *rings[] = { &x->fill, &x->done, &x->rx, &x->tx };
	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++)
		if (rings[i]->map != NULL)
			munmap(rings[i]->map, rings[i]->map_len);
	if (x->memory != MAP_FAILED)
		munmap(x->memory, memory_len);
	free(x);
}

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
	return x->memory + d->addr;
}

void
xsk_rx_done(struct xsk *x, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		*place(&x->fill, x->fill_in++) =
		    desc(&x->rx, x->rx_out++)->addr & ~(uint64_t)(XSK_FRAME - 1);
	peer_sees(x->rx.out, x->rx_out);
	peer_sees(x->fill.in, x->fill_in);
}

uint8_t *
xsk_tx_frame(struct xsk *x)
{
	return x->n_free > 0 ? x->memory + (size_t)x->free[x->n_free - 1] * XSK_FRAME : NULL;
}

void
xsk_tx_put(struct xsk *x, uint32_t len)
{
	*desc(&x->tx, x->tx_in++) = (struct xdp_desc){
		.addr = (uint64_t)x->free[--x->n_free] * XSK_FRAME,
		.len = len,
	};
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
		xsk_tx_reclaim(x);
	}
	if (peer_reads(x->tx.out) == x->tx_in)
		return 0;
	*out_lost = give_up(x);
	return e == 0 || e == EINTR || e == EBUSY || e == ENOBUFS ? -EAGAIN : -e;
}

void
xsk_tx_reclaim(struct xsk *x)
{
	uint32_t in = peer_reads(x->done.in);
	uint32_t n = in - x->done_out;
	if (x->n_away > 0) {
		x->done_out = in;
		x->n_away -= n;
		if (x->n_away == 0)
			free_all(x);
	}
	for (; x->done_out != in; x->done_out++) {
		uint64_t number = *place(&x->done, x->done_out) / XSK_FRAME;
		if (number >= XSK_RX_FRAMES && number < FRAMES && x->n_free < XSK_TX_FRAMES)
			x->free[x->n_free++] = (uint32_t)number;
	}
	peer_sees(x->done.out, x->done_out);
}
