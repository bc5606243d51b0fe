/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show.c - which of netd's commands a request is, and the rows of the short ones: firewall counters. Long ones are jobs.
 *
 * Element names are Juniper's. One row is one child of the reply's root; nothing here is text for people.
 */
#include "daemon/netd/netd.h"

#include "daemon/netd/jobs.h"
#include "lib/base/arena.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/os/answer.h"

#include <string.h>

struct reply {
	struct netd *n;
	struct ipc *c;
	uint32_t seq;
	const struct elem *args;
	const char *error; /* NULL: fine */
};

static void
row_send(struct reply *r, const struct elem *row)
{
	if (r->error == NULL && ipc_send(r->c, MSG_ROW, r->seq, row, -1) < 0)
		r->error = "error: the reply is too large";
}

/* --- show firewall --- */

static void
filter_put(struct reply *r, const struct conf_filter *f, const struct smap *counts)
{
	static const struct nft_count zero = { 0 };
	struct arena *a = arena_new();
	struct smap seen = { 0 };
	struct elem *row = elem_new(a, "filter-information");
	elem_leaf(a, row, "filter-name", f->name);
	for (size_t i = 0; i < f->n_terms; i++) {
		const char *name = f->terms[i].count;
		if (name == NULL || !smap_add(&seen, name, row))
			continue;
		const struct nft_count *n = smap_find(counts, nfttext_counter(a, f, name));
		if (n == NULL)
			n = &zero;
		struct elem *e = elem_add(a, row, "counter");
		elem_leaf(a, e, "counter-name", name);
		elem_leaff(a, e, "packet-count", "%llu", (unsigned long long)n->packets);
		elem_leaff(a, e, "byte-count", "%llu", (unsigned long long)n->bytes);
	}
	row_send(r, row);
	smap_done(&seen);
	arena_free(a);
}

static void
firewall_show(struct reply *r)
{
	const struct conf *c = r->n->conf;
	const char *name = elem_value(r->args, "filter");
	struct arena *a = arena_new();
	struct smap counts = { 0 };
	bool is_found = false;
	nft_counters(&r->n->nft, a, &counts);
	for (size_t i = 0; c != NULL && i < c->n_filters; i++) {
		if (name != NULL && strcmp(name, c->filters[i]->name) != 0)
			continue;
		is_found = true;
		filter_put(r, c->filters[i], &counts);
	}
	if (name != NULL && !is_found)
		r->error = "error: filter not found";
	smap_done(&counts);
	arena_free(a);
}

/* --- the table --- */

static const struct job_kind *const jobs[] = { &job_interfaces, &job_clear_interfaces, &job_routes,
	&job_route_summary, &job_forwarding, &job_arp, &job_clear_arp, &job_nd, &job_ping,
	&job_traceroute };

void
show_rpc(struct netd *n, struct ipc *c, const struct ipc_msg *m)
{
	struct reply r = { .n = n, .c = c, .seq = m->seq, .args = m->body };
	for (size_t i = 0; m->body != NULL && i < sizeof(jobs) / sizeof(jobs[0]); i++)
		if (strcmp(jobs[i]->rpc, m->body->name) == 0) {
			job_start(n, c, m->seq, jobs[i], m->body);
			return;
		}
	if (m->body != NULL && strcmp(m->body->name, "get-firewall-information") == 0)
		firewall_show(&r);
	else
		r.error = "error: unknown command";
	answer_rpc(c, m->seq, r.error);
}
