/* SPDX-License-Identifier: BSD-2-Clause
 *
 * netconf_junos.c - the operations of JUNOS about configurations: get-configuration, load-configuration, ...
 *
 * Each reads its element and makes one call. Called by netconf_op.c.
 */
#include "cli/netconf_op.h"

#include <stdio.h>
#include <string.h>

#include "cli/fetch.h"
#include "lib/msg/elem.h"

/* --- reading --- */

static const struct {
	const char *name;
	enum reply_kind kind;
	const char *wrapper;
} formats[] = {
	{ "xml", REPLY_XML, NULL },
	{ "text", REPLY_PLAIN, "configuration-text" },
	{ "ascii", REPLY_PLAIN, "configuration-text" },
	{ "set", REPLY_PLAIN, "configuration-set" },
	{ "json", REPLY_PLAIN, NULL },
};

int
junos_read(struct nc_session *s, const struct nc_get *get)
{
	const char *format = get->format;
	size_t f = 0;
	while (f < sizeof(formats) / sizeof(formats[0]) && strcmp(formats[f].name, format) != 0)
		f++;
	if (f == sizeof(formats) / sizeof(formats[0]))
		return op_refuse(s, "bad-attribute", "format", "invalid value");
	struct elem *call = call_new(s, "get");
	elem_leaf(s->a, call, "database", get->database);
	elem_leaf(s->a, call, "format", strcmp(format, "ascii") == 0 ? "text" : format);
	if (get->inherit != NULL)
		elem_leaf(s->a, call, "inherit", get->inherit);
	if (get->names_groups)
		elem_flag(s->a, call, "groups");
	if (get->marks_changes)
		elem_flag(s->a, call, "changed");
	if (get->filter != NULL && get->filter->child != NULL)
		elems_copy(s, elem_add(s->a, call, "filter"), get->filter);
	if (get->xpath != NULL)
		elem_leaf(s->a, call, "xpath", get->xpath);
	s->sink.format = formats[f].kind == REPLY_XML ? FORMAT_XML : FORMAT_TEXT;
	reply_expect(&s->reply, formats[f].kind, formats[f].wrapper);
	int rc = call_do(s, call);
	if (rc == 0)
		reply_text_end(&s->reply);
	return rc;
}

static int
compare(struct nc_session *s, const struct nc_elem *op)
{
	const char *rollback = nc_attr(op, "rollback");
	const char *database = nc_attr(op, "database");
	struct elem *call = call_new(s, "compare");
	if (strcmp(nc_attr(op, "compare"), "rollback") != 0)
		return op_refuse(s, "bad-attribute", "compare", "invalid value");
	elem_leaf(s->a, call, "rollback", rollback != NULL ? rollback : "0");
	elem_leaf(s->a, call, "database", database != NULL ? database : "candidate");
	s->sink.format = FORMAT_TEXT;
	reply_expect(&s->reply, REPLY_PLAIN, "configuration-information/configuration-output");
	int rc = call_do(s, call);
	if (rc == 0)
		reply_text_end(&s->reply);
	return rc;
}

/* Is attribute NAME of OP there with its name or "true" as value? */
static bool
is_wanted(const struct nc_elem *op, const char *name)
{
	const char *value = nc_attr(op, name);
	return value != NULL && (strcmp(value, name) == 0 || strcmp(value, "true") == 0);
}

int
junos_get(struct nc_session *s, const struct nc_elem *op)
{
	const char *database = nc_attr(op, "database");
	const char *format = nc_attr(op, "format");
	const char *inherit = nc_attr(op, "inherit");
	if (database != NULL && strcmp(database, "candidate") != 0 &&
	    strcmp(database, "committed") != 0)
		return op_refuse(s, "bad-attribute", "database", "invalid value");
	if (inherit != NULL && strcmp(inherit, "inherit") != 0 && strcmp(inherit, "defaults") != 0)
		return op_refuse(s, "bad-attribute", "inherit", "invalid value");
	if (nc_attr(op, "compare") != NULL)
		return compare(s, op);
	/* the attribute commit-scripts changes nothing, because there are none */
	struct nc_get get = {
		.database = database != NULL ? database : "candidate",
		.format = format != NULL ? format : "xml",
		.inherit = inherit == NULL                    ? NULL
			   : strcmp(inherit, "defaults") == 0 ? "defaults"
							      : "groups",
		.filter = nc_child(op, "configuration"),
		.names_groups = is_wanted(op, "groups"),
		.marks_changes = is_wanted(op, "changed"),
	};
	return junos_read(s, &get);
}

/* --- changing --- */

int
junos_load_text(struct nc_session *s, const struct nc_load *load)
{
	const char *url = load->url;
	if (url != NULL && fetch_place(url) == FETCH_UNKNOWN)
		return op_refuse(s, "operation-not-supported", "url", "unsupported kind of URL");
	struct elem *call = call_new(s, "load");
	elem_leaf(s->a, call, "action", load->action);
	elem_leaf(s->a, call, "format", load->format);
	if (load->trial != NULL)
		elem_leaf(s->a, call, "trial", load->trial);
	if (load->stops)
		elem_flag(s->a, call, "stop");
	if (load->is_whole)
		elem_flag(s->a, call, "whole");
	if (url != NULL)
		elem_leaf(s->a, call, "name", url);
	s->sink.input = text_str(&s->request->load);
	s->sink.input_len = s->request->load.len;
	int rc = call_do(s, call);
	s->sink.input_len = 0;
	return rc;
}

static int
rollback(struct nc_session *s, const char *number)
{
	struct elem *call = call_new(s, "rollback");
	elem_leaf(s->a, call, "number", number);
	return call_do(s, call);
}

/* Which reader takes what OP carries. */
static const char *
format_of(const struct nc_elem *op, const char *action)
{
	const char *format = nc_attr(op, "format");
	if (nc_child(op, "configuration-json") != NULL)
		return "json";
	if (nc_child(op, "configuration-text") != NULL || strcmp(action, "set") == 0)
		return "text";
	return format != NULL && strcmp(format, "json") == 0 ? "json" : "xml";
}

int
junos_load(struct nc_session *s, const struct nc_elem *op)
{
	const char *action = nc_attr(op, "action");
	const char *number = nc_attr(op, "rollback");
	const char *url = nc_attr(op, "url");
	int rc = 1;
	if (nc_child(op, "configuration-set") != NULL)
		action = "set";
	if (action == NULL)
		action = "merge";
	reply_raw(&s->reply, "<load-configuration-results>\n");
	if (nc_attr(op, "rescue") != NULL)
		rc = rollback(s, "rescue");
	else if (number != NULL)
		rc = rollback(s, number);
	else if (url != NULL || s->request->has_load)
		rc = junos_load_text(s, &(struct nc_load){
					    .action = action,
					    .format = format_of(op, action),
					    .url = url,
					});
	else
		op_refuse(s, "missing-element", "configuration", "missing argument");
	if (s->reply.n_errors == 0 && rc != 0)
		op_refuse(s, "operation-failed", NULL, "load failed");
	if (rc == 0) {
		reply_raw(&s->reply, "<ok/>\n");
	} else {
		char count[64];
		snprintf(count, sizeof(count), "<load-error-count>%u</load-error-count>\n",
		    s->reply.n_errors);
		reply_raw(&s->reply, count);
	}
	reply_raw(&s->reply, "</load-configuration-results>\n");
	return rc;
}

/* --- opening, locking --- */

int
junos_lock(struct nc_session *s, const struct nc_elem *op)
{
	(void)op;
	struct elem *call = call_new(s, "open");
	elem_leaf(s->a, call, "kind", "exclusive");
	/* that changes are lost unless they are committed goes without saying */
	s->reply.no_warnings = true;
	return call_ok(s, call);
}

int
junos_open(struct nc_session *s, const struct nc_elem *op)
{
	const char *kind = op->child != NULL ? op->child->name : "shared";
	struct elem *call = call_new(s, "open");
	if (strcmp(kind, "private") != 0 && strcmp(kind, "exclusive") != 0 &&
	    strcmp(kind, "shared") != 0)
		return op_refuse(
		    s, "operation-not-supported", kind, "unsupported kind of database");
	elem_leaf(s->a, call, "kind", kind);
	return call_do(s, call);
}

int
junos_close(struct nc_session *s, const struct nc_elem *op)
{
	(void)op;
	return call_ok(s, call_new(s, "close"));
}

/* --- committing --- */

static void
results_begin(struct reply *r, const char *style)
{
	reply_raw(r, "<commit-results>\n<routing-engine junos:style=\"");
	reply_raw(r, style);
	reply_raw(r, "\">\n<name>re0</name>\n");
}

static void
on_progress(void *reply, const struct elem *row)
{
	const char *message = elem_value(row, "message");
	reply_raw(reply, "<progress-indicator>\n");
	reply_leaf(reply, "message", message != NULL ? message : "");
	reply_raw(reply, "</progress-indicator>\n");
}

int
junos_commit(struct nc_session *s, const struct nc_elem *op)
{
	const char *detail = nc_attr(op, "detail");
	bool is_detail = detail != NULL && strcmp(detail, "detail") == 0;
	const char *minutes = nc_value(op, "confirm-timeout");
	const char *at = nc_value(op, "at-time");
	const char *log = nc_value(op, "log");
	bool is_check = nc_child(op, "check") != NULL;
	struct elem *call = call_new(s, "commit");
	call_flag(s, call, op, "check");
	call_flag(s, call, op, "confirmed");
	call_flag(s, call, op, "full");
	if (nc_child(op, "synchronize") != NULL || nc_child(op, "force-synchronize") != NULL)
		elem_flag(s->a, call, "synchronize");
	if (nc_child(op, "force-synchronize") != NULL)
		elem_flag(s->a, call, "force");
	if (minutes != NULL && minutes[0] != '\0')
		elem_leaf(s->a, call, "minutes", minutes);
	if (at != NULL && at[0] != '\0')
		elem_leaf(s->a, call, "at", at);
	if (log != NULL && log[0] != '\0')
		elem_leaf(s->a, call, "comment", log);
	if (is_detail) {
		elem_flag(s->a, call, "detail");
		results_begin(&s->reply, "detail");
		s->sink.row = on_progress;
	}
	int rc = call_do(s, call);
	s->sink.row = NULL;
	if (rc == 0 && !is_detail)
		results_begin(&s->reply, "normal");
	if (rc == 0)
		reply_raw(
		    &s->reply, is_check ? "<commit-check-success/>\n" : "<commit-success/>\n");
	if (rc == 0 || is_detail)
		reply_raw(&s->reply, "</routing-engine>\n</commit-results>\n");
	if (rc == 0)
		reply_raw(&s->reply, "<ok/>\n");
	return rc;
}

int
junos_discard(struct nc_session *s, const struct nc_elem *op)
{
	(void)op;
	return call_ok(s, call_new(s, "discard"));
}
