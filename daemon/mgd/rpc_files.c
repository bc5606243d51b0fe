/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rpc_files.c - commands that need files of the person, or a yes, before their daemon does them.
 *
 * A leaf marked `file` in the schema names a file of the person's. It is read by the command line with the person's rights,
 * into a sealed file that goes to the owner of the command as it is: mgd never sees what is in it, which may be a private key.
 * A filter expression (`matching`) is compiled there, too, and its owner gets the result as `packet-filter`.
 * A daemon that answers with a row `question` wants the same command again with `confirmed`, if the person says yes. A program is
 * not asked: it has said what it wants. Called by oper.c and rpc.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/mgd/mgd.h"
#include "lib/yang/schema.h"

/* A command that waits for its files or for an answer. */
struct put_off {
	const struct srpc *rpc;
	struct arena *a; /* holds REQUEST */
	struct elem *request;
	int fd;
};

void
rpc_forget(struct session *s)
{
	struct put_off *o = s->put_off;
	s->put_off = NULL;
	if (o == NULL)
		return;
	if (o->fd >= 0)
		close(o->fd);
	arena_free(o->a);
	free(o);
}

static void
keep(struct session *s, const struct srpc *rpc, struct arena *a, const struct elem *request, int fd)
{
	rpc_forget(s);
	struct put_off *o = calloc(1, sizeof(*o));
	if (o == NULL)
		abort();
	*o = (struct put_off){ .rpc = rpc, .a = a, .fd = fd };
	o->request = elem_new(a, request->name);
	for (const struct elem *c = request->child; c != NULL; c = c->next)
		elem_borrow(a, o->request, c); /* arguments are leaves */
	s->put_off = o;
}

/* Runs what was put off. */
static void
resume(struct session *s)
{
	struct put_off o = *s->put_off;
	free(s->put_off);
	s->put_off = NULL;
	rpc_start(s, o.rpc, o.a, o.request, o.fd);
}

/* --- files --- */

static void
on_files(struct session *s, const char *text, size_t len, const char *error)
{
	(void)text;
	(void)len;
	if (error != NULL || s->input_fd < 0) {
		struct text t = { 0 };
		text_printf(&t, "error: %s", error != NULL ? error : "the file was not read");
		rpc_forget(s);
		session_fail(s, text_str(&t));
		text_done(&t);
		return;
	}
	s->put_off->fd = s->input_fd;
	s->input_fd = -1;
	resume(s);
}

static const struct snode *
file_leaf(const struct srpc *rpc, const struct elem *argument)
{
	const struct snode *leaf = snode_find(rpc->input, argument->name, strlen(argument->name));
	return leaf != NULL && leaf->is_file && argument->value != NULL ? leaf : NULL;
}

bool
rpc_wants_files(const struct srpc *rpc, const struct elem *request)
{
	for (const struct elem *c = request->child; c != NULL; c = c->next)
		if (file_leaf(rpc, c) != NULL)
			return true;
	return false;
}

void
rpc_start_files(
    struct session *s, const struct srpc *rpc, struct arena *a, const struct elem *request)
{
	struct arena *b = arena_new();
	struct elem *want = elem_new(b, "want");
	elem_leaf(b, want, "source", "sealed");
	for (const struct elem *c = request->child; c != NULL; c = c->next) {
		if (file_leaf(rpc, c) == NULL)
			continue;
		struct elem *file = elem_add(b, want, "file");
		elem_leaf(b, file, "leaf", c->name);
		elem_leaf(b, file, "name", c->value);
	}
	keep(s, rpc, a, request, -1);
	session_want_elem(s, want, on_files);
	arena_free(b);
}

/* --- filter expressions --- */

static void
on_filter(struct session *s, const char *text, size_t len, const char *error)
{
	if (error == NULL && len > 0) {
		struct put_off o = *s->put_off;
		free(s->put_off);
		s->put_off = NULL;
		elem_leaf(o.a, o.request, "packet-filter", text);
		oper_run(s, o.rpc, o.a, o.request);
		return;
	}
	struct text t = { 0 };
	text_printf(&t, "error: %s", error != NULL ? error : "the expression was not compiled");
	rpc_forget(s);
	session_fail(s, text_str(&t));
	text_done(&t);
}

bool
rpc_wants_filter(const struct elem *request)
{
	return elem_has(request, "matching") && !elem_has(request, "packet-filter");
}

void
rpc_start_filter(
    struct session *s, const struct srpc *rpc, struct arena *a, const struct elem *request)
{
	const char *expression = elem_value(request, "matching");
	keep(s, rpc, a, request, -1);
	session_want(s, "filter", expression, on_filter);
}

/* --- questions --- */

static void
on_yes(struct session *s, const char *text)
{
	if (strcasecmp(text, "yes") != 0 && strcasecmp(text, "y") != 0) {
		rpc_forget(s);
		session_done(s);
		return;
	}
	elem_flag(s->put_off->a, s->put_off->request, "confirmed");
	resume(s);
}

void
rpc_put_off(struct session *s, const struct srpc *rpc, struct arena *a, const struct elem *request,
    int fd, const char *question)
{
	keep(s, rpc, a, request, fd);
	if (s->is_program)
		on_yes(s, "yes");
	else
		session_ask(s, question, "no", on_yes);
}
