/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tree.h - a configuration as a typed tree whose nodes point at the schema.
 *
 * Candidate, running and rollback are such trees. A node is a container, a list entry, a leaf or one
 * value of a leaf-list. Children stand in canonical order: schema order, and within a list
 * the order of entry where it is ordered by user (JUNOS keeps entry order elsewhere too). Large lists carry an index, so
 * that finding an entry does not get slower. The tree owns its strings; one thread at a time.
 */
#ifndef TREE_H
#define TREE_H

#include "lib/yang/schema.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct elem;

struct node {
	const struct snode *schema;
	struct node *parent; /* NULL at the root */
	struct node *prev;   /* siblings, canonical order */
	struct node *next;
	struct node *child; /* first */
	struct node *last;
	const char *
	    value; /* leaf and leaf-list: the value; a secret in its $9$ form; list entry: its first key; else NULL */
	const char **more_keys; /* list entry with several keys: keys 2..n; else NULL */
	const char
	    *comment;  /* annotation printed above it, without the comment marks; NULL = none */
	unsigned line; /* where it was read, 0 = not from a file */
	unsigned column;
	bool is_inactive;
	bool is_protected;
	void *index; /* tree.c's own: hash of list entries below */
};

struct tree; /* owns all nodes */

struct tree *tree_new(const struct schema *s);
void tree_free(struct tree *t);
struct tree *tree_copy(const struct tree *t);
struct node *tree_root(const struct tree *t); /* never NULL */
const struct schema *tree_schema(const struct tree *t);

/* --- finding --- */
struct node *node_child(
    const struct node *n, const struct snode *s); /* container or leaf; NULL if absent */
struct node *node_entry(const struct node *n, const struct snode *list, const char *const *keys);
struct node *node_value(const struct node *n, const struct snode *leaflist, const char *value);
/* Follows statement words and keys ("services", "ipsec-vpn", "rule", "r1"); NULL if a step is missing. */
struct node *node_path(const struct node *n, const char *const *words, size_t n_words);

/* --- changing; each returns the node, existing or made in its canonical place --- */
struct node *node_add(struct tree *t, struct node *parent, const struct snode *s); /* container */
struct node *node_add_entry(
    struct tree *t, struct node *parent, const struct snode *list, const char *const *keys);
struct node *node_set_leaf(
    struct tree *t, struct node *parent, const struct snode *leaf, const char *value);
struct node *node_add_value(
    struct tree *t, struct node *parent, const struct snode *leaflist, const char *value);
void node_del(struct tree *t,
    struct node *n); /* with everything below; removes other branches' nodes never */
/* Removes the siblings below PARENT that exclude S (other branches of its choice), as JUNOS does: the last one wins. */
void node_del_excluded(struct tree *t, struct node *parent, const struct snode *s);

/* --- text of places, for messages --- */
/* Writes the [edit] path of N itself: "services ipsec-vpn rule r1 term t1". */
struct text;
void node_edit_path(const struct node *n, struct text *out);
/* Writes the statement of N as the user knows it: "spi 256", "term t1", "direction inbound". */
void node_statement(const struct node *n, struct text *out);

/* Builds the element tree of the active configuration (inactive parts left out; secrets decoded to clear): what conf_load()
 * and the daemons get. Each element's origin is a struct conf_origin-shaped pair in A: unsigned line, unsigned column. */
struct elem *tree_to_elem(const struct tree *t, struct arena *a);

#endif
