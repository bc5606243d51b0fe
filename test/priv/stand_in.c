/* SPDX-License-Identifier: BSD-2-Clause
 *
 * stand_in.c - plays mgd, kmd and picd, so that sallyportd and netd are tested alone.
 *
 * Called `mgd`: takes a configuration as an indented tree (lib/conf/test_tree.h) from MSG_LOAD of sallyportd or of
 * a client on the command line's socket, gives netd its part, and passes a client's MSG_RPC on to netd.
 * Called `kmd`, `picd`: writes what it is given and every packet it reads to its log, one line each. All run in the sandbox of
 * the daemon that they play. Tests only.
 */
#include "lib/base/arena.h"
#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/conf/conf.h"
#include "lib/conf/test_tree.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/os/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct queue;

struct stand_in {
	struct daemon d;
	struct queue *queues; /* what netd has given */
	struct ipc *netd;
	struct ipc *client;
	uv_poll_t listener;
	int listen_fd;
	struct elem *root; /* last configuration sent to netd; re-sent when netd is new */
	struct arena *arena;
	struct conf *conf;
	bool is_from_client; /* who asked for the commit */
	uint32_t commit;
	char name[64]; /* picd: "picd" */
};

static void
say(const struct stand_in *s, const char *what)
{
	log_line(LOG_LEVEL_INFO, "TEST", "%s %s", s->name, what);
}

/* --- mgd --- */

static void
loaded(struct stand_in *s, const char *error)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "loaded");
	elem_leaf(a, e, "status", error == NULL ? "ok" : "error");
	if (error != NULL)
		elem_leaf(a, e, "text", error);
	struct ipc *to = s->is_from_client ? s->client : s->d.super;
	if (to != NULL)
		ipc_send(to, MSG_LOADED, 0, e, -1);
	if (error == NULL) {
		e = elem_new(a, "in-force");
		elem_leaff(a, e, "commit", "%u", s->commit);
		ipc_send(s->d.super, MSG_IN_FORCE, 0, e, -1);
	}
	arena_free(a);
}

static void
conf_send(struct stand_in *s)
{
	struct arena *a = arena_new();
	struct elem *pics = elem_new(a, "pics");
	size_t n;
	const char *const *names = conf_pics(s->conf, a, &n);
	for (size_t i = 0; i < n; i++)
		elem_leaf(a, pics, "pic", names[i]);
	ipc_send(s->d.super, MSG_PICS, 0, pics, -1);
	int fd = memfd_from_elem(conf_reduce(s->conf, s->root, CONF_NETD, NULL, a));
	struct elem *e = elem_new(a, "conf");
	elem_leaff(a, e, "commit", "%u", s->commit);
	if (s->netd != NULL)
		ipc_send(s->netd, MSG_CONF_APPLY, 1, e, fd);
	close(fd);
	arena_free(a);
}

static void
text_load(struct stand_in *s, const char *text)
{
	struct report r = { 0 };
	struct arena *a = arena_new();
	struct elem *root = test_tree(a, text);
	struct conf *c = conf_load(root, &r);
	if (c == NULL) {
		struct text t = { 0 };
		report_print(&r, NULL, &t);
		loaded(s, text_str(&t));
		text_done(&t);
		arena_free(a);
	} else {
		conf_free(s->conf);
		arena_free(s->arena);
		s->conf = c;
		s->root = root;
		s->arena = a;
		s->commit++;
		conf_send(s);
	}
	report_done(&r);
}

static void
on_netd_message(struct ipc *c, struct ipc_msg *m, void *arg)
{
	struct stand_in *s = arg;
	(void)c;
	if (m->type == MSG_CONF_DONE) {
		const char *status = elem_value(m->body, "status");
		loaded(s, status != NULL && strcmp(status, "ok") == 0
			      ? NULL
			      : elem_value(m->body, "text"));
	} else if (s->client != NULL) {
		ipc_send(s->client, m->type, m->seq, m->body, -1);
	}
}

static void
on_netd_closed(struct ipc *c, const char *why, void *arg)
{
	struct stand_in *s = arg;
	say(s, why);
	s->netd = NULL;
	ipc_free(c);
}

static const struct ipc_ops netd_ops = { .on_message = on_netd_message,
	.on_closed = on_netd_closed };

static void
on_client_message(struct ipc *c, struct ipc_msg *m, void *arg)
{
	struct stand_in *s = arg;
	(void)c;
	if (m->type == MSG_LOAD) {
		s->is_from_client = true;
		text_load(s, elem_value(m->body, "text"));
	} else if (s->netd != NULL) {
		ipc_send(s->netd, m->type, m->seq, m->body, -1);
	}
}

static void
on_client_closed(struct ipc *c, const char *why, void *arg)
{
	struct stand_in *s = arg;
	(void)why;
	if (s->client == c)
		s->client = NULL;
	ipc_free(c);
}

static const struct ipc_ops client_ops = { .on_message = on_client_message,
	.on_closed = on_client_closed };

static void
on_client(uv_poll_t *p, int status, int events)
{
	struct stand_in *s = p->data;
	(void)status;
	(void)events;
	int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		s->client = ipc_new(&s->d.loop, fd, &client_ops, s);
}

/* --- picd --- */

struct queue {
	struct queue *next;
	uv_poll_t poll;
	char name[256]; /* what the message says of it */
	int fd;
	const char *shown;    /* end of the name; a device's packets may come by any queue */
	unsigned vnet_header; /* octets before each packet */
};

static void
on_packet(uv_poll_t *p, int status, int events)
{
	struct queue *q = p->data;
	static unsigned char buf[65600];
	(void)status;
	(void)events;
	ssize_t n = read(q->fd, buf, sizeof(buf)) - (ssize_t)q->vnet_header;
	const unsigned char *ip = buf + q->vnet_header;
	if (n <= 0 && errno != EAGAIN)
		uv_poll_stop(p); /* the device is gone */
	if (n <= 0)
		return;
	log_line(
	    LOG_LEVEL_INFO, "TEST", "packet %s %zd bytes %02x%02x", q->shown, n, ip[12], ip[13]);
	if (q->vnet_header > 0 && buf[1] != 0)
		log_line(LOG_LEVEL_INFO, "TEST", "train %s %zd bytes by %u", q->shown, n,
		    buf[4] | (unsigned)buf[5] << 8);
}

static void
on_queue_closed(uv_handle_t *h)
{
	struct queue *q = h->data;
	close(q->fd);
	free(q);
}

/* Closes what has NAME, and what has one that ends with it if IS_END. */
static void
queues_close(struct stand_in *s, const char *name, bool is_end)
{
	for (struct queue **at = &s->queues; *at != NULL;) {
		struct queue *q = *at;
		size_t skip = strlen(q->name) > strlen(name) ? strlen(q->name) - strlen(name) : 0;
		if (strcmp(q->name + (is_end ? skip : 0), name) != 0) {
			at = &q->next;
			continue;
		}
		*at = q->next;
		uv_close((uv_handle_t *)&q->poll, on_queue_closed);
	}
}

static void
given(struct stand_in *s, struct ipc_msg *m)
{
	char line[256];
	if (m->type == MSG_NET_SYNC) {
		snprintf(line, sizeof(line), "sync %s", elem_value(m->body, "commit"));
		say(s, line);
		return;
	}
	const char *unit = elem_value(m->body, "unit");
	const char *role = elem_value(m->body, "role");
	const char *kind = elem_value(m->body, "kind");
	const char *set = elem_value(m->body, "service-set");
	const char *address = elem_value(m->body, "address");
	const char *queue = elem_value(m->body, "queue");
	const char *vnet = elem_value(m->body, "vnet-header");
	bool is_device = role != NULL;
	bool is_first = queue == NULL || (is_device && strcmp(queue, "0") == 0);
	snprintf(line, sizeof(line), "%s %s%s%s%s %s %s",
	    m->type == MSG_DEVICE || m->type == MSG_SOCKET ? "given" : "taken",
	    is_first ? "" : "queue ", is_first ? "" : queue, is_first ? "" : " of ",
	    is_device ? role : kind, is_device ? unit : elem_value(m->body, "family"),
	    set != NULL       ? set
	    : address != NULL ? address
			      : "-");
	say(s, line);
	bool is_given = m->type == MSG_DEVICE || m->type == MSG_SOCKET;
	/* of UDP sockets all, if it does not say which */
	queues_close(s, line + strlen("given "), !is_given && queue == NULL && !is_device);
	if (!is_given)
		return;
	struct queue *q = calloc(1, sizeof(*q));
	if (q == NULL)
		abort();
	snprintf(q->name, sizeof(q->name), "%s", line + strlen("given "));
	q->shown = is_device ? strstr(q->name, role) : q->name;
	q->vnet_header = vnet != NULL ? (unsigned)strtoul(vnet, NULL, 10) : 0;
	q->fd = m->fd;
	m->fd = -1;
	q->poll.data = q;
	uv_poll_init(&s->d.loop, &q->poll, q->fd);
	uv_poll_start(&q->poll, UV_READABLE, on_packet);
	q->next = s->queues;
	s->queues = q;
}

static void
on_given(struct ipc *c, struct ipc_msg *m, void *arg)
{
	(void)c;
	given(arg, m);
}

static const struct ipc_ops picd_ops = { .on_message = on_given, .on_closed = on_netd_closed };

/* --- both --- */

static void
on_link(const char *peer, const char *instance, int fd, void *arg)
{
	struct stand_in *s = arg;
	char line[96];
	bool is_mgd = strcmp(s->name, "mgd") == 0;
	snprintf(line, sizeof(line), "link %s %s", peer, instance);
	say(s, line);
	if (strcmp(peer, "netd") == 0) {
		ipc_free(s->netd);
		s->netd = ipc_new(&s->d.loop, fd, is_mgd ? &netd_ops : &picd_ops, s);
		if (is_mgd && s->conf != NULL)
			conf_send(s);
	} else if (strcmp(peer, "cli") == 0) {
		s->listen_fd = fd;
		s->listener.data = s;
		uv_poll_init(&s->d.loop, &s->listener, fd);
		uv_poll_start(&s->listener, UV_READABLE, on_client);
	} else {
		close(fd);
	}
}

static void
on_message(struct ipc_msg *m, void *arg)
{
	struct stand_in *s = arg;
	char *text = NULL;
	size_t n = 0;
	char buf[4096];
	ssize_t got;
	if (m->type != MSG_LOAD)
		return;
	while ((got = read(m->fd, buf, sizeof(buf))) > 0) {
		text = realloc(text, n + (size_t)got + 1);
		memcpy(text + n, buf, (size_t)got);
		n += (size_t)got;
		text[n] = '\0';
	}
	s->is_from_client = false;
	text_load(s, text != NULL ? text : "");
	free(text);
}

static const struct daemon_ops ops = { .on_link = on_link, .on_message = on_message };

int
main(int argc, char **argv)
{
	static struct stand_in s;
	bool is_picd = argc > 2 && strcmp(argv[1], "-i") == 0;
	bool is_kmd = strcmp(argv[0], "kmd") == 0;
	snprintf(s.name, sizeof(s.name), "%s", is_picd ? argv[2] : argv[0]);
	if (daemon_init(&s.d, is_picd ? "picd" : argv[0], &ops, &s) < 0)
		return EXIT_FAILURE;
	daemon_ready(&s.d, is_picd ? SANDBOX_PICD : is_kmd ? SANDBOX_KMD : SANDBOX_MGD);
	daemon_run(&s.d);
	conf_free(s.conf);
	arena_free(s.arena);
	return EXIT_SUCCESS;
}
