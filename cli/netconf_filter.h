/* SPDX-License-Identifier: BSD-2-Clause
 *
 * netconf_filter.h - which part of a configuration a <filter> of RFC 6241 means.
 *
 * Both kinds become a tree of names below <configuration>: a subtree filter is one, an XPath is read if it is a plain
 * path, `/configuration/interfaces/interface[name='ge-0/0/0']/unit`. Pure.
 */
#ifndef NETCONF_FILTER_H
#define NETCONF_FILTER_H

struct arena;
struct nc_elem;

/* Returns the tree, whose root stands for <configuration>; NULL and no ERROR if the filter chooses nothing of it, NULL
 * and a constant text in ERROR if it cannot be read. */
const struct nc_elem *netconf_filter_read(
    struct arena *a, const struct nc_elem *filter, const char **error);

#endif
