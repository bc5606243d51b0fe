/* SPDX-License-Identifier: BSD-2-Clause
 *
 * load.h - configuration text into a tree, and a tree into text.
 *
 * Curly text and `set` lines, as JUNOS reads and prints them: quoting, comments (both kinds), inactive:
 * protect: replace: delete: tags, [ lists ], one-line containers, positional words. A secret given in clear is turned
 * into its $9$ form as it is read and is kept and printed in that form (with ## SECRET-DATA in text).
 * Reading never stops at the first error: every error of a text is reported with line, column, word
 * and [edit] place, and what is good is kept. Pure; one thread at a time.
 */
#ifndef LOAD_H
#define LOAD_H

#include "lib/junos/tree.h"

#include <stdbool.h>
#include <stddef.h>

struct report;
struct text;

enum load_action {
	LOAD_OVERRIDE, /* the tree is emptied first */
	LOAD_MERGE,    /* union; scalars are overwritten */
	LOAD_REPLACE, /* like merge, but statements tagged replace: take the place of what is there */
	LOAD_NONE, /* XML and JSON: only statements with an operation change anything; others must be there */
};

/* Reads curly text (LEN bytes, any bytes at all) into T. Reports syntax, value, unsupported and ignored
 * statements. Returns false if the report gained an error. */
bool load_text(
    struct tree *t, enum load_action action, const char *s, size_t len, struct report *r);

/* The same with the statements standing below BELOW (`load merge relative`). */
bool load_below(struct tree *t, struct node *below, enum load_action action, const char *s,
    size_t len, struct report *r);

/* Reads lines of set, delete, activate, deactivate, insert, rename, annotate, protect, ... BELOW is the
 * [edit] place the paths are relative to (the root for files). */
bool load_set(struct tree *t, struct node *below, const char *s, size_t len, struct report *r);

/* The same for JUNOS XML and JSON (the exact inverse of print_xml() and print_json()), BELOW as in load_below(): the
 * attributes and "@" members delete, replace, rename, insert, inactive, active, protect, unprotect and operation, and
 * annotations. A text that is not well-formed changes nothing. */
bool load_xml(struct tree *t, struct node *below, enum load_action action, const char *s,
    size_t len, struct report *r);
bool load_json(struct tree *t, struct node *below, enum load_action action, const char *s,
    size_t len, struct report *r);

/* Reads what stands below BELOW: XML if it starts with '<', JSON if with '{', else curly text. */
bool load_any_below(struct tree *t, struct node *below, enum load_action action, const char *s,
    size_t len, struct report *r);
/* The same at the root, and `set` lines if the first word is one of the above. */
bool load_any(struct tree *t, enum load_action action, const char *s, size_t len, struct report *r);

/* Does the text begin with a line "[edit services]", as documents print fragments? Then load_places() adds what stands below
 * each such line to T. */
bool load_has_places(const char *s, size_t len);
bool load_places(struct tree *t, const char *s, size_t len, struct report *r);

/* Makes what stands below BELOW equal to what the text says (any kind but set lines), as LOAD_OVERRIDE would, but changes
 * only what differs: the rest keeps its nodes, places and $9$ forms (`load update`). */
bool load_update(struct tree *t, struct node *below, const char *s, size_t len, struct report *r);

/* Carries out a difference as print_compare() writes it (`load patch`): [edit] places, from BELOW; lines that begin with
 * '-', '+', '!' or a blank. What cannot be found is an error; the rest is carried out. */
bool load_patch(struct tree *t, struct node *below, const char *s, size_t len, struct report *r);

/* Print N and all below it; N = the root prints the whole configuration. INDENT in levels. */
void print_text(const struct node *n, unsigned indent, struct text *out);
/* The children of N as `show` at that [edit] level prints them. */
void print_children(const struct node *n, struct text *out);
/* FIRST and the others of its list or leaf-list as `show` of that statement prints them. */
void print_list(const struct node *first, struct text *out);
/* As `set ...` lines (and deactivate, protect, annotate lines), full paths from the root, or relative to N. */
void print_set(const struct node *n, bool relative, struct text *out);
/* N as such lines relative to what it stands in. */
void print_set_entry(const struct node *n, struct text *out);
/* JUNOS XML (<configuration>) and JSON. */
void print_xml(const struct node *n, unsigned indent, struct text *out);
/* The same; what N, a node of T, and those below it were inherited from stands in the attribute junos:group. */
void print_xml_groups(
    const struct tree *t, const struct node *n, unsigned indent, struct text *out);
/* S with what XML keeps to itself written as entities. */
void print_xml_text(const char *s, struct text *out);
void print_json(const struct node *n, struct text *out);
/* The same; T (or NULL) as in print_xml_groups(), ATTRIBUTES: members that "@" of N, a container, begins with, or "". */
void print_json_marked(
    const struct tree *t, const struct node *n, const char *attributes, struct text *out);
/* True if A and B, each with all below it, say the same. */
bool node_same(const struct node *a, const struct node *b);
/* The difference as `show | compare` prints it. Empty if there is none. */
void print_compare(const struct tree *from, const struct tree *to, struct text *out);
/* The same for what the N WORDS of a path lead to (n = 0: all). */
void print_compare_at(const struct tree *from, const struct tree *to, const char *const *words,
    size_t n, struct text *out);

#endif
