/* SPDX-License-Identifier: BSD-2-Clause
 *
 * store.h - the committed configurations on disk.
 *
 * juniper.conf is the one in force, juniper.conf.1 the one before it, and so on. A file is configuration text behind a
 * header of comment lines that says when, by whom and how it was committed. A commit is one
 * rename(2): whenever the machine or mgd stops, juniper.conf is the whole old or the whole new file.
 * All functions work in one folder, given by descriptor; one thread.
 */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "lib/base/text.h"

enum {
	STORE_ROLLBACK_MAX = 49,    /* highest number kept */
	STORE_FILE_MAX = 512 << 20, /* bytes in one configuration */
};

struct store_meta {
	uint32_t commit; /* counts up; 0: never committed */
	time_t when;
	char user[64];
	char client[16];   /* "cli", "netconf", "root", ... */
	char comment[512]; /* "" = none; one line */
};

/* Puts the folder in order after a stop at any point of store_commit(): removes what was not finished and closes
 * gaps in the numbers. Returns 0 or -errno. */
int store_repair(int dir);

/* Makes TEXT the configuration in force; the present one becomes rollback 1 and so on. Returns 0, or -errno with
 * the configuration in force as it was. */
int store_commit(int dir, const struct store_meta *meta, const char *text, size_t len);

/* Reads configuration N (0 = in force): TEXT without the header, appended; META from the header. Returns 0, or
 * -errno (-ENOENT: there is none). */
int store_read(int dir, unsigned n, struct store_meta *meta, struct text *text);

/* Reads only the header of configuration N. */
int store_read_meta(int dir, unsigned n, struct store_meta *meta);

/* --- the rescue configuration: `request system configuration rescue` --- */
enum { STORE_RESCUE = 1000 }; /* its number for store_read() and store_read_meta() */
/* Makes TEXT the rescue configuration. Returns 0 or -errno with the old one as it was. */
int store_rescue_save(int dir, const struct store_meta *meta, const char *text, size_t len);
/* Returns 0 or -errno (-ENOENT: there is none). */
int store_rescue_delete(int dir);

/* "2008-11-20 10:00:00 UTC" */
const char *store_date(time_t when, char buf[32]);

#endif
