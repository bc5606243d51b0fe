/* SPDX-License-Identifier: BSD-2-Clause
 *
 * table.h - the IKE SAs: found by cookies, by what is due first, and by how long they are half open.
 *
 * Our own cookie is random, so it spreads well; the cookie of a peer that begins is not, nor is its address, so those hashes are
 * multiplied with a secret. Half-open responders stand in queues, of all and of their address: unknown peers, peers that we know,
 * and those that have returned our cookie. When one is full its oldest goes. So a flood of beginnings costs a bounded memory, one
 * address pushes out itself only, unknown addresses push out each other only, and who begins in the name of another, and does not
 * see our answer, pushes out nobody who has seen one. One thread.
 */
#ifndef TABLE_H
#define TABLE_H

#include "lib/ike/ike.h"

struct queue {
	struct ike_sa *oldest;
	struct ike_sa *newest;
	size_t n;
};

/* An address that has SAs. */
struct source {
	struct addr addr;
	struct source *next;
	unsigned n_sas;
	unsigned n_up;
	unsigned n_frags;             /* SAs with a message that is not complete */
	struct ike_bucket beginnings; /* in aggressive mode */
	struct queue half_open[2];    /* [is_returned] */
};

enum { TABLE_UNKNOWN, TABLE_KNOWN, TABLE_RETURNED, TABLE_QUEUES };

struct table {
	struct ike_sa **by_own;  /* our cookie */
	struct ike_sa **by_peer; /* responders: the initiator's cookie */
	struct source **sources;
	size_t cap;           /* of all three, a power of two */
	struct ike_sa **heap; /* by due_ms, the first one on top */
	size_t n;
	size_t n_sources;
	struct queue half_open[TABLE_QUEUES];
	uint64_t secret;
};

void table_init(struct table *t, uint64_t secret);
void table_done(struct table *t); /* frees no SA */

/* Adds an SA with its own cookie, path, policy and `due_ms` set; a responder is half open until table_settle(). */
void table_add(struct table *t, struct ike_sa *sa);
void table_del(struct table *t, struct ike_sa *sa);
void table_settle(struct table *t, struct ike_sa *sa);                            /* it is up */
void table_move(struct table *t, struct ike_sa *sa, const struct ike_path *path); /* the peer did */

/* Returns the half-open SA that has to go before one more of this address and policy is added, or NULL. */
struct ike_sa *table_crowd(
    const struct table *t, const struct ike_path *path, const struct ike_policy *policy);

/* A half-open SA's peer has returned our cookie. Returns the one that has to go for it, or NULL. */
struct ike_sa *table_return(struct table *t, struct ike_sa *sa);

/* Finds the SA of a message, by both cookies; the responder's may be 0 only in the first answer to us. */
struct ike_sa *table_find(const struct table *t, uint64_t cky_i, uint64_t cky_r);

/* Finds the SA whose own cookie it is. */
struct ike_sa *table_find_own(const struct table *t, uint64_t cookie);

/* Finds a responder by the initiator's cookie and address: a first message that is repeated. */
struct ike_sa *table_find_peer(const struct table *t, uint64_t cky_i, const struct ike_path *path);

void table_set_due(struct table *t, struct ike_sa *sa, uint64_t due_ms);
struct ike_sa *table_first_due(const struct table *t); /* or NULL */

#endif
