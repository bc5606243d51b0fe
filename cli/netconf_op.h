/* SPDX-License-Identifier: BSD-2-Clause
 *
 * netconf_op.h - what the files of operations share. Private to netconf*.c.
 *
 * An operation is a function of its element. It has the reply begun before it and ended after it, calls mgd for what it is
 * about, and returns what call_do() returns: 0 done, 1 refused (the reply says why), -1 channel lost.
 */
#ifndef NETCONF_OP_H
#define NETCONF_OP_H

#include <stdbool.h>

#include "cli/client.h"
#include "cli/netconf_read.h"
#include "cli/netconf_reply.h"

struct arena;
struct elem;

struct nc_session {
	struct client client;
	struct client_sink sink;
	struct reply reply;
	const struct nc_request *request; /* under way */
	struct arena *a;                  /* of the request */
	bool is_over;                     /* the session ends with this reply */
};

typedef int nc_op_fn(struct nc_session *s, const struct nc_elem *op);

/* Starts a call; leaves are added to what it returns. */
struct elem *call_new(struct nc_session *s, const char *name);
/* Makes the call. Text of the answer goes to the reply as reply_expect() said. */
int call_do(struct nc_session *s, const struct elem *call);
/* The same, and <ok/> if it went well. */
int call_ok(struct nc_session *s, const struct elem *call);
/* Adds a flag to a call if ELEMENT is among the children of OP. */
void call_flag(
    struct nc_session *s, struct elem *call, const struct nc_elem *op, const char *element);

/* Refuses: see reply_refuse(). Returns 1. */
int op_refuse(struct nc_session *s, const char *tag, const char *element, const char *message);

/* Adds a copy of the children of FROM, names and values, below TO. */
void elems_copy(struct nc_session *s, struct elem *to, const struct nc_elem *from);

/* netconf_junos.c: the operations of JUNOS about configurations */
nc_op_fn junos_get, junos_load, junos_lock, junos_open, junos_close, junos_commit, junos_discard;
/* netconf_rfc.c: those of RFC 6241 and 6022 */
nc_op_fn rfc_get, rfc_get_config, rfc_edit_config, rfc_copy_config, rfc_delete_config, rfc_commit,
    rfc_validate, rfc_lock, rfc_get_schema;

/* What is read of a configuration: the arguments of the call `get`. */
struct nc_get {
	const char *database;
	const char *format;
	const char *inherit;          /* or NULL */
	const struct nc_elem *filter; /* or NULL */
	const char *xpath;            /* or NULL */
	bool names_groups;
	bool marks_changes;
};
/* Reads a configuration into the reply: what several of them do. */
int junos_read(struct nc_session *s, const struct nc_get *get);
/* How a configuration that the request carries is loaded: the arguments of the call `load`. */
struct nc_load {
	const char *action;
	const char *format;
	const char *url;   /* a file in its place, or NULL */
	const char *trial; /* "first", "only", or NULL */
	bool stops;
	bool is_whole;
};
int junos_load_text(struct nc_session *s, const struct nc_load *load);

#endif
