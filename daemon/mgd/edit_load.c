/* SPDX-License-Identifier: BSD-2-Clause
 *
 * edit_load.c - load and commit, the two commands of configuration mode that take time.
 *
 * A file is opened by the command line, with the rights of its user; mgd sees only its text. Called by edit.c.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/mgd/edit.h"
#include "daemon/mgd/mgd.h"
#include "lib/junos/load.h"
#include "lib/junos/tree.h"
#include "lib/yang/schema.h"

/* --- load --- */

enum load_kind { KIND_MERGE, KIND_OVERRIDE, KIND_REPLACE, KIND_SET, KIND_UPDATE, KINDS };

static const char *const kinds[KINDS] = {
	[KIND_MERGE] = "merge",
	[KIND_OVERRIDE] = "override",
	[KIND_REPLACE] = "replace",
	[KIND_SET] = "set",
	[KIND_UPDATE] = "update",
};

static bool
kind_of(const struct word *w, enum load_kind *out)
{
	for (int k = 0; k < KINDS; k++)
		if (word_abbreviates(w, kinds[k]) != 0) {
			*out = (enum load_kind)k;
			return true;
		}
	return false;
}

/* What is good of the text is kept even where some of it is not. */
static bool
text_load(struct session *s, enum load_kind kind, const char *text, size_t len, struct report *r)
{
	struct tree *t = session_tree(s);
	struct node *place = tree_root(t);
	switch (kind) {
	case KIND_SET:
		if (s->edit.n > 0)
			place = node_path(place, s->edit.words, s->edit.n);
		return load_set(t, place != NULL ? place : tree_root(t), text, len, r);
	case KIND_REPLACE:
		return load_text(t, LOAD_REPLACE, text, len, r);
	case KIND_MERGE:
		return load_text(t, LOAD_MERGE, text, len, r);
	default:
		return load_text(t, LOAD_OVERRIDE, text, len, r);
	}
}

static void
on_load_input(struct session *s, const char *text, size_t len, const char *error)
{
	struct word w = { .s = s->want };
	enum load_kind kind = KIND_MERGE;
	struct text said = { 0 };
	if (error != NULL) {
		text_printf(&said, "error: cannot open '%s': %s\n", s->name, error);
		session_fail(s, text_str(&said));
		text_done(&said);
		return;
	}
	kind_of(&w, &kind);
	struct report r = { 0 };
	struct report shown = { 0 };
	bool ok = text_load(s, kind, text, len, &r);
	for (size_t i = 0; i < r.n; i++)
		if (r.lines[i].class != REPORT_IGNORED)
			report_add(&shown, &r.lines[i]);
	report_print(&shown, s->name, &said);
	if (s->private_tree == NULL) {
		s->m->db.is_touched = true;
		s->m->db.touched = time(NULL);
	}
	if (ok) {
		text_put(&said, "load complete\n");
		session_text(s, text_str(&said));
		session_done(s);
	} else {
		text_printf(&said, "load complete (%zu errors)\n", r.n_errors);
		session_fail(s, text_str(&said));
	}
	text_done(&said);
	report_done(&shown);
	report_done(&r);
}

void
edit_load(struct session *s, const struct words *w)
{
	struct refusal e = { 0 };
	enum load_kind kind = KIND_MERGE;
	if (w->n < 2)
		refuse(&e, w->end + 1, "missing argument.");
	else if (!kind_of(&w->w[0], &kind))
		refuse(&e, w->w[0].at, "syntax error.");
	else if (w->n > 2)
		refuse(&e, w->w[2].at, "syntax error.");
	if (e.has_at) {
		session_refuse(s, &e);
		refusal_done(&e);
		return;
	}
	bool is_terminal = strcmp(w->w[1].s, "terminal") == 0 && !w->w[1].is_quoted;
	snprintf(s->want, sizeof(s->want), "%s", kinds[kind]);
	snprintf(s->name, sizeof(s->name), "%s", w->w[1].s);
	session_want(
	    s, is_terminal ? "terminal" : "file", is_terminal ? NULL : s->name, on_load_input);
}

/* --- commit --- */

static void
on_commit_done(void *arg, bool ok, const char *text)
{
	struct session *s = arg;
	if (!ok) {
		session_fail(s, text);
		return;
	}
	session_text(s, text);
	if (s->has_quit) {
		edit_leave(s);
		session_text(s, "Exiting configuration mode\n");
	}
	session_done(s);
}

/* The candidate has become the running configuration; sessions in private mode keep theirs. */
static void
on_commit_stored(void *arg, bool ok, const char *text)
{
	struct session *s = arg;
	struct db *db = &s->m->db;
	if (ok && s->private_tree == NULL) {
		db->is_touched =
		    db_differs(db, db->candidate); /* others may have edited meanwhile */
	} else if (ok) {
		s->private_base = db->last.commit;
		/* the shared candidate follows, unless somebody is changing it */
		if (!db->is_touched) {
			tree_free(db->candidate);
			db->candidate = tree_copy(db->running);
		}
	}
	on_commit_done(s, ok, text);
}

static bool
commit_words(struct session *s, const struct words *w, struct commit_ask *ask, struct refusal *e)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct word *x = &w->w[i];
		if (word_abbreviates(x, "check") != 0) {
			ask->check_only = true;
		} else if (word_abbreviates(x, "and-quit") != 0) {
			s->has_quit = true;
		} else if (word_abbreviates(x, "comment") != 0) {
			if (++i == w->n)
				return refuse(e, w->end + 1, "missing argument.");
			snprintf(ask->meta.comment, sizeof(ask->meta.comment), "%s", w->w[i].s);
			for (char *c = ask->meta.comment; *c != '\0'; c++)
				if ((unsigned char)*c < ' ')
					*c = ' ';
		} else if (word_abbreviates(x, "synchronize") == 0 &&
			   word_abbreviates(x, "full") == 0) {
			return refuse(e, x->at, "syntax error.");
		}
	}
	return true;
}

void
edit_commit(struct session *s, const struct words *w)
{
	struct refusal e = { 0 };
	struct commit_ask ask = {
		.tree = session_tree(s),
		.meta = { .client = "cli" },
		.arg = s,
	};
	s->has_quit = false;
	snprintf(ask.meta.user, sizeof(ask.meta.user), "%s", s->user.name);
	if (!commit_words(s, w, &ask, &e)) {
		session_refuse(s, &e);
		refusal_done(&e);
		return;
	}
	if (s->private_tree != NULL && s->private_base != s->m->db.last.commit && !ask.check_only) {
		session_fail(s, "error: configuration database modified since `configure private`");
		return;
	}
	ask.on_done = ask.check_only ? on_commit_done : on_commit_stored;
	s->has_quit = s->has_quit && !ask.check_only;
	if (!commit_start(s->m, &ask))
		session_fail(
		    s, "error: configuration database locked: another commit is under way");
}
