/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_tree.h - element trees for tests, from indented text.
 *
 * One statement a line, two spaces a level: `spi 256` is a leaf, `syslog` an empty leaf; a line with
 * deeper lines below it is a container, and its value becomes the leaf `name` of a list entry. A colon at
 * the end makes a container where nothing is below. Each element's origin has its line. Tests only.
 */
#ifndef TEST_TREE_H
#define TEST_TREE_H

struct arena;
struct elem;

/* Returns the tree, called "configuration", in A. Aborts on text that it cannot read. */
struct elem *test_tree(struct arena *a, const char *text);

#endif
