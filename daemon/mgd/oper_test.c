/* SPDX-License-Identifier: BSD-2-Clause
 *
 * oper_test.c - every command of operational mode does something.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/mgd/command.h"
#include "daemon/mgd/hint.h"
#include "daemon/mgd/mgd.h"
#include "lib/yang/schema.h"

static void
no_row_is_without_a_function(void **state)
{
	(void)state;
	const char *error;
	struct schema *schema = schema_load(&error);
	size_t n;
	const struct command *table = oper_commands(schema, &n);
	assert_true(n > 80);
	for (size_t i = 0; i < n; i++)
		if (!oper_has(&table[i]))
			fail_msg("%s", table[i].words);
	schema_free(schema);
}

static void
what_has_none_is_found(void **state)
{
	(void)state;
	struct srpc rpc = { .name = "get-nothing", .command = "show nothing", .owner = "mgd" };
	assert_false(oper_has(&(struct command){ .words = "show nothing", .rpc = &rpc }));
	rpc.owner = "nobody";
	assert_false(oper_has(&(struct command){ .words = "show nothing", .rpc = &rpc }));
	assert_false(oper_has(&(struct command){ .words = "x", .id = OPER_SYSTEM_FIRST - 1 }));
	size_t n;
	const struct command *system = oper_system_commands(&n);
	for (size_t i = 0; i < n; i++) {
		struct command other = system[i];
		other.words = "what no table knows";
		assert_true(oper_system_has(&system[i]));
		if (strncmp(system[i].words, "restart ", 8) == 0 ||
		    strncmp(system[i].words, "request ", 8) == 0)
			assert_false(oper_system_has(&other)); /* they are found by their words */
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_row_is_without_a_function),
		cmocka_unit_test(what_has_none_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
