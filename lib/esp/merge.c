/* SPDX-License-Identifier: BSD-2-Clause
 *
 * merge.c - gathers the packets of a flow into superpackets.
 *
 * merge_burst -> packet_read (which flow, may it be part of a superpacket) -> packet_place: joins
 * the open run of its flow, or ends that and begins a run of its own. Every packet is in one run;
 * runs are written in the order of their first packets, so those of a flow stay in order, because
 * a run that was ended is never joined again. Checksums are verified only when a second packet wants
 * to join. The rules of joining are those by which cut.c makes headers, read backwards; the kernel's
 * receive offload has the same. On the worker's thread.
 */
#include "lib/esp/merge.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/esp/csum.h"
#include "lib/esp/cut.h"
#include "lib/esp/ip.h"
#include "lib/esp/pkt.h"
#include "lib/esp/tcp.h"
#include "lib/esp/vnet.h"

enum {
	SLOTS = 512, /* of the table of flows: a power of two, twice MERGE_MAX */
	NONE = 0xffff,
	LEN_MAX = 65535,
	IP6_FLOW_WORD = 4, /* octets: version, traffic class, flow label */
};

struct flow_key {
	struct ip_words src;
	struct ip_words dst;
	uint32_t ports; /* as on the wire */
	uint8_t family;
	uint8_t proto;
};

/* A packet as far as merging needs to know it. */
struct part {
	struct flow_key key;
	uint8_t *data;
	uint32_t hdr_len; /* IP and TCP or UDP */
	uint32_t l4_at;
	uint32_t payload_len;
	bool has_flow;   /* key is complete */
	bool ends_flows; /* belongs to one that cannot be told: all between its addresses end */
	bool can_join;   /* its form allows to be part of a superpacket, first or later */
	bool can_lead;   /* or to be its first */
	bool is_last;    /* it must be the last (TCP: PSH, FIN) */
};

/* Packets that become one write. */
struct run {
	struct part lead; /* the first packet */
	uint16_t head;    /* indices of packets */
	uint16_t tail;
	uint16_t n;
	bool is_open;
	bool is_checked;      /* the first packet's checksum was found right */
	bool is_closing;      /* the last packet ends it */
	uint8_t last_flags;   /* TCP: FIN and PSH of the last */
	uint32_t payload_len; /* of all */
	uint64_t flow_sum;    /* with is_checked: see flow_sum() */
};

struct merge {
	struct run runs[MERGE_MAX];
	unsigned n_runs;
	uint16_t recent;          /* the run of the packet before, if that has a flow; else NONE */
	uint16_t next[MERGE_MAX]; /* the packet behind this one in its run */
	uint16_t slots[SLOTS];    /* flow -> run + 1; 0 = free */
	uint16_t payload_at[MERGE_MAX]; /* where a packet's payload starts */
	struct merge_write writes[MERGE_MAX];
	struct pkt *pkts[MERGE_MAX];
	struct iovec iovs[2 * MERGE_MAX];
	uint8_t vnets[MERGE_MAX][VNET_LEN_MAX];
};

struct merge *
merge_new(void)
{
	return calloc(1, sizeof(struct merge));
}

void
merge_free(struct merge *m)
{
	free(m);
}

static bool
key_eq(const struct flow_key *a, const struct flow_key *b)
{
	return a->ports == b->ports && a->proto == b->proto && a->family == b->family &&
	       ip_words_eq(a->src, b->src) && ip_words_eq(a->dst, b->dst);
}

static bool
addresses_eq(const struct flow_key *a, const struct flow_key *b)
{
	return a->family == b->family && ip_words_eq(a->src, b->src) && ip_words_eq(a->dst, b->dst);
}

static unsigned
key_hash(const struct flow_key *k)
{
	uint64_t h = k->src.w[0] ^ k->src.w[1] ^ __builtin_bswap64(k->dst.w[0] ^ k->dst.w[1]);
	h ^= (uint64_t)k->ports << 8 ^ k->proto;
	return (unsigned)((h * 0x9e3779b97f4a7c15U) >> 40) % SLOTS;
}

static void
tcp_read(struct part *t, uint32_t l4_len, unsigned kind, unsigned kinds)
{
	const uint8_t *tcp = t->data + t->l4_at;
	uint32_t hdr_len = tcp_hdr_len(tcp);
	if (hdr_len < TCP_LEN || hdr_len >= l4_len || !(kinds & kind))
		return; /* also what carries no data goes alone */
	uint8_t flags = tcp[TCP_FLAGS + 1];
	t->hdr_len = t->l4_at + hdr_len;
	t->payload_len = l4_len - hdr_len;
	t->can_join = (flags & (TCP_SYN | TCP_RST | TCP_URG | TCP_ACKED)) == TCP_ACKED;
	t->is_last = (flags & (TCP_FIN | TCP_PSH)) != 0;
	t->can_lead = t->can_join && !t->is_last;
	if (flags & TCP_CWR)
		t->can_join = false;
}

static void
udp_read(struct part *t, uint32_t l4_len, unsigned kinds)
{
	const uint8_t *udp = t->data + t->l4_at;
	if (!(kinds & MERGE_UDP) || get16(udp + UDP_LENGTH) != l4_len || l4_len <= UDP_LEN)
		return;
	t->hdr_len = t->l4_at + UDP_LEN;
	t->payload_len = l4_len - UDP_LEN;
	t->can_join = t->can_lead = get16(udp + UDP_SUM) != 0; /* afterwards it would have one */
}

/* Reads as much of P as can be understood. */
static void
packet_read(const struct pkt *p, unsigned kinds, struct part *t)
{
	struct ip_hdr h;
	*t = (struct part){ .data = pkt_data(p) };
	if (ip_read(t->data, p->len, &h) != DROP_NONE)
		return;
	bool is_v4 = h.family == ADDR_V4;
	t->key.family = h.family;
	t->key.proto = h.proto;
	t->key.src = ip_words(t->data + (is_v4 ? IP4_SRC : IP6_SRC), h.family);
	t->key.dst = ip_words(t->data + (is_v4 ? IP4_DST : IP6_DST), h.family);
	t->ends_flows = true;
	uint32_t l4_len = h.total_len - h.hdr_len;
	bool is_tcp = h.proto == PROTO_TCP;
	if (!is_tcp && h.proto != PROTO_UDP) {
		/* behind extension headers there may be anything */
		t->ends_flows = !is_v4 && h.proto != PROTO_ICMP6;
		return;
	}
	if (h.is_fragment || l4_len < (is_tcp ? (unsigned)TCP_LEN : (unsigned)UDP_LEN))
		return;
	t->l4_at = h.hdr_len;
	memcpy(&t->key.ports, t->data + t->l4_at, 4);
	t->has_flow = true;
	t->ends_flows = false;
	/* options are not for all segments; octets behind the packet would be lost, an odd form of the checksum too */
	if (h.total_len != p->len ||
	    (is_v4 && (h.hdr_len != IP4_LEN || get16(t->data + IP4_SUM) == 0xffff)))
		return;
	if (is_tcp)
		tcp_read(t, l4_len, is_v4 ? MERGE_TCP4 : MERGE_TCP6, kinds);
	else
		udp_read(t, l4_len, kinds);
}

/* The sum of the pseudo header without its length: the same in all packets of a flow. */
static uint64_t
flow_sum(const struct part *t)
{
	bool is_v4 = t->key.family == ADDR_V4;
	uint64_t acc = __builtin_bswap16(t->key.proto);
	return ip_sum_add(acc, t->data + (is_v4 ? IP4_SRC : IP6_SRC), is_v4 ? 8 : 32);
}

/* That and the length, LEN octets of transport header and payload. */
static uint64_t
pseudo_sum(uint64_t flow, uint32_t len)
{
	return flow + __builtin_bswap16((uint16_t)len);
}

/* True when the checksum is the very one that cut.c would write. */
static bool
checksum_is_right(const struct part *t, uint64_t flow)
{
	const uint8_t *l4 = t->data + t->l4_at;
	uint32_t len = t->hdr_len - t->l4_at + t->payload_len;
	bool is_tcp = t->key.proto == PROTO_TCP;
	uint32_t sum_at = is_tcp ? TCP_SUM : UDP_SUM;
	uint64_t acc = csum_add(pseudo_sum(flow, len), l4, len);
	uint16_t got = get16(l4 + sum_at);
	acc += __builtin_bswap16((uint16_t)~got); /* takes it out again */
	uint16_t want = ip_sum_fold(acc);
	if (want == 0 && !is_tcp)
		want = 0xffff;
	return got == want;
}

/* Compares TCP options, a multiple of 4 octets that mostly is 12. */
static inline bool
options_eq(const uint8_t *a, const uint8_t *b, uint32_t len)
{
	uint64_t x[2];
	uint32_t y[2];
	if (len != sizeof(x[0]) + sizeof(y[0]))
		return memcmp(a, b, len) == 0;
	memcpy(&x[0], a, sizeof(x[0]));
	memcpy(&x[1], b, sizeof(x[1]));
	memcpy(&y[0], a + sizeof(x[0]), sizeof(y[0]));
	memcpy(&y[1], b + sizeof(x[0]), sizeof(y[1]));
	return ((x[0] ^ x[1]) | (y[0] ^ y[1])) == 0;
}

static bool
ip_follows(const struct run *r, const struct part *t)
{
	const uint8_t *a = r->lead.data;
	const uint8_t *b = t->data;
	if (t->key.family == ADDR_V6)
		return memcmp(a, b, IP6_FLOW_WORD) == 0 && a[IP6_HOPS] == b[IP6_HOPS];
	if (a[IP4_TOS] != b[IP4_TOS] || a[IP4_TTL] != b[IP4_TTL] ||
	    get16(a + IP4_FRAG) != get16(b + IP4_FRAG))
		return false;
	uint16_t id = get16(a + IP4_ID);
	if (!ip4_keeps_id(a))
		id = (uint16_t)(id + r->n);
	return get16(b + IP4_ID) == id;
}

static bool
tcp_follows(const struct run *r, const struct part *t)
{
	const uint8_t *a = r->lead.data + r->lead.l4_at;
	const uint8_t *b = t->data + t->l4_at;
	uint16_t differing = get16(a + TCP_FLAGS) ^ get16(b + TCP_FLAGS);
	if ((differing & ~(TCP_FIN | TCP_PSH | TCP_CWR)) != 0)
		return false;
	return get32(b + TCP_SEQ) == get32(a + TCP_SEQ) + r->payload_len &&
	       get32(a + TCP_ACK) == get32(b + TCP_ACK) &&
	       get16(a + TCP_WINDOW) == get16(b + TCP_WINDOW) &&
	       get16(a + TCP_URGENT) == get16(b + TCP_URGENT) && r->lead.hdr_len == t->hdr_len &&
	       options_eq(a + TCP_LEN, b + TCP_LEN, t->hdr_len - t->l4_at - TCP_LEN);
}

/* Whether packet T of the flow of R may be its next segment. Verifies what was not yet. */
static bool
run_takes(struct run *r, const struct part *t)
{
	if (!r->is_open || r->is_closing || !t->can_join || r->n == MERGE_SEGS_MAX)
		return false;
	if (t->payload_len > r->lead.payload_len)
		return false;
	uint32_t ip_len = t->key.family == ADDR_V4 ? 0 : IP6_LEN;
	if (r->lead.hdr_len - ip_len + r->payload_len + t->payload_len > LEN_MAX)
		return false;
	if (!ip_follows(r, t) || (t->key.proto == PROTO_TCP && !tcp_follows(r, t)))
		return false;
	if (!r->is_checked) {
		r->flow_sum = flow_sum(&r->lead);
		if (!checksum_is_right(&r->lead, r->flow_sum)) {
			r->is_open = false;
			return false;
		}
		r->is_checked = true;
	}
	return checksum_is_right(t, r->flow_sum);
}

static void
run_join(struct merge *m, struct run *r, unsigned i, const struct part *t)
{
	m->next[r->tail] = (uint16_t)i;
	r->tail = (uint16_t)i;
	r->n++;
	r->payload_len += t->payload_len;
	r->is_closing = t->is_last || t->payload_len < r->lead.payload_len;
	if (t->is_last)
		r->last_flags = t->data[t->l4_at + TCP_FLAGS + 1] & (TCP_FIN | TCP_PSH);
}

static unsigned
run_begin(struct merge *m, unsigned i, const struct part *t)
{
	m->runs[m->n_runs] = (struct run){
		.lead = *t,
		.head = (uint16_t)i,
		.tail = (uint16_t)i,
		.n = 1,
		.is_open = t->can_lead,
		.payload_len = t->payload_len,
	};
	return m->n_runs++;
}

/* The slot of T's flow: in use or free. */
static uint16_t *
slot_find(struct merge *m, const struct part *t)
{
	unsigned at = key_hash(&t->key);
	while (m->slots[at] != 0 && !key_eq(&m->runs[m->slots[at] - 1].lead.key, &t->key))
		at = (at + 1) % SLOTS;
	return &m->slots[at];
}

static void
packet_place(struct merge *m, unsigned i, const struct part *t)
{
	m->next[i] = NONE;
	m->payload_at[i] = (uint16_t)t->hdr_len;
	if (!t->has_flow) {
		if (t->ends_flows)
			for (unsigned r = 0; r < m->n_runs; r++)
				if (addresses_eq(&m->runs[r].lead.key, &t->key))
					m->runs[r].is_open = false;
		run_begin(m, i, t);
		m->recent = NONE;
		return;
	}
	/* mostly it follows the packet before, whose run is the last one of its flow */
	struct run *same = m->recent != NONE ? &m->runs[m->recent] : NULL;
	if (same != NULL && key_eq(&same->lead.key, &t->key) && run_takes(same, t)) {
		run_join(m, same, i, t);
		return;
	}
	uint16_t *slot = slot_find(m, t);
	struct run *r = *slot != 0 ? &m->runs[*slot - 1] : NULL;
	if (r != NULL && r != same && run_takes(r, t))
		run_join(m, r, i, t);
	else
		*slot = (uint16_t)(run_begin(m, i, t) + 1);
	m->recent = (uint16_t)(*slot - 1);
}

/* Makes the first packet's headers those of the superpacket, and writes the vnet header. */
static void
headers_join(struct run *r, uint8_t *vnet)
{
	struct part *t = &r->lead;
	uint8_t *l4 = t->data + t->l4_at;
	uint32_t l4_len = t->hdr_len - t->l4_at + r->payload_len;
	bool is_tcp = t->key.proto == PROTO_TCP;
	bool is_v4 = t->key.family == ADDR_V4;
	struct vnet_hdr v = {
		.flags = VNET_NEEDS_CSUM,
		.gso_type = !is_tcp ? VNET_GSO_UDP
			    : is_v4 ? VNET_GSO_TCP4
				    : VNET_GSO_TCP6,
		.hdr_len = (uint16_t)t->hdr_len,
		.gso_size = (uint16_t)t->payload_len,
		.csum_start = (uint16_t)t->l4_at,
		.csum_offset = is_tcp ? TCP_SUM : UDP_SUM,
	};
	if (is_v4) {
		put16(t->data + IP4_TOTAL, t->l4_at + l4_len);
		ip4_sum_set(t->data, IP4_LEN);
	} else {
		put16(t->data + IP6_PAYLOAD, l4_len);
	}
	if (is_tcp) {
		if (l4[TCP_FLAGS + 1] & TCP_CWR)
			v.gso_type |= VNET_GSO_ECN;
		l4[TCP_FLAGS + 1] |= r->last_flags;
	} else {
		put16(l4 + UDP_LENGTH, l4_len);
	}
	put16(l4 + v.csum_offset, (uint16_t)~ip_sum_fold(pseudo_sum(r->flow_sum, l4_len)));
	vnet_write(vnet, &v);
}

/* Describes run R as a write whose iovecs start at IOV and whose packets at PKTS. */
static void
write_build(struct merge *m, unsigned r, struct pkt **burst, size_t vnet_len, struct iovec *iov,
    struct pkt **pkts)
{
	struct run *run = &m->runs[r];
	struct merge_write *w = &m->writes[r];
	*w = (struct merge_write){
		.iov = iov,
		.n = run->n,
		.pkts = pkts,
		.is_udp = run->n > 1 && run->lead.key.proto == PROTO_UDP,
	};
	if (vnet_len > 0) {
		memset(m->vnets[r], 0, VNET_LEN_MAX);
		if (run->n > 1)
			headers_join(run, m->vnets[r]);
		iov[w->n_iov++] = (struct iovec){ m->vnets[r], vnet_len };
		w->len = vnet_len;
	}
	uint32_t skip = 0; /* headers of the packet */
	for (unsigned i = run->head; i != NONE; i = m->next[i]) {
		struct pkt *p = burst[i];
		*pkts++ = p;
		if (i != run->head)
			skip = m->payload_at[i];
		iov[w->n_iov++] = (struct iovec){ pkt_data(p) + skip, p->len - skip };
		w->len += p->len - skip;
	}
}

size_t
merge_burst(struct merge *m, struct pkt **pkts, size_t n, unsigned kinds, size_t vnet_len,
    const struct merge_write **out)
{
	struct part t;
	assert(n <= MERGE_MAX &&
	       (vnet_len == 0 || (vnet_len >= VNET_LEN && vnet_len <= VNET_LEN_MAX)));
	m->n_runs = 0;
	m->recent = NONE;
	bool is_alone = n < 2 || vnet_len == 0 || kinds == 0;
	if (!is_alone)
		memset(m->slots, 0, sizeof(m->slots));
	for (unsigned i = 0; i < n; i++) {
		if (is_alone)
			t = (struct part){ 0 };
		else
			packet_read(pkts[i], kinds, &t);
		packet_place(m, i, &t);
	}
	struct iovec *iov = m->iovs;
	struct pkt **order = m->pkts;
	for (unsigned r = 0; r < m->n_runs; r++) {
		write_build(m, r, pkts, vnet_len, iov, order);
		iov += m->writes[r].n_iov;
		order += m->writes[r].n;
	}
	*out = m->writes;
	return m->n_runs;
}
