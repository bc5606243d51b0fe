/* SPDX-License-Identifier: BSD-2-Clause
 *
 * jobs.c - commands whose answer is long: a little of it in each turn of the loop, never faster than mgd reads.
 */
#include "daemon/netd/jobs.h"

#include "daemon/netd/netd.h"
#include "lib/base/arena.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/os/answer.h"

#include <stdlib.h>
#include <string.h>

enum {
	QUEUE_HIGH = 256 * 1024, /* bytes that may wait for mgd */
	STEPS_MAX = 16,          /* in one turn of the loop */
	JOBS_MAX = 32,
};

bool
jobs_read(const struct netd *n, const struct conf *c)
{
	for (const struct job *j = n->jobs; j != NULL; j = j->next)
		if (j->conf == c)
			return true;
	return false;
}

/* Takes the job at *AT out of the queue and frees it. */
static void
job_free(struct job **at)
{
	struct job *j = *at;
	const struct conf *c = j->conf;
	*at = j->next;
	if (j->kind->done != NULL)
		j->kind->done(j);
	view_done(&j->view);
	nl_close(&j->nl);
	arena_free(j->a);
	if (c != NULL && c != j->n->conf && !jobs_read(j->n, c))
		conf_free((struct conf *)(uintptr_t)c);
	free(j);
}

void
jobs_drop(struct netd *n, const struct ipc *c)
{
	for (struct job **at = &n->jobs; *at != NULL;)
		if (c == NULL || (*at)->c == c)
			job_free(at);
		else
			at = &(*at)->next;
}

/* One step of J. Returns false when it is at its end. */
static bool
job_step(struct job *j)
{
	int rc = 0;
	if (j->kind->view != JOB_NO_VIEW)
		rc = view_step(&j->view, &j->nl, j->conf);
	if (rc == 0)
		rc = j->kind->step(j);
	if (rc < 0 && j->error == NULL)
		j->error = arena_printf(j->a, "error: the kernel says: %s", strerror(-rc));
	return rc > 0 && j->error == NULL;
}

static void on_drained(struct ipc *c, void *arg);

static void
on_turn(uv_idle_t *idle)
{
	struct netd *n = idle->data;
	for (int i = 0; i < STEPS_MAX && n->jobs != NULL; i++) {
		struct job *j = n->jobs;
		if (ipc_queued(j->c) >= QUEUE_HIGH) {
			uv_idle_stop(idle);
			ipc_on_drained(j->c, on_drained);
			return;
		}
		if (job_step(j))
			continue;
		answer_rpc(j->c, j->seq, j->error);
		job_free(&n->jobs);
	}
	if (n->jobs == NULL)
		uv_idle_stop(idle);
}

static void
on_drained(struct ipc *c, void *arg)
{
	struct netd *n = arg;
	(void)c;
	uv_idle_start(&n->idle, on_turn);
}

void
job_start(struct netd *n, struct ipc *c, uint32_t seq, const struct job_kind *kind,
    const struct elem *args)
{
	size_t n_jobs = 0;
	struct job **last = &n->jobs;
	for (; *last != NULL; last = &(*last)->next)
		n_jobs++;
	struct job *j = calloc(1, sizeof(*j));
	if (j == NULL)
		abort();
	if (n_jobs >= JOBS_MAX || nl_open(&j->nl, NETLINK_ROUTE) < 0) {
		answer_rpc(c, seq, "error: too many commands at once");
		free(j);
		return;
	}
	j->n = n;
	j->c = c;
	j->seq = seq;
	j->kind = kind;
	j->a = arena_new();
	j->conf = n->conf;
	j->view.has_stats = kind->view == JOB_VIEW_STATS;
	struct elem *copy = elem_new(j->a, args->name);
	for (const struct elem *e = args->child; e != NULL; e = e->next)
		if (e->value != NULL)
			elem_leaf(j->a, copy, e->name, e->value);
		else
			elem_flag(j->a, copy, e->name);
	j->args = copy;
	*last = j;
	uv_idle_start(&n->idle, on_turn);
}

void
job_row(struct job *j, const struct elem *row)
{
	if (j->error == NULL && ipc_send(j->c, MSG_ROW, j->seq, row, -1) < 0)
		j->error = "error: the answer could not be sent";
}

bool
job_has_level(const struct job *j, const char *level)
{
	const char *given = elem_value(j->args, "level");
	return elem_has(j->args, level) || (given != NULL && strcmp(given, level) == 0);
}
