/* SPDX-License-Identifier: BSD-2-Clause
 *
 * send_udp.c - ESP in UDP by the worker's own UDP socket, as trains: many packets of one length in one message.
 *
 * A packet that was sealed has its IP and UDP header in front; a UDP socket writes its own, so the packet goes without them
 * if the socket can say the same. Consecutive packets to one peer are a train as long as they have one length, the last may
 * be shorter; the kernel cuts it (UDP_SEGMENT). All trains of a turn go in few system calls. Whether routers may
 * fragment (DF) is a property of the socket, changed between messages when it has to be. What the socket refuses
 * goes by the raw socket, which knows about fragments and path MTUs, at once: what leaves later is too late for a small
 * window. What was sealed as a train already has no headers at
 * all and is one message; one that is not full waits for the next superpacket, until anything else is sent or the turn ends. A train that finds no room in the socket's buffer is lost as a whole, as in any queue that
 * is full: where there is room at all, the kernel takes a whole train, so a shorter one would not get in either, and to wait
 * would take time from other tunnels. Each of its packets is counted. Worker's thread. RFC 3948.
 */
#include "daemon/picd/tap.h"
#include "daemon/picd/worker_priv.h"

#include "lib/esp/out.h"
#include "lib/esp/sa.h"
#include "lib/esp/super.h"

#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

enum { TRAIN_SEGMENTS = 64, TRAIN_LEN_MAX = 65000, NATT_PORT = 4500 };

/* The socket may be told that packets carry DF or not; never that the kernel should fragment or believe an ICMP
 * error. */
static void
df_set(const struct port *port, bool df)
{
	bool is_v6 = port->family == ADDR_V6;
	int how = df ? (is_v6 ? IPV6_PMTUDISC_PROBE : IP_PMTUDISC_PROBE)
		     : (is_v6 ? IPV6_PMTUDISC_INTERFACE : IP_PMTUDISC_INTERFACE);
	if (port->own->discover == how)
		return;
	if (setsockopt(port->fd, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP,
		is_v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, &how, sizeof(how)) == 0)
		port->own->discover = how;
}

static void
cmsg_put(struct msghdr *m, int level, int type, const void *data, size_t len)
{
	struct cmsghdr *c =
	    (struct cmsghdr *)(void *)((uint8_t *)m->msg_control + m->msg_controllen);
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	m->msg_controllen += CMSG_SPACE(len);
}

/* What the kernel must know about a train beside its octets. */
static void
control_put(struct train *t)
{
	const struct pkt_outer *o = &t->outer;
	struct msghdr *m = &t->msg->msg_hdr;
	bool is_v6 = o->dst.family == ADDR_V6;
	int tos = o->tos;
	int ttl = o->ttl;
	m->msg_control = t->control;
	m->msg_controllen = 0;
	cmsg_put(
	    m, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP, is_v6 ? IPV6_TCLASS : IP_TOS, &tos, sizeof(tos));
	cmsg_put(m, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP, is_v6 ? IPV6_HOPLIMIT : IP_TTL, &ttl,
	    sizeof(ttl));
	if (t->n > 1) {
		uint16_t size = (uint16_t)t->seg_len;
		cmsg_put(m, SOL_UDP, UDP_SEGMENT, &size, sizeof(size));
	}
}

static socklen_t
address_put(const struct pkt_outer *o, struct sockaddr_storage *out)
{
	if (o->dst.family == ADDR_V4) {
		struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(o->dst_port) };
		memcpy(&to.sin_addr, o->dst.b, sizeof(to.sin_addr));
		memcpy(out, &to, sizeof(to));
		return sizeof(to);
	}
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(o->dst_port) };
	memcpy(&to.sin6_addr, o->dst.b, sizeof(to.sin6_addr));
	memcpy(out, &to, sizeof(to));
	return sizeof(to);
}

/* The kernel did not take a train. Its packets, or the kernel, will say more by the raw socket. */
static void
train_failed(struct worker *w, struct train *t, int e)
{
	for (unsigned i = 0; i < t->n; i++) {
		struct pkt *p = w->udp.pkts[t->first + i];
		if (e == EAGAIN || e == ENOBUFS || e == ENOMEM) {
			tap_step(w, p, TAP_DROPPED, p->user, DROP_SEND_FULL);
			worker_drop(w, p->user, NULL, DROP_SEND_FULL);
			continue;
		}
		w->udp.pkts[t->first + i] = NULL;
		send_raw(w, p);
	}
	send_raw_flush(w); /* before the trains behind it */
}

/* Sends the trains from FIRST on, before END, that leave with the same DF. */
static void
trains_send(struct worker *w, unsigned first, unsigned end)
{
	struct udp_sender *s = &w->udp;
	df_set(s->port, s->trains[first].outer.df);
	while (first < end) {
		int n = sendmmsg(s->port->fd, s->msgs + first, end - first, MSG_DONTWAIT);
		wstat_add(&w->stat, WSTAT_SENDS, 1);
		if (n > 0) {
			first += (unsigned)n;
		} else if (errno != EINTR) {
			train_failed(w, &s->trains[first], errno);
			first++;
		}
	}
}

void
send_udp_flush(struct worker *w)
{
	struct udp_sender *s = &w->udp;
	if (s->has_open) {
		s->has_open = false;
		seal_train_done(w, s->open);
	}
	if (s->n_trains == 0)
		return;
	for (unsigned i = 0; i < s->n_trains; i++) {
		control_put(&s->trains[i]);
		if (s->trains[i].n > 1) {
			wstat_add(&w->stat, WSTAT_TRAINS, 1);
			wstat_add(&w->stat, WSTAT_TRAIN_SEGMENTS, s->trains[i].n);
		}
	}
	for (unsigned i = 0; i < s->n_trains;) {
		unsigned end = i + 1;
		while (end < s->n_trains && s->trains[end].outer.df == s->trains[i].outer.df)
			end++;
		trains_send(w, i, end);
		i = end;
	}
	for (unsigned i = 0; i < s->n_pkts; i++)
		pkt_put(w->pool, s->pkts[i]);
	s->n_trains = 0;
	s->n_pkts = 0;
}

static bool
is_same_way(const struct pkt_outer *a, const struct pkt_outer *b)
{
	return a->dst_port == b->dst_port && a->tos == b->tos && a->ttl == b->ttl &&
	       a->df == b->df && addr_eq(a->dst, b->dst);
}

/* Can a packet of LEN octets be the next of T? */
static bool
train_takes(const struct worker *w, const struct train *t, const struct pkt_outer *o, uint32_t len)
{
	return w->snap->has_trains && t->n < TRAIN_SEGMENTS && t->last_len == t->seg_len &&
	       len <= t->seg_len && t->len + len <= TRAIN_LEN_MAX && is_same_way(&t->outer, o);
}

static void
train_begin(struct udp_sender *s, const struct pkt_outer *o, uint32_t len)
{
	struct train *t = &s->trains[s->n_trains];
	struct mmsghdr *m = &s->msgs[s->n_trains++];
	t->outer = *o;
	t->msg = m;
	t->first = s->n_pkts;
	t->n = 0;
	t->seg_len = len;
	t->len = 0;
	*m = (struct mmsghdr){ .msg_hdr = {
				   .msg_name = &t->to,
				   .msg_namelen = address_put(o, &t->to),
				   .msg_iov = &s->iov[s->n_pkts],
			       } };
}

bool
send_udp(struct worker *w, struct pkt *p)
{
	struct pkt_outer o;
	struct udp_sender *s = &w->udp;
	const struct path *path = p->user;
	const struct port *port = path->udp != NULL ? path->udp[w->p.index] : NULL;
	if (port == NULL || p->lead == 0 || !out_outer(p, &o) || o.src_port != NATT_PORT)
		return false;
	if (s->port != port || s->n_pkts == UDP_SEND_MAX || s->has_open)
		send_udp_flush(w);
	if (w->is_raw_ahead)
		send_raw_flush(w);
	s->port = port;
	uint32_t len = p->len - p->lead;
	if (s->n_trains == 0 || !train_takes(w, &s->trains[s->n_trains - 1], &o, len))
		train_begin(s, &o, len);
	struct train *t = &s->trains[s->n_trains - 1];
	s->iov[s->n_pkts] = (struct iovec){ .iov_base = pkt_data(p) + p->lead, .iov_len = len };
	s->pkts[s->n_pkts++] = p;
	t->n++;
	t->len += len;
	t->last_len = len;
	t->msg->msg_hdr.msg_iovlen++;
	return true;
}

unsigned
send_layout(const struct worker *w, const struct pkt *p)
{
	const struct path *path = p->user;
	bool has_socket = path->udp != NULL && path->udp[w->p.index] != NULL;
	return has_socket && w->snap->has_trains && sa_params(p->sa)->src_port == NATT_PORT
		   ? SUPER_BARE
		   : SUPER_WHOLE;
}

/* The kernel did not take the train: its packets go by themselves. */
static void
bare_failed(struct worker *w, const struct super_job *job, int e)
{
	struct pkt *copies[SUPER_SEGS_MAX];
	enum drop reason = errno_drop(e);
	if (reason != DROP_SEND_FULL && super_copies(w->esp, job, copies)) {
		for (unsigned i = 0; i < job->n; i++)
			send_raw(w, copies[i]);
		send_raw_flush(w); /* before the trains behind it */
		return;
	}
	for (unsigned i = 0; i < job->n; i++)
		worker_drop(w, job->train->user, NULL, reason);
}

void
send_udp_train(struct worker *w, const struct super_job *job)
{
	const struct path *path = job->train->user;
	const struct port *port = path->udp != NULL ? path->udp[w->p.index] : NULL;
	struct mmsghdr m;
	struct iovec iov = { .iov_base = pkt_data(job->train), .iov_len = job->train->len };
	struct train t = { .msg = &m, .n = job->n, .seg_len = job->seg_len };
	send_udp_flush(w); /* what came before */
	if (w->is_raw_ahead)
		send_raw_flush(w);
	/* the guest who has made it may have had a socket when its owner has none */
	if (port == NULL || !super_outer(job, &t.outer)) {
		bare_failed(w, job, EINVAL);
		pkt_put(w->pool, job->train);
		return;
	}
	m = (struct mmsghdr){ .msg_hdr = {
				  .msg_name = &t.to,
				  .msg_namelen = address_put(&t.outer, &t.to),
				  .msg_iov = &iov,
				  .msg_iovlen = 1,
			      } };
	control_put(&t);
	df_set(port, t.outer.df);
	wstat_add(&w->stat, WSTAT_SENDS, 1);
	wstat_add(&w->stat, WSTAT_TRAINS, t.n > 1);
	wstat_add(&w->stat, WSTAT_TRAIN_SEGMENTS, t.n > 1 ? t.n : 0);
	if (sendmsg(port->fd, &m.msg_hdr, MSG_DONTWAIT) < 0)
		bare_failed(w, job, errno);
	pkt_put(w->pool, job->train);
}

const struct super_job *
send_udp_open(const struct worker *w)
{
	return w->udp.has_open ? w->udp.open : NULL;
}

void
send_udp_gather(struct worker *w, const struct super_job *job)
{
	struct udp_sender *s = &w->udp;
	if (job->at > 0) {
		super_append(s->open, job);
	} else {
		send_udp_flush(w); /* what came before */
		*s->open = *job;
		s->has_open = true;
	}
	if (super_is_full(s->open))
		send_udp_flush(w);
}
