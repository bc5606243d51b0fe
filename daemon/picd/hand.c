/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hand.c - packets from the worker that read them to the one that owns their SA.
 *
 * A ring from each worker to each other one, with one writer and one reader. Packets are shown in batches; a
 * reader that sleeps, or is about to, is woken once. A ring is as long as it is: who does not keep up loses packets,
 * which are counted by who gave them, and nobody waits for anybody. A device whose packets nearly all go the same way is
 * given to who gets them. Worker's thread.
 */
#include "daemon/picd/tap.h"
#include "daemon/picd/worker_priv.h"

#include <unistd.h>

static struct ring *
ring(const struct worker *w, unsigned from, unsigned to)
{
	return &w->crew->rings[from * w->crew->n + to];
}

void
worker_wake(struct worker *to)
{
	static const uint64_t one = 1;
	if (atomic_load_explicit(&to->is_asleep, memory_order_seq_cst) &&
	    atomic_exchange_explicit(&to->is_asleep, false, memory_order_seq_cst))
		(void)!write(to->wake_fd, &one, sizeof(one));
}

/* Shows worker TO what has been written. */
static void
show(struct worker *w, unsigned to)
{
	struct ring *r = ring(w, w->p.index, to);
	w->handed_to &= ~(1U << to);
	/* before is_asleep is read: who goes to sleep looks at `in` after it has said so */
	atomic_store_explicit(&r->in, r->in_next, memory_order_seq_cst);
	if (atomic_load_explicit(&w->crew->workers[to]->is_asleep, memory_order_seq_cst))
		worker_wake(w->crew->workers[to]);
}

static void
put(struct worker *w, unsigned to, struct handed h)
{
	struct ring *r = ring(w, w->p.index, to);
	w->n_strange++;
	w->handed_last = to;
	if (r->in_next - r->out_seen == RING_LEN)
		r->out_seen = atomic_load_explicit(&r->out, memory_order_acquire);
	if (r->in_next - r->out_seen == RING_LEN) {
		tap_step(w, h.pkt, TAP_DROPPED, NULL, DROP_HAND_OVER);
		worker_drop_super(w, NULL, worker_lane(w, h.pkt->tag), DROP_HAND_OVER, h.pkt);
		pkt_put(w->pool, h.pkt);
		return;
	}
	wstat_add(&w->stat, WSTAT_HANDED_OVER, 1);
	r->slots[r->in_next++ % RING_LEN] = h;
	w->handed_to |= 1U << to;
	if (r->in_next - atomic_load_explicit(&r->in, memory_order_relaxed) >= HAND_BATCH)
		show(w, to);
}

void
hand_out(struct worker *w, struct pkt *p, unsigned to, uint32_t slot)
{
	put(w, to,
	    (struct handed){
		.pkt = p,
		.generation = w->snap->generation,
		.slot = slot,
		.kind = HANDED_OUT,
	    });
}

void
hand_in(struct worker *w, struct pkt *p, unsigned to)
{
	put(w, to, (struct handed){ .pkt = p, .kind = HANDED_IN });
}

void
hand_read(struct worker *w, struct pkt *p, unsigned to)
{
	put(w, to, (struct handed){ .pkt = p, .kind = HANDED_READ });
}

void
hand_mark(struct worker *w, const struct port *p, unsigned to)
{
	p->own->behind = ring(w, w->p.index, to)->in_next;
	atomic_store_explicit(&p->own->giver, w->p.index, memory_order_release);
}

void
hand_note(struct worker *w, const struct port *p, unsigned n, unsigned n_handed)
{
	struct port_own *own = p->own;
	uint32_t n_strange = atomic_load_explicit(&own->n_strange, memory_order_relaxed);
	if (n_handed == 0 && n_strange == 0)
		return;
	uint32_t stranger = atomic_load_explicit(&own->stranger, memory_order_relaxed);
	if (n_handed * 2 <= n || stranger != w->handed_last)
		n_strange = n_strange > n ? n_strange - n : 0;
	else
		n_strange += n;
	if (n_strange == 0)
		atomic_store_explicit(&own->stranger, w->handed_last, memory_order_relaxed);
	if (n_strange > STRANGE_MAX) {
		n_strange = 0;
		w->given = p;
		w->given_to = w->handed_last;
	}
	atomic_store_explicit(&own->n_strange, n_strange, memory_order_relaxed);
}

bool
hand_is_past(const struct worker *w, const struct port *p)
{
	struct port_own *own = p->own;
	unsigned giver = atomic_load_explicit(&own->giver, memory_order_acquire);
	if (giver == PORT_NOBODY)
		return true;
	/* no further than a ring is long: a device may be still until the places have gone half round */
	if (giver != w->p.index &&
	    own->behind - ring(w, giver, w->p.index)->out_next - 1 < RING_LEN)
		return false;
	atomic_store_explicit(&own->giver, PORT_NOBODY, memory_order_relaxed);
	return true;
}

void
hand_flush(struct worker *w)
{
	while (w->handed_to != 0)
		show(w, (unsigned)__builtin_ctz(w->handed_to));
	if (w->given != NULL)
		worker_give(w, w->given, w->given_to, ring(w, w->p.index, w->given_to)->in_next);
	w->given = NULL;
}

static void
ring_take(struct worker *w, struct ring *r)
{
	uint32_t in = atomic_load_explicit(&r->in, memory_order_acquire);
	uint32_t n = in - r->out_next;
	n = n < HAND_BUDGET ? n : HAND_BUDGET;
	uint32_t first = r->out_next;
	/* as with what devices have: what cannot be worked on stays where it is */
	while (r->out_next - first < n && !help_is_full(w)) {
		struct handed h = r->slots[r->out_next++ % RING_LEN];
		switch (h.kind) {
		case HANDED_IN:
			inbound_take(w, h.pkt);
			break;
		case HANDED_OUT:
			outbound_take_over(w, h.pkt, h.slot, h.generation);
			break;
		case HANDED_READ:
			outbound_take_read(w, h.pkt);
			break;
		}
	}
	wstat_add(&w->stat, WSTAT_TAKEN_OVER, r->out_next - first);
}

void
hand_take(struct worker *w)
{
	for (unsigned i = 0; i < w->crew->n; i++)
		if (i != w->p.index)
			ring_take(w, ring(w, i, w->p.index));
}

void
hand_taken(struct worker *w)
{
	for (unsigned i = 0; i < w->crew->n; i++) {
		struct ring *r = ring(w, i, w->p.index);
		atomic_store_explicit(&r->out, r->out_next, memory_order_release);
	}
}

bool
hand_waits(const struct worker *w)
{
	for (unsigned i = 0; i < w->crew->n; i++) {
		const struct ring *r = ring(w, i, w->p.index);
		if (atomic_load_explicit(&r->in, memory_order_seq_cst) != r->out_next)
			return true;
	}
	return false;
}

bool
worker_is_idle(const struct worker *w)
{
	for (unsigned i = 0; i < w->crew->n; i++) {
		const struct ring *r = ring(w, i, w->p.index);
		if (atomic_load_explicit(&r->in, memory_order_acquire) !=
		    atomic_load_explicit(&r->out, memory_order_acquire))
			return false;
	}
	return atomic_load_explicit(&w->tasks.head, memory_order_acquire) ==
		   atomic_load_explicit(&w->tasks.tail, memory_order_acquire) &&
	       atomic_load_explicit(&w->tasks.n_lost, memory_order_acquire) == 0;
}
