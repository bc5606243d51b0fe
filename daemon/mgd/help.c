/* SPDX-License-Identifier: BSD-2-Clause
 *
 * help.c - help apropos, help reference, help topic: what the schema and the command table say about themselves.
 *
 * apropos looks for a word in names and help texts: of commands in operational mode, of statements below the [edit] place
 * in configuration mode. reference and topic describe one statement, given by its path or by its name alone. Called
 * by oper_system.c and edit.c.
 */
#include <string.h>

#include "daemon/mgd/command.h"
#include "daemon/mgd/hint.h"
#include "daemon/mgd/mgd.h"
#include "lib/yang/schema.h"

enum { HELP_DEPTH_MAX = 24, HELP_TEXT_MAX = 1 << 20 };

/* What is being looked for, and the way to where we are. */
struct search {
	const char *word;
	struct text *out;
	const struct snode *way[HELP_DEPTH_MAX];
	size_t depth;
	bool by_name;  /* only names that are exactly WORD */
	bool describe; /* a page about each, not a line */
};

/* True if TEXT contains WORD; the case does not matter. */
static bool
has_word(const char *text, const char *word)
{
	return strcasestr(text, word) != NULL;
}

/* --- statements --- */

static void
leaf_put(struct text *out, const struct snode *n)
{
	if (n->is_empty)
		return;
	if (n->enums != NULL) {
		text_put(out, " (");
		for (const char *const *w = n->enums; *w != NULL; w++)
			text_printf(out, "%s%s", w == n->enums ? "" : " | ", *w);
		text_putc(out, ')');
	} else if (n->value_help != NULL && n->value_help[0] == '<') {
		text_printf(out, " %s", n->value_help);
	} else {
		text_printf(out, " <%s>", n->name);
	}
}

/* One step of a path: its word and its keys. */
static void
step_put(struct text *out, const struct snode *n)
{
	if (!n->is_nokeyword)
		text_printf(out, " %s", n->name);
	for (size_t i = 0; i < n->n_keys; i++) {
		if (n->is_key_keyword)
			text_printf(out, " %s", n->keys[i]->name);
		leaf_put(out, n->keys[i]);
	}
	if (n->kind == SNODE_LEAF || n->kind == SNODE_LEAFLIST)
		leaf_put(out, n);
}

static void
way_put(const struct search *f, const char *before)
{
	text_put(f->out, before);
	for (size_t i = 0; i < f->depth; i++)
		step_put(f->out, f->way[i]);
}

static void
children_put(struct text *out, const struct snode *n)
{
	for (size_t i = 0; i < n->n_children; i++) {
		const struct snode *c = n->children[i];
		if (c->is_hidden)
			continue;
		text_printf(out, "    %-22s %s\n", c->name, c->help);
	}
}

/* A page about the statement at the end of the way. */
static void
page_put(const struct search *f)
{
	static const char *const statuses[] = {
		[SNODE_RUNNING] = NULL,
		[SNODE_IGNORED] = "Accepted, kept and shown, without effect.",
		[SNODE_UNSUPPORTED] = "Not supported.",
	};
	const struct snode *n = f->way[f->depth - 1];
	text_printf(f->out, "%s\n\n    Syntax\n\n       ", n->name);
	step_put(f->out, n);
	text_put(f->out, n->kind == SNODE_LEAF || n->kind == SNODE_LEAFLIST ? ";" : " { ... }");
	text_put(f->out, "\n\n    Hierarchy Level\n\n        [edit");
	for (size_t i = 0; i + 1 < f->depth; i++)
		step_put(f->out, f->way[i]);
	text_printf(f->out, "]\n\n    Description\n\n        %s.\n", n->help);
	if (statuses[n->status] != NULL)
		text_printf(f->out, "        %s\n", statuses[n->status]);
	if (n->default_value != NULL)
		text_printf(f->out, "\n    Default\n\n        %s\n", n->default_value);
	if (n->n_children > 0) {
		text_put(f->out, "\n    Options\n\n");
		children_put(f->out, n);
	}
	text_putc(f->out, '\n');
}

static void
found(const struct search *f)
{
	if (f->describe) {
		page_put(f);
		return;
	}
	way_put(f, "set");
	text_printf(f->out, "\n    %s\n", f->way[f->depth - 1]->help);
}

static bool
is_wanted(const struct search *f, const struct snode *n)
{
	if (f->by_name)
		return strcmp(n->name, f->word) == 0;
	return has_word(n->name, f->word) || has_word(n->help, f->word);
}

/* The schema is ours and has no more levels than the way has room for. */
static void
statements_search(struct search *f, const struct snode *n)
{
	if (f->depth == HELP_DEPTH_MAX || f->out->len > HELP_TEXT_MAX)
		return;
	for (size_t i = 0; i < n->n_children; i++) {
		const struct snode *c = n->children[i];
		if (c->is_hidden || c->role != SNODE_PLAIN)
			continue;
		f->way[f->depth++] = c;
		if (is_wanted(f, c))
			found(f);
		if (c->kind == SNODE_CONTAINER || c->kind == SNODE_LIST)
			statements_search(f, c);
		f->depth--;
	}
}

/* --- commands --- */

static void
commands_search(struct session *s, const char *word, struct text *out)
{
	size_t n;
	const struct command *table = oper_commands(s->m->db.schema, &n);
	for (size_t i = 0; i < n; i++) {
		const struct command *c = &table[i];
		if (c->is_hidden || c->help == NULL)
			continue;
		if (has_word(c->words, word) || has_word(c->help, word))
			text_printf(out, "%s\n    %s\n", c->words, c->help);
		const struct snode *input = c->rpc != NULL ? c->rpc->input : NULL;
		for (size_t k = 0; input != NULL && k < input->n_children; k++) {
			const struct snode *arg = input->children[k];
			if (!has_word(arg->name, word) && !has_word(arg->help, word))
				continue;
			text_put(out, c->words);
			step_put(out, arg);
			text_printf(out, "\n    %s\n", arg->help);
		}
	}
}

/* --- the three commands --- */

static void
apropos(struct session *s, const char *word, struct text *out)
{
	if (!s->is_configuring) {
		commands_search(s, word, out);
		return;
	}
	struct search f = { .word = word, .out = out };
	statements_search(&f, s->edit.s != NULL ? s->edit.s : s->m->db.schema->config);
}

/* The statement that a path of words means, its keys left out; NULL if there is none. */
static const struct snode *
walk(const struct session *s, const struct words *w, struct search *f)
{
	const struct snode *at = s->m->db.schema->config;
	for (size_t i = 0; i < w->n && at != NULL && f->depth < HELP_DEPTH_MAX; i++) {
		at = snode_find(at, w->w[i].s, strlen(w->w[i].s));
		if (at != NULL)
			f->way[f->depth++] = at;
	}
	return at;
}

/* A page for the path; or, for a single word, one for every statement of that name. */
static void
describe(struct session *s, const struct words *w, struct text *out)
{
	struct search f = { .out = out, .describe = true };
	if (walk(s, w, &f) != NULL) {
		page_put(&f);
		return;
	}
	f.depth = 0;
	f.by_name = true;
	f.word = w->w[w->n - 1].s;
	if (w->n == 1)
		statements_search(&f, s->m->db.schema->config);
}

void
help_run(struct session *s, const char *what, const struct words *rest)
{
	struct text out = { 0 };
	struct refusal e = { 0 };
	bool is_apropos = strcmp(what, "apropos") == 0;
	if (rest->n == 0)
		refuse(&e, rest->end + 1, "missing argument.");
	else if (is_apropos && rest->n > 1)
		refuse(&e, rest->w[1].at, "syntax error.");
	else if (is_apropos)
		apropos(s, rest->w[0].s, &out);
	else
		describe(s, rest, &out);
	if (e.text.len > 0) {
		session_refuse(s, &e);
	} else if (out.len == 0 && !is_apropos) {
		session_fail(s, "error: no help about that; \"help apropos\" finds names");
	} else {
		session_text(s, text_str(&out));
		session_done(s);
	}
	refusal_done(&e);
	text_done(&out);
}
