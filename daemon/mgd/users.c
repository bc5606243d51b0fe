/* SPDX-License-Identifier: BSD-2-Clause
 *
 * users.c - identity from the kernel (SO_PEERCRED, SO_PEERGROUPS), names from the system's user database.
 */
#include "daemon/mgd/users.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/socket.h>

#define USERS_GROUP "sallyport"

enum { USER_GROUPS_MAX = 256 };

void
users_init(void)
{
	(void)getpwuid(0);
	(void)getgrnam(USERS_GROUP);
}

static bool
is_member(int fd, gid_t primary)
{
	const struct group *g = getgrnam(USERS_GROUP);
	if (g == NULL)
		return false;
	if (primary == g->gr_gid)
		return true;
	gid_t groups[USER_GROUPS_MAX];
	socklen_t len = sizeof(groups);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) < 0)
		return false;
	for (size_t i = 0; i < len / sizeof(groups[0]); i++)
		if (groups[i] == g->gr_gid)
			return true;
	return false;
}

int
user_of_socket(int fd, struct user *out)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return -errno;
	*out =
	    (struct user){ .uid = cred.uid, .pid = cred.pid, .is_member = is_member(fd, cred.gid) };
	const struct passwd *pw = getpwuid(cred.uid);
	if (pw != NULL)
		snprintf(out->name, sizeof(out->name), "%s", pw->pw_name);
	else
		snprintf(out->name, sizeof(out->name), "%u", cred.uid);
	return 0;
}
