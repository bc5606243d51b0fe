/* SPDX-License-Identifier: BSD-2-Clause
 *
 * table.h - the IKE SAs: found by cookies, by what is due first, and by how long they are half open.
 *
 * Our own cookie is random, so it spreads well; the cookie of a peer that begins is not, so that hash is
 * multiplied with a secret. Half-open responders stand in a queue: when there are too many, the oldest goes, so a flood of
 * beginnings costs a bounded memory and a real peer still has as long as the flood needs to push it out. One thread.
 */
#ifndef TABLE_H
#define TABLE_H

#include "lib/ike/ike.h"

struct table {
	struct ike_sa **by_own;  /* our cookie */
	struct ike_sa **by_peer; /* responders: the initiator's cookie */
	size_t cap;              /* of both, a power of two */
	struct ike_sa **heap;    /* by due_ms, the first one on top */
	size_t heap_cap;
	size_t n;
	struct ike_sa *oldest; /* half open */
	struct ike_sa *newest;
	size_t n_half_open;
	uint64_t secret;
};

void table_init(struct table *t, uint64_t secret);
void table_done(struct table *t); /* frees no SA */

/* Adds an SA with its own cookie and its `due_ms` set; a responder is half open until table_settle(). */
void table_add(struct table *t, struct ike_sa *sa);
void table_del(struct table *t, struct ike_sa *sa);
void table_settle(struct table *t, struct ike_sa *sa);

/* Finds the SA of a message, by both cookies; the responder's may be 0 only in the first answer to us. */
struct ike_sa *table_find(const struct table *t, uint64_t cky_i, uint64_t cky_r);

/* Finds a responder by the initiator's cookie and address: a first message that is repeated. */
struct ike_sa *table_find_peer(const struct table *t, uint64_t cky_i, const struct ike_path *path);

void table_set_due(struct table *t, struct ike_sa *sa, uint64_t due_ms);
struct ike_sa *table_first_due(const struct table *t); /* or NULL */

#endif
