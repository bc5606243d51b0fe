/* SPDX-License-Identifier: BSD-2-Clause
 *
 * permit_eye.c - what one user may see of single nodes.
 *
 * The same as permit_view.c decides for a whole tree: a statement is seen if it may be, or if something below it is. Where
 * it can be told that nothing below is, nobody looks there. Recursion is as deep as the schema. Called by session.c for
 * completions; pure.
 */
#include "daemon/mgd/permit_place.h"

#include <stdlib.h>
#include <string.h>

#include "lib/junos/tree.h"

struct permit_eye {
	struct place_walk w;
	const struct node *around; /* where the walk stands; NULL: at the top */
	bool shows_secrets;
	const struct snode *asked; /* what IS_CLOSED is about */
	bool is_closed; /* by its bits the class sees neither such a statement nor anything below */
};

struct permit_eye *
permit_eye_new(const struct permit *p)
{
	struct permit_eye *x = calloc(1, sizeof(*x));
	if (x == NULL)
		abort();
	x->w.p = p;
	x->shows_secrets = permit_secret(p, PERMIT_READ);
	return x;
}

void
permit_eye_free(struct permit_eye *x)
{
	if (x == NULL)
		return;
	place_done(&x->w);
	free(x);
}

static bool
is_closed_by_bits(struct permit_eye *x, const struct snode *s)
{
	if (x->asked != s) {
		x->asked = s;
		x->is_closed = !permit_bits(x->w.p, s->permission, PERMIT_READ) &&
			       !permit_below(x->w.p, s, PERMIT_READ);
	}
	return x->is_closed;
}

/* The text of what stands below begins with that of the place: what matches here matches there, unless it looks for the end. */
static bool
is_denied_below(const struct permit_eye *x)
{
	const struct permit_pattern *deny = &x->w.p->deny_conf;
	const char *text = text_str(&x->w.text);
	if (!deny->is_set || strchr(deny->text, '$') != NULL || strstr(deny->text, "\\'") != NULL)
		return false;
	return permit_pattern_matches(deny, text, true) ||
	       (x->w.group_at > 0 && permit_pattern_matches(deny, text + x->w.group_at, true));
}

static bool
is_seen(struct permit_eye *x, const struct node *n)
{
	const struct snode *s = n->schema;
	struct place_mark mark = place_enter(&x->w, n);
	bool may = place_allows(&x->w, s, PERMIT_READ);
	if (s->is_secret && s->kind == SNODE_LEAFLIST && !x->shows_secrets)
		may = false;
	/* the word of a joined container stands only before its children */
	bool seen = may && !(s->is_joined && n->child != NULL);
	bool is_closed =
	    !may && !x->w.p->allow_conf.is_set && (is_closed_by_bits(x, s) || is_denied_below(x));
	for (const struct node *c = n->child; c != NULL && !seen && !is_closed; c = c->next)
		seen = is_seen(x, c);
	place_leave(&x->w, &mark);
	return seen;
}

static void
walk_to(struct permit_eye *x, const struct node *n)
{
	if (n->parent == NULL)
		return;
	walk_to(x, n->parent);
	(void)place_enter(&x->w, n);
}

bool
permit_eye_sees(struct permit_eye *x, const struct node *n)
{
	if (n->parent == NULL)
		return true;
	if (x->around != n->parent) {
		place_leave(&x->w, &(struct place_mark){ 0 });
		x->w.depth = 0;
		walk_to(x, n->parent);
		x->around = n->parent;
	}
	return is_seen(x, n);
}
