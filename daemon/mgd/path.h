/* SPDX-License-Identifier: BSD-2-Clause
 *
 * path.h - a typed path into the configuration, word by word along the schema.
 *
 * Statement words may be abbreviated; values are judged where they stand, so that the caret of an error is under the
 * word it is about. The result is the same path in full words, as lib/junos reads it. Pure.
 */
#ifndef PATH_H
#define PATH_H

#include "daemon/mgd/words.h"

struct snode;
struct arena;

enum path_end {
	PATH_NODE,  /* a container, or a list entry with all its keys */
	PATH_LIST,  /* a list without a key: all its entries */
	PATH_LEAF,  /* a leaf or leaf-list without a value */
	PATH_VALUE, /* a leaf with its value, or one that has none */
	/* only of path_walk_part(), which may end inside something: */
	PATH_KEY_WORD, /* before the word of key number n_keys */
	PATH_KEY,      /* before that key itself; a list without any key is PATH_LIST */
	PATH_BRACKET,  /* among the values of a leaf-list */
};

struct path {
	const char *
	    *words; /* full words; some are values that need quotes where they are written */
	size_t n;
	enum path_end end;
	const struct snode *s; /* what the last word belongs to */
	const struct snode
	    *around;     /* the container or complete list entry that the path has reached ... */
	size_t n_around; /* ... and the number of words that lead to it */
	size_t n_keys;   /* keys taken of S where the walk ended inside them */
};

/* Walks the words W from the node that START (an earlier result of end PATH_NODE; n = 0: the root) leads to. OUT
 * begins with the words of START. If VALUES is false, names and values are not judged (delete, show: what is
 * not there is not found). Returns false and E. */
bool path_walk(struct arena *a, const struct snode *root, const struct path *start,
    const struct words *w, bool values, struct path *out, struct refusal *e);

/* The same for a line that is being typed: it may end after any word. */
bool path_walk_part(struct arena *a, const struct snode *root, const struct path *start,
    const struct words *w, bool values, struct path *out, struct refusal *e);

/* Moves P, of end PATH_NODE or of a value of a leaf-list, to what is around its last statement. */
void path_up(struct path *p);

/* True if WORD, a pointer out of path.words, is a bracket around values and not a value. */
bool path_is_bracket(const char *word);

/* Appends the words of P from the I-th on, quoted where lib/junos needs it, each after a blank. */
void path_print(const struct path *p, size_t i, struct text *out);

#endif
