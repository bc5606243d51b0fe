/* SPDX-License-Identifier: BSD-2-Clause
 *
 * line.h - one line of the user while it is being answered; between client.c, output.c and answer.c only.
 *
 * Text and rows are rendered into OUT, which goes through the pipes whenever a message has been handled, and waits behind
 * them until the screen, the pager or a program takes it. One thread.
 */
#ifndef LINE_H
#define LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/client.h"
#include "cli/render.h"
#include "lib/base/tame.h"
#include "lib/base/text.h"

struct arena;
struct elem;
struct pager;
struct pcap;

/* What is under way while a line is answered. */
struct line {
	struct client *c;
	const char *typed;
	struct pipes *pipes;
	struct pager *pager; /* NULL: none */
	bool has_quit;       /* the pager was left, and mgd knows */
	bool is_prompting;   /* the pager waits for a key */
	bool is_broken;      /* given up by the user */
	bool is_own;         /* nobody typed it */
	bool has_xml_mode;   /* `xml-mode netconf`: to be done when the line is over */
	struct render render;
	struct text out;       /* rendered, not yet through the pipes */
	struct tame tame;      /* of what came through them */
	size_t n_shown;        /* of pipes->out */
	struct pcap *capture;  /* packets go there; NULL: to the screen */
	struct text run_error; /* why what mgd had us do failed */
	bool has_run_error;
	bool has_problems; /* what is wrong has been rendered */
	int status;
	bool done;
};

/* --- output.c: to the screen --- */

/* Makes TEXT, an error, a CLI_PROBLEM about the line from WORD on (NULL: all of it), in A. */
struct elem *output_problem(struct arena *a, const char *word, const char *text);
/* Hands it to a program. */
void output_refuse(const struct client_sink *sink, const char *word, const char *text);
/* Shows why the line TYPED failed: CARET (a number; NULL: none) is the offset of the word it is about. */
void output_error(const struct client *c, const char *typed, const char *text, const char *caret);
/* Sends what has been rendered through the pipes; it waits in pipes->out until the screen takes it. */
void output_filter(struct line *l);
/* Takes the end of a whole answer: what the pipes kept back. FAILED: nothing has come of it, so there is nothing to count. */
void output_end(struct line *l, bool failed);
/* Writes up to N bytes of what waits. Returns 0 or -errno. */
int output_write(struct line *l, size_t n);
/* Shows everything; waits for the screen. Returns 0 or -errno. */
int output_drain(struct line *l);

/* --- answer.c: what mgd says --- */

/* Reads the answer to its end. Returns 0 or -errno if the channel is lost. */
int answer_read(struct line *l);

/* --- client.c --- */

/* Sends a message with one leaf for the line under way. Returns 0 or -errno. */
int client_send_leaf(
    struct client *c, uint16_t type, const char *root, const char *name, const char *value);
/* Takes up a notice: what the prompt shows of it. Its text goes to the terminal at once, past the pipes. */
void client_notice(struct client *c, const struct elem *e);

#endif
