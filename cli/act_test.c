/* SPDX-License-Identifier: BSD-2-Clause
 *
 * act_test.c - every command that the schema gives to the command line is there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/act.h"
#include "cli/client.h"
#include "lib/yang/schema.h"

/* Nobody presses ^C here. */
bool
client_is_interrupted(void)
{
	return false;
}

static void
no_rpc_of_the_command_line_is_missing(void **state)
{
	(void)state;
	const char *error;
	struct schema *schema = schema_load(&error);
	size_t n = 0;
	for (size_t i = 0; i < schema->n_rpcs; i++) {
		if (strcmp(schema->rpcs[i].owner, "cli") != 0)
			continue;
		n++;
		if (!act_has(schema->rpcs[i].name))
			fail_msg("%s", schema->rpcs[i].name);
	}
	assert_true(n > 10);
	assert_false(act_has("get-nothing"));
	schema_free(schema);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_rpc_of_the_command_line_is_missing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
