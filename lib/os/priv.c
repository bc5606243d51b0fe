/* SPDX-License-Identifier: BSD-2-Clause
 *
 * priv.c - giving up root for good.
 *
 * Called by sallyportd in the child between fork() and execve(). The bounding set shrinks first, because that needs
 * CAP_SETPCAP; the capabilities to keep travel over setresuid() by PR_SET_KEEPCAPS and over execve() as
 * ambient ones.
 */
#include "lib/os/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

static bool
has_cap(uint64_t caps, cap_value_t c)
{
	return (caps >> c & 1) != 0;
}

static int
bounding_set(uint64_t caps)
{
	for (cap_value_t c = 0; c < cap_max_bits(); c++)
		if (!has_cap(caps, c) && cap_drop_bound(c) < 0)
			return -errno;
	return 0;
}

/* Makes permitted, effective and inheritable sets exactly CAPS, and the ambient set as well. */
static int
own_sets(uint64_t caps)
{
	static const cap_flag_t flags[] = { CAP_PERMITTED, CAP_EFFECTIVE, CAP_INHERITABLE };
	cap_t state = cap_init();
	int rc = 0;
	if (state == NULL)
		return -ENOMEM;
	for (cap_value_t c = 0; c < cap_max_bits(); c++)
		for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]) && has_cap(caps, c); i++)
			cap_set_flag(state, flags[i], 1, &c, CAP_SET);
	if (cap_set_proc(state) < 0)
		rc = -errno;
	cap_free(state);
	if (cap_reset_ambient() < 0)
		rc = -errno;
	for (cap_value_t c = 0; rc == 0 && c < cap_max_bits(); c++)
		if (has_cap(caps, c) && cap_set_ambient(c, CAP_SET) < 0)
			rc = -errno;
	return rc;
}

int
priv_drop(uid_t uid, gid_t gid, uint64_t caps, const char **out_what)
{
	*out_what = "shrinking the capability bounding set";
	int rc = bounding_set(caps);
	if (rc < 0)
		return rc;
	*out_what = "changing user and groups";
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 ||
	    setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return -errno;
	*out_what = "setting capabilities";
	rc = own_sets(caps);
	if (rc < 0)
		return rc;
	*out_what = "setting no_new_privs";
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}
