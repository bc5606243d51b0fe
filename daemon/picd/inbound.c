/* SPDX-License-Identifier: BSD-2-Clause
 *
 * inbound.c - protected packets: decapsulation, policy, delivery to the tunnel's unit.
 *
 * lib/esp finds the SA and checks tunnel mode selectors; a transport mode packet is checked here
 * against the mirror of the filter terms that select its SA. Decrypted packets appear on the inside unit (next hop
 * style), on the service unit (interface style), on the es- unit, or as the host's own (transport).
 */
#include "daemon/picd/tap.h"
#include "daemon/picd/worker_priv.h"

#include "lib/esp/flow.h"
#include "lib/esp/in.h"
#include "lib/esp/peek.h"
#include "lib/esp/sa.h"

/* The path that P's SA belongs to in this snapshot; NULL if the SA is not part of it. */
static const struct path *
sa_path(const struct worker *w, const struct sa *sa)
{
	const struct assoc *a = sa_user(sa);
	if (a->slot >= w->snap->n_paths)
		return NULL;
	const struct path *path = &w->snap->paths[a->slot];
	return path->in == sa || path->live == &a->live ? path : NULL;
}

/* A transport mode packet must be one that our own filters would have sent on the same SA. */
static enum drop
transport_check(const struct worker *w, const struct pkt *p, const struct path *path)
{
	struct flow f;
	enum drop reason = flow_parse(pkt_data(p), p->len, &f);
	if (reason != DROP_NONE)
		return reason;
	return snap_transport(w->snap, &f, true) == path ? DROP_NONE : DROP_SELECTOR;
}

/* Those of one message of the socket come from one place, which is looked at once. */
struct origin {
	const struct pkt_outer *outer;
	const struct sa *sa;
};

static void
origin_check(struct worker *w, const struct path *path, const struct pkt *p, struct origin *last)
{
	if (p->outer == NULL || !p->is_newest || (p->outer == last->outer && p->sa == last->sa))
		return;
	*last = (struct origin){ .outer = p->outer, .sa = p->sa };
	notice_moved(w, path, p);
}

static void
opened(struct worker *w, struct pkt *p, struct origin *last)
{
	const struct path *path = p->sa != NULL ? sa_path(w, p->sa) : NULL;
	enum drop reason = (enum drop)p->verdict;
	if (reason == DROP_NONE && path == NULL)
		reason = DROP_NO_SA;
	if (reason == DROP_NONE && path->is_transport)
		reason = transport_check(w, p, path);
	if (reason == DROP_NONE) {
		wstat_add(&w->stat, WSTAT_IN_PACKETS, 1);
		wstat_add(&w->stat, WSTAT_IN_BYTES, p->len);
		origin_check(w, path, p, last);
	}
	if (reason == DROP_NONE && path->deliver == NULL)
		reason = DROP_NO_UNIT;
	if (reason == DROP_NONE) {
		p->user = (void *)(uintptr_t)path;
		tap(w, p, TAP_DELIVERED, path);
		deliver_take(w, path->deliver[w->units_of], p);
		return;
	}
	tap_step(w, p, TAP_DROPPED, path, reason);
	/* another services interface of this local gateway has received the packet, too; if it may be that one's, kmd knows */
	if (reason != DROP_ELSEWHERE && reason != DROP_UNCLEAR)
		worker_drop(w, path, worker_lane(w, p->tag), reason);
	if ((reason == DROP_NO_SA || reason == DROP_UNCLEAR) && p->sa == NULL)
		notice_bad_spi(w, p);
	pkt_put(w->pool, p);
}

/* The worker that owns the SA of P, as far as P says; what has no SPI is refused by whoever has it. */
static unsigned
owner_find(const struct worker *w, const struct pkt *p)
{
	uint32_t spi;
	if (w->snap->n_workers == 1)
		return 0;
	return peek_spi(p, &spi) ? owner_of(spi, w->snap->n_workers) : w->host->p.index;
}

void
inbound_take(struct worker *w, struct pkt *p)
{
	unsigned owner = owner_find(w, p);
	if (owner != w->host->p.index || w->is_astray || w->n_in == IN_MAX) {
		w->is_astray = w->host != w;
		pkt_come_home(p);
		hand_in(w, p, w->is_astray ? w->host->p.index : owner);
		return;
	}
	if (tap_is_on(w))
		pkt_come_home(p);
	tap(w, p, TAP_RECEIVED, NULL);
	w->in_q[w->n_in++] = p;
	w->in_octets += p->len;
	if (w->n_in == (w->shares ? (unsigned)IN_MAX : (unsigned)BURST_MAX) && w->host == w)
		inbound_flush(w);
}

void
inbound_burst_done(struct worker *w, struct pkt **pkts, unsigned n)
{
	struct origin last = { NULL, NULL };
	for (unsigned i = 0; i < n; i++)
		opened(w, pkts[i], &last);
}

/* Nobody can open P in time. */
static void
late(struct worker *w, struct pkt *p)
{
	if (w->host != w) {
		hand_in(w, p, w->host->p.index);
		return;
	}
	tap_step(w, p, TAP_DROPPED, NULL, DROP_LATE);
	worker_drop(w, NULL, worker_lane(w, p->tag), DROP_LATE);
	pkt_put(w->pool, p);
}

static void
burst(struct worker *w, struct pkt **pkts, unsigned n)
{
	uint32_t octets = 0;
	for (unsigned i = 0; i < n; i++)
		octets += pkts[i]->len;
	if (!help_is_wanted(w, octets)) {
		uint64_t start = octets >= LEARN_OCTETS ? clock_ns() : 0;
		in_burst(w->esp, w->snap->sad, pkts, n);
		if (octets >= LEARN_OCTETS)
			help_learn(w, octets, clock_ns() - start);
		inbound_burst_done(w, pkts, n);
	} else if (help_has_room(w, 1)) {
		for (unsigned i = 0; i < n; i++)
			pkt_come_home(pkts[i]);
		help_in(w, pkts, n);
	} else {
		for (unsigned i = 0; i < n; i++)
			late(w, pkts[i]);
		return;
	}
	wstat_burst(w->stat.in_bursts, n);
}

void
inbound_flush(struct worker *w)
{
	unsigned n = w->n_in;
	w->n_in = 0;
	w->in_octets = 0;
	for (unsigned i = 0; i < n; i += BURST_MAX)
		burst(w, w->in_q + i, n - i < BURST_MAX ? n - i : BURST_MAX);
}
