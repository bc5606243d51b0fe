/* SPDX-License-Identifier: BSD-2-Clause
 *
 * operation_test.c - NETCONF's operations in XML, whatever the default operation, and what is added for those who read.
 */
#include "lib/junos/load.h"

#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/junos/defaults.h"
#include "lib/junos/groups.h"
#include "lib/junos/load_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define START "system { host-name gw; } interfaces { sp-1/2/0 { unit 1 { description one; } } }"
#define UNIT(OPERATION, NAME, REST)                                                  \
	"<interfaces><interface><name>sp-1/2/0</name><unit" OPERATION "><name>" NAME \
	"</name>" REST "</unit></interface></interfaces>"

static struct tree *
tree_of(const char *text)
{
	struct tree *t = tree_new(load_check_schema());
	struct report r = { 0 };
	assert_true(load_text(t, LOAD_OVERRIDE, text, strlen(text), &r));
	report_done(&r);
	return t;
}

/* Loads INNER as XML into the tree of START: `set` lines of what comes out, and "!MESSAGE" for each error. */
static void
run(enum load_action action, bool is_enough_one, const char *inner, struct text *out)
{
	struct tree *t = tree_of(START);
	struct report r = { .is_enough_one = is_enough_one };
	struct text in = { 0 };
	text_printf(&in, "<configuration>%s</configuration>", inner);
	load_xml(t, tree_root(t), action, text_str(&in), in.len, &r);
	print_set(tree_root(t), false, out);
	for (size_t i = 0; i < r.n; i++)
		if (r.lines[i].is_error)
			text_printf(out, "!%s\n", r.lines[i].message);
	assert_null(load_check(t));
	text_done(&in);
	report_done(&r);
	tree_free(t);
}

static const struct {
	enum load_action action;
	bool is_enough_one;
	const char *xml;
	const char
	    *result; /* of START, what differs: lines that are gone and lines that have come */
} cases[] = {
	{ LOAD_NONE, false, "<system><host-name>other</host-name></system>", "" },
	{ LOAD_NONE, false, "<system><domain-name>a.b</domain-name></system>",
	    "!statement not found\n" },
	{ LOAD_NONE, false, "<system><domain-name operation=\"create\">a.b</domain-name></system>",
	    "+set system domain-name a.b\n" },
	{ LOAD_NONE, false, "<system><host-name operation=\"create\">a</host-name></system>",
	    "!statement already exists\n" },
	{ LOAD_NONE, false, "<system><host-name operation=\"merge\">a</host-name></system>",
	    "-set system host-name gw\n+set system host-name a\n" },
	{ LOAD_NONE, false, "<system><host-name operation=\"delete\"/></system>",
	    "-set system host-name gw\n" },
	{ LOAD_NONE, false, UNIT("", "7", ""), "!statement not found\n" },
	{ LOAD_NONE, false, UNIT(" operation=\"merge\"", "7", "<description>x</description>"),
	    "+set interfaces sp-1/2/0 unit 7 description x\n" },
	{ LOAD_NONE, false, UNIT("", "1", "<description operation=\"replace\">x</description>"),
	    "-set interfaces sp-1/2/0 unit 1 description one\n"
	    "+set interfaces sp-1/2/0 unit 1 description x\n" },
	{ LOAD_NONE, false,
	    UNIT(" operation=\"merge\"", "1",
		"<description>x</description>") "<system>"
						"<host-name>ignored</host-name></system>",
	    "-set interfaces sp-1/2/0 unit 1 description one\n"
	    "+set interfaces sp-1/2/0 unit 1 description x\n" },
	{ LOAD_MERGE, false, "<system><host-name operation=\"destroy\"/></system>",
	    "!unknown operation\n" },
	{ LOAD_MERGE, true,
	    "<system><domain-name>a.b</domain-name><host-name operation=\"create\">a</host-name>"
	    "</system>" UNIT("", "7", "<description>x</description>"),
	    "+set system domain-name a.b\n!statement already exists\n" },
	{ LOAD_MERGE, false,
	    "<system><domain-name>a.b</domain-name><host-name operation=\"create\">a</host-name>"
	    "</system>" UNIT("", "7", "<description>x</description>"),
	    "+set system domain-name a.b\n"
	    "+set interfaces sp-1/2/0 unit 7 description x\n!statement already exists\n" },
};

/* Does TEXT have LINE, N bytes with its newline? */
static bool
has_line(const char *text, const char *line, size_t n)
{
	for (; *text != '\0'; text += strcspn(text, "\n") + 1)
		if (strncmp(text, line, n) == 0)
			return true;
	return false;
}

static void
operations_do_what_they_say(void **state)
{
	(void)state;
	struct text start = { 0 };
	run(LOAD_MERGE, false, "", &start);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text after = { 0 };
		struct text differs = { 0 };
		run(cases[i].action, cases[i].is_enough_one, cases[i].xml, &after);
		for (const char *p = text_str(&start); *p != '\0'; p += strcspn(p, "\n") + 1)
			if (!has_line(text_str(&after), p, strcspn(p, "\n") + 1))
				text_printf(&differs, "-%.*s\n", (int)strcspn(p, "\n"), p);
		for (const char *p = text_str(&after); *p != '\0'; p += strcspn(p, "\n") + 1)
			if (!has_line(text_str(&start), p, strcspn(p, "\n") + 1))
				text_printf(&differs, "%s%.*s\n", *p == '!' ? "" : "+",
				    (int)strcspn(p, "\n"), p);
		if (strcmp(text_str(&differs), cases[i].result) != 0)
			fprintf(stderr, "case %zu: %s\n", i, cases[i].xml);
		assert_string_equal(text_str(&differs), cases[i].result);
		text_done(&after);
		text_done(&differs);
	}
	text_done(&start);
}

static void
inherited_statements_name_their_group(void **state)
{
	(void)state;
	struct tree *t = tree_of("groups { \"a&b\" { system { domain-name a.b; } } } apply-groups "
				 "\"a&b\"; system { host-name gw; } "
				 "services { ipsec-vpn { ike { policy p { description d; } } } }");
	struct tree *whole = groups_expand(t, NULL);
	defaults_add(whole);
	struct tree *copy = tree_copy(whole);
	struct text out = { 0 };
	struct text plain = { 0 };
	print_xml_groups(copy, tree_root(copy), 0, &out);
	assert_non_null(strstr(text_str(&out), "<domain-name junos:group=\"a&amp;b\">a.b<"));
	assert_non_null(strstr(text_str(&out), "<host-name>gw<"));
	assert_non_null(strstr(text_str(&out),
	    "<peer-certificate-type junos:group=\"" DEFAULTS_GROUP "\">x509-signature<"));
	print_xml(tree_root(copy), 0, &plain);
	assert_null(strstr(text_str(&plain), "junos:group"));
	text_done(&plain);
	text_done(&out);
	tree_free(copy);
	tree_free(whole);
	tree_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operations_do_what_they_say),
		cmocka_unit_test(inherited_statements_name_their_group),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
