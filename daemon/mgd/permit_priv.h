/* SPDX-License-Identifier: BSD-2-Clause
 *
 * permit_priv.h - a login class as permit*.c see it.
 *
 * Constant after permits_new(). Private to permit.c, permit_class.c and permit_tree.c.
 */
#ifndef PERMIT_PRIV_H
#define PERMIT_PRIV_H

#include <regex.h>
#include <stdint.h>

#include "daemon/mgd/permit.h"

/* The bits of the permissions statement. What a bit brings along is in the set already: a -control bit its own, all and control
 * every one of theirs. */
enum permit_bit {
	BIT_ACCESS,
	BIT_ACCESS_CONTROL,
	BIT_ADMIN,
	BIT_ADMIN_CONTROL,
	BIT_ALL,
	BIT_CLEAR,
	BIT_CONFIGURE,
	BIT_CONTROL,
	BIT_EDIT,
	BIT_FIELD,
	BIT_FIREWALL,
	BIT_FIREWALL_CONTROL,
	BIT_FLOPPY,
	BIT_INTERFACE,
	BIT_INTERFACE_CONTROL,
	BIT_MAINTENANCE,
	BIT_NETWORK,
	BIT_RESET,
	BIT_ROLLBACK,
	BIT_ROUTING,
	BIT_ROUTING_CONTROL,
	BIT_SECRET,
	BIT_SECRET_CONTROL,
	BIT_SECURITY,
	BIT_SECURITY_CONTROL,
	BIT_SHELL,
	BIT_SNMP,
	BIT_SNMP_CONTROL,
	BIT_SYSTEM,
	BIT_SYSTEM_CONTROL,
	BIT_TRACE,
	BIT_TRACE_CONTROL,
	BIT_VIEW,
	BIT_VIEW_CONFIGURATION,
	BITS,
};

/* One allow- or deny- statement. */
struct permit_pattern {
	bool is_set;
	bool
	    is_broken; /* it cannot be compiled: the one that denies matches all, the one that allows nothing */
	regex_t re;
	char *text;   /* in lower case */
	char *source; /* as it was configured */
};

struct permit {
	struct permit *next;
	char *class;
	uint64_t bits;
	unsigned idle_min;
	struct permit_pattern allow_commands;
	struct permit_pattern deny_commands;
	struct permit_pattern allow_conf;
	struct permit_pattern deny_conf;
};

/* Returns the number of the bit called NAME, or BITS. */
unsigned permit_bit_find(const char *name);

static inline bool
permit_bit(const struct permit *p, unsigned bit)
{
	return ((p->bits >> BIT_ALL) & 1) != 0 || (bit < BITS && ((p->bits >> bit) & 1) != 0);
}

/* Does PATTERN match TEXT? */
bool permit_pattern_matches(const struct permit_pattern *pattern, const char *text, bool if_broken);

/* What the bits alone say about statements of PERMISSION. */
bool permit_bits(const struct permit *p, const char *permission, enum permit_access access);

/* The same with the expressions about TEXT, the hierarchy; BELOW_GROUP is the part of it behind `groups NAME`, or NULL. */
bool permit_text(const struct permit *p, bool by_bits, const char *text, const char *below_group);

/* May a secret be seen or changed, where the rest of its hierarchy may? */
bool permit_secret(const struct permit *p, enum permit_access access);

/* Does some statement below S have a permission of its own that P has? */
bool permit_below(const struct permit *p, const struct snode *s, enum permit_access access);

/* May every statement below S be changed, as far as bits say? What applies groups there changes all of them. */
bool permit_all_below(const struct permit *p, const struct snode *s);

#endif
