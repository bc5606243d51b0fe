/* SPDX-License-Identifier: BSD-2-Clause
 *
 * groups_test.c - wildcards, the table of cases in groups_test.txt, and a model.
 *
 * usage: groups_test CASES
 */
#include "lib/junos/groups.h"

#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/base/wildcard.h"
#include "lib/junos/load.h"
#include "lib/junos/load_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *cases_file;

static void
wildcards_match_as_in_a_shell(void **state)
{
	(void)state;
	static const struct {
		const char *word;
		const char *name;
		bool matches;
	} cases[] = {
		{ "<*>", "", true },
		{ "<*>", "ge-0/0/0", true },
		{ "<sp-*>", "sp-1/2/0", true },
		{ "<sp-*>", "xsp-1/2/0", false },
		{ "<sp-*>", "sp", false },
		{ "<*0>", "sp-1/0/0", true },
		{ "<*-*/*/0>", "sp-1/2/0", true },
		{ "<*-*/*/0>", "sp-1/2/1", false },
		{ "<a?c>", "abc", true },
		{ "<a?c>", "ac", false },
		{ "<a?c>", "abbc", false },
		{ "<[a-c]x>", "bx", true },
		{ "<[a-c]x>", "dx", false },
		{ "<[!a-c]x>", "dx", true },
		{ "<[!a-c]x>", "ax", false },
		{ "<[]]>", "]", true },
		{ "<[!]]>", "]", false },
		{ "<[-a]>", "-", true },
		{ "<[a-]>", "-", true },
		{ "<[a-]>", "b", false },
		{ "<[ab>", "[ab", true },
		{ "<[ab>", "a", false },
		{ "<[!>", "[!", true },
		{ "<abc>", "abc", true },
		{ "<abc>", "abcd", false },
		{ "<*a*b*c>", "xaybzc", true },
		{ "<*a*b*c>", "xaybz", false },
		{ "<**>", "a", true },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(wildcard_is(cases[i].word));
		if (wildcard_matches(cases[i].word, cases[i].name) != cases[i].matches)
			fail_msg("%s and '%s'", cases[i].word, cases[i].name);
	}
	static const char *const plain[] = { "", "<", ">", "<>", "a", "<a", "a>", "*" };
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		assert_false(wildcard_is(plain[i]));
}

static void
many_stars_take_no_time(void **state)
{
	(void)state;
	char name[2001];
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_false(wildcard_matches("<*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b>", name));
}

/* --- the table --- */

struct test_case {
	char name[128];
	struct text in;
	struct text want;
	struct text said;
};

/* Reads the next case. False at the end of the file. */
static bool
case_read(FILE *f, struct test_case *c)
{
	static char line[1024];
	struct text *to = NULL;
	*c = (struct test_case){ 0 };
	for (;;) {
		long at = ftell(f);
		if (fgets(line, sizeof(line), f) == NULL)
			return c->name[0] != '\0';
		if (strncmp(line, "=== ", 4) == 0 && c->name[0] != '\0') {
			fseek(f, at, SEEK_SET);
			return true;
		}
		if (strncmp(line, "=== ", 4) == 0) {
			snprintf(c->name, sizeof(c->name), "%.*s", (int)strlen(line) - 5, line + 4);
			to = &c->in;
		} else if (strcmp(line, "---\n") == 0) {
			to = &c->want;
		} else if (strncmp(line, "! ", 2) == 0) {
			text_put(&c->said, line + 2);
		} else if (to != NULL && line[0] != '\n') {
			text_put(to, line);
		}
	}
}

static void
same(const struct test_case *c, const char *what, const struct text *got, const struct text *want)
{
	if (strcmp(text_str(got), text_str(want)) != 0)
		fail_msg("%s: %s\n%swanted\n%s", c->name, what, text_str(got), text_str(want));
}

/* An expanded tree has nothing to inherit, and reads back as itself. */
static void
again_check(const struct test_case *c, const struct tree *whole)
{
	struct text text = { 0 };
	struct text back = { 0 };
	struct report r = { 0 };
	struct tree *t = tree_new(load_check_schema());
	print_text(tree_root(whole), 0, &text);
	load_text(t, LOAD_OVERRIDE, text_str(&text), text.len, &r);
	assert_false(tree_applies_groups(t));
	struct tree *twice = groups_expand(t, &r);
	print_text(tree_root(twice), 0, &back);
	same(c, "read back", &back, &text);
	tree_free(twice);
	tree_free(t);
	report_done(&r);
	text_done(&text);
	text_done(&back);
}

static void
case_run(const struct test_case *c)
{
	struct tree *t = tree_new(load_check_schema());
	struct report r = { 0 };
	struct text got = { 0 };
	struct text said = { 0 };
	load_text(t, LOAD_OVERRIDE, text_str(&c->in), c->in.len, &r);
	for (size_t i = 0; i < r.n; i++)
		if (r.lines[i].class == REPORT_SYNTAX || r.lines[i].class == REPORT_INVALID)
			fail_msg("%s: %s", c->name, r.lines[i].message);
	report_done(&r);
	assert_null(load_check(t));
	struct text before = { 0 };
	struct text after = { 0 };
	print_text(tree_root(t), 0, &before);
	struct tree *whole = groups_expand(t, &r);
	print_text(tree_root(t), 0, &after);
	same(c, "must not change", &after, &before);
	again_check(c, whole);
	report_print(&r, NULL, &said);
	groups_note(whole, GROUPS_NOTES_BRIEF);
	print_text(tree_root(whole), 0, &got);
	same(c, "expanded", &got, &c->want);
	same(c, "said", &said, &c->said);
	tree_free(whole);
	tree_free(t);
	report_done(&r);
	text_done(&got);
	text_done(&said);
	text_done(&before);
	text_done(&after);
}

static void
the_table_of_cases_holds(void **state)
{
	(void)state;
	struct test_case c;
	size_t n = 0;
	FILE *f = fopen(cases_file, "r");
	assert_non_null(f);
	for (; case_read(f, &c); n++) {
		case_run(&c);
		text_done(&c.in);
		text_done(&c.want);
		text_done(&c.said);
	}
	assert_true(n >= 20);
	fclose(f);
}

static void
notes_have_three_lines_unless_brief(void **state)
{
	(void)state;
	static const char in[] = "groups { g { system { host-name a; } } } apply-groups g;";
	struct tree *t = tree_new(load_check_schema());
	struct report r = { 0 };
	struct text got = { 0 };
	load_text(t, LOAD_OVERRIDE, in, strlen(in), &r);
	struct tree *whole = groups_expand(t, NULL);
	groups_note(whole, GROUPS_NOTES);
	print_text(tree_root(whole), 0, &got);
	assert_string_equal(text_str(&got), "##\n"
					    "## 'system' was inherited from group 'g'\n"
					    "##\n"
					    "system {\n"
					    "    ##\n"
					    "    ## 'a' was inherited from group 'g'\n"
					    "    ##\n"
					    "    host-name a;\n"
					    "}\n");
	tree_free(whole);
	tree_free(t);
	report_done(&r);
	text_done(&got);
}

static void
a_long_row_of_groups_is_an_error(void **state)
{
	(void)state;
	struct text in = { 0 };
	struct report r = { 0 };
	struct tree *t = tree_new(load_check_schema());
	for (unsigned i = 0; i < 100000; i++)
		text_printf(&in, "set groups g%u apply-groups g%u\n", i, i + 1);
	text_put(&in, "set groups g100000 system host-name far\nset apply-groups g0\n");
	load_set(t, tree_root(t), text_str(&in), in.len, &r);
	assert_int_equal(r.n_errors, 0);
	tree_free(groups_expand(t, &r));
	assert_int_equal(r.n_errors, 1);
	assert_string_equal(r.lines[0].message, "groups are nested more than 64 deep");
	assert_string_equal(r.lines[0].statement, "g64");
	tree_free(t);
	report_done(&r);
	text_done(&in);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wildcards_match_as_in_a_shell),
		cmocka_unit_test(many_stars_take_no_time),
		cmocka_unit_test(the_table_of_cases_holds),
		cmocka_unit_test(notes_have_three_lines_unless_brief),
		cmocka_unit_test(a_long_row_of_groups_is_an_error),
	};
	if (argc < 2)
		return 2;
	cases_file = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
