/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sock.c - the raw sockets that a picd works with and could not open itself.
 *
 * Receive: protocol 50 or 51, bound to a local gateway. IPv4 gives the IP header; IPv6 gives what is behind it, so the
 * ancillary data that tell destination, hop limit and traffic class are switched on.
 * Send: the caller writes the IP header; nothing is ever received, but what the kernel could not send is reported.
 * What routers report about an ESP or AH packet arrives at the receiving socket of that protocol.
 */
#include "daemon/netd/sock.h"

#include "daemon/netd/mark.h"
#include "daemon/netd/plan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IPV6_HDRINCL
#define IPV6_HDRINCL 36
#endif

enum { BUFFER_BYTES = 8 << 20 };

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

#define LIST(l) l, sizeof(l) / sizeof((l)[0])

static const struct {
	const char *role;
	uint8_t family;
	int protocol;
	const struct option *options;
	size_t n;
} kinds[] = {
	{ "esp", ADDR_V4, IPPROTO_ESP, LIST(receive4) },
	{ "esp", ADDR_V6, IPPROTO_ESP, LIST(receive6) },
	{ "ah", ADDR_V4, IPPROTO_AH, LIST(receive4) },
	{ "ah", ADDR_V6, IPPROTO_AH, LIST(receive6) },
	{ "send4", ADDR_V4, IPPROTO_RAW, LIST(send4) },
	{ "send6", ADDR_V6, IPPROTO_RAW, LIST(send6) },
};

static int
bind_to(int fd, struct addr a)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	if (a.family == ADDR_NONE)
		return 0;
	memcpy(&v4.sin_addr, a.b, sizeof(v4.sin_addr));
	memcpy(&v6.sin6_addr, a.b, sizeof(v6.sin6_addr));
	int rc = a.family == ADDR_V4 ? bind(fd, (struct sockaddr *)&v4, sizeof(v4))
				     : bind(fd, (struct sockaddr *)&v6, sizeof(v6));
	return rc < 0 ? -errno : 0;
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
	    SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, kinds[k].protocol);
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
	if (rc == 0)
		rc = bind_to(fd, it->peer);
	if (rc < 0)
		close(fd);
	return rc < 0 ? rc : fd;
}
