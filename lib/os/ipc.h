/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ipc.h - framed messages over a Unix stream socket, on the daemon's libuv loop.
 *
 * A channel owns its descriptor. Sending never blocks: frames queue up (bounded; a peer that does
 * not read for too long is closed) and go out when the socket is writable. Callbacks run on the loop's thread, which
 * is the only one that may call anything here. msg.h describes frames and messages.
 */
#ifndef IPC_H
#define IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

struct elem;
struct ipc;

struct ipc_msg {
	uint16_t type; /* enum msg_type */
	uint32_t seq;
	const struct elem *body; /* NULL: no payload; valid during the callback only */
	int fd; /* -1: none. The callback takes it over by setting it to -1, else it is closed */
};

struct ipc_ops {
	void (*on_message)(struct ipc *c, struct ipc_msg *m, void *arg);
	/* The peer is gone, or sent something that is not a message (WHY says which). The channel is dead: the callback
	 * or a later call frees it with ipc_free(). */
	void (*on_closed)(struct ipc *c, const char *why, void *arg);
};

/* Takes over FD (set non-blocking). Returns NULL on failure, with FD closed. */
struct ipc *ipc_new(uv_loop_t *loop, int fd, const struct ipc_ops *ops, void *arg);
void ipc_free(struct ipc *c); /* closes; NULL is fine; allowed inside callbacks */

/* Queues one frame. BODY may be NULL. FD >= 0 is duplicated, the caller keeps its own. Returns 0, or -errno
 * (-EPIPE: the channel is dead; -EMSGSIZE: body over MSG_PAYLOAD_MAX; -ENOBUFS: queue bound hit). */
int ipc_send(struct ipc *c, uint16_t type, uint32_t seq, const struct elem *body, int fd);

/* Bytes queued and not yet sent: a producer of many rows pauses above its own limit ... */
size_t ipc_queued(const struct ipc *c);
/* ... and is called once when the queue is empty again. */
void ipc_on_drained(struct ipc *c, void (*fn)(struct ipc *c, void *arg));

/* Stops reading from the peer, or goes on: whoever passes its messages on waits for a slower third. What has been
 * read already still comes. */
void ipc_hold(struct ipc *c, bool hold);

/* A client's blocking use, without a loop (the command line): send one frame, receive one frame. Return 0 or -errno;
 * -ECONNRESET when the peer is gone. A received body lives in ARENA. */
struct arena;
int ipc_send_blocking(int fd, uint16_t type, uint32_t seq, const struct elem *body);
/* The same with a descriptor (-1: none), which stays the caller's. */
int ipc_send_fd_blocking(int fd, uint16_t type, uint32_t seq, const struct elem *body, int passed);
int ipc_recv_blocking(int fd, struct arena *a, struct ipc_msg *out);

/* Puts the encoded element into a sealed memfd (no write, grow or shrink any more); returns the fd or -errno. */
int memfd_from_elem(const struct elem *e);
/* The same for bytes that elem_encode() made. */
int memfd_from_bytes(const void *p, size_t n);
/* Maps and decodes a sealed memfd; NULL if it is not sealed or not one element. The strings live in A. */
struct elem *memfd_to_elem(int fd, struct arena *a);
/* Bytes in a memfd; 0 if FD is none. */
size_t memfd_size(int fd);
/* True if FD holds exactly these bytes. */
bool memfd_holds(int fd, const void *p, size_t n);

#endif
