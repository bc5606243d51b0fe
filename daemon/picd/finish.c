/* SPDX-License-Identifier: BSD-2-Clause
 *
 * finish.c - what becomes of tasks that are computed: their SAs learn of them, their packets leave, in the order of the ring.
 *
 * Whoever has computed something finishes it, if it is at the head, and what others have made only when he has nothing better to do: the owner may read and prepare more meanwhile. One worker at a
 * time, who has the owner's token; nobody waits for it. Who could not have it has put DONE before, and who gives it back
 * looks at the head afterwards, so nothing is left lying. The holder takes some tasks that are done and settles them with
 * their SAs (replay window, counters), then lets their packets leave by sockets and queues of his own, in the picture of
 * the world that they were prepared in, and only when the last has left moves the head.
 *
 * The scheduler may stop a holder. While he settles nobody may touch the SAs: a replay window with two writers might move back and
 * take a packet twice. There is no system call in that, and the owner goes on reading until half of the ring is taken. While
 * packets leave, the owner waits for LATE_MS and then takes the token away: what has not left by then the holder drops and
 * counts when he notices, and the memory comes back with him. Each function says whose thread it is for.
 */
#include "daemon/picd/tap.h"
#include "daemon/picd/worker_priv.h"

#include "lib/esp/in.h"
#include "lib/esp/job.h"
#include "lib/esp/out.h"
#include "lib/esp/super.h"

enum { RUN_MAX = 4 }; /* tasks that leave together: as many packets as deliver.c keeps */

bool
finish_try(struct worker *owner, unsigned index)
{
	return token_try(&owner->tasks.token, TOKEN_FIRM | (index + 1));
}

static struct task *
task_at(struct worker *owner, uint32_t at)
{
	return &owner->tasks.ring[at % TASKS_MAX];
}

static bool
has_state(const struct task *t, enum task_state state)
{
	return atomic_load_explicit(&t->state, memory_order_seq_cst) == (uint32_t)state;
}

static void
state_set(struct task *t, enum task_state state)
{
	atomic_store_explicit(&t->state, (uint32_t)state, memory_order_seq_cst);
}

static uint32_t
head_of(struct worker *owner)
{
	return atomic_load_explicit(&owner->tasks.head, memory_order_seq_cst);
}

/* Is T for W to finish, as far as its maker is concerned? */
static bool
is_for(const struct worker *w, struct task *t, bool all)
{
	uint32_t maker = atomic_load_explicit(&t->maker, memory_order_relaxed);
	return (maker & ~(uint32_t)TASK_MAKERS) == w->p.index ||
	       (all && (maker & TASK_MAKERS) == 0);
}

bool
finish_is_due(const struct worker *w, struct worker *owner, bool all)
{
	uint32_t head = head_of(owner);
	return head != atomic_load_explicit(&owner->tasks.tail, memory_order_acquire) &&
	       has_state(task_at(owner, head), TASK_DONE) && is_for(w, task_at(owner, head), all);
}

/* --- with the token --- */

/* Gives back the superpacket that T held; if the helper of a lost train of it is still at work, that train holds it from
 * now on. */
static void
whole_put(struct worker *w, struct worker *owner, struct task *t)
{
	struct pkt *whole = t->whole;
	t->whole = NULL;
	for (unsigned i = 0; i < TASKS_MAX && whole != NULL; i++) {
		struct task *other = &owner->tasks.ring[i];
		if (other == t || !other->is_lost || other->kind != TASK_TRAIN ||
		    other->train->super.pkt != whole)
			continue;
		other->whole = whole;
		return;
	}
	pkt_put(w->pool, whole);
}

/* May W, who need not be the owner, finish T? */
static bool
may_finish(const struct worker *w, const struct worker *owner, struct task *t, bool all)
{
	if (!is_for(w, t, all))
		return false;
	if (w == owner)
		return true;
	if (w->p.index >= t->snap->n_workers)
		return false;
	if (t->kind != TASK_TRAIN || t->train->super.layout != SUPER_BARE)
		return true;
	const struct path *path = t->train->train->user;
	return path->udp != NULL && path->udp[w->p.index] != NULL;
}

/* The SAs learn what became of T. */
static void
settle(struct worker *w, struct task *t)
{
	switch (t->kind) {
	case TASK_TRAIN:
		super_finish(w->esp, t->train);
		break;
	case TASK_OUT:
		out_finish(w->esp, t->job);
		break;
	case TASK_IN:
		in_finish(w->esp, t->job);
		break;
	}
	state_set(t, TASK_LEAVING);
}

static void
pkts_drop(struct worker *w, struct pkt **pkts, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		worker_drop(w, NULL, worker_lane(w, pkts[i]->tag), DROP_LATE);
		pkt_put(w->pool, pkts[i]);
	}
}

/* The packets of T leave; if they are TOO_LATE, they are lost. None of them is the task's any more. */
static void
leave(struct worker *w, struct task *t, bool is_too_late)
{
	struct pkt *train = t->kind == TASK_TRAIN ? t->train->train : NULL;
	unsigned n = t->n;
	t->n = 0;
	if (train != NULL && is_too_late) {
		for (unsigned i = 0; i < t->train->n; i++)
			worker_drop(w, train->user, NULL, DROP_LATE);
		pkt_put(w->pool, train);
	} else if (train != NULL) {
		seal_train_done(w, t->train);
	} else if (is_too_late) {
		pkts_drop(w, t->pkts, n);
	} else if (t->kind == TASK_OUT) {
		seal_burst_done(w, t->pkts, n);
	} else {
		inbound_burst_done(w, t->pkts, n);
	}
	if (t->kind == TASK_TRAIN)
		t->train->train = NULL;
}

/* The packets of tasks leave, as long as the token is W's own. */
static void
leave_all(struct worker *w, struct worker *owner, const struct finishing *f)
{
	const struct snap *own = w->snap;
	w->snap = task_at(owner, f->at)->snap;
	w->units_of = owner->p.index;
	for (unsigned i = 0; i < f->n; i++)
		leave(w, task_at(owner, f->at + i), token_of(&owner->tasks.token) != f->held);
	deliver_flush(w);
	send_flush(w);
	w->snap = own;
	w->units_of = w->p.index;
}

/* Settles what is done from AT on, at most RUN_MAX tasks of one snapshot; returns how many. */
static unsigned
settle_all(struct worker *w, struct worker *owner, uint32_t at, bool all)
{
	uint32_t tail = atomic_load_explicit(&owner->tasks.tail, memory_order_acquire);
	unsigned n = 0;
	for (; n < RUN_MAX && at + n != tail; n++) {
		struct task *t = task_at(owner, at + n);
		if (!has_state(t, TASK_DONE) || !may_finish(w, owner, t, all) ||
		    t->snap != task_at(owner, at)->snap)
			break;
		settle(w, t);
	}
	return n;
}

/* T is through: its place is free, and its maker may let go of what it used. */
static void
task_free(struct worker *w, struct task *t)
{
	_Atomic uint32_t *pin = t->pin;
	uint32_t maker =
	    atomic_load_explicit(&t->maker, memory_order_relaxed) & ~(uint32_t)TASK_MAKERS;
	state_set(t, TASK_FREE);
	if (pin != NULL && atomic_fetch_sub_explicit(pin, 1, memory_order_seq_cst) == 1 &&
	    maker != w->p.index)
		worker_wake(w->crew->workers[maker]);
}

/* Moves the head past N tasks that are through. */
static void
head_move(struct worker *w, struct worker *owner, uint32_t at, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		whole_put(w, owner, task_at(owner, at + i));
		task_free(w, task_at(owner, at + i));
	}
	atomic_store_explicit(&owner->tasks.head, at + n, memory_order_seq_cst);
}

bool
finish_begin(struct worker *w, struct worker *owner, bool all, struct finishing *out)
{
	uint32_t at = head_of(owner);
	unsigned n = settle_all(w, owner, at, all);
	if (n == 0) {
		token_give(&owner->tasks.token);
		return false;
	}
	owner->tasks.n_taken = n;
	uint32_t held = token_next(token_of(&owner->tasks.token), w->p.index + 1);
	*out = (struct finishing){ .at = at, .n = n, .held = held };
	/* nobody changes what is firm; from here on it may be taken away */
	atomic_store_explicit(&owner->tasks.token, held, memory_order_seq_cst);
	return true;
}

void
finish_end(struct worker *w, struct worker *owner, const struct finishing *f)
{
	leave_all(w, owner, f);
	if (token_set(&owner->tasks.token, f->held, TOKEN_FIRM | (w->p.index + 1))) {
		head_move(w, owner, f->at, f->n);
		token_give(&owner->tasks.token);
	} else {
		for (unsigned i = 0; i < f->n; i++) /* taken away: the owner has the memory back */
			state_set(task_at(owner, f->at + i), TASK_DONE);
	}
}

/* The head is done, and not for W: says so to whom it may concern. */
static void
head_tell(struct worker *w, struct worker *owner)
{
	uint32_t head = head_of(owner);
	struct task *t = task_at(owner, head);
	if (head == atomic_load_explicit(&owner->tasks.tail, memory_order_acquire) ||
	    !has_state(t, TASK_DONE))
		return;
	uint32_t maker =
	    atomic_load_explicit(&t->maker, memory_order_relaxed) & ~(uint32_t)TASK_MAKERS;
	if (w != owner)
		worker_wake(owner);
	if (maker != w->p.index && maker != owner->p.index)
		worker_wake(w->crew->workers[maker]);
}

void
finish_tasks(struct worker *w, struct worker *owner, bool all)
{
	struct finishing f;
	bool is_through = true;
	while (is_through && finish_is_due(w, owner, all) && finish_try(owner, w->p.index)) {
		is_through = finish_begin(w, owner, all, &f);
		if (is_through)
			finish_end(w, owner, &f);
	}
	bool is_missed = atomic_load_explicit(&owner->tasks.is_missed, memory_order_seq_cst);
	if (w != owner && is_missed)
		worker_wake(owner);
	head_tell(w, owner);
}

/* --- the owner --- */

/* Takes T, which somebody else still works on, out of its place. With the token. */
static void
lose(struct worker *w, struct task *t)
{
	atomic_store_explicit(&t->is_lost, true, memory_order_relaxed);
	atomic_fetch_add_explicit(&w->tasks.n_lost, 1, memory_order_relaxed);
}

static void
head_pass(struct worker *w, unsigned n)
{
	atomic_store_explicit(&w->tasks.head, head_of(w) + n, memory_order_seq_cst);
}

/* The helper of the head does not come back: its packets are lost. */
static void
give_up(struct worker *w, struct task *t)
{
	lose(w, t);
	if (t->kind == TASK_TRAIN)
		super_abandon(t->train);
	else
		job_abandon(t->job);
	unsigned n = t->kind == TASK_TRAIN ? t->train->n : t->n;
	for (unsigned i = 0; i < n; i++)
		worker_drop(w, NULL, NULL, DROP_LATE);
	head_pass(w, 1);
}

/* Has the owner had nothing to do but wait for T for too long? */
static bool
is_late(const struct worker *w, struct task *t)
{
	if (!t->is_waited_for)
		t->since_ms = w->p.now_ms();
	t->is_waited_for = true;
	return w->now_ms > t->since_ms && w->now_ms - t->since_ms > LATE_MS;
}

/* T is done, but who alone may let its packets go does not come: they are lost. */
static void
drop_done(struct worker *w, struct task *t)
{
	settle(w, t);
	leave(w, t, true);
	head_move(w, w, head_of(w), 1);
}

bool
finish_without(struct worker *w)
{
	uint32_t token = token_of(&w->tasks.token);
	if (help_is_none(w))
		return false;
	struct task *t = task_at(w, head_of(w));
	if (!is_late(w, t) || (token & TOKEN_FIRM) != 0)
		return false;
	if (!token_set(&w->tasks.token, token, TOKEN_FIRM | (w->p.index + 1)))
		return true; /* something has happened */
	if ((token & TOKEN_HOLDER) != 0) {
		unsigned n = w->tasks.n_taken;
		for (unsigned i = 0; i < n; i++)
			lose(w, task_at(w, head_of(w) + i));
		head_pass(w, n);
	} else if (has_state(t, TASK_CLAIMED)) {
		give_up(w, t);
	} else if (has_state(t, TASK_DONE) && !is_for(w, t, true)) {
		drop_done(w, t);
	}
	token_give(&w->tasks.token);
	return true;
}

void
finish_lost(struct worker *w)
{
	if (atomic_load_explicit(&w->tasks.n_lost, memory_order_relaxed) == 0 ||
	    !finish_try(w, w->p.index))
		return;
	for (unsigned i = 0; i < TASKS_MAX; i++) {
		struct task *t = &w->tasks.ring[i];
		if (!atomic_load_explicit(&t->is_lost, memory_order_relaxed) ||
		    !has_state(t, TASK_DONE))
			continue;
		if (t->kind == TASK_TRAIN) {
			pkt_put(w->pool, t->train->train);
			whole_put(w, w, t);
		}
		for (unsigned k = 0; t->kind != TASK_TRAIN && k < t->n; k++)
			pkt_put(w->pool, t->pkts[k]);
		task_free(w, t);
		atomic_store_explicit(&t->is_lost, false, memory_order_release);
		atomic_fetch_sub_explicit(&w->tasks.n_lost, 1, memory_order_release);
	}
	token_give(&w->tasks.token);
}
