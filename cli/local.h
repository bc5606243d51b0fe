/* SPDX-License-Identifier: BSD-2-Clause
 *
 * local.h - what only the process at the user's end can do: be a NETCONF server, a file transfer.
 *
 * The command line may be the user's login shell; sshd then gives it what a client asked for as a command line of a shell.
 */
#ifndef LOCAL_H
#define LOCAL_H

#include <stdbool.h>

/* Does what COMMAND, given with -c, asks for if it is no command of ours: a NETCONF session (the subsystem, or
 * `xml-mode netconf need-trailer`), `scp`, the SFTP server. Returns false if it is none of these, else the exit status in
 * OUT_STATUS. Runs programs without a shell, so that nothing else can be had in this way. */
bool local_command(const char *command, const char *rundir, int *out_status);

/* True if the program called ARGV0 with the N words ARGV shall be a NETCONF server: `sallyport-netconf`, `sallyport
 * netconf`. OUT_CHUNKS: see netconf_run(). */
bool local_is_netconf(const char *argv0, int n, char *const *argv, bool *out_chunks);

#endif
