/* SPDX-License-Identifier: BSD-2-Clause
 *
 * life_pic.c - what a PIC holds when it is heard of: ours, to be adopted, or of nobody.
 *
 * A PIC says what it holds when its channel is new. Three things can have happened:
 * - We started anew. Its pairs are adopted if the tunnel is still made of the same configuration (the tag says so), and removed if
 *   not. What is adopted goes on to its end; its peer is not disturbed. A pair whose outbound SA is missing is taken, too: the
 *   peer may be using it.
 * - The PIC started anew and holds nothing. Our pairs are void, and must not be installed again: their sequence numbers would
 *   start again under the same keys. The peer is told, and what was up is negotiated at once.
 * - Only the channel is new. Everything is on both sides, and nothing happens.
 */
#include "lib/vpn/life_priv.h"

#include <stdlib.h>
#include <string.h>

struct life_pic *
life_pic_get(struct life *l, const char *name)
{
	struct life_pic *pic = l->pics;
	while (pic != NULL && strcmp(pic->name, name) != 0)
		pic = pic->next;
	if (pic != NULL)
		return pic;
	pic = life_alloc(sizeof(*pic));
	pic->name = life_strdup(name);
	pic->next = l->pics;
	l->pics = pic;
	return pic;
}

static void
held_drop(struct life_pic *pic)
{
	while (pic->held != NULL) {
		struct life_held *h = pic->held;
		pic->held = h->next;
		free((char *)h->sa.tunnel);
		free((char *)h->sa.tag);
		free(h);
	}
}

void
life_pic_free(struct life_pic *pic)
{
	held_drop(pic);
	free(pic->name);
	free(pic);
}

/* --- what is held --- */

static struct p2_spis
spis_of(const struct life_sa *sa)
{
	if (sa->protocol == P2_ESP)
		return (struct p2_spis){ .esp = sa->spi };
	return (struct p2_spis){ .ah = sa->spi, .esp = sa->aux_spi };
}

/* Marks what we know already; false if we do not. */
static bool
is_known(const struct life_tunnel *t, const struct life_sa *sa)
{
	for (struct life_child *c = t != NULL ? t->children : NULL; c != NULL; c = c->next) {
		const struct p2_spis *ours = sa->is_out ? &c->out : &c->in;
		if (c->protocol != sa->protocol || life_main_spi(c->protocol, *ours) != sa->spi)
			continue;
		c->is_held_out = c->is_held_out || sa->is_out;
		c->is_held_in = c->is_held_in || !sa->is_out;
		return true;
	}
	return false;
}

/* Reads what pic_add() wrote: the configuration, and the SPI of the other direction. */
static bool
tag_read(const char *tag, uint64_t *out_fp, uint32_t *out_twin)
{
	char fp[17] = { 0 };
	if (tag == NULL || strlen(tag) != 24 || strspn(tag, "0123456789abcdef") != 24)
		return false;
	memcpy(fp, tag, 16);
	*out_fp = strtoull(fp, NULL, 16);
	*out_twin = (uint32_t)strtoul(tag + 16, NULL, 16);
	return true;
}

static struct life_held *
twin_take(struct life_pic *pic, const struct life_sa *in, uint32_t twin)
{
	/* they are sorted by tunnel */
	for (struct life_held **at = &pic->held;
	     *at != NULL && strcmp((*at)->sa.tunnel, in->tunnel) == 0; at = &(*at)->next) {
		struct life_held *h = *at;
		if (h->sa.is_out && h->sa.spi == twin && h->sa.protocol == in->protocol) {
			*at = h->next;
			return h;
		}
	}
	return NULL;
}

static struct life_peer *
gate_of(
    const struct life_tunnel *t, const struct life_sa *sa, bool may_have_moved, unsigned *out_gate)
{
	/* by a NAT; with a second gateway that is too little to go by */
	bool is_any = may_have_moved && sa->is_udp && t->gates[1].peer == NULL;
	for (unsigned i = 0; i < 2; i++) {
		struct life_peer *p = t->gates[i].peer;
		if (p != NULL && (is_any || addr_eq(p->remote, sa->remote.addr)) &&
		    addr_eq(p->local, sa->local.addr)) {
			*out_gate = i;
			return p;
		}
	}
	return NULL;
}

static void
adopt(struct life_tunnel *t, unsigned gate, const struct life_sa *in, const struct life_sa *out,
    uint32_t twin)
{
	struct life *l = t->life;
	struct life_peer *p = t->gates[gate].peer;
	const struct life_child from = {
		.in = spis_of(in),
		.out = out != NULL
			   ? spis_of(out)
			   : spis_of(&(struct life_sa){ .protocol = in->protocol, .spi = twin }),
		.path = { in->local, out != NULL ? out->remote : in->remote },
		.up_ms = l->now_ms,
		.hard_ms = l->now_ms + in->hard_s * UINT64_C(1000),
		.protocol = (uint8_t)in->protocol,
		.auth = (uint8_t)in->auth,
		.enc = (uint8_t)in->enc,
		.is_initiator = in->is_initiator,
		.is_udp = in->is_udp,
		.is_up = true,
		.has_out = out != NULL,
		.is_adopted = true,
		.is_held_in = true,
		.is_held_out = out != NULL,
	};
	struct life_child *c = life_child_add(t, p, &from);
	if (t->gate != gate)
		life_stop(t); /* what it negotiates is counted with the gateway of now */
	t->gate = (uint8_t)gate;
	if (out != NULL && (t->current == NULL || t->current->hard_ms < c->hard_ms))
		t->current = c;
	life_slot_check(t);
	/* which of us is behind the NAT is not known any more */
	if (c->is_udp && p->keepalive_ms == UINT64_MAX && p->keepalive_s > 0) {
		p->path = c->path;
		p->keepalive_ms = l->now_ms;
	}
	/* but where it cannot be without one */
	if (c->is_udp && p->ikes == NULL && c == t->current &&
	    (c->path.remote.port != NATT_PORT || !addr_eq(c->path.remote.addr, p->remote))) {
		p->path = c->path;
		p->is_behind = true;
	}
	/* what the peer says about these SAs comes over an IKE SA: the old one is lost, so it needs another one */
	t->wants_p1 = p->ikes == NULL;
	life_tell(l, LIFE_ADOPTED, t, p, NULL,
	    "SA kept, inbound SPI: 0x%x, outbound SPI: 0x%x, %u seconds left", in->spi,
	    out != NULL ? out->spi : 0, in->hard_s);
	life_peer_update(p);
	life_dirty(t);
}

/* The tunnel has gone or is another one. A tunnel that was up is wanted. */
static void
orphan_end(struct life_pic *pic, struct life *l, struct life_tunnel *t, const struct life_sa *sa)
{
	l->host.sa_del(l->host.ctx, pic->name, sa->tunnel, sa->is_out, sa->spi);
	life_tell(l, LIFE_ORPHAN, t, NULL, NULL,
	    "SA of %s with SPI 0x%x belongs to nothing: removed", sa->tunnel, sa->spi);
	if (t == NULL || sa->is_out)
		return;
	unsigned gate;
	struct life_peer *p = gate_of(t, sa, false, &gate);
	if (p != NULL && sa->protocol != P2_AH)
		life_peer_say(p, V1_PROTO_ESP, sa->protocol == P2_ESP ? sa->spi : sa->aux_spi);
	if (p != NULL && sa->protocol != P2_ESP)
		life_peer_say(p, V1_PROTO_AH, sa->spi);
	t->acquire = t->current == NULL && life_may_begin(t);
	life_dirty(t);
}

static void
held_free(struct life_held *h)
{
	if (h == NULL)
		return;
	free((char *)h->sa.tunnel);
	free((char *)h->sa.tag);
	free(h);
}

static int
held_order(const void *a, const void *b)
{
	const struct life_held *const *x = a;
	const struct life_held *const *y = b;
	int order = strcmp((*x)->sa.tunnel, (*y)->sa.tunnel);
	return order != 0 ? order : (*x)->sa.is_out - (*y)->sa.is_out;
}

/* Brings together what belongs to one tunnel, so that twins are found without looking at all the others. */
static void
held_sort(struct life_pic *pic)
{
	size_t n = 0;
	for (struct life_held *h = pic->held; h != NULL; h = h->next)
		n++;
	struct life_held **v = life_alloc((n + 1) * sizeof(struct life_held *));
	size_t i = 0;
	for (struct life_held *h = pic->held; h != NULL; h = h->next)
		v[i++] = h;
	qsort(v, n, sizeof(struct life_held *), held_order);
	for (i = 0; i < n; i++)
		v[i]->next = v[i + 1];
	pic->held = v[0];
	free(v);
}

static void
held_take(struct life_pic *pic, struct life *l)
{
	held_sort(pic);
	while (pic->held != NULL) {
		struct life_held *h = pic->held;
		struct life_held *out = NULL;
		struct life_tunnel *t =
		    life_is_of_pic(l, h->sa.tunnel, pic->name) ? life_find(l, h->sa.tunnel) : NULL;
		uint64_t fp = 0;
		uint32_t twin = 0;
		unsigned gate = 0;
		pic->held = h->next;
		bool is_ours = t != NULL && tag_read(h->sa.tag, &fp, &twin) && fp == t->tag_fp;
		if (is_known(t, &h->sa)) {
			held_free(h);
			continue;
		}
		if (is_ours && !h->sa.is_out && h->sa.hard_s > 0 &&
		    gate_of(t, &h->sa, true, &gate) != NULL && t->n_children < LIFE_CHILDREN_MAX) {
			out = twin_take(pic, &h->sa, twin);
			adopt(t, gate, &h->sa, out != NULL ? &out->sa : NULL, twin);
		} else {
			orphan_end(pic, l, t, &h->sa);
		}
		held_free(h);
		held_free(out);
	}
}

static bool
is_void(const struct life_child *c)
{
	return !c->is_held_in || (c->has_out && !c->is_held_out);
}

/* Ends our pairs that the PIC does not hold. */
static void
void_end(struct life_tunnel *t)
{
	struct life *l = t->life;
	bool was_up = t->current != NULL;
	unsigned n = 0;
	struct life_child *next;
	/* none of them may take the place of another one */
	for (struct life_child *c = t->children; c != NULL; c = c->next)
		if (is_void(c))
			c->is_up = false;
	for (struct life_child *c = t->children; c != NULL; c = next) {
		next = c->next;
		if (is_void(c)) {
			n++;
			life_child_end(c, true, "the PIC has lost it");
		}
	}
	if (n > 0 && was_up && t->current == NULL)
		t->acquire = life_may_begin(t);
	if (n == 0 || !l->clears_ike_on_pic_restart)
		return;
	life_says(l);
	for (unsigned i = 0; i < 2; i++)
		if (t->gates[i].peer != NULL)
			life_peer_doom(t->gates[i].peer, UINT64_MAX);
}

static void
pic_ready(struct life_pic *pic, struct life *l)
{
	held_take(pic, l);
	pic->state = LIFE_PIC_READY;
	for (size_t i = 0; i < l->n_tunnels; i++) {
		struct life_tunnel *t = l->tunnels[i];
		if (t->pic != pic)
			continue;
		void_end(t);
		t->is_watched = false; /* it has forgotten */
		life_watch(t);
		life_tell_redundancy(t);
		life_dirty(t);
	}
}

void
life_pics_adopt(struct life *l)
{
	for (struct life_pic *pic = l->pics; pic != NULL; pic = pic->next)
		if (pic->state == LIFE_PIC_TOLD)
			pic_ready(pic, l);
}

/* --- the channel --- */

void
life_pic_up(struct life *l, uint64_t now_ms, const char *name)
{
	l->now_ms = now_ms;
	struct life_pic *pic = life_pic_get(l, name);
	held_drop(pic);
	pic->state = LIFE_PIC_TELLS;
	for (size_t i = 0; i < l->n_tunnels; i++)
		for (struct life_child *c = l->tunnels[i]->children; c != NULL; c = c->next)
			if (l->tunnels[i]->pic == pic)
				c->is_held_in = c->is_held_out = false;
	life_run(l);
}

void
life_held(struct life *l, uint64_t now_ms, const struct life_sa *sa)
{
	l->now_ms = now_ms;
	struct life_pic *pic = life_pic_get(l, sa->pic);
	if (pic->state != LIFE_PIC_TELLS)
		return;
	struct life_held *h = life_alloc(sizeof(*h));
	h->sa = *sa;
	h->sa.pic = NULL;
	h->sa.auth_key = h->sa.enc_key = NULL;
	h->sa.tunnel = life_strdup(sa->tunnel);
	h->sa.tag = life_strdup(sa->tag);
	h->next = pic->held;
	pic->held = h;
}

void
life_held_end(struct life *l, uint64_t now_ms, const char *name)
{
	l->now_ms = now_ms;
	struct life_pic *pic = life_pic_get(l, name);
	if (pic->state == LIFE_PIC_TELLS) {
		pic->state = LIFE_PIC_TOLD;
		if (l->is_configured)
			pic_ready(pic, l);
	}
	life_run(l);
}

void
life_pic_down(struct life *l, uint64_t now_ms, const char *name)
{
	l->now_ms = now_ms;
	struct life_pic *pic = life_pic_get(l, name);
	held_drop(pic);
	pic->state = LIFE_PIC_DOWN;
	life_run(l);
}

bool
life_is_of_pic(const struct life *l, const char *tunnel, const char *pic)
{
	const struct life_tunnel *t = life_find(l, tunnel);
	return t != NULL && strcmp(t->pic->name, pic) == 0;
}

void
life_acquire(struct life *l, uint64_t now_ms, const char *tunnel)
{
	l->now_ms = now_ms;
	struct life_tunnel *t = life_find(l, tunnel);
	/* after a failure traffic waits; it asks again */
	if (t != NULL && t->current == NULL && life_may_begin(t) && t->retry_ms <= now_ms) {
		t->acquire = true;
		life_dirty(t);
	}
	life_run(l);
}
