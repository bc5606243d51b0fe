/* SPDX-License-Identifier: BSD-2-Clause
 *
 * command.h - from typed words to a command, and from its arguments to a request.
 *
 * Commands are rows: the RPCs of the schema by their command words, and mgd's own. Words may be abbreviated as
 * far as they stay unique among the commands that still fit. Pure.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include "daemon/mgd/words.h"

struct completions;
struct complete_partial;
struct elem;
struct snode;
struct srpc;
struct tree;

struct command {
	const char *words; /* "show services ipsec-vpn ipsec statistics" */
	const char *help;
	const struct srpc *rpc; /* NULL: mgd's own */
	int id;         /* mgd's own: which one; the owner of the table gives it a meaning */
	bool is_hidden; /* reachable, but not listed */
};

/* Finds the command that the words begin with; the longest one. OUT_USED: how many words it took. Returns NULL and E
 * ("unknown command.", "syntax error, expecting <command>.", "'x' is ambiguous." with the completions). */
const struct command *command_find(const struct command *table, size_t n, const struct words *w,
    size_t *out_used, struct refusal *e);

/* Builds the request <rpc-name> with the arguments in W (the words behind the command). Returns NULL and E. */
struct elem *command_request(
    struct arena *a, const struct srpc *rpc, const struct words *w, struct refusal *e);

/* The same from ARGUMENTS, a container of named arguments, as a program sends them. A word of an enumeration without a keyword
 * may stand as an element of that name. On refusal OUT_WRONG names the argument, borrowed. */
struct elem *command_request_named(struct arena *a, const struct srpc *rpc,
    const struct elem *arguments, const char **out_wrong, struct refusal *e);

/* --- for a line that is being typed --- */

/* Adds to OUT the words that may follow W among the commands, PARTIAL being the beginning of the next one, and says in
 * OUT_COMMAND which command W is complete as (NULL: none; its arguments may follow) with OUT_USED words. Returns false
 * and E if W cannot be understood. */
bool command_complete(const struct command *table, size_t n, const struct words *w,
    const struct complete_partial *partial, struct completions *out,
    const struct command **out_command, size_t *out_used, struct refusal *e);

/* Adds the arguments of RPC that may follow W, with names out of T, and whether the line is complete. Returns false and E
 * if W cannot be understood. */
bool command_complete_arguments(const struct srpc *rpc, const struct tree *t, const struct words *w,
    const struct complete_partial *partial, struct completions *out, struct refusal *e);

/* Returns the display level that REQUEST asks for ("brief" where the RPC knows levels and none is given, "" else). */
const char *command_style(const struct srpc *rpc, const struct elem *request);

#endif
