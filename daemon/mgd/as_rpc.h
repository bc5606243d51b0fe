/* SPDX-License-Identifier: BSD-2-Clause
 *
 * as_rpc.h - `| display xml rpc`: what a program would send in the place of a line.
 */
#ifndef AS_RPC_H
#define AS_RPC_H

struct elem;
struct path;
struct session;
struct srpc;

/* Shows REQUEST of RPC, and ends the line. */
void as_rpc_command(struct session *s, const struct srpc *rpc, const struct elem *request);

/* Shows how the statements at PATH of DATABASE ("committed", "candidate") are asked for, and ends the line. */
void as_rpc_configuration(struct session *s, const struct path *p, const char *database);

/* Shows the request NAME with one argument, or without where LEAF is NULL, and ends the line. */
void as_rpc_named(struct session *s, const char *name, const char *leaf, const char *value);

/* Says that there is none, and ends the line. */
void as_rpc_none(struct session *s);

#endif
