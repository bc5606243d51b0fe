/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ping_text.h - what Linux's ping says, as JUNOS's ping says it.
 *
 * Line by line, because a person watches. Sequence numbers start with 0; a rapid ping is a row of ! and . marks. Lines that it
 * does not know stay as they are. Pure.
 */
#ifndef PING_TEXT_H
#define PING_TEXT_H

#include <stdbool.h>

struct text;

struct ping_text {
	bool is_rapid;
	unsigned count;  /* rapid: how many are sent; 0: not known */
	unsigned n_seen; /* rapid: marks made so far */
	bool is_over;    /* the statistics have been said */
	bool is_open;    /* rapid: the line of marks has no end yet */
};

/* LINE is without its newline. */
void ping_text_line(struct ping_text *p, const char *line, struct text *out);

#endif
