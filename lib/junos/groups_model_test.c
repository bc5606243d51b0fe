/* SPDX-License-Identifier: BSD-2-Clause
 *
 * groups_model_test.c - random configurations with groups, expanded by lib/junos and by a slow model.
 *
 * The model looks, for every place on its own, at every level above it and at every statement of every group applied
 * there; it knows no index, no order of wildcards and nothing from the place above. usage: groups_model_test [SEED]
 */
#include "lib/junos/groups.h"

#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/junos/load.h"
#include "lib/junos/load_check.h"

#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS = 3000, DEPTH_MAX = 32, NODES_MAX = 512 };

static uint32_t seed = 1;

static unsigned
dice(unsigned sides)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 16) % sides;
}

/* --- random configurations --- */

#define PICK(list) list[dice(sizeof(list) / sizeof(list[0]))]

/* Writes SHAPE with names for its marks: %i an interface, %u a unit, %n another name, %v a value. */
static void
shape_put(const char *shape, bool in_group, struct text *out)
{
	static const char *const interfaces[] = { "ge-0/0/0", "ge-0/0/1", "sp-0/0/0" };
	static const char *const wild_interfaces[] = { "<*>", "<ge-*>", "<?e-*0>",
		"<\"*-[!1]/*/[01]\">" };
	static const char *const units[] = { "0", "1", "12" };
	static const char *const wild_units[] = { "<*>", "<1*>", "<?>" };
	static const char *const names[] = { "a", "b", "ab" };
	static const char *const wild_names[] = { "<*>", "<a*>", "<\"[ab]\">" };
	for (const char *p = shape; *p != '\0'; p++) {
		bool is_wild = in_group && dice(2) == 0;
		if (*p != '%') {
			text_putc(out, *p);
			continue;
		}
		switch (*++p) {
		case 'i':
			text_put(out, is_wild ? PICK(wild_interfaces) : PICK(interfaces));
			break;
		case 'u':
			text_put(out, is_wild ? PICK(wild_units) : PICK(units));
			break;
		case 'n':
			text_put(out, is_wild ? PICK(wild_names) : PICK(names));
			break;
		default:
			text_printf(out, "v%u", dice(5));
		}
	}
}

static void
line_put(struct text *out)
{
	static const char *const statements[] = {
		"interfaces %i description %v",
		"interfaces %i",
		"interfaces %i unit %u",
		"interfaces %i unit %u description %v",
		"interfaces %i unit %u family inet",
		"interfaces %i unit %u family inet mtu 1400",
		"interfaces %i unit %u family inet mtu 1300",
		"services ipsec-vpn rule %n match-direction input",
		"services ipsec-vpn rule %n match-direction output",
		"services ipsec-vpn rule %n term %n then syslog",
		"services ipsec-vpn rule %n term %n then no-anti-replay",
		"services ipsec-vpn ipsec policy %n proposals %v",
		"services ipsec-vpn ipsec policy %n proposals %v",
		"system host-name %v",
	};
	static const char *const levels[] = { "", "interfaces ", "interfaces %i ",
		"interfaces %i unit %u ", "interfaces %i unit %u family inet ", "services ",
		"services ipsec-vpn rule %n ", "services ipsec-vpn rule %n term %n ",
		"services ipsec-vpn ipsec policy %n " };
	unsigned what = dice(12);
	bool in_group = what < 6;
	text_put(out, dice(12) == 0 ? "deactivate " : "set ");
	if (in_group || what == 6)
		text_printf(out, "groups g%u ", dice(4));
	if (what == 6)
		text_printf(out, "apply-groups g%u", dice(4));
	else if (what < 10)
		shape_put(PICK(statements), in_group, out);
	else
		shape_put(PICK(levels), false, out);
	if (what >= 10)
		text_printf(out, "apply-groups%s g%u", dice(3) == 0 ? "-except" : "", dice(4));
	text_putc(out, '\n');
}

/* --- the model --- */

struct model {
	const struct tree *from;
	struct tree *to;
	const char *met[64];
	size_t n_met;
	const char *hidden[64];
	size_t n_hidden;
	const struct node *sources[NODES_MAX];
	size_t n_sources;
};

static bool
has(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool
word_matches(const char *pattern, const char *name)
{
	char inner[64];
	size_t n = strlen(pattern);
	if (pattern[0] != '<')
		return strcmp(pattern, name) == 0;
	snprintf(inner, sizeof(inner), "%.*s", (int)n - 2, pattern + 1);
	return fnmatch(inner, name, FNM_NOESCAPE) == 0;
}

/* Adds what stands below G, at the depth of the path's end, where all names match. */
static void
group_search(struct model *m, const struct node *g, const struct node *const *path, size_t n_path)
{
	if (n_path == 0) {
		for (size_t i = 0; i < m->n_sources; i++)
			if (m->sources[i] == g)
				return;
		assert_true(m->n_sources < NODES_MAX);
		m->sources[m->n_sources++] = g;
		return;
	}
	for (const struct node *c = g->child; c != NULL; c = c->next) {
		const struct snode *s = c->schema;
		if (c->is_inactive || strcmp(s->name, path[0]->schema->name) != 0)
			continue;
		if (s->kind == SNODE_CONTAINER ||
		    (s->kind == SNODE_LIST && word_matches(c->value, path[0]->value)))
			group_search(m, c, path + 1, n_path - 1);
	}
}

static void
group_use(struct model *m, const char *name, const struct node *const *path, size_t n_path)
{
	const struct node *g = tree_root(m->from)->child;
	while (g != NULL && (strcmp(g->schema->name, "groups") != 0 || strcmp(g->value, name) != 0))
		g = g->next;
	if (g == NULL || g->is_inactive || has(m->met, m->n_met, name) ||
	    has(m->hidden, m->n_hidden, name))
		return;
	m->met[m->n_met++] = name;
	group_search(m, g, path, n_path);
	for (const struct node *c = g->child; c != NULL; c = c->next)
		if (!c->is_inactive && strcmp(c->schema->name, "apply-groups") == 0)
			group_use(m, c->value, path, n_path);
}

/* What the configuration itself has at the place that the path's first N nodes mean; NULL if it has none. */
static const struct node *
own_place(const struct model *m, const struct node *const *path, size_t n)
{
	const struct node *at = tree_root(m->from);
	for (size_t i = 0; i < n && at != NULL; i++) {
		const struct node *c = at->child;
		while (
		    c != NULL && (c->is_inactive || c->schema != path[i]->schema ||
				     (c->value != NULL && strcmp(c->value, path[i]->value) != 0)))
			c = c->next;
		at = c;
	}
	return at;
}

static void
sources_list(struct model *m, const struct node *const *path, size_t n_path)
{
	m->n_met = m->n_hidden = m->n_sources = 0;
	for (size_t level = n_path + 1; level-- > 0;) {
		const struct node *own = own_place(m, path, level);
		if (own == NULL)
			continue;
		for (const struct node *c = own->child; c != NULL; c = c->next)
			if (!c->is_inactive && strcmp(c->schema->name, "apply-groups-except") == 0)
				m->hidden[m->n_hidden++] = c->value;
		for (const struct node *c = own->child; c != NULL; c = c->next)
			if (!c->is_inactive && strcmp(c->schema->name, "apply-groups") == 0)
				group_use(m, c->value, path, n_path);
	}
}

static void
take(struct model *m, struct node *n, const struct node *like)
{
	const struct snode *s =
	    snode_find(n->schema, like->schema->name, strlen(like->schema->name));
	const char *keys[] = { like->value };
	assert_non_null(s);
	size_t before = tree_count(m->to);
	struct node *made = NULL;
	if (s->kind == SNODE_CONTAINER)
		made = node_add(m->to, n, s);
	else if (s->kind == SNODE_LIST && like->value[0] != '<')
		made = node_add_entry(m->to, n, s, keys);
	else if (s->kind == SNODE_LEAFLIST)
		made = node_add_value(m->to, n, s, like->value);
	else if (s->kind == SNODE_LEAF && node_child(n, s) == NULL)
		made = node_set_leaf(m->to, n, s, like->value);
	if (made != NULL && tree_count(m->to) > before)
		made->group = 1;
}

static void
model_expand(struct model *m, struct node *n, const struct node **path, size_t n_path)
{
	sources_list(m, path, n_path);
	for (size_t i = 0; i < m->n_sources; i++)
		for (const struct node *c = m->sources[i]->child; c != NULL; c = c->next)
			if (!c->is_inactive && strncmp(c->schema->name, "apply-groups", 12) != 0)
				take(m, n, c);
	assert_true(n_path < DEPTH_MAX);
	for (struct node *c = n->child, *next; c != NULL; c = next) {
		next = c->next;
		if (c->schema->kind != SNODE_CONTAINER && c->schema->kind != SNODE_LIST)
			continue;
		path[n_path] = c;
		model_expand(m, c, path, n_path + 1);
		if (c->group != 0 && c->child == NULL && c->schema->kind == SNODE_CONTAINER &&
		    !c->schema->is_presence)
			node_del(m->to, c);
	}
}

/* Takes away what is inactive, and all about groups. */
static void
strip(struct tree *t, struct node *n)
{
	for (struct node *c = n->child, *next; c != NULL; c = next) {
		next = c->next;
		bool is_group = strcmp(c->schema->name, "groups") == 0 ||
				strncmp(c->schema->name, "apply-groups", 12) == 0;
		if (is_group || c->is_inactive)
			node_del(t, c);
		else
			strip(t, c);
	}
}

static void
expansion_is_that_of_the_model(void **state)
{
	(void)state;
	size_t n_inherited = 0;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct text lines = { 0 };
		struct text got = { 0 };
		struct text want = { 0 };
		struct report r = { 0 };
		uint32_t first = seed;
		for (unsigned i = 5 + dice(50); i > 0; i--)
			line_put(&lines);
		struct tree *t = tree_new(load_check_schema());
		load_set(t, tree_root(t), text_str(&lines), lines.len, &r);
		assert_int_equal(r.n_errors, 0);
		struct tree *whole = groups_expand(t, NULL);
		strip(whole, tree_root(whole));
		print_text(tree_root(whole), 0, &got);
		struct model m = { .from = t, .to = tree_copy(t) };
		const struct node *path[DEPTH_MAX];
		strip(m.to, tree_root(m.to));
		size_t before = tree_count(m.to);
		model_expand(&m, tree_root(m.to), path, 0);
		n_inherited += tree_count(m.to) > before;
		print_text(tree_root(m.to), 0, &want);
		if (strcmp(text_str(&got), text_str(&want)) != 0)
			fail_msg("seed %u\n%s--- got\n%s--- wanted\n%s", first, text_str(&lines),
			    text_str(&got), text_str(&want));
		tree_free(m.to);
		tree_free(whole);
		tree_free(t);
		report_done(&r);
		text_done(&lines);
		text_done(&got);
		text_done(&want);
	}
	assert_true(n_inherited > ROUNDS / 4);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expansion_is_that_of_the_model),
	};
	if (argc > 1)
		seed = (uint32_t)strtoul(argv[1], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
