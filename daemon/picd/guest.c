/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guest.c - a port that several workers read in turn, each batch staying with who read it.
 *
 * What one worker has read is in its cache; to have another one work on it costs nearly as much as that saves. So when a port brings
 * more than its owner can do, others are asked in: they read it themselves. What must not be done by two at a time is to
 * read and to put what was read into the owner's ring, with its numbers (the making token, here), and to take it out of there
 * again (the token of finish.c). Between the two everybody is for himself. Owner and guests take turns: a batch that
 * stays in a cache, tasks for it at the end of the owner's ring, the token to the next; then the own tasks are computed, and
 * those that have come to the head leave. What another one has made is left to him as long as there is something else to do.
 *
 * The owner has the token but while he shares, which ends in the same turn with the token his: so snapshots, inheritances of
 * SAs and moves of ports never meet a guest. A guest sees the same snapshot as the owner or stays away. It holds the token firmly
 * only while it makes tasks; while it reads, the owner may take the token away: then what the guest has read goes to the
 * owner by hand.c, and comes when it comes. That is loss where windows are small, so it happens only after TAKE_MS. What is
 * not for a guest, packets of SAs of others and fragments, which meet in one place, goes that way as well, with all that
 * follows in the batch, and nobody reads on before the owner has it. All else that a packet may lead to is done with the guest's
 * own means. What a guest's tasks use is kept for as long as they are in the ring (struct pin). Nobody spins for longer than
 * SPIN_NS: then a guest leaves, and the owner sleeps until the guest gives the token back. Each part says whose thread it is for.
 */
#include "daemon/picd/worker_priv.h"

#include <immintrin.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
	SPIN_NS = 40 * 1000, /* about as long as another one reads a batch */
	TAKE_MS =
	    50, /* a guest that has not read a batch by then was stopped, and comes too late */
	VISIT_MAX = 8, /* batches of a guest before it looks at its own ports */
	LOOK_EVERY =
	    4, /* batches of an owner before it looks whether there is something else to do, */
	SHARE_MS = 10, /* and after which it has other things to do in any case */
};

static bool
batch_read(struct worker *w, const struct port *port, const struct lane *lane)
{
	switch (port->kind) {
	case PORT_UDP:
		return rx_udp_batch(w, port, lane);
	case PORT_RAW:
		return rx_raw_batch(w, port, lane);
	case PORT_UNIT:
	case PORT_CAPTURE_IN:
	case PORT_CAPTURE_OUT:
		return rx_device_batch(w, port, lane);
	case PORT_SEND:
	case PORT_XSK:
		break;
	}
	return false;
}

static const struct port *
shared_of(const struct worker *host)
{
	return atomic_load_explicit(&host->tasks.shared, memory_order_acquire);
}

static bool
is_free(struct worker *host)
{
	return (token_of(&host->tasks.making) & TOKEN_HOLDER) == 0;
}

/* --- a guest --- */

/* May W read for HOST what that shares? */
static bool
is_welcome(const struct worker *w, struct worker *host)
{
	return shared_of(host) != NULL &&
	       atomic_load_explicit(&host->tasks.shared_in, memory_order_acquire) == w->snap &&
	       !atomic_load_explicit(&host->tasks.is_over, memory_order_relaxed) &&
	       w->p.index < w->snap->n_workers && !help_is_full(host);
}

/* HOST may have gone to sleep until its token is free. */
static void
wake_missing(struct worker *host)
{
	if (atomic_load_explicit(&host->tasks.is_missed, memory_order_seq_cst))
		worker_wake(host);
}

bool
guest_take(struct worker *w, struct worker *host, uint32_t *held)
{
	_Atomic uint32_t *token = &host->tasks.making;
	uint32_t was = token_of(token);
	if ((was & TOKEN_HOLDER) != 0 || !token_set(token, was, w->p.index + 1))
		return false;
	*held = token_next(was, w->p.index + 1);
	if (is_welcome(w, host)) /* as it is now */
		return true;
	(void)token_set(token, *held, 0);
	wake_missing(host);
	return false;
}

bool
guest_read(struct worker *w, struct worker *host)
{
	const struct port *port = shared_of(host); /* none, if the token is gone already */
	w->host = host;
	w->shares = true;
	w->is_astray = false;
	w->is_crowded = false;
	return port != NULL && batch_read(w, port, worker_lane(w, port->tag));
}

/* What was read goes to HOST as it is. */
static void
all_back(struct worker *w, struct worker *host)
{
	for (unsigned i = 0; i < w->n_in; i++)
		hand_in(w, w->in_q[i], host->p.index);
	for (unsigned i = 0; i < w->n_out; i++) {
		const struct path *path = w->out_q[i]->user;
		hand_out(w, w->out_q[i], host->p.index, path->slot);
	}
	w->n_in = 0;
	w->in_octets = 0;
	w->n_out = 0;
	w->out_octets = 0;
}

bool
guest_make(struct worker *w, struct worker *host, uint32_t held, bool has_more)
{
	_Atomic uint32_t *token = &host->tasks.making;
	bool is_ours = token_set(token, held, TOKEN_FIRM | (w->p.index + 1));
	if (is_ours) {
		inbound_flush(w);
		seal_flush(w);
		if (w->is_astray || w->is_crowded) {
			hand_mark(w, shared_of(host), host->p.index);
			has_more = false;
		}
		if (!has_more)
			atomic_store_explicit(&host->tasks.is_over, true, memory_order_relaxed);
		token_give(token);
		wake_missing(host);
	} else {
		all_back(w, host);
	}
	hand_flush(w);
	w->is_astray = false;
	w->is_crowded = false;
	return is_ours;
}

void
guest_leave(struct worker *w)
{
	struct worker *host = w->host;
	help_own(w);
	w->shares = false;
	w->host = w;
	finish_tasks(w, host, false);
}

/* Waits for a moment until HOST's token is free. */
static bool
wait_for_token(struct worker *host)
{
	uint64_t start = clock_ns();
	while (!is_free(host) && shared_of(host) != NULL) {
		if (clock_ns() - start > SPIN_NS)
			return false;
		_mm_pause();
	}
	return true;
}

static bool
visit(struct worker *w, struct worker *host)
{
	uint32_t held;
	unsigned n = 0;
	while (n < VISIT_MAX && is_welcome(w, host)) {
		if (guest_take(w, host, &held)) {
			bool has_more = guest_read(w, host);
			(void)guest_make(w, host, held, has_more);
			guest_leave(w);
			n++;
		} else if (!wait_for_token(host)) {
			break;
		}
	}
	if (n > 0)
		finish_tasks(w, host, true);
	return n > 0;
}

bool
guest_others(struct worker *w)
{
	bool has_read = false;
	bool is_home = help_is_home(w);
	for (unsigned i = 1; i < w->crew->n; i++) {
		struct worker *host = w->crew->workers[(w->p.index + i) % w->crew->n];
		if (!is_home)
			finish_tasks(w, host, false);
		has_read |= shared_of(host) != NULL && visit(w, host);
	}
	return has_read;
}

bool
guest_is_due(struct worker *w)
{
	for (unsigned i = 0; i < w->crew->n; i++)
		if (i != w->p.index && finish_is_due(w, w->crew->workers[i], false))
			return true;
	return false;
}

/* --- the owner --- */

void
guest_open(struct worker *w, const struct port *port)
{
	if (w->shares || w->snap->n_workers == 1 || !help_is_worth(w, w->in_octets + w->out_octets))
		return;
	if (help_is_none(w)) { /* what was not shared leaves first */
		deliver_flush(w);
		send_flush(w);
	}
	w->shares = true;
	atomic_store_explicit(&w->tasks.is_over, false, memory_order_relaxed);
	atomic_store_explicit(&w->tasks.shared_in, w->snap, memory_order_relaxed);
	atomic_store_explicit(&w->tasks.shared, port, memory_order_release);
}

void
guest_close(struct worker *w)
{
	atomic_store_explicit(&w->tasks.shared, NULL, memory_order_relaxed);
	w->shares = false;
}

/* Has something else come for W that it must know of before it goes on? */
static bool
is_called(const struct worker *w)
{
	return atomic_load_explicit(&w->published, memory_order_relaxed) != w->snap ||
	       atomic_load_explicit(&w->epoch, memory_order_relaxed) != w->turn_epoch ||
	       atomic_load_explicit(&w->is_stopping, memory_order_relaxed);
}

/* Sleeps until a guest has done something, but not for long. */
static void
guest_wait(struct worker *w, int timeout_ms)
{
	struct pollfd p = { .fd = w->wake_fd, .events = POLLIN };
	uint64_t wakes;
	atomic_store_explicit(&w->tasks.is_missed, true, memory_order_seq_cst);
	atomic_store_explicit(&w->is_asleep, true, memory_order_seq_cst);
	bool must_wait = !is_free(w) && !finish_is_due(w, w, true);
	if (must_wait && poll(&p, 1, timeout_ms) > 0)
		(void)!read(w->wake_fd, &wakes, sizeof(wakes));
	atomic_store_explicit(&w->is_asleep, false, memory_order_relaxed);
	atomic_store_explicit(&w->tasks.is_missed, false, memory_order_relaxed);
}

void
guest_back(struct worker *w)
{
	_Atomic uint32_t *token = &w->tasks.making;
	uint64_t start = clock_ns();
	while (!token_try(token, w->p.index + 1)) {
		uint64_t passed = clock_ns() - start;
		if (passed < SPIN_NS) {
			_mm_pause();
			continue;
		}
		finish_tasks(w, w, true); /* there is nothing better to do */
		uint32_t was = token_of(token);
		bool is_late = passed / 1000000 >= TAKE_MS;
		if (is_late && (was & TOKEN_FIRM) == 0 && token_set(token, was, w->p.index + 1)) {
			help_alone(w); /* others need the processors */
			break;
		}
		guest_wait(w, is_late ? 1 : TAKE_MS);
	}
}

/* Is PORT the only one that has something for W? */
static bool
is_only(struct worker *w, const struct port *port)
{
	struct epoll_event events[EVENTS_MAX];
	uint64_t wakes;
	if (is_called(w) || hand_waits(w) || w->p.now_ms() - w->now_ms > SHARE_MS)
		return false;
	int n = epoll_wait(w->epoll_fd, events, EVENTS_MAX, 0);
	for (int i = 0; i < n; i++)
		if (events[i].data.ptr ==
		    NULL) /* a guest was too late to wake us; who calls is looked for above */
			(void)!read(w->wake_fd, &wakes, sizeof(wakes));
		else if (events[i].data.ptr != port)
			return false;
	return true;
}

void
guest_share(struct worker *w, const struct port *port, const struct lane *lane)
{
	bool has_more = true;
	if (!w->shares)
		return;
	for (unsigned n = 1; has_more; n++) {
		inbound_flush(w);
		seal_flush(w);
		if (help_is_full(w))
			help_work(w);
		if (help_is_full(w) || (n % LOOK_EVERY == 0 && !is_only(w, port)))
			break;
		deliver_flush(w); /* what could not be made tasks of */
		send_flush(w);
		token_give(&w->tasks.making);
		help_wake(w);
		help_own(w);
		finish_tasks(w, w, false);
		hand_flush(w); /* what is for others has waited for a batch */
		guest_back(w);
		if (atomic_load_explicit(&w->tasks.is_over, memory_order_relaxed))
			break;
		has_more = batch_read(w, port, lane);
	}
	inbound_flush(w);
	seal_flush(w);
	guest_close(w);
	if (is_called(w)) /* guest_wait() or is_only() may have taken the word of it */
		worker_nudge(w);
	help_own(w);
	finish_tasks(w, w, true);
}
