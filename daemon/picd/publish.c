/* SPDX-License-Identifier: BSD-2-Clause
 *
 * publish.c - makes snapshots the workers' and frees what they have left behind.
 *
 * A snapshot that has been replaced waits in `olds`, together with the SAs, counters and descriptors
 * that its successor does not have, until every worker has seen the successor. Dynamic SAs go without a new
 * snapshot: they wait for the epoch that began when they had been taken out of the published one. When another number of
 * workers shall take part, SAs change their owners: nobody takes packets from ports until all have left the old
 * ones alone. Main thread.
 */
#include "daemon/picd/picd.h"
#include "daemon/picd/snap.h"
#include "daemon/picd/tally.h"
#include "daemon/picd/workers.h"
#include "daemon/picd/wstat.h"
#include "lib/base/arena.h"
#include "lib/conf/conf.h"
#include "lib/esp/sa.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

enum { REBUILD_DELAY_MS = 5, REGROUP_MS = 1 };

static void
port_unwatch(struct picd *p, struct port *port)
{
	if (port->is_watched)
		worker_unwatch(p->workers[0], port);
	port->is_watched = false;
}

/* The first queue of a device may have come before the others: it goes to its worker when these are there, or one worker
 * reads what another one writes, and each answer has to be handed over. */
static void
ports_watch(struct picd *p)
{
	if (p->pause != 0)
		return;
	for (size_t i = 0; i < p->ports.n; i++) {
		struct port *port = p->ports.by_index[i];
		if (port == NULL)
			continue;
		unsigned home = port_worker(&p->ports, port, p->n_active);
		if (port->is_watched && port->home == home)
			continue;
		port_unwatch(p, port);
		port->home = home;
		int rc = worker_watch(p->workers[home], port);
		if (rc < 0)
			log_line(LOG_LEVEL_ERROR, "PICD_PORT", "%s: %s", port->key, strerror(-rc));
		port->is_watched = true;
	}
}

/* The workers' slowest place. */
static uint64_t
seen_by_all(const struct picd *p)
{
	uint64_t least = UINT64_MAX;
	for (unsigned i = 0; i < p->n_workers; i++) {
		uint64_t seen = worker_seen(p->workers[i]);
		least = seen < least ? seen : least;
	}
	return least;
}

/* Adds to S what it and its predecessors hand over, as far as some worker may not have done it yet: it may come to S
 * without ever having seen one of those. What HEIRS of predecessors point to is kept until then. */
static void
heirs_put(struct picd *p, struct snap *s, struct assoc_retired *fresh)
{
	uint64_t seen = seen_by_all(p);
	size_t n_before = p->snap != NULL ? p->snap->n_heirs : 0;
	struct assoc_heir *all = arena_array(s->arena, n_before + fresh->n_heirs, sizeof(*all));
	for (size_t i = 0; i < n_before; i++)
		if (p->snap->heirs[i].generation > seen)
			all[s->n_heirs++] = p->snap->heirs[i];
	for (size_t i = 0; i < fresh->n_heirs; i++) {
		fresh->heirs[i].generation = s->generation;
		all[s->n_heirs++] = fresh->heirs[i];
	}
	s->heirs = all;
}

void
publish_now(struct picd *p, struct assoc_retired retired)
{
	size_t clashes;
	uv_timer_stop(&p->rebuild);
	struct snap *s =
	    snap_build(p->conf, &p->assocs, &p->ports, p->n_active, ++p->generation, &clashes);
	const struct conf_ifd *ifd = conf_ifd(p->conf, p->instance);
	s->help_ns = ifd == NULL || ifd->io.help_us == 0 ? p->help_ns : ifd->io.help_us * 1000ULL;
	s->has_merged = ifd == NULL || !ifd->io.no_inside_offload;
	s->has_trains = ifd == NULL || !ifd->io.no_outside_offload;
	if (clashes > 0)
		log_line(LOG_LEVEL_ERROR, "PICD_SPI", "%zu inbound SAs have the SPI of another one",
		    clashes);
	heirs_put(p, s, &retired);
	struct snap *old = p->snap;
	p->snap = s;
	for (unsigned i = 0; i < p->n_workers; i++)
		worker_publish(p->workers[i], s);
	ports_watch(p);
	if (old == NULL) { /* nobody has seen anything yet */
		assoc_free_retired(&p->assocs, &retired);
		return;
	}
	old->retired = retired;
	old->retired_ports = p->retired_ports;
	p->retired_ports = NULL;
	old->next_old = p->olds;
	p->olds = old;
}

static bool
are_idle(const struct picd *p)
{
	for (unsigned i = 0; i < p->n_workers; i++)
		if (!worker_is_idle(p->workers[i]))
			return false;
	return true;
}

static uint64_t
handed_by_all(const struct picd *p)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < p->n_workers; i++)
		n += wstat_get(worker_stat(p->workers[i]), WSTAT_HANDED_OVER);
	return n;
}

/* Has nobody anything left to do? A packet that goes from one to the next while we look could be missed once, but not
 * twice without being handed over in between. */
static bool
all_rest(const struct picd *p)
{
	uint64_t handed = handed_by_all(p);
	return are_idle(p) && are_idle(p) && handed_by_all(p) == handed;
}

/* Goes on with the workers that shall take part, when none of those that did has anything left to do. */
static void
regroup(struct picd *p)
{
	if (p->pause == 0 || seen_by_all(p) < p->pause || !all_rest(p))
		return;
	uv_timer_stop(&p->regroup);
	p->pause = 0;
	p->n_active = p->n_wanted;
	publish_now(p, (struct assoc_retired){ 0 });
}

static void
on_regroup(uv_timer_t *t)
{
	regroup(t->data);
}

void
publish_workers(struct picd *p, unsigned n)
{
	p->n_wanted = n == 0 || n > p->n_workers ? p->n_workers : n;
	if (p->snap == NULL)
		p->n_active = p->n_wanted;
	if (p->n_wanted == p->n_active || p->pause != 0)
		return;
	for (size_t i = 0; i < p->ports.n; i++)
		if (p->ports.by_index[i] != NULL)
			port_unwatch(p, p->ports.by_index[i]);
	p->pause = p->generation + 1;
	p->regroup.data = p;
	uv_timer_start(&p->regroup, on_regroup, REGROUP_MS, REGROUP_MS);
}

static void
on_rebuild(uv_timer_t *t)
{
	publish_now(t->data, (struct assoc_retired){ 0 });
}

void
publish_soon(struct picd *p)
{
	if (p->conf == NULL)
		return; /* the first configuration builds it */
	p->rebuild.data = p;
	if (!uv_is_active((const uv_handle_t *)&p->rebuild))
		uv_timer_start(&p->rebuild, on_rebuild, REBUILD_DELAY_MS, 0);
}

void
publish_retire_port(struct picd *p, struct port *port)
{
	if (port == NULL)
		return;
	port_unwatch(p, port);
	if (p->snap == NULL) {
		port_free_list(&p->ports, port);
		return;
	}
	port->next_retired = p->retired_ports;
	p->retired_ports = port;
}

static void
old_free(struct picd *p, struct snap *s)
{
	assoc_free_retired(&p->assocs, &s->retired);
	port_free_list(&p->ports, s->retired_ports);
	snap_free(s);
}

uint64_t
publish_seen(const struct picd *p)
{
	return seen_by_all(p);
}

void
publish_retire_sa(struct picd *p, struct sa *sa)
{
	if (p->n_gone == p->cap_gone) {
		p->cap_gone = p->cap_gone == 0 ? 64 : 2 * p->cap_gone;
		p->gone = realloc(p->gone, p->cap_gone * sizeof(*p->gone));
		if (p->gone == NULL)
			abort();
	}
	p->gone[p->n_gone++] = (struct gone_sa){ .sa = sa, .epoch = publish_epoch(p) };
}

uint64_t
publish_epoch(struct picd *p)
{
	p->epoch++;
	for (unsigned i = 0; i < p->n_workers; i++)
		worker_epoch(p->workers[i], p->epoch);
	return p->epoch;
}

/* Epochs rise, so what may go stands in front. */
static void
gone_free(struct picd *p, uint64_t seen)
{
	size_t n = 0;
	while (n < p->n_gone && p->gone[n].epoch <= seen)
		sa_free(p->gone[n++].sa);
	if (n == 0)
		return;
	p->n_gone -= n;
	memmove(p->gone, p->gone + n, p->n_gone * sizeof(*p->gone));
}

uint64_t
publish_epoch_seen(const struct picd *p)
{
	uint64_t least = UINT64_MAX;
	for (unsigned i = 0; i < p->n_workers; i++) {
		uint64_t seen = worker_epoch_seen(p->workers[i]);
		least = seen < least ? seen : least;
	}
	return least;
}

void
publish_reclaim(struct picd *p)
{
	regroup(p);
	uint64_t epoch = publish_epoch_seen(p);
	gone_free(p, epoch);
	hops_reclaim(p->hops, epoch);
	uint64_t seen = seen_by_all(p);
	struct snap **link = &p->olds;
	while (*link != NULL) {
		struct snap *s = *link;
		if (s->generation >= seen) {
			link = &s->next_old;
			continue;
		}
		*link = s->next_old;
		old_free(p, s);
	}
	if (p->has_litter && p->olds == NULL && !uv_is_active((const uv_handle_t *)&p->rebuild)) {
		p->has_litter = false;
		(void)malloc_trim(0);
	}
}

void
publish_done(struct picd *p)
{
	while (p->olds != NULL) {
		struct snap *s = p->olds;
		p->olds = s->next_old;
		old_free(p, s);
	}
	snap_free(p->snap);
	p->snap = NULL;
	port_free_list(&p->ports, p->retired_ports);
	p->retired_ports = NULL;
	gone_free(p, UINT64_MAX);
	free(p->gone);
	p->gone = NULL;
	assoc_table_done(&p->assocs);
	port_table_done(&p->ports);
	hops_free(p->hops);
	p->hops = NULL;
	conf_free(p->conf);
	p->conf = NULL;
	free(p->taps);
	p->taps = NULL;
}
