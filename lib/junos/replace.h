/* SPDX-License-Identifier: BSD-2-Clause
 *
 * replace.h - `replace pattern`: other words for names and values.
 *
 * Pure; one thread at a time.
 */
#ifndef REPLACE_H
#define REPLACE_H

#include "lib/junos/tree.h"

#include <regex.h>
#include <stddef.h>

struct report;

/* Puts WITH (in which & and \0 to \9 stand for what was matched, or a part of it) in the place of each match of RE in the
 * names and values below BELOW, in the order they print, secrets left out. Each name or value that changes counts as one; after
 * LIMIT (0: no limit) it ends. What would become wrong or exist twice stays, and is an error in R; what is protected stays
 * with a warning. SEEN is BELOW in what the user may see of T, of which nothing else is looked at; NULL: he may see all.
 * Returns how many have changed. */
size_t replace_pattern(struct tree *t, struct node *below, const struct node *seen,
    const regex_t *re, const char *with, size_t limit, struct report *r);

#endif
