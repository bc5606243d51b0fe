/* SPDX-License-Identifier: BSD-2-Clause
 *
 * usage.c - who uses how much of the processor; see usage.h.
 *
 * A packet costs something and so do its octets; how much each, the benchmark of lib/esp says: a packet is as dear as some
 * hundred octets. The counters of SAs are only read, so workers notice nothing of a sample.
 */
#include "daemon/picd/usage.h"

#include "daemon/picd/picd.h"
#include "daemon/picd/traffic.h"
#include "daemon/picd/wstat.h"
#include "lib/base/clock.h"
#include "lib/conf/conf.h"

enum { PACKET_OCTETS = 500, NS_PER_MS = 1000000 };

/* What has gone through the tunnels of SET, as far as it costs time. */
static uint64_t
set_weight(const struct picd *p, const struct conf_service_set *set)
{
	struct traffic t = { 0 };
	for (size_t i = 0; i < set->n_tunnels; i++) {
		const struct assoc *a = assoc_of_tunnel(&p->assocs, set, i);
		if (a == NULL)
			continue;
		traffic_sum(&t, &a->ended);
		if (a->in.sa != NULL)
			traffic_add(&t, a->in.sa);
		if (a->out.sa != NULL)
			traffic_add(&t, a->out.sa);
		for (const struct dynamic_sa *d = a->sas; d != NULL; d = d->next)
			traffic_add(&t, d->sa);
	}
	return t.esp_out_bytes + t.esp_in_bytes + t.ah_out_bytes + t.ah_in_bytes +
	       PACKET_OCTETS *
		   (t.esp_out_packets + t.esp_in_packets + t.ah_out_packets + t.ah_in_packets);
}

/* What is more in NOW than in BEFORE; a counter that was cleared begins again. */
static uint64_t
grown(uint64_t now, uint64_t before)
{
	return now >= before ? now - before : now;
}

void
usage_sample(struct picd *p)
{
	struct usage *u = &p->usage;
	uint64_t busy = 0;
	uint64_t process = clock_process_ns();
	uint64_t now_ms = p->now_ms();
	for (unsigned i = 0; i < p->n_workers; i++) {
		uint64_t ns = wstat_get(worker_stat(p->workers[i]), WSTAT_BUSY_NS);
		u->worker_ns[i] = grown(ns, u->worker_seen_ns[i]);
		u->worker_seen_ns[i] = ns;
		busy += ns;
	}
	uint64_t workers = grown(busy, u->busy_ns);
	uint64_t all = grown(process, u->process_ns);
	u->interval_ns = u->at_ms != 0 ? (now_ms - u->at_ms) * NS_PER_MS : 0;
	u->workers_ns = workers;
	u->other_ns = all > workers ? all - workers : 0;
	u->weight = 0;
	for (size_t i = 0; p->conf != NULL && i < p->conf->n_service_sets; i++) {
		const struct conf_service_set *set = p->conf->service_sets[i];
		struct set_state *state = assoc_set_state(&p->assocs, set);
		uint64_t weight = set_weight(p, set);
		state->weight = grown(weight, state->weight_seen);
		state->weight_seen = weight;
		u->weight += state->weight;
	}
	u->at_ms = now_ms;
	u->busy_ns = busy;
	u->process_ns = process;
}
