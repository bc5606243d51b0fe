/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf_check.c - `sallyport check FILE` alone, for the tests and the bench.
 */
#include <stdio.h>

#include "cli/check.h"

int
main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: conf_check FILE\n");
		return 2;
	}
	return check_main(argv[1]);
}
