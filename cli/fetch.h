/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fetch.h - files of other hosts: http, https and ftp, where a command takes the name of a file.
 *
 * It happens in the process and with the rights of the person, never in a daemon. Only these schemes are spoken, also behind
 * a redirection; no .netrc, proxy or cookie is looked at; a host that does not answer, a transfer that stalls and one that does not
 * end are given up, and so is one that ^C interrupts (client_is_interrupted()). One thread.
 */
#ifndef FETCH_H
#define FETCH_H

#include <stdint.h>

enum {
	FETCH_CONNECT_S = 20,
	FETCH_STALL_S = 30,   /* without a byte */
	FETCH_TIME_S = 3600,  /* in all */
	FETCH_REDIRECTS = 5,  /* one after the other */
	FETCH_ERROR_MAX = 320 /* size of a text that says why not */
};

/* Most bytes of a file that is copied. */
#define FETCH_FILE_MAX ((uint64_t)8 << 30)

enum fetch_place {
	FETCH_LOCAL,   /* a path, or a file: URL of this host */
	FETCH_REMOTE,  /* a URL that can be fetched */
	FETCH_UNKNOWN, /* a URL of another scheme, or a file: URL of another host */
};

/* Where is the file that NAME means? */
enum fetch_place fetch_place(const char *name);

/* Returns the path of a LOCAL name, to be freed. */
char *fetch_path(const char *name);

/* Writes what URL, a REMOTE name, holds to FD from its place on, at most MAX bytes. Returns 0, or -1 with a line without
 * newline in ERROR; FD then holds a part. */
__attribute__((warn_unused_result)) int fetch_get(
    const char *url, int fd, uint64_t max, char error[FETCH_ERROR_MAX]);

/* Makes what FD, a file, holds that of URL. Returns as fetch_get(). */
__attribute__((warn_unused_result)) int fetch_put(
    const char *url, int fd, char error[FETCH_ERROR_MAX]);

#endif
