/* SPDX-License-Identifier: BSD-2-Clause
 *
 * watch.c - answers commands that show packets as they pass; see watch.h.
 *
 * A watch has a filter that the workers look at (tap.h). Every 10 ms their rings are emptied, the oldest record first, and each
 * record becomes a row for whom it is for. mgd hears something at least every few seconds, so that it does not take
 * silence for a hang. A filter is used again only when every worker has begun a turn since it was switched off. What
 * cannot be passed on in time is lost and counted; the last row says how much.
 */
#include "daemon/picd/watch.h"

#include "daemon/picd/picd.h"
#include "daemon/picd/sight.h"
#include "daemon/picd/tap.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/msg/row.h"
#include "lib/os/answer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	LOOK_MS = 10,
	ALIVE_MS = 5000,
	SETTLE_MS = 300, /* after which a packet has taken all its steps */
	QUEUE_HIGH = 1 << 20,
	TRACE_DEFAULT = 10,
};

struct watch {
	struct watch *next;
	uint32_t seq;
	unsigned filter; /* place in taps */
	bool is_trace;
	char unit[64];        /* monitor: which; "sp-1/2/0": all */
	uint64_t n_wanted;    /* packets; 0: no end */
	uint64_t n_shown;     /* rows */
	uint64_t lost_before; /* as it began, in the rings of all workers */
	uint64_t n_late;      /* lost because mgd did not read */
	uint64_t end_ms;      /* 0: none */
	uint64_t said_ms;     /* last row */
};

static const char *const points[] = {
#define X(id, word, sentence) [id] = word,
	TAP_TABLE(X)
#undef X
};

bool
watch_is(const struct elem *rpc)
{
	return strcmp(rpc->name, "monitor-traffic") == 0 ||
	       strcmp(rpc->name, "monitor-packet-trace") == 0;
}

/* --- filters --- */

static void
filters_set(struct picd *p)
{
	uint32_t on = 0;
	for (const struct watch *w = p->watches; w != NULL; w = w->next)
		on |= 1U << w->filter;
	for (unsigned i = 0; i < p->n_workers; i++)
		worker_tap(p->workers[i], p->taps, on);
}

/* A filter that no worker looks at any more; TAP_WATCHES: there is none. */
static unsigned
filter_free(const struct picd *p)
{
	for (unsigned i = 0; i < TAP_WATCHES; i++) {
		bool is_used = false;
		for (const struct watch *w = p->watches; w != NULL; w = w->next)
			is_used = is_used || w->filter == i;
		if (!is_used && p->tap_epochs[i] <= publish_epoch_seen(p))
			return i;
	}
	return TAP_WATCHES;
}

/* Is the unit of PORT what W watches? */
static bool
is_watched(const struct watch *w, const struct port *port)
{
	return port != NULL && port->kind <= PORT_CAPTURE_OUT && strcmp(port->unit, w->unit) == 0;
}

/* Queues come and go with commits. */
static void
tags_set(struct picd *p, const struct watch *w)
{
	struct tap_filter *f = &p->taps->filters[w->filter];
	uint32_t n = 0;
	if (strchr(w->unit, '.') == NULL)
		return;
	for (size_t i = 0; i < p->ports.n && n < TAP_TAGS; i++)
		if (is_watched(w, p->ports.by_index[i]))
			atomic_store_explicit(
			    &f->tags[n++], p->ports.by_index[i]->tag, memory_order_relaxed);
	if (n == 0) /* of no port */
		atomic_store_explicit(&f->tags[n++], UINT32_MAX, memory_order_relaxed);
	atomic_store_explicit(&f->n_tags, n, memory_order_release);
}

static uint64_t
lost_in_rings(const struct picd *p)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < p->n_workers; i++)
		n += atomic_load_explicit(&p->taps->rings[i].lost, memory_order_relaxed);
	return n;
}

/* --- rows --- */

static void
packet_put(struct arena *a, struct elem *e, const struct tap_record *r)
{
	char text[ADDR_STRLEN];
	struct sight s;
	sight_read(r->data, r->captured, &s);
	if (s.source.family == ADDR_NONE)
		return;
	elem_leaf(a, e, "source-address", addr_print(s.source, text));
	elem_leaf(a, e, "destination-address", addr_print(s.destination, text));
	elem_leaff(a, e, "ip-protocol", "%u", s.protocol);
	elem_leaff(a, e, "ip-ttl", "%u", s.ttl);
	if (s.has_df)
		elem_flag(a, e, "ip-dont-fragment");
	if (s.frag_off > 0 || s.has_more)
		elem_leaff(a, e, "ip-fragment-offset", "%u", s.frag_off);
	if (s.has_more)
		elem_flag(a, e, "ip-more-fragments");
	if (s.has_ports) {
		elem_leaff(a, e, "source-port", "%u", s.sport);
		elem_leaff(a, e, "destination-port", "%u", s.dport);
	}
	if (s.has_tcp_flags)
		elem_leaff(a, e, "tcp-flags", "%u", s.tcp_flags);
	if (s.has_icmp) {
		elem_leaff(a, e, "icmp-type", "%u", s.icmp_type);
		elem_leaff(a, e, "icmp-code", "%u", s.icmp_code);
	}
	if (s.has_icmp_id) {
		elem_leaff(a, e, "icmp-id", "%u", s.icmp_id);
		elem_leaff(a, e, "icmp-sequence", "%u", s.icmp_seq);
	}
	if (s.has_spi) {
		elem_leaff(a, e, "sa-spi", "%u", s.spi);
		elem_leaff(a, e, "sequence-number", "%u", s.seq);
	}
}

static void
time_put(struct arena *a, struct elem *e, const struct tap_record *r)
{
	elem_leaff(a, e, "packet-time", "%" PRIu64 ".%06" PRIu64, r->at_ns / 1000000000,
	    r->at_ns / 1000 % 1000000);
	elem_leaff(a, e, "worker-number", "%u", r->worker);
}

static const struct port *
port_of(const struct picd *p, uint32_t tag)
{
	uint32_t index = tag & (PORT_MAX - 1);
	const struct port *port = index < p->ports.n ? p->ports.by_index[index] : NULL;
	return port != NULL && port->tag == tag ? port : NULL;
}

static void
size_put(struct arena *a, struct elem *e, const struct tap_record *r)
{
	elem_leaff(a, e, "packet-length", "%u", r->len);
	if (r->gso_size > 0)
		elem_leaff(a, e, "segment-size", "%u", r->gso_size);
}

static struct elem *
monitor_row(struct picd *p, struct arena *a, const struct tap_record *r)
{
	static const char digits[] = "0123456789abcdef";
	char hex[2 * TAP_SNAP + 1];
	bool is_out = r->point == TAP_ARRIVED || r->point == TAP_SENT;
	bool is_outer = r->point == TAP_SENT || r->point == TAP_RECEIVED;
	const struct port *port = port_of(p, r->tag);
	struct elem *e = elem_new(a, "monitored-packet");
	time_put(a, e, r);
	if (port != NULL)
		elem_leaf(a, e, "interface-name", port->unit);
	elem_leaf(a, e, "packet-direction", is_out ? "out" : "in");
	elem_leaf(a, e, "packet-layer", is_outer ? "outer" : "inner");
	packet_put(a, e, r);
	size_put(a, e, r);
	for (unsigned i = 0; i < r->captured; i++) {
		hex[2 * i] = digits[r->data[i] >> 4];
		hex[2 * i + 1] = digits[r->data[i] & 0xf];
	}
	hex[2 * r->captured] = '\0';
	elem_leaf(a, e, "packet-octets", hex);
	return e;
}

/* Whose tunnel it is. */
static void
assoc_put(struct picd *p, struct arena *a, struct elem *e, uint32_t slot)
{
	const struct assoc *as = slot < p->assocs.n_slots ? p->assocs.by_slot[slot] : NULL;
	if (as == NULL)
		return;
	if (as->kind == ASSOC_TUNNEL) {
		elem_leaf(a, e, "svc-set-name", as->set->name);
		elem_leaf(a, e, "sa-rule-name", as->tunnel->term->rule->name);
		elem_leaf(a, e, "sa-term-name", as->tunnel->term->name);
		elem_leaff(a, e, "sa-tunnel-index", "%u", as->tunnel->index);
	} else {
		elem_leaf(
		    a, e, "sa-name", as->kind == ASSOC_ES ? as->unit->name : as->conf_sa->name);
	}
}

static struct elem *
trace_row(struct picd *p, struct arena *a, const struct tap_record *r)
{
	const struct port *port = port_of(p, r->tag);
	struct elem *e = elem_new(a, "packet-trace-step");
	elem_leaff(a, e, "packet-number", "%u", r->trace & ((1U << TAP_TRACE_SHIFT) - 1));
	time_put(a, e, r);
	elem_leaf(a, e, "trace-step", points[r->point]);
	if (port != NULL && *port->unit != '\0')
		elem_leaf(a, e, "interface-name", port->unit);
	assoc_put(p, a, e, r->slot);
	if (r->captured > 0)
		packet_put(a, e, r);
	if (r->spi != 0 && !elem_has(e, "sa-spi"))
		elem_leaff(a, e, "sa-spi", "%u", r->spi);
	size_put(a, e, r);
	if (r->point == TAP_HANDED)
		elem_leaff(a, e, "owner-number", "%u", r->owner);
	if (r->point != TAP_DROPPED)
		return e;
	elem_leaf(a, e, "drop-reason", drop_info(r->reason)->word);
	elem_leaf(a, e, "drop-text", drop_info(r->reason)->sentence);
	if (r->mtu > 0)
		elem_leaff(a, e, "told-mtu", "%u", r->mtu);
	return e;
}

static void
row_send(struct picd *p, struct watch *w, const struct elem *row)
{
	w->said_ms = p->now_ms();
	if (ipc_queued(p->mgd) >= QUEUE_HIGH || ipc_send(p->mgd, MSG_ROW, w->seq, row, -1) < 0)
		w->n_late++;
}

/* Is R for W? */
static bool
is_for(const struct watch *w, const struct tap_record *r)
{
	if (w->is_trace)
		return r->trace >> TAP_TRACE_SHIFT == w->filter + 1;
	return (r->watches & 1U << w->filter) != 0 &&
	       (w->n_wanted == 0 || w->n_shown < w->n_wanted);
}

static void
record_show(struct picd *p, const struct tap_record *r)
{
	for (struct watch *w = p->watches; w != NULL; w = w->next) {
		if (!is_for(w, r))
			continue;
		struct arena *a = arena_new();
		row_send(p, w, w->is_trace ? trace_row(p, a, r) : monitor_row(p, a, r));
		w->n_shown++;
		arena_free(a);
	}
}

/* --- life --- */

static void
watch_free(struct picd *p, struct watch *w)
{
	for (struct watch **at = &p->watches; *at != NULL; at = &(*at)->next)
		if (*at == w) {
			*at = w->next;
			break;
		}
	filters_set(p);
	p->tap_epochs[w->filter] = publish_epoch(p);
	/* the next command shall not be refused because a worker without packets sleeps */
	for (unsigned i = 0; i < p->n_workers; i++)
		worker_nudge(p->workers[i]);
	if (p->watches == NULL)
		uv_timer_stop(&p->look);
	free(w);
}

static void
watch_end(struct picd *p, struct watch *w)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, w->is_trace ? "packet-trace-end" : "monitor-end");
	uint64_t n_packets =
	    w->is_trace
		? atomic_load_explicit(&p->taps->filters[w->filter].n_taken, memory_order_relaxed)
		: w->n_shown;
	elem_leaff(a, e, "packets-shown", "%" PRIu64, n_packets);
	elem_leaff(a, e, "packets-lost", "%" PRIu64, lost_in_rings(p) - w->lost_before + w->n_late);
	row_send(p, w, e);
	answer_rpc(p->mgd, w->seq, NULL);
	watch_free(p, w);
	arena_free(a);
}

static bool
is_over(const struct picd *p, const struct watch *w)
{
	uint64_t now = p->now_ms();
	if (w->end_ms != 0 && now >= w->end_ms)
		return true;
	if (!w->is_trace)
		return w->n_wanted != 0 && w->n_shown >= w->n_wanted;
	const struct tap_filter *f = &p->taps->filters[w->filter];
	return atomic_load_explicit(&f->n_taken, memory_order_relaxed) >= w->n_wanted &&
	       now - w->said_ms >= SETTLE_MS;
}

/* Takes the oldest record; false: there is none. */
static bool
record_next(struct picd *p)
{
	struct tap_ring *oldest = NULL;
	const struct tap_record *r = NULL;
	for (unsigned i = 0; i < p->n_workers; i++) {
		struct tap_ring *ring = &p->taps->rings[i];
		uint32_t out = atomic_load_explicit(&ring->out, memory_order_relaxed);
		if (out == atomic_load_explicit(&ring->in, memory_order_acquire))
			continue;
		if (r == NULL || ring->slots[out % TAP_SLOTS].at_ns < r->at_ns) {
			oldest = ring;
			r = &ring->slots[out % TAP_SLOTS];
		}
	}
	if (r == NULL)
		return false;
	record_show(p, r);
	atomic_fetch_add_explicit(&oldest->out, 1, memory_order_release);
	return true;
}

void
watch_look(struct picd *p)
{
	struct watch *next;
	for (unsigned n = TAP_SLOTS * p->n_workers; n > 0 && record_next(p); n--)
		;
	for (struct watch *w = p->watches; w != NULL; w = next) {
		next = w->next;
		tags_set(p, w);
		if (is_over(p, w)) {
			watch_end(p, w);
		} else if (p->now_ms() - w->said_ms >= ALIVE_MS) {
			struct arena *a = arena_new();
			row_send(p, w, elem_new(a, ROW_ALIVE));
			arena_free(a);
		}
	}
}

static void
on_look(uv_timer_t *t)
{
	watch_look(t->data);
}

/* --- the request --- */

static bool
number_read(const struct elem *rpc, const char *name, uint64_t max, uint64_t *out)
{
	const char *text = elem_value(rpc, name);
	char *end;
	if (text == NULL)
		return true;
	*out = strtoull(text, &end, 0);
	return *text >= '0' && *text <= '9' && *end == '\0' && *out <= max;
}

static bool
prefix_read(const struct elem *rpc, const char *name, struct prefix *out)
{
	const char *text = elem_value(rpc, name);
	return text == NULL || prefix_parse(text, out);
}

/* Is UNIT a unit of this services interface, or the interface itself? */
static bool
is_ours(const struct picd *p, const char *unit)
{
	size_t n = strlen(p->instance);
	return strncmp(unit, p->instance, n) == 0 && (unit[n] == '\0' || unit[n] == '.');
}

/* Reads what RPC wants into W and F. Returns NULL, or what is wrong. */
static const char *
request_read(const struct picd *p, const struct elem *rpc, struct watch *w, struct tap_filter *f)
{
	const char *unit = elem_value(rpc, "interface");
	uint64_t seconds = 0;
	uint64_t spi = 0;
	if (unit == NULL)
		return "missing mandatory argument: interface";
	if (strlen(unit) >= sizeof(w->unit))
		return "invalid argument";
	snprintf(w->unit, sizeof(w->unit), "%s", unit);
	w->is_trace = strcmp(rpc->name, "monitor-packet-trace") == 0;
	w->n_wanted = w->is_trace ? TRACE_DEFAULT : 0;
	if (!number_read(rpc, "count", w->is_trace ? TAP_TRACE_MAX : UINT32_MAX, &w->n_wanted) ||
	    !number_read(rpc, "seconds", UINT32_MAX, &seconds) ||
	    !number_read(rpc, "spi", UINT32_MAX, &spi))
		return "invalid argument";
	f->is_trace = w->is_trace;
	f->spi = (uint32_t)spi;
	f->n_wanted = (uint32_t)w->n_wanted;
	f->has_inner = !elem_has(rpc, "outer");
	f->has_outer = !elem_has(rpc, "inner");
	if (!prefix_read(rpc, "source-prefix", &f->source) ||
	    !prefix_read(rpc, "destination-prefix", &f->destination))
		return "invalid prefix";
	const char *program = elem_value(rpc, "packet-filter");
	f->n_ops = program != NULL ? bpf_read(program, f->ops) : 0;
	if (program != NULL && f->n_ops == 0)
		return "invalid packet filter";
	w->end_ms = seconds != 0 ? p->now_ms() + seconds * 1000 : 0;
	return NULL;
}

static bool
taps_make(struct picd *p)
{
	size_t n = sizeof(struct taps) + p->n_workers * sizeof(struct tap_ring);
	if (p->taps == NULL) {
		p->taps = aligned_alloc(64, (n + 63) / 64 * 64);
		if (p->taps != NULL)
			memset(p->taps, 0, n);
	}
	return p->taps != NULL;
}

void
watch_start(struct picd *p, uint32_t seq, const struct elem *rpc)
{
	struct tap_filter f = { 0 };
	struct watch w = { .seq = seq, .said_ms = p->now_ms() };
	const char *why = request_read(p, rpc, &w, &f);
	if (why == NULL && !is_ours(p, w.unit)) {
		answer_rpc(p->mgd, seq, NULL); /* another picd's */
		return;
	}
	if (why == NULL && !taps_make(p))
		why = "out of memory";
	w.filter = why == NULL ? filter_free(p) : 0;
	if (w.filter == TAP_WATCHES)
		why = "packets are being watched by too many commands";
	struct watch *made = why == NULL ? malloc(sizeof(*made)) : NULL;
	if (made == NULL) {
		answer_rpc(p->mgd, seq, why != NULL ? why : "out of memory");
		return;
	}
	struct tap_filter *to = &p->taps->filters[w.filter];
	memset(to, 0, sizeof(*to));
	to->is_trace = f.is_trace;
	to->n_ops = f.n_ops;
	memcpy(to->ops, f.ops, f.n_ops * sizeof(f.ops[0]));
	to->has_inner = f.has_inner;
	to->has_outer = f.has_outer;
	to->source = f.source;
	to->destination = f.destination;
	to->spi = f.spi;
	to->n_wanted = f.n_wanted;
	*made = w;
	made->lost_before = lost_in_rings(p);
	made->next = p->watches;
	p->watches = made;
	tags_set(p, made);
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, w.is_trace ? "packet-trace-begin" : "monitor-begin");
	elem_leaf(a, e, "interface-name", w.unit);
	elem_leaff(a, e, "capture-size", "%u", TAP_SNAP);
	row_send(p, made, e);
	arena_free(a);
	filters_set(p);
	if (made->next == NULL) {
		p->look.data = p;
		uv_timer_start(&p->look, on_look, LOOK_MS, LOOK_MS);
	}
}

void
watch_stop(struct picd *p, uint32_t seq)
{
	for (struct watch *w = p->watches; w != NULL; w = w->next)
		if (w->seq == seq) {
			answer_rpc(p->mgd, seq, NULL);
			watch_free(p, w);
			return;
		}
}

void
watch_stop_all(struct picd *p)
{
	while (p->watches != NULL)
		watch_free(p, p->watches);
}
