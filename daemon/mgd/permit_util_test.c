/* SPDX-License-Identifier: BSD-2-Clause
 *
 * permit_util_test.c - configurations and classes for permit_test.c and permit_tree_test.c.
 */
#include "daemon/mgd/permit_util_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/mgd/permit.h"
#include "daemon/mgd/users.h"
#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/junos/load.h"
#include "lib/junos/tree.h"

struct schema *permit_schema;

void
permit_schema_open(void)
{
	const char *error;
	permit_schema = schema_load(&error);
	assert_non_null(permit_schema);
}

void
permit_schema_close(void)
{
	schema_free(permit_schema);
}

struct tree *
tree_of(const char *text)
{
	struct report r = { 0 };
	struct tree *t = tree_new(permit_schema);
	bool ok = load_text(t, LOAD_MERGE, text, strlen(text), &r);
	if (!ok) {
		struct text said = { 0 };
		report_print(&r, NULL, &said);
		fail_msg("%s", text_str(&said));
	}
	report_done(&r);
	return t;
}

struct permits *
permits_with(const char *class, const struct permit **out)
{
	struct text text = { 0 };
	text_printf(&text, "system { login { class c { %s } user u { class c; } } }", class);
	struct tree *t = tree_of(text_str(&text));
	struct permits *ps = permits_new(t);
	struct user u = { .uid = 1000, .name = "u" };
	*out = permits_of(ps, &u);
	tree_free(t);
	text_done(&text);
	return ps;
}
