/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_es.c - rows of `show ipsec security-associations`: SAs of es- units and of the host.
 *
 * One block per unit that uses a tunnel mode SA and one per transport mode SA. The state is that of the unit's
 * device: Up once netd has handed it over. Transport mode has none.
 */
#include "daemon/picd/picd.h"
#include "daemon/picd/rows.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"
#include "lib/vpn/tunnel.h"

#include <string.h>

static void
tunnel_information(struct arena *a, struct elem *block, const struct assoc *assoc)
{
	static const struct prefix any = { .addr.family = ADDR_V4 };
	char text[IDENTITY_STRLEN];
	struct prefix local = assoc->shape.selector_local;
	struct prefix remote = assoc->shape.selector_remote;
	struct elem *e = elem_add(a, block, "sa-tunnel-information");
	const struct conf_unit *u = assoc->unit;
	if (u != NULL && u->tunnel_source.family != ADDR_NONE)
		elem_leaf(a, e, "sa-local-gateway", addr_print(u->tunnel_source, text));
	if (u != NULL && u->tunnel_destination.family != ADDR_NONE)
		elem_leaf(a, e, "sa-remote-gateway",
		    addr_print(show_remote(assoc, u->tunnel_destination), text));
	if (local.addr.family == ADDR_NONE) /* routing chooses, so every packet is in order */
		local = any;
	if (remote.addr.family == ADDR_NONE)
		remote = any;
	if (u != NULL) {
		elem_leaf(a, e, "sa-local-identity", tunnel_identity(local, text));
		elem_leaf(a, e, "sa-remote-identity", tunnel_identity(remote, text));
		elem_leaf(a, e, "sa-inside-interface", u->name);
		elem_leaff(a, e, "sa-tunnel-mtu", "%u", TUNNEL_MTU_DEFAULT);
	}
	if (!show_has_sas(assoc))
		elem_flag(a, e, "sa-no-information");
}

static struct elem *
block_make(struct picd *p, const struct row_job *j, struct arena *a, const struct assoc *assoc)
{
	struct elem *block = elem_new(a, "security-associations-block");
	elem_leaf(a, block, "sa-name", assoc->conf_sa->name);
	if (assoc->unit != NULL)
		elem_leaf(a, block, "sa-block-state",
		    port_find_unit(&p->ports, assoc->unit->name, 0) != NULL ? "Up" : "Down");
	if (j->level != LEVEL_BRIEF)
		tunnel_information(a, block, assoc);
	else if (!show_has_sas(assoc))
		elem_flag(a, elem_add(a, block, "sa-tunnel-information"), "sa-no-information");
	show_sas(p, a, block, assoc, j);
	return block;
}

struct elem *
show_security_sas(struct picd *p, struct row_job *j, struct arena *a)
{
	while (j->at < p->assocs.n_slots) {
		const struct assoc *assoc = p->assocs.by_slot[j->at++];
		if (assoc == NULL || assoc->kind == ASSOC_TUNNEL ||
		    smap_find(&p->assocs.by_name, assoc->name) != assoc)
			continue; /* none, not ours, or on its way out */
		if (*j->name == '\0' || strcmp(j->name, assoc->conf_sa->name) == 0)
			return block_make(p, j, a, assoc);
	}
	return NULL;
}
