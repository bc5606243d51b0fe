/* SPDX-License-Identifier: BSD-2-Clause
 *
 * trial.c - a configuration that is checked as if it were to be committed, and perhaps edited on if it is good.
 *
 * It stands beside the candidate meanwhile, so that nobody sees it. Called by edit_load.c and call.c.
 */
#include <stdio.h>

#include "daemon/mgd/candidate.h"
#include "daemon/mgd/edit.h"
#include "daemon/mgd/mgd.h"
#include "lib/junos/tree.h"

struct tree *
trial_swap(struct session *s, struct tree *t)
{
	struct tree **at = s->private_tree != NULL ? &s->private_tree : &s->m->db.candidate;
	struct tree *old = *at;
	*at = t;
	return old;
}

void
trial_done(struct session *s)
{
	tree_free(s->trial);
	s->trial = NULL;
}

/* The trial was good and becomes what is edited: a request of its own, with all that guards one. */
static void
install(struct session *s)
{
	if (s->private_tree == NULL && s->m->db.n_edits != s->edits_before) {
		session_fail(s, "error: configuration database modified");
		return;
	}
	if (!edit_may(s, "load"))
		return;
	guard_begin(s, NULL, false);
	tree_free(trial_swap(s, s->trial));
	s->trial = NULL;
	candidate_touched(s);
	session_done(s);
	guard_end(s);
}

static void
on_checked(void *arg, bool ok, const char *text)
{
	struct session *s = arg;
	if (!ok)
		session_fail(s, text);
	else if (s->keeps_trial && s->is_configuring)
		install(s);
	else
		session_done(s);
	trial_done(s);
}

void
trial_start(struct session *s, struct tree *t, bool keep)
{
	struct commit_ask ask = {
		.tree = t,
		.options = { .check_only = true, .is_validation = true },
		.on_done = on_checked,
		.arg = s,
	};
	trial_done(s); /* of a request that was given up */
	s->trial = t;
	s->keeps_trial = keep;
	s->edits_before = s->m->db.n_edits;
	snprintf(ask.meta.client, sizeof(ask.meta.client), "%s", s->client);
	snprintf(ask.meta.user, sizeof(ask.meta.user), "%s", s->user.name);
	if (!commit_start(s->m, &ask)) {
		session_fail(
		    s, "error: configuration database locked: another commit is under way\n");
		trial_done(s);
	}
}
