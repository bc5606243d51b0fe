/* SPDX-License-Identifier: BSD-2-Clause
 *
 * life_show.c - what happened and what is there, in words and numbers; and the commands that change it.
 *
 * The tags are those of JUNOS where it has one for the case. Called by the daemon for log, show, clear and request.
 */
#include "lib/vpn/life_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const struct life_kind_info kinds[LIFE_KIND_MAX] = {
	[LIFE_P1_UP]           = { "KMD_PM_P1_UP", 6 },
	[LIFE_P1_DOWN]         = { "KMD_PM_P1_DOWN", 6 },
	[LIFE_P1_FAILED]       = { "KMD_VPN_PV_PHASE1", 4 },
	[LIFE_P1_NO_POLICY]    = { "KMD_PM_P1_POLICY_LOOKUP_FAILURE", 4 },
	[LIFE_P1_REFUSED]      = { "KMD_VPN_PV_PHASE1", 5 },
	[LIFE_P2_REFUSED]      = { "KMD_VPN_PV_PHASE2", 5 },
	[LIFE_P2_FAILED]       = { "KMD_VPN_PV_PHASE2", 4 },
	[LIFE_SA_UP]           = { "KMD_PM_SA_ESTABLISHED", 6 },
	[LIFE_SA_DOWN]         = { "KMD_PM_SA_DELETED", 6 },
	[LIFE_TUNNEL_UP]       = { "KMD_VPN_UP_ALARM_USER", 5 },
	[LIFE_TUNNEL_DOWN]     = { "KMD_VPN_DOWN_ALARM_USER", 4 },
	[LIFE_PEER_DEAD]       = { "KMD_DPD_PEER_DOWN", 4 },
	[LIFE_FAILOVER]        = { "KMD_DPD_FAILOVER", 4 },
	[LIFE_FAILOVER_MANUAL] = { "KMD_DPD_FAILOVER_MANUAL_TUNNEL", 5 },
	[LIFE_FAILOVER_MAX]    = { "KMD_DPD_FAILOVER_MAX_ATTEMPTS", 3 },
	[LIFE_CONTACT]         = { "KMD_PM_INITIAL_CONTACT", 5 },
	[LIFE_BAD_SPI]         = { "KMD_PM_INVALID_SPI", 5 },
	[LIFE_MOVED]           = { "KMD_PM_NAT_MOVED", 5 },
	[LIFE_ADOPTED]         = { "KMD_PM_SA_ADOPTED", 6 },
	[LIFE_ORPHAN]          = { "KMD_PM_SA_CFG_NOT_FOUND", 5 },
	[LIFE_INSTALL_FAILED]  = { "KMD_PM_DYNAMIC_SA_INSTALL_FAILED", 3 },
	[LIFE_SHORT]           = { "KMD_PM_LIFETIME_SHORT", 5 },
	[LIFE_SPI_TWICE]       = { "KMD_PM_DUPLICATE_SPI", 5 },
	[LIFE_CONF_CHANGED]    = { "KMD_VPN_TUNNEL_CONFIG_CHANGED", 5 },
	[LIFE_TRACE]           = { NULL, 7 },
};
/* clang-format on */

const struct life_kind_info *
life_kind_info(enum life_kind kind)
{
	return &kinds[kind];
}

bool
life_hears(const struct life *l, enum life_kind kind)
{
	return l->host.hears == NULL || l->host.hears(l->host.ctx, kind);
}

/* Nothing is made into words that nobody hears. */
__attribute__((format(printf, 3, 0))) static void
tell(const struct life *l, struct life_event e, const char *fmt, va_list ap)
{
	char text[1024];
	if (!life_hears(l, e.kind))
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	e.text = text;
	l->host.event(l->host.ctx, &e);
}

void
life_tell(const struct life *l, enum life_kind kind, const struct life_tunnel *t,
    const struct life_peer *p, const struct ike_sa *sa, const char *fmt, ...)
{
	va_list ap;
	struct life_event e = { .kind = kind, .sa = sa };
	if (t == NULL && p != NULL && p->gates != NULL)
		t = p->gates->tunnel;
	if (t != NULL) {
		e.tunnel = t->name;
		e.service_set = t->service_set;
	}
	if (p != NULL) {
		e.local = p->local;
		e.remote = p->remote;
	} else if (sa != NULL) {
		e.local = sa->path.local.addr;
		e.remote = sa->path.remote.addr;
	}
	va_start(ap, fmt);
	tell(l, e, fmt, ap);
	va_end(ap);
}

void
life_tell_stranger(
    const struct life *l, enum life_kind kind, const struct ike_path *path, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	tell(l,
	    (struct life_event){
		.kind = kind,
		.local = path->local.addr,
		.remote = path->remote.addr,
	    },
	    fmt, ap);
	va_end(ap);
}

/* --- views --- */

const char *
life_state_name(enum life_state state)
{
	static const char *const names[] = {
		[LIFE_DOWN] = "down",
		[LIFE_WAITING] = "waiting",
		[LIFE_NEGOTIATING] = "negotiating",
		[LIFE_UP] = "up",
	};
	return names[state];
}

static enum life_state
state_of(const struct life_tunnel *t)
{
	if (t->current != NULL)
		return LIFE_UP;
	if (t->phase == LIFE_IN_P1 || t->phase == LIFE_IN_P2)
		return LIFE_NEGOTIATING;
	bool is_wanted = t->acquire || (t->life->is_immediate && t->service_set != NULL);
	return t->phase == LIFE_QUEUED || is_wanted ? LIFE_WAITING : LIFE_DOWN;
}

static uint32_t
seconds_left(uint64_t now_ms, uint64_t ms)
{
	return ms != UINT64_MAX && ms > now_ms ? (uint32_t)((ms - now_ms) / 1000) : 0;
}

static struct life_pair
pair_of(const struct life_child *c, uint64_t now_ms)
{
	bool is_bundle = c->protocol == P2_BUNDLE;
	return (struct life_pair){
		.in_spi = life_main_spi(c->protocol, c->in),
		.out_spi = life_main_spi(c->protocol, c->out),
		.in_aux_spi = is_bundle ? c->in.esp : 0,
		.out_aux_spi = is_bundle ? c->out.esp : 0,
		.protocol = (enum p2_protocol)c->protocol,
		.auth = (enum auth_alg)c->auth,
		.enc = (enum enc_alg)c->enc,
		.is_initiator = c->is_initiator,
		.is_udp = c->is_udp,
		.is_current = c == c->tunnel->current,
		.is_adopted = c->is_adopted,
		.soft_left_s = seconds_left(now_ms, life_soft_ms(c)),
		.hard_left_s = seconds_left(now_ms, c->hard_ms),
	};
}

static void
view_make(const struct life_tunnel *t, uint64_t now_ms, struct life_tunnel_view *out)
{
	const struct life_peer *backup = t->gates[1].peer;
	*out = (struct life_tunnel_view){
		.name = t->name,
		.service_set = t->service_set,
		.rule = t->rule,
		.term = t->term,
		.pic = t->pic->name,
		.sa_name = t->sa_name,
		.index = t->index,
		.local = t->gates[0].peer->local,
		.primary = t->gates[0].peer->remote,
		.backup = backup != NULL ? backup->remote : (struct addr){ 0 },
		.is_backup_active = t->gate == 1,
		.failovers = t->failovers,
		.local_net = t->ike->local,
		.remote_net = t->ike->remote,
		.state = state_of(t),
		.failure = t->failure != NULL   ? t->failure
			   : t->current == NULL ? t->gates[t->gate].peer->failure
						: NULL,
		.failed = t->gates[t->failure != NULL ? t->failed_gate : t->gate].peer->remote,
		.failure_ms = t->failure_ms,
		.retry_ms = t->retry_ms > now_ms ? t->retry_ms : 0,
	};
	for (const struct life_child *c = t->children;
	     c != NULL && out->n_pairs < LIFE_CHILDREN_MAX; c = c->next)
		out->pairs[out->n_pairs++] = pair_of(c, now_ms);
}

size_t
life_n_tunnels(const struct life *l)
{
	return l->n_tunnels;
}

void
life_tunnel(const struct life *l, uint64_t now_ms, size_t i, struct life_tunnel_view *out)
{
	view_make(l->tunnels[i], now_ms, out);
}

bool
life_tunnel_by_name(
    const struct life *l, uint64_t now_ms, const char *name, struct life_tunnel_view *out)
{
	const struct life_tunnel *t = life_find(l, name);
	if (t != NULL)
		view_make(t, now_ms, out);
	return t != NULL;
}

const struct ike *
life_ike(const struct life *l)
{
	return l->ike;
}

/* Why the last negotiation with the peer failed: of phase 1, else of a tunnel that has not come up since. */
static const char *
peer_failure(const struct life_peer *p)
{
	const char *failure = p->failure;
	for (const struct life_gate *g = p->gates; g != NULL && failure == NULL; g = g->next)
		if (g == &g->tunnel->gates[g->tunnel->failed_gate])
			failure = g->tunnel->failure;
	return failure;
}

bool
life_peer(const struct life *l, const struct ike_path *path, struct life_peer_view *out)
{
	const struct life_peer *p = life_peer_at(l, path->local.addr, path->remote.addr);
	if (p == NULL || p->gates == NULL)
		return false;
	*out = (struct life_peer_view){
		.service_set = p->gates->tunnel->service_set,
		.tunnel = p->gates->tunnel->name,
		.policy = p->policy->name,
		.failure = peer_failure(p),
		.created = p->n_created,
		.deleted = p->n_deleted,
	};
	return true;
}

struct life_stats
life_stats(const struct life *l)
{
	struct life_stats s = {
		.n_tunnels = l->n_tunnels,
		.n_peers = l->peers.n,
		.n_pairs = l->n_pairs,
		.n_turns = l->turns.n,
		.n_waiting = l->queue.n,
	};
	for (size_t i = 0; i < l->n_tunnels; i++) {
		const struct life_tunnel *t = l->tunnels[i];
		s.n_up += t->current != NULL;
		s.bytes +=
		    sizeof(*t) + 2 * strlen(t->name) + t->n_children * sizeof(struct life_child);
	}
	s.bytes += l->peers.n * sizeof(struct life_peer);
	s.bytes += (l->names.cap + l->selectors.cap + l->peers.cap + l->in_spis.cap +
		       l->out_spis.cap + l->heap.cap + l->n_tunnels) *
		   sizeof(void *);
	return s;
}

/* --- commands --- */

static bool
is_selected(const struct life_tunnel *t, const struct life_select *s)
{
	bool is_es = t->service_set == NULL;
	if (s->services || s->es)
		if (is_es ? !s->es : !s->services)
			return false;
	if (s->tunnel != NULL && strcmp(s->tunnel, t->name) != 0)
		return false;
	if (s->sa_name != NULL && (t->sa_name == NULL || strcmp(s->sa_name, t->sa_name) != 0))
		return false;
	if (s->service_set != NULL && (is_es || strcmp(s->service_set, t->service_set) != 0))
		return false;
	return s->tunnel_index == 0 || s->tunnel_index == t->index;
}

static bool
is_gateway(const struct life_peer *p, struct addr remote)
{
	return p != NULL && (remote.family == ADDR_NONE || addr_eq(p->remote, remote));
}

size_t
life_clear_ike(struct life *l, uint64_t now_ms, const struct life_select *which)
{
	size_t n = 0;
	l->now_ms = now_ms;
	for (size_t i = 0; i < l->n_tunnels; i++) {
		const struct life_tunnel *t = l->tunnels[i];
		if (!is_selected(t, which))
			continue;
		for (unsigned g = 0; g < 2; g++) {
			struct life_peer *p = t->gates[g].peer;
			if (!is_gateway(p, which->remote))
				continue;
			n += p->n_ikes;
			life_peer_end_ikes(p, true);
		}
	}
	life_run(l);
	return n;
}

size_t
life_clear_statistics(struct life *l, const struct life_select *which)
{
	size_t n = 0;
	for (size_t i = 0; i < l->n_tunnels; i++) {
		const struct life_tunnel *t = l->tunnels[i];
		for (unsigned g = 0; g < 2 && is_selected(t, which); g++) {
			const struct life_peer *p = t->gates[g].peer;
			/* once for each peer */
			if (!is_gateway(p, which->remote) || p->gates != &t->gates[g])
				continue;
			n += p->n_ikes;
			for (struct life_ike *k = p->ikes; k != NULL; k = k->next)
				ike_stats_clear(k->sa);
		}
	}
	return n;
}

size_t
life_clear_ipsec(struct life *l, uint64_t now_ms, const struct life_select *which)
{
	size_t n = 0;
	l->now_ms = now_ms;
	for (size_t i = 0; i < l->n_tunnels; i++) {
		struct life_tunnel *t = l->tunnels[i];
		if (!is_selected(t, which) || (!is_gateway(t->gates[0].peer, which->remote) &&
						  !is_gateway(t->gates[1].peer, which->remote)))
			continue;
		n += t->n_children;
		life_children_end(t, true, "cleared by command");
		t->retry_ms = 0;
	}
	life_run(l);
	return n;
}

size_t
life_switch(struct life *l, uint64_t now_ms, struct addr local, struct addr remote)
{
	size_t n = 0;
	l->now_ms = now_ms;
	struct life_peer *p = life_peer_find(l, local, remote);
	for (struct life_gate *g = p != NULL ? p->gates : NULL; g != NULL; g = g->next) {
		struct life_tunnel *t = g->tunnel;
		if (t->gates[1].peer == NULL)
			continue;
		n++;
		life_stop(t);
		life_children_end(t, true, "switched by command");
		life_failover(t, LIFE_FAILOVER_MANUAL);
	}
	life_run(l);
	return n;
}
