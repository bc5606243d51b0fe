/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hex_test.c - every octet there and back, and what is no hexadecimal text.
 */
#include "lib/base/hex.h"
#include "lib/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void
every_octet(void **state)
{
	(void)state;
	for (unsigned v = 0; v < 256; v++) {
		struct text t = { 0 };
		uint8_t b = (uint8_t)v;
		uint8_t back = (uint8_t)~v;
		char want[3];
		size_t n;
		snprintf(want, sizeof(want), "%02x", v);
		hex_put(&t, &b, 1);
		assert_string_equal(text_str(&t), want);
		assert_true(hex_read(t.s, &back, 1, &n));
		assert_int_equal(n, 1);
		assert_int_equal(back, v);
		snprintf(want, sizeof(want), "%02X", v);
		assert_true(hex_read(want, &back, 1, &n));
		assert_int_equal(back, v);
		text_done(&t);
	}
}

static void
refused(void **state)
{
	(void)state;
	uint8_t b[2];
	size_t n;
	static const char *const bad[] = { "0", "0g", "g0", "000", "0x", " 0", "000000", ":0", "/0",
		"@0", "`0" };
	assert_false(hex_read(NULL, b, 2, &n));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(hex_read(bad[i], b, 2, &n));
	memset(b, 0xff, sizeof(b));
	assert_false(hex_read("12zz", b, 2, &n));
	assert_int_equal(b[0], 0);
	assert_true(hex_read("", b, 2, &n));
	assert_int_equal(n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_octet),
		cmocka_unit_test(refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
