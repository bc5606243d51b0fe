/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tun_test.c - TUN devices of a real kernel: queues that come and go, and what arrives in one piece.
 *
 * In a network namespace of its own. Needs root; skipped (77) without.
 */
#include "lib/os/tun.h"

#include "lib/base/bytes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

enum {
	SKIP = 77,
	WAIT_MS = 200,
	SEGMENT = 1000,
	SEGMENTS = 10,
	IP_LEN = 20,
	UDP_LEN = 8,
	TCP_LEN = 20,
	PEER_PORT = 9,
	FRAME_MAX = TUN_VNET_HEADER + 65535,
};

static const struct tun_kind plain = { 0 };
static const struct tun_kind full = { .has_queues = true, .has_vnet_header = true };

struct frame {
	struct virtio_net_hdr head;
	uint8_t ip[FRAME_MAX];
	size_t n; /* octets of ip */
};

static int
device_open(void)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void
run(const char *command)
{
	if (system(command) != 0)
		fail_msg("%s", command);
}

/* A device of KIND on 10.0.0.1/24, up. */
static int
device_make(const char *name, struct tun_kind kind)
{
	int fd = device_open();
	assert_int_equal(tun_create(fd, name, kind), 0);
	run("ip link set t0 up mtu 65535 && ip addr add 10.0.0.1/24 dev t0");
	return fd;
}

/* Reads the next IPv4 packet; false if there is none. */
static bool
frame_read(int fd, struct frame *f)
{
	static uint8_t b[FRAME_MAX];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	while (poll(&p, 1, WAIT_MS) == 1) {
		ssize_t n = read(fd, b, sizeof(b));
		if (n <= TUN_VNET_HEADER)
			return false;
		memcpy(&f->head, b, sizeof(f->head));
		f->n = (size_t)n - TUN_VNET_HEADER;
		memcpy(f->ip, b + TUN_VNET_HEADER, f->n);
		if (f->ip[0] >> 4 == 4)
			return true;
	}
	return false;
}

static struct sockaddr_in
peer(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(PEER_PORT) };
	assert_int_equal(inet_pton(AF_INET, "10.0.0.2", &in.sin_addr), 1);
	return in;
}

/* Sends SEGMENTS datagrams by one call. */
static void
train_send(void)
{
	static uint8_t b[SEGMENTS * SEGMENT];
	static const int size = SEGMENT;
	struct sockaddr_in to = peer();
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)), 0);
	assert_int_equal(
	    sendto(fd, b, sizeof(b), 0, (struct sockaddr *)&to, sizeof(to)), sizeof(b));
	close(fd);
}

static uint16_t
sum16(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* True if the UDP checksum of a whole packet is right. */
static bool
is_summed(const struct frame *f)
{
	size_t n = f->n - IP_LEN;
	return sum16(f->ip + 12, 8 + n, (uint32_t)(IPPROTO_UDP + n)) == 0xffff;
}

static void
udp_segments_arrive_in_one_piece(void **state)
{
	(void)state;
	static struct frame f;
	enum tun_offload got;
	int fd = device_make("t0", full);
	assert_int_equal(tun_offload(fd, TUN_OFFLOAD_ALL, &got), 0);
	if (got != TUN_OFFLOAD_ALL) /* a kernel before 6.2 */
		skip();
	train_send();
	assert_true(frame_read(fd, &f));
	assert_int_equal(f.head.gso_type, VIRTIO_NET_HDR_GSO_UDP_L4);
	assert_int_equal(f.head.gso_size, SEGMENT);
	assert_int_equal(f.head.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_int_equal(f.head.csum_start, IP_LEN);
	assert_int_equal(f.n, IP_LEN + UDP_LEN + SEGMENTS * SEGMENT);
	assert_false(frame_read(fd, &f));
	close(fd);
}

static void
without_offload_each_segment_is_a_whole_packet(void **state)
{
	(void)state;
	static const enum tun_offload less[] = { TUN_OFFLOAD_NONE, TUN_OFFLOAD_TCP };
	static struct frame f;
	enum tun_offload got;
	int fd = device_make("t0", full);
	for (unsigned l = 0; l < 2; l++) {
		assert_int_equal(tun_offload(fd, TUN_OFFLOAD_ALL, &got), 0);
		assert_int_equal(tun_offload(fd, less[l], &got), 0);
		assert_int_equal(got, less[l]);
		train_send();
		for (unsigned i = 0; i < SEGMENTS; i++) {
			assert_true(frame_read(fd, &f));
			assert_int_equal(f.head.gso_type, VIRTIO_NET_HDR_GSO_NONE);
			assert_int_equal(f.n, IP_LEN + UDP_LEN + SEGMENT);
			if (less[l] == TUN_OFFLOAD_NONE) {
				assert_int_equal(f.head.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM, 0);
				assert_true(is_summed(&f));
			}
		}
		assert_false(frame_read(fd, &f));
	}
	close(fd);
}

/* Writes the peer's SYN and ACK, answering the SYN in F; the kernel completes the checksum. */
static void
syn_answer(int fd, const struct frame *f)
{
	uint8_t b[TUN_VNET_HEADER + IP_LEN + TCP_LEN];
	struct virtio_net_hdr head = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.csum_start = IP_LEN,
		.csum_offset = 16,
	};
	struct rd syn = rd_init(f->ip + IP_LEN, TCP_LEN);
	uint16_t port = rd_u16(&syn);
	(void)rd_u16(&syn);
	uint32_t sequence = rd_u32(&syn);
	struct wr w = wr_init(b, sizeof(b));
	wr_bytes(&w, &head, TUN_VNET_HEADER);
	wr_u32(&w, 0x45000000U | (IP_LEN + TCP_LEN));
	wr_u32(&w, 0);
	wr_u32(&w, 64U << 24 | IPPROTO_TCP << 16);
	wr_u32(&w, 0x0a000002);
	wr_u32(&w, 0x0a000001);
	wr_u16(&w, PEER_PORT);
	wr_u16(&w, port);
	wr_u32(&w, 1);
	wr_u32(&w, sequence + 1);
	wr_u32(&w, 0x5012ffff); /* SYN, ACK, the largest window */
	uint8_t *ip = b + TUN_VNET_HEADER;
	/* what the kernel adds to is the sum of the addresses, the protocol and the length */
	wr_u16(&w, sum16(ip + 12, 8, IPPROTO_TCP + TCP_LEN));
	wr_u16(&w, 0);
	assert_true(wr_ok(&w));
	uint16_t sum = (uint16_t)~sum16(ip, IP_LEN, 0);
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
	assert_int_equal(write(fd, b, sizeof(b)), sizeof(b));
}

static void
tcp_segments_arrive_in_one_piece(void **state)
{
	(void)state;
	static uint8_t data[SEGMENTS * SEGMENT];
	static struct frame f;
	enum tun_offload got;
	struct sockaddr_in to = peer();
	int fd = device_make("t0", full);
	assert_int_equal(tun_offload(fd, TUN_OFFLOAD_TCP, &got), 0);
	assert_int_equal(got, TUN_OFFLOAD_TCP);
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(connect(s, (struct sockaddr *)&to, sizeof(to)), -1);
	assert_int_equal(errno, EINPROGRESS);
	assert_true(frame_read(fd, &f));
	syn_answer(fd, &f);
	struct pollfd p = { .fd = s, .events = POLLOUT };
	assert_int_equal(poll(&p, 1, 1000), 1);
	assert_int_equal(send(s, data, sizeof(data), 0), sizeof(data));
	bool is_super = false;
	while (frame_read(fd, &f) && !is_super) {
		is_super = f.head.gso_type == VIRTIO_NET_HDR_GSO_TCPV4 &&
			   f.n > IP_LEN + TCP_LEN + (size_t)f.head.gso_size;
		if (is_super)
			assert_int_equal(f.head.gso_size, 536); /* no option MSS */
	}
	assert_true(is_super);
	close(s);
	close(fd);
}

/* How many of N packets to different ports are put into FD. */
static unsigned
spread_count(int fd, unsigned n)
{
	static struct frame f;
	struct sockaddr_in to = peer();
	unsigned count = 0;
	while (frame_read(fd, &f))
		continue;
	for (unsigned i = 0; i < n; i++) {
		int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		to.sin_port = htons((uint16_t)(1000 + i));
		assert_int_equal(sendto(s, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
		close(s);
	}
	while (frame_read(fd, &f))
		count++;
	return count;
}

static void
queues_come_and_go(void **state)
{
	(void)state;
	int fd = device_make("t0", full);
	int more = device_open();
	assert_int_equal(spread_count(fd, 64), 64);
	assert_int_equal(tun_join(more, "t0", full), 0);
	unsigned first = spread_count(fd, 64);
	assert_in_range(first, 1, 63);
	assert_in_range(spread_count(more, 64), 1, 63);
	int copy = dup(more);
	assert_int_equal(tun_leave(copy), 0);
	close(copy);
	assert_int_equal(spread_count(fd, 64), 64);
	close(more);
	more = device_open();
	assert_int_equal(tun_join(more, "t0", full), 0);
	close(fd); /* the device lives by the other one */
	assert_int_equal(spread_count(more, 64), 64);
	close(more);
}

static void
a_device_is_made_once_and_keeps_its_kind(void **state)
{
	(void)state;
	enum tun_offload got;
	int fd = device_make("t0", plain);
	int more = device_open();
	assert_int_equal(tun_create(more, "t0", plain), -EBUSY);
	assert_int_equal(tun_join(more, "t0", full), -EINVAL);
	assert_int_equal(tun_create(more, "a-name-of-16-oct", plain), -ENAMETOOLONG);
	assert_true(tun_leave(fd) < 0);
	assert_true(tun_offload(more, TUN_OFFLOAD_ALL, &got) < 0);
	close(more);
	close(fd);
}

int
main(void)
{
	if (unshare(CLONE_NEWNET) < 0 || access("/dev/net/tun", R_OK | W_OK) < 0)
		return SKIP;
	if (system("ip link set lo up") != 0)
		return SKIP;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(udp_segments_arrive_in_one_piece),
		cmocka_unit_test(without_offload_each_segment_is_a_whole_packet),
		cmocka_unit_test(tcp_segments_arrive_in_one_piece),
		cmocka_unit_test(queues_come_and_go),
		cmocka_unit_test(a_device_is_made_once_and_keeps_its_kind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
