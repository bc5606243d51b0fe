/* SPDX-License-Identifier: BSD-2-Clause
 *
 * session.c - one user at one command line, seen from mgd.
 *
 * A session reads one line at a time and answers it; what is shown waits here and goes out as fast as the command
 * line takes it, so a long configuration costs its length once and not twice. oper.c and edit.c know
 * what lines mean.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/mgd/command.h"
#include "daemon/mgd/hint.h"
#include "daemon/mgd/edit.h"
#include "daemon/mgd/mgd.h"
#include "daemon/mgd/permit.h"
#include "lib/base/release.h"
#include "lib/base/tame.h"
#include "lib/junos/tree.h"
#include "lib/yang/schema.h"

enum {
	SESSIONS_MAX = 128,
	SESSIONS_USER_MAX = 32, /* of one user */
	STRANGERS_MAX = 8, /* of those who will be refused when they say hello, and may never do */
	SESSION_QUEUE_MAX = 1 << 20, /* bytes handed to the channel at once */
};

struct tree *
session_tree(struct session *s)
{
	return s->private_tree != NULL ? s->private_tree : s->m->db.candidate;
}

void
session_describe(const struct session *s, struct text *out)
{
	char date[32];
	text_printf(out, "%s", s->user.name);
	if (s->terminal[0] != '\0')
		text_printf(out, " terminal %s", s->terminal);
	if (s->user.pid > 0)
		text_printf(out, " (pid %d)", (int)s->user.pid);
	text_printf(out, " on since %s", store_date(s->since, date));
}

/* There may be a key in it. */
static void
line_forget(struct session *s)
{
	if (s->line != NULL)
		explicit_bzero(s->line, strlen(s->line));
	free(s->line);
	s->line = NULL;
}

static void
session_free(struct session *s)
{
	for (struct session **at = &s->m->sessions; *at != NULL; at = &(*at)->next)
		if (*at == s) {
			*at = s->next;
			break;
		}
	rpc_detach(s);
	rpc_forget(s);
	if (s->input_fd >= 0)
		close(s->input_fd);
	system_detach(s);
	if (s->is_welcome)
		guard_log_login(s, false);
	edit_leave(s);
	commit_detach(s->m, s, true);
	trial_done(s);
	guard_done(&s->guard);
	ipc_free(s->ipc);
	line_forget(s);
	text_done(&s->out);
	text_done(&s->input);
	text_done(&s->done_text);
	text_done(&s->pending);
	text_done(&s->secret);
	free(s);
}

void
session_end(struct session *s)
{
	session_free(s);
}

/* --- what goes to the command line --- */

void
sessions_tell(struct mgd *m, const char *text)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "notice");
	const char *host = db_host_name(&m->db);
	char *shown = arena_strdup(a, text);
	tame_str(shown);
	elem_leaf(a, e, "text", shown);
	elem_leaf(a, e, "host-name", host != NULL ? host : "");
	for (struct session *s = m->sessions; s != NULL; s = s->next)
		if (s->is_welcome)
			ipc_send(s->ipc, CLI_NOTICE, 0, e, -1);
	arena_free(a);
}

static void
send_leaf(struct session *s, uint16_t type, const char *root, const char *name, const char *value)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, root);
	elem_leaf(a, e, name, value);
	ipc_send(s->ipc, type, s->seq, e, -1);
	arena_free(a);
}

static void
edit_place_print(const struct session *s, struct text *out)
{
	path_print(&s->edit, 0, out);
}

static void
done_send(struct session *s)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "done");
	/* what is wrong with a word of the line stands below that word, in any format */
	bool is_xml = strcmp(s->format, "xml") == 0 && s->line != NULL && !s->done_has_caret;
	if ((s->is_program || is_xml) && !s->done_ok && s->done_text.len > 0)
		call_problems(
		    s, text_str(&s->done_text), true, s->done_has_caret ? (long)s->done_caret : -1);
	elem_leaf(a, e, "status", s->done_ok ? "ok" : "error");
	if (s->done_text.len > 0)
		elem_leaf(a, e, "text", text_str(&s->done_text));
	if (s->done_has_caret)
		elem_leaff(a, e, "caret", "%zu", s->done_caret);
	elem_leaf(a, e, "mode",
	    s->is_ending        ? "end"
	    : s->is_configuring ? "configuration"
				: "operational");
	struct text edit = { 0 };
	edit_place_print(s, &edit);
	if (edit.len > 0)
		elem_leaf(a, e, "edit", edit.s + 1);
	text_done(&edit);
	unsigned minutes = s->is_configuring ? confirm_minutes_left(s->m) : 0;
	if (minutes > 0)
		elem_leaff(a, e, "banner", "# commit confirmed will be rolled back in %u minutes",
		    minutes);
	const char *host = db_host_name(&s->m->db);
	elem_leaf(a, e, "host-name", host != NULL ? host : "");
	ipc_send(s->ipc, CLI_DONE, s->seq, e, -1);
	arena_free(a);
	text_reset(&s->done_text);
	s->done_has_caret = false;
	s->has_done = false;
	s->is_busy = false;
	s->is_talk = false;
	line_forget(s);
}

static void
on_drained(struct ipc *c, void *arg)
{
	(void)c;
	session_pump(arg);
}

/* Sends waiting text while the channel takes it, and the end of the line after it. */
void
session_pump(struct session *s)
{
	if (s->is_talk && !s->has_done)
		return;
	if (s->is_talk && !s->is_nested) {
		call_problems(s, text_str(&s->out), false, -1);
		text_done(&s->out);
	}
	while (s->out_sent < s->out.len && !s->is_talk) {
		if (ipc_queued(s->ipc) > SESSION_QUEUE_MAX) {
			ipc_on_drained(s->ipc, on_drained);
			return;
		}
		size_t n = s->out.len - s->out_sent;
		if (n > CLI_PIECE_MAX)
			n = CLI_PIECE_MAX;
		char *piece = strndup(s->out.s + s->out_sent, n);
		if (piece == NULL)
			abort();
		send_leaf(s, CLI_TEXT, "text", "text", piece);
		explicit_bzero(piece, n);
		free(piece);
		s->out_sent += n;
	}
	if (!s->is_talk)
		text_done(&s->out);
	s->out_sent = 0;
	if (s->has_done && !s->is_nested)
		done_send(s);
}

void
session_text(struct session *s, const char *text)
{
	text_put(&s->out, text);
}

static void
line_end(struct session *s, bool ok)
{
	s->on_answer = NULL;
	s->on_input = NULL;
	rpc_forget(s);
	text_done(&s->secret);
	s->done_ok = guard_line_end(s, ok) && ok;
	s->has_done = true;
	session_pump(s);
}

void
session_done(struct session *s)
{
	line_end(s, true);
}

void
session_fail(struct session *s, const char *text)
{
	text_reset(&s->done_text);
	text_put(&s->done_text, text);
	line_end(s, false);
}

void
session_refuse(struct session *s, const struct refusal *e)
{
	s->done_has_caret = e->has_at;
	s->done_caret = e->at;
	session_fail(s, text_str(&e->text));
}

static void
ask(struct session *s, const char *question, const char *fallback, bool hidden,
    void (*fn)(struct session *s, const char *text))
{
	session_pump(s);
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "ask");
	elem_leaf(a, e, "question", question);
	elem_leaf(a, e, "default", fallback);
	if (hidden)
		elem_flag(a, e, "hidden");
	ipc_send(s->ipc, CLI_ASK, s->seq, e, -1);
	arena_free(a);
	s->on_answer = fn;
}

void
session_ask(struct session *s, const char *question, const char *fallback,
    void (*fn)(struct session *s, const char *text))
{
	ask(s, question, fallback, false, fn);
}

void
session_ask_secret(
    struct session *s, const char *question, void (*fn)(struct session *s, const char *text))
{
	ask(s, question, "", true, fn);
}

void
session_want(struct session *s, const char *source, const char *name,
    void (*fn)(struct session *s, const char *text, size_t len, const char *error))
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "want");
	elem_leaf(a, e, "source", source);
	if (name != NULL)
		elem_leaf(a, e, "name", name);
	session_want_elem(s, e, fn);
	arena_free(a);
}

void
session_want_elem(struct session *s, const struct elem *want,
    void (*fn)(struct session *s, const char *text, size_t len, const char *error))
{
	session_pump(s);
	ipc_send(s->ipc, CLI_WANT, s->seq, want, -1);
	text_reset(&s->input);
	if (s->input_fd >= 0)
		close(s->input_fd);
	s->input_fd = -1;
	s->on_input = fn;
}

void
session_save(struct session *s, const char *name)
{
	session_pump(s);
	send_leaf(s, CLI_SAVE, "save", "name", name);
}

void
session_capture(struct session *s, const char *name)
{
	session_pump(s);
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "save");
	elem_leaf(a, e, "name", name);
	elem_flag(a, e, "packets");
	ipc_send(s->ipc, CLI_SAVE, s->seq, e, -1);
	arena_free(a);
}

void
session_setting(struct session *s, const char *name, const char *value)
{
	session_pump(s);
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "setting");
	elem_leaf(a, e, "name", name);
	if (value != NULL)
		elem_leaf(a, e, "value", value);
	ipc_send(s->ipc, CLI_SETTING, s->seq, e, -1);
	arena_free(a);
}

/* What the command line cannot know and a command may want to show. */
static void
facts_add(const struct session *s, struct arena *a, struct elem *run)
{
	const struct db *db = &s->m->db;
	const char *host = db_host_name(db);
	struct elem *facts = elem_add(a, run, "facts");
	elem_leaf(a, facts, "user", s->user.name);
	if (host != NULL)
		elem_leaf(a, facts, "host-name", host);
	if (db->last.commit > 0) {
		elem_leaff(a, facts, "commit-seconds", "%lld", (long long)db->last.when);
		elem_leaf(a, facts, "commit-user", db->last.user);
	}
}

static void
elem_graft(struct arena *a, struct elem *to, const struct elem *e)
{
	struct elem *copy = elem_borrow(a, to, e);
	for (const struct elem *c = e->child; c != NULL; c = c->next)
		elem_borrow(a, copy, c); /* arguments are leaves */
}

static void
run_send(struct session *s, const struct elem *request, const char *root, int fd,
    const struct elem *more)
{
	session_pump(s);
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "run");
	elem_leaf(a, e, "rpc", request->name);
	if (root != NULL)
		elem_leaf(a, e, "root", root);
	elem_graft(a, elem_add(a, e, "request"), request);
	facts_add(s, a, e);
	for (const struct elem *c = more != NULL ? more->child : NULL; c != NULL; c = c->next)
		elem_borrow(a, elem_find(e, "facts"), c);
	ipc_send(s->ipc, CLI_RUN, s->seq, e, fd);
	arena_free(a);
}

void
session_run(struct session *s, const struct elem *request, const char *root, int fd)
{
	run_send(s, request, root, fd, NULL);
}

void
session_run_facts(struct session *s, const struct elem *request, const struct elem *facts)
{
	run_send(s, request, NULL, -1, facts);
}

void
session_notice(struct session *s, const char *text)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "notice");
	char *shown = arena_strdup(a, text);
	tame_str(shown); /* others had a say in it */
	elem_leaf(a, e, "text", shown);
	ipc_send(s->ipc, CLI_NOTICE, 0, e, -1);
	arena_free(a);
}

void
session_reply(struct session *s, const char *rpc, const char *root, const char *style)
{
	session_pump(s);
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "reply");
	elem_leaf(a, e, "rpc", rpc);
	elem_leaf(a, e, "root", root);
	elem_leaf(a, e, "style", style);
	ipc_send(s->ipc, CLI_REPLY, s->seq, e, -1);
	arena_free(a);
}

void
session_row(struct session *s, const struct elem *row)
{
	ipc_send(s->ipc, CLI_ROW, s->seq, row, -1);
}

/* --- what comes from it --- */

/* Copies what a client calls something into lines of the log and for other users: it must not look like more of them. */
static void
name_copy(char *to, size_t size, const char *name)
{
	snprintf(to, size, "%s", name);
	for (; *to != '\0'; to++)
		if (!isalnum((unsigned char)*to) && strchr("/-_.:", *to) == NULL)
			*to = '_';
}

static void
on_hello(struct session *s, const struct ipc_msg *msg)
{
	const char *terminal = elem_value(msg->body, "terminal");
	const char *client = elem_value(msg->body, "client");
	name_copy(s->terminal, sizeof(s->terminal), terminal != NULL ? terminal : "");
	name_copy(s->client, sizeof(s->client), client != NULL ? client : "cli");
	s->is_program = client != NULL;
	s->seq = msg->seq;
	if (permits_of(s->m->db.permits, &s->user) == NULL) {
		log_line(LOG_LEVEL_WARNING, "UI_AUTH_REFUSED", "user %s", s->user.name);
		session_fail(s, "error: permission denied");
		session_free(s);
		return;
	}
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "welcome");
	const char *host = db_host_name(&s->m->db);
	elem_leaf(a, e, "user", s->user.name);
	elem_leaf(a, e, "host-name", host != NULL ? host : "");
	elem_leaf(a, e, "version", RELEASE_JUNOS);
	const char *announcement = permits_announcement(s->m->db.permits);
	unsigned idle_min = permit_idle_timeout(session_permit(s));
	if (announcement != NULL)
		elem_leaf(a, e, "announcement", announcement);
	if (idle_min > 0)
		elem_leaff(a, e, "idle-timeout", "%u", idle_min);
	ipc_send(s->ipc, CLI_WELCOME, s->seq, e, -1);
	arena_free(a);
	s->is_welcome = true;
	guard_log_login(s, true);
}

static void
line_run(struct session *s)
{
	struct arena *a = arena_new_secret();
	struct words w;
	struct refusal e = { 0 };
	if (!words_cut(a, s->line, &w, &e))
		session_refuse(s, &e);
	else if (w.n == 0)
		session_done(s);
	else if (s->is_configuring && !s->is_program) /* whose lines are commands */
		edit_line(s, &w);
	else
		oper_line(s, &w);
	refusal_done(&e);
	arena_free(a);
}

static bool
on_line(struct session *s, const struct ipc_msg *msg)
{
	const char *text = elem_value(msg->body, "text");
	const char *format = elem_value(msg->body, "format");
	const char *inherit = elem_value(msg->body, "inherit");
	const char *compare = elem_value(msg->body, "compare");
	const char *file = elem_value(msg->body, "compare-file");
	if (s->is_busy || text == NULL || strlen(text) >= CLI_LINE_MAX)
		return false;
	s->is_busy = true;
	s->seq = msg->seq;
	line_forget(s);
	s->line = strdup(text);
	if (s->line == NULL)
		abort();
	snprintf(s->format, sizeof(s->format), "%s", format != NULL ? format : "text");
	s->is_relative = elem_has(msg->body, "relative");
	s->is_rpc = elem_has(msg->body, "rpc");
	s->is_detail = elem_has(msg->body, "detail");
	s->is_changed = elem_has(msg->body, "changed");
	s->is_final = elem_has(msg->body, "final");
	s->shows_omitted = elem_has(msg->body, "omitted");
	snprintf(s->inherit, sizeof(s->inherit), "%s", inherit != NULL ? inherit : "");
	s->compare = compare != NULL ? atoi(compare) : -1;
	snprintf(s->compare_file, sizeof(s->compare_file), "%s", file != NULL ? file : "");
	if (permits_log_commands(s->m->db.permits))
		guard_log_command(s, s->line);
	guard_begin(s, s->line, false);
	line_run(s);
	return true;
}

static bool
on_call(struct session *s, const struct ipc_msg *msg)
{
	if (s->is_busy || !s->is_program || msg->body == NULL)
		return false;
	s->is_busy = true;
	s->seq = msg->seq;
	line_forget(s);
	snprintf(s->format, sizeof(s->format), "text");
	s->inherit[0] = '\0';
	s->is_relative = s->is_rpc = s->is_detail = s->is_changed = s->names_groups = false;
	s->is_final = s->shows_omitted = false;
	s->compare = -1;
	s->compare_file[0] = '\0';
	if (permits_log_commands(s->m->db.permits))
		guard_log_call(s, msg->body);
	bool is_harmless = call_reads(msg->body->name) || strcmp(msg->body->name, "discard") == 0;
	guard_begin(s, is_harmless ? "" : NULL, true);
	return call_run(s, msg->body);
}

/* Those commands of TABLE that the user may run, in A. */
static const struct command *
allowed(const struct session *s, struct arena *a, const struct command *table, size_t *n)
{
	struct command *mine = permit_commands(session_permit(s), table, *n, n);
	const struct command *kept = arena_memdup(a, mine, *n * sizeof(*mine));
	free(mine);
	return kept;
}

const struct command *
oper_allowed(const struct session *s, struct arena *a, size_t *n)
{
	const struct command *all = oper_commands(s->m->db.schema, n);
	return allowed(s, a, all, n);
}

const struct command *
edit_allowed(const struct session *s, struct arena *a, size_t *n)
{
	const struct command *all = edit_commands(n);
	return allowed(s, a, all, n);
}

static bool
node_is_seen(void *arg, const struct node *n)
{
	return permit_eye_sees(arg, n);
}

static bool
on_complete(struct session *s, const struct ipc_msg *msg)
{
	const char *text = elem_value(msg->body, "text");
	if (s->is_busy || text == NULL || strlen(text) >= CLI_LINE_MAX)
		return false;
	struct arena *a = arena_new();
	bool judge = elem_has(msg->body, "judge");
	const struct permit *p = session_permit(s);
	struct permit_eye *eye = permit_is_all(p) ? NULL : permit_eye_new(p);
	struct hint_ask ask = {
		.schema = s->m->db.schema,
		.permit = p,
		.running = s->m->db.running,
		.candidate = s->is_configuring ? session_tree(s) : NULL,
		.edit = s->edit,
		.sees = eye != NULL ? node_is_seen : NULL,
		.sees_arg = eye,
		.logs = s->m->log_names,
		.store = s->m->db.dir,
	};
	ask.oper = oper_allowed(s, a, &ask.n_oper);
	ask.editing = edit_allowed(s, a, &ask.n_editing);
	ipc_send(s->ipc, CLI_COMPLETIONS, msg->seq, hint_reply(&ask, a, text, judge), -1);
	permit_eye_free(eye);
	arena_free(a);
	return true;
}

/* Bytes of input that the sessions of S's user have sent: together they may keep as much as one. */
static size_t
input_kept(const struct session *s)
{
	size_t n = 0;
	for (const struct session *x = s->m->sessions; x != NULL; x = x->next)
		n += x->user.uid == s->user.uid ? x->input.len : 0;
	return n;
}

static bool
on_input(struct session *s, struct ipc_msg *msg)
{
	const struct elem *e = msg->body;
	const char *text = elem_value(e, "text");
	const char *error = elem_value(e, "error");
	bool is_end = elem_has(e, "end");
	if (s->on_input == NULL)
		return true; /* for a line that was given up */
	if (input_kept(s) + (text != NULL ? strlen(text) : 0) > CLI_INPUT_MAX) {
		text_done(&s->input);
		error = "it is too large";
		is_end = true; /* what still comes is for a line that is over */
	}
	if (text != NULL && error == NULL)
		text_put(&s->input, text);
	if (!is_end)
		return true;
	s->input_fd = msg->fd; /* session_want_elem() has seen to it that there is none */
	msg->fd = -1;
	void (*fn)(struct session *, const char *, size_t, const char *) = s->on_input;
	s->on_input = NULL;
	guard_begin(s, NULL, false);
	struct text input = s->input;
	s->input = (struct text){ 0 };
	fn(s, text_str(&input), input.len, error);
	text_done(&input);
	return true;
}

static bool
on_answer(struct session *s, const struct elem *e)
{
	const char *text = elem_value(e, "text");
	if (s->on_answer == NULL)
		return true; /* for a line that was given up */
	void (*fn)(struct session *, const char *) = s->on_answer;
	s->on_answer = NULL;
	guard_begin(s, NULL, false);
	fn(s, text != NULL ? text : "");
	return true;
}

/* The user does not want the answer any more. What can be stopped is; a commit goes on unseen. */
static void
on_break(struct session *s, uint32_t seq)
{
	if (!s->is_busy || seq != s->seq || s->has_done)
		return;
	bool is_commit = s->m->commit != NULL;
	rpc_detach(s);
	system_detach(s);
	commit_detach(s->m, s, false);
	text_done(&s->out);
	s->out_sent = 0;
	s->on_answer = NULL;
	s->on_input = NULL;
	session_fail(s, is_commit ? "error: the commit goes on" : "");
}

static void
on_message(struct ipc *c, struct ipc_msg *msg, void *arg)
{
	struct session *s = arg;
	bool ok = false;
	(void)c;
	if (!s->is_welcome && msg->type == CLI_HELLO) {
		on_hello(s, msg);
		return;
	}
	switch (s->is_welcome ? (int)msg->type : -1) {
	case CLI_LINE:
		ok = on_line(s, msg);
		break;
	case CLI_CALL:
		ok = on_call(s, msg);
		break;
	case CLI_COMPLETE:
		ok = on_complete(s, msg);
		break;
	case CLI_ANSWER:
		ok = on_answer(s, msg->body);
		break;
	case CLI_INPUT:
		ok = on_input(s, msg);
		break;
	case CLI_BREAK:
		on_break(s, msg->seq);
		ok = true;
		break;
	}
	guard_end(s);
	if (!ok) {
		log_line(LOG_LEVEL_WARNING, "UI_CLI_MESSAGE", "user %s: unexpected message %u",
		    s->user.name, msg->type);
		session_free(s);
	}
}

static void
on_closed(struct ipc *c, const char *why, void *arg)
{
	(void)c;
	(void)why;
	session_free(arg);
}

static const struct ipc_ops session_ops = { .on_message = on_message, .on_closed = on_closed };

/* Strangers have places of their own, so that they cannot keep the users out; no user can take those of all others, and the
 * places of root are beside them. */
static bool
has_room(const struct mgd *m, const struct user *user)
{
	const struct permits *ps = m->db.permits;
	bool is_known = permits_of(ps, user) != NULL;
	size_t n = 0;
	size_t n_own = 0;
	for (const struct session *s = m->sessions; s != NULL; s = s->next) {
		n += s->user.uid != 0 && (permits_of(ps, &s->user) != NULL) == is_known;
		n_own += s->user.uid == user->uid;
	}
	if (!is_known)
		return n < STRANGERS_MAX;
	return n_own < SESSIONS_USER_MAX && (user->uid == 0 || n < SESSIONS_MAX);
}

void
session_on_client(struct mgd *m, int fd)
{
	struct user user;
	if (user_of_socket(fd, &user) < 0 || !has_room(m, &user)) {
		close(fd);
		return;
	}
	struct session *s = calloc(1, sizeof(*s));
	if (s == NULL)
		abort();
	s->m = m;
	s->user = user;
	s->input_fd = -1;
	s->ipc = ipc_new(&m->d.loop, fd, &session_ops, s);
	if (s->ipc == NULL) {
		free(s);
		return;
	}
	s->next = m->sessions;
	m->sessions = s;
}
