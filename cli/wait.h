/* SPDX-License-Identifier: BSD-2-Clause
 *
 * wait.h - waiting for descriptors without missing a signal.
 */
#ifndef WAIT_H
#define WAIT_H

#include <poll.h>
#include <stdbool.h>

/* As poll(), which a signal ends with EINTR; so does one that came before, as IS_OVER() tells. */
int wait_poll(struct pollfd *p, nfds_t n, int ms, bool (*is_over)(void));

#endif
