/* SPDX-License-Identifier: BSD-2-Clause
 *
 * command.c - matches typed words with command words, and arguments with the input of an RPC.
 *
 * Called by session.c for lines of operational mode and by edit.c for the words of configuration mode.
 */
#include "daemon/mgd/command.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/msg/elem.h"
#include "lib/yang/schema.h"

/* Spellings that are no prefixes of the command word and that engineers type all the same. */
static const struct {
	const char *typed;
	const char *word;
} habits[] = {
	{ "sa", "security-associations" },
};

/* The I-th word of a command; LEN is 0 if it has fewer. */
static const char *
command_word(const struct command *c, size_t i, size_t *len)
{
	const char *p = c->words;
	for (;;) {
		*len = strcspn(p, " ");
		if (i-- == 0 || *len == 0)
			return p;
		p += *len;
		p += *p == ' ';
	}
}

static size_t
command_length(const struct command *c)
{
	size_t n = 1;
	for (const char *p = c->words; *p != '\0'; p++)
		n += *p == ' ';
	return n;
}

/* 2: the word itself; 1: an abbreviation; 0: something else. */
static int
word_fits(const struct word *w, const char *name, size_t len)
{
	size_t n = strlen(w->s);
	if (w->is_quoted || n == 0)
		return 0;
	if (n <= len && strncmp(w->s, name, n) == 0)
		return n == len ? 2 : 1;
	for (size_t i = 0; i < sizeof(habits) / sizeof(habits[0]); i++)
		if (strcmp(habits[i].typed, w->s) == 0 && strlen(habits[i].word) == len &&
		    strncmp(habits[i].word, name, len) == 0)
			return 1;
	return 0;
}

/* The commands that still fit after some words: a flag for each row of the table. */
struct fits {
	const struct command *table;
	size_t n;
	bool *is_in;
};

static void
completion_add(struct text *out, const char *name, size_t len, const char *help)
{
	text_put(out, "\n  ");
	text_putn(out, name, len);
	text_fill(out, ' ', len < 20 ? 20 - len : 0);
	text_printf(out, " %s", help);
	while (out->len > 0 && out->s[out->len - 1] == ' ')
		out->s[--out->len] = '\0';
}

/* Returns the first row before ROW that has the same I-th word and fits; for listing words once. */
static bool
is_repeat(const struct fits *f, size_t row, size_t i)
{
	size_t len;
	const char *name = command_word(&f->table[row], i, &len);
	for (size_t k = 0; k < row; k++) {
		size_t other_len;
		const char *other = command_word(&f->table[k], i, &other_len);
		if (f->is_in[k] && other_len == len && strncmp(other, name, len) == 0)
			return true;
	}
	return false;
}

static void
ambiguous(const struct fits *f, size_t i, const struct word *w, struct refusal *e)
{
	refuse(e, w->at, "'%.200s' is ambiguous.\nPossible completions:", w->s);
	for (size_t row = 0; row < f->n; row++) {
		if (!f->is_in[row] || f->table[row].is_hidden || is_repeat(f, row, i))
			continue;
		size_t len;
		const char *name = command_word(&f->table[row], i, &len);
		bool is_last = i + 1 == command_length(&f->table[row]);
		completion_add(
		    &e->text, name, len, is_last && f->table[row].help ? f->table[row].help : "");
	}
}

/* Keeps the rows whose I-th word is what W means. Returns the number of different words it could mean. */
static size_t
narrow(struct fits *f, size_t i, const struct word *w)
{
	int best = 0;
	for (size_t row = 0; row < f->n; row++) {
		size_t len;
		const char *name = command_word(&f->table[row], i, &len);
		int fit = f->is_in[row] && len > 0 ? word_fits(w, name, len) : 0;
		if (fit > best)
			best = fit;
	}
	if (best == 0)
		return 0;
	size_t n_words = 0;
	for (size_t row = 0; row < f->n; row++) {
		size_t len;
		const char *name = command_word(&f->table[row], i, &len);
		f->is_in[row] = f->is_in[row] && len > 0 && word_fits(w, name, len) == best;
	}
	for (size_t row = 0; row < f->n; row++)
		n_words += f->is_in[row] && !is_repeat(f, row, i);
	return n_words;
}

/* The row that is complete after I words, if one of those that fit is. */
static const struct command *
complete_row(const struct fits *f, size_t i)
{
	for (size_t row = 0; row < f->n; row++)
		if (f->is_in[row] && command_length(&f->table[row]) == i)
			return &f->table[row];
	return NULL;
}

const struct command *
command_find(const struct command *table, size_t n, const struct words *w, size_t *out_used,
    struct refusal *e)
{
	struct arena *a = arena_new();
	struct fits f = { .table = table, .n = n, .is_in = arena_array(a, n + 1, sizeof(bool)) };
	const struct command *found = NULL;
	size_t i = 0;
	for (size_t row = 0; row < n; row++)
		f.is_in[row] = true;
	for (;; i++) {
		const struct command *complete = i > 0 ? complete_row(&f, i) : NULL;
		size_t n_words = i < w->n ? narrow(&f, i, &w->w[i]) : 0;
		if (n_words == 1)
			continue;
		if (complete != NULL && n_words == 0) {
			found = complete;
			break;
		}
		if (n_words > 1)
			ambiguous(&f, i, &w->w[i], e);
		else if (i == 0)
			refuse(e, w->n > 0 ? w->w[0].at : 0, "unknown command.");
		else
			refuse(e, i < w->n ? w->w[i].at : w->end + 1,
			    "syntax error, expecting <command>.");
		break;
	}
	arena_free(a);
	*out_used = i;
	return found;
}

/* --- arguments --- */

static bool
enum_value(const struct snode *leaf, const struct word *w, const char **out)
{
	size_t n_found = 0;
	for (const char *const *p = leaf->enums; p != NULL && *p != NULL; p++) {
		int fit = word_abbreviates(w, *p);
		if (fit == 0)
			continue;
		*out = *p;
		if (fit == 2)
			return true;
		n_found++;
	}
	return n_found == 1;
}

/* Finds the argument that W names (keyword) or is (a word of an enumeration without keyword). */
static const struct snode *
argument_named(const struct snode *input, const struct elem *request, const struct word *w)
{
	const struct snode *found = NULL;
	size_t n_found = 0;
	for (size_t i = 0; i < input->n_children; i++) {
		const struct snode *c = input->children[i];
		const char *ignored;
		int fit = c->is_nokeyword ? 0 : word_abbreviates(w, c->name);
		if (c->is_nokeyword && c->enums != NULL && !elem_has(request, c->name))
			fit = enum_value(c, w, &ignored) ? 1 : 0;
		if (fit == 2)
			return c;
		if (fit == 1) {
			found = c;
			n_found++;
		}
	}
	return n_found == 1 ? found : NULL;
}

/* The next positional argument that has not been given. */
static const struct snode *
argument_positional(const struct snode *input, const struct elem *request)
{
	for (size_t i = 0; i < input->n_children; i++) {
		const struct snode *c = input->children[i];
		if (c->is_nokeyword && c->enums == NULL && !elem_has(request, c->name))
			return c;
	}
	return NULL;
}

static bool
argument_add(struct arena *a, struct elem *request, const struct snode *leaf, const struct word *w,
    struct refusal *e)
{
	char err[256] = "";
	char canonical[256] = "";
	const char *value = w->s;
	if (leaf->enums != NULL && !enum_value(leaf, w, &value))
		return refuse(e, w->at, "syntax error.");
	if (!snode_value_check(leaf, value, err, sizeof(err), canonical, sizeof(canonical)))
		return refuse(e, w->at, "%s", err[0] != '\0' ? err : "syntax error.");
	elem_leaf(a, request, leaf->name, canonical[0] != '\0' ? canonical : value);
	return true;
}

struct elem *
command_request(struct arena *a, const struct srpc *rpc, const struct words *w, struct refusal *e)
{
	struct elem *request = elem_new(a, rpc->name);
	for (size_t i = 0; i < w->n; i++) {
		const struct snode *leaf = argument_named(rpc->input, request, &w->w[i]);
		bool has_keyword = leaf != NULL && !leaf->is_nokeyword;
		if (leaf == NULL)
			leaf = argument_positional(rpc->input, request);
		if (leaf == NULL || elem_has(request, leaf->name)) {
			refuse(e, w->w[i].at, "syntax error.");
			return NULL;
		}
		if (leaf->is_empty) {
			elem_flag(a, request, leaf->name);
			continue;
		}
		if (has_keyword && ++i == w->n) {
			refuse(e, w->end + 1, "missing argument.");
			return NULL;
		}
		if (!argument_add(a, request, leaf, &w->w[i], e))
			return NULL;
	}
	for (size_t i = 0; i < rpc->input->n_children; i++) {
		const struct snode *c = rpc->input->children[i];
		if (c->is_mandatory && !elem_has(request, c->name)) {
			refuse(e, w->end + 1, "missing mandatory argument: %s.", c->name);
			return NULL;
		}
	}
	return request;
}

const char *
command_style(const struct srpc *rpc, const struct elem *request)
{
	for (size_t i = 0; i < rpc->input->n_children; i++) {
		const struct snode *c = rpc->input->children[i];
		if (!c->is_nokeyword || c->enums == NULL)
			continue;
		const char *given = elem_value(request, c->name);
		if (given != NULL)
			return given;
		return c->default_value != NULL ? c->default_value : c->enums[0];
	}
	return "";
}
