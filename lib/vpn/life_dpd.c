/* SPDX-License-Identifier: BSD-2-Clause
 *
 * life_dpd.c - is the peer still there? And the way to the other gateway if it is not.
 *
 * The PIC watches: when nothing authentic came in for the interval, it tells, and the peer is asked on the IKE SA, as often as
 * the threshold says. Whatever authentic comes is an answer. Then the peer is dead: its IKE SAs go, and the SAs of all tunnels
 * with it that have dead peer detection. A tunnel with a backup gateway goes there, one without waits for traffic.
 * There is no way back by itself: only when the other one fails in turn, or by command. After LIFE_SWITCHES_MAX switches without
 * an answer the primary gateway is the active one again, and traffic has to ask anew. RFC 3706 s5.4, s5.5.
 */
#include "lib/vpn/life_priv.h"

#include "lib/conf/conf.h"
#include "lib/ike/vid.h"

/* --- asking --- */

/* Asks on the IKE SA of the active gateway; without one it has to be made first, and that it cannot is an answer, too. */
void
life_probe(struct life_tunnel *t)
{
	struct life *l = t->life;
	struct life_peer *p = t->gates[t->gate].peer;
	struct life_ike *i = life_peer_ike(p);
	if (i == NULL) {
		t->wants_p1 = true;
		life_dirty(t);
		return;
	}
	if (p->n_probes > 0)
		return;
	if ((i->sa->vids & VID_DPD) == 0) {
		if (!p->is_mute)
			life_tell(l, LIFE_TRACE, t, p, i->sa,
			    "the peer does not know dead peer detection");
		p->is_mute = true;
		t->is_idle = false;
		return;
	}
	p->n_probes = 1;
	p->probe_max = t->dpd_threshold;
	p->probe_gap_ms = t->dpd_interval_s == DPD_INTERVAL_DEFAULT
			      ? LIFE_PROBE_MS
			      : t->dpd_interval_s * UINT64_C(1000);
	p->probe_ms = l->now_ms + p->probe_gap_ms;
	ike_probe(l->ike, i->sa);
	life_peer_update(p);
}

void
life_probe_tick(struct life_peer *p)
{
	struct life *l = p->life;
	if (p->n_probes == 0 || p->probe_ms > l->now_ms)
		return;
	if (p->n_probes >= p->probe_max) {
		life_dead(p);
		return;
	}
	p->n_probes++;
	p->probe_ms = l->now_ms + p->probe_gap_ms;
	ike_probe(l->ike, p->ikes->sa); /* without one, nothing is due: life_peer_update() */
}

/* Something authentic came from the peer. Called in callbacks of the engine. */
void
life_alive(struct life_peer *p)
{
	if (!p->is_asked)
		return;
	p->is_asked = false;
	p->n_probes = 0;
	p->probe_ms = UINT64_MAX;
	for (struct life_gate *g = p->gates; g != NULL; g = g->next)
		g->tunnel->is_idle = false;
	life_peer_update(p);
}

void
life_idle(struct life *l, uint64_t now_ms, const char *tunnel)
{
	l->now_ms = now_ms;
	struct life_tunnel *t = life_find(l, tunnel);
	if (t != NULL && t->current != NULL && t->dpd_interval_s > 0 &&
	    t->current->peer == t->gates[t->gate].peer) {
		t->is_idle = true;
		t->gates[t->gate].peer->is_asked = true;
		life_probe(t);
	}
	life_run(l);
}

/* --- dead --- */

static void
tunnel_dead(struct life_tunnel *t)
{
	bool was_up = t->current != NULL;
	life_stop(t);
	t->is_idle = false;
	t->wants_p1 = false;
	life_children_end(t, false, "the peer is dead");
	if (t->gates[1].peer != NULL && was_up)
		life_failover(t, LIFE_FAILOVER);
	life_dirty(t);
}

void
life_dead(struct life_peer *p)
{
	struct life *l = p->life;
	char remote[ADDR_STRLEN];
	life_tell(l, LIFE_PEER_DEAD, NULL, p, NULL, "DPD detected peer %s is dead",
	    addr_print(p->remote, remote));
	p->is_asked = false;
	p->n_probes = 0;
	p->probe_ms = UINT64_MAX;
	life_peer_doom(p, UINT64_MAX);
	for (struct life_gate *g = p->gates; g != NULL; g = g->next)
		if (g->tunnel->dpd_interval_s > 0 && g == &g->tunnel->gates[g->tunnel->gate])
			tunnel_dead(g->tunnel);
	life_peer_update(p);
}

/* --- the other gateway --- */

void
life_tell_redundancy(const struct life_tunnel *t)
{
	if (t->gates[1].peer == NULL)
		return;
	t->life->host.redundancy(t->life->host.ctx, &(struct life_redundancy){
							.pic = t->pic->name,
							.tunnel = t->name,
							.primary = t->gates[0].peer->remote,
							.backup = t->gates[1].peer->remote,
							.is_backup_active = t->gate == 1,
							.failovers = t->failovers,
						    });
}

/* Six switches and no gateway that answers: as at the beginning, but nothing is tried by itself for a while. */
static void
give_up(struct life_tunnel *t)
{
	struct life *l = t->life;
	t->gate = 0;
	t->switches = 0;
	t->acquire = false;
	t->retry_ms = l->now_ms + LIFE_REST_MS;
	if (t->gates[0].peer->retry_ms > t->retry_ms)
		t->gates[0].peer->retry_ms = t->retry_ms;
	life_tell(l, LIFE_FAILOVER_MAX, t, t->gates[0].peer, NULL,
	    "Neither gateway of %s answers after %u switches: the primary one is active again",
	    t->name, (unsigned)LIFE_SWITCHES_MAX);
	life_tell_redundancy(t);
	life_dirty(t);
}

void
life_failover(struct life_tunnel *t, enum life_kind kind)
{
	struct life *l = t->life;
	char from[ADDR_STRLEN];
	char to[ADDR_STRLEN];
	if (kind == LIFE_FAILOVER && t->switches >= LIFE_SWITCHES_MAX) {
		give_up(t);
		return;
	}
	struct life_peer *old = t->gates[t->gate].peer;
	t->gate = (uint8_t)(1 - t->gate);
	struct life_peer *p = t->gates[t->gate].peer;
	t->switches = kind == LIFE_FAILOVER ? t->switches + 1 : 0;
	t->failovers++;
	life_tell(l, kind, t, p, NULL, "VPN %s goes from gateway %s to %s (%s)", t->name,
	    addr_print(old->remote, from), addr_print(p->remote, to),
	    t->gate == 1 ? "backup" : "primary");
	life_tell_redundancy(t);
	t->acquire = life_may_begin(t);
	t->retry_ms = 0;
	p->retry_ms = 0;
	life_dirty(t);
}
