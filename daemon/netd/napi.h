/* SPDX-License-Identifier: BSD-2-Clause
 *
 * napi.h - how soon the kernel looks at what has arrived on a device.
 */
#ifndef NAPI_H
#define NAPI_H

#include <stdint.h>

/* Has the kernel look at the queues of the device of index IFINDEX at most every NS nanoseconds while packets come, until it has found
 * nothing TIMES times; then, as with TIMES 0 always, the next packet is looked at when it comes. Returns for how many queues, none
 * if the device does not poll, or -errno: a kernel before 6.13 cannot. */
int napi_defer(unsigned ifindex, uint32_t times, uint32_t ns);

#endif
