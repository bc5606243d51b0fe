/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tame_test.c - what reaches a terminal, whole and in pieces.
 */
#include "lib/base/tame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static const struct {
	const char *text;
	const char *want;
} rows[] = {
	{ "plain\ttext\n", "plain\ttext\n" },
	{ "\x1b]0;evil\x07", "?]0;evil?" },
	{ "a\rb\bc\x7f", "a?b?c?" },
	{ "\x9b"
	  "31m",
	    "?31m" },
	{ "\xc2\x9b"
	  "31m",
	    "\xc2?31m" },
	{ "\xc2\xa0\xc3\x9b\xe2\x82\xac\xf0\x9f\x98\x80",
	    "\xc2\xa0\xc3\x9b\xe2\x82\xac\xf0\x9f\x98\x80" },
	{ "\xe2\x82\x1b[m", "\xe2\x82?[m" },
	{ "\xc3\x9b\x9b", "\xc3\x9b?" },
	{ "\xff\xc0\x80", "???" },
};

static void
controls_become_harmless_wherever_the_text_is_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = strlen(rows[i].text);
		for (size_t at = 0; at <= len; at++) {
			char s[64];
			struct tame t = { 0 };
			strcpy(s, rows[i].text);
			tame_put(&t, s, at);
			tame_put(&t, s + at, len - at);
			assert_string_equal(s, rows[i].want);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(controls_become_harmless_wherever_the_text_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
