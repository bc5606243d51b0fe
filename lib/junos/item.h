/* SPDX-License-Identifier: BSD-2-Clause
 *
 * item.h - configuration that came as XML or JSON, before it is held against the schema.
 *
 * Both readers make the same tree of named items; load_data.c carries it out on a configuration tree. What JUNOS
 * says with attributes (delete="delete", inactive="inactive", ...) and JSON with "@" members is a mark. Items
 * and their strings live in one arena of the reader. Private to load_xml.c, load_json.c and load_data.c.
 */
#ifndef ITEM_H
#define ITEM_H

#include "lib/junos/load.h"

#include <stdbool.h>

struct arena;

enum item_mark {
	ITEM_INACTIVE = 1 << 0,
	ITEM_ACTIVE = 1 << 1,
	ITEM_PROTECT = 1 << 2,
	ITEM_UNPROTECT = 1 << 3,
	ITEM_REPLACE = 1 << 4, /* counts where the action is LOAD_REPLACE */
	ITEM_DELETE = 1 << 5,  /* gone without being there: a warning */
	ITEM_RENAME = 1 << 6,  /* to REF */
	ITEM_BEFORE = 1 << 7,  /* insert: before REF */
	ITEM_AFTER = 1 << 8,
	ITEM_FIRST = 1 << 9,
	ITEM_LAST = 1 << 10,
	/* NETCONF's operation="..." */
	ITEM_OP_REPLACE = 1 << 11, /* whatever the action */
	ITEM_OP_CREATE = 1 << 12,  /* there already: an error */
	ITEM_OP_DELETE = 1 << 13,  /* not there: an error */
	ITEM_OP_REMOVE = 1 << 14,  /* not there: fine */
	ITEM_OP_MERGE = 1 << 16,   /* with LOAD_NONE: made nevertheless */
	ITEM_OP_UNKNOWN = 1 << 17, /* not one of those */
	ITEM_IS_COMMENT = 1 << 15, /* an annotation: VALUE belongs to the item that follows */
};

struct item {
	const char *name;  /* without prefix */
	const char *value; /* NULL: none (JSON null, or only children) */
	const char *comment;
	const char *ref; /* the name that `rename` and `insert` speak of, or NULL */
	struct item *parent;
	struct item *child;
	struct item *last;
	struct item *next;
	unsigned line;
	unsigned column;
	unsigned marks;
};

/* Makes an item; PARENT may be NULL. The name is copied without its prefix. */
struct item *item_new(struct arena *a, struct item *parent, const char *name, size_t len);

/* Takes the attribute or "@" member NAME; unknown ones mean nothing here. */
void item_mark(struct arena *a, struct item *i, const char *name, const char *value);

/* Finds <configuration> at the top or in what wraps it (rpc-reply, config); NULL if there is none. */
const struct item *item_configuration(const struct item *root);

/* Carries out what stands in ROOT (the configuration element) below BELOW. Returns false if the report gained an error. */
bool load_items(struct tree *t, struct node *below, enum load_action action,
    const struct item *root, struct report *r);

/* Adds a syntax error of the format itself; returns false. */
bool item_refuse(struct report *r, unsigned line, unsigned column, const char *message);

#endif
