/* SPDX-License-Identifier: BSD-2-Clause
 *
 * host.h - the kernel's network as netd changes it: links, addresses, routes, policy rules, sysctls.
 *
 * Every function does one thing and says how it went: 0 or -errno. One thread.
 */
#ifndef HOST_H
#define HOST_H

#include "lib/os/netlink.h"

#include <stdbool.h>

struct item;

struct host {
	struct nl nl;
	int ioctl_fd; /* any IP socket */
};

int host_open(struct host *h);
void host_close(struct host *h);

/* Index of a device, or 0 if there is none. */
unsigned host_ifindex(const struct host *h, const char *device);
/* Flags (IFF_UP, IFF_RUNNING, ...) of a device; 0 if there is none. */
unsigned host_ifflags(const struct host *h, const char *device);
/* Octets before the IP header on a device: 14 on Ethernet, 0 on devices that carry bare packets. */
unsigned host_link_header(const struct host *h, const char *device);

/* Speed of a device in Mbit/s; 0 if it has none or does not know. */
unsigned host_link_speed(const struct host *h, const char *device);

int host_link_del(struct host *h, const char *device);
/* Marks a device for host_links_del_doomed(), which takes away all of them at once: the kernel waits for its other
 * processors 20 ms for each that goes alone, and once for them together. */
int host_link_doom(struct host *h, unsigned ifindex);
int host_links_del_doomed(struct host *h);
int host_link_set(struct host *h, const char *device, bool up);
/* Marks a new device as ours and sets its MTU. */
int host_tun_adopt(struct host *h, const char *device, unsigned mtu);

/* Has packets go to a device without waiting in a queue before it, of which the kernel would make one for each queue of the device. */
int host_link_direct(struct host *h, const char *device);

/* What an item says; ADD = false takes it away. Adding: -EEXIST when it is there already. */
int host_addr(struct host *h, const struct item *it, bool add);
int host_rule(struct host *h, const struct item *it, bool add);
/* REPLACE: takes the place of a route with the same prefix, table and metric. */
int host_route(struct host *h, const struct item *it, bool add, bool replace);

/* Reads up to N - 1 characters of a sysctl into OUT, without the newline. */
int sysctl_read(const char *path, char *out, unsigned n);
int sysctl_write(const char *path, const char *value);
/* Writes conf/DEVICE/NAME of a family ("ipv4", "ipv6"); a kernel without it is fine. */
int sysctl_device(const char *family, const char *device, const char *name, const char *value);

/* An address of this host with global scope for ICMP errors about packets of units that have none; ADDR_NONE if there is none. */
struct addr host_source(struct host *h, uint8_t family);

#endif
