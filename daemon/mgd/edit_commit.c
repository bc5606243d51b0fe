/* SPDX-License-Identifier: BSD-2-Clause
 *
 * edit_commit.c - commit, with all that can be said behind it. Called by edit.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/mgd/candidate.h"
#include "daemon/mgd/edit.h"

/* What `commit` was asked beside its options. */
struct wish {
	struct commit_ask ask;
	bool has_quit;
};

static void
on_progress(void *arg, const char *what)
{
	struct session *s = arg;
	char date[32];
	if (s->is_program) {
		struct arena *a = arena_new();
		struct elem *row = elem_new(a, "progress");
		elem_leaf(a, row, "message", what);
		session_row(s, row);
		arena_free(a);
		return;
	}
	struct text line = { 0 };
	text_printf(&line, "%s: %s\n", store_date(time(NULL), date), what);
	session_text(s, text_str(&line));
	session_pump(s);
	text_done(&line);
}

static void
on_done(void *arg, bool ok, const char *text)
{
	struct session *s = arg;
	if (!ok) {
		session_fail(s, text);
		return;
	}
	if (s->confirm_minutes != 0) {
		struct text t = { 0 };
		text_printf(&t,
		    "commit confirmed will be automatically rolled back in %u minutes unless "
		    "confirmed\n",
		    s->confirm_minutes);
		session_text(s, text_str(&t));
		text_done(&t);
	}
	session_text(s, text);
	if (s->has_quit) {
		edit_leave(s);
		session_text(s, "Exiting configuration mode\n");
	}
	session_done(s);
}

/* --- the words --- */

/* What is not a plain text line cannot be in the header of a file. */
static void
comment_set(struct commit_ask *ask, const char *text)
{
	char *to = ask->meta.comment;
	snprintf(to, sizeof(ask->meta.comment), "%s", text);
	for (char *c = to; *c != '\0'; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
}

/* `confirmed [N]`; *I is at that word. */
static bool
confirmed_word(const struct words *w, size_t *i, struct wish *wish, struct refusal *e)
{
	wish->ask.options.confirm_minutes = COMMIT_CONFIRM_DEFAULT;
	const struct word *x = *i + 1 < w->n ? &w->w[*i + 1] : NULL;
	if (x == NULL || x->s[0] == '\0' || strspn(x->s, "0123456789") != strlen(x->s))
		return true;
	unsigned long n = strlen(x->s) < 9 ? strtoul(x->s, NULL, 10) : 0;
	if (n < 1 || n > COMMIT_CONFIRM_MAX)
		return refuse(e, x->at, "Value %.20s is not within range (1..%d) at '%.20s'", x->s,
		    COMMIT_CONFIRM_MAX, x->s);
	wish->ask.options.confirm_minutes = (unsigned)n;
	++*i;
	return true;
}

/* `at "TIME"`, `comment "TEXT"`; *I is at that word. */
static bool
value_word(const struct words *w, size_t *i, bool is_at, struct wish *wish, struct refusal *e)
{
	if (++*i == w->n)
		return refuse(e, w->end + 1, "missing argument.");
	const struct word *x = &w->w[*i];
	if (!is_at) {
		comment_set(&wish->ask, x->s);
		return true;
	}
	const char *wrong = schedule_parse(x->s, time(NULL), &wish->ask.options);
	return wrong == NULL || refuse(e, x->at, "%s", wrong);
}

static bool
one_word(const struct words *w, size_t *i, struct wish *wish, struct refusal *e)
{
	const struct word *x = &w->w[*i];
	bool is_first = *i == 0;
	if (strlen(x->s) < 2)
		return refuse(e, x->at, "syntax error.");
	if (word_abbreviates(x, "and-quit") != 0)
		wish->has_quit = true;
	else if (word_abbreviates(x, "check") != 0)
		wish->ask.options.check_only = true;
	else if (word_abbreviates(x, "confirmed") != 0 && strlen(x->s) > 3)
		return confirmed_word(w, i, wish, e);
	else if (word_abbreviates(x, "comment") != 0 && strlen(x->s) > 3)
		return value_word(w, i, false, wish, e);
	else if (word_abbreviates(x, "at") != 0)
		return value_word(w, i, true, wish, e);
	else if (word_abbreviates(x, "full") != 0)
		wish->ask.options.full = true;
	else if (word_abbreviates(x, "synchronize") == 0 &&
		 (is_first || word_abbreviates(x, "force") == 0))
		/* with one routing engine there is nobody to synchronize with */
		return refuse(e, x->at, "syntax error.");
	return true;
}

/* What cannot be said together. */
static bool
wish_check(const struct words *w, const struct wish *wish, struct refusal *e)
{
	const struct commit_options *o = &wish->ask.options;
	bool is_later = o->at != 0 || o->at_reboot;
	if ((o->check_only && (is_later || o->confirm_minutes != 0)) ||
	    (is_later && o->confirm_minutes != 0))
		return refuse(e, w->w[w->n - 1].at, "syntax error.");
	return true;
}

void
edit_commit(struct session *s, const struct words *w)
{
	struct refusal e = { 0 };
	struct wish wish = { .ask = { .on_done = on_done, .arg = s } };
	bool ok = true;
	snprintf(wish.ask.meta.client, sizeof(wish.ask.meta.client), "%s", s->client);
	for (size_t i = 0; i < w->n && ok; i++)
		ok = one_word(w, &i, &wish, &e);
	if (!ok || !wish_check(w, &wish, &e)) {
		session_refuse(s, &e);
		refusal_done(&e);
		return;
	}
	const struct commit_options *o = &wish.ask.options;
	snprintf(wish.ask.meta.client, sizeof(wish.ask.meta.client), "%s", s->client);
	s->confirm_minutes = o->confirm_minutes;
	/* a scheduled commit ends configuration mode: what will be committed shall not be edited any more */
	s->has_quit = (wish.has_quit && !o->check_only) || o->at != 0 || o->at_reboot;
	wish.ask.options.is_validation = s->is_validation;
	if (s->is_detail)
		wish.ask.on_progress = on_progress;
	candidate_commit(s, &wish.ask);
}
