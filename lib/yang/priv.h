/* SPDX-License-Identifier: BSD-2-Clause
 *
 * priv.h - what lib/yang keeps behind a struct snode.
 *
 * Written by schema.c and compile.c while the schema is built, constant afterwards. Used in this folder only.
 */
#ifndef PRIV_H
#define PRIV_H

#include "lib/yang/schema.h"

#include <libyang/libyang.h>

struct arena;

/* One word below a node: a name or an alias. */
struct word_slot {
	const char *word; /* NULL: free */
	uint32_t len;
	const struct snode *node;
};

/* One other spelling of an enum value. */
struct enum_alias {
	const char *word;
	const char *canonical;
};

/* Judges VALUE as snode_value_check() does; CANONICAL is NULL or holds CANONICAL_SIZE bytes and is an empty string. */
typedef bool value_check(const struct snode *n, const char *value, char *err, size_t err_size,
    char *canonical, size_t canonical_size);

struct snode_priv {
	const struct ly_ctx *ctx;
	const struct lysc_node *lysc; /* NULL at the root */
	struct word_slot *words;      /* open addressing; NULL if there is nothing below */
	size_t words_mask;
	value_check *check;               /* leaf and leaf-list */
	const struct enum_alias *aliases; /* ends with word = NULL; or NULL */
};

/* Builds the snode of a compiled YANG node and of all below it. PARENT may be NULL. */
struct snode *compile_node(
    struct arena *a, const struct ly_ctx *ctx, const struct lysc_node *node, struct snode *parent);

/* Returns the argument of our extension NAME on the node, "" if it has none, NULL if it does not stand there. */
const char *compile_ext(const struct lysc_ext_instance *exts, const char *name);

/* Builds the table of words of N from its children. */
void compile_words(struct arena *a, const struct ly_ctx *ctx, struct snode *n);

/* Places a copy of each of the COMMON snodes at the front of every container and list below N (not N itself). */
void compile_common(struct arena *a, const struct ly_ctx *ctx, struct snode *n,
    const struct snode *const *common, size_t n_common);

/* Places a copy of all statements of ROOT, but for groups and version, below its list of groups. */
void compile_groups(struct arena *a, const struct ly_ctx *ctx, struct snode *root);

/* Returns the function that judges values of the leaf; TYPE_NAME is its type as written. */
value_check *value_check_find(const struct lysc_type *type, const char *type_name);

/* Returns the placeholder for values of a type that value.c knows by name, or NULL. */
const char *value_placeholder(const char *type_name);

/* Fills in the least and the greatest value of an unsigned number; false for other types. */
bool value_bounds(const struct lysc_type *type, uint64_t *out_lo, uint64_t *out_hi);

/* Returns the type of a leaf or leaf-list. */
const struct lysc_type *compile_type(const struct lysc_node *node);

#endif
