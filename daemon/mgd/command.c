/* SPDX-License-Identifier: BSD-2-Clause
 *
 * command.c - matches typed words with command words, and arguments with the input of an RPC.
 *
 * Called by session.c for lines of operational mode and by edit.c for the words of configuration mode.
 */
#include "daemon/mgd/command.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/junos/complete.h"
#include "lib/msg/elem.h"
#include "lib/yang/schema.h"

/* Spellings that are no prefixes of the command word and that engineers type all the same. */
static const struct {
	const char *typed;
	const char *word;
} habits[] = {
	{ "sa", "security-associations" },
};

/* What the words that start several commands are about. */
static const struct {
	const char *words;
	const char *help;
} groups[] = {
	{ "clear", "Clear information in the system" },
	{ "clear ike", "Clear IKE information" },
	{ "clear interfaces", "Clear interface information" },
	{ "clear ipsec", "Clear IP Security information" },
	{ "clear security", "Clear security information" },
	{ "clear security pki", "Clear certificates and keys" },
	{ "clear services", "Clear services information" },
	{ "clear services ipsec-vpn", "Clear IPSec VPN information" },
	{ "clear services ipsec-vpn ike", "Clear IKE information" },
	{ "clear services ipsec-vpn ipsec", "Clear IPSec information" },
	{ "clear system", "Clear system information" },
	{ "file", "Perform file operations" },
	{ "file checksum", "Calculate file checksum" },
	{ "file compare", "Compare files" },
	{ "help", "Provide help information" },
	{ "monitor", "Show real-time debugging information" },
	{ "replace", "Replace character string in configuration" },
	{ "request", "Make system-level requests" },
	{ "request ipsec", "Perform IP Security operations" },
	{ "request security", "Perform security operations" },
	{ "request security pki", "Perform operations on certificates and keys" },
	{ "request security pki ca-certificate", "Perform operations on certificates of CAs" },
	{ "request security pki local-certificate", "Perform operations on local certificates" },
	{ "request services", "Perform services operations" },
	{ "request services ipsec-vpn", "Perform IPSec VPN operations" },
	{ "request services ipsec-vpn ipsec", "Perform IPSec operations" },
	{ "request services ipsec-vpn ipsec switch", "Switch between remote gateways" },
	{ "request system", "Perform system-level operations" },
	{ "request system configuration", "Request operation on system configuration" },
	{ "request system configuration rescue", "Request operation on rescue configuration" },
	{ "restart", "Restart software process" },
	{ "set", "Set CLI properties" },
	{ "set cli", "Set command-line interface properties" },
	{ "show", "Show system information" },
	{ "show chassis", "Show chassis information" },
	{ "show ike", "Show Internet Key Exchange information" },
	{ "show ipsec", "Show IP Security information" },
	{ "show ipsec redundancy", "Show redundancy information" },
	{ "show ipv6", "Show IP version 6 information" },
	{ "show security", "Show security information" },
	{ "show security pki", "Show certificates and keys" },
	{ "show services", "Show services information" },
	{ "show services ipsec-vpn", "Show IPSec VPN information" },
	{ "show services ipsec-vpn ike", "Show IKE information" },
	{ "show services ipsec-vpn ipsec", "Show IPSec information" },
	{ "show services service-sets", "Show service set information" },
	{ "show services service-sets statistics", "Show service set statistics" },
	{ "show system", "Show system information" },
	{ "show system configuration", "Show configuration information" },
	{ "start", "Start shell" },
	{ "wildcard", "Change many statements at once" },
	{ "wildcard range", "Change a range of statements" },
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

/* What the I-th word of ROW is about: the command itself, or what starts with it. */
static const char *
word_help(const struct command *row, size_t i)
{
	size_t len;
	const char *word = command_word(row, i, &len);
	size_t n = (size_t)(word - row->words) + len;
	if (row->words[n] == '\0')
		return row->help != NULL ? row->help : "";
	for (size_t k = 0; k < sizeof(groups) / sizeof(groups[0]); k++)
		if (strlen(groups[k].words) == n && strncmp(groups[k].words, row->words, n) == 0)
			return groups[k].help;
	return "";
}

static void
completion_add(struct text *out, const char *name, const char *help)
{
	size_t len = strlen(name);
	text_printf(out, "\n  %s", name);
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
	struct arena *a = arena_new();
	struct completions list = { .a = a };
	refuse(e, w->at, "'%.200s' is ambiguous.\nPossible completions:", w->s);
	for (size_t row = 0; row < f->n; row++) {
		if (!f->is_in[row] || f->table[row].is_hidden || is_repeat(f, row, i))
			continue;
		size_t len;
		const char *name = command_word(&f->table[row], i, &len);
		complete_add(&list, arena_strndup(a, name, len), word_help(&f->table[row], i),
		    COMPLETE_WORD, ' ');
	}
	complete_sort(&list);
	for (size_t k = 0; k < list.n; k++)
		completion_add(&e->text, list.list[k].name, list.list[k].help);
	arena_free(a);
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

bool
command_complete(const struct command *table, size_t n, const struct words *w,
    const struct complete_partial *partial, struct completions *out,
    const struct command **out_command, size_t *out_used, struct refusal *e)
{
	struct fits f = {
		.table = table, .n = n, .is_in = arena_array(out->a, n + 1, sizeof(bool))
	};
	for (size_t row = 0; row < n; row++)
		f.is_in[row] = true;
	*out_command = NULL;
	size_t i = 0;
	for (; i < w->n; i++) {
		const struct command *complete = i > 0 ? complete_row(&f, i) : NULL;
		size_t n_words = narrow(&f, i, &w->w[i]);
		if (n_words == 1)
			continue;
		if (n_words == 0 && complete != NULL) {
			*out_command = complete;
			*out_used = i;
			return true; /* the rest are its arguments */
		}
		if (n_words > 1)
			ambiguous(&f, i, &w->w[i], e);
		else
			refuse(e, w->w[i].at,
			    i == 0 ? "unknown command." : "syntax error, expecting <command>.");
		return false;
	}
	struct word typed = { .s = partial->s, .is_quoted = partial->is_quoted };
	for (size_t row = 0; row < n; row++) {
		size_t len;
		const char *name = command_word(&table[row], i, &len);
		if (!f.is_in[row] || len == 0 || table[row].is_hidden || is_repeat(&f, row, i) ||
		    ((partial->s[0] != '\0' || partial->is_quoted) &&
			word_fits(&typed, name, len) == 0))
			continue;
		complete_add(out, arena_strndup(out->a, name, len), word_help(&table[row], i),
		    COMPLETE_WORD, ' ');
	}
	*out_command = i > 0 ? complete_row(&f, i) : NULL;
	*out_used = i;
	return true;
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

/* Reads the arguments in W into REQUEST. If PART, the value of the last one may be missing: OUT_PENDING is then the argument
 * that waits for it, else NULL. */
static bool
arguments_read(struct arena *a, struct elem *request, const struct srpc *rpc, const struct words *w,
    bool part, const struct snode **out_pending, struct refusal *e)
{
	*out_pending = NULL;
	for (size_t i = 0; i < w->n; i++) {
		const struct snode *leaf = argument_named(rpc->input, request, &w->w[i]);
		bool has_keyword = leaf != NULL && !leaf->is_nokeyword;
		if (leaf == NULL)
			leaf = argument_positional(rpc->input, request);
		if (leaf == NULL || elem_has(request, leaf->name))
			return refuse(e, w->w[i].at, "syntax error.");
		if (leaf->is_empty) {
			elem_flag(a, request, leaf->name);
			continue;
		}
		if (has_keyword && ++i == w->n) {
			if (!part)
				return refuse(e, w->end + 1, "missing argument.");
			*out_pending = leaf;
			return true;
		}
		if (!argument_add(a, request, leaf, &w->w[i], e))
			return false;
	}
	return true;
}

static const struct snode *
argument_missing(const struct srpc *rpc, const struct elem *request)
{
	for (size_t i = 0; i < rpc->input->n_children; i++) {
		const struct snode *c = rpc->input->children[i];
		if (c->is_mandatory && !elem_has(request, c->name))
			return c;
	}
	return NULL;
}

struct elem *
command_request(struct arena *a, const struct srpc *rpc, const struct words *w, struct refusal *e)
{
	struct elem *request = elem_new(a, rpc->name);
	const struct snode *leaf;
	if (!arguments_read(a, request, rpc, w, false, &leaf, e))
		return NULL;
	leaf = argument_missing(rpc, request);
	if (leaf != NULL) {
		refuse(e, w->end + 1, "missing mandatory argument: %s.", leaf->name);
		return NULL;
	}
	return request;
}

/* The argument that the element ARG gives; a word of an enumeration that has no keyword gives that one its value. */
static const struct snode *
argument_of(const struct srpc *rpc, const struct elem *arg, const char **out_value)
{
	const struct snode *input = rpc->input;
	const struct snode *leaf = snode_find(input, arg->name, strlen(arg->name));
	*out_value = arg->value != NULL ? arg->value : "";
	if (leaf != NULL || (*out_value)[0] != '\0')
		return leaf;
	struct word w = { .s = arg->name };
	for (size_t i = 0; i < input->n_children; i++) {
		const struct snode *c = input->children[i];
		const char *word;
		if (c->is_nokeyword && c->enums != NULL && enum_value(c, &w, &word) &&
		    strcmp(word, arg->name) == 0) {
			*out_value = word;
			return c;
		}
	}
	return NULL;
}

struct elem *
command_request_named(struct arena *a, const struct srpc *rpc, const struct elem *arguments,
    const char **out_wrong, struct refusal *e)
{
	struct elem *request = elem_new(a, rpc->name);
	for (const struct elem *arg = arguments->child; arg != NULL; arg = arg->next) {
		struct word w = { 0 };
		const struct snode *leaf = argument_of(rpc, arg, &w.s);
		*out_wrong = arg->name;
		if (leaf == NULL || arg->child != NULL || elem_has(request, leaf->name)) {
			refuse(e, 0, "syntax error");
			return NULL;
		}
		if (leaf->is_empty)
			elem_flag(a, request, leaf->name);
		else if (!argument_add(a, request, leaf, &w, e))
			return NULL;
	}
	const struct snode *missing = argument_missing(rpc, request);
	if (missing != NULL) {
		*out_wrong = missing->name;
		refuse(e, 0, "missing mandatory argument: %s", missing->name);
		return NULL;
	}
	return request;
}

bool
command_complete_arguments(const struct srpc *rpc, const struct tree *t, const struct words *w,
    const struct complete_partial *partial, struct completions *out, struct refusal *e)
{
	struct elem *request = elem_new(out->a, rpc->name);
	const struct snode *leaf;
	struct word typed = { .s = partial->s, .is_quoted = partial->is_quoted };
	if (!arguments_read(out->a, request, rpc, w, true, &leaf, e))
		return false;
	if (leaf != NULL) {
		complete_value(t, leaf, partial, out);
		return true;
	}
	for (size_t i = 0; i < rpc->input->n_children; i++) {
		const struct snode *c = rpc->input->children[i];
		if (elem_has(request, c->name) || c->is_hidden)
			continue;
		if (c->is_nokeyword)
			complete_value(t, c, partial, out);
		else if ((partial->s[0] == '\0' && !partial->is_quoted) ||
			 word_abbreviates(&typed, c->name) != 0)
			complete_add(out, c->name, c->help, COMPLETE_WORD, ' ');
	}
	out->can_end = argument_missing(rpc, request) == NULL;
	return true;
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
