/* SPDX-License-Identifier: BSD-2-Clause
 *
 * item.c - items, and what attributes and "@" members say of them.
 */
#include "lib/junos/item.h"

#include "lib/base/arena.h"
#include "lib/base/report.h"

#include <stdint.h>
#include <string.h>

struct item *
item_new(struct arena *a, struct item *parent, const char *name, size_t len)
{
	bool is_at = len > 0 && name[0] == '@';
	const char *colon = memrchr(name, ':', len);
	struct item *i = arena_alloc(a, sizeof(*i));
	if (colon == NULL) {
		i->name = arena_strndup(a, name, len);
	} else {
		char *local = arena_printf(
		    a, "%s%.*s", is_at ? "@" : "", (int)(name + len - colon - 1), colon + 1);
		i->name = local;
	}
	i->parent = parent;
	if (parent == NULL)
		return i;
	if (parent->last != NULL)
		parent->last->next = i;
	else
		parent->child = i;
	parent->last = i;
	return i;
}

static const struct {
	const char *name;
	const char *value; /* NULL: any but "false" */
	unsigned mark;
} marks[] = {
	{ "inactive", NULL, ITEM_INACTIVE },
	{ "active", NULL, ITEM_ACTIVE },
	{ "active", "false", ITEM_INACTIVE },
	{ "protect", NULL, ITEM_PROTECT },
	{ "unprotect", NULL, ITEM_UNPROTECT },
	{ "replace", NULL, ITEM_REPLACE },
	{ "delete", NULL, ITEM_DELETE },
	{ "rename", NULL, ITEM_RENAME },
	{ "insert", "before", ITEM_BEFORE },
	{ "insert", "after", ITEM_AFTER },
	{ "insert", "first", ITEM_FIRST },
	{ "insert", "last", ITEM_LAST },
	{ "operation", "merge", ITEM_OP_MERGE },
	{ "operation", "replace", ITEM_OP_REPLACE },
	{ "operation", "create", ITEM_OP_CREATE },
	{ "operation", "delete", ITEM_OP_DELETE },
	{ "operation", "remove", ITEM_OP_REMOVE },
};

void
item_mark(struct arena *a, struct item *i, const char *name, const char *value)
{
	if (strcmp(name, "name") == 0)
		i->ref = arena_strdup(a, value);
	if (strcmp(name, "comment") == 0)
		i->comment = arena_strdup(a, value);
	unsigned before = i->marks;
	for (size_t n = 0; n < sizeof(marks) / sizeof(marks[0]); n++) {
		if (strcmp(marks[n].name, name) != 0)
			continue;
		const char *want = marks[n].value;
		if (want != NULL ? strcmp(want, value) == 0 : strcmp(value, "false") != 0)
			i->marks |= marks[n].mark;
	}
	if (strcmp(name, "operation") == 0 && i->marks == before)
		i->marks |= ITEM_OP_UNKNOWN;
}

static const struct item *
child_called(const struct item *i, const char *name)
{
	const struct item *c = i->child;
	while (c != NULL && strcmp(c->name, name) != 0)
		c = c->next;
	return c;
}

const struct item *
item_configuration(const struct item *root)
{
	if (root == NULL || strcmp(root->name, "configuration") == 0)
		return root;
	const struct item *c = child_called(root, "configuration");
	const struct item *wrap = child_called(root, "rpc-reply");
	return c != NULL || wrap == NULL ? c : child_called(wrap, "configuration");
}

bool
item_refuse(struct report *r, unsigned line, unsigned column, const char *message)
{
	report_add(r, &(struct report_line){
			  .class = REPORT_SYNTAX,
			  .is_error = true,
			  .line = line,
			  .column = column,
			  .message = (char *)(uintptr_t)message,
		      });
	return false;
}
