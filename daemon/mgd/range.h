/* SPDX-License-Identifier: BSD-2-Clause
 *
 * range.h - `wildcard range`: one line that stands for many.
 *
 * Outside double quotes, brackets hold what the line is written once for each of: numbers and ranges of them
 * ("[1-5,8]", with leading zeros where the first has them), letters and ranges of them ("[a-d]"), words. What comes behind a
 * '!' is left out again. Several brackets give every combination. Untrusted text. Pure.
 */
#ifndef RANGE_H
#define RANGE_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct refusal;

/* How many lines, and bytes in them, one line may stand for. */
enum { RANGE_MAX = 4096, RANGE_BYTES_MAX = 16 << 20 };

/* Writes what LINE stands for into OUT_LINES, which live in A. Returns false and E, whose offset is in LINE. */
bool range_expand(struct arena *a, const char *line, const char *const **out_lines, size_t *out_n,
    struct refusal *e);

#endif
