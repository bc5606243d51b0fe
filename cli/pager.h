/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pager.h - output one screen at a time: ---(more)---
 *
 * All text is kept until the answer has been read, so that one can go back and search. Only characters that every
 * terminal shows are written; going back prints the lines again. Used by client.c for answers and by typing.c for
 * lists of completions, one thread.
 */
#ifndef PAGER_H
#define PAGER_H

#include <stdbool.h>
#include <stddef.h>

struct pager;

enum pager_state {
	PAGER_READING, /* all has been shown; more text may come */
	PAGER_PROMPT,  /* the screen is full: draw the prompt, then wait for a key */
	PAGER_DONE,    /* all has been shown, or the user has left */
};

/* ROWS and COLUMNS of the screen, the row of the prompt included. HOLD: wait at the end, too. */
struct pager *pager_new(unsigned rows, unsigned columns, bool hold);
/* The screen has another size from the next page on. */
void pager_resize(struct pager *p, unsigned rows, unsigned columns);
void pager_free(struct pager *p); /* NULL is fine; the terminal is as it was before */

/* Adds text and shows what fits. */
void pager_put(struct pager *p, const char *s, size_t n);
/* No more text will come. */
void pager_end(struct pager *p);
enum pager_state pager_state(const struct pager *p);
/* True if the user does not want the rest. */
bool pager_has_quit(const struct pager *p);

/* Shows the prompt, if it is not there yet, and makes single keys readable. */
void pager_prompt(struct pager *p);
/* Reads one key and does what it says; call it when standard input is readable and the prompt is shown. */
void pager_on_key(struct pager *p);

#endif
