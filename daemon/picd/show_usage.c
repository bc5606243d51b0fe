/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_usage.c - rows of `show services service-sets cpu-usage`, `memory-usage`, `summary` and `show services workers`.
 *
 * The summary has one row for the services interface. The first two have one row per service set and one or two for what belongs to none, under the names that JUNOS gives
 * them: "System" and "Idle". Memory is what the allocator has given out for tunnels, SAs and counters; rules are
 * part of the picture that all sets share, and count as System. Main thread.
 */
#include "daemon/picd/picd.h"
#include "daemon/picd/rows.h"
#include "daemon/picd/tally.h"
#include "daemon/picd/wstat.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"

#include <inttypes.h>
#include <malloc.h>
#include <string.h>

enum { HUNDRED_PERCENT = 10000 }; /* in hundredths of a percent */

static bool
is_wanted(const struct row_job *j, const char *name)
{
	return *j->name == '\0' || strcmp(j->name, name) == 0;
}

/* --- processor --- */

static struct elem *
cpu_row(struct picd *p, struct arena *a, const char *name, uint64_t hundredths)
{
	struct elem *row = elem_new(a, "service-set-cpu-statistics");
	elem_leaf(a, row, "interface-name", p->instance);
	elem_leaf(a, row, "service-set-name", name);
	elem_leaff(a, row, "cpu-utilization-percent", "%" PRIu64 ".%02" PRIu64, hundredths / 100,
	    hundredths % 100);
	return row;
}

/* NS of the time that all workers together had. */
static uint64_t
share_of(const struct picd *p, uint64_t ns)
{
	uint64_t all = p->usage.interval_ns * p->n_active;
	if (all == 0)
		return 0;
	return ns >= all ? HUNDRED_PERCENT : (uint64_t)((double)ns / (double)all * HUNDRED_PERCENT);
}

static uint64_t
set_share(const struct picd *p, const struct conf_service_set *set)
{
	const struct usage *u = &p->usage;
	const struct set_state *state = assoc_set_state(&p->assocs, set);
	if (u->weight == 0)
		return 0;
	double part = (double)state->weight / (double)u->weight;
	return share_of(p, (uint64_t)((double)u->workers_ns * part));
}

struct elem *
show_cpu(struct picd *p, struct row_job *j, struct arena *a)
{
	const struct usage *u = &p->usage;
	while (j->at < p->conf->n_service_sets) {
		const struct conf_service_set *set = p->conf->service_sets[j->at++];
		if (is_wanted(j, set->name))
			return cpu_row(p, a, set->name, set_share(p, set));
	}
	uint64_t system = share_of(p, u->other_ns + (u->weight == 0 ? u->workers_ns : 0));
	uint64_t used = share_of(p, u->other_ns + u->workers_ns);
	if (*j->name != '\0' || j->at_inner == 2)
		return NULL;
	if (j->at_inner++ == 0)
		return cpu_row(p, a, "System", system);
	return cpu_row(p, a, "Idle", HUNDRED_PERCENT - used);
}

/* --- memory --- */

static uint64_t
heap(const void *block)
{
	return block != NULL ? malloc_usable_size((void *)(uintptr_t)block) : 0;
}

static uint64_t
assoc_bytes(const struct assoc *a)
{
	uint64_t n = heap(a) + heap(a->name) + heap(a->tally) + heap(a->in.sa) + heap(a->out.sa);
	for (const struct dynamic_sa *d = a->sas; d != NULL; d = d->next)
		n += heap(d) + heap(d->sa);
	return n;
}

static uint64_t
set_bytes(const struct picd *p, const struct conf_service_set *set)
{
	const struct set_state *state = assoc_set_state(&p->assocs, set);
	uint64_t n = heap(state) + heap(state->name) + heap(state->tally);
	for (size_t i = 0; i < set->n_tunnels; i++) {
		const struct assoc *a = assoc_of_tunnel(&p->assocs, set, i);
		n += a != NULL ? assoc_bytes(a) : 0;
	}
	return n;
}

static struct elem *
memory_row(struct picd *p, struct arena *a, const char *name, uint64_t bytes)
{
	struct elem *row = elem_new(a, "service-set-memory-statistics");
	elem_leaf(a, row, "interface-name", p->instance);
	elem_leaf(a, row, "service-set-name", name);
	elem_leaff(a, row, "bytes-used", "%" PRIu64, bytes);
	return row;
}

/* What the process has on its heap and no set answers for. */
static uint64_t
system_bytes(const struct picd *p)
{
	struct mallinfo2 m = mallinfo2();
	uint64_t all = m.uordblks + m.hblkhd;
	uint64_t sets = 0;
	for (size_t i = 0; i < p->conf->n_service_sets; i++)
		sets += set_bytes(p, p->conf->service_sets[i]);
	return all > sets ? all - sets : 0;
}

struct elem *
show_memory(struct picd *p, struct row_job *j, struct arena *a)
{
	while (j->at < p->conf->n_service_sets) {
		const struct conf_service_set *set = p->conf->service_sets[j->at++];
		if (is_wanted(j, set->name))
			return memory_row(p, a, set->name, set_bytes(p, set));
	}
	if (*j->name != '\0' || j->at_inner++ > 0)
		return NULL;
	return memory_row(p, a, "System", system_bytes(p));
}

/* --- both --- */

struct elem *
show_summary(struct picd *p, struct row_job *j, struct arena *a)
{
	const struct usage *u = &p->usage;
	uint64_t sets = 0;
	if (j->at++ > 0)
		return NULL;
	for (size_t i = 0; i < p->conf->n_service_sets; i++)
		sets += set_bytes(p, p->conf->service_sets[i]);
	uint64_t used = share_of(p, u->other_ns + u->workers_ns);
	struct elem *row = elem_new(a, "service-set-summary");
	elem_leaf(a, row, "interface-name", p->instance);
	elem_leaff(a, row, "service-sets-configured", "%zu", p->conf->n_service_sets);
	elem_leaff(a, row, "service-set-bytes-used", "%" PRIu64, sets + system_bytes(p));
	elem_leaff(a, row, "service-set-policy-bytes-used", "%" PRIu64, sets);
	elem_leaff(a, row, "service-set-cpu-utilization", "%" PRIu64 ".%02" PRIu64 " %%",
	    used / 100, used % 100);
	return row;
}

/* --- workers --- */

static const char *const words[] = {
#define X(id, word, sentence) [id] = word,
	WSTAT_TABLE(X)
#undef X
};

static void
bursts_put(struct arena *a, struct elem *row, const char *name,
    const _Atomic uint64_t bursts[WSTAT_BURSTS])
{
	for (unsigned i = 0; i < WSTAT_BURSTS; i++) {
		struct elem *e = elem_add(a, row, name);
		elem_leaff(a, e, "burst-packets", "%u", 1U << i);
		elem_leaff(a, e, "burst-count", "%" PRIu64,
		    atomic_load_explicit(&bursts[i], memory_order_relaxed));
	}
}

/* Of the time since the last two samples. */
static uint64_t
busy_share(const struct picd *p, unsigned worker)
{
	const struct usage *u = &p->usage;
	uint64_t ns = u->worker_ns[worker];
	if (u->interval_ns == 0)
		return 0;
	return ns >= u->interval_ns
		   ? HUNDRED_PERCENT
		   : (uint64_t)((double)ns / (double)u->interval_ns * HUNDRED_PERCENT);
}

struct elem *
show_workers(struct picd *p, struct row_job *j, struct arena *a)
{
	if (j->at == p->n_workers)
		return NULL;
	unsigned i = (unsigned)j->at++;
	const struct wstat *s = worker_stat(p->workers[i]);
	uint64_t busy = busy_share(p, i);
	struct elem *row = elem_new(a, "service-worker");
	elem_leaf(a, row, "interface-name", p->instance);
	elem_leaff(a, row, "worker-number", "%u", i);
	elem_leaf(a, row, "worker-state", i < p->n_active ? "active" : "resting");
	elem_leaff(
	    a, row, "cpu-utilization-percent", "%" PRIu64 ".%02" PRIu64, busy / 100, busy % 100);
	for (unsigned n = 0; n < WSTAT_MAX; n++)
		elem_leaff(a, row, words[n], "%" PRIu64, wstat_get(s, (enum wstat_id)n));
	bursts_put(a, row, "out-burst", s->out_bursts);
	bursts_put(a, row, "in-burst", s->in_bursts);
	return row;
}
