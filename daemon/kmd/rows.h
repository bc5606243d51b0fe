/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rows.h - one operational command being answered, and who makes its rows.
 *
 * A row maker is asked for one row after the other, between which the loop runs and SAs come and go. So a job that lists many
 * things notes at its beginning which they are, by cookies and by name, and looks for each when its turn comes: one that is gone
 * is left out, none is told twice. One thread.
 */
#ifndef ROWS_H
#define ROWS_H

#include "lib/vpn/life.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct elem;
struct kmd;

/* What a row will be about: an IKE SA, or a tunnel. */
struct row_item {
	uint64_t cky_i;
	uint64_t cky_r;
	struct addr remote;
	uint64_t begun_ms;
	const char *tunnel; /* not NULL: a tunnel */
};

struct row_job {
	struct row_job *next;
	const struct row_command *command;
	uint32_t seq;
	struct arena *arena; /* of the request, and of the items */
	const struct elem *request;
	struct life_select which; /* from the request */
	struct addr local;        /* request ... switch tunnel */
	bool is_detail;
	bool is_elsewhere; /* asks for another routing instance than that in which IKE is spoken */
	struct row_item *items; /* by rows_note_*() */
	size_t n_items;
	size_t at;         /* item that comes next */
	const char *error; /* why the command failed; in the arena */
};

/* Make the next row in A; NULL: that was the last one. */
struct elem *show_ike_sas(struct kmd *k, struct row_job *j, struct arena *a);
struct elem *show_ike_statistics(struct kmd *k, struct row_job *j, struct arena *a);
struct elem *show_redundancy(struct kmd *k, struct row_job *j, struct arena *a);
struct elem *show_pic_redundancy(struct kmd *k, struct row_job *j, struct arena *a);

/* Not row makers: do it all. clear_*() return NULL, switch_*() one row with what came of it. */
struct elem *clear_ike(struct kmd *k, struct row_job *j, struct arena *a);
struct elem *clear_ike_statistics(struct kmd *k, struct row_job *j, struct arena *a);
struct elem *clear_ipsec(struct kmd *k, struct row_job *j, struct arena *a);
struct elem *switch_tunnel(struct kmd *k, struct row_job *j, struct arena *a);
struct elem *switch_es(struct kmd *k, struct row_job *j, struct arena *a);

/* What a job is about: the IKE SAs that it asks for, by address of the peer and then by age; at detail then tunnels whose
 * negotiation failed and that have no IKE SA. */
void rows_note_ike(struct kmd *k, struct row_job *j);
void rows_note_tunnels(struct kmd *k, struct row_job *j); /* in the order of the configuration */

#endif
