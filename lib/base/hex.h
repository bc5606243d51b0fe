/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hex.h - octets as hexadecimal text: what travels in element trees where octets may be NUL. Pure; any thread.
 */
#ifndef HEX_H
#define HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text;

/* Adds two lower case digits for each octet. */
void hex_put(struct text *t, const uint8_t *p, size_t n);

/* Reads all of S, an even number of digits of either case, into at most CAP octets of OUT; *OUT_LEN is how many. False, with
 * nothing left in OUT, if S is NULL, anything else, or too long. */
__attribute__((warn_unused_result)) bool hex_read(
    const char *s, uint8_t *out, size_t cap, size_t *out_len);

#endif
