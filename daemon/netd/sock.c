/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sock.c - the sockets that a picd or kmd works with and could not open itself.
 *
 * Receive: protocol 50 or 51, bound to a local gateway. IPv4 gives the IP header; IPv6 gives what is behind it, so the
 * ancillary data that tell destination, hop limit and traffic class are switched on.
 * Send: the caller writes the IP header; nothing is ever received, but what the kernel could not send is reported.
 * What routers report about an ESP or AH packet arrives at the receiving socket of that protocol.
 * IKE: UDP sockets on ports 500 and 4500. ESP in UDP (RFC 3948) shares the latter: filters give kmd's socket what begins with
 * the marker of IKE and nothing else, and a raw socket what does not. A second netd may bind before the first is gone; with
 * SO_REUSEADDR any user of the host could, and would get what comes to 4500.
 * ESP in UDP arrives at UDP sockets of services interfaces, too, which can merge and segment: a program of the group chooses among
 * them by the SPI. It does not run when the kernel merges packets, which asks any socket of the
 * group whether it may, nor for what routers report: hence all of them merge, and the raw socket stays for the reports.
 */
#include "daemon/netd/sock.h"

#include "daemon/netd/mark.h"
#include "daemon/netd/plan.h"
#include "lib/conf/conf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IPV6_HDRINCL
#define IPV6_HDRINCL 36
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum { BUFFER_BYTES = 8 << 20 };

enum {
	PORT_IKE = 500,
	PORT_IKE_NATT = 4500,
	UDP_LEN = 8,
	UDP_DPORT = 2,
	UDP_LENGTH = 4,
	ESP_MIN = 4,   /* an SPI; a keepalive is one octet */
	STEER_LEN = 4, /* instructions of member_put() */
};

struct option {
	int level;
	int name;
	int value;
};

static const struct option receive4[] = {
	{ IPPROTO_IP, IP_FREEBIND, 1 }, /* the interface may come up later */
	{ SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES },
};
static const struct option receive6[] = {
	{ IPPROTO_IPV6, IPV6_FREEBIND, 1 },
	{ IPPROTO_IPV6, IPV6_RECVPKTINFO, 1 },
	{ IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1 },
	{ IPPROTO_IPV6, IPV6_RECVTCLASS, 1 },
	{ SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES },
};
static const struct option send4[] = {
	{ IPPROTO_IP, IP_HDRINCL, 1 },
	{ IPPROTO_IP, IP_RECVERR, 1 },
	{ SOL_SOCKET, SO_MARK, MARK_BYPASS },
	{ SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES },
};
static const struct option send6[] = {
	{ IPPROTO_IPV6, IPV6_HDRINCL, 1 },
	{ IPPROTO_IPV6, IPV6_RECVERR, 1 },
	{ SOL_SOCKET, SO_MARK, MARK_BYPASS },
	{ SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES },
};

static const struct option ike4[] = {
	{ IPPROTO_IP, IP_FREEBIND, 1 },
	{ SOL_SOCKET, SO_REUSEPORT, 1 },
	{ IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT },
	{ SOL_SOCKET, SO_MARK, MARK_BYPASS },
	{ SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES },
};
static const struct option ike6[] = {
	{ IPPROTO_IPV6, IPV6_V6ONLY, 1 },
	{ IPPROTO_IPV6, IPV6_FREEBIND, 1 },
	{ SOL_SOCKET, SO_REUSEPORT, 1 },
	{ SOL_SOCKET, SO_MARK, MARK_BYPASS },
	{ SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES },
};

/* What the kernel believes about the size of the way does not count for these: picd judges reports by their SPI. */
static const struct option natt4[] = {
	{ IPPROTO_IP, IP_FREEBIND, 1 },
	{ SOL_SOCKET, SO_REUSEPORT, 1 },
	{ IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_INTERFACE },
	{ IPPROTO_IP, IP_PKTINFO, 1 },
	{ IPPROTO_IP, IP_RECVTOS, 1 },
	{ SOL_SOCKET, SO_MARK, MARK_BYPASS },
	{ SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES },
	{ SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES },
};
static const struct option natt6[] = {
	{ IPPROTO_IPV6, IPV6_V6ONLY, 1 },
	{ IPPROTO_IPV6, IPV6_FREEBIND, 1 },
	{ SOL_SOCKET, SO_REUSEPORT, 1 },
	{ IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_INTERFACE },
	{ IPPROTO_IPV6, IPV6_RECVPKTINFO, 1 },
	{ IPPROTO_IPV6, IPV6_RECVTCLASS, 1 },
	{ SOL_SOCKET, SO_MARK, MARK_BYPASS },
	{ SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES },
	{ SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES },
};

#define LIST(l) l, sizeof(l) / sizeof((l)[0])

/* What a UDP socket sees begins with the UDP header. */
static const struct sock_filter marker_filter[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, UDP_LEN + ESP_MIN, 0, 3),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, UDP_LEN),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/* The UDP header is where X says: behind the IP header that a raw IPv4 socket sees; at the start on an IPv6 one. */
#define ESP_IN_UDP                                                                               \
	BPF_STMT(BPF_LD | BPF_H | BPF_IND, UDP_DPORT),                                           \
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PORT_IKE_NATT, 0, 5),                            \
	    BPF_STMT(BPF_LD | BPF_H | BPF_IND, UDP_LENGTH),                                      \
	    BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, UDP_LEN + ESP_MIN, 0, 3),                        \
	    BPF_STMT(BPF_LD | BPF_W | BPF_IND, UDP_LEN),                                         \
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), BPF_STMT(BPF_RET | BPF_K, UINT32_MAX), \
	    BPF_STMT(BPF_RET | BPF_K, 0)
static const struct sock_filter esp_in_udp4[] = {
	BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
	ESP_IN_UDP,
};
static const struct sock_filter esp_in_udp6[] = {
	BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 0),
	ESP_IN_UDP,
};

static const struct sock_filter nothing[] = {
	BPF_STMT(BPF_RET | BPF_K, 0),
};

static const struct {
	const char *role;
	uint8_t family;
	int protocol;
	const struct option *options;
	size_t n;
	uint16_t port; /* of a UDP socket; 0: a raw one */
	const struct sock_filter *filter;
	size_t n_filter;
} kinds[] = {
	{ "esp", ADDR_V4, IPPROTO_ESP, LIST(receive4), 0, NULL, 0 },
	{ "esp", ADDR_V6, IPPROTO_ESP, LIST(receive6), 0, NULL, 0 },
	{ "ah", ADDR_V4, IPPROTO_AH, LIST(receive4), 0, NULL, 0 },
	{ "ah", ADDR_V6, IPPROTO_AH, LIST(receive6), 0, NULL, 0 },
	{ "udp", ADDR_V4, IPPROTO_UDP, LIST(receive4), 0, LIST(esp_in_udp4) },
	{ "udp", ADDR_V6, IPPROTO_UDP, LIST(receive6), 0, LIST(esp_in_udp6) },
	{ "send4", ADDR_V4, IPPROTO_RAW, LIST(send4), 0, NULL, 0 },
	{ "send6", ADDR_V6, IPPROTO_RAW, LIST(send6), 0, NULL, 0 },
	{ "ike", ADDR_V4, IPPROTO_UDP, LIST(ike4), PORT_IKE, NULL, 0 },
	{ "ike", ADDR_V6, IPPROTO_UDP, LIST(ike6), PORT_IKE, NULL, 0 },
	{ "ike-natt", ADDR_V4, IPPROTO_UDP, LIST(ike4), PORT_IKE_NATT, LIST(marker_filter) },
	{ "ike-natt", ADDR_V6, IPPROTO_UDP, LIST(ike6), PORT_IKE_NATT, LIST(marker_filter) },
	{ "natt", ADDR_V4, IPPROTO_UDP, LIST(natt4), PORT_IKE_NATT, NULL, 0 },
	{ "natt", ADDR_V6, IPPROTO_UDP, LIST(natt6), PORT_IKE_NATT, NULL, 0 },
};

static int
bind_to(int fd, struct addr a, uint16_t port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	if (a.family == ADDR_NONE)
		return 0;
	memcpy(&v4.sin_addr, a.b, sizeof(v4.sin_addr));
	memcpy(&v6.sin6_addr, a.b, sizeof(v6.sin6_addr));
	int rc = a.family == ADDR_V4 ? bind(fd, (struct sockaddr *)&v4, sizeof(v4))
				     : bind(fd, (struct sockaddr *)&v6, sizeof(v6));
	return rc < 0 ? -errno : 0;
}

static int
filter_set(int fd, int option, const struct sock_filter *code, size_t n)
{
	struct sock_fprog program = {
		.len = (unsigned short)n,
		.filter = (struct sock_filter *)(uintptr_t)code,
	};
	if (n == 0)
		return 0;
	return setsockopt(fd, SOL_SOCKET, option, &program, sizeof(program)) < 0 ? -errno : 0;
}

/* Appends N instructions of CODE at *AT. */
static void
code_put(struct sock_filter *into, size_t *at, const struct sock_filter *code, size_t n)
{
	memcpy(into + *at, code, n * sizeof(*code));
	*at += n;
}

/* Gives the packet whose SPI is in X to one of the sockets of M, the first of which is at place FIRST. */
static void
member_put(struct sock_filter *into, size_t *at, const struct sock_member *m, unsigned first)
{
	const struct sock_filter code[] = {
		BPF_STMT(BPF_MISC | BPF_TXA, 0),
		BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, m->workers),
		BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, first),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	code_put(into, at, LIST(code));
}

static void
member_test_put(struct sock_filter *into, size_t *at, const struct sock_member *m, unsigned first)
{
	const struct sock_filter code[] = {
		BPF_STMT(BPF_MISC | BPF_TXA, 0),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, SPI_SLOT_SHIFT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, m->spi_slot, 0, STEER_LEN),
	};
	code_put(into, at, LIST(code));
	member_put(into, at, m, first);
}

int
sock_steer(int fd, const struct sock_member *members, size_t n)
{
	/* It sees what is behind the UDP header. What is shorter than an SPI cannot be loaded, and the answer is 0. */
	static const struct sock_filter spi_take[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
	};
	if (n == 0)
		return filter_set(fd, SO_ATTACH_REUSEPORT_CBPF, LIST(nothing));
	struct sock_filter code[BPF_MAXINSNS];
	size_t at = 0;
	if (n > SPI_SLOTS)
		return -EINVAL;
	code_put(code, &at, LIST(spi_take));
	unsigned first = 1 + members[0].workers;
	for (size_t i = 1; i < n; i++) {
		member_test_put(code, &at, &members[i], first);
		first += members[i].workers;
	}
	member_put(code, &at, &members[0], 1);
	return filter_set(fd, SO_ATTACH_REUSEPORT_CBPF, code, at);
}

int
sock_merge(int fd, bool is_merging)
{
	int value = is_merging;
	return setsockopt(fd, IPPROTO_UDP, UDP_GRO, &value, sizeof(value)) < 0 ? -errno : 0;
}

int
sock_mute(int fd, uint8_t family, bool is_mute)
{
	if (is_mute)
		return filter_set(fd, SO_ATTACH_FILTER, LIST(nothing));
	return family == ADDR_V4 ? filter_set(fd, SO_ATTACH_FILTER, LIST(esp_in_udp4))
				 : filter_set(fd, SO_ATTACH_FILTER, LIST(esp_in_udp6));
}

int
sock_open(const struct item *it)
{
	size_t k = 0;
	while (k < sizeof(kinds) / sizeof(kinds[0]) &&
	       (strcmp(kinds[k].role, it->role) != 0 || kinds[k].family != it->family))
		k++;
	if (k == sizeof(kinds) / sizeof(kinds[0]))
		return -EINVAL;
	int fd = socket(it->family == ADDR_V4 ? AF_INET : AF_INET6,
	    (kinds[k].port != 0 ? SOCK_DGRAM : SOCK_RAW) | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    kinds[k].protocol);
	if (fd < 0)
		return -errno;
	int rc = 0;
	for (size_t i = 0; i < kinds[k].n && rc == 0; i++) {
		const struct option *o = &kinds[k].options[i];
		if (setsockopt(fd, o->level, o->name, &o->value, sizeof(o->value)) == 0)
			continue;
		/* a larger buffer needs a right that a container may lack; the default works */
		if (o->name != SO_RCVBUFFORCE && o->name != SO_SNDBUFFORCE)
			rc = -errno;
	}
	if (rc == 0) /* before there is an address that something could arrive at */
		rc = filter_set(fd, SO_ATTACH_FILTER, kinds[k].filter, kinds[k].n_filter);
	if (rc == 0)
		rc = bind_to(fd, it->peer, kinds[k].port);
	if (rc < 0)
		close(fd);
	return rc < 0 ? rc : fd;
}
