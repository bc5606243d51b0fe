/* SPDX-License-Identifier: BSD-2-Clause
 *
 * matching.h - filter expressions of `monitor traffic matching`, compiled with the rights of the person.
 *
 * The language is libpcap's, which is loaded when the first expression comes: it is no part of any daemon. Names of hosts are
 * looked up as everywhere in this process, where they are written and only if the expression is right.
 */
#ifndef MATCHING_H
#define MATCHING_H

#include <stdbool.h>

struct text;

/* Compiles EXPRESSION for IP packets without a link layer into OUT, as bpf_put() writes it. False: OUT says what is wrong, and
 * where, as one line. */
__attribute__((warn_unused_result)) bool matching_compile(const char *expression, struct text *out);

#endif
