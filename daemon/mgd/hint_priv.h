/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hint_priv.h - a line that is being typed, as hint.c and hint_path.c see it.
 */
#ifndef HINT_PRIV_H
#define HINT_PRIV_H

#include "daemon/mgd/hint.h"
#include "daemon/mgd/words.h"
#include "lib/junos/complete.h"

/* What follows a command of configuration mode. */
enum follow {
	FOLLOW_STEPS, /* words of their own: the table below */
	FOLLOW_SET,
	FOLLOW_EDIT,
	FOLLOW_SHOW,   /* a path or nothing */
	FOLLOW_CHANGE, /* a path */
	FOLLOW_ANNOTATE,
	FOLLOW_COPY,
	FOLLOW_INSERT,
	FOLLOW_TOP,
	FOLLOW_UP,
	FOLLOW_RUN,
	FOLLOW_MATCH, /* a path that ends with a pattern */
	FOLLOW_RANGE_SET,
	FOLLOW_RANGE_DELETE,
};

/* A line that is being typed. */
struct typing {
	const struct hint_ask *ask;
	struct path edit; /* moved by `top` and `up` */
	struct words w;   /* the complete words that are not understood yet */
	struct complete_partial partial;
	const struct tree *tree; /* where names come from */
	struct completions *out;
	struct refusal *e;
};

/* True if the user may be typing the keyword WORD; what is quoted is none. */
bool hint_is_typing(const struct typing *t, const char *word);

/* --- hint_path.c: each adds what may follow the words of T and returns false and its refusal if they mean nothing --- */
/* A path as FOLLOW takes it. */
bool hint_path_complete(const struct typing *t, enum follow follow);
/* A path that ends with a regular expression. */
bool hint_match_complete(const struct typing *t);
/* A path in which brackets stand for many words; behind the first one nothing is known. */
bool hint_range_complete(const struct typing *t, enum follow follow);

#endif
