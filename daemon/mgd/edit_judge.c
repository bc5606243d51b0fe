/* SPDX-License-Identifier: BSD-2-Clause
 *
 * edit_judge.c - may a command of configuration mode be carried out now, and with these words?
 *
 * The first words of a command are judged where its row is looked for. Expressions of a class may be about the words behind
 * them as well: those are held against it in full, however short they were typed. Called by edit*.c.
 */
#include <string.h>

#include "daemon/mgd/candidate.h"
#include "daemon/mgd/command.h"
#include "daemon/mgd/edit.h"
#include "daemon/mgd/hint.h"
#include "daemon/mgd/mgd.h"
#include "daemon/mgd/permit.h"
#include "lib/yang/schema.h"

/* The words W behind C in full, each after a blank, as an expression of a class wants them. */
static void
arguments_put(const struct session *s, const struct command *c, const struct words *w,
    struct arena *a, struct text *out)
{
	struct words rest = *w;
	struct refusal e = { 0 };
	if (strcmp(c->words, "run") == 0) {
		size_t n;
		size_t used;
		const struct command *all = oper_commands(s->m->db.schema, &n);
		const struct command *oper = command_find(all, n, w, &used, &e);
		if (oper != NULL) {
			text_printf(out, " %s", oper->words);
			rest = words_from(w, used);
		}
	} else {
		struct path p;
		/* of a path the statements in full; of anything else what is short for a word of the command */
		if (path_walk(a, s->m->db.schema->config, &s->edit, w, false, &p, &e) &&
		    p.n > s->edit.n) {
			path_print(&p, s->edit.n, out);
			rest.n = 0;
		}
	}
	refusal_done(&e);
	const char **full = hint_words(a, c->words, &rest);
	for (size_t i = 0; i < rest.n; i++)
		text_printf(out, " %s", full[i]);
}

bool
edit_arguments_may(
    const struct session *s, const struct command *c, const struct words *w, struct arena *a)
{
	const struct permit *permit = session_permit(s);
	if (w->n == 0 || !permit_has_expressions(permit))
		return true;
	struct text line = { 0 };
	text_put(&line, c->words);
	arguments_put(s, c, w, a, &line);
	bool may = permit_command(permit, text_str(&line), NULL);
	text_done(&line);
	return may;
}

bool
edit_may(struct session *s, const char *command)
{
	if (s->is_configuring && permit_command(session_permit(s), command, NULL))
		return !candidate_refuses(s);
	session_fail(s, "error: permission denied");
	return false;
}
