/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tun.c - TUN devices: a network interface whose packets a process reads and writes.
 *
 * Called by netd, which passes copies of the descriptor on: a copy shares the queue, so packets that arrive while a
 * picd is restarted wait for the next one.
 */
#include "lib/os/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

int
tun_create(int fd, const char *name)
{
	struct ifreq ifr = { .ifr_flags = (int16_t)(IFF_TUN | IFF_NO_PI | IFF_TUN_EXCL) };
	size_t n = strlen(name);
	if (n >= sizeof(ifr.ifr_name))
		return -ENAMETOOLONG;
	memcpy(ifr.ifr_name, name, n + 1);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0)
		return -errno;
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	return 0;
}
