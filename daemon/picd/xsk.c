/* SPDX-License-Identifier: BSD-2-Clause
 *
 * xsk.c - plain ESP by AF_XDP sockets: frames in and out in batches, with one system call for a batch out.
 *
 * Each queue of an outside device has a socket for each worker, and the SPI says which one a packet comes to, so nothing is
 * handed over; a worker sends by one of its own. Nothing is copied on the short way: AES-GCM opens a packet from its frame, and the
 * packets of a superpacket are sealed into frames. What may not leave so goes by the raw socket:
 * what is not plain ESP, longer than the device's MTU (the kernel's answer to that is needed), or on a way that netd has
 * not told. Once a second a packet for each next hop goes there as well, so that the kernel goes on asking whether
 * the neighbour is there. Worker's thread.
 */
#include "daemon/picd/worker_priv.h"

#include "daemon/picd/hops.h"
#include "daemon/picd/tap.h"
#include "lib/base/bytes.h"
#include "lib/esp/sa.h"
#include "lib/esp/super.h"
#include "lib/os/xsk.h"

#include <errno.h>
#include <string.h>

enum {
	ETH_LEN = 14,
	ETH_TYPE4 = 0x0800,
	ETH_TYPE6 = 0x86dd,
	IP4_OFF_LENGTH = 2,
	IP4_OFF_PROTOCOL = 9,
	IP4_OFF_SRC = 12,
	IP4_OFF_DST = 16,
	IP4_MIN = 20,
	IP6_OFF_LENGTH = 4,
	IP6_OFF_NEXT = 6,
	IP6_OFF_SRC = 8,
	IP6_OFF_DST = 24,
	IP4_ADDRESSES_LEN = 8,
	IP6_ADDRESSES_LEN = 32,
	PROTO_NUMBER_ESP = 50,
	ROUNDS_MAX = 4, /* batches in a turn, so that other ports have theirs */
	AHEAD = 4,      /* frames between asking for one's first octets and reading them */
	LINE = 64,
};

/* --- receiving --- */

/* Octets of the IP packet at B, which is at most N long: Ethernet pads short ones. 0: it is none. */
static uint32_t
packet_len(const uint8_t *b, uint32_t n)
{
	uint32_t len = 0;
	if (n >= IP4_MIN && b[0] >> 4 == 4)
		len = (uint32_t)b[IP4_OFF_LENGTH] << 8 | b[IP4_OFF_LENGTH + 1];
	else if (n >= IP6_LEN && b[0] >> 4 == 6)
		len = IP6_LEN + ((uint32_t)b[IP6_OFF_LENGTH] << 8 | b[IP6_OFF_LENGTH + 1]);
	return len <= n ? len : 0;
}

/* The destination of the packet before, as on the wire, and whose it was. */
struct recent {
	uint32_t n; /* octets; 0: there was none */
	uint32_t tag;
	uint8_t dst[IP6_ADDRESSES_LEN / 2];
};

/* Whose packet it is before its tunnel is known: the lane of the raw socket that it would have come to. */
static uint32_t
tag_of(const struct worker *w, const struct port *port, const uint8_t *b, struct recent *r)
{
	bool is_v4 = b[0] >> 4 == 4;
	const uint8_t *at = b + (is_v4 ? IP4_OFF_DST : IP6_OFF_DST);
	uint32_t n = is_v4 ? IP4_ADDRESSES_LEN / 2 : IP6_ADDRESSES_LEN / 2;
	if (r->n == n && memcmp(r->dst, at, n) == 0)
		return r->tag;
	struct addr dst = is_v4 ? addr_v4(at) : addr_v6(at);
	*r = (struct recent){ .n = n, .tag = port->tag };
	memcpy(r->dst, at, n);
	for (size_t i = 0; i < w->snap->n_receivers; i++) {
		if (addr_eq(w->snap->receivers[i].address, dst)) {
			r->tag = w->snap->receivers[i].tag;
			break;
		}
	}
	return r->tag;
}

/* Another processor wrote the frame just now: asks for its first octets before they are needed. */
static void
frame_ask(const struct xsk *x, unsigned i)
{
	uint32_t len;
	const uint8_t *frame = xsk_rx_frame(x, i, &len);
	__builtin_prefetch(frame);
	__builtin_prefetch(frame + LINE);
}

static void
frame_take(struct worker *w, const struct port *port, const struct lane *lane, struct recent *r,
    const uint8_t *frame, uint32_t n)
{
	uint32_t len = n > ETH_LEN ? packet_len(frame + ETH_LEN, n - ETH_LEN) : 0;
	struct pkt *p = len > 0 ? pkt_get(w->pool) : NULL;
	if (p == NULL) {
		worker_drop(w, NULL, lane, len > 0 ? DROP_NO_BUFFER : DROP_BAD_LENGTH);
		return;
	}
	p->away = frame + ETH_LEN;
	p->len = len;
	p->tag = tag_of(w, port, p->away, r);
	inbound_take(w, p);
}

void
rx_xsk(struct worker *w, const struct port *port, const struct lane *lane)
{
	struct xsk *x = port->xsk;
	struct recent recent = { 0 };
	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		unsigned n = xsk_rx_ready(x, BURST_MAX);
		if (n == 0)
			return;
		wstat_add(&w->stat, WSTAT_RECEIVES, 1);
		wstat_add(&w->stat, WSTAT_RECEIVED, n);
		for (unsigned i = 0; i < n && i < AHEAD; i++)
			frame_ask(x, i);
		for (unsigned i = 0; i < n; i++) {
			uint32_t len;
			const uint8_t *frame = xsk_rx_frame(x, i, &len);
			if (i + AHEAD < n)
				frame_ask(x, i + AHEAD);
			frame_take(w, port, lane, &recent, frame, len);
		}
		inbound_flush(w); /* nothing is away any more */
		xsk_rx_done(x, n);
	}
}

/* --- sending --- */

/* What waits for raw sockets leaves first: some of it may be of the same SA, from before the way of frames was known. */
static void
raw_first(struct worker *w)
{
	if (w->is_raw_ahead || w->send4.n + w->send6.n > 0)
		send_raw_flush(w);
}

static void
ethernet_put(uint8_t *frame, const struct snap_device *d, uint64_t way, uint8_t family)
{
	uint16_t type = family == ADDR_V4 ? ETH_TYPE4 : ETH_TYPE6;
	memcpy(frame, &way, MAC_LEN);
	memcpy(frame + MAC_LEN, d->from, MAC_LEN);
	frame[ETH_LEN - 2] = (uint8_t)(type >> 8);
	frame[ETH_LEN - 1] = (uint8_t)type;
}

static void
frame_put(struct xsk *x, const struct snap_device *d, uint64_t way, const struct pkt *p)
{
	uint8_t *frame = xsk_tx_frame(x);
	ethernet_put(frame, d, way, p->family);
	memcpy(frame + ETH_LEN, pkt_data(p), p->len);
	xsk_tx_put(x, ETH_LEN + p->len);
}

static unsigned
device_of(uint64_t way)
{
	return way >> 48 & 0xff;
}

/* The worker's socket of the device of WAY. */
static struct xsk *
socket_of(const struct worker *w, uint64_t way)
{
	return w->snap->devices[device_of(way)].ports[w->p.index]->xsk;
}

void
send_xsk_flush(struct worker *w)
{
	struct xsk_sender *s = &w->xsk;
	unsigned lost = 0;
	unsigned i = 0;
	if (s->n == 0)
		return;
	const struct snap_device *d = &w->snap->devices[s->device];
	struct xsk *x = d->ports[w->p.index]->xsk;
	xsk_tx_reclaim(x);
	for (; i < s->n && xsk_tx_frame(x) != NULL; i++)
		frame_put(x, d, s->ways[i], s->pkts[i]);
	int rc = xsk_tx_kick(x, &lost);
	wstat_add(&w->stat, WSTAT_SENDS, 1);
	wstat_add(&w->stat, WSTAT_FRAMES, i - lost);
	for (unsigned k = 0; k < s->n; k++) {
		enum drop reason = k >= i ? DROP_SEND_FULL : errno_drop(-rc);
		if (k >= i - lost) {
			tap_step(w, s->pkts[k], TAP_DROPPED, s->pkts[k]->user, reason);
			worker_drop(w, s->pkts[k]->user, NULL, reason);
		}
		pkt_put(w->pool, s->pkts[k]);
	}
	s->n = 0;
}

/* The entry of two outer addresses as they are in a packet; NULL: there is none yet. */
static struct hop *
hop_of(struct worker *w, const uint8_t *b, bool is_v4)
{
	struct addr local = is_v4 ? addr_v4(b) : addr_v6(b);
	struct addr remote =
	    is_v4 ? addr_v4(b + IP4_ADDRESSES_LEN / 2) : addr_v6(b + IP6_ADDRESSES_LEN / 2);
	struct hop *hop = hops_find(w->p.hops, &local, &remote);
	if (hop == NULL)
		notice_hop(w, &local, &remote);
	return hop;
}

/* How P may leave as a frame; 0: not so. */
static uint64_t
way_of(struct worker *w, const struct pkt *p, struct hop **out)
{
	const uint8_t *b = pkt_data(p);
	bool is_v4 = p->family == ADDR_V4;
	if (w->p.hops == NULL || b[is_v4 ? IP4_OFF_PROTOCOL : IP6_OFF_NEXT] != PROTO_NUMBER_ESP)
		return 0;
	struct xsk_sender *s = &w->xsk;
	const uint8_t *addresses = b + (is_v4 ? IP4_OFF_SRC : IP6_OFF_SRC);
	uint32_t n = is_v4 ? IP4_ADDRESSES_LEN : IP6_ADDRESSES_LEN;
	if (s->hop == NULL || s->epoch != w->turn_epoch || s->n_last != n ||
	    memcmp(s->last, addresses, n) != 0) {
		s->hop = hop_of(w, addresses, is_v4);
		s->epoch = w->turn_epoch;
		s->n_last = n;
		memcpy(s->last, addresses, n);
	}
	*out = s->hop;
	if (s->hop == NULL)
		return 0;
	uint32_t now_s = (uint32_t)(w->now_ms / 1000);
	if (atomic_load_explicit(&s->hop->used_s, memory_order_relaxed) != now_s)
		atomic_store_explicit(&s->hop->used_s, now_s, memory_order_relaxed);
	return atomic_load_explicit(&s->hop->way, memory_order_relaxed);
}

/* The kernel's own way once a second, and nothing overtakes it. */
static bool
is_raw_due(const struct worker *w, struct hop *hop)
{
	return atomic_load_explicit(&hop->raw_s, memory_order_relaxed) !=
	       (uint32_t)(w->now_ms / 1000);
}

bool
send_xsk(struct worker *w, struct pkt *p)
{
	struct xsk_sender *s = &w->xsk;
	struct hop *hop;
	uint64_t way = way_of(w, p, &hop);
	if (way == 0)
		return false;
	unsigned device = device_of(way);
	const struct snap_device *d = &w->snap->devices[device];
	if (d->ports == NULL || p->len > d->mtu || p->len > XSK_TX_MAX - ETH_LEN) {
		send_xsk_flush(w);
		w->is_raw_ahead = true;
		return false;
	}
	if (is_raw_due(w, hop)) {
		atomic_store_explicit(
		    &hop->raw_s, (uint32_t)(w->now_ms / 1000), memory_order_relaxed);
		send_xsk_flush(w);
		send_raw(w, p);
		send_raw_flush(w);
		return true;
	}
	raw_first(w);
	if (s->n > 0 && s->device != device)
		send_xsk_flush(w);
	s->device = device;
	s->ways[s->n] = way;
	s->pkts[s->n++] = p;
	if (s->n == BURST_MAX)
		send_xsk_flush(w);
	return true;
}

/* --- superpackets: they are sealed into frames --- */

bool
send_xsk_reserve(struct worker *w, const struct pkt *p, unsigned n, uint32_t len, uint8_t **out)
{
	const struct sa_params *sa = sa_params(p->sa);
	if (w->p.hops == NULL || sa->protocol != SA_ESP || sa->src_port != 0)
		return false;
	struct hop *hop = hops_find(w->p.hops, &sa->src, &sa->dst);
	uint64_t way = hop != NULL ? atomic_load_explicit(&hop->way, memory_order_relaxed) : 0;
	if (way == 0) /* who asks for it is send_xsk() */
		return false;
	const struct snap_device *d = &w->snap->devices[device_of(way)];
	if (d->ports == NULL || len > d->mtu || len > XSK_TX_MAX - ETH_LEN || is_raw_due(w, hop))
		return false;
	send_xsk_flush(w); /* what came before */
	raw_first(w);
	struct xsk *x = socket_of(w, way);
	xsk_tx_reclaim(x);
	if (!xsk_tx_take(x, n, out))
		return false;
	for (unsigned i = 0; i < n; i++)
		out[i] += ETH_LEN;
	w->xsk.reserved = way;
	return true;
}

void
send_xsk_release(struct worker *w, unsigned n, uint8_t *const *places)
{
	uint8_t *frames[SUPER_SEGS_MAX];
	for (unsigned i = 0; i < n; i++)
		frames[i] = places[i] - ETH_LEN;
	xsk_tx_untake(socket_of(w, w->xsk.reserved), n, frames);
}

void
send_xsk_job(struct worker *w, const struct super_job *job)
{
	uint64_t way = w->xsk.reserved;
	const struct snap_device *d = &w->snap->devices[device_of(way)];
	struct xsk *x = socket_of(w, way);
	struct pkt *train = job->train;
	unsigned lost = 0;
	enum drop reason = (enum drop)job->verdict;
	if (reason != DROP_NONE) {
		send_xsk_release(w, job->n, job->super.places);
		lost = job->n;
	} else {
		for (unsigned k = 0; k < job->n; k++) {
			uint8_t *frame = job->super.places[k] - ETH_LEN;
			ethernet_put(frame, d, way, train->family);
			xsk_tx_put_at(
			    x, frame, ETH_LEN + (k + 1 < job->n ? job->seg_len : job->last_len));
		}
		reason = errno_drop(-xsk_tx_kick(x, &lost));
		wstat_add(&w->stat, WSTAT_SENDS, 1);
		wstat_add(&w->stat, WSTAT_FRAMES, job->n - lost);
	}
	for (unsigned k = 0; k < lost; k++)
		worker_drop(w, train->user, NULL, reason);
	pkt_put(w->pool, train);
}
