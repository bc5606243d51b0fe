/* SPDX-License-Identifier: BSD-2-Clause
 *
 * format_test.c - generated trees go through every format and come back as they were.
 *
 * A tree grows from a few statements picked out of the whole schema, with all that leads there, valid values,
 * annotations and tags. It is printed as set lines, these are read and printed as XML, that as JSON, that as text; the text of
 * the last tree must be that of the first. Over the run every kind of statement must have taken part. The seeds are fixed.
 */
#include "lib/junos/load.h"

#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/junos/load_check.h"
#include "lib/junos/nine.h"
#include "lib/junos/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RUNS = 4000, PICKS = 6, STATEMENTS_MAX = 20000, DEPTH_MAX = 40, CANON = 1024 };

struct run {
	uint32_t rnd;
	struct tree *t;
	bool has_any; /* set lines cannot say what is in braces there */
};

static const struct snode *all[STATEMENTS_MAX];
static size_t n_all;

/* What has taken part, by what the schema says of it. */
static struct seen {
	size_t container, presence, list, bare_list, key_words, keys, grouped, joined, any,
	    oneliner, oneliner_plus, leaf, empty, positional, leaflist, secret, enumeration, choice,
	    group, inactive, protected, comment;
} seen;

static uint32_t
pick(struct run *x, size_t n)
{
	x->rnd = x->rnd * 1664525u + 1013904223u;
	return (uint32_t)((x->rnd >> 8) % n);
}

static void
gather(const struct snode *s)
{
	for (size_t i = 0; i < s->n_children && n_all < STATEMENTS_MAX; i++) {
		all[n_all++] = s->children[i];
		gather(s->children[i]);
	}
}

/* --- values --- */

/* One of these is valid for nearly every type that has no words of its own. */
static const char *const values[] = { "x", "a b", "1;2{}", "\"q\\", "a#b", "/* c", "<l", "[ ]",
	"to", "1", "300", "1500", "65000:1", "10.0.0.1", "10.1.0.0/16", "2001:db8::1",
	"2001:db8::/32", "ge-0/0/0", "sp-1/2/0.1", "sp-1/2/0", "0x10", "any", "64512", "20:30",
	"2008-11-20", "r1", "1-5", "100k", "a@b.c", "1.3.6.1", "abcdef0123456789", "default",
	"http", "host-key", "inet.0", "00:11:22:33:44:55", "49.0001.0000.0000.0001.00", "[0-9]+",
	"all", "0" };

enum { VALUES = sizeof(values) / sizeof(values[0]) };

/* Returns a valid value of LEAF, good until the next call with the same BUF; NULL: we know none. */
static const char *
value_make(struct run *x, const struct snode *leaf, char buf[CANON])
{
	char err[512];
	size_t n_words = 0;
	while (leaf->enums != NULL && leaf->enums[n_words] != NULL)
		n_words++;
	if (n_words > 0) {
		seen.enumeration++;
		return leaf->enums[pick(x, n_words)];
	}
	size_t start = pick(x, VALUES);
	for (size_t i = 0; i < VALUES; i++) {
		const char *v =
		    place_value(leaf, values[(start + i) % VALUES], buf, CANON, err, sizeof(err));
		if (v == NULL)
			continue;
		if (!leaf->is_secret)
			return v;
		struct text hidden = { 0 };
		nine_encode(v, x->rnd, &hidden);
		bool fits = hidden.len < CANON;
		if (fits)
			memcpy(buf, hidden.s, hidden.len + 1);
		text_done(&hidden);
		return fits ? buf : NULL;
	}
	return NULL;
}

/* --- nodes --- */

static struct node *
entry_make(struct run *x, struct node *parent, const struct snode *s)
{
	char canon[PLACE_KEYS_MAX][CANON];
	const char *keys[PLACE_KEYS_MAX] = { 0 };
	for (size_t i = 0; i < s->n_keys; i++)
		if ((keys[i] = value_make(x, s->keys[i], canon[i])) == NULL)
			return NULL;
	/* a name in quotes that is a word here, too, is told apart in text only */
	if (s->is_nokeyword && snode_find(s->parent, keys[0], strlen(keys[0])) != NULL)
		return NULL;
	seen.bare_list += s->is_nokeyword;
	seen.key_words += s->is_key_keyword;
	seen.keys += s->n_keys > 1;
	seen.grouped += s->is_grouped;
	seen.list++;
	return node_add_entry(x->t, parent, s, keys);
}

static struct node *
leaf_make(struct run *x, struct node *parent, const struct snode *s)
{
	char canon[CANON];
	const char *value = s->is_empty ? NULL : value_make(x, s, canon);
	if ((!s->is_empty && value == NULL) || s->asks_for != NULL)
		return NULL;
	seen.empty += s->is_empty;
	seen.secret += s->is_secret;
	seen.positional += s->is_nokeyword;
	if (s->kind == SNODE_LEAF) {
		seen.leaf++;
		return node_set_leaf(x->t, parent, s, value);
	}
	seen.leaflist++;
	return node_add_value(x->t, parent, s, value);
}

/* Tags and comments are for what has a line of its own. */
static void
mark(struct run *x, struct node *n)
{
	const struct snode *s = n->schema;
	bool in_line = s->is_nokeyword && s->kind == SNODE_LEAF;
	for (const struct snode *p = s->parent; p != NULL; p = p->parent)
		in_line = in_line || p->is_oneliner || p->is_oneliner_plus;
	if (s->is_joined || s->kind == SNODE_LEAFLIST || in_line || s->role != SNODE_PLAIN)
		return;
	uint32_t what = pick(x, 40);
	if (what == 0) {
		n->is_inactive = true;
		seen.inactive++;
	} else if (what == 1) {
		n->is_protected = true;
		seen.protected ++;
	} else if (what == 2) {
		node_set_comment(x->t, n, "why \"this\" {is} so;\n and # that");
		seen.comment++;
	}
}

static struct node *
node_make(struct run *x, struct node *parent, const struct snode *s)
{
	node_del_excluded(x->t, parent, s);
	seen.choice += s->choice != 0;
	seen.group += s->is_in_group;
	seen.oneliner += s->is_oneliner;
	seen.oneliner_plus += s->is_oneliner_plus;
	struct node *n = NULL;
	if (s->kind == SNODE_CONTAINER) {
		seen.container++;
		seen.presence += s->is_presence;
		seen.joined += s->is_joined;
		n = node_add(x->t, parent, s);
	} else if (s->kind == SNODE_LIST) {
		n = entry_make(x, parent, s);
	} else {
		n = leaf_make(x, parent, s);
	}
	if (n != NULL && s->is_any) {
		node_set_any(x->t, n, "one \"2 3\";\nblock {\nword [ a b ];\n}\n");
		x->has_any = true;
		seen.any++;
	}
	if (n != NULL)
		mark(x, n);
	return n;
}

/* Adds S with all that leads to it. */
static void
statement_add(struct run *x, const struct snode *s)
{
	const struct snode *way[DEPTH_MAX];
	size_t n = 0;
	for (; s->parent != NULL && n < DEPTH_MAX; s = s->parent)
		way[n++] = s;
	struct node *at = tree_root(x->t);
	while (n > 0 && at != NULL) {
		const struct snode *next = way[--n];
		/* what is there already is mostly gone into again */
		struct node *old = node_first_of(at, next);
		bool again = n > 0 && old != NULL && pick(x, 3) > 0;
		at = again ? old : node_make(x, at, next);
	}
}

/* --- there and back --- */

static void
no_faults(const struct report *r, const struct text *text)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->lines[i].class != REPORT_SYNTAX && r->lines[i].class != REPORT_INVALID)
			continue;
		struct text said = { 0 };
		report_print(r, "text", &said);
		fail_msg("%s\n%s", text_str(text), text_str(&said));
	}
}

static struct tree *
again(const struct tree *t, void (*print)(const struct node *, struct text *),
    void (*load)(struct tree *, const char *, size_t, struct report *))
{
	struct text text = { 0 };
	struct report r = { 0 };
	struct tree *back = tree_new(load_check_schema());
	print(tree_root(t), &text);
	load(back, text_str(&text), text.len, &r);
	no_faults(&r, &text);
	report_done(&r);
	text_done(&text);
	return back;
}

static void
set_print(const struct node *n, struct text *out)
{
	print_set(n, false, out);
}

static void
set_load(struct tree *t, const char *s, size_t len, struct report *r)
{
	load_set(t, tree_root(t), s, len, r);
}

static void
xml_print(const struct node *n, struct text *out)
{
	print_xml(n, 0, out);
}

static void
xml_load(struct tree *t, const char *s, size_t len, struct report *r)
{
	load_xml(t, tree_root(t), LOAD_MERGE, s, len, r);
}

static void
json_load(struct tree *t, const char *s, size_t len, struct report *r)
{
	load_json(t, tree_root(t), LOAD_MERGE, s, len, r);
}

static void
text_print(const struct node *n, struct text *out)
{
	print_text(n, 0, out);
}

static void
text_load(struct tree *t, const char *s, size_t len, struct report *r)
{
	load_text(t, LOAD_MERGE, s, len, r);
}

static const struct {
	const char *name;
	void (*print)(const struct node *, struct text *);
	void (*load)(struct tree *, const char *, size_t, struct report *);
} formats[] = {
	{ "text", text_print, text_load },
	{ "set", set_print, set_load },
	{ "xml", xml_print, xml_load },
	{ "json", print_json, json_load },
};

static void
round_trip(const struct run *x, uint32_t seed)
{
	struct text first = { 0 };
	struct text last = { 0 };
	print_text(tree_root(x->t), 0, &first);
	struct tree *t = tree_copy(x->t);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (x->has_any && formats[i].load == set_load)
			continue;
		struct tree *next = again(t, formats[i].print, formats[i].load);
		struct text printed = { 0 };
		formats[i].print(tree_root(t), &printed);
		tree_free(t);
		t = next;
		text_reset(&last);
		print_text(tree_root(t), 0, &last);
		if (strcmp(text_str(&first), text_str(&last)) != 0)
			fail_msg("seed %u, as %s:\n%s\nwas:\n%s\nis:\n%s", seed, formats[i].name,
			    text_str(&printed), text_str(&first), text_str(&last));
		text_done(&printed);
	}
	struct text diff = { 0 };
	print_compare(x->t, t, &diff);
	assert_string_equal(text_str(&diff), "");
	text_done(&diff);
	tree_free(t);
	text_done(&first);
	text_done(&last);
}

static void
every_format_keeps_every_tree(void **state)
{
	(void)state;
	gather(load_check_schema()->config);
	assert_true(n_all > 100 && n_all < STATEMENTS_MAX);
	for (uint32_t seed = 1; seed <= RUNS; seed++) {
		struct run x = { .rnd = seed * 2654435761u, .t = tree_new(load_check_schema()) };
		for (size_t i = 0; i < PICKS; i++)
			statement_add(&x, all[pick(&x, n_all)]);
		round_trip(&x, seed);
		tree_free(x.t);
	}
}

static void
every_kind_of_statement_took_part(void **state)
{
	(void)state;
	const size_t *n = &seen.container;
	for (size_t i = 0; i < sizeof(seen) / sizeof(*n); i++)
		if (n[i] == 0)
			fail_msg("kind %zu did not", i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_format_keeps_every_tree),
		cmocka_unit_test(every_kind_of_statement_took_part),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
