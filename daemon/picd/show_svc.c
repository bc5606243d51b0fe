/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_svc.c - rows of `show services ipsec-vpn ipsec security-associations`: one block per tunnel.
 *
 * Tunnels of one service set follow each other, in rule and term order; who prints or collects them joins
 * blocks of the same service set. Elements and their order per level are those of Juniper's model.
 */
#include "daemon/picd/picd.h"
#include "daemon/picd/rows.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"
#include "lib/vpn/tunnel.h"

#include <string.h>

static void
addr_leaf(struct arena *a, struct elem *e, const char *name, struct addr addr)
{
	char text[ADDR_STRLEN];
	if (addr.family != ADDR_NONE)
		elem_leaf(a, e, name, addr_print(addr, text));
}

static void
identities(struct arena *a, struct elem *e, const struct conf_term *t)
{
	char text[IDENTITY_STRLEN];
	struct tunnel_selectors s = tunnel_selectors(t);
	elem_leaf(a, e, "sa-local-identity", tunnel_identity(s.local, text));
	elem_leaf(a, e, "sa-remote-identity", tunnel_identity(s.remote, text));
}

struct addr
show_remote(const struct assoc *assoc, struct addr configured)
{
	const struct dynamic_sa *out = assoc != NULL ? dynamic_out(assoc) : NULL;
	if (out != NULL)
		return out->remote;
	if (assoc != NULL && assoc->redundancy.is_backup_active)
		return assoc->redundancy.backup;
	return configured;
}

static void
udp_leaves(struct arena *a, struct elem *e, const struct assoc *assoc)
{
	const struct dynamic_sa *out = assoc != NULL ? dynamic_out(assoc) : NULL;
	unsigned port = out != NULL ? sa_params(out->sa)->dst_port : 0;
	elem_leaf(a, e, "sa-udp-encapsulate", port != 0 ? "enabled" : "disabled");
	elem_leaff(a, e, "sa-udp-dst-port", "%u", port);
}

static const char *
state_word(bool is_active)
{
	return is_active ? "active" : "standby";
}

static void
redundancy(struct arena *a, struct elem *e, const struct assoc *assoc)
{
	const struct dynamic_redundancy *r = assoc != NULL ? &assoc->redundancy : NULL;
	if (r == NULL || r->primary.family == ADDR_NONE) {
		elem_flag(a, e, "ipsec-redundancy-tunnel-no-information");
		return;
	}
	addr_leaf(a, e, "ipsec-tunnel-redundancy-primary-remote-address", r->primary);
	elem_leaf(a, e, "ipsec-redundancy-primary-state", state_word(r->is_primary_active));
	elem_leaff(a, e, "ipsec-redundancy-counter", "%u", r->failovers);
	if (r->backup.family == ADDR_NONE)
		return;
	addr_leaf(a, e, "ipsec-tunnel-redundancy-backup-remote-address", r->backup);
	elem_leaf(a, e, "ipsec-redundancy-backup-state", state_word(r->is_backup_active));
}

static void
tunnel_information(struct arena *a, struct elem *block, const struct conf_service_set *set,
    const struct conf_tunnel *t, const struct assoc *assoc, enum row_level level)
{
	struct elem *e = elem_add(a, block, "sa-tunnel-information");
	elem_leaf(a, e, "sa-rule-name", t->term->rule->name);
	elem_leaf(a, e, "sa-term-name", t->term->name);
	elem_leaff(a, e, "sa-tunnel-index", "%u", t->index);
	addr_leaf(a, e, "sa-local-gateway", set->local_gateway);
	addr_leaf(a, e, "sa-remote-gateway", show_remote(assoc, t->term->remote_gateway));
	if (level != LEVEL_BRIEF)
		identities(a, e, t->term);
	if (t->term->inside_unit != NULL)
		elem_leaf(a, e, "sa-inside-interface", t->term->inside_unit);
	else if (set->is_next_hop && set->inside != NULL)
		elem_leaf(a, e, "sa-inside-interface", set->inside->name);
	if (level != LEVEL_BRIEF) {
		elem_leaff(a, e, "sa-tunnel-mtu", "%u", t->tunnel_mtu);
		udp_leaves(a, e, assoc);
	}
	if (assoc == NULL || !show_has_sas(assoc))
		elem_flag(a, e, "sa-no-information");
}

static struct elem *
block_make(struct picd *p, const struct row_job *j, struct arena *a,
    const struct conf_service_set *set, size_t index)
{
	const struct assoc *assoc = assoc_of_tunnel(&p->assocs, set, index);
	struct elem *block = elem_new(a, "services-security-associations-block");
	elem_leaf(a, block, "svc-set-name", set->name);
	tunnel_information(a, block, set, &set->tunnels[index], assoc, j->level);
	if (assoc != NULL)
		show_sas(p, a, block, assoc, j);
	if (j->level == LEVEL_EXTENSIVE)
		redundancy(a, elem_add(a, block, "tunnel-redundancy-extensive"), assoc);
	return block;
}

struct elem *
show_services_sas(struct picd *p, struct row_job *j, struct arena *a)
{
	for (; j->at < p->conf->n_service_sets; j->at++, j->at_inner = 0) {
		const struct conf_service_set *set = p->conf->service_sets[j->at];
		if (*j->name != '\0' && strcmp(j->name, set->name) != 0)
			continue;
		if (j->at_inner < set->n_tunnels)
			return block_make(p, j, a, set, j->at_inner++);
	}
	return NULL;
}
