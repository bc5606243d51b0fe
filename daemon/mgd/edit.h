/* SPDX-License-Identifier: BSD-2-Clause
 *
 * edit.h - the commands of configuration mode that have a file of their own.
 */
#ifndef EDIT_H
#define EDIT_H

#include <stdbool.h>

struct session;
struct words;

/* `commit [check | confirmed [N] | at TIME] [full] [synchronize [force]] [comment TEXT] [and-quit]`, in any order */
void edit_commit(struct session *s, const struct words *w);

/* `load (merge | override | replace | set | update) (FILE | terminal) [relative]` */
void edit_load(struct session *s, const struct words *w);

/* The same for a program: ACTION ("merge", ...) and FORMAT ("text", "xml", "json") in full words; FILE may be NULL: it sends the text. */
void edit_load_call(struct session *s, const char *action, const char *format, const char *file);

/* May S run COMMAND of configuration mode now? If not, its line has ended. For what goes on later: a lock may have been taken
 * meanwhile. */
bool edit_may(struct session *s, const char *command);

#endif
