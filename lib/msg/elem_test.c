/* SPDX-License-Identifier: BSD-2-Clause
 *
 * elem_test.c - trees survive the wire; nothing else does.
 */
#include "lib/msg/elem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct elem *
sample(struct arena *a)
{
	struct elem *root = elem_new(a, "configuration");
	struct elem *rule = elem_add(a, root, "rule");
	elem_leaf(a, rule, "name", "r1");
	elem_flag(a, elem_add(a, rule, "then"), "syslog");
	elem_add(a, root, "empty");
	elem_leaff(a, root, "spi", "%d", 256);
	elem_leaf(a, root, "text", "");
	return root;
}

static void
a_tree_comes_back_as_it_was(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	struct wr w = wr_grow();
	elem_encode(&w, sample(a));
	assert_true(wr_ok(&w));
	struct rd r = rd_init(w.buf, w.len);
	struct elem *e = elem_decode(a, &r);
	assert_non_null(e);
	assert_true(rd_end(&r));
	assert_string_equal(e->name, "configuration");
	assert_string_equal(elem_value(elem_find(e, "rule"), "name"), "r1");
	assert_non_null(elem_path(e, "rule/then/syslog"));
	assert_true(elem_find(e, "empty")->is_container);
	assert_string_equal(elem_value(e, "text"), "");
	struct wr again = wr_grow();
	elem_encode(&again, e);
	assert_int_equal(again.len, w.len);
	assert_memory_equal(again.buf, w.buf, w.len);
	wr_free(&again);
	wr_free(&w);
	arena_free(a);
}

static void
every_truncation_is_refused(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	struct wr w = wr_grow();
	elem_encode(&w, sample(a));
	for (size_t n = 0; n < w.len; n++) {
		struct rd r = rd_init(w.buf, n);
		assert_null(elem_decode(a, &r));
	}
	wr_free(&w);
	arena_free(a);
}

static void
too_deep_and_bad_names_are_refused(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	struct wr w = wr_grow();
	for (int i = 0; i <= ELEM_DEPTH_MAX; i++)
		wr_bytes(&w, "\x01\x01x", 3);
	for (int i = 0; i <= ELEM_DEPTH_MAX; i++)
		wr_u8(&w, 4);
	struct rd r = rd_init(w.buf, w.len);
	assert_null(elem_decode(a, &r));
	wr_free(&w);
	static const char *const bad[] = { "\x03\x01 ",
		"\x03\x01"
		"1",
		"\x03\x02"
		"a/",
		"\x04", "\x07" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rd b = rd_init(bad[i], strlen(bad[i]));
		assert_null(elem_decode(a, &b));
	}
	struct rd nul = rd_init("\x02\x01x\x00\x00\x00\x01\x00", 8);
	assert_null(elem_decode(a, &nul));
	arena_free(a);
}

/* A shared child is encoded as a copy of it would be, and the tree it was shared from is not changed. */
static void
shared_children_are_encoded_where_they_are_shared(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	struct elem *from = sample(a);
	struct elem *to = elem_new(a, "configuration");
	for (const struct elem *e = from->child; e != NULL; e = e->next)
		elem_share(a, to, e);
	elem_leaf(a, to, "more", "1");
	assert_null(elem_find(from, "more"));
	elem_leaf(a, from, "more", "1");
	struct wr shared = wr_grow();
	struct wr plain = wr_grow();
	elem_encode(&shared, to);
	elem_encode(&plain, from);
	assert_true(wr_ok(&shared));
	assert_int_equal(shared.len, plain.len);
	assert_memory_equal(shared.buf, plain.buf, plain.len);
	wr_free(&shared);
	wr_free(&plain);
	arena_free(a);
}

static void
what_is_too_deep_is_not_sent(void **state)
{
	(void)state;
	for (int depth = ELEM_DEPTH_MAX; depth <= ELEM_DEPTH_MAX + 1; depth++) {
		struct arena *a = arena_new();
		struct elem *root = elem_new(a, "x");
		struct elem *e = root;
		for (int i = 1; i < depth; i++)
			e = elem_add(a, e, "x");
		elem_flag(a, e, "leaf");
		struct wr w = wr_grow();
		elem_encode(&w, root);
		assert_int_equal(wr_ok(&w), depth == ELEM_DEPTH_MAX);
		wr_free(&w);
		arena_free(a);
	}
}

/* Names that fall into one place of the decoder's memory, and one that begins another. */
static void
names_are_not_mixed_up(void **state)
{
	(void)state;
	static const char *const names[] = { "ab", "abc", "a", "ba", "aab", "aba", "ab", "a" };
	struct arena *a = arena_new();
	struct elem *root = elem_new(a, "r");
	for (int first = 0; first < 26; first++)
		for (int last = 0; last < 26; last++)
			elem_leaff(a,
			    elem_add(a, root,
				(char[]){ (char)('a' + first), 'q', (char)('a' + last), 0 }),
			    names[(first + last) % 8], "%d", first);
	struct wr w = wr_grow();
	elem_encode(&w, root);
	struct rd r = rd_init(w.buf, w.len);
	const struct elem *back = elem_decode(a, &r);
	assert_non_null(back);
	const struct elem *c = back->child;
	for (const struct elem *e = root->child; e != NULL; e = e->next, c = c->next) {
		assert_string_equal(c->name, e->name);
		assert_string_equal(c->child->name, e->child->name);
		assert_string_equal(c->child->value, e->child->value);
	}
	assert_null(c);
	wr_free(&w);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_comes_back_as_it_was),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(too_deep_and_bad_names_are_refused),
		cmocka_unit_test(shared_children_are_encoded_where_they_are_shared),
		cmocka_unit_test(what_is_too_deep_is_not_sent),
		cmocka_unit_test(names_are_not_mixed_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
