/* SPDX-License-Identifier: BSD-2-Clause
 *
 * outbound.c - clear packets: reassembly, direction, rule, tunnel, and who owns its SA.
 *
 * A packet that no rule takes is dropped and counted, never sent in clear. Direction: what was routed to the
 * inside unit or enters the interface is input, what was routed to the outside unit or leaves the
 * interface is output; rules of the other direction are not considered.
 */
#include "daemon/picd/tap.h"
#include "daemon/picd/worker_priv.h"

#include "lib/esp/flow.h"
#include "lib/esp/frag.h"
#include "lib/esp/sa.h"

enum { PROTO_NUMBER_UDP = 17, PROTO_NUMBER_ESP = 50, PROTO_NUMBER_AH = 51 };

static void
drop_packet(struct worker *w, struct pkt *p, const struct lane *lane, enum drop reason)
{
	tap_step(w, p, TAP_DROPPED, NULL, reason);
	worker_drop_super(w, NULL, lane, reason, p);
	pkt_put(w->pool, p);
}

/* Finds the tunnel of a packet by the rules of the lane's service set. */
static enum drop
rule_path(const struct lane *l, const struct flow *f, const struct path **out)
{
	bool is_input = l->kind == LANE_INSIDE || l->kind == LANE_CAPTURE_IN;
	uint32_t tunnel = svcset_lookup(&l->set->rules, is_input, l->unit, &f->src, &f->dst);
	if (tunnel != SVCSET_NO_TUNNEL) {
		*out = l->set->paths[tunnel];
		return DROP_NONE;
	}
	if (l->kind == LANE_CAPTURE_IN && svcset_wants_protection(&l->set->rules, &f->src, &f->dst))
		return DROP_CLEAR_TEXT;
	return DROP_NO_RULE;
}

/* Says which tunnel takes the packet, or why none does. */
static enum drop
path_choose(
    const struct worker *w, const struct lane *l, const struct flow *f, const struct path **out)
{
	switch (l->kind) {
	case LANE_INSIDE:
	case LANE_OUTSIDE:
	case LANE_CAPTURE_IN:
	case LANE_CAPTURE_OUT:
		return rule_path(l, f, out);
	case LANE_ES:
		*out = l->path;
		return DROP_NONE;
	case LANE_TRANSPORT:
		*out = snap_transport(w->snap, f, false);
		return *out != NULL ? DROP_NONE : DROP_NO_RULE;
	case LANE_NONE:
	case LANE_RAW:
		break;
	}
	return DROP_NO_SERVICE_SET;
}

/* Protected packets for our own gateway enter the interface like all others; they are not for the rules. */
static bool
is_for_gateway(const struct lane *l, const struct flow *f)
{
	return l->kind == LANE_CAPTURE_IN &&
	       (f->proto == PROTO_NUMBER_ESP || f->proto == PROTO_NUMBER_AH) &&
	       addr_eq(f->dst, l->set->gateway);
}

/* A route that leads protected packets to the inside of their own tunnel would wrap them without end. */
static bool
is_loop(const struct path *path, const struct sa *out, const struct flow *f)
{
	bool is_udp = f->proto == PROTO_NUMBER_UDP;
	if (!is_udp && f->proto != PROTO_NUMBER_ESP && f->proto != PROTO_NUMBER_AH)
		return false;
	if (!addr_eq(f->dst, path->gateway) && !addr_eq(f->dst, path->backup))
		return false; /* almost always; the parameters are not in the cache */
	const struct sa_params *p = sa_params(out);
	if (p->mode != SA_TUNNEL || !addr_eq(f->dst, p->dst) || !addr_eq(f->src, p->src))
		return false;
	if (p->dst_port == 0)
		return !is_udp;
	return is_udp && f->has_ports && f->sport == p->src_port && f->dport == p->dst_port;
}

/* Puts P, which the rules and everything else let pass, on the SA of its path, or gives it to who may. */
static void
path_put(struct worker *w, struct pkt *p, const struct path *path, struct sa *out)
{
	unsigned owner = owner_of(sa_home(out), w->snap->n_workers);
	if (owner != w->host->p.index || w->is_astray) {
		w->is_astray = w->host != w;
		unsigned to = w->is_astray ? w->host->p.index : owner;
		tap_step(w, p, TAP_HANDED, path, to);
		hand_out(w, p, to, path->slot);
		return;
	}
	p->sa = out;
	p->user = (void *)(uintptr_t)path;
	p->next = NULL;
	seal_take(w, p);
}

static void
whole_packet(struct worker *w, struct pkt *p)
{
	const struct lane *l = worker_lane(w, p->tag);
	struct flow f;
	if (l == NULL) {
		drop_packet(w, p, NULL, DROP_NO_UNIT);
		return;
	}
	enum drop reason = flow_parse(pkt_data(p), p->len, &f);
	if (reason != DROP_NONE) {
		drop_packet(w, p, l, reason);
		return;
	}
	/* there is one place where they meet, and where one that says that it is whole loses its header */
	if ((f.is_fragment || f.ip6_frag_at != 0) && w->host != w) {
		w->is_astray = true;
		hand_read(w, p, w->host->p.index);
		return;
	}
	p->len = f.total_len; /* without the padding of a short frame */
	if (is_for_gateway(l, &f)) {
		inbound_take(w, p);
		return;
	}
	const struct path *path = NULL;
	reason = path_choose(w, l, &f, &path);
	struct sa *out = reason == DROP_NONE ? path_out(path) : NULL;
	if (reason == DROP_NONE && out == NULL) {
		reason = DROP_NO_TUNNEL;
		if (path->live != NULL)
			notice_acquire(w, path);
	}
	if (reason == DROP_NONE && is_loop(path, out, &f))
		reason = DROP_LOOP;
	if (reason == DROP_NONE && l->kind == LANE_CAPTURE_IN && !l->set->is_passive) {
		reason = flow_ttl_lower(p); /* this is the hop that routes it */
		if (reason == DROP_TTL)
			refuse_ttl(w, l, p);
	}
	if (reason != DROP_NONE) {
		tap_step(w, p, TAP_DROPPED, path, reason);
		worker_drop_super(w, path, l, reason, p);
		pkt_put(w->pool, p);
		return;
	}
	if (path->has_syslog)
		flowlog_note(w, path, &f, l->kind == LANE_OUTSIDE || l->kind == LANE_CAPTURE_OUT);
	tap(w, p, TAP_CHOSEN, path);
	path_put(w, p, path, out);
}

/* Finds the path of a packet in the snapshot that its owner has. */
static enum drop
path_again(
    const struct worker *w, const struct lane *l, const struct pkt *p, const struct path **out)
{
	struct flow f;
	enum drop reason = flow_parse(pkt_data(p), p->len, &f);
	return reason == DROP_NONE ? path_choose(w, l, &f, out) : reason;
}

void
outbound_take_over(struct worker *w, struct pkt *p, uint32_t slot, uint64_t generation)
{
	const struct lane *l = worker_lane(w, p->tag);
	const struct path *path = NULL;
	enum drop reason = l != NULL ? DROP_NONE : DROP_NO_UNIT;
	if (l != NULL && generation == w->snap->generation)
		path = &w->snap->paths[slot];
	else if (l != NULL)
		reason = path_again(w, l, p, &path);
	struct sa *out = path != NULL ? path_out(path) : NULL;
	if (reason == DROP_NONE && out == NULL)
		reason = DROP_NO_TUNNEL;
	if (reason == DROP_NONE) {
		path_put(w, p, path, out);
		return;
	}
	tap_step(w, p, TAP_DROPPED, path, reason);
	worker_drop_super(w, path, l, reason, p);
	pkt_put(w->pool, p);
}

void
outbound_take(struct worker *w, struct pkt *p)
{
	tap(w, p, TAP_ARRIVED, NULL);
	if (w->host == w)
		outbound_take_read(w, p);
	else
		whole_packet(w, p);
}

void
outbound_take_read(struct worker *w, struct pkt *p)
{
	const struct lane *l = worker_lane(w, p->tag);
	enum drop reason = DROP_NONE;
	uint32_t trace = p->trace;
	uint32_t tag = p->tag;
	p = frag_in(w->frags, p, w->now_ms, &reason);
	if (p != NULL) {
		whole_packet(w, p);
		return;
	}
	if (reason == DROP_NONE)
		return; /* it waits for other fragments */
	struct pkt gone = { .trace = trace, .tag = tag };
	tap_step(w, &gone, TAP_DROPPED, NULL, reason);
	worker_drop(w, NULL, l, reason);
}
