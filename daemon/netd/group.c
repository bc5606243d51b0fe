/* SPDX-License-Identifier: BSD-2-Clause
 *
 * group.c - the UDP sockets of port 4500 of an address: kmd's, and one for each worker of its services interface.
 *
 * The order of steps is what keeps packets: IKE goes to kmd's socket by program before there is another one to choose,
 * and the raw socket is muted last and heard again first. Called by apply.c.
 */
#include "daemon/netd/group.h"

#include "daemon/netd/netd.h"
#include "daemon/netd/sock.h"

#include <errno.h>
#include <string.h>

/* The socket of ROLE and QUEUE beside IT in P, or, where that goes on with what there is, in the running plan; -1: none. */
static int
socket_of(const struct netd *n, const struct plan *p, const struct item *it, const char *role,
    unsigned queue)
{
	const struct item *running = plan_socket_of(n->plan, it, role, queue);
	const struct item *s = plan_socket_of(p, it, role, queue);
	if (s == NULL)
		return -1;
	return s->fd < 0 && running != NULL ? running->fd : s->fd;
}

void
group_begin(struct netd *n)
{
	n->is_bound_known = false;
}

int
group_join(struct netd *n, const struct plan *p, const struct item *it)
{
	int ike = socket_of(n, p, it, "ike-natt", 0);
	if (ike < 0 || (it->queue > 0 && socket_of(n, p, it, "natt", it->queue - 1) < 0))
		return -EBUSY;
	if (!n->is_bound_known && bound_read(&n->bound) < 0)
		return -EBUSY;
	n->is_bound_known = true;
	if (bound_count(&n->bound, it->peer) != it->queue + 1) {
		/* a picd may have those of a netd before this one, which could not tell it to close them */
		if (it->queue == 0)
			pics_take_natt(n, it);
		return -EBUSY;
	}
	int rc = it->queue == 0 ? sock_steer(ike, 0) : 0;
	int fd = rc < 0 ? rc : sock_open(it);
	if (fd >= 0)
		bound_add(&n->bound, it->peer);
	return fd;
}

/* A kernel that cannot merge is no reason not to steer. */
static void
merging_set(const struct netd *n, const struct plan *p, const struct item *it, bool is_merging)
{
	int ike = socket_of(n, p, it, "ike-natt", 0);
	if (ike >= 0)
		(void)!sock_merge(ike, is_merging);
	for (unsigned q = 0; q < it->workers; q++) {
		int fd = socket_of(n, p, it, "natt", q);
		if (fd >= 0)
			(void)!sock_merge(fd, is_merging);
	}
}

int
group_steer(struct netd *n, const struct plan *p, const struct item *it)
{
	int ike = socket_of(n, p, it, "ike-natt", 0);
	int udp = socket_of(n, p, it, "udp", 0);
	for (unsigned q = 0; q < it->workers; q++)
		if (socket_of(n, p, it, "natt", q) < 0)
			return -EBUSY;
	if (ike < 0 || udp < 0)
		return -EBUSY;
	int rc = sock_steer(ike, it->workers);
	if (rc == 0)
		rc = sock_mute(udp, it->family, true);
	if (rc == 0)
		merging_set(n, p, it, !it->is_single);
	return rc;
}

void
group_unsteer(struct netd *n, const struct plan *p, const struct item *it, const struct plan *keep)
{
	if (it->is_waiting || (keep != NULL && socket_of(n, keep, it, "natt", 0) >= 0))
		return;
	int udp = socket_of(n, keep != NULL ? keep : p, it, "udp", 0);
	int ike = socket_of(n, keep != NULL ? keep : p, it, "ike-natt", 0);
	merging_set(n, p, it, false); /* a raw socket would get what is merged as one */
	if (ike >= 0)
		(void)!sock_merge(ike, false);
	if (udp >= 0)
		(void)!sock_mute(udp, it->family, false);
	if (ike >= 0)
		(void)!sock_steer(ike, 0);
}
