/* SPDX-License-Identifier: BSD-2-Clause
 *
 * when_test.c - times of `commit at` in a zone that is not UTC, and the file that keeps them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/mgd/when.h"
#include "lib/base/text.h"

enum { NOW = 1227175200 }; /* 2008-11-20 10:00:00 UTC, 05:00:00 in the zone of the test */

static void
zone_set(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

static void
a_time_is_one_of_the_zone_of_the_system(void **state)
{
	static const struct {
		const char *typed;
		long long at; /* 0: refused */
	} cases[] = {
		{ "05:01", NOW + 60 },
		{ "23:59:59", NOW + 19 * 3600 - 1 },
		{ "04:59", 0 },
		{ "10:00", NOW + 5 * 3600 },
		{ "2008-11-21 05:00", NOW + 24 * 3600 },
		{ "2009-07-01 00:00:00", 1246420800 }, /* summer: four hours */
		{ "2008-11-31 10:00", 0 },
		{ "2008-11-21", 0 },
		{ "25:00", 0 },
		{ "5:01", 0 },
		{ "05:01 ", 0 },
		{ "", 0 },
	};
	(void)state;
	zone_set("EST5EDT,M3.2.0,M11.1.0");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct when w = { 0 };
		const char *wrong = when_parse(cases[i].typed, NOW, &w);
		if ((wrong == NULL) != (cases[i].at != 0) || (long long)w.at != cases[i].at)
			fail_msg("'%s': %lld, %s", cases[i].typed, (long long)w.at,
			    wrong != NULL ? wrong : "right");
	}
	char buf[WHEN_DATE_LEN];
	assert_string_equal(when_date(NOW, buf), "2008-11-20 05:00:00 EST");
	zone_set("UTC");
	assert_string_equal(when_date(NOW, buf), "2008-11-20 10:00:00 UTC");
}

static void
what_is_kept_comes_back(void **state)
{
	static const struct when cases[] = {
		{ .at = NOW },
		{ .at_reboot = true, .life = "b-o-o-t/12/3456" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text t = { 0 };
		struct when w;
		/* a comment that looks like the line */
		text_put(&t, "## Last commit: never\n## Commit comment: ## Commit at: 1\n");
		when_print(&cases[i], &t);
		text_put(&t, "system {\n");
		assert_true(when_read(text_str(&t), &w));
		assert_true(w.at == cases[i].at && w.at_reboot == cases[i].at_reboot);
		assert_string_equal(w.life, cases[i].life);
		text_done(&t);
	}
}

static void
what_is_no_header_line_is_not_read(void **state)
{
	static const char *const cases[] = {
		"",
		"## Commit comment: ## Commit at: 99\nsystem;\n",
		"system {\n## Commit at: 99\n",
		"## Commit at: \n",
		"## Commit at: 99x\n",
		"## Commit at: -5\n",
		"## Commit at: 99999999999999999999\n",
		"## Commit at: reboot after \n",
		"## Commit at: reboot after a b\n",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct when w;
		if (when_read(cases[i], &w))
			fail_msg("read: %s", cases[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_is_one_of_the_zone_of_the_system),
		cmocka_unit_test(what_is_kept_comes_back),
		cmocka_unit_test(what_is_no_header_line_is_not_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
