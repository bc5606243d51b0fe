/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sinks.c - the places of [edit system syslog]: opened here, written to by every process of the gateway.
 *
 * mgd says which there are. A file is opened in the log folder, which only we may write to. Lines for hosts go to netd and
 * lines for users to mgd, by one pair of datagram sockets each that lives as long as we do: so no process gets a socket to
 * the network or a terminal that it did not have, and none needs a process in the middle for its files. Called by main.c.
 */
#include "daemon/sallyportd/sinks.h"

#include "daemon/sallyportd/child.h"
#include "daemon/sallyportd/logs.h"
#include "daemon/sallyportd/place.h"
#include "lib/base/arena.h"
#include "lib/base/bytes.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/os/ipc.h"
#include "lib/os/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct sink {
	struct arena *a;
	struct elem *e;
	struct wr bytes; /* the same, to be compared */
	int fd;          /* -1: the place could not be opened */
};

static struct sink sinks[LOG_PLACES_MAX];
static size_t n_sinks;

/* [0] is read by mgd (users) or netd (hosts), [1] written to by everybody. */
static int user_pair[2] = { -1, -1 };
static int host_pair[2] = { -1, -1 };

static struct logs_rule standard = { .size = LOGS_SIZE_MAX, .n_files = LOGS_OLD_MAX };

void
sinks_start(void)
{
	static const int type = SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
	if (socketpair(AF_UNIX, type, 0, user_pair) < 0 ||
	    socketpair(AF_UNIX, type, 0, host_pair) < 0)
		log_line(LOG_LEVEL_ERROR, "SUPER_LOG", "socketpair: %s", strerror(errno));
}

int
sinks_reader(enum child_kind kind)
{
	return kind == CHILD_MGD ? user_pair[0] : kind == CHILD_NETD ? host_pair[0] : -1;
}

/* --- files --- */

static void
rule_read(struct logs_rule *rule, const struct elem *e)
{
	const char *size = elem_value(e, "size");
	const char *files = elem_value(e, "files");
	long long n = size != NULL ? strtoll(size, NULL, 10) : 0;
	long k = files != NULL ? strtol(files, NULL, 10) : 0;
	if (n > 0)
		rule->size = n < LOGS_SIZE_MIN ? LOGS_SIZE_MIN : (off_t)n;
	if (k > 0)
		rule->n_files = k < LOGS_FILES_MAX ? (unsigned)k : LOGS_FILES_MAX;
	if (elem_has(e, "world-readable"))
		rule->is_world_readable = true;
	if (elem_has(e, "no-world-readable"))
		rule->is_world_readable = false;
}

static bool
is_file(const struct elem *e)
{
	const char *kind = elem_value(e, "kind");
	return kind != NULL && (strcmp(kind, "file") == 0 || strcmp(kind, "trace") == 0);
}

struct logs_rule
sinks_rule(const char *name)
{
	struct logs_rule rule = standard;
	for (size_t i = 0; i < n_sinks; i++)
		if (is_file(sinks[i].e) && strcmp(elem_value(sinks[i].e, "name"), name) == 0)
			rule_read(&rule, sinks[i].e);
	return rule;
}

const char *
sinks_file(size_t i)
{
	for (size_t k = 0; k < n_sinks; k++)
		if (is_file(sinks[k].e) && i-- == 0)
			return elem_value(sinks[k].e, "name");
	return NULL;
}

/* --- sinks --- */

static int
sink_open(const struct place *p, const struct elem *e)
{
	const char *kind = elem_value(e, "kind");
	if (is_file(e)) {
		struct logs_rule rule = sinks_rule(elem_value(e, "name"));
		return logs_open(p, elem_value(e, "name"), rule.is_world_readable);
	}
	return fcntl(strcmp(kind, "host") == 0 ? host_pair[1] : user_pair[1], F_DUPFD_CLOEXEC, 0);
}

/* True if it is one that we know how to open. */
static bool
is_sink(const struct elem *e)
{
	struct log_sink s;
	if (!log_sink_init(&s, e))
		return false;
	log_sink_done(&s);
	return !is_file(e) || logs_is_name(elem_value(e, "name"));
}

static void
sink_free(struct sink *s)
{
	if (s->fd >= 0)
		close(s->fd);
	wr_free(&s->bytes);
	arena_free(s->a);
}

static struct sink
sink_new(const struct elem *e)
{
	struct sink s = { .a = arena_new(), .bytes = wr_grow(), .fd = -1 };
	elem_encode(&s.bytes, e);
	struct rd r = rd_init(s.bytes.buf, s.bytes.len);
	s.e = elem_decode(s.a, &r);
	return s;
}

static bool
is_same_place(const struct elem *a, const struct elem *b)
{
	return strcmp(elem_value(a, "kind"), elem_value(b, "kind")) == 0 &&
	       strcmp(elem_value(a, "name"), elem_value(b, "name")) == 0;
}

static void
sink_send(const struct sink *s, struct child *const *children, size_t n, bool is_gone)
{
	if (s->fd < 0 && !is_gone)
		return;
	for (size_t i = 0; i < n; i++)
		if (children[i]->ipc != NULL)
			ipc_send(children[i]->ipc, MSG_LOG_SINK, 0, s->e, is_gone ? -1 : s->fd);
	if (is_gone)
		log_place_del(s->e);
	else if (!log_place_set(s->e, fcntl(s->fd, F_DUPFD_CLOEXEC, 0)))
		log_line(LOG_LEVEL_ERROR, "SUPER_LOG", "a place for lines that makes no sense");
}

/* Takes what was there before out of OLD: what stays as it is is not opened anew. */
static bool
sink_keep(struct sink *s, struct sink *old, size_t n_old)
{
	for (size_t i = 0; i < n_old; i++) {
		if (old[i].e == NULL || !is_same_place(old[i].e, s->e))
			continue;
		bool is_equal = old[i].bytes.len == s->bytes.len &&
				memcmp(old[i].bytes.buf, s->bytes.buf, s->bytes.len) == 0;
		if (is_equal) {
			s->fd = old[i].fd;
			old[i].fd = -1;
		}
		sink_free(&old[i]);
		old[i].e = NULL;
		return is_equal;
	}
	return false;
}

void
sinks_conf(const struct place *p, const struct elem *body, struct child *const *children, size_t n)
{
	struct sink old[LOG_PLACES_MAX];
	bool is_new[LOG_PLACES_MAX] = { false };
	size_t n_old = n_sinks;
	memcpy(old, sinks, sizeof(old));
	standard = (struct logs_rule){ .size = LOGS_SIZE_MAX, .n_files = LOGS_OLD_MAX };
	rule_read(&standard, body);
	n_sinks = 0;
	elem_each (e, body, "sink") {
		if (n_sinks == LOG_PLACES_MAX || !is_sink(e))
			continue;
		struct sink s = sink_new(e);
		is_new[n_sinks] = !sink_keep(&s, old, n_old);
		sinks[n_sinks++] = s;
	}
	for (size_t i = 0; i < n_old; i++) {
		if (old[i].e == NULL)
			continue;
		sink_send(&old[i], children, n, true);
		sink_free(&old[i]);
	}
	for (size_t i = 0; i < n_sinks; i++) {
		if (!is_new[i])
			continue;
		sinks[i].fd = sink_open(p, sinks[i].e);
		if (sinks[i].fd < 0)
			log_line(LOG_LEVEL_ERROR, "SUPER_LOG", "%s: %s",
			    elem_value(sinks[i].e, "name"), strerror(errno));
		sink_send(&sinks[i], children, n, false);
	}
}

void
sinks_give(struct child *c)
{
	for (size_t i = 0; i < n_sinks; i++)
		if (sinks[i].fd >= 0)
			ipc_send(c->ipc, MSG_LOG_SINK, 0, sinks[i].e, sinks[i].fd);
}

void
sinks_turned(const char *name, int fd)
{
	for (size_t i = 0; i < n_sinks; i++)
		if (is_file(sinks[i].e) && sinks[i].fd >= 0 &&
		    strcmp(elem_value(sinks[i].e, "name"), name) == 0 &&
		    dup3(fd, sinks[i].fd, O_CLOEXEC) < 0)
			log_line(LOG_LEVEL_ERROR, "SUPER_LOG", "%s: %s", name, strerror(errno));
}
