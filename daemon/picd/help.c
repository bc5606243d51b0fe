/* SPDX-License-Identifier: BSD-2-Clause
 *
 * help.c - work on packets that another worker may do while the owner of the SA goes on.
 *
 * A task is a burst or a train whose numbers are given. The owner puts tasks into its ring in the order in which they have to
 * leave; anybody claims one that is open and computes it, and then finishes what is done at the head (finish.c), so the
 * order on the wire and of the replay window is the one of the ring. What nobody has claimed the owner computes itself. A helper
 * may be stopped in the middle by the scheduler: the owner goes on reading until half of the ring is taken, and after LATE_MS gives
 * up those packets, but not their memory, which comes back when the helper is done. Others are woken only when there is more
 * work than a wake and the way between two caches cost, as measured, and nobody spins. Where helpers do not get the processor
 * that they want, it is because something else needs it: then nobody is asked for a while. Who shares a port (guest.c)
 * makes tasks that are his own at once; open ones are made of what comes in other ways. Each function says whose thread it is
 * for.
 */
#include "daemon/picd/worker_priv.h"

#include "lib/esp/in.h"
#include "lib/esp/job.h"
#include "lib/esp/out.h"
#include "lib/esp/super.h"

#include <sched.h>
#include <stdlib.h>

static struct task *
task_at(struct worker *w, uint32_t at)
{
	return &w->tasks.ring[at % TASKS_MAX];
}

bool
help_make(struct worker *w)
{
	bool ok = true;
	for (unsigned i = 0; i < TASKS_MAX; i++) {
		struct task *t = &w->tasks.ring[i];
		t->job = job_new();
		t->train = malloc(sizeof(*t->train));
		ok = ok && t->job != NULL && t->train != NULL;
	}
	return ok;
}

void
help_free(struct worker *w)
{
	for (unsigned i = 0; i < TASKS_MAX; i++) {
		job_free(w->tasks.ring[i].job);
		free(w->tasks.ring[i].train);
	}
}

/* --- anybody --- */

static bool
claim(struct task *t)
{
	uint32_t open = TASK_OPEN;
	return atomic_compare_exchange_strong_explicit(
	    &t->state, &open, TASK_CLAIMED, memory_order_acquire, memory_order_relaxed);
}

/* Makes T, which is W's to do, done. */
static void
compute(struct worker *w, struct task *t)
{
	if (t->kind == TASK_TRAIN)
		super_crypt(w->esp, t->train);
	else
		job_crypt(w->esp, t->job);
	atomic_store_explicit(&t->state, TASK_DONE, memory_order_seq_cst);
}

/* W has done N tasks for OWNER. */
static void
help_count(struct worker *w, struct worker *owner, unsigned n)
{
	wstat_add(&w->stat, WSTAT_HELPS_GIVEN, n);
	/* the one that others count */
	atomic_fetch_add_explicit(&owner->stat.n[WSTAT_HELPS_TAKEN], n, memory_order_relaxed);
}

void
help_own(struct worker *w)
{
	unsigned n = w->n_made;
	w->n_made = 0;
	for (unsigned i = 0; i < n; i++)
		compute(w, task_at(w->host, w->made[i]));
	if (w->host != w)
		help_count(w, w->host, n);
}

/* Computes the first open task of OWNER, and finishes what can be finished. */
static bool
help_owner(struct worker *w, struct worker *owner)
{
	uint32_t head = atomic_load_explicit(&owner->tasks.head, memory_order_acquire);
	uint32_t tail = atomic_load_explicit(&owner->tasks.tail, memory_order_acquire);
	for (; head != tail; head++) {
		struct task *t = task_at(owner, head);
		if (!claim(t))
			continue;
		help_count(w, owner, 1);
		compute(w, t);
		finish_tasks(w, owner, true);
		return true;
	}
	return false;
}

static bool
help_anybody(struct worker *w)
{
	for (unsigned i = 1; i < w->crew->n; i++) {
		struct worker *owner = w->crew->workers[(w->p.index + i) % w->crew->n];
		if (atomic_load_explicit(&owner->tasks.is_shared, memory_order_seq_cst) &&
		    help_owner(w, owner))
			return true;
	}
	return false;
}

void
help_alone(struct worker *w)
{
	atomic_store_explicit(&w->crew->alone_until_ms, w->now_ms + ALONE_MS, memory_order_relaxed);
}

/* Adds what has passed since the clocks were looked at. */
static void
share_add(struct worker *w)
{
	w->wanted_ns += clock_ns() - w->help_wall_ns;
	w->got_ns += clock_thread_ns() - w->help_cpu_ns;
	w->help_wall_ns = 0;
	if (w->wanted_ns < SHARE_NS)
		return;
	if (w->got_ns < w->wanted_ns / 3 * 2)
		help_alone(w);
	w->wanted_ns = 0;
	w->got_ns = 0;
}

bool
help_others(struct worker *w)
{
	bool has_helped = guest_others(w) || help_anybody(w);
	if (has_helped && w->help_wall_ns == 0) {
		w->help_wall_ns = clock_ns();
		w->help_cpu_ns = clock_thread_ns();
	} else if (w->help_wall_ns != 0 &&
		   (!has_helped || clock_ns() - w->help_wall_ns > SHARE_NS)) {
		share_add(w);
	}
	return has_helped;
}

/* --- the owner --- */

/* Is somebody there who could help? */
static bool
has_idle(const struct worker *w)
{
	if (w->now_ms < atomic_load_explicit(&w->crew->alone_until_ms, memory_order_relaxed))
		return false;
	for (unsigned i = 0; i < w->snap->n_workers; i++)
		if (i != w->p.index &&
		    atomic_load_explicit(&w->crew->workers[i]->is_asleep, memory_order_relaxed))
			return true;
	return false;
}

bool
help_is_worth(const struct worker *w, uint32_t octets)
{
	octets += w->turn_octets;
	return octets * w->ns_per_kib / 1024 > w->snap->help_ns && has_idle(w);
}

bool
help_is_wanted(struct worker *w, uint32_t octets)
{
	if (w->shares)
		return true;
	if (w->snap->n_workers == 1)
		return false;
	if (help_is_full(w))
		help_work(w);
	if (!help_is_none(w))
		return true; /* behind what waits */
	w->turn_octets += octets;
	return help_is_worth(w, 0);
}

void
help_learn(struct worker *w, uint32_t octets, uint64_t ns)
{
	if (octets < LEARN_OCTETS)
		return;
	uint64_t per_kib = ns * 1024 / octets;
	/* the least of late: when the scheduler stopped us in between, it says nothing */
	if (w->ns_per_kib == 0 || per_kib < w->ns_per_kib)
		w->ns_per_kib = per_kib;
	else
		w->ns_per_kib += w->ns_per_kib / 64 + 1;
}

bool
help_is_none(const struct worker *w)
{
	return atomic_load_explicit(&w->tasks.head, memory_order_acquire) ==
	       atomic_load_explicit(&w->tasks.tail, memory_order_relaxed);
}

/* Places behind the tail of HOST's ring that are free. */
static unsigned
room_of(struct worker *host)
{
	uint32_t head = atomic_load_explicit(&host->tasks.head, memory_order_acquire);
	uint32_t tail = atomic_load_explicit(&host->tasks.tail, memory_order_relaxed);
	unsigned n = 0;
	while (n < TASKS_MAX - (tail - head) &&
	       !atomic_load_explicit(&task_at(host, tail + n)->is_lost, memory_order_acquire))
		n++;
	return n;
}

bool
help_is_full(struct worker *w)
{
	return !help_is_none(w) && room_of(w) < TASKS_MAX / 2;
}

unsigned
help_room(struct worker *w)
{
	return w->is_crowded ? 0 : room_of(w->host);
}

bool
help_has_room(struct worker *w, unsigned n)
{
	bool has_room = help_room(w) >= n;
	if (!has_room && w->host == w) {
		help_work(w);
		return help_room(w) >= n;
	}
	w->is_crowded = !has_room; /* nothing overtakes what did not fit */
	return has_room;
}

/* Counts a task more of W in the ring of another. */
static _Atomic uint32_t *
pin_take(struct worker *w)
{
	struct pin *p = &w->pins[w->pin];
	if (atomic_load_explicit(&p->n, memory_order_seq_cst) == 0) {
		p->generation = w->snap->generation;
		p->epoch = w->turn_epoch;
	}
	atomic_fetch_add_explicit(&p->n, 1, memory_order_relaxed);
	return &p->n;
}

/* The next task, for its maker to fill in; there is room. */
static struct task *
task_new(struct worker *w, enum task_kind kind)
{
	struct tasks *ts = &w->host->tasks;
	struct task *t = task_at(w->host, atomic_load_explicit(&ts->tail, memory_order_relaxed));
	t->kind = kind;
	t->is_waited_for = false;
	atomic_store_explicit(&t->maker, w->p.index, memory_order_relaxed);
	t->pin = w->host != w ? pin_take(w) : NULL;
	t->snap = w->snap;
	t->generation = w->snap->generation;
	t->epoch = w->turn_epoch;
	t->whole = NULL;
	t->n = 0;
	return t;
}

void
help_wake(struct worker *w)
{
	for (unsigned i = 0; i < w->snap->n_workers; i++) {
		struct worker *other = w->crew->workers[i];
		if (other != w && atomic_load_explicit(&other->is_asleep, memory_order_seq_cst)) {
			worker_wake(other);
			break;
		}
	}
}

/* T is for W itself, who shares a port. */
static void
keep_task(struct worker *w, struct task *t)
{
	uint32_t tail = atomic_load_explicit(&w->host->tasks.tail, memory_order_relaxed);
	atomic_store_explicit(&t->state, TASK_CLAIMED, memory_order_release);
	atomic_store_explicit(&w->host->tasks.tail, tail + 1, memory_order_release);
	w->made[w->n_made++] = tail;
}

static void
open_task(struct worker *w, struct task *t)
{
	if (w->shares) {
		keep_task(w, t);
		return;
	}
	uint32_t tail = atomic_load_explicit(&w->tasks.tail, memory_order_relaxed);
	if (help_is_none(w)) { /* what was not helped with leaves first */
		deliver_flush(w);
		send_flush(w);
	}
	atomic_store_explicit(&t->state, TASK_OPEN, memory_order_release);
	atomic_store_explicit(&w->tasks.tail, tail + 1, memory_order_release);
	atomic_store_explicit(&w->tasks.is_shared, true, memory_order_seq_cst);
	help_wake(w); /* one for each task */
}

void
help_train(struct worker *w, const struct super_job *job, struct pkt *whole)
{
	struct task *t = task_new(w, TASK_TRAIN);
	*t->train = *job;
	t->whole = whole;
	if (job->super.layout != SUPER_BARE) /* views are of the maker's pool */
		atomic_store_explicit(&t->maker, w->p.index | TASK_MAKERS, memory_order_relaxed);
	open_task(w, t);
}

static void
task_fill(struct task *t, struct pkt **pkts, unsigned n)
{
	t->n = n;
	for (unsigned i = 0; i < n; i++)
		t->pkts[i] = pkts[i];
}

void
help_out(struct worker *w, struct pkt **pkts, unsigned n)
{
	struct task *t = task_new(w, TASK_OUT);
	task_fill(t, pkts, n);
	out_prepare(w->esp, t->job, t->pkts, n);
	open_task(w, t);
}

void
help_in(struct worker *w, struct pkt **pkts, unsigned n)
{
	struct task *t = task_new(w, TASK_IN);
	task_fill(t, pkts, n);
	in_prepare(w->esp, w->snap->sad, t->job, t->pkts, n);
	open_task(w, t);
}

void
help_work(struct worker *w)
{
	help_own(w);
	finish_lost(w);
	finish_tasks(w, w, true);
	uint32_t tail = atomic_load_explicit(&w->tasks.tail, memory_order_relaxed);
	uint32_t at = atomic_load_explicit(&w->tasks.head, memory_order_acquire);
	for (; at != tail; at++) {
		struct task *t = task_at(w, at);
		if (claim(t))
			compute(w, t);
		finish_tasks(w, w, true);
	}
	while (finish_without(w))
		finish_tasks(w, w, true);
	if (help_is_none(w))
		atomic_store_explicit(&w->tasks.is_shared, false, memory_order_relaxed);
}

void
help_drain(struct worker *w)
{
	while (!help_is_none(w)) {
		help_work(w);
		w->now_ms = w->p.now_ms();
		sched_yield();
	}
}

bool
help_is_home(struct worker *w)
{
	return atomic_load_explicit(&w->pins[0].n, memory_order_seq_cst) == 0 &&
	       atomic_load_explicit(&w->pins[1].n, memory_order_seq_cst) == 0;
}

/* What W has in rings of others. New tasks are counted apart from older ones, so that these leave one day. */
static void
pins_oldest(struct worker *w, uint64_t *generation, uint64_t *epoch)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct pin *p = &w->pins[i];
		if (atomic_load_explicit(&p->n, memory_order_seq_cst) == 0) {
			w->pin = i;
			continue;
		}
		*generation = p->generation < *generation ? p->generation : *generation;
		*epoch = p->epoch < *epoch ? p->epoch : *epoch;
	}
}

void
help_oldest(struct worker *w, uint64_t *generation, uint64_t *epoch)
{
	pins_oldest(w, generation, epoch);
	uint32_t tail = atomic_load_explicit(&w->tasks.tail, memory_order_relaxed);
	if (help_is_none(w) && atomic_load_explicit(&w->tasks.n_lost, memory_order_relaxed) == 0)
		return;
	for (uint32_t at = tail - TASKS_MAX; at != tail; at++) {
		const struct task *t = task_at(w, at);
		if (!atomic_load_explicit(&t->is_lost, memory_order_relaxed) &&
		    atomic_load_explicit(&t->state, memory_order_acquire) == TASK_FREE)
			continue;
		*generation = t->generation < *generation ? t->generation : *generation;
		*epoch = t->epoch < *epoch ? t->epoch : *epoch;
	}
}
