/* SPDX-License-Identifier: BSD-2-Clause
 *
 * row.c - rows of an answer that are more than one element each. Written by daemons, read by the renderers.
 */
#include "lib/msg/row.h"

#include <string.h>

#define ATTRIBUTE "junos:"

struct elem *
row_open_new(struct arena *a, const char *name, struct elem **out)
{
	struct elem *row = elem_new(a, ROW_OPEN);
	*out = elem_add(a, row, name);
	return row;
}

struct elem *
row_close_new(struct arena *a)
{
	return elem_new(a, ROW_CLOSE);
}

const struct elem *
row_opened(const struct elem *row)
{
	return strcmp(row->name, ROW_OPEN) == 0 ? row->child : NULL;
}

bool
row_is_close(const struct elem *row)
{
	return strcmp(row->name, ROW_CLOSE) == 0;
}

bool
row_is_attribute(const struct elem *e)
{
	return strncmp(e->name, ATTRIBUTE, strlen(ATTRIBUTE)) == 0;
}

const struct elem *
row_attribute(const struct elem *e)
{
	return e->next != NULL && row_is_attribute(e->next) ? e->next : NULL;
}
