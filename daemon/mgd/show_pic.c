/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_pic.c - show chassis fpc pic-status: services and encryption interfaces as the cards that they are elsewhere.
 *
 * sp-1/2/0 is PIC 2 of FPC 1. It is online while its picd runs what is in force. Called by show.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/mgd/mgd.h"

struct card {
	unsigned fpc;
	unsigned pic;
	bool is_online;
	const char *type;
};

/* Is P the picd of an interface with a slot? Fills CARD. */
static bool
card_read(const struct peer *p, struct card *card)
{
	char kind[3];
	if (!p->is_wanted || strcmp(p->kind, "picd") != 0 ||
	    sscanf(p->instance, "%2[a-z]-%u/%u/", kind, &card->fpc, &card->pic) != 3)
		return false;
	card->is_online = p->ipc != NULL && p->is_applied;
	card->type = strcmp(kind, "es") == 0 ? "Encryption Services" : "Adaptive Services";
	return true;
}

static int
card_order(const void *a, const void *b)
{
	const struct card *x = a;
	const struct card *y = b;
	if (x->fpc != y->fpc)
		return x->fpc < y->fpc ? -1 : 1;
	return x->pic < y->pic ? -1 : x->pic > y->pic;
}

/* Puts the cards of the FPC that CARD is in, the first of N; returns how many there are. */
static size_t
fpc_row(struct session *s, const struct card *card, size_t n)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "fpc");
	size_t i = 0;
	elem_leaff(a, e, "slot", "%u", card->fpc);
	elem_leaf(a, e, "state", "Online"); /* the host */
	elem_leaf(a, e, "description", "Services interfaces");
	for (; i < n && card[i].fpc == card->fpc; i++) {
		struct elem *pic = elem_add(a, e, "pic");
		elem_leaff(a, pic, "pic-slot", "%u", card[i].pic);
		elem_leaf(a, pic, "pic-state", card[i].is_online ? "Online" : "Offline");
		elem_leaf(a, pic, "pic-type", card[i].type);
	}
	session_row(s, e);
	arena_free(a);
	return i;
}

void
show_pics(struct session *s, const struct elem *request)
{
	const char *slot = elem_value(request, "fpc-slot");
	size_t n = 0;
	for (const struct peer *p = s->m->peers.list; p != NULL; p = p->next)
		n++;
	struct card *cards = calloc(n + 1, sizeof(*cards));
	if (cards == NULL)
		abort();
	n = 0;
	for (const struct peer *p = s->m->peers.list; p != NULL; p = p->next)
		if (card_read(p, &cards[n]) &&
		    (slot == NULL || strtoul(slot, NULL, 10) == cards[n].fpc))
			n++;
	qsort(cards, n, sizeof(*cards), card_order);
	for (size_t i = 0; i < n;)
		i += fpc_row(s, &cards[i], n - i);
	free(cards);
}
