/* SPDX-License-Identifier: BSD-2-Clause
 *
 * wait.c - waiting for descriptors without missing a signal: from the look at what one left until the wait itself none gets in.
 */
#include "cli/wait.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

int
wait_poll(struct pollfd *p, nfds_t n, int ms, bool (*is_over)(void))
{
	static const int ours[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH };
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
	sigset_t held, before;
	sigemptyset(&held);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		sigaddset(&held, ours[i]);
	sigprocmask(SIG_BLOCK, &held, &before);
	int rc = -1, err = EINTR;
	if (!is_over()) {
		rc = ppoll(p, n, ms < 0 ? NULL : &ts, &before);
		err = errno;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = err;
	return rc;
}
