/* SPDX-License-Identifier: BSD-2-Clause
 *
 * connect.c - the channel to mgd: found in the gateway's folder, opened with a hello, closed.
 *
 * Called by main.c and netconf.c.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/screen.h"
#include "lib/base/arena.h"
#include "lib/msg/cli.h"
#include "lib/msg/elem.h"
#include "lib/os/ipc.h"

#define SYSTEM_RUNDIR "/run/sallyport"
#define SOCKET_NAME "mgd.sock"

static void
copy_leaf(char *to, size_t size, const struct elem *e, const char *name)
{
	const char *v = elem_value(e, name);
	snprintf(to, size, "%s", v != NULL ? v : "");
}

static int
connect_to(const char *rundir)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int n = snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/%s", rundir, SOCKET_NAME);
	if (n < 0 || (size_t)n >= sizeof(sun.sun_path))
		return -ENAMETOOLONG;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
		int err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

/* What the login class of the user and the system have to say at the beginning. */
static void
on_welcome(struct client *c, const struct elem *e)
{
	const char *idle_min = elem_value(e, "idle-timeout");
	const char *announcement = elem_value(e, "announcement");
	struct text ignored = { 0 };
	if (idle_min != NULL)
		setting_apply(&c->settings, "idle-timeout", idle_min, &ignored);
	text_done(&ignored);
	if (c->is_terminal && announcement != NULL)
		screen_announce(announcement);
}

static int
hello(struct client *c)
{
	const char *tty = c->is_terminal ? ttyname(STDIN_FILENO) : NULL;
	if (tty != NULL && strncmp(tty, "/dev/", 5) == 0)
		tty += 5;
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "hello");
	elem_leaf(a, e, "terminal", tty != NULL ? tty : "");
	if (c->program != NULL)
		elem_leaf(a, e, "client", c->program);
	int err = ipc_send_blocking(c->fd, CLI_HELLO, c->seq, e);
	if (err != 0) {
		arena_free(a);
		return err;
	}
	struct ipc_msg m = { .fd = -1 };
	err = ipc_recv_blocking(c->fd, a, &m);
	if (err == 0 && m.type == CLI_WELCOME) {
		copy_leaf(c->user, sizeof(c->user), m.body, "user");
		copy_leaf(c->host, sizeof(c->host), m.body, "host-name");
		on_welcome(c, m.body);
	} else if (err == 0 && m.type == CLI_DONE) {
		const char *text = elem_value(m.body, "text");
		fprintf(stderr, "%s\n", text != NULL ? text : "error: permission denied");
		err = 1;
	} else if (err == 0) {
		err = -EPROTO;
	}
	if (m.fd >= 0)
		close(m.fd);
	arena_free(a);
	return err;
}

int
client_open(struct client *c, const char *rundir)
{
	snprintf(c->rundir, sizeof(c->rundir), "%s", rundir != NULL ? rundir : SYSTEM_RUNDIR);
	c->fd = connect_to(c->rundir);
	int err = c->fd < 0 ? c->fd : hello(c);
	if (err < 0)
		fprintf(stderr, "error: could not connect to mgd: %s\n", strerror(-err));
	return err != 0 ? 1 : 0;
}

void
client_close(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	free(c->ahead);
	c->ahead = NULL;
}
