/* SPDX-License-Identifier: BSD-2-Clause
 *
 * dynamic.c - SAs that kmd negotiates: into use, out of use, too old, nearly spent; see dynamic.h.
 *
 * Nothing here allocates or copies more than the SA itself, so that ten thousand of them come in a second and a rekey costs
 * the same beside ten thousand tunnels as beside one. Only when the table has no place left a snapshot is
 * built. A hard lifetime ends an SA here, whatever kmd does. Main thread.
 */
#include "daemon/picd/dynamic.h"

#include "daemon/picd/picd.h"
#include "daemon/picd/snap.h"
#include "daemon/picd/workers.h"
#include "lib/base/text.h"
#include "lib/conf/conf.h"
#include "lib/esp/sad.h"

#include <stdlib.h>
#include <string.h>

static bool
is_in(const struct dynamic_sa *d)
{
	return sa_params(d->sa)->direction == SA_IN;
}

/* The youngest outbound one; NULL if there is none. */
static struct sa *
youngest_out(const struct assoc *a)
{
	struct sa *out = NULL;
	for (const struct dynamic_sa *d = a->sas; d != NULL; d = d->next)
		if (!is_in(d))
			out = d->sa;
	return out;
}

static struct sa *
out_in_use(const struct assoc *a)
{
	return atomic_load_explicit(&a->live.out, memory_order_relaxed);
}

static void
out_use(struct assoc *a, struct sa *sa)
{
	atomic_store_explicit(&a->live.out, sa, memory_order_release);
}

const struct dynamic_sa *
dynamic_out(const struct assoc *a)
{
	const struct sa *out = out_in_use(a);
	for (const struct dynamic_sa *d = a->sas; d != NULL; d = d->next)
		if (d->sa == out)
			return d;
	return NULL;
}

/* --- into use --- */

static bool
is_known(const struct assoc *a, const struct sa_params *p)
{
	for (const struct dynamic_sa *d = a->sas; d != NULL; d = d->next) {
		const struct sa_params *q = sa_params(d->sa);
		if (q->direction == p->direction && q->spi == p->spi)
			return true;
	}
	return false;
}

static bool
leads_to(const struct assoc_shape *s, const struct addr *remote)
{
	if (s->remote.family == ADDR_NONE)
		return true;
	return addr_eq(*remote, s->remote) || addr_eq(*remote, s->backup);
}

/* Is P no more than WHOLE? Nothing written is everything. */
static bool
lies_in(struct prefix p, struct prefix whole)
{
	if (whole.addr.family == ADDR_NONE)
		return true;
	return p.addr.family == whole.addr.family && p.len >= whole.len &&
	       prefix_has(whole, p.addr);
}

/* A commit may have been faster than what kmd has agreed upon with the peer. */
static const char *
refusal(const struct picd *p, const struct assoc *a, const struct dynamic_new *n)
{
	bool is_out = n->params.direction == SA_OUT;
	const struct addr *local = is_out ? &n->params.src : &n->params.dst;
	if (!a->shape.is_dynamic || p->snap == NULL)
		return "this tunnel has no dynamic SAs";
	if (!addr_eq(*local, a->shape.local))
		return "the tunnel has another local gateway";
	/* what a NAT makes of the gateway's address kmd knows better */
	if (n->params.dst_port == 0 && !leads_to(&a->shape, &n->remote))
		return "the tunnel leads to another gateway";
	if (!lies_in(n->local_selector, a->shape.selector_local) ||
	    !lies_in(n->remote_selector, a->shape.selector_remote))
		return "the tunnel is for other nets";
	if (a->n_sas >= DYNAMIC_SAS_MAX)
		return "the tunnel has too many SAs";
	if (is_known(a, &n->params))
		return "the tunnel has an SA with this SPI";
	return NULL;
}

/* Do packets find this inbound SA? */
static bool
is_found(const struct picd *p, const struct sa *sa)
{
	struct sad_key key;
	const struct sa_params *q = sa_params(sa);
	sad_key_init(&key, q->spi, q->protocol == SA_ESP ? 50 : 51, q->dst.family, q->dst.b);
	return sad_find(p->snap->sad, &key) == sa;
}

/* Enters an inbound SA where packets look for it. A table that is full is built anew; SA must be A's by then. */
static bool
in_use(struct picd *p, struct sa *sa)
{
	enum sad_result result = sad_add(p->snap->sad, sa);
	if (result != SAD_FULL)
		return result == SAD_OK;
	publish_now(p, (struct assoc_retired){ 0 });
	return is_found(p, sa);
}

static void
list_append(struct assoc *a, struct dynamic_sa *d)
{
	struct dynamic_sa **end = &a->sas;
	while (*end != NULL)
		end = &(*end)->next;
	*end = d;
	a->n_sas++;
}

static void
list_remove(struct assoc *a, struct dynamic_sa *d)
{
	struct dynamic_sa **link = &a->sas;
	while (*link != d)
		link = &(*link)->next;
	*link = d->next;
	a->n_sas--;
}

static struct dynamic_sa *
record_new(const struct picd *p, const struct dynamic_new *n, struct sa *sa)
{
	size_t tag_len = strlen(n->tag) + 1;
	struct dynamic_sa *d = malloc(sizeof(*d) + tag_len);
	uint64_t now = p->now_ms();
	if (d == NULL)
		abort();
	*d = (struct dynamic_sa){
		.sa = sa,
		.remote = n->remote,
		.local_selector = n->local_selector,
		.remote_selector = n->remote_selector,
		.soft_ms = n->soft_s == 0 ? 0 : now + (uint64_t)n->soft_s * 1000,
		.hard_ms = now + (uint64_t)n->hard_s * 1000,
		.window = n->window,
		.is_initiator = n->is_initiator,
	};
	memcpy(d->tag, n->tag, tag_len);
	return d;
}

/* What has been learned about the way to the same gateway stays true. */
static void
path_mtu_take(const struct assoc *a, struct sa *fresh)
{
	const struct sa *before = out_in_use(a);
	if (before != NULL && addr_eq(sa_params(before)->dst, sa_params(fresh)->dst))
		sa_set_path_mtu(fresh, sa_path_mtu(before));
}

/* Where what is sent belongs: to the worker that receives the answers, which came before it. */
static uint32_t
home_of(const struct assoc *a)
{
	uint32_t home = a->slot;
	for (const struct dynamic_sa *d = a->sas; d != NULL; d = d->next)
		if (is_in(d))
			home = sa_home(d->sa);
	return home;
}

struct dynamic_sa *
dynamic_add(struct picd *p, struct assoc *a, const struct dynamic_new *n, struct text *why)
{
	struct sa *sa = NULL;
	const char *no = refusal(p, a, n);
	enum sa_fault fault = SA_OK;
	if (no == NULL) {
		struct sa_params params = n->params;
		params.user = a;
		params.df = a->shape.df;
		params.tunnel_mtu = a->shape.tunnel_mtu;
		params.home = home_of(a);
		fault = sa_new(worker_esp(p->workers[0]), &params, &sa);
		explicit_bzero(&params, sizeof(params));
	}
	if (no != NULL || fault != SA_OK) {
		text_put(why, no != NULL ? no : assoc_fault_text(fault));
		return NULL;
	}
	struct dynamic_sa *d = record_new(p, n, sa);
	list_append(a, d);
	if (!is_in(d)) {
		path_mtu_take(a, sa);
		out_use(a, sa);
	} else if (!in_use(p, sa)) {
		text_put(why, "another SA has this SPI");
		list_remove(a, d);
		publish_retire_sa(p, sa);
		free(d);
		return NULL;
	}
	log_trace("database", LOG_LEVEL_INFO, "%s: %s SA added, SPI %u", a->name,
	    is_in(d) ? "inbound" : "outbound", n->params.spi);
	return d;
}

/* --- out of use --- */

static void
sa_end(struct picd *p, struct assoc *a, struct dynamic_sa *d, const char *how)
{
	log_trace("database", LOG_LEVEL_INFO, "%s: %s SA %s, SPI %u", a->name,
	    is_in(d) ? "inbound" : "outbound", how, sa_params(d->sa)->spi);
	traffic_add(&a->ended, d->sa);
	list_remove(a, d);
	if (is_in(d))
		sad_retire(p->snap->sad, d->sa);
	else if (out_in_use(a) == d->sa)
		out_use(a, youngest_out(a));
	publish_retire_sa(p, d->sa);
	free(d);
}

bool
dynamic_del(struct picd *p, struct assoc *a, enum sa_direction direction, uint32_t spi)
{
	for (struct dynamic_sa *d = a->sas; d != NULL; d = d->next) {
		const struct sa_params *q = sa_params(d->sa);
		if (q->direction == direction && q->spi == spi) {
			sa_end(p, a, d, "deleted");
			return true;
		}
	}
	return false;
}

void
dynamic_clear(struct picd *p, struct assoc *a)
{
	while (a->sas != NULL)
		sa_end(p, a, a->sas, "deleted");
}

/* --- commits --- */

static bool
prefix_same(struct prefix a, struct prefix b)
{
	return a.len == b.len && addr_eq(a.addr, b.addr);
}

/* SAs are about gateways and nets; only sizes can change under them. */
static bool
can_stay(const struct assoc_shape *was, const struct assoc_shape *now)
{
	return now->is_dynamic && addr_eq(was->local, now->local) &&
	       prefix_same(was->selector_local, now->selector_local) &&
	       prefix_same(was->selector_remote, now->selector_remote);
}

static bool
ends_same(const struct assoc_shape *a, const struct assoc_shape *b)
{
	return addr_eq(a->remote, b->remote) && addr_eq(a->backup, b->backup);
}

void
dynamic_settle(struct assoc *a, const struct assoc_shape *now, struct assoc_retired *r)
{
	bool stays = can_stay(&a->shape, now);
	bool is_elsewhere = !ends_same(&a->shape, now);
	struct dynamic_sa *next;
	for (struct dynamic_sa *d = a->sas; d != NULL; d = next) {
		next = d->next;
		if (stays && (!is_elsewhere || leads_to(now, &d->remote))) {
			if (!is_in(d))
				sa_set_fit(d->sa, now->df, now->tunnel_mtu);
			continue;
		}
		traffic_add(&a->ended, d->sa);
		list_remove(a, d);
		assoc_retire_sa(r, d->sa);
		free(d);
	}
	out_use(a, youngest_out(a));
	if (!now->is_dynamic) {
		a->watch = (struct dynamic_watch){ 0 };
		a->redundancy = (struct dynamic_redundancy){ 0 };
	}
	a->shape = *now;
}

static void
clashes_end(struct picd *p, struct assoc *a)
{
	struct dynamic_sa *next;
	for (struct dynamic_sa *d = a->sas; d != NULL; d = next) {
		next = d->next;
		if (!is_in(d) || is_found(p, d->sa))
			continue;
		uint32_t spi = sa_params(d->sa)->spi;
		log_line(LOG_LEVEL_NOTICE, "PICD_SPI",
		    "%s: the SPI %u of an SA is configured for another one", a->name, spi);
		sa_end(p, a, d, "superseded");
		kmd_spent(p, a, spi, true);
	}
}

void
dynamic_committed(struct picd *p)
{
	for (size_t i = 0; i < p->assocs.n_slots; i++) {
		struct assoc *a = p->assocs.by_slot[i];
		if (a != NULL && a->shape.is_dynamic)
			clashes_end(p, a);
	}
}

/* --- time --- */

/* Ends what is too old. */
static void
lifetimes_check(struct picd *p, struct assoc *a, uint64_t now)
{
	struct dynamic_sa *next;
	for (struct dynamic_sa *d = a->sas; d != NULL; d = next) {
		next = d->next;
		if (d->hard_ms <= now)
			sa_end(p, a, d, "expired");
	}
}

static void
numbers_check(struct picd *p, const struct assoc *a)
{
	struct sa_counts c;
	for (struct dynamic_sa *d = a->sas; d != NULL; d = d->next) {
		if (is_in(d) || d->told_hard)
			continue;
		sa_count(d->sa, &c);
		bool is_hard = c.seq == UINT32_MAX;
		if (!is_hard && (d->told_soft || c.seq < UINT32_MAX - DYNAMIC_SEQ_LEFT))
			continue;
		d->told_soft = true;
		d->told_hard = is_hard;
		kmd_spent(p, a, sa_params(d->sa)->spi, is_hard);
	}
}

/* Has anything authentic come in since the last look? */
static bool
has_heard(struct assoc *a)
{
	struct sa_counts c;
	bool has = false;
	for (struct dynamic_sa *d = a->sas; d != NULL; d = d->next) {
		if (!is_in(d))
			continue;
		sa_count(d->sa, &c);
		has = has || c.packets != d->packets_seen;
		d->packets_seen = c.packets;
	}
	return has;
}

static bool
is_idle(struct assoc *a, uint64_t now)
{
	if (has_heard(a))
		a->watch.since_ms = now;
	if (now - a->watch.since_ms < (uint64_t)a->watch.interval_s * 1000)
		return false;
	a->watch.since_ms = now;
	return true;
}

void
dynamic_tick(struct picd *p)
{
	enum { BATCH = 256 };
	const struct assoc *idle[BATCH];
	size_t n_idle = 0;
	uint64_t now = p->now_ms();
	for (size_t i = 0; i < p->assocs.n_slots; i++) {
		struct assoc *a = p->assocs.by_slot[i];
		if (a == NULL || !a->shape.is_dynamic)
			continue;
		lifetimes_check(p, a, now);
		numbers_check(p, a);
		if (a->watch.interval_s == 0 || !is_idle(a, now))
			continue;
		idle[n_idle++] = a;
		if (n_idle == BATCH) {
			kmd_idle(p, idle, n_idle);
			n_idle = 0;
		}
	}
	if (n_idle > 0)
		kmd_idle(p, idle, n_idle);
}
