/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hint.c - what can be typed next on a line: the answer to CLI_COMPLETE.
 *
 * The line is cut into complete words and the one that is being typed. The complete ones lead, through the tables and
 * the schema that run lines too, to a place; hint_path.c lists what may stand there. What follows the commands that take neither
 * a configuration path nor the arguments of an RPC is a table of steps here. Called by
 * session.c; pure but for the dates of rollbacks.
 */
#include "daemon/mgd/hint_priv.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/mgd/command.h"
#include "daemon/mgd/permit.h"
#include "daemon/mgd/store.h"
#include "lib/base/arena.h"
#include "lib/junos/complete.h"
#include "lib/junos/tree.h"
#include "lib/msg/elem.h"
#include "lib/yang/schema.h"

static const struct {
	const char *command;
	enum follow follow;
} follows[] = {
	{ "activate", FOLLOW_CHANGE },
	{ "annotate", FOLLOW_ANNOTATE },
	{ "copy", FOLLOW_COPY },
	{ "deactivate", FOLLOW_CHANGE },
	{ "delete", FOLLOW_SHOW },
	{ "edit", FOLLOW_EDIT },
	{ "insert", FOLLOW_INSERT },
	{ "protect", FOLLOW_CHANGE },
	{ "rename", FOLLOW_COPY },
	{ "run", FOLLOW_RUN },
	{ "set", FOLLOW_SET },
	{ "show", FOLLOW_SHOW },
	{ "show configuration", FOLLOW_SHOW },
	{ "top", FOLLOW_TOP },
	{ "unprotect", FOLLOW_CHANGE },
	{ "up", FOLLOW_UP },
	{ "wildcard delete", FOLLOW_MATCH },
	{ "wildcard range delete", FOLLOW_RANGE_DELETE },
	{ "wildcard range set", FOLLOW_RANGE_SET },
};

/* Commands that share the rows of another, and those whose rows stand for all that begin so. */
static const struct {
	const char *begins;
	const char *rows;
} shared[] = {
	{ "help reference", "help topic" },
	{ "quit", "exit" },
	{ "request system ", "request system " },
	{ "restart ", "restart " },
};

/* Commands with words of their own as little state machines: in state FROM the word may follow and leads to state TO. A word in
 * angle brackets is a placeholder; without a word the line may end in that state. */
static const struct step {
	const char *command;
	unsigned from;
	const char *word;
	const char *help;
	unsigned to;
} steps[] = {
	{ "commit", 0, NULL, NULL, 0 },
	{ "commit", 0, "and-quit", "Quit configuration mode if commit succeeds", 0 },
	{ "commit", 0, "at", "Time at which to activate configuration changes", 2 },
	{ "commit", 0, "check", "Check correctness of syntax; do not apply changes", 0 },
	{ "commit", 0, "comment", "Message to write to commit log", 1 },
	{ "commit", 0, "confirmed", "Automatically rollback if not confirmed", 3 },
	{ "commit", 0, "full", "Commit everything", 0 },
	{ "commit", 0, "synchronize", "Synchronize commit on both Routing Engines", 4 },
	{ "commit", 1, "<comment>", "Message to write to commit log", 0 },
	{ "commit", 2, "<time>", "hh:mm[:ss], \"yyyy-mm-dd hh:mm[:ss]\" or reboot", 0 },
	{ "commit", 3, NULL, NULL, 0 },
	{ "commit", 3, "<minutes>", "Number of minutes until automatic rollback (1..65535)", 0 },
	{ "commit", 3, "and-quit", "Quit configuration mode if commit succeeds", 0 },
	{ "commit", 3, "comment", "Message to write to commit log", 1 },
	{ "commit", 3, "full", "Commit everything", 0 },
	{ "commit", 3, "synchronize", "Synchronize commit on both Routing Engines", 4 },
	{ "commit", 4, NULL, NULL, 0 },
	{ "commit", 4, "and-quit", "Quit configuration mode if commit succeeds", 0 },
	{ "commit", 4, "comment", "Message to write to commit log", 1 },
	{ "commit", 4, "force", "Synchronize even if the other side is changed", 0 },
	{ "commit", 4, "full", "Commit everything", 0 },
	{ "exit", 0, NULL, NULL, 0 },
	{ "exit", 0, "configuration-mode", "Exit configuration mode", 1 },
	{ "exit", 1, NULL, NULL, 0 },
	{ "help apropos", 0, "<string>", "Word in names or descriptions", 1 },
	{ "help apropos", 1, NULL, NULL, 0 },
	{ "help topic", 0, "<statement>", "Name of a statement, or the words that lead to it", 1 },
	{ "help topic", 1, NULL, NULL, 0 },
	{ "help topic", 1, "<statement>", "Next word", 1 },
	{ "load", 0, "merge", "Merge contents with existing configuration", 1 },
	{ "load", 0, "override", "Override existing configuration", 1 },
	{ "load", 0, "patch", "Load patch file into configuration", 2 },
	{ "load", 0, "replace", "Replace configuration data", 1 },
	{ "load", 0, "set", "Execute set of commands on existing configuration", 2 },
	{ "load", 0, "update", "Update existing configuration", 1 },
	{ "load", 1, "<filename>", "Filename", 3 },
	{ "load", 1, "json", "Contents are JSON", 2 },
	{ "load", 1, "terminal", "Use login terminal", 3 },
	{ "load", 1, "xml", "Contents are XML", 2 },
	{ "load", 2, "<filename>", "Filename", 3 },
	{ "load", 2, "terminal", "Use login terminal", 3 },
	{ "load", 3, NULL, NULL, 0 },
	{ "load", 3, "relative", "Contents are relative to the current level", 4 },
	{ "load", 4, NULL, NULL, 0 },
	{ "monitor start", 0, "<filename>", "Name of the log", 1 },
	{ "monitor start", 1, NULL, NULL, 0 },
	{ "monitor stop", 0, NULL, NULL, 0 },
	{ "monitor stop", 0, "<filename>", "Name of the log", 1 },
	{ "monitor stop", 1, NULL, NULL, 0 },
	{ "replace pattern", 0, "<regex>", "Regular expression to look for", 1 },
	{ "replace pattern", 1, "with", "Replace what matches with a text", 2 },
	{ "replace pattern", 2, "<text>", "Text to replace it with", 3 },
	{ "replace pattern", 3, NULL, NULL, 0 },
	{ "replace pattern", 3, "upto", "Number of names and values to change", 4 },
	{ "replace pattern", 4, "<number>", "Number of names and values to change", 5 },
	{ "replace pattern", 5, NULL, NULL, 0 },
	{ "request system ", 0, NULL, NULL, 0 },
	{ "request system ", 0, "<option>", "Anything", 0 },
	{ "restart ", 0, NULL, NULL, 0 },
	{ "restart ", 0, "gracefully", "Gracefully restart the process", 1 },
	{ "restart ", 0, "immediately", "Immediately restart the process", 1 },
	{ "restart ", 0, "soft", "Soft reset the process", 1 },
	{ "restart ", 1, NULL, NULL, 0 },
	{ "rollback", 0, NULL, NULL, 0 },
	{ "rollback", 0, "<number>", "Numeric argument (0..49)", 1 },
	{ "rollback", 0, "rescue", "Rescue configuration", 1 },
	{ "rollback", 1, NULL, NULL, 0 },
	{ "save", 0, "<filename>", "Filename", 1 },
	{ "save", 0, "terminal", "Use login terminal", 1 },
	{ "save", 1, NULL, NULL, 0 },
	{ "set cli complete-on-space", 0, "off", "Disable complete-on-space", 1 },
	{ "set cli complete-on-space", 0, "on", "Enable complete-on-space", 1 },
	{ "set cli complete-on-space", 1, NULL, NULL, 0 },
	{ "set cli idle-timeout", 0, "<timeout>", "Minutes without input (0..100000)", 1 },
	{ "set cli idle-timeout", 1, NULL, NULL, 0 },
	{ "set cli prompt", 0, "<prompt>", "CLI command prompt string", 1 },
	{ "set cli prompt", 1, NULL, NULL, 0 },
	{ "set cli restart-on-upgrade", 0, "off", "Do not prompt for restart", 1 },
	{ "set cli restart-on-upgrade", 0, "on", "Prompt for restart after a software upgrade", 1 },
	{ "set cli restart-on-upgrade", 1, NULL, NULL, 0 },
	{ "set cli screen-length", 0, "<length>", "Lines of the screen (0..100000)", 1 },
	{ "set cli screen-length", 1, NULL, NULL, 0 },
	{ "set cli screen-width", 0, "<width>", "Columns of the screen (0..1024)", 1 },
	{ "set cli screen-width", 1, NULL, NULL, 0 },
	{ "set cli terminal", 0, "<type>", "Terminal type (ansi, vt100, xterm, ...)", 1 },
	{ "set cli terminal", 1, NULL, NULL, 0 },
	{ "set cli timestamp", 0, NULL, NULL, 0 },
	{ "set cli timestamp", 0, "disable", "Disable the timestamp", 1 },
	{ "set cli timestamp", 0, "format", "Set the format of the timestamp", 2 },
	{ "set cli timestamp", 1, NULL, NULL, 0 },
	{ "set cli timestamp", 2, "<format>", "Format, as that of strftime (%b %d %T)", 1 },
	{ "set date", 0, "<option>", "Anything", 0 },
	{ "start shell", 0, NULL, NULL, 0 },
	{ "start shell", 0, "csh", "Start C shell", 1 },
	{ "start shell", 0, "sh", "Start Bourne shell", 1 },
	{ "start shell", 1, NULL, NULL, 0 },
};

enum { STEPS_N = sizeof(steps) / sizeof(steps[0]) };

bool
hint_is_typing(const struct typing *t, const char *word)
{
	return !t->partial.is_quoted && strncmp(word, t->partial.s, strlen(t->partial.s)) == 0;
}

/* --- commands with words of their own --- */

static bool
is_placeholder(const char *word)
{
	return word[0] == '<';
}

/* The name that the rows of COMMAND have. */
static const char *
rows_of(const char *command)
{
	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
		if (strncmp(shared[i].begins, command, strlen(shared[i].begins)) == 0)
			return shared[i].rows;
	return command;
}

/* The row of COMMAND that W takes in STATE: a word that it abbreviates, else a placeholder. */
static const struct step *
step_find(const char *command, unsigned state, const struct word *w)
{
	const struct step *found = NULL;
	const char *rows = rows_of(command);
	for (size_t i = 0; i < STEPS_N; i++) {
		const struct step *st = &steps[i];
		if (st->from != state || st->word == NULL || strcmp(st->command, rows) != 0)
			continue;
		int fit = is_placeholder(st->word) ? 0 : word_abbreviates(w, st->word);
		if (fit == 2)
			return st;
		if (fit == 1 || (is_placeholder(st->word) && found == NULL))
			found = st;
	}
	return found;
}

/* The configurations that `rollback` may go back to, each with its date. */
static void
rollbacks_add(const struct typing *t)
{
	struct store_meta meta;
	struct arena *a = t->out->a;
	for (unsigned n = 0; n <= STORE_ROLLBACK_MAX; n++) {
		char date[32];
		const char *name = arena_printf(a, "%u", n);
		if (store_read_meta(t->ask->store, n, &meta) < 0)
			return;
		if (hint_is_typing(t, name))
			complete_add(t->out, name,
			    arena_printf(a, "%s by %s via %s", store_date(meta.when, date),
				meta.user, meta.client),
			    COMPLETE_NAME, ' ');
	}
}

/* The files of the log folder. */
static void
logs_add(const struct typing *t)
{
	elem_each (name, t->ask->logs, "name")
		if (hint_is_typing(t, name->value))
			complete_add(t->out, name->value, "", COMPLETE_NAME, ' ');
}

static bool
steps_complete(const struct typing *t, const char *command)
{
	unsigned state = 0;
	bool is_known = false;
	const char *rows = rows_of(command);
	for (size_t i = 0; i < t->w.n; i++) {
		const struct step *st = step_find(command, state, &t->w.w[i]);
		if (st == NULL)
			return refuse(t->e, t->w.w[i].at, "syntax error.");
		state = st->to;
	}
	for (size_t i = 0; i < STEPS_N; i++) {
		const struct step *st = &steps[i];
		if (strcmp(st->command, rows) != 0)
			continue;
		is_known = true;
		if (st->from != state)
			continue;
		if (st->word == NULL)
			t->out->can_end = true;
		else if (is_placeholder(st->word))
			complete_add(t->out, st->word, st->help, COMPLETE_PLACEHOLDER, ' ');
		else if (hint_is_typing(t, st->word))
			complete_add(t->out, st->word, st->help, COMPLETE_WORD, ' ');
	}
	if (!is_known)
		t->out->can_end = true; /* a command without arguments */
	if (state == 0 && t->ask->store >= 0 && strcmp(command, "rollback") == 0)
		rollbacks_add(t);
	if (state == 0 && strncmp(command, "monitor st", 10) == 0)
		logs_add(t);
	return true;
}

const char **
hint_words(struct arena *a, const char *command, const struct words *w)
{
	const char **full = arena_array(a, w->n + 1, sizeof(*full));
	unsigned state = 0;
	const struct step *st = NULL;
	for (size_t i = 0; i < w->n; i++) {
		st = i == 0 || st != NULL ? step_find(command, state, &w->w[i]) : NULL;
		full[i] = st != NULL && !is_placeholder(st->word) ? st->word : w->w[i].s;
		state = st != NULL ? st->to : 0;
	}
	return full;
}

/* --- lines --- */

static enum follow
follow_of(const struct command *c)
{
	for (size_t i = 0; i < sizeof(follows) / sizeof(follows[0]); i++)
		if (strcmp(follows[i].command, c->words) == 0)
			return follows[i].follow;
	return FOLLOW_STEPS;
}

/* Understands the command that the words begin with and takes its words off; *OUT is NULL if it is not complete. Its completions
 * are there already then. */
static bool
command_take(struct typing *t, const struct command *table, size_t n, const struct command **out)
{
	size_t used = 0;
	if (!command_complete(table, n, &t->w, &t->partial, t->out, out, &used, t->e))
		return false;
	t->w = words_from(&t->w, used);
	return true;
}

static bool
oper_complete(struct typing *t)
{
	const struct command *c;
	if (!command_take(t, t->ask->oper, t->ask->n_oper, &c))
		return false;
	if (c == NULL)
		return true;
	t->tree = t->ask->running;
	if (c->rpc != NULL) {
		bool is_log =
		    strcmp(c->words, "show log") == 0 || strcmp(c->words, "clear log") == 0;
		if (is_log && t->w.n == 0)
			logs_add(t);
		return command_complete_arguments(
		    c->rpc, t->tree, &t->w, &t->partial, t->out, t->e);
	}
	/* `edit` is another word for `configure` here */
	if (follow_of(c) != FOLLOW_STEPS && follow_of(c) != FOLLOW_EDIT)
		return hint_path_complete(t, follow_of(c));
	return steps_complete(t, c->words);
}

/* `up 2 COMMAND`: takes the number off; true if there is one. */
static bool
number_take(struct typing *t)
{
	if (t->w.n == 0 || strspn(t->w.w[0].s, "0123456789") != strlen(t->w.w[0].s))
		return false;
	t->w = words_from(&t->w, 1);
	return true;
}

static void
move(struct typing *t, bool top, size_t n_levels)
{
	while (t->edit.n > 0 && (top || n_levels-- > 0))
		path_up(&t->edit);
	if (t->edit.n == 0)
		t->edit.s = t->ask->schema->config;
}

static bool
edit_complete(struct typing *t)
{
	for (;;) {
		const struct command *c;
		if (!command_take(t, t->ask->editing, t->ask->n_editing, &c))
			return false;
		if (c == NULL)
			return true;
		t->tree = t->ask->candidate;
		enum follow follow = follow_of(c);
		if (follow == FOLLOW_RUN)
			return oper_complete(t);
		if (follow == FOLLOW_STEPS)
			return steps_complete(t, c->words);
		if (follow == FOLLOW_MATCH)
			return hint_match_complete(t);
		if (follow == FOLLOW_RANGE_SET || follow == FOLLOW_RANGE_DELETE)
			return hint_range_complete(t, follow);
		if (follow != FOLLOW_TOP && follow != FOLLOW_UP)
			return hint_path_complete(t, follow);
		const char *levels = t->w.n > 0 ? t->w.w[0].s : "1";
		bool has_number = follow == FOLLOW_UP && number_take(t);
		move(t, follow == FOLLOW_TOP, has_number ? strtoul(levels, NULL, 10) : 1);
		if (t->w.n == 0)
			t->out->can_end = true;
		if (t->w.n == 0 && follow == FOLLOW_UP && !has_number)
			complete_add(t->out, "<number>", "Number of levels to move up",
			    COMPLETE_PLACEHOLDER, ' ');
	}
}

/* Completes behind the words W of the line. */
static bool
line_complete(const struct hint_ask *ask, const struct words *w,
    const struct complete_partial *partial, struct completions *out, struct refusal *e)
{
	struct typing t = {
		.ask = ask,
		.edit = ask->edit,
		.w = *w,
		.partial = *partial,
		.out = out,
		.e = e,
	};
	bool ok = ask->candidate != NULL ? edit_complete(&t) : oper_complete(&t);
	if (ok)
		complete_sort(out);
	return ok;
}

/* --- the message --- */

/* True if the words are those of a command with regular expressions in it. */
static bool
has_patterns(const struct words *w)
{
	size_t n = w->n > 0 ? strlen(w->w[0].s) : 0;
	if (n > 2 && word_abbreviates(&w->w[0], "replace") != 0)
		return true;
	return n > 0 && w->n > 1 && word_abbreviates(&w->w[0], "wildcard") != 0 &&
	       word_abbreviates(&w->w[1], "delete") != 0;
}

/* Cuts TEXT: W are the complete words, PARTIAL what is being typed from offset AT on. */
static bool
typed_cut(struct arena *a, const char *text, struct words *w, struct complete_partial *partial,
    size_t *at, struct refusal *e)
{
	size_t len = strlen(text);
	*partial = (struct complete_partial){ .s = "" };
	*at = len;
	if (!words_cut(a, text, w, e)) {
		/* inside quotes: what stands before them is complete */
		*at = e->at;
		partial->is_quoted = true;
		partial->s = text + e->at + 1;
		return words_cut(a, arena_strndup(a, text, e->at), w, e);
	}
	bool is_pattern = has_patterns(w);
	if (is_pattern && !words_cut_patterns(a, text, 0, w, e))
		return false;
	char last = len > 0 ? text[len - 1] : ' ';
	if (w->n == 0 || strchr(is_pattern ? " \t\n\"" : " \t\n[]\"", last) != NULL)
		return true;
	*partial = (struct complete_partial){ .s = w->w[w->n - 1].s };
	*at = w->w[--w->n].at;
	return true;
}

static size_t
words_count(const struct completions *c)
{
	size_t n = 0;
	for (size_t i = 0; i < c->n; i++)
		n += c->list[i].kind == COMPLETE_WORD;
	return n;
}

static void
refusal_put(struct arena *a, struct elem *reply, const struct refusal *e)
{
	elem_leaf(a, reply, "text", text_str(&e->text));
	if (e->has_at)
		elem_leaff(a, reply, "caret", "%zu", e->at);
}

static void
completions_put(struct arena *a, struct elem *reply, const struct completions *c)
{
	static const char *const kinds[] = {
		[COMPLETE_WORD] = "word",
		[COMPLETE_NAME] = "name",
		[COMPLETE_PLACEHOLDER] = "placeholder",
	};
	if (c->can_end)
		elem_flag(a, reply, "end");
	if (c->common != NULL)
		elem_leaf(a, reply, "common", c->common);
	if (c->n_cut > 0)
		elem_leaff(a, reply, "more", "%zu", c->n_cut);
	for (size_t i = 0; i < c->n; i++) {
		const struct completion *x = &c->list[i];
		char mark[2] = { x->mark == ' ' ? '\0' : x->mark };
		struct elem *item = elem_add(a, reply, "item");
		elem_leaf(a, item, "name", x->name);
		elem_leaf(a, item, "help", x->help);
		elem_leaf(a, item, "kind", kinds[x->kind]);
		elem_leaf(a, item, "mark", mark);
	}
}

struct elem *
hint_reply(const struct hint_ask *ask, struct arena *a, const char *text, bool judge)
{
	struct elem *reply = elem_new(a, "completions");
	struct complete_partial partial;
	struct refusal e = { 0 };
	struct words w;
	struct words all;
	size_t at;
	struct completions c = { .a = a, .sees = ask->sees, .sees_arg = ask->sees_arg };
	struct completions ignored = c;
	bool ok = typed_cut(a, text, &w, &partial, &at, &e);
	elem_leaff(a, reply, "from", "%zu", at);
	c.is_quoted = partial.is_quoted;
	ok = ok && line_complete(ask, &w, &partial, &c, &e);
	/* a word that several could be is for the user to choose from, not wrong */
	if (ok && judge && partial.s[0] != '\0' && words_count(&c) < 2)
		ok = words_cut(a, text, &all, &e) &&
		     (!has_patterns(&all) || words_cut_patterns(a, text, 0, &all, &e)) &&
		     line_complete(ask, &all, &(struct complete_partial){ .s = "" }, &ignored, &e);
	if (ok)
		completions_put(a, reply, &c);
	else
		refusal_put(a, reply, &e);
	refusal_done(&e);
	return reply;
}
