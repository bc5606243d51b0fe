/* SPDX-License-Identifier: BSD-2-Clause
 *
 * elem.h - trees of named elements: what travels between the processes.
 *
 * One shape serves three purposes: the configuration that mgd hands to a daemon, a request (an RPC
 * with its arguments), and a row of a reply. It is the shape of XML without attributes: an element
 * has a name and either a value (a leaf), children, or neither (an empty leaf). A list entry is a
 * container whose key leaves come first; a leaf-list is a leaf repeated.
 *
 * Encoding (all numbers big-endian):
 *   0x01 name         open a container: u8 name length, name
 *   0x02 name value   leaf: u8 name length, name, u32 value length, value
 *   0x03 name         empty leaf
 *   0x04              close the container opened last
 * Names are 1..255 bytes of [A-Za-z0-9_.:-], the first a letter or '_'; values hold no NUL byte.
 * Depth is bounded by ELEM_DEPTH_MAX. A decoder trusts nothing: anything else is refused whole.
 */
#ifndef ELEM_H
#define ELEM_H

#include "lib/base/arena.h"
#include "lib/base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum { ELEM_DEPTH_MAX = 32 };

struct elem {
	const char *name;
	const char *value;   /* NULL: container or empty leaf */
	struct elem *parent; /* NULL at the root */
	struct elem *child;  /* first */
	struct elem *last;   /* last child */
	struct elem *next;   /* sibling, in order */
	const void
	    *origin; /* what it was made from (a configuration statement), NULL after decoding */
	bool is_container;
};

/* --- building a tree in memory; everything lives in the arena, strings are copied --- */
struct elem *elem_new(struct arena *a, const char *name); /* a container without a parent */
struct elem *elem_add(struct arena *a, struct elem *parent, const char *name); /* container */
struct elem *elem_leaf(struct arena *a, struct elem *parent, const char *name, const char *value);
struct elem *elem_flag(struct arena *a, struct elem *parent, const char *name); /* empty leaf */
__attribute__((format(printf, 4, 5))) struct elem *elem_leaff(
    struct arena *a, struct elem *parent, const char *name, const char *fmt, ...);

/* Adds a childless copy of LIKE, whose name and value are borrowed: they must live as long as A is used. */
struct elem *elem_borrow(struct arena *a, struct elem *parent, const struct elem *like);

/* The same with all that is below LIKE, which both have in common from now on: the children stay LIKE's (their parent is
 * LIKE), so the copy is for reading downwards and for elem_encode(). */
struct elem *elem_share(struct arena *a, struct elem *parent, const struct elem *like);

/* --- reading a tree --- */
/* Returns the first child called NAME, or NULL; E may be NULL. */
struct elem *elem_find(const struct elem *e, const char *name);
/* Returns the next sibling of E with the same name, or NULL. */
struct elem *elem_next(const struct elem *e);
/* Returns the value of the first child leaf called NAME, or NULL. */
const char *elem_value(const struct elem *e, const char *name);
bool elem_has(const struct elem *e, const char *name);
/* Follows a path of names separated by '/'; NULL if a step is missing. */
struct elem *elem_path(const struct elem *e, const char *path);

/* Loops C over the children of E that are called NAME. */
#define elem_each(c, e, name) \
	for (struct elem *c = elem_find((e), (name)); c != NULL; c = elem_next(c))

/* --- the wire --- */
/* Containers nested deeper than ELEM_DEPTH_MAX fail W. */
void elem_encode(struct wr *w, const struct elem *e);
/* Reads exactly one element, in A. Returns NULL if the bytes are not a valid encoding. */
struct elem *elem_decode(struct arena *a, struct rd *r);

#endif
