/* SPDX-License-Identifier: BSD-2-Clause
 *
 * candidate.h - who edits which candidate, and may commit it.
 *
 * The shared candidate belongs to all who are in `configure`; `configure exclusive` (NETCONF's lock, too) keeps others from
 * it; `configure private` has a copy of its own whose changes are merged into what is running when they are
 * committed. All functions are for a session, be it at a command line or a program's. OUT gets whole lines for the
 * user; where a function returns false they are the reason.
 */
#ifndef CANDIDATE_H
#define CANDIDATE_H

#include <stdbool.h>

#include "daemon/mgd/mgd.h"

enum { CANDIDATE_RESCUE = -1 }; /* in the place of a rollback number */

/* Lets S edit (struct session's is_configuring, kind, private_tree). Shows in OUT who else does. */
bool candidate_enter(struct session *s, enum session_kind kind, struct text *out);
/* Drops what S holds; uncommitted changes of exclusive and private sessions are gone. */
void candidate_leave(struct session *s);

/* Who keeps S from changing the shared candidate or from committing, or NULL. */
struct session *candidate_holder(const struct session *s);
/* What is said to others about it. */
void candidate_held(const struct session *holder, struct text *out);

/* Ends the line of S and returns true if somebody keeps it from changing what it edits. */
bool candidate_refuses(struct session *s);

/* True if a private session started from T. */
bool candidate_is_base(const struct mgd *m, const struct tree *t);

/* True if what S edits differs from the running configuration. */
bool candidate_is_changed(const struct session *s);
/* What S edits has been changed. */
void candidate_touched(struct session *s);
/* The candidate becomes configuration N (0: the running one; CANDIDATE_RESCUE). */
bool candidate_rollback(struct session *s, int n, struct text *out);
/* Private: what others have committed since comes into the candidate (`update`). Conflicts are reported and the
 * session's own side kept. */
bool candidate_update(struct session *s, struct text *out);

/* NEXT, from a private candidate, becomes the running configuration: what changes with it comes into the shared candidate as well,
 * or committing that would undo it. Where somebody has changed the same, he decides. */
void candidate_follow(struct mgd *m, const struct tree *next);

/* Commits what S edits. ASK has options, meta.client, meta.comment and the callbacks; the tree and the user are filled in.
 * on_done is called with ask->arg once, perhaps before this returns. A private candidate is merged first; its conflicts
 * are told by on_done. */
void candidate_commit(struct session *s, const struct commit_ask *ask);

/* The lines about users in configuration mode, without the one of EXCEPT (may be NULL); false if there are none. */
bool candidate_users(const struct session *s, const struct session *except, struct text *out);

#endif
