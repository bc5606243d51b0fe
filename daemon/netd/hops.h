/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hops.h - the ways of plain ESP: what picds ask about them, and what they are told, now and whenever it changes.
 *
 * A picd that has plain ESP for somewhere asks how a frame to there looks. If it may leave by AF_XDP, the picd is
 * given the sockets of that device first, and they get packets when it has taken them up; else it is told why not, and uses its raw socket. So a device has our
 * program on it only when it carries plain ESP. netd's one thread.
 */
#ifndef HOPS_H
#define HOPS_H

#include <stdbool.h>

struct elem;
struct hops;
struct netd;

struct hops *hops_new(struct netd *n); /* NULL: no netlink */
/* Closes the event loop's part of it, and takes the programs away. NULL is fine. */
void hops_stop(struct hops *h);
void hops_free(struct hops *h); /* when the loop has ended */

/* The picd of PIC asks with BODY. Returns false if that makes no sense. */
bool hops_ask(struct hops *h, const char *pic, const struct elem *body);
/* It wants to know no more about that. Returns false if BODY makes no sense. */
bool hops_gone(struct hops *h, const char *pic, const struct elem *body);
/* It has taken up the sockets of a queue. Returns false if BODY makes no sense. */
bool hops_ready(struct hops *h, const char *pic, const struct elem *body);
/* That picd is gone, or another one has its name: it knows nothing. */
void hops_forget(struct hops *h, const char *pic);
/* A new one has come: it is given the sockets that are there, since packets come to them. */
void hops_linked(struct hops *h, const char *pic);
/* Another plan is in force. */
void hops_planned(struct hops *h);

#endif
