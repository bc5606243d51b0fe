/* SPDX-License-Identifier: BSD-2-Clause
 *
 * defaults.h - what holds where nothing is configured, as if a group called junos-defaults had said it.
 */
#ifndef DEFAULTS_H
#define DEFAULTS_H

#define DEFAULTS_GROUP "junos-defaults"

struct tree;

/* Adds to the containers and list entries of T the leaves that they do not have and the schema has a default for; node_group()
 * says that they are of DEFAULTS_GROUP. */
void defaults_add(struct tree *t);

#endif
