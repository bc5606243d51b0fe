/* SPDX-License-Identifier: BSD-2-Clause
 *
 * xpath_test.c - what an XPath leaves of a configuration, as set lines.
 */
#include "daemon/mgd/xpath.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/junos/load.h"
#include "lib/junos/tree.h"
#include "lib/yang/schema.h"

static const char conf[] = "system { host-name gw; name-server { 192.0.2.1; 192.0.2.2; } }\n"
			   "interfaces { sp-1/2/0 { unit 0 { family inet; } unit 1 { family inet; "
			   "service-domain inside; description \"it's\"; } }\n"
			   "ge-0/0/0 { unit 0 { description up; } } }\n";

static const struct {
	const char *xpath;
	const char *want; /* "!...": the error */
} cases[] = {
	{ "/configuration/system/host-name", "set system host-name gw\n" },
	{ "configuration/system/host-name", "set system host-name gw\n" },
	{ " /c:configuration / x:system/y:host-name ", "set system host-name gw\n" },
	{ "//host-name", "set system host-name gw\n" },
	{ "//name-server[.='192.0.2.2'] | //host-name",
	    "set system host-name gw\nset system name-server 192.0.2.2\n" },
	{ "//name-server[name='192.0.2.2']", "set system name-server 192.0.2.2\n" },
	{ "/configuration/interfaces/interface[name='ge-0/0/0']",
	    "set interfaces ge-0/0/0 unit 0 description up\n" },
	{ "/configuration/interfaces/interface[name=\"sp-1/2/0\"]/unit[name=1]/service-domain",
	    "set interfaces sp-1/2/0 unit 1 service-domain inside\n" },
	{ "//unit[description]/description", "set interfaces sp-1/2/0 unit 1 description it's\n"
					     "set interfaces ge-0/0/0 unit 0 description up\n" },
	{ "//unit[not(description)]", "set interfaces sp-1/2/0 unit 0 family inet\n" },
	{ "//unit[description='up' or (service-domain = 'inside' and name='0')]",
	    "set interfaces ge-0/0/0 unit 0 description up\n" },
	{ "//unit[name='1'][description=\"it's\"]/family",
	    "set interfaces sp-1/2/0 unit 1 family inet\n" },
	{ "//interface[unit/description='up']/unit",
	    "set interfaces ge-0/0/0 unit 0 description up\n" },
	{ "//interface[unit/name!='0']/name", "set interfaces sp-1/2/0\n" },
	{ "//interface[starts-with(name, 'ge-')]/*/name", "set interfaces ge-0/0/0 unit 0\n" },
	{ "//interface[contains(name,'p-1')]//service-domain[text()='inside']",
	    "set interfaces sp-1/2/0 unit 1 service-domain inside\n" },
	{ "/*/system/*[.='gw']", "set system host-name gw\n" },
	{ "//*[.='gw']", "set system host-name gw\n" },
	{ "/configuration/system//name", "set system name-server 192.0.2.1\n"
					 "set system name-server 192.0.2.2\n" },
	{ "/configuration/services", "" },
	{ "/other", "" },
	{ "/configuration[system/host-name='other']", "" },
	{ "", "!unsupported XPath expression" },
	{ "//unit[1]", "!unsupported XPath expression" },
	{ "//unit[last()]", "!unsupported XPath expression" },
	{ "//unit/@inactive", "!unsupported XPath expression" },
	{ "//unit/..", "!unsupported XPath expression" },
	{ "//unit/parent::*", "!unsupported XPath expression" },
	{ "//unit[name='1'", "!unsupported XPath expression" },
	{ "//unit[name='1]", "!unsupported XPath expression" },
	{ "//unit]", "!unsupported XPath expression" },
	{ "//unit |", "!unsupported XPath expression" },
	{ "count(//unit)", "!unsupported XPath expression" },
	{ "//unit[name > 1]", "!unsupported XPath expression" },
	{ "//a[((((((((((((((((((b))))))))))))))))))]", "!unsupported XPath expression: too long" },
};

static struct tree *
tree_made(void)
{
	const char *error;
	struct report r = { 0 };
	static const struct schema *schema;
	if (schema == NULL)
		schema = schema_load(&error);
	assert_non_null(schema);
	struct tree *t = tree_new(schema);
	assert_true(load_text(t, LOAD_OVERRIDE, conf, sizeof(conf) - 1, &r));
	report_done(&r);
	return t;
}

static void
expressions_choose(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *error;
		struct arena *a = arena_new();
		struct tree *t = tree_made();
		struct text out = { 0 };
		const struct xpath *x = xpath_read(a, cases[i].xpath, &error);
		if (x == NULL)
			text_printf(&out, "!%s", error);
		else if (xpath_prune(x, t))
			print_set(tree_root(t), false, &out);
		if (strcmp(text_str(&out), cases[i].want) != 0)
			fail_msg("%s\n%s", cases[i].xpath, text_str(&out));
		text_done(&out);
		tree_free(t);
		arena_free(a);
	}
}

static void
all_of_it_is_all_of_it(void **state)
{
	(void)state;
	static const char *const all[] = { "/", "/configuration", "//configuration", "/*", "//*",
		"/ | //host-name" };
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const char *error;
		struct arena *a = arena_new();
		struct tree *t = tree_made();
		size_t n = tree_count(t);
		const struct xpath *x = xpath_read(a, all[i], &error);
		assert_non_null(x);
		assert_true(xpath_prune(x, t));
		assert_int_equal(tree_count(t), n);
		tree_free(t);
		arena_free(a);
	}
}

/* REPEAT times WHAT behind BEFORE and before AFTER. */
static const char *
answer_to(const char *before, const char *what, unsigned repeat, const char *after)
{
	const char *error;
	struct arena *a = arena_new();
	struct text t = { 0 };
	text_put(&t, before);
	for (unsigned i = 0; i < repeat; i++)
		text_put(&t, what);
	text_put(&t, after);
	const struct xpath *x = xpath_read(a, text_str(&t), &error);
	text_done(&t);
	arena_free(a);
	return x != NULL ? "ok" : error;
}

static void
expressions_are_bounded(void **state)
{
	(void)state;
	static const char too_long[] = "unsupported XPath expression: too long";
	assert_string_equal(answer_to("", "/a", XPATH_STEPS_MAX, ""), "ok");
	assert_string_equal(answer_to("", "/a", XPATH_STEPS_MAX + 1, ""), too_long);
	assert_string_equal(answer_to("//a", "[b]", XPATH_NODES_MAX / 2, ""), "ok");
	assert_string_equal(answer_to("//a", "[b]", XPATH_NODES_MAX, ""), too_long);
	assert_string_equal(answer_to("//a[b", " or b", XPATH_NODES_MAX, "]"), too_long);
	assert_string_equal(answer_to("//a[", "not(", 100000, ""), too_long);
	assert_string_equal(answer_to("//a[b", "/b", 100000, "]"), too_long);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expressions_choose),
		cmocka_unit_test(all_of_it_is_all_of_it),
		cmocka_unit_test(expressions_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
