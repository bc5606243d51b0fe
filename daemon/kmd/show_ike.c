/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_ike.c - rows of `show ... ike security-associations` and `show ... ike statistics`: one per IKE SA.
 *
 * Elements and their order are those of Juniper's model; values are lower case, the display capitalises. Two elements are ours:
 * ike-sa-last-failure, the line that says why the last negotiation with the peer failed, which also a peer without an SA has.
 * Keys are never part of a row.
 */
#include "daemon/kmd/kmd.h"
#include "daemon/kmd/rows.h"
#include "lib/msg/elem.h"
#include "lib/vpn/tunnel.h"

static void
addr_leaf(struct arena *a, struct elem *e, const char *name, struct addr addr)
{
	char text[ADDR_STRLEN];
	elem_leaf(a, e, name, addr_print(addr, text));
}

static void
end_put(struct arena *a, struct elem *e, const char *address, const char *port,
    const struct natt_end *end)
{
	addr_leaf(a, e, address, end->addr);
	elem_leaff(a, e, port, "%u", end->port);
}

static void
cookies_put(struct arena *a, struct elem *e, const struct ike_sa *sa)
{
	elem_leaff(a, e, "ike-sa-initiator-cookie", "%016llx", (unsigned long long)sa->cky_i);
	elem_leaff(a, e, "ike-sa-responder-cookie", "%016llx", (unsigned long long)sa->cky_r);
}

static const char *
state_name(const struct ike_sa *sa)
{
	return sa->state == IKE_UP ? "matured" : "not matured";
}

static const char *
exchange_name(const struct ike_sa *sa)
{
	return sa->is_aggressive ? "aggressive" : "main";
}

static const char *
role_name(enum v1_side side)
{
	return side == V1_INITIATOR ? "initiator" : "responder";
}

/* Once a proposal has been chosen. */
static bool
has_choice(const struct ike_sa *sa)
{
	return sa->state != IKE_MM_I1 && sa->state != IKE_MM_R0 && sa->state != IKE_AM_I1 &&
	       sa->state != IKE_AM_R0;
}

static void
algorithms_put(struct arena *a, struct elem *parent, const struct ike_sa *sa)
{
	if (!has_choice(sa))
		return;
	struct elem *e = elem_add(a, parent, "ike-sa-algorithms");
	const char *hash = hash_info(sa->chosen.hash)->name;
	elem_leaf(a, e, "ike-sa-authentication-algorithm", hash);
	elem_leaf(a, e, "ike-sa-encryption-algorithm", enc_info(sa->chosen.enc)->name);
	elem_leaff(a, e, "ike-sa-prf-algorithm", "hmac-%s", hash);
	elem_leaf(a, e, "ike-sa-dhgroup", dh_info(sa->chosen.group)->name);
}

static void
traffic_put(struct arena *a, struct elem *parent, const struct ike_sa *sa)
{
	struct elem *e = elem_add(a, parent, "ike-sa-traffic-statistics");
	const struct ike_stats *s = &sa->stats;
	elem_leaff(a, e, "ike-sa-input-bytes", "%llu", (unsigned long long)s->in_octets);
	elem_leaff(a, e, "ike-sa-output-bytes", "%llu", (unsigned long long)s->out_octets);
	elem_leaff(a, e, "ike-sa-input-packets", "%u", s->in_packets);
	elem_leaff(a, e, "ike-sa-output-packets", "%u", s->out_packets);
}

/* Quick modes that are under way; returns how many. With E not NULL they become rows. */
static unsigned
quicks_put(struct arena *a, struct elem *e, const struct ike_sa *sa)
{
	struct ike_quick_view q;
	char text[IDENTITY_STRLEN];
	unsigned n = 0;
	for (unsigned i = 0; ike_quick_at(sa, i, &q); i++) {
		if (q.is_done)
			continue;
		n++;
		if (e == NULL)
			continue;
		struct elem *p = elem_add(a, e, "ike-sa-phase2-information");
		elem_leaf(a, p, "ike-sa-phase2-type", "quick mode");
		elem_leaf(a, p, "ike-sa-role", role_name(q.side));
		elem_leaff(a, p, "ike-sa-msg-id", "%u", q.mid);
		end_put(a, p, "ike-sa-local-address", "ike-sa-local-port", &sa->path.local);
		end_put(a, p, "ike-sa-remote-address", "ike-sa-remote-port", &sa->path.remote);
		if (q.tunnel != NULL) {
			elem_leaf(a, p, "ike-sa-local-id", tunnel_identity(q.tunnel->local, text));
			elem_leaf(
			    a, p, "ike-sa-remote-id", tunnel_identity(q.tunnel->remote, text));
		}
		elem_leaf(a, p, "ike-sa-flags", "Waiting for done");
	}
	return n;
}

static void
misc_put(struct arena *a, struct elem *parent, const struct ike_sa *sa)
{
	struct elem *e = elem_add(a, parent, "ike-sa-misc");
	elem_leaf(a, e, "ike-sa-flags",
	    sa->state == IKE_UP ? "Caller notification sent" : "Waiting for done");
	elem_leaff(a, e, "ike-sa-num-ipsec-sas-created", "%u", sa->stats.n_created);
	elem_leaff(a, e, "ike-sa-num-ipsec-sas-deleted", "%u", sa->stats.n_deleted);
	elem_leaff(a, e, "ike-sa-num-phase2-negotiations", "%u", quicks_put(NULL, NULL, sa));
}

/* The last refusal on this SA; else that of an earlier one with the peer. */
static void
failure_put(struct arena *a, struct elem *e, const struct kmd *k, const struct ike_sa *sa)
{
	struct life_peer_view peer;
	const char *why = sa->why;
	if (why == NULL && life_peer(k->life, &sa->path, &peer))
		why = peer.failure;
	if (why != NULL && *why != '\0')
		elem_leaf(a, e, "ike-sa-last-failure", why);
}

static struct elem *
sa_brief(struct arena *a, const struct ike_sa *sa)
{
	struct elem *e = elem_new(a, "ike-security-associations");
	addr_leaf(a, e, "ike-sa-remote-address", sa->path.remote.addr);
	elem_leaf(a, e, "ike-sa-state", state_name(sa));
	cookies_put(a, e, sa);
	elem_leaf(a, e, "ike-sa-exchange-type", exchange_name(sa));
	return e;
}

static struct elem *
block_open(struct arena *a, struct addr remote, struct elem **out)
{
	struct elem *block = elem_new(a, "ike-security-associations-block");
	addr_leaf(a, block, "ike-sa-remote-address", remote);
	*out = elem_add(a, block, "ike-security-associations");
	return block;
}

static struct elem *
sa_detail(struct arena *a, const struct kmd *k, const struct ike_sa *sa)
{
	struct elem *e;
	struct elem *block = block_open(a, sa->path.remote.addr, &e);
	uint64_t now_ms = kmd_now();
	elem_leaf(a, e, "ike-sa-role", role_name(sa->side));
	elem_leaf(a, e, "ike-sa-state", state_name(sa));
	cookies_put(a, e, sa);
	elem_leaf(a, e, "ike-sa-exchange-type", exchange_name(sa));
	if (has_choice(sa))
		elem_leaf(
		    a, e, "ike-sa-authentication-method", method_info(sa->chosen.method)->name);
	end_put(a, e, "ike-sa-local-address", "ike-sa-local-port", &sa->path.local);
	end_put(a, e, "ike-sa-remote-address", "ike-sa-remote-port", &sa->path.remote);
	if (sa->state == IKE_UP)
		elem_leaff(a, e, "ike-sa-lifetime", "expires in %llu seconds",
		    (unsigned long long)(sa->expires_ms > now_ms ? (sa->expires_ms - now_ms) / 1000
								 : 0));
	algorithms_put(a, e, sa);
	traffic_put(a, e, sa);
	misc_put(a, e, sa);
	failure_put(a, e, k, sa);
	quicks_put(a, e, sa);
	return block;
}

/* A peer that there is no IKE SA with: why. */
static struct elem *
failure_block(struct arena *a, const struct kmd *k, const struct row_item *item)
{
	struct life_tunnel_view t;
	struct elem *e;
	if (!life_tunnel_by_name(k->life, kmd_now(), item->tunnel, &t) || t.failure == NULL)
		return NULL;
	struct elem *block = block_open(a, item->remote, &e);
	elem_leaf(a, e, "ike-sa-state", "not matured");
	elem_leaf(a, e, "ike-sa-last-failure", t.failure);
	return block;
}

struct elem *
show_ike_sas(struct kmd *k, struct row_job *j, struct arena *a)
{
	while (j->at < j->n_items) {
		const struct row_item *item = &j->items[j->at++];
		struct elem *row = NULL;
		if (item->tunnel != NULL) {
			row = failure_block(a, k, item);
		} else {
			const struct ike_sa *sa =
			    ike_find(life_ike(k->life), item->cky_i, item->cky_r);
			if (sa != NULL)
				row = j->is_detail ? sa_detail(a, k, sa) : sa_brief(a, sa);
		}
		if (row != NULL)
			return row;
	}
	return NULL;
}

/* --- statistics --- */

static void
payloads_put(struct arena *a, struct elem *parent, const struct ike_stats *s)
{
	struct elem *e = elem_add(a, parent, "ike-sa-payload-statistics");
	elem_leaff(a, e, "ike-sa-delete-payloads-received", "%u", s->in_deletes);
	elem_leaff(a, e, "ike-sa-delete-payloads-sent", "%u", s->out_deletes);
	elem_leaff(a, e, "ike-sa-r-u-there-payloads-received", "%u", s->in_probes);
	elem_leaff(a, e, "ike-sa-r-u-there-payloads-sent", "%u", s->out_probes);
	elem_leaff(a, e, "ike-sa-r-u-there-ack-payloads-received", "%u", s->in_acks);
	elem_leaff(a, e, "ike-sa-r-u-there-ack-payloads-sent", "%u", s->out_acks);
	elem_leaff(a, e, "ike-sa-r-u-there-ack-payloads-missed", "%u",
	    s->out_probes > s->in_acks ? s->out_probes - s->in_acks : 0);
	elem_leaff(a, e, "ike-sa-invalid-spi-notifications-received", "%u", s->in_bad_spis);
	elem_leaff(a, e, "ike-sa-invalid-spi-notifications-sent", "%u", s->out_bad_spis);
}

struct elem *
show_ike_statistics(struct kmd *k, struct row_job *j, struct arena *a)
{
	while (j->at < j->n_items) {
		const struct row_item *item = &j->items[j->at++];
		const struct ike_sa *sa = ike_find(life_ike(k->life), item->cky_i, item->cky_r);
		struct elem *e;
		if (sa == NULL)
			continue;
		struct elem *block = block_open(a, sa->path.remote.addr, &e);
		cookies_put(a, e, sa);
		elem_leaf(a, e, "ike-sa-routing-instance", "default");
		end_put(a, e, "ike-sa-local-address", "ike-sa-local-port", &sa->path.local);
		elem_leaff(a, e, "ike-sa-remote-port", "%u", sa->path.remote.port);
		traffic_put(a, e, sa);
		struct elem *misc = elem_add(a, e, "ike-sa-misc");
		elem_leaff(a, misc, "ike-sa-num-ipsec-sas-created", "%u", sa->stats.n_created);
		elem_leaff(a, misc, "ike-sa-num-ipsec-sas-deleted", "%u", sa->stats.n_deleted);
		payloads_put(a, e, &sa->stats);
		return block;
	}
	return NULL;
}
