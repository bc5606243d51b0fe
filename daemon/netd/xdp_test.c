/* SPDX-License-Identifier: BSD-2-Clause
 *
 * xdp_test.c - the program and the sockets of AF_XDP on a pair of Ethernet devices of a real kernel.
 *
 * In a network namespace of its own. Needs root; skipped (77) without, and where the kernel has no AF_XDP.
 */
#include "daemon/netd/xdp.h"

#include "daemon/netd/napi.h"
#include "lib/os/xsk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAYS = 3, SKIP = 77, WAIT_MS = 200, ETH = 14, SPI = 256, FRAME_MAX = 2048 };

#define NEAR_MAC 0x02, 0, 0, 0, 0, 0x01
#define FAR_MAC 0x02, 0, 0, 0, 0, 0x02

static const uint8_t near_mac[6] = { NEAR_MAC };

struct lab {
	struct xdp xdp;
	int fds[WAYS];
	int memory;
	struct xsk_pool *pool;
	struct xsk *ways[WAYS];
	int fd; /* of the way that the test is about, with all packets of one SPI */
	struct xsk *xsk;
	int near; /* sees what the stack is given */
	int far;
};

struct frame {
	uint8_t b[FRAME_MAX];
	size_t n;
};

static void
run(const char *command)
{
	if (system(command) != 0)
		fail_msg("%s", command);
}

/* What a command prints. */
static bool
says(const char *command, const char *word)
{
	char out[4096];
	FILE *f = popen(command, "r");
	assert_non_null(f);
	size_t n = fread(out, 1, sizeof(out) - 1, f);
	out[n] = '\0';
	pclose(f);
	return strstr(out, word) != NULL;
}

static int
tap(const char *device)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(device),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL));
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static struct addr
address(const char *text)
{
	struct addr a;
	assert_true(addr_parse(text, &a));
	return a;
}

static void
attach(struct lab *l)
{
	assert_int_equal(xdp_load(&l->xdp, near_mac, XSK_RX_MAX), 0);
	assert_int_equal(xdp_ways(&l->xdp, WAYS), 0);
	for (unsigned i = 0; i < WAYS; i++)
		assert_int_equal(xdp_socket(&l->xdp, 0, i, l->fds[i]), 0);
	assert_int_equal(xdp_gateway(&l->xdp, address("10.0.0.1"), true), 0);
	assert_int_equal(xdp_gateway(&l->xdp, address("fd00::1"), true), 0);
	assert_int_equal(xdp_attach(&l->xdp, if_nametoindex("near"), true), 0);
}

static void
take_up(struct lab *l)
{
	l->pool = xsk_pool_map(l->fds[0], l->memory);
	assert_non_null(l->pool);
	for (unsigned i = 0; i < WAYS; i++) {
		l->ways[i] = xsk_map(l->pool, i, l->fds[i]);
		assert_non_null(l->ways[i]);
	}
	xsk_pool_start(l->pool);
	l->fd = l->fds[SPI % WAYS];
	l->xsk = l->ways[SPI % WAYS];
	xsk_tx_reclaim(l->xsk);
}

static void
let_go(struct lab *l)
{
	for (unsigned i = 0; i < WAYS; i++)
		xsk_unmap(l->ways[i]);
}

static int
lab_open(void **state)
{
	static struct lab l;
	run("ip link add near address 02:00:00:00:00:01 type veth peer name far address "
	    "02:00:00:00:00:02");
	run("sysctl -qw net.ipv6.conf.near.disable_ipv6=1 net.ipv6.conf.far.disable_ipv6=1");
	run("ip link set near up && ip link set far up");
	int rc = -EBUSY; /* the socket of the test before goes a moment later */
	for (unsigned i = 0; i < 100 && rc == -EBUSY; i++) {
		rc = xsk_make(if_nametoindex("near"), 0, WAYS, l.fds, &l.memory);
		if (rc == -EBUSY)
			usleep(10000);
	}
	assert_int_equal(rc, 0);
	take_up(&l);
	attach(&l);
	l.near = tap("near");
	l.far = tap("far");
	*state = &l;
	return 0;
}

static int
lab_close(void **state)
{
	struct lab *l = *state;
	xdp_done(&l->xdp);
	let_go(l);
	for (unsigned i = 0; i < WAYS; i++)
		close(l->fds[i]);
	close(l->memory);
	close(l->near);
	close(l->far);
	run("ip link del near");
	return 0;
}

/* ESP to 10.0.0.1, LEN octets from the IP header on. */
static struct frame
esp4(size_t len)
{
	struct frame f = { .n = ETH + len };
	static const uint8_t head[] = { NEAR_MAC, FAR_MAC, 8, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 50,
		0, 0, 10, 0, 0, 2, 10, 0, 0, 1, 0, 0, 1, 0 };
	memcpy(f.b, head, sizeof(head));
	f.b[ETH + 2] = (uint8_t)(len >> 8);
	f.b[ETH + 3] = (uint8_t)len;
	return f;
}

static struct frame
esp6(size_t len)
{
	struct frame f = { .n = ETH + len };
	static const uint8_t head[] = { NEAR_MAC, FAR_MAC, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 50, 64,
		0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 1 };
	memcpy(f.b, head, sizeof(head));
	f.b[ETH + 42] = SPI >> 8;
	return f;
}

static void
far_send(const struct lab *l, const struct frame *f)
{
	assert_int_equal(send(l->far, f->b, f->n, 0), (ssize_t)f->n);
}

static bool
waits(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	return poll(&p, 1, WAIT_MS) == 1;
}

/* F came to the socket, and nothing to the stack. */
static void
assert_taken(const struct lab *l, const struct frame *f)
{
	uint32_t len;
	uint8_t b[FRAME_MAX];
	assert_true(waits(l->fd));
	assert_int_equal(xsk_rx_ready(l->xsk, 8), 1);
	const uint8_t *got = xsk_rx_frame(l->xsk, 0, &len);
	assert_int_equal(len, f->n);
	assert_memory_equal(got, f->b, f->n);
	xsk_rx_done(l->xsk, 1);
	assert_int_equal(recv(l->near, b, sizeof(b), 0), -1);
}

static void
assert_left_alone(const struct lab *l, const struct frame *f)
{
	uint8_t b[FRAME_MAX];
	assert_true(waits(l->near));
	assert_int_equal(recv(l->near, b, sizeof(b), 0), (ssize_t)f->n);
	assert_memory_equal(b, f->b, f->n);
	assert_int_equal(xsk_rx_ready(l->xsk, 8), 0);
}

static void
esp_for_a_gateway_of_ours_is_taken(void **state)
{
	const struct lab *l = *state;
	static const size_t lens[] = { 64, 1400, 1500 };
	for (size_t i = 0; i < 3; i++) {
		struct frame f = esp4(lens[i]);
		far_send(l, &f);
		assert_taken(l, &f);
		f = esp6(lens[i]);
		far_send(l, &f);
		assert_taken(l, &f);
	}
	assert_true(l->xdp.is_native);
}

static void
everything_else_goes_its_way(void **state)
{
	const struct lab *l = *state;
	static const struct {
		const char *what;
		size_t at; /* from the start of the frame */
		uint8_t value;
		bool is_v6;
	} cases[] = {
		{ "another protocol", ETH + 9, 17, false },
		{ "another gateway", ETH + 19, 3, false },
		{ "another station", 5, 9, false },
		{ "to everybody in the group", 0, 3, false },
		{ "options", ETH, 0x46, false },
		{ "the first fragment", ETH + 6, 0x20, false },
		{ "a later fragment", ETH + 7, 1, false },
		{ "another kind of frame", 13, 6, false },
		{ "an extension header", ETH + 6, 44, true },
		{ "another gateway", ETH + 39, 9, true },
		{ "another station", 3, 9, true },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct frame f = cases[i].is_v6 ? esp6(100) : esp4(100);
		f.b[cases[i].at] = cases[i].value;
		far_send(l, &f);
		assert_left_alone(l, &f);
	}
	struct frame df = esp4(100);
	df.b[ETH + 6] = 0x40; /* no fragment */
	far_send(l, &df);
	assert_taken(l, &df);
}

static void
what_is_sent_leaves_the_device(void **state)
{
	const struct lab *l = *state;
	uint8_t b[FRAME_MAX];
	unsigned lost;
	for (unsigned round = 0; round < 40; round++) {
		for (unsigned i = 0; i < 100; i++) {
			struct frame f = esp4(100 + i);
			uint8_t *to = xsk_tx_frame(l->xsk);
			assert_non_null(to);
			memcpy(to, f.b, f.n);
			xsk_tx_put(l->xsk, (uint32_t)f.n);
		}
		assert_int_equal(xsk_tx_kick(l->xsk, &lost), 0);
		for (unsigned i = 0; i < 100; i++) {
			struct frame f = esp4(100 + i);
			assert_true(waits(l->far));
			assert_int_equal(recv(l->far, b, sizeof(b), 0), (ssize_t)f.n);
			assert_memory_equal(b, f.b, f.n);
		}
		xsk_tx_reclaim(l->xsk);
	}
}

/* Frames are taken at once, filled in any order, and given back. */
static void
frames_taken_ahead_leave_too(void **state)
{
	enum { N = 60 };
	const struct lab *l = *state;
	uint8_t *frames[N];
	uint8_t b[FRAME_MAX];
	uint8_t *all[XSK_TX_FRAMES];
	unsigned lost;
	for (unsigned round = 0; round < 40; round++) {
		assert_true(xsk_tx_take(l->xsk, N, frames));
		for (unsigned i = 0; i < N; i++) { /* not where a frame begins */
			struct frame f = esp4(100 + i);
			memcpy(frames[i] + 2, f.b, f.n);
		}
		for (unsigned i = 0; i < N; i++)
			xsk_tx_put_at(l->xsk, frames[i] + 2, (uint32_t)esp4(100 + i).n);
		assert_int_equal(xsk_tx_kick(l->xsk, &lost), 0);
		for (unsigned i = 0; i < N; i++) {
			struct frame f = esp4(100 + i);
			assert_true(waits(l->far));
			assert_int_equal(recv(l->far, b, sizeof(b), 0), (ssize_t)f.n);
			assert_memory_equal(b, f.b, f.n);
		}
		xsk_tx_reclaim(l->xsk);
		assert_true(xsk_tx_take(l->xsk, XSK_TX_FRAMES, all)); /* all of them are back */
		assert_false(xsk_tx_take(l->xsk, 1, frames));
		xsk_tx_untake(l->xsk, XSK_TX_FRAMES, all);
	}
}

static void
rings_run_round(void **state)
{
	struct lab *l = *state;
	struct frame f = esp4(200);
	for (unsigned i = 0; i < 3 * XSK_RX_FRAMES / 64; i++) {
		for (unsigned k = 0; k < 64; k++) {
			f.b[ETH + 30] = (uint8_t)k;
			far_send(l, &f);
		}
		for (unsigned k = 0; k < 64; k++) {
			f.b[ETH + 30] = (uint8_t)k;
			uint32_t len;
			assert_true(waits(l->fd));
			assert_memory_equal(xsk_rx_frame(l->xsk, 0, &len), f.b, f.n);
			xsk_rx_done(l->xsk, 1);
		}
	}
}

static void
who_comes_next_finds_what_waits(void **state)
{
	struct lab *l = *state;
	for (unsigned i = 0; i < 5; i++) {
		struct frame f = esp4(100);
		far_send(l, &f);
		assert_true(waits(l->fd));
		/* the first owner goes with a frame in its hands, and another that it has queued */
		uint8_t *to = xsk_tx_frame(l->xsk);
		assert_non_null(to);
		memcpy(to, f.b, f.n);
		xsk_tx_put(l->xsk, (uint32_t)f.n);
		let_go(l);
		take_up(l);
		assert_taken(l, &f);
	}
	rings_run_round(state);
	what_is_sent_leaves_the_device(state);
}

static void
the_spi_chooses_the_way(void **state)
{
	struct lab *l = *state;
	for (uint32_t spi = 0xfffffff0; spi != 16; spi++)
		for (unsigned v = 0; v < 2; v++) {
			struct frame f = v == 0 ? esp4(100) : esp6(100);
			uint8_t *at = f.b + ETH + (v == 0 ? 20 : 40);
			for (unsigned i = 0; i < 4; i++)
				at[i] = (uint8_t)(spi >> (24 - 8 * i));
			l->fd = l->fds[spi % WAYS];
			l->xsk = l->ways[spi % WAYS];
			far_send(l, &f);
			assert_taken(l, &f);
		}
	/* fewer take part */
	assert_int_equal(xdp_ways(&l->xdp, 1), 0);
	struct frame f = esp4(100);
	l->fd = l->fds[0];
	l->xsk = l->ways[0];
	f.b[ETH + 23] = 1;
	far_send(l, &f);
	assert_taken(l, &f);
}

static void
no_program_is_left(void **state)
{
	struct lab *l = *state;
	assert_true(says("ip link show near", "prog/xdp"));
	xdp_done(&l->xdp);
	assert_false(says("ip link show near", "prog/xdp"));
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		attach(l);
		kill(getpid(), SIGKILL);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_false(says("ip link show near", "prog/xdp"));
	struct frame f = esp4(100);
	far_send(l, &f);
	assert_left_alone(l, &f);
}

static void
a_gateway_that_goes_is_the_stacks_again(void **state)
{
	struct lab *l = *state;
	assert_int_equal(xdp_gateway(&l->xdp, address("10.0.0.1"), false), 0);
	struct frame f = esp4(100);
	far_send(l, &f);
	assert_left_alone(l, &f);
	f = esp6(100);
	far_send(l, &f);
	assert_taken(l, &f);
}

static void
another_program_is_left_where_it_is(void **state)
{
	struct lab *l = *state;
	struct xdp second;
	assert_int_equal(xdp_load(&second, near_mac, XSK_RX_MAX), 0);
	assert_int_equal(xdp_attach(&second, if_nametoindex("near"), true), -EBUSY);
	xdp_done(&second);
	struct frame f = esp4(100);
	far_send(l, &f);
	assert_taken(l, &f);
}

/* What was set for the polling of a veth cannot outlive the program, since without one it does not poll. */
static void
polling_goes_with_the_program(void **state)
{
	struct lab *l = *state;
	unsigned near = if_nametoindex("near");
	int n = napi_defer(near, 1, 50000);
	if (n == -EOPNOTSUPP || n == -ENOENT || n == -EINVAL)
		skip(); /* an older kernel */
	assert_int_equal(n, 1);
	for (unsigned i = 0; i < 200; i++) {
		struct frame f = esp4(100);
		far_send(l, &f);
		assert_taken(l, &f);
	}
	close(l->xdp.link);
	l->xdp.link = -1;
	assert_int_equal(napi_defer(near, 0, 0), 0);
}

static void
a_device_that_goes_is_told(void **state)
{
	struct lab *l = *state;
	unsigned lost = 0;
	run("ip link set near down");
	struct frame f = esp4(100);
	memcpy(xsk_tx_frame(l->xsk), f.b, f.n);
	xsk_tx_put(l->xsk, (uint32_t)f.n);
	assert_int_equal(xsk_tx_kick(l->xsk, &lost), -ENETDOWN);
	assert_int_equal(lost, 1);
	for (unsigned i = 0; i < XSK_TX_FRAMES; i++) { /* all frames are there again */
		assert_non_null(xsk_tx_frame(l->xsk));
		xsk_tx_put(l->xsk, 100);
	}
	assert_null(xsk_tx_frame(l->xsk));
	run("ip link del near");
	assert_true(xsk_tx_kick(l->xsk, &lost) < 0);
	assert_int_equal(lost, XSK_TX_FRAMES);
	run("ip link add near type veth peer name far");
}

int
main(void)
{
#define IN_LAB(f) cmocka_unit_test_setup_teardown(f, lab_open, lab_close)
	const struct CMUnitTest tests[] = {
		IN_LAB(esp_for_a_gateway_of_ours_is_taken),
		IN_LAB(everything_else_goes_its_way),
		IN_LAB(what_is_sent_leaves_the_device),
		IN_LAB(frames_taken_ahead_leave_too),
		IN_LAB(rings_run_round),
		IN_LAB(who_comes_next_finds_what_waits),
		IN_LAB(the_spi_chooses_the_way),
		IN_LAB(no_program_is_left),
		IN_LAB(a_gateway_that_goes_is_the_stacks_again),
		IN_LAB(another_program_is_left_where_it_is),
		IN_LAB(polling_goes_with_the_program),
		IN_LAB(a_device_that_goes_is_told),
	};
	int probe;
	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0)
		return SKIP;
	probe = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (probe < 0)
		return SKIP;
	close(probe);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
