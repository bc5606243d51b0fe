/* SPDX-License-Identifier: BSD-2-Clause
 *
 * command_test.c - words, commands, arguments and configuration paths against the real schema.
 */
#include "daemon/mgd/command.h"
#include "daemon/mgd/path.h"
#include "daemon/mgd/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/msg/elem.h"
#include "lib/yang/schema.h"

static const struct schema *schema;
static struct command *commands;

/* What a line comes to: the request as text, or "AT: MESSAGE". */
static const char *
request_of(struct arena *a, const char *line)
{
	struct words w;
	struct refusal e = { 0 };
	size_t used;
	const struct command *c = NULL;
	const struct elem *r = NULL;
	if (words_cut(a, line, &w, &e) &&
	    (c = command_find(commands, schema->n_rpcs, &w, &used, &e)) != NULL) {
		struct words rest = words_from(&w, used);
		r = command_request(a, c->rpc, &rest, &e);
	}
	struct text out = { 0 };
	if (r == NULL) {
		text_printf(&out, "%zu: %s", e.at, text_str(&e.text));
	} else {
		text_printf(&out, "%s", r->name);
		for (const struct elem *x = r->child; x != NULL; x = x->next)
			text_printf(&out, " %s=%s", x->name, x->value != NULL ? x->value : "");
	}
	const char *copy = arena_strdup(a, text_str(&out));
	text_done(&out);
	refusal_done(&e);
	return copy;
}

static void
lines_become_requests(void **state)
{
	static const char *const cases[][2] = {
		{ "show services ipsec-vpn ipsec security-associations",
		    "get-services-security-associations-information" },
		{ "sh ser ipsec ipsec sec", "get-services-security-associations-information" },
		{ "show services ipsec-vpn ipsec sa detail ss-1",
		    "get-services-security-associations-information level=detail "
		    "service-set=ss-1" },
		{ "show services ipsec-vpn ipsec sa ss-1 ext",
		    "get-services-security-associations-information service-set=ss-1 "
		    "level=extensive" },
		{ "show services ipsec-vpn ipsec statistics service-set ss-1 detail",
		    "get-services-ipsec-statistics-information service-set=ss-1 display=detail" },
		{ "show services ipsec-vpn ipsec st rem 192.0.2.1",
		    "get-services-ipsec-statistics-information remote-gw=192.0.2.1" },
		{ "show ipsec sa sa-1", "get-security-associations-information sa-name=sa-1" },
		{ "show interfaces terse", "get-interface-information level=terse" },
		{ "show interfaces terse sp-1/2/0.1",
		    "get-interface-information level=terse interface-name=sp-1/2/0.1" },
		{ "show services ipsec-vpn ipsec sa detail ss-1 ss-2", "45: syntax error." },
		{ "", "0: unknown command." },
		{ "shaw version", "0: unknown command." },
		{ "show", "5: syntax error, expecting <command>." },
		{ "show foo", "5: syntax error, expecting <command>." },
		{ "\"show\" version", "0: unknown command." },
		{ "show services ipsec-vpn ipsec statistics remote-gw", "51: missing argument." },
		{ "show version now", "13: syntax error." },
		{ "show \"ver", "5: syntax error: unterminated string." },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *a = arena_new();
		assert_string_equal(request_of(a, cases[i][0]), cases[i][1]);
		arena_free(a);
	}
}

static void
ambiguity_is_listed(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	const char *said = request_of(a, "show s");
	assert_string_equal(said, "5: 's' is ambiguous.\nPossible completions:\n  security         "
				  "    Show security information\n  services         "
				  "    Show services information\n"
				  "  system               Show system information");
	arena_free(a);
}

static void
style_is_the_level_or_its_default(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	const struct srpc *rpc =
	    srpc_find(schema, "get-services-security-associations-information");
	struct elem *e = elem_new(a, rpc->name);
	assert_string_equal(command_style(rpc, e), "brief");
	elem_leaf(a, e, "level", "extensive");
	assert_string_equal(command_style(rpc, e), "extensive");
	rpc = srpc_find(schema, "get-firewall-information");
	assert_string_equal(command_style(rpc, elem_new(a, rpc->name)), "");
	arena_free(a);
}

/* The full words of a path and how it ends, or "AT: MESSAGE". */
static const char *
path_of(struct arena *a, const char *line)
{
	static const char ends[] = {
		[PATH_NODE] = 'n', [PATH_LIST] = 'l', [PATH_LEAF] = 'f', [PATH_VALUE] = 'v'
	};
	struct words w;
	struct refusal e = { 0 };
	struct path top = { .s = schema->config };
	struct path p;
	struct text out = { 0 };
	if (words_cut(a, line, &w, &e) && path_walk(a, schema->config, &top, &w, true, &p, &e)) {
		text_printf(&out, "%c", ends[p.end]);
		path_print(&p, 0, &out);
	} else {
		text_printf(&out, "%zu: %s", e.at, text_str(&e.text));
	}
	const char *copy = arena_strdup(a, text_str(&out));
	text_done(&out);
	refusal_done(&e);
	return copy;
}

static void
paths_are_walked(void **state)
{
	static const char *const cases[][2] = {
		{ "", "n" },
		{ "system", "n system" },
		{ "sys host gw", "v system host-name gw" },
		{ "system host-name", "f system host-name" },
		{ "interfaces ge-0/0/0 unit 0 fam inet addr 192.0.2.1/24",
		    "n interfaces ge-0/0/0 unit 0 family inet address 192.0.2.1/24" },
		{ "services ipsec-vpn rule", "l services ipsec-vpn rule" },
		{ "int ge-0/0/0 description \"a b\"", "v interfaces ge-0/0/0 description \"a b\"" },
		{ "services ipsec-vpn rule r term t then manual dir out prot esp spi 300",
		    "v services ipsec-vpn rule r term t then manual direction outbound protocol "
		    "esp spi 300" },
		{ "services ipsec-vpn rule r term t then manual direction outbound spi 5",
		    "68: Value 5 is not within range (256..16639) at '5'" },
		{ "int ge-0/0/0 description \"[\"", "v interfaces ge-0/0/0 description \"[\"" },
		{ "services service-set s ipsec-vpn-rules r",
		    "n services service-set s ipsec-vpn-rules r" },
		{ "system frobnicate", "7: syntax error." },
		{ "system host-name a zz", "19: syntax error." },
		{ "interfaces ge-0/0/0 unit 0 family inet address 1.2.3",
		    "47: invalid ip address or hostname: 1.2.3" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *a = arena_new();
		assert_string_equal(path_of(a, cases[i][0]), cases[i][1]);
		arena_free(a);
	}
}

static void
words_keep_their_places(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	struct words w;
	struct refusal e = { 0 };
	assert_true(words_cut(a, "  set a \"b \\\" c\"[x y]", &w, &e));
	static const struct {
		const char *s;
		size_t at;
	} want[] = { { "set", 2 }, { "a", 6 }, { "b \" c", 8 }, { "[", 16 }, { "x", 17 },
		{ "y", 19 }, { "]", 20 } };
	assert_int_equal(w.n, 7);
	for (size_t i = 0; i < 7; i++) {
		assert_string_equal(w.w[i].s, want[i].s);
		assert_int_equal(w.w[i].at, want[i].at);
	}
	arena_free(a);
}

/* What a line with brackets stands for, in one line; or "AT: MESSAGE". */
static void
ranges_are_written_out(void **state)
{
	static const char *const cases[][2] = {
		{ "interfaces lo0 unit 1", "interfaces lo0 unit 1;" },
		{ "ge-0/0/[1-3] mtu 9", "ge-0/0/1 mtu 9;ge-0/0/2 mtu 9;ge-0/0/3 mtu 9;" },
		{ "a[1,3]b[x,yz]", "a1bx;a1byz;a3bx;a3byz;" },
		{ "r[08-11]", "r08;r09;r10;r11;" },
		{ "r[1-5,!2-3,!9]", "r1;r4;r5;" },
		{ "r[a-c, Q]", "ra;rb;rc;rQ;" },
		{ "x \"[1-3]\" [7]", "x \"[1-3]\" 7;" },
		{ "x \"\\\"[1-3]\"", "x \"\\\"[1-3]\";" },
		{ "r[3-1]", "2: invalid range '3-1'" },
		{ "r[c-a]", "2: invalid range 'c-a'" },
		{ "r[1-3", "1: syntax error, expecting ']'." },
		{ "r[1[2]]", "1: syntax error, expecting ']'." },
		{ "r[]", "2: syntax error." },
		{ "r[1,!1]", "2: syntax error." },
		{ "r[1-99999]", "2: more than 4096 lines in a range." },
		{ "r[1-100][1-100]", "8: more than 4096 lines in a range." },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *a = arena_new();
		struct refusal e = { 0 };
		struct text out = { 0 };
		const char *const *lines;
		size_t n = 0;
		if (!range_expand(a, cases[i][0], &lines, &n, &e))
			text_printf(&out, "%zu: %s", e.at, text_str(&e.text));
		for (size_t k = 0; k < n; k++)
			text_printf(&out, "%s;", lines[k]);
		assert_string_equal(text_str(&out), cases[i][1]);
		text_done(&out);
		refusal_done(&e);
		arena_free(a);
	}
}

static void
patterns_keep_brackets_and_backslashes(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	struct refusal e = { 0 };
	struct words w;
	assert_true(words_cut_patterns(a, "x ^r([0-9]) \"a\\.b \\\" c\" ]", 2, &w, &e));
	assert_int_equal(w.n, 3);
	assert_string_equal(w.w[0].s, "^r([0-9])");
	assert_int_equal(w.w[0].at, 2);
	assert_string_equal(w.w[1].s, "a\\.b \" c");
	assert_true(w.w[1].is_quoted);
	assert_string_equal(w.w[2].s, "]");
	assert_false(words_cut_patterns(a, "\"open", 0, &w, &e));
	refusal_done(&e);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_become_requests),
		cmocka_unit_test(ambiguity_is_listed),
		cmocka_unit_test(style_is_the_level_or_its_default),
		cmocka_unit_test(paths_are_walked),
		cmocka_unit_test(words_keep_their_places),
		cmocka_unit_test(ranges_are_written_out),
		cmocka_unit_test(patterns_keep_brackets_and_backslashes),
	};
	const char *error = NULL;
	schema = schema_load(&error);
	if (schema == NULL)
		return 1;
	commands = calloc(schema->n_rpcs, sizeof(*commands));
	for (size_t i = 0; i < schema->n_rpcs; i++)
		commands[i] =
		    (struct command){ .words = schema->rpcs[i].command, .rpc = &schema->rpcs[i] };
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(commands);
	schema_free((struct schema *)schema);
	return failed;
}
