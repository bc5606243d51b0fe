/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sock_test.c - the sockets of a gateway with dynamic tunnels, on a real kernel: what arrives at which.
 *
 * In a network namespace of its own, on the loopback device. Needs root; skipped (77) without.
 */
#include "daemon/netd/sock.h"

#include "daemon/netd/plan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO 104
#endif

enum { SKIP = 77, WAIT_MS = 50, WORKERS = 3 };

static const char *const gateways[] = { "192.0.2.1", "fd00::1" };

static int
open_socket(const char *role, const char *gateway)
{
	struct item it = { .role = role };
	assert_true(addr_parse(gateway, &it.peer));
	it.family = it.peer.family;
	int fd = sock_open(&it);
	assert_true(fd >= 0);
	return fd;
}

static struct sockaddr_storage
place(const char *gateway, uint16_t port, socklen_t *len)
{
	struct sockaddr_storage ss = { 0 };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	if (inet_pton(AF_INET, gateway, &in.sin_addr) == 1) {
		memcpy(&ss, &in, *len = sizeof(in));
	} else {
		assert_int_equal(inet_pton(AF_INET6, gateway, &in6.sin6_addr), 1);
		memcpy(&ss, &in6, *len = sizeof(in6));
	}
	return ss;
}

static void
send_to(const char *gateway, uint16_t port, const void *p, size_t n)
{
	socklen_t len;
	struct sockaddr_storage to = place(gateway, port, &len);
	int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(sendto(fd, p, n, 0, (struct sockaddr *)&to, len), (ssize_t)n);
	close(fd);
}

/* Length of what waits at FD, or -1. */
static ssize_t
take(int fd)
{
	uint8_t b[2000];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	return poll(&p, 1, WAIT_MS) == 1 ? recv(fd, b, sizeof(b), 0) : -1;
}

static void
port_4500_is_shared_by_the_first_word(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		uint8_t b[40];
		size_t n;
		bool is_ike;
		bool is_esp;
	} rows[] = {
		{ "IKE behind its marker", { 0, 0, 0, 0, 1, 2, 3, 4 }, 32, true, false },
		{ "ESP", { 0, 0, 1, 0, 0, 0, 0, 1 }, 40, false, true },
		{ "a keepalive", { 0xff }, 1, false, false },
		{ "nothing", { 0 }, 0, false, false },
		{ "three octets", { 0 }, 3, false, false },
		{ "a marker alone", { 0 }, 4, true, false },
		{ "an SPI alone", { 1, 2, 3, 4 }, 4, false, false },
	};
	for (size_t g = 0; g < 2; g++) {
		int ike = open_socket("ike-natt", gateways[g]);
		int esp = open_socket("udp", gateways[g]);
		/* an IPv4 raw socket shows the IP header, too */
		ssize_t ahead = g == 0 ? 28 : 8;
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			send_to(gateways[g], 4500, rows[i].b, rows[i].n);
			ssize_t n = (ssize_t)rows[i].n;
			ssize_t got_ike = take(ike);
			ssize_t got_esp = take(esp);
			if (got_ike != (rows[i].is_ike ? n : -1) ||
			    got_esp != (rows[i].is_esp ? n + ahead : -1))
				fail_msg("%s to %s: IKE %zd, ESP %zd", rows[i].what, gateways[g],
				    got_ike, got_esp);
		}
		send_to(gateways[g], 4501, rows[1].b, rows[1].n);
		assert_int_equal(take(esp), -1);
		close(ike);
		close(esp);
	}
}

/* kmd reads both until it has the second. */
static void
a_second_netd_binds_beside_the_first(void **state)
{
	(void)state;
	for (size_t g = 0; g < 2; g++) {
		int before = open_socket("ike", gateways[g]);
		int after = open_socket("ike", gateways[g]);
		send_to(gateways[g], 500, "0123456789", 10);
		assert_int_equal((take(after) == 10) + (take(before) == 10), 1);
		close(before);
		send_to(gateways[g], 500, "0123456789", 10);
		assert_int_equal(take(after), 10);
		close(after);
	}
}

/* Whether somebody without rights can bind where datagrams for port 4500 arrive; the exit status of a process that tries. */
static int
stranger_binds(const char *address)
{
	static const int options[] = { SO_REUSEADDR, SO_REUSEPORT };
	static const int yes = 1;
	socklen_t len;
	struct sockaddr_storage at = place(address, 4500, &len);
	pid_t pid = fork();
	int status = -1;
	if (pid != 0) {
		assert_int_equal(waitpid(pid, &status, 0), pid);
		return WEXITSTATUS(status);
	}
	if (setresuid(65534, 65534, 65534) < 0)
		_exit(2);
	for (unsigned set = 0; set < 4; set++) {
		int fd = socket(at.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		for (unsigned i = 0; i < 2; i++)
			if ((set & 1U << i) != 0)
				(void)setsockopt(fd, SOL_SOCKET, options[i], &yes, sizeof(yes));
		if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) == 0)
			_exit(1);
		close(fd);
	}
	_exit(0);
}

/* Port 4500 is anybody's: a user of the host must not get what peers send to kmd. */
static void
nobody_else_binds_beside_us(void **state)
{
	(void)state;
	static const char *const any[] = { "0.0.0.0", "::" };
	for (size_t g = 0; g < 2; g++) {
		int fd = open_socket("ike-natt", gateways[g]);
		int natt = open_socket("natt", gateways[g]);
		assert_int_equal(stranger_binds(gateways[g]), 0);
		assert_int_equal(stranger_binds(any[g]), 0);
		close(fd);
		close(natt);
	}
}

/* --- the group of port 4500 --- */

struct group {
	int ike;
	int udp;
	int natt[WORKERS];
};

/* All packets are one services interface's. */
static int
steer(int fd, unsigned workers)
{
	return sock_steer(fd, &(struct sock_member){ .spi_slot = 77, .workers = workers }, 1);
}

static struct group
group_open(const char *gateway)
{
	struct group g = { .ike = open_socket("ike-natt", gateway),
		.udp = open_socket("udp", gateway) };
	uint8_t family = strchr(gateway, ':') != NULL ? ADDR_V6 : ADDR_V4;
	for (unsigned i = 0; i < WORKERS; i++)
		g.natt[i] = open_socket("natt", gateway);
	assert_int_equal(steer(g.ike, WORKERS), 0);
	assert_int_equal(sock_mute(g.udp, family, true), 0);
	return g;
}

static void
group_close(struct group *g)
{
	close(g->ike);
	close(g->udp);
	for (unsigned i = 0; i < WORKERS; i++)
		close(g->natt[i]);
}

/* Who got it: 0 kmd's socket, 1.. a worker's, -1 nobody; fails if two did. */
static int
taker(const struct group *g)
{
	int who = -1;
	assert_int_equal(take(g->udp), -1);
	for (int i = 0; i <= WORKERS; i++) {
		if (take(i == 0 ? g->ike : g->natt[i - 1]) < 0)
			continue;
		assert_int_equal(who, -1);
		who = i;
	}
	return who;
}

static void
the_group_spreads_esp_by_spi(void **state)
{
	(void)state;
	static const uint8_t ike[32] = { 0, 0, 0, 0, 1 };
	static const uint8_t keepalive[1] = { 0xff };
	for (size_t a = 0; a < 2; a++) {
		struct group g = group_open(gateways[a]);
		for (uint32_t spi = 256; spi < 256 + 2 * WORKERS; spi++) {
			uint8_t esp[40] = { 0, 0, (uint8_t)(spi >> 8), (uint8_t)spi };
			send_to(gateways[a], 4500, esp, sizeof(esp));
			assert_int_equal(taker(&g), 1 + spi % WORKERS);
		}
		uint8_t high[40] = { 0xff, 0xff, 0xff, 0xff };
		send_to(gateways[a], 4500, high, sizeof(high));
		assert_int_equal(taker(&g), 1 + UINT32_MAX % WORKERS);
		send_to(gateways[a], 4500, ike, sizeof(ike));
		assert_int_equal(taker(&g), 0);
		/* kmd's own filter takes these */
		send_to(gateways[a], 4500, keepalive, sizeof(keepalive));
		send_to(gateways[a], 4500, keepalive, 0);
		assert_int_equal(taker(&g), -1);
		group_close(&g);
	}
}

/* Services interfaces with different numbers of workers; the first one also gets what is nobody's. */
static void
the_group_is_shared_by_services_interfaces(void **state)
{
	static const struct sock_member members[] = { { 69, 2 }, { 255, 1 } };
	static const struct {
		uint8_t slot;
		unsigned first;
		unsigned workers;
	} rows[] = {
		{ 69, 1, 2 },
		{ 255, 3, 1 },
		{ 254, 1, 2 },
	};
	static const uint8_t ike[32] = { 0, 0, 0, 0, 1 };
	static const uint8_t keepalive[1] = { 0xff };
	(void)state;
	for (size_t a = 0; a < 2; a++) {
		struct group g = group_open(gateways[a]);
		assert_int_equal(sock_steer(g.ike, members, 2), 0);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			for (uint32_t low = 256; low < 258; low++) {
				uint32_t spi = (uint32_t)rows[i].slot << 24 | low;
				uint8_t esp[40] = { rows[i].slot, 0, (uint8_t)(low >> 8),
					(uint8_t)low };
				send_to(gateways[a], 4500, esp, sizeof(esp));
				assert_int_equal(taker(&g), rows[i].first + spi % rows[i].workers);
			}
		send_to(gateways[a], 4500, ike, sizeof(ike));
		assert_int_equal(taker(&g), 0);
		send_to(gateways[a], 4500, keepalive, sizeof(keepalive));
		assert_int_equal(taker(&g), -1);
		group_close(&g);
	}
}

/* As many as can run, with as many workers as there can be. */
static void
the_largest_program_is_taken(void **state)
{
	struct sock_member members[NATT_PICS_MAX];
	struct group g = group_open(gateways[0]);
	(void)state;
	for (unsigned i = 0; i < NATT_PICS_MAX; i++)
		members[i] = (struct sock_member){ .spi_slot = (uint8_t)(3 * i), .workers = 16 };
	assert_int_equal(sock_steer(g.ike, members, NATT_PICS_MAX), 0);
	group_close(&g);
}

static void
the_group_can_change_its_workers_and_end(void **state)
{
	(void)state;
	static const uint8_t esp[40] = { 0, 0, 1, 2 }; /* 258 */
	static const uint8_t ike[32] = { 0, 0, 0, 0, 1 };
	for (size_t a = 0; a < 2; a++) {
		struct group g = group_open(gateways[a]);
		for (unsigned workers = WORKERS; workers > 0; workers--) {
			assert_int_equal(steer(g.ike, workers), 0);
			send_to(gateways[a], 4500, esp, sizeof(esp));
			assert_int_equal(taker(&g), 1 + 258 % workers);
		}
		/* who holds a copy of a socket does not matter */
		int copy = dup(g.natt[0]);
		close(g.natt[0]);
		g.natt[0] = copy;
		send_to(gateways[a], 4500, esp, sizeof(esp));
		assert_int_equal(taker(&g), 1);
		assert_int_equal(sock_mute(g.udp, a == 0 ? ADDR_V4 : ADDR_V6, false), 0);
		assert_int_equal(sock_steer(g.ike, NULL, 0), 0);
		send_to(gateways[a], 4500, esp, sizeof(esp));
		assert_true(take(g.udp) > 0);
		assert_int_equal(taker(&g), -1);
		send_to(gateways[a], 4500, ike, sizeof(ike));
		assert_int_equal(taker(&g), 0);
		group_close(&g);
	}
}

/* Sends N octets at B in one call, as datagrams of SIZE, with this TOS or traffic class. */
static void
train_send(const char *gateway, const uint8_t *b, size_t n, int size, int tos)
{
	bool is_v6 = strchr(gateway, ':') != NULL;
	socklen_t len;
	struct sockaddr_storage to = place(gateway, 4500, &len);
	int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)), 0);
	assert_int_equal(setsockopt(fd, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP,
			     is_v6 ? IPV6_TCLASS : IP_TOS, &tos, sizeof(tos)),
	    0);
	assert_int_equal(sendto(fd, b, n, 0, (struct sockaddr *)&to, len), (ssize_t)n);
	close(fd);
}

/* What one read of FD brings. */
struct batch {
	ssize_t n;   /* octets; -1: nothing */
	int size;    /* of each datagram; 0: there is one only */
	uint8_t tos; /* traffic class of the outer header */
	bool has_destination;
};

static struct batch
batch_take(int fd)
{
	static uint8_t b[65536];
	uint8_t control[256] __attribute__((aligned(16)));
	struct batch out = { .n = -1 };
	struct iovec iov = { .iov_base = b, .iov_len = sizeof(b) };
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct pollfd p = { .fd = fd, .events = POLLIN };
	if (poll(&p, 1, WAIT_MS) != 1)
		return out;
	out.n = recvmsg(fd, &m, 0);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO)
			memcpy(&out.size, CMSG_DATA(c), sizeof(out.size));
		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS))
			memcpy(&out.tos, CMSG_DATA(c), sizeof(out.tos));
		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO))
			out.has_destination = true;
	}
	return out;
}

static void
a_train_arrives_in_one_piece_with_its_outer_header(void **state)
{
	(void)state;
	static uint8_t b[10 * 1000];
	for (size_t a = 0; a < 2; a++) {
		struct group g = group_open(gateways[a]);
		for (size_t i = 0; i < sizeof(b); i += 1000)
			b[i + 3] = 3; /* SPI, all of the same */
		train_send(gateways[a], b, sizeof(b), 1000, 0xb9);
		assert_int_equal(batch_take(g.natt[0]).n, 1000); /* not asked for yet */
		while (take(g.natt[0]) >= 0)
			continue;
		for (unsigned i = 0; i < WORKERS; i++)
			assert_int_equal(sock_merge(g.natt[i], true), 0);
		train_send(gateways[a], b, sizeof(b), 1000, 0xb9);
		struct batch got = batch_take(g.natt[0]);
		assert_int_equal(got.n, sizeof(b));
		assert_int_equal(got.size, 1000);
		assert_true(got.has_destination);
		assert_int_equal(got.tos, 0xb9); /* EF, ECT(1) */
		assert_int_equal(batch_take(g.natt[0]).n, -1);
		group_close(&g);
	}
}

/* Writes the report of a router that a packet of ESP in UDP from ours to 192.0.2.9 is longer than MTU. */
static void
report_send(uint16_t mtu, uint32_t spi)
{
	uint8_t b[8 + 20 + 8 + 8] = { 3, 4 }; /* ICMP; IP, UDP and ESP as they were sent */
	struct sockaddr_in to = { .sin_family = AF_INET };
	b[6] = (uint8_t)(mtu >> 8);
	b[7] = (uint8_t)mtu;
	uint8_t *ip = b + 8;
	ip[0] = 0x45;
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	assert_int_equal(inet_pton(AF_INET, gateways[0], ip + 12), 1);
	assert_int_equal(inet_pton(AF_INET, "192.0.2.9", ip + 16), 1);
	uint8_t *udp = ip + 20;
	udp[0] = udp[2] = 4500 >> 8;
	udp[1] = udp[3] = 4500 & 0xff;
	udp[5] = 100;
	for (unsigned i = 0; i < 4; i++)
		udp[8 + i] = (uint8_t)(spi >> (24 - 8 * i));
	uint32_t sum = 0;
	for (size_t i = 0; i < sizeof(b); i += 2)
		sum += (uint32_t)b[i] << 8 | b[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	b[2] = (uint8_t)(sum >> 8);
	b[3] = (uint8_t)sum;
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	assert_true(fd >= 0);
	assert_int_equal(inet_pton(AF_INET, gateways[0], &to.sin_addr), 1);
	assert_int_equal(
	    sendto(fd, b, sizeof(b), 0, (struct sockaddr *)&to, sizeof(to)), sizeof(b));
	close(fd);
}

/* What waits in the error queue of FD: the MTU of a report, and in OUT_SPI what it is about; 0: nothing. */
static uint32_t
report_take(int fd, uint32_t *out_spi)
{
	uint8_t b[64];
	uint8_t control[256] __attribute__((aligned(16)));
	struct iovec iov = { .iov_base = b, .iov_len = sizeof(b) };
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT);
	struct sock_extended_err e;
	if (n < 12)
		return 0;
	*out_spi = (uint32_t)b[8] << 24 | (uint32_t)b[9] << 16 | (uint32_t)b[10] << 8 | b[11];
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) {
			memcpy(&e, CMSG_DATA(c), sizeof(e));
			return e.ee_errno == EMSGSIZE ? e.ee_info : 0;
		}
	return 0;
}

static void
reports_arrive_at_the_muted_raw_socket(void **state)
{
	(void)state;
	static const int on = 1;
	struct group g = group_open(gateways[0]);
	uint32_t spi = 0;
	int error = 0;
	socklen_t len = sizeof(error);
	assert_int_equal(setsockopt(g.udp, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), 0);
	report_send(1234, 0x12345678);
	assert_int_equal(report_take(g.udp, &spi), 1234);
	assert_int_equal(spi, 0x12345678);
	assert_int_equal(report_take(g.udp, &spi), 0);
	/* it disturbs no other: the next to send would be told */
	for (unsigned i = 0; i <= WORKERS; i++) {
		int fd = i == 0 ? g.ike : g.natt[i - 1];
		assert_int_equal(report_take(fd, &spi), 0);
		assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len), 0);
		assert_int_equal(error, 0);
	}
	group_close(&g);
}

static void
an_address_that_is_not_there_yet_can_be_bound(void **state)
{
	(void)state;
	int fd4 = open_socket("ike", "198.51.100.77");
	int fd6 = open_socket("ike-natt", "2001:db8::77");
	int raw = open_socket("udp", "2001:db8::77");
	struct item it = { .role = "nonsense", .family = ADDR_V4 };
	assert_true(sock_open(&it) < 0);
	close(fd4);
	close(fd6);
	close(raw);
}

int
main(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		return SKIP;
	if (system("ip link set lo up && ip addr add 192.0.2.1/32 dev lo && "
		   "ip addr add fd00::1/128 dev lo nodad") != 0)
		return SKIP;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(port_4500_is_shared_by_the_first_word),
		cmocka_unit_test(a_second_netd_binds_beside_the_first),
		cmocka_unit_test(nobody_else_binds_beside_us),
		cmocka_unit_test(the_group_spreads_esp_by_spi),
		cmocka_unit_test(the_group_is_shared_by_services_interfaces),
		cmocka_unit_test(the_largest_program_is_taken),
		cmocka_unit_test(the_group_can_change_its_workers_and_end),
		cmocka_unit_test(a_train_arrives_in_one_piece_with_its_outer_header),
		cmocka_unit_test(reports_arrive_at_the_muted_raw_socket),
		cmocka_unit_test(an_address_that_is_not_there_yet_can_be_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
