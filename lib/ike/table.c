/* SPDX-License-Identifier: BSD-2-Clause
 *
 * table.c - the IKE SAs of an engine.
 */
#include "lib/ike/table.h"

#include <stdlib.h>
#include <string.h>

enum { CAP_MIN = 64 };

void
table_init(struct table *t, uint64_t secret)
{
	*t = (struct table){ .secret = secret | 1 };
}

void
table_done(struct table *t)
{
	free(t->by_own);
	free(t->by_peer);
	free(t->heap);
	*t = (struct table){ 0 };
}

/* --- hashes --- */

static uint64_t
own_cookie(const struct ike_sa *sa)
{
	return sa->side == V1_INITIATOR ? sa->cky_i : sa->cky_r;
}

static size_t
slot(const struct table *t, uint64_t cookie)
{
	uint64_t h = cookie * t->secret;
	return (size_t)(h ^ h >> 32) & (t->cap - 1);
}

static void
link_hashes(struct table *t, struct ike_sa *sa)
{
	struct ike_sa **own = &t->by_own[slot(t, own_cookie(sa))];
	sa->own_next = *own;
	*own = sa;
	if (sa->side == V1_RESPONDER) {
		struct ike_sa **peer = &t->by_peer[slot(t, sa->cky_i)];
		sa->peer_next = *peer;
		*peer = sa;
	}
}

static void
unlink_hashes(struct table *t, const struct ike_sa *sa)
{
	struct ike_sa **at = &t->by_own[slot(t, own_cookie(sa))];
	while (*at != sa)
		at = &(*at)->own_next;
	*at = sa->own_next;
	if (sa->side == V1_RESPONDER) {
		at = &t->by_peer[slot(t, sa->cky_i)];
		while (*at != sa)
			at = &(*at)->peer_next;
		*at = sa->peer_next;
	}
}

static void *
must(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

static void
grow(struct table *t)
{
	if (t->n < t->cap)
		return;
	t->cap = t->cap > 0 ? 2 * t->cap : CAP_MIN;
	free(t->by_own);
	free(t->by_peer);
	t->by_own = must(calloc(t->cap, sizeof(struct ike_sa *)));
	t->by_peer = must(calloc(t->cap, sizeof(struct ike_sa *)));
	t->heap = must(reallocarray(t->heap, t->cap, sizeof(struct ike_sa *)));
	for (size_t i = 0; i < t->n; i++)
		link_hashes(t, t->heap[i]);
}

struct ike_sa *
table_find(const struct table *t, uint64_t cky_i, uint64_t cky_r)
{
	if (t->cap == 0)
		return NULL;
	for (struct ike_sa *sa = t->by_own[slot(t, cky_r)]; sa != NULL; sa = sa->own_next)
		if (sa->side == V1_RESPONDER && sa->cky_r == cky_r && sa->cky_i == cky_i)
			return sa;
	for (struct ike_sa *sa = t->by_own[slot(t, cky_i)]; sa != NULL; sa = sa->own_next)
		if (sa->side == V1_INITIATOR && sa->cky_i == cky_i &&
		    (sa->cky_r == cky_r || sa->cky_r == 0))
			return sa;
	return NULL;
}

struct ike_sa *
table_find_peer(const struct table *t, uint64_t cky_i, const struct ike_path *path)
{
	if (t->cap == 0)
		return NULL;
	for (struct ike_sa *sa = t->by_peer[slot(t, cky_i)]; sa != NULL; sa = sa->peer_next)
		if (sa->cky_i == cky_i && addr_eq(sa->path.remote.addr, path->remote.addr) &&
		    sa->path.remote.port == path->remote.port)
			return sa;
	return NULL;
}

/* --- what is due: a binary heap --- */

static void
put_at(struct table *t, size_t at, struct ike_sa *sa)
{
	t->heap[at] = sa;
	sa->heap_at = at;
}

static void
sift_up(struct table *t, size_t at)
{
	struct ike_sa *sa = t->heap[at];
	for (; at > 0 && t->heap[(at - 1) / 2]->due_ms > sa->due_ms; at = (at - 1) / 2)
		put_at(t, at, t->heap[(at - 1) / 2]);
	put_at(t, at, sa);
}

static void
sift_down(struct table *t, size_t at)
{
	struct ike_sa *sa = t->heap[at];
	for (;;) {
		size_t child = 2 * at + 1;
		if (child + 1 < t->n && t->heap[child + 1]->due_ms < t->heap[child]->due_ms)
			child++;
		if (child >= t->n || t->heap[child]->due_ms >= sa->due_ms)
			break;
		put_at(t, at, t->heap[child]);
		at = child;
	}
	put_at(t, at, sa);
}

void
table_set_due(struct table *t, struct ike_sa *sa, uint64_t due_ms)
{
	sa->due_ms = due_ms;
	sift_up(t, sa->heap_at);
	sift_down(t, sa->heap_at);
}

struct ike_sa *
table_first_due(const struct table *t)
{
	return t->n > 0 ? t->heap[0] : NULL;
}

/* --- half open --- */

void
table_settle(struct table *t, struct ike_sa *sa)
{
	if (!sa->is_half_open)
		return;
	sa->is_half_open = false;
	t->n_half_open--;
	*(sa->fifo_prev != NULL ? &sa->fifo_prev->fifo_next : &t->oldest) = sa->fifo_next;
	*(sa->fifo_next != NULL ? &sa->fifo_next->fifo_prev : &t->newest) = sa->fifo_prev;
	sa->fifo_prev = sa->fifo_next = NULL;
}

/* --- all of it --- */

void
table_add(struct table *t, struct ike_sa *sa)
{
	grow(t);
	link_hashes(t, sa);
	put_at(t, t->n++, sa);
	sift_up(t, sa->heap_at);
	if (sa->side != V1_RESPONDER)
		return;
	sa->is_half_open = true;
	sa->fifo_prev = t->newest;
	*(t->newest != NULL ? &t->newest->fifo_next : &t->oldest) = sa;
	t->newest = sa;
	t->n_half_open++;
}

void
table_del(struct table *t, struct ike_sa *sa)
{
	table_settle(t, sa);
	unlink_hashes(t, sa);
	size_t at = sa->heap_at;
	struct ike_sa *last = t->heap[--t->n];
	if (last == sa)
		return;
	put_at(t, at, last);
	sift_up(t, at);
	sift_down(t, last->heap_at);
}
