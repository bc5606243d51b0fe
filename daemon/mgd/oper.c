/* SPDX-License-Identifier: BSD-2-Clause
 *
 * oper.c - operational mode: which command a line is, and who answers it.
 *
 * The commands are the RPCs of the schema and a few that only mean something at a command line. Called by
 * session.c, and by edit.c for `run`.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/mgd/as_rpc.h"
#include "daemon/mgd/command.h"
#include "daemon/mgd/hint.h"
#include "daemon/mgd/mgd.h"
#include "daemon/mgd/permit.h"
#include "lib/yang/schema.h"

enum oper_id {
	OPER_CLI,
	OPER_CONFIGURE,
	OPER_CONFIGURE_EXCLUSIVE,
	OPER_CONFIGURE_PRIVATE,
	OPER_QUIT,
	OPER_SET_CLI,
	OPER_SHOW_CLI,
	OPER_SHOW_CONFIGURATION,
	OPER_XML_MODE,
	OPER_END,
};

static const struct command own[] = {
	{ "cli", "Start the command line, which this is", NULL, OPER_CLI, true },
	{ "configure", "Manipulate software configuration information", NULL, OPER_CONFIGURE,
	    false },
	{ "configure exclusive", "Lock the database", NULL, OPER_CONFIGURE_EXCLUSIVE, false },
	{ "configure private", "Work in a private database", NULL, OPER_CONFIGURE_PRIVATE, false },
	{ "configure shared", "Work in the shared database", NULL, OPER_CONFIGURE, true },
	{ "edit", "Manipulate software configuration information", NULL, OPER_CONFIGURE, true },
	{ "edit exclusive", "Lock the database", NULL, OPER_CONFIGURE_EXCLUSIVE, true },
	{ "edit private", "Work in a private database", NULL, OPER_CONFIGURE_PRIVATE, true },
	{ "exit", "Exit the management session", NULL, OPER_QUIT, true },
	{ "quit", "Exit the management session", NULL, OPER_QUIT, false },
	{ "set cli complete-on-space", "Set whether typing space completes current word", NULL,
	    OPER_SET_CLI, false },
	{ "set cli idle-timeout", "Set maximum idle time before login session ends", NULL,
	    OPER_SET_CLI, false },
	{ "set cli prompt", "Set CLI command prompt string", NULL, OPER_SET_CLI, false },
	{ "set cli restart-on-upgrade", "Set CLI to prompt for restart after software upgrade",
	    NULL, OPER_SET_CLI, false },
	{ "set cli screen-length", "Set number of lines on screen", NULL, OPER_SET_CLI, false },
	{ "set cli screen-width", "Set number of characters on a line", NULL, OPER_SET_CLI, false },
	{ "set cli terminal", "Set terminal type", NULL, OPER_SET_CLI, false },
	{ "set cli timestamp", "Timestamp CLI output", NULL, OPER_SET_CLI, false },
	{ "show cli", "Show command-line interface settings", NULL, OPER_SHOW_CLI, false },
	{ "show configuration", "Show current configuration", NULL, OPER_SHOW_CONFIGURATION,
	    false },
	{ "xml-mode netconf need-trailer", "Serve NETCONF", NULL, OPER_XML_MODE, true },
};

enum { OWN_N = sizeof(own) / sizeof(own[0]) };

/* The whole table; made once. */
const struct command *
oper_commands(const struct schema *schema, size_t *n)
{
	static struct command *table;
	size_t n_system;
	const struct command *system = oper_system_commands(&n_system);
	*n = OWN_N + n_system + schema->n_rpcs;
	if (table != NULL)
		return table;
	table = calloc(*n, sizeof(*table));
	if (table == NULL)
		abort();
	memcpy(table, own, sizeof(own));
	memcpy(table + OWN_N, system, n_system * sizeof(*system));
	for (size_t i = 0; i < schema->n_rpcs; i++)
		table[OWN_N + n_system + i] = (struct command){ .words = schema->rpcs[i].command,
			.help = schema->rpcs[i].help,
			.rpc = &schema->rpcs[i] };
	return table;
}

bool
oper_has(const struct command *c)
{
	static const char *const others[] = { "cli", "kmd", "netd", "picd", "pkid" };
	if (c->rpc == NULL)
		return c->id < OPER_SYSTEM_FIRST ? c->id >= 0 && c->id < OPER_END
						 : oper_system_has(c);
	if (strcmp(c->rpc->owner, "mgd") == 0)
		return system_has(c->rpc->name) || show_has(c->rpc->name);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(others[i], c->rpc->owner) == 0)
			return true;
	return false;
}

static void
show_configuration(struct session *s, const struct words *w, struct arena *a)
{
	struct db *db = &s->m->db;
	struct path top = { .s = db->schema->config };
	struct path path;
	struct refusal e = { 0 };
	if (!path_walk(a, db->schema->config, &top, w, false, &path, &e) ||
	    !guard_path(s, &top, w, &path, PERMIT_READ, &e)) {
		session_refuse(s, &e);
	} else if (s->is_rpc) {
		as_rpc_configuration(s, &path, "committed");
	} else if (show_compares(s)) {
		s->compares_running = true;
		show_compare(s, db->running, &path);
	} else {
		show_tree(s, db->running, &path, path.n == 0);
		session_done(s);
	}
	refusal_done(&e);
}

bool
oper_may(const struct session *s, const struct srpc *rpc, const struct elem *request)
{
	struct text words = { 0 };
	text_put(&words, rpc->command);
	for (const struct elem *c = request->child; c != NULL; c = c->next) {
		const struct snode *leaf = snode_find(rpc->input, c->name, strlen(c->name));
		if (leaf == NULL || !leaf->is_nokeyword)
			text_printf(&words, " %s", c->name);
		if (c->value != NULL)
			text_printf(&words, " %s", c->value);
	}
	bool may = permit_command(session_permit(s), text_str(&words), rpc->permission);
	text_done(&words);
	return may;
}

void
oper_run(struct session *s, const struct srpc *rpc, struct arena *a, const struct elem *request)
{
	if (s->is_rpc) {
		as_rpc_command(s, rpc, request);
		arena_free(a);
		return;
	}
	if (strcmp(rpc->owner, "cli") == 0) {
		if (elem_has(request, "interface") || elem_has(request, "routing-instance")) {
			rpc_start(s, rpc, a, request, -1); /* netd knows their Linux names */
			return;
		}
		system_run_there(s, rpc, request);
		arena_free(a);
		return;
	}
	if (strcmp(rpc->owner, "mgd") == 0 && system_rpc(s, rpc, request)) {
		arena_free(a);
		return;
	}
	if (rpc_wants_filter(request)) {
		rpc_start_filter(s, rpc, a, request);
		return;
	}
	bool has_root = rpc->output != NULL && rpc->output->n_children > 0;
	if (has_root && !show_commit_is_text(s, rpc->name))
		session_reply(
		    s, rpc->name, rpc->output->children[0]->name, command_style(rpc, request));
	const char *capture = elem_value(request, "write-file");
	if (capture != NULL && s->is_program) {
		session_fail(s, "error: a file of packets is written by the command line only");
		arena_free(a);
		return;
	}
	if (capture != NULL)
		session_capture(s, capture);
	if (strcmp(rpc->owner, "mgd") != 0) {
		if (rpc_wants_files(rpc, request))
			rpc_start_files(s, rpc, a, request);
		else
			rpc_start(s, rpc, a, request, -1);
		return;
	}
	struct text error = { 0 };
	bool is_ours = show_rpc(s, rpc, request, &error);
	assert(is_ours); /* oper_has() is true of every row: oper_test.c */
	if (error.len > 0)
		session_fail(s, text_str(&error));
	else
		session_done(s);
	text_done(&error);
	arena_free(a);
}

static void
rpc_run(struct session *s, const struct srpc *rpc, const struct words *w)
{
	struct refusal e = { 0 };
	struct arena *a = arena_new();
	const struct elem *request = command_request(a, rpc, w, &e);
	if (request != NULL && !oper_may(s, rpc, request)) {
		refuse(&e, w->n > 0 ? w->w[0].at : 0, "permission denied.");
		request = NULL;
	}
	if (request == NULL)
		session_refuse(s, &e);
	if (request != NULL)
		oper_run(s, rpc, a, request);
	else
		arena_free(a);
	refusal_done(&e);
}

/* As the answer to a program: "  'ELEMENT'" above the message says what it is about. */
static void
call_refuse(struct session *s, const char *element, const char *message)
{
	struct text t = { 0 };
	text_printf(&t, "  '%s'\n    %s\n", element, message);
	session_fail(s, text_str(&t));
	text_done(&t);
}

/* A program has a name of its own for the argument `all`. */
static void
all_statistics_clear(struct session *s)
{
	struct arena *a = arena_new();
	struct elem *all = elem_new(a, "clear-interfaces-statistics");
	elem_leaf(a, all, "interface-name", "all");
	oper_call(s, all->name, all);
	arena_free(a);
}

void
oper_call(struct session *s, const char *name, const struct elem *arguments)
{
	const struct srpc *rpc = srpc_find(s->m->db.schema, name);
	struct refusal e = { 0 };
	const char *wrong = name;
	if (strcmp(name, "clear-interfaces-statistics-all") == 0) {
		all_statistics_clear(s);
		return;
	}
	if (rpc == NULL && oper_system_call(s, name, arguments))
		return;
	if (rpc == NULL) {
		call_refuse(s, name, "syntax error, expecting <command>");
		return;
	}
	struct arena *a = arena_new();
	const struct elem *request = command_request_named(a, rpc, arguments, &wrong, &e);
	if (request != NULL && !oper_may(s, rpc, request)) {
		session_fail(s, "error: permission denied");
		arena_free(a);
	} else if (request != NULL) {
		oper_run(s, rpc, a, request);
	} else {
		call_refuse(s, wrong, text_str(&e.text));
		arena_free(a);
	}
	refusal_done(&e);
}

/* Settings that are numbers, and the highest. */
static const struct {
	const char *name;
	unsigned long max;
} cli_numbers[] = {
	{ "idle-timeout", 100000 },
	{ "screen-length", 100000 },
	{ "screen-width", 1024 },
};

static bool
cli_number_check(const char *name, const struct word *w, struct refusal *e)
{
	for (size_t i = 0; i < sizeof(cli_numbers) / sizeof(cli_numbers[0]); i++) {
		if (strcmp(cli_numbers[i].name, name) != 0)
			continue;
		if (w->s[0] == '\0' || strspn(w->s, "0123456789") != strlen(w->s))
			return refuse(e, w->at, "invalid value '%.200s'", w->s);
		if (strlen(w->s) > 9 || strtoul(w->s, NULL, 10) > cli_numbers[i].max)
			return refuse(e, w->at,
			    "Value %.20s is not within range (0..%lu) at '%.20s'", w->s,
			    cli_numbers[i].max, w->s);
	}
	return true;
}

/* Reads what follows `set cli NAME`; *VALUE is what the command line shall keep. */
static bool
cli_value(const char *name, const struct words *w, const char **value, struct refusal *e)
{
	bool is_timestamp = strcmp(name, "timestamp") == 0;
	size_t n_max = 1;
	*value = w->n > 0 ? w->w[0].s : "";
	if (w->n == 0)
		return is_timestamp || refuse(e, w->end + 1, "missing argument.");
	if (is_timestamp && word_abbreviates(&w->w[0], "disable") != 0) {
		*value = "disable";
	} else if (is_timestamp && word_abbreviates(&w->w[0], "format") != 0) {
		if (w->n == 1)
			return refuse(e, w->end + 1, "missing argument.");
		*value = w->w[1].s;
		n_max = 2;
	} else if (strcmp(name, "complete-on-space") == 0 ||
		   strcmp(name, "restart-on-upgrade") == 0) {
		if (strcmp(*value, "on") != 0 && strcmp(*value, "off") != 0)
			return refuse(e, w->w[0].at, "syntax error.");
	} else if (is_timestamp) {
		return refuse(e, w->w[0].at, "syntax error.");
	}
	if (w->n > n_max)
		return refuse(e, w->w[n_max].at, "syntax error.");
	return cli_number_check(name, &w->w[0], e);
}

/* `set cli ...`: checked here, kept by the command line. */
static void
set_cli(struct session *s, const struct command *c, const struct words *rest)
{
	const char *name = c->words + strlen("set cli ");
	struct refusal e = { 0 };
	const char *value;
	if (cli_value(name, rest, &value, &e)) {
		session_setting(s, name, value);
		session_done(s);
	} else {
		session_refuse(s, &e);
	}
	refusal_done(&e);
}

/* May the user run C with these arguments? */
static bool
own_may(const struct session *s, const struct command *c, const struct words *rest)
{
	struct text typed = { 0 };
	text_put(&typed, c->words);
	for (size_t i = 0; i < rest->n; i++)
		text_printf(&typed, " %s", rest->w[i].s);
	bool may = permit_command(session_permit(s), text_str(&typed), NULL);
	text_done(&typed);
	return may;
}

static void
own_run(struct session *s, const struct command *c, const struct words *rest)
{
	struct refusal e = { 0 };
	struct arena *a = arena_new();
	int id = c->id;
	if (!own_may(s, c, rest)) {
		refuse(&e, rest->n > 0 ? rest->w[0].at : 0, "permission denied.");
		session_refuse(s, &e);
		goto out;
	}
	if (id >= OPER_SYSTEM_FIRST) {
		oper_system_run(s, c, rest);
		goto out;
	}
	if (s->is_rpc && id != OPER_SHOW_CONFIGURATION) {
		as_rpc_none(s);
		goto out;
	}
	if (rest->n > 0 && id != OPER_SHOW_CONFIGURATION && id != OPER_SET_CLI) {
		refuse(&e, rest->w[0].at, "syntax error.");
		session_refuse(s, &e);
		goto out;
	}
	switch (id) {
	case OPER_SHOW_CONFIGURATION:
		show_configuration(s, rest, a);
		break;
	case OPER_SET_CLI:
		set_cli(s, c, rest);
		break;
	case OPER_CLI:
		session_done(s);
		break;
	case OPER_XML_MODE:
		session_setting(s, "xml-mode", "netconf");
		session_done(s);
		break;
	case OPER_SHOW_CLI:
		session_setting(s, "", NULL);
		session_done(s);
		break;
	case OPER_QUIT:
		s->is_ending = !s->is_configuring;
		session_done(s);
		break;
	case OPER_CONFIGURE:
		edit_enter(s, CONFIGURE_SHARED);
		break;
	case OPER_CONFIGURE_EXCLUSIVE:
		edit_enter(s, CONFIGURE_EXCLUSIVE);
		break;
	case OPER_CONFIGURE_PRIVATE:
		edit_enter(s, CONFIGURE_PRIVATE);
		break;
	default:
		assert(false); /* a row without a function: as above */
	}
out:
	refusal_done(&e);
	arena_free(a);
}

void
oper_line(struct session *s, const struct words *w)
{
	struct refusal e = { 0 };
	size_t n;
	size_t used;
	/* what one may not use does not exist */
	struct arena *a = arena_new();
	const struct command *table = oper_allowed(s, a, &n);
	const struct command *c = command_find(table, n, w, &used, &e);
	struct words rest = words_from(w, used);
	if (c == NULL)
		session_refuse(s, &e);
	else if (c->rpc != NULL)
		rpc_run(s, c->rpc, &rest);
	else
		own_run(s, c, &rest);
	refusal_done(&e);
	arena_free(a);
}
