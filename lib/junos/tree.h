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
struct index;

/* The value of a secret in a tree that is shown to somebody who may not see it. Never read as one. */
#define NODE_SECRET_HIDDEN "/* SECRET-DATA */"

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
	const char *
	    comment; /* annotation printed above it (the root's: below all); NULL = none. Lines: one that
			* begins with '#' is a # comment of its own, runs of others are the text of one block comment */
	unsigned line; /* where it was read, 0 = not from a file */
	unsigned column;
	/* bits, because there are hundreds of thousands of nodes: five bytes would make each one longer by eight */
	bool is_inactive : 1;
	bool is_protected : 1;
	/* changed_mark() said so; print_xml() and print_json() tell. On a secret that is hidden: it is another one than in the
	 * tree that this one is compared with */
	bool is_changed : 1;
	/* container or leaf in a tree for somebody who may not see what it holds: a mark and no content */
	bool is_denied : 1;
	bool
	    is_omitted : 1; /* in a tree for `show`: its content is not there, because it shall not be shown */
	unsigned
	    group; /* in an expanded tree: the group it was inherited from, see node_group(); 0 = none */
	struct index *index; /* tree.c's own: finds children where there are many */
};

struct tree; /* owns all nodes */

struct tree *tree_new(const struct schema *s);
void tree_free(struct tree *t);
struct tree *tree_copy(const struct tree *t); /* what is inherited stays so */
struct node *tree_root(const struct tree *t); /* never NULL */
const struct schema *tree_schema(const struct tree *t);
size_t tree_count(const struct tree *t); /* nodes, the root included */
size_t tree_memory(
    const struct tree *t); /* bytes in use by nodes and strings, without the indexes */

/* True if somewhere a group is applied: only then has groups_expand() anything to do. */
bool tree_applies_groups(const struct tree *t);
/* True if some part shall not be shown unless asked for: only then has omit_mark() anything to do. */
bool tree_omits(const struct tree *t);
/* Returns a new number for struct node's group, which stands for NAME from now on; NAME is copied. */
unsigned tree_add_group(struct tree *t, const char *name);
/* Takes over the numbers of FROM for a tree that has none; with them node_take_groups() tells of N and what is below it from which
 * groups they are: those of SRC, a node of FROM of which N is a copy. */
void tree_take_groups(struct tree *t, const struct tree *from);
void node_take_groups(struct node *n, const struct node *src);
/* Returns the name of the group that N was inherited from, or NULL. */
const char *node_group(const struct tree *t, const struct node *n);

/* --- finding --- */
struct node *node_child(
    const struct node *n, const struct snode *s); /* container or leaf; NULL if absent */
struct node *node_entry(const struct node *n, const struct snode *list, const char *const *keys);
struct node *node_value(const struct node *n, const struct snode *leaflist, const char *value);
/* The first and the last child of statement S, or NULL: entries of one statement stand together. */
struct node *node_first_of(const struct node *parent, const struct snode *s);
struct node *node_last_of(const struct node *parent, const struct snode *s);
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
/* Sets, changes or (NULL) removes the annotation of N, lines as in struct node. Comment marks inside are
 * defused. TEXT is copied. */
void node_set_comment(struct tree *t, struct node *n, const char *text);
/* Adds LINES to the annotation as they are. They begin with ##, so that whoever reads the text drops them again. */
void node_add_note(struct tree *t, struct node *n, const char *lines);
/* Puts N right before (or after) REF, an entry or value of the same list. */
void node_move(struct tree *t, struct node *n, struct node *ref, bool after);
/* Changes the keys of an entry (or the value of a leaf-list) in place. False if the new name exists already. */
bool node_rename(struct tree *t, struct node *n, const char *const *keys);
/* Copies SRC, which may be of another tree of the same schema, with all below it under PARENT; KEYS (or
 * NULL: its own) name the copy. Returns NULL and changes nothing if that exists already. */
struct node *node_copy(
    struct tree *t, struct node *parent, const struct node *src, const char *const *keys);
/* The text of a node whose schema is_any, in the form the printer wants it; NULL = none. */
const char *node_any(const struct node *n);
void node_set_any(struct tree *t, struct node *n, const char *text);
/* Removes the siblings below PARENT that exclude S (other branches of its choice), as JUNOS does: the last one wins. */
void node_del_excluded(struct tree *t, struct node *parent, const struct snode *s);

/* --- text of places, for messages --- */
/* Writes the [edit] path of N itself: "services ipsec-vpn rule r1 term t1". */
struct text;
void node_edit_path(const struct node *n, struct text *out);
/* Writes the statement of N as the user knows it: "spi 256", "term t1", "direction inbound". */
void node_statement(const struct node *n, struct text *out);

/* Builds the element tree of the active configuration (inactive parts and the definitions of groups left out; secrets decoded to clear): what conf_load()
 * and the daemons get. Each element's origin is a struct conf_origin-shaped pair in A: unsigned line, unsigned column. The
 * elements borrow their names from the schema and their values, but for secrets, from the tree. */
struct elem *tree_to_elem(const struct tree *t, struct arena *a);

#endif
