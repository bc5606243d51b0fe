/* SPDX-License-Identifier: BSD-2-Clause
 *
 * place.h - words of a path against a tree and its schema.
 *
 * What the loader, the set lines and the finders share: which statement a word means, and which words
 * are the keys of a list. Pure; one thread at a time.
 */
#ifndef PLACE_H
#define PLACE_H

#include "lib/junos/tree.h"

#include <stdbool.h>
#include <stddef.h>

enum { PLACE_KEYS_MAX = 4 };

enum place_kind {
	PLACE_NODE, /* it is there */
	PLACE_ALL, /* a list or leaf-list without a key: all of SCHEMA below PARENT, at least one */
	PLACE_MISSING, /* a known statement that is not configured */
	PLACE_UNKNOWN, /* word USED means nothing there */
};

struct place {
	enum place_kind kind;
	struct node *node;
	struct node *parent;        /* PLACE_ALL */
	const struct snode *schema; /* PLACE_ALL */
	size_t used;                /* words understood */
};

/* Follows WORDS from FROM. */
struct place place_find(struct node *from, const char *const *words, size_t n);

/* Returns the child of PARENT, which may be of another tree, with the statement and the keys (or value of a leaf-list) of N. */
struct node *place_partner(const struct node *parent, const struct node *n);

/* Makes the way to PLACE, which is of another tree, in T, and returns its end. */
struct node *place_clone(struct tree *t, const struct node *place);

/* Returns the statement that WORD starts below S: by its name unless IS_QUOTED, else the Nth statement without
 * a word (a positional leaf, or a list whose entries stand bare); *HAS_WORD tells which. NULL if none. */
const struct snode *place_child(
    const struct snode *s, const char *word, bool is_quoted, size_t nth, bool *has_word);

/* Puts VALUE into the form that the tree keeps it in: CANON (SIZE bytes) or VALUE itself is returned. NULL if it is refused;
 * ERR then has the reason. Not for secrets. */
const char *place_value(const struct snode *leaf, const char *value, char *canon, size_t size,
    char *err, size_t err_size);

#endif
