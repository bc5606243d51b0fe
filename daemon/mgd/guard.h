/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guard.h - what every request of a session passes, whatever it is and however it came.
 *
 * guard_begin() before a message of a command line or a program is carried out, guard_end() after it: what the session edits
 * is compared then with what it was, so that nobody changes what his class does not let him and every change has a line in
 * the log that says who made it. Between them line_end() of session.c asks guard_line_end(), because the user has to be told
 * before the end of his line. Called by session.c and by commands that report many errors at once.
 */
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>

#include "daemon/mgd/permit.h"
#include "lib/base/text.h"

struct elem;
struct path;
struct refusal;
struct report;
struct session;
struct tree;
struct words;

struct guard {
	struct tree *before; /* what the session edited; NULL: nobody needs to know */
	bool is_open;        /* between begin and end */
	bool has_change;     /* BEFORE is there for the log, too */
	bool was_private;
	bool was_configuring;
	bool is_free;     /* nothing to look after but the log */
	bool by_parts;    /* what may be changed is kept where some may not */
	bool is_ok;       /* the line has ended well */
	struct text told; /* what the log says of the line if it ends well; "" nothing */
};

/* What the user of S may do. Never NULL: who has lost his entry may do nothing. */
const struct permit *session_permit(const struct session *s);

/* LINE is what has been typed; NULL for input, an answer or a call. MAY_ENTER: the request may begin to edit by itself. */
void guard_begin(struct session *s, const char *line, bool may_enter);
/* Undoes what S may not have changed, with errors in R. Returns true if there was nothing. Once is enough; guard_line_end() does
 * it otherwise. */
bool guard_settle(struct session *s, struct report *r);
/* The line ends. Returns true if it may end well; else the text of its end has been set. */
bool guard_line_end(struct session *s, bool ok);
void guard_end(struct session *s);
void guard_done(struct guard *g);

/* permit_path() for P, which the words W lead to from START, with the caret under the first word that is too much. */
bool guard_path(const struct session *s, const struct path *start, const struct words *w,
    const struct path *p, enum permit_access access, struct refusal *e);

/* Appends TEXT, what a commit says, without what is in parts of the configuration that the user of S may not see. */
void guard_problems(const struct session *s, const char *text, struct text *out);

/* Lines about sessions, commands and commits. */
void guard_log_login(const struct session *s, bool is_login);
void guard_log_command(const struct session *s, const char *line);
/* CALL of a program, by its name. */
void guard_log_call(const struct session *s, const struct elem *call);

#endif
