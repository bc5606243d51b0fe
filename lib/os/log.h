/* SPDX-License-Identifier: BSD-2-Clause
 *
 * log.h - lines for an operator: standard error, and the system's log where there is one.
 *
 * sallyportd points standard error of a daemon at RUNDIR/log/NAME, where all its lines go, and its standard output at
 * RUNDIR/log/messages. That one and what [edit system syslog] names are places, each with the lines that its struct log_sink
 * takes; sallyportd opens them (MSG_LOG_SINK), so the most narrow of sandboxes can write there. A line is `Nov 22 01:32:11 HOST
 * NAME[PID]: TAG: text`, in UTC. Never per packet, never key material. One thread at a time.
 */
#ifndef LOG_H
#define LOG_H

#include "lib/os/log_sink.h"

enum { LOG_PLACES_MAX = 128 };

/* Takes NAME for the lines and connects to the system's log; before the sandbox. Lines also work without it. */
void log_open(const char *name);

/* Writes to FD instead of standard error. */
void log_to(int fd);

/* Makes FD the place `messages`, which takes notices until something else is said; nothing changes if that is where all lines
 * go. */
void log_messages_to(int fd);

/* Adds a place, or changes the one of that kind and name; takes over FD. A descriptor that there is already keeps its number.
 * Returns false, with FD closed, if E makes no sense. */
bool log_place_set(const struct elem *e, int fd);
/* The place of that kind and name is there no longer. */
void log_place_del(const struct elem *e);
/* The file NAME has been put aside: the places of that name write to FD, which stays the caller's. */
void log_place_turn(const char *name, int fd);
/* Returns what is known of a place, or NULL. Borrowed until it changes. */
const struct log_sink *log_place_find(enum log_sink_kind kind, const char *name);

/* Writes one line; its facility is that of TAG. */
__attribute__((format(printf, 3, 4))) void log_line(
    enum log_level level, const char *tag, const char *fmt, ...);

/* Writes a line to the trace files that have FLAG ("database"), down to LEVEL; to no log. */
__attribute__((format(printf, 3, 4))) void log_trace(
    const char *flag, enum log_level level, const char *fmt, ...);
/* Would it be written? For what takes work to say. */
bool log_is_traced(const char *flag, enum log_level level);

#endif
