/* SPDX-License-Identifier: BSD-2-Clause
 *
 * permit.c - decisions: a class on the one side, a command or a place of the configuration on the other.
 *
 * Bits first, then the expressions: one that allows beats one that denies. An expression that cannot be compiled (commit check
 * refuses such, an old configuration may still hold one) closes rather than opens. Pure.
 */
#include "daemon/mgd/permit_priv.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/mgd/command.h"
#include "daemon/mgd/path.h"
#include "daemon/mgd/words.h"
#include "lib/base/text.h"
#include "lib/yang/schema.h"

enum { PERMISSION_MAX = 64 };

/* What the commands that are no RPC need, by how they begin; the first row that fits counts. NULL: nothing. What is not here
 * is for those who may do maintenance. */
static const struct {
	const char *begins;
	unsigned bit;
	bool is_free;
} command_bits[] = {
	{ "activate", BIT_CONFIGURE, false }, { "annotate", BIT_CONFIGURE, false },
	{ "clear", BIT_CLEAR, false }, { "cli", 0, true }, { "commit", BIT_CONFIGURE, false },
	{ "configure", BIT_CONFIGURE, false }, { "copy", BIT_CONFIGURE, false },
	{ "deactivate", BIT_CONFIGURE, false }, { "delete", BIT_CONFIGURE, false },
	{ "edit", BIT_CONFIGURE, false }, { "exit", 0, true }, { "help", 0, true },
	{ "insert", BIT_CONFIGURE, false }, { "load", BIT_CONFIGURE, false },
	{ "monitor", BIT_TRACE, false }, { "ping", BIT_NETWORK, false },
	{ "protect", BIT_CONFIGURE, false }, { "quit", 0, true },
	{ "rename", BIT_CONFIGURE, false }, { "replace", BIT_CONFIGURE, false },
	{ "restart", BIT_RESET, false }, { "rollback", BIT_CONFIGURE, false },
	{ "run", BIT_CONFIGURE, false }, { "save", BIT_CONFIGURE, false }, { "set cli", 0, true },
	{ "set", BIT_CONFIGURE, false }, { "show cli", 0, true }, { "show", BIT_VIEW, false },
	{ "ssh", BIT_NETWORK, false }, { "start", BIT_SHELL, false },
	{ "status", BIT_CONFIGURE, false }, { "telnet", BIT_NETWORK, false },
	{ "top", BIT_CONFIGURE, false }, { "traceroute", BIT_NETWORK, false },
	{ "unprotect", BIT_CONFIGURE, false }, { "up", BIT_CONFIGURE, false },
	{ "update", BIT_CONFIGURE, false }, { "wildcard", BIT_CONFIGURE, false },
	{ "xml-mode", 0, true }, /* whose requests are judged one by one */
};

/* --- bits and expressions --- */

bool
permit_pattern_matches(const struct permit_pattern *pattern, const char *text, bool if_broken)
{
	if (!pattern->is_set)
		return false;
	if (pattern->is_broken)
		return if_broken;
	return regexec(&pattern->re, text, 0, NULL, 0) == 0;
}

bool
permit_bits(const struct permit *p, const char *permission, enum permit_access access)
{
	char control[PERMISSION_MAX];
	if (permission == NULL || permit_bit(p, BIT_EDIT))
		return permission != NULL || permit_bit(p, BIT_ALL);
	unsigned bit = permit_bit_find(permission);
	if (access == PERMIT_READ)
		return permit_bit(p, bit) ||
		       (bit != BIT_MAINTENANCE && permit_bit(p, BIT_VIEW_CONFIGURATION));
	snprintf(control, sizeof(control), "%s-control", permission);
	unsigned writes = permit_bit_find(control);
	return permit_bit(p, writes < BITS ? writes : bit);
}

bool
permit_secret(const struct permit *p, enum permit_access access)
{
	if (access == PERMIT_READ)
		return permit_bit(p, BIT_SECRET);
	return permit_bit(p, BIT_SECRET_CONTROL) || permit_bit(p, BIT_EDIT);
}

bool
permit_text(const struct permit *p, bool by_bits, const char *text, const char *below_group)
{
	const struct permit_pattern *allow = &p->allow_conf;
	const struct permit_pattern *deny = &p->deny_conf;
	if (permit_pattern_matches(allow, text, false) ||
	    (below_group != NULL && permit_pattern_matches(allow, below_group, false)))
		return true;
	if (permit_pattern_matches(deny, text, true) ||
	    (below_group != NULL && permit_pattern_matches(deny, below_group, true)))
		return false;
	return by_bits;
}

bool
permit_below(const struct permit *p, const struct snode *s, enum permit_access access)
{
	for (size_t i = 0; i < s->n_children; i++) {
		const struct snode *c = s->children[i];
		if ((c->permission != s->permission && permit_bits(p, c->permission, access)) ||
		    permit_below(p, c, access))
			return true;
	}
	return false;
}

bool
permit_all_below(const struct permit *p, const struct snode *s)
{
	if (p->deny_conf.is_set)
		return false; /* whatever is denied may be among it */
	for (size_t i = 0; i < s->n_children; i++) {
		const struct snode *c = s->children[i];
		/* traces stand in most hierarchies and give nobody rights */
		bool is_other = c->permission != s->permission && c->permission != NULL &&
				strcmp(c->permission, "trace") != 0;
		if ((is_other && !permit_bits(p, c->permission, PERMIT_WRITE)) ||
		    !permit_all_below(p, c))
			return false;
	}
	return true;
}

/* True if WORDS stand literally in the allowing expression: something that begins with them may be meant. */
static bool
is_mentioned(const struct permit_pattern *allow, const char *words)
{
	char *lower = strdup(words);
	if (lower == NULL)
		abort();
	for (char *c = lower; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	bool is_in = allow->is_set && !allow->is_broken && strstr(allow->text, lower) != NULL;
	free(lower);
	return is_in;
}

/* --- classes --- */

const char *
permit_class(const struct permit *p)
{
	return p->class;
}

unsigned
permit_idle_timeout(const struct permit *p)
{
	return p->idle_min;
}

bool
permit_has(const struct permit *p, const char *bit)
{
	return permit_bit(p, permit_bit_find(bit));
}

bool
permit_is_all(const struct permit *p)
{
	return permit_bit(p, BIT_ALL) && !p->deny_conf.is_set;
}

/* --- commands --- */

/* What the bits alone say. */
static bool
command_by_bits(const struct permit *p, const char *words, const char *bit)
{
	if (bit != NULL)
		return permit_has(p, bit);
	if (strncmp(words, "show configuration", 18) == 0 &&
	    (permit_bit(p, BIT_VIEW_CONFIGURATION) || permit_bit(p, BIT_CONFIGURE)))
		return true;
	for (size_t i = 0; i < sizeof(command_bits) / sizeof(command_bits[0]); i++) {
		size_t len = strlen(command_bits[i].begins);
		if (strncmp(command_bits[i].begins, words, len) == 0 &&
		    (words[len] == ' ' || words[len] == '\0'))
			return command_bits[i].is_free || permit_bit(p, command_bits[i].bit);
	}
	return permit_bit(p, BIT_MAINTENANCE);
}

bool
permit_command(const struct permit *p, const char *words, const char *bit)
{
	if (strcmp(words, "exit") == 0 || strcmp(words, "quit") == 0)
		return true; /* or nobody could leave */
	if (permit_pattern_matches(&p->allow_commands, words, false))
		return true;
	if (permit_pattern_matches(&p->deny_commands, words, true))
		return false;
	return command_by_bits(p, words, bit);
}

bool
permit_has_expressions(const struct permit *p)
{
	return p->allow_commands.is_set || p->deny_commands.is_set;
}

bool
permit_command_part(const struct permit *p, const char *words, const char *bit)
{
	if (permit_command(p, words, bit) || is_mentioned(&p->allow_commands, words))
		return true;
	/* an expression that ends in $ may deny only the words alone */
	struct text longer = { 0 };
	text_printf(&longer, "%s .", words);
	bool may = permit_command(p, text_str(&longer), bit);
	text_done(&longer);
	return may;
}

struct command *
permit_commands(const struct permit *p, const struct command *table, size_t n, size_t *n_out)
{
	struct command *mine = calloc(n + 1, sizeof(*mine));
	if (mine == NULL)
		abort();
	*n_out = 0;
	for (size_t i = 0; i < n; i++) {
		const char *bit = table[i].rpc != NULL ? table[i].rpc->permission : NULL;
		if (permit_command_part(p, table[i].words, bit))
			mine[(*n_out)++] = table[i];
	}
	return mine;
}

/* --- places of the configuration --- */

/* Appends the words that lead to the statement of PATH, without its values. Returns the offset of what stands behind
 * `groups NAME`, or 0. */
static size_t
path_text(const struct path *path, struct text *out)
{
	size_t group_at = 0;
	size_t n = path->n;
	if (path->end == PATH_VALUE && n > 0 && path->s != NULL && !path->s->is_empty)
		n--;
	for (size_t i = 0; i < n; i++) {
		if (path_is_bracket(path->words[i]))
			break;
		if (i == 2 && strcmp(path->words[0], "groups") == 0)
			group_at = out->len + 1;
		text_printf(out, "%s%s", i > 0 ? " " : "", path->words[i]);
	}
	return group_at;
}

/* May statement S with the hierarchy TEXT be seen or changed, or does it lead to one that may? */
static bool
place_may(const struct permit *p, const struct snode *s, const char *text, size_t group_at,
    enum permit_access access)
{
	const char *below_group = group_at > 0 ? text + group_at : NULL;
	if (s == NULL || text[0] == '\0')
		return true; /* the top */
	bool by_bits = permit_bits(p, s->permission, access);
	if (permit_text(p, by_bits, text, below_group))
		return !s->is_secret || access == PERMIT_READ || permit_secret(p, access);
	if (s->kind == SNODE_LEAF || s->kind == SNODE_LEAFLIST)
		return false;
	if (is_mentioned(&p->allow_conf, s->name))
		return true;
	return permit_text(p, true, text, below_group) && permit_below(p, s, access);
}

bool
permit_path(const struct permit *p, const struct path *path, enum permit_access access, size_t at,
    struct refusal *e)
{
	if (permit_is_all(p))
		return true;
	struct text text = { 0 };
	size_t group_at = path_text(path, &text);
	bool may = place_may(p, path->s, text_str(&text), group_at, access);
	text_done(&text);
	return may || refuse(e, at, "permission denied.");
}

bool
permit_statement(const struct permit *p, const struct path *path, const struct snode *s,
    enum permit_access access)
{
	if (permit_is_all(p))
		return true;
	struct text text = { 0 };
	size_t group_at = path_text(path, &text);
	if (path->n == 2 && strcmp(path->words[0], "groups") == 0)
		group_at = text.len + 1;
	text_printf(&text, "%s%s", text.len > 0 ? " " : "", s->name);
	bool may = place_may(p, s, text_str(&text), group_at, access);
	text_done(&text);
	return may;
}
