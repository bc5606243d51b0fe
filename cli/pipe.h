/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pipe.h - what stands after `|` on a command line.
 *
 * `display` and `compare` say what mgd shall send or how rows are rendered; the others filter lines of
 * text one after the other. Used by client.c and output.c, one thread.
 */
#ifndef PIPE_H
#define PIPE_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "lib/base/text.h"

enum { PIPE_MAX = 16, PIPE_LAST_DEFAULT = 25, PIPE_LAST_MAX = 10000, PIPE_REFRESH_MAX = 604800 };

enum pipe_kind {
	PIPE_MATCH,
	PIPE_EXCEPT,
	PIPE_FIND,
	PIPE_COUNT,
	PIPE_LAST,
	PIPE_TRIM,
	PIPE_SAVE,
	PIPE_APPEND,
	PIPE_TEE,
	PIPE_RESOLVE,
	PIPE_MESSAGE,
};

struct pipe_stage {
	enum pipe_kind kind;
	regex_t re; /* MATCH, EXCEPT, FIND */
	bool has_re;
	bool found;            /* FIND: a line has matched */
	unsigned n;            /* LAST: lines to keep; TRIM: columns to drop */
	unsigned n_lines;      /* COUNT, SAVE: lines seen */
	struct text *ring;     /* LAST: the newest n lines */
	char *file;            /* SAVE, APPEND, TEE; MESSAGE: the account, NULL: all */
	bool full_names;       /* RESOLVE */
	struct text named;     /* RESOLVE: the line with its names; MESSAGE: all that came */
	bool is_configuration; /* SAVE: what is written is called so */
	FILE *f;
	int write_error; /* errno of the first line that did not get into it, or 0 */
};

enum pipe_format { FORMAT_TEXT, FORMAT_SET, FORMAT_XML, FORMAT_JSON };

/* What `| display inheritance` says about what was inherited. */
enum pipe_inherit { INHERIT_OFF, INHERIT_NOTES, INHERIT_BRIEF, INHERIT_NO_COMMENTS };

struct pipes {
	struct pipe_stage stages[PIPE_MAX];
	size_t n;
	enum pipe_format format;
	enum pipe_inherit inherit;
	bool has_compare;
	unsigned compare;    /* rollback number */
	char *compare_file;  /* ... or the name of a file, else NULL */
	unsigned refresh;    /* seconds between one answer and the next; 0: one is enough */
	bool is_detail;      /* display detail */
	bool is_changed;     /* display changed */
	bool is_final;       /* display commit-scripts: what would be committed */
	bool shows_omitted;  /* display omit */
	bool is_relative;    /* display set relative */
	bool is_rpc;         /* display xml rpc: the request, not the answer */
	bool no_more;        /* no pager */
	bool has_failed;     /* a file could not be written; that has been said */
	bool hold;           /* the pager waits at the end, too */
	struct text partial; /* text of the line that is not complete yet */
	struct text out;     /* what has come through all stages; the caller empties it */
};

struct pipe_error {
	size_t at; /* offset of the offending word in the line */
	char text[160];
};

/* Cuts LINE (modified in place) at its first `|` outside quotes and reads the pipes behind it. Returns false
 * and fills ERR if a pipe is wrong; the pipes are then empty. OUT is owned by the caller: pipes_done(). */
bool pipes_parse(char *line, struct pipes *out, struct pipe_error *err);
void pipes_done(struct pipes *p);

/* One word that may follow in a pipe that is being typed. */
struct pipe_choice {
	const char *word; /* "<pattern>": a placeholder */
	const char *help;
};

enum { PIPE_CHOICES_MAX = 20 };

/* Finds the last `|` of LINE outside quotes; NULL if there is none. */
const char *pipe_last(const char *line);

/* Lists what may follow at the end of TEXT, which stands behind a `|`. OUT_FROM: where the word that is being typed
 * starts in TEXT; OUT_CAN_END: the pipe is complete without another word. Returns how many. */
size_t pipe_complete(const char *text, struct pipe_choice out[PIPE_CHOICES_MAX], size_t *out_from,
    bool *out_can_end);

/* Returns "text", "set", "xml" or "json". */
const char *pipe_format_name(enum pipe_format f);
/* Returns "notes", "brief" or "no-comments"; NULL for INHERIT_OFF. */
const char *pipe_inherit_name(enum pipe_inherit i);

/* Puts a stage before all others that writes the configuration FILE (`save FILE`). Returns false if there is no room. */
bool pipes_save(struct pipes *p, const char *file);

/* Sends text through the stages; what comes out is added to p->out. */
void pipes_put(struct pipes *p, const char *s, size_t n);
/* Lets out what stages kept back (last, count) and a line without an end. */
void pipes_flush(struct pipes *p);
/* True if `| request message` has kept something; OUT gets the command of operational mode that sends it. */
bool pipes_message(const struct pipes *p, struct text *out);

#endif
