/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rows.h - one operational command being answered, and who makes its rows.
 *
 * A row maker is asked for one row after the other, between which the loop runs and a commit may happen; so
 * a job holds no pointer into the configuration, only how far it has come. Main thread.
 */
#ifndef ROWS_H
#define ROWS_H

#include "lib/base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct assoc;
struct elem;
struct picd;

enum row_level { LEVEL_BRIEF, LEVEL_DETAIL, LEVEL_EXTENSIVE };

/* The packet that `match-rules` asks for. */
struct row_match {
	struct addr source;
	struct addr destination; /* of the same family */
	char interface[64];      /* unit that it is routed to, or that it passes; "": not said */
	uint16_t source_port;    /* 0: not said */
	uint16_t destination_port;
	uint8_t protocol; /* 0: not said */
};

struct row_job {
	struct row_job *next;
	/* Makes the next row in A; NULL: that was the last one. */
	struct elem *(*next_row)(struct picd *p, struct row_job *j, struct arena *a);
	uint32_t seq;
	enum row_level level;
	char name[256];     /* service set or SA asked for; "" = all */
	struct addr remote; /* remote gateway asked for; ADDR_NONE = all */
	bool is_hex;
	bool has_answer;         /* match-rules: some service set takes the packet */
	struct row_match *match; /* owned; NULL: another command */
	size_t at;               /* service set, or association slot, that comes next */
	size_t at_inner;         /* tunnel within the set */
};

/* The row makers, one file each. */
struct elem *show_services_sas(struct picd *p, struct row_job *j, struct arena *a);
struct elem *show_security_sas(struct picd *p, struct row_job *j, struct arena *a);
struct elem *show_statistics(struct picd *p, struct row_job *j, struct arena *a);
struct elem *show_match(struct picd *p, struct row_job *j, struct arena *a);
struct elem *show_io(struct picd *p, struct row_job *j, struct arena *a);
struct elem *show_drops(struct picd *p, struct row_job *j, struct arena *a);
struct elem *show_cpu(struct picd *p, struct row_job *j, struct arena *a);
struct elem *show_memory(struct picd *p, struct row_job *j, struct arena *a);
struct elem *show_summary(struct picd *p, struct row_job *j, struct arena *a);
struct elem *show_workers(struct picd *p, struct row_job *j, struct arena *a);

/* Not a row maker: does it all and returns NULL. */
struct elem *clear_statistics(struct picd *p, struct row_job *j, struct arena *a);
struct elem *clear_drops(struct picd *p, struct row_job *j, struct arena *a);

/* --- show_sa.c --- */
/* The gateway that is used, the backup when it has its turn; CONFIGURED is what it is otherwise. ASSOC may be NULL. */
struct addr show_remote(const struct assoc *assoc, struct addr configured);
bool show_has_sas(const struct assoc *as);
/* Appends `security-associations` for each SA of AS. */
void show_sas(struct picd *p, struct arena *a, struct elem *parent, const struct assoc *as,
    const struct row_job *j);

#endif
