/* SPDX-License-Identifier: BSD-2-Clause
 *
 * relay.h - lines of the log for other hosts: `system syslog host`.
 *
 * One thread.
 */
#ifndef RELAY_H
#define RELAY_H

#include <uv.h>

struct relay;

/* Reads lines for hosts from FD, which it takes over, and sends them on. */
struct relay *relay_new(uv_loop_t *loop, int fd);
void relay_free(struct relay *r); /* NULL is fine */

#endif
