/* SPDX-License-Identifier: BSD-2-Clause
 *
 * neighbour.c - the inbound SAs of other services interfaces that one picd hears packets of.
 *
 * Every socket of a local gateway gets all of its ESP and AH, so services interfaces that share a gateway hear each
 * other, and the host's transport mode SAs hear everybody. conf_reduce() tells each picd protocol, SPI and gateway of
 * those SAs, without keys, as leaves "PROTOCOL SPI GATEWAY" of the root: it must not take their packets for strays.
 * What is a stray to all of them is counted by the first, or by the first that negotiates there; the others have a leaf with
 * its gateway. SAs that are negotiated cannot be listed: where another one negotiates there is a leaf that says so.
 */
#include "lib/conf/builder.h"

#include "lib/base/smap.h"

#include <stdlib.h>
#include <string.h>

#define NEIGHBOUR_LEAF "neighbour-sa"
#define STRAYS_LEAF "neighbour-strays"
#define DYNAMIC_NEIGHBOUR_LEAF "neighbour-dynamic"
#define ANY_GATEWAY "any" /* of a transport mode SA */

struct spread {
	struct arena *a;
	struct elem *to;
	const char *pic;
	struct smap gateways; /* those that PIC answers for */
	struct smap
	    firsts; /* all gateways: name of the services interface that counts their strays */
	struct smap told;    /* gateways that have DYNAMIC_NEIGHBOUR_LEAF */
	struct addr printed; /* the gateway of the SA before, mostly that of the next one, too */
	const char *text;    /* in words; NULL: none yet */
};

/* One inbound SA of the whole configuration. */
typedef void each_sa_fn(struct spread *x, const char *pic, struct addr gateway,
    const struct conf_manual_pair *m, bool is_dynamic);

static void
each_sa(const struct conf *c, struct spread *x, each_sa_fn *f)
{
	for (size_t i = 0; i < c->n_service_sets; i++) {
		const struct conf_service_set *s = c->service_sets[i];
		for (size_t n = 0; s->pic != NULL && n < s->n_tunnels; n++)
			f(x, s->pic->name, s->local_gateway, &s->tunnels[n].term->manual,
			    s->tunnels[n].term->dynamic.is_set);
	}
	for (size_t i = 0; i < c->n_ifds; i++)
		for (size_t n = 0; n < c->ifds[i]->n_units; n++) {
			const struct conf_unit *u = c->ifds[i]->units[n];
			if (u->ipsec_sa != NULL)
				f(x, u->ifd->name, u->tunnel_source, &u->ipsec_sa->manual,
				    u->ipsec_sa->dynamic.is_set);
		}
	for (size_t i = 0; i < c->n_sas; i++)
		if (c->sas[i]->mode == MODE_TRANSPORT && c->sas[i]->is_referenced)
			f(x, HOST_PIC, (struct addr){ 0 }, &c->sas[i]->manual, false);
}

static const char *
gateway_print(struct spread *x, struct addr gateway)
{
	char text[ADDR_STRLEN];
	if (x->text == NULL || gateway.family != x->printed.family ||
	    !addr_eq(gateway, x->printed)) {
		x->printed = gateway;
		x->text = arena_strdup(
		    x->a, gateway.family != ADDR_NONE ? addr_print(gateway, text) : ANY_GATEWAY);
	}
	return x->text;
}

static void
own_note(struct spread *x, const char *pic, struct addr gateway, const struct conf_manual_pair *m,
    bool is_dynamic)
{
	(void)m;
	(void)is_dynamic;
	if (strcmp(pic, x->pic) == 0)
		(void)smap_add(&x->gateways, gateway_print(x, gateway), x);
}

/* Only who negotiates can have the peer told that it does not know an SPI. */
static void
first_dynamic_note(struct spread *x, const char *pic, struct addr gateway,
    const struct conf_manual_pair *m, bool is_dynamic)
{
	(void)m;
	if (gateway.family != ADDR_NONE && is_dynamic)
		(void)smap_add(&x->firsts, gateway_print(x, gateway), (void *)(uintptr_t)pic);
}

static void
first_note(struct spread *x, const char *pic, struct addr gateway, const struct conf_manual_pair *m,
    bool is_dynamic)
{
	first_dynamic_note(x, pic, gateway, m, !is_dynamic);
}

/* Does PIC hear the packets of GATEWAY? The host's transport mode SAs hear all. */
static bool
is_heard(const struct spread *x, const char *gateway)
{
	return strcmp(x->pic, HOST_PIC) == 0 || smap_find(&x->gateways, gateway) != NULL;
}

/* Once for each gateway. */
static void
dynamic_put(struct spread *x, const char *pic, struct addr gateway,
    const struct conf_manual_pair *m, bool is_dynamic)
{
	(void)m;
	const char *gw = gateway_print(x, gateway);
	if (is_dynamic && gateway.family != ADDR_NONE && strcmp(pic, x->pic) != 0 &&
	    is_heard(x, gw) && smap_add(&x->told, gw, x))
		elem_leaf(x->a, x->to, DYNAMIC_NEIGHBOUR_LEAF, gw);
}

/* Only an SA of the PIC that counts gets here: then the leaf is written, once. */
static void
strays_put(struct spread *x, const char *pic, struct addr gateway, const struct conf_manual_pair *m,
    bool is_dynamic)
{
	(void)m;
	(void)is_dynamic;
	const char *gw = gateway_print(x, gateway);
	if (gateway.family == ADDR_NONE || !is_heard(x, gw) || strcmp(pic, x->pic) == 0 ||
	    smap_find(&x->firsts, gw) != pic)
		return;
	(void)smap_set(&x->firsts, gw, NULL);
	elem_leaf(x->a, x->to, STRAYS_LEAF, gw);
}

static void
other_put(struct spread *x, const char *pic, struct addr gateway, const struct conf_manual_pair *m,
    bool is_dynamic)
{
	const char *gw = gateway_print(x, gateway);
	(void)is_dynamic;
	if (!m->is_set || strcmp(pic, x->pic) == 0 ||
	    !(gateway.family == ADDR_NONE || is_heard(x, gw)))
		return;
	elem_leaff(x->a, x->to, NEIGHBOUR_LEAF, "%s %u %s", m->in.proto == PROTO_ESP ? "esp" : "ah",
	    m->in.spi, gw);
}

void
neighbours_put(const struct conf *c, const char *pic, struct arena *a, struct elem *to)
{
	struct spread x = { .a = a, .to = to, .pic = pic };
	each_sa(c, &x, own_note);
	if (x.gateways.n > 0) {
		each_sa(c, &x, other_put);
		each_sa(c, &x, dynamic_put);
		each_sa(c, &x, first_dynamic_note);
		each_sa(c, &x, first_note);
		each_sa(c, &x, strays_put);
	}
	smap_done(&x.gateways);
	smap_done(&x.firsts);
	smap_done(&x.told);
}

/* Reads one leaf; false if it is not of the form that other_put() writes. */
static bool
neighbour_read(const char *text, struct conf_neighbour *out)
{
	bool is_esp = strncmp(text, "esp ", 4) == 0;
	if (!is_esp && strncmp(text, "ah ", 3) != 0)
		return false;
	char *end;
	unsigned long spi = strtoul(text + (is_esp ? 4 : 3), &end, 10);
	*out = (struct conf_neighbour){ .proto = is_esp ? PROTO_ESP : PROTO_AH };
	if (*end != ' ' || spi > UINT32_MAX)
		return false;
	out->spi = (uint32_t)spi;
	return strcmp(end + 1, ANY_GATEWAY) == 0 || addr_parse(end + 1, &out->gateway);
}

static const struct addr *
gateways_read(struct builder *b, const char *leaf, size_t *out_n)
{
	struct addr *list = arena_array(b->a, elem_count(b->root, leaf), sizeof(*list));
	size_t n = 0;
	elem_each (e, b->root, leaf) {
		if (e->value != NULL && addr_parse(e->value, &list[n]))
			n++;
		else
			builder_error(b, e, "invalid value");
	}
	*out_n = n;
	return list;
}

void
neighbours_load(struct builder *b)
{
	size_t n = elem_count(b->root, NEIGHBOUR_LEAF);
	struct conf_neighbour *list = arena_array(b->a, n, sizeof(*list));
	size_t used = 0;
	elem_each (e, b->root, NEIGHBOUR_LEAF) {
		if (e->value != NULL && neighbour_read(e->value, &list[used]))
			used++;
		else
			builder_error(b, e, "invalid value");
	}
	b->c->stray_gateways = gateways_read(b, STRAYS_LEAF, &b->c->n_stray_gateways);
	b->c->unclear_gateways =
	    gateways_read(b, DYNAMIC_NEIGHBOUR_LEAF, &b->c->n_unclear_gateways);
	b->c->neighbours = list;
	b->c->n_neighbours = used;
}
