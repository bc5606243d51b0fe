/* SPDX-License-Identifier: BSD-2-Clause
 *
 * edit_load.c - load and save.
 *
 * A file is opened by the command line, with the rights of its user; mgd sees only its text. Called by edit.c.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/mgd/candidate.h"
#include "daemon/mgd/edit.h"
#include "daemon/mgd/mgd.h"
#include "daemon/mgd/permit.h"
#include "lib/junos/load.h"
#include "lib/junos/tree.h"
#include "lib/yang/schema.h"

/* --- load --- */

enum load_kind {
	KIND_MERGE,
	KIND_OVERRIDE,
	KIND_PATCH,
	KIND_REPLACE,
	KIND_SET,
	KIND_UPDATE,
	KINDS,
	KIND_NONE, /* of programs only */
};

/* How the text is written. */
enum load_format {
	LOAD_AS_IT_IS, /* curly text, or what its first character says */
	LOAD_AS_JSON,
	LOAD_AS_XML,
};

static const char *const kinds[KINDS] = {
	[KIND_MERGE] = "merge",
	[KIND_OVERRIDE] = "override",
	[KIND_PATCH] = "patch",
	[KIND_REPLACE] = "replace",
	[KIND_SET] = "set",
	[KIND_UPDATE] = "update",
};

static bool
kind_of(const struct word *w, int *out)
{
	for (int k = 0; k < KINDS; k++)
		if (word_abbreviates(w, kinds[k]) != 0) {
			*out = k;
			return true;
		}
	return false;
}

/* The node that the text is about; the [edit] place is made if nothing is there yet. NULL: it cannot be. */
static struct node *
load_place(struct session *s, struct report *r)
{
	struct tree *t = session_tree(s);
	struct node *root = tree_root(t);
	if (!s->load_relative || s->edit.n == 0)
		return root;
	struct node *place = node_path(root, s->edit.words, s->edit.n);
	if (place != NULL)
		return place;
	struct text line = { 0 };
	text_put(&line, "set");
	path_print(&s->edit, 0, &line);
	bool ok = load_set(t, root, text_str(&line), line.len, r);
	text_done(&line);
	return ok ? node_path(root, s->edit.words, s->edit.n) : NULL;
}

/* What is good of the text is kept even where some of it is not. */
static bool
text_load(struct session *s, const char *text, size_t len, struct report *r)
{
	struct tree *t = session_tree(s);
	struct node *place = load_place(s, r);
	enum load_action action = s->load_kind == KIND_OVERRIDE  ? LOAD_OVERRIDE
				  : s->load_kind == KIND_REPLACE ? LOAD_REPLACE
				  : s->load_kind == KIND_NONE    ? LOAD_NONE
								 : LOAD_MERGE;
	if (place == NULL)
		return false;
	switch (s->load_kind) {
	case KIND_SET:
		return load_set(t, place, text, len, r);
	case KIND_PATCH:
		return load_patch(t, place, text, len, r);
	case KIND_UPDATE:
		return load_update(t, place, text, len, r);
	default:
		break;
	}
	switch ((enum load_format)s->load_format) {
	case LOAD_AS_JSON:
		return load_json(t, place, action, text, len, r);
	case LOAD_AS_XML:
		return load_xml(t, place, action, text, len, r);
	case LOAD_AS_IT_IS:
		break;
	}
	return load_any_below(t, place, action, text, len, r);
}

/* Adds to SHOWN what the user shall see of L. To whoever types, a word that means nothing is an error; only a file that the
 * gateway starts with is taken without it. */
static void
line_take(const struct report_line *l, struct report *shown)
{
	struct report_line line = *l;
	struct text warning = { 0 };
	static char syntax_error[] = "syntax error";
	if (l->class == REPORT_IGNORED)
		return;
	if (l->is_unknown) {
		line.is_error = true;
		line.message = syntax_error;
	} else if (!l->is_error && strncmp(l->message, "warning: ", 9) != 0) {
		text_printf(&warning, "warning: %s", l->message); /* it does not count */
		line.message = warning.s;
	}
	report_add(shown, &line);
	text_done(&warning);
}

static void
version_say(struct session *s, struct text *said)
{
	struct text other = { 0 };
	if (!db_keep_version(&s->m->db, session_tree(s), &other))
		text_printf(said, "warning: " VERSION_MISMATCH "\n", text_str(&other));
	text_done(&other);
}

static void
on_load_input(struct session *s, const char *text, size_t len, const char *error)
{
	struct text said = { 0 };
	if (error != NULL) {
		text_printf(&said, "error: cannot open '%s': %s\n", s->name, error);
		session_fail(s, text_str(&said));
		text_done(&said);
		return;
	}
	/* somebody may have locked it while the text came */
	if (!edit_may(s, "load"))
		return;
	struct report r = { .is_enough_one = s->load_stops };
	struct report shown = { 0 };
	bool is_exact = s->load_is_whole || s->load_trial != TRIAL_NONE;
	struct tree *before = is_exact ? tree_copy(session_tree(s)) : NULL;
	text_load(s, text, len, &r);
	(void)guard_settle(s, &r);
	for (size_t i = 0; i < r.n; i++)
		line_take(&r.lines[i], &shown);
	for (size_t i = 0; i < shown.n && s->is_program; i++)
		call_report(s, &shown.lines[i]);
	if (!s->is_program)
		report_print(&shown, s->name, &said);
	version_say(s, &said);
	if (before != NULL && (shown.n_errors > 0 || s->load_trial != TRIAL_NONE))
		before = trial_swap(s, before);
	else
		candidate_touched(s);
	if (shown.n_errors == 0 && s->load_trial != TRIAL_NONE) {
		trial_start(s, before, s->load_trial == TRIAL_FIRST);
		before = NULL;
	} else if (shown.n_errors == 0) {
		text_put(&said, "load complete\n");
		session_text(s, text_str(&said));
		session_done(s);
	} else {
		if (!s->is_program) /* which has had them all */
			text_printf(&said, "load complete (%zu errors)\n", shown.n_errors);
		session_fail(s, text_str(&said));
	}
	tree_free(before);
	text_done(&said);
	report_done(&shown);
	report_done(&r);
}

/* load KIND [json|xml] (FILE|terminal) [relative]. Returns the word of the source, or NULL. */
static const struct word *
load_words(struct session *s, const struct words *w, struct refusal *e)
{
	size_t at = 1;
	s->load_format = LOAD_AS_IT_IS;
	s->load_relative = s->load_stops = s->load_is_whole = false;
	s->load_trial = TRIAL_NONE;
	if (w->n > 0 && !kind_of(&w->w[0], &s->load_kind)) {
		refuse(e, w->w[0].at, "syntax error.");
		return NULL;
	}
	bool is_format = w->n > 2 && (word_abbreviates(&w->w[1], "json") == 2 ||
					 word_abbreviates(&w->w[1], "xml") == 2);
	if (is_format && (s->load_kind == KIND_SET || s->load_kind == KIND_PATCH)) {
		refuse(e, w->w[1].at, "syntax error."); /* their text has one format */
		return NULL;
	}
	if (is_format) {
		s->load_format = w->w[1].s[0] == 'j' ? LOAD_AS_JSON : LOAD_AS_XML;
		at++;
	}
	if (w->n <= at) {
		refuse(e, w->end + 1, "missing argument.");
		return NULL;
	}
	s->load_relative = w->n > at + 1 && word_abbreviates(&w->w[at + 1], "relative") != 0;
	size_t end = at + 1 + s->load_relative;
	if (w->n > end) {
		refuse(e, w->w[end].at, "syntax error.");
		return NULL;
	}
	return &w->w[at];
}

void
edit_load(struct session *s, const struct words *w)
{
	struct refusal e = { 0 };
	const struct word *source = load_words(s, w, &e);
	if (source == NULL) {
		session_refuse(s, &e);
		refusal_done(&e);
		return;
	}
	bool is_terminal = strcmp(source->s, "terminal") == 0 && !source->is_quoted;
	snprintf(s->name, sizeof(s->name), "%s", source->s);
	session_want(
	    s, is_terminal ? "terminal" : "file", is_terminal ? NULL : s->name, on_load_input);
}

void
edit_load_call(struct session *s, const struct load_wish *wish)
{
	const char *file = wish->file;
	struct word w = { .s = wish->action };
	if (strcmp(wish->action, "none") == 0) {
		s->load_kind = KIND_NONE;
	} else if (!kind_of(&w, &s->load_kind)) {
		session_fail(s, "error: syntax error");
		return;
	}
	if (!edit_may(s, "load"))
		return;
	s->load_format = strcmp(wish->format, "json") == 0 ? LOAD_AS_JSON : LOAD_AS_IT_IS;
	s->load_relative = false;
	s->load_stops = wish->stops;
	s->load_is_whole = wish->is_whole;
	s->load_trial = (int)wish->trial;
	snprintf(s->name, sizeof(s->name), "%s", file != NULL ? file : "");
	session_want(
	    s, file != NULL ? "file" : "terminal", file != NULL ? s->name : NULL, on_load_input);
}

/* --- save --- */

void
edit_save(struct session *s, const struct words *w)
{
	struct refusal e = { 0 };
	if (w->n != 1) {
		refuse(&e, w->n == 0 ? w->end + 1 : w->w[1].at,
		    w->n == 0 ? "missing argument." : "syntax error.");
		session_refuse(s, &e);
		refusal_done(&e);
		return;
	}
	struct tree *view = permit_view(session_permit(s), session_tree(s), PERMIT_MARK);
	struct tree *part = show_part(&s->m->db, view != NULL ? view : session_tree(s), &s->edit);
	struct text out = { 0 };
	if (s->edit.n == 0)
		show_header(s, session_tree(s), &out);
	if (part != NULL)
		print_text(tree_root(part), 0, &out);
	if (w->w[0].is_quoted || strcmp(w->w[0].s, "terminal") != 0)
		session_save(s, w->w[0].s);
	session_text(s, text_str(&out));
	session_done(s);
	text_done(&out);
	tree_free(part);
	tree_free(view);
}
