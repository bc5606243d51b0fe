/* SPDX-License-Identifier: BSD-2-Clause
 *
 * permit_place.c - decisions while a whole tree is walked.
 *
 * Called by permit_view.c and permit_settle.c. Pure.
 */
#include "daemon/mgd/permit_place.h"

#include <string.h>

#include "lib/junos/tree.h"

static bool
has_patterns(const struct permit *p)
{
	return p->allow_conf.is_set || p->deny_conf.is_set;
}

struct place_mark
place_enter(struct place_walk *w, const struct node *n)
{
	struct place_mark mark = { w->text.len, w->group_at, w->is_in_group };
	const struct snode *s = n->schema;
	if (w->depth == 0)
		w->is_in_group = s->role == SNODE_GROUPS;
	w->depth++;
	if (!has_patterns(w->p))
		return mark;
	if (w->is_in_group && w->depth == 2)
		w->group_at = w->text.len + 1;
	bool is_leaf = s->kind == SNODE_LEAF || s->kind == SNODE_LEAFLIST;
	if (is_leaf && s->is_nokeyword)
		return mark;
	if (w->text.len > 0)
		text_putc(&w->text, ' ');
	if (is_leaf)
		text_put(&w->text, s->name);
	else
		node_statement(n, &w->text);
	return mark;
}

void
place_leave(struct place_walk *w, const struct place_mark *mark)
{
	w->depth--;
	w->group_at = mark->group_at;
	w->is_in_group = mark->is_in_group;
	w->text.len = mark->len;
	if (w->text.s != NULL)
		w->text.s[mark->len] = '\0';
}

void
place_done(struct place_walk *w)
{
	text_done(&w->text);
}

bool
place_allows(struct place_walk *w, const struct snode *s, enum permit_access access)
{
	if (w->asked == NULL || w->asked != s->permission) {
		w->asked = s->permission;
		w->may[PERMIT_READ] = permit_bits(w->p, s->permission, PERMIT_READ);
		w->may[PERMIT_WRITE] = permit_bits(w->p, s->permission, PERMIT_WRITE);
	}
	bool may = w->may[access];
	if (has_patterns(w->p)) {
		const char *text = text_str(&w->text);
		/* what a name with wildcards will stand for may be denied */
		if (access == PERMIT_WRITE && w->p->deny_conf.is_set && w->group_at > 0 &&
		    strchr(text + w->group_at, '<') != NULL)
			may = false;
		may = permit_text(w->p, may, text, w->group_at > 0 ? text + w->group_at : NULL);
	}
	return may;
}
