/* SPDX-License-Identifier: BSD-2-Clause
 *
 * log.h - lines for an operator: standard error, and the system's log where there is one.
 *
 * sallyportd points standard error of a daemon at RUNDIR/log/NAME and its standard output at RUNDIR/log/messages, where
 * what is at least a notice goes as well. A line is `Nov 22 01:32:11 HOST NAME[PID]: TAG: text`, in
 * UTC. Never per packet, never key material. One thread at a time.
 */
#ifndef LOG_H
#define LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_NOTICE, LOG_LEVEL_INFO };

/* Takes NAME for the lines and connects to the system's log; before the sandbox. Lines also work without it. */
void log_open(const char *name);

/* Writes to FD instead of standard error. */
void log_to(int fd);

/* Writes what is at least a notice to FD as well; nothing changes if that is the same file. */
void log_messages_to(int fd);

__attribute__((format(printf, 3, 4))) void log_line(
    enum log_level level, const char *tag, const char *fmt, ...);

#endif
