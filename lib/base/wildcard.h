/* SPDX-License-Identifier: BSD-2-Clause
 *
 * wildcard.h - names of configuration groups that stand for others: <sp-*>.
 *
 * Between the angle brackets * is any text, ? any character, [a-d] one of a class, [!a-d] none of it; a '[' that
 * is never closed is itself. No other character is special, not even '/'. Pure; any thread.
 */
#ifndef WILDCARD_H
#define WILDCARD_H

#include <stdbool.h>

/* True if WORD stands in angle brackets with something between them. */
bool wildcard_is(const char *word);

/* True if NAME is what WORD, for which wildcard_is(), stands for. Time: the product of their lengths at most. */
bool wildcard_matches(const char *word, const char *name);

#endif
