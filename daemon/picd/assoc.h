/* SPDX-License-Identifier: BSD-2-Clause
 *
 * assoc.h - tunnels with their SAs, as they live across commits.
 *
 * An association is one tunnel of a service set, one es- unit with its SA, or one transport mode SA. It is
 * paired by name with the one of the configuration before: what did not change keeps its SA objects, and with
 * them counters and sequence numbers. Its SAs are manual ones, one each way, or dynamic ones (dynamic.h). Main
 * thread; workers reach an association by its slot in the snapshot, and the SA's user pointer.
 */
#ifndef ASSOC_H
#define ASSOC_H

#include "daemon/picd/dynamic.h"
#include "daemon/picd/traffic.h"
#include "lib/base/smap.h"
#include "lib/esp/sa.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf;
struct conf_manual;
struct conf_sa;
struct conf_service_set;
struct conf_tunnel;
struct conf_unit;
struct esp_worker;
struct tally;
struct text;

enum assoc_kind {
	ASSOC_TUNNEL,    /* a term of a service set */
	ASSOC_ES,        /* a unit with ipsec-sa */
	ASSOC_TRANSPORT, /* a transport mode SA that filter terms use */
};

struct assoc_end {
	struct sa *sa;                    /* NULL: this direction is not configured */
	const struct conf_manual *manual; /* in the configuration that runs; has the keys */
};

struct assoc {
	char *name; /* "ss-1/r1/t1"; also the key of the table */
	enum assoc_kind kind;
	uint32_t slot;       /* constant; free again when the association is */
	struct assoc_end in; /* manual SAs */
	struct assoc_end out;
	struct assoc_shape shape; /* dynamic ones */
	struct assoc_live live;
	struct dynamic_sa *sas; /* oldest first */
	size_t n_sas;
	struct dynamic_watch watch;
	struct dynamic_redundancy redundancy;
	struct traffic ended; /* of dynamic SAs that are gone */
	struct tally *tally;  /* drops of this tunnel */
	/* What it stands for, in the configuration that runs; NULL where it does not apply. */
	const struct conf_service_set *set;
	const struct conf_tunnel *tunnel;
	const struct conf_unit *unit;
	const struct conf_sa *conf_sa;
	struct assoc *next_retired;
};

/* What a service set has across commits. */
struct set_state {
	char *name;
	struct tally *tally;
	uint64_t weight;      /* of its traffic between two samples; see usage.h */
	uint64_t weight_seen; /* at the last one */
	struct set_state *next_retired;
};

struct assoc_table {
	struct assoc **by_slot; /* NULL: free */
	size_t n_slots;
	size_t cap_slots;
	struct smap by_name;
	struct smap sets; /* struct set_state */
	unsigned n_workers;
};

/* An SA that was made anew with the keys of another: the worker hands over the numbers when it changes from one to the
 * other, since it goes on using the old one until then. */
struct assoc_heir {
	struct sa *from;
	struct sa *to;
	uint64_t generation; /* of the first snapshot that has TO; set by publish.c */
};

/* What a change took out of use. It may be freed when no worker can see it any more. */
struct assoc_retired {
	struct assoc *assocs;
	struct set_state *sets;
	struct sa **sas;
	size_t n_sas;
	struct assoc_heir *heirs; /* of some of these; borrow them */
	size_t n_heirs;
};

/* Could C run? Makes every SA that does not run in T already, and throws it away. On failure WHY gets a sentence. */
__attribute__((warn_unused_result)) bool assoc_check(
    struct assoc_table *t, const struct conf *c, const struct esp_worker *w, struct text *why);

/* Makes the table fit C; returns what is no longer used. The configuration before must still be there. On failure,
 * which assoc_check() would have predicted or which is lack of memory, WHY gets a sentence and the
 * SA concerned stays missing. */
struct assoc_retired assoc_apply(
    struct assoc_table *t, const struct conf *c, const struct esp_worker *w, struct text *why);

/* The association of the tunnel INDEX (from 0) of a set, of a unit, of a transport mode SA; NULL if none. */
struct assoc *assoc_of_tunnel(
    const struct assoc_table *t, const struct conf_service_set *set, size_t index);
struct assoc *assoc_of_unit(const struct assoc_table *t, const struct conf_unit *unit);
struct assoc *assoc_of_transport(const struct assoc_table *t, const struct conf_sa *sa);
/* The association of a unit whose name is NAME, or of the tunnel with the name "SET/RULE/TERM": what kmd means by it. NULL if
 * there is none. */
struct assoc *assoc_of_kmd(const struct assoc_table *t, const struct conf *c, const char *name);
/* What kmd calls A. */
const char *assoc_kmd_name(const struct assoc *a);
struct set_state *assoc_set_state(const struct assoc_table *t, const struct conf_service_set *set);

/* Why an SA could not be made, in words. */
const char *assoc_fault_text(enum sa_fault f);

/* Adds SA, which NULL is fine for, to what a change takes out of use. */
void assoc_retire_sa(struct assoc_retired *r, struct sa *sa);

/* Frees what a change has retired, and gives its slots back. */
void assoc_free_retired(struct assoc_table *t, struct assoc_retired *r);
void assoc_table_done(struct assoc_table *t);

#endif
