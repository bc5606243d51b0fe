/* SPDX-License-Identifier: BSD-2-Clause
 *
 * xsk.h - AF_XDP sockets: whole frames of one queue of a device, past the kernel's network stack.
 *
 * Two processes share one. xsk_make(), which needs CAP_NET_RAW, makes the socket and the memory of its frames; whoever
 * holds both descriptors works it with xsk_map() and needs no right at all. The rings survive him: the next one finds
 * what has arrived meanwhile. Frames are copied by the kernel (XDP_COPY), so a driver needs no support for more.
 * Receiving is for one thread, sending for one at a time.
 */
#ifndef XSK_H
#define XSK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	XSK_FRAME = 2048, /* octets of memory for each frame */
	XSK_RX_FRAMES = 2048,
	XSK_TX_FRAMES = 1024,
	XSK_RX_MAX =
	    1792, /* the longest frame that can arrive: the kernel keeps room ahead of it */
	XSK_TX_MAX = 2048,
};

/* Makes a socket on queue QUEUE of the device of index IFINDEX. Stores two descriptors, the caller's: of the socket, non-blocking,
 * and of its memory. Returns 0 or -errno (-EINVAL: there is no such queue; -EBUSY: somebody has it; -ENOBUFS: more memory
 * than the process may lock). */
__attribute__((warn_unused_result)) int xsk_make(
    unsigned ifindex, unsigned queue, int *out_fd, int *out_memory);

struct xsk;

/* Takes up the work of a socket; borrows FD, and MEMORY only during the call. NULL if they are not what xsk_make() made,
 * or when out of memory. */
struct xsk *xsk_map(int fd, int memory);
void xsk_unmap(struct xsk *x); /* NULL is fine; the descriptor stays the caller's */

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
/* Makes the kernel send what is queued. Returns 0 when it has taken all of it; else why not (-EAGAIN: its queues are full;
 * -ENETDOWN, -ENXIO), and stores in OUT_LOST how many of the last ones have been given up. */
__attribute__((warn_unused_result)) int xsk_tx_kick(struct xsk *x, unsigned *out_lost);
/* Takes back the frames that have been sent. */
void xsk_tx_reclaim(struct xsk *x);

#endif
