/* SPDX-License-Identifier: BSD-2-Clause
 *
 * worker.c - the loop: wait, take the snapshot, drain what is readable, flush, pass the quiet point.
 *
 * Packets of all ports that were ready, and of other workers, share the bursts of a turn. The quiet point is the end of
 * the turn: the snapshot is only read after the wait, so what was retired before cannot be seen any more
 * when `seen` has reached the generation that came after it.
 */
#include "daemon/picd/workers.h"

#include "daemon/picd/worker_priv.h"
#include "lib/esp/frag.h"
#include "lib/esp/merge.h"
#include "lib/esp/sa.h"
#include "lib/esp/super.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

void
worker_drop(struct worker *w, const struct path *path, const struct lane *lane, enum drop reason)
{
	unsigned i = w->p.index;
	if (path != NULL) {
		tally_count(path->tally, i, reason);
		if (path->set != NULL)
			tally_count(path->set->tally, i, reason);
	} else if (lane != NULL && lane->tally != NULL) {
		tally_count(lane->tally, i, reason);
	} else {
		tally_count(w->p.tally, i, reason);
	}
}

void
worker_drop_super(struct worker *w, const struct path *path, const struct lane *lane,
    enum drop reason, const struct pkt *p)
{
	for (unsigned n = pkt_segments(p); n > 0; n--)
		worker_drop(w, path, lane, reason);
}

bool
limiter_take(struct limiter *l, uint64_t now_ms, unsigned per_s)
{
	if (l->second != now_ms / 1000) {
		l->second = now_ms / 1000;
		l->used = 0;
	}
	if (l->used >= per_s)
		return false;
	l->used++;
	return true;
}

/* A device that is being removed reports an error until netd says so: stop listening to it. */
static void
port_mute(struct worker *w, const struct port *port)
{
	(void)epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, port->fd, NULL);
}

/* What a UDP socket has against a packet of ours was reported to the raw one, too. */
static void
error_clear(const struct port *port)
{
	int e;
	socklen_t len = sizeof(e);
	(void)getsockopt(port->fd, SOL_SOCKET, SO_ERROR, &e, &len);
}

static void
port_ready(struct worker *w, const struct port *port, uint32_t events)
{
	const struct lane *lane = worker_lane(w, port->tag);
	if (port->kind == PORT_RAW || port->kind == PORT_SEND) {
		if ((events & EPOLLERR) != 0 && port->is_addressed)
			(void)pmtu_read_errors(w, port, NULL);
		if (port->kind == PORT_RAW && (events & EPOLLIN) != 0 && hand_is_past(w, port))
			rx_raw(w, port, lane);
	} else if (port->kind == PORT_UDP) {
		if ((events & EPOLLIN) != 0 && hand_is_past(w, port))
			rx_udp(w, port, lane);
		if ((events & EPOLLERR) != 0)
			error_clear(port);
	} else if (port->kind == PORT_XSK) {
		if ((events & EPOLLIN) != 0)
			rx_xsk(w, port, lane);
		if ((events & (EPOLLERR | EPOLLHUP)) != 0)
			error_clear(port);
	} else {
		if ((events & EPOLLIN) != 0 && hand_is_past(w, port))
			rx_device(w, port, lane);
		if ((events & (EPOLLERR | EPOLLHUP)) != 0)
			port_mute(w, port);
	}
}

/* The first turn with a snapshot: SAs of it take over from those that this thread has used until now. Both ends of an
 * inheritance have the same home, because they have the same SPI. */
static void
heirs_settle(struct worker *w)
{
	const struct snap *s = w->snap;
	uint64_t settled = w->settled;
	w->settled = s->generation;
	if (s->n_heirs > 0)
		help_drain(w); /* with numbers and windows of FROM */
	for (size_t i = 0; i < s->n_heirs; i++)
		if (s->heirs[i].generation > settled &&
		    owner_of(sa_home(s->heirs[i].to), s->n_workers) ==
			w->p.index) /* or FROM may be gone */
			sa_inherit(s->heirs[i].to, s->heirs[i].from);
}

static void
frags_expire(struct worker *w)
{
	uint32_t tag;
	while (frag_expire(w->frags, w->now_ms, &tag))
		worker_drop(w, NULL, worker_lane(w, tag), DROP_FRAG_TIMEOUT);
}

static void
tick(struct worker *w)
{
	w->tick_ms = w->now_ms;
	if (w->p.index == 0)
		pmtu_expire(w);
	esp_worker_rest(w->esp);
	atomic_store_explicit(&w->stat.n[WSTAT_BUSY_NS], clock_thread_ns(), memory_order_relaxed);
}

/* Waits for a helper only. Packets wait where they are; no event. */
static int
wake_wait(struct worker *w, int timeout_ms)
{
	struct pollfd p = { .fd = w->wake_fd, .events = POLLIN };
	uint64_t wakes;
	if (poll(&p, 1, timeout_ms) > 0)
		(void)!read(w->wake_fd, &wakes, sizeof(wakes));
	return 0;
}

/* Waits for packets of ports and of other workers. */
static int
wait_for_work(struct worker *w, struct epoll_event *events, int timeout_ms)
{
	if (w->crew->n == 1 || timeout_ms == 0)
		return epoll_wait(w->epoll_fd, events, EVENTS_MAX, timeout_ms);
	/* before the rings are looked at: who fills one, or moves a head, looks at these afterwards */
	atomic_store_explicit(
	    &w->tasks.is_missed, w->holds_back || help_is_full(w), memory_order_seq_cst);
	atomic_store_explicit(&w->is_asleep, true, memory_order_seq_cst);
	if (finish_is_due(w, w, true) || (hand_waits(w) && !help_is_full(w)) ||
	    (w->is_out && (help_is_home(w) || guest_is_due(w))))
		timeout_ms = 0;
	else if (!help_is_none(w) && (timeout_ms < 0 || timeout_ms > LATE_MS))
		timeout_ms = LATE_MS;
	int n = help_is_full(w) ? wake_wait(w, timeout_ms)
				: epoll_wait(w->epoll_fd, events, EVENTS_MAX, timeout_ms);
	atomic_store_explicit(&w->is_asleep, false, memory_order_relaxed);
	return n;
}

void
worker_turn(struct worker *w, int timeout_ms)
{
	struct epoll_event events[EVENTS_MAX];
	int n = wait_for_work(w, events, timeout_ms);
	w->now_ms = w->p.now_ms();
	/* before the snapshot: whatever was out of reach when the epoch began is not in one that is read later */
	uint64_t epoch = atomic_load_explicit(&w->epoch, memory_order_acquire);
	w->snap = atomic_load_explicit(&w->published, memory_order_acquire);
	uint64_t seen = atomic_load_explicit(&w->seen, memory_order_relaxed);
	w->turn_epoch = epoch;
	w->turn_octets = 0;
	if (w->snap != NULL && w->snap->generation != w->settled)
		heirs_settle(w);
	if (w->snap != NULL) {
		frags_expire(w);
		hand_take(w);
	}
	for (int i = 0; i < n; i++) {
		const struct port *port = events[i].data.ptr;
		if (port == NULL) {
			uint64_t wakes;
			(void)!read(w->wake_fd, &wakes, sizeof(wakes));
			wstat_add(&w->stat, WSTAT_WAKES, 1);
		} else if (w->snap != NULL) {
			port_ready(w, port, events[i].events);
		}
	}
	if (w->snap == NULL) {
		atomic_store_explicit(&w->epoch_seen, epoch, memory_order_release);
		return;
	}
	inbound_flush(w);
	seal_flush(w);
	help_work(w);
	deliver_flush(w);
	send_flush(w);
	hand_flush(w);
	hand_taken(w);
	wstat_add(&w->stat, WSTAT_TURNS, 1);
	if (w->now_ms - w->tick_ms >= TICK_MS)
		tick(w);
	w->has_helped = help_others(w);
	uint64_t generation = w->snap->generation;
	help_oldest(w, &generation, &epoch);
	w->is_out = !help_is_home(w);
	w->holds_back = generation != w->snap->generation || epoch != w->turn_epoch;
	w->snap = NULL;
	bool is_new_epoch = atomic_load_explicit(&w->epoch_seen, memory_order_relaxed) != epoch;
	atomic_store_explicit(&w->epoch_seen, epoch, memory_order_release);
	if (seen != generation)
		atomic_store_explicit(&w->seen, generation, memory_order_release);
	if (seen != generation || is_new_epoch)
		w->p.notify(w->p.notify_arg);
}

static void *
worker_main(void *arg)
{
	static const struct timespec pause = { .tv_nsec = PACE_NS };
	struct worker *w = arg;
	while (!atomic_load_explicit(&w->is_stopping, memory_order_acquire)) {
		worker_turn(w, w->has_helped ? 0 : TICK_MS);
		const struct wstat *st = &w->stat;
		uint64_t n = wstat_get(st, WSTAT_READS) + wstat_get(st, WSTAT_RECEIVED);
		uint64_t octets = wstat_get(st, WSTAT_OUT_BYTES) + wstat_get(st, WSTAT_IN_BYTES);
		if (pace_turn(&w->pace, w->now_ms, n, octets))
			(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	}
	return NULL;
}

static void
wake(struct worker *w)
{
	static const uint64_t one = 1;
	(void)!write(w->wake_fd, &one, sizeof(one));
}

static bool
worker_make(struct worker *w)
{
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL };
	struct esp_worker_params esp = {
		.n_pkts = POOL_PKTS,
		.rand = w->p.rand,
		.engine = w->p.engine,
	};
	w->esp = esp_worker_new(&esp);
	if (w->esp != NULL) {
		w->pool = esp_worker_pool(w->esp);
		w->frags = frag_new(w->pool, FRAG_LIMIT_DEFAULT, FRAG_TIMEOUT_MS_DEFAULT);
	}
	w->merge = merge_new();
	w->udp.open = malloc(sizeof(*w->udp.open));
	return help_make(w) && w->udp.open != NULL && w->frags != NULL && w->merge != NULL &&
	       w->epoll_fd >= 0 && w->wake_fd >= 0 &&
	       epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->wake_fd, &ev) == 0;
}

static void
worker_stop(struct worker *w)
{
	if (!w->is_running)
		return;
	atomic_store_explicit(&w->is_stopping, true, memory_order_release);
	wake(w);
	pthread_join(w->thread, NULL);
	w->is_running = false;
}

static void
worker_free(struct worker *w)
{
	help_free(w);
	merge_free(w->merge);
	free(w->udp.open);
	esp_worker_free(w->esp);
	if (w->epoll_fd >= 0)
		close(w->epoll_fd);
	if (w->wake_fd >= 0)
		close(w->wake_fd);
	free(w);
}

/* Packets go back to pools of other workers: all must be there still. */
static void
crew_free(struct crew *c)
{
	for (unsigned i = 0; i < c->n; i++)
		worker_stop(c->workers[i]);
	for (unsigned i = 0; i < c->n; i++)
		frag_free(c->workers[i]->frags);
	for (unsigned i = 0; i < c->n; i++)
		worker_free(c->workers[i]);
	pthread_mutex_destroy(&c->pmtu.lock);
	pthread_mutex_destroy(&c->watch_lock);
	free(c->rings);
	free(c);
}

static void *
zeroed(size_t align, size_t n)
{
	void *p = aligned_alloc(align, (n + align - 1) / align * align);
	return p != NULL ? memset(p, 0, n) : NULL;
}

bool
workers_new(const struct worker_params *p, unsigned n, struct worker **out)
{
	struct crew *c = calloc(1, sizeof(*c));
	if (c == NULL)
		return false;
	pthread_mutex_init(&c->pmtu.lock, NULL);
	pthread_mutex_init(&c->watch_lock, NULL);
	c->rings = zeroed(_Alignof(struct ring), (size_t)n * n * sizeof(*c->rings));
	bool ok = c->rings != NULL;
	for (unsigned i = 0; i < n && ok; i++) {
		struct worker *w = zeroed(_Alignof(struct worker), sizeof(*w));
		ok = w != NULL;
		if (!ok)
			break;
		w->p = *p;
		w->p.index = i;
		w->units_of = i;
		w->host = w;
		atomic_init(&w->tasks.making, i + 1);
		w->crew = c;
		c->workers[c->n++] = w;
		ok = worker_make(w);
	}
	if (!ok) {
		crew_free(c);
		return false;
	}
	memcpy(out, c->workers, n * sizeof(struct worker *));
	return true;
}

int
worker_start(struct worker *w)
{
	int e = pthread_create(&w->thread, NULL, worker_main, w);
	w->is_running = e == 0;
	return -e;
}

void
workers_free(struct worker **workers, unsigned n)
{
	if (n > 0)
		crew_free(workers[0]->crew);
}

const struct wstat *
worker_stat(const struct worker *w)
{
	return &w->stat;
}

const struct esp_worker *
worker_esp(const struct worker *w)
{
	return w->esp;
}

void
worker_publish(struct worker *w, const struct snap *s)
{
	atomic_store_explicit(&w->published, s, memory_order_release);
	wake(w);
}

uint64_t
worker_seen(const struct worker *w)
{
	return atomic_load_explicit(&w->seen, memory_order_acquire);
}

void
worker_epoch(struct worker *w, uint64_t epoch)
{
	atomic_store_explicit(&w->epoch, epoch, memory_order_release);
}

uint64_t
worker_epoch_seen(const struct worker *w)
{
	return atomic_load_explicit(&w->epoch_seen, memory_order_acquire);
}

void
worker_nudge(struct worker *w)
{
	wake(w);
}

/* Has W listen to P, that nobody listens to; under the crew's lock. */
static int
watch_begin(struct worker *w, const struct port *p)
{
	/* A send socket is only watched for errors, which epoll always reports. */
	struct epoll_event ev = {
		.events = p->kind == PORT_SEND ? 0 : EPOLLIN,
		.data.ptr = (void *)(uintptr_t)p,
	};
	if (epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, p->fd, &ev) < 0)
		return -errno;
	p->own->watcher = w->p.index;
	return 0;
}

static void
watch_end(struct crew *c, const struct port *p)
{
	if (p->own->watcher != PORT_NOBODY)
		(void)epoll_ctl(c->workers[p->own->watcher]->epoll_fd, EPOLL_CTL_DEL, p->fd, NULL);
	p->own->watcher = PORT_NOBODY;
}

int
worker_watch(struct worker *w, const struct port *p)
{
	pthread_mutex_lock(&w->crew->watch_lock);
	atomic_store_explicit(&p->own->giver, PORT_NOBODY, memory_order_relaxed);
	int rc = watch_begin(w, p);
	pthread_mutex_unlock(&w->crew->watch_lock);
	return rc;
}

void
worker_unwatch(struct worker *w, const struct port *p)
{
	pthread_mutex_lock(&w->crew->watch_lock);
	watch_end(w->crew, p);
	pthread_mutex_unlock(&w->crew->watch_lock);
}

void
worker_give(struct worker *w, const struct port *p, unsigned to, uint32_t behind)
{
	struct crew *c = w->crew;
	pthread_mutex_lock(&c->watch_lock);
	if (p->own->watcher == w->p.index) { /* else the main thread was quicker */
		watch_end(c, p);
		p->own->behind = behind;
		atomic_store_explicit(&p->own->giver, w->p.index, memory_order_release);
		if (watch_begin(c->workers[to], p) < 0)
			(void)!watch_begin(w, p);
	}
	pthread_mutex_unlock(&c->watch_lock);
}
