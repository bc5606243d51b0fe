/* SPDX-License-Identifier: BSD-2-Clause
 *
 * xpath_fuzz.c - any XPath against a configuration. What is left is well-formed, and choosing again changes nothing more
 * unless a condition asked for what was not chosen; so only that must hold for what has none.
 */
#include "daemon/mgd/xpath.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/junos/load.h"
#include "lib/junos/tree.h"
#include "lib/yang/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char conf[] =
    "system { host-name gw; name-server { 192.0.2.1; 192.0.2.2; } } interfaces { sp-1/2/0 { unit 0 "
    "{ family inet; } unit 1 { family inet; service-domain inside; } } } services { ipsec-vpn { "
    "rule r { term 1 { from { source-address 10.0.0.0/8; } } } } }";

static struct tree *
tree_made(void)
{
	static const struct schema *schema;
	const char *error;
	struct report r = { 0 };
	if (schema == NULL && (schema = schema_load(&error)) == NULL)
		abort();
	struct tree *t = tree_new(schema);
	load_text(t, LOAD_OVERRIDE, conf, sizeof(conf) - 1, &r);
	report_done(&r);
	return t;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tree *whole;
	const char *error;
	if (whole == NULL)
		whole = tree_made();
	struct arena *a = arena_new();
	const char *text = arena_strndup(a, (const char *)data, size);
	const struct xpath *x = xpath_read(a, text, &error);
	if ((x == NULL) != (error != NULL))
		abort();
	struct tree *t = tree_copy(whole);
	bool has_some = x != NULL && xpath_prune(x, t);
	size_t n = tree_count(t);
	if (n > tree_count(whole))
		abort();
	if (has_some && strchr(text, '[') == NULL && (!xpath_prune(x, t) || tree_count(t) != n))
		abort();
	tree_free(t);
	arena_free(a);
	return 0;
}
