/* SPDX-License-Identifier: BSD-2-Clause
 *
 * permit_view.c - a configuration with the eyes of one user.
 *
 * A copy from which is taken what may not be seen. A statement that may not be seen stays where something below it may;
 * then nothing of its own is left but its words. Recursion is as deep as the schema.
 */
#include "daemon/mgd/permit_place.h"

#include <string.h>

#include "lib/base/text.h"
#include "lib/junos/nine.h"
#include "lib/junos/place.h"
#include "lib/junos/tree.h"

struct view {
	struct place_walk w;
	struct tree *t;
	enum permit_hidden hidden;
	bool shows_secrets;
};

/* Statements whose value is a secret, in text that is not held against the schema: what their words end with ... */
static const char *const secret_ends[] = { "secret", "password", "key", "community", "md5",
	"passphrase" };

/* ... and whole words: the first two stand between such a word and its value, too. */
static const char *const secret_words[] = { "ascii-text", "hexadecimal", "certificate" };

enum { FORMS_N = 2 };

static bool
is_one_of(const char *word, size_t len, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(list[i]) == len && strncmp(list[i], word, len) == 0)
			return true;
	return false;
}

/* A bracket may close the place that the word ends. */
static size_t
bare_length(const char *word, size_t len)
{
	return len - (len > 0 && word[len - 1] == ']');
}

static bool
is_form_word(const char *word, size_t len)
{
	return is_one_of(word, bare_length(word, len), secret_words, FORMS_N);
}

static bool
is_secret_word(const char *word, size_t len)
{
	len = bare_length(word, len);
	for (size_t i = 0; i < sizeof(secret_ends) / sizeof(secret_ends[0]); i++) {
		size_t n = strlen(secret_ends[i]);
		if (len >= n && strncmp(word + len - n, secret_ends[i], n) == 0)
			return true;
	}
	return is_one_of(word, len, secret_words, sizeof(secret_words) / sizeof(secret_words[0]));
}

/* The end of the word that starts at S: a quoted one whole. */
static size_t
word_length(const char *s)
{
	if (*s != '"')
		return strcspn(s, " \n;{}");
	size_t n = 1;
	while (s[n] != '\0' && s[n] != '"')
		n += s[n] == '\\' && s[n + 1] != '\0' ? 2 : 1;
	return n + (s[n] == '"');
}

static bool
looks_secret(const char *word, size_t len)
{
	const char *s = *word == '"' ? word + 1 : word;
	return len > 3 && s[0] == '$' && strchr("1256789", s[1]) != NULL && s[2] == '$';
}

void
permit_hide_secrets(const char *text, struct text *out)
{
	bool is_next = false; /* what follows is one */
	for (const char *p = text; *p != '\0';) {
		if (strchr(" \n;{}", *p) != NULL) {
			is_next = is_next && *p == ' ';
			text_putc(out, *p++);
			continue;
		}
		size_t n = word_length(p);
		if (n == 0)
			n = 1;
		if ((is_next && !is_form_word(p, n)) || looks_secret(p, n))
			text_put(out, NODE_SECRET_HIDDEN);
		else
			text_putn(out, p, n);
		is_next = is_next || is_secret_word(p, n);
		p += n;
	}
}

static void
secrets_hide(struct view *v, struct node *n)
{
	const char *any = node_any(n);
	if (v->shows_secrets)
		return;
	if (n->schema->is_secret && n->schema->kind == SNODE_LEAF && n->value != NULL) {
		node_set_leaf(v->t, n->parent, n->schema, NODE_SECRET_HIDDEN);
	} else if (any != NULL) {
		struct text hidden = { 0 };
		permit_hide_secrets(any, &hidden);
		node_set_any(v->t, n, text_str(&hidden));
		text_done(&hidden);
	}
}

/* One mark says it for all that is below. */
static void
marks_join(struct view *v, struct node *n)
{
	for (const struct node *c = n->child; c != NULL; c = c->next)
		if (!c->is_denied)
			return;
	while (n->child != NULL)
		node_del(v->t, n->child);
}

/* Nothing of what N is by itself may be seen. */
static void
strip(struct view *v, struct node *n)
{
	const struct snode *s = n->schema;
	marks_join(v, n);
	bool can_mark = s->kind == SNODE_CONTAINER || s->kind == SNODE_LEAF;
	if (n->child == NULL &&
	    (v->hidden == PERMIT_DROP || !can_mark || s->is_joined || s->is_nokeyword)) {
		node_del(v->t, n);
		return;
	}
	node_set_comment(v->t, n, NULL);
	if (s->is_any)
		node_set_any(v->t, n, NULL);
	n->is_denied = n->child == NULL;
	if (!n->is_denied)
		return;
	n->is_inactive = n->is_protected = false;
	if (s->kind == SNODE_LEAF && n->value != NULL)
		node_set_leaf(v->t, n->parent, s, "");
}

static void
below_hide(struct view *v, struct node *parent)
{
	struct node *next;
	for (struct node *n = parent->child; n != NULL; n = next) {
		next = n->next;
		struct place_mark mark = place_enter(&v->w, n);
		bool may = place_allows(&v->w, n->schema, PERMIT_READ);
		bool was_joined_full = n->schema->is_joined && n->child != NULL;
		below_hide(v, n);
		place_leave(&v->w, &mark);
		if (n->schema->is_secret && n->schema->kind == SNODE_LEAFLIST && !v->shows_secrets)
			may = false;
		if (!may)
			strip(v, n);
		else if (was_joined_full && n->child == NULL)
			node_del(v->t, n);
		else
			secrets_hide(v, n);
	}
}

struct tree *
permit_view(const struct permit *p, const struct tree *t, enum permit_hidden hidden)
{
	if (permit_is_all(p))
		return NULL;
	struct view v = {
		.w = { .p = p },
		.t = tree_copy(t),
		.hidden = hidden,
		.shows_secrets = permit_secret(p, PERMIT_READ),
	};
	below_hide(&v, tree_root(v.t));
	place_done(&v.w);
	return v.t;
}

static bool
is_hidden_secret(const struct node *n)
{
	return n != NULL && n->schema->is_secret && n->value != NULL &&
	       strcmp(n->value, NODE_SECRET_HIDDEN) == 0;
}

/* The four are the same place in the four trees. */
static void
changed_mark(
    const struct node *old, const struct node *now, const struct node *old_view, struct node *view)
{
	for (struct node *n = view->child; n != NULL; n = n->next) {
		const struct node *was_seen = place_partner(old_view, n);
		const struct node *was = was_seen != NULL ? place_partner(old, n) : NULL;
		const struct node *is = was != NULL ? place_partner(now, n) : NULL;
		if (is == NULL)
			continue;
		if (is_hidden_secret(n) && is_hidden_secret(was_seen))
			n->is_changed = was->value == NULL || is->value == NULL ||
					(strcmp(was->value, is->value) != 0 &&
					    !nine_same(was->value, is->value));
		changed_mark(was, is, was_seen, n);
	}
}

void
permit_mark_changed(
    const struct tree *old, const struct tree *t, const struct tree *old_view, struct tree *view)
{
	changed_mark(tree_root(old), tree_root(t), tree_root(old_view), tree_root(view));
}
