/* SPDX-License-Identifier: BSD-2-Clause
 *
 * log_conf.c - where lines of the log go: [edit system syslog] and traceoptions, as sallyportd is told of them.
 *
 * mgd may open neither files nor sockets: it only says which places there are (MSG_LOG_CONF). Lines for users come back to it as
 * datagrams and appear on their terminals. Called by db.c, commit.c and main.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/mgd/mgd.h"
#include "lib/junos/tree.h"
#include "lib/yang/schema.h"

enum { LINE_MAX_LEN = 2048, LINES_AT_ONCE = 64 };

/* --- the configuration --- */

static const struct node *
find(const struct node *n, const char *name)
{
	for (const struct node *c = n != NULL ? n->child : NULL; c != NULL; c = c->next)
		if (!c->is_inactive && strcmp(c->schema->name, name) == 0)
			return c;
	return NULL;
}

/* "1m" in bytes. */
static void
size_add(struct arena *a, struct elem *e, const char *value)
{
	char *end;
	unsigned long long n = strtoull(value, &end, 10);
	unsigned shift = strchr("kK", *end) != NULL && *end != '\0' ? 10 : 0;
	shift = *end == 'm' || *end == 'M' ? 20 : shift;
	shift = *end == 'g' || *end == 'G' ? 30 : shift;
	if (n > 1 << 20)
		n = 1 << 20; /* a terabyte is enough */
	elem_leaff(a, e, "size", "%llu", n << shift);
}

/* Copies the leaves below N that say something about a place. */
static void
leaves_add(struct arena *a, struct elem *e, const struct node *n)
{
	for (const struct node *c = n != NULL ? n->child : NULL; c != NULL; c = c->next) {
		const char *name = c->schema->name;
		if (c->is_inactive || c->schema->kind != SNODE_LEAF)
			continue;
		if (strcmp(name, "size") == 0 && c->value != NULL)
			size_add(a, e, c->value);
		else if (c->value != NULL && strcmp(name, "filename") != 0)
			elem_leaf(a, e, name, arena_strdup(a, c->value));
		else if (c->value == NULL)
			elem_flag(a, e, name);
	}
}

static struct elem *
sink_add(struct arena *a, struct elem *to, const char *kind, const char *name)
{
	struct elem *sink = elem_add(a, to, "sink");
	elem_leaf(a, sink, "kind", kind);
	elem_leaf(a, sink, "name", arena_strdup(a, name));
	return sink;
}

static void
contents_add(struct arena *a, struct elem *sink, const char *name, const char *level)
{
	struct elem *c = elem_add(a, sink, "contents");
	elem_leaf(a, c, "name", arena_strdup(a, name));
	elem_leaf(a, c, "level", arena_strdup(a, level));
}

/* One `file`, `host` or `user`. */
static void
place_add(struct arena *a, struct elem *to, const struct node *syslog, const struct node *n)
{
	struct elem *sink = sink_add(a, to, n->schema->name, n->value);
	const struct node *source = find(syslog, "source-address");
	for (const struct node *c = n->child; c != NULL; c = c->next) {
		const struct node *level = find(c, "level");
		if (!c->is_inactive && strcmp(c->schema->name, "contents") == 0)
			contents_add(a, sink, c->value, level != NULL ? level->value : "any");
	}
	leaves_add(a, sink, n);
	leaves_add(a, sink, find(n, "archive"));
	leaves_add(a, sink, find(syslog, "time-format"));
	const struct node *structured = find(n, "structured-data");
	if (structured != NULL)
		leaves_add(a, elem_add(a, sink, "structured-data"), structured);
	if (source != NULL && !elem_has(sink, "source-address"))
		elem_leaf(a, sink, "source-address", arena_strdup(a, source->value));
}

/* What is there when nothing else is said of it. */
static void
messages_add(struct arena *a, struct elem *to)
{
	struct elem *sink = sink_add(a, to, "file", "messages");
	contents_add(a, sink, "any", "notice");
	contents_add(a, sink, "authorization", "info");
}

static void
syslog_add(struct arena *a, struct elem *to, const struct node *syslog)
{
	bool has_messages = false;
	leaves_add(a, to, find(syslog, "archive"));
	for (const struct node *n = syslog != NULL ? syslog->child : NULL; n != NULL; n = n->next) {
		if (n->is_inactive || n->schema->kind != SNODE_LIST)
			continue;
		has_messages = has_messages || (strcmp(n->schema->name, "file") == 0 &&
						   strcmp(n->value, "messages") == 0);
		place_add(a, to, syslog, n);
	}
	if (!has_messages)
		messages_add(a, to);
}

/* Where the trace of a place of the configuration goes if it names no file. */
static const struct {
	const char *words[2];
	const char *file;
} traces[] = {
	{ { "services", "ipsec-vpn" }, "kmd" },
	{ { "security", NULL }, "kmd" },
};

static void
trace_add(struct arena *a, struct elem *to, const struct node *trace, const char *fallback)
{
	const struct node *file = find(trace, "file");
	const struct node *name = find(file, "filename");
	const struct node *level = find(trace, "level");
	/* only the first says how much, where no statement does */
	bool has_level = strcmp(trace->parent->schema->name, "ipsec-vpn") == 0;
	if (find(trace, "flag") == NULL)
		return;
	struct elem *sink = sink_add(a, to, "trace", name != NULL ? name->value : fallback);
	contents_add(a, sink, "any", level != NULL ? level->value : has_level ? "error" : "all");
	for (const struct node *c = trace->child; c != NULL; c = c->next)
		if (!c->is_inactive && strcmp(c->schema->name, "flag") == 0)
			elem_leaf(a, sink, "flag", arena_strdup(a, c->value));
	leaves_add(a, sink, file);
	if (!elem_has(sink, "files"))
		elem_leaf(a, sink, "files", "3");
}

struct elem *
log_conf_build(const struct node *root, struct arena *a)
{
	struct elem *to = elem_new(a, "log-conf");
	syslog_add(a, to, find(find(root, "system"), "syslog"));
	for (size_t i = 0; i < sizeof(traces) / sizeof(traces[0]); i++) {
		const struct node *at = find(root, traces[i].words[0]);
		if (traces[i].words[1] != NULL)
			at = find(at, traces[i].words[1]);
		const struct node *trace = find(at, "traceoptions");
		if (trace != NULL)
			trace_add(a, to, trace, traces[i].file);
	}
	return to;
}

void
log_conf_tell(struct mgd *m)
{
	ipc_send(m->d.super, MSG_LOG_CONF, 0, m->db.log_conf, -1);
}

/* --- lines for users --- */

static void
line_show(struct mgd *m, const char *user, const char *line)
{
	struct text out = { 0 };
	char host[65] = "";
	gethostname(host, sizeof(host) - 1);
	const char *name = db_host_name(&m->db);
	text_printf(&out, "\nMessage from syslogd@%s at %.15s  ...\n%s", name != NULL ? name : host,
	    line, line);
	for (struct session *s = m->sessions; s != NULL; s = s->next)
		if (s->is_welcome && s->terminal[0] != '\0' &&
		    (strcmp(user, "*") == 0 || strcmp(user, s->user.name) == 0))
			session_notice(s, text_str(&out));
	text_done(&out);
}

static void
on_lines(uv_poll_t *poll, int status, int events)
{
	struct mgd *m = poll->data;
	char buf[LINE_MAX_LEN + 1];
	(void)status;
	(void)events;
	for (unsigned i = 0; i < LINES_AT_ONCE; i++) {
		ssize_t n = recv(m->user_lines_fd, buf, LINE_MAX_LEN, MSG_DONTWAIT);
		if (n < 0)
			return;
		buf[n] = '\0';
		char *end = strchr(buf, '\n');
		if (end == NULL)
			continue;
		*end = '\0';
		line_show(m, buf, end + 1);
	}
}

void
log_conf_on_link(struct mgd *m, int fd)
{
	if (m->user_lines != NULL) {
		close(fd); /* it is the same, for as long as sallyportd lives */
		return;
	}
	m->user_lines = calloc(1, sizeof(*m->user_lines));
	if (m->user_lines == NULL)
		abort();
	m->user_lines_fd = fd;
	uv_poll_init(&m->d.loop, m->user_lines, fd);
	m->user_lines->data = m;
	uv_poll_start(m->user_lines, UV_READABLE, on_lines);
}

/* --- names --- */

void
log_conf_on_names(struct mgd *m, const struct elem *body)
{
	arena_free(m->log_names_arena);
	m->log_names_arena = arena_new();
	m->log_names = elem_new(m->log_names_arena, "log-names");
	elem_each (name, body, "name")
		if (name->value != NULL)
			elem_leaf(m->log_names_arena, m->log_names, "name",
			    arena_strdup(m->log_names_arena, name->value));
}
