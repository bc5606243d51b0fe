/* SPDX-License-Identifier: BSD-2-Clause
 *
 * netconf_read.h - one message of a NETCONF client: XML into a request.
 *
 * The message is fed in pieces as it arrives. Names are kept without their prefix, because clients use three styles of
 * name spaces in one message; the attributes of <rpc> are kept as they came, to be echoed. A configuration that is to be loaded
 * is not taken apart: its bytes are kept as they are for the reader of configurations, which also judges them.
 *
 * Bounds: NETCONF_DEPTH_MAX levels (NETCONF_LOAD_DEPTH_MAX in a configuration), NETCONF_ELEMENTS_MAX elements and
 * NETCONF_TEXT_MAX bytes of values in what is taken apart, NETCONF_LOAD_MAX bytes of configuration. A document type is
 * refused, so there are no entities to expand. Pure.
 */
#ifndef NETCONF_READ_H
#define NETCONF_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/text.h"

enum {
	NETCONF_DEPTH_MAX = 24,
	NETCONF_LOAD_DEPTH_MAX = 256,
	NETCONF_ELEMENTS_MAX = 10000,
	NETCONF_TEXT_MAX = 1 << 20,
	NETCONF_LOAD_MAX = 256 << 20,
	NETCONF_TOKEN_MAX = 4 << 20,
};

struct nc_attr {
	struct nc_attr *next;
	const char *name; /* as it came, with its prefix */
	const char *local;
	const char *value;
};

struct nc_elem {
	const char *name;  /* without prefix */
	const char *value; /* its text without blanks at the ends, "" if there is none */
	struct nc_attr *attrs;
	struct nc_elem *parent;
	struct nc_elem *child;
	struct nc_elem *last;
	struct nc_elem *next;
	bool is_load; /* its content is in the request's LOAD */
};

struct nc_request {
	struct nc_elem *root; /* <rpc> or <hello> */
	struct text load; /* a configuration to be loaded: text, or XML with its <configuration> */
	bool has_load;
};

struct netconf_read;

struct netconf_read *netconf_read_new(void);
void netconf_read_free(struct netconf_read *r);

/* Takes a piece of the message. What is wrong is told by netconf_read_end(); more pieces are then left alone. */
void netconf_read_put(struct netconf_read *r, const char *s, size_t n);

/* Ends the message. Returns the request, which lives until the next call of any function here, or NULL and, in ERROR, a
 * constant text. OUT_ROOT: the root as far as it could be read, NULL if it could not. */
const struct nc_request *netconf_read_end(
    struct netconf_read *r, const char **error, const struct nc_elem **out_root);

/* Forgets the message and what it held; the next one may begin. */
void netconf_read_reset(struct netconf_read *r);

/* True if the message under way is nothing but blanks so far. */
bool netconf_read_is_blank(const struct netconf_read *r);

/* --- looking at a request --- */
/* Returns the first child called NAME, or NULL; E may be NULL. */
const struct nc_elem *nc_child(const struct nc_elem *e, const char *name);
/* Returns the value of the first child called NAME, or NULL. */
const char *nc_value(const struct nc_elem *e, const char *name);
/* Returns the value of the attribute called NAME, whatever its prefix, or NULL. */
const char *nc_attr(const struct nc_elem *e, const char *name);

#endif
