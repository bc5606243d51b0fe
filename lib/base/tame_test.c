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
	    "??31m" },
	{ "\xc2\xa0\xc3\x9b\xe2\x82\xac\xf0\x9f\x98\x80",
	    "\xc2\xa0\xc3\x9b\xe2\x82\xac\xf0\x9f\x98\x80" },
	{ "\xe2\x82\x1b[m", "???[m" },
	{ "caf\xc3", "caf?" },
	{ "\xf0\x9f\x98\xc3\xa9", "???\xc3\xa9" },
	{ "\xc3\x9b\x9b", "\xc3\x9b?" },
	{ "\xff\xc0\x80", "???" },
};

static void
what_is_no_character_becomes_harmless(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char s[64];
		strcpy(s, rows[i].text);
		tame_str(s);
		assert_string_equal(s, rows[i].want);
	}
}

/* The beginning of a character that went out with the piece before cannot be taken back; it orders nothing alone. */
static void
controls_become_harmless_wherever_the_text_is_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *text = rows[i].text;
		size_t len = strlen(text);
		for (size_t at = 0; at <= len; at++) {
			char s[64];
			struct tame t = { 0 };
			strcpy(s, text);
			tame_put(&t, s, at);
			tame_put(&t, s + at, len - at);
			for (size_t k = 0; k < len; k++) {
				unsigned char c = (unsigned char)s[k];
				assert_true(c >= ' ' || c == '\n' || c == '\t');
				assert_true(c != 0x7f);
				if (c == 0xc2)
					assert_true(
					    (unsigned char)s[k + 1] >= 0xa0 || s[k + 1] == '?');
			}
			if (strcmp(text, rows[i].want) == 0)
				assert_string_equal(s, text);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_character_becomes_harmless),
		cmocka_unit_test(controls_become_harmless_wherever_the_text_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
