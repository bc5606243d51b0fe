/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hops_test.c - which ways of plain ESP picds are told of, and that what they give up makes room.
 *
 * No configuration runs, so each answer is a reason; who asks and who is answered is what is looked at.
 */
#include "daemon/netd/hops.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/netd/netd.h"
#include "lib/base/arena.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"

enum { LIMIT = 1 << 14, TURN_MS = 20 };

struct side {
	struct netd n;
	unsigned n_told; /* answers to the picd */
	char told[64];   /* the last one's remote */
};

/* The host that is tested, for the functions of pics.c that hops.c calls. */
static struct side *side;

static void
on_message(struct ipc *c, struct ipc_msg *m, void *arg)
{
	(void)c;
	(void)arg;
	assert_int_equal(m->type, MSG_HOP);
	assert_non_null(elem_value(m->body, "reason"));
	side->n_told++;
	snprintf(side->told, sizeof(side->told), "%s", elem_value(m->body, "remote"));
}

static void
on_closed(struct ipc *c, const char *why, void *arg)
{
	(void)c;
	(void)why;
	(void)arg;
}

static const struct ipc_ops ops = { .on_message = on_message, .on_closed = on_closed };
static struct ipc *ends[2]; /* netd's and picd's */

struct ipc *
pics_ipc(struct netd *n, const char *name)
{
	(void)n;
	return strcmp(name, "sp-1/2/0") == 0 ? ends[0] : NULL;
}

static void
on_late(uv_timer_t *t)
{
	uv_stop(t->data);
}

/* Lets both ends do what there is to do. */
static void
turns(struct side *h)
{
	uv_timer_t late;
	uv_timer_init(&h->n.d.loop, &late);
	late.data = &h->n.d.loop;
	uv_timer_start(&late, on_late, TURN_MS, 0);
	uv_run(&h->n.d.loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&late, NULL);
	uv_run(&h->n.d.loop, UV_RUN_NOWAIT);
}

static void
side_init(struct side *h)
{
	int sv[2];
	*h = (struct side){ 0 };
	side = h;
	assert_int_equal(uv_loop_init(&h->n.d.loop), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	for (int i = 0; i < 2; i++)
		ends[i] = ipc_new(&h->n.d.loop, sv[i], &ops, NULL);
	h->n.hops = hops_new(&h->n);
	assert_non_null(h->n.hops);
}

static void
side_done(struct side *h)
{
	hops_stop(h->n.hops);
	for (int i = 0; i < 2; i++)
		ipc_free(ends[i]);
	uv_run(&h->n.d.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&h->n.d.loop), 0);
	hops_free(h->n.hops);
}

static bool
say(struct side *h, bool is_gone, const char *pic, unsigned number)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "hop");
	elem_leaf(a, e, "local", "192.0.2.1");
	elem_leaff(a, e, "remote", "10.%u.%u.%u", number >> 16, number >> 8 & 0xff, number & 0xff);
	bool ok = is_gone ? hops_gone(h->n.hops, pic, e) : hops_ask(h->n.hops, pic, e);
	arena_free(a);
	return ok;
}

static void
what_is_given_up_is_answered_anew(void **state)
{
	struct side h;
	(void)state;
	side_init(&h);
	for (unsigned i = 1; i <= 3; i++)
		assert_true(say(&h, false, "sp-1/2/0", i));
	turns(&h);
	assert_int_equal(h.n_told, 3);
	assert_true(say(&h, false, "sp-1/2/0", 2)); /* it has been told */
	turns(&h);
	assert_int_equal(h.n_told, 3);
	assert_true(say(&h, true, "sp-1/2/0", 2));
	turns(&h);
	assert_true(say(&h, false, "sp-1/2/0", 2));
	assert_true(say(&h, false, "sp-1/2/0", 3));
	turns(&h);
	assert_int_equal(h.n_told, 4);
	assert_string_equal(h.told, "10.0.0.2");
	/* at once */
	assert_true(say(&h, true, "sp-1/2/0", 1));
	assert_true(say(&h, false, "sp-1/2/0", 1));
	turns(&h);
	assert_int_equal(h.n_told, 5);
	/* of nobody, and of another picd */
	assert_true(say(&h, true, "sp-1/2/0", 9));
	assert_true(say(&h, true, "sp-9/9/0", 1));
	assert_true(say(&h, false, "sp-1/2/0", 1));
	turns(&h);
	assert_int_equal(h.n_told, 5);
	/* a picd that has come anew knows nothing */
	hops_forget(h.n.hops, "sp-1/2/0");
	assert_true(say(&h, false, "sp-1/2/0", 1));
	turns(&h);
	assert_int_equal(h.n_told, 6);
	side_done(&h);
}

static void
what_makes_no_sense_is_refused(void **state)
{
	struct side h;
	(void)state;
	side_init(&h);
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "hop");
	assert_false(hops_ask(h.n.hops, "sp-1/2/0", e));
	assert_false(hops_gone(h.n.hops, "sp-1/2/0", e));
	elem_leaf(a, e, "local", "192.0.2.1");
	elem_leaf(a, e, "remote", "2001:db8::1");
	assert_false(hops_ask(h.n.hops, "sp-1/2/0", e));
	assert_false(hops_gone(h.n.hops, "sp-1/2/0", e));
	arena_free(a);
	side_done(&h);
}

static void
a_full_table_has_room_again(void **state)
{
	struct side h;
	(void)state;
	side_init(&h);
	for (unsigned i = 1; i <= LIMIT + 1; i++) {
		assert_true(say(&h, false, "sp-1/2/0", i));
		if (i % 64 == 0)
			uv_run(&h.n.d.loop, UV_RUN_NOWAIT);
	}
	turns(&h);
	assert_int_equal(h.n_told, LIMIT);
	for (unsigned i = 1; i <= LIMIT; i += 2)
		assert_true(say(&h, true, "sp-1/2/0", i));
	turns(&h);
	assert_true(say(&h, false, "sp-1/2/0", LIMIT + 1));
	turns(&h);
	assert_int_equal(h.n_told, LIMIT + 1);
	for (unsigned i = 2; i <= LIMIT; i += 2)
		assert_true(say(&h, false, "sp-1/2/0", i));
	turns(&h);
	assert_int_equal(h.n_told, LIMIT + 1);
	side_done(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_given_up_is_answered_anew),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(a_full_table_has_room_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
