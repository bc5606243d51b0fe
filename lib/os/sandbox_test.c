/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sandbox_test.c - what a picd can do with the sockets that it was given, and what ends it.
 *
 * Each case is a process that becomes a picd and does one thing. Needs root; skipped (77) without.
 */
#include "lib/os/sandbox.h"

#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum { SKIP = 77, NOBODY = 65534 };

struct option {
	int level;
	int name;
};

/* Two ends of a UDP way on the loopback device. */
struct ends {
	int in;
	int out;
	struct sockaddr_in at;
};

static struct ends
ends_make(void)
{
	struct ends e = {
		.in = socket(AF_INET, SOCK_DGRAM, 0),
		.out = socket(AF_INET, SOCK_DGRAM, 0),
		.at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) },
	};
	socklen_t len = sizeof(e.at);
	assert_int_equal(bind(e.in, (struct sockaddr *)&e.at, sizeof(e.at)), 0);
	assert_int_equal(getsockname(e.in, (struct sockaddr *)&e.at, &len), 0);
	return e;
}

/* Runs DO_IT as a picd; returns its exit status, or minus the signal that ended it. */
static int
as_picd(int (*do_it)(const struct ends *e, const void *arg), const void *arg)
{
	struct ends e = ends_make();
	int status = -1;
	pid_t pid = fork();
	if (pid == 0) {
		const char *what = "";
		if (priv_drop(NOBODY, NOBODY, 0, &what) < 0 ||
		    sandbox_enter(SANDBOX_PICD, &what) < 0)
			_exit(99);
		_exit(do_it(&e, arg));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(e.in);
	close(e.out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int
option_set(const struct ends *e, const void *arg)
{
	const struct option *o = arg;
	int value = 1;
	/* whether it makes sense for this socket does not matter */
	(void)setsockopt(e->out, o->level, o->name, &value, sizeof(value));
	return 0;
}

static void
a_picd_says_what_the_kernel_writes_and_nothing_else(void **state)
{
	(void)state;
	static const struct option good[] = {
		{ IPPROTO_IP, IP_MTU_DISCOVER },
		{ IPPROTO_IP, IP_TOS },
		{ IPPROTO_IP, IP_TTL },
		{ IPPROTO_IP, IP_RECVERR },
		{ IPPROTO_IPV6, IPV6_MTU_DISCOVER },
		{ IPPROTO_IPV6, IPV6_TCLASS },
		{ IPPROTO_IPV6, IPV6_UNICAST_HOPS },
		{ IPPROTO_IPV6, IPV6_RECVERR },
	};
	static const struct option bad[] = {
		{ SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF },
		{ SOL_SOCKET, SO_DETACH_REUSEPORT_BPF },
		{ SOL_SOCKET, SO_ATTACH_FILTER },
		{ SOL_SOCKET, SO_DETACH_FILTER },
		{ SOL_SOCKET, SO_MARK },
		{ SOL_SOCKET, SO_REUSEPORT },
		{ SOL_SOCKET, IP_TOS },
		{ IPPROTO_IP, IP_OPTIONS },
		{ IPPROTO_UDP, UDP_ENCAP },
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(as_picd(option_set, &good[i]), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(as_picd(option_set, &bad[i]), -SIGSYS);
}

/* What a worker does all day: a train out, a batch in, a device's vectors, waking another worker. */
static int
work_do(const struct ends *e, const void *arg)
{
	uint8_t b[300] = { 0 };
	uint8_t control[CMSG_SPACE(sizeof(uint16_t))] __attribute__((aligned(16))) = { 0 };
	uint16_t size = 100;
	uint64_t one = 1;
	struct iovec iov[] = { { b, 100 }, { b + 100, 200 } };
	struct msghdr m = {
		.msg_name = (void *)(uintptr_t)&e->at,
		.msg_namelen = sizeof(e->at),
		.msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	(void)arg;
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = IPPROTO_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(c), &size, sizeof(size));
	if (sendmsg(e->out, &m, 0) != sizeof(b))
		return 1;
	struct msghdr in = { .msg_iov = iov, .msg_iovlen = 2 };
	for (unsigned i = 0; i < 3; i++)
		if (recvmsg(e->in, &in, MSG_DONTWAIT) != size)
			return 2;
	int wake = eventfd(0, EFD_NONBLOCK);
	if (write(wake, &one, sizeof(one)) != sizeof(one) ||
	    read(wake, &one, sizeof(one)) != sizeof(one))
		return 3;
	int pipes[2];
	if (pipe2(pipes, 0) < 0 || writev(pipes[1], iov, 2) != sizeof(b) ||
	    readv(pipes[0], iov, 2) != sizeof(b))
		return 4;
	return 0;
}

static void
a_picd_can_do_its_work(void **state)
{
	(void)state;
	assert_int_equal(as_picd(work_do, NULL), 0);
}

static int
socket_make(const struct ends *e, const void *arg)
{
	(void)e;
	(void)arg;
	return socket(AF_INET, SOCK_DGRAM, 0) < 0;
}

static int
socket_bind(const struct ends *e, const void *arg)
{
	(void)arg;
	return bind(e->out, (const struct sockaddr *)&e->at, sizeof(e->at)) < 0;
}

static int
socket_connect(const struct ends *e, const void *arg)
{
	(void)arg;
	return connect(e->out, (const struct sockaddr *)&e->at, sizeof(e->at)) < 0;
}

static void
a_picd_makes_binds_and_connects_no_socket(void **state)
{
	(void)state;
	assert_int_equal(as_picd(socket_make, NULL), -SIGSYS);
	assert_int_equal(as_picd(socket_bind, NULL), -SIGSYS);
	assert_int_equal(as_picd(socket_connect, NULL), -SIGSYS);
}

int
main(void)
{
	if (geteuid() != 0)
		return SKIP;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_picd_says_what_the_kernel_writes_and_nothing_else),
		cmocka_unit_test(a_picd_can_do_its_work),
		cmocka_unit_test(a_picd_makes_binds_and_connects_no_socket),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
