/* SPDX-License-Identifier: BSD-2-Clause
 *
 * policy.c - policies and tunnels: what the host allows, copied and counted.
 *
 * A commit makes new ones and lets go of its reference to the old; SAs that were made of those keep them alive as long as they
 * need. Each is one block of memory, with everything that it points to behind it. One thread.
 */
#include "lib/ike/ike.h"

#include <stdlib.h>
#include <string.h>

/* What is left of the block; with `p` NULL it only counts. */
struct block {
	uint8_t *p;
	size_t n;
};

/* Copies N octets into the block, aligned for anything. */
static void *
put(struct block *b, const void *from, size_t n)
{
	size_t room = (n + 15) / 16 * 16;
	uint8_t *at = b->p != NULL ? b->p + b->n : NULL;
	b->n += room;
	if (at != NULL && n > 0)
		memcpy(at, from, n);
	return n > 0 ? at : NULL;
}

static struct part
put_part(struct block *b, struct part p)
{
	return (struct part){ put(b, p.p, p.n), p.n };
}

static struct id
put_id(struct block *b, struct id id)
{
	if (id.p != NULL)
		id.p = put(b, id.p, id.n);
	return id;
}

static void
put_remote_ids(struct block *b, const struct ike_policy *from, struct ike_policy *to)
{
	struct ike_remote_id *ids = put(b, from->remote_ids, from->n_remote_ids * sizeof(*ids));
	for (size_t i = 0; i < from->n_remote_ids; i++) {
		struct id id = put_id(b, from->remote_ids[i].id);
		if (ids != NULL)
			ids[i].id = id;
	}
	to->remote_ids = ids;
}

static void
put_cas(struct block *b, const struct ike_policy *from, struct ike_policy *to)
{
	struct part *cas = put(b, from->cas, from->n_cas * sizeof(*cas));
	for (size_t i = 0; i < from->n_cas; i++) {
		struct part ca = put_part(b, from->cas[i]);
		if (cas != NULL)
			cas[i] = ca;
	}
	to->cas = cas;
}

/* Puts everything that FROM points to into the block, and the pointers to it into TO. */
static void
put_policy(struct block *b, const struct ike_policy *from, struct ike_policy *to)
{
	to->proposals = put(b, from->proposals, from->n * sizeof(*from->proposals));
	to->psk = put_part(b, from->psk);
	to->local_id = put_id(b, from->local_id);
	put_remote_ids(b, from, to);
	put_cas(b, from, to);
}

static uint8_t *
must_alloc(size_t n)
{
	uint8_t *p = malloc(n);
	if (p == NULL)
		abort();
	return p;
}

struct ike_policy *
ike_policy_new(const struct ike_policy *from)
{
	struct block b = { 0 };
	struct ike_policy to = *from;
	if (from->n == 0 || from->n > P1_PROPOSALS_MAX || from->n_cas > IKE_CAS_MAX ||
	    from->n_remote_ids > IKE_REMOTE_IDS_MAX)
		abort();
	(void)put(&b, from, sizeof(*from));
	put_policy(&b, from, &to);
	b = (struct block){ .p = must_alloc(b.n) };
	struct ike_policy *p = put(&b, from, sizeof(*from));
	put_policy(&b, from, p);
	p->n_refs = 1;
	p->beginnings = (struct ike_bucket){ 0 };
	return p;
}

struct ike_policy *
ike_policy_ref(struct ike_policy *p)
{
	p->n_refs++;
	return p;
}

void
ike_policy_unref(struct ike_policy *p)
{
	if (p == NULL || --p->n_refs > 0)
		return;
	if (p->psk.n > 0)
		secret_wipe((void *)(uintptr_t)p->psk.p, p->psk.n);
	free(p);
}

struct ike_tunnel *
ike_tunnel_new(const struct ike_tunnel *from)
{
	struct block b = { 0 };
	size_t n = from->policy.n * sizeof(*from->policy.proposals);
	if (from->policy.n == 0 || from->policy.n > P2_PROPOSALS_MAX)
		abort();
	(void)put(&b, from, sizeof(*from));
	(void)put(&b, from->policy.proposals, n);
	b = (struct block){ .p = must_alloc(b.n) };
	struct ike_tunnel *t = put(&b, from, sizeof(*from));
	t->policy.proposals = put(&b, from->policy.proposals, n);
	t->n_refs = 1;
	return t;
}

struct ike_tunnel *
ike_tunnel_ref(struct ike_tunnel *t)
{
	t->n_refs++;
	return t;
}

void
ike_tunnel_unref(struct ike_tunnel *t)
{
	if (t != NULL && --t->n_refs == 0)
		free(t);
}
