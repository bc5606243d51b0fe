/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_drop.c - rows of `show services service-sets statistics packet-drops`: drops by reason, and the command
 * that clears them.
 *
 * One row per service set, one per es- unit or transport mode SA (named by it), and one, with an empty
 * name, for packets that belong to none. Only reasons that happened.
 */
#include "daemon/picd/picd.h"
#include "daemon/picd/rows.h"
#include "daemon/picd/tally.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"

#include <inttypes.h>
#include <string.h>

static struct elem *
row_make(struct picd *p, struct arena *a, const char *name, const struct tally *t)
{
	uint64_t drops[DROP_MAX] = { 0 };
	tally_sum(t, drops);
	struct elem *row = elem_new(a, "service-set-packet-drops");
	elem_leaf(a, row, "pic-name", p->instance);
	elem_leaf(a, row, "service-set-name", name);
	for (unsigned r = DROP_NONE + 1; r < DROP_MAX; r++) {
		if (drops[r] == 0)
			continue;
		struct elem *e = elem_add(a, row, "packet-drop");
		elem_leaf(a, e, "drop-reason", drop_info((enum drop)r)->word);
		elem_leaf(a, e, "drop-text", drop_info((enum drop)r)->sentence);
		elem_leaff(a, e, "drop-packets", "%" PRIu64, drops[r]);
	}
	return row;
}

/* Does it belong to no service set, and to the configuration that runs? */
static bool
is_row(const struct picd *p, const struct assoc *a)
{
	return a->kind != ASSOC_TUNNEL && smap_find(&p->assocs.by_name, a->name) == a;
}

static const char *
row_name(const struct assoc *a)
{
	return a->unit != NULL ? a->unit->name : a->conf_sa->name;
}

static bool
is_wanted(const struct row_job *j, const char *name)
{
	return *j->name == '\0' || strcmp(j->name, name) == 0;
}

struct elem *
clear_drops(struct picd *p, struct row_job *j, struct arena *a)
{
	(void)a;
	for (size_t i = 0; i < p->conf->n_service_sets; i++) {
		const struct conf_service_set *set = p->conf->service_sets[i];
		if (is_wanted(j, set->name))
			tally_clear(assoc_set_state(&p->assocs, set)->tally);
	}
	for (size_t i = 0; i < p->assocs.n_slots; i++) {
		struct assoc *assoc = p->assocs.by_slot[i];
		if (assoc != NULL && is_row(p, assoc) && is_wanted(j, row_name(assoc)))
			tally_clear(assoc->tally);
	}
	if (*j->name == '\0')
		tally_clear(p->tally);
	return NULL;
}

struct elem *
show_drops(struct picd *p, struct row_job *j, struct arena *a)
{
	while (j->at < p->conf->n_service_sets) {
		const struct conf_service_set *set = p->conf->service_sets[j->at++];
		if (is_wanted(j, set->name))
			return row_make(p, a, set->name, assoc_set_state(&p->assocs, set)->tally);
	}
	while (j->at_inner < p->assocs.n_slots) {
		const struct assoc *assoc = p->assocs.by_slot[j->at_inner++];
		if (assoc != NULL && is_row(p, assoc) && is_wanted(j, row_name(assoc)))
			return row_make(p, a, row_name(assoc), assoc->tally);
	}
	if (j->at_inner == p->assocs.n_slots && *j->name == '\0') {
		j->at_inner++; /* once */
		return row_make(p, a, "", p->tally);
	}
	return NULL;
}
