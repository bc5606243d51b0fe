/* SPDX-License-Identifier: BSD-2-Clause
 *
 * main.c - netd: the host's network as the configuration wants it.
 *
 * Owns units (TUN devices), addresses, routes, packet filters and captures, opens the raw sockets, and hands each picd its
 * descriptors. Reads only what mgd, sallyportd, the picds and the kernel's netlink say. A commit goes: MSG_CONF_APPLY ->
 * conf_load -> plan_build -> as many TUN descriptors from sallyportd as there are new devices -> apply_plan -> answer.
 */
#include "daemon/netd/netd.h"
#include "daemon/netd/relay.h"

#include "daemon/netd/hops.h"

#include "daemon/netd/jobs.h"
#include "daemon/netd/routes.h"
#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/os/answer.h"
#include "lib/os/cores.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	TUN_ASK_MAX = 8,   /* questions to sallyportd on their way at once */
	RETRY_MS = 100,    /* links change in bursts */
	REGROUP_MS = 100,  /* a picd closes what it was told to when its workers have seen it */
	FILES_SPARE = 512, /* descriptors for all but units: channels, sockets, netlink */
};

/* A picd reads vnet headers, several queues of a device, and UDP sockets of ESP. */
static const bool PICD_IS_FAST = true;

/* --- a configuration from mgd --- */

static void
tun_fds_close(struct netd *n)
{
	while (n->n_tun_fds > 0)
		close(n->tun_fds[--n->n_tun_fds]);
	free(n->tun_fds);
	n->tun_fds = NULL;
}

static void
pending_free(struct netd *n)
{
	tun_fds_close(n);
	free(n->pending);
	n->pending = NULL;
}

static void pending_start(struct netd *n, struct conf *c, uint32_t seq);

/* The pending one is done with; the one that came meanwhile is next. */
static void
pending_end(struct netd *n)
{
	struct conf *next = n->waiting;
	pending_free(n);
	n->waiting = NULL;
	if (next != NULL)
		pending_start(n, next, n->waiting_seq);
}

/* The pending one cannot be run; WHY is for the user. */
static void
pending_refuse(struct netd *n, const char *why)
{
	struct pending *p = n->pending;
	answer_conf(n->mgd, p->seq, p->plan->commit, why);
	plan_free(p->plan);
	conf_free(p->c);
	pending_end(n);
}

static void
on_regroup(uv_timer_t *t)
{
	struct netd *n = t->data;
	if (apply_regroup(n))
		uv_timer_start(&n->regroup, on_regroup, REGROUP_MS, 0);
}

static void
pending_run(struct netd *n)
{
	struct pending *p = n->pending;
	struct text why = { 0 };
	uint32_t commit = p->plan->commit;
	pics_drain(n);
	int rc = apply_plan(n, p->c, p->plan, &why);
	if (rc == 0)
		log_line(LOG_LEVEL_NOTICE, "NETD_APPLIED", "commit %u is in force", commit);
	else
		log_line(LOG_LEVEL_ERROR, "NETD_APPLY", "commit %u: %s", commit, text_str(&why));
	answer_conf(n->mgd, p->seq, commit, rc == 0 ? NULL : text_str(&why));
	text_done(&why);
	uv_timer_start(&n->regroup, on_regroup, REGROUP_MS, 0);
	pending_end(n);
}

/* Asks for the next descriptors, or goes on when all are here. */
static void
pending_continue(struct netd *n)
{
	struct pending *p = n->pending;
	if (p->has_failed && p->n_asked == 0) {
		pending_refuse(n, "error: cannot open /dev/net/tun");
		return;
	}
	while (!p->has_failed && p->n_asked < TUN_ASK_MAX && p->n_asked < p->n_missing) {
		ipc_send(n->d.super, MSG_TUN_ASK, 1, NULL, -1);
		p->n_asked++;
	}
	if (p->n_missing == 0 && p->n_asked == 0)
		pending_run(n);
}

static void
on_tun(struct netd *n, struct ipc_msg *m)
{
	struct pending *p = n->pending;
	if (p == NULL || p->n_asked == 0)
		return;
	p->n_asked--;
	p->n_missing--;
	if (m->fd < 0) {
		p->has_failed = true;
	} else {
		n->tun_fds[n->n_tun_fds++] = m->fd;
		m->fd = -1;
	}
	pending_continue(n);
}

/* Reads the configuration in M, or finds it read already. Returns NULL after having answered what is wrong with it. */
static struct conf *
conf_read(struct netd *n, struct ipc_msg *m)
{
	struct text why = { 0 };
	struct conf *c = checked_take(&n->checked, m);
	uint32_t commit = answer_commit_of(m);
	if (c == NULL)
		c = checked_load(m, &why);
	if (c == NULL)
		answer_conf(n->mgd, m->seq, commit, text_str(&why));
	else if (commit != 0)
		c->commit = commit;
	text_done(&why);
	return c;
}

/* There is a descriptor for each queue of a unit, and a process may hold so many: one too many, and the rest would be lost on its way
 * here. Returns NULL, or words for the user in A. */
static const char *
room_refuse(const struct netd *n, size_t n_units, struct arena *a)
{
	if (n_units + FILES_SPARE <= n->files_max)
		return NULL;
	return arena_printf(a,
	    "[edit]\n  'interfaces'\n    %zu units need as many descriptors, but a process may "
	    "hold "
	    "%zu here\n",
	    n_units, n->files_max);
}

/* What only the running host can refuse. Returns NULL, or words for the user in A. */
static const char *
conf_refuse(const struct netd *n, const struct conf *c, struct arena *a)
{
	for (size_t i = 0; i < c->n_filters; i++)
		for (size_t k = 0; k < c->filters[i]->n_terms; k++) {
			const struct conf_filter_term *t = &c->filters[i]->terms[k];
			if (t->action == FA_IPSEC_SA && t->sa != NULL &&
			    steer_device(c, t->sa) == NULL)
				return arena_printf(a,
				    "[edit firewall family %s filter %s term %s then]\n  'ipsec-sa "
				    "%s'\n"
				    "    no unit of an encryption interface carries this security "
				    "association\n",
				    c->filters[i]->family == ADDR_V4 ? "inet" : "inet6",
				    c->filters[i]->name, t->name, t->sa->name);
		}
	size_t n_units = 0;
	for (size_t i = 0; i < c->n_ifds; i++)
		n_units += c->ifds[i]->kind != IFD_MEDIA ? c->ifds[i]->n_units : 0;
	return room_refuse(n, n_units, a);
}

/* Takes C over. */
static void
pending_start(struct netd *n, struct conf *c, uint32_t seq)
{
	n->pending = calloc(1, sizeof(*n->pending));
	if (n->pending == NULL)
		abort();
	*n->pending = (struct pending){
		.c = c,
		.plan = plan_build(c,
		    &(struct plan_names){
			.sas = &n->sas,
			.sets = &n->sets,
			.members = &n->members,
		    },
		    &n->room),
		.seq = seq,
	};
	n->pending->n_missing = apply_tun_missing(n, n->pending->plan);
	/* what goes is there until all is there that comes */
	struct arena *a = arena_new();
	const char *refusal = room_refuse(n,
	    n->pending->n_missing + plan_count(n->plan, ITEM_TUN) + plan_count(n->plan, ITEM_QUEUE),
	    a);
	if (refusal != NULL)
		pending_refuse(n, refusal);
	arena_free(a);
	if (refusal != NULL)
		return;
	n->tun_fds = calloc(n->pending->n_missing + 1, sizeof(int));
	if (n->tun_fds == NULL)
		abort();
	pending_continue(n);
}

static void
on_conf(struct netd *n, struct ipc_msg *m)
{
	struct conf *c = conf_read(n, m);
	if (c == NULL)
		return;
	struct arena *a = arena_new();
	const char *refusal = conf_refuse(n, c, a);
	if (refusal != NULL || m->type == MSG_CONF_CHECK) {
		answer_conf(n->mgd, m->seq, c->commit, refusal);
		if (refusal == NULL)
			checked_keep(&n->checked, c, m);
		else
			conf_free(c);
	} else if (n->pending != NULL) {
		/* a restarted mgd hands over what is in force while its predecessor's commit is under way */
		if (n->waiting != NULL)
			answer_conf(n->mgd, n->waiting_seq, n->waiting->commit,
			    "error: replaced by a later commit");
		conf_free(n->waiting);
		n->waiting = c;
		n->waiting_seq = m->seq;
	} else {
		pending_start(n, c, m->seq);
	}
	arena_free(a);
}

static void
on_mgd_message(struct ipc *c, struct ipc_msg *m, void *arg)
{
	struct netd *n = arg;
	switch (m->type) {
	case MSG_CONF_CHECK:
	case MSG_CONF_APPLY:
		on_conf(n, m);
		return;
	case MSG_RPC:
		show_rpc(n, c, m);
		return;
	default:
		log_line(LOG_LEVEL_WARNING, "NETD_MGD", "unexpected message %u of mgd", m->type);
	}
}

/* mgd comes back by itself; what runs goes on. */
static void
on_mgd_closed(struct ipc *c, const char *why, void *arg)
{
	struct netd *n = arg;
	log_line(LOG_LEVEL_NOTICE, "NETD_MGD", "mgd is gone (%s)", why);
	n->mgd = NULL;
	jobs_drop(n, c);
	ipc_free(c);
}

static const struct ipc_ops mgd_ops = { .on_message = on_mgd_message, .on_closed = on_mgd_closed };

/* --- sallyportd --- */

static void
on_link(const char *peer, const char *instance, int fd, void *arg)
{
	struct netd *n = arg;
	if (strcmp(peer, "mgd") == 0) {
		jobs_drop(n, NULL);
		ipc_free(n->mgd);
		n->mgd = ipc_new(&n->d.loop, fd, &mgd_ops, n);
	} else if (strcmp(peer, "picd") == 0) {
		pics_link(n, instance, fd);
	} else if (strcmp(peer, "kmd") == 0) {
		pics_link(n, KMD_LINK, fd);
	} else if (strcmp(peer, "syslog") == 0) {
		relay_free(n->relay);
		n->relay = relay_new(&n->d.loop, fd);
	} else {
		close(fd);
	}
}

static void
on_message(struct ipc_msg *m, void *arg)
{
	if (m->type == MSG_TUN)
		on_tun(arg, m);
}

static void
on_stop(void *arg)
{
	struct netd *n = arg;
	relay_free(n->relay);
	n->relay = NULL;
	hops_stop(n->hops);
	jobs_drop(n, NULL);
	conf_free(n->waiting);
	n->waiting = NULL;
	if (n->pending != NULL) {
		plan_free(n->pending->plan);
		conf_free(n->pending->c);
		pending_free(n);
	}
	pics_done(n); /* they have been told by sallyportd */
	apply_undo(n);
	log_line(LOG_LEVEL_NOTICE, "NETD_STOP", "everything is taken away");
	ipc_free(n->mgd);
	uv_close((uv_handle_t *)&n->links, NULL);
	uv_close((uv_handle_t *)&n->retry, NULL);
	uv_close((uv_handle_t *)&n->regroup, NULL);
	checked_done(&n->checked);
	uv_close((uv_handle_t *)&n->idle, NULL);
	seen_close(&n->seen);
}

static const struct daemon_ops daemon_ops = {
	.on_link = on_link,
	.on_stop = on_stop,
	.on_message = on_message,
};

/* --- devices that come and go --- */

static void
on_retry(uv_timer_t *t)
{
	apply_retry(t->data);
}

static void
on_links(uv_poll_t *p, int status, int events)
{
	struct netd *n = p->data;
	char buf[8192];
	(void)status;
	(void)events;
	/* what the messages say is read from the kernel afresh; they only tell when */
	while (recv(n->links_fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		continue;
	if (!uv_is_active((uv_handle_t *)&n->retry))
		uv_timer_start(&n->retry, on_retry, RETRY_MS, 0);
}

static int
links_watch(struct netd *n)
{
	struct sockaddr_nl at = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	n->links_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (n->links_fd < 0 || bind(n->links_fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return -errno;
	uv_timer_init(&n->d.loop, &n->retry);
	uv_timer_init(&n->d.loop, &n->regroup);
	uv_poll_init(&n->d.loop, &n->links, n->links_fd);
	uv_idle_init(&n->d.loop, &n->idle);
	n->retry.data = n;
	n->regroup.data = n;
	n->links.data = n;
	n->idle.data = n;
	return uv_poll_start(&n->links, UV_READABLE, on_links);
}

int
main(void)
{
	static struct netd n;
	struct rlimit files;
	int rc = daemon_init(&n.d, "netd", &daemon_ops, &n);
	if (rc == 0)
		rc = host_open(&n.host);
	if (rc == 0)
		rc = nft_open(&n.nft);
	if (rc == 0)
		rc = links_watch(&n);
	if (rc == 0)
		rc = seen_init(&n.seen, &n.d.loop);
	if (rc == 0)
		n.hops = hops_new(&n);
	if (rc < 0) {
		log_line(LOG_LEVEL_ERROR, "NETD_START", "%s", strerror(-rc));
		return EXIT_FAILURE;
	}
	n.files_max = getrlimit(RLIMIT_NOFILE, &files) == 0 ? (size_t)files.rlim_cur : SIZE_MAX;
	n.room = (struct plan_room){
		.n_cores = cores_count(),
		.n_files = n.files_max > FILES_SPARE ? n.files_max - FILES_SPARE : 0,
		.is_fast = PICD_IS_FAST,
	};
	bound_open(&n.bound);
	n.started_s = routes_now();
	numbers_init(&n.sas);
	numbers_init(&n.sets);
	numbers_init(&n.members);
	checked_init(&n.checked, &n.d.loop);
	daemon_ready(&n.d, SANDBOX_NETD);
	apply_start(&n);
	int status = daemon_run(&n.d);
	daemon_done(&n.d);
	nft_close(&n.nft);
	host_close(&n.host);
	bound_close(&n.bound);
	close(n.links_fd);
	numbers_done(&n.sas);
	numbers_done(&n.sets);
	numbers_done(&n.members);
	seen_done(&n.seen);
	hops_free(n.hops);
	smap_done(&n.cleared);
	arena_free(n.cleared_arena);
	return status;
}
