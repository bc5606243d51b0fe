/* SPDX-License-Identifier: BSD-2-Clause
 *
 * load_patch_fuzz.c - any bytes as a difference against a small configuration; what was understood must print and read back the same.
 */
#include "lib/junos/load.h"

#include "lib/base/report.h"
#include "lib/junos/load_check.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static const char base[] = "set interfaces ge-0/0/0 unit 0 family inet address 10.0.0.1/24\n"
			   "set interfaces ge-0/0/0 unit 0 family inet6\n"
			   "set services ipsec-vpn rule a term 1 from source-address 10.0.0.0/8\n"
			   "set services ipsec-vpn rule a term 2 then syslog\n"
			   "set services ipsec-vpn rule a match-direction input\n"
			   "set services ipsec-vpn rule b match-direction output\n"
			   "annotate services ipsec-vpn rule b \"far\"\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tree *t = tree_new(load_check_schema());
	struct report r = { 0 };
	load_set(t, tree_root(t), base, sizeof(base) - 1, &r);
	load_patch(t, tree_root(t), (const char *)data, size, &r);
	const char *bad = load_check(t);
	if (bad != NULL) {
		fprintf(stderr, "%s\n", bad);
		abort();
	}
	report_done(&r);
	tree_free(t);
	return 0;
}
