/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tun.c - TUN devices: a network interface whose packets a process reads and writes.
 *
 * Called by netd, which passes copies of the descriptors on: a copy shares the queue, so packets that arrive while a
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

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20 /* Linux 6.2 */
#define TUN_F_USO6 0x40
#endif

/* Attaches FD to the device NAME. */
static int
queue_make(int fd, const char *name, struct tun_kind kind, int flags)
{
	static const int header = TUN_VNET_HEADER;
	static const int yes = 1;
	struct ifreq ifr = { 0 };
	size_t n = strlen(name);
	if (n >= sizeof(ifr.ifr_name))
		return -ENAMETOOLONG;
	memcpy(ifr.ifr_name, name, n + 1);
	flags |= IFF_TUN | IFF_NO_PI;
	flags |= kind.has_queues ? IFF_MULTI_QUEUE : 0;
	flags |= kind.has_vnet_header ? IFF_VNET_HDR : 0;
	ifr.ifr_flags = (int16_t)flags;
	if (ioctl(fd, TUNSETIFF, &ifr) < 0)
		return -errno;
	if (kind.has_vnet_header &&
	    (ioctl(fd, TUNSETVNETHDRSZ, &header) < 0 || ioctl(fd, TUNSETVNETLE, &yes) < 0))
		return -errno;
	int status = fcntl(fd, F_GETFL);
	if (status < 0 || fcntl(fd, F_SETFL, status | O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

int
tun_create(int fd, const char *name, struct tun_kind kind)
{
	return queue_make(fd, name, kind, IFF_TUN_EXCL);
}

int
tun_join(int fd, const char *name, struct tun_kind kind)
{
	return queue_make(fd, name, kind, 0);
}

int
tun_leave(int fd)
{
	struct ifreq ifr = { .ifr_flags = IFF_DETACH_QUEUE };
	return ioctl(fd, TUNSETQUEUE, &ifr) < 0 ? -errno : 0;
}

int
tun_offload(int fd, enum tun_offload most, enum tun_offload *out)
{
	static const unsigned bits[] = {
		[TUN_OFFLOAD_NONE] = 0,
		[TUN_OFFLOAD_TCP] = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN,
		[TUN_OFFLOAD_ALL] =
		    TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN | TUN_F_USO4 | TUN_F_USO6,
	};
	for (enum tun_offload o = most;; o--) {
		if (ioctl(fd, TUNSETOFFLOAD, (uintptr_t)bits[o]) == 0) {
			*out = o;
			return 0;
		}
		if (o == TUN_OFFLOAD_NONE)
			return -errno;
	}
}
