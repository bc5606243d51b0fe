/* SPDX-License-Identifier: BSD-2-Clause
 *
 * when.h - the time of a `commit at`: as it is typed, as it is kept in a file, as it is shown.
 *
 * Typed and shown in the time zone of the system; kept as seconds, which have none. Pure but for the zone. Used by schedule.c
 * and commit.c.
 */
#ifndef WHEN_H
#define WHEN_H

#include <stdbool.h>
#include <time.h>

struct text;

enum { WHEN_LIFE_LEN = 128, WHEN_DATE_LEN = 64 };

struct when {
	time_t at;      /* 0 if at_reboot */
	bool at_reboot; /* when the gateway starts the next time */
	char life
	    [WHEN_LIFE_LEN]; /* at_reboot: the life of the gateway that it shall not be; one word */
};

/* Reads "hh:mm[:ss]" (today), "yyyy-mm-dd hh:mm[:ss]" or "reboot", which has to be later than NOW. LIFE of OUT is left as it
 * is. Returns NULL, or what is wrong. */
const char *when_parse(const char *typed, time_t now, struct when *out);

/* Appends W as a line of the header of a configuration file. */
void when_print(const struct when *w, struct text *out);

/* Reads it back from the header of FILE: the lines that begin with ##, up to the first that does not. False if it has no such
 * line, or one that is not right. */
bool when_read(const char *file, struct when *out);

/* Writes "2008-11-20 10:00:00 UTC" in the zone of the system into BUF and returns it. */
const char *when_date(time_t t, char buf[WHEN_DATE_LEN]);

#endif
