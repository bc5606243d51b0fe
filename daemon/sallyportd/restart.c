/* SPDX-License-Identifier: BSD-2-Clause
 *
 * restart.c - daemons that a user wants started again (MSG_RESTART of mgd). Called by main.c.
 */
#include "daemon/sallyportd/restart.h"

#include "daemon/sallyportd/child.h"
#include "lib/base/arena.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/os/log.h"

#include <string.h>

static void
answer(struct restart *r)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "restarted");
	for (size_t i = 0; i < r->n; i++) {
		const struct child *c = r->list[i];
		struct elem *d = elem_add(a, e, "daemon");
		elem_leaf(a, d, "name", c->name);
		if (c->is_restarted)
			elem_leaff(a, d, "pid", "%d", (int)c->pid);
	}
	if (r->mgd->ipc != NULL)
		ipc_send(r->mgd->ipc, MSG_RESTARTED, r->seq, e, -1);
	arena_free(a);
	uv_timer_stop(&r->timer);
	r->seq = 0;
	r->n = 0;
}

static void
answer_if_done(struct restart *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (!r->list[i]->is_restarted)
			return;
	answer(r);
}

static void
on_patience(uv_timer_t *t)
{
	answer(t->data);
}

void
restart_init(struct restart *r, uv_loop_t *loop)
{
	uv_timer_init(loop, &r->timer);
	r->timer.data = r;
}

void
restart_done(struct restart *r)
{
	uv_close((uv_handle_t *)&r->timer, NULL);
}

/* The refusal of a request while another is open. */
static void
refuse(const struct restart *r, uint32_t seq)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "restarted");
	elem_leaf(a, e, "error", "error: another restart is under way");
	if (r->mgd->ipc != NULL)
		ipc_send(r->mgd->ipc, MSG_RESTARTED, seq, e, -1);
	arena_free(a);
}

void
restart_begin(struct restart *r, struct child *const *children, size_t n, const struct ipc_msg *m)
{
	enum child_kind kind = child_kind_find(elem_value(m->body, "kind"));
	const char *how = elem_value(m->body, "how");
	if (r->seq != 0) {
		refuse(r, m->seq);
		return;
	}
	r->seq = m->seq;
	for (size_t i = 0; i < n && r->n < RESTART_MAX; i++)
		if (children[i]->kind == kind && children[i]->is_wanted) {
			r->list[r->n++] = children[i];
			children[i]->is_restarted = false;
		}
	uv_timer_start(&r->timer, on_patience, RESTART_PATIENCE_MS, 0);
	for (size_t i = 0; i < r->n; i++) {
		struct child *c = r->list[i];
		log_line(LOG_LEVEL_NOTICE, "SUPER_RESTART", "%s[%d]: a user wants it restarted",
		    c->name, c->pid);
		if (how != NULL && strcmp(how, "immediately") == 0)
			child_kill(c);
		else
			child_stop(c, true);
	}
	answer_if_done(r);
}

void
restart_on_start(struct restart *r, struct child *c)
{
	if (r->seq == 0)
		return;
	c->is_restarted = true;
	answer_if_done(r);
}

void
restart_forget(struct restart *r, const struct child *c)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->list[i] == c)
			memmove(r->list + i, r->list + i + 1, (--r->n - i) * sizeof(r->list[0]));
	if (r->seq != 0)
		answer_if_done(r);
}
