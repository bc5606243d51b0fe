/* SPDX-License-Identifier: BSD-2-Clause
 *
 * checked_test.c - what was checked is given back for the same file only, once, and never for another.
 */
#include "lib/base/arena.h"
#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/os/answer.h"
#include "lib/os/checked.h"
#include "lib/os/ipc.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	uv_loop_t loop;
	struct checked k;
};

static struct conf *
conf_make(int *out_fd)
{
	struct arena *a = arena_new();
	struct report r = { 0 };
	struct elem *root = elem_new(a, "configuration");
	*out_fd = memfd_from_elem(root);
	struct conf *c = conf_load(root, &r);
	assert_non_null(c);
	assert_true(*out_fd >= 0);
	report_done(&r);
	arena_free(a);
	return c;
}

static void
start(struct fixture *f)
{
	uv_loop_init(&f->loop);
	checked_init(&f->k, &f->loop);
}

static void
end(struct fixture *f)
{
	checked_done(&f->k);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
}

/* Keeps a configuration; returns another descriptor of its file. */
static int
keep(struct fixture *f, struct conf **out)
{
	int fd;
	*out = conf_make(&fd);
	int second = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	struct ipc_msg m = { .fd = fd };
	checked_keep(&f->k, *out, &m);
	assert_int_equal(m.fd, -1);
	return second;
}

static void
the_same_file_brings_it_back_once(void **state)
{
	(void)state;
	struct fixture f;
	struct conf *c;
	start(&f);
	int fd = keep(&f, &c);
	assert_ptr_equal(checked_take(&f.k, &(struct ipc_msg){ .fd = fd }), c);
	assert_null(checked_take(&f.k, &(struct ipc_msg){ .fd = fd }));
	conf_free(c);
	close(fd);
	end(&f);
}

static void
another_file_of_the_same_contents_does_not(void **state)
{
	(void)state;
	struct fixture f;
	struct conf *c;
	int other;
	start(&f);
	int fd = keep(&f, &c);
	conf_free(conf_make(&other));
	assert_null(checked_take(&f.k, &(struct ipc_msg){ .fd = other }));
	assert_null(checked_take(&f.k, &(struct ipc_msg){ .fd = fd }));
	close(fd);
	fd = keep(&f, &c);
	assert_null(checked_take(&f.k, &(struct ipc_msg){ .fd = -1 }));
	close(fd);
	close(other);
	end(&f);
}

static void
the_latest_check_counts(void **state)
{
	(void)state;
	struct fixture f;
	struct conf *first;
	struct conf *second;
	start(&f);
	int fd1 = keep(&f, &first);
	int fd2 = keep(&f, &second);
	assert_ptr_equal(checked_take(&f.k, &(struct ipc_msg){ .fd = fd2 }), second);
	conf_free(second);
	close(fd1);
	close(fd2);
	close(keep(&f, &first)); /* and what nobody takes is freed at the end */
	end(&f);
}

static void
what_is_no_configuration_is_refused(void **state)
{
	struct text why = { 0 };
	struct ipc_msg m = { .fd = -1 };
	(void)state;
	assert_null(checked_load(&m, &why));
	assert_string_equal(text_str(&why), "the configuration cannot be read");
	text_done(&why);
	conf_free(conf_make(&m.fd));
	struct conf *c = checked_load(&m, &why);
	assert_non_null(c);
	assert_int_equal(why.len, 0);
	conf_free(c);
	close(m.fd);
}

/* What a daemon asks beyond its being a configuration: CTX says the answer. */
static bool
judge(void *ctx, const struct conf *c, struct text *why)
{
	bool *is_good = ctx;
	assert_non_null(c);
	if (!*is_good)
		text_put(why, "not here");
	return *is_good;
}

static void
nothing_heard(struct ipc *c, struct ipc_msg *m, void *arg)
{
	(void)c;
	(void)m;
	(void)arg;
}

static void
nothing_closed(struct ipc *c, const char *why, void *arg)
{
	(void)c;
	(void)why;
	(void)arg;
}

/* The next answer at FD: its status and text. */
static void
answer_is(struct fixture *f, int fd, uint32_t seq, const char *status, const char *text)
{
	struct arena *a = arena_new();
	struct ipc_msg m;
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(ipc_recv_blocking(fd, a, &m), 0);
	assert_int_equal(m.type, MSG_CONF_DONE);
	assert_int_equal(m.seq, seq);
	assert_string_equal(elem_value(m.body, "commit"), "7");
	assert_string_equal(elem_value(m.body, "status"), status);
	if (text != NULL)
		assert_string_equal(elem_value(m.body, "text"), text);
	arena_free(a);
}

static void
a_check_is_answered_and_kept_for_the_apply(void **state)
{
	static const struct ipc_ops ops = { .on_message = nothing_heard,
		.on_closed = nothing_closed };
	struct fixture f;
	struct arena *a = arena_new();
	bool is_good = false;
	int sv[2];
	(void)state;
	start(&f);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	struct ipc *mgd = ipc_new(&f.loop, sv[0], &ops, &f);
	struct elem *body = elem_new(a, "conf");
	elem_leaf(a, body, "commit", "7");
	struct ipc_msg m = { .seq = 3, .body = body, .fd = -1 };
	checked_on_check(&f.k, mgd, &m, judge, &is_good);
	answer_is(&f, sv[1], 3, "error", "the configuration cannot be read");
	conf_free(conf_make(&m.fd));
	checked_on_check(&f.k, mgd, &m, judge, &is_good);
	answer_is(&f, sv[1], 3, "error", "not here");
	assert_null(checked_on_apply(&f.k, mgd, &m, judge, &is_good)); /* it was not kept */
	answer_is(&f, sv[1], 3, "error", "not here");
	struct conf *c = checked_on_apply(&f.k, mgd, &m, NULL, NULL);
	assert_non_null(c); /* who has nothing to ask takes it without a check */
	conf_free(c);

	is_good = true;
	int same = fcntl(m.fd, F_DUPFD_CLOEXEC, 0);
	checked_on_check(&f.k, mgd, &m, judge, &is_good);
	answer_is(&f, sv[1], 3, "ok", NULL);
	is_good = false; /* judged once */
	c = checked_on_apply(&f.k, mgd, &(struct ipc_msg){ .fd = same }, judge, &is_good);
	assert_non_null(c);
	conf_free(c);
	close(same);
	ipc_free(mgd);
	close(sv[1]);
	arena_free(a);
	end(&f);
}

static void
netd_may_be_done_with_an_earlier_commit(void **state)
{
	struct arena *a = arena_new();
	struct elem *body = elem_new(a, "conf");
	(void)state;
	elem_leaf(a, body, "commit", "7");
	assert_int_equal(answer_network_of(&(struct ipc_msg){ .body = body }), 7);
	elem_leaf(a, body, "network", "5");
	assert_int_equal(answer_network_of(&(struct ipc_msg){ .body = body }), 5);
	assert_int_equal(answer_commit_of(&(struct ipc_msg){ .body = body }), 7);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_configuration_is_refused),
		cmocka_unit_test(a_check_is_answered_and_kept_for_the_apply),
		cmocka_unit_test(netd_may_be_done_with_an_earlier_commit),
		cmocka_unit_test(the_same_file_brings_it_back_once),
		cmocka_unit_test(another_file_of_the_same_contents_does_not),
		cmocka_unit_test(the_latest_check_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
