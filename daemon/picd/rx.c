/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rx.c - reads packets and superpackets: TUN queues one by one, raw sockets in batches.
 *
 * A device's packets go to outbound.c with the tag of their lane, a raw socket's to inbound.c. A
 * socket of the IPv6 family strips the IP header; it is written again from what the socket says beside the
 * packet. AH covers that header: version, payload length, next header and addresses are as they were sent,
 * the rest is mutable and not covered (RFC 4302 s3.3.3.1.2).
 */
#include "daemon/picd/worker_priv.h"

#include "lib/base/bytes.h"
#include "lib/esp/cut.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { IP6_HEADER_LEN = 40, READS_MAX = PACE_FULL };

/* Takes the link header out of what a vnet header says: length of the headers, start of what is summed. */
static void
vnet_shorten(uint8_t *vnet, uint16_t link_header)
{
	static const size_t places[] = { 2, 6 };
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		uint16_t v;
		memcpy(&v, vnet + places[i], sizeof(v));
		v = v > link_header ? (uint16_t)(v - link_header) : 0;
		memcpy(vnet + places[i], &v, sizeof(v));
	}
}

/* P is what a device gave, N octets: takes the headers of the device off. */
static enum drop
device_headers_take(const struct port *port, struct pkt *p, size_t n)
{
	uint8_t vnet[VNET_HEADER_MAX];
	uint32_t ahead = (uint32_t)port->vnet_header + port->link_header;
	if (n <= ahead)
		return DROP_BAD_LENGTH;
	memcpy(vnet, pkt_data(p), port->vnet_header);
	p->off += ahead;
	p->len = (uint32_t)n - ahead;
	p->tag = port->tag;
	if (port->vnet_header == 0)
		return DROP_NONE;
	if (port->link_header > 0)
		vnet_shorten(vnet, port->link_header);
	return cut_read(p, vnet, port->vnet_header);
}

/* Reads packets of a device, at most MAX, while there are some and they have fewer than so many octets; false: there are
 * no more. */
static bool
device_read(struct worker *w, const struct port *port, const struct lane *lane, unsigned max,
    size_t max_octets)
{
	size_t octets = 0;
	bool may_open = !w->shares;
	for (unsigned i = 0; i < max && octets < max_octets; i++) {
		if (may_open && (w->shares || help_is_full(w)))
			break;
		struct pkt *p = pkt_get(w->pool);
		if (p == NULL) {
			worker_drop(w, NULL, lane, DROP_NO_BUFFER);
			if (may_open)
				seal_flush(
				    w); /* gives buffers back; the packet is still in the queue */
			return false;
		}
		p->off -= port->vnet_header;
		ssize_t n = read(port->fd, pkt_data(p), pkt_room(p));
		if (n < 0) {
			pkt_put(w->pool, p);
			if (errno != EAGAIN && errno != EINTR)
				(void)epoll_ctl(w->host->epoll_fd, EPOLL_CTL_DEL, port->fd, NULL);
			return false;
		}
		enum drop reason = device_headers_take(port, p, (size_t)n);
		if (reason != DROP_NONE) {
			worker_drop(w, NULL, lane, reason);
			pkt_put(w->pool, p);
			continue;
		}
		octets += p->len;
		wstat_add(&w->stat, WSTAT_READS, 1);
		wstat_add(&w->stat, WSTAT_READ_SUPERS, p->gso != PKT_GSO_NONE);
		outbound_take(w, p);
		if (may_open)
			guest_open(w, port);
	}
	return true;
}

bool
rx_device_batch(struct worker *w, const struct port *port, const struct lane *lane)
{
	return device_read(w, port, lane, BURST_MAX, GUEST_OCTETS);
}

void
rx_device(struct worker *w, const struct port *port, const struct lane *lane)
{
	uint32_t n_strange = w->n_strange;
	uint64_t n_read = wstat_get(&w->stat, WSTAT_READS);
	(void)device_read(w, port, lane, READS_MAX, TURN_OCTETS);
	guest_share(w, port, lane);
	hand_note(w, port, (unsigned)(wstat_get(&w->stat, WSTAT_READS) - n_read),
	    w->n_strange - n_strange);
}

/* What the socket tells about one IPv6 packet. */
struct ip6_facts {
	struct in6_addr src;
	struct in6_addr dst;
	uint8_t traffic_class;
	uint8_t hop_limit;
	bool has_dst;
};

static struct ip6_facts
facts_read(struct msghdr *m)
{
	struct ip6_facts f = { .hop_limit = 1 };
	const struct sockaddr_in6 *from = m->msg_name;
	f.src = from->sin6_addr;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		int number = 0;
		if (c->cmsg_level != IPPROTO_IPV6)
			continue;
		if (c->cmsg_type == IPV6_PKTINFO &&
		    c->cmsg_len >= CMSG_LEN(sizeof(struct in6_pktinfo))) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			f.dst = info.ipi6_addr;
			f.has_dst = true;
		} else if (c->cmsg_len >= CMSG_LEN(sizeof(number))) {
			memcpy(&number, CMSG_DATA(c), sizeof(number));
			if (c->cmsg_type == IPV6_HOPLIMIT)
				f.hop_limit = (uint8_t)number;
			else if (c->cmsg_type == IPV6_TCLASS)
				f.traffic_class = (uint8_t)number;
		}
	}
	return f;
}

/* Writes the IPv6 header before the packet. False if the socket did not say to whom it came. */
static bool
ip6_header_put(struct pkt *p, struct msghdr *m, uint8_t protocol)
{
	if (m->msg_namelen < sizeof(struct sockaddr_in6) || (m->msg_flags & MSG_CTRUNC) != 0 ||
	    p->len > UINT16_MAX)
		return false;
	struct ip6_facts f = facts_read(m);
	if (!f.has_dst)
		return false;
	uint16_t payload = (uint16_t)p->len;
	p->off -= IP6_HEADER_LEN;
	p->len += IP6_HEADER_LEN;
	struct wr wr = wr_init(pkt_data(p), IP6_HEADER_LEN);
	wr_u32(&wr, 6U << 28 | (uint32_t)f.traffic_class << 20);
	wr_u16(&wr, payload);
	wr_u8(&wr, protocol);
	wr_u8(&wr, f.hop_limit);
	wr_bytes(&wr, &f.src, sizeof(f.src));
	wr_bytes(&wr, &f.dst, sizeof(f.dst));
	return wr_ok(&wr);
}

unsigned
rx_prepare(struct worker *w, unsigned max)
{
	unsigned n = 0;
	for (; n < max; n++) {
		struct pkt *p = pkt_get(w->pool);
		if (p == NULL)
			break;
		w->rx_pkts[n] = p;
		w->rx_iov[n] = (struct iovec){ .iov_base = pkt_data(p), .iov_len = pkt_room(p) };
		w->rx_msgs[n] = (struct mmsghdr){ .msg_hdr = {
						      .msg_name = &w->rx_from[n],
						      .msg_namelen = sizeof(w->rx_from[n]),
						      .msg_iov = &w->rx_iov[n],
						      .msg_iovlen = 1,
						      .msg_control = w->rx_control[n],
						      .msg_controllen = CONTROL_LEN,
						  } };
	}
	return n;
}

bool
rx_raw_batch(struct worker *w, const struct port *port, const struct lane *lane)
{
	unsigned n_fresh = rx_prepare(w, BURST_MAX);
	int n = n_fresh > 0 ? recvmmsg(port->fd, w->rx_msgs, n_fresh, MSG_DONTWAIT, NULL) : 0;
	if (n_fresh == 0)
		worker_drop(w, NULL, lane, DROP_NO_BUFFER);
	if (n > 0) {
		wstat_add(&w->stat, WSTAT_RECEIVES, 1);
		wstat_add(&w->stat, WSTAT_RECEIVED, (unsigned)n);
	}
	for (unsigned i = 0; i < n_fresh; i++) {
		struct pkt *p = w->rx_pkts[i];
		struct mmsghdr *m = &w->rx_msgs[i];
		if ((int)i >= n) {
			pkt_put(w->pool, p);
			continue;
		}
		p->len = m->msg_len;
		p->tag = port->tag;
		if ((m->msg_hdr.msg_flags & MSG_TRUNC) != 0 || p->len == 0 ||
		    (port->is_headless && !ip6_header_put(p, &m->msg_hdr, port->protocol))) {
			worker_drop(w, NULL, lane, DROP_BAD_LENGTH);
			pkt_put(w->pool, p);
			continue;
		}
		inbound_take(w, p);
	}
	return n == BURST_MAX;
}

void
rx_raw(struct worker *w, const struct port *port, const struct lane *lane)
{
	if (help_is_full(w))
		return;
	if (rx_raw_batch(w, port, lane))
		guest_open(w, port);
	guest_share(w, port, lane);
}
