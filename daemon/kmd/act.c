/* SPDX-License-Identifier: BSD-2-Clause
 *
 * act.c - commands that end SAs and change gateways, and rows about which gateway is the active one.
 */
#include "daemon/kmd/kmd.h"
#include "daemon/kmd/rows.h"
#include "lib/msg/elem.h"

#include <string.h>

/* --- clear --- */

struct elem *
clear_ike(struct kmd *k, struct row_job *j, struct arena *a)
{
	(void)a;
	size_t n = life_clear_ike(k->life, kmd_now(), &j->which);
	log_line(LOG_LEVEL_INFO, "KMD_CLEAR", "a user has cleared %zu IKE SAs", n);
	return NULL;
}

struct elem *
clear_ike_statistics(struct kmd *k, struct row_job *j, struct arena *a)
{
	(void)a;
	(void)life_clear_statistics(k->life, &j->which);
	return NULL;
}

struct elem *
clear_ipsec(struct kmd *k, struct row_job *j, struct arena *a)
{
	(void)a;
	size_t n = life_clear_ipsec(k->life, kmd_now(), &j->which);
	log_line(LOG_LEVEL_INFO, "KMD_CLEAR", "a user has cleared %zu pairs of IPsec SAs", n);
	return NULL;
}

/* --- switch --- */

/* The only row: how many were switched. */
static struct elem *
switched_row(struct arena *a, size_t n)
{
	struct elem *e = elem_new(a, "ipsec-switch-status");
	elem_leaff(a, e, "switched-tunnels", "%zu", n);
	return e;
}

struct elem *
switch_tunnel(struct kmd *k, struct row_job *j, struct arena *a)
{
	if (j->at++ > 0)
		return NULL;
	size_t n = life_switch(k->life, kmd_now(), j->local, j->which.remote);
	if (n > 0)
		return switched_row(a, n);
	j->error = "no tunnel between these gateways has a backup remote gateway";
	return NULL;
}

/* With the name of a security association: its tunnels. With an interface: there is no second one. */
struct elem *
switch_es(struct kmd *k, struct row_job *j, struct arena *a)
{
	const char *interface = elem_value(j->request, "interface");
	size_t n = 0;
	if (j->at > 0)
		return NULL;
	if (interface != NULL) {
		j->error =
		    arena_printf(j->arena, "%s has no backup interface to switch to", interface);
		return NULL;
	}
	for (; j->which.sa_name != NULL && j->at < j->n_items; j->at++) {
		struct life_tunnel_view t;
		if (life_tunnel_by_name(k->life, kmd_now(), j->items[j->at].tunnel, &t) &&
		    t.backup.family != ADDR_NONE)
			n += life_switch(k->life, kmd_now(), t.local, t.primary);
	}
	j->at = j->n_items + 1;
	if (n > 0)
		return switched_row(a, n);
	j->error = "no tunnel of this security association has a backup destination";
	return NULL;
}

/* --- show ipsec redundancy --- */

static void
gateway_put(struct arena *a, struct elem *e, const char *address, const char *state,
    struct addr addr, bool is_active)
{
	char text[ADDR_STRLEN];
	elem_leaf(a, e, address, addr_print(addr, text));
	elem_leaf(a, e, state, is_active ? "active" : "standby");
}

struct elem *
show_redundancy(struct kmd *k, struct row_job *j, struct arena *a)
{
	struct life_tunnel_view t;
	char text[ADDR_STRLEN];
	while (j->at < j->n_items &&
	       !life_tunnel_by_name(k->life, kmd_now(), j->items[j->at].tunnel, &t))
		j->at++;
	if (j->at++ >= j->n_items)
		return NULL;
	struct elem *e = elem_new(a, "ipsec-tunnel-redundancy");
	elem_leaf(a, e, "sa-name", t.sa_name);
	elem_leaff(a, e, "ipsec-redundancy-counter", "%u", t.failovers);
	elem_leaf(a, e, "ipsec-tunnel-redundancy-local-address", addr_print(t.local, text));
	gateway_put(a, e, "ipsec-tunnel-redundancy-primary-remote-address",
	    "ipsec-redundancy-primary-state", t.primary, !t.is_backup_active);
	if (t.backup.family != ADDR_NONE)
		gateway_put(a, e, "ipsec-tunnel-redundancy-backup-remote-address",
		    "ipsec-redundancy-backup-state", t.backup, t.is_backup_active);
	else
		elem_flag(a, e, "ipsec-redundancy-tunnel-no-information");
	return e;
}

/* Tunnels of one interface follow each other: each interface has one row. */
struct elem *
show_pic_redundancy(struct kmd *k, struct row_job *j, struct arena *a)
{
	const char *wanted = elem_value(j->request, "interface-name");
	while (j->at < j->n_items) {
		struct life_tunnel_view t;
		struct life_tunnel_view before = { .pic = "" };
		size_t i = j->at++;
		if (!life_tunnel_by_name(k->life, kmd_now(), j->items[i].tunnel, &t))
			continue;
		if (i > 0 &&
		    !life_tunnel_by_name(k->life, kmd_now(), j->items[i - 1].tunnel, &before))
			before.pic = "";
		if (strcmp(before.pic, t.pic) == 0 ||
		    (wanted != NULL && strcmp(wanted, t.pic) != 0))
			continue;
		struct elem *e = elem_new(a, "ipsec-pic-redundancy");
		elem_leaf(a, e, "ipsec-redundancy-counter", "0");
		elem_leaf(a, e, "ipsec-pic-redundancy-primary-interface", t.pic);
		elem_leaf(a, e, "ipsec-redundancy-primary-state", "active");
		elem_flag(a, e, "ipsec-redundancy-pic-no-information");
		return e;
	}
	return NULL;
}
