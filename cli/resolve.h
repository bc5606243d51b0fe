/* SPDX-License-Identifier: BSD-2-Clause
 *
 * resolve.h - `| resolve`: names in the place of addresses.
 */
#ifndef RESOLVE_H
#define RESOLVE_H

#include <stdbool.h>

struct text;

/* Writes LINE with each address that has a name replaced by it: by its first part only, unless FULL_NAMES. Asks the host's
 * resolver and waits for it; each address is asked for once. */
void resolve_line(const char *line, bool full_names, struct text *out);

#endif
