/* SPDX-License-Identifier: BSD-2-Clause
 *
 * edit.h - the commands of configuration mode that have a file of their own.
 */
#ifndef EDIT_H
#define EDIT_H

#include <stdbool.h>

#include "lib/base/release.h"

struct arena;
struct report;
struct session;
struct tree;
struct words;

/* What is said of a version that a text names and this is not. */
#define VERSION_MISMATCH "configuration is of version %s, the software of version " RELEASE_JUNOS

/* --- edit.c: what its commands share --- */

/* Carries out set lines with full paths, each with its newline, and ends the line: warnings are shown, errors fail it. */
void edit_change(struct session *s, const char *lines);
/* Shows what R holds in the same way, and ends the line. */
void edit_report(struct session *s, const struct report *r);

/* --- edit_password.c --- */

struct path;
/* `set ... plain-text-password`, which P leads to: asks for the password and sets its hash. */
void edit_password(struct session *s, const struct path *p);

/* --- edit_many.c --- */

/* `replace pattern REGEX with TEXT [upto N]` */
void edit_replace(struct session *s, const struct words *w, struct arena *a);
/* `wildcard delete [PATH] REGEX`, after a question */
void edit_wildcard_delete(struct session *s, const struct words *w, struct arena *a);
/* `wildcard range set|delete PATH` with brackets as in range.h; VERB: which one */
void edit_wildcard_range(
    struct session *s, const char *verb, const struct words *w, struct arena *a);

/* --- edit_load.c --- */

/* `commit [check | confirmed [N] | at TIME] [full] [synchronize [force]] [comment TEXT] [and-quit]`, in any order */
void edit_commit(struct session *s, const struct words *w);

/* `load (merge | override | replace | set | update) (FILE | terminal) [relative]` */
void edit_load(struct session *s, const struct words *w);

/* What a program may ask of a load beside that. */
enum load_trial {
	TRIAL_NONE,
	TRIAL_FIRST, /* nothing is loaded that would not pass the commit check */
	TRIAL_ONLY,  /* nothing is loaded at all */
};

struct load_wish {
	const char *action; /* "merge", ... in full, or "none" */
	const char *format; /* "text", "xml", "json" */
	const char *file;   /* NULL: the program sends the text */
	bool stops;         /* at the first error */
	bool is_whole;      /* all of it or, if anything is wrong, nothing */
	enum load_trial trial;
};

/* The same for a program. */
void edit_load_call(struct session *s, const struct load_wish *wish);

/* --- trial.c: what could be committed, without doing so --- */

/* Puts T into the place of what S edits and returns that. */
struct tree *trial_swap(struct session *s, struct tree *t);
/* Checks T, which is taken over, as a commit would; ends the answer, later. KEEP: it becomes what S edits if it is good. */
void trial_start(struct session *s, struct tree *t, bool keep);
/* The session ends. */
void trial_done(struct session *s);
/* `save FILE`: the file gets the part of the candidate at the [edit] place, and what it stands in. */
void edit_save(struct session *s, const struct words *w);

/* --- edit_judge.c --- */

struct command;
/* May the user of S run C with the words W behind it? That he may run it with some has been found already. */
bool edit_arguments_may(
    const struct session *s, const struct command *c, const struct words *w, struct arena *a);

/* May S run COMMAND of configuration mode now? If not, its line has ended. For what goes on later: a lock may have been taken
 * meanwhile. */
bool edit_may(struct session *s, const char *command);

#endif
