/* SPDX-License-Identifier: BSD-2-Clause
 *
 * main.c - sallyportd: starts the daemons of one gateway, connects them, keeps them running, ends them.
 *
 * usage: sallyportd [-r RUNDIR] [-c FILE]
 * The only process that stays root, so it reads nothing that a stranger wrote: a file named by root, which it passes on
 * unread, and the messages of its own daemons. It opens for them what they may not open: /dev/net/tun for netd and
 * the command line's socket for mgd. When a daemon starts, it and every daemon it talks to get a fresh socket pair.
 *
 * Order of the start: netd, mgd, kmd and pkid; mgd says which picds (MSG_PICS). `ready` is printed when mgd reports
 * the configuration in force. Order of the end: mgd and kmd, which says goodbye to its peers; picds; netd, which takes the
 * devices away; then the files.
 */
#include "daemon/sallyportd/child.h"
#include "daemon/sallyportd/logs.h"
#include "daemon/sallyportd/place.h"
#include "daemon/sallyportd/restart.h"
#include "daemon/sallyportd/sinks.h"
#include "lib/base/arena.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/os/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PICS_MAX = 64,
	CHILDREN_MAX = PICS_MAX + 4,
	START_TRIES_MAX = 5, /* a daemon that cannot even start before `ready` ends the gateway */
};

/* Where a file given with -c stands. */
enum load_state { LOAD_NONE, LOAD_WAITING, LOAD_ASKED, LOAD_DONE };

struct super {
	uv_loop_t loop;
	struct place place;
	struct child *netd;
	struct child *mgd;
	struct child *kmd;
	struct child *pkid;
	struct child *picds[PICS_MAX];
	unsigned n_picds;
	uv_signal_t signals[3];
	uv_timer_t log_timer; /* looks at the sizes of the logs */
	struct restart restart;
	int load_fd;
	const char *load_name; /* as the user wrote it */
	enum load_state load;
	bool is_ready; /* printed */
	bool is_stopping;
	int exit_status;
};

static struct ipc *
channel(struct child *c)
{
	return c != NULL ? c->ipc : NULL;
}

static void
link_send(struct child *to, const char *peer, const char *instance, int fd)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "link");
	elem_leaf(a, e, "peer", peer);
	if (*instance != '\0')
		elem_leaf(a, e, "instance", instance);
	if (ipc_send(to->ipc, MSG_LINK, 0, e, fd) < 0)
		log_line(LOG_LEVEL_ERROR, "SUPER_LINK", "%s cannot be told of %s", to->name, peer);
	arena_free(a);
}

/* Gives A and B a fresh channel to each other, if both run. */
static void
link_pair(struct child *a, struct child *b)
{
	int sv[2];
	if (channel(a) == NULL || channel(b) == NULL)
		return;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0) {
		log_line(LOG_LEVEL_ERROR, "SUPER_LINK", "socketpair: %s", strerror(errno));
		return;
	}
	link_send(a, child_program(b->kind), b->instance, sv[0]);
	link_send(b, child_program(a->kind), a->instance, sv[1]);
	close(sv[0]);
	close(sv[1]);
}

/* All children; returns how many. */
static size_t
children_list(const struct super *s, struct child *out[CHILDREN_MAX])
{
	size_t n = 0;
	out[n++] = s->netd;
	out[n++] = s->mgd;
	out[n++] = s->kmd;
	out[n++] = s->pkid;
	for (unsigned i = 0; i < s->n_picds; i++)
		out[n++] = s->picds[i];
	return n;
}

/* Who talks to whom. */
static const enum child_kind talkers[][2] = {
	{ CHILD_MGD, CHILD_NETD },
	{ CHILD_MGD, CHILD_KMD },
	{ CHILD_MGD, CHILD_PKID },
	{ CHILD_MGD, CHILD_PICD },
	{ CHILD_NETD, CHILD_KMD },
	{ CHILD_NETD, CHILD_PICD },
	{ CHILD_KMD, CHILD_PICD },
	{ CHILD_KMD, CHILD_PKID },
};

static bool
are_talkers(enum child_kind a, enum child_kind b)
{
	for (size_t i = 0; i < sizeof(talkers) / sizeof(talkers[0]); i++)
		if ((talkers[i][0] == a && talkers[i][1] == b) ||
		    (talkers[i][0] == b && talkers[i][1] == a))
			return true;
	return false;
}

static void
on_child_start(struct child *c, void *arg)
{
	struct super *s = arg;
	struct child *others[CHILDREN_MAX];
	size_t n = children_list(s, others);
	restart_on_start(&s->restart, c);
	if (sinks_reader(c->kind) >= 0)
		link_send(c, "syslog", "", sinks_reader(c->kind));
	sinks_give(c);
	if (c->kind == CHILD_MGD)
		link_send(c, "cli", "", s->place.listener);
	for (size_t i = 0; i < n; i++)
		if (are_talkers(c->kind, others[i]->kind))
			link_pair(c, others[i]);
}

static void
picd_forget(struct super *s, unsigned i)
{
	restart_forget(&s->restart, s->picds[i]);
	child_free(s->picds[i]);
	s->n_picds--;
	memmove(s->picds + i, s->picds + i + 1, (s->n_picds - i) * sizeof(s->picds[0]));
}

/* --- the end --- */

static void
picds_stop(struct super *s)
{
	for (unsigned i = s->n_picds; i-- > 0;) {
		child_stop(s->picds[i], false);
		if (s->picds[i]->pid == 0)
			picd_forget(s, i);
	}
}

static void
stop_continue(struct super *s)
{
	if (s->kmd->pid != 0)
		return;
	picds_stop(s);
	child_stop(s->pkid, false); /* kmd's goodbyes may have needed it */
	if (s->mgd->pid != 0 || s->pkid->pid != 0 || s->n_picds > 0)
		return;
	if (s->netd->pid != 0)
		child_stop(s->netd, false);
	else
		uv_stop(&s->loop);
}

static void
stop_start(struct super *s, int exit_status)
{
	if (s->is_stopping)
		return;
	s->is_stopping = true;
	s->exit_status = exit_status;
	s->netd->is_wanted = false;
	s->pkid->is_wanted = false;
	for (unsigned i = 0; i < s->n_picds; i++)
		s->picds[i]->is_wanted = false;
	child_stop(s->mgd, false);
	child_stop(s->kmd, false);
	stop_continue(s);
}

static void
on_child_exit(struct child *c, void *arg)
{
	struct super *s = arg;
	for (unsigned i = 0; i < s->n_picds; i++)
		if (s->picds[i] == c && !c->is_wanted) {
			picd_forget(s, i);
			break;
		}
	if (s->is_stopping) {
		stop_continue(s);
		return;
	}
	if (!s->is_ready && c->n_quick_ends >= START_TRIES_MAX) {
		fprintf(stderr, "sallyportd: %s does not start, see %s/%s\n", c->name, s->place.log,
		    c->name);
		stop_start(s, EXIT_FAILURE);
		return;
	}
}

/* --- messages --- */

static const struct child_ops child_ops;

/* Makes the running picds those that mgd names. */
static void
pics_apply(struct super *s, const struct elem *body)
{
	bool is_named[PICS_MAX] = { false };
	unsigned n_before = s->n_picds;
	elem_each (pic, body, "pic") {
		unsigned i = 0;
		if (pic->value == NULL || strlen(pic->value) >= CHILD_INSTANCE_MAX)
			continue;
		while (i < s->n_picds && strcmp(s->picds[i]->instance, pic->value) != 0)
			i++;
		if (i < n_before) {
			is_named[i] = true;
			s->picds[i]->is_wanted = true;
		} else if (i == s->n_picds && i < PICS_MAX) {
			s->picds[s->n_picds++] =
			    child_new(&s->loop, CHILD_PICD, pic->value, &s->place, &child_ops, s);
		}
	}
	for (unsigned i = n_before; i-- > 0;) {
		if (is_named[i])
			continue;
		child_stop(s->picds[i], false);
		if (s->picds[i]->pid == 0)
			picd_forget(s, i);
	}
}

static void
tun_answer(struct child *c, uint32_t seq)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		log_line(LOG_LEVEL_ERROR, "SUPER_TUN", "/dev/net/tun: %s", strerror(errno));
	ipc_send(c->ipc, MSG_TUN, seq, NULL, fd);
	if (fd >= 0)
		close(fd);
}

static void
load_ask(struct super *s)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "load");
	elem_leaf(a, e, "name", s->load_name);
	lseek(s->load_fd, 0, SEEK_SET);
	ipc_send(s->mgd->ipc, MSG_LOAD, 1, e, s->load_fd);
	s->load = LOAD_ASKED;
	arena_free(a);
}

static void
on_loaded(struct super *s, const struct elem *body)
{
	const char *status = elem_value(body, "status");
	const char *text = elem_value(body, "text");
	if (s->load != LOAD_ASKED)
		return;
	s->load = LOAD_DONE;
	if (text != NULL && *text != '\0')
		fprintf(stderr, "%s%s", text, text[strlen(text) - 1] == '\n' ? "" : "\n");
	if (status == NULL || strcmp(status, "ok") != 0)
		stop_start(s, EXIT_FAILURE);
}

static void
on_in_force(struct super *s)
{
	if (s->is_ready || s->is_stopping || s->load == LOAD_WAITING || s->load == LOAD_ASKED)
		return;
	s->is_ready = true;
	puts("ready");
	fflush(stdout);
	log_line(LOG_LEVEL_NOTICE, "SUPER_IN_FORCE", "the committed configuration is in force");
}

/* `soft`: a daemon that gets a new channel to mgd gets its configuration with it. */
static void
links_renew(struct super *s, const struct ipc_msg *m, struct child *const *children, size_t n)
{
	enum child_kind kind = child_kind_find(elem_value(m->body, "kind"));
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "restarted");
	for (size_t i = 0; i < n; i++) {
		struct child *c = children[i];
		if (c->kind != kind || !are_talkers(kind, CHILD_MGD))
			continue;
		link_pair(c, s->mgd);
		struct elem *d = elem_add(a, e, "daemon");
		elem_leaf(a, d, "name", c->name);
		elem_leaff(a, d, "pid", "%d", (int)c->pid);
	}
	ipc_send(s->mgd->ipc, MSG_RESTARTED, m->seq, e, -1);
	arena_free(a);
}

static void
on_restart(struct super *s, const struct ipc_msg *m)
{
	struct child *children[CHILDREN_MAX];
	size_t n = children_list(s, children);
	const char *how = elem_value(m->body, "how");
	if (s->is_stopping)
		return;
	if (how != NULL && strcmp(how, "soft") == 0)
		links_renew(s, m, children, n);
	else
		restart_begin(&s->restart, children, n, m);
}

static void
on_log_conf(struct super *s, const struct ipc_msg *m)
{
	struct child *children[CHILDREN_MAX];
	size_t n = children_list(s, children);
	if (m->body != NULL)
		sinks_conf(&s->place, m->body, children, n);
	logs_names(&s->place, s->mgd->ipc, false);
}

static void
on_log_timer(uv_timer_t *t)
{
	struct super *s = t->data;
	struct child *children[CHILDREN_MAX];
	size_t n = children_list(s, children);
	logs_turn(&s->place, children, n);
	logs_names(&s->place, channel(s->mgd), false);
}

static void
on_child_message(struct child *c, struct ipc_msg *m, void *arg)
{
	struct super *s = arg;
	if (c == s->netd && m->type == MSG_TUN_ASK) {
		tun_answer(c, m->seq);
		return;
	}
	if (c != s->mgd)
		return;
	switch (m->type) {
	case MSG_READY:
		logs_names(&s->place, c->ipc, true);
		if (s->load == LOAD_WAITING || s->load == LOAD_ASKED)
			load_ask(s);
		break;
	case MSG_PICS:
		if (!s->is_stopping)
			pics_apply(s, m->body);
		break;
	case MSG_LOADED:
		on_loaded(s, m->body);
		break;
	case MSG_IN_FORCE:
		on_in_force(s);
		break;
	case MSG_LOG_ASK:
		logs_answer(&s->place, c->ipc, m);
		break;
	case MSG_LOG_CONF:
		on_log_conf(s, m);
		break;
	case MSG_RESTART:
		on_restart(s, m);
		break;
	default:
		log_line(LOG_LEVEL_ERROR, "SUPER_MESSAGE", "unknown message %u from %s", m->type,
		    c->name);
	}
}

static const struct child_ops child_ops = {
	.on_message = on_child_message,
	.on_start = on_child_start,
	.on_exit = on_child_exit,
};

/* --- signals --- */

static struct child *
child_by_pid(struct super *s, pid_t pid)
{
	if (s->netd->pid == pid)
		return s->netd;
	if (s->mgd->pid == pid)
		return s->mgd;
	if (s->kmd->pid == pid)
		return s->kmd;
	if (s->pkid->pid == pid)
		return s->pkid;
	for (unsigned i = 0; i < s->n_picds; i++)
		if (s->picds[i]->pid == pid)
			return s->picds[i];
	return NULL;
}

/* As process 1 of a container we are given everybody's orphans too. */
static void
on_sigchld(uv_signal_t *h, int number)
{
	struct super *s = h->data;
	int status;
	(void)number;
	for (;;) {
		pid_t pid = waitpid(-1, &status, WNOHANG);
		if (pid <= 0)
			return;
		struct child *c = child_by_pid(s, pid);
		if (c != NULL)
			child_reap(c, status);
		else if (logs_reap(&s->place, pid, status))
			logs_names(&s->place, channel(s->mgd), false);
	}
}

static void
on_end_signal(uv_signal_t *h, int number)
{
	log_line(LOG_LEVEL_NOTICE, "SUPER_STOP", "ending: signal %d", number);
	stop_start(h->data, EXIT_SUCCESS);
}

static void
signals_start(struct super *s)
{
	static const struct {
		int number;
		uv_signal_cb fn;
	} table[] = { { SIGCHLD, on_sigchld }, { SIGTERM, on_end_signal },
		{ SIGINT, on_end_signal } };
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uv_signal_init(&s->loop, &s->signals[i]);
		s->signals[i].data = s;
		uv_signal_start(&s->signals[i], table[i].fn, table[i].number);
	}
}

static int
gateway_run(struct super *s)
{
	uv_loop_init(&s->loop);
	signals_start(s);
	s->netd = child_new(&s->loop, CHILD_NETD, "", &s->place, &child_ops, s);
	s->mgd = child_new(&s->loop, CHILD_MGD, "", &s->place, &child_ops, s);
	s->kmd = child_new(&s->loop, CHILD_KMD, "", &s->place, &child_ops, s);
	s->pkid = child_new(&s->loop, CHILD_PKID, "", &s->place, &child_ops, s);
	restart_init(&s->restart, &s->loop);
	s->restart.mgd = s->mgd;
	uv_timer_init(&s->loop, &s->log_timer);
	s->log_timer.data = s;
	uv_timer_start(&s->log_timer, on_log_timer, LOGS_TURN_MS, LOGS_TURN_MS);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	child_free(s->netd);
	child_free(s->mgd);
	child_free(s->kmd);
	child_free(s->pkid);
	restart_done(&s->restart);
	uv_close((uv_handle_t *)&s->log_timer, NULL);
	for (unsigned i = 0; i < 3; i++)
		uv_close((uv_handle_t *)&s->signals[i], NULL);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	uv_loop_close(&s->loop);
	return s->exit_status;
}

static int
place_take(struct super *s, const char *rundir)
{
	struct owner config;
	struct owner keys;
	const char *what = rundir;
	child_user(CHILD_MGD, &config.uid, &config.gid);
	child_user(CHILD_PKID, &keys.uid, &keys.gid);
	int rc = place_init(&s->place, rundir);
	if (rc == 0)
		rc = place_open(&s->place, config, keys, &what);
	if (rc == -EBUSY)
		fprintf(stderr, "sallyportd: a gateway is running in %s already\n", s->place.run);
	else if (rc < 0)
		fprintf(stderr, "sallyportd: %s: %s\n", what, strerror(-rc));
	if (rc < 0)
		return rc;
	logs_start(&s->place);
	sinks_start();
	return 0;
}

int
main(int argc, char **argv)
{
	struct super s = { .load_fd = -1 };
	const char *rundir = NULL;
	int option;
	/* 0, 1 and 2 shall never be something else by accident */
	while ((option = open("/dev/null", O_RDWR | O_CLOEXEC)) >= 0 && option <= STDERR_FILENO)
		continue;
	close(option);
	while ((option = getopt(argc, argv, "r:c:")) != -1) {
		if (option == 'r') {
			rundir = optarg;
		} else if (option == 'c') {
			s.load_fd = open(optarg, O_RDONLY | O_CLOEXEC);
			s.load_name = optarg;
			s.load = LOAD_WAITING;
			if (s.load_fd < 0) {
				fprintf(stderr, "sallyportd: %s: %s\n", optarg, strerror(errno));
				return EXIT_FAILURE;
			}
		} else {
			fprintf(stderr, "usage: sallyportd [-r RUNDIR] [-c FILE]\n");
			return EXIT_FAILURE;
		}
	}
	if (geteuid() != 0) {
		fprintf(stderr, "sallyportd: must be started as root\n");
		return EXIT_FAILURE;
	}
	if (place_take(&s, rundir) < 0) {
		place_close(&s.place);
		return EXIT_FAILURE;
	}
	int status = gateway_run(&s);
	place_close(&s.place);
	return status;
}
