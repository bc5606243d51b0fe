/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tap.c - notes packets that somebody wants to see; see tap.h.
 *
 * Called only while somebody looks, so clarity is all that matters here; but nothing is allocated, and nobody is waited
 * for. A packet that a UDP socket has received has no outer headers any more: they are written again.
 */
#include "daemon/picd/tap.h"

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/esp/flow.h"
#include "lib/esp/peek.h"
#include "lib/esp/sa.h"
#include "lib/esp/sad.h"

#include <string.h>

enum {
	PROTO_NUMBER_UDP = 17,
	PROTO_NUMBER_ESP = 50,
	PROTO_NUMBER_AH = 51,
	IP4_HEADER_LEN = 20,
	IP6_HEADER_LEN = 40,
	UDP_HEADER_LEN = 8,
	OUTER_MAX = IP6_HEADER_LEN + UDP_HEADER_LEN,
	IP4_OFF_CHECKSUM = 10,
};

/* Writes the headers that were around P when it came, as far as a socket has told; returns their length. */
static size_t
outer_put(const struct pkt *p, uint8_t out[OUTER_MAX])
{
	const struct pkt_outer *o = p->outer;
	struct wr w = wr_init(out, OUTER_MAX);
	uint16_t udp_len = (uint16_t)(p->len + UDP_HEADER_LEN);
	if (o->src.family == ADDR_V4) {
		wr_u16(&w, (uint16_t)(0x4500U | o->tos));
		wr_u16(&w, (uint16_t)(udp_len + IP4_HEADER_LEN));
		wr_u32(&w, 0);
		wr_u16(&w, (uint16_t)(o->ttl << 8 | PROTO_NUMBER_UDP));
		wr_u16(&w, 0);
		wr_bytes(&w, o->src.b, 4);
		wr_bytes(&w, o->dst.b, 4);
		uint32_t sum = 0;
		for (size_t i = 0; i < IP4_HEADER_LEN; i += 2)
			sum += (uint32_t)out[i] << 8 | out[i + 1];
		sum = (sum & 0xffff) + (sum >> 16);
		sum = ~(sum + (sum >> 16)) & 0xffff;
		out[IP4_OFF_CHECKSUM] = (uint8_t)(sum >> 8);
		out[IP4_OFF_CHECKSUM + 1] = (uint8_t)sum;
	} else {
		wr_u32(&w, 6U << 28 | (uint32_t)o->tos << 20);
		wr_u16(&w, udp_len);
		wr_u8(&w, PROTO_NUMBER_UDP);
		wr_u8(&w, o->ttl);
		wr_bytes(&w, o->src.b, 16);
		wr_bytes(&w, o->dst.b, 16);
	}
	wr_u16(&w, o->src_port);
	wr_u16(&w, o->dst_port);
	wr_u16(&w, udp_len);
	wr_u16(&w, 0);
	return w.len;
}

/* Copies the beginning of P, as it is at POINT, to DATA; returns how much, and the length of the whole. */
static uint16_t
octets_put(const struct pkt *p, enum tap_point point, uint8_t data[TAP_SNAP], uint32_t *out_len)
{
	uint8_t outer[OUTER_MAX];
	size_t n = point == TAP_RECEIVED && p->outer != NULL ? outer_put(p, outer) : 0;
	size_t rest = p->len < TAP_SNAP - n ? p->len : TAP_SNAP - n;
	memcpy(data, outer, n);
	memcpy(data + n, pkt_data(p), rest);
	*out_len = (uint32_t)n + p->len;
	return (uint16_t)(n + rest);
}

/* Does the program of F, if it has one, take P? */
static bool
program_wants(const struct tap_filter *f, const struct pkt *p, enum tap_point point)
{
	uint8_t data[TAP_SNAP];
	uint32_t len;
	if (f->n_ops == 0)
		return true;
	uint16_t captured = octets_put(p, point, data, &len);
	return bpf_takes(f->ops, data, captured, len);
}

static void
record_put(struct worker *w, struct taps *t, const struct pkt *p, const struct tap_record *facts)
{
	struct tap_ring *ring = &t->rings[w->p.index];
	uint32_t in = atomic_load_explicit(&ring->in, memory_order_relaxed);
	if (in - atomic_load_explicit(&ring->out, memory_order_acquire) == TAP_SLOTS) {
		wstat_count(&ring->lost, 1);
		return;
	}
	struct tap_record *r = &ring->slots[in % TAP_SLOTS];
	memcpy(r, facts, offsetof(struct tap_record, data));
	r->at_ns = clock_real_ns();
	r->worker = (uint8_t)w->p.index;
	if (r->point != TAP_DROPPED && r->point != TAP_CHOSEN && r->point != TAP_HANDED)
		r->captured = octets_put(p, r->point, r->data, &r->len);
	atomic_store_explicit(&ring->in, in + 1, memory_order_release);
}

/* The SA that P, as it came from outside, says it is for; NULL: none is known by that SPI. */
static struct sa *
sa_of(const struct worker *w, const struct pkt *p, uint32_t *out_spi)
{
	struct flow f;
	struct sad_key key;
	*out_spi = 0;
	if (!peek_spi(p, out_spi))
		return NULL;
	if (p->outer != NULL) {
		sad_key_init(
		    &key, *out_spi, PROTO_NUMBER_ESP, p->outer->dst.family, p->outer->dst.b);
		return sad_find(w->snap->sad, &key);
	}
	if (flow_parse(pkt_data(p), p->len, &f) != DROP_NONE)
		return NULL;
	uint8_t protocol = f.proto == PROTO_NUMBER_AH ? PROTO_NUMBER_AH : PROTO_NUMBER_ESP;
	sad_key_init(&key, *out_spi, protocol, f.dst.family, f.dst.b);
	return sad_find(w->snap->sad, &key);
}

static const struct path *
path_of(const struct worker *w, const struct sa *sa)
{
	const struct assoc *a = sa != NULL ? sa_user(sa) : NULL;
	return a != NULL && a->slot < w->snap->n_paths ? &w->snap->paths[a->slot] : NULL;
}

static bool
monitor_wants(const struct tap_filter *f, const struct tap_record *r)
{
	bool is_outer = r->point == TAP_SENT || r->point == TAP_RECEIVED;
	bool is_inner = r->point == TAP_ARRIVED || r->point == TAP_DELIVERED;
	uint32_t n = atomic_load_explicit(&f->n_tags, memory_order_acquire);
	if (!(is_outer && f->has_outer) && !(is_inner && f->has_inner))
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (atomic_load_explicit(&f->tags[i], memory_order_relaxed) == r->tag)
			return true;
	return n == 0;
}

static bool
has_selector(const struct tap_filter *f)
{
	return f->source.addr.family != ADDR_NONE || f->destination.addr.family != ADDR_NONE;
}

/* Does trace F want a packet that begins its way at this point? */
static bool
trace_wants(const struct tap_filter *f, const struct pkt *p, const struct tap_record *r)
{
	struct flow flow;
	bool is_clear = r->point != TAP_RECEIVED;
	if (f->spi != 0 && (r->spi != f->spi || r->point == TAP_ARRIVED))
		return false;
	if (!has_selector(f))
		return r->point != TAP_DELIVERED || f->spi == 0;
	if (!is_clear || flow_parse(pkt_data(p), p->len, &flow) != DROP_NONE)
		return false;
	return (f->source.addr.family == ADDR_NONE || prefix_has(f->source, flow.src)) &&
	       (f->destination.addr.family == ADDR_NONE || prefix_has(f->destination, flow.dst));
}

/* Gives P a number of the watch INDEX if that still wants packets. */
static void
trace_begin(struct tap_filter *f, unsigned index, struct pkt *p)
{
	uint32_t n = atomic_fetch_add_explicit(&f->n_taken, 1, memory_order_relaxed);
	if (n < f->n_wanted)
		p->trace = (index + 1) << TAP_TRACE_SHIFT | (n + 1);
	else
		atomic_fetch_sub_explicit(&f->n_taken, 1, memory_order_relaxed);
}

static void
facts_fill(struct worker *w, const struct pkt *p, const struct path *path, struct tap_record *r)
{
	const struct sa *sa = NULL;
	if (r->point == TAP_RECEIVED) {
		sa = sa_of(w, p, &r->spi);
		path = path_of(w, sa);
	} else if (r->point == TAP_CHOSEN) {
		sa = path_out(path);
	} else if (r->point != TAP_ARRIVED) {
		sa = p->sa;
	}
	if (sa != NULL)
		r->spi = sa_params(sa)->spi;
	r->slot = path != NULL ? path->slot : UINT32_MAX;
	r->tag = p->tag;
	if (r->point != TAP_RECEIVED && r->point != TAP_DELIVERED)
		return;
	bool has_unit = path != NULL && path->deliver != NULL && path->deliver[w->p.index] != NULL;
	r->tag = has_unit ? path->deliver[w->p.index]->tag : 0;
}

void
tap_note(
    struct worker *w, struct pkt *p, enum tap_point point, const struct path *path, uint32_t detail)
{
	uint32_t on = atomic_load_explicit(&w->tap_on, memory_order_acquire);
	struct taps *t = w->taps;
	struct tap_record r = {
		.point = point,
		.reason = point == TAP_DROPPED ? (enum drop)detail : DROP_NONE,
		.owner = point == TAP_HANDED ? (uint8_t)detail : 0,
		.mtu = point == TAP_DROPPED && detail == DROP_TOO_BIG ? p->mtu : 0,
		.len = p->len,
		.gso_size = p->gso != PKT_GSO_NONE ? p->gso_size : 0,
	};
	bool is_begin = point == TAP_ARRIVED || point == TAP_RECEIVED || point == TAP_DELIVERED ||
			point == TAP_CHOSEN;
	facts_fill(w, p, path, &r);
	for (unsigned i = 0; i < TAP_WATCHES; i++) {
		struct tap_filter *f = &t->filters[i];
		if ((on & 1U << i) == 0)
			continue;
		if (!f->is_trace)
			r.watches |=
			    monitor_wants(f, &r) && program_wants(f, p, point) ? 1U << i : 0;
		else if (is_begin && p->trace == 0 && trace_wants(f, p, &r))
			trace_begin(f, i, p);
	}
	r.trace = p->trace;
	if (r.watches != 0 || r.trace != 0)
		record_put(w, t, p, &r);
}

void
worker_tap(struct worker *w, struct taps *t, uint32_t on)
{
	w->taps = t;
	atomic_store_explicit(&w->tap_on, on, memory_order_release);
}
