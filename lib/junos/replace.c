/* SPDX-License-Identifier: BSD-2-Clause
 *
 * replace.c - `replace pattern`: other words for names and values.
 *
 * Walks the tree once. A name changes in place, so that its entry keeps where it stands and what is in it. Recursion is as
 * deep as the schema.
 */
#include "lib/junos/replace.h"

#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/junos/place.h"
#include "lib/junos/protect.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { PARTS = 10, VALUE_MAX = 1024 };

struct replacing {
	struct tree *t;
	const regex_t *re;
	const char *with;
	size_t left; /* how many more may change */
	size_t n;
	struct report *report;
};

static void
say(struct replacing *x, const struct node *n, bool is_error, const char *statement,
    const char *message)
{
	struct text edit = { 0 };
	if (is_error)
		node_edit_path(n->parent, &edit);
	report_add(x->report, &(struct report_line){
				  .class = is_error ? REPORT_INVALID : REPORT_WARNING,
				  .is_error = is_error,
				  .edit = is_error ? (char *)(uintptr_t)text_str(&edit) : NULL,
				  .statement = is_error ? (char *)(uintptr_t)statement : NULL,
				  .message = (char *)(uintptr_t)message,
			      });
	text_done(&edit);
}

/* --- the words --- */

/* Writes WITH for the match PARTS in S. */
static void
with_put(const char *with, const char *s, const regmatch_t *parts, struct text *out)
{
	for (const char *p = with; *p != '\0'; p++) {
		int part = *p == '&' ? 0 : -1;
		if (*p == '\\' && p[1] != '\0') {
			p++;
			part = *p >= '0' && *p <= '9' ? *p - '0' : -1;
		}
		if (part < 0)
			text_putc(out, *p);
		else if (parts[part].rm_so >= 0)
			text_putn(out, s + parts[part].rm_so,
			    (size_t)(parts[part].rm_eo - parts[part].rm_so));
	}
}

/* Writes VALUE with its matches replaced; true if there was one. */
static bool
value_put(const struct replacing *x, const char *value, struct text *out)
{
	regmatch_t parts[PARTS];
	bool has_match = false;
	const char *s = value;
	while (regexec(x->re, s, PARTS, parts, s == value ? 0 : REG_NOTBOL) == 0) {
		has_match = true;
		text_putn(out, s, (size_t)parts[0].rm_so);
		with_put(x->with, s, parts, out);
		bool is_empty = parts[0].rm_eo == parts[0].rm_so;
		s += parts[0].rm_eo;
		if (is_empty && *s != '\0')
			text_putc(out, *s++);
		else if (is_empty)
			break;
	}
	text_put(out, s);
	return has_match;
}

/* --- the nodes --- */

static const struct snode *
leaf_of(const struct snode *s, size_t i)
{
	return s->kind == SNODE_LIST ? s->keys[i] : s;
}

static void
node_change(struct replacing *x, struct node *n, const char *const *values)
{
	if (n->schema->kind == SNODE_LEAF)
		node_set_leaf(x->t, n->parent, n->schema, values[0]);
	else if (!node_rename(x->t, n, values)) {
		struct text old = { 0 };
		node_statement(n, &old);
		say(x, n, true, text_str(&old), "target already exists");
		text_done(&old);
		return;
	}
	x->left--;
	x->n++;
}

/* Judges the new values of N, whose old ones are OLD; false: one is wrong (and that was said). */
static bool
values_check(struct replacing *x, const struct node *n, const struct text *fresh, size_t n_values,
    const char **values, char (*canon)[VALUE_MAX])
{
	char err[512];
	for (size_t i = 0; i < n_values; i++) {
		values[i] = place_value(leaf_of(n->schema, i), text_str(&fresh[i]), canon[i],
		    VALUE_MAX, err, sizeof(err));
		if (values[i] != NULL)
			continue;
		struct text statement = { 0 };
		text_printf(&statement, "%s %s", n->schema->name, text_str(&fresh[i]));
		say(x, n, true, text_str(&statement), err);
		text_done(&statement);
		return false;
	}
	return true;
}

static void
node_replace(struct replacing *x, struct node *n)
{
	const struct snode *s = n->schema;
	if (s->kind == SNODE_CONTAINER || n->value == NULL || s->is_secret || s->is_empty)
		return;
	struct text fresh[PLACE_KEYS_MAX] = { 0 };
	const char *values[PLACE_KEYS_MAX] = { 0 };
	char canon[PLACE_KEYS_MAX][VALUE_MAX];
	size_t n_values = s->kind == SNODE_LIST ? s->n_keys : 1;
	bool has_match = false;
	bool is_other = false;
	for (size_t i = 0; i < n_values; i++) {
		const char *old = i == 0 ? n->value : n->more_keys[i - 1];
		has_match |= value_put(x, old, &fresh[i]);
		is_other |= strcmp(old, text_str(&fresh[i])) != 0;
	}
	const struct node *guard = has_match && is_other ? protect_around(n) : NULL;
	if (guard != NULL) {
		struct text why = { 0 };
		protect_print(guard, &why);
		say(x, n, false, NULL, text_str(&why));
		text_done(&why);
	} else if (has_match && is_other && values_check(x, n, fresh, n_values, values, canon)) {
		node_change(x, n, values);
	}
	for (size_t i = 0; i < n_values; i++)
		text_done(&fresh[i]);
}

static void
below_replace(struct replacing *x, struct node *n, const struct node *seen)
{
	for (struct node *c = n->child; c != NULL && x->left > 0; c = c->next) {
		const struct node *seen_c = seen != NULL ? place_partner(seen, c) : NULL;
		if (seen != NULL && seen_c == NULL)
			continue;
		node_replace(x, c);
		below_replace(x, c, seen_c);
	}
}

size_t
replace_pattern(struct tree *t, struct node *below, const struct node *seen, const regex_t *re,
    const char *with, size_t limit, struct report *r)
{
	struct replacing x = {
		.t = t,
		.re = re,
		.with = with,
		.left = limit > 0 ? limit : SIZE_MAX,
		.report = r,
	};
	below_replace(&x, below, seen);
	return x.n;
}
