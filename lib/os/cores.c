/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cores.c - how many processors there are to work on.
 *
 * The kernel's answer and not the C library's, which reads files that a daemon may not open.
 */
#include "lib/os/cores.h"

#include <sched.h>

unsigned
cores_count(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
	return n > 0 ? (unsigned)n : 1;
}
