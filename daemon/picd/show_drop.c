/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_drop.c - rows of `show services service-sets statistics packet-drops`: drops by reason.
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

static bool
is_wanted(const struct row_job *j, const char *name)
{
	return *j->name == '\0' || strcmp(j->name, name) == 0;
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
		if (assoc == NULL || assoc->kind == ASSOC_TUNNEL ||
		    smap_find(&p->assocs.by_name, assoc->name) != assoc)
			continue;
		const char *name = assoc->unit != NULL ? assoc->unit->name : assoc->conf_sa->name;
		if (is_wanted(j, name))
			return row_make(p, a, name, assoc->tally);
	}
	if (j->at_inner == p->assocs.n_slots && *j->name == '\0') {
		j->at_inner++; /* once */
		return row_make(p, a, "", p->tally);
	}
	return NULL;
}
