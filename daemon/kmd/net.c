/* SPDX-License-Identifier: BSD-2-Clause
 *
 * net.c - the datagrams of the peers: UDP sockets that netd has opened, bound to local gateways.
 *
 * The kernel may have merged datagrams that came one behind the other from one peer: then the first is IKE, and the others may
 * be ESP, which its next packets make good. One wake-up of a socket reads about NET_TURN datagrams, so a flood on one address does not keep the
 * timers and the other channels from their turn. Sockets never block and are never waited for: a datagram that the kernel does not
 * take is lost, and IKE sends it again. Called by main.c and control.c on the loop's thread.
 */
#include "daemon/kmd/net.h"

#include "lib/msg/elem.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum { IKE_PORT = 500 };

struct net_socket {
	struct natt_end local;
	int fd;
	struct net *net;
	uv_poll_t poll;
};

union net_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* --- addresses --- */

/* Returns the length of what was written. */
static socklen_t
address_build(const struct natt_end *end, union net_address *out)
{
	*out = (union net_address){ 0 };
	if (end->addr.family == ADDR_V4) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons(end->port);
		memcpy(&out->v4.sin_addr, end->addr.b, 4);
		return sizeof(out->v4);
	}
	out->v6.sin6_family = AF_INET6;
	out->v6.sin6_port = htons(end->port);
	memcpy(&out->v6.sin6_addr, end->addr.b, 16);
	return sizeof(out->v6);
}

static bool
address_parse(const union net_address *a, struct natt_end *out)
{
	if (a->any.sa_family == AF_INET)
		*out = (struct natt_end){ .addr = addr_v4((const uint8_t *)&a->v4.sin_addr),
			.port = ntohs(a->v4.sin_port) };
	else if (a->any.sa_family == AF_INET6)
		*out = (struct natt_end){ .addr = addr_v6((const uint8_t *)&a->v6.sin6_addr),
			.port = ntohs(a->v6.sin6_port) };
	else
		return false;
	return out->port != 0;
}

static bool
end_parse(const struct elem *body, struct natt_end *out)
{
	const char *kind = elem_value(body, "kind");
	const char *address = elem_value(body, "address");
	if (kind == NULL || address == NULL || !addr_parse(address, &out->addr))
		return false;
	out->port = strcmp(kind, "ike") == 0        ? IKE_PORT
		    : strcmp(kind, "ike-natt") == 0 ? NATT_PORT
						    : 0;
	return out->port != 0;
}

/* --- the sockets --- */

static int
end_compare(const struct natt_end *a, const struct natt_end *b)
{
	int by_family = (int)a->addr.family - (int)b->addr.family;
	int by_address = memcmp(a->addr.b, b->addr.b, sizeof(a->addr.b));
	return by_family != 0 ? by_family : by_address != 0 ? by_address : a->port - b->port;
}

/* Where the socket of END is, or would be. */
static size_t
place_find(const struct net *n, const struct natt_end *end)
{
	size_t low = 0;
	size_t high = n->n_sockets;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (end_compare(&n->sockets[middle]->local, end) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct net_socket *
socket_find(const struct net *n, const struct natt_end *end)
{
	size_t at = place_find(n, end);
	return at < n->n_sockets && end_compare(&n->sockets[at]->local, end) == 0 ? n->sockets[at]
										  : NULL;
}

static void
on_poll_closed(uv_handle_t *h)
{
	struct net_socket *s = h->data;
	close(s->fd);
	free(s);
}

static void
socket_close(struct net_socket *s)
{
	s->net = NULL;
	uv_poll_stop(&s->poll);
	uv_close((uv_handle_t *)&s->poll, on_poll_closed);
}

static void
socket_remove(struct net *n, size_t at)
{
	net_flush(n); /* what waits may be this socket's */
	socket_close(n->sockets[at]);
	n->n_sockets--;
	memmove(n->sockets + at, n->sockets + at + 1, (n->n_sockets - at) * sizeof(*n->sockets));
}

static void
socket_insert(struct net *n, size_t at, struct net_socket *s)
{
	if ((n->n_sockets & (n->n_sockets - 1)) == 0) { /* full at every power of two */
		size_t cap = n->n_sockets == 0 ? 1 : 2 * n->n_sockets;
		struct net_socket **grown = realloc(n->sockets, cap * sizeof(*grown));
		if (grown == NULL)
			abort();
		n->sockets = grown;
	}
	memmove(n->sockets + at + 1, n->sockets + at, (n->n_sockets - at) * sizeof(*n->sockets));
	n->sockets[at] = s;
	n->n_sockets++;
}

/* --- receiving --- */

static void
datagram_take(struct net_socket *s, const union net_address *from, uint8_t *p, size_t len)
{
	struct net *n = s->net;
	struct ike_path path = { .local = s->local };
	if (!address_parse(from, &path.remote))
		return;
	n->count.received++;
	if (s->local.port == NATT_PORT) {
		static const uint8_t marker[NATT_MARKER_LEN];
		if (len == 1 && p[0] == NATT_KEEPALIVE) {
			n->count.keepalive++;
			return;
		}
		if (len < NATT_MARKER_LEN || memcmp(p, marker, NATT_MARKER_LEN) != 0) {
			n->count.foreign++;
			return;
		}
		p += NATT_MARKER_LEN;
		len -= NATT_MARKER_LEN;
	}
	n->ops->on_datagram(n->arg, &path, p, len);
}

/* The length of each datagram of a piece of LEN octets but the last. */
static size_t
step_read(struct msghdr *m, size_t len)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		int size = 0;
		if (c->cmsg_level != IPPROTO_UDP || c->cmsg_type != UDP_GRO)
			continue;
		memcpy(&size, CMSG_DATA(c), sizeof(size));
		if (size > 0 && (size_t)size < len)
			return (size_t)size;
	}
	return len;
}

/* Takes the datagrams of a piece; returns how many there were. */
static unsigned
piece_take(struct net_socket *s, struct msghdr *m, uint8_t *p, size_t len)
{
	size_t step = step_read(m, len);
	unsigned n = 0;
	do {
		size_t some = len < step ? len : step;
		datagram_take(s, m->msg_name, p, some < NET_DATAGRAM_MAX ? some : NET_DATAGRAM_MAX);
		p += some;
		len -= some;
		n++;
	} while (len > 0 && s->net != NULL);
	return n;
}

/* Adds to N_TAKEN how many datagrams there were. Returns false when nothing is left, or the socket is. */
static bool
batch_read(struct net_socket *s, unsigned *n_taken)
{
	struct mmsghdr messages[NET_BATCH];
	struct iovec vectors[NET_BATCH];
	union net_address from[NET_BATCH];
	uint8_t control[NET_BATCH][CMSG_SPACE(sizeof(int))] __attribute__((aligned(16)));
	struct net *n = s->net;
	for (size_t i = 0; i < NET_BATCH; i++) {
		vectors[i] = (struct iovec){ .iov_base = n->in + i * NET_PIECE_MAX,
			.iov_len = NET_PIECE_MAX };
		messages[i].msg_hdr = (struct msghdr){ .msg_name = &from[i],
			.msg_namelen = sizeof(from[i]),
			.msg_iov = &vectors[i],
			.msg_iovlen = 1,
			.msg_control = control[i],
			.msg_controllen = sizeof(control[i]) };
	}
	int got = recvmmsg(s->fd, messages, NET_BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < got && s->net != NULL; i++)
		*n_taken +=
		    piece_take(s, &messages[i].msg_hdr, vectors[i].iov_base, messages[i].msg_len);
	return got == NET_BATCH && s->net != NULL;
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
	struct net_socket *s = poll->data;
	unsigned n_taken = 0;
	(void)status; /* an error of the socket is read away with the next datagram */
	(void)events;
	while (s->net != NULL && batch_read(s, &n_taken) && n_taken < NET_TURN)
		continue;
}

int
net_add(struct net *n, const struct elem *body, int fd)
{
	struct natt_end local = { 0 };
	int flags = fcntl(fd, F_GETFL);
	int rc = !end_parse(body, &local) || flags < 0 ? -EINVAL : 0;
	size_t at = place_find(n, &local);
	if (rc == 0 && n->n_sockets >= NET_SOCKETS_MAX)
		rc = -ENOSPC;
	if (rc == 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		rc = -errno;
	if (rc < 0) {
		close(fd);
		return rc;
	}
	if (socket_find(n, &local) != NULL)
		socket_remove(n, at);
	struct net_socket *s = calloc(1, sizeof(*s));
	if (s == NULL)
		abort();
	*s = (struct net_socket){ .local = local, .fd = fd, .net = n };
	rc = uv_poll_init(n->loop, &s->poll, fd);
	if (rc < 0) {
		close(fd);
		free(s);
		return rc;
	}
	s->poll.data = s;
	socket_insert(n, at, s);
	return uv_poll_start(&s->poll, UV_READABLE, on_readable);
}

void
net_del(struct net *n, const struct elem *body)
{
	struct natt_end local = { 0 };
	if (end_parse(body, &local) && socket_find(n, &local) != NULL)
		socket_remove(n, place_find(n, &local));
}

/* --- sending --- */

void
net_flush(struct net *n)
{
	struct mmsghdr messages[NET_BATCH];
	struct iovec vectors[NET_BATCH];
	union net_address to[NET_BATCH];
	for (size_t i = 0; i < n->n_out; i++) {
		const struct net_out *o = &n->out[i];
		vectors[i] = (struct iovec){ .iov_base = n->bytes + o->at, .iov_len = o->len };
		socklen_t to_len = address_build(&o->to, &to[i]);
		messages[i].msg_hdr = (struct msghdr){ .msg_name = &to[i],
			.msg_namelen = to_len,
			.msg_iov = &vectors[i],
			.msg_iovlen = 1 };
	}
	for (size_t i = 0; i < n->n_out;) {
		/* as many in a row as have the same socket */
		size_t run = 1;
		while (i + run < n->n_out && n->out[i + run].socket == n->out[i].socket)
			run++;
		int sent =
		    sendmmsg(n->out[i].socket->fd, messages + i, (unsigned)run, MSG_DONTWAIT);
		n->count.sent += sent > 0 ? (uint64_t)sent : 0;
		n->count.unsent += sent <= 0;
		i += sent > 0 ? (size_t)sent : 1; /* the one that failed is lost */
	}
	n->n_out = 0;
	n->n_bytes = 0;
}

/* Makes room for LEN octets that go along PATH; NULL if there is no socket for it. */
static uint8_t *
out_add(struct net *n, const struct ike_path *path, size_t len)
{
	struct net_socket *s = socket_find(n, &path->local);
	if (s == NULL || len > NET_DATAGRAM_MAX ||
	    path->remote.addr.family != s->local.addr.family) {
		n->count.unsent++;
		return NULL;
	}
	if (n->n_out == NET_BATCH || n->n_bytes + len > NET_OUT_BYTES)
		net_flush(n);
	uint8_t *p = n->bytes + n->n_bytes;
	n->out[n->n_out++] = (struct net_out){
		.socket = s,
		.to = path->remote,
		.at = (uint32_t)n->n_bytes,
		.len = (uint32_t)len,
	};
	n->n_bytes += len;
	return p;
}

void
net_send(struct net *n, const struct ike_path *path, const uint8_t *msg, size_t len)
{
	size_t head = path->local.port == NATT_PORT ? NATT_MARKER_LEN : 0;
	uint8_t *p = out_add(n, path, head + len);
	if (p == NULL)
		return;
	memset(p, 0, head);
	memcpy(p + head, msg, len);
}

void
net_keepalive(struct net *n, const struct ike_path *path)
{
	uint8_t *p = out_add(n, path, 1);
	if (p != NULL)
		*p = NATT_KEEPALIVE;
}

/* --- start and end --- */

void
net_init(struct net *n, uv_loop_t *loop, const struct net_ops *ops, void *arg)
{
	*n = (struct net){ .loop = loop, .ops = ops, .arg = arg };
	n->bytes = malloc(NET_OUT_BYTES);
	n->in = malloc((size_t)NET_BATCH * NET_PIECE_MAX);
	if (n->bytes == NULL || n->in == NULL)
		abort();
}

void
net_done(struct net *n)
{
	net_flush(n);
	for (size_t i = 0; i < n->n_sockets; i++)
		socket_close(n->sockets[i]);
	free(n->sockets);
	free(n->bytes);
	free(n->in);
	*n = (struct net){ 0 };
}
