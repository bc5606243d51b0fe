/* SPDX-License-Identifier: BSD-2-Clause
 *
 * relay.c - lines of the log for other hosts: `system syslog host`.
 *
 * Every process writes its lines to one datagram socket, each behind the name of the host that it is for. They go out as RFC
 * 3164 has it, by UDP, from here, since netd may open sockets anyway. A name is looked up among the places that sallyportd has
 * told of: nobody can make us send to another address. A line that cannot be sent is lost, as it would be on the way.
 */
#include "daemon/netd/relay.h"

#include "lib/base/addr.h"
#include "lib/os/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 2048, LINES_AT_ONCE = 64 };

/* The socket of one source address. */
struct out {
	struct out *next;
	int family;
	char source[48]; /* "": any */
	int fd;
};

struct relay {
	uv_poll_t poll;
	int fd;
	struct out *outs;
};

/* Fills in an address of either family. Returns its length, 0 if TEXT is none. */
static socklen_t
sockaddr_fill(struct sockaddr_storage *to, const char *text, unsigned port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;
	*to = (struct sockaddr_storage){ 0 };
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
		return 0;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)port);
	return sizeof(*v6);
}

/* Returns the socket, which stays open, or -1. A source that is no address of the host yet is tried again with the next line. */
static int
out_get(struct relay *r, int family, const char *source)
{
	struct sockaddr_storage from;
	for (struct out *o = r->outs; o != NULL; o = o->next)
		if (o->family == family && strcmp(o->source, source) == 0)
			return o->fd;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t len = *source != '\0' ? sockaddr_fill(&from, source, 0) : 0;
	if (fd >= 0 && len > 0 && bind(fd, (struct sockaddr *)&from, len) < 0) {
		close(fd);
		return -1;
	}
	struct out *o = fd >= 0 ? calloc(1, sizeof(*o)) : NULL;
	if (o == NULL)
		return -1;
	*o = (struct out){ .next = r->outs, .family = family, .fd = fd };
	strcpy(o->source, source);
	r->outs = o;
	return fd;
}

static void
line_send(struct relay *r, const char *name, const char *line, size_t n)
{
	struct sockaddr_storage to;
	const struct log_sink *s = log_place_find(LOG_SINK_HOST, name);
	socklen_t len = s != NULL ? sockaddr_fill(&to, s->name, s->port) : 0;
	int fd = len > 0 ? out_get(r, to.ss_family, s->source) : -1;
	if (n > 0 && line[n - 1] == '\n')
		n--;
	if (fd < 0)
		return;
	ssize_t rc = sendto(fd, line, n, MSG_NOSIGNAL, (struct sockaddr *)&to, len);
	if (rc < 0 && errno == ECONNREFUSED) /* told about the line before this one */
		rc = sendto(fd, line, n, MSG_NOSIGNAL, (struct sockaddr *)&to, len);
	(void)rc;
}

static void
on_lines(uv_poll_t *poll, int status, int events)
{
	struct relay *r = poll->data;
	char buf[LINE_MAX_LEN];
	(void)status;
	(void)events;
	for (unsigned i = 0; i < LINES_AT_ONCE; i++) {
		ssize_t n = recv(r->fd, buf, sizeof(buf), MSG_DONTWAIT);
		char *end = n > 0 ? memchr(buf, '\n', (size_t)n) : NULL;
		if (n < 0)
			return;
		if (end == NULL)
			continue;
		*end++ = '\0';
		line_send(r, buf, end, (size_t)(buf + n - end));
	}
}

struct relay *
relay_new(uv_loop_t *loop, int fd)
{
	struct relay *r = calloc(1, sizeof(*r));
	if (r == NULL)
		abort();
	r->fd = fd;
	uv_poll_init(loop, &r->poll, fd);
	r->poll.data = r;
	uv_poll_start(&r->poll, UV_READABLE, on_lines);
	return r;
}

static void
on_closed(uv_handle_t *h)
{
	struct relay *r = h->data;
	close(r->fd);
	for (struct out *o = r->outs, *next; o != NULL; o = next) {
		next = o->next;
		close(o->fd);
		free(o);
	}
	free(r);
}

void
relay_free(struct relay *r)
{
	if (r != NULL)
		uv_close((uv_handle_t *)&r->poll, on_closed);
}
