/* SPDX-License-Identifier: BSD-2-Clause
 *
 * call.h - the calls of programs that have a file of their own.
 */
#ifndef CALL_H
#define CALL_H

struct elem;
struct session;

/* The call `get`: a configuration, or the part that a filter chooses. */
void call_get(struct session *s, const struct elem *call);

#endif
