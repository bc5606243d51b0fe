/* SPDX-License-Identifier: BSD-2-Clause
 *
 * group.h - the UDP sockets of port 4500 of an address: kmd's, and one for each worker of its services interfaces.
 *
 * Places in the group are what the kernel's program chooses by, and they stay what they are because netd has copies of
 * all of them, adds at the end only, and waits until all that others still have of a former one is closed. As long as it waits,
 * raw sockets do its work. One thread.
 */
#ifndef GROUP_H
#define GROUP_H

struct item;
struct netd;
struct plan;

/* Before sockets are made: what is known about those that there are is old. */
void group_begin(struct netd *n);

/* Opens IT, a socket of role "natt" in plan P, as the next of its group. Returns the descriptor or -errno; -EBUSY: not yet. */
int group_join(struct netd *n, const struct plan *p, const struct item *it);

/* Does what IT, an ITEM_STEER of P, says. Returns 0 or -errno; -EBUSY: its sockets are not all there. */
int group_steer(struct netd *n, const struct plan *p, const struct item *it);
/* Takes it back, unless KEEP goes on with the same sockets. P: the plan of IT. */
void group_unsteer(
    struct netd *n, const struct plan *p, const struct item *it, const struct plan *keep);

#endif
