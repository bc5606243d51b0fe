/* SPDX-License-Identifier: BSD-2-Clause
 *
 * answer.h - the last words of a daemon to mgd: about a configuration, and about a command.
 *
 * Both say "ok", or "error" with a text. On the loop's thread.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include <stdint.h>

struct ipc;
struct ipc_msg;

/* The number of the commit that M is about; 0 if it says none. */
uint32_t answer_commit_of(const struct ipc_msg *m);
/* The commit of which netd will have handed over everything when M can be run: nothing comes from netd for one that does not
 * concern it, so M may name an earlier one. */
uint32_t answer_network_of(const struct ipc_msg *m);

/* MSG_CONF_DONE and MSG_RPC_DONE. MGD NULL: nobody hears it; ERROR NULL: ok. */
void answer_conf(struct ipc *mgd, uint32_t seq, uint32_t commit, const char *error);
void answer_rpc(struct ipc *mgd, uint32_t seq, const char *error);

#endif
