/* SPDX-License-Identifier: BSD-2-Clause
 *
 * row.h - rows of an answer that are more than one element each.
 *
 * An element with very many children (a routing table) does not fit in a row. A row ROW_OPEN holds the beginning of such an
 * element; the rows after it are its children, until a row ROW_CLOSE. What is still open when the answer ends
 * ends with it. Element trees have no attributes: a leaf called "junos:NAME" is one of the element before it. Pure.
 */
#ifndef ROW_H
#define ROW_H

#include <stdbool.h>

#include "lib/msg/elem.h"

#define ROW_OPEN "_open"
#define ROW_CLOSE "_close"

/* A row that says nothing but that the daemon is there. */
#define ROW_ALIVE "_alive"

enum { ROW_DEPTH_MAX = 4 }; /* elements open at once; more are taken for rows of their own */

/* Returns a new row that opens an element called NAME; fill in *OUT, the element itself. */
struct elem *row_open_new(struct arena *a, const char *name, struct elem **out);
struct elem *row_close_new(struct arena *a);

/* Returns the element that ROW opens, or NULL if it is another row. */
const struct elem *row_opened(const struct elem *row);
bool row_is_close(const struct elem *row);

/* True if E is an attribute of the element before it. */
bool row_is_attribute(const struct elem *e);
/* Returns the first attribute of E, or NULL; elem->next of it may be another. */
const struct elem *row_attribute(const struct elem *e);

#endif
