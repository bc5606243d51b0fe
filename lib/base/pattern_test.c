/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pattern_test.c - which regular expressions are taken, and that none takes long to refuse.
 */
#include "lib/base/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
ordinary_patterns_are_taken(void **state)
{
	(void)state;
	static const char *const good[] = { "", "spi", "ge-.*up", "^(in|out)bound +[0-9]+$",
		"a{2,5}b{3}", "[[:alpha:]]+[]^]", "\\{x\\+", "a{", "x{,}", "(a+)+",
		"[0-9]{1,3}(\\.[0-9]{1,3}){3}" };
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		regex_t re;
		const char *why = pattern_compile(&re, good[i]);
		/* some forms are the compiler's to judge; none is too large */
		if (why == NULL)
			regfree(&re);
		else
			assert_string_equal(why, "invalid regular expression");
	}
	regex_t re;
	/* a brace that begins no interval is one */
	assert_null(pattern_compile(&re, "[{]* unit {$|{"));
	assert_int_equal(regexec(&re, "    unit {", 0, NULL, 0), 0);
	assert_int_equal(regexec(&re, "    unit", 0, NULL, 0), REG_NOMATCH);
	regfree(&re);
	assert_null(pattern_compile(&re, "IN(BOUND)+ {2,9}4"));
	assert_int_equal(regexec(&re, "inbound   400", 0, NULL, 0), 0);
	assert_int_equal(regexec(&re, "outbound 400", 0, NULL, 0), REG_NOMATCH);
	regfree(&re);
}

static void
exploding_patterns_are_refused_at_once(void **state)
{
	(void)state;
	static const char *const bad[] = { "a{255}{255}{255}", "((((a{99}){99}){99}){99})",
		"x++++++++++++++++++++++++++++++++++++++++",
		"((((((((((((((a+)+)+)+)+)+)+)+)+)+)+)+)+)+", "(ab{200}){200}",
		"x????????????????????????", "\\++*+++++++++++",
		"((((((((((((((((((((((((((((((((((x", "a{513}", "2{,20000}", "x{32767}" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		regex_t re;
		assert_string_equal(
		    pattern_compile(&re, bad[i]), "regular expression is too large");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary_patterns_are_taken),
		cmocka_unit_test(exploding_patterns_are_refused_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
