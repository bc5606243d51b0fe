/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cores.h - how many processors there are to work on.
 */
#ifndef CORES_H
#define CORES_H

/* Processors that this process may run on; at least 1. netd and the picds, who are started by the same process, count the same. */
unsigned cores_count(void);

#endif
