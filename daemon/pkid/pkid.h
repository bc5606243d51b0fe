/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pkid.h - the keeper of keys and certificates: what it holds and who may call what.
 *
 * store.c is the folder; control.c talks to mgd (configuration, commands) and kmd (chains, signatures, judgements);
 * command.c does what `request security pki` and `clear security pki` ask, show.c has the rows of `show security pki`. A
 * private key is read, used and written here and leaves this process in no message. One thread, and one of libuv's for making
 * keys, which touches nothing but its own job.
 */
#ifndef PKID_H
#define PKID_H

#include "daemon/pkid/store.h"
#include "lib/os/checked.h"
#include "lib/os/daemon.h"

struct conf;
struct elem;
struct text;

struct pkid {
	struct daemon daemon;
	struct ipc *mgd; /* NULL: not linked */
	struct ipc *kmd;
	struct conf *conf; /* NULL: none yet */
	struct checked checked;
	struct store store;
	struct make *makes; /* keys being made */
};

/* --- control.c --- */
/* Takes over FD as the channel to PEER ("mgd" or "kmd"), in place of any before. */
void control_link(struct pkid *p, const char *peer, int fd);
void control_init(struct pkid *p);
void control_stop(struct pkid *p);
/* What arrives on the channels; for tests and the fuzz target, too. */
void control_mgd(struct pkid *p, struct ipc_msg *m);
void control_kmd(struct pkid *p, struct ipc_msg *m);

/* --- serve.c: for kmd. Each returns the answer, made in A; never NULL --- */
struct elem *serve_chain(struct pkid *p, const struct elem *ask, struct arena *a);
/* Tells kmd about the certificate ID, or about all (NULL): there is another one, or none, or another way to its CA. */
void serve_changed(struct pkid *p, const char *id);
struct elem *serve_sign(struct pkid *p, const struct elem *ask, struct arena *a);
struct elem *serve_verify(struct pkid *p, const struct elem *ask, time_t now, struct arena *a);

/* --- command.c --- */
/* Does the command of M; FILES is what the person's files hold (leaf names of the request, hexadecimal), or NULL. Answers with
 * rows and MSG_RPC_DONE, at once or, when a key has to be made, later. */
void command_run(struct pkid *p, const struct ipc_msg *m, const struct elem *files);
/* The channel to mgd is gone: nobody waits for a key any more. */
void command_stop(struct pkid *p);
void rpc_row(struct pkid *p, uint32_t seq, const struct elem *row);

/* --- show.c --- */
/* Is M one of the `show` commands? Then it is answered. */
bool show_run(struct pkid *p, const struct ipc_msg *m);

#endif
