/* SPDX-License-Identifier: BSD-2-Clause
 *
 * life_conf.c - a configuration becomes tunnels, and those are paired with the ones before.
 *
 * First every tunnel of the new configuration is described (struct spec) and fingerprinted; nothing has changed yet. Then each
 * description takes the tunnel of its name if that has the same fingerprint; a tunnel that is another one now, or is no
 * more, is ended with its peer told. At last the indexes and the lists of the peers are made anew, in the order of the
 * configuration, and IKE SAs of policies that no longer hold are ended. Nothing of this can fail.
 */
#include "lib/vpn/life_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/conf/conf.h"
#include "lib/vpn/tunnel.h"

/* What a tunnel is made of. Borrows from the configuration. */
struct spec {
	const struct conf_service_set *set; /* NULL: es- */
	const struct conf_term *term;
	const struct conf_unit *unit;
	const struct conf_dynamic *dynamic;
	const struct conf_ike_policy *ike[2]; /* of the gates */
	struct tunnel_selectors selectors;
	struct addr local;
	struct addr gates[2];
	unsigned index;
	unsigned window;
	uint64_t fp;
	uint64_t tag_fp;
	struct life_policy *policies[2]; /* of the gates; references */
	char *name;                      /* owned until a tunnel takes it */
};

/* --- finding --- */

uint64_t
life_name_hash(const struct life *l, const char *name)
{
	return life_mix(LIFE_MIX ^ l->secret, name, strlen(name));
}

struct life_tunnel *
life_find(const struct life *l, const char *name)
{
	for (struct life_node *n = life_hash_first(&l->names, life_name_hash(l, name)); n != NULL;
	     n = life_hash_next(n)) {
		struct life_tunnel *t =
		    (struct life_tunnel *)((char *)n - offsetof(struct life_tunnel, node));
		if (strcmp(t->name, name) == 0)
			return t;
	}
	return NULL;
}

uint64_t
life_selector_hash(
    const struct life *l, const struct life_peer *p, struct prefix local, struct prefix remote)
{
	uint64_t hash = life_mix(LIFE_MIX ^ l->secret, &p, sizeof(p));
	hash = life_mix(hash, local.addr.b, sizeof(local.addr.b));
	hash = life_mix(hash, &local.len, 1);
	hash = life_mix(hash, remote.addr.b, sizeof(remote.addr.b));
	return life_mix(hash, &remote.len, 1);
}

/* --- describing --- */

static void
put_prefix(struct wr *w, struct prefix p)
{
	wr_u8(w, p.addr.family);
	wr_bytes(w, p.addr.b, sizeof(p.addr.b));
	wr_u8(w, p.len);
}

static void
put_addr(struct wr *w, struct addr a)
{
	put_prefix(w, (struct prefix){ .addr = a });
}

/* What of it makes SAs what they are. The order of tunnels does not. */
static uint64_t
fingerprint(const struct spec *s, const char *pic, uint64_t policy_fp, uint64_t backup_fp)
{
	uint8_t buf[1024];
	uint8_t hash[HASH_LEN_MAX];
	struct wr w = wr_init(buf, sizeof(buf));
	const struct conf_ipsec_policy *ipsec = s->dynamic->ipsec;
	wr_u64(&w, policy_fp);
	if (s->gates[1].family != ADDR_NONE)
		wr_u64(&w, backup_fp);
	put_addr(&w, s->local);
	put_addr(&w, s->gates[0]);
	put_addr(&w, s->gates[1]);
	put_prefix(&w, s->selectors.local);
	put_prefix(&w, s->selectors.remote);
	wr_u32(&w, s->window);
	wr_u32(&w, ipsec->pfs);
	for (size_t i = 0; i < ipsec->n_proposals && i < P2_PROPOSALS_MAX; i++) {
		const struct conf_ipsec_proposal *p = ipsec->proposals[i];
		wr_u8(&w, (uint8_t)p->proto);
		wr_u8(&w, (uint8_t)p->auth);
		wr_u8(&w, (uint8_t)p->enc);
		wr_u32(&w, p->lifetime_s);
	}
	hash_parts(
	    HASH_SHA_256, (const struct part[]){ { w.buf, w.len }, { pic, strlen(pic) } }, 2, hash);
	struct rd r = rd_init(hash, sizeof(hash));
	return rd_u64(&r);
}

static const struct conf_ifd *
ifd_of(const struct spec *s)
{
	return s->set != NULL ? s->set->pic : s->unit->ifd;
}

static const char *
pic_of(const struct spec *s)
{
	return ifd_of(s)->name;
}

/* One piece: the name, and the parts of it. */
static char *
name_make(const struct spec *s)
{
	char *name = NULL;
	int n = s->set != NULL
		    ? asprintf(&name, "%s/%s/%s%c%s%c%s%c%s", s->set->name, s->term->rule->name,
			  s->term->name, '\0', s->set->name, '\0', s->term->rule->name, '\0',
			  s->term->name)
		    : asprintf(&name, "%s%c%s", s->unit->name, '\0', s->unit->ipsec_sa->name);
	if (n < 0)
		abort();
	return name;
}

static void
spec_finish(struct life *l, struct spec *s, unsigned bad_spi_max)
{
	struct life_policy **p = s->policies;
	for (unsigned i = 0; i < 2; i++)
		p[i] = life_policy_get(l, s->ike[i], s->set, bad_spi_max);
	s->fp = fingerprint(s, pic_of(s), p[0]->fp, p[1]->fp);
	s->tag_fp = fingerprint(s, pic_of(s), p[0]->open_fp, p[1]->open_fp);
	s->name = name_make(s);
}

/* Describes what a service set has; SPECS NULL: only counts. */
static size_t
specs_of_set(struct life *l, const struct conf_service_set *set, struct spec *specs)
{
	size_t n = 0;
	for (size_t i = 0; i < set->n_tunnels; i++) {
		const struct conf_tunnel *t = &set->tunnels[i];
		const struct conf_dynamic *d = &t->term->dynamic;
		if (!d->is_set || set->local_gateway.family == ADDR_NONE || set->pic == NULL)
			continue;
		if (specs != NULL) {
			specs[n] = (struct spec){
				.set = set,
				.term = t->term,
				.dynamic = d,
				.ike = { d->ike, d->ike },
				.selectors = tunnel_selectors(t->term),
				.local = set->local_gateway,
				.gates = { t->term->remote_gateway, t->term->backup_gateway },
				.index = t->index,
				.window = t->window,
			};
			spec_finish(l, &specs[n], d->ike->bad_spi_max);
		}
		n++;
	}
	return n;
}

static struct prefix
or_any(struct prefix p)
{
	if (p.addr.family == ADDR_NONE)
		return (struct prefix){ .addr.family = ADDR_V4 };
	return prefix_network(p);
}

static size_t
specs_of_ifd(struct life *l, const struct conf *c, const struct conf_ifd *ifd, struct spec *specs)
{
	size_t n = 0;
	for (size_t i = 0; i < ifd->n_units && ifd->kind == IFD_ES; i++) {
		const struct conf_unit *u = ifd->units[i];
		const struct conf_sa *sa = u->ipsec_sa;
		if (sa == NULL || !sa->dynamic.is_set || u->is_disabled)
			continue;
		const struct conf_ike_policy *ike =
		    conf_ike_policy_of_peer(c, u->tunnel_destination);
		const struct conf_ike_policy *backup = conf_ike_policy_of_peer(c, u->tunnel_backup);
		if (ike == NULL)
			continue;
		if (specs != NULL) {
			specs[n] = (struct spec){
				.unit = u,
				.dynamic = &sa->dynamic,
				.ike = { ike, backup != NULL ? backup : ike },
				.selectors = { or_any(sa->selector_local),
				    or_any(sa->selector_remote) },
				.local = u->tunnel_source,
				.gates = { u->tunnel_destination,
				    backup != NULL ? u->tunnel_backup : (struct addr){ 0 } },
				.window = sa->replay_window,
			};
			spec_finish(l, &specs[n], c->security_bad_spi_max);
		}
		n++;
	}
	return n;
}

static size_t
specs_make(struct life *l, const struct conf *c, struct spec *specs)
{
	size_t n = 0;
	for (size_t i = 0; i < c->n_service_sets; i++)
		n += specs_of_set(l, c->service_sets[i], specs != NULL ? specs + n : NULL);
	for (size_t i = 0; i < c->n_ifds; i++)
		n += specs_of_ifd(l, c, c->ifds[i], specs != NULL ? specs + n : NULL);
	return n;
}

/* --- tunnels --- */

static void
on_timer(void *arg)
{
	life_dirty(arg);
}

static struct ike_tunnel *
ike_make(const struct spec *s, struct life_tunnel *t)
{
	struct p2_proposal proposals[P2_PROPOSALS_MAX];
	const struct conf_ipsec_policy *ipsec = s->dynamic->ipsec;
	size_t n = 0;
	for (; n < ipsec->n_proposals && n < P2_PROPOSALS_MAX; n++) {
		const struct conf_ipsec_proposal *p = ipsec->proposals[n];
		proposals[n] = (struct p2_proposal){
			.protocol = p->proto == PROTO_ESP  ? P2_ESP
				    : p->proto == PROTO_AH ? P2_AH
							   : P2_BUNDLE,
			.auth = p->auth,
			.enc = p->enc,
			.lifetime_s = p->lifetime_s,
		};
	}
	return ike_tunnel_new(&(struct ike_tunnel){
	    .owner = t,
	    .local = s->selectors.local,
	    .remote = s->selectors.remote,
	    .policy = { .proposals = proposals, .n = n, .pfs = ipsec->pfs },
	});
}

/* Takes the name and the policy of S. */
static struct life_tunnel *
tunnel_new(struct life *l, struct spec *s)
{
	struct life_tunnel *t = life_alloc(sizeof(*t));
	t->life = l;
	t->fp = s->fp;
	t->tag_fp = s->tag_fp;
	t->name = s->name;
	t->pic = life_pic_get(l, pic_of(s));
	t->ike = ike_make(s, t);
	t->gates[0].tunnel = t->gates[1].tunnel = t;
	s->name = NULL;
	life_timer_init(&t->timer, on_timer, t);
	return t;
}

static void
dpd_update(struct life_tunnel *t, unsigned interval_s, unsigned threshold)
{
	if (t->is_watched && interval_s != t->dpd_interval_s && interval_s > 0)
		t->is_watched = false; /* tell the PIC the other interval */
	t->dpd_interval_s = (uint8_t)interval_s;
	t->dpd_threshold = (uint8_t)threshold;
}

/* What may change while everything goes on, and what is made anew in any case. */
static void
tunnel_update(struct life_tunnel *t, struct spec *s)
{
	const char *part = t->name + strlen(t->name) + 1;
	t->is_seen = true;
	t->index = s->index;
	t->window = (uint16_t)s->window;
	t->spi_slot = ifd_of(s)->spi_slot;
	life_slot_check(t);
	for (unsigned i = 0; i < 2; i++) {
		life_policy_unref(t->life, t->policies[i]);
		t->policies[i] = s->policies[i];
		s->policies[i] = NULL;
	}
	t->natt_install_s = (uint8_t)s->dynamic->natt_install_s;
	if (s->set == NULL) {
		t->sa_name = part;
		bool has_backup = s->gates[1].family != ADDR_NONE;
		dpd_update(t, has_backup ? DPD_INTERVAL_DEFAULT : 0, DPD_THRESHOLD_DEFAULT);
		return;
	}
	t->service_set = part;
	t->rule = t->service_set + strlen(t->service_set) + 1;
	t->term = t->rule + strlen(t->rule) + 1;
	t->keepalive_s = (uint16_t)s->set->nat_keepalive_s;
	dpd_update(t, s->term->initiates_dpd ? s->term->dpd_interval_s : 0, s->term->dpd_threshold);
}

void
life_tunnel_free(struct life_tunnel *t)
{
	t->ike->owner = NULL;
	ike_tunnel_unref(t->ike);
	if (t->life->ike != NULL)
		life_turn_end(&t->turn);
	for (unsigned i = 0; i < 2; i++)
		life_policy_unref(t->life, t->policies[i]);
	free(t->failure);
	free(t->name);
	free(t);
}

static void
dirty_del(struct life_tunnel *t)
{
	struct life_tunnel **at = &t->life->dirty;
	while (*at != NULL && *at != t)
		at = &(*at)->dirty_next;
	if (*at == t)
		*at = t->dirty_next;
	t->is_dirty = false;
}

/* Ends a tunnel that is no more, with its peers told. Returns whether it was up, or on its way. */
static bool
tunnel_end(struct life_tunnel *t, const char *why)
{
	struct life *l = t->life;
	bool was_up = t->current != NULL || t->acquire || t->phase != LIFE_IDLE;
	if (t->n_children > 0)
		life_tell(l, LIFE_CONF_CHANGED, t, t->gates[t->gate].peer, NULL,
		    "Tunnel configuration of %s %s. Corresponding IPsec SAs are deleted", t->name,
		    why);
	life_children_end(t, true, why);
	/* said now, while there may be an IKE SA; without one it is not worth making one */
	life_says(l);
	for (unsigned g = 0; g < 2; g++)
		for (struct life_ike *i = t->gates[g].peer != NULL ? t->gates[g].peer->ikes : NULL;
		     i != NULL; i = i->next)
			ike_quick_drop(l->ike, i->sa, t->ike);
	life_stop(t);
	life_timer_set(&l->heap, &t->timer, UINT64_MAX);
	life_hash_del(&l->names, &t->node);
	if (t->is_dirty)
		dirty_del(t);
	return was_up;
}

/* --- pairing --- */

/* The tunnel of S: the one before if it is the same, or a new one; *OUT_OLD is one that has to go. */
static struct life_tunnel *
pair(struct life *l, struct spec *s, struct life_tunnel **out_old)
{
	struct life_tunnel *t = life_find(l, s->name);
	*out_old = NULL;
	if (t != NULL && t->fp == s->fp && !t->is_seen) {
		free(s->name);
		s->name = NULL;
		return t;
	}
	bool was_up = false;
	if (t != NULL && !t->is_seen) {
		was_up = tunnel_end(t, "changed");
		*out_old = t;
	}
	t = tunnel_new(l, s);
	life_hash_add(&l->names, &t->node, life_name_hash(l, t->name));
	t->acquire = was_up;
	return t;
}

/* Takes all gates out of the lists of their peers; the tunnels keep the peers' addresses in what they are made of. */
static void
gates_clear(struct life *l)
{
	life_hash_done(&l->selectors);
	for (size_t i = 0; i < l->peers.cap; i++)
		for (struct life_node *n = l->peers.slots[i]; n != NULL; n = n->next) {
			struct life_peer *p =
			    (struct life_peer *)((char *)n - offsetof(struct life_peer, node));
			p->gates = p->last_gate = NULL;
		}
}

static void
gate_add(struct life_tunnel *t, unsigned which, struct addr local, struct addr remote)
{
	struct life *l = t->life;
	struct life_gate *g = &t->gates[which];
	if (remote.family == ADDR_NONE) {
		g->peer = NULL;
		return;
	}
	struct life_peer *p = life_peer_get(l, local, remote);
	bool is_first = p->gates == NULL;
	g->peer = p;
	g->next = NULL;
	*(p->last_gate != NULL ? &p->last_gate->next : &p->gates) = g;
	p->last_gate = g;
	life_hash_add(&l->selectors, &g->node,
	    life_selector_hash(
		l, p, prefix_network(t->ike->local), prefix_network(t->ike->remote)));
	if (is_first)
		p->keepalive_s = t->service_set != NULL && t->keepalive_s > 0 ? t->keepalive_s
									      : LIFE_KEEPALIVE_S;
}

/* The first tunnel of a peer says what is allowed with it. IKE SAs of another policy end, with everything that waits for them
 * in the lists already. */
static void
policy_set(struct life_gate *g)
{
	struct life_peer *p = g->peer;
	struct life_policy *policy = g->tunnel->policies[g - g->tunnel->gates];
	if (p == NULL || p->gates != g || p->policy == policy)
		return;
	bool is_new = p->policy == NULL;
	life_policy_ref(policy);
	life_policy_unref(p->life, p->policy);
	p->policy = policy;
	p->retry_ms = 0;
	p->fails = 0;
	if (!is_new)
		life_peer_end_ikes(p, true);
}

/* Peers that no tunnel has any more. */
static void
peers_sweep(struct life *l)
{
	struct life_peer *gone = NULL;
	for (size_t i = 0; i < l->peers.cap; i++)
		for (struct life_node *n = l->peers.slots[i]; n != NULL; n = n->next) {
			struct life_peer *p =
			    (struct life_peer *)((char *)n - offsetof(struct life_peer, node));
			if (p->gates != NULL)
				continue;
			p->gone_next = gone;
			gone = p;
		}
	while (gone != NULL) {
		struct life_peer *p = gone;
		gone = p->gone_next;
		life_peer_free(p);
	}
}

static int
remote_order(const void *a, const void *b)
{
	const struct life_peer *const *x = a;
	const struct life_peer *const *y = b;
	return memcmp(&(*x)->remote, &(*y)->remote, sizeof((*x)->remote));
}

/* A peer with many gateways of ours may begin with all of them at once. */
static void
half_open_allow(struct life *l)
{
	struct life_peer **v = life_alloc((l->peers.n + 1) * sizeof(struct life_peer *));
	size_t n = 0;
	for (size_t i = 0; i < l->peers.cap; i++)
		for (struct life_node *k = l->peers.slots[i]; k != NULL; k = k->next)
			v[n++] = (struct life_peer *)((char *)k - offsetof(struct life_peer, node));
	qsort(v, n, sizeof(struct life_peer *), remote_order);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i; end < n && addr_eq(v[end]->remote, v[i]->remote);)
			end++;
		size_t max = 2 * (end - i);
		for (size_t k = i; k < end && max > IKE_SOURCE_MAX; k++) {
			struct life_policy *p = v[k]->policy;
			if (p->plain->half_open_max < max)
				p->plain->half_open_max = (unsigned)max;
			if (p->ike != NULL)
				p->ike->half_open_max = p->plain->half_open_max;
		}
	}
	free(v);
}

void
life_conf(struct life *l, uint64_t now_ms, const struct conf *c)
{
	l->now_ms = now_ms;
	size_t n = specs_make(l, c, NULL);
	struct spec *specs = life_alloc((n + 1) * sizeof(*specs));
	struct life_tunnel **tunnels = life_alloc((n + 1) * sizeof(struct life_tunnel *));
	struct life_tunnel *gone = NULL;
	specs_make(l, c, specs);
	l->is_immediate = c->establish == ESTABLISH_IMMEDIATELY;
	l->is_responder_only = c->establish == ESTABLISH_RESPONDER_ONLY;
	l->clears_ike_on_pic_restart = c->clears_ike_on_pic_restart;

	for (size_t i = 0; i < n; i++) {
		struct life_tunnel *old;
		tunnels[i] = pair(l, &specs[i], &old);
		tunnel_update(tunnels[i], &specs[i]);
		tunnels[i]->order = (unsigned)i;
		if (old != NULL) {
			old->is_seen = true;
			old->dirty_next = gone;
			gone = old;
		}
	}
	for (size_t i = 0; i < l->n_tunnels; i++) {
		struct life_tunnel *t = l->tunnels[i];
		if (t->is_seen)
			continue;
		tunnel_end(t, "removed");
		t->dirty_next = gone;
		gone = t;
	}
	gates_clear(l);
	free(l->tunnels);
	l->tunnels = tunnels;
	l->n_tunnels = n;
	for (size_t i = 0; i < n; i++)
		for (unsigned g = 0; g < 2; g++)
			gate_add(tunnels[i], g, specs[i].local, specs[i].gates[g]);
	for (size_t i = 0; i < n; i++)
		for (unsigned g = 0; g < 2; g++)
			policy_set(&tunnels[i]->gates[g]);
	peers_sweep(l);
	half_open_allow(l);
	while (gone != NULL) {
		struct life_tunnel *t = gone;
		gone = t->dirty_next;
		life_tunnel_free(t);
	}
	for (size_t i = 0; i < n; i++) {
		tunnels[i]->is_seen = false;
		life_watch(tunnels[i]);
		if (tunnels[i]->pic->state == LIFE_PIC_READY)
			life_tell_redundancy(tunnels[i]);
		life_dirty(tunnels[i]);
	}
	free(specs);
	l->is_configured = true;
	life_pics_adopt(l);
	life_run(l);
}
