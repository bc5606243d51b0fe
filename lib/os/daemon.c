/* SPDX-License-Identifier: BSD-2-Clause
 *
 * daemon.c - what every daemon does the same way: channel 3, links, ready, stop, sandbox.
 *
 * sallyportd's channel is descriptor 3. When it closes, the gateway is gone and the daemon stops as if it had been
 * asked to: so even a killed sallyportd leaves nothing behind.
 */
#include "lib/os/daemon.h"

#include "lib/msg/elem.h"
#include "lib/msg/msg.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { SUPER_FD = 3 };

static void
on_link(struct daemon *d, struct ipc_msg *m)
{
	const char *peer = elem_value(m->body, "peer");
	const char *instance = elem_value(m->body, "instance");
	if (peer == NULL || m->fd < 0) {
		log_line(LOG_LEVEL_ERROR, "DAEMON_LINK", "a link without peer or descriptor");
		uv_stop(&d->loop);
		return;
	}
	int fd = m->fd;
	m->fd = -1;
	d->ops->on_link(peer, instance != NULL ? instance : "", fd, d->arg);
}

/* The old file has been put aside: the same descriptor becomes the new one. */
static void
on_log_turn(const struct ipc_msg *m)
{
	const char *which = elem_value(m->body, "which");
	const char *name = elem_value(m->body, "name");
	if (which == NULL || m->fd < 0)
		return;
	if (strcmp(which, "file") == 0)
		log_place_turn(name != NULL ? name : "", m->fd);
	else if (dup2(m->fd, STDERR_FILENO) < 0)
		log_line(LOG_LEVEL_ERROR, "DAEMON_LOG", "%s", strerror(errno));
}

/* A place of [edit system syslog] is there from now on, or not any more. */
static void
on_log_sink(struct ipc_msg *m)
{
	int fd = m->fd;
	m->fd = -1;
	if (m->body == NULL) {
		if (fd >= 0)
			close(fd);
	} else if (fd < 0) {
		log_place_del(m->body);
	} else if (!log_place_set(m->body, fd)) {
		log_line(LOG_LEVEL_ERROR, "DAEMON_LOG", "a place for lines that makes no sense");
	}
}

static void
on_super_message(struct ipc *c, struct ipc_msg *m, void *arg)
{
	struct daemon *d = arg;
	(void)c;
	switch (m->type) {
	case MSG_LINK:
		on_link(d, m);
		return;
	case MSG_LOG_TURN:
		on_log_turn(m);
		return;
	case MSG_LOG_SINK:
		on_log_sink(m);
		return;
	case MSG_STOP:
		d->is_again = m->body != NULL && elem_has(m->body, "again");
		uv_stop(&d->loop);
		return;
	default:
		if (d->ops->on_message != NULL)
			d->ops->on_message(m, d->arg);
	}
}

static void
on_super_closed(struct ipc *c, const char *why, void *arg)
{
	struct daemon *d = arg;
	(void)c;
	log_line(LOG_LEVEL_WARNING, "DAEMON_ORPHAN", "sallyportd is gone (%s)", why);
	uv_stop(&d->loop);
}

static const struct ipc_ops super_ops = {
	.on_message = on_super_message,
	.on_closed = on_super_closed,
};

int
daemon_init(struct daemon *d, const char *name, const struct daemon_ops *ops, void *arg)
{
	log_open(name);
	log_messages_to(STDOUT_FILENO);
	prctl(PR_SET_NAME, name, 0, 0, 0); /* we were run by descriptor, not by name */
	*d = (struct daemon){ .ops = ops, .arg = arg };
	signal(SIGPIPE, SIG_IGN);
	/* the terminal's ^C is for sallyportd, which then tells us */
	signal(SIGINT, SIG_IGN);
	if (fcntl(SUPER_FD, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	int rc = uv_loop_init(&d->loop);
	if (rc < 0)
		return rc;
	d->super = ipc_new(&d->loop, SUPER_FD, &super_ops, d);
	return d->super != NULL ? 0 : -EINVAL;
}

void
daemon_ready(struct daemon *d, enum sandbox_profile profile)
{
	const char *what;
	/* the loop makes its own descriptors on first use: before opening anything is forbidden */
	uv_run(&d->loop, UV_RUN_NOWAIT);
	int rc = sandbox_enter(profile, &what);
	if (rc < 0) {
		log_line(LOG_LEVEL_ERROR, "DAEMON_SANDBOX", "%s: %s", what, strerror(-rc));
		_Exit(EXIT_FAILURE);
	}
	ipc_send(d->super, MSG_READY, 0, NULL, -1);
}

int
daemon_run(struct daemon *d)
{
	uv_run(&d->loop, UV_RUN_DEFAULT);
	if (d->ops->on_stop != NULL)
		d->ops->on_stop(d->arg);
	return EXIT_SUCCESS;
}

void
daemon_done(struct daemon *d)
{
	ipc_free(d->super);
	d->super = NULL;
	uv_run(&d->loop, UV_RUN_DEFAULT);
	uv_loop_close(&d->loop);
}
