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
	for (size_t i = 0; i < t->cap; i++)
		while (t->sources[i] != NULL) {
			struct source *next = t->sources[i]->next;
			free(t->sources[i]);
			t->sources[i] = next;
		}
	free(t->sources);
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

static size_t
source_slot(const struct table *t, struct addr a)
{
	uint64_t h = a.family;
	for (size_t i = 0; i < sizeof(a.b); i++)
		h = (h ^ a.b[i]) * t->secret;
	return (size_t)(h ^ h >> 32) & (t->cap - 1);
}

static void
grow(struct table *t)
{
	struct source **old = t->sources;
	size_t old_cap = t->cap;
	if (t->n < t->cap)
		return;
	t->cap = t->cap > 0 ? 2 * t->cap : CAP_MIN;
	free(t->by_own);
	free(t->by_peer);
	t->by_own = must(calloc(t->cap, sizeof(struct ike_sa *)));
	t->by_peer = must(calloc(t->cap, sizeof(struct ike_sa *)));
	t->sources = must(calloc(t->cap, sizeof(struct source *)));
	t->heap = must(reallocarray(t->heap, t->cap, sizeof(struct ike_sa *)));
	for (size_t i = 0; i < t->n; i++)
		link_hashes(t, t->heap[i]);
	for (size_t i = 0; i < old_cap; i++)
		for (struct source *s = old[i]; s != NULL;) {
			struct source *next = s->next;
			struct source **at = &t->sources[source_slot(t, s->addr)];
			s->next = *at;
			*at = s;
			s = next;
		}
	free(old);
}

/* --- addresses --- */

static struct source *
source_find(const struct table *t, struct addr a)
{
	struct source *s = t->cap > 0 ? t->sources[source_slot(t, a)] : NULL;
	while (s != NULL && !addr_eq(s->addr, a))
		s = s->next;
	return s;
}

static void
source_join(struct table *t, struct ike_sa *sa)
{
	struct source *s = source_find(t, sa->path.remote.addr);
	if (s == NULL) {
		struct source **at = &t->sources[source_slot(t, sa->path.remote.addr)];
		s = must(calloc(1, sizeof(*s)));
		s->addr = sa->path.remote.addr;
		s->next = *at;
		*at = s;
		t->n_sources++;
	}
	s->n_sas++;
	s->n_up += sa->is_settled;
	s->n_frags += sa->frags != NULL;
	sa->source = s;
}

static void
source_leave(struct table *t, struct ike_sa *sa)
{
	struct source *s = sa->source;
	sa->source = NULL;
	s->n_up -= sa->is_settled;
	s->n_frags -= sa->frags != NULL;
	if (--s->n_sas > 0)
		return;
	struct source **at = &t->sources[source_slot(t, s->addr)];
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	free(s);
	t->n_sources--;
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
table_find_own(const struct table *t, uint64_t cookie)
{
	struct ike_sa *sa = t->cap > 0 ? t->by_own[slot(t, cookie)] : NULL;
	while (sa != NULL && own_cookie(sa) != cookie)
		sa = sa->own_next;
	return sa;
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

static struct queue *
queue_of(struct table *t, const struct ike_sa *sa)
{
	return &t->half_open[sa->is_returned ? TABLE_RETURNED
			     : sa->is_known  ? TABLE_KNOWN
					     : TABLE_UNKNOWN];
}

static void
half_open_join(struct table *t, struct ike_sa *sa)
{
	struct queue *q = queue_of(t, sa);
	struct queue *kin = &sa->source->half_open[sa->is_returned];
	sa->fifo_prev = q->newest;
	*(q->newest != NULL ? &q->newest->fifo_next : &q->oldest) = sa;
	q->newest = sa;
	q->n++;
	sa->kin_prev = kin->newest;
	*(kin->newest != NULL ? &kin->newest->kin_next : &kin->oldest) = sa;
	kin->newest = sa;
	kin->n++;
	sa->is_half_open = true;
}

static void
half_open_leave(struct table *t, struct ike_sa *sa)
{
	if (!sa->is_half_open)
		return;
	struct queue *q = queue_of(t, sa);
	struct queue *kin = &sa->source->half_open[sa->is_returned];
	*(sa->fifo_prev != NULL ? &sa->fifo_prev->fifo_next : &q->oldest) = sa->fifo_next;
	*(sa->fifo_next != NULL ? &sa->fifo_next->fifo_prev : &q->newest) = sa->fifo_prev;
	q->n--;
	*(sa->kin_prev != NULL ? &sa->kin_prev->kin_next : &kin->oldest) = sa->kin_next;
	*(sa->kin_next != NULL ? &sa->kin_next->kin_prev : &kin->newest) = sa->kin_prev;
	kin->n--;
	sa->fifo_prev = sa->fifo_next = sa->kin_prev = sa->kin_next = NULL;
	sa->is_half_open = false;
}

/* Who has to go before there is one more in Q, of an address that has KIN (or NULL) there. */
static struct ike_sa *
crowd(const struct queue *q, const struct queue *kin, const struct ike_policy *policy)
{
	size_t n = kin != NULL ? kin->n : 0;
	size_t share = policy->half_open_max;
	if (share < IKE_SOURCE_SHARE)
		share = IKE_SOURCE_SHARE;
	bool is_full = q->n >= IKE_HALF_OPEN_MAX;
	if (n >= share && (is_full || n >= IKE_SOURCE_MAX))
		return kin->oldest;
	return is_full ? q->oldest : NULL;
}

struct ike_sa *
table_crowd(const struct table *t, const struct ike_path *path, const struct ike_policy *policy)
{
	const struct source *s = source_find(t, path->remote.addr);
	bool is_known = !policy->is_any || (s != NULL && s->n_up > 0);
	return crowd(&t->half_open[is_known ? TABLE_KNOWN : TABLE_UNKNOWN],
	    s != NULL ? &s->half_open[false] : NULL, policy);
}

struct ike_sa *
table_return(struct table *t, struct ike_sa *sa)
{
	struct ike_sa *victim =
	    crowd(&t->half_open[TABLE_RETURNED], &sa->source->half_open[true], sa->policy);
	half_open_leave(t, sa);
	sa->is_returned = true;
	half_open_join(t, sa);
	return victim;
}

void
table_settle(struct table *t, struct ike_sa *sa)
{
	half_open_leave(t, sa);
	if (!sa->is_settled)
		sa->source->n_up++;
	sa->is_settled = true;
}

void
table_move(struct table *t, struct ike_sa *sa, const struct ike_path *path)
{
	bool is_elsewhere = !addr_eq(path->remote.addr, sa->path.remote.addr);
	bool was_half_open = sa->is_half_open;
	if (is_elsewhere) {
		half_open_leave(t, sa);
		source_leave(t, sa);
	}
	sa->path = *path;
	if (is_elsewhere)
		source_join(t, sa);
	if (is_elsewhere && was_half_open)
		half_open_join(t, sa);
}

/* --- all of it --- */

void
table_add(struct table *t, struct ike_sa *sa)
{
	grow(t);
	link_hashes(t, sa);
	source_join(t, sa);
	put_at(t, t->n++, sa);
	sift_up(t, sa->heap_at);
	sa->is_known = !sa->policy->is_any || sa->source->n_up > 0;
	if (sa->side == V1_RESPONDER)
		half_open_join(t, sa);
}

void
table_del(struct table *t, struct ike_sa *sa)
{
	half_open_leave(t, sa);
	source_leave(t, sa);
	unlink_hashes(t, sa);
	size_t at = sa->heap_at;
	struct ike_sa *last = t->heap[--t->n];
	if (last == sa)
		return;
	put_at(t, at, last);
	sift_up(t, at);
	sift_down(t, last->heap_at);
}
