/* SPDX-License-Identifier: BSD-2-Clause
 *
 * client.h - the command line's channel to mgd and the state that the prompt shows.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/pipe.h"
#include "cli/setting.h"

struct arena;
struct elem;
struct text;

/* Where answers go for a program, in the place of the screen. */
struct client_sink {
	void (*text)(void *arg, const char *s, size_t n);       /* a piece of what was rendered */
	void (*problem)(void *arg, const struct elem *problem); /* a CLI_PROBLEM */
	void (*plain)(void *arg); /* what comes is text and not the XML that `format` says */
	void (*row)(void *arg,
	    const struct elem *row); /* takes rows in the place of TEXT; NULL: they are rendered */
	void *arg;
	enum pipe_format format; /* of lines that do not say `| display` */
	const char *input;       /* what CLI_WANT gets that asks for no file; may be NULL */
	size_t input_len;
};

enum client_mode { MODE_OPERATIONAL, MODE_CONFIGURATION, MODE_END };

struct client {
	int fd;
	uint32_t seq;
	bool is_terminal; /* a person types: prompts, questions, everything on the terminal */
	bool is_script;   /* lines come from IN, and so do the answers to questions */
	FILE *in;         /* where answers and `load ... terminal` are read from */
	char *ahead;      /* is_script: a line that was read and not used; NULL: none */
	enum client_mode mode;
	char user[64];
	char host[256];                 /* "" = no host name */
	char edit[1024];                /* [edit] place without brackets, "" = top */
	char banner[256];               /* a line above that of the place, "" = none */
	const char *program;            /* says hello under this name, NULL: a person */
	const struct client_sink *sink; /* of the line or call under way; NULL: the screen */
	struct settings settings;
	char rundir[108]; /* of the gateway */
	/* Lists what was typed, for `show cli history`; NULL: nobody types. */
	void (*history)(struct text *out);
};

/* Connects to mgd of RUNDIR (NULL: the system's) and says hello. Returns 0, or 1 with the reason on stderr. */
int client_open(struct client *c, const char *rundir);
void client_close(struct client *c);

/* Runs one line as typed (no newline): sends it, shows all that comes back. Returns 0, 1 if the line failed,
 * -1 if the channel is lost (said on stderr). */
int client_line(struct client *c, const char *line);

/* Reads the next line of a script, without its end, into *LINE as getline() does. Returns false if there is none. */
bool client_next_line(struct client *c, char **line, size_t *cap);
/* LINE, which was read last, is to be read again; copied. */
void client_line_back(struct client *c, const char *line);

/* The same for a CLI_CALL of a program; SINK must be set. */
int client_call(struct client *c, const struct elem *call);

/* Asks what can stand at the end of TEXT, an unfinished line without pipes. JUDGE: is its last word right? OUT, in A, is the
 * body of CLI_COMPLETIONS. Returns 0, or -1 if the channel is lost. */
int client_complete(
    struct client *c, const char *text, bool judge, struct arena *a, const struct elem **out);

/* Takes what mgd says unasked while no line is under way; TEXT gets what is to be shown. Returns 0, or -1 if the channel
 * is lost. */
int client_notices(struct client *c, struct text *text);

/* Puts `^` under offset AT of a line that was typed behind the prompt. */
void client_caret(const struct client *c, size_t at);

/* Writes "user@host> " or "user@host# " into BUF and returns it. */
const char *client_prompt(const struct client *c, char *buf, size_t size);

/* Gives up the line under way; async-signal-safe. */
void client_interrupt(void);
void client_interrupt_forget(void); /* it was not about a command */

/* The line under way is given up, which mgd has not been told yet. */
bool client_is_interrupted(void);

#endif
