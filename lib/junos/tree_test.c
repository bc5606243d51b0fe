/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tree_test.c - canonical order, large lists, editing, and what the daemons get.
 */
#include "lib/junos/tree.h"

#include "lib/base/arena.h"
#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/junos/load.h"
#include "lib/junos/load_check.h"
#include "lib/msg/elem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct snode *
child(const struct snode *s, const char *word)
{
	const struct snode *c = snode_find(s, word, strlen(word));
	assert_non_null(c);
	return c;
}

static struct tree *
loaded(const char *set)
{
	struct tree *t = tree_new(load_check_schema());
	struct report r = { 0 };
	load_set(t, tree_root(t), set, strlen(set), &r);
	assert_int_equal(r.n_errors, 0);
	report_done(&r);
	return t;
}

static struct node *
at(const struct tree *t, const char *path)
{
	char words[512];
	const char *list[32];
	size_t n = 0;
	snprintf(words, sizeof(words), "%s", path);
	for (char *w = strtok(words, " "); w != NULL; w = strtok(NULL, " "))
		list[n++] = w;
	return node_path(tree_root(t), list, n);
}

static void
assert_children(const struct node *n, const char *want)
{
	struct text got = { 0 };
	const struct node *prev = NULL;
	for (const struct node *c = n->child; c != NULL; prev = c, c = c->next) {
		assert_ptr_equal(c->prev, prev);
		assert_ptr_equal(c->parent, n);
		if (got.len > 0)
			text_put(&got, ", ");
		node_statement(c, &got);
	}
	assert_ptr_equal(n->last, prev);
	assert_string_equal(text_str(&got), want);
	text_done(&got);
}

static void
children_stand_in_canonical_order(void **state)
{
	(void)state;
	struct tree *t = tree_new(load_check_schema());
	struct node *services = node_add(t, tree_root(t), child(tree_root(t)->schema, "services"));
	struct node *vpn = node_add(t, services, child(services->schema, "ipsec-vpn"));
	const struct snode *list = child(vpn->schema, "rule");
	struct node *r = node_add_entry(t, vpn, list, (const char *const[]){ "r1" });
	node_set_leaf(t, r, child(list, "match-direction"), "input");
	const struct snode *term = child(list, "term");
	node_add_entry(t, r, term, (const char *const[]){ "b" });
	node_add_entry(t, r, term, (const char *const[]){ "a" });
	assert_children(r, "term b, term a, match-direction input");
	assert_ptr_equal(node_add_entry(t, r, term, (const char *const[]){ "a" }), r->child->next);
	assert_string_equal(
	    node_set_leaf(t, r, child(list, "match-direction"), "output")->value, "output");
	assert_int_equal(tree_count(t), 7);
	struct text path = { 0 };
	node_edit_path(r->child, &path);
	assert_string_equal(text_str(&path), "services ipsec-vpn rule r1 term b");
	text_done(&path);
	node_del(t, services);
	assert_int_equal(tree_count(t), 1);
	tree_free(t);
}

static void
large_lists_find_their_entries(void **state)
{
	(void)state;
	enum { N = 5000 };
	struct tree *t = loaded("set services ipsec-vpn rule first");
	struct node *vpn = at(t, "services ipsec-vpn");
	const struct snode *list = child(vpn->schema, "rule");
	char name[32];
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "r%d", i);
		node_add_entry(t, vpn, list, (const char *const[]){ name });
	}
	/* another statement goes behind the list, a deleted end is found again */
	node_add_entry(t, vpn, child(vpn->schema, "rule-set"), (const char *const[]){ "set" });
	assert_string_equal(vpn->last->value, "set");
	for (int i = N - 1; i >= 0; i -= 2) {
		snprintf(name, sizeof(name), "r%d", i);
		struct node *n = node_entry(vpn, list, (const char *const[]){ name });
		assert_non_null(n);
		node_del(t, n);
		assert_null(node_entry(vpn, list, (const char *const[]){ name }));
	}
	for (int i = 0; i < N; i += 2) {
		snprintf(name, sizeof(name), "r%d", i);
		assert_string_equal(
		    node_entry(vpn, list, (const char *const[]){ name })->value, name);
	}
	struct node *added = node_add_entry(t, vpn, list, (const char *const[]){ "late" });
	assert_ptr_equal(added->next, vpn->last);
	assert_ptr_equal(node_last_of(vpn, list), added);
	assert_string_equal(node_first_of(vpn, list)->value, "first");
	struct node *moved = node_entry(vpn, list, (const char *const[]){ "r0" });
	node_move(t, moved, added, true);
	assert_ptr_equal(node_last_of(vpn, list), moved);
	node_move(t, added, node_first_of(vpn, list), false);
	assert_ptr_equal(node_first_of(vpn, list), added);
	assert_true(node_rename(t, moved, (const char *const[]){ "r0x" }));
	assert_null(node_entry(vpn, list, (const char *const[]){ "r0" }));
	assert_ptr_equal(node_entry(vpn, list, (const char *const[]){ "r0x" }), moved);
	assert_false(node_rename(t, moved, (const char *const[]){ "r2" }));
	assert_null(load_check(t));
	tree_free(t);
}

static void
copies_are_whole_and_apart(void **state)
{
	(void)state;
	struct tree *t = loaded("set services ipsec-vpn rule a term 1 then syslog\n"
				"set services ipsec-vpn rule a match-direction input\n"
				"annotate services ipsec-vpn rule a term 1 \"one\"\n"
				"deactivate services ipsec-vpn rule a term 1 then\n");
	struct node *vpn = at(t, "services ipsec-vpn");
	struct node *b = node_copy(t, vpn, vpn->child, (const char *const[]){ "b" });
	assert_non_null(b);
	assert_children(vpn, "rule a, rule b");
	assert_string_equal(b->child->comment, "one");
	assert_true(b->child->child->is_inactive);
	assert_null(node_copy(t, vpn, vpn->child, (const char *const[]){ "b" }));
	assert_null(node_copy(t, vpn, vpn->child, NULL));
	struct tree *copy = tree_copy(t);
	node_del(t, b);
	assert_non_null(at(copy, "services ipsec-vpn rule b term 1 then syslog"));
	assert_null(at(t, "services ipsec-vpn rule b"));
	struct node *back = node_copy(t, vpn, at(copy, "services ipsec-vpn rule b"), NULL);
	assert_ptr_equal(back, at(t, "services ipsec-vpn rule b"));
	tree_free(copy);
	tree_free(t);
}

static void
another_branch_of_a_choice_goes_away(void **state)
{
	(void)state;
	struct tree *t = loaded(
	    "set services service-set s next-hop-service inside-service-interface sp-1/2/0.1\n"
	    "set services service-set s interface-service service-interface sp-1/2/0\n");
	assert_children(at(t, "services service-set s"), "interface-service");
	tree_free(t);
}

static void
elements_are_active_clear_and_placed(void **state)
{
	(void)state;
	struct tree *t = loaded(
	    "set services ipsec-vpn rule r term t then manual direction inbound spi 300\n"
	    "set services ipsec-vpn rule r term t then manual direction inbound authentication key "
	    "ascii-text \"in clear\"\n"
	    "set services ipsec-vpn rule r term t then syslog\n"
	    "set services ipsec-vpn rule off term t then syslog\n"
	    "deactivate services ipsec-vpn rule off\n");
	const char *hidden = at(t, "services ipsec-vpn rule r term t then manual direction inbound "
				   "authentication key ascii-text")
				 ->value;
	assert_memory_equal(hidden, "$9$", 3);
	struct arena *a = arena_new_secret();
	struct elem *e = tree_to_elem(t, a);
	assert_string_equal(e->name, "configuration");
	struct elem *rule = elem_path(e, "services/ipsec-vpn/rule");
	assert_string_equal(elem_value(rule, "name"), "r");
	assert_null(elem_next(rule));
	struct elem *then = elem_path(rule, "term/then");
	assert_false(elem_find(then, "syslog")->is_container);
	struct elem *dir = elem_path(then, "manual/direction");
	assert_string_equal(elem_value(dir, "spi"), "300");
	assert_string_equal(elem_path(dir, "authentication/key/ascii-text")->value, "in clear");
	const unsigned *origin = elem_find(dir, "spi")->origin;
	assert_int_equal(origin[0], 1);
	assert_int_equal(origin[1], 68);
	struct wr w = wr_grow();
	elem_encode(&w, e);
	assert_true(wr_ok(&w));
	wr_free(&w);
	arena_free(a);
	tree_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(children_stand_in_canonical_order),
		cmocka_unit_test(large_lists_find_their_entries),
		cmocka_unit_test(copies_are_whole_and_apart),
		cmocka_unit_test(another_branch_of_a_choice_goes_away),
		cmocka_unit_test(elements_are_active_clear_and_placed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
