/* SPDX-License-Identifier: BSD-2-Clause
 *
 * load_text_fuzz.c - any bytes as curly configuration text, and as fragments; what was understood must print and read back the same.
 */
#include "lib/junos/load.h"

#include "lib/base/report.h"
#include "lib/junos/load_check.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try(const char *data, size_t size, bool as_fragments)
{
	struct tree *t = tree_new(load_check_schema());
	struct report r = { 0 };
	if (as_fragments)
		load_places(t, data, size, &r);
	else
		load_text(t, LOAD_OVERRIDE, data, size, &r);
	const char *bad = load_check(t);
	if (bad != NULL) {
		fprintf(stderr, "%s\n", bad);
		abort();
	}
	report_done(&r);
	tree_free(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try((const char *)data, size, false);
	if (load_has_places((const char *)data, size))
		try((const char *)data, size, true);
	return 0;
}
