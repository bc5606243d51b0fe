/* SPDX-License-Identifier: BSD-2-Clause
 *
 * dn_test.c - names are read from text, printed back, and compared as a whole and in parts.
 */
#include "lib/crypto/dn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/text.h"

enum { ROOM = 512 };

static void
text_is_read_and_printed(void **state)
{
	static const struct {
		const char *text;
		const char *printed; /* NULL: refused */
	} rows[] = {
		{ "CN=gw1, O=Example, C=CH", "CN=gw1, O=Example, C=CH" },
		{ "c=CH;o=Example Ltd  ;cn=gw1", "C=CH, O=Example Ltd, CN=gw1" },
		{ "CN=gw1 + OU=north, DC=example", "CN=gw1 + OU=north, DC=example" },
		{ "CN=a\\, b, C=CH", "CN=a\\, b, C=CH" },
		{ "E=a@example.net, CN=x", "emailAddress=a@example.net, CN=x" },
		{ "S=Bern, L=Thun", "ST=Bern, L=Thun" }, { "2.5.4.3=dotted", "CN=dotted" },
		{ "", NULL }, { "gw1", NULL }, { "CN=", NULL }, { "CN=a,", NULL }, { "=a", NULL },
		{ "CN=a,,O=b", NULL }, { "NOSUCH=a", NULL },
		{ "C=Switzerland", NULL }, /* two letters */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t der[ROOM];
		struct text printed = { 0 };
		size_t n = dn_parse(rows[i].text, der, sizeof(der));
		assert_int_equal(n > 0, rows[i].printed != NULL);
		if (n > 0) {
			assert_true(dn_is_valid(der, n));
			dn_print(der, n, &printed);
			assert_string_equal(text_str(&printed), rows[i].printed);
			assert_int_equal(dn_parse(rows[i].text, der, n), n);
			assert_int_equal(dn_parse(rows[i].text, der, n - 1), 0);
		}
		text_done(&printed);
	}
}

static void
names_are_compared(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		bool is_same;
		bool in_order; /* A has B */
		bool any_order;
	} rows[] = {
		{ "CN=a,O=b,C=CH", "CN=a,O=b,C=CH", true, true, true },
		{ "CN=a,O=b,C=CH", "CN=A,O=B,C=CH", true, true, true },
		{ "CN=a,O=b  c,C=CH", "CN=A,O=b c,C=CH", true, true, true },
		{ "CN=a,O=b,C=CH", "C=CH,O=b,CN=a", true, true, true },
		{ "CN=a,O=b,C=CH", "O=b,C=CH,CN=a", false, false, true },
		{ "CN=a,O=b,C=CH", "CN=a,C=CH", false, true, true },
		{ "CN=a,O=b,C=CH", "C=CH,CN=a", false, true, true },
		{ "CN=a,O=b,C=CH", "CN=b", false, false, false },
		{ "CN=a,O=b,C=CH", "OU=b", false, false, false },
		{ "CN=a,O=b", "CN=a,O=b,C=CH", false, false, false },
		{ "OU=x,OU=y", "OU=y", false, true, true },
		{ "OU=x,OU=y,OU=z", "OU=y,OU=z,OU=x", false, false, true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t a[ROOM];
		uint8_t b[ROOM];
		size_t n = dn_parse(rows[i].a, a, sizeof(a));
		size_t m = dn_parse(rows[i].b, b, sizeof(b));
		assert_true(n > 0 && m > 0);
		assert_int_equal(dn_eq(a, n, b, m), rows[i].is_same);
		assert_int_equal(dn_has(a, n, b, m, DN_IN_ORDER), rows[i].in_order);
		assert_int_equal(dn_has(a, n, b, m, DN_ANY_ORDER), rows[i].any_order);
		assert_false(dn_eq(a, n, b, m - 1));
		assert_false(dn_has(a, n - 1, b, m, DN_ANY_ORDER));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_read_and_printed),
		cmocka_unit_test(names_are_compared),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
