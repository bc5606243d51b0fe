/* SPDX-License-Identifier: BSD-2-Clause
 *
 * load_check.h - what must hold for every tree, whatever it was read from. For tests and fuzz targets.
 */
#ifndef LOAD_CHECK_H
#define LOAD_CHECK_H

struct tree;

/* The schema, loaded once; aborts if the modules are broken. */
const struct schema *load_check_schema(void);

/* Prints T as text, reads it back, prints it again; the same by set lines; runs every other printer. Returns NULL, or
 * what did not hold (a constant), after printing both texts to stderr. */
const char *load_check(const struct tree *t);

#endif
