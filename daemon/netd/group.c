/* SPDX-License-Identifier: BSD-2-Clause
 *
 * group.c - the UDP sockets of port 4500 of an address: kmd's, and one for each worker of its services interfaces.
 *
 * The order of steps is what keeps packets: IKE goes to kmd's socket by program before there is another one to choose,
 * and the raw sockets are muted last and heard again first. Called by apply.c.
 */
#include "daemon/netd/group.h"

#include "daemon/netd/netd.h"
#include "daemon/netd/sock.h"

#include <errno.h>
#include <string.h>

/* The descriptor of S, which may be NULL, or of the same in the running plan if that goes on; -1: none. */
static int
fd_of(const struct netd *n, const struct item *s)
{
	if (s == NULL || s->fd >= 0)
		return s != NULL ? s->fd : -1;
	const struct item *running = plan_find(n->plan, s->key);
	return running != NULL ? running->fd : -1;
}

static int
socket_of(const struct netd *n, const struct plan *p, const struct item *it, const char *role)
{
	return fd_of(n, plan_socket_of(p, it, role));
}

void
group_begin(struct netd *n)
{
	n->is_bound_known = false;
}

/* Have all before IT joined, and nobody else? */
static bool
is_next(struct netd *n, const struct item *it)
{
	if (it->before != NULL && fd_of(n, it->before) < 0)
		return false;
	if (!n->is_bound_known && bound_read(&n->bound) < 0)
		return false;
	n->is_bound_known = true;
	return bound_count(&n->bound, it->peer) == it->in_group + 1;
}

int
group_join(struct netd *n, const struct plan *p, const struct item *it)
{
	int ike = socket_of(n, p, it, "ike-natt");
	if (ike < 0)
		return -EBUSY;
	if (!is_next(n, it)) {
		/* a picd may have those of a netd before this one, which could not tell it to close them */
		if (p == n->plan && it->queue == 0)
			pics_take_natt(n, it);
		return -EBUSY;
	}
	int rc = it->in_group == 0 ? sock_steer(ike, NULL, 0) : 0;
	int fd = rc < 0 ? rc : sock_open(it);
	if (fd >= 0)
		bound_add(&n->bound, it->peer);
	return fd;
}

/* A kernel that cannot merge is no reason not to steer. */
static void
merging_set(const struct netd *n, const struct plan *p, const struct item *it, bool is_merging)
{
	int ike = socket_of(n, p, it, "ike-natt");
	if (ike >= 0)
		(void)!sock_merge(ike, is_merging);
	for (size_t i = 0; i < it->n_members; i++) {
		int fd = fd_of(n, it->members[i]);
		if (fd >= 0)
			(void)!sock_merge(fd, is_merging);
	}
}

/* The raw sockets of all services interfaces of the group. Returns 0 or the last -errno; -EBUSY: one is not there. */
static int
raw_mute(const struct netd *n, const struct plan *p, const struct item *it, bool is_mute)
{
	int rc = 0;
	for (size_t i = 0; i < it->n_members; i++) {
		const struct item *m = it->members[i];
		int udp = m->queue == 0 ? socket_of(n, p, m, "udp") : -1;
		int result = udp >= 0 ? sock_mute(udp, m->family, is_mute) : -EBUSY;
		if (m->queue == 0 && result < 0)
			rc = result;
	}
	return rc;
}

int
group_steer(struct netd *n, const struct plan *p, const struct item *it)
{
	struct sock_member members[NATT_PICS_MAX];
	size_t n_members = 0;
	int ike = socket_of(n, p, it, "ike-natt");
	for (size_t i = 0; i < it->n_members; i++) {
		const struct item *m = it->members[i];
		if (fd_of(n, m) < 0 || (m->queue == 0 && socket_of(n, p, m, "udp") < 0))
			return -EBUSY;
		if (m->queue == 0)
			members[n_members++] = (struct sock_member){ .spi_slot = m->spi_slot };
		members[n_members - 1].workers++;
	}
	if (ike < 0)
		return -EBUSY;
	int rc = sock_steer(ike, members, n_members);
	if (rc == 0)
		rc = raw_mute(n, p, it, true);
	if (rc == 0)
		merging_set(n, p, it, !it->is_single);
	return rc;
}

/* Has KEEP all that the program of IT chooses among, or one of its own in force? */
static bool
goes_on(const struct item *it, const struct plan *keep)
{
	bool has_all = true;
	for (size_t i = 0; i < it->n_members; i++) {
		const struct item *m = plan_find(keep, it->members[i]->key);
		if (m == NULL || m->fd < 0)
			has_all = false;
		else if (!m->steer->is_waiting)
			return true;
	}
	return has_all;
}

void
group_unsteer(struct netd *n, const struct plan *p, const struct item *it, const struct plan *keep)
{
	if (it->is_waiting || (keep != NULL && goes_on(it, keep)))
		return;
	int ike = socket_of(n, keep != NULL ? keep : p, it, "ike-natt");
	merging_set(n, p, it, false); /* a raw socket would get what is merged as one */
	if (ike >= 0)
		(void)!sock_merge(ike, false);
	(void)!raw_mute(n, keep != NULL ? keep : p, it, false);
	if (ike >= 0)
		(void)!sock_steer(ike, NULL, 0);
}
