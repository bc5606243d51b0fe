/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tun.h - TUN devices: a network interface whose packets a process reads and writes.
 */
#ifndef TUN_H
#define TUN_H

/* Makes the device NAME (at most 15 characters) on FD, an open /dev/net/tun: IP packets without any header before
 * them, one queue, non-blocking. The device lives until the last copy of FD is closed. Returns 0 or -errno (-EBUSY: NAME
 * exists). */
__attribute__((warn_unused_result)) int tun_create(int fd, const char *name);

#endif
