/* SPDX-License-Identifier: BSD-2-Clause
 *
 * digest_test.c - the sums of "abc" as their standards give them (RFC 1321, FIPS 180-4).
 */
#include "lib/crypto/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
sums_are_those_of_the_standards(void **state)
{
	static const struct {
		const char *name;
		const char *sum;
	} cases[] = {
		{ "MD5", "900150983cd24fb0d6963f7d28e17f72" },
		{ "SHA1", "a9993e364706816aba3e25717850c26c9cd0d89d" },
		{ "SHA256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char sum[DIGEST_HEX_MAX];
		struct digest *d = digest_new(cases[i].name);
		assert_non_null(d);
		digest_put(d, "a", 1);
		digest_put(d, "bc", 2);
		digest_end(d, sum);
		assert_string_equal(sum, cases[i].sum);
	}
}

static void
an_unknown_algorithm_is_refused(void **state)
{
	(void)state;
	assert_null(digest_new("SUM9"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_are_those_of_the_standards),
		cmocka_unit_test(an_unknown_algorithm_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
