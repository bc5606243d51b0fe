/* SPDX-License-Identifier: BSD-2-Clause
 *
 * restart.h - daemons that a user wants started again (MSG_RESTART of mgd).
 *
 * One request is open at a time. It is answered when all its daemons have been started, or after a time with those that
 * have not named without a process.
 */
#ifndef RESTART_H
#define RESTART_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct child;
struct ipc_msg;

enum { RESTART_PATIENCE_MS = 8000, RESTART_MAX = 67 };

struct restart {
	uv_timer_t timer;
	struct child *mgd; /* who asks; set by the owner */
	uint32_t seq;      /* of the open request; 0: there is none */
	struct child *list[RESTART_MAX];
	size_t n;
};

void restart_init(struct restart *r, uv_loop_t *loop);
void restart_done(struct restart *r);

/* Ends those of CHILDREN that M asks for, so that they start again. */
void restart_begin(
    struct restart *r, struct child *const *children, size_t n, const struct ipc_msg *m);

/* C has been started. */
void restart_on_start(struct restart *r, struct child *c);

/* C will be freed. */
void restart_forget(struct restart *r, const struct child *c);

#endif
