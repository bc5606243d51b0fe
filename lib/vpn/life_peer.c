/* SPDX-License-Identifier: BSD-2-Clause
 *
 * life_peer.c - a pair of gateways, ours and the peer's: its IKE SAs, what they say, what is to be said on them.
 *
 * All tunnels between two gateways share the IKE SAs. Usually there is one; there are two after both ends began at once,
 * or while one takes the place of another. The newest is used. The callbacks of the engine in the second half change only
 * what is known. RFC 2407 s4.6.3.3 (INITIAL-CONTACT), RFC 3948 s4 (keepalives).
 */
#include "lib/vpn/life_priv.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"

static uint64_t
peer_hash(const struct life *l, struct addr local, struct addr remote)
{
	uint64_t hash = life_mix(LIFE_MIX ^ l->secret, local.b, sizeof(local.b));
	return life_mix(hash, remote.b, sizeof(remote.b));
}

struct life_peer *
life_peer_find(const struct life *l, struct addr local, struct addr remote)
{
	for (struct life_node *n = life_hash_first(&l->peers, peer_hash(l, local, remote));
	     n != NULL; n = life_hash_next(n)) {
		struct life_peer *p =
		    (struct life_peer *)((char *)n - offsetof(struct life_peer, node));
		if (addr_eq(p->local, local) && addr_eq(p->remote, remote))
			return p;
	}
	return NULL;
}

struct life_peer *
life_peer_at(const struct life *l, struct addr local, struct addr remote)
{
	struct life_peer *found = life_peer_find(l, local, remote);
	if (found != NULL)
		return found;
	for (struct life_node *n = life_hash_first(&l->moved_peers, peer_hash(l, local, remote));
	     n != NULL; n = life_hash_next(n)) {
		struct life_peer *p =
		    (struct life_peer *)((char *)n - offsetof(struct life_peer, moved_node));
		if (!addr_eq(p->local, local) || !addr_eq(p->moved_to, remote))
			continue;
		if (found != NULL)
			return NULL; /* one NAT hides both: which one is it? */
		found = p;
	}
	return found;
}

/* It is known to be behind a NAT, and there: as long as something is up that says so. */
static bool
is_path_good(const struct life_peer *p)
{
	return p->is_behind && (p->n_ikes > 0 || p->n_children > 0);
}

/* RFC 3947 s4: who is behind a NAT is spoken to from port 4500 on. Where that came to nothing, the way of the configuration has
 * its turn. */
struct ike_path
life_peer_way(const struct life_peer *p)
{
	if (is_path_good(p) && p->fails % 2 == 0)
		return p->path;
	return (struct ike_path){ { p->local, 500 }, { p->remote, 500 } };
}

/* Has life_peer_at() find it where it is now. */
static void
moved_index(struct life_peer *p)
{
	struct life *l = p->life;
	struct addr to = { 0 };
	if (is_path_good(p) && !addr_eq(p->path.remote.addr, p->remote))
		to = p->path.remote.addr;
	if (addr_eq(to, p->moved_to))
		return;
	if (p->moved_to.family != ADDR_NONE)
		life_hash_del(&l->moved_peers, &p->moved_node);
	if (to.family != ADDR_NONE)
		life_hash_add(&l->moved_peers, &p->moved_node, peer_hash(l, p->local, to));
	p->moved_to = to;
}

static void
on_timer(void *arg)
{
	struct life_peer *p = arg;
	struct life *l = p->life;
	life_probe_tick(p);
	if (p->keepalive_ms <= l->now_ms) {
		l->host.keepalive(l->host.ctx, &p->path);
		p->keepalive_ms = l->now_ms + p->keepalive_s * UINT64_C(1000);
	}
	life_peer_update(p);
}

struct life_peer *
life_peer_get(struct life *l, struct addr local, struct addr remote)
{
	struct life_peer *p = life_peer_find(l, local, remote);
	if (p != NULL)
		return p;
	p = life_alloc(sizeof(*p));
	p->life = l;
	p->local = local;
	p->remote = remote;
	p->path = (struct ike_path){ { local, 500 }, { remote, 500 } };
	p->probe_ms = UINT64_MAX;
	p->keepalive_ms = UINT64_MAX;
	p->keepalive_s = LIFE_KEEPALIVE_S;
	life_timer_init(&p->timer, on_timer, p);
	life_hash_add(&l->peers, &p->node, peer_hash(l, local, remote));
	return p;
}

/* Keepalives go on as long as somebody needs the way through the NAT. */
void
life_peer_update(struct life_peer *p)
{
	moved_index(p);
	if (p->n_ikes == 0 && p->n_children == 0)
		p->keepalive_ms = UINT64_MAX;
	if (p->n_ikes == 0) {
		p->n_probes = 0;
		p->probe_ms = UINT64_MAX;
	}
	life_timer_set(&p->life->heap, &p->timer,
	    p->keepalive_ms < p->probe_ms ? p->keepalive_ms : p->probe_ms);
}

bool
life_peer_is_hasty(const struct life_peer *p)
{
	for (const struct life_gate *g = p->gates; g != NULL; g = g->next)
		if (g->tunnel->gates[1].peer != NULL)
			return true;
	return false;
}

/* One that will be there until a quick mode is over, and on which the peer remembers more of them. */
struct life_ike *
life_peer_ike(const struct life_peer *p)
{
	for (struct life_ike *i = p->ikes; i != NULL; i = i->next) {
		uint64_t quarter = i->sa->chosen.lifetime_s * UINT64_C(250);
		uint64_t left = quarter < LIFE_FRESH_MS ? quarter : LIFE_FRESH_MS;
		if (i->sa->expires_ms > p->life->now_ms + left &&
		    i->sa->stats.n_phase2 < IKE_MIDS_MAX / 2)
			return i;
	}
	return NULL;
}

void
life_peer_end_ikes(struct life_peer *p, bool tells)
{
	struct ike *ike = p->life->ike;
	if (p->starting != NULL)
		ike_drop(ike, p->starting->sa);
	while (p->ikes != NULL) {
		if (tells)
			ike_end(ike, p->ikes->sa);
		else
			ike_drop(ike, p->ikes->sa);
	}
}

void
life_peer_free(struct life_peer *p)
{
	struct life *l = p->life;
	life_peer_end_ikes(p, true);
	life_turn_end(&p->turn);
	life_timer_set(&l->heap, &p->timer, UINT64_MAX);
	life_hash_del(&l->peers, &p->node);
	if (p->moved_to.family != ADDR_NONE)
		life_hash_del(&l->moved_peers, &p->moved_node);
	life_policy_unref(l, p->policy);
	free(p->failure);
	free(p->owed);
	free(p);
}

static void
ike_unlink(struct life_ike *i)
{
	struct life_ike **at = &i->peer->ikes;
	while (*at != i)
		at = &(*at)->next;
	*at = i->next;
	i->peer->n_ikes--;
}

void
life_ike_doom(struct life_ike *i)
{
	struct life *l = i->life;
	struct life_peer *p = i->peer;
	if (p != NULL) {
		life_tell(l, LIFE_P1_DOWN, NULL, p, i->sa, "IKE SA ended: by us");
		ike_unlink(i);
	}
	i->peer = NULL;
	i->next = l->doomed;
	l->doomed = i;
	if (p != NULL)
		life_peer_update(p); /* on what is it probed? */
}

void
life_peer_doom(struct life_peer *p, uint64_t before_ms)
{
	struct life_ike *next;
	for (struct life_ike *i = p->ikes; i != NULL; i = next) {
		next = i->next;
		if (i->up_ms < before_ms)
			life_ike_doom(i);
	}
}

/* --- deletes --- */

static void
owe(struct life_peer *p, struct life_owed owed)
{
	if (p->n_owed >= LIFE_OWED_MAX)
		return;
	p->owed = reallocarray(p->owed, p->n_owed + 1U, sizeof(*p->owed));
	if (p->owed == NULL)
		abort();
	p->owed[p->n_owed++] = owed;
	/* an IKE SA is made for it, if there is a tunnel left to make one for */
	if (p->gates != NULL && !p->gates->tunnel->wants_p1) {
		p->gates->tunnel->wants_p1 = true;
		life_dirty(p->gates->tunnel);
	}
}

void
life_peer_say(struct life_peer *p, enum v1_protocol protocol, uint32_t spi)
{
	struct life *l = p->life;
	const struct life_owed owed = { .protocol = protocol, .spi = spi };
	if (p->ikes == NULL) {
		owe(p, owed);
		return;
	}
	if (l->n_says == l->cap_says) {
		l->cap_says = l->cap_says > 0 ? 2 * l->cap_says : 16;
		l->says = reallocarray(l->says, l->cap_says, sizeof(*l->says));
		if (l->says == NULL)
			abort();
	}
	l->says[l->n_says++] = (struct life_say){ .peer = p, .owed = owed };
}

void
life_says(struct life *l)
{
	for (size_t i = 0; i < l->n_says; i++) {
		struct life_peer *p = l->says[i].peer;
		if (p->ikes != NULL)
			ike_delete(
			    l->ike, p->ikes->sa, l->says[i].owed.protocol, l->says[i].owed.spi);
		else
			owe(p, l->says[i].owed);
		p->n_deleted++;
	}
	l->n_says = 0;
}

/* --- the engine tells of its SAs --- */

/* Takes what was learnt into account: where the peer is, and whether a NAT has to be kept open. */
static void
path_take(struct life_peer *p, const struct ike_sa *sa)
{
	p->path = sa->path;
	p->is_behind = sa->nat.is_remote_behind;
	bool is_behind = sa->nat.is_local_behind && p->keepalive_s > 0;
	p->keepalive_ms =
	    is_behind ? p->life->now_ms + p->keepalive_s * UINT64_C(1000) : UINT64_MAX;
}

/* Those who waited for an IKE SA go on with it; there may be others by now. */
static void
waiters_wake(struct life_peer *p)
{
	life_wake(p, SIZE_MAX);
	for (struct life_gate *g = p->gates; g != NULL; g = g->next) {
		struct life_tunnel *t = g->tunnel;
		if (t->phase == LIFE_IN_P1 && t->gates[t->gate].peer == p) {
			t->phase = LIFE_IDLE;
			t->retry_ms = 0;
			life_dirty(t);
		}
	}
}

/* The peer of an SA that it began. Nobody if a commit has changed meanwhile what is allowed with it. */
static struct life_peer *
beginner_find(const struct life *l, const struct ike_sa *sa)
{
	struct life_peer *p = life_peer_at(l, sa->path.local.addr, sa->path.remote.addr);
	return p != NULL && sa->policy->owner == p->policy ? p : NULL;
}

void
life_on_up(struct life *l, struct ike_sa *sa)
{
	struct life_ike *i = sa->owner;
	if (i == NULL) {
		i = life_alloc(sizeof(*i));
		i->life = l;
		i->sa = sa;
		sa->owner = i;
		i->peer = beginner_find(l, sa);
	}
	struct life_peer *p = i->peer;
	i->is_up = true;
	i->up_ms = i->heard_ms = l->now_ms;
	if (p == NULL) {
		life_ike_doom(i);
		return;
	}
	if (p->starting == i) {
		p->starting = NULL;
		life_turn_end(&p->turn);
	}
	sa->is_hasty = life_peer_is_hasty(p);
	i->next = p->ikes;
	p->ikes = i;
	p->n_ikes++;
	p->was_there = true;
	p->fails = 0;
	p->retry_ms = 0;
	p->n_bad_spi = 0;
	free(p->failure);
	p->failure = NULL;
	struct life_ike *last = p->ikes;
	while (last->next != NULL)
		last = last->next;
	if (p->n_ikes > LIFE_IKE_MAX)
		life_ike_doom(last);
	path_take(p, sa);
	life_alive(p);
	for (unsigned k = 0; k < p->n_owed; k++)
		life_peer_say(p, p->owed[k].protocol, p->owed[k].spi);
	p->n_owed = 0;
	life_peer_update(p);
	life_tell(l, LIFE_P1_UP, NULL, p, sa, "IKE Phase-1: %s mode done as %s",
	    sa->is_aggressive ? "aggressive" : "main",
	    sa->side == V1_INITIATOR ? "initiator" : "responder");
	waiters_wake(p);
}

/* Tunnels whose quick mode ran on an SA that is gone begin again. */
static void
quicks_lost(struct life_peer *p, const struct life_ike *i)
{
	for (struct life_gate *g = p->gates; g != NULL; g = g->next) {
		struct life_tunnel *t = g->tunnel;
		if (t->phase == LIFE_IN_P2 && t->quick == i) {
			life_stop(t);
			life_dirty(t);
		}
	}
}

/* A phase 1 that we began came to nothing. */
static void
start_failed(struct life *l, struct life_peer *p, enum ike_reason reason, const char *why)
{
	const char *text = why[0] != '\0' ? why : reason_info(reason)->sentence;
	/* what was refused before says more than that it came to nothing in the end */
	if (reason != IKE_TIMEOUT || p->failure == NULL || why[0] != '\0') {
		char *copy = life_strdup(text);
		free(p->failure);
		p->failure = copy;
	}
	p->fails++;
	p->retry_ms = l->now_ms + life_retry(p->fails);
	life_tell(l, LIFE_P1_FAILED, NULL, p, NULL, "IKE Phase-1 Failure: %s", p->failure);
	bool is_dead = false;
	for (struct life_gate *g = p->gates; g != NULL; g = g->next) {
		struct life_tunnel *t = g->tunnel;
		if (t->phase != LIFE_IN_P1 || t->gates[t->gate].peer != p)
			continue;
		is_dead = is_dead || t->is_idle;
		life_failed(t, p->failure);
		/* a pair that is there is not given up for a gateway that may be no better */
		if (t->current == NULL && t->gates[1].peer != NULL)
			life_failover(t, LIFE_FAILOVER);
	}
	if (is_dead)
		life_dead(p);
}

void
life_on_down(struct life *l, struct ike_sa *sa, enum ike_reason reason, const char *why)
{
	struct life_ike *i = sa->owner;
	if (i == NULL)
		return;
	struct life_peer *p = i->peer;
	sa->owner = NULL;
	if (p == NULL) {
		struct life_ike **at = &l->doomed;
		while (*at != i)
			at = &(*at)->next;
		*at = i->next;
	} else if (p->starting == i) {
		p->starting = NULL;
		life_turn_end(&p->turn);
		if (reason == IKE_OK)
			waiters_wake(p);
		else
			start_failed(l, p, reason, why);
	} else {
		ike_unlink(i);
		life_tell(l, LIFE_P1_DOWN, NULL, p, sa, "IKE SA ended: %s",
		    reason == IKE_OK ? "by us" : reason_info(reason)->sentence);
		quicks_lost(p, i);
		life_wake(p, SIZE_MAX);
		life_peer_update(p);
	}
	free(i);
}

static bool
end_eq(const struct natt_end *a, const struct natt_end *b)
{
	return a->port == b->port && addr_eq(a->addr, b->addr);
}

/* The PIC sends to where the SAs were made, so they are made anew. */
static void
pair_follow(struct life_tunnel *t, const struct life_ike *i)
{
	const struct life_child *c = t->current;
	if (c == NULL || c->peer != i->peer || !c->is_udp ||
	    end_eq(&c->path.remote, &i->sa->path.remote))
		return;
	t->renew = true;
	life_dirty(t);
}

void
life_on_moved(struct life *l, struct ike_sa *sa)
{
	struct life_ike *i = sa->owner;
	char text[ADDR_STRLEN];
	if (i == NULL || i->peer == NULL)
		return;
	i->heard_ms = l->now_ms;
	if (!i->is_up)
		return;
	if (!end_eq(
		&i->peer->path.remote, &sa->path.remote)) /* else another one has said so already */
		life_tell(l, LIFE_MOVED, NULL, i->peer, sa,
		    "the peer's NAT has it at %s port %u now",
		    addr_print(sa->path.remote.addr, text), sa->path.remote.port);
	i->peer->path = sa->path;
	moved_index(i->peer);
	for (struct life_gate *g = i->peer->gates; g != NULL; g = g->next)
		pair_follow(g->tunnel, i);
}

/* The pair that the peer uses, or is about to. */
static const struct life_child *
newest(const struct life_tunnel *t)
{
	const struct life_child *c = t->children;
	while (c != NULL && (!c->is_up || c->is_surplus))
		c = c->next;
	return c;
}

void
life_moved(struct life *l, uint64_t now_ms, const char *tunnel, uint32_t spi,
    const struct natt_end *remote)
{
	l->now_ms = now_ms;
	struct life_tunnel *t = life_find(l, tunnel);
	const struct life_child *c = t != NULL ? newest(t) : NULL;
	if (c == NULL || !c->is_udp || life_main_spi(c->protocol, c->in) != spi ||
	    remote->addr.family != c->peer->remote.family)
		return;
	struct life_peer *p = c->peer;
	bool is_early = p->moved_ms != 0 && now_ms - p->moved_ms < LIFE_MOVED_MS;
	for (struct life_ike *i = p->ikes; i != NULL; i = i->next) {
		if (is_early || end_eq(remote, &i->sa->path.remote))
			continue;
		p->moved_ms = now_ms;
		ike_move(l->ike, i->sa, remote);
	}
	if (p->ikes != NULL && p->ikes->sa->nat.is_remote_behind)
		pair_follow(t, p->ikes);
	life_run(l);
}

/* --- the peer says --- */

/* It has started anew and knows nothing of what was before. When both ends begin at once, each says so on two IKE SAs: what came
 * up after the beginning of this one is not old. The first time there is nothing that is. */
static void
contact_take(struct life *l, struct life_ike *i)
{
	struct life_peer *p = i->peer;
	uint64_t since = i->sa->begun_ms;
	bool was_there = p->n_children > 0;
	for (const struct life_ike *k = p->ikes; k != NULL; k = k->next)
		was_there = was_there || k->up_ms < since;
	life_tell(
	    l, was_there ? LIFE_CONTACT : LIFE_TRACE, NULL, p, i->sa, "the peer has started anew");
	life_peer_doom(p, since);
	for (struct life_gate *g = p->gates; g != NULL; g = g->next) {
		struct life_child *next;
		for (struct life_child *c = g->tunnel->children; c != NULL; c = next) {
			next = c->next;
			if (c->peer == p && c->up_ms < since)
				life_child_end(c, false, "the peer has started anew");
		}
	}
}

/* Ends what T has with the outbound SPI; more than one pair if the peer gave it twice. */
static void
outs_end(
    struct life_tunnel *t, const struct life_peer *p, uint32_t spi, bool tells, const char *why)
{
	struct life_child *c;
	while ((c = life_child_of_out(t->life, p, spi)) != NULL && c->tunnel == t)
		life_child_end(c, tells, why);
}

static void
delete_take(struct life *l, struct life_ike *i, uint32_t spi)
{
	const struct life_child *c;
	while ((c = life_child_of_out(l, i->peer, spi)) != NULL) {
		struct life_tunnel *t = c->tunnel;
		bool is_short = c == t->current && l->now_ms - c->up_ms < LIFE_SHORT_MS;
		outs_end(t, i->peer, spi, false, "deleted by the peer");
		/* or else a peer that changes its mind at once keeps us busy; traffic asks slowly enough */
		if (is_short && t->current == NULL && l->is_immediate)
			t->retry_ms = l->now_ms + life_retry(++t->fails);
	}
}

/* The peer does not know our outbound SA. It is proved to be the peer, but a confused one must not keep us busy. */
static void
bad_spi_take(struct life *l, struct life_ike *i, uint32_t spi)
{
	const struct life_child *c = life_child_of_out(l, i->peer, spi);
	if (c == NULL)
		return;
	struct life_tunnel *t = c->tunnel;
	if (t->bad_spi_ms != 0 && l->now_ms - t->bad_spi_ms < LIFE_WORD_MS)
		return;
	t->bad_spi_ms = l->now_ms;
	life_tell(l, LIFE_BAD_SPI, t, i->peer, i->sa, "the peer does not know SPI %u", spi);
	bool was_up = t->current != NULL;
	outs_end(t, i->peer, spi, true, "unknown to the peer");
	t->acquire = t->acquire || (was_up && t->current == NULL && life_may_begin(t));
}

void
life_on_word(struct life *l, struct ike_sa *sa, const struct ike_word *word)
{
	struct life_ike *i = sa->owner;
	if (i == NULL || i->peer == NULL)
		return;
	/* probes and their answers have numbers; anything else may be a recording */
	if (!word->is_delete &&
	    (word->notify == V1_N_R_U_THERE || word->notify == V1_N_R_U_THERE_ACK)) {
		i->heard_ms = l->now_ms;
		life_alive(i->peer);
		return;
	}
	if (!word->is_delete && word->notify == V1_N_INITIAL_CONTACT) {
		contact_take(l, i);
		return;
	}
	if (word->spi_len != V1_SPI_LEN)
		return;
	struct rd r = rd_init(word->spis, (size_t)word->n_spis * V1_SPI_LEN);
	while (rd_left(&r) > 0) {
		uint32_t spi = rd_u32(&r);
		if (word->is_delete)
			delete_take(l, i, spi);
		else if (word->notify == V1_N_INVALID_SPI)
			bad_spi_take(l, i, spi);
	}
}

/* --- packets for SAs that nobody has --- */

/* Is there an SA of this gateway with SPI? Another services interface that shares the gateway has heard a packet for it, or it
 * is still on its way to the one that will have it. */
static bool
is_ours(const struct life *l, uint32_t spi, struct addr local)
{
	const struct life_child *c =
	    life_child_of_in(l, NULL, (struct p2_spis){ .esp = spi, .ah = spi });
	return c != NULL && addr_eq(c->path.local.addr, local);
}

void
life_bad_spi(struct life *l, uint64_t now_ms, enum v1_protocol protocol, uint32_t spi,
    struct addr local, struct addr remote)
{
	l->now_ms = now_ms;
	struct life_peer *p = life_peer_at(l, local, remote);
	if (p != NULL && p->ikes != NULL && p->n_bad_spi < p->policy->bad_spi_max &&
	    !is_ours(l, spi, local)) {
		p->n_bad_spi++;
		ike_bad_spi(l->ike, p->ikes->sa, protocol, spi);
	}
	life_run(l);
}
