/* SPDX-License-Identifier: BSD-2-Clause
 *
 * plan_natt.c - the UDP sockets of port 4500 of a local gateway: one for each worker of each services interface that has it.
 *
 * All of them are one group, in which each has a place. Services interfaces come in the order in which netd has heard of them
 * first: one that is new gets the last places, and the others keep theirs. Where one goes, those behind it move up, which takes
 * new sockets; so a socket's place is part of its key. Called by plan.c.
 */
#include "daemon/netd/plan_priv.h"

#include "daemon/netd/number.h"
#include "lib/base/arena.h"
#include "lib/conf/conf.h"

#include <stdlib.h>
#include <string.h>

/* A local gateway and the services interfaces that negotiate there. */
struct shared {
	struct shared *next;
	struct addr address;
	const struct conf_ifd **pics;
	size_t n_pics;
};

struct gateways {
	struct arena *arena;
	struct numbers *members;
	struct smap by_address; /* struct shared */
	struct shared *first;
	struct shared **last;
};

static void
gateway_note(const struct conf *c, const char *pic, struct addr a, bool is_dynamic, void *arg)
{
	struct gateways *g = arg;
	char text[ADDR_STRLEN];
	const struct conf_ifd *ifd = conf_ifd(c, pic);
	if (!is_dynamic || a.family == ADDR_NONE || ifd == NULL)
		return;
	struct shared *s = smap_find(&g->by_address, addr_print(a, text));
	if (s == NULL) {
		s = arena_alloc(g->arena, sizeof(*s));
		s->address = a;
		s->pics = arena_array(g->arena, NATT_PICS_MAX, sizeof(*s->pics));
		(void)smap_add(&g->by_address, arena_strdup(g->arena, text), s);
		*g->last = s;
		g->last = &s->next;
	}
	for (size_t i = 0; i < s->n_pics; i++)
		if (s->pics[i] == ifd)
			return;
	if (s->n_pics < NATT_PICS_MAX) /* more do not run */
		s->pics[s->n_pics++] = ifd;
	(void)number_get(g->members, ifd->name);
}

/* Sorts by who came first. */
static void
pics_sort(struct shared *s, struct numbers *members)
{
	for (size_t i = 1; i < s->n_pics; i++)
		for (size_t k = i; k > 0; k--) {
			const struct conf_ifd *a = s->pics[k - 1];
			const struct conf_ifd *b = s->pics[k];
			if (number_get(members, a->name) < number_get(members, b->name))
				break;
			s->pics[k - 1] = b;
			s->pics[k] = a;
		}
}

/* The next socket of the group of STEER. */
static void
member_want(struct plan *p, struct item *steer, const struct conf_ifd *pic, unsigned queue)
{
	char text[ADDR_STRLEN];
	unsigned place = (unsigned)steer->n_members;
	struct item *it = plan_socket_want(p, pic->name, "natt",
	    arena_printf(p->arena, "socket %s natt %u %s %u at %u", pic->name, steer->family,
		addr_print(steer->peer, text), queue, place));
	if (it == NULL)
		return;
	it->family = steer->family;
	it->peer = steer->peer;
	it->queue = queue;
	it->in_group = place;
	it->spi_slot = pic->spi_slot;
	it->before = place > 0 ? steer->members[place - 1] : NULL;
	it->steer = steer;
	steer->members[steer->n_members++] = it;
}

static void
group_want(struct plan *p, const struct conf *c, const struct shared *s, unsigned n_cores)
{
	char text[ADDR_STRLEN];
	const char *key = arena_printf(p->arena, "steer %s", addr_print(s->address, text));
	bool is_single = false;
	size_t n = 0;
	for (size_t i = 0; i < s->n_pics; i++) {
		unsigned workers = conf_workers(c, s->pics[i]->name, n_cores);
		/* the kernel asks any of the group whether it may merge */
		is_single = is_single || s->pics[i]->io.no_outside_offload;
		n += workers;
		key = arena_printf(p->arena, "%s %s %u slot %u", key, s->pics[i]->name, workers,
		    s->pics[i]->spi_slot);
	}
	struct item *steer = plan_item_add(
	    p, ITEM_STEER, is_single ? arena_printf(p->arena, "%s single", key) : key);
	if (steer == NULL)
		return;
	steer->family = s->address.family;
	steer->peer = s->address;
	steer->is_single = is_single;
	steer->what = arena_printf(p->arena, "[edit] ESP in UDP at %s", text);
	steer->members = arena_array(p->arena, n, sizeof(*steer->members));
	for (size_t i = 0; i < s->n_pics; i++) {
		unsigned workers = conf_workers(c, s->pics[i]->name, n_cores);
		for (unsigned q = 0; q < workers; q++)
			member_want(p, steer, s->pics[i], q);
	}
}

void
plan_natt_want(struct plan *p, const struct conf *c, unsigned n_cores, struct numbers *members)
{
	struct gateways g = { .arena = p->arena, .members = members };
	g.last = &g.first;
	plan_gateways_each(c, gateway_note, &g);
	for (struct shared *s = g.first; s != NULL; s = s->next) {
		pics_sort(s, members);
		group_want(p, c, s, n_cores);
	}
	smap_done(&g.by_address);
}
