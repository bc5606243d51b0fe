/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ipc_test.c - channels: whole, cut and bad frames, descriptors, bounds, and the blocking client.
 */
#include "lib/base/arena.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/os/frame.h"
#include "lib/os/ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct end {
	uv_loop_t loop;
	struct ipc *c;
	int peer; /* the other end of the socket pair */
	unsigned n_messages;
	uint16_t type;
	uint32_t seq;
	char value[64];
	int fd;
	char why[64];
	unsigned n_drained;
	bool frees_itself;
};

static void
on_message(struct ipc *c, struct ipc_msg *m, void *arg)
{
	struct end *e = arg;
	e->n_messages++;
	e->type = m->type;
	e->seq = m->seq;
	const char *v = m->body != NULL ? elem_value(m->body, "v") : "";
	snprintf(e->value, sizeof(e->value), "%s", v != NULL ? v : "");
	e->fd = m->fd;
	m->fd = -1;
	if (e->frees_itself) {
		ipc_free(c);
		e->c = NULL;
	}
}

static void
on_closed(struct ipc *c, const char *why, void *arg)
{
	struct end *e = arg;
	snprintf(e->why, sizeof(e->why), "%s", why);
	ipc_free(c);
	e->c = NULL;
}

static const struct ipc_ops ops = { .on_message = on_message, .on_closed = on_closed };

static int
set_up(void **state)
{
	struct end *e = calloc(1, sizeof(*e));
	int sv[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	uv_loop_init(&e->loop);
	e->c = ipc_new(&e->loop, sv[0], &ops, e);
	e->peer = sv[1];
	e->fd = -1;
	assert_non_null(e->c);
	*state = e;
	return 0;
}

static int
tear_down(void **state)
{
	struct end *e = *state;
	ipc_free(e->c);
	uv_run(&e->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&e->loop), 0);
	if (e->fd >= 0)
		close(e->fd);
	close(e->peer);
	free(e);
	return 0;
}

static void
turn(struct end *e)
{
	for (unsigned i = 0; i < 8; i++)
		uv_run(&e->loop, UV_RUN_NOWAIT);
}

/* One frame with a leaf v = VALUE in W. */
static void
frame_put(struct wr *w, uint16_t type, uint32_t seq, const char *value, bool has_fd)
{
	struct arena *a = arena_new();
	struct elem *body = elem_new(a, "t");
	elem_leaf(a, body, "v", value);
	struct wr p = wr_grow();
	elem_encode(&p, body);
	frame_head_put(w, (uint32_t)p.len, type, has_fd, seq);
	wr_bytes(w, p.buf, p.len);
	wr_free(&p);
	arena_free(a);
}

static void
put(struct end *e, const void *p, size_t n)
{
	assert_int_equal(write(e->peer, p, n), n);
}

static void
test_byte_by_byte(void **state)
{
	struct end *e = *state;
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	frame_put(&w, MSG_RPC, 7, "first", false);
	frame_put(&w, MSG_ROW, 8, "second", false);
	assert_true(wr_ok(&w));
	for (size_t i = 0; i < w.len; i++) {
		put(e, buf + i, 1);
		turn(e);
	}
	assert_int_equal(e->n_messages, 2);
	assert_int_equal(e->type, MSG_ROW);
	assert_int_equal(e->seq, 8);
	assert_string_equal(e->value, "second");
	assert_string_equal(e->why, "");
}

static void
test_bad_frames(void **state)
{
	static const struct {
		uint8_t b[20];
		size_t n;
		const char *why;
	} cases[] = {
		{ { 0, 0x40, 0, 1, 0, 9 }, 12, "frame too long" },
		{ { 0, 0, 0, 0, 0, 9, 0, 2 }, 12, "unknown flag in a frame" },
		{ { 0, 0, 0, 0, 0, 9, 0, 1 }, 12, "frame without its descriptor" },
		{ { 0, 0, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0x7f }, 13,
		    "the payload is not an element tree" },
		/* one empty leaf and a byte too many */
		{ { 0, 0, 0, 4, 0, 9, 0, 0, 0, 0, 0, 0, 3, 1, 'x', 4 }, 16,
		    "the payload is not an element tree" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct end *e = *state;
		put(e, cases[i].b, cases[i].n);
		turn(e);
		assert_string_equal(e->why, cases[i].why);
		assert_int_equal(e->n_messages, 0);
		tear_down(state);
		set_up(state);
	}
}

static void
test_descriptors_in_order(void **state)
{
	struct end *e = *state;
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	struct end other = { .fd = -1 };
	uv_loop_init(&other.loop);
	other.c = ipc_new(&other.loop, pair[0], &ops, &other);
	/* our channel's frames go through a real channel to the other */
	struct ipc *sender = ipc_new(&e->loop, pair[1], &ops, e);
	int pipes[2];
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(ipc_send(sender, MSG_LOAD, 1, NULL, -1), 0);
	assert_int_equal(ipc_send(sender, MSG_DEVICE, 2, NULL, pipes[0]), 0);
	turn(&other);
	assert_int_equal(other.n_messages, 2);
	assert_true(other.fd >= 0 && other.fd != pipes[0]);
	assert_int_equal(write(pipes[1], "!", 1), 1);
	char got;
	assert_int_equal(read(other.fd, &got, 1), 1);
	assert_int_equal(got, '!');
	assert_int_equal(fcntl(other.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	close(other.fd);
	close(pipes[0]);
	close(pipes[1]);
	ipc_free(sender);
	ipc_free(other.c);
	uv_run(&other.loop, UV_RUN_DEFAULT);
	uv_loop_close(&other.loop);
}

static void
test_stray_descriptor(void **state)
{
	struct end *e = *state;
	uint8_t buf[64];
	struct wr w = wr_init(buf, sizeof(buf));
	frame_put(&w, MSG_RPC, 1, "x", false);
	struct iovec iov = { .iov_base = buf, .iov_len = w.len };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .buf = { 0 } };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf) };
	struct cmsghdr *cm = CMSG_FIRSTHDR(&m);
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cm), &e->peer, sizeof(int));
	assert_int_equal(sendmsg(e->peer, &m, 0), w.len);
	turn(e);
	assert_string_equal(e->why, "a descriptor without a frame");
}

static void
test_queue_bound(void **state)
{
	struct end *e = *state;
	struct arena *a = arena_new();
	struct elem *body = elem_new(a, "t");
	char *big = arena_alloc(a, 1 << 20);
	memset(big, 'x', (1 << 20) - 1);
	elem_leaf(a, body, "v", big);
	int rc = 0;
	unsigned n = 0;
	while (rc == 0 && n < 64) {
		rc = ipc_send(e->c, MSG_ROW, n, body, -1);
		n++;
	}
	assert_int_equal(rc, -ENOBUFS);
	assert_in_range(ipc_queued(e->c), 15 << 20, 16 << 20);
	/* the peer sees every frame that was accepted, and nothing else */
	for (unsigned i = 0; i + 1 < n; i++) {
		uint8_t head[MSG_HDR_LEN];
		for (;;) {
			turn(e);
			ssize_t got = recv(e->peer, head, sizeof(head), MSG_PEEK | MSG_DONTWAIT);
			if (got == sizeof(head))
				break;
		}
		uint8_t chunk[FRAME_CHUNK];
		struct frame_in in = { 0 };
		struct frame f;
		const char *why;
		struct rd r = rd_init(head, sizeof(head));
		size_t left = rd_u32(&r) + (size_t)MSG_HDR_LEN;
		while (left > 0) {
			ssize_t got = recv(e->peer, chunk,
			    left < sizeof(chunk) ? left : sizeof(chunk), MSG_DONTWAIT);
			if (got < 0) {
				turn(e);
				continue;
			}
			frame_in_bytes(&in, chunk, (size_t)got);
			left -= (size_t)got;
		}
		assert_int_equal(frame_in_next(&in, &f, &why), FRAME_GOT);
		assert_int_equal(f.seq, i);
		frame_in_done(&in);
	}
	turn(e);
	assert_int_equal(ipc_queued(e->c), 0);
	arena_free(a);
}

static void
on_drained(struct ipc *c, void *arg)
{
	struct end *e = arg;
	(void)c;
	e->n_drained++;
}

static void
test_drained(void **state)
{
	struct end *e = *state;
	assert_int_equal(ipc_send(e->c, MSG_READY, 0, NULL, -1), 0);
	ipc_on_drained(e->c, on_drained);
	assert_int_equal(e->n_drained, 0);
	turn(e);
	assert_int_equal(e->n_drained, 1);
	/* what is sent meanwhile does not cancel it */
	ipc_on_drained(e->c, on_drained);
	assert_int_equal(ipc_send(e->c, MSG_READY, 0, NULL, -1), 0);
	turn(e);
	turn(e);
	assert_int_equal(e->n_drained, 2);
}

static void
test_message_too_big(void **state)
{
	struct end *e = *state;
	struct arena *a = arena_new();
	struct elem *body = elem_new(a, "t");
	char *big = arena_alloc(a, MSG_PAYLOAD_MAX + 1);
	memset(big, 'x', MSG_PAYLOAD_MAX);
	elem_leaf(a, body, "v", big);
	assert_int_equal(ipc_send(e->c, MSG_ROW, 0, body, -1), -EMSGSIZE);
	arena_free(a);
}

static void
test_peer_gone(void **state)
{
	struct end *e = *state;
	shutdown(e->peer, SHUT_RDWR);
	turn(e);
	assert_string_equal(e->why, "closed by the peer");
}

static void
test_freed_in_callback(void **state)
{
	struct end *e = *state;
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	e->frees_itself = true;
	frame_put(&w, MSG_RPC, 1, "a", false);
	frame_put(&w, MSG_RPC, 2, "b", false);
	put(e, buf, w.len);
	turn(e);
	assert_int_equal(e->n_messages, 1);
}

static void
test_blocking_client(void **state)
{
	struct end *e = *state;
	struct arena *a = arena_new();
	struct elem *body = elem_new(a, "t");
	elem_leaf(a, body, "v", "hello");
	assert_int_equal(ipc_send_blocking(e->peer, MSG_RPC, 5, body), 0);
	turn(e);
	assert_string_equal(e->value, "hello");
	assert_int_equal(ipc_send(e->c, MSG_ROW, 5, body, -1), 0);
	assert_int_equal(ipc_send(e->c, MSG_RPC_DONE, 5, NULL, -1), 0);
	struct ipc_msg m;
	assert_int_equal(ipc_recv_blocking(e->peer, a, &m), 0);
	assert_int_equal(m.type, MSG_ROW);
	assert_string_equal(elem_value(m.body, "v"), "hello");
	assert_int_equal(ipc_recv_blocking(e->peer, a, &m), 0);
	assert_int_equal(m.type, MSG_RPC_DONE);
	assert_null(m.body);
	ipc_free(e->c);
	e->c = NULL;
	turn(e);
	assert_int_equal(ipc_recv_blocking(e->peer, a, &m), -ECONNRESET);
	arena_free(a);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_byte_by_byte),
		T(test_bad_frames),
		T(test_descriptors_in_order),
		T(test_stray_descriptor),
		T(test_queue_bound),
		T(test_drained),
		T(test_message_too_big),
		T(test_peer_gone),
		T(test_freed_in_callback),
		T(test_blocking_client),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
