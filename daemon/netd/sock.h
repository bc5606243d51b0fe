/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sock.h - the sockets that a picd or kmd works with and could not open itself.
 */
#ifndef SOCK_H
#define SOCK_H

struct item;

/* Opens the socket that an ITEM_SOCKET describes; returns the descriptor (non-blocking) or -errno. */
int sock_open(const struct item *it);

#endif
