/* SPDX-License-Identifier: BSD-2-Clause
 *
 * netlink.h - one request to the kernel's routing tables and devices, and its answer.
 *
 * A thin layer over libmnl: sequence numbers, acknowledgements, dumps. Blocking, but the kernel answers at once. The
 * caller builds the request with libmnl's attribute functions. One thread at a time.
 */
#ifndef NETLINK_H
#define NETLINK_H

#include <stddef.h>
#include <stdint.h>

#include <linux/netlink.h>

struct mnl_socket;

struct nl {
	struct mnl_socket *sock;
	unsigned port;
	uint32_t seq;
};

enum { NL_MSG_MAX = 8192 };

/* A request being built: the message starts at buf. */
struct nl_req {
	union {
		char buf[NL_MSG_MAX];
		struct nlmsghdr head;
	};
};

/* Opens a socket of PROTOCOL: NETLINK_ROUTE, NETLINK_GENERIC. Returns 0 or -errno. */
int nl_open(struct nl *nl, int protocol);
void nl_close(struct nl *nl);

/* Starts a request of TYPE with a zeroed family header of LEN bytes, which is returned. */
void *nl_start(struct nl_req *r, uint16_t type, uint16_t flags, size_t len);

/* Sends the request and waits for its acknowledgement. Returns 0 or -errno as the kernel says. */
__attribute__((warn_unused_result)) int nl_do(struct nl *nl, struct nl_req *r);

/* The same for a question about one thing: calls FN with the answer first. */
__attribute__((warn_unused_result)) int nl_get(
    struct nl *nl, struct nl_req *r, void (*fn)(const struct nlmsghdr *h, void *arg), void *arg);

/* Sends a dump request and calls FN for every message of the answer. Returns 0 or -errno. */
__attribute__((warn_unused_result)) int nl_dump(
    struct nl *nl, struct nl_req *r, void (*fn)(const struct nlmsghdr *h, void *arg), void *arg);

/* The same a piece at a time, for an answer that is long: starts the dump, then reads one piece of it (64 KiB at most). The kernel goes on
 * only as it is read. NL must be used for nothing else meanwhile. Step returns 1 if there is more, 0 at the end, or -errno. */
__attribute__((warn_unused_result)) int nl_dump_start(struct nl *nl, struct nl_req *r);
__attribute__((warn_unused_result)) int nl_dump_step(
    struct nl *nl, void (*fn)(const struct nlmsghdr *h, void *arg), void *arg);

#endif
