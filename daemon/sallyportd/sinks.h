/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sinks.h - the places of [edit system syslog]: opened here, written to by every process of the gateway.
 */
#ifndef SINKS_H
#define SINKS_H

#include <stddef.h>

#include "daemon/sallyportd/child.h"
#include "daemon/sallyportd/logs.h"

struct elem;
struct place;

/* Makes what lines for users and hosts go through. */
void sinks_start(void);

/* Takes MSG_LOG_CONF: tells the children, and ourselves, what is new and what is gone. */
void sinks_conf(
    const struct place *p, const struct elem *body, struct child *const *children, size_t n);
/* C has just started: it learns all places. */
void sinks_give(struct child *c);
/* Where a daemon of KIND reads the lines that it passes on; -1: it passes none on. Stays ours. */
int sinks_reader(enum child_kind kind);

/* The file NAME has been put aside, FD is the new one: it stays the caller's. */
void sinks_turned(const char *name, int fd);
/* How long and how many files called NAME are. */
struct logs_rule sinks_rule(const char *name);
/* Returns the name of file number I, or NULL behind the last. */
const char *sinks_file(size_t i);

#endif
