/* SPDX-License-Identifier: BSD-2-Clause
 *
 * life_child.c - pairs of IPsec SAs: made, chosen for outbound packets, renewed, ended.
 *
 * Make before break: the responder's inbound SA is with its PIC before the answer goes out, the initiator's pair is there when
 * the answer came, and the responder sends on the new one when the third message says so. The old pair takes inbound packets
 * until it expires or the peer deletes it, so no packet meets an SA that is not there.
 *
 * When both ends began at once, neither knowing of the other, there are two pairs, rivals. Both ends use the one whose smaller
 * SPI is the greater, whichever came first; the other one takes inbound packets, is not renewed, and is used only if the peer
 * deletes the winner.
 */
#include "lib/vpn/life_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf/conf.h"
#include "lib/vpn/tunnel.h"

/* --- finding --- */

uint32_t
life_main_spi(unsigned protocol, struct p2_spis spis)
{
	return protocol == P2_ESP ? spis.esp : spis.ah;
}

static uint64_t
spi_hash(const struct life *l, uint32_t spi)
{
	return life_mix(LIFE_MIX ^ l->secret, &spi, sizeof(spi));
}

/* T NULL: of any tunnel, any of both SPIs. */
struct life_child *
life_child_of_in(const struct life *l, const struct life_tunnel *t, struct p2_spis spis)
{
	uint32_t spi = spis.ah != 0 ? spis.ah : spis.esp;
	for (struct life_node *n = life_hash_first(&l->in_spis, spi_hash(l, spi)); n != NULL;
	     n = life_hash_next(n)) {
		struct life_child *c =
		    (struct life_child *)((char *)n - offsetof(struct life_child, in_node));
		if ((t == NULL || c->tunnel == t) && life_main_spi(c->protocol, c->in) == spi)
			return c;
	}
	return NULL;
}

struct life_child *
life_child_of_out(const struct life *l, const struct life_peer *p, uint32_t spi)
{
	for (struct life_node *n = life_hash_first(&l->out_spis, spi_hash(l, spi)); n != NULL;
	     n = life_hash_next(n)) {
		struct life_child *c =
		    (struct life_child *)((char *)n - offsetof(struct life_child, out_node));
		if (c->peer == p && life_main_spi(c->protocol, c->out) == spi)
			return c;
	}
	return NULL;
}

/* --- times --- */

uint64_t
life_soft_ms(const struct life_child *c)
{
	uint64_t whole_ms = c->hard_ms - c->up_ms;
	uint64_t left_ms =
	    c->is_initiator ? LIFE_SOFT_INITIATOR_S * 1000U : LIFE_SOFT_RESPONDER_S * 1000U;
	if (c->is_surplus)
		return UINT64_MAX;
	/* what is adopted was made for longer than it has left, so its soft lifetime may be over already */
	if (whole_ms < LIFE_SOFT_WHOLE_S * UINT64_C(1000) && !c->is_adopted)
		left_ms = c->is_initiator ? whole_ms - whole_ms / 4 : whole_ms / 2;
	return c->hard_ms > left_ms ? c->hard_ms - left_ms : 0;
}

static uint32_t
seconds_until(const struct life *l, uint64_t ms)
{
	return ms > l->now_ms ? (uint32_t)((ms - l->now_ms) / 1000) : 0;
}

/* --- the PIC --- */

/* A line for each direction. */
static void
tell_up(const struct life_child *c, bool is_out)
{
	const struct life_tunnel *t = c->tunnel;
	const struct p2_spis *spis = is_out ? &c->out : &c->in;
	char local[IDENTITY_STRLEN];
	char remote[IDENTITY_STRLEN];
	char from[ADDR_STRLEN];
	char to[ADDR_STRLEN];
	if (!life_hears(t->life, LIFE_SA_UP))
		return;
	life_tell(t->life, LIFE_SA_UP, t, c->peer, NULL,
	    "Local gateway: %s, Remote gateway: %s, Local ID: %s, Remote ID: %s, Direction: %s, "
	    "SPI: 0x%x, "
	    "AUX-SPI: %u, Mode: Tunnel, Type: dynamic",
	    addr_print(c->path.local.addr, from), addr_print(c->path.remote.addr, to),
	    tunnel_identity(t->ike->local, local), tunnel_identity(t->ike->remote, remote),
	    is_out ? "outbound" : "inbound", life_main_spi(c->protocol, *spis),
	    c->protocol == P2_BUNDLE ? spis->esp : 0);
}

static void
pic_add(struct life_child *c, bool is_out, const uint8_t *enc_key, const uint8_t *auth_key)
{
	const struct life_tunnel *t = c->tunnel;
	struct life *l = t->life;
	char tag[LIFE_TAG_MAX];
	const struct p2_spis *spis = is_out ? &c->out : &c->in;
	uint64_t soft = life_may_begin(t) ? life_soft_ms(c) : UINT64_MAX;
	snprintf(tag, sizeof(tag), "%016llx%08x", (unsigned long long)t->tag_fp,
	    life_main_spi(c->protocol, is_out ? c->in : c->out));
	l->host.sa_add(l->host.ctx, &(struct life_sa){
					.pic = t->pic->name,
					.tunnel = t->name,
					.is_out = is_out,
					.is_initiator = c->is_initiator,
					.is_udp = c->is_udp,
					.protocol = (enum p2_protocol)c->protocol,
					.auth = (enum auth_alg)c->auth,
					.enc = (enum enc_alg)c->enc,
					.spi = life_main_spi(c->protocol, *spis),
					.aux_spi = c->protocol == P2_BUNDLE ? spis->esp : 0,
					.auth_key = auth_key,
					.enc_key = enc_key,
					.local = c->path.local,
					.remote = c->path.remote,
					.window = t->window,
					.local_net = t->ike->local,
					.remote_net = t->ike->remote,
					.soft_s = soft != UINT64_MAX ? seconds_until(l, soft) : 0,
					.hard_s = seconds_until(l, c->hard_ms),
					.tag = tag,
				    });
	tell_up(c, is_out);
}

static void
pic_del(const struct life_child *c, bool is_out)
{
	const struct life_tunnel *t = c->tunnel;
	t->life->host.sa_del(t->life->host.ctx, t->pic->name, t->name, is_out,
	    life_main_spi(c->protocol, is_out ? c->out : c->in));
}

void
life_watch(struct life_tunnel *t)
{
	bool wants = t->current != NULL && t->dpd_interval_s > 0;
	if (wants == t->is_watched)
		return;
	t->is_watched = wants;
	t->life->host.watch(
	    t->life->host.ctx, t->pic->name, t->name, wants ? t->dpd_interval_s : 0);
}

/* --- making and ending --- */

struct life_child *
life_child_add(struct life_tunnel *t, struct life_peer *p, const struct life_child *from)
{
	struct life *l = t->life;
	struct life_child *c = life_alloc(sizeof(*c));
	*c = *from;
	c->tunnel = t;
	c->peer = p;
	c->next = t->children;
	t->children = c;
	t->n_children++;
	p->n_children++;
	l->n_pairs++;
	life_hash_add(&l->in_spis, &c->in_node, spi_hash(l, life_main_spi(c->protocol, c->in)));
	life_hash_add(&l->out_spis, &c->out_node, spi_hash(l, life_main_spi(c->protocol, c->out)));
	return c;
}

static void
late_drop(struct life_child *c)
{
	if (c->late != NULL)
		secret_wipe(c->late, sizeof(*c->late));
	free(c->late);
	c->late = NULL;
}

static void
child_unlink(struct life_child *c)
{
	struct life_tunnel *t = c->tunnel;
	struct life *l = t->life;
	struct life_child **at = &t->children;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	t->n_children--;
	c->peer->n_children--;
	l->n_pairs--;
	life_hash_del(&l->in_spis, &c->in_node);
	life_hash_del(&l->out_spis, &c->out_node);
	if (t->current == c)
		t->current = NULL;
}

static void
peer_tell(const struct life_child *c)
{
	if (c->protocol != P2_AH)
		life_peer_say(c->peer, V1_PROTO_ESP, c->in.esp);
	if (c->protocol != P2_ESP)
		life_peer_say(c->peer, V1_PROTO_AH, c->in.ah);
}

void
life_child_end(struct life_child *c, bool tells, const char *why)
{
	struct life_tunnel *t = c->tunnel;
	struct life_peer *p = c->peer;
	bool was_current = t->current == c;
	child_unlink(c);
	pic_del(c, false);
	if (c->has_out)
		pic_del(c, true);
	if (tells)
		peer_tell(c);
	life_tell(t->life, LIFE_SA_DOWN, t, p, NULL,
	    "IPsec SA ended, inbound SPI: 0x%x, outbound SPI: 0x%x: %s",
	    life_main_spi(c->protocol, c->in), life_main_spi(c->protocol, c->out), why);
	late_drop(c);
	free(c);
	if (was_current)
		life_child_choose(t);
	if (was_current && t->current == NULL) {
		t->is_idle = false;
		t->renew = false;
		life_watch(t);
		life_tell(t->life, LIFE_TUNNEL_DOWN, t, p, NULL, "VPN %s is down. Reason: %s",
		    t->name, why);
	}
	life_peer_update(p);
	life_dirty(t);
}

void
life_children_end(struct life_tunnel *t, bool tells, const char *why)
{
	/* the current one last, so that none takes its place */
	struct life_child *next;
	for (struct life_child *c = t->children; c != NULL; c = next) {
		next = c->next;
		if (c != t->current)
			life_child_end(c, tells, why);
	}
	if (t->current != NULL)
		life_child_end(t->current, tells, why);
}

/* Another services interface has taken the place of ours among SPIs: what comes for the old one in UDP goes there. */
void
life_slot_check(struct life_tunnel *t)
{
	const struct life_child *c = t->current;
	if (c != NULL && c->is_udp && c->in.esp >> SPI_SLOT_SHIFT != t->spi_slot)
		t->renew = true;
}

/* --- outbound --- */

/* A peer that gives an SPI for the second time has one SA of that number, and it has just agreed to the keys of C. So the
 * outbound SA becomes that of C: the PIC takes none twice, and the end of the other pair must not take C's away. Inbound the
 * other pair stays as it is. */
static void
out_take_over(const struct life_child *c)
{
	uint32_t spi = life_main_spi(c->protocol, c->out);
	for (struct life_child *other = c->tunnel->children; other != NULL; other = other->next) {
		if (other == c || !other->has_out ||
		    life_main_spi(other->protocol, other->out) != spi)
			continue;
		pic_del(other, true);
		other->has_out = false;
		life_tell(c->tunnel->life, LIFE_SPI_TWICE, c->tunnel, c->peer, NULL,
		    "the peer gave the SPI 0x%x twice: the newer SA has it", spi);
	}
}

static void
out_install(struct life_child *c)
{
	out_take_over(c);
	c->has_out = true;
	pic_add(c, true, c->late->enc_key, c->late->auth_key);
	late_drop(c);
}

static void
current_set(struct life_child *c)
{
	struct life_tunnel *t = c->tunnel;
	char remote[ADDR_STRLEN];
	char local[ADDR_STRLEN];
	bool was_down = t->current == NULL;
	t->current = c;
	t->fails = 0;
	t->retry_ms = 0;
	t->switches = 0;
	t->acquire = false;
	t->renew = false;
	t->is_idle = false;
	free(t->failure);
	t->failure = NULL;
	life_watch(t);
	if (was_down && life_hears(t->life, LIFE_TUNNEL_UP))
		life_tell(t->life, LIFE_TUNNEL_UP, t, c->peer, NULL,
		    "VPN %s from %s is up. Local-ip: %s", t->name,
		    addr_print(c->peer->remote, remote), addr_print(c->peer->local, local));
}

/* What is left may have an outbound SA with the PIC, or keys for one. */
void
life_child_choose(struct life_tunnel *t)
{
	struct life_child *best = NULL;
	for (struct life_child *c = t->children; c != NULL; c = c->next)
		if (c->is_up && (c->has_out || c->late != NULL) &&
		    (best == NULL || c->hard_ms > best->hard_ms))
			best = c;
	if (best == NULL)
		return;
	best->is_surplus = false;
	t->current = best;
	if (!best->has_out)
		out_install(best);
}

static uint32_t
rival_rank(const struct life_child *c)
{
	uint32_t in = life_main_spi(c->protocol, c->in);
	uint32_t out = life_main_spi(c->protocol, c->out);
	return in < out ? in : out;
}

/* Was A begun, by the other end, before that could know of B? Later it has a reason: it may have lost B. */
static bool
is_rival(const struct life_child *a, const struct life_child *b)
{
	return a->is_initiator != b->is_initiator && !b->is_adopted && a->peer == b->peer &&
	       a->begun_ms < b->up_ms + LIFE_RIVAL_MS;
}

/* Both directions of C are there; its outbound keys are in `late`. */
static void
child_up(struct life_child *c, bool is_late)
{
	struct life_tunnel *t = c->tunnel;
	struct life *l = t->life;
	struct life_child *rival = t->current;
	c->is_up = true;
	c->up_ms = l->now_ms;
	c->peer->n_created++;
	if (rival != NULL && is_rival(c, rival)) {
		if (rival_rank(c) < rival_rank(rival)) {
			c->is_surplus = true;
			life_tell(l, LIFE_TRACE, t, c->peer, NULL,
			    "both ends began: the other pair is used");
			return;
		}
		rival->is_surplus = true;
	}
	current_set(c);
	if (is_late)
		c->late->due_ms = l->now_ms + t->natt_install_s * UINT64_C(1000);
	else
		out_install(c);
}

/* A peer that makes pairs without end has room for some. */
static void
excess_end(struct life_tunnel *t)
{
	while (t->n_children > LIFE_CHILDREN_MAX) {
		struct life_child *oldest = NULL;
		for (struct life_child *c = t->children; c != NULL; c = c->next)
			if (c != t->current)
				oldest = c;
		life_child_end(oldest, true, "too many pairs");
	}
}

/* --- the passing of time --- */

uint64_t
life_children_tick(struct life_tunnel *t)
{
	struct life *l = t->life;
	uint64_t due = UINT64_MAX;
	struct life_child *next;
	for (struct life_child *c = t->children; c != NULL; c = next) {
		next = c->next;
		if (c->hard_ms <= l->now_ms) {
			life_child_end(c, false,
			    c->is_up ? "Lifetime expired" : "the peer did not finish quick mode");
			continue;
		}
		due = c->hard_ms < due ? c->hard_ms : due;
		if (c->late == NULL || c != t->current)
			continue;
		if (c->late->due_ms <= l->now_ms)
			out_install(c);
		else
			due = c->late->due_ms < due ? c->late->due_ms : due;
	}
	return due;
}

/* --- the engine tells --- */

static struct life_child *
child_make(
    struct life_tunnel *t, struct life_peer *p, const struct ike_sa *sa, const struct ike_child *k)
{
	struct life *l = t->life;
	const struct life_child from = {
		.in = k->in,
		.out = k->out,
		.path = sa->path,
		.hard_ms = l->now_ms + k->chosen.lifetime_s * UINT64_C(1000),
		.begun_ms = k->side == V1_INITIATOR ? t->quick_ms : l->now_ms,
		.up_ms = l->now_ms,
		.protocol = (uint8_t)k->chosen.protocol,
		.auth = (uint8_t)k->chosen.auth,
		.enc = (uint8_t)k->chosen.enc,
		.is_initiator = k->side == V1_INITIATOR,
		.is_udp = k->is_udp,
		/* what a PIC gets while it tells what it held is not among that */
		.is_held_in = t->pic->state != LIFE_PIC_DOWN,
		.is_held_out = t->pic->state != LIFE_PIC_DOWN,
	};
	struct life_child *c = life_child_add(t, p, &from);
	pic_add(c, false, k->in_enc_key, k->in_auth_key);
	return c;
}

/* A peer that uses its standby gateway for a tunnel that is down makes it the active one. */
static void
gate_follow(struct life_tunnel *t, const struct life_peer *p)
{
	unsigned other = 1U - t->gate;
	if (t->gates[t->gate].peer == p || t->gates[other].peer != p || t->current != NULL)
		return;
	life_stop(t);
	life_failover(t, LIFE_FAILOVER);
}

static void
on_in(
    struct life_tunnel *t, struct life_peer *p, const struct ike_sa *sa, const struct ike_child *k)
{
	struct life_child *c = child_make(t, p, sa, k);
	uint64_t limit = t->life->now_ms + LIFE_IN_MS;
	/* until the third message comes it may not stay as long as it was agreed; see on_both() */
	c->hard_ms = c->hard_ms < limit ? c->hard_ms : limit;
	excess_end(t);
	life_dirty(t);
}

static void
on_both(
    struct life_tunnel *t, struct life_peer *p, const struct ike_sa *sa, const struct ike_child *k)
{
	struct life *l = t->life;
	struct life_child *c =
	    k->side == V1_INITIATOR ? child_make(t, p, sa, k) : life_child_of_in(l, t, k->in);
	if (c == NULL) {
		/* it was cleared in between */
		life_peer_say(p, k->chosen.protocol == P2_AH ? V1_PROTO_AH : V1_PROTO_ESP,
		    k->chosen.protocol == P2_AH ? k->in.ah : k->in.esp);
		return;
	}
	gate_follow(t, p);
	if (k->side == V1_RESPONDER) {
		c->hard_ms = c->up_ms + k->chosen.lifetime_s * UINT64_C(1000);
		c->path = sa->path; /* the message that began it may have come from a new place */
	}
	c->late = life_alloc(sizeof(*c->late));
	c->late->due_ms = UINT64_MAX;
	memcpy(c->late->enc_key, k->out_enc_key, sizeof(c->late->enc_key));
	memcpy(c->late->auth_key, k->out_auth_key, sizeof(c->late->auth_key));
	if (k->peer_lifetime_s != 0 && k->peer_lifetime_s < k->chosen.lifetime_s)
		life_tell(l, LIFE_SHORT, t, p, sa,
		    "the peer keeps SAs for %u s only: this end keeps them for %u s",
		    k->peer_lifetime_s, k->chosen.lifetime_s);
	if (k->side == V1_INITIATOR && t->phase == LIFE_IN_P2)
		life_stop(t);
	child_up(c, c->is_udp && t->natt_install_s > 0);
	excess_end(t);
	life_peer_update(p);
	life_dirty(t);
}

static void
on_failed(struct life_tunnel *t, struct life_ike *i, const struct ike_child *k)
{
	struct life *l = t->life;
	if (k->side == V1_RESPONDER) {
		struct life_child *c = life_child_of_in(l, t, k->in);
		if (c != NULL && !c->is_up)
			life_child_end(c, false, "the peer did not finish quick mode");
		return;
	}
	if (t->phase != LIFE_IN_P2 || t->quick != i)
		return;
	/* no answer to anything, or to this again: the peer may have lost the SA, and another one is made */
	bool is_deaf = k->reason == IKE_TIMEOUT && (i->heard_ms < t->quick_ms || t->fails > 0);
	const char *why =
	    k->why != NULL && k->why[0] != '\0' ? k->why : reason_info(k->reason)->sentence;
	life_failed(t, why);
	if (is_deaf) {
		t->acquire = t->current == NULL;
		t->retry_ms = 0;
		life_ike_doom(i);
	}
}

void
life_on_child(
    struct life *l, struct ike_sa *sa, enum ike_child_event event, const struct ike_child *k)
{
	struct life_ike *i = sa->owner;
	struct life_tunnel *t = k->tunnel->owner;
	if (i == NULL || i->peer == NULL || t == NULL)
		return;
	if (event != IKE_CHILD_FAILED || k->reason != IKE_TIMEOUT) {
		i->heard_ms = l->now_ms;
		life_alive(i->peer);
	}
	if (event == IKE_CHILD_IN)
		on_in(t, i->peer, sa, k);
	else if (event == IKE_CHILD_UP)
		on_both(t, i->peer, sa, k);
	else
		on_failed(t, i, k);
}

/* --- the PIC tells --- */

static struct life_child *
child_of_spi(const struct life *l, const char *tunnel, uint32_t spi)
{
	const struct life_tunnel *t = life_find(l, tunnel);
	for (struct life_child *c = t != NULL ? t->children : NULL; c != NULL; c = c->next)
		if (life_main_spi(c->protocol, c->in) == spi ||
		    life_main_spi(c->protocol, c->out) == spi)
			return c;
	return NULL;
}

void
life_spent(struct life *l, uint64_t now_ms, const char *tunnel, uint32_t spi, bool is_hard)
{
	l->now_ms = now_ms;
	struct life_child *c = child_of_spi(l, tunnel, spi);
	if (c != NULL && c == c->tunnel->current) {
		struct life_tunnel *t = c->tunnel;
		if (is_hard) {
			life_child_end(c, true, "Sequence numbers exhausted");
			t->acquire = t->current == NULL && life_may_begin(t);
		} else {
			t->renew = true;
			life_dirty(t);
		}
	}
	life_run(l);
}

void
life_sa_failed(struct life *l, uint64_t now_ms, const char *tunnel, uint32_t spi, const char *why)
{
	l->now_ms = now_ms;
	struct life_child *c = child_of_spi(l, tunnel, spi);
	if (c != NULL) {
		struct life_tunnel *t = c->tunnel;
		life_tell(l, LIFE_INSTALL_FAILED, t, c->peer, NULL,
		    "SA with SPI 0x%x could not be installed: %s", spi, why);
		life_child_end(c, true, why);
		if (t->phase == LIFE_IDLE)
			life_failed(t, why);
	}
	life_run(l);
}
