/* SPDX-License-Identifier: BSD-2-Clause
 *
 * index.h - finding one of very many children at once.
 *
 * A node with more than a few children gets an index: a hash of its children by statement and key,
 * and the last child of each statement, so that a new one finds its canonical place. Used by
 * tree.c only; one thread at a time.
 */
#ifndef INDEX_H
#define INDEX_H

#include <stdbool.h>
#include <stddef.h>

struct node;
struct snode;

enum { INDEX_FROM = 12 }; /* children from which an index pays */

struct index {
	struct index *prev; /* all indexes of a tree */
	struct index *next;
	struct node **slots; /* open addressing; cap is a power of two */
	size_t n;
	size_t cap;
	struct node *last_of[]; /* by place of the statement in the parent's schema */
};

/* What tells children of one node apart. */
struct index_key {
	const struct snode *schema;
	const char *value;            /* first key or value of a leaf-list; else NULL */
	const char *const *more_keys; /* keys 2..n, or NULL */
};

struct index_key index_key_of(const struct node *n);
bool index_key_is(const struct index_key *k, const struct node *n);

struct index *index_new(size_t n_statements);
void index_free(struct index *x); /* NULL is fine */
struct node *index_find(const struct index *x, const struct index_key *k);
void index_add(struct index *x, struct node *n); /* not there yet */
void index_del(struct index *x, const struct node *n);

#endif
