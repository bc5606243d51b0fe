/* SPDX-License-Identifier: BSD-2-Clause
 *
 * permit_util_test.h - configurations and classes for permit_test.c and permit_tree_test.c.
 */
#ifndef PERMIT_UTIL_TEST_H
#define PERMIT_UTIL_TEST_H

struct permit;
struct permits;
struct schema;
struct tree;

extern struct schema *permit_schema; /* between open and close */
void permit_schema_open(void);
void permit_schema_close(void);

/* Reads TEXT; the test fails if it is wrong. The caller owns the result. */
struct tree *tree_of(const char *text);
/* The rights of user u, whose class consists of the statements CLASS, in OUT; the caller owns the result. */
struct permits *permits_with(const char *class, const struct permit **out);

#endif
