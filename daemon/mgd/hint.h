/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hint.h - the answer to a line that is being typed.
 */
#ifndef HINT_H
#define HINT_H

#include "daemon/mgd/path.h"

struct arena;
struct command;
struct elem;
struct node;
struct permit;
struct session;
struct schema;
struct tree;

/* Who types, and what the words of the line can mean. */
struct hint_ask {
	const struct schema *schema;
	const struct permit *permit; /* whose; NULL: everything may be seen */
	const struct tree *running;
	const struct tree *candidate; /* in configuration mode; else NULL */
	struct path edit;             /* the [edit] place in it */
	const struct command *oper;   /* commands of operational mode that the user may run */
	size_t n_oper;
	const struct command *editing; /* commands of configuration mode */
	size_t n_editing;
	/* which names the user may see: see struct completions; NULL: all */
	bool (*sees)(void *arg, const struct node *n);
	void *sees_arg;
	const struct elem *logs; /* (name)*: files of the log folder; NULL: not known */
	int store; /* folder of the committed configurations, for their dates; -1: none */
};

/* Makes the body of CLI_COMPLETIONS for TEXT. JUDGE: also say what is wrong with its last word. Lives in A and borrows from
 * what ASK points to. */
struct elem *hint_reply(const struct hint_ask *ask, struct arena *a, const char *text, bool judge);

/* Returns the words W behind COMMAND in full, as far as they are words of its own, in A. */
const char **hint_words(struct arena *a, const char *command, const struct words *w);

/* oper.c: the commands of operational mode. */
const struct command *oper_commands(const struct schema *schema, size_t *n);
/* edit.c: those of configuration mode. */
const struct command *edit_commands(size_t *n);
/* session.c: those of them that the user of S may run, in A. */
const struct command *oper_allowed(const struct session *s, struct arena *a, size_t *n);
const struct command *edit_allowed(const struct session *s, struct arena *a, size_t *n);

#endif
