/* SPDX-License-Identifier: BSD-2-Clause
 *
 * netconf.h - `sallyport netconf`: a NETCONF session on standard input and output.
 *
 * sshd starts it for the subsystem `netconf` as the user who logged in; `xml-mode netconf need-trailer`, typed or given to
 * ssh as a command, comes here, too. It holds no right and no data: each operation becomes a call or a line to mgd
 * (lib/msg/cli.h), which knows the user by the socket. What is done here is framing, XML and rendering.
 */
#ifndef NETCONF_H
#define NETCONF_H

#include <stdbool.h>

struct nc_request;
struct nc_session;

/* Serves one session until it is closed. CHUNKS: offer base:1.1, too, which JUNOS does not. Returns the exit status. */
int netconf_run(const char *rundir, bool chunks);

/* --- netconf_op.c --- */

/* Runs the operation in REQUEST and writes its reply. Returns 0, 1 if the session ends with it, -1 if a channel is lost. */
int netconf_op_run(struct nc_session *s, const struct nc_request *request);

#endif
