/* SPDX-License-Identifier: BSD-2-Clause
 *
 * problem_test.c - what commands say to a person, taken apart for a program.
 */
#include "daemon/mgd/problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/text.h"

static void
print(void *arg, const struct problem *p)
{
	text_printf(arg, "%s|%s|%s|%s|%s%s%s\n", p->is_warning ? "W" : "E",
	    p->tag != NULL ? p->tag : "", p->path != NULL ? p->path : "",
	    p->element != NULL ? p->element : "", p->message, p->source[0] != '\0' ? "|" : "",
	    p->source);
}

static const struct {
	const char *text;
	bool failed;
	const char *want;
} cases[] = {
	{ "error: permission denied", true, "E|access-denied|||permission denied\n" },
	{ "", true, "E||||command failed\n" },
	{ "", false, "" },
	{ "commit complete\n", false, "" },
	{ "warning: uncommitted changes will be discarded on exit\nEntering configuration mode\n",
	    false, "W||||uncommitted changes will be discarded on exit\n" },
	{ "[edit services ipsec-vpn rule r1]\n  'term t1'\n    Missing mandatory statement: "
	  "'then'\n"
	  "[edit system]\n  'host-name'\n    warning: odd\n"
	  "error: commit failed: (missing mandatory statements)\n",
	    true,
	    "E|missing-element|[edit services ipsec-vpn rule r1]|term t1|Missing mandatory "
	    "statement: 'then'\n"
	    "W||[edit system]|host-name|odd\n"
	    "E||||commit failed: (missing mandatory statements)\n" },
	{ "[edit interfaces sp-1/2/0]\n  no more rings\nerror: configuration check-out failed\n",
	    true,
	    "E||[edit interfaces sp-1/2/0]||no more rings\nE||||configuration check-out failed\n" },
	{ "error: configuration database locked by:\n  root terminal pts/0 on since 2008\n", true,
	    "E|lock-denied|||configuration database locked by:\n  root terminal pts/0 on since "
	    "2008\n" },
	{ "  'foo'\n    syntax error\n", true, "E|unknown-element||foo|syntax error\n" },
	{ "[edit]\n    first line\n    second line\n", true,
	    "E||[edit]||first line\nsecond line\n" },
	{ "error: one\nerror: two\n", true, "E||||one\nE||||two\n" },
	{ "[edit interfaces sp-1/2/0]\n  no more rings\n"
	  "error: picd sp-1/2/0: configuration check-out failed\n[edit]\n  'interfaces'\n    full\n"
	  "error: netd: configuration check-out failed\nerror: kmd does not answer\n"
	  "error: configuration check-out failed\n",
	    true,
	    "E||[edit interfaces sp-1/2/0]||no more rings|picd\n"
	    "E||||picd sp-1/2/0: configuration check-out failed|picd\n"
	    "E||[edit]|interfaces|full|netd\nE||||netd: configuration check-out failed|netd\n"
	    "E||||kmd does not answer|kmd\nE||||configuration check-out failed\n" },
	{ "error: kmdx: no\nerror: pkid\n", true, "E||||kmdx: no\nE||||pkid\n" },
	{ "[edit", true, "E||||[edit\n" },
	{ "\n\n   \n", true, "E||||command failed\n" },
};

static void
text_is_taken_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text out = { 0 };
		problem_split(cases[i].text, cases[i].failed, print, &out);
		assert_string_equal(text_str(&out), cases[i].want);
		text_done(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(text_is_taken_apart) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
