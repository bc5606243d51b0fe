/* SPDX-License-Identifier: BSD-2-Clause
 *
 * nine_test.c - the public vector, and strings of every octet come back.
 */
#include "lib/junos/nine.h"

#include "lib/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
the_public_vector_is_lc(void **state)
{
	(void)state;
	struct text out = { 0 };
	assert_true(nine_decode("$9$LbHX-wg4Z", &out));
	assert_string_equal(text_str(&out), "lc");
	text_done(&out);
}

static void
random_strings_come_back(void **state)
{
	(void)state;
	srand(9);
	for (int round = 0; round < 2000; round++) {
		char plain[300];
		size_t n = (size_t)rand() % 64 + (round % 100 == 0 ? 200 : 0);
		for (size_t i = 0; i < n; i++)
			plain[i] = (char)(rand() % 255 + 1);
		plain[n] = '\0';
		struct text hidden = { 0 };
		struct text back = { 0 };
		nine_encode(plain, (uint32_t)rand(), &hidden);
		assert_true(nine_is(text_str(&hidden)));
		assert_true(nine_decode(text_str(&hidden), &back));
		assert_string_equal(text_str(&back), plain);
		text_done(&hidden);
		text_done(&back);
	}
}

static void
other_strings_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = { "", "$9", "$9$", "$9$Q", "$9$Lb HX", "$9$LbHX-wg4",
		"$8$LbHX-wg4Z", "$9$LbHX-wg4Z ", "$9$(", "lc" };
	struct text out = { 0 };
	text_put(&out, "as it was");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(nine_decode(bad[i], &out));
	assert_string_equal(text_str(&out), "as it was");
	text_done(&out);
}

static void
the_salt_varies_the_text(void **state)
{
	(void)state;
	struct text a = { 0 };
	struct text b = { 0 };
	nine_encode("secret", 1, &a);
	nine_encode("secret", 2, &b);
	assert_string_not_equal(text_str(&a), text_str(&b));
	text_done(&a);
	text_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_public_vector_is_lc),
		cmocka_unit_test(random_strings_come_back),
		cmocka_unit_test(other_strings_are_refused),
		cmocka_unit_test(the_salt_varies_the_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
