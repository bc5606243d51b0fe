/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sock.h - the sockets that a picd or kmd works with and could not open itself.
 */
#ifndef SOCK_H
#define SOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct item;

/* Opens the socket that an ITEM_SOCKET describes; returns the descriptor (non-blocking) or -errno. */
int sock_open(const struct item *it);

/* A services interface in a group, with as many sockets of it as workers. */
struct sock_member {
	uint8_t spi_slot;
	unsigned workers;
};

/* The sockets of port 4500 of one address are a group, in the order in which they were opened: the one of "ike-natt", then
 * "natt" of the first of N MEMBERS, of queue 0, 1, ..., then those of the second, ... FD is any of them. Spreads what arrives from now on:
 * ESP to the member whose slot its SPI begins with, or the first one if that is nobody's, and over its sockets by the SPI; all
 * else to "ike-natt". N 0: everything to that. Returns 0 or -errno. */
__attribute__((warn_unused_result)) int sock_steer(
    int fd, const struct sock_member *members, size_t n);

/* Whether the UDP socket FD may get several datagrams of equal length in one piece. Returns 0 or -errno. */
__attribute__((warn_unused_result)) int sock_merge(int fd, bool is_merging);

/* Whether FD, a socket of role "udp", gets packets, or only what routers report about them. Returns 0 or -errno. */
__attribute__((warn_unused_result)) int sock_mute(int fd, uint8_t family, bool is_mute);

#endif
