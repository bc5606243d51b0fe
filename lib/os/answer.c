/* SPDX-License-Identifier: BSD-2-Clause
 *
 * answer.c - the last words of a daemon to mgd: about a configuration, and about a command.
 *
 * Used by netd, kmd, pkid and picd.
 */
#include "lib/os/answer.h"

#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/os/ipc.h"

#include <stdlib.h>

static uint32_t
number_of(const struct ipc_msg *m, const char *name, uint32_t otherwise)
{
	const char *text = elem_value(m->body, name);
	return text != NULL ? (uint32_t)strtoul(text, NULL, 10) : otherwise;
}

uint32_t
answer_commit_of(const struct ipc_msg *m)
{
	return number_of(m, "commit", 0);
}

uint32_t
answer_network_of(const struct ipc_msg *m)
{
	return number_of(m, "network", answer_commit_of(m));
}

/* Adds how it ended to E, and sends it. */
static void
end_send(struct ipc *mgd, uint16_t type, uint32_t seq, struct arena *a, struct elem *e,
    const char *error)
{
	elem_leaf(a, e, "status", error == NULL ? "ok" : "error");
	if (error != NULL)
		elem_leaf(a, e, "text", error);
	if (mgd != NULL)
		ipc_send(mgd, type, seq, e, -1);
	arena_free(a);
}

void
answer_conf(struct ipc *mgd, uint32_t seq, uint32_t commit, const char *error)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "conf-done");
	elem_leaff(a, e, "commit", "%u", commit);
	end_send(mgd, MSG_CONF_DONE, seq, a, e, error);
}

void
answer_rpc(struct ipc *mgd, uint32_t seq, const char *error)
{
	struct arena *a = arena_new();
	end_send(mgd, MSG_RPC_DONE, seq, a, elem_new(a, "rpc-done"), error);
}
