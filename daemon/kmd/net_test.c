/* SPDX-License-Identifier: BSD-2-Clause
 *
 * net_test.c - datagrams over the loopback: markers, keepalives, sockets that come and go.
 *
 * The sockets are bound to any port; which port of IKE a socket stands for is what its message says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/kmd/net.h"
#include "lib/base/text.h"
#include "lib/msg/elem.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO 104
#endif

struct bench {
	uv_loop_t loop;
	struct net net;
	struct text got;
	struct ike_path path;  /* of the last datagram */
	struct sockaddr_in at; /* of the socket of net */
	int peer;
	struct sockaddr_in peer_at;
};

static void
on_datagram(void *arg, const struct ike_path *path, uint8_t *msg, size_t len)
{
	struct bench *b = arg;
	char remote[ADDR_STRLEN];
	text_printf(&b->got, "%s:%u %zu %.*s\n", addr_print(path->remote.addr, remote),
	    path->local.port, len, (int)len, (const char *)msg);
	b->path = *path;
}

static const struct net_ops ops = { .on_datagram = on_datagram };

static int
udp_open(struct sockaddr_in *at)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(*at);
	*at = (struct sockaddr_in){ .sin_family = AF_INET };
	at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)at, sizeof(*at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)at, &len), 0);
	return fd;
}

static int
give(struct bench *b, const char *kind, const char *address, int fd)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "socket");
	elem_leaf(a, e, "kind", kind);
	if (address != NULL)
		elem_leaf(a, e, "address", address);
	int rc = net_add(&b->net, e, fd);
	arena_free(a);
	return rc;
}

static void
take(struct bench *b, const char *kind, const char *address)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "socket-gone");
	elem_leaf(a, e, "kind", kind);
	elem_leaf(a, e, "address", address);
	net_del(&b->net, e);
	arena_free(a);
}

static void
turn(struct bench *b)
{
	for (unsigned i = 0; i < 4; i++)
		uv_run(&b->loop, UV_RUN_NOWAIT);
}

static int
setup(void **state)
{
	static struct bench b;
	b = (struct bench){ 0 };
	uv_loop_init(&b.loop);
	net_init(&b.net, &b.loop, &ops, &b);
	b.peer = udp_open(&b.peer_at);
	*state = &b;
	return 0;
}

static int
teardown(void **state)
{
	struct bench *b = *state;
	net_done(&b->net);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	uv_loop_close(&b->loop);
	text_done(&b->got);
	close(b->peer);
	return 0;
}

static void
peer_send(struct bench *b, const void *p, size_t n)
{
	assert_int_equal(
	    sendto(b->peer, p, n, 0, (struct sockaddr *)&b->at, sizeof(b->at)), (ssize_t)n);
}

/* What the peer gets, as text; zero octets become dots. */
static const char *
peer_recv(struct bench *b, char out[64])
{
	ssize_t n = recv(b->peer, out, 63, MSG_DONTWAIT);
	if (n < 0)
		return "nothing";
	out[n] = '\0';
	for (ssize_t i = 0; i < n; i++)
		if (out[i] == '\0')
			out[i] = '.';
	return out;
}

static void
the_port_says_whether_there_is_a_marker(void **state)
{
	struct bench *b = *state;
	char out[64];
	assert_int_equal(give(b, "ike", "127.0.0.1", udp_open(&b->at)), 0);
	peer_send(b, "plain", 5);
	turn(b);
	assert_string_equal(text_str(&b->got), "127.0.0.1:500 5 plain\n");
	net_send(&b->net, &b->path, (const uint8_t *)"answer", 6);
	assert_string_equal(peer_recv(b, out), "nothing");
	net_flush(&b->net);
	assert_string_equal(peer_recv(b, out), "answer");

	assert_int_equal(give(b, "ike-natt", "127.0.0.1", udp_open(&b->at)), 0);
	text_reset(&b->got);
	peer_send(b, "\0\0\0\0marked", 10);
	peer_send(b, "\0\0\0\1esp", 7);
	peer_send(b, "\xff", 1);
	peer_send(b, "\0\0", 2);
	turn(b);
	assert_string_equal(text_str(&b->got), "127.0.0.1:4500 6 marked\n");
	assert_int_equal(b->net.count.foreign, 2);
	assert_int_equal(b->net.count.keepalive, 1);
	net_send(&b->net, &b->path, (const uint8_t *)"answer", 6);
	net_keepalive(&b->net, &b->path);
	net_flush(&b->net);
	assert_string_equal(peer_recv(b, out), "....answer");
	assert_string_equal(peer_recv(b, out), "\xff");
	assert_string_equal(peer_recv(b, out), "nothing");
}

static void
a_flood_is_read_in_turns(void **state)
{
	struct bench *b = *state;
	unsigned n = 0;
	assert_int_equal(give(b, "ike", "127.0.0.1", udp_open(&b->at)), 0);
	for (unsigned i = 0; i < 2 * NET_BATCH + 5; i++)
		peer_send(b, "x", 1);
	turn(b);
	for (const char *s = text_str(&b->got); *s != '\0'; s++)
		n += *s == '\n';
	assert_int_equal(n, 2 * NET_BATCH + 5);
}

/* Sends N octets at P as datagrams of SIZE, the last one what is left; they arrive in one piece. */
static void
peer_send_merged(struct bench *b, const void *p, size_t n, int size)
{
	static const int none = 0;
	assert_int_equal(setsockopt(b->peer, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)), 0);
	peer_send(b, p, n);
	assert_int_equal(setsockopt(b->peer, IPPROTO_UDP, UDP_SEGMENT, &none, sizeof(none)), 0);
}

static void
merged_datagrams_are_taken_apart(void **state)
{
	static const int on = 1;
	struct bench *b = *state;
	int fd = udp_open(&b->at);
	assert_int_equal(setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)), 0);
	assert_int_equal(give(b, "ike-natt", "127.0.0.1", fd), 0);
	peer_send_merged(b,
	    "\0\0\0\0first"
	    "\0\0\0\0again"
	    "\0\0\1\0 esp."
	    "\0\0\0\0end",
	    34, 9);
	peer_send(b, "\0\0\0\0alone", 9);
	turn(b);
	assert_string_equal(text_str(&b->got), "127.0.0.1:4500 5 first\n"
					       "127.0.0.1:4500 5 again\n"
					       "127.0.0.1:4500 3 end\n"
					       "127.0.0.1:4500 5 alone\n");
	assert_int_equal(b->net.count.received, 5);
	assert_int_equal(b->net.count.foreign, 1);
}

static void
a_long_message_that_came_in_fragments_is_whole(void **state)
{
	static const int on = 1;
	static uint8_t fragments[40 * 1400];
	struct bench *b = *state;
	int fd = udp_open(&b->at);
	unsigned n = 0;
	assert_int_equal(setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)), 0);
	assert_int_equal(give(b, "ike-natt", "127.0.0.1", fd), 0);
	peer_send_merged(b, fragments, sizeof(fragments), 1400);
	turn(b);
	for (const char *s = text_str(&b->got); (s = strstr(s, ":4500 1396 ")) != NULL; s++)
		n++;
	assert_int_equal(n, 40);
}

static void
more_than_a_batch_is_sent(void **state)
{
	struct bench *b = *state;
	char out[64];
	unsigned n = 0;
	assert_int_equal(give(b, "ike", "127.0.0.1", udp_open(&b->at)), 0);
	peer_send(b, "x", 1);
	turn(b);
	for (unsigned i = 0; i < 3 * NET_BATCH + 1; i++)
		net_send(&b->net, &b->path, (const uint8_t *)"y", 1);
	net_flush(&b->net);
	while (strcmp(peer_recv(b, out), "y") == 0)
		n++;
	assert_int_equal(n, 3 * NET_BATCH + 1);
	assert_int_equal(b->net.count.sent, 3 * NET_BATCH + 1);
}

static void
without_a_socket_a_message_is_lost_and_counted(void **state)
{
	struct bench *b = *state;
	struct ike_path path = { .local.port = 500, .remote.port = 500 };
	assert_true(addr_parse("127.0.0.1", &path.local.addr));
	assert_true(addr_parse("127.0.0.1", &path.remote.addr));
	net_send(&b->net, &path, (const uint8_t *)"y", 1);
	assert_int_equal(b->net.count.unsent, 1);
	assert_int_equal(give(b, "ike", "127.0.0.1", udp_open(&b->at)), 0);
	assert_true(addr_parse("2001:db8::1", &path.remote.addr));
	net_send(&b->net, &path, (const uint8_t *)"y", 1);
	assert_int_equal(b->net.count.unsent, 2);
	take(b, "ike", "127.0.0.1");
	assert_true(addr_parse("127.0.0.1", &path.remote.addr));
	net_send(&b->net, &path, (const uint8_t *)"y", 1);
	assert_int_equal(b->net.count.unsent, 3);
}

static void
a_socket_takes_the_place_of_the_one_before(void **state)
{
	struct bench *b = *state;
	struct sockaddr_in old;
	assert_int_equal(give(b, "ike", "127.0.0.1", udp_open(&old)), 0);
	assert_int_equal(give(b, "ike-natt", "192.0.2.9", udp_open(&b->at)), 0);
	assert_int_equal(give(b, "ike", "2001:db8::1", udp_open(&b->at)), 0);
	assert_int_equal(give(b, "ike", "127.0.0.1", udp_open(&b->at)), 0);
	assert_int_equal(b->net.n_sockets, 3);
	peer_send(b, "new", 3);
	turn(b);
	b->at = old;
	peer_send(b, "old", 3);
	turn(b);
	assert_string_equal(text_str(&b->got), "127.0.0.1:500 3 new\n");
}

static void
what_is_no_socket_of_ike_is_refused(void **state)
{
	struct bench *b = *state;
	assert_true(give(b, "esp", "127.0.0.1", udp_open(&b->at)) < 0);
	assert_true(give(b, "ike", NULL, udp_open(&b->at)) < 0);
	assert_true(give(b, "ike", "somewhere", udp_open(&b->at)) < 0);
	assert_int_equal(b->net.n_sockets, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    the_port_says_whether_there_is_a_marker, setup, teardown),
		cmocka_unit_test_setup_teardown(a_flood_is_read_in_turns, setup, teardown),
		cmocka_unit_test_setup_teardown(merged_datagrams_are_taken_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_long_message_that_came_in_fragments_is_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(more_than_a_batch_is_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    without_a_socket_a_message_is_lost_and_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_socket_takes_the_place_of_the_one_before, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    what_is_no_socket_of_ike_is_refused, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
