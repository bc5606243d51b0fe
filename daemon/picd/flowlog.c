/* SPDX-License-Identifier: BSD-2-Clause
 *
 * flowlog.c - the `syslog` action of a term: one line per start of a flow.
 *
 * A small cache of hashes knows which flows have been seen lately; two flows that share an entry cost a
 * repeated line, nothing else. Events go to the main thread through a ring with one writer and one reader; a
 * rate limit and the ring's size bound what a flood can make us log.
 */
#include "daemon/picd/worker_priv.h"

#include "lib/esp/flow.h"

static uint32_t
hash_bytes(uint32_t h, const uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * 16777619U;
	return h;
}

static uint32_t
flow_hash(uint32_t slot, const struct flow *f)
{
	uint32_t h = 2166136261U ^ slot * 2654435761U;
	h = hash_bytes(h, f->src.b, sizeof(f->src.b));
	h = hash_bytes(h, f->dst.b, sizeof(f->dst.b));
	h = (h ^ f->proto) * 16777619U;
	h = (h ^ ((uint32_t)f->sport << 16 | f->dport)) * 16777619U;
	return h ^ h >> 15;
}

void
flowlog_note(struct worker *w, const struct path *path, const struct flow *f, bool is_output)
{
	uint32_t h = flow_hash(path->slot, f);
	uint32_t now_s = (uint32_t)(w->now_ms / 1000) + 1; /* 0: never seen */
	uint32_t last_s = w->flows[h % FLOW_CACHE].last_s;
	bool is_known = last_s != 0 && w->flows[h % FLOW_CACHE].hash == h &&
			now_s - last_s < FLOW_IDLE_MS / 1000;
	w->flows[h % FLOW_CACHE].hash = h;
	w->flows[h % FLOW_CACHE].last_s = now_s;
	if (is_known ||
	    !limiter_take(&w->flow_limit, w->now_ms, worker_share(w, FLOW_EVENTS_PER_S)))
		return;
	uint32_t in = atomic_load_explicit(&w->events_in, memory_order_relaxed);
	if (in - atomic_load_explicit(&w->events_out, memory_order_acquire) == FLOW_EVENTS)
		return;
	w->events[in % FLOW_EVENTS] = (struct flow_event){
		.source = f->src,
		.destination = f->dst,
		.slot = path->slot,
		.sport = f->sport,
		.dport = f->dport,
		.protocol = f->proto,
		.is_output = is_output,
	};
	atomic_store_explicit(&w->events_in, in + 1, memory_order_release);
	w->p.notify(w->p.notify_arg);
}

bool
worker_next_event(struct worker *w, struct flow_event *out)
{
	uint32_t at = atomic_load_explicit(&w->events_out, memory_order_relaxed);
	if (at == atomic_load_explicit(&w->events_in, memory_order_acquire))
		return false;
	*out = w->events[at % FLOW_EVENTS];
	atomic_store_explicit(&w->events_out, at + 1, memory_order_release);
	return true;
}
