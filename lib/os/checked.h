/* SPDX-License-Identifier: BSD-2-Clause
 *
 * checked.h - the configuration that a daemon has checked and will probably be told to apply next.
 *
 * mgd sends the same sealed file twice, with MSG_CONF_CHECK and with MSG_CONF_APPLY. What was read and loaded for the first
 * is kept for the second, which then costs nothing; a check that nothing follows is forgotten after a while, for there are
 * keys in it. That it is the same file is asked of the kernel, and no seal lets anyone change it. On the loop's thread.
 */
#ifndef CHECKED_H
#define CHECKED_H

#include <stdbool.h>

#include <uv.h>

struct conf;
struct ipc;
struct ipc_msg;
struct text;

struct checked {
	struct conf *conf; /* NULL: nothing is kept */
	int fd;            /* keeps the file, and so its number, from being somebody else's */
	uv_timer_t forget;
};

void checked_init(struct checked *k, uv_loop_t *loop);
void checked_done(struct checked *k); /* frees; the loop has to run once more */

/* Reads the sealed file of M, in memory that is wiped. NULL if it is no configuration, and WHY says the reason. */
struct conf *checked_load(const struct ipc_msg *m, struct text *why);

/* What a daemon asks of a configuration beyond its being one: false, and WHY says the reason. May be NULL below. */
typedef bool checked_judge(void *ctx, const struct conf *c, struct text *why);

/* Does all of MSG_CONF_CHECK: reads, judges, answers mgd, and keeps what is right. */
void checked_on_check(
    struct checked *k, struct ipc *mgd, struct ipc_msg *m, checked_judge *judge, void *ctx);
/* Does the beginning of MSG_CONF_APPLY: returns what was kept of M, or what is read of it now and judged, which is the
 * caller's. NULL: that cannot be run, and mgd has been told. */
struct conf *checked_on_apply(
    struct checked *k, struct ipc *mgd, const struct ipc_msg *m, checked_judge *judge, void *ctx);

/* Takes over C, which was read from the sealed file of M, and that file. Whatever was kept before is freed. */
void checked_keep(struct checked *k, struct conf *c, struct ipc_msg *m);
/* Returns what was read from the file of M, which is the caller's then, or NULL. Nothing is kept any more. */
struct conf *checked_take(struct checked *k, const struct ipc_msg *m);

#endif
