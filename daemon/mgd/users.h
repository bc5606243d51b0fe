/* SPDX-License-Identifier: BSD-2-Clause
 *
 * users.h - who is at the other end of a socket. What they may do is in permit.h.
 */
#ifndef USERS_H
#define USERS_H

#include <stdbool.h>
#include <sys/types.h>

struct user {
	uid_t uid;
	pid_t pid;      /* of the process that connected */
	char name[64];  /* "root"; the number if the uid has no name */
	bool is_member; /* of the group "sallyport" */
};

/* Looks names up once, so that the C library has loaded what it needs before the sandbox closes. */
void users_init(void);

/* Asks the kernel who connected the socket FD. Returns 0 or -errno. */
int user_of_socket(int fd, struct user *out);

#endif
