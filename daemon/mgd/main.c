/* SPDX-License-Identifier: BSD-2-Clause
 *
 * main.c - mgd: keeps the configuration, checks and commits it, answers the command line.
 *
 * Started by sallyportd in the folder of the committed configurations, as a user of its own, without capabilities.
 * Reads: the schema (compiled in), that folder, messages of sallyportd, of the daemons, of command lines.
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/mgd/mgd.h"
#include "lib/junos/load.h"
#include "lib/junos/tree.h"
#include "lib/yang/schema.h"

/* A file that sallyportd wants committed. */
struct load {
	struct mgd *m;
	uint32_t seq;
	struct text text; /* what was said about it so far */
};

/* --- MSG_LOAD --- */

static void
loaded_send(struct mgd *m, uint32_t seq, bool ok, const char *text)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "loaded");
	elem_leaf(a, e, "status", ok ? "ok" : "error");
	elem_leaf(a, e, "text", text);
	ipc_send(m->d.super, MSG_LOADED, seq, e, -1);
	arena_free(a);
}

static void
on_load_committed(void *arg, bool ok, const char *text)
{
	struct load *l = arg;
	struct mgd *m = l->m;
	/* that it is complete is what the status says */
	if (!ok || strcmp(text, "commit complete\n") != 0)
		text_put(&l->text, text);
	if (ok) {
		tree_free(m->db.candidate);
		m->db.candidate = tree_copy(m->db.running);
		m->db.is_touched = false;
	}
	loaded_send(m, l->seq, ok, text_str(&l->text));
	text_done(&l->text);
	free(l);
}

/* Reads the whole of FD. Returns 0 or -errno. */
static int
fd_read(int fd, struct text *out)
{
	char buf[65536];
	int rc = 0;
	for (;;) {
		ssize_t n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc = -errno;
		else if (out->len + (size_t)n > STORE_FILE_MAX)
			rc = -EFBIG;
		if (n == 0 || rc < 0)
			break;
		text_putn(out, buf, (size_t)n);
	}
	explicit_bzero(buf, sizeof(buf)); /* there were keys in it */
	return rc;
}

static void
tree_commit(struct mgd *m, const struct tree *t, uint32_t seq, struct text *said)
{
	struct load *l = calloc(1, sizeof(*l));
	if (l == NULL)
		abort();
	*l = (struct load){ .m = m, .seq = seq, .text = *said };
	*said = (struct text){ 0 };
	struct commit_ask ask = {
		.tree = t,
		.meta = { .user = "root", .client = "other" },
		.on_done = on_load_committed,
		.arg = l,
	};
	if (!commit_start(m, &ask))
		on_load_committed(l, false, "error: another commit is under way\n");
}

/* What was not understood is said even where it stops nothing; what is kept without effect is not. */
static void
report_show(const struct report *r, const char *name, struct text *out)
{
	struct report shown = { 0 };
	for (size_t i = 0; i < r->n; i++)
		if (r->lines[i].class != REPORT_IGNORED)
			report_add(&shown, &r->lines[i]);
	report_print(&shown, name, out);
	report_done(&shown);
}

static void
on_load(struct mgd *m, struct ipc_msg *msg)
{
	const char *name = elem_value(msg->body, "name");
	struct text file = { 0 };
	struct text said = { 0 };
	struct report r = { 0 };
	struct tree *t = tree_new(m->db.schema);
	int rc = msg->fd >= 0 ? fd_read(msg->fd, &file) : -EBADF;
	if (rc < 0)
		text_printf(&said, "error: could not read %s: %s\n", name != NULL ? name : "",
		    strerror(-rc));
	else if (!load_any(t, LOAD_OVERRIDE, text_str(&file), file.len, &r))
		rc = -EINVAL;
	report_show(&r, name != NULL ? name : "file", &said);
	if (rc == 0) {
		tree_commit(m, t, msg->seq, &said);
	} else {
		loaded_send(m, msg->seq, false, text_str(&said));
	}
	text_done(&said);
	text_done(&file);
	report_done(&r);
	tree_free(t);
}

/* --- channels --- */

static void
on_client(uv_poll_t *poll, int status, int events)
{
	struct mgd *m = poll->data;
	(void)events;
	int fd = status == 0 ? accept4(m->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK) : -1;
	if (fd >= 0)
		session_on_client(m, fd);
}

static void
on_listener_closed(uv_handle_t *h)
{
	free(h);
}

static void
listener_take(struct mgd *m, int fd)
{
	if (m->listener != NULL) {
		uv_close((uv_handle_t *)m->listener, on_listener_closed);
		close(m->listen_fd);
	}
	m->listen_fd = fd;
	m->listener = calloc(1, sizeof(*m->listener));
	if (m->listener == NULL)
		abort();
	uv_poll_init(&m->d.loop, m->listener, fd);
	m->listener->data = m;
	uv_poll_start(m->listener, UV_READABLE, on_client);
}

static void
on_link(const char *peer, const char *instance, int fd, void *arg)
{
	struct mgd *m = arg;
	if (strcmp(peer, "cli") == 0)
		listener_take(m, fd);
	else if (strcmp(peer, "netd") == 0 || strcmp(peer, "kmd") == 0 ||
		 strcmp(peer, "pkid") == 0 || strcmp(peer, "picd") == 0)
		peer_on_link(m, peer, instance, fd);
	else if (strcmp(peer, "syslog") == 0)
		log_conf_on_link(m, fd);
	else
		close(fd);
}

static void
on_message(struct ipc_msg *msg, void *arg)
{
	struct mgd *m = arg;
	if (msg->type == MSG_LOAD)
		on_load(m, msg);
	else if (msg->type == MSG_LOG_NAMES && msg->body != NULL)
		log_conf_on_names(m, msg->body);
	else if (!system_on_super(m, msg))
		log_line(LOG_LEVEL_WARNING, "UI_SUPER_MESSAGE", "unexpected message %u", msg->type);
}

static const struct daemon_ops ops = { .on_link = on_link, .on_message = on_message };

int
main(void)
{
	static struct mgd m = { .listen_fd = -1 };
	/* trees come and go in large chunks, which shall go back to the system and not stay as holes */
	mallopt(M_MMAP_THRESHOLD, 256 * 1024);
	int rc = daemon_init(&m.d, "mgd", &ops, &m);
	if (rc < 0) {
		fprintf(stderr, "mgd: %s\n", strerror(-rc));
		return EXIT_FAILURE;
	}
	const char *error = NULL;
	const struct schema *schema = schema_load(&error);
	if (schema == NULL) {
		log_line(LOG_LEVEL_ERROR, "UI_SCHEMA", "%s", error);
		return EXIT_FAILURE;
	}
	users_init();
	umask(077);
	rc = db_init(&m.db, schema);
	if (rc < 0) {
		log_line(LOG_LEVEL_ERROR, "UI_DBASE_OPEN", "%s", strerror(-rc));
		return EXIT_FAILURE;
	}
	pack_init(&m);
	schedule_init(&m);
	daemon_ready(&m.d, SANDBOX_MGD);
	log_conf_tell(&m);
	commit_boot(&m);
	confirm_start(&m);
	schedule_start(&m);
	return daemon_run(&m.d);
}
