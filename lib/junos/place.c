/* SPDX-License-Identifier: BSD-2-Clause
 *
 * place.c - words of a path against a tree and its schema, and places as text.
 */
#include "lib/junos/place.h"

#include "lib/base/text.h"
#include "lib/junos/quote.h"

#include <stdint.h>
#include <string.h>

enum { CANON_SIZE = 1024 };

const struct snode *
place_child(const struct snode *s, const char *word, bool is_quoted, size_t nth, bool *has_word)
{
	const struct snode *c = is_quoted ? NULL : snode_find(s, word, strlen(word));
	*has_word = c != NULL && !(c->kind == SNODE_LIST && c->is_nokeyword);
	if (*has_word)
		return c;
	for (size_t i = 0; i < s->n_children; i++) {
		c = s->children[i];
		if (!c->is_nokeyword)
			continue;
		if (c->kind == SNODE_LIST || nth == 0)
			return c;
		nth--;
	}
	return NULL;
}

const char *
place_value(const struct snode *leaf, const char *value, char *canon, size_t size, char *err,
    size_t err_size)
{
	canon[0] = '\0';
	if (!snode_value_check(leaf, value, err, err_size, canon, size))
		return NULL;
	return canon[0] != '\0' ? canon : value;
}

/* Takes the keys of LIST from the words at *AT and finds the entry below PARENT. NULL: missing. */
static struct node *
entry_find(const struct node *parent, const struct snode *list, const char *const *words, size_t n,
    size_t *at)
{
	const char *keys[PLACE_KEYS_MAX] = { 0 };
	char canon[PLACE_KEYS_MAX][CANON_SIZE];
	char err[256];
	for (size_t i = 0; i < list->n_keys && *at < n; i++) {
		size_t k = i;
		for (size_t j = 0; list->is_key_keyword && j < list->n_keys; j++)
			if (keys[j] == NULL && *at + 1 < n &&
			    strcmp(list->keys[j]->name, words[*at]) == 0) {
				k = j;
				(*at)++;
				break;
			}
		const char *word = words[(*at)++];
		const char *value =
		    place_value(list->keys[k], word, canon[k], CANON_SIZE, err, sizeof(err));
		keys[k] = value ? value : word;
	}
	for (size_t i = 0; i < list->n_keys; i++)
		if (keys[i] == NULL)
			return NULL;
	return node_entry(parent, list, keys);
}

static struct node *
value_find(const struct node *parent, const struct snode *s, const char *word)
{
	char canon[CANON_SIZE];
	char err[256];
	const char *value = place_value(s, word, canon, sizeof(canon), err, sizeof(err));
	if (value == NULL)
		value = word;
	if (s->kind == SNODE_LEAFLIST)
		return node_value(parent, s, value);
	struct node *n = node_child(parent, s);
	/* a secret may have any of many forms: its name is enough */
	return n != NULL && (s->is_secret || strcmp(n->value, value) == 0) ? n : NULL;
}

struct place
place_find(struct node *from, const char *const *words, size_t n)
{
	struct place p = { .kind = PLACE_NODE, .node = from };
	size_t nth = 0;
	while (p.used < n) {
		bool has_word;
		const struct snode *s =
		    place_child(p.node->schema, words[p.used], false, nth, &has_word);
		if (s == NULL)
			return (struct place){ .kind = PLACE_UNKNOWN, .used = p.used };
		p.used += has_word;
		struct node *next;
		bool is_end = p.used == n;
		if (s->kind == SNODE_CONTAINER || s->is_empty ||
		    (s->kind == SNODE_LEAF && is_end)) {
			next = node_child(p.node, s);
		} else if (is_end) {
			next = node_first_of(p.node, s);
			if (next != NULL)
				return (struct place){ PLACE_ALL, NULL, p.node, s, p.used };
		} else if (s->kind == SNODE_LIST) {
			next = entry_find(p.node, s, words, n, &p.used);
		} else {
			next = value_find(p.node, s, words[p.used++]);
		}
		if (next == NULL)
			return (struct place){ .kind = PLACE_MISSING, .used = p.used };
		p.node = next;
	}
	return p;
}

struct node *
node_path(const struct node *n, const char *const *words, size_t n_words)
{
	/* the tree is not changed; the constness of what is found is the caller's matter */
	struct place p = place_find((struct node *)(uintptr_t)n, words, n_words);
	return p.kind == PLACE_NODE ? p.node : NULL;
}

/* The keys of N, or its value, as the finders want them. */
static void
keys_of(const struct node *n, const char **keys)
{
	keys[0] = n->value;
	for (size_t i = 1; n->schema->kind == SNODE_LIST && i < n->schema->n_keys; i++)
		keys[i] = n->more_keys[i - 1];
}

struct node *
place_partner(const struct node *parent, const struct node *n)
{
	const char *keys[PLACE_KEYS_MAX] = { 0 };
	keys_of(n, keys);
	if (n->schema->kind == SNODE_LEAFLIST)
		return node_value(parent, n->schema, keys[0]);
	return n->schema->kind == SNODE_LIST ? node_entry(parent, n->schema, keys)
					     : node_child(parent, n->schema);
}

struct node *
place_clone(struct tree *t, const struct node *place)
{
	if (place->parent == NULL)
		return tree_root(t);
	const char *keys[PLACE_KEYS_MAX] = { 0 };
	struct node *up = place_clone(t, place->parent);
	keys_of(place, keys);
	return place->schema->kind == SNODE_LIST ? node_add_entry(t, up, place->schema, keys)
						 : node_add(t, up, place->schema);
}

void
node_statement(const struct node *n, struct text *out)
{
	const struct snode *s = n->schema;
	bool is_bare = s->kind == SNODE_LIST && s->is_nokeyword;
	if (!is_bare)
		text_put(out, s->name);
	if (n->value == NULL || s->kind == SNODE_CONTAINER || s->is_secret)
		return;
	for (size_t i = 0; i < (s->kind == SNODE_LIST ? s->n_keys : 1); i++) {
		if (!is_bare || i > 0)
			text_putc(out, ' ');
		if (s->kind == SNODE_LIST && s->is_key_keyword)
			text_printf(out, "%s ", s->keys[i]->name);
		/* a bare name that is also a statement here is told apart by its quotes */
		bool force =
		    is_bare && i == 0 && snode_find(s->parent, n->value, strlen(n->value)) != NULL;
		quote_put(out, i == 0 ? n->value : n->more_keys[i - 1], force);
	}
}

void
node_edit_path(const struct node *n, struct text *out)
{
	if (n->parent == NULL)
		return;
	node_edit_path(n->parent, out);
	if (n->parent->parent != NULL)
		text_putc(out, ' ');
	node_statement(n, out);
}
