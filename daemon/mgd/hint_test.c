/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hint_test.c - what is offered at the end of a line, against the real schema.
 *
 * An answer is written as its items, each after a blank: marks and words, names in (), placeholders as they are;
 * `!` at the end: the line is complete; `+N`: N names left out; "AT: MESSAGE" for an error.
 */
#include "daemon/mgd/hint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "daemon/mgd/command.h"
#include "lib/base/arena.h"
#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/junos/load.h"
#include "lib/junos/tree.h"
#include "lib/msg/elem.h"
#include "lib/yang/schema.h"

static const struct command editing[] = {
	{ .words = "annotate" },
	{ .words = "commit" },
	{ .words = "deactivate" },
	{ .words = "delete" },
	{ .words = "edit" },
	{ .words = "insert" },
	{ .words = "load" },
	{ .words = "rename" },
	{ .words = "replace pattern" },
	{ .words = "run" },
	{ .words = "save" },
	{ .words = "set" },
	{ .words = "show" },
	{ .words = "status" },
	{ .words = "top" },
	{ .words = "up" },
	{ .words = "wildcard delete" },
	{ .words = "wildcard range delete" },
	{ .words = "wildcard range set" },
};

static const char lines[] = "set services ipsec-vpn rule r1 term t1 then syslog\n"
			    "set firewall family inet filter \"f 2\" term t then accept\n"
			    "set services ipsec-vpn rule r2 term t1 then syslog\n"
			    "set services ipsec-vpn ike proposal a1 description x\n"
			    "set services ipsec-vpn ike proposal a2 description x\n"
			    "set services ipsec-vpn ike policy p proposals a2\n"
			    "set services service-set ss ipsec-vpn-rules r1\n"
			    "set interfaces ge-0/0/0 unit 0 family inet\n"
			    "set interfaces sp-1/2/0 unit 1 family inet\n";

static struct schema *schema;
static struct command *oper;
static struct tree *tree;
static struct hint_ask ask = { .store = -1 };

static void
item_put(struct text *out, const struct elem *item)
{
	const char *kind = elem_value(item, "kind");
	const char *name = elem_value(item, "name");
	bool is_name = strcmp(kind, "name") == 0;
	text_printf(out, " %s%s%s%s", elem_value(item, "mark"), is_name ? "(" : "", name,
	    is_name ? ")" : "");
}

static const char *
answer(struct arena *a, const char *line, bool judge)
{
	struct text out = { 0 };
	const struct elem *e = hint_reply(&ask, a, line, judge);
	if (elem_has(e, "text")) {
		const char *caret = elem_value(e, "caret");
		text_printf(&out, "%s: %s", caret != NULL ? caret : "-", elem_value(e, "text"));
	}
	elem_each (item, e, "item")
		item_put(&out, item);
	if (elem_has(e, "more"))
		text_printf(&out, " +%s", elem_value(e, "more"));
	if (elem_has(e, "end"))
		text_put(&out, " !");
	const char *copy = arena_strdup(a, text_str(&out));
	text_done(&out);
	return copy;
}

static void
check(const char *const cases[][2], size_t n, bool judge)
{
	size_t n_wrong = 0;
	for (size_t i = 0; i < n; i++) {
		struct arena *a = arena_new();
		const char *got = answer(a, cases[i][0], judge);
		if (strcmp(got, cases[i][1]) != 0) {
			print_error(
			    "%s\n  is   \"%s\"\n  not  \"%s\"\n", cases[i][0], got, cases[i][1]);
			n_wrong++;
		}
		arena_free(a);
	}
	assert_int_equal(n_wrong, 0);
}

static void
top_of_candidate(struct tree *t)
{
	ask.candidate = t;
	ask.edit = (struct path){ .s = schema->config };
}

static void
commands_of_operational_mode(void **state)
{
	static const char *const cases[][2] = {
		{ "", " clear file monitor ping request set show traceroute" },
		{ "s", " set show" },
		{ "show se", " security services" },
		{ "show ser", " services" },
		{ "sh ser ips ips s", " security-associations statistics" },
		{ "sh ser ips ips sa", " security-associations" },
		{ "show version ", " brief detail invoke-on !" },
		{ "show services ipsec-vpn ipsec security-associations ",
		    " <service-set> brief detail extensive hex (ss) !" },
		{ "show services ipsec-vpn ipsec security-associations detail s",
		    " <service-set> (ss) !" },
		{ "show services ipsec-vpn ipsec statistics service-set ", " <service-set> (ss)" },
		{ "show interfaces g", " <interface-name> (ge-0/0/0) (ge-0/0/0.0) !" },
		{ "show interfaces terse ge-0/0/0.", " <interface-name> (ge-0/0/0.0) !" },
		{ "show route protocol st", " static" },
		{ "show route s", " <destination> summary !" },
		{ "ping 192.0.2.1 interface s", " <interface-name> (sp-1/2/0) (sp-1/2/0.1)" },
		{ "ping 192.0.2.1 ra", " rapid !" },
		{ "show configuration services service-s", " >service-set !" },
		{ "set cli screen-l", " screen-length" },
		{ "set cli screen-length ", " <length>" },
		{ "set cli screen-length 10 ", " !" },
		{ "shaw ", "0: unknown command." },
		{ "show nothing ", "5: syntax error, expecting <command>." },
	};
	(void)state;
	ask.candidate = NULL;
	check(cases, sizeof(cases) / sizeof(cases[0]), false);
}

static void
paths_of_configuration_mode(void **state)
{
	static const char *const cases[][2] = {
		{ "set services ipsec-vpn rule ", " <name> (r1) (r2)" },
		{ "set ser ipsec-v rule r1 ter", " >term !" },
		{ "set firewall family inet filter ", " <name> (\"f 2\")" },
		{ "set firewall family inet filter \"f ", " <name> (\"f 2\")" },
		{ "set services ipsec-vpn rule \"r", " <name> (\"r1\") (\"r2\")" },
		{ "set services service-set ss ipsec-vpn-rules ", " <name> (r1) (r2)" },
		{ "set services ipsec-vpn ike policy p proposals ", " <proposals> [ (a1) (a2)" },
		{ "set services ipsec-vpn ike policy p proposals [ a1 ",
		    " <proposals> ] (a1) (a2)" },
		{ "set services ipsec-vpn ike policy p mo", " mode !" },
		{ "set services ipsec-vpn ike policy p mode ", " aggressive main" },
		{ "set services ipsec-vpn ike policy p mode main des", " description !" },
		{ "set interfaces g", " <interface-name> >(ge-0/0/0)" },
		{ "edit interfaces ge-0/0/0 u", " >unit !" },
		{ "edit services ipsec-vpn ike policy p m", " !" },
		{ "delete services ipsec-vpn ike policy p proposals ",
		    " <proposals> [ (a1) (a2) !" },
		{ "rename services ipsec-vpn rule r1 t", " >term to" },
		{ "rename services ipsec-vpn rule r1 to ", " >rule" },
		{ "rename services ipsec-vpn rule r1 to rule ", " <name> (r1) (r2)" },
		{ "rename services ipsec-vpn rule r1 to rule r3 ", " !" },
		{ "insert services ipsec-vpn rule r1 term t1 b", " before" },
		{ "commit ", " and-quit at check comment confirmed full synchronize !" },
		{ "commit confirmed ", " <minutes> and-quit comment full synchronize !" },
		{ "commit at ", " <time>" },
		{ "commit comment ", " <comment>" },
		{ "load m", " merge" },
		{ "load merge ", " <filename> json terminal xml" },
		{ "load p", " patch" },
		{ "load patch ", " <filename> terminal" },
		{ "load merge json t", " <filename> terminal" },
		{ "load set terminal r", " relative !" },
		{ "run show vers", " version" },
		{ "top show serv", " >services !" },
		{ "status ", " !" },
		{ "annotate services ", " <comment>" },
		{ "annotate serv", " >services" },
		{ "rep", " replace" },
		{ "replace pattern ^r([0-9]) with x\\1 ", " upto !" },
		{ "replace pattern a with b upto ", " <number>" },
		{ "replace pattern a or ", "18: syntax error." },
		{ "save t", " <filename> terminal" },
		{ "wildcard r", " range" },
		{ "wildcard range set interfaces ge-0/0/[1-3] ", " !" },
		{ "wildcard range delete services ipsec-vpn rule ", " <name> (r1) (r2) !" },
		{ "wildcard delete services ipsec-vpn rule ", " <name> <regex> (r1) (r2)" },
		{ "set services nothing ", "13: syntax error." },
		{ "set services ipsec-vpn ike policy p mode x ", "41: invalid value 'x' at 'x'" },
	};
	(void)state;
	top_of_candidate(tree);
	check(cases, sizeof(cases) / sizeof(cases[0]), false);
}

static void
the_last_word_is_judged(void **state)
{
	static const char *const cases[][2] = {
		{ "set services nothing", "13: syntax error." },
		{ "set services ipsec-vpn ike policy p mode x", "41: invalid value 'x' at 'x'" },
		{ "set services ipsec-vpn rule r1 ter", " >term !" },
		{ "s", " save set show status" },
		{ "replace pattern r[12] w", " with" },
		{ "wildcard delete services ipsec-vpn rule r[12]", " <name> <regex>" },
		{ "wildcard range set interfaces ge-0/0/[1-3] unit", " !" },
		{ "set services service-set ss ipsec-vpn-rules new", " <name>" },
	};
	(void)state;
	top_of_candidate(tree);
	check(cases, sizeof(cases) / sizeof(cases[0]), true);
}

static void
paths_start_at_the_edit_place(void **state)
{
	static const char *const cases[][2] = {
		{ "set rule r1 ter", " >term !" },
		{ "up show service-s", " >service-set !" },
		{ "up 2 show interf", " >interfaces !" },
		{ "top set interf", " >interfaces" },
		{ "run show configuration interf", " >interfaces !" },
	};
	struct arena *a = arena_new();
	struct refusal e = { 0 };
	struct words w;
	(void)state;
	top_of_candidate(tree);
	struct path top = ask.edit;
	assert_true(words_cut(a, "services ipsec-vpn", &w, &e));
	assert_true(path_walk(a, schema->config, &top, &w, true, &ask.edit, &e));
	check(cases, sizeof(cases) / sizeof(cases[0]), false);
	refusal_done(&e);
	arena_free(a);
}

static double
seconds_of(const char *line, size_t *n_items, const char **more)
{
	static char left[32];
	struct timespec from, to;
	struct arena *a = arena_new();
	clock_gettime(CLOCK_MONOTONIC, &from);
	const struct elem *e = hint_reply(&ask, a, line, true);
	clock_gettime(CLOCK_MONOTONIC, &to);
	*n_items = 0;
	elem_each (item, e, "item")
		++*n_items;
	snprintf(left, sizeof(left), "%s", elem_has(e, "more") ? elem_value(e, "more") : "");
	*more = left;
	arena_free(a);
	return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

/* Names are cut at a thousand; the time is printed, and bounded loosely: the machine may be busy. */
static void
very_many_names(void **state)
{
	struct tree *t = tree_new(schema);
	struct text big = { 0 };
	struct report r = { 0 };
	size_t n;
	const char *more;
	(void)state;
	for (unsigned i = 0; i < 10000; i++)
		text_printf(
		    &big, "set services ipsec-vpn rule tunnel-%05u term 1 then syslog\n", i);
	assert_true(load_set(t, tree_root(t), text_str(&big), big.len, &r));
	top_of_candidate(t);
	double all = seconds_of("set services ipsec-vpn rule ", &n, &more);
	assert_int_equal(n, 1001); /* and the placeholder */
	assert_string_equal(more, "9000");
	double one = seconds_of("set services ipsec-vpn rule tunnel-09999", &n, &more);
	assert_int_equal(n, 2);
	print_message("10000 names: all %.1f ms, one %.1f ms\n", all * 1e3, one * 1e3);
	assert_true(all < 0.5 && one < 0.5);
	text_done(&big);
	report_done(&r);
	tree_free(t);
}

static int
setup(void **state)
{
	const char *error = NULL;
	struct report r = { 0 };
	(void)state;
	schema = schema_load(&error);
	assert_non_null(schema);
	size_t n = schema->n_rpcs;
	oper = calloc(n + 2, sizeof(*oper));
	assert_non_null(oper);
	for (size_t i = 0; i < n; i++)
		oper[i] = (struct command){ .words = schema->rpcs[i].command,
			.help = schema->rpcs[i].help,
			.rpc = &schema->rpcs[i] };
	oper[n] = (struct command){ .words = "show configuration" };
	oper[n + 1] = (struct command){ .words = "set cli screen-length" };
	tree = tree_new(schema);
	assert_true(load_set(tree, tree_root(tree), lines, strlen(lines), &r));
	report_done(&r);
	ask.schema = schema;
	ask.running = tree_copy(tree);
	ask.oper = oper;
	ask.n_oper = n + 2;
	ask.editing = editing;
	ask.n_editing = sizeof(editing) / sizeof(editing[0]);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	tree_free(tree);
	tree_free((struct tree *)ask.running);
	free(oper);
	schema_free(schema);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_of_operational_mode),
		cmocka_unit_test(paths_of_configuration_mode),
		cmocka_unit_test(the_last_word_is_judged),
		cmocka_unit_test(paths_start_at_the_edit_place),
		cmocka_unit_test(very_many_names),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
