/* SPDX-License-Identifier: BSD-2-Clause
 *
 * call.h - the calls of programs that have a file of their own.
 */
#ifndef CALL_H
#define CALL_H

#include <stdbool.h>

struct elem;
struct session;

/* May the user of S look at configurations at all? If not, its line has ended. */
bool call_may_read(struct session *s);

/* The call `get`: a configuration, or the part that a filter chooses. */
void call_get(struct session *s, const struct elem *call);

#endif
