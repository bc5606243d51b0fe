/* SPDX-License-Identifier: BSD-2-Clause
 *
 * complete.h - what can be typed next in a configuration path.
 *
 * The words before are understood by whoever calls (mgd's path.c); this lists what may stand at the place they
 * lead to and begins with what is typed of the next word: statements, words of an enumeration, names of what is
 * configured, names that a reference may take, placeholders. Pure; one thread at a time.
 */
#ifndef COMPLETE_H
#define COMPLETE_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct node;
struct snode;
struct tree;

enum { COMPLETE_NAMES_MAX = 1000 }; /* names of configured objects in one answer */

enum complete_kind {
	COMPLETE_WORD,        /* a keyword: a blank completes it */
	COMPLETE_NAME,        /* of something configured: only Tab completes it */
	COMPLETE_PLACEHOLDER, /* "<name>": shown, never typed */
};

struct completion {
	const char *name; /* as it is typed, in quotes where it needs them */
	const char *help; /* one line, may be "" */
	enum complete_kind kind;
	char mark; /* '>' has statements below it, '+' takes several values, ' ' */
};

struct completions {
	struct arena *a; /* everything lives here; set by the caller */
	struct completion *list;
	size_t n;
	size_t cap;
	size_t n_cut; /* names that were left out, the last of the alphabet */
	const char
	    *common; /* what all names found begin with, those left out as well; NULL: no names */
	bool
	    is_quoted; /* names in quotes, needed or not: the user has opened one; set by the caller */
	bool can_end; /* the line is complete as it is */
	/* May the user see N, a node of the tree? NULL: all. Asked for names that fit only; set by the caller. */
	bool (*sees)(void *arg, const struct node *n);
	void *sees_arg;
};

/* The word that is being typed. */
struct complete_partial {
	const char *s; /* without its quotes */
	bool is_quoted;
};

/* Where the word stands. */
enum complete_where {
	COMPLETE_AT_STATEMENT, /* a statement of container or entry S */
	COMPLETE_AT_KEY_WORD,  /* the word of key number KEY of list S */
	COMPLETE_AT_KEY,       /* the value of that key */
	COMPLETE_AT_VALUE,     /* a value of leaf or leaf-list S */
	COMPLETE_AT_BRACKET,   /* a value of leaf-list S, or the bracket that closes them */
};

struct complete_place {
	enum complete_where where;
	const struct snode *s;
	size_t key;
	const char *const *keys; /* KEY: those before it */
	const struct node *node; /* the container or entry around the word, NULL: not configured */
	const struct tree *tree; /* for references */
	const struct snode * not ; /* a positional leaf that has been given already, or NULL */
};

/* Adds what fits PARTIAL at PLACE. */
void complete_at(const struct complete_place *place, const struct complete_partial *partial,
    struct completions *out);

/* Adds the values that LEAF may take: words, references into TREE (may be NULL), a placeholder. */
void complete_value(const struct tree *tree, const struct snode *leaf,
    const struct complete_partial *partial, struct completions *out);

/* Adds one. All strings are borrowed. */
void complete_add(struct completions *out, const char *name, const char *help,
    enum complete_kind kind, char mark);

/* Sorts by name and drops what is twice. Call it last. */
void complete_sort(struct completions *out);

#endif
