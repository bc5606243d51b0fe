/* SPDX-License-Identifier: BSD-2-Clause
 *
 * call.c - what a program (NETCONF) asks for by name where a person types a line.
 *
 * The calls of lib/msg/cli.h, one row and one function each. A call does what the command of the same meaning does, by the
 * same function: rights, locks, history and messages cannot differ. The functions end the answer themselves, as the
 * commands do. What they say to a person is taken apart by problem.c. Called by session.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/mgd/call.h"
#include "daemon/mgd/edit.h"
#include "daemon/mgd/mgd.h"
#include "daemon/mgd/permit.h"
#include "daemon/mgd/problem.h"
#include "lib/junos/tree.h"
#include "lib/yang/schema.h"

/* --- problems --- */

static void
problem_send(void *arg, const struct problem *p)
{
	struct session *s = arg;
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "problem");
	elem_leaf(a, e, "severity", p->is_warning ? "warning" : "error");
	if (p->tag != NULL)
		elem_leaf(a, e, "tag", p->tag);
	if (p->path != NULL)
		elem_leaf(a, e, "path", p->path);
	if (p->element != NULL)
		elem_leaf(a, e, "bad-element", p->element);
	if (p->source[0] != '\0')
		elem_leaf(a, e, "source-daemon", p->source);
	elem_leaf(a, e, "message", p->message);
	ipc_send(s->ipc, CLI_PROBLEM, s->seq, e, -1);
	arena_free(a);
}

/* What is wrong with a line is wrong with the word at the caret. */
static void
line_problem(struct session *s, const char *text, size_t at)
{
	const char *line = s->line != NULL ? s->line : "";
	size_t len = strlen(line);
	const char *word = line + (at < len ? at : len);
	size_t n = strcspn(word, " \t");
	struct text element = { 0 };
	struct text message = { 0 };
	text_putn(&element, word, n);
	text_put(&message, text);
	while (message.len > 0 && strchr(".\n", message.s[message.len - 1]) != NULL)
		message.s[--message.len] = '\0';
	struct problem p = {
		.tag = "unknown-element",
		.element = element.len > 0 ? element.s : NULL,
		.message = text_str(&message),
	};
	problem_send(s, &p);
	text_done(&element);
	text_done(&message);
}

void
call_problems(struct session *s, const char *text, bool failed, long caret)
{
	if (caret >= 0)
		line_problem(s, text, (size_t)caret);
	else
		problem_split(text, failed, problem_send, s);
}

void
call_report(struct session *s, const struct report_line *l)
{
	struct text path = { 0 };
	const char *message = l->message + (strncmp(l->message, "warning: ", 9) == 0 ? 9 : 0);
	const char *tag = problem_tag(message);
	struct problem p = {
		.is_warning = !l->is_error,
		.tag = tag != NULL                  ? tag
		       : l->class == REPORT_SYNTAX  ? "unknown-element"
		       : l->class == REPORT_INVALID ? "invalid-value"
						    : NULL,
		.element = l->statement,
		.message = message,
	};
	if (l->edit != NULL) {
		text_printf(&path, "[edit%s%s]", l->edit[0] != '\0' ? " " : "", l->edit);
		p.path = path.s;
	}
	problem_send(s, &p);
	text_done(&path);
}

/* --- which configuration a call is about --- */

/* Makes S one of those who edit, as `configure` does, if it is not yet. Ends the answer and returns false if it may not. */
static bool
enter(struct session *s)
{
	if (s->is_configuring)
		return true;
	s->is_nested = true;
	edit_enter(s, CONFIGURE_SHARED);
	s->is_nested = false;
	if (!s->is_configuring) {
		session_pump(s);
		return false;
	}
	s->has_done = false;
	text_reset(&s->out);
	return true;
}

static const struct {
	const char *name;
	enum session_kind kind;
} kinds[] = {
	{ "shared", CONFIGURE_SHARED },
	{ "private", CONFIGURE_PRIVATE },
	{ "exclusive", CONFIGURE_EXCLUSIVE },
};

static void
do_open(struct session *s, const struct elem *call)
{
	const char *kind = elem_value(call, "kind");
	s->is_talk = true;
	for (size_t i = 0; kind != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, kind) != 0)
			continue;
		/* the shared candidate is left as silently as it was entered */
		if (s->is_configuring && s->kind == CONFIGURE_SHARED)
			edit_leave(s);
		edit_enter(s, kinds[i].kind);
		return;
	}
	session_fail(s, "error: unsupported kind of database");
}

static void
do_close(struct session *s, const struct elem *call)
{
	(void)call;
	s->is_talk = true;
	if (!s->is_configuring) {
		session_fail(s, "error: configuration database is not open");
		return;
	}
	edit_leave(s);
	session_done(s);
}

/* --- changing and committing it --- */

static void
do_load(struct session *s, const struct elem *call)
{
	const char *action = elem_value(call, "action");
	const char *format = elem_value(call, "format");
	const char *trial = elem_value(call, "trial");
	s->is_talk = true;
	if (enter(s))
		edit_load_call(s, &(struct load_wish){
				      .action = action != NULL ? action : "merge",
				      .format = format != NULL ? format : "text",
				      .file = elem_value(call, "name"),
				      .stops = elem_has(call, "stop"),
				      .is_whole = elem_has(call, "whole"),
				      .trial = trial == NULL                ? TRIAL_NONE
					       : strcmp(trial, "only") == 0 ? TRIAL_ONLY
									    : TRIAL_FIRST,
				  });
}

enum { CALL_WORDS_MAX = 12 };

/* A command put together, as if it had been typed in configuration mode. */
struct command_words {
	struct word w[CALL_WORDS_MAX];
	size_t n;
};

static void
word_add(struct command_words *c, const char *s, bool is_quoted)
{
	c->w[c->n++] = (struct word){ .s = s, .is_quoted = is_quoted };
}

static void
command_run(struct session *s, const struct command_words *c)
{
	struct words w = { .w = c->w, .n = c->n };
	s->is_talk = true;
	if (enter(s))
		edit_line(s, &w);
}

static void
do_rollback(struct session *s, const struct elem *call)
{
	const char *number = elem_value(call, "number");
	struct command_words c = { 0 };
	word_add(&c, "rollback", false);
	word_add(&c, number != NULL ? number : "0", false);
	command_run(s, &c);
}

static void
do_discard(struct session *s, const struct elem *call)
{
	struct command_words c = { 0 };
	(void)call;
	word_add(&c, "rollback", false);
	word_add(&c, "0", false);
	command_run(s, &c);
}

static void
do_commit(struct session *s, const struct elem *call)
{
	const char *minutes = elem_value(call, "minutes");
	const char *at = elem_value(call, "at");
	const char *comment = elem_value(call, "comment");
	const char *database = elem_value(call, "database");
	static const char *const flags[] = { "check", "full", "synchronize", "force" };
	struct command_words c = { 0 };
	if (database != NULL && strcmp(database, "committed") == 0) {
		s->is_talk = true;
		if (permit_command(session_permit(s), "commit", NULL))
			trial_start(s, tree_copy(s->m->db.running), false);
		else
			session_fail(s, "error: permission denied");
		return;
	}
	word_add(&c, "commit", false);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (elem_has(call, flags[i]))
			word_add(&c, flags[i], false);
	if (elem_has(call, "confirmed"))
		word_add(&c, "confirmed", false);
	if (elem_has(call, "confirmed") && minutes != NULL)
		word_add(&c, minutes, false);
	if (at != NULL) {
		word_add(&c, "at", false);
		word_add(&c, at, true);
	}
	if (comment != NULL) {
		word_add(&c, "comment", false);
		word_add(&c, comment, true);
	}
	s->is_detail = elem_has(call, "detail");
	s->is_validation = elem_has(call, "validate");
	command_run(s, &c);
	s->is_validation = false;
}

/* --- reading it --- */

static void
do_compare(struct session *s, const struct elem *call)
{
	const char *rollback = elem_value(call, "rollback");
	const char *database = elem_value(call, "database");
	bool is_committed = database != NULL && strcmp(database, "committed") == 0;
	size_t n = rollback != NULL ? strspn(rollback, "0123456789") : 0;
	if (n == 0 || n > 2 || rollback[n] != '\0' || atoi(rollback) > STORE_ROLLBACK_MAX) {
		session_fail(s, "  'rollback'\n    invalid value\n");
		return;
	}
	if (!call_may_read(s))
		return;
	s->compare = atoi(rollback);
	s->compare_file[0] = '\0';
	show_compare(s, is_committed ? s->m->db.running : session_tree(s), &(struct path){ 0 });
}

/* --- the rest --- */

static void
do_rpc(struct session *s, const struct elem *call)
{
	const struct elem *request = elem_find(call, "request");
	const char *format = elem_value(call, "format");
	if (request == NULL || request->child == NULL) {
		session_fail(s, "error: syntax error, expecting <command>");
		return;
	}
	if (format != NULL)
		snprintf(s->format, sizeof(s->format), "%s", format);
	oper_call(s, request->child->name, request->child);
}

static void
do_kill(struct session *s, const struct elem *call)
{
	const char *session = elem_value(call, "session");
	long pid = session != NULL ? strtol(session, NULL, 10) : 0;
	struct session *o = s->m->sessions;
	while (o != NULL && (!o->is_program || o->user.pid != (pid_t)pid || o == s))
		o = o->next;
	if (o == NULL)
		session_fail(s, "  'session-id'\n    invalid value\n");
	else if (o->user.uid != s->user.uid && !permit_has(session_permit(s), "maintenance"))
		session_fail(s, "error: permission denied");
	else {
		session_end(o);
		session_done(s);
	}
}

static const struct {
	const char *name;
	void (*run)(struct session *s, const struct elem *call);
	bool reads; /* what is edited stays as it is, at least until input comes */
} calls[] = {
	{ "close", do_close, true },
	{ "commit", do_commit, true },
	{ "compare", do_compare, true },
	{ "discard", do_discard, false },
	{ "get", call_get, true },
	{ "kill", do_kill, true },
	{ "load", do_load, true },
	{ "open", do_open, true },
	{ "rollback", do_rollback, false },
	{ "rpc", do_rpc, true },
};

bool
call_reads(const char *name)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(calls[i].name, name) == 0)
			return calls[i].reads;
	return false;
}

bool
call_run(struct session *s, const struct elem *call)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(calls[i].name, call->name) == 0) {
			calls[i].run(s, call);
			return true;
		}
	return false;
}
