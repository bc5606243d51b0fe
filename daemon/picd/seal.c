/* SPDX-License-Identifier: BSD-2-Clause
 *
 * seal.c - clear packets that know their SA become protected ones, in bursts and whole superpackets.
 *
 * What waits here is sealed in the order in which it came, since numbers on the wire must rise. A superpacket becomes a
 * train of packets at once; one that lib/esp does not take so is cut, and its segments have the life of single packets:
 * too big for the tunnel, they are answered or fragmented as each would have been alone. Worker's thread.
 */
#include "daemon/picd/tap.h"
#include "daemon/picd/worker_priv.h"

#include "lib/esp/cut.h"
#include "lib/esp/out.h"
#include "lib/esp/super.h"

#include <assert.h>

void
seal_burst_done(struct worker *w, struct pkt **pkts, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct pkt *p = pkts[i];
		if (p->verdict == DROP_NONE) {
			send_chain(w, p);
			continue;
		}
		const struct lane *l = worker_lane(w, p->tag);
		tap_step(w, p, TAP_DROPPED, p->user, p->verdict);
		worker_drop(w, p->user, l, (enum drop)p->verdict);
		if (p->verdict == DROP_TOO_BIG && l != NULL)
			refuse_too_big(w, l, p, p->mtu);
		pkt_put(w->pool, p);
	}
}

/* What others do not help with in time is lost. */
static void
late(struct worker *w, struct pkt *p)
{
	if (w->host != w) { /* who has it may find room */
		const struct path *path = p->user;
		hand_out(w, p, w->host->p.index, path->slot);
		return;
	}
	tap_step(w, p, TAP_DROPPED, p->user, DROP_LATE);
	worker_drop_super(w, p->user, NULL, DROP_LATE, p);
	pkt_put(w->pool, p);
}

/* Seals N single packets of OCTETS in all, and sends them. */
static void
burst(struct worker *w, struct pkt **pkts, unsigned n)
{
	uint32_t octets = 0;
	for (unsigned i = 0; i < n; i++)
		octets += pkts[i]->len;
	if (!help_is_wanted(w, octets)) {
		uint64_t start = octets >= LEARN_OCTETS ? clock_ns() : 0;
		out_burst(w->esp, pkts, n);
		if (octets >= LEARN_OCTETS)
			help_learn(w, octets, clock_ns() - start);
		seal_burst_done(w, pkts, n);
	} else if (help_has_room(w, 1)) {
		help_out(w, pkts, n);
	} else {
		for (unsigned i = 0; i < n; i++)
			late(w, pkts[i]);
		return;
	}
	wstat_burst(w->stat.out_bursts, n);
	wstat_add(&w->stat, WSTAT_OUT_PACKETS, n);
	wstat_add(&w->stat, WSTAT_OUT_BYTES, octets);
}

void
seal_train_done(struct worker *w, struct super_job *job)
{
	struct pkt *views[SUPER_SEGS_MAX];
	enum drop reason = (enum drop)job->verdict;
	if (reason == DROP_NONE && job->super.layout == SUPER_BARE) {
		send_udp_train(w, job);
		return;
	}
	if (reason == DROP_NONE && !super_views(w->esp, job, views))
		reason = DROP_NO_BUFFER;
	if (reason != DROP_NONE)
		tap_step(w, job->train, TAP_DROPPED, job->train->user, reason);
	for (unsigned i = 0; i < job->n; i++) {
		if (reason == DROP_NONE)
			send_chain(w, views[i]);
		else
			worker_drop(w, job->train->user, NULL, reason);
	}
	pkt_put(w->pool, job->train);
}

/* Cuts superpacket P and seals its segments. */
static void
cut(struct worker *w, struct pkt *p)
{
	struct pkt *segments[BURST_MAX];
	struct cut c;
	cut_start(&c, p);
	while (c.next < c.n) {
		size_t n = cut_pkts(&c, w->pool, segments, BURST_MAX);
		if (n == 0) {
			for (unsigned i = c.next; i < c.n; i++)
				worker_drop(w, p->user, NULL, DROP_NO_BUFFER);
			return;
		}
		wstat_add(&w->stat, WSTAT_CUT_SEGMENTS, n);
		burst(w, segments, (unsigned)n);
	}
}

static void
job_run(struct worker *w, struct super_job *job)
{
	wstat_burst(w->stat.out_bursts, job->n);
	uint64_t start = clock_ns();
	super_crypt(w->esp, job);
	help_learn(w, job->n * job->seg_len, clock_ns() - start);
	super_finish(w->esp, job);
}

/* Packets of S that may leave as frames are sealed where the kernel takes those from. */
static void
frames(struct worker *w, struct super *s)
{
	struct super_job job;
	uint8_t *places[SUPER_SEGS_MAX];
	while (s->layout == SUPER_WHOLE && s->next < s->cut.n && !tap_is_on(w)) {
		unsigned left = s->cut.n - s->next;
		unsigned n = left < SUPER_SEGS_MAX ? left : SUPER_SEGS_MAX;
		if (!send_xsk_reserve(w, s->pkt, n, super_longest(s), places))
			break;
		super_place(s, places);
		if (!super_next(w->esp, s, &job)) {
			send_xsk_release(w, n, places);
			break;
		}
		job_run(w, &job);
		send_xsk_job(w, &job);
	}
	super_place(s, NULL);
}

/* All trains of a superpacket, one after the other. */
static void
trains(struct worker *w, struct super *s, struct pkt *p)
{
	struct super_job job;
	frames(w, s);
	super_alone(s, send_udp_open(w));
	while (super_next(w->esp, s, &job)) {
		job_run(w, &job);
		if (job.super.layout == SUPER_BARE)
			send_udp_gather(w, &job);
		else
			seal_train_done(w, &job);
	}
	pkt_put(w->pool, p);
}

/* The same, with others. */
static void
trains_help(struct worker *w, struct super *s, struct pkt *p)
{
	struct super_job job;
	unsigned left = s->n_jobs;
	while (super_next(w->esp, s, &job)) {
		wstat_burst(w->stat.out_bursts, job.n);
		help_train(w, &job, --left == 0 ? p : NULL);
	}
	assert(left == 0);
}

static void
superpacket(struct worker *w, struct pkt *p)
{
	struct super s;
	/* who looks at packets wants to see them whole; send_udp() makes trains of them again */
	enum super_layout layout =
	    tap_is_on(w) ? SUPER_WHOLE : (enum super_layout)send_layout(w, p);
	/* first, since finishing tasks may take buffers that super_start() counts upon */
	bool is_helped = help_is_wanted(w, p->len);
	bool is_train = super_start(w->esp, &s, p, layout);
	if (is_train && help_room(w) < s.n_jobs) {
		bool has_room = help_has_room(w, s.n_jobs);
		if (!has_room && w->host != w) {
			late(w, p);
			return;
		}
		is_train = super_start(w->esp, &s, p, layout);
	}
	if (!is_train) {
		cut(w, p);
		pkt_put(w->pool, p);
		return;
	}
	wstat_add(&w->stat, WSTAT_OUT_PACKETS, s.cut.n);
	wstat_add(&w->stat, WSTAT_OUT_BYTES, p->len);
	wstat_add(&w->stat, WSTAT_CUT_SEGMENTS, s.cut.n);
	if (!is_helped || (help_is_none(w) && help_room(w) < s.n_jobs))
		trains(w, &s, p);
	else if (help_room(w) >= s.n_jobs)
		trains_help(w, &s, p);
	else
		late(w, p);
}

void
seal_take(struct worker *w, struct pkt *p)
{
	w->out_q[w->n_out++] = p;
	w->out_octets += p->len;
	if (!w->shares && (w->n_out == BURST_MAX || w->out_octets >= OUT_OCTETS_MAX))
		seal_flush(w);
}

void
seal_flush(struct worker *w)
{
	unsigned n = w->n_out;
	unsigned i = 0;
	w->n_out = 0;
	w->out_octets = 0;
	while (i < n) {
		unsigned first = i;
		while (i < n && w->out_q[i]->gso == PKT_GSO_NONE)
			i++;
		if (i > first)
			burst(w, w->out_q + first, i - first);
		if (i < n)
			superpacket(w, w->out_q[i++]);
	}
}
