/* SPDX-License-Identifier: BSD-2-Clause
 *
 * netconf_op.c - which operation an <rpc> is, and operational commands.
 *
 * What is in no row of the table is an RPC of the schema, which mgd knows. Called by netconf.c.
 */
#include "cli/netconf_op.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/netconf.h"
#include "lib/base/arena.h"
#include "lib/msg/elem.h"

/* --- calls --- */

struct elem *
call_new(struct nc_session *s, const char *name)
{
	return elem_new(s->a, name);
}

int
call_do(struct nc_session *s, const struct elem *call)
{
	return client_call(&s->client, call);
}

int
call_ok(struct nc_session *s, const struct elem *call)
{
	int rc = call_do(s, call);
	if (rc == 0)
		reply_raw(&s->reply, "<ok/>\n");
	return rc;
}

void
call_flag(struct nc_session *s, struct elem *call, const struct nc_elem *op, const char *element)
{
	if (nc_child(op, element) != NULL)
		elem_flag(s->a, call, element);
}

int
op_refuse(struct nc_session *s, const char *tag, const char *element, const char *message)
{
	reply_refuse(&s->reply, tag, element, message);
	return 1;
}

void
elems_copy(struct nc_session *s, struct elem *to, const struct nc_elem *from)
{
	for (const struct nc_elem *c = from->child; c != NULL; c = c->next) {
		if (c->child != NULL)
			elems_copy(s, elem_add(s->a, to, c->name), c);
		else if (c->value[0] != '\0')
			elem_leaf(s->a, to, c->name, c->value);
		else
			elem_flag(s->a, to, c->name);
	}
}

/* --- operational commands --- */

static const struct {
	const char *name;
	enum pipe_format format;
	enum reply_kind kind;
	const char *wrapper;
} formats[] = {
	{ "xml", FORMAT_XML, REPLY_XML, NULL },
	{ "text", FORMAT_TEXT, REPLY_PLAIN, "output" },
	{ "ascii", FORMAT_TEXT, REPLY_PLAIN, "output" },
	{ "json", FORMAT_JSON, REPLY_PLAIN, NULL },
	{ "set", FORMAT_SET, REPLY_PLAIN, "output" },
};

/* Has the answer rendered as the attribute `format` says; returns the name of the format, NULL: there is no such. */
static const char *
format_expect(struct nc_session *s, const struct nc_elem *op)
{
	const char *format = nc_attr(op, "format");
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(formats[i].name, format != NULL ? format : "xml") != 0)
			continue;
		s->sink.format = formats[i].format;
		reply_expect(&s->reply, formats[i].kind, formats[i].wrapper);
		return pipe_format_name(formats[i].format);
	}
	op_refuse(s, "bad-attribute", "format", "invalid value");
	return NULL;
}

/* Is LINE `show configuration`, perhaps abbreviated? Its text has a wrapper of its own in JUNOS. */
static bool
is_configuration(const char *line)
{
	char show[8];
	char what[16];
	return sscanf(line, "%7s %15s", show, what) == 2 && strlen(show) > 1 && strlen(what) > 3 &&
	       strncmp("show", show, strlen(show)) == 0 &&
	       strncmp("configuration", what, strlen(what)) == 0;
}

static int
op_command(struct nc_session *s, const struct nc_elem *op)
{
	char *line = arena_strdup(s->a, op->value);
	if (format_expect(s, op) == NULL)
		return 1;
	for (char *c = line; *c != '\0'; c++)
		if (*c == '\n' || *c == '\r' || *c == '\t')
			*c = ' ';
	if (s->sink.format == FORMAT_TEXT && is_configuration(line))
		s->reply.wrapper = "configuration-information/configuration-output";
	int rc = client_line(&s->client, line);
	if (rc == 0)
		reply_text_end(&s->reply);
	return rc;
}

static int
op_rpc(struct nc_session *s, const struct nc_elem *op)
{
	const char *format = format_expect(s, op);
	if (format == NULL)
		return 1;
	struct elem *call = call_new(s, "rpc");
	elem_leaf(s->a, call, "format", format);
	elems_copy(s, elem_add(s->a, elem_add(s->a, call, "request"), op->name), op);
	int rc = call_do(s, call);
	if (rc == 0)
		reply_text_end(&s->reply);
	return rc;
}

/* --- the session --- */

static int
op_close_session(struct nc_session *s, const struct nc_elem *op)
{
	s->is_over = true;
	reply_raw(
	    &s->reply, strcmp(op->name, "close-session") == 0 ? "<ok/>\n" : "<end-session/>\n");
	return 0;
}

static int
op_kill_session(struct nc_session *s, const struct nc_elem *op)
{
	const char *id = nc_value(op, "session-id");
	struct elem *call = call_new(s, "kill");
	elem_leaf(s->a, call, "session", id != NULL ? id : "");
	return call_ok(s, call);
}

static const struct {
	const char *name;
	nc_op_fn *run;
} ops[] = {
	{ "close-configuration", junos_close },
	{ "close-session", op_close_session },
	{ "command", op_command },
	{ "commit", rfc_commit },
	{ "commit-configuration", junos_commit },
	{ "copy-config", rfc_copy_config },
	{ "delete-config", rfc_delete_config },
	{ "discard-changes", junos_discard },
	{ "edit-config", rfc_edit_config },
	{ "get", rfc_get },
	{ "get-config", rfc_get_config },
	{ "get-configuration", junos_get },
	{ "get-schema", rfc_get_schema },
	{ "kill-session", op_kill_session },
	{ "load-configuration", junos_load },
	{ "lock", rfc_lock },
	{ "lock-configuration", junos_lock },
	{ "open-configuration", junos_open },
	{ "request-end-session", op_close_session },
	{ "unlock", rfc_lock },
	{ "unlock-configuration", junos_close },
	{ "validate", rfc_validate },
};

static nc_op_fn *
op_find(const char *name)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (strcmp(ops[i].name, name) == 0)
			return ops[i].run;
	return op_rpc;
}

int
netconf_op_run(struct nc_session *s, const struct nc_request *request)
{
	const struct nc_elem *op = request->root->child;
	int rc = 1;
	s->request = request;
	s->a = arena_new_secret();
	s->sink.format = FORMAT_XML;
	reply_begin(&s->reply, request->root);
	if (op == NULL)
		op_refuse(s, "missing-element", "rpc", "syntax error, expecting <command>");
	else
		rc = op_find(op->name)(s, op);
	if (rc > 0 && s->reply.n_errors == 0)
		op_refuse(s, "operation-failed", NULL, "command failed");
	arena_free(s->a);
	if (rc < 0)
		return -1;
	if (reply_end(&s->reply) < 0)
		return -1;
	return s->is_over ? 1 : 0;
}
