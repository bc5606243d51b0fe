/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ike_peer.c - thousands of peers of one gateway, all of them this program: what drives kmd_bench.
 *
 * usage: ike_peer begin FIRST N [PFS]    begin main and quick mode from peers FIRST.., end with status 0 when all are up
 *        ike_peer wait N [PFS]           answer; say "up" when N tunnels are, and go on until standard input ends
 *        ike_peer floor GROUP [PFS]      microseconds of one handshake that the bare operations take, until standard input ends
 *
 * The engine on two sockets bound to every address; which peer a datagram is from or to is its address. The namespace must
 * have a local route for 198.19.0.0/16. Peer I is 198.19.(I/256).(I%256), protects 10.(I/256).(I%256).0/24 and wants
 * 192.168.0.0/16 of the gateway 198.18.0.1. Proposals are those of kmd_bench. What the environment's GROUP says (2) is offered. One thread.
 */
#include "bench/ike_floor.h"
#include "lib/base/clock.h"
#include "lib/crypto/rand.h"
#include "lib/ike/ike.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { AT_ONCE = 64, PEERS_MAX = 65536, LONGEST = 4096, PATIENCE_MS = 300000 };

static const uint8_t gateway[4] = { 198, 18, 0, 1 };
static struct p2_proposal p2 = { P2_ESP, AUTH_HMAC_SHA1_96, ENC_AES_128_CBC, 28800 };
static struct p1_proposal p1 = { METHOD_PSK, ENC_AES_128_CBC, HASH_SHA1, DH_GROUP2, 28800 };

static struct ike *ike;
static struct ike_policy *policy;
static enum dh_group pfs = DH_NONE;
static int sockets[2]; /* 500, 4500 */
static unsigned n_children;
static unsigned n_failed;
static bool begins;
static struct ike_sa
    *fresh[AT_ONCE]; /* up, quick mode has to begin: the host may not call the engine back */
static unsigned n_fresh;

static uint64_t
now_ms(void)
{
	return clock_ns() / 1000000;
}

static struct prefix
prefix_of(uint8_t a, uint8_t b, uint8_t c, unsigned len)
{
	return (struct prefix){ .addr = { ADDR_V4, { a, b, c } }, .len = (uint8_t)len };
}

static struct ike_tunnel *
tunnel_new(const struct ike_path *path)
{
	const uint8_t *b = path->local.addr.b;
	const struct ike_tunnel t = {
		.local = prefix_of(10, b[2], b[3], 24),
		.remote = prefix_of(192, 168, 0, 16),
		.policy = { .proposals = &p2, .n = 1, .pfs = pfs },
	};
	return ike_tunnel_new(&t);
}

/* --- the host --- */

static void
on_random(void *ctx, void *out, size_t n)
{
	(void)ctx;
	rand_fill(out, n);
}

static void
on_send(void *ctx, const struct ike_path *path, const uint8_t *msg, size_t len)
{
	static const uint8_t marker[NATT_MARKER_LEN];
	bool is_natt = path->local.port == NATT_PORT;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(path->remote.port) };
	struct iovec iov[2] = { { (void *)(uintptr_t)marker, is_natt ? sizeof(marker) : 0 },
		{ (void *)(uintptr_t)msg, len } };
	union {
		struct cmsghdr align;
		uint8_t b[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} control = { .b = { 0 } };
	struct msghdr m = { .msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = control.b,
		.msg_controllen = sizeof(control.b) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	struct in_pktinfo from = { 0 };
	(void)ctx;
	memcpy(&to.sin_addr, path->remote.addr.b, 4);
	memcpy(&from.ipi_spec_dst, path->local.addr.b, 4);
	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(from));
	memcpy(CMSG_DATA(c), &from, sizeof(from));
	(void)!sendmsg(sockets[is_natt], &m, 0);
}

static struct ike_policy *
on_policy(void *ctx, const struct ike_path *path, const struct id *peer)
{
	(void)ctx;
	(void)path;
	(void)peer;
	return policy;
}

static struct ike_tunnel *last; /* the engine takes its own reference */

static struct ike_tunnel *
on_tunnel(
    void *ctx, const struct ike_sa *sa, struct prefix local, struct prefix remote, struct text *why)
{
	(void)ctx;
	(void)local;
	(void)remote;
	(void)why;
	ike_tunnel_unref(last);
	last = tunnel_new(&sa->path);
	return last;
}

static uint32_t
on_spi(void *ctx, enum v1_protocol protocol, const struct ike_tunnel *tunnel)
{
	static uint32_t next = 0x1000;
	(void)ctx;
	(void)protocol;
	(void)tunnel;
	return next++;
}

static bool
on_is_first(void *ctx, const struct ike_sa *sa)
{
	(void)ctx;
	(void)sa;
	return true;
}

static void
on_sa_up(void *ctx, struct ike_sa *sa)
{
	(void)ctx;
	if (begins && n_fresh < AT_ONCE)
		fresh[n_fresh++] = sa;
}

static void
on_sa_down(void *ctx, struct ike_sa *sa, enum ike_reason reason, const char *why)
{
	(void)ctx;
	(void)sa;
	fprintf(stderr, "ike_peer: down: %s %s\n", reason_info(reason)->sentence, why);
	n_failed++;
}

static void
on_moved(void *ctx, struct ike_sa *sa, const struct ike_path *old)
{
	(void)ctx;
	(void)sa;
	(void)old;
}

static void
on_child(void *ctx, struct ike_sa *sa, enum ike_child_event event, const struct ike_child *child)
{
	(void)ctx;
	(void)sa;
	n_children += event == IKE_CHILD_UP;
	n_failed += event == IKE_CHILD_FAILED;
	if (event == IKE_CHILD_FAILED)
		fprintf(stderr, "ike_peer: no tunnel: %s\n", child->why);
}

static void
on_word(void *ctx, struct ike_sa *sa, const struct ike_word *word)
{
	(void)ctx;
	(void)sa;
	(void)word;
}

static void
on_refused(void *ctx, const struct ike_path *path, const struct ike_sa *sa, enum ike_reason reason,
    const char *why)
{
	(void)ctx;
	(void)path;
	(void)sa;
	if (reason != IKE_REPEATED)
		fprintf(stderr, "ike_peer: refused: %s %s\n", reason_info(reason)->sentence, why);
}

/* --- datagrams --- */

static int
socket_open(uint16_t port)
{
	const int yes = 1;
	const int room = 8 << 20;
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &yes, sizeof(yes)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0 ||
	    bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0) {
		perror("ike_peer: socket");
		exit(1);
	}
	return fd;
}

static bool
datagram_read(unsigned which)
{
	uint8_t b[LONGEST];
	union {
		struct cmsghdr align;
		uint8_t b[128];
	} control;
	struct sockaddr_in from;
	struct iovec iov = { b, sizeof(b) };
	struct msghdr m = { .msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.b,
		.msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(sockets[which], &m, 0);
	if (n < 0)
		return false;
	struct ike_path path = { .local = { .port = which ? NATT_PORT : 500 } };
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c)) {
		struct in_pktinfo to;
		if (c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_PKTINFO)
			continue;
		memcpy(&to, CMSG_DATA(c), sizeof(to));
		path.local.addr = addr_v4((const uint8_t *)&to.ipi_addr);
	}
	path.remote = (struct natt_end){ .addr = addr_v4((const uint8_t *)&from.sin_addr),
		.port = ntohs(from.sin_port) };
	size_t skip = which ? NATT_MARKER_LEN : 0;
	if ((size_t)n > skip)
		(void)ike_input(ike, now_ms(), &path, b + skip, (size_t)n - skip);
	for (; n_fresh > 0; n_fresh--) {
		struct ike_sa *sa = fresh[n_fresh - 1];
		struct ike_tunnel *t = tunnel_new(&sa->path);
		if (!ike_quick_start(ike, now_ms(), sa, t))
			n_failed++;
		ike_tunnel_unref(t);
	}
	return true;
}

/* Waits for datagrams or the next thing to be done; false when standard input has ended. */
static bool
turn(void)
{
	struct pollfd p[3] = { { sockets[0], POLLIN, 0 }, { sockets[1], POLLIN, 0 },
		{ begins ? -1 : STDIN_FILENO, POLLIN, 0 } };
	uint64_t due = ike_due(ike);
	uint64_t now = now_ms();
	(void)poll(p, 3, due <= now ? 0 : due - now > 1000 ? 1000 : (int)(due - now));
	for (unsigned i = 0; i < 2; i++)
		while (datagram_read(i))
			continue;
	ike_tick(ike, now_ms());
	return p[2].revents == 0;
}

/* --- */

static void
start(void)
{
	const struct ike_host host = {
		.random = on_random,
		.send = on_send,
		.policy = on_policy,
		.tunnel = on_tunnel,
		.spi = on_spi,
		.is_first = on_is_first,
		.sa_up = on_sa_up,
		.sa_down = on_sa_down,
		.moved = on_moved,
		.child = on_child,
		.word = on_word,
		.refused = on_refused,
	};
	const struct ike_policy from = { .proposals = &p1,
		.n = 1,
		.takes_any_id = true,
		.half_open_max = 4096,
		.psk = { (const uint8_t *)"swordfish", 9 } };
	policy = ike_policy_new(&from);
	ike = ike_new(&host);
	sockets[0] = socket_open(500);
	sockets[1] = socket_open(NATT_PORT);
}

static int
begin(unsigned first, unsigned n)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	unsigned n_begun = 0;
	begins = true;
	start();
	while (n_children + n_failed < n && now_ms() < end) {
		for (; n_begun < n && n_begun - n_children - n_failed < AT_ONCE; n_begun++) {
			unsigned i = first + n_begun;
			struct ike_path path = { .local = { { ADDR_V4, { 198, 19 } }, 500 },
				.remote = { addr_v4(gateway), 500 } };
			path.local.addr.b[2] = (uint8_t)(i >> 8);
			path.local.addr.b[3] = (uint8_t)i;
			(void)ike_start(ike, now_ms(), &path, policy);
		}
		(void)turn();
	}
	printf("%u up, %u failed\n", n_children, n_failed);
	return n_children == n ? 0 : 1;
}

static int
wait_for(unsigned n)
{
	bool is_told = false;
	start();
	while (turn())
		if (!is_told && n_children >= n) {
			printf("up\n");
			fflush(stdout);
			is_told = true;
		}
	return 0;
}

/* The mean of all that fit in; the first ones only warm up. */
static int
floor_print(void)
{
	struct pollfd p = { STDIN_FILENO, POLLIN, 0 };
	double sum = 0;
	unsigned n = 0;
	(void)floor_measure(&p1, pfs, 10);
	do {
		sum += floor_measure(&p1, pfs, 4);
		n++;
	} while (poll(&p, 1, 0) == 0);
	printf("%.1f\n", sum / n * 1e6);
	return 0;
}

static unsigned
number(const char *s, unsigned max)
{
	char *end;
	unsigned long n = strtoul(s, &end, 10);
	if (*s == '\0' || *end != '\0' || n > max) {
		fprintf(stderr, "ike_peer: no number up to %u: %s\n", max, s);
		exit(2);
	}
	return (unsigned)n;
}

static enum dh_group
group_of(const char *s)
{
	enum dh_group group = dh_by_id(number(s, 24));
	if (group != DH_MAX)
		return group;
	fprintf(stderr, "ike_peer: no group %s\n", s);
	exit(2);
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	unsigned n_args = strcmp(what, "begin") == 0 ? 4 : 3;
	if (argc < (int)n_args || argc > (int)n_args + 1) {
		fprintf(stderr,
		    "usage: ike_peer begin FIRST N [PFS] | wait N [PFS] | floor GROUP [PFS]\n");
		return 2;
	}
	if (argc > (int)n_args)
		pfs = group_of(argv[n_args]);
	if (getenv("GROUP") != NULL)
		p1.group = group_of(getenv("GROUP"));
	if (strcmp(what, "begin") == 0)
		return begin(number(argv[2], PEERS_MAX), number(argv[3], PEERS_MAX));
	if (strcmp(what, "wait") == 0)
		return wait_for(number(argv[2], PEERS_MAX));
	p1.group = group_of(argv[2]);
	return floor_print();
}
