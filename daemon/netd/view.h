/* SPDX-License-Identifier: BSD-2-Clause
 *
 * view.h - the devices and addresses of the host at one moment, for the commands that show them.
 *
 * Filled from two netlink dumps, a piece per step, so that ten thousand devices do not hold up the loop; then constant.
 * Knows by which names the configuration speaks of the devices. One thread.
 */
#ifndef VIEW_H
#define VIEW_H

#include "lib/base/addr.h"
#include "lib/base/smap.h"
#include "lib/os/netlink.h"

#include <linux/if_link.h>
#include <stdbool.h>

struct arena;
struct conf;
struct conf_ifd;
struct conf_unit;

struct view_link {
	char device[16];
	unsigned index;
	unsigned master; /* index of the device that it belongs to, 0: none */
	unsigned parent; /* VLAN: index of the device below, else 0 */
	unsigned flags;  /* IFF_UP, ... */
	unsigned mtu;
	uint16_t type; /* ARPHRD_ETHER, ... */
	uint8_t mac[6];
	bool has_mac;
	bool is_vlan;
	bool is_ours;       /* a TUN device of Sallyport */
	uint32_t vrf_table; /* the device is a VRF: its table; else 0 */
	uint32_t carrier_changes;
	struct rtnl_link_stats64 stats; /* only if asked for */
	const struct conf_unit *unit;   /* that the configuration makes of it, or NULL */
	size_t first_addr;              /* of the view's addrs */
	size_t n_addrs;
};

struct view_addr {
	unsigned index; /* of the device */
	struct prefix local;
	struct addr peer;      /* other end, or ADDR_NONE */
	struct addr broadcast; /* or ADDR_NONE */
	bool is_secondary;
	uint32_t since_s; /* seconds it has been there */
};

struct view {
	struct view_link *links; /* by index of the device */
	size_t n_links;
	size_t cap_links;
	struct view_addr *addrs; /* those of one device in a row */
	size_t n_addrs;
	size_t cap_addrs;
	struct smap by_device; /* struct view_link, when complete */
	bool has_stats;
	uint32_t now_s; /* seconds since the host started */
	enum { VIEW_LINKS, VIEW_ADDRS, VIEW_COMPLETE } stage;
	bool is_asked;
};

/* Reads the next piece with NL. Returns 1 if there is more, 0 if the view is complete, or -errno. C may be NULL. */
__attribute__((warn_unused_result)) int view_step(
    struct view *v, struct nl *nl, const struct conf *c);
void view_done(struct view *v);

const struct view_link *view_link(const struct view *v, unsigned index); /* or NULL */
const struct view_link *view_device(const struct view *v, const char *device);

/* JUNOS's name of a unit ("ge-0/0/0.0") and of the interface that it belongs to ("ge-0/0/0"), in A. */
const char *view_unit_name(const struct view *v, const struct view_link *l, struct arena *a);
const char *view_ifd_name(const struct view *v, const struct view_link *l, struct arena *a);

/* The routing instance that L belongs to: its VRF device's name, or "" for the main tables. */
const char *view_instance(const struct view *v, const struct view_link *l);

#endif
