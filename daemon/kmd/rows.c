/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rows.c - answers operational commands: one MSG_ROW at a time, never faster than mgd reads.
 *
 * Jobs wait in a queue and the first one runs until the channel holds enough; it goes on when the channel is empty again. So ten
 * thousand SAs cost a bounded buffer, and the loop stays free for negotiations.
 */
#include "daemon/kmd/rows.h"

#include "daemon/kmd/kmd.h"
#include "lib/base/smap.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/os/answer.h"

#include <stdlib.h>
#include <string.h>

enum { QUEUE_HIGH = 256 * 1024, JOBS_MAX = 32 };

/* What the argument of a command selects. */
struct row_command {
	const char *rpc;
	struct elem *(*next_row)(struct kmd *k, struct row_job *j, struct arena *a);
	void (*note)(struct kmd *k, struct row_job *j); /* or NULL */
	bool services;
	bool es;
	const char *remote_leaf; /* names of arguments, or NULL */
	const char *sa_leaf;
};

static const struct row_command commands[] = {
	{ "get-ike-services-security-associations-information", show_ike_sas, rows_note_ike, true,
	    false, "peer-address", NULL },
	{ "get-ike-security-associations-information", show_ike_sas, rows_note_ike, false, true,
	    "peer-address", NULL },
	{ "get-ike-services-statistics", show_ike_statistics, rows_note_ike, true, false,
	    "peer-address", NULL },
	{ "get-ipsec-tunnel-redundancy-information", show_redundancy, rows_note_tunnels, false,
	    true, NULL, "security-association-name" },
	{ "get-ipsec-pic-redundancy-information", show_pic_redundancy, rows_note_tunnels, false,
	    true, NULL, NULL },
	{ "clear-services-ike-security-associations", clear_ike, NULL, true, false, "peer-address",
	    NULL },
	{ "clear-services-ike-statistics", clear_ike_statistics, NULL, true, false, "peer-address",
	    NULL },
	{ "clear-ike-security-associations", clear_ike, NULL, false, true, "peer-address", NULL },
	{ "clear-services-ipsec-vpn-security-associations", clear_ipsec, NULL, true, false,
	    "remote-gateway", NULL },
	{ "clear-ipsec-security-associations", clear_ipsec, NULL, false, true, NULL, "sa-name" },
	{ "request-ipsec-switch-tunnel", switch_tunnel, NULL, true, false, "remote-gateway", NULL },
	{ "request-ipsec-switch", switch_es, rows_note_tunnels, false, true, NULL,
	    "security-associations" },
};

static void
job_free(struct row_job *j)
{
	arena_free(j->arena);
	free(j->items);
	free(j);
}

static void
job_drop(struct kmd *k)
{
	struct row_job *j = k->jobs;
	k->jobs = j->next;
	job_free(j);
}

static void on_drained(struct ipc *c, void *arg);

/* Sends rows until the channel holds enough or nothing is left to say. */
static void
jobs_run(struct kmd *k)
{
	while (k->jobs != NULL) {
		struct row_job *j = k->jobs;
		if (ipc_queued(k->mgd) >= QUEUE_HIGH) {
			ipc_on_drained(k->mgd, on_drained);
			return;
		}
		struct arena *a = arena_new();
		struct elem *row = !j->is_elsewhere ? j->command->next_row(k, j, a) : NULL;
		int rc = row != NULL ? ipc_send(k->mgd, MSG_ROW, j->seq, row, -1) : 0;
		arena_free(a);
		if (rc < 0) {
			answer_rpc(k->mgd, j->seq, "the answer could not be sent");
			job_drop(k);
		} else if (row == NULL) {
			answer_rpc(k->mgd, j->seq, j->error);
			job_drop(k);
		}
	}
}

static void
on_drained(struct ipc *c, void *arg)
{
	struct kmd *k = arg;
	(void)c;
	if (k->mgd != NULL)
		jobs_run(k);
}

/* --- what a job is about --- */

static int
by_remote(const void *a, const void *b)
{
	const struct row_item *x = a;
	const struct row_item *y = b;
	int by_family = (int)x->remote.family - (int)y->remote.family;
	int by_address = memcmp(x->remote.b, y->remote.b, sizeof(x->remote.b));
	int by_age = (x->begun_ms > y->begun_ms) - (x->begun_ms < y->begun_ms);
	return by_family != 0 ? by_family : by_address != 0 ? by_address : by_age;
}

/* Is SA of the family of commands that J is of? One that belongs to no tunnel (any more) is told with the services. */
static bool
is_of_family(const struct kmd *k, const struct row_job *j, const struct ike_sa *sa)
{
	struct life_peer_view peer;
	bool is_es = life_peer(k->life, &sa->path, &peer) && peer.service_set == NULL;
	return is_es ? j->which.es : j->which.services;
}

static void
item_add(struct row_job *j, size_t *cap, struct row_item item)
{
	if (j->n_items == *cap) {
		*cap = *cap == 0 ? 64 : 2 * *cap;
		struct row_item *grown = realloc(j->items, *cap * sizeof(*grown));
		if (grown == NULL)
			abort();
		j->items = grown;
	}
	j->items[j->n_items++] = item;
}

static const char *
key_of(struct arena *a, struct addr remote)
{
	char text[ADDR_STRLEN];
	return arena_strdup(a, addr_print(remote, text));
}

static bool
is_asked_for(const struct row_job *j, const struct life_tunnel_view *t, struct addr remote)
{
	return (t->service_set != NULL ? j->which.services : j->which.es) &&
	       (j->which.remote.family == ADDR_NONE || addr_eq(j->which.remote, remote)) &&
	       (j->which.sa_name == NULL ||
		   (t->sa_name != NULL && strcmp(j->which.sa_name, t->sa_name) == 0));
}

/* The tunnels whose negotiation failed, one for each peer that has no IKE SA. */
static void
failures_note(struct kmd *k, struct row_job *j, size_t *cap)
{
	struct smap told = { 0 };
	for (size_t i = 0; i < j->n_items; i++)
		(void)smap_add(&told, key_of(j->arena, j->items[i].remote), j);
	for (size_t i = 0; i < life_n_tunnels(k->life); i++) {
		struct life_tunnel_view t;
		life_tunnel(k->life, kmd_now(), i, &t);
		if (t.failure == NULL || !is_asked_for(j, &t, t.failed) ||
		    !smap_add(&told, key_of(j->arena, t.failed), j))
			continue;
		item_add(j, cap,
		    (struct row_item){
			.remote = t.failed,
			.tunnel = arena_strdup(j->arena, t.name),
		    });
	}
	smap_done(&told);
}

void
rows_note_ike(struct kmd *k, struct row_job *j)
{
	const struct ike *ike = life_ike(k->life);
	size_t cap = 0;
	for (size_t i = 0; i < ike_n_sas(ike); i++) {
		const struct ike_sa *sa = ike_sa_at(ike, i);
		if (j->which.remote.family != ADDR_NONE &&
		    !addr_eq(j->which.remote, sa->path.remote.addr))
			continue;
		if (is_of_family(k, j, sa))
			item_add(j, &cap,
			    (struct row_item){
				.cky_i = sa->cky_i,
				.cky_r = sa->cky_r,
				.remote = sa->path.remote.addr,
				.begun_ms = sa->begun_ms,
			    });
	}
	if (j->n_items > 0)
		qsort(j->items, j->n_items, sizeof(*j->items), by_remote);
	if (j->is_detail)
		failures_note(k, j, &cap);
}

void
rows_note_tunnels(struct kmd *k, struct row_job *j)
{
	size_t cap = 0;
	for (size_t i = 0; i < life_n_tunnels(k->life); i++) {
		struct life_tunnel_view t;
		life_tunnel(k->life, kmd_now(), i, &t);
		if (is_asked_for(j, &t, t.primary))
			item_add(
			    j, &cap, (struct row_item){ .tunnel = arena_strdup(j->arena, t.name) });
	}
}

/* --- the request --- */

/* Copies E and what is below it into A; recursion ends at ELEM_DEPTH_MAX. */
static struct elem *
request_copy(struct arena *a, const struct elem *e)
{
	struct elem *to = elem_new(a, e->name);
	for (const struct elem *c = e->child; c != NULL; c = c->next)
		if (c->value != NULL)
			elem_leaf(a, to, c->name, c->value);
		else
			elem_flag(a, to, c->name);
	return to;
}

static bool
addr_read(const struct elem *request, const char *name, struct addr *out)
{
	const char *text = name != NULL ? elem_value(request, name) : NULL;
	return text == NULL || addr_parse(text, out);
}

/* Makes a job of an RPC; NULL, and WHY says the reason, if it is not one of ours. */
static struct row_job *
job_new(const struct elem *rpc, const char **why)
{
	const size_t n = sizeof(commands) / sizeof(commands[0]);
	size_t i = 0;
	while (i < n && strcmp(commands[i].rpc, rpc->name) != 0)
		i++;
	*why = "unknown command";
	if (i == n)
		return NULL;
	struct row_job *j = calloc(1, sizeof(*j));
	if (j == NULL)
		abort();
	j->command = &commands[i];
	j->arena = arena_new();
	j->request = request_copy(j->arena, rpc);
	const char *level = elem_value(j->request, "level");
	const char *index = elem_value(j->request, "tunnel-index");
	const char *instance = elem_value(j->request, "routing-instance");
	j->is_elsewhere =
	    instance != NULL && strcmp(instance, "default") != 0 && strcmp(instance, "master") != 0;
	if (j->is_elsewhere && commands[i].next_row == switch_tunnel)
		j->error = "there is no IKE in this routing instance";
	j->is_detail = level != NULL && strcmp(level, "detail") == 0;
	j->which.services = commands[i].services;
	j->which.es = commands[i].es;
	j->which.service_set = elem_value(j->request, "service-set");
	j->which.tunnel_index = index != NULL ? (unsigned)strtoul(index, NULL, 10) : 0;
	if (commands[i].sa_leaf != NULL)
		j->which.sa_name = elem_value(j->request, commands[i].sa_leaf);
	*why = "invalid argument";
	if (addr_read(j->request, commands[i].remote_leaf, &j->which.remote) &&
	    addr_read(j->request, "local-gateway", &j->local))
		return j;
	job_free(j);
	return NULL;
}

void
rows_start(struct kmd *k, uint32_t seq, const struct elem *rpc)
{
	const char *why;
	size_t n = 0;
	struct row_job **last = &k->jobs;
	for (; *last != NULL; last = &(*last)->next)
		n++;
	struct row_job *j = NULL;
	if (n >= JOBS_MAX)
		why = "too many commands at once";
	else
		j = job_new(rpc, &why);
	if (j == NULL) {
		answer_rpc(k->mgd, seq, why);
		return;
	}
	j->seq = seq;
	if (j->command->note != NULL)
		j->command->note(k, j);
	*last = j;
	if (k->jobs == j) /* else one before it is at work */
		jobs_run(k);
}

void
rows_stop(struct kmd *k)
{
	while (k->jobs != NULL)
		job_drop(k);
}
