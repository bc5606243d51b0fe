/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ipc.c - framed messages over a Unix stream socket, on the daemon's libuv loop.
 *
 * A channel is one uv_poll_t and one timer. Reading takes one chunk per wake-up, so that one busy peer cannot starve the
 * others; every whole frame in it becomes one on_message(). Writing goes straight to the socket while the queue is
 * empty. A channel dies once: `why` is set, the poll stops, and on_closed() is called from the loop, never from
 * inside ipc_send(). The struct lives until libuv has closed both handles, so a callback may free its own channel.
 */
#include "lib/os/ipc.h"

#include "lib/base/arena.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/os/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	QUEUE_MAX = 16 << 20, /* bytes waiting for one peer */
	STALL_MS = 30 * 1000, /* a peer that takes nothing for so long is closed */
};

struct out_frame {
	struct out_frame *next;
	size_t len;
	size_t sent;
	int fd; /* -1: none, or gone with the first byte */
	uint8_t b[];
};

struct ipc {
	uv_poll_t poll;
	uv_timer_t
	    timer; /* stall while the queue is not empty; 0 ms: tell the owner of our death */
	int fd;
	const struct ipc_ops *ops;
	void *arg;
	struct frame_in in;
	struct arena *incoming; /* of the message that the owner has now */
	struct out_frame *head;
	struct out_frame *tail;
	size_t n_queued;
	void (*on_drained)(struct ipc *c, void *arg);
	const char *why;  /* not NULL: dead */
	bool wants_write; /* what the poll was last asked for */
	bool is_held;     /* the owner does not want to read */
	bool is_told;     /* on_closed() has been called */
	bool is_freed;    /* the owner is done with it */
	unsigned n_handles;
};

static void
out_free(struct out_frame *o)
{
	if (o->fd >= 0)
		close(o->fd);
	explicit_bzero(o->b, o->len);
	free(o);
}

static void
tell_closed(struct ipc *c)
{
	if (c->is_told || c->is_freed)
		return;
	c->is_told = true;
	c->ops->on_closed(c, c->why, c->arg);
}

static void
on_death_timer(uv_timer_t *t)
{
	tell_closed(t->data);
}

/* Ends the channel; the owner is told from the loop. */
static void
die_later(struct ipc *c, const char *why)
{
	if (c->why != NULL || c->is_freed)
		return;
	c->why = why;
	uv_poll_stop(&c->poll);
	uv_timer_start(&c->timer, on_death_timer, 0, 0);
}

static void
on_stall(uv_timer_t *t)
{
	die_later(t->data, "the peer does not read");
}

/* Sends of the first queued frame what the socket takes. Returns bytes sent or -errno. */
static ssize_t
send_some(int fd, struct out_frame *o)
{
	struct iovec iov = { .iov_base = o->b + o->sent, .iov_len = o->len - o->sent };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .buf = { 0 } };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	if (o->fd >= 0) {
		m.msg_control = control.buf;
		m.msg_controllen = sizeof(control.buf);
		struct cmsghdr *cm = CMSG_FIRSTHDR(&m);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cm), &o->fd, sizeof(int));
	}
	ssize_t n;
	do
		n = sendmsg(fd, &m, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (o->fd >= 0)
		close(o->fd);
	o->fd = -1;
	o->sent += (size_t)n;
	return n;
}

/* Sends queued frames until the socket is full. Returns 0, or -errno when the peer is gone. */
static int
queue_flush(struct ipc *c)
{
	while (c->head != NULL) {
		struct out_frame *o = c->head;
		ssize_t n = send_some(c->fd, o);
		if (n == -EAGAIN || n == -ENOBUFS)
			return 0;
		/* too many descriptors in flight: the receiver has to take some first */
		if (n == -ETOOMANYREFS)
			return 0;
		if (n < 0)
			return (int)n;
		c->n_queued -= (size_t)n;
		uv_timer_again(&c->timer);
		if (o->sent < o->len)
			continue;
		c->head = o->next;
		if (c->head == NULL)
			c->tail = NULL;
		out_free(o);
	}
	return 0;
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void
poll_start(struct ipc *c)
{
	/* a held channel still wants to know that the peer is gone */
	int events =
	    (c->is_held ? UV_DISCONNECT : UV_READABLE) | (c->wants_write ? UV_WRITABLE : 0);
	uv_poll_start(&c->poll, events, on_poll);
}

/* Asks for writability while something is queued or somebody waits for the end of that, and watches for a stall exactly
 * while something is queued. */
static void
poll_update(struct ipc *c)
{
	if (c->why != NULL || c->is_freed)
		return;
	bool is_waiting = c->head != NULL;
	bool wants_write = is_waiting || c->on_drained != NULL;
	bool is_changed = wants_write != c->wants_write;
	c->wants_write = wants_write;
	if (is_changed)
		poll_start(c);
	if (is_waiting && !uv_is_active((uv_handle_t *)&c->timer))
		uv_timer_start(&c->timer, on_stall, STALL_MS, STALL_MS);
	else if (!is_waiting)
		uv_timer_stop(&c->timer);
}

static void
frame_dispatch(struct ipc *c, const struct frame *f)
{
	struct arena *a = c->incoming;
	struct ipc_msg m = { .type = f->type, .seq = f->seq, .fd = f->fd };
	bool is_good = true;
	if (rd_left(&f->payload) > 0) {
		struct rd r = f->payload;
		m.body = elem_decode(a, &r);
		is_good = m.body != NULL && rd_end(&r);
	}
	if (is_good)
		c->ops->on_message(c, &m, c->arg);
	else
		die_later(c, "the payload is not an element tree");
	if (m.fd >= 0)
		close(m.fd);
	arena_clear(a);
}

/* Takes the descriptors of one received message. Returns false if there were too many. */
static bool
fds_take(struct frame_in *in, struct msghdr *m)
{
	bool is_good = (m->msg_flags & MSG_CTRUNC) == 0;
	for (struct cmsghdr *cm = CMSG_FIRSTHDR(m); cm != NULL; cm = CMSG_NXTHDR(m, cm)) {
		if (cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(cm) + i * sizeof(int), sizeof(int));
			is_good = frame_in_fd(in, fd) && is_good;
		}
	}
	return is_good;
}

/* Receives up to N bytes and their descriptors. Returns bytes, 0 at the end, or -errno. */
static ssize_t
recv_some(int fd, void *buf, size_t n, struct frame_in *in)
{
	struct iovec iov = { .iov_base = buf, .iov_len = n };
	union {
		char buf[CMSG_SPACE(FRAME_FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	ssize_t got;
	do
		got = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	return fds_take(in, &m) ? got : -EPROTO;
}

static void
channel_read(struct ipc *c)
{
	uint8_t chunk[FRAME_CHUNK];
	ssize_t n = recv_some(c->fd, chunk, sizeof(chunk), &c->in);
	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		die_later(c, n == 0         ? "closed by the peer"
			     : n == -EPROTO ? "too many descriptors"
					    : strerror((int)-n));
		return;
	}
	frame_in_bytes(&c->in, chunk, (size_t)n);
	explicit_bzero(chunk, (size_t)n);
	while (c->why == NULL && !c->is_freed) {
		struct frame f;
		const char *why = NULL;
		enum frame_result got = frame_in_next(&c->in, &f, &why);
		if (got == FRAME_BAD)
			die_later(c, why);
		if (got != FRAME_GOT)
			return;
		frame_dispatch(c, &f);
	}
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct ipc *c = poll->data;
	if (status < 0) {
		die_later(c, uv_strerror(status));
		return;
	}
	if ((events & UV_WRITABLE) != 0) {
		int rc = queue_flush(c);
		if (rc < 0) {
			die_later(c, strerror(-rc));
			return;
		}
		void (*fn)(struct ipc *, void *) = c->head == NULL ? c->on_drained : NULL;
		if (fn != NULL)
			c->on_drained = NULL;
		poll_update(c);
		if (fn != NULL)
			fn(c, c->arg);
	}
	if (c->why != NULL || c->is_freed)
		return;
	if ((events & UV_READABLE) != 0)
		channel_read(c);
	else if ((events & UV_DISCONNECT) != 0)
		die_later(c, "closed by the peer");
}

struct ipc *
ipc_new(uv_loop_t *loop, int fd, const struct ipc_ops *ops, void *arg)
{
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		goto fail;
	struct ipc *c = calloc(1, sizeof(*c));
	if (c == NULL)
		abort();
	c->fd = fd;
	c->ops = ops;
	c->arg = arg;
	if (uv_poll_init(loop, &c->poll, fd) < 0) {
		free(c);
		goto fail;
	}
	uv_timer_init(loop, &c->timer);
	c->incoming = arena_new();
	c->poll.data = c;
	c->timer.data = c;
	c->n_handles = 2;
	uv_poll_start(&c->poll, UV_READABLE, on_poll);
	return c;
fail:
	close(fd);
	return NULL;
}

static void
on_handle_closed(uv_handle_t *h)
{
	struct ipc *c = h->data;
	if (--c->n_handles > 0)
		return;
	arena_free(c->incoming);
	free(c);
}

void
ipc_free(struct ipc *c)
{
	if (c == NULL || c->is_freed)
		return;
	c->is_freed = true;
	uv_close((uv_handle_t *)&c->poll, on_handle_closed);
	uv_close((uv_handle_t *)&c->timer, on_handle_closed);
	close(c->fd);
	frame_in_done(&c->in);
	while (c->head != NULL) {
		struct out_frame *o = c->head;
		c->head = o->next;
		out_free(o);
	}
}

/* Builds one frame in one block. Returns NULL and -errno in RC when it cannot be sent. */
static struct out_frame *
out_new(uint16_t type, uint32_t seq, const struct elem *body, int fd, int *rc)
{
	struct wr w = wr_grow();
	struct out_frame *o = NULL;
	frame_head_put(&w, 0, type, fd >= 0, seq);
	if (body != NULL)
		elem_encode(&w, body);
	*rc = -EMSGSIZE;
	if (!wr_ok(&w) || w.len - MSG_HDR_LEN > MSG_PAYLOAD_MAX)
		goto out;
	wr_patch_u32(&w, 0, (uint32_t)(w.len - MSG_HDR_LEN));
	int copy = -1;
	if (fd >= 0) {
		copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (copy < 0) {
			*rc = -errno;
			goto out;
		}
	}
	o = malloc(sizeof(*o) + w.len);
	if (o == NULL)
		abort();
	*o = (struct out_frame){ .len = w.len, .fd = copy };
	memcpy(o->b, w.buf, w.len);
	*rc = 0;
out:
	wr_free(&w);
	return o;
}

int
ipc_send(struct ipc *c, uint16_t type, uint32_t seq, const struct elem *body, int fd)
{
	int rc;
	if (c->why != NULL || c->is_freed)
		return -EPIPE;
	struct out_frame *o = out_new(type, seq, body, fd, &rc);
	if (o == NULL)
		return rc;
	if (c->n_queued + o->len > QUEUE_MAX) {
		out_free(o);
		return -ENOBUFS;
	}
	bool was_empty = c->head == NULL;
	if (was_empty)
		c->head = o;
	else
		c->tail->next = o;
	c->tail = o;
	c->n_queued += o->len;
	if (was_empty) {
		rc = queue_flush(c);
		if (rc < 0) {
			die_later(c, strerror(-rc));
			return -EPIPE;
		}
		poll_update(c);
	}
	return 0;
}

size_t
ipc_queued(const struct ipc *c)
{
	return c->n_queued;
}

void
ipc_on_drained(struct ipc *c, void (*fn)(struct ipc *c, void *arg))
{
	c->on_drained = fn;
	/* with nothing queued the socket is writable at once: the call comes from the loop all the same */
	if (c->why != NULL || c->is_freed || c->wants_write)
		return;
	c->wants_write = true;
	poll_start(c);
}

void
ipc_hold(struct ipc *c, bool hold)
{
	if (c->is_held == hold)
		return;
	c->is_held = hold;
	if (c->why == NULL && !c->is_freed)
		poll_start(c);
}

int
ipc_send_blocking(int fd, uint16_t type, uint32_t seq, const struct elem *body)
{
	return ipc_send_fd_blocking(fd, type, seq, body, -1);
}

int
ipc_send_fd_blocking(int fd, uint16_t type, uint32_t seq, const struct elem *body, int passed)
{
	int rc;
	struct out_frame *o = out_new(type, seq, body, passed, &rc);
	if (o == NULL)
		return rc;
	while (rc == 0 && o->sent < o->len) {
		ssize_t n = send_some(fd, o);
		if (n < 0)
			rc = n == -EPIPE ? -ECONNRESET : (int)n;
	}
	out_free(o);
	return rc;
}

/* Adds exactly N bytes of the socket to IN. Returns 0 or -errno. */
static int
recv_exactly(int fd, size_t n, struct frame_in *in)
{
	uint8_t chunk[FRAME_CHUNK];
	while (n > 0) {
		ssize_t got = recv_some(fd, chunk, n < sizeof(chunk) ? n : sizeof(chunk), in);
		if (got <= 0)
			return got == 0 ? -ECONNRESET : (int)got;
		frame_in_bytes(in, chunk, (size_t)got);
		n -= (size_t)got;
	}
	return 0;
}

int
ipc_recv_blocking(int fd, struct arena *a, struct ipc_msg *out)
{
	struct frame_in in = { 0 };
	struct frame f = { .fd = -1 };
	const char *why;
	int rc = recv_exactly(fd, MSG_HDR_LEN, &in);
	if (rc < 0)
		goto out;
	enum frame_result got = frame_in_next(&in, &f, &why);
	if (got == FRAME_MORE) {
		struct rd r = rd_init(in.buf, MSG_HDR_LEN);
		rc = recv_exactly(fd, rd_u32(&r), &in);
		if (rc < 0)
			goto out;
		got = frame_in_next(&in, &f, &why);
	}
	rc = -EPROTO;
	if (got != FRAME_GOT)
		goto out;
	struct ipc_msg m = { .type = f.type, .seq = f.seq, .fd = f.fd };
	if (rd_left(&f.payload) > 0) {
		m.body = elem_decode(a, &f.payload);
		if (m.body == NULL || !rd_end(&f.payload)) {
			if (f.fd >= 0)
				close(f.fd);
			goto out;
		}
	}
	*out = m;
	rc = 0;
out:
	frame_in_done(&in);
	return rc;
}
