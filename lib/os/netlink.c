/* SPDX-License-Identifier: BSD-2-Clause
 *
 * netlink.c - one request to the kernel's routing tables and devices, and its answer.
 *
 * Each request has a sequence number of its own; libmnl drops what does not carry it. Called by netd on its one thread.
 */
#include "lib/os/netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>

enum { ANSWER_MAX = 64 * 1024 };

int
nl_open(struct nl *nl, int protocol)
{
	*nl = (struct nl){ .sock = mnl_socket_open2(protocol, SOCK_CLOEXEC) };
	if (nl->sock == NULL)
		return -errno;
	if (mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		int rc = -errno;
		nl_close(nl);
		return rc;
	}
	nl->port = mnl_socket_get_portid(nl->sock);
	return 0;
}

void
nl_close(struct nl *nl)
{
	if (nl->sock != NULL)
		mnl_socket_close(nl->sock);
	nl->sock = NULL;
}

void *
nl_start(struct nl_req *r, uint16_t type, uint16_t flags, size_t len)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(r->buf);
	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	return mnl_nlmsg_put_extra_header(h, len);
}

struct dump {
	void (*fn)(const struct nlmsghdr *h, void *arg);
	void *arg;
};

static int
on_dump_message(const struct nlmsghdr *h, void *arg)
{
	struct dump *d = arg;
	if (d->fn != NULL)
		d->fn(h, d->arg);
	return MNL_CB_OK;
}

static int
request_send(struct nl *nl, struct nl_req *r)
{
	r->head.nlmsg_seq = ++nl->seq;
	return mnl_socket_sendto(nl->sock, &r->head, r->head.nlmsg_len) < 0 ? -errno : 0;
}

/* Reads one piece of the answer into BUF. Returns 1 if there is more, 0, or -errno. */
static int
piece_read(struct nl *nl, char *buf, struct dump *d)
{
	ssize_t n = mnl_socket_recvfrom(nl->sock, buf, ANSWER_MAX);
	if (n < 0)
		return errno == EINTR ? 1 : -errno;
	int rc = mnl_cb_run(buf, (size_t)n, nl->seq, nl->port, on_dump_message, d);
	/* an answer to an earlier request that failed half-way */
	if (rc < 0 && errno == EPROTO)
		return 1;
	return rc < 0 ? -errno : rc > MNL_CB_STOP;
}

static char *
piece_new(void)
{
	char *buf = malloc(ANSWER_MAX);
	if (buf == NULL)
		abort();
	return buf;
}

/* Sends and reads until the acknowledgement or the end of the dump. */
static int
exchange(struct nl *nl, struct nl_req *r, struct dump *d)
{
	int rc = request_send(nl, r);
	if (rc < 0)
		return rc;
	char *buf = piece_new();
	do
		rc = piece_read(nl, buf, d);
	while (rc > 0);
	free(buf);
	return rc;
}

int
nl_do(struct nl *nl, struct nl_req *r)
{
	struct dump d = { 0 };
	r->head.nlmsg_flags |= NLM_F_ACK;
	return exchange(nl, r, &d);
}

int
nl_get(struct nl *nl, struct nl_req *r, void (*fn)(const struct nlmsghdr *h, void *arg), void *arg)
{
	struct dump d = { .fn = fn, .arg = arg };
	r->head.nlmsg_flags |= NLM_F_ACK;
	return exchange(nl, r, &d);
}

int
nl_dump(struct nl *nl, struct nl_req *r, void (*fn)(const struct nlmsghdr *h, void *arg), void *arg)
{
	struct dump d = { .fn = fn, .arg = arg };
	r->head.nlmsg_flags |= NLM_F_DUMP;
	return exchange(nl, r, &d);
}

int
nl_dump_start(struct nl *nl, struct nl_req *r)
{
	r->head.nlmsg_flags |= NLM_F_DUMP;
	return request_send(nl, r);
}

int
nl_dump_step(struct nl *nl, void (*fn)(const struct nlmsghdr *h, void *arg), void *arg)
{
	struct dump d = { .fn = fn, .arg = arg };
	char *buf = piece_new();
	int rc = piece_read(nl, buf, &d);
	free(buf);
	return rc;
}
