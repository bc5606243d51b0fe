/* SPDX-License-Identifier: BSD-2-Clause
 *
 * permit.h - what a user may see and do: login classes, and the one place that decides.
 *
 * A class is a set of permission bits and up to four regular expressions. A command needs the bit that its RPC or its first
 * word names; a statement of the configuration is seen with the bit that the schema gives it (sp:permission) and changed
 * with the same bit and "-control". allow-commands and allow-configuration add to that, deny-commands and deny-configuration
 * take away, and where both match the allowing one counts. Expressions ignore case and match anywhere in the whole command
 * or hierarchy ("show interfaces terse", "system login class ops"), unless they say ^ or $.
 *
 * Whoever shows a configuration shows permit_view() of it, and whoever changes one lets permit_settle() look at what came
 * out. With these two no format and no command has a rule of its own: what a user may not see is not in the tree that is
 * printed, what a user may not change is as it was. permit_path() and permit_command() come before them, for a message at
 * the right word. Pure; one thread.
 */
#ifndef PERMIT_H
#define PERMIT_H

#include <stdbool.h>
#include <stddef.h>

struct command;
struct node;
struct path;
struct permit;
struct permits;
struct refusal;
struct report;
struct snode;
struct text;
struct tree;
struct user;
struct words;

/* What stands in the place of a secret that is not shown. */
#define PERMIT_SECRET "/* SECRET-DATA */"

enum permit_access { PERMIT_READ, PERMIT_WRITE };

/* --- classes and users of a configuration --- */

/* Reads [edit system login] of T, in which groups are expanded. The caller owns the result; it borrows nothing. */
struct permits *permits_new(const struct tree *t);
void permits_free(struct permits *ps);

/* Returns what U may do, or NULL if U may not even log in. root is super-user; who stands in [edit system login] has that class;
 * other members of the group of administrators are super-users. Borrowed until permits_free(). */
const struct permit *permits_of(const struct permits *ps, const struct user *u);

/* What somebody may do who may do nothing. */
const struct permit *permits_nobody(const struct permits *ps);
/* What is said to who has logged in, or NULL. Borrowed until permits_free(). */
const char *permits_announcement(const struct permits *ps);
/* True if commands of users shall be in the log, too. */
bool permits_log_commands(const struct permits *ps);

/* --- decisions --- */

/* "super-user" */
const char *permit_class(const struct permit *p);
/* Minutes of inactivity after which the session ends; 0: never. */
unsigned permit_idle_timeout(const struct permit *p);
/* Has it the bit ("configure", "rollback", "secret", ...) or all? */
bool permit_has(const struct permit *p, const char *bit);
/* True if nothing is hidden or closed, so that there is nothing to do for a whole tree. */
bool permit_is_all(const struct permit *p);

/* What P may do, as `show cli authorization` prints it for USER. */
void permit_print(const struct permit *p, const char *user, struct text *out);

/* May the command WORDS ("show interfaces terse") be run, which needs BIT (NULL: the one that its first word stands for)? */
bool permit_command(const struct permit *p, const char *words, const char *bit);
/* True if its class has expressions for commands: only then do words behind the first ones matter in configuration mode. */
bool permit_has_expressions(const struct permit *p);
/* The same for words that more words may follow: true if some line that begins with them may be run. */
bool permit_command_part(const struct permit *p, const char *words, const char *bit);
/* Copies those commands of TABLE that may be run, with N_OUT of them; in an array that the caller frees. */
struct command *permit_commands(
    const struct permit *p, const struct command *table, size_t n, size_t *n_out);

/* May the statement of PATH, words already walked along the schema, be seen or changed? A place that only leads to such
 * statements may be seen. On refusal E gets "permission denied." at offset AT. */
bool permit_path(const struct permit *p, const struct path *path, enum permit_access access,
    size_t at, struct refusal *e);
/* The same for the statement S that could stand at PATH, which is a container or an entry: for completion. */
bool permit_statement(const struct permit *p, const struct path *path, const struct snode *s,
    enum permit_access access);

/* --- whole trees --- */

enum permit_hidden {
	PERMIT_MARK, /* hidden statements leave a mark that print_text() shows: `login { ACCESS-DENIED };` */
	PERMIT_DROP, /* nothing at all is left of them */
};

/* Returns a new tree that holds what P may see of T, secrets as PERMIT_SECRET where they may not be seen; NULL: all of T, as it is.
 */
struct tree *permit_view(const struct permit *p, const struct tree *t, enum permit_hidden hidden);

/* VIEW and OLD_VIEW are permit_view()s of T and OLD. Marks the secrets of VIEW that are hidden in both and have changed, so that
 * a comparison shows that they did. */
void permit_mark_changed(
    const struct tree *old, const struct tree *t, const struct tree *old_view, struct tree *view);

/* An eye that looks at single nodes, where a view of the whole would take too long: for names while a line is typed. The tree must not
 * change while there is one. */
struct permit_eye *permit_eye_new(const struct permit *p);
void permit_eye_free(struct permit_eye *x); /* NULL is fine */
/* Would N be in the permit_view() with PERMIT_DROP of its tree? */
bool permit_eye_sees(struct permit_eye *x, const struct node *n);

/* AFTER has become of BEFORE by something that P asked for. Undoes each change that P may not make, with one error in R for
 * each place. Returns true if there was none. */
bool permit_settle(
    const struct permit *p, const struct tree *before, struct tree *after, struct report *r);

/* Writes TEXT, words of the configuration in full, without what may be a secret in it. */
void permit_hide_secrets(const char *text, struct text *out);

#endif
