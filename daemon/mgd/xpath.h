/* SPDX-License-Identifier: BSD-2-Clause
 *
 * xpath.h - which part of a configuration an XPath chooses (RFC 6241, 8.9).
 *
 * A part of the language, judged in one walk over the tree, so that it costs no more than that:
 *
 *   path | path ...                 several paths
 *   /a/b, //b, a//b, *              steps by name, at any depth, any name; a first `/` may be left out
 *   a[b], a[b/c='x'], a[.='x']      conditions on what is below or on the value itself: =, !=, and, or, not(), ( ),
 *   contains(b, 'x'), starts-with(b, 'x')
 *
 * Prefixes of names mean nothing. Attributes, positions, axes with names and other functions are refused. Bounds: XPATH_STEPS_MAX
 * steps in all paths, XPATH_NODES_MAX parts of conditions, XPATH_DEPTH_MAX parentheses. Pure.
 */
#ifndef XPATH_H
#define XPATH_H

#include <stdbool.h>

struct arena;
struct tree;
struct xpath;

enum { XPATH_STEPS_MAX = 64, XPATH_NODES_MAX = 256, XPATH_DEPTH_MAX = 16 };

/* Reads TEXT into A. Returns NULL, and a constant text in ERROR, if it cannot be done. */
const struct xpath *xpath_read(struct arena *a, const char *text, const char **error);

/* Takes away from T what X does not choose, that is neither chosen nor below or around what is; keys stay with their entry. Returns
 * false if nothing is chosen. */
bool xpath_prune(const struct xpath *x, struct tree *t);

#endif
