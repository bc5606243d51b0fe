/* SPDX-License-Identifier: BSD-2-Clause
 *
 * main.c - pkid: the keeper of private keys, certificates and CAs.
 *
 * usage: pkid   started by sallyportd in the folder of keys, channel 3. Rights that remain after daemon_ready(): files of that
 * folder, memory, time and randomness; no sockets, nothing of the network.
 */
#include "daemon/pkid/pkid.h"
#include "lib/conf/conf.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void
on_link(const char *peer, const char *instance, int fd, void *arg)
{
	(void)instance;
	control_link(arg, peer, fd);
}

static void
on_stop(void *arg)
{
	struct pkid *p = arg;
	control_stop(p);
	store_close(&p->store);
	conf_free(p->conf);
	p->conf = NULL;
}

static const struct daemon_ops ops = { .on_link = on_link, .on_stop = on_stop };

static void
nothing(uv_work_t *w)
{
	(void)w;
}

static void
nothing_done(uv_work_t *w, int status)
{
	(void)w;
	(void)status;
}

/* libuv makes its threads when the first work comes, and no thread can be made once the sandbox is up. */
static void
threads_start(void)
{
	uv_loop_t loop;
	uv_work_t w;
	if (uv_loop_init(&loop) < 0 || uv_queue_work(&loop, &w, nothing, nothing_done) < 0)
		abort();
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
}

int
main(void)
{
	static struct pkid p;
	umask(077);
	setenv("UV_THREADPOOL_SIZE", "1", 1);
	threads_start();
	if (daemon_init(&p.daemon, "pkid", &ops, &p) < 0)
		return EXIT_FAILURE;
	control_init(&p);
	store_open(&p.store);
	daemon_ready(&p.daemon, SANDBOX_PKID);
	int rc = daemon_run(&p.daemon);
	daemon_done(&p.daemon);
	return rc;
}
