/* SPDX-License-Identifier: BSD-2-Clause
 *
 * netconf_filter.h - which part of a configuration a <filter> of RFC 6241 means. Pure.
 */
#ifndef NETCONF_FILTER_H
#define NETCONF_FILTER_H

#include <stdbool.h>

struct nc_elem;

struct netconf_filter {
	const struct nc_elem
	    *subtree;      /* the tree of what is wanted, below <configuration>; NULL: none */
	const char *xpath; /* an XPath, which mgd reads; NULL: none */
	bool is_nothing;   /* no part of a configuration is wanted */
};

/* Returns false, and the attribute that is wrong in ERROR, if FILTER cannot be read. */
bool netconf_filter_read(
    const struct nc_elem *filter, struct netconf_filter *out, const char **error);

#endif
