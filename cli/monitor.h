/* SPDX-License-Identifier: BSD-2-Clause
 *
 * monitor.h - logs whose new lines appear on the terminal while its user works: monitor start, stop, list.
 */
#ifndef MONITOR_H
#define MONITOR_H

#include <stdbool.h>

struct text;

enum { MONITOR_MAX = 16, MONITOR_POLL_MS = 250 };

/* Follows the log NAME, open for reading as FD, which is duplicated; of its lines those are shown that the pipes of the line
 * TYPED let through. Returns NULL, or what is wrong. */
const char *monitor_start(const char *name, int fd, const char *typed);

/* Follows NAME no longer (NULL: any). False if it was not followed. */
bool monitor_stop(const char *name);

/* Names of those that are followed. */
void monitor_list(struct text *out);
bool monitor_is_on(void);

/* Appends what the logs have got since the last time. OUT_TURNED: one whose file has been put aside, which must be opened
 * anew by its name; "" = none. */
void monitor_read(struct text *out, char out_turned[64]);

#endif
