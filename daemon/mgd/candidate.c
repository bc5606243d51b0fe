/* SPDX-License-Identifier: BSD-2-Clause
 *
 * candidate.c - who edits which candidate, and what happens to it at a commit.
 *
 * A private session keeps the running tree that it started from: not a copy, that tree itself, which db.c leaves alone as
 * long as a session needs it. At a commit the changes since then are merged into a copy of what is running now. A
 * conflict is told once; who commits again wants his side. Called by edit*.c, oper.c and session.c.
 */
#include "daemon/mgd/candidate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/mgd/mgd.h"
#include "daemon/mgd/permit.h"
#include "lib/junos/load.h"
#include "lib/junos/merge.h"
#include "lib/junos/tree.h"
#include "lib/yang/schema.h"

/* --- who is there --- */

bool
candidate_users(const struct session *s, const struct session *except, struct text *out)
{
	static const char *const kinds[] = {
		[CONFIGURE_SHARED] = "",
		[CONFIGURE_EXCLUSIVE] = "exclusive ",
		[CONFIGURE_PRIVATE] = "private ",
	};
	bool any = false;
	for (struct session *o = s->m->sessions; o != NULL; o = o->next) {
		if (o == except || !o->is_configuring)
			continue;
		if (!any)
			text_put(out, "Users currently editing the configuration:\n");
		any = true;
		text_put(out, "  ");
		session_describe(o, out);
		text_printf(out, "\n      %s[edit", kinds[o->kind]);
		path_print(&o->edit, 0, out);
		text_put(out, "]\n");
	}
	return any;
}

struct session *
candidate_holder(const struct session *s)
{
	for (struct session *o = s->m->sessions; o != NULL; o = o->next)
		if (o != s && o->is_configuring && o->kind == CONFIGURE_EXCLUSIVE)
			return o;
	return NULL;
}

void
candidate_held(const struct session *holder, struct text *out)
{
	text_put(out, "error: configuration database locked by:\n  ");
	session_describe(holder, out);
	text_put(out, "\n      exclusive [edit");
	path_print(&holder->edit, 0, out);
	text_put(out, "]\n");
}

bool
candidate_refuses(struct session *s)
{
	const struct session *holder = s->private_tree == NULL ? candidate_holder(s) : NULL;
	if (holder == NULL)
		return false;
	struct text t = { 0 };
	candidate_held(holder, &t);
	session_fail(s, text_str(&t));
	text_done(&t);
	return true;
}

static bool
shared_is_changed(const struct db *db)
{
	return db->is_touched && db_differs(db, db->candidate);
}

/* --- coming and going --- */

bool
candidate_enter(struct session *s, enum session_kind kind, struct text *out)
{
	struct db *db = &s->m->db;
	bool is_changed = shared_is_changed(db);
	const struct session *holder = candidate_holder(s);
	if (s->is_configuring) {
		text_put(out, "error: already in configuration mode\n");
		return false;
	}
	/* to look on is allowed; every change is refused where it is made */
	if (holder != NULL && kind != CONFIGURE_SHARED) {
		candidate_held(holder, out);
		return false;
	}
	if (kind == CONFIGURE_EXCLUSIVE && is_changed) {
		text_put(out, "error: configuration database modified\n");
		candidate_users(s, s, out);
		return false;
	}
	if (kind == CONFIGURE_PRIVATE && is_changed) {
		text_put(out, "error: shared configuration database modified\n\n"
			      "Please temporarily use 'configure shared' to commit\n"
			      "outstanding changes in the shared database, exit,\n"
			      "and return to configuration mode using 'configure private'\n");
		return false;
	}
	s->is_configuring = true;
	s->kind = kind;
	s->since = time(NULL);
	s->edit_arena = arena_new();
	s->edit = (struct path){ .s = db->schema->config };
	s->stack = NULL;
	if (kind == CONFIGURE_PRIVATE) {
		s->private_tree = tree_copy(db->running);
		s->private_base = db->running;
	}
	if (kind != CONFIGURE_SHARED)
		text_put(out, "warning: uncommitted changes will be discarded on exit\n");
	text_put(out, "Entering configuration mode\n");
	candidate_users(s, s, out);
	if (kind == CONFIGURE_SHARED && is_changed)
		text_put(out, "The configuration has been changed but not committed\n");
	return true;
}

static void
shared_reset(struct db *db)
{
	tree_free(db->candidate);
	db->candidate = tree_copy(db->running);
	db->is_touched = false;
}

/* S needs TREE as its base from now on, or none. */
static void
base_set(struct session *s, struct tree *tree)
{
	struct tree *old = s->private_base;
	s->private_base = tree;
	bool is_needed = old == s->m->db.running;
	for (const struct session *o = s->m->sessions; o != NULL; o = o->next)
		is_needed = is_needed || o->private_base == old;
	if (!is_needed)
		tree_free(old);
}

bool
candidate_is_base(const struct mgd *m, const struct tree *t)
{
	for (const struct session *o = m->sessions; o != NULL; o = o->next)
		if (o->private_base == t)
			return true;
	return false;
}

void
candidate_leave(struct session *s)
{
	if (!s->is_configuring)
		return;
	struct db *db = &s->m->db;
	/* what is just being committed comes back if it succeeds, and only then */
	if (s->kind == CONFIGURE_EXCLUSIVE && db->is_touched) {
		commit_set_apart(s->m, s);
		shared_reset(db);
	}
	tree_free(s->private_tree);
	s->private_tree = NULL;
	base_set(s, NULL);
	s->told_commit = 0;
	s->is_configuring = false;
	arena_free(s->edit_arena);
	s->edit_arena = NULL;
	s->edit = (struct path){ 0 };
	s->stack = NULL;
}

/* --- the contents --- */

bool
candidate_is_changed(const struct session *s)
{
	const struct db *db = &s->m->db;
	if (s->private_tree != NULL) {
		struct text diff = { 0 };
		print_compare(s->private_base, s->private_tree, &diff);
		bool differs = diff.len > 0;
		text_done(&diff);
		return differs;
	}
	return shared_is_changed(db);
}

void
candidate_touched(struct session *s)
{
	if (s->private_tree == NULL)
		db_touched(&s->m->db);
	else
		db_keep_version(&s->m->db, s->private_tree, NULL);
}

/* The candidate of S becomes T, which is taken over. */
static void
contents_set(struct session *s, struct tree *t)
{
	struct db *db = &s->m->db;
	if (s->private_tree != NULL) {
		tree_free(s->private_tree);
		s->private_tree = t;
		return;
	}
	tree_free(db->candidate);
	db->candidate = t;
	db_touched(db);
}

bool
candidate_rollback(struct session *s, int n, struct text *out)
{
	struct db *db = &s->m->db;
	int rc;
	struct tree *t = db_rollback(db, n == CANDIDATE_RESCUE ? STORE_RESCUE : (unsigned)n, &rc);
	if (t == NULL && rc == -ENOENT && n == CANDIDATE_RESCUE) {
		text_put(out, "error: rescue configuration is not set\n");
		return false;
	}
	if (t == NULL) {
		text_printf(
		    out, "error: could not read rollback configuration %d: %s\n", n, strerror(-rc));
		return false;
	}
	if (n == 0 && s->private_tree != NULL)
		base_set(s, db->running);
	contents_set(s, t);
	if (n == 0 && s->private_tree == NULL)
		db->is_touched = false;
	text_put(out, "load complete\n");
	return true;
}

/* --- private: merging --- */

/* What is running now with the changes of S; NULL if there are conflicts and MINE_WINS is not set. They are told in OUT. */
static struct tree *
merged(struct session *s, bool mine_wins, struct text *out, struct report *r)
{
	struct db *db = &s->m->db;
	if (s->private_base == db->running)
		return tree_copy(s->private_tree);
	struct tree *t = tree_copy(db->running);
	bool ok = tree_merge(t, s->private_base, s->private_tree, mine_wins, r);
	report_print(r, NULL, out);
	if (ok || mine_wins)
		return t;
	tree_free(t);
	return NULL;
}

bool
candidate_update(struct session *s, struct text *out)
{
	struct report r = { 0 };
	if (s->private_tree == NULL) {
		text_put(out, "error: update is for `configure private`\n");
		return false;
	}
	struct tree *t = merged(s, true, out, &r);
	bool ok = r.n_errors == 0;
	contents_set(s, t);
	base_set(s, s->m->db.running);
	report_done(&r);
	return ok;
}

/* --- committing --- */

static void
on_progress(void *arg, const char *what)
{
	struct session *s = arg;
	if (s->commit_ask.on_progress != NULL)
		s->commit_ask.on_progress(s->commit_ask.arg, what);
}

/* The candidate of S has become the running configuration; those of others are left to them. */
static void
stored(struct session *s)
{
	struct db *db = &s->m->db;
	if (s->private_tree == NULL) {
		/* others may have edited meanwhile */
		db->is_touched = db->n_edits != s->edits_before && db_differs(db, db->candidate);
		return;
	}
	tree_free(s->private_tree);
	s->private_tree = tree_copy(db->running);
	base_set(s, db->running);
}

void
candidate_follow(struct mgd *m, const struct tree *next)
{
	struct db *db = &m->db;
	struct report told = { 0 };
	if (db->is_touched) {
		(void)tree_merge(db->candidate, db->running, next, false, &told);
	} else {
		tree_free(db->candidate);
		db->candidate = tree_copy(next);
	}
	report_done(&told);
}

static void
on_done(void *arg, bool ok, const char *text)
{
	struct session *s = arg;
	const struct commit_options *o = &s->commit_ask.options;
	if (ok && !o->check_only && o->at == 0 && !o->at_reboot)
		stored(s);
	struct commit_ask ask = s->commit_ask;
	struct text seen = { 0 };
	s->commit_ask = (struct commit_ask){ 0 };
	guard_problems(s, text, &seen);
	ask.on_done(ask.arg, ok, text_str(&seen));
	text_done(&seen);
}

static void
refuse_commit(const struct commit_ask *ask, const struct text *why)
{
	ask->on_done(ask->arg, false, text_str(why));
}

/* What keeps S from committing, in OUT. */
static bool
may_commit(struct session *s, const struct commit_ask *ask, struct text *out)
{
	const struct session *holder = candidate_holder(s);
	struct text pending = { 0 };
	if (holder != NULL && !ask->options.check_only) {
		candidate_held(holder, out);
	} else if (!ask->options.check_only && schedule_pending(s->m, &pending)) {
		text_printf(out,
		    "error: %s\nerror: another commit is pending; use `clear system commit` to "
		    "remove it\n",
		    text_str(&pending));
	} else if (s->m->commit != NULL) {
		text_put(
		    out, "error: configuration database locked: another commit is under way\n");
	}
	text_done(&pending);
	return out->len == 0;
}

/* May S commit MINE? Its changes were judged by what was there and allowed when they were made, and both may be different now. */
static bool
merge_permitted(const struct session *s, struct tree *mine, struct text *out)
{
	struct report r = { 0 };
	bool may = permit_settle(session_permit(s), s->m->db.running, mine, &r);
	report_print(&r, NULL, out);
	report_done(&r);
	if (!may)
		text_put(out, "error: permission denied\n");
	return may;
}

void
candidate_commit(struct session *s, const struct commit_ask *ask)
{
	struct text why = { 0 };
	struct report r = { 0 };
	if (!may_commit(s, ask, &why)) {
		refuse_commit(ask, &why);
		text_done(&why);
		return;
	}
	struct tree *mine = NULL;
	if (s->private_tree != NULL) {
		/* a conflict that was told already is decided by committing again */
		bool mine_wins = s->told_commit == s->m->db.last.commit && s->told_commit != 0;
		mine = merged(s, mine_wins, &why, &r);
		if (mine == NULL) {
			s->told_commit = s->m->db.last.commit;
			text_put(&why, "error: conflicts with the committed configuration: "
				       "commit again to override it\n");
			refuse_commit(ask, &why);
		} else if (!merge_permitted(s, mine, &why)) {
			tree_free(mine);
			mine = NULL;
			refuse_commit(ask, &why);
		}
	}
	if (s->private_tree == NULL || mine != NULL) {
		struct commit_ask full = *ask;
		full.tree = mine != NULL ? mine : s->m->db.candidate;
		full.is_private = mine != NULL;
		snprintf(full.meta.user, sizeof(full.meta.user), "%s", s->user.name);
		s->commit_ask = *ask;
		s->edits_before = s->m->db.n_edits;
		full.on_progress = ask->on_progress != NULL ? on_progress : NULL;
		full.on_done = on_done;
		full.arg = s;
		(void)commit_start(s->m, &full);
	}
	tree_free(mine);
	report_done(&r);
	text_done(&why);
}
