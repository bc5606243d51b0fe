/* SPDX-License-Identifier: BSD-2-Clause
 *
 * life_turn.c - what a tunnel does next, and who may begin a negotiation now.
 *
 * life_step() looks at what is known about a tunnel: what it holds, when that ends, who wants it. If it has to negotiate, it
 * stands in a queue. LIFE_TURNS_MAX negotiations have a turn at the same time; one that takes long gives its turn back
 * while it goes on, so ten thousand tunnels come up as fast as their peers answer, and those that do not answer hold
 * up nobody for long. After a failure there is a pause that grows. What traffic asks for stands at the head of the queue.
 */
#include "lib/vpn/life_priv.h"

#include <stdlib.h>

/* --- queues --- */

static void
turns_put(struct life_turns *q, struct life_turn *turn)
{
	turn->prev = q->last;
	turn->next = NULL;
	turn->list = q;
	*(q->last != NULL ? &q->last->next : &q->first) = turn;
	q->last = turn;
	q->n++;
}

static void
turns_push(struct life_turns *q, struct life_turn *turn)
{
	turn->prev = NULL;
	turn->next = q->first;
	turn->list = q;
	*(q->first != NULL ? &q->first->prev : &q->last) = turn;
	q->first = turn;
	q->n++;
}

void
life_turn_end(struct life_turn *turn)
{
	struct life_turns *q = turn->list;
	if (q == NULL)
		return;
	*(turn->prev != NULL ? &turn->prev->next : &q->first) = turn->next;
	*(turn->next != NULL ? &turn->next->prev : &q->last) = turn->prev;
	turn->prev = turn->next = NULL;
	turn->list = NULL;
	q->n--;
}

static void
turn_take(struct life *l, struct life_turn *turn)
{
	turn->begun_ms = l->now_ms;
	turns_put(&l->turns, turn);
}

void
life_wake(struct life_peer *p, size_t max)
{
	for (; max > 0 && p->full.first != NULL; max--) {
		struct life_turn *turn = p->full.first;
		life_turn_end(turn);
		turns_push(&p->life->queue, turn);
	}
}

void
life_turn_tick(struct life *l)
{
	while (l->turns.first != NULL && l->turns.first->begun_ms + LIFE_TURN_MS <= l->now_ms)
		life_turn_end(l->turns.first);
}

uint64_t
life_turn_due(const struct life *l)
{
	return l->queue.n > 0 && l->turns.n > 0 ? l->turns.first->begun_ms + LIFE_TURN_MS
						: UINT64_MAX;
}

uint64_t
life_retry(unsigned fails)
{
	uint64_t wait = LIFE_RETRY_MS;
	for (unsigned i = 1; i < fails && wait < LIFE_RETRY_MAX_MS; i++)
		wait *= 2;
	return wait < LIFE_RETRY_MAX_MS ? wait : LIFE_RETRY_MAX_MS;
}

/* --- what a tunnel wants --- */

bool
life_is_ready(const struct life_tunnel *t)
{
	return t->pic->state == LIFE_PIC_READY;
}

bool
life_may_begin(const struct life_tunnel *t)
{
	return t->service_set == NULL || !t->life->is_responder_only;
}

static bool
wants_pair(const struct life_tunnel *t)
{
	if (!life_may_begin(t))
		return false;
	if (t->current == NULL)
		return t->acquire || (t->life->is_immediate && t->service_set != NULL);
	return t->renew || life_soft_ms(t->current) <= t->life->now_ms;
}

static bool
wants_phase1(const struct life_tunnel *t)
{
	return t->wants_p1 && life_may_begin(t);
}

void
life_stop(struct life_tunnel *t)
{
	struct life_peer *p = t->gates[t->gate].peer;
	bool was_p2 = t->phase == LIFE_IN_P2;
	life_turn_end(&t->turn);
	t->phase = LIFE_IDLE;
	t->quick = NULL;
	if (was_p2) {
		p->n_quicks--;
		life_wake(p, 1);
	}
}

void
life_step(struct life_tunnel *t)
{
	struct life *l = t->life;
	uint64_t due = life_children_tick(t);
	bool wants = wants_pair(t) || wants_phase1(t);
	if (t->phase == LIFE_IDLE && wants && life_is_ready(t)) {
		if (t->retry_ms <= l->now_ms) {
			t->phase = LIFE_QUEUED;
			t->turn.tunnel = t;
			if (t->acquire || t->current != NULL)
				turns_push(&l->queue, &t->turn);
			else
				turns_put(&l->queue, &t->turn);
		} else if (t->retry_ms < due) {
			due = t->retry_ms;
		}
	} else if (t->phase == LIFE_QUEUED && !wants) {
		life_stop(t);
	}
	uint64_t soft =
	    t->current != NULL && life_may_begin(t) ? life_soft_ms(t->current) : UINT64_MAX;
	if (soft > l->now_ms && soft < due)
		due = soft;
	life_timer_set(&l->heap, &t->timer, due);
}

/* --- beginning --- */

static void
try_later(struct life_tunnel *t, uint64_t when_ms)
{
	t->phase = LIFE_IDLE;
	t->retry_ms = when_ms;
	life_dirty(t);
}

static void
phase1_begin(struct life_tunnel *t, struct life_peer *p)
{
	struct life *l = t->life;
	if (p->starting == NULL && p->retry_ms > l->now_ms) {
		try_later(t, p->retry_ms);
		return;
	}
	t->phase = LIFE_IN_P1;
	if (p->starting != NULL)
		return;
	struct life_ike *i = life_alloc(sizeof(*i));
	const struct ike_path path = life_peer_way(p);
	i->life = l;
	i->peer = p;
	p->starting = i;
	i->sa = ike_start(l->ike, l->now_ms, &path, p->policy->ike);
	i->sa->known_as = p->remote;
	i->sa->owner = i;
	i->sa->is_hasty = life_peer_is_hasty(p);
	turn_take(l, &p->turn);
}

/* Until when a pair that is begun here may be taken for a rival of the one in use, and come to nothing; see is_rival(). */
static uint64_t
rival_until(const struct life_tunnel *t)
{
	const struct life_child *c = t->current;
	return c != NULL && !c->is_initiator && !c->is_adopted ? c->up_ms + LIFE_RIVAL_MS : 0;
}

static void
phase2_begin(struct life_tunnel *t, struct life_ike *i)
{
	struct life *l = t->life;
	t->wants_p1 = false;
	if (!wants_pair(t)) {
		t->phase = LIFE_IDLE;
		life_dirty(t);
		return;
	}
	if (l->now_ms < rival_until(t)) {
		try_later(t, rival_until(t));
		return;
	}
	if (i->sa->is_aggressive && i->sa->side == V1_INITIATOR &&
	    l->now_ms < i->up_ms + LIFE_SETTLE_MS) {
		try_later(t, i->up_ms + LIFE_SETTLE_MS);
		return;
	}
	bool has_begun = ike_quick_start(l->ike, l->now_ms, i->sa, t->ike);
	if (!has_begun && i->peer->n_quicks > 0) {
		t->phase = LIFE_QUEUED;
		turns_put(&i->peer->full, &t->turn);
		return;
	}
	if (!has_begun) {
		try_later(t, l->now_ms + LIFE_FULL_MS);
		return;
	}
	i->peer->n_quicks++;
	t->phase = LIFE_IN_P2;
	t->quick = i;
	t->quick_ms = l->now_ms;
	turn_take(l, &t->turn);
}

bool
life_turn_next(struct life *l)
{
	struct life_turn *turn = l->queue.first;
	if (turn == NULL || l->turns.n >= LIFE_TURNS_MAX)
		return false;
	struct life_tunnel *t = turn->tunnel;
	struct life_peer *p = t->gates[t->gate].peer;
	life_turn_end(turn);
	struct life_ike *i = life_peer_ike(p);
	if (p->policy->ike == NULL && !wants_pair(t))
		try_later(t, l->now_ms + LIFE_RETRY_MS); /* nothing is amiss: see life_chain() */
	else if (p->policy->ike == NULL)
		life_failed(t, p->policy->why);
	else if (i != NULL)
		phase2_begin(t, i);
	else
		phase1_begin(t, p);
	return true;
}

/* --- failing --- */

static void
failure_set(struct life_tunnel *t, const char *why)
{
	char *copy = life_strdup(why);
	free(t->failure);
	t->failure = copy;
	t->failed_gate = t->gate;
	t->failure_ms = t->life->now_ms;
}

/* Traffic asks again if it still wants it. */
void
life_failed(struct life_tunnel *t, const char *why)
{
	struct life *l = t->life;
	bool was_p2 = t->phase == LIFE_IN_P2;
	life_stop(t);
	failure_set(t, why);
	t->fails++;
	t->retry_ms = l->now_ms + life_retry(t->fails);
	if (was_p2)
		life_tell(l, LIFE_P2_FAILED, t, t->gates[t->gate].peer, NULL,
		    "IKE Phase-2 Failure: %s", why);
	t->acquire = false;
	t->renew = false;
	t->wants_p1 = false;
	life_dirty(t);
}
