/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rpc.c - an operational command goes to the daemon that owns it, its rows come back to who asked.
 *
 * The picds are asked one after the other in the order of the configuration, so that their rows need no
 * sorting and no room. When the command line does not take rows fast enough, the daemon's channel is
 * not read until it does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/mgd/mgd.h"
#include "lib/base/smap.h"
#include "lib/msg/row.h"
#include "lib/yang/schema.h"

enum {
	RPC_QUEUE_MAX = 1 << 20,    /* bytes that may wait for one command line */
	RPC_SILENCE_MS = 20 * 1000, /* without a word from a daemon that is read: it hangs */
};

struct rpc {
	struct rpc *next;
	struct mgd *m;
	struct session *s; /* NULL: nobody waits any more */
	struct arena *a;
	const struct elem *request;
	char kind[16];
	struct peer *peer; /* being asked; NULL: none */
	uint32_t seq;
	struct text errors;
	bool is_tool;      /* the command line does it; the row that comes is what it has to know */
	bool has_idle;     /* the command also tells of SAs that nothing uses */
	struct smap shown; /* has_idle: names of SAs that had a row */
	bool is_held;      /* the peer's channel is not being read */
	const struct srpc *rpc;
	int fd;         /* sealed contents of files that it names; -1: none */
	char *question; /* the daemon wants it confirmed; in A */
	uv_timer_t silence;
};

static void
on_timer_closed(uv_handle_t *h)
{
	free(h->data);
}

static void
rpc_free(struct rpc *r)
{
	for (struct rpc **at = &r->m->rpcs; *at != NULL; at = &(*at)->next)
		if (*at == r) {
			*at = r->next;
			break;
		}
	smap_done(&r->shown);
	if (r->fd >= 0)
		close(r->fd);
	arena_free(r->a);
	text_done(&r->errors);
	uv_close((uv_handle_t *)&r->silence, on_timer_closed); /* frees R */
}

static void on_silence(uv_timer_t *t);

/* The daemon has time again to say something. */
static void
silence_begin(struct rpc *r)
{
	uv_timer_start(&r->silence, on_silence, RPC_SILENCE_MS, 0);
}

static void
release(struct rpc *r)
{
	if (r->is_held && r->peer != NULL && r->peer->ipc != NULL)
		ipc_hold(r->peer->ipc, false);
	if (r->is_held)
		silence_begin(r);
	r->is_held = false;
}

static void
rpc_end(struct rpc *r)
{
	struct session *s = r->s;
	r->s = NULL;
	if (s != NULL && r->question != NULL && r->errors.len == 0) {
		rpc_put_off(s, r->rpc, r->a, r->request, r->fd, r->question);
		r->a = NULL;
		r->fd = -1;
		rpc_free(r);
		return;
	}
	if (s != NULL && r->has_idle && r->errors.len == 0)
		idle_rows(s, r->request, &r->shown);
	if (s != NULL && r->errors.len > 0)
		session_fail(s, text_str(&r->errors));
	else if (s != NULL)
		session_done(s);
	rpc_free(r);
}

/* Asks the first daemon of the kind from P on that runs, if anybody wants to know. */
static void
ask_from(struct rpc *r, struct peer *p)
{
	for (; p != NULL && r->s != NULL; p = p->next) {
		if (strcmp(p->kind, r->kind) != 0 || !p->is_wanted)
			continue;
		r->seq = ++r->m->seq;
		if (p->ipc != NULL && ipc_send(p->ipc, MSG_RPC, r->seq, r->request, r->fd) == 0) {
			r->peer = p;
			silence_begin(r);
			return;
		}
		text_printf(&r->errors, "error: the %s subsystem is not running%s%s\n", r->kind,
		    p->instance[0] != '\0' ? ": " : "", p->instance);
	}
	r->peer = NULL;
	uv_timer_stop(&r->silence);
	rpc_end(r);
}

/* It does not answer: it is stuck, or stopped. What it says later is nobody's. */
static void
on_silence(uv_timer_t *t)
{
	struct rpc *r = t->data;
	struct peer *p = r->peer;
	text_printf(&r->errors, "error: timeout communicating with %s daemon%s%s\n", r->kind,
	    p->instance[0] != '\0' ? ": " : "", p->instance);
	ask_from(r, p->next);
}

void
rpc_start(
    struct session *s, const struct srpc *rpc, struct arena *a, const struct elem *request, int fd)
{
	struct rpc *r = calloc(1, sizeof(*r));
	if (r == NULL)
		abort();
	*r = (struct rpc){ .m = s->m, .s = s, .a = a, .request = request, .rpc = rpc, .fd = fd };
	r->is_tool = strcmp(rpc->owner, "cli") == 0;
	snprintf(r->kind, sizeof(r->kind), "%s", r->is_tool ? "netd" : rpc->owner);
	r->has_idle = strcmp(rpc->name, "get-security-associations-information") == 0;
	uv_timer_init(&s->m->d.loop, &r->silence);
	r->silence.data = r;
	r->next = s->m->rpcs;
	s->m->rpcs = r;
	ask_from(r, s->m->peers.list);
}

static struct rpc *
rpc_find(struct peer *p, uint32_t seq)
{
	for (struct rpc *r = p->m->rpcs; r != NULL; r = r->next)
		if (r->peer == p && r->seq == seq)
			return r;
	return NULL;
}

static void
on_drained(struct ipc *c, void *arg)
{
	struct session *s = arg;
	(void)c;
	for (struct rpc *r = s->m->rpcs; r != NULL; r = r->next)
		if (r->s == s)
			release(r);
}

void
rpc_on_row(struct peer *p, struct ipc_msg *msg)
{
	struct rpc *r = rpc_find(p, msg->seq);
	if (r == NULL || r->s == NULL || msg->body == NULL)
		return;
	silence_begin(r);
	if (r->is_tool) {
		session_run_facts(r->s, r->request, msg->body);
		return;
	}
	if (strcmp(msg->body->name, ROW_ALIVE) == 0)
		return;
	if (strcmp(msg->body->name, "output") == 0 && msg->body->value != NULL) {
		session_text(r->s, msg->body->value); /* a command that only has something to say */
		return;
	}
	if (strcmp(msg->body->name, "question") == 0) {
		const char *text = elem_value(msg->body, "text");
		r->question = arena_strdup(r->a, text != NULL ? text : "");
		return;
	}
	const char *sa = r->has_idle ? elem_value(msg->body, "sa-name") : NULL;
	if (sa != NULL)
		(void)smap_add(&r->shown, arena_strdup(r->a, sa), r);
	session_row(r->s, msg->body);
	if (ipc_queued(r->s->ipc) <= RPC_QUEUE_MAX || r->is_held)
		return;
	r->is_held = true;
	uv_timer_stop(&r->silence); /* it is we who do not listen */
	ipc_hold(p->ipc, true);
	ipc_on_drained(r->s->ipc, on_drained);
}

void
rpc_on_done(struct peer *p, struct ipc_msg *msg)
{
	struct rpc *r = rpc_find(p, msg->seq);
	if (r == NULL)
		return;
	const char *status = elem_value(msg->body, "status");
	const char *text = elem_value(msg->body, "text");
	if (status == NULL || strcmp(status, "ok") != 0)
		text_printf(&r->errors, "%s%s\n",
		    text != NULL && strncmp(text, "error: ", 7) == 0 ? "" : "error: ",
		    text != NULL ? text : "command failed");
	release(r);
	ask_from(r, p->next);
}

void
rpc_on_peer_gone(struct peer *p)
{
	struct rpc *next;
	for (struct rpc *r = p->m->rpcs; r != NULL; r = next) {
		next = r->next;
		if (r->peer != p)
			continue;
		r->is_held = false;
		text_printf(&r->errors, "error: communication with the %s subsystem failed%s%s\n",
		    r->kind, p->instance[0] != '\0' ? ": " : "", p->instance);
		ask_from(r, p->next);
	}
}

void
rpc_detach(struct session *s)
{
	for (struct rpc *r = s->m->rpcs; r != NULL; r = r->next)
		if (r->s == s) {
			release(r);
			r->s = NULL; /* it is freed when the daemon has answered */
			if (r->peer != NULL && r->peer->ipc != NULL && strcmp(r->kind, "picd") == 0)
				(void)ipc_send(r->peer->ipc, MSG_RPC_STOP, r->seq, NULL, -1);
		}
}
