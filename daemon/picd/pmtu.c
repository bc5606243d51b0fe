/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pmtu.c - what the sockets' error queues say about the size of the way to a gateway.
 *
 * Two origins: the kernel, when our own device cannot take a packet, and ICMP from routers on the way,
 * which arrives at the receiving socket of the protocol. Reports from the network are not authenticated: they
 * can lower the size to PMTU_MIN at most, only towards a gateway of ours, only with an SPI that
 * we send with, and are forgotten after ten minutes (RFC 1191 s6.3, RFC 4301 s8.2).
 */
#include "daemon/picd/worker_priv.h"

#include "lib/base/bytes.h"
#include "lib/esp/sa.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <string.h>

enum {
	ERRORS_PER_EVENT = 64,
	PMTU_MIN4 = 576,
	PMTU_MIN6 = 1280,
	AH_OFF_SPI = 4,
	IP4_OFF_PROTOCOL = 9,
	IP6_OFF_NEXT = 6,
	IP6_LEN = 40,
	PROTO_NUMBER_UDP = 17,
	PROTO_NUMBER_AH = 51,
	UDP_LEN = 8,
};

struct socket_error {
	struct addr dst; /* where the packet went */
	uint32_t mtu;    /* 0: not about sizes */
	bool is_local;
	uint8_t quoted
	    [64]; /* the packet from its IPsec header (raw sockets) or IP header (send sockets) */
	size_t n_quoted;
};

static struct addr
sockaddr_addr(const struct sockaddr_storage *ss)
{
	if (ss->ss_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, ss, sizeof(in));
		return addr_v4((const uint8_t *)&in.sin_addr);
	}
	if (ss->ss_family == AF_INET6) {
		struct sockaddr_in6 in;
		memcpy(&in, ss, sizeof(in));
		return addr_v6(in.sin6_addr.s6_addr);
	}
	return (struct addr){ 0 };
}

/* Takes one error off the queue; false when it is empty. */
static bool
error_read(int fd, struct socket_error *out)
{
	struct sockaddr_storage to = { 0 };
	uint8_t control[512] __attribute__((aligned(16)));
	struct iovec iov = { .iov_base = out->quoted, .iov_len = sizeof(out->quoted) };
	struct msghdr m = {
		.msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT);
	if (n < 0)
		return false;
	out->n_quoted = (size_t)n;
	out->dst = sockaddr_addr(&to);
	out->mtu = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c)) {
		bool is_error = (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
				(c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR);
		struct sock_extended_err e;
		if (!is_error || c->cmsg_len < CMSG_LEN(sizeof(e)))
			continue;
		memcpy(&e, CMSG_DATA(c), sizeof(e));
		out->is_local = e.ee_origin == SO_EE_ORIGIN_LOCAL;
		out->mtu = e.ee_errno == EMSGSIZE ? e.ee_info : 0;
	}
	return true;
}

/* Reads up to the end of the IP header, which has no IPv6 extensions: we send none. Returns the protocol. */
static uint8_t
header_skip(struct rd *r, uint8_t family)
{
	uint32_t words = rd_u8(r) & 0xf;
	uint32_t protocol_at = family == ADDR_V4 ? IP4_OFF_PROTOCOL : IP6_OFF_NEXT;
	uint32_t len = family == ADDR_V4 ? words * 4 : IP6_LEN;
	(void)rd_bytes(r, protocol_at - 1);
	uint8_t protocol = rd_u8(r);
	(void)rd_bytes(r, len - protocol_at - 1);
	return protocol;
}

/* Reads the SPI of the quoted packet: the kernel quotes it from its IPsec header, but to sockets that send with
 * an IP header of their own from that. */
static uint32_t
quoted_spi(const struct port *port, const struct socket_error *e)
{
	struct rd r = rd_init(e->quoted, e->n_quoted);
	uint8_t protocol = port->protocol;
	if (port->kind == PORT_SEND)
		protocol = header_skip(&r, port->family);
	if (protocol == PROTO_NUMBER_AH)
		(void)rd_bytes(&r, AH_OFF_SPI);
	else if (protocol == PROTO_NUMBER_UDP) /* ESP in UDP; of IKE it is the marker 0 */
		(void)rd_bytes(&r, UDP_LEN);
	uint32_t spi = rd_u32(&r);
	return rd_ok(&r) ? spi : 0;
}

/* True if the quoted packet carries an SPI that we send with to that gateway. Of AH in IPv6 the kernel reports to the
 * sockets of what follows it: of a bundle the ESP, whose SPI is the auxiliary one; of AH alone nothing reaches us. */
static bool
is_plausible(const struct worker *w, const struct port *port, const struct socket_error *e)
{
	const struct gateway_path *paths;
	size_t n = snap_gateway(w->snap, &e->dst, &paths);
	uint32_t spi = quoted_spi(port, e);
	for (size_t i = 0; i < n; i++) {
		const struct sa *out = path_out(paths[i].path);
		const struct sa_params *p = out != NULL ? sa_params(out) : NULL;
		if (p == NULL || !addr_eq(p->dst, e->dst))
			continue;
		if (p->spi == spi || (p->protocol == SA_BUNDLE && p->aux_spi == spi))
			return true;
	}
	return false;
}

uint32_t
pmtu_read_errors(struct worker *w, const struct port *port, const struct addr *dst)
{
	uint32_t refused_for = 0;
	struct socket_error e;
	for (unsigned i = 0; i < ERRORS_PER_EVENT && error_read(port->fd, &e); i++) {
		if (e.mtu == 0)
			continue;
		if (!e.is_local &&
		    limiter_take(&w->reports, w->now_ms, worker_share(w, REPORTS_PER_S)) &&
		    is_plausible(w, port, &e))
			pmtu_learn(w, &e.dst, e.mtu);
		if (e.is_local && dst != NULL && addr_eq(*dst, e.dst))
			refused_for = e.mtu;
	}
	return refused_for;
}

static void
limit_set(struct worker *w, const struct addr *gateway, uint32_t mtu)
{
	const struct gateway_path *paths;
	size_t n = snap_gateway(w->snap, gateway, &paths);
	for (size_t i = 0; i < n; i++) {
		struct sa *out = path_out(paths[i].path);
		if (out != NULL && addr_eq(sa_params(out)->dst, *gateway))
			sa_set_path_mtu(out, (uint16_t)(mtu > UINT16_MAX ? UINT16_MAX : mtu));
	}
}

static void
entry_learn(struct worker *w, const struct addr *gateway, uint32_t mtu)
{
	uint32_t least = gateway->family == ADDR_V4 ? PMTU_MIN4 : PMTU_MIN6;
	struct pmtu_table *t = &w->crew->pmtu;
	struct pmtu_entry *entry = NULL;
	for (unsigned i = 0; i < PMTU_MAX && entry == NULL; i++)
		if (addr_eq(t->entries[i].gateway, *gateway))
			entry = &t->entries[i];
	bool is_known = entry != NULL;
	for (unsigned i = 0; i < PMTU_MAX && entry == NULL; i++)
		if (t->entries[i].gateway.family == ADDR_NONE)
			entry = &t->entries[i];
	if (entry == NULL) {
		entry = &t->entries[t->next++ % PMTU_MAX];
		limit_set(w, &entry->gateway, 0);
	}
	if (mtu < least)
		mtu = least;
	if (is_known && entry->mtu < mtu) { /* only time raises it (RFC 8201 s4) */
		limit_set(w, gateway, entry->mtu);
		return;
	}
	*entry = (struct pmtu_entry){
		.gateway = *gateway,
		.mtu = mtu,
		.until_ms = w->now_ms + PMTU_AGE_MS,
	};
	limit_set(w, gateway, mtu);
}

void
pmtu_learn(struct worker *w, const struct addr *gateway, uint32_t mtu)
{
	pthread_mutex_lock(&w->crew->pmtu.lock);
	entry_learn(w, gateway, mtu);
	pthread_mutex_unlock(&w->crew->pmtu.lock);
}

void
pmtu_expire(struct worker *w)
{
	pthread_mutex_lock(&w->crew->pmtu.lock);
	for (unsigned i = 0; i < PMTU_MAX; i++) {
		struct pmtu_entry *e = &w->crew->pmtu.entries[i];
		if (e->gateway.family == ADDR_NONE || e->until_ms > w->now_ms)
			continue;
		limit_set(w, &e->gateway, 0);
		*e = (struct pmtu_entry){ 0 };
	}
	pthread_mutex_unlock(&w->crew->pmtu.lock);
}
