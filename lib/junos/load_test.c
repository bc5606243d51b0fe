/* SPDX-License-Identifier: BSD-2-Clause
 *
 * load_test.c - merge, replace, tags, protection, printers of parts, and the difference of two trees.
 */
#include "lib/junos/load.h"

#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/junos/changed.h"
#include "lib/junos/load_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char base[] = "services {\n"
			   "    ipsec-vpn {\n"
			   "        rule a {\n"
			   "            term 1 {\n"
			   "                then {\n"
			   "                    syslog;\n"
			   "                }\n"
			   "            }\n"
			   "            match-direction input;\n"
			   "        }\n"
			   "        rule b {\n"
			   "            match-direction output;\n"
			   "        }\n"
			   "    }\n"
			   "}\n";

static struct tree *
loaded(const char *text)
{
	struct tree *t = tree_new(load_check_schema());
	struct report r = { 0 };
	assert_true(load_any(t, LOAD_OVERRIDE, text, strlen(text), &r));
	report_done(&r);
	return t;
}

/* Loads MORE over BASE_TEXT and compares with WANT, text or set lines. */
static void
assert_load(const char *base_text, enum load_action action, const char *more, const char *want)
{
	struct tree *t = loaded(base_text);
	struct tree *w = loaded(want);
	struct report r = { 0 };
	struct text got = { 0 };
	struct text wanted = { 0 };
	assert_true(load_any(t, action, more, strlen(more), &r));
	print_text(tree_root(t), 0, &got);
	print_text(tree_root(w), 0, &wanted);
	assert_string_equal(text_str(&got), text_str(&wanted));
	assert_null(load_check(t));
	text_done(&got);
	text_done(&wanted);
	report_done(&r);
	tree_free(t);
	tree_free(w);
}

static void
merge_adds_and_overwrites(void **state)
{
	(void)state;
	assert_load(base, LOAD_MERGE,
	    "services ipsec-vpn rule a { term 2; match-direction output; }",
	    "set services ipsec-vpn rule a term 1 then syslog\n"
	    "set services ipsec-vpn rule a term 2\n"
	    "set services ipsec-vpn rule a match-direction output\n"
	    "set services ipsec-vpn rule b match-direction output\n");
}

static void
override_forgets_what_was(void **state)
{
	(void)state;
	assert_load(base, LOAD_OVERRIDE, "services { ipsec-vpn { rule c; } }",
	    "set services ipsec-vpn rule c\n");
}

static void
replace_tags_replace_only_their_statement(void **state)
{
	(void)state;
	static const char more[] =
	    "services { ipsec-vpn { replace: rule a { term 9; } rule b { term 8; } } }";
	assert_load(base, LOAD_REPLACE, more,
	    "set services ipsec-vpn rule a term 9\n"
	    "set services ipsec-vpn rule b term 8\n"
	    "set services ipsec-vpn rule b match-direction output\n");
	/* elsewhere the tag means nothing */
	assert_load(base, LOAD_MERGE, more,
	    "set services ipsec-vpn rule a term 1 then syslog\n"
	    "set services ipsec-vpn rule a term 9\n"
	    "set services ipsec-vpn rule a match-direction input\n"
	    "set services ipsec-vpn rule b term 8\n"
	    "set services ipsec-vpn rule b match-direction output\n");
}

static void
tags_delete_and_switch(void **state)
{
	(void)state;
	assert_load(base, LOAD_MERGE,
	    "services { ipsec-vpn { delete: rule b; inactive: rule a { delete: match-direction; } "
	    "} }",
	    "set services ipsec-vpn rule a term 1 then syslog\n"
	    "deactivate services ipsec-vpn rule a\n");
	assert_load("set services ipsec-vpn rule a term 1\ndeactivate services ipsec-vpn rule a\n",
	    LOAD_MERGE, "services { ipsec-vpn { active: rule a; } }",
	    "set services ipsec-vpn rule a term 1\n");
}

static void
protected_statements_stay_as_they_are(void **state)
{
	(void)state;
	static const char start[] = "set services ipsec-vpn rule a term 1\n"
				    "protect services ipsec-vpn rule a\n";
	assert_load(start, LOAD_MERGE, "services { ipsec-vpn { rule a { term 2; } rule c; } }",
	    "set services ipsec-vpn rule a term 1\nprotect services ipsec-vpn rule a\n"
	    "set services ipsec-vpn rule c\n");
	assert_load(start, LOAD_MERGE,
	    "set services ipsec-vpn rule a term 2\ndelete services ipsec-vpn rule a term 1\n"
	    "unprotect services ipsec-vpn rule a\nset services ipsec-vpn rule a term 3\n",
	    "set services ipsec-vpn rule a term 1\nset services ipsec-vpn rule a term 3\n");
}

static void
moving_about_and_deleting(void **state)
{
	(void)state;
	assert_load(base, LOAD_MERGE,
	    "edit services ipsec-vpn rule a\nset term 2 then syslog\nup\ninsert rule b before rule "
	    "a\n"
	    "edit rule a term 2\ntop set services ipsec-vpn rule d\nup 2 rename rule d to rule e\n"
	    "up delete term 1\ntop\ncopy services ipsec-vpn rule e to rule f\n",
	    "set services ipsec-vpn rule b match-direction output\n"
	    "set services ipsec-vpn rule a term 2 then syslog\n"
	    "set services ipsec-vpn rule a match-direction input\n"
	    "set services ipsec-vpn rule e\nset services ipsec-vpn rule f\n");
	assert_load(base, LOAD_MERGE, "delete\n", "");
	assert_load(base, LOAD_MERGE, "delete services ipsec-vpn rule\n", "");
}

static void
marks_of_family_are_those_of_its_children(void **state)
{
	(void)state;
	assert_load("", LOAD_MERGE,
	    "set interfaces ge-0/0/0 unit 0 family inet\nset interfaces ge-0/0/0 unit 0 family "
	    "inet6\n"
	    "deactivate interfaces ge-0/0/0 unit 0 family\n",
	    "interfaces { ge-0/0/0 { unit 0 { inactive: family inet; inactive: family inet6; } } "
	    "}");
	assert_load("", LOAD_MERGE,
	    "set interfaces ge-0/0/0 unit 0 family\ndeactivate interfaces ge-0/0/0 unit 0 family\n"
	    "set interfaces ge-0/0/0 unit 0 family inet\n",
	    "interfaces { ge-0/0/0 { unit 0 { inactive: family inet; } } }");
}

static void
text_loads_below_a_place(void **state)
{
	(void)state;
	struct tree *t = loaded(base);
	struct node *a = node_path(
	    tree_root(t), (const char *const[]){ "services", "ipsec-vpn", "rule", "a" }, 4);
	static const char more[] = "term 2; nonsense; match-direction output;";
	struct report r = { 0 };
	load_below(t, a, LOAD_MERGE, more, strlen(more), &r);
	assert_int_equal(r.n, 1);
	assert_string_equal(r.lines[0].edit, "services ipsec-vpn rule a");
	assert_string_equal(r.lines[0].statement, "nonsense");
	struct text out = { 0 };
	print_set(a, true, &out);
	assert_string_equal(
	    text_str(&out), "set term 1 then syslog\nset term 2\nset match-direction output\n");
	text_done(&out);
	report_done(&r);
	tree_free(t);
}

static void
a_refused_set_line_leaves_nothing(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"set services ipsec-vpn rule x term t then manual direction inbound spi 5",
		"set services ipsec-vpn rule x nonsense",
		"set services ipsec-vpn rule x term -",
		"set services ipsec-vpn rule x term",
		"set services ipsec-vpn rule x ; rule y",
		"set services ipsec-vpn rule a term 1 then no-anti-replay tunnel-mtu 5",
		"set services ipsec-vpn rule a match-direction output term 1 then tunnel-mtu 5",
		"set services ipsec-vpn rule a term 1 then manual dynamic nonsense",
		"delete [",
		"delete ]",
		"deactivate [ ]",
		"copy [ to ]",
		"rename [ to b",
		"insert [ before [",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct tree *t = loaded(base);
		struct report r = { 0 };
		struct text out = { 0 };
		load_set(t, tree_root(t), bad[i], strlen(bad[i]), &r);
		print_text(tree_root(t), 0, &out);
		assert_true(r.n_errors > 0);
		assert_string_equal(text_str(&out), base);
		text_done(&out);
		report_done(&r);
		tree_free(t);
	}
}

static void
parts_print_alone(void **state)
{
	(void)state;
	struct tree *t = loaded(base);
	struct node *a = node_path(
	    tree_root(t), (const char *const[]){ "services", "ipsec-vpn", "rule", "a" }, 4);
	assert_non_null(a);
	struct text out = { 0 };
	print_children(a, &out);
	assert_string_equal(text_str(&out),
	    "term 1 {\n    then {\n        syslog;\n    }\n}\nmatch-direction input;\n");
	text_reset(&out);
	print_set(a, false, &out);
	assert_string_equal(text_str(&out), "set services ipsec-vpn rule a term 1 then syslog\nset "
					    "services ipsec-vpn rule a match-direction "
					    "input\n");
	text_reset(&out);
	print_set(a, true, &out);
	assert_string_equal(text_str(&out), "set term 1 then syslog\nset match-direction input\n");
	text_done(&out);
	tree_free(t);
}

static void
assert_compare(const char *from, const char *to, const char *want)
{
	struct tree *a = loaded(from);
	struct tree *b = loaded(to);
	struct text out = { 0 };
	print_compare(a, b, &out);
	assert_string_equal(text_str(&out), want);
	text_done(&out);
	tree_free(a);
	tree_free(b);
}

static void
differences_print_as_junos_does(void **state)
{
	(void)state;
	assert_compare(base, base, "");
	assert_compare(base,
	    "set services ipsec-vpn rule a term 1 then syslog\n"
	    "set services ipsec-vpn rule a match-direction output\n"
	    "set services ipsec-vpn rule c term 1\n",
	    "[edit services ipsec-vpn]\n"
	    "-    rule b {\n"
	    "-        match-direction output;\n"
	    "-    }\n"
	    "     rule a { ... }\n"
	    "+    rule c {\n"
	    "+        term 1;\n"
	    "+    }\n"
	    "[edit services ipsec-vpn rule a]\n"
	    "-  match-direction input;\n"
	    "+  match-direction output;\n");
	assert_compare(
	    "set services ipsec-vpn rule a term 1\nset services ipsec-vpn rule a term 2\n",
	    "set services ipsec-vpn rule a term 2\nset services ipsec-vpn rule a term 1\n"
	    "deactivate services ipsec-vpn rule a term 2\n",
	    "[edit services ipsec-vpn rule a]\n"
	    "!    inactive: term 2;\n"
	    "     term 2;\n"
	    "!    term 1;\n");
	assert_compare("set interfaces ge-0/0/0 unit 0 family inet address 10.0.0.1/24\n",
	    "set interfaces ge-0/0/0 unit 0 family inet address 10.0.0.2/24\n"
	    "set interfaces ge-0/0/0 unit 0 family inet6\n",
	    "[edit interfaces ge-0/0/0 unit 0]\n"
	    "+    family inet6;\n"
	    "[edit interfaces ge-0/0/0 unit 0 family inet]\n"
	    "-    address 10.0.0.1/24;\n"
	    "+    address 10.0.0.2/24;\n");
}

static void
an_entry_may_be_annotated_with_the_word_of_its_list(void **state)
{
	(void)state;
	const char *from = "services { ipsec-vpn { rule a { term 1 { from { source-address {\n"
			   "10.0.0.0/8; } } } } } }";
	const char *to = "services { ipsec-vpn { rule a { term 1 { from { source-address {\n"
			 "10.0.0.0/8;\n/* no source-address of ours */\n10.1.0.0/16; } } } } } }";
	struct tree *a = loaded(from);
	struct tree *b = loaded(to);
	struct text diff = { 0 };
	print_compare(a, b, &diff);
	assert_string_equal(text_str(&diff),
	    "[edit services ipsec-vpn rule a term 1 from source-address]\n"
	    "     10.0.0.0/8;\n"
	    "+    /* no source-address of ours */\n"
	    "+    10.1.0.0/16;\n");
	text_done(&diff);
	tree_free(a);
	tree_free(b);
}

static void
what_has_changed_is_marked_in_xml(void **state)
{
	(void)state;
	struct tree *a = loaded(base);
	struct tree *b = loaded(base);
	struct report r = { 0 };
	struct text xml = { 0 };
	const char *line = "set services ipsec-vpn rule a match-direction output\n"
			   "delete services ipsec-vpn rule a term 1 then syslog\n";
	changed_mark(b, a);
	print_xml(tree_root(b), 0, &xml);
	assert_null(strstr(text_str(&xml), "changed"));
	assert_true(load_set(b, tree_root(b), line, strlen(line), &r));
	changed_mark(b, a);
	text_reset(&xml);
	print_xml(tree_root(b), 0, &xml);
	assert_string_equal(text_str(&xml),
	    "<configuration junos:changed=\"changed\">\n"
	    "    <services junos:changed=\"changed\">\n"
	    "        <ipsec-vpn junos:changed=\"changed\">\n"
	    "            <rule junos:changed=\"changed\">\n"
	    "                <name>a</name>\n"
	    "                <term junos:changed=\"changed\">\n"
	    "                    <name>1</name>\n"
	    "                    <then junos:changed=\"changed\"/>\n"
	    "                </term>\n"
	    "                <match-direction junos:changed=\"changed\">output</match-direction>\n"
	    "            </rule>\n"
	    "            <rule>\n"
	    "                <name>b</name>\n"
	    "                <match-direction>output</match-direction>\n"
	    "            </rule>\n"
	    "        </ipsec-vpn>\n"
	    "    </services>\n"
	    "</configuration>\n");
	report_done(&r);
	text_done(&xml);
	tree_free(a);
	tree_free(b);
}

static void
differences_of_a_place_are_its_own(void **state)
{
	(void)state;
	static const struct {
		const char *path[4];
		const char *want;
	} cases[] = {
		{ { "services" }, "[edit services ipsec-vpn]\n     rule b { ... }\n+    rule c;\n"
				  "[edit services ipsec-vpn rule a]\n-  match-direction input;\n"
				  "+  match-direction output;\n" },
		{ { "services", "ipsec-vpn", "rule", "a" },
		    "[edit services ipsec-vpn rule a]\n-  match-direction input;\n"
		    "+  match-direction output;\n" },
		{ { "services", "ipsec-vpn", "rule", "c" },
		    "[edit services ipsec-vpn]\n+    rule c;\n" },
		{ { "services", "ipsec-vpn", "rule" },
		    "[edit services ipsec-vpn]\n     rule b { ... }\n+    rule c;\n"
		    "[edit services ipsec-vpn rule a]\n-  match-direction input;\n"
		    "+  match-direction output;\n" },
		{ { "services", "ipsec-vpn", "rule", "b" }, "" },
		{ { "system" }, "" },
	};
	struct tree *a = loaded(base);
	struct tree *b = loaded(base);
	struct report r = { 0 };
	const char *line = "set services ipsec-vpn rule a match-direction output\n"
			   "set services ipsec-vpn rule c\n";
	assert_true(load_set(b, tree_root(b), line, strlen(line), &r));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text diff = { 0 };
		size_t n = 0;
		while (n < 4 && cases[i].path[n] != NULL)
			n++;
		print_compare_at(a, b, cases[i].path, n, &diff);
		assert_string_equal(text_str(&diff), cases[i].want);
		text_done(&diff);
	}
	report_done(&r);
	tree_free(a);
	tree_free(b);
}

static void
a_deletion_spares_what_is_protected(void **state)
{
	(void)state;
	struct tree *t = loaded(base);
	struct report r = { 0 };
	struct text text = { 0 };
	const char *lines = "protect services ipsec-vpn rule a term 1\n"
			    "delete services ipsec-vpn\n"
			    "deactivate services ipsec-vpn rule a term 1\n"
			    "annotate services ipsec-vpn rule a term 1 then no\n";
	load_set(t, tree_root(t), lines, strlen(lines), &r);
	assert_int_equal(r.n, 3);
	assert_string_equal(r.lines[0].message,
	    "[services ipsec-vpn rule a term 1] is protected, 'term 1' cannot be modified");
	print_set(tree_root(t), false, &text);
	assert_string_equal(text_str(&text), "set services ipsec-vpn rule a term 1 then syslog\n"
					     "protect services ipsec-vpn rule a term 1\n");
	report_done(&r);
	text_done(&text);
	tree_free(t);
}

static void
secrets_compare_in_clear(void **state)
{
	(void)state;
	static const char a[] =
	    "set security ipsec security-association s manual direction inbound "
	    "authentication key ascii-text hello\n";
	static const char b[] =
	    "# more bytes before make another salt\n"
	    "set security ipsec security-association s manual direction inbound "
	    "authentication key ascii-text hello\n";
	assert_compare(a, b, "");
}

/* A key written with a space in it, or without its word, is still a key. */
static void
no_error_repeats_a_key(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"key TOPSECRET;",
		"key ascii-text first TOPSECRET;",
		"key { ascii-text first TOPSECRET; }",
		"key { ascii-text first \"TOPSECRET\"; }",
		"key { TOPSECRET; }",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct tree *t = tree_new(load_check_schema());
		struct report r = { 0 };
		struct text in = { 0 };
		struct text said = { 0 };
		text_printf(&in,
		    "security { ipsec { security-association s { manual { direction inbound { "
		    "authentication { %s } } } } } }",
		    texts[i]);
		load_text(t, LOAD_OVERRIDE, text_str(&in), in.len, &r);
		report_print(&r, NULL, &said);
		assert_true(r.n > 0);
		assert_null(strstr(text_str(&said), "TOPSECRET"));
		text_done(&said);
		text_done(&in);
		report_done(&r);
		tree_free(t);
	}
}

static void
a_list_of_errors_ends(void **state)
{
	(void)state;
	struct text in = { 0 };
	for (int i = 0; i < 5000; i++)
		text_put(&in, "\x01 ; ");
	struct tree *t = tree_new(load_check_schema());
	struct report r = { 0 };
	assert_false(load_text(t, LOAD_OVERRIDE, text_str(&in), in.len, &r));
	assert_int_equal(r.n_errors, 1001);
	report_done(&r);
	text_done(&in);
	tree_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merge_adds_and_overwrites),
		cmocka_unit_test(override_forgets_what_was),
		cmocka_unit_test(replace_tags_replace_only_their_statement),
		cmocka_unit_test(tags_delete_and_switch),
		cmocka_unit_test(protected_statements_stay_as_they_are),
		cmocka_unit_test(moving_about_and_deleting),
		cmocka_unit_test(marks_of_family_are_those_of_its_children),
		cmocka_unit_test(text_loads_below_a_place),
		cmocka_unit_test(a_refused_set_line_leaves_nothing),
		cmocka_unit_test(parts_print_alone),
		cmocka_unit_test(differences_print_as_junos_does),
		cmocka_unit_test(an_entry_may_be_annotated_with_the_word_of_its_list),
		cmocka_unit_test(what_has_changed_is_marked_in_xml),
		cmocka_unit_test(differences_of_a_place_are_its_own),
		cmocka_unit_test(a_deletion_spares_what_is_protected),
		cmocka_unit_test(secrets_compare_in_clear),
		cmocka_unit_test(no_error_repeats_a_key),
		cmocka_unit_test(a_list_of_errors_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
