/* SPDX-License-Identifier: BSD-2-Clause
 *
 * peer.c - mgd's side of the channels to the daemons that run the configuration.
 *
 * A daemon gets the configuration that is in force for it whenever its channel comes up, so one that was
 * restarted needs no help from anyone. Called by main.c (links), commit.c and rpc.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/mgd/mgd.h"

/* Right after a gateway was killed, devices of its dead processes may still be there. */
enum { RETRY_SOON_MS = 200, RETRY_SOON_MAX = 20, RETRY_LATE_MS = 30 * 1000 };

static void on_message(struct ipc *c, struct ipc_msg *msg, void *arg);
static void on_closed(struct ipc *c, const char *why, void *arg);

static const struct ipc_ops peer_ops = { .on_message = on_message, .on_closed = on_closed };

struct peer *
peer_find(struct mgd *m, const char *kind, const char *instance)
{
	for (struct peer *p = m->peers.list; p != NULL; p = p->next)
		if (strcmp(p->kind, kind) == 0 && strcmp(p->instance, instance) == 0)
			return p;
	return NULL;
}

struct peer *
peer_get(struct mgd *m, const char *kind, const char *instance)
{
	struct peer *p = peer_find(m, kind, instance);
	if (p != NULL)
		return p;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		abort();
	p->m = m;
	p->conf_fd = -1;
	uv_timer_init(&m->d.loop, &p->retry);
	p->retry.data = p;
	p->is_wanted = strcmp(kind, "netd") == 0;
	snprintf(p->kind, sizeof(p->kind), "%s", kind);
	snprintf(p->instance, sizeof(p->instance), "%s", instance);
	/* at the end, but netd before all others */
	struct peer **at = &m->peers.list;
	while (*at != NULL && strcmp(kind, "netd") != 0)
		at = &(*at)->next;
	p->next = *at;
	*at = p;
	return p;
}

void
peer_conf_set(struct peer *p, int fd, uint32_t commit)
{
	if (p->conf_fd >= 0)
		close(p->conf_fd);
	p->conf_fd = fd;
	p->conf_commit = commit;
	p->is_applied = false;
	p->n_tries = 0;
	uv_timer_stop(&p->retry);
}

bool
peer_conf_send(struct peer *p, bool check, int fd, uint32_t commit)
{
	if (p->ipc == NULL || fd < 0)
		return false;
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "conf");
	elem_leaff(a, e, "commit", "%u", commit);
	const struct peer *netd = peer_find(p->m, "netd", "");
	if (netd != NULL)
		elem_leaff(a, e, "network", "%u", netd->conf_commit);
	p->seq = ++p->m->seq;
	p->is_checking = check;
	p->sent_commit = commit;
	int rc = ipc_send(p->ipc, check ? MSG_CONF_CHECK : MSG_CONF_APPLY, p->seq, e, fd);
	arena_free(a);
	if (rc < 0)
		p->seq = 0;
	return rc == 0;
}

void
peers_report(struct mgd *m)
{
	if (m->commit != NULL || m->peers.in_force == m->db.last.commit)
		return; /* a commit tells its own outcome first */
	bool has_netd = false;
	for (const struct peer *p = m->peers.list; p != NULL; p = p->next) {
		if (p->is_wanted && !p->is_applied)
			return;
		has_netd = has_netd || (p->is_wanted && strcmp(p->kind, "netd") == 0);
	}
	if (!has_netd)
		return;
	m->peers.in_force = m->db.last.commit;
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "in-force");
	elem_leaff(a, e, "commit", "%u", m->db.last.commit);
	ipc_send(m->d.super, MSG_IN_FORCE, 0, e, -1);
	arena_free(a);
}

static void
on_retry(uv_timer_t *t)
{
	struct peer *p = t->data;
	if (p->m->commit != NULL)
		uv_timer_start(t, on_retry, RETRY_SOON_MS, 0);
	else if (p->seq == 0)
		peer_conf_send(p, false, p->conf_fd, p->conf_commit);
}

void
peer_retry(struct peer *p)
{
	p->n_tries++;
	/* what lasts is reported as running as far as it does, and still tried */
	p->is_applied = p->n_tries > RETRY_SOON_MAX;
	uv_timer_start(&p->retry, on_retry, p->is_applied ? RETRY_LATE_MS : RETRY_SOON_MS, 0);
}

static void
on_conf_done(struct peer *p, const struct ipc_msg *msg)
{
	if (msg->seq != p->seq || p->seq == 0)
		return; /* the answer to a question that has been replaced */
	const char *status = elem_value(msg->body, "status");
	const char *text = elem_value(msg->body, "text");
	bool ok = status != NULL && strcmp(status, "ok") == 0;
	bool was_check = p->is_checking;
	p->seq = 0;
	if (!was_check)
		p->is_applied = true; /* or as much of it as could be */
	if (!ok)
		log_line(LOG_LEVEL_ERROR, was_check ? "UI_COMMIT_CHECK" : "UI_COMMIT_APPLY",
		    "%s %s: %s", p->kind, p->instance, text != NULL ? text : "refused");
	struct mgd *m = p->m;
	if (!was_check && ok)
		p->n_tries = 0;
	else if (!was_check && !p->is_awaited)
		peer_retry(p);
	commit_on_peer(m, p, ok, text);
	peers_report(m);
}

static void
on_message(struct ipc *c, struct ipc_msg *msg, void *arg)
{
	struct peer *p = arg;
	(void)c;
	switch (msg->type) {
	case MSG_CONF_DONE:
		on_conf_done(p, msg);
		return;
	case MSG_ROW:
		rpc_on_row(p, msg);
		return;
	case MSG_RPC_DONE:
		rpc_on_done(p, msg);
		return;
	default:
		log_line(LOG_LEVEL_WARNING, "UI_PEER_MESSAGE", "%s %s: unexpected message %u",
		    p->kind, p->instance, msg->type);
	}
}

/* Forgets what was asked of the daemon that is gone. */
static void
channel_drop(struct peer *p)
{
	ipc_free(p->ipc);
	p->ipc = NULL;
	p->is_applied = false;
	bool was_asked = p->seq != 0;
	p->seq = 0;
	rpc_on_peer_gone(p);
	if (was_asked)
		commit_on_peer(
		    p->m, p, true, NULL); /* it gets what is in force when it comes back */
}

static void
on_closed(struct ipc *c, const char *why, void *arg)
{
	struct peer *p = arg;
	(void)c;
	log_line(LOG_LEVEL_NOTICE, "UI_PEER_DOWN", "%s%s%s: %s", p->kind,
	    p->instance[0] != '\0' ? " " : "", p->instance, why);
	channel_drop(p);
}

void
peer_on_link(struct mgd *m, const char *kind, const char *instance, int fd)
{
	struct peer *p = peer_get(m, kind, instance);
	if (p->ipc != NULL)
		channel_drop(p);
	p->ipc = ipc_new(&m->d.loop, fd, &peer_ops, p);
	if (p->ipc == NULL)
		return;
	log_line(LOG_LEVEL_INFO, "UI_PEER_UP", "%s%s%s", p->kind, p->instance[0] != '\0' ? " " : "",
	    p->instance);
	if (p->conf_fd >= 0)
		peer_conf_send(p, false, p->conf_fd, p->conf_commit);
}
