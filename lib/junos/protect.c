/* SPDX-License-Identifier: BSD-2-Clause
 *
 * protect.c - what `protect` forbids, and how that is said.
 */
#include "lib/junos/protect.h"

#include "lib/base/text.h"

#include <stddef.h>

const struct node *
protect_around(const struct node *n)
{
	while (n != NULL && !n->is_protected)
		n = n->parent;
	return n;
}

void
protect_print(const struct node *n, struct text *out)
{
	text_putc(out, '[');
	node_edit_path(n, out);
	text_put(out, "] is protected, '");
	node_statement(n, out);
	text_put(out, "' cannot be modified");
}

/* Recursion is as deep as the schema. */
static bool
has_protected(const struct node *n)
{
	bool has = n->is_protected;
	for (const struct node *c = n->child; c != NULL && !has; c = c->next)
		has = has_protected(c);
	return has;
}

bool
protect_delete(
    struct tree *t, struct node *n, void (*told)(void *arg, const struct node *kept), void *arg)
{
	if (n->is_protected) {
		told(arg, n);
		return false;
	}
	if (!has_protected(n)) {
		node_del(t, n);
		return true;
	}
	for (struct node *c = n->child, *next; c != NULL; c = next) {
		next = c->next;
		protect_delete(t, c, told, arg);
	}
	return false;
}
