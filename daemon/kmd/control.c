/* SPDX-License-Identifier: BSD-2-Clause
 *
 * control.c - what mgd and netd tell the key management daemon.
 *
 * mgd: could you run this configuration, run it, answer this command. netd: here is a socket, it is gone, that was all for
 * this commit. A configuration runs once netd has handed over its sockets, or takes too long: a negotiation that begins without a
 * socket would begin with a lost message. Nothing is kept on disk: after a restart everybody tells everything again. A message that
 * makes no sense is refused; the negotiations go on.
 */
#include "daemon/kmd/kmd.h"
#include "lib/base/text.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/os/answer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { SYNC_WAIT_MS = 3000 };

/* --- mgd: configuration --- */

static bool
can_run(void *ctx, const struct conf *c, struct text *why)
{
	(void)ctx;
	return life_conf_check(c, why);
}

/* The sockets are there, or netd takes too long to be waited for: the configuration that waits is run. */
static void
apply_finish(struct kmd *k)
{
	struct conf *c = k->waiting;
	if (c == NULL)
		return;
	k->waiting = NULL;
	uv_timer_stop(&k->sync_wait);
	life_conf(k->life, kmd_now(), c);
	log_trace("parse", LOG_LEVEL_INFO, "commit %u: %zu tunnels with dynamic SAs",
	    k->apply_commit, life_n_tunnels(k->life));
	conf_free(c); /* life has what it needs of it, and there are keys in it */
	k->has_conf = true;
	pics_open(&k->pics);
	answer_conf(k->mgd, k->apply_seq, k->apply_commit, NULL);
}

static void
on_sync_wait(uv_timer_t *t)
{
	struct kmd *k = t->data;
	log_line(LOG_LEVEL_WARNING, "KMD_SYNC", "netd has not handed over everything for commit %u",
	    k->apply_commit);
	apply_finish(k);
}

static void
conf_apply(struct kmd *k, const struct ipc_msg *m)
{
	uint32_t commit = answer_commit_of(m);
	struct conf *c = checked_on_apply(&k->checked, k->mgd, m, NULL, NULL);
	if (c == NULL)
		return;
	conf_free(k->waiting); /* mgd has asked for something else since */
	k->waiting = c;
	k->apply_seq = m->seq;
	k->apply_commit = commit;
	k->awaited_commit = answer_network_of(m);
	if (k->netd != NULL && k->synced_commit < k->awaited_commit)
		uv_timer_start(&k->sync_wait, on_sync_wait, SYNC_WAIT_MS, 0);
	else
		apply_finish(k);
}

void
control_mgd(struct kmd *k, struct ipc_msg *m)
{
	switch (m->type) {
	case MSG_CONF_CHECK:
		checked_on_check(&k->checked, k->mgd, m, can_run, NULL);
		break;
	case MSG_CONF_APPLY:
		conf_apply(k, m);
		break;
	case MSG_RPC:
		if (m->body == NULL)
			break;
		log_trace("general", LOG_LEVEL_DEBUG, "command %s", m->body->name);
		rows_start(k, m->seq, m->body);
		break;
	default:
		log_line(LOG_LEVEL_WARNING, "KMD_MESSAGE", "mgd: unexpected message %u", m->type);
	}
}

/* --- netd: sockets --- */

static void
socket_take(struct kmd *k, struct ipc_msg *m)
{
	int fd = m->fd;
	m->fd = -1;
	int rc = m->body != NULL ? net_add(&k->net, m->body, fd) : -EINVAL;
	if (m->body == NULL)
		close(fd);
	if (rc < 0)
		log_line(LOG_LEVEL_WARNING, "KMD_SOCKET", "netd: a socket: %s", strerror(-rc));
}

void
control_netd(struct kmd *k, struct ipc_msg *m)
{
	switch (m->type) {
	case MSG_SOCKET:
		if (m->fd >= 0)
			socket_take(k, m);
		break;
	case MSG_SOCKET_GONE:
		if (m->body != NULL)
			net_del(&k->net, m->body);
		break;
	case MSG_NET_SYNC:
		k->synced_commit = answer_commit_of(m);
		if (k->synced_commit >= k->awaited_commit)
			apply_finish(k);
		break;
	default:
		log_line(LOG_LEVEL_WARNING, "KMD_MESSAGE", "netd: unexpected message %u", m->type);
	}
}

/* --- channels --- */

static void
on_mgd_message(struct ipc *c, struct ipc_msg *m, void *arg)
{
	(void)c;
	control_mgd(arg, m);
}

static void
on_mgd_closed(struct ipc *c, const char *why, void *arg)
{
	struct kmd *k = arg;
	(void)c;
	log_line(LOG_LEVEL_NOTICE, "KMD_LINK", "mgd is gone (%s)", why);
	rows_stop(k);
	ipc_free(k->mgd);
	k->mgd = NULL;
}

static void
on_netd_message(struct ipc *c, struct ipc_msg *m, void *arg)
{
	(void)c;
	control_netd(arg, m);
}

/* The sockets stay: they work without netd, and the next netd replaces them one by one. */
static void
on_netd_closed(struct ipc *c, const char *why, void *arg)
{
	struct kmd *k = arg;
	(void)c;
	log_line(LOG_LEVEL_NOTICE, "KMD_LINK", "netd is gone (%s)", why);
	ipc_free(k->netd);
	k->netd = NULL;
	k->synced_commit = 0;
	apply_finish(k);
}

static const struct ipc_ops mgd_ops = { .on_message = on_mgd_message, .on_closed = on_mgd_closed };
static const struct ipc_ops netd_ops = {
	.on_message = on_netd_message,
	.on_closed = on_netd_closed,
};

void
control_link(struct kmd *k, const char *peer, int fd)
{
	uv_loop_t *loop = &k->daemon.loop;
	if (strcmp(peer, "mgd") == 0) {
		rows_stop(k);
		ipc_free(k->mgd);
		k->mgd = ipc_new(loop, fd, &mgd_ops, k);
	} else if (strcmp(peer, "netd") == 0) {
		ipc_free(k->netd);
		k->synced_commit = 0;
		k->netd = ipc_new(loop, fd, &netd_ops, k);
	} else {
		log_line(
		    LOG_LEVEL_WARNING, "KMD_LINK", "a link to %s, which we do not talk to", peer);
		close(fd);
	}
}

void
control_init(struct kmd *k)
{
	uv_timer_init(&k->daemon.loop, &k->sync_wait);
	k->sync_wait.data = k;
	checked_init(&k->checked, &k->daemon.loop);
}

void
control_stop(struct kmd *k)
{
	rows_stop(k);
	ipc_free(k->mgd);
	ipc_free(k->netd);
	k->mgd = NULL;
	k->netd = NULL;
	conf_free(k->waiting);
	k->waiting = NULL;
	uv_close((uv_handle_t *)&k->sync_wait, NULL);
	checked_done(&k->checked);
}
