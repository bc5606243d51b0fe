/* SPDX-License-Identifier: BSD-2-Clause
 *
 * store.h - the committed configurations on disk.
 *
 * juniper.conf is the one in force, juniper.conf.1.gz the one before it, and so on; a rollback that has not been packed
 * yet has no .gz and is plain text. A file is configuration text behind a header of comment lines that says when, by
 * whom and how it was committed. A commit is one rename(2): whenever the machine or mgd stops, juniper.conf is the whole
 * old or the whole new file. All functions work in one folder, given by descriptor; one thread.
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
	char client[16];          /* "cli", "netconf", "root", ... */
	char comment[512];        /* "" = none; one line */
	unsigned confirm_minutes; /* it was to be confirmed within; 0: not */
};

/* Puts the folder in order after a stop at any point of store_commit(): removes what was not finished and closes
 * gaps in the numbers. Returns 0 or -errno. */
int store_repair(int dir);

/* Writes TEXT beside the configuration in force and has the disk keep it: all that needs room. Returns 0 or -errno. */
int store_prepare(int dir, const struct store_meta *meta, const char *text, size_t len);

/* Makes what was prepared the configuration in force; the present one becomes rollback 1 and so on. Returns 0, or -errno with
 * the configuration in force as it was. */
int store_install(int dir);

/* Forgets what was prepared. */
void store_discard(int dir);

/* Prepares and installs. Returns 0, or -errno with the configuration in force as it was. */
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

/* --- packing, a piece at a time, so that nobody waits for it --- */
struct store_pack;
/* Begins to pack the newest rollback that is plain text. Returns NULL if there is none, or it cannot be read or written. */
struct store_pack *store_pack_new(int dir);
/* Packs a piece. Returns 1 if there is more to do, 0 if the packed file has taken the place of the other, or -errno. */
int store_pack_step(struct store_pack *p);
/* Ends it, finished or not. Must come before the next store_prepare(). NULL is fine. */
void store_pack_free(struct store_pack *p);

/* --- small files of others in the same folder, whole or not at all --- */
int store_file_write(int dir, const char *name, const char *s, size_t len);
/* Appends the contents, unpacked, to OUT. Returns 0 or -errno. */
int store_file_read(int dir, const char *name, struct text *out);
/* Returns 0 or -errno (-ENOENT: there is none); after 0 the disk has forgotten it, too. */
int store_file_remove(int dir, const char *name);
/* Writes the header lines of a configuration; reads those that S begins with and returns how many bytes they are. */
void store_header_print(const struct store_meta *m, struct text *out);
size_t store_header_parse(const char *s, struct store_meta *m);

/* "2008-11-20 10:00:00 UTC" */
const char *store_date(time_t when, char buf[32]);

#endif
