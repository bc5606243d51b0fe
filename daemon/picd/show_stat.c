/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_stat.c - rows of `show services ipsec-vpn ipsec statistics`, and the command that clears them.
 *
 * Brief: one row per service set; detail: one per tunnel. Traffic comes from the SAs' counters, errors
 * from the drop tallies, by the columns that lib/esp/drop.h gives every reason. One more row, without a name and
 * without traffic, if packets were dropped that no set could be found for. The display
 * has no column for some reasons (dummy packets); they only show as packet drops.
 */
#include "daemon/picd/picd.h"
#include "daemon/picd/rows.h"
#include "daemon/picd/tally.h"
#include "daemon/picd/traffic.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"

#include <inttypes.h>
#include <string.h>

static void
assoc_traffic(struct traffic *t, const struct assoc *a)
{
	traffic_sum(t, &a->ended);
	if (a->out.sa != NULL)
		traffic_add(t, a->out.sa);
	if (a->in.sa != NULL)
		traffic_add(t, a->in.sa);
	for (const struct dynamic_sa *d = a->sas; d != NULL; d = d->next)
		traffic_add(t, d->sa);
}

static void
number(struct arena *a, struct elem *e, const char *name, uint64_t n)
{
	elem_leaff(a, e, name, "%" PRIu64, n);
}

static void
traffic_put(struct arena *a, struct elem *parent, const struct traffic *t)
{
	struct elem *esp = elem_add(a, parent, "esp-statistics");
	number(a, esp, "esp-encrypted-bytes", t->esp_out_bytes);
	number(a, esp, "esp-decrypted-bytes", t->esp_in_bytes);
	number(a, esp, "esp-encrypted-packets", t->esp_out_packets);
	number(a, esp, "esp-decrypted-packets", t->esp_in_packets);
	struct elem *ah = elem_add(a, parent, "ah-statistics");
	number(a, ah, "ah-input-bytes", t->ah_in_bytes);
	number(a, ah, "ah-output-bytes", t->ah_out_bytes);
	number(a, ah, "ah-input-packets", t->ah_in_packets);
	number(a, ah, "ah-output-packets", t->ah_out_packets);
}

/* The table of columns is in the order of the display; a tunnel has only those up to the replay ones. */
static void
errors_put(struct arena *a, struct elem *parent, const struct tally *t, bool is_brief)
{
	uint64_t drops[DROP_MAX] = { 0 };
	uint64_t columns[STAT_MAX] = { 0 };
	enum stat_column last = is_brief ? STAT_MISC : STAT_REPLAY;
	tally_sum(t, drops);
	tally_columns(drops, columns);
	struct elem *e = elem_add(a, parent, "error-statistics");
	for (unsigned c = STAT_NONE + 1; c <= last; c++)
		number(a, e, stat_name((enum stat_column)c), columns[c]);
	number(a, e, "replay-errors", columns[STAT_REPLAY] + columns[STAT_REPLAY_BEFORE_WINDOW]);
}

static struct elem *
row_begin(struct picd *p, struct arena *a, const char *set_name)
{
	struct elem *row = elem_new(a, "ipsec-service-set-statistics");
	elem_leaf(a, row, "pic-name", p->instance);
	elem_leaf(a, row, "service-set-name", set_name);
	return row;
}

static bool
is_wanted(const struct row_job *j, const struct conf_service_set *set, size_t tunnel)
{
	return (*j->name == '\0' || strcmp(j->name, set->name) == 0) &&
	       (j->remote.family == ADDR_NONE ||
		   addr_eq(j->remote, set->tunnels[tunnel].term->remote_gateway));
}

static struct elem *
set_row(
    struct picd *p, const struct row_job *j, struct arena *a, const struct conf_service_set *set)
{
	struct traffic t = { 0 };
	bool any = false;
	for (size_t i = 0; i < set->n_tunnels; i++) {
		const struct assoc *assoc =
		    is_wanted(j, set, i) ? assoc_of_tunnel(&p->assocs, set, i) : NULL;
		if (assoc != NULL) {
			assoc_traffic(&t, assoc);
			any = true;
		}
	}
	if (!any)
		return NULL;
	struct elem *row = row_begin(p, a, set->name);
	struct elem *e = elem_add(a, row, "ipsec-statistics");
	traffic_put(a, e, &t);
	errors_put(a, e, assoc_set_state(&p->assocs, set)->tally, true);
	return row;
}

static struct elem *
tunnel_row(struct picd *p, struct arena *a, const struct conf_service_set *set, size_t index)
{
	const struct conf_tunnel *tunnel = &set->tunnels[index];
	const struct assoc *assoc = assoc_of_tunnel(&p->assocs, set, index);
	char text[ADDR_STRLEN];
	struct traffic t = { 0 };
	struct elem *row = row_begin(p, a, set->name);
	struct elem *e = elem_add(a, row, "ipsec-statistics");
	elem_leaf(a, e, "local-gateway", addr_print(set->local_gateway, text));
	elem_leaf(a, e, "remote-gateway", addr_print(tunnel->term->remote_gateway, text));
	elem_leaff(a, e, "tunnel-index", "%u", tunnel->index);
	if (assoc == NULL || (!show_has_sas(assoc) && traffic_is_none(&assoc->ended))) {
		elem_flag(a, e, "statistics-no-information");
		return row;
	}
	assoc_traffic(&t, assoc);
	traffic_put(a, e, &t);
	errors_put(a, e, assoc->tally, false);
	return row;
}

/* Packets that no set could be found for; NULL while there were none. Only the brief display of everything has it. */
static struct elem *
no_set_row(struct picd *p, struct row_job *j, struct arena *a)
{
	uint64_t drops[DROP_MAX] = { 0 };
	uint64_t columns[STAT_MAX] = { 0 };
	uint64_t n = 0;
	if (j->level != LEVEL_BRIEF || *j->name != '\0' || j->remote.family != ADDR_NONE ||
	    j->at_inner++ > 0)
		return NULL;
	tally_sum(p->tally, drops);
	tally_columns(drops, columns);
	for (unsigned c = STAT_NONE + 1; c < STAT_MAX; c++)
		n += columns[c];
	if (n == 0)
		return NULL;
	struct elem *row = row_begin(p, a, "");
	errors_put(a, elem_add(a, row, "ipsec-statistics"), p->tally, true);
	return row;
}

struct elem *
show_statistics(struct picd *p, struct row_job *j, struct arena *a)
{
	while (j->at < p->conf->n_service_sets) {
		const struct conf_service_set *set = p->conf->service_sets[j->at];
		if (j->level == LEVEL_BRIEF) {
			struct elem *row = set_row(p, j, a, set);
			j->at++;
			if (row != NULL)
				return row;
			continue;
		}
		while (j->at_inner < set->n_tunnels) {
			size_t i = j->at_inner++;
			if (is_wanted(j, set, i))
				return tunnel_row(p, a, set, i);
		}
		j->at++;
		j->at_inner = 0;
	}
	return no_set_row(p, j, a);
}

static void
assoc_clear(struct assoc *a)
{
	if (a->in.sa != NULL)
		sa_count_clear(a->in.sa);
	if (a->out.sa != NULL)
		sa_count_clear(a->out.sa);
	for (struct dynamic_sa *d = a->sas; d != NULL; d = d->next) {
		sa_count_clear(d->sa);
		d->packets_seen = 0;
	}
	a->ended = (struct traffic){ 0 };
	tally_clear(a->tally);
}

struct elem *
clear_statistics(struct picd *p, struct row_job *j, struct arena *a)
{
	(void)a;
	for (size_t s = 0; s < p->conf->n_service_sets; s++) {
		const struct conf_service_set *set = p->conf->service_sets[s];
		bool all = true;
		for (size_t i = 0; i < set->n_tunnels; i++) {
			struct assoc *assoc = assoc_of_tunnel(&p->assocs, set, i);
			all = all && is_wanted(j, set, i);
			if (assoc == NULL || !is_wanted(j, set, i))
				continue;
			assoc_clear(assoc);
		}
		if (all && (*j->name == '\0' || strcmp(j->name, set->name) == 0))
			tally_clear(assoc_set_state(&p->assocs, set)->tally);
	}
	if (*j->name == '\0' && j->remote.family == ADDR_NONE)
		tally_clear(p->tally);
	return NULL;
}
