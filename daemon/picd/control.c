/* SPDX-License-Identifier: BSD-2-Clause
 *
 * control.c - what mgd and netd tell the services PIC.
 *
 * mgd: could you run this configuration, run it, answer this command. netd: here is a descriptor, it is
 * gone, that was all for this commit. The PIC keeps nothing: after a restart mgd and netd tell it everything again.
 * A message that makes no sense is refused or closes the channel; the packets go on. Main thread.
 */
#include "daemon/picd/picd.h"
#include "daemon/picd/watch.h"
#include "daemon/picd/workers.h"
#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/os/answer.h"

#include <string.h>
#include <unistd.h>

enum { SYNC_WAIT_MS = 3000 };
_Static_assert((int)CREW_MAX == (int)WORKERS_MAX, "all that can be configured");

/* --- mgd: configuration --- */

static bool
can_run(void *ctx, const struct conf *c, struct text *why)
{
	struct picd *p = ctx;
	return assoc_check(&p->assocs, c, worker_esp(p->workers[0]), why);
}

/* The apply that mgd waits for is complete, or netd takes too long to be waited for. */
static void
apply_finish(struct picd *p)
{
	if (!p->is_apply_pending)
		return;
	p->is_apply_pending = false;
	uv_timer_stop(&p->sync_wait);
	answer_conf(p->mgd, p->apply_seq, p->apply_commit, NULL);
}

static void
on_sync_wait(uv_timer_t *t)
{
	struct picd *p = t->data;
	log_line(LOG_LEVEL_WARNING, "PICD_SYNC",
	    "netd has not handed over everything for commit %u", p->apply_commit);
	apply_finish(p);
}

static void
conf_apply(struct picd *p, const struct ipc_msg *m)
{
	struct text why = { 0 };
	struct conf *c = checked_on_apply(&p->checked, p->mgd, m, can_run, p);
	if (c == NULL)
		return;
	struct assoc_retired retired = assoc_apply(&p->assocs, c, worker_esp(p->workers[0]), &why);
	if (why.len > 0)
		log_line(LOG_LEVEL_ERROR, "PICD_SA", "%s", text_str(&why));
	text_done(&why);
	conf_free(p->conf);
	p->conf = c;
	log_trace("parse", LOG_LEVEL_INFO, "commit %u: %zu service sets, %zu security associations",
	    answer_commit_of(m), c->n_service_sets, c->n_sas);
	publish_workers(p, conf_workers(c, p->instance, p->n_workers));
	publish_now(p, retired);
	p->has_litter = true;
	dynamic_committed(p);
	kmd_configured(p);

	p->is_apply_pending = true;
	p->apply_seq = m->seq;
	p->apply_commit = answer_commit_of(m);
	p->awaited_commit = answer_network_of(m);
	if (p->netd == NULL || p->synced_commit >= p->awaited_commit)
		apply_finish(p);
	else
		uv_timer_start(&p->sync_wait, on_sync_wait, SYNC_WAIT_MS, 0);
}

void
control_mgd(struct picd *p, struct ipc_msg *m)
{
	switch (m->type) {
	case MSG_CONF_CHECK:
		checked_on_check(&p->checked, p->mgd, m, can_run, p);
		break;
	case MSG_CONF_APPLY:
		conf_apply(p, m);
		break;
	case MSG_RPC:
		if (m->body == NULL)
			break;
		log_trace("general", LOG_LEVEL_DEBUG, "command %s", m->body->name);
		if (watch_is(m->body))
			watch_start(p, m->seq, m->body);
		else
			rows_start(p, m->seq, m->body);
		break;
	case MSG_RPC_STOP:
		watch_stop(p, m->seq);
		break;
	default:
		log_line(LOG_LEVEL_WARNING, "PICD_MESSAGE", "mgd: unexpected message %u", m->type);
	}
}

/* --- netd: descriptors --- */

/* The last way of a queue has come. */
static void
xsk_ready(struct picd *p, const struct port *port)
{
	if (p->netd == NULL)
		return;
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "xdp-ready");
	elem_leaf(a, e, "device", port->unit);
	elem_leaff(a, e, "queue", "%u", port->queue);
	(void)!ipc_send(p->netd, MSG_XDP_READY, 0, e, -1);
	arena_free(a);
}

static void
port_take(struct picd *p, struct ipc_msg *m)
{
	struct port *old = NULL;
	int fd = m->fd;
	m->fd = -1;
	struct port *port = m->type == MSG_DEVICE ? port_add_device(&p->ports, m->body, fd, &old)
						  : port_add_socket(&p->ports, m->body, fd, &old);
	if (port == NULL)
		log_line(LOG_LEVEL_WARNING, "PICD_PORT", "netd: a descriptor for nothing we know");
	publish_retire_port(p, old);
	publish_soon(p);
	if (port != NULL && port->kind == PORT_XSK && p->ports.xdp_pool == NULL)
		xsk_ready(p, port);
}

/* Notes an address of the host; true if it is another than before. */
static bool
source_take(const struct elem *body, const char *name, uint8_t family, struct addr *to)
{
	const char *text = elem_value(body, name);
	struct addr a = { 0 };
	if (text != NULL && (!addr_parse(text, &a) || a.family != family))
		a = (struct addr){ 0 };
	bool is_new = !addr_eq(a, *to);
	*to = a;
	return is_new;
}

static void
net_sync(struct picd *p, const struct ipc_msg *m)
{
	bool is_new4 = source_take(m->body, "source-inet", ADDR_V4, &p->ports.source4);
	bool is_new6 = source_take(m->body, "source-inet6", ADDR_V6, &p->ports.source6);
	if (is_new4 || is_new6)
		publish_soon(p);
	p->synced_commit = answer_commit_of(m);
	if (uv_is_active((const uv_handle_t *)&p->rebuild))
		publish_now(p, (struct assoc_retired){ 0 });
	if (p->synced_commit >= p->awaited_commit)
		apply_finish(p);
}

static void
sockets_gone(struct picd *p, const struct ipc_msg *m)
{
	struct port *port;
	while (m->body != NULL && (port = port_del_socket(&p->ports, m->body)) != NULL)
		publish_retire_port(p, port);
	publish_soon(p);
}

void
control_netd(struct picd *p, struct ipc_msg *m)
{
	switch (m->type) {
	case MSG_DEVICE:
	case MSG_SOCKET:
		if (m->body != NULL && m->fd >= 0)
			port_take(p, m);
		break;
	case MSG_DEVICE_GONE:
		publish_retire_port(
		    p, m->body != NULL ? port_del_device(&p->ports, m->body) : NULL);
		publish_soon(p);
		break;
	case MSG_SOCKET_GONE:
		sockets_gone(p, m);
		break;
	case MSG_XDP_MEMORY:
		port_memory(&p->ports, m->fd);
		m->fd = -1;
		break;
	case MSG_HOP:
		if (m->body != NULL)
			hops_told(p, m->body);
		break;
	case MSG_NET_SYNC:
		net_sync(p, m);
		break;
	default:
		log_line(LOG_LEVEL_WARNING, "PICD_MESSAGE", "netd: unexpected message %u", m->type);
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
	struct picd *p = arg;
	(void)c;
	log_line(LOG_LEVEL_NOTICE, "PICD_LINK", "mgd is gone (%s)", why);
	log_trace("general", LOG_LEVEL_NOTICE, "mgd is gone (%s)", why);
	rows_stop(p);
	p->is_apply_pending = false;
	ipc_free(p->mgd);
	p->mgd = NULL;
}

static void
on_netd_message(struct ipc *c, struct ipc_msg *m, void *arg)
{
	(void)c;
	control_netd(arg, m);
}

/* AF_XDP sockets go: without netd nobody feeds them, and the next netd finds their queues taken. */
static void
xsks_end(struct picd *p)
{
	hops_lost(p);
	for (struct port *x = port_del_xsk(&p->ports); x != NULL; x = port_del_xsk(&p->ports))
		publish_retire_port(p, x);
	publish_soon(p);
}

/* The other descriptors stay: they work without netd, and the next netd replaces them one by one. */
static void
on_netd_closed(struct ipc *c, const char *why, void *arg)
{
	struct picd *p = arg;
	(void)c;
	log_line(LOG_LEVEL_NOTICE, "PICD_LINK", "netd is gone (%s)", why);
	log_trace("general", LOG_LEVEL_NOTICE, "netd is gone (%s)", why);
	ipc_free(p->netd);
	p->netd = NULL;
	p->synced_commit = 0;
	xsks_end(p);
}

static const struct ipc_ops mgd_ops = { .on_message = on_mgd_message, .on_closed = on_mgd_closed };
static const struct ipc_ops netd_ops = {
	.on_message = on_netd_message,
	.on_closed = on_netd_closed,
};

void
control_link(struct picd *p, const char *peer, int fd)
{
	if (strcmp(peer, "mgd") == 0) {
		rows_stop(p);
		p->is_apply_pending = false;
		ipc_free(p->mgd);
		p->mgd = ipc_new(&p->daemon.loop, fd, &mgd_ops, p);
	} else if (strcmp(peer, "netd") == 0) {
		ipc_free(p->netd);
		p->synced_commit = 0;
		xsks_end(p);
		p->netd = ipc_new(&p->daemon.loop, fd, &netd_ops, p);
		hops_ask_all(p);
	} else if (strcmp(peer, "kmd") == 0) {
		kmd_link(p, fd);
	} else {
		log_line(
		    LOG_LEVEL_WARNING, "PICD_LINK", "a link to %s, which we do not talk to", peer);
		close(fd);
	}
}

static void
on_sample(uv_timer_t *t)
{
	usage_sample(t->data);
	hops_age(t->data);
}

void
control_init(struct picd *p)
{
	p->hops = hops_new();
	uv_timer_init(&p->daemon.loop, &p->rebuild);
	uv_timer_init(&p->daemon.loop, &p->sync_wait);
	uv_timer_init(&p->daemon.loop, &p->regroup);
	checked_init(&p->checked, &p->daemon.loop);
	uv_timer_init(&p->daemon.loop, &p->tick);
	uv_timer_init(&p->daemon.loop, &p->sample);
	uv_timer_init(&p->daemon.loop, &p->look);
	p->sample.data = p;
	uv_timer_start(&p->sample, on_sample, USAGE_FIRST_MS, USAGE_INTERVAL_MS);
	p->sync_wait.data = p;
	p->tick.data = p;
	p->held_slot = SIZE_MAX;
	p->dones_end = &p->dones;
}

void
control_stop(struct picd *p)
{
	rows_stop(p);
	kmd_unlink(p);
	ipc_free(p->mgd);
	ipc_free(p->netd);
	p->mgd = NULL;
	p->netd = NULL;
	uv_close((uv_handle_t *)&p->rebuild, NULL);
	uv_close((uv_handle_t *)&p->sync_wait, NULL);
	uv_close((uv_handle_t *)&p->regroup, NULL);
	uv_close((uv_handle_t *)&p->tick, NULL);
	uv_close((uv_handle_t *)&p->sample, NULL);
	uv_close((uv_handle_t *)&p->look, NULL);
	checked_done(&p->checked);
}
