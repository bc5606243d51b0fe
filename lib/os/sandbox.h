/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sandbox.h - what a daemon may still do once it reads its first message.
 *
 * sandbox.c has the lists and the reason of each entry. priv_drop() is the other half: what sallyportd takes away in the
 * child before it runs the daemon.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdint.h>
#include <sys/types.h>

enum sandbox_profile { SANDBOX_NETD, SANDBOX_MGD, SANDBOX_KMD, SANDBOX_PKID, SANDBOX_PICD };

/* Verifies that user, groups and capabilities are exactly what PROFILE says; then no ambient or inheritable capability, no
 * new privileges, no core dumps, not traceable, no files (mgd: only below its working directory), and the
 * seccomp filter that kills the process on any other system call. Returns 0, or -errno with the failing step in OUT_WHAT;
 * the process must end then. */
__attribute__((warn_unused_result)) int sandbox_enter(
    enum sandbox_profile profile, const char **out_what);

/* The capabilities of a profile as a bit mask: those that it cannot do without, and others if this process might have them. */
uint64_t sandbox_caps(enum sandbox_profile profile);

/* In a freshly forked root child: takes UID, GID and no other groups, keeps exactly CAPS in every capability set, so
 * that they survive execve(), and sets no_new_privs. Returns 0 or -errno with the failing step in OUT_WHAT. */
__attribute__((warn_unused_result)) int priv_drop(
    uid_t uid, gid_t gid, uint64_t caps, const char **out_what);

#endif
