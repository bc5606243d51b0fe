/* SPDX-License-Identifier: BSD-2-Clause
 *
 * setting.h - what `set cli` sets, for as long as the command line runs.
 */
#ifndef SETTING_H
#define SETTING_H

#include <stdbool.h>

struct text;

struct settings {
	bool has_length;       /* else that of the terminal */
	unsigned length;       /* rows of the screen, 0 = no pager */
	bool has_width;        /* else that of the terminal */
	unsigned width;        /* columns */
	unsigned idle_minutes; /* 0 = no limit */
	bool no_space;         /* a blank is only a blank */
	bool no_restart;       /* restart-on-upgrade off */
	char timestamp[64];    /* format of strftime, "" = none */
	char prompt[128];      /* instead of "user@host> ", "" = that one */
	char terminal[64];     /* "" = that of the environment */
};

/* Keeps setting NAME, and says so. mgd has judged the value; one that means nothing is left alone. */
void setting_apply(struct settings *s, const char *name, const char *value, struct text *said);

/* The list of `show cli`. */
void setting_show(const struct settings *s, struct text *out);

/* Rows (0: no pager) and columns of the screen now. */
unsigned setting_rows(const struct settings *s);
unsigned setting_columns(const struct settings *s);

/* Prints the time in the format of `set cli timestamp`, if there is one. */
void setting_timestamp(const struct settings *s);

#endif
