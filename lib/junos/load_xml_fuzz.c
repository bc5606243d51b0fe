/* SPDX-License-Identifier: BSD-2-Clause
 *
 * load_xml_fuzz.c - any bytes as XML; what was understood must print and read back the same.
 */
#include "lib/junos/load.h"

#include "lib/base/report.h"
#include "lib/junos/load_check.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tree *t = tree_new(load_check_schema());
	struct report r = { 0 };
	load_xml(t, tree_root(t), LOAD_REPLACE, (const char *)data, size, &r);
	load_xml(t, tree_root(t), LOAD_NONE, (const char *)data, size, &r);
	const char *bad = load_check(t);
	if (bad != NULL) {
		fprintf(stderr, "%s\n", bad);
		abort();
	}
	report_done(&r);
	tree_free(t);
	return 0;
}
