/* SPDX-License-Identifier: BSD-2-Clause
 *
 * edit.h - the commands of configuration mode that have a file of their own.
 */
#ifndef EDIT_H
#define EDIT_H

struct session;
struct words;

/* `commit [check | confirmed [N] | at TIME] [full] [synchronize [force]] [comment TEXT] [and-quit]`, in any order */
void edit_commit(struct session *s, const struct words *w);

/* `load (merge | override | replace | set | update) (FILE | terminal) [relative]` */
void edit_load(struct session *s, const struct words *w);

#endif
