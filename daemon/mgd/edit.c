/* SPDX-License-Identifier: BSD-2-Clause
 *
 * edit.c - configuration mode: moving about, changing the candidate, committing it.
 *
 * A line is one of the commands of the table. Paths are walked along the schema first (abbreviations, carets) and then
 * handed to lib/junos as a set line with the full path, which is the same road that a file takes. Called
 * by session.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/mgd/as_rpc.h"
#include "daemon/mgd/candidate.h"
#include "daemon/mgd/command.h"
#include "daemon/mgd/hint.h"
#include "daemon/mgd/edit.h"
#include "daemon/mgd/mgd.h"
#include "daemon/mgd/permit.h"
#include "lib/junos/load.h"
#include "lib/junos/quote.h"
#include "lib/junos/tree.h"
#include "lib/yang/schema.h"

enum edit_id {
	EDIT_ACTIVATE,
	EDIT_ANNOTATE,
	EDIT_COMMIT,
	EDIT_COPY,
	EDIT_DEACTIVATE,
	EDIT_DELETE,
	EDIT_EDIT,
	EDIT_EXIT,
	EDIT_HELP,
	EDIT_INSERT,
	EDIT_LOAD,
	EDIT_PROTECT,
	EDIT_QUIT,
	EDIT_RENAME,
	EDIT_REPLACE,
	EDIT_ROLLBACK,
	EDIT_RUN,
	EDIT_SAVE,
	EDIT_SET,
	EDIT_SHOW,
	EDIT_STATUS,
	EDIT_TOP,
	EDIT_UNPROTECT,
	EDIT_UP,
	EDIT_UPDATE,
	EDIT_WILDCARD_DELETE,
	EDIT_WILDCARD_RANGE,
};

static const struct command table[] = {
	{ "activate", "Remove the inactive tag from a statement", NULL, EDIT_ACTIVATE, false },
	{ "annotate", "Annotate the statement with a comment", NULL, EDIT_ANNOTATE, false },
	{ "commit", "Commit current set of changes", NULL, EDIT_COMMIT, false },
	{ "copy", "Copy a statement", NULL, EDIT_COPY, false },
	{ "deactivate", "Add the inactive tag to a statement", NULL, EDIT_DEACTIVATE, false },
	{ "delete", "Delete a data element", NULL, EDIT_DELETE, false },
	{ "edit", "Edit a sub-element", NULL, EDIT_EDIT, false },
	{ "exit", "Exit from this level", NULL, EDIT_EXIT, false },
	{ "help apropos", "Find help information about a topic", NULL, EDIT_HELP, false },
	{ "help reference", "Reference material", NULL, EDIT_HELP, false },
	{ "help topic", "Help for high level topics", NULL, EDIT_HELP, false },
	{ "insert", "Insert a new ordered data element", NULL, EDIT_INSERT, false },
	{ "load", "Load configuration from file", NULL, EDIT_LOAD, false },
	{ "protect", "Protect the statement", NULL, EDIT_PROTECT, false },
	{ "quit", "Quit from this level", NULL, EDIT_QUIT, false },
	{ "rename", "Rename a statement", NULL, EDIT_RENAME, false },
	{ "replace pattern", "Replace character string in configuration", NULL, EDIT_REPLACE,
	    false },
	{ "rollback", "Roll back to previous committed configuration", NULL, EDIT_ROLLBACK, false },
	{ "run", "Run an operational-mode command", NULL, EDIT_RUN, false },
	{ "save", "Save configuration to ASCII file", NULL, EDIT_SAVE, false },
	{ "set", "Set a parameter", NULL, EDIT_SET, false },
	{ "show", "Show a parameter", NULL, EDIT_SHOW, false },
	{ "status", "Show users currently editing configuration", NULL, EDIT_STATUS, false },
	{ "top", "Exit to top level of configuration", NULL, EDIT_TOP, false },
	{ "unprotect", "Unprotect the statement", NULL, EDIT_UNPROTECT, false },
	{ "up", "Exit one level of configuration", NULL, EDIT_UP, false },
	{ "update", "Update private database", NULL, EDIT_UPDATE, false },
	{ "wildcard delete", "Delete the statements whose names match", NULL, EDIT_WILDCARD_DELETE,
	    false },
	{ "wildcard range delete", "Delete a range of statements", NULL, EDIT_WILDCARD_RANGE,
	    false },
	{ "wildcard range set", "Set a range of statements", NULL, EDIT_WILDCARD_RANGE, false },
};

const struct command *
edit_commands(size_t *n)
{
	*n = sizeof(table) / sizeof(table[0]);
	return table;
}

/* A place that `exit` goes back to; in the session's edit_arena. */
struct edit_place {
	struct edit_place *below;
	struct path path;
};

static const struct snode *
config_root(const struct session *s)
{
	return s->m->db.schema->config;
}

/* --- entering and leaving --- */

void
edit_enter(struct session *s, enum session_kind kind)
{
	struct text t = { 0 };
	if (!permit_command(session_permit(s), "configure", NULL)) {
		session_fail(s, "error: permission denied");
	} else if (!candidate_enter(s, kind, &t)) {
		session_fail(s, text_str(&t));
	} else {
		session_text(s, text_str(&t));
		session_done(s);
	}
	text_done(&t);
}

void
edit_leave(struct session *s)
{
	candidate_leave(s);
}

static void
leave_now(struct session *s)
{
	edit_leave(s);
	session_text(s, "Exiting configuration mode\n");
	session_done(s);
}

static void on_leave_answer(struct session *s, const char *text);

static void
leave_question(struct session *s)
{
	session_ask(s, "Exit with uncommitted changes? [yes,no] (yes) ", "yes", on_leave_answer);
}

/* A slip of the fingers must not throw private changes away: it is asked again. */
static void
on_leave_answer(struct session *s, const char *text)
{
	char c = text[0];
	if (c == 'n' || c == 'N')
		session_done(s);
	else if (c == '\0' || c == 'y' || c == 'Y')
		leave_now(s);
	else
		leave_question(s);
}

static void
leave_ask(struct session *s)
{
	if (!candidate_is_changed(s)) {
		leave_now(s);
		return;
	}
	session_text(s, "The configuration has been changed but not committed\n");
	if (s->kind != CONFIGURE_SHARED)
		session_text(s, "warning: uncommitted changes will be discarded\n");
	leave_question(s);
}

/* --- what changes have in common --- */

/* A version that was set is not the configuration's to say. */
static void
version_say(struct session *s, struct report *r)
{
	struct text other = { 0 };
	struct text said = { 0 };
	if (!db_keep_version(&s->m->db, session_tree(s), &other)) {
		text_printf(&said, VERSION_MISMATCH, text_str(&other));
		report_add(r, &(struct report_line){ .class = REPORT_WARNING, .message = said.s });
	}
	text_done(&said);
	text_done(&other);
}

void
edit_report(struct session *s, const struct report *r)
{
	struct text said = { 0 };
	for (size_t i = 0; i < r->n; i++) {
		const struct report_line *l = &r->lines[i];
		if (l->class == REPORT_IGNORED)
			continue;
		if (l->edit != NULL && l->line == 0) {
			/* it is not about the words that were typed */
			report_print(
			    &(struct report){ .lines = &r->lines[i], .n = 1 }, NULL, &said);
			continue;
		}
		bool has_tag = strncmp(l->message, "warning: ", 9) == 0 ||
			       strncmp(l->message, "error: ", 7) == 0;
		text_printf(&said, "%s%s\n",
		    has_tag       ? ""
		    : l->is_error ? "error: "
				  : "warning: ",
		    l->message);
	}
	if (r->n_errors == 0) {
		session_text(s, text_str(&said));
		session_done(s);
	} else {
		session_fail(s, text_str(&said));
	}
	text_done(&said);
}

void
edit_change(struct session *s, const char *lines)
{
	struct tree *t = session_tree(s);
	struct report r = { 0 };
	load_set(t, tree_root(t), lines, strlen(lines), &r);
	version_say(s, &r);
	candidate_touched(s);
	edit_report(s, &r);
	report_done(&r);
}

/* --- moving about --- */

static void
place_set(struct session *s, const struct path *p)
{
	struct path copy = { .end = PATH_NODE, .s = p->s, .n = p->n };
	copy.words = arena_array(s->edit_arena, p->n + 1, sizeof(*copy.words));
	for (size_t i = 0; i < p->n; i++)
		copy.words[i] = path_is_bracket(p->words[i])
				    ? p->words[i]
				    : arena_strdup(s->edit_arena, p->words[i]);
	s->edit = copy;
}

static void
place_push(struct session *s)
{
	struct edit_place *e = arena_alloc(s->edit_arena, sizeof(*e));
	e->path = s->edit;
	e->below = s->stack;
	s->stack = e;
}

/* Makes what P leads to, as far as it means something while it is empty and S may make it. */
static void
place_make(struct session *s, const struct path *p)
{
	struct tree *t = session_tree(s);
	struct path at = *p;
	struct refusal ignored = { 0 };
	while (at.n > 0 && at.s->kind != SNODE_LIST && !at.s->is_presence)
		path_up(&at);
	if (at.n == 0 || node_path(tree_root(t), at.words, at.n) != NULL)
		return;
	bool may = (s->private_tree != NULL || candidate_holder(s) == NULL) &&
		   permit_path(session_permit(s), &at, PERMIT_WRITE, 0, &ignored);
	refusal_done(&ignored);
	if (!may)
		return;
	struct text line = { 0 };
	struct report r = { 0 };
	text_put(&line, "set");
	path_print(&at, 0, &line);
	load_set(t, tree_root(t), text_str(&line), line.len, &r);
	candidate_touched(s);
	report_done(&r);
	text_done(&line);
}

static void
do_edit(struct session *s, const struct words *w, struct arena *a)
{
	struct refusal e = { 0 };
	struct path p;
	bool ok = w->n > 0 || refuse(&e, w->end + 1, "missing argument.");
	ok = ok && path_walk(a, config_root(s), &s->edit, w, true, &p, &e);
	if (ok && (p.end == PATH_LEAF || p.end == PATH_VALUE))
		ok = refuse(&e, w->w[w->n - 1].at, "syntax error.");
	else if (ok && p.end == PATH_LIST)
		ok = refuse(&e, w->end + 1, "missing argument.");
	ok = ok && guard_path(s, &s->edit, w, &p, PERMIT_READ, &e);
	if (ok) {
		place_push(s);
		place_set(s, &p);
		place_make(s, &p);
		session_done(s);
	} else {
		session_refuse(s, &e);
	}
	refusal_done(&e);
}

static void
do_exit(struct session *s, const struct words *w)
{
	if (w->n == 1 && word_abbreviates(&w->w[0], "configuration-mode") != 0) {
		leave_ask(s);
		return;
	}
	if (w->n > 0) {
		struct refusal e = { 0 };
		refuse(&e, w->w[0].at, "syntax error.");
		session_refuse(s, &e);
		refusal_done(&e);
		return;
	}
	if (s->edit.n == 0) {
		leave_ask(s);
		return;
	}
	s->edit = s->stack != NULL ? s->stack->path : (struct path){ .s = config_root(s) };
	if (s->stack != NULL)
		s->stack = s->stack->below;
	session_done(s);
}

/* `up [N] [COMMAND]` and `top [COMMAND]`: moves, or runs the command from there. */
static void
do_up(struct session *s, const struct words *w, bool top)
{
	size_t n_levels = 1;
	size_t used = 0;
	if (!top && w->n > 0 && strspn(w->w[0].s, "0123456789") == strlen(w->w[0].s)) {
		n_levels = strtoul(w->w[0].s, NULL, 10);
		used = 1;
	}
	struct path before = s->edit;
	while (s->edit.n > 0 && (top || n_levels-- > 0))
		path_up(&s->edit);
	if (s->edit.n == 0)
		s->edit.s = config_root(s);
	if (w->n == used) {
		session_done(s);
		return;
	}
	struct words rest = words_from(w, used);
	struct path there = s->edit;
	const struct edit_place *stack = s->stack;
	s->is_nested = true;
	edit_line(s, &rest);
	s->is_nested = false;
	/* `edit` stays where it went, all else comes back */
	if (s->is_configuring && s->edit.words == there.words && s->edit.n == there.n)
		s->edit = before;
	else if (s->is_configuring && s->stack != NULL && s->stack->below == stack)
		s->stack->path = before; /* where `exit` goes back to */
	if (s->has_done)
		session_pump(s);
}

/* --- changing the candidate --- */

/* True if the word W stands between a statement and where command ID puts it. */
static bool
is_link(const struct word *w, int id)
{
	if (w->is_quoted)
		return false;
	if (id == EDIT_RENAME || id == EDIT_COPY)
		return strcmp(w->s, "to") == 0;
	return id == EDIT_INSERT && (strcmp(w->s, "before") == 0 || strcmp(w->s, "after") == 0);
}

/* An entry or a value of a leaf-list: what has a name that can change. */
static bool
is_entry(const struct path *p)
{
	return (p->end == PATH_NODE && p->s->kind == SNODE_LIST) ||
	       (p->end == PATH_VALUE && p->s->kind == SNODE_LEAFLIST);
}

/* Walks the path that rename, copy and insert begin with; *CUT is where their link word stands. A name may be such a word
 * itself: the first one behind a whole entry counts. */
static bool
entry_walk(struct session *s, struct arena *a, int id, const struct words *w, struct path *p,
    size_t *cut, struct refusal *e)
{
	struct words head = *w;
	for (size_t i = 1; i < w->n; i++) {
		struct refusal ignored = { 0 };
		head.n = *cut = i;
		bool ok = is_link(&w->w[i], id) &&
			  path_walk(a, config_root(s), &s->edit, &head, false, p, &ignored) &&
			  is_entry(p);
		refusal_done(&ignored);
		if (ok && i + 1 == w->n)
			return refuse(e, w->end + 1, "missing argument.");
		if (ok)
			return true;
	}
	if (!path_walk(a, config_root(s), &s->edit, w, false, p, e))
		return false;
	return refuse(e, w->end + 1, "missing argument.");
}

/* A comment is for a statement of the current level; its text comes last. */
static bool
annotate_walk(struct session *s, struct arena *a, const struct words *w, struct path *p,
    size_t *cut, struct refusal *e)
{
	struct words head = *w;
	head.n -= head.n > 0;
	*cut = head.n;
	if (!path_walk(a, config_root(s), &s->edit, &head, false, p, e))
		return false;
	if (head.n == 0 || p->end == PATH_LIST)
		return refuse(e, w->end + 1, "missing argument.");
	struct path up = *p;
	if (p->end == PATH_NODE || p->s->kind == SNODE_LEAFLIST)
		path_up(&up);
	else
		up.n = p->n_around;
	if (up.s->is_joined && p->end == PATH_NODE)
		path_up(&up); /* `family inet` is one statement */
	if (up.n != s->edit.n)
		return refuse(e, head.w[head.n - 1].at, "syntax error.");
	return true;
}

static bool
change_walk(struct session *s, struct arena *a, int id, const struct words *w, struct path *p,
    size_t *cut, struct refusal *e)
{
	*cut = w->n;
	if (w->n == 0)
		return refuse(e, w->end + 1, "missing argument.");
	if (id == EDIT_RENAME || id == EDIT_COPY || id == EDIT_INSERT)
		return entry_walk(s, a, id, w, p, cut, e);
	if (id == EDIT_ANNOTATE)
		return annotate_walk(s, a, w, p, cut, e);
	if (!path_walk(a, config_root(s), &s->edit, w, id == EDIT_SET, p, e))
		return false;
	if (id == EDIT_SET && (p->end == PATH_LEAF || p->end == PATH_LIST))
		return refuse(e, w->end + 1, "missing argument.");
	return true;
}

/* Writes the words of P; names that would be taken for link words get quotes. */
static void
change_path(const struct path *p, int id, struct text *out)
{
	for (size_t i = 0; i < p->n; i++) {
		struct word w = { .s = p->words[i] };
		text_putc(out, ' ');
		if (path_is_bracket(w.s))
			text_put(out, w.s);
		else
			quote_put(out, w.s, is_link(&w, id));
	}
}

static bool
is_version(const struct path *p)
{
	return p->n > 0 && p->s->parent != NULL && p->s->parent->parent == NULL &&
	       strcmp(p->s->name, "version") == 0;
}

/* set, activate, rename, ...: everything that is a line of the same name for lib/junos. */
static void
do_change(struct session *s, const char *verb, int id, const struct words *w, struct arena *a)
{
	struct refusal e = { 0 };
	struct path p = { 0 };
	size_t cut;
	bool ok = change_walk(s, a, id, w, &p, &cut, &e);
	struct words head = *w;
	head.n = cut;
	ok = ok && guard_path(s, &s->edit, &head, &p, PERMIT_WRITE, &e);
	if (!ok) {
		session_refuse(s, &e);
	} else if (is_version(&p) && id != EDIT_SET && id != EDIT_ANNOTATE) {
		session_fail(s, "error: the version statement cannot be changed or deleted");
	} else if (id == EDIT_SET && p.end == PATH_VALUE && p.s->asks_for != NULL) {
		edit_password(s, &p);
	} else {
		struct text line = { 0 };
		text_put(&line, verb);
		change_path(&p, id, &line);
		for (size_t i = cut; i < w->n; i++) {
			text_putc(&line, ' ');
			quote_put(&line, w->w[i].s, id == EDIT_ANNOTATE || w->w[i].is_quoted);
		}
		text_putc(&line, '\n');
		edit_change(s, text_str(&line));
		text_done(&line);
	}
	refusal_done(&e);
}

static void
on_delete_answer(struct session *s, const char *text)
{
	if (text[0] != 'y' && text[0] != 'Y') {
		session_done(s);
		return;
	}
	if (!edit_may(s, "delete"))
		return;
	struct path here = s->edit;
	struct text line = { 0 };
	text_put(&line, "edit");
	path_print(&here, 0, &line);
	text_put(&line, here.n > 0 ? "\ndelete\n" : "");
	edit_change(s, here.n > 0 ? text_str(&line) : "delete\n");
	text_done(&line);
}

/* --- the rest --- */

static void
do_show(struct session *s, const struct words *w, struct arena *a)
{
	struct refusal e = { 0 };
	struct path p;
	if (!path_walk(a, config_root(s), &s->edit, w, false, &p, &e) ||
	    !guard_path(s, &s->edit, w, &p, PERMIT_READ, &e)) {
		session_refuse(s, &e);
	} else if (s->is_rpc) {
		as_rpc_configuration(s, &p, "candidate");
	} else if (show_compares(s)) {
		s->compares_running = false;
		show_compare(s, session_tree(s), &p);
	} else {
		show_tree(s, session_tree(s), &p, p.n == 0);
		session_done(s);
	}
	refusal_done(&e);
}

/* rollback [N | rescue] */
static void
do_rollback(struct session *s, const struct words *w)
{
	struct refusal e = { 0 };
	struct text t = { 0 };
	int n = 0;
	bool is_rescue = w->n == 1 && word_abbreviates(&w->w[0], "rescue") != 0;
	if (is_rescue) {
		n = CANDIDATE_RESCUE;
	} else if (w->n > 1 ||
		   (w->n == 1 && strspn(w->w[0].s, "0123456789") != strlen(w->w[0].s))) {
		refuse(&e, w->w[w->n - 1].at, "syntax error.");
	} else if (w->n == 1 &&
		   (strlen(w->w[0].s) > 2 || (n = atoi(w->w[0].s)) > STORE_ROLLBACK_MAX)) {
		refuse(&e, w->w[0].at, "Value %.20s is not within range (0..%d) at '%.20s'",
		    w->w[0].s, STORE_ROLLBACK_MAX, w->w[0].s);
	}
	if (!e.has_at && n > 0 && !permit_has(session_permit(s), "rollback"))
		refuse(&e, w->w[0].at, "permission denied.");
	if (e.has_at) {
		session_refuse(s, &e);
	} else if (candidate_rollback(s, n, &t)) {
		session_text(s, text_str(&t));
		session_done(s);
	} else {
		session_fail(s, text_str(&t));
	}
	refusal_done(&e);
	text_done(&t);
}

static void
do_status(struct session *s, const struct words *w)
{
	struct refusal e = { 0 };
	struct text t = { 0 };
	if (w->n > 0) {
		refuse(&e, w->w[0].at, "syntax error.");
		session_refuse(s, &e);
	} else {
		candidate_users(s, NULL, &t);
		session_text(s, text_str(&t));
		session_done(s);
	}
	refusal_done(&e);
	text_done(&t);
}

/* What others have committed comes into a private candidate. */
static void
do_update(struct session *s, const struct words *w)
{
	struct refusal e = { 0 };
	struct text t = { 0 };
	if (w->n > 0) {
		refuse(&e, w->w[0].at, "syntax error.");
		session_refuse(s, &e);
	} else if (candidate_update(s, &t)) {
		session_done(s);
	} else {
		session_fail(s, text_str(&t));
	}
	refusal_done(&e);
	text_done(&t);
}

/* Commands that change the shared candidate: not while somebody else has it. */
static bool
is_held(struct session *s, int id)
{
	static const bool changes[] = {
		[EDIT_ACTIVATE] = true,
		[EDIT_ANNOTATE] = true,
		[EDIT_COPY] = true,
		[EDIT_DEACTIVATE] = true,
		[EDIT_DELETE] = true,
		[EDIT_INSERT] = true,
		[EDIT_LOAD] = true,
		[EDIT_PROTECT] = true,
		[EDIT_RENAME] = true,
		[EDIT_REPLACE] = true,
		[EDIT_ROLLBACK] = true,
		[EDIT_SET] = true,
		[EDIT_UNPROTECT] = true,
		[EDIT_UPDATE] = true,
		[EDIT_WILDCARD_DELETE] = true,
		[EDIT_WILDCARD_RANGE] = true, /* the last one */
	};
	return changes[id] && candidate_refuses(s);
}

void
edit_line(struct session *s, const struct words *w)
{
	struct refusal e = { 0 };
	size_t used;
	size_t n;
	struct arena *a = arena_new();
	const struct command *mine = edit_allowed(s, a, &n);
	const struct command *c = command_find(mine, n, w, &used, &e);
	if (c == NULL) {
		session_refuse(s, &e);
		refusal_done(&e);
		arena_free(a);
		return;
	}
	struct words rest = words_from(w, used);
	if (!edit_arguments_may(s, c, &rest, a)) {
		refuse(&e, rest.w[0].at, "permission denied.");
		session_refuse(s, &e);
		refusal_done(&e);
		arena_free(a);
		return;
	}
	bool is_prefix = (c->id == EDIT_TOP || c->id == EDIT_UP) && w->n > used;
	bool has_request = c->id == EDIT_SHOW || c->id == EDIT_RUN || is_prefix;
	if (s->is_rpc && !has_request)
		as_rpc_none(s);
	if ((s->is_rpc && !has_request) || is_held(s, c->id)) {
		arena_free(a);
		return;
	}
	switch ((enum edit_id)c->id) {
	case EDIT_ACTIVATE:
	case EDIT_ANNOTATE:
	case EDIT_COPY:
	case EDIT_DEACTIVATE:
	case EDIT_INSERT:
	case EDIT_PROTECT:
	case EDIT_RENAME:
	case EDIT_SET:
	case EDIT_UNPROTECT:
		do_change(s, c->words, c->id, &rest, a);
		break;
	case EDIT_DELETE:
		if (rest.n > 0)
			do_change(s, c->words, c->id, &rest, a);
		else
			session_ask(s, "Delete everything under this level? [yes,no] (no) ", "no",
			    on_delete_answer);
		break;
	case EDIT_COMMIT:
		edit_commit(s, &rest);
		break;
	case EDIT_EDIT:
		do_edit(s, &rest, a);
		break;
	case EDIT_EXIT:
	case EDIT_QUIT:
		do_exit(s, &rest);
		break;
	case EDIT_HELP:
		help_run(s, c->words + strlen("help "), &rest);
		break;
	case EDIT_LOAD:
		edit_load(s, &rest);
		break;
	case EDIT_REPLACE:
		edit_replace(s, &rest, a);
		break;
	case EDIT_ROLLBACK:
		do_rollback(s, &rest);
		break;
	case EDIT_RUN:
		oper_line(s, &rest);
		break;
	case EDIT_SAVE:
		edit_save(s, &rest);
		break;
	case EDIT_SHOW:
		do_show(s, &rest, a);
		break;
	case EDIT_STATUS:
		do_status(s, &rest);
		break;
	case EDIT_TOP:
		do_up(s, &rest, true);
		break;
	case EDIT_UP:
		do_up(s, &rest, false);
		break;
	case EDIT_WILDCARD_DELETE:
		edit_wildcard_delete(s, &rest, a);
		break;
	case EDIT_WILDCARD_RANGE:
		edit_wildcard_range(s, strrchr(c->words, ' ') + 1, &rest, a);
		break;
	case EDIT_UPDATE:
		do_update(s, &rest);
		break;
	}
	arena_free(a);
	refusal_done(&e);
}
