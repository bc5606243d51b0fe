/* SPDX-License-Identifier: BSD-2-Clause
 *
 * netconf_rfc.c - the operations of RFC 6241, and get-schema of RFC 6022, on the calls that JUNOS's own use.
 *
 * The running configuration changes by commit only; there is no startup configuration of its own. Called by netconf_op.c.
 */
#include "cli/netconf_op.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/draft.h"
#include "cli/fetch.h"
#include "cli/netconf_filter.h"
#include "lib/base/release.h"
#include "lib/msg/elem.h"
#include "lib/yang/embed.h"

/* --- reading --- */

/* The name of the configuration in <source> or <target>, NULL if it is none of ours. */
static const char *
datastore(const struct nc_elem *op, const char *which)
{
	const struct nc_elem *where = nc_child(op, which);
	const struct nc_elem *name = where != NULL ? where->child : NULL;
	if (name == NULL)
		return NULL;
	if (strcmp(name->name, "running") == 0)
		return "committed";
	return strcmp(name->name, "candidate") == 0 ? "candidate" : NULL;
}

/* Reads what FILTER chooses of a configuration, as <data>. */
static int
data_read(struct nc_session *s, const char *database, const struct nc_elem *filter)
{
	struct netconf_filter f = { 0 };
	const char *error;
	if (filter != NULL && !netconf_filter_read(filter, &f, &error))
		return op_refuse(s, "bad-attribute", error, "unsupported kind of filter");
	reply_raw(&s->reply, "<data>\n");
	int rc = 0;
	if (!f.is_nothing)
		rc = junos_read(s, &(struct nc_get){
				       .database = database,
				       .format = "xml",
				       .filter = f.subtree,
				       .xpath = f.xpath,
				   });
	reply_raw(&s->reply, "</data>\n");
	return rc;
}

int
rfc_get_config(struct nc_session *s, const struct nc_elem *op)
{
	const char *database = datastore(op, "source");
	if (database == NULL)
		return op_refuse(s, "invalid-value", "source", "unknown configuration");
	return data_read(s, database, nc_child(op, "filter"));
}

int
rfc_get(struct nc_session *s, const struct nc_elem *op)
{
	return data_read(s, "committed", nc_child(op, "filter"));
}

int
rfc_get_schema(struct nc_session *s, const struct nc_elem *op)
{
	const char *name = nc_value(op, "identifier");
	const char *format = nc_value(op, "format");
	if (format != NULL && strcmp(format, "yang") != 0)
		return op_refuse(s, "invalid-value", "format", "only yang is available");
	for (const struct embed_module *m = embed_modules; m->name != NULL; m++) {
		if (name == NULL || strcmp(m->name, name) != 0)
			continue;
		reply_raw(&s->reply,
		    "<data xmlns=\"urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring\">");
		reply_expect(&s->reply, REPLY_PLAIN, NULL);
		reply_text(&s->reply, m->text, strlen(m->text));
		reply_raw(&s->reply, "</data>\n");
		return 0;
	}
	return op_refuse(s, "invalid-value", "identifier", "unknown module");
}

/* --- changing --- */

static int
ok_if(struct nc_session *s, int rc)
{
	if (rc == 0)
		reply_raw(&s->reply, "<ok/>\n");
	return rc;
}

/* Where in OP the configuration stands, and which reader takes it; NULL if there is none. */
static const char *
load_format(const struct nc_elem *op)
{
	for (const struct nc_elem *c = op->child; c != NULL; c = c->next) {
		if (c->is_load && strcmp(c->name, "configuration") == 0)
			return "xml";
		if (c->is_load)
			return strcmp(c->name, "configuration-json") == 0 ? "json" : "text";
		const char *below = c->child != NULL ? load_format(c) : NULL;
		if (below != NULL)
			return below;
	}
	return NULL;
}

/* One of the words that the element NAME of an operation may be. */
struct choice {
	const char *word;
	const char *means; /* may be NULL */
};

/* Reads element NAME of OP, WORDS[0] if there is none. Returns false, and refuses, if it is none of the N WORDS. */
static bool
choice_read(struct nc_session *s, const struct nc_elem *op, const char *name,
    const struct choice *words, size_t n, const struct choice **out)
{
	const char *value = nc_value(op, name);
	*out = words;
	for (size_t i = 0; value != NULL && i < n; i++)
		if (strcmp(words[i].word, value) == 0) {
			*out = &words[i];
			return true;
		}
	if (value == NULL)
		return true;
	op_refuse(s, "invalid-value", name, "invalid value");
	return false;
}

int
rfc_edit_config(struct nc_session *s, const struct nc_elem *op)
{
	/* replacing by default means the whole of it */
	static const struct choice actions[] = { { "merge", "merge" }, { "replace", "override" },
		{ "none", "none" } };
	static const struct choice on_errors[] = { { "stop-on-error", NULL },
		{ "continue-on-error", NULL }, { "rollback-on-error", NULL } };
	/* as in JUNOS, what is edited need not be fit for a commit yet unless that is asked for */
	static const struct choice tests[] = { { "set", NULL }, { "test-then-set", "first" },
		{ "test-only", "only" } };
	const struct choice *action;
	const struct choice *on_error;
	const struct choice *test;
	const char *target = datastore(op, "target");
	const char *format = load_format(op);
	struct nc_load load = { .url = nc_value(op, "url") };
	if (target == NULL || strcmp(target, "candidate") != 0)
		return op_refuse(
		    s, "operation-not-supported", "target", "only the candidate can be edited");
	if (!choice_read(s, op, "default-operation", actions, 3, &action) ||
	    !choice_read(s, op, "error-option", on_errors, 3, &on_error) ||
	    !choice_read(s, op, "test-option", tests, 3, &test))
		return 1;
	if (format == NULL && load.url == NULL)
		return op_refuse(
		    s, "missing-element", "config", "syntax error, expecting <configuration>");
	load.action = action->means;
	load.format = format != NULL ? format : "xml";
	load.trial = test->means;
	load.stops = on_error == &on_errors[0];
	load.is_whole = on_error == &on_errors[2];
	if (strcmp(load.action, "none") == 0 && strcmp(load.format, "text") == 0)
		return op_refuse(
		    s, "operation-not-supported", "default-operation", "text has no operations");
	return ok_if(s, junos_load_text(s, &load));
}

/* Makes the N bytes at TEXT the file that URL means. Returns 0, or -1 and why not. */
static int
url_write(const char *url, const char *text, size_t n, char error[FETCH_ERROR_MAX])
{
	struct draft d = { .fd = -1 };
	bool is_remote = fetch_place(url) == FETCH_REMOTE;
	char *path = fetch_path(url);
	int rc = 0;
	if (is_remote)
		d.fd = memfd_create("copy-config", MFD_CLOEXEC);
	else
		rc = draft_open(&d, path);
	if (is_remote && d.fd < 0)
		rc = -errno;
	for (size_t at = 0; rc == 0 && at < n;) {
		ssize_t k = write(d.fd, text + at, n - at);
		if (k < 0 && errno != EINTR)
			rc = -errno;
		at += k > 0 ? (size_t)k : 0;
	}
	if (is_remote && rc == 0 && lseek(d.fd, 0, SEEK_SET) < 0)
		rc = -errno;
	if (!is_remote && d.fd >= 0)
		rc = draft_close(&d, rc, 0600); /* $9$ hides nothing from a program */
	if (rc != 0)
		snprintf(error, FETCH_ERROR_MAX, "could not write: %s", strerror(-rc));
	if (is_remote && rc == 0)
		rc = fetch_put(url, d.fd, error);
	if (is_remote && d.fd >= 0)
		close(d.fd);
	free(path);
	return rc == 0 ? 0 : -1;
}

/* Copies the configuration DATABASE into the file that URL means, with the rights of the user. */
static int
copy_out(struct nc_session *s, const char *database, const char *url)
{
	char error[FETCH_ERROR_MAX];
	struct text out = { 0 };
	struct elem *call = call_new(s, "get");
	if (fetch_place(url) == FETCH_UNKNOWN)
		return op_refuse(s, "operation-not-supported", "url", "unsupported kind of URL");
	elem_leaf(s->a, call, "database", database);
	elem_leaf(s->a, call, "format", "xml");
	text_put(&out, "<config xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\" "
		       "xmlns:junos=\"" RELEASE_XML "junos\">\n");
	reply_expect(&s->reply, REPLY_SAVED, NULL);
	s->reply.saved = &out;
	int rc = call_do(s, call);
	reply_expect(&s->reply, REPLY_NONE, NULL);
	s->reply.saved = NULL;
	text_put(&out, "</config>\n");
	if (rc == 0 && url_write(url, text_str(&out), out.len, error) != 0)
		rc = op_refuse(s, "operation-failed", "url", error);
	text_done(&out);
	return ok_if(s, rc);
}

int
rfc_copy_config(struct nc_session *s, const struct nc_elem *op)
{
	const char *target_url = nc_value(nc_child(op, "target"), "url");
	const char *target = datastore(op, "target");
	const char *source = datastore(op, "source");
	const char *url = nc_value(nc_child(op, "source"), "url");
	const char *format = load_format(op);
	bool to_running = target != NULL && strcmp(target, "committed") == 0;
	bool from_running = source != NULL && strcmp(source, "committed") == 0;
	if (target_url != NULL && source != NULL)
		return copy_out(s, source, target_url);
	if (target != NULL && !to_running && from_running)
		return call_ok(s, call_new(s, "discard"));
	if (to_running && source != NULL && !from_running)
		return call_ok(s, call_new(s, "commit"));
	if (target == NULL || to_running || (format == NULL && url == NULL))
		return op_refuse(s, "operation-not-supported", "copy-config", "not supported");
	return ok_if(s, junos_load_text(s, &(struct nc_load){
					       .action = "override",
					       .format = format != NULL ? format : "xml",
					       .url = url,
					       .is_whole = true,
					   }));
}

int
rfc_delete_config(struct nc_session *s, const struct nc_elem *op)
{
	static const char nothing[] = "<configuration/>";
	const char *target = datastore(op, "target");
	if (target == NULL || strcmp(target, "candidate") != 0)
		return op_refuse(
		    s, "operation-not-supported", "target", "only the candidate can be deleted");
	struct elem *call = call_new(s, "load");
	elem_leaf(s->a, call, "action", "override");
	elem_leaf(s->a, call, "format", "xml");
	s->sink.input = nothing;
	s->sink.input_len = sizeof(nothing) - 1;
	int rc = call_ok(s, call);
	s->sink.input_len = 0;
	return rc;
}

int
rfc_lock(struct nc_session *s, const struct nc_elem *op)
{
	if (datastore(op, "target") == NULL)
		return op_refuse(s, "invalid-value", "target", "unknown configuration");
	return strcmp(op->name, "lock") == 0 ? junos_lock(s, op) : junos_close(s, op);
}

/* --- committing --- */

int
rfc_commit(struct nc_session *s, const struct nc_elem *op)
{
	const char *seconds = nc_value(op, "confirm-timeout");
	struct elem *call = call_new(s, "commit");
	if (nc_child(op, "confirmed") != NULL)
		elem_flag(s->a, call, "confirmed");
	/* ours are minutes, and never less than what was asked for */
	if (seconds != NULL && seconds[0] != '\0')
		elem_leaff(s->a, call, "minutes", "%lu", (strtoul(seconds, NULL, 10) + 59) / 60);
	return call_ok(s, call);
}

int
rfc_validate(struct nc_session *s, const struct nc_elem *op)
{
	const char *source = datastore(op, "source");
	const char *url = nc_value(nc_child(op, "source"), "url");
	const char *format = load_format(op);
	if (source == NULL && format == NULL && url == NULL)
		return op_refuse(s, "invalid-value", "source", "unknown configuration");
	if (source == NULL)
		return ok_if(s, junos_load_text(s, &(struct nc_load){
						       .action = "override",
						       .format = format != NULL ? format : "xml",
						       .url = url,
						       .trial = "only",
						   }));
	struct elem *call = call_new(s, "commit");
	elem_leaf(s->a, call, "database", source);
	elem_flag(s->a, call, "check");
	elem_flag(s->a, call, "validate");
	return call_ok(s, call);
}
