/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guard.c - what every request of a session passes: the rights of its user, and accounting.
 *
 * A line that changes one statement is told as it was meant ("set: [system host-name] gw1"), all else (load, rollback, answers) as
 * the difference it made, a bounded number of lines of it. Neither has a secret in it: words after names of secrets and everything
 * that looks like a hidden or hashed one are left out. Called by session.c.
 */
#include "daemon/mgd/guard.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/mgd/command.h"
#include "daemon/mgd/hint.h"
#include "daemon/mgd/mgd.h"
#include "daemon/mgd/permit.h"
#include "lib/base/report.h"
#include "lib/junos/load.h"
#include "lib/junos/tree.h"
#include "lib/msg/elem.h"
#include "lib/yang/schema.h"

enum { AUDIT_LINES_MAX = 1000 }; /* lines of the log about one request */

const struct permit *
session_permit(const struct session *s)
{
	const struct permits *ps = s->m->db.permits;
	const struct permit *p = permits_of(ps, &s->user);
	return p != NULL ? p : permits_nobody(ps);
}

/* --- lines of the log --- */

/* "User 'alice' via cli terminal /dev/pts/0" */
static void
who_put(const struct session *s, struct text *out)
{
	text_printf(out, "User '%s' via %s", s->user.name, s->client);
	if (s->terminal[0] != '\0')
		text_printf(out, " terminal %s", s->terminal);
}

static void
audit(const struct session *s, enum log_level level, const char *tag, const char *text)
{
	struct text who = { 0 };
	struct text clean = { 0 };
	who_put(s, &who);
	permit_hide_secrets(text, &clean);
	log_line(level, tag, "%s %s", text_str(&who), text_str(&clean));
	text_done(&who);
	text_done(&clean);
}

void
guard_log_login(const struct session *s, bool is_login)
{
	struct text what = { 0 };
	if (!is_login && s->is_configuring)
		audit(s, LOG_LEVEL_NOTICE, "UI_DBASE_LOGOUT_EVENT", "exiting configuration mode");
	if (is_login)
		text_printf(&what, "login, class '%s'", permit_class(session_permit(s)));
	else
		text_put(&what, "logout");
	audit(
	    s, LOG_LEVEL_NOTICE, is_login ? "UI_LOGIN_EVENT" : "UI_LOGOUT_EVENT", text_str(&what));
	text_done(&what);
}

/* --- which command a line is --- */

enum line_kind {
	LINE_READS,    /* it changes nothing */
	LINE_CHANGES,  /* one statement: told by its words */
	LINE_ASKS,     /* changes nothing until it is answered; its words may be anything */
	LINE_REPLACES, /* many, some of them by rollback: what may be is kept */
	LINE_RESETS,   /* back to what is running: nobody needs a right for that */
	LINE_OTHER,
};

static const struct {
	const char *command;
	enum line_kind kind;
} line_kinds[] = {
	{ "activate", LINE_CHANGES },
	{ "annotate", LINE_CHANGES },
	{ "commit", LINE_READS },
	{ "copy", LINE_CHANGES },
	{ "deactivate", LINE_CHANGES },
	{ "delete", LINE_CHANGES },
	{ "edit", LINE_READS },
	{ "exit", LINE_READS },
	{ "help", LINE_READS },
	{ "insert", LINE_CHANGES },
	{ "load", LINE_READS }, /* until its input comes */
	{ "protect", LINE_CHANGES },
	{ "quit", LINE_READS },
	{ "rename", LINE_CHANGES },
	{ "rollback", LINE_REPLACES },
	{ "run", LINE_READS },
	{ "save", LINE_READS },
	{ "set", LINE_CHANGES },
	{ "show", LINE_READS },
	{ "status", LINE_READS },
	{ "unprotect", LINE_CHANGES },
	{ "update", LINE_READS }, /* what comes in has been committed by those who may */
	{ "wildcard delete", LINE_ASKS },
};

static enum line_kind
kind_of(const struct command *c)
{
	for (size_t i = 0; i < sizeof(line_kinds) / sizeof(line_kinds[0]); i++)
		if (strcmp(line_kinds[i].command, c->words) == 0)
			return line_kinds[i].kind;
	return LINE_OTHER;
}

/* A line of configuration mode: its command, behind any `top` and `up N`, and the place that it is about. */
struct line {
	const struct command *c; /* NULL: none */
	struct words rest;
	struct path edit;
};

static void
line_read(const struct session *s, const struct words *w, struct line *out)
{
	size_t n;
	const struct command *table = edit_commands(&n);
	const struct snode *root = s->m->db.schema->config;
	*out = (struct line){ .rest = *w, .edit = s->edit };
	for (;;) {
		struct refusal e = { 0 };
		size_t used;
		out->c = command_find(table, n, &out->rest, &used, &e);
		refusal_done(&e);
		if (out->c == NULL)
			return;
		out->rest = words_from(&out->rest, used);
		bool is_top = strcmp(out->c->words, "top") == 0;
		if (!is_top && strcmp(out->c->words, "up") != 0)
			return;
		size_t levels = 1;
		if (!is_top && out->rest.n > 0 &&
		    strspn(out->rest.w[0].s, "0123456789") == strlen(out->rest.w[0].s)) {
			levels = strlen(out->rest.w[0].s) > 3
				     ? out->edit.n
				     : (size_t)strtoul(out->rest.w[0].s, NULL, 10);
			out->rest = words_from(&out->rest, 1);
		}
		while (out->edit.n > 0 && (is_top || levels-- > 0))
			path_up(&out->edit);
		if (out->edit.n == 0)
			out->edit.s = root;
		if (out->rest.n == 0) {
			out->c = NULL;
			return;
		}
	}
}

/* True if C takes words behind its path; behind that of others stands what was not understood, be it a secret. */
static bool
takes_more(const struct command *c)
{
	static const char *const names[] = { "annotate", "copy", "insert", "rename" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], c->words) == 0)
			return true;
	return false;
}

/* Writes "set: [system host-name] gw1": the place, and behind it what stands at the end of the path or cannot be one. */
static void
change_tell(const struct session *s, const struct line *l, struct arena *a, struct text *out)
{
	struct path p = l->edit;
	size_t n = l->rest.n;
	text_printf(out, "%s: [", l->c->words);
	for (; n > 0; n--) {
		struct refusal e = { 0 };
		struct words head = l->rest;
		head.n = n;
		bool ok = path_walk(a, s->m->db.schema->config, &l->edit, &head, false, &p, &e);
		refusal_done(&e);
		if (ok)
			break;
		p = l->edit;
	}
	size_t n_place = p.n;
	if (n > 0 && p.end == PATH_VALUE && p.s != NULL && !p.s->is_empty && n_place > 0)
		n_place--;
	for (size_t i = 0; i < n_place; i++)
		text_printf(out, "%s%s", i > 0 ? " " : "", p.words[i]);
	text_putc(out, ']');
	if (p.s != NULL && p.s->is_secret)
		text_put(out, " " NODE_SECRET_HIDDEN);
	else if (n_place < p.n)
		path_print(&p, n_place, out);
	bool is_secret = p.s != NULL && p.s->is_secret; /* then more words may belong to it */
	for (size_t i = n; i < l->rest.n && !is_secret && takes_more(l->c); i++)
		text_printf(out, " %s", l->rest.w[i].s);
}

/* Writes what W, a line of operational mode, asks for: its command in full and its arguments. Of what is no command only the first
 * word is told: it may have been meant for another place, with a secret in it. */
static void
oper_tell(const struct session *s, const struct words *w, struct text *out)
{
	struct refusal e = { 0 };
	size_t n;
	size_t used;
	const struct command *table = oper_commands(s->m->db.schema, &n);
	const struct command *c = command_find(table, n, w, &used, &e);
	refusal_done(&e);
	text_put(out, c != NULL ? c->words : w->w[0].s);
	bool is_secret = false; /* what a passphrase is, is nobody's business */
	for (size_t i = used; c != NULL && i < w->n; i++) {
		const char *word = w->w[i].s;
		text_printf(out, " %s", is_secret ? "/* SECRET-DATA */" : word);
		const struct snode *leaf =
		    c->rpc != NULL ? snode_find(c->rpc->input, word, strlen(word)) : NULL;
		is_secret = !is_secret && leaf != NULL && leaf->is_secret;
	}
}

void
guard_log_command(const struct session *s, const char *text)
{
	struct arena *a = arena_new_secret();
	struct text told = { 0 };
	struct words w = { 0 };
	struct refusal e = { 0 };
	struct line l = { 0 };
	if (words_cut(a, text, &w, &e) && s->is_configuring && w.n > 0)
		line_read(s, &w, &l);
	refusal_done(&e);
	text_put(&told, "command '");
	if (l.c != NULL && kind_of(l.c) == LINE_CHANGES)
		change_tell(s, &l, a, &told);
	else if (l.c != NULL && (kind_of(l.c) == LINE_OTHER || kind_of(l.c) == LINE_ASKS))
		text_put(&told, l.c->words); /* its arguments may be secrets */
	else if (l.c != NULL && strcmp(l.c->words, "run") == 0 && l.rest.n > 0)
		oper_tell(s, &l.rest, &told);
	else if (l.c != NULL)
		text_put(&told, text);
	else if (w.n > 0 && s->is_configuring)
		text_put(&told, w.w[0].s);
	else if (w.n > 0)
		oper_tell(s, &w, &told);
	text_putc(&told, '\'');
	audit(s, LOG_LEVEL_INFO, "UI_CMDLINE_READ_LINE", text_str(&told));
	text_done(&told);
	arena_free(a);
}

void
guard_log_call(const struct session *s, const struct elem *call)
{
	struct text told = { 0 };
	const struct elem *request = elem_find(call, "request");
	const char *name = request != NULL && request->child != NULL ? request->child->name : "";
	text_printf(&told, "call '%s%s%s'", call->name, name[0] != '\0' ? " " : "", name);
	audit(s, LOG_LEVEL_INFO, "UI_NETCONF_CMD", text_str(&told));
	text_done(&told);
}

/* `rollback` and `rollback 0` */
static bool
is_reset(const struct line *l)
{
	return l->c != NULL && (l->rest.n == 0 || strcmp(l->rest.w[0].s, "0") == 0);
}

bool
guard_path(const struct session *s, const struct path *start, const struct words *w,
    const struct path *p, enum permit_access access, struct refusal *e)
{
	const struct permit *permit = session_permit(s);
	size_t last = w->n > 0 ? w->w[w->n - 1].at : 0;
	if (permit_path(permit, p, access, last, e))
		return true;
	/* the caret goes under the first word that is too much */
	struct arena *a = arena_new();
	for (size_t n = 1; n < w->n; n++) {
		struct words head = { .w = w->w, .n = n, .end = w->end };
		struct refusal ignored = { 0 };
		struct path q;
		bool may = !path_walk_part(
			       a, s->m->db.schema->config, start, &head, false, &q, &ignored) ||
			   permit_path(permit, &q, access, 0, &ignored);
		refusal_done(&ignored);
		if (!may) {
			e->at = w->w[n - 1].at;
			break;
		}
	}
	arena_free(a);
	return false;
}

/* --- begin and end --- */

void
guard_done(struct guard *g)
{
	tree_free(g->before);
	text_done(&g->told);
	*g = (struct guard){ 0 };
}

void
guard_begin(struct session *s, const char *text, bool may_enter)
{
	struct guard *g = &s->guard;
	struct arena *a = arena_new_secret();
	enum line_kind kind = LINE_REPLACES;
	struct refusal e = { 0 };
	struct words w;
	struct line l = { 0 };
	guard_done(g);
	g->is_open = true;
	g->was_configuring = s->is_configuring;
	g->was_private = s->private_tree != NULL;
	if (text != NULL && s->is_configuring && words_cut(a, text, &w, &e) && w.n > 0) {
		line_read(s, &w, &l);
		kind = l.c != NULL ? kind_of(l.c) : LINE_READS;
	} else if (text != NULL) {
		kind = LINE_READS;
	}
	if (kind == LINE_CHANGES)
		change_tell(s, &l, a, &g->told);
	if (kind == LINE_REPLACES && is_reset(&l))
		kind = LINE_RESETS;
	g->by_parts = kind == LINE_REPLACES;
	g->is_free = kind == LINE_RESETS;
	g->has_change = kind >= LINE_REPLACES;
	bool is_needed =
	    g->has_change || (kind == LINE_CHANGES && !permit_is_all(session_permit(s)));
	if (is_needed && (s->is_configuring || may_enter))
		g->before = tree_copy(session_tree(s));
	refusal_done(&e);
	arena_free(a);
}

/* True if what the session edits is still that of which BEFORE is a copy. */
static bool
is_same_candidate(const struct session *s)
{
	return s->is_configuring && (s->private_tree != NULL) == s->guard.was_private;
}

bool
guard_settle(struct session *s, struct report *r)
{
	struct guard *g = &s->guard;
	const struct permit *p = session_permit(s);
	if (g->before == NULL || g->is_free || !is_same_candidate(s) || permit_is_all(p) ||
	    permit_settle(p, g->before, session_tree(s), r))
		return true;
	if (g->by_parts)
		return false;
	/* a command is done whole or not at all */
	struct tree **at = s->private_tree != NULL ? &s->private_tree : &s->m->db.candidate;
	tree_free(*at);
	*at = tree_copy(g->before);
	return false;
}

bool
guard_line_end(struct session *s, bool ok)
{
	struct report r = { 0 };
	s->guard.is_ok = ok;
	bool may = guard_settle(s, &r);
	if (!may) {
		s->guard.is_ok = false;
		struct text t = { 0 };
		report_print(&r, NULL, &t);
		text_put(&t, "error: permission denied");
		text_reset(&s->done_text);
		text_put(&s->done_text, text_str(&t));
		text_done(&t);
	}
	report_done(&r);
	return may;
}

/* One line of the log for each line of the difference. */
static void
difference_tell(struct session *s)
{
	struct text diff = { 0 };
	const char *place = "[edit]";
	size_t place_len = strlen(place);
	size_t n_told = 0;
	size_t n_left = 0;
	print_compare(s->guard.before, session_tree(s), &diff);
	for (const char *p = text_str(&diff); *p != '\0';) {
		size_t n = strcspn(p, "\n");
		if (p[0] == '[') {
			place = p;
			place_len = n;
		} else if (p[0] != ' ' && n_told == AUDIT_LINES_MAX) {
			n_left++;
		} else if (p[0] != ' ') {
			struct text line = { 0 };
			size_t blanks = strspn(p + 1, " ");
			text_printf(&line, "change: %.*s %c %.*s", (int)place_len, place, p[0],
			    (int)(n - 1 - blanks), p + 1 + blanks);
			audit(s, LOG_LEVEL_NOTICE, "UI_CFG_AUDIT_OTHER", text_str(&line));
			text_done(&line);
			n_told++;
		}
		p += n + (p[n] == '\n');
	}
	if (n_left > 0) {
		struct text line = { 0 };
		text_printf(&line, "change: %zu more lines", n_left);
		audit(s, LOG_LEVEL_NOTICE, "UI_CFG_AUDIT_OTHER", text_str(&line));
		text_done(&line);
	}
	text_done(&diff);
}

void
guard_end(struct session *s)
{
	struct guard *g = &s->guard;
	struct report r = { 0 };
	if (!g->is_open)
		return; /* a message that is no request: a key that was typed, a piece of input */
	(void)guard_settle(s, &r); /* of what does not end a line: calls that answer later */
	report_done(&r);
	if (g->has_change && g->before != NULL && is_same_candidate(s))
		difference_tell(s);
	else if (g->told.len > 0 && g->is_ok)
		audit(s, LOG_LEVEL_NOTICE,
		    strncmp(g->told.s, "set:", 4) == 0 ? "UI_CFG_AUDIT_SET" : "UI_CFG_AUDIT_OTHER",
		    g->told.s);
	if (s->is_configuring != g->was_configuring)
		audit(s, LOG_LEVEL_NOTICE,
		    s->is_configuring ? "UI_DBASE_LOGIN_EVENT" : "UI_DBASE_LOGOUT_EVENT",
		    s->is_configuring ? "entering configuration mode"
				      : "exiting configuration mode");
	guard_done(g);
}
