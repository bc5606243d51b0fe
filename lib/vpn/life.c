/* SPDX-License-Identifier: BSD-2-Clause
 *
 * life.c - where datagrams and time come in, and the host of the engine.
 *
 * Every public function sets the time, changes what is known, and ends with life_run(), which does what follows from it:
 * steps the tunnels that are dirty, says deletes, lets those begin whose turn it is. Callbacks of the engine are in
 * life_peer.c (IKE SAs, words) and life_child.c (pairs of SAs); here is what only passes through.
 */
#include "lib/vpn/life_priv.h"

#include "lib/base/text.h"
#include "lib/conf/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *
life_alloc(size_t n)
{
	void *p = calloc(1, n);
	if (p == NULL)
		abort();
	return p;
}

char *
life_strdup(const char *s)
{
	char *p = s != NULL ? strdup(s) : NULL;
	if (s != NULL && p == NULL)
		abort();
	return p;
}

/* --- what the engine asks --- */

static void
on_random(void *ctx, void *out, size_t n)
{
	struct life *l = ctx;
	l->host.random(l->host.ctx, out, n);
}

static void
on_send(void *ctx, const struct ike_path *path, const uint8_t *msg, size_t len)
{
	struct life *l = ctx;
	l->host.send(l->host.ctx, path, msg, len);
}

static struct ike_policy *
on_policy(void *ctx, const struct ike_path *path, const struct id *peer, struct addr *known_as)
{
	struct life *l = ctx;
	const struct life_peer *p = life_peer_at(l, path->local.addr, path->remote.addr);
	(void)peer;
	if (p == NULL)
		return NULL;
	*known_as = p->remote;
	return p->policy->ike;
}

/* May the peer of an SA have this tunnel now? Over the standby gateway only while the active one has nothing up. */
static bool
is_open_to(const struct life_gate *g)
{
	const struct life_tunnel *t = g->tunnel;
	return life_is_ready(t) && (g == &t->gates[t->gate] || t->current == NULL);
}

/* What would have been accepted instead: the tunnel with the peer that has most in common with LOCAL and REMOTE. */
static void
nearest_put(const struct life_peer *p, struct prefix local, struct prefix remote, struct text *why)
{
	const struct life_gate *best = NULL;
	int best_score = -1;
	char a[PREFIX_STRLEN];
	char b[PREFIX_STRLEN];
	for (const struct life_gate *g = p->gates; g != NULL; g = g->next) {
		const struct ike_tunnel *k = g->tunnel->ike;
		int score = prefix_eq(k->local, local) + prefix_eq(k->remote, remote);
		if (score > best_score) {
			best = g;
			best_score = score;
		}
	}
	if (best == NULL)
		return;
	const struct life_tunnel *t = best->tunnel;
	if (best_score == 2)
		text_printf(why, ", which %s has %s", t->name,
		    life_is_ready(t) ? "with its other gateway now"
				     : "on an interface that is down");
	else
		text_printf(why, ", allowed its %s with our %s (%s)",
		    prefix_print(t->ike->remote, a), prefix_print(t->ike->local, b), t->name);
}

static struct ike_tunnel *
on_tunnel(
    void *ctx, const struct ike_sa *sa, struct prefix local, struct prefix remote, struct text *why)
{
	struct life *l = ctx;
	const struct life_ike *ike = sa->owner;
	struct life_tunnel *best = NULL;
	if (ike == NULL || ike->peer == NULL)
		return NULL;
	local = prefix_network(local);
	remote = prefix_network(remote);
	uint64_t hash = life_selector_hash(l, ike->peer, local, remote);
	for (struct life_node *n = life_hash_first(&l->selectors, hash); n != NULL;
	     n = life_hash_next(n)) {
		struct life_gate *g =
		    (struct life_gate *)((char *)n - offsetof(struct life_gate, node));
		struct life_tunnel *t = g->tunnel;
		if (g->peer == ike->peer && prefix_eq(t->ike->local, local) &&
		    prefix_eq(t->ike->remote, remote) && is_open_to(g) &&
		    (best == NULL || t->order < best->order))
			best = t;
	}
	if (best == NULL)
		nearest_put(ike->peer, local, remote, why);
	return best != NULL ? best->ike : NULL;
}

/* Has it been offered to a peer that has not answered yet? */
static bool
is_offered(const struct life *l, uint32_t spi)
{
	for (const struct life_turn *turn = l->turns.first; turn != NULL; turn = turn->next)
		if (turn->tunnel != NULL && turn->tunnel->spi == spi)
			return true;
	return false;
}

static uint32_t
on_spi(void *ctx, enum v1_protocol protocol, const struct ike_tunnel *tunnel)
{
	struct life *l = ctx;
	struct life_tunnel *t = tunnel->owner;
	uint32_t slot = t != NULL ? t->spi_slot : 0;
	uint32_t spi = 0;
	(void)protocol;
	while (spi < V1_SA_SPI_MIN || is_offered(l, spi) ||
	       life_child_of_in(l, NULL, (struct p2_spis){ .esp = spi, .ah = spi }) != NULL) {
		l->host.random(l->host.ctx, &spi, sizeof(spi));
		spi = slot << SPI_SLOT_SHIFT | spi >> (32 - SPI_SLOT_SHIFT);
	}
	if (t != NULL)
		t->spi = spi;
	return spi;
}

static bool
on_is_first(void *ctx, const struct ike_sa *sa)
{
	struct life *l = ctx;
	const struct life_peer *p = life_peer_at(l, sa->path.local.addr, sa->path.remote.addr);
	return p != NULL && !p->was_there && p->n_ikes == 0 && p->n_children == 0;
}

static void
on_sign(void *ctx, const struct ike_sa *sa, struct ike_ticket ticket, struct part hash)
{
	struct life *l = ctx;
	const struct life_policy *p = sa->policy->owner;
	if (p != NULL && p->certificate != NULL)
		l->host.sign(l->host.ctx, sa, ticket, p->certificate, hash);
}

static void
on_prove(
    void *ctx, const struct ike_sa *sa, struct ike_ticket ticket, const struct ike_claim *claim)
{
	struct life *l = ctx;
	const struct life_policy *p = sa->policy->owner;
	if (p != NULL)
		l->host.prove(
		    l->host.ctx, sa, ticket, claim, (const char *const *)p->cas, p->n_cas);
}

static void
on_up(void *ctx, struct ike_sa *sa)
{
	life_on_up(ctx, sa);
}

static void
on_down(void *ctx, struct ike_sa *sa, enum ike_reason reason, const char *why)
{
	life_on_down(ctx, sa, reason, why);
}

static void
on_moved(void *ctx, struct ike_sa *sa, const struct ike_path *old)
{
	(void)old;
	life_on_moved(ctx, sa);
}

static void
on_child(void *ctx, struct ike_sa *sa, enum ike_child_event event, const struct ike_child *c)
{
	life_on_child(ctx, sa, event, c);
}

static void
on_word(void *ctx, struct ike_sa *sa, const struct ike_word *word)
{
	life_on_word(ctx, sa, word);
}

/* Keeps why for show; a repeated or late message is no news. */
static void
on_refused(void *ctx, const struct ike_path *path, const struct ike_sa *sa, enum ike_reason reason,
    const char *why)
{
	struct life *l = ctx;
	struct life_peer *p = life_peer_at(l, path->local.addr, path->remote.addr);
	const char *sentence = reason_info(reason)->sentence;
	bool is_noise = reason == IKE_REPEATED || reason == IKE_COOKIE || reason == IKE_STATE;
	enum life_kind kind = is_noise                            ? LIFE_TRACE
			      : p == NULL                         ? LIFE_P1_NO_POLICY
			      : sa != NULL && sa->state == IKE_UP ? LIFE_P2_REFUSED
								  : LIFE_P1_REFUSED;
	const char *colon = why[0] != '\0' ? ": " : "";
	if (p != NULL && p->policy->ike == NULL && p->policy->why != NULL &&
	    reason == IKE_NO_POLICY) {
		sentence = p->policy->why;
		kind = LIFE_P1_REFUSED;
	}
	if (p != NULL && !is_noise) {
		char *text = NULL;
		if (asprintf(&text, "%s%s%s", sentence, colon, why) < 0)
			abort();
		free(p->failure);
		p->failure = text;
	}
	const char *phase = kind == LIFE_P1_REFUSED   ? "IKE Phase-1 Failure: "
			    : kind == LIFE_P2_REFUSED ? "IKE Phase-2 Failure: "
						      : "";
	if (p == NULL && sa == NULL)
		life_tell_stranger(l, kind, path, "%s%s%s", sentence, colon, why);
	else
		life_tell(l, kind, NULL, p, sa, "%s%s%s%s", phase, sentence, colon, why);
}

/* --- making and freeing --- */

struct life *
life_new(const struct life_host *host)
{
	struct life *l = life_alloc(sizeof(*l));
	l->host = *host;
	host->random(host->ctx, &l->secret, sizeof(l->secret));
	l->ike = ike_new(&(struct ike_host){
	    .ctx = l,
	    .random = on_random,
	    .send = on_send,
	    .policy = on_policy,
	    .tunnel = on_tunnel,
	    .spi = on_spi,
	    .is_first = on_is_first,
	    .sign = on_sign,
	    .prove = on_prove,
	    .sa_up = on_up,
	    .sa_down = on_down,
	    .moved = on_moved,
	    .child = on_child,
	    .word = on_word,
	    .refused = on_refused,
	});
	return l;
}

/* Frees a peer and what it knows of its IKE SAs; the engine is gone. */
static void
peer_drop(struct life *l, struct life_peer *p)
{
	struct life_ike *next;
	for (struct life_ike *i = p->ikes; i != NULL; i = next) {
		next = i->next;
		free(i);
	}
	free(p->starting);
	p->ikes = p->starting = NULL;
	p->n_ikes = 0;
	life_policy_unref(l, p->policy);
	free(p->failure);
	free(p->owed);
	free(p);
}

void
life_free(struct life *l)
{
	if (l == NULL)
		return;
	ike_free(l->ike);
	l->ike = NULL;
	for (size_t i = 0; i < l->n_tunnels; i++) {
		struct life_child *next;
		for (struct life_child *c = l->tunnels[i]->children; c != NULL; c = next) {
			next = c->next;
			if (c->late != NULL)
				secret_wipe(c->late, sizeof(*c->late));
			free(c->late);
			free(c);
		}
		life_tunnel_free(l->tunnels[i]);
	}
	for (size_t i = 0; i < l->peers.cap; i++) {
		struct life_node *next;
		for (struct life_node *n = l->peers.slots[i]; n != NULL; n = next) {
			next = n->next;
			peer_drop(
			    l, (struct life_peer *)((char *)n - offsetof(struct life_peer, node)));
		}
	}
	while (l->pics != NULL) {
		struct life_pic *pic = l->pics;
		l->pics = pic->next;
		life_pic_free(pic);
	}
	free(l->tunnels);
	free(l->says);
	life_hash_done(&l->names);
	life_hash_done(&l->selectors);
	life_hash_done(&l->peers);
	life_hash_done(&l->moved_peers);
	life_hash_done(&l->policies);
	life_hash_done(&l->in_spis);
	life_hash_done(&l->out_spis);
	life_heap_done(&l->heap);
	free(l);
}

/* --- what follows --- */

void
life_dirty(struct life_tunnel *t)
{
	if (t->is_dirty)
		return;
	t->is_dirty = true;
	t->dirty_next = t->life->dirty;
	t->life->dirty = t;
}

void
life_run(struct life *l)
{
	for (;;) {
		life_says(l);
		if (l->dirty != NULL) {
			struct life_tunnel *t = l->dirty;
			l->dirty = t->dirty_next;
			t->is_dirty = false;
			life_step(t);
		} else if (l->doomed != NULL) {
			ike_end(l->ike, l->doomed->sa);
		} else if (!life_turn_next(l)) {
			return;
		}
	}
}

/* --- in --- */

void
life_input(struct life *l, uint64_t now_ms, const struct ike_path *path, uint8_t *msg, size_t len)
{
	l->now_ms = now_ms;
	(void)ike_input(l->ike, now_ms, path, msg, len);
	life_run(l);
}

void
life_tick(struct life *l, uint64_t now_ms)
{
	l->now_ms = now_ms;
	ike_tick(l->ike, now_ms);
	life_run(l);
	life_turn_tick(l);
	for (struct life_timer *t = life_heap_first(&l->heap); t != NULL && t->due_ms <= now_ms;
	     t = life_heap_first(&l->heap)) {
		life_timer_set(&l->heap, t, UINT64_MAX);
		t->fire(t->arg);
		life_run(l);
	}
	life_run(l);
}

uint64_t
life_due(const struct life *l)
{
	const struct life_timer *t = life_heap_first(&l->heap);
	uint64_t due = t != NULL ? t->due_ms : UINT64_MAX;
	uint64_t ike = ike_due(l->ike);
	uint64_t turn = life_turn_due(l);
	due = ike < due ? ike : due;
	return turn < due ? turn : due;
}

void
life_signed(struct life *l, uint64_t now_ms, struct ike_ticket ticket, struct part signature,
    const struct part *certs, size_t n_certs, const char *why)
{
	l->now_ms = now_ms;
	ike_signed(l->ike, now_ms, ticket, signature, certs, n_certs, why);
	life_run(l);
}

void
life_proved(struct life *l, uint64_t now_ms, struct ike_ticket ticket, enum ike_reason reason,
    const char *why)
{
	l->now_ms = now_ms;
	ike_proved(l->ike, now_ms, ticket, reason, why);
	life_run(l);
}
