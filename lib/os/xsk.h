/* SPDX-License-Identifier: BSD-2-Clause
 *
 * xsk.h - AF_XDP sockets: whole frames of one queue of a device, past the kernel's network stack.
 *
 * Several sockets, its ways, may share a queue and the memory of its frames: who feeds them chooses one for each frame. Two
 * processes share them. xsk_make(), which needs CAP_NET_RAW, makes the sockets and the memory; whoever holds the
 * descriptors works them with xsk_pool_map() and xsk_map() and needs no right at all. The rings survive him: the next
 * one finds what has arrived meanwhile. Frames are copied by the kernel (XDP_COPY), so a driver needs no support for more.
 * A socket is for one thread; what they share is locked here.
 */
#ifndef XSK_H
#define XSK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	XSK_WAYS_MAX = 16,
	XSK_FRAME = 2048, /* octets of memory for each frame */
	XSK_RX_FRAMES = 4096,
	XSK_TX_FRAMES = 512, /* of each way */
	XSK_RX_MAX =
	    1792, /* the longest frame that can arrive: the kernel keeps room ahead of it */
	XSK_TX_MAX = 2048,
};

/* Makes N sockets on queue QUEUE of the device of index IFINDEX. Stores descriptors, the caller's: of the sockets, non-blocking,
 * and of their memory. Returns 0 or -errno (-EINVAL: there is no such queue; -EBUSY: somebody has it; -ENOBUFS: more memory
 * than the process may lock). */
__attribute__((warn_unused_result)) int xsk_make(
    unsigned ifindex, unsigned queue, unsigned n, int *out_fds, int *out_memory);

struct xsk_pool;
struct xsk;

/* Takes up what the sockets of a queue share; borrows FD, of way 0, and MEMORY during the call. NULL if they are not what
 * xsk_make() made. It goes with the last socket, or with xsk_pool_unmap() if there is none. */
struct xsk_pool *xsk_pool_map(int fd, int memory);
void xsk_pool_unmap(struct xsk_pool *pool);

/* Takes up the work of the socket of WAY; all ways of a pool one after the other, before frames are given back to any.
 * Borrows FD. NULL if it makes no sense, or when out of memory. */
struct xsk *xsk_map(struct xsk_pool *pool, unsigned way, int fd);
void xsk_unmap(struct xsk *x); /* NULL is fine; the descriptor stays the caller's */
/* All ways that there are have been taken up: frames that are nowhere go to the kernel. */
void xsk_pool_start(struct xsk_pool *pool);

/* --- receiving --- */

/* How many frames wait, at most MAX. */
unsigned xsk_rx_ready(struct xsk *x, unsigned max);
/* The octets of waiting frame I, below what xsk_rx_ready() said. */
const uint8_t *xsk_rx_frame(const struct xsk *x, unsigned i, uint32_t *out_len);
/* Gives the first N of them back to the kernel. */
void xsk_rx_done(struct xsk *x, unsigned n);

/* --- sending --- */

/* A free frame of XSK_TX_MAX octets, to be given to xsk_tx_put() next; NULL: all are on their way. */
uint8_t *xsk_tx_frame(struct xsk *x);
/* Queues the first LEN octets of that frame. */
void xsk_tx_put(struct xsk *x, uint32_t len);
/* Takes N free frames and stores where they are. False: there are not so many. They must all be given back next, by
 * xsk_tx_put_at(), which queues the first LEN octets of one, or by xsk_tx_untake(). */
bool xsk_tx_take(struct xsk *x, unsigned n, uint8_t **out_frames);
void xsk_tx_put_at(struct xsk *x, const uint8_t *frame, uint32_t len);
void xsk_tx_untake(struct xsk *x, unsigned n, uint8_t *const *frames);
/* Makes the kernel send what is queued. Returns 0 when it has taken all of it; else why not (-EAGAIN: its queues are full;
 * -ENETDOWN, -ENXIO), and stores in OUT_LOST how many of the last ones have been given up. */
__attribute__((warn_unused_result)) int xsk_tx_kick(struct xsk *x, unsigned *out_lost);
/* Takes back the frames that have been sent. */
void xsk_tx_reclaim(struct xsk *x);

#endif
