/* SPDX-License-Identifier: BSD-2-Clause
 *
 * xpath.c - XPath into steps and conditions, and a walk that carries along which steps may come next as a set of bits.
 *
 * Called by call_get.c. RFC 6241 8.9; XPath 1.0 for the meaning.
 */
#include "daemon/mgd/xpath.h"

#include <stdint.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/junos/tree.h"

enum kind {
	IS_AND,
	IS_OR,
	IS_NOT,      /* of LEFT */
	IS_THERE,    /* PATH leads somewhere */
	IS_EQUAL,    /* to something with this value */
	IS_OTHER,    /* to something with another value */
	IS_CONTAINS, /* to something whose value contains it */
	IS_START,    /* ... begins with it */
};

/* A condition. */
struct cond {
	enum kind kind;
	const struct cond *left;
	const struct cond *right;
	const char *const *path; /* names from the node, "*" any; NULL ends it */
	const char *value;
};

struct step {
	const char *name;        /* "*": any */
	const struct cond *cond; /* NULL: none */
	bool is_deep;            /* at any depth below the step before */
	bool is_last;            /* of its path */
};

struct xpath {
	struct step steps[XPATH_STEPS_MAX];
	size_t n;
	uint64_t first; /* the first step of each path */
};

/* --- reading --- */

struct reader {
	struct arena *a;
	const char *s;
	const char *error; /* the first thing that was wrong; then nothing more is read */
	unsigned n_conds;
	unsigned depth;
};

static const char unsupported[] = "unsupported XPath expression";
static const char too_long[] = "unsupported XPath expression: too long";

static void
blanks_skip(struct reader *r)
{
	r->s += strspn(r->s, " \t\r\n");
}

static void
fail(struct reader *r, const char *error)
{
	if (r->error == NULL)
		r->error = error;
	r->s = ""; /* nothing matches any more: all loops end */
}

/* Takes TOKEN if it comes next. */
static bool
take(struct reader *r, const char *token)
{
	size_t n = strlen(token);
	blanks_skip(r);
	if (strncmp(r->s, token, n) != 0)
		return false;
	r->s += n;
	return true;
}

static void
want(struct reader *r, const char *token)
{
	if (!take(r, token))
		fail(r, unsupported);
}

static size_t
name_length(const char *s)
{
	return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
}

/* Takes a word, such as `and`, if it comes next and nothing of a name follows it. */
static bool
take_word(struct reader *r, const char *word)
{
	blanks_skip(r);
	if (name_length(r->s) != strlen(word) || strncmp(r->s, word, strlen(word)) != 0)
		return false;
	r->s += strlen(word);
	return true;
}

/* A name without its prefix, or "*". */
static const char *
name_read(struct reader *r)
{
	if (take(r, "*"))
		return "*";
	size_t n = name_length(r->s);
	if (n > 0 && r->s[n] == ':' && r->s[n + 1] != ':') {
		r->s += n + 1;
		n = name_length(r->s);
		if (n == 0 && take(r, "*"))
			return "*";
	}
	bool is_name = n > 0 && strchr("0123456789-.", r->s[0]) == NULL && r->s[n] != ':';
	if (!is_name || r->s[n] == '(') {
		fail(r, unsupported);
		return "";
	}
	const char *name = arena_strndup(r->a, r->s, n);
	r->s += n;
	return name;
}

/* 'text', "text" or a number, which is compared as it is written. */
static const char *
literal_read(struct reader *r)
{
	blanks_skip(r);
	char quote = *r->s;
	if (quote == '\'' || quote == '"') {
		const char *end = strchr(r->s + 1, quote);
		if (end == NULL) {
			fail(r, unsupported);
			return "";
		}
		const char *text = arena_strndup(r->a, r->s + 1, (size_t)(end - r->s - 1));
		r->s = end + 1;
		return text;
	}
	size_t n = strspn(r->s, "0123456789");
	if (n == 0)
		fail(r, unsupported);
	const char *number = arena_strndup(r->a, r->s, n);
	r->s += n;
	return number;
}

/* `.`, text() or names with `/` between them. */
static const char *const *
operand_read(struct reader *r)
{
	const char *names[XPATH_DEPTH_MAX + 1];
	size_t n = 0;
	blanks_skip(r);
	if (r->s[0] == '.' && r->s[1] != '.') {
		r->s++;
	} else if (!take(r, "text()")) {
		do {
			if (n == XPATH_DEPTH_MAX)
				fail(r, too_long);
			else if (n == 0 || !take(r, "text()"))
				names[n++] = name_read(r);
		} while (r->error == NULL && take(r, "/"));
	}
	const char **path = arena_alloc(r->a, (n + 1) * sizeof(*path));
	for (size_t i = 0; i < n; i++)
		path[i] = names[i];
	path[n] = NULL;
	return path;
}

static struct cond *
cond_new(struct reader *r, enum kind kind)
{
	struct cond *c = arena_alloc(r->a, sizeof(*c));
	if (++r->n_conds > XPATH_NODES_MAX)
		fail(r, too_long);
	c->kind = kind;
	return c;
}

static const struct cond *or_read(struct reader *r);

/* What stands between parentheses, the first of which has been taken. */
static const struct cond *
group_read(struct reader *r)
{
	if (++r->depth > XPATH_DEPTH_MAX)
		fail(r, too_long);
	const struct cond *c = or_read(r);
	want(r, ")");
	r->depth--;
	return c;
}

static const struct cond *
comparison_read(struct reader *r)
{
	static const struct {
		const char *word;
		enum kind kind;
	} functions[] = { { "contains(", IS_CONTAINS }, { "starts-with(", IS_START } };
	if (take(r, "("))
		return group_read(r);
	if (take(r, "not(")) {
		struct cond *c = cond_new(r, IS_NOT);
		c->left = group_read(r);
		return c;
	}
	struct cond *c = cond_new(r, IS_THERE);
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		if (!take(r, functions[i].word))
			continue;
		c->kind = functions[i].kind;
		c->path = operand_read(r);
		want(r, ",");
		c->value = literal_read(r);
		want(r, ")");
		return c;
	}
	c->path = operand_read(r);
	if (take(r, "!="))
		c->kind = IS_OTHER;
	else if (take(r, "="))
		c->kind = IS_EQUAL;
	if (c->kind != IS_THERE)
		c->value = literal_read(r);
	return c;
}

static const struct cond *
and_read(struct reader *r)
{
	const struct cond *left = comparison_read(r);
	while (r->error == NULL && take_word(r, "and")) {
		struct cond *c = cond_new(r, IS_AND);
		c->left = left;
		c->right = comparison_read(r);
		left = c;
	}
	return left;
}

static const struct cond *
or_read(struct reader *r)
{
	const struct cond *left = and_read(r);
	while (r->error == NULL && take_word(r, "or")) {
		struct cond *c = cond_new(r, IS_OR);
		c->left = left;
		c->right = and_read(r);
		left = c;
	}
	return left;
}

/* The conditions of one step: all of them must hold. */
static const struct cond *
conds_read(struct reader *r)
{
	const struct cond *all = NULL;
	while (r->error == NULL && take(r, "[")) {
		const struct cond *one = or_read(r);
		want(r, "]");
		if (all != NULL) {
			struct cond *both = cond_new(r, IS_AND);
			both->left = all;
			both->right = one;
			one = both;
		}
		all = one;
	}
	return all;
}

static void
path_read(struct reader *r, struct xpath *x)
{
	bool is_first = true;
	blanks_skip(r);
	if (x->n < XPATH_STEPS_MAX && r->s[0] == '/' && strchr(" |", r->s[1]) != NULL) {
		r->s++; /* the whole document */
		x->first |= UINT64_C(1) << x->n;
		x->steps[x->n++] = (struct step){ .name = "*", .is_last = true };
		return;
	}
	for (;;) {
		bool is_deep = take(r, "//");
		if (!is_deep && !take(r, "/") && !is_first)
			break;
		if (x->n == XPATH_STEPS_MAX) {
			fail(r, too_long);
			break;
		}
		struct step *s = &x->steps[x->n];
		*s = (struct step){ .name = name_read(r), .is_deep = is_deep };
		s->cond = conds_read(r);
		x->first |= is_first ? UINT64_C(1) << x->n : 0;
		x->n++;
		is_first = false;
		if (r->error != NULL)
			break;
	}
	if (x->n > 0)
		x->steps[x->n - 1].is_last = true;
}

const struct xpath *
xpath_read(struct arena *a, const char *text, const char **error)
{
	struct reader r = { .a = a, .s = text };
	struct xpath *x = arena_alloc(a, sizeof(*x));
	do
		path_read(&r, x);
	while (r.error == NULL && take(&r, "|"));
	blanks_skip(&r);
	if (*r.s != '\0')
		fail(&r, unsupported);
	*error = r.error;
	return r.error == NULL ? x : NULL;
}

/* --- judging --- */

static bool
is_name(const char *wanted, const char *name)
{
	return strcmp(wanted, "*") == 0 || strcmp(wanted, name) == 0;
}

static bool
value_holds(const struct cond *c, const char *value)
{
	if (c->kind == IS_THERE)
		return true;
	const char *v = value != NULL ? value : "";
	switch (c->kind) {
	case IS_EQUAL:
		return strcmp(v, c->value) == 0;
	case IS_OTHER:
		return strcmp(v, c->value) != 0;
	case IS_CONTAINS:
		return strstr(v, c->value) != NULL;
	default:
		return strncmp(v, c->value, strlen(c->value)) == 0;
	}
}

static const char *
key_of(const struct node *n, size_t i)
{
	return i == 0 ? n->value : n->more_keys[i - 1];
}

static size_t
n_keys(const struct node *n)
{
	return n->schema->kind == SNODE_LIST ? n->schema->n_keys : 0;
}

/* The text of the element that N is, if it is one: a leaf's value, or the only key of an entry with nothing else. */
static const char *
text_of(const struct node *n)
{
	bool is_leaf = n->schema->kind == SNODE_LEAF || n->schema->kind == SNODE_LEAFLIST;
	bool is_key = n_keys(n) == 1 && n->child == NULL;
	return is_leaf || is_key ? n->value : NULL;
}

/* Does something that PATH leads to from N hold? The depth is that of PATH. */
static bool
path_holds(const struct cond *c, const char *const *path, const struct node *n)
{
	if (path[0] == NULL)
		return value_holds(c, text_of(n));
	for (size_t i = 0; i < n_keys(n) && path[1] == NULL; i++)
		if (is_name(path[0], n->schema->keys[i]->name) && value_holds(c, key_of(n, i)))
			return true;
	for (const struct node *k = n->child; k != NULL; k = k->next)
		if (is_name(path[0], k->schema->name) && path_holds(c, path + 1, k))
			return true;
	return false;
}

/* Does C hold for N, or, where N is NULL, for a key whose value is KEY? Recursion is bounded by the reader. */
static bool
cond_holds(const struct cond *c, const struct node *n, const char *key)
{
	if (c == NULL)
		return true;
	switch (c->kind) {
	case IS_AND:
		return cond_holds(c->left, n, key) && cond_holds(c->right, n, key);
	case IS_OR:
		return cond_holds(c->left, n, key) || cond_holds(c->right, n, key);
	case IS_NOT:
		return !cond_holds(c->left, n, key);
	default:
		return n != NULL ? path_holds(c, c->path, n)
				 : c->path[0] == NULL && value_holds(c, key);
	}
}

/* Which steps may come below N, if those of MAY could come at N. *CHOSEN: N is at the end of a path. KEY as in cond_holds(). */
static uint64_t
steps_take(const struct xpath *x, uint64_t may, const char *name, const struct node *n,
    const char *key, bool *chosen)
{
	uint64_t below = 0;
	*chosen = false;
	for (size_t i = 0; i < x->n; i++) {
		const struct step *s = &x->steps[i];
		if ((may >> i & 1) == 0)
			continue;
		if (s->is_deep)
			below |= UINT64_C(1) << i;
		if (!is_name(s->name, name) || !cond_holds(s->cond, n, key))
			continue;
		if (s->is_last)
			*chosen = true;
		else
			below |= UINT64_C(1) << (i + 1);
	}
	return below;
}

/* Returns false if nothing at or below N is chosen. The depth is that of the schema. */
static bool
prune(const struct xpath *x, struct tree *t, struct node *n, uint64_t may)
{
	bool chosen;
	uint64_t below = steps_take(x, may, n->schema->name, n, NULL, &chosen);
	if (chosen)
		return true;
	if (below == 0)
		return false;
	bool is_kept = false;
	for (size_t i = 0; i < n_keys(n); i++) {
		steps_take(x, below, n->schema->keys[i]->name, NULL, key_of(n, i), &chosen);
		is_kept = is_kept || chosen;
	}
	struct node *next;
	for (struct node *c = n->child; c != NULL; c = next) {
		next = c->next;
		if (prune(x, t, c, below))
			is_kept = true;
		else
			node_del(t, c);
	}
	return is_kept;
}

bool
xpath_prune(const struct xpath *x, struct tree *t)
{
	return prune(x, t, tree_root(t), x->first);
}
