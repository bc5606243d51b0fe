/* SPDX-License-Identifier: BSD-2-Clause
 *
 * checked.c - the configuration that a daemon has checked and will probably be told to apply next.
 *
 * Used by netd, kmd, pkid and picd; checked.h says why.
 */
#include "lib/os/checked.h"

#include "lib/base/arena.h"
#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/conf/conf.h"
#include "lib/os/answer.h"
#include "lib/os/ipc.h"

#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FORGET_MS = 60 * 1000 }; /* longer than mgd waits for the other daemons */

static void
forget(struct checked *k)
{
	conf_free(k->conf);
	if (k->fd >= 0)
		close(k->fd);
	k->conf = NULL;
	k->fd = -1;
	uv_timer_stop(&k->forget);
}

static void
on_forget(uv_timer_t *t)
{
	forget(t->data);
}

void
checked_init(struct checked *k, uv_loop_t *loop)
{
	*k = (struct checked){ .fd = -1 };
	uv_timer_init(loop, &k->forget);
	k->forget.data = k;
}

void
checked_done(struct checked *k)
{
	forget(k);
	uv_close((uv_handle_t *)&k->forget, NULL);
}

struct conf *
checked_load(const struct ipc_msg *m, struct text *why)
{
	struct arena *a = arena_new_secret();
	struct elem *root = m->fd >= 0 ? memfd_to_elem(m->fd, a) : NULL;
	struct report r = { 0 };
	struct conf *c = root != NULL ? conf_load(root, &r) : NULL;
	if (root == NULL)
		text_put(why, "the configuration cannot be read");
	else if (c == NULL)
		report_print(&r, NULL, why);
	report_done(&r);
	arena_free(a);
	return c;
}

void
checked_keep(struct checked *k, struct conf *c, struct ipc_msg *m)
{
	forget(k);
	k->conf = c;
	k->fd = m->fd;
	m->fd = -1;
	uv_timer_start(&k->forget, on_forget, FORGET_MS, 0);
}

static bool
is_same_file(int a, int b)
{
	struct stat sa;
	struct stat sb;
	return a >= 0 && b >= 0 && fstat(a, &sa) == 0 && fstat(b, &sb) == 0 &&
	       sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino && sa.st_size == sb.st_size;
}

struct conf *
checked_take(struct checked *k, const struct ipc_msg *m)
{
	struct conf *c = NULL;
	if (is_same_file(k->fd, m->fd)) {
		c = k->conf;
		k->conf = NULL;
	}
	forget(k);
	return c;
}

static struct conf *
load_and_judge(const struct ipc_msg *m, checked_judge *judge, void *ctx, struct text *why)
{
	struct conf *c = checked_load(m, why);
	if (c == NULL || judge == NULL || judge(ctx, c, why))
		return c;
	conf_free(c);
	return NULL;
}

void
checked_on_check(
    struct checked *k, struct ipc *mgd, struct ipc_msg *m, checked_judge *judge, void *ctx)
{
	struct text why = { 0 };
	struct conf *c = load_and_judge(m, judge, ctx, &why);
	answer_conf(mgd, m->seq, answer_commit_of(m), c != NULL ? NULL : text_str(&why));
	if (c != NULL)
		checked_keep(k, c, m);
	text_done(&why);
}

struct conf *
checked_on_apply(
    struct checked *k, struct ipc *mgd, const struct ipc_msg *m, checked_judge *judge, void *ctx)
{
	struct text why = { 0 };
	struct conf *c = checked_take(k, m);
	if (c == NULL)
		c = load_and_judge(m, judge, ctx, &why);
	if (c == NULL)
		answer_conf(mgd, m->seq, answer_commit_of(m), text_str(&why));
	text_done(&why);
	return c;
}
